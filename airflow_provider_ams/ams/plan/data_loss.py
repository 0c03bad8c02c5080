"""What an overwrite empties: told before it happens."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_ams.ams.forms.schema import FormSchema
from airflow_provider_ams.ams.plan.contents import UPDATE
from airflow_provider_ams.ams.plan.plan import Plan
from airflow_provider_ams.ams.warned import warn


class AMSDataLossWarning(UserWarning):
    """An update is about to empty fields that the frame does not have."""


def check_data_loss(plan: Plan, schema: FormSchema | None) -> str | None:
    """Warn of fields that a plan empties although the frame says nothing of them.

    Returns
    -------
    str or None
        The warning, which Python's own warnings have told by then.
    """
    names = _cleared(plan, schema) if plan.stored else []
    blind = plan.form_type == "profile" and not plan.compared and schema is not None
    if blind and plan.on_missing_fields == "clear" and schema is not None:
        names = schema.missing({*plan.events.fields, *plan.events.table})
    return _warn(plan.form, names) if names else None


def _cleared(plan: Plan, schema: FormSchema | None) -> list[str]:
    said = {*plan.events.fields, *plan.events.table}
    table = {*plan.events.table, *(schema.table if schema else ())}
    updates = (cs for event, cs in plan.changes.items() if plan.actions[event] == UPDATE)
    emptied = (change.field for changes in updates for change in changes if change.new is None)
    # A field of the table is called "name[row]".
    names = (base if (base := n.rpartition("[")[0]) in table else n for n in emptied)
    return [name for name in dict.fromkeys(names) if name not in said]


def _warn(form: str, names: Sequence[str]) -> str:
    text = (
        f"AMS replaces whole events: the fields {', '.join(map(repr, names))} of '{form}', which "
        "the frame does not have, are emptied. on_missing_fields='keep' keeps them."
    )
    warn(text, AMSDataLossWarning)
    return text
