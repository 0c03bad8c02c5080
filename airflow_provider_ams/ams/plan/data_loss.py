"""What an import looks at before it sends anything: the form, and what an update would lose."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.errors import AMSPermissionError
from airflow_provider_ams.ams.forms.catalogue import read_schema
from airflow_provider_ams.ams.options.plans import PlanOption
from airflow_provider_ams.ams.options.writes import EventImportOption, ImportOption
from airflow_provider_ams.ams.plan.plan import Plan
from airflow_provider_ams.ams.plan.refusals import refuse_losses
from airflow_provider_ams.ams.prepare.draft import Draft

_HOME = "airflow_provider_ams.ams"


class AMSDataLossWarning(UserWarning):
    """An update is about to empty fields that the frame does not have."""


def as_plan_option(option: ImportOption, mode: str, **more: Any) -> PlanOption:  # noqa: ANN401
    """Return the options of an import as those of a plan."""
    known = {f.name for f in fields(EventImportOption)} | {"key", "on_missing_fields", "users"}
    shared = {f.name: getattr(option, f.name) for f in fields(option) if f.name in known}
    return PlanOption(**{**shared, "mode": mode, **more})


def face_losses(
    client: AMSClient, form: str, draft: Draft, on_missing_fields: str, kind: str = "event"
) -> str | None:
    """Warn of what an overwrite would clear, or refuse it; returns the warning.

    Looks at the form and not at the stored events: that would cost as much as keeping them.

    Raises
    ------
    AMSInputError
        `on_missing_fields` is ``error``, and fields are missing.
    """
    schema = read_schema(client, form, kind)
    if schema is None and on_missing_fields == "error":
        raise AMSPermissionError(
            f"The account may not see the fields of '{form}': nobody can tell which are missing.",
            hint="Give its role access to the form.",
        )
    if schema is None:
        return None
    refuse_losses(draft, schema, on_missing_fields)
    missing = schema.missing({*draft.field_columns, *draft.table_columns})
    return warn_of_loss(form, missing) if missing else None


def warn_of_loss(form: str, names: Sequence[str]) -> str:
    """Warn of fields that are about to be emptied; returns the warning."""
    text = (
        f"AMS replaces whole events: the fields {', '.join(map(repr, names))} of '{form}', which "
        "the frame does not have, are emptied. on_missing_fields='keep' keeps them."
    )
    warnings.warn(text, AMSDataLossWarning, stacklevel=_callers_level())
    return text


def _callers_level() -> int:
    """Return the stack level, for a warning, of the first caller outside this package."""
    frame, level = sys._getframe(1), 1
    while frame.f_back and frame.f_globals.get("__name__", "").startswith(
        "airflow_provider_ams.ams"
    ):
        frame, level = frame.f_back, level + 1
    return level


def cleared(plan: Plan) -> list[str]:
    """Return the fields that a plan empties although the frame says nothing of them."""
    said = {*plan.events.fields, *plan.events.table}
    names = (c.field for changes in plan.changes.values() for c in changes if c.new is None)
    return list(dict.fromkeys(n for n in names if n.split("[")[0] not in said and n not in said))
