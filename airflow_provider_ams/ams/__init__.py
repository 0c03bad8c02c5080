"""Teamworks AMS (formerly Smartabase) over pandas; needs no Airflow.

>>> from airflow_provider_ams.ams import get_event_data
>>> get_event_data("Training Log", "01/01/2025", "31/01/2025")  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_ams.ams.api.event_deletes import (
        DeleteResult,
        delete_event_data,
        delete_multiple_events,
    )
    from airflow_provider_ams.ams.api.event_reads import (
        SyncResult,
        get_event_data,
        get_profile_data,
        sync_event_data,
    )
    from airflow_provider_ams.ams.api.event_writes import (
        insert_event_data,
        update_event_data,
        upsert_event_data,
    )
    from airflow_provider_ams.ams.api.mirror import mirror_event_data
    from airflow_provider_ams.ams.api.people import get_group, get_user, login
    from airflow_provider_ams.ams.api.plans import apply, plan_event_data
    from airflow_provider_ams.ams.api.profiles import upsert_profile_data
    from airflow_provider_ams.ams.client import AMSClient, get_client
    from airflow_provider_ams.ams.errors import (
        AMSConfigurationError,
        AMSError,
        AMSImportError,
        AMSInputError,
        AMSLoginError,
        AMSPermissionError,
        AMSReplyError,
        AMSStalePlanError,
        AMSTransientError,
        AMSUnknownOutcomeError,
        AMSValidationError,
    )
    from airflow_provider_ams.ams.forms.catalogue import get_form_schema, get_forms
    from airflow_provider_ams.ams.options.plans import (
        DeleteEventOption,
        FormOption,
        MirrorEventOption,
        PlanOption,
    )
    from airflow_provider_ams.ams.options.writes import (
        EventFilter,
        EventOption,
        GroupOption,
        InsertEventOption,
        LoginOption,
        ProfileFilter,
        ProfileOption,
        SyncEventFilter,
        SyncEventOption,
        UpdateEventOption,
        UpsertEventOption,
        UpsertProfileOption,
        UserFilter,
        UserOption,
    )
    from airflow_provider_ams.ams.plan.data_loss import AMSDataLossWarning
    from airflow_provider_ams.ams.plan.plan import Plan
    from airflow_provider_ams.ams.results import ImportResult
    from airflow_provider_ams.ams.validate.inspect import validate_event_data
    from airflow_provider_ams.ams.validate.report import ValidationReport
    from airflow_provider_ams.ams.write.apply import ApplyResult

_HOMES = {
    "api.plans": ["apply", "plan_event_data"],
    "client": ["AMSClient", "get_client"],
    "options.plans": ["DeleteEventOption", "FormOption", "MirrorEventOption", "PlanOption"],
    "api.event_deletes": ["DeleteResult", "delete_event_data", "delete_multiple_events"],
    "errors": [
        "AMSConfigurationError",
        "AMSError",
        "AMSImportError",
        "AMSInputError",
        "AMSLoginError",
        "AMSPermissionError",
        "AMSReplyError",
        "AMSStalePlanError",
        "AMSTransientError",
        "AMSUnknownOutcomeError",
        "AMSValidationError",
    ],
    "api.event_reads": ["SyncResult", "get_event_data", "get_profile_data", "sync_event_data"],
    "forms.catalogue": ["get_form_schema", "get_forms"],
    "api.event_writes": [
        "insert_event_data",
        "update_event_data",
        "upsert_event_data",
    ],
    "api.mirror": ["mirror_event_data"],
    "options.writes": [
        "EventFilter",
        "EventOption",
        "GroupOption",
        "InsertEventOption",
        "LoginOption",
        "ProfileFilter",
        "ProfileOption",
        "SyncEventFilter",
        "SyncEventOption",
        "UpdateEventOption",
        "UpsertEventOption",
        "UpsertProfileOption",
        "UserFilter",
        "UserOption",
    ],
    "api.people": ["get_group", "get_user", "login"],
    "plan.plan": ["Plan"],
    "plan.data_loss": ["AMSDataLossWarning"],
    "api.profiles": ["upsert_profile_data"],
    "validate.report": ["ValidationReport"],
    "results": ["ImportResult"],
    "write.apply": ["ApplyResult"],
    "validate.inspect": ["validate_event_data"],
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "AMSClient",
    "AMSConfigurationError",
    "AMSDataLossWarning",
    "AMSError",
    "AMSImportError",
    "AMSInputError",
    "AMSLoginError",
    "AMSPermissionError",
    "AMSReplyError",
    "AMSStalePlanError",
    "AMSTransientError",
    "AMSUnknownOutcomeError",
    "AMSValidationError",
    "ApplyResult",
    "DeleteEventOption",
    "DeleteResult",
    "EventFilter",
    "EventOption",
    "FormOption",
    "GroupOption",
    "ImportResult",
    "InsertEventOption",
    "LoginOption",
    "MirrorEventOption",
    "Plan",
    "PlanOption",
    "ProfileFilter",
    "ProfileOption",
    "SyncEventFilter",
    "SyncEventOption",
    "SyncResult",
    "UpdateEventOption",
    "UpsertEventOption",
    "UpsertProfileOption",
    "UserFilter",
    "UserOption",
    "ValidationReport",
    "apply",
    "delete_event_data",
    "delete_multiple_events",
    "get_client",
    "get_event_data",
    "get_form_schema",
    "get_forms",
    "get_group",
    "get_profile_data",
    "get_user",
    "insert_event_data",
    "login",
    "mirror_event_data",
    "plan_event_data",
    "sync_event_data",
    "update_event_data",
    "upsert_event_data",
    "upsert_profile_data",
    "validate_event_data",
]


def __getattr__(name: str) -> object:
    """Import a name when it is asked for: errors and options come without pandas."""
    if name in _HOME_OF:
        module = importlib.import_module(f"airflow_provider_ams.ams.{_HOME_OF[name]}")
        return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
