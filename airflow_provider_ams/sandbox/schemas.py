"""Lists of forms and their schemas, spelled as the dialect does."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any

from airflow_provider_ams.sandbox.forms import FORM_TYPES, Field
from airflow_provider_ams.sandbox.replies import V3, Refusal, Reply, ok
from airflow_provider_ams.sandbox.settings import Settings
from airflow_provider_ams.sandbox.site import Call, Route, Site

Node = dict[str, Any]
TYPE_SETTINGS = {
    "Text": "text_type",
    "Number": "number_type",
    "Date": "date_type",
    "Time": "time_type",
    "Date Time": "date_time_type",
    "Duration": "duration_type",
    "Boolean": "boolean_type",
    "Dropdown": "dropdown_type",
    "Single Selection": "single_choice_type",
    "Multiple Selection": "multiple_choice_type",
    "File Upload": "file_type",
}
DERIVED: dict[str, Callable[[str], str]] = {
    "documented": str,
    "joined": lambda name: name.replace(" ", ""),
    "lower": str.lower,
    "upper": lambda name: name.upper().replace(" ", "_"),
    "with field": "{} Field".format,
}


def form_summaries(site: Site, call: Call) -> Reply:
    """List the forms by type."""
    if site.settings.schemas_forbidden:
        raise Refusal(403, "Access denied", V3)
    listed: dict[str, list[Node] | None] = {}
    for form in site.store.forms():
        if form.name in site.settings.forbidden_forms:
            continue
        summary = {
            "id": form.id,
            "name": form.name,
            "mainCategory": form.category,
            "isReadOnly": form.read_only,
            "groupEntryEnabled": not form.has_table,
        }
        forms = listed.setdefault(form.type, [])
        assert forms is not None
        forms.append(summary)
    style = site.settings.empty_form_types
    if style != "absent":
        listed = {kind: listed.get(kind, [] if style == "[]" else None) for kind in FORM_TYPES}
    return ok(listed, V3)


def form_schema(site: Site, call: Call) -> Reply:
    """Return the tree of a form: pages, sections, items, and tables as the dialect marks them."""
    kind, number = call.params["kind"], call.params["form_id"]
    form = site.store.form_by_id(int(number)) if number.isdigit() else None
    if form is None or form.type != kind:
        raise Refusal(404, f"There is no {kind} form {number}", V3)
    if site.settings.schemas_forbidden or form.name in site.settings.forbidden_forms:
        raise Refusal(403, "Access denied", V3)
    pages = [
        {"type": "FormPage", "name": page, "children": _sections(list(items), site.settings)}
        for page, items in groupby(form.fields, key=lambda item: item.page)
    ]
    return ok({"id": form.id, "name": form.name, "type": form.type, "children": pages}, V3)


def _sections(items: list[Field], settings: Settings) -> list[Node]:
    sections = []
    for name, group in groupby(items, key=lambda item: item.section):
        fields = list(group)
        children = [_item(item, settings) for item in fields if not item.table]
        columns = [_item(item, settings) for item in fields if item.table]
        section: Node = {
            "type": "FormFieldSet",
            "name": name,
            "instructions": next((i.instructions for i in fields if i.instructions), ""),
        }
        if columns:
            children = _with_table(section, children, columns, settings)
        sections.append({**section, "children": children})
    return sections


def _with_table(
    section: Node, children: list[Node], columns: list[Node], settings: Settings
) -> list[Node]:
    """Return the children of a section that holds a table; a flag may go on the section."""
    how, _, what = settings.table_mark.partition(":")
    if how == "flag" and settings.table_flag_on == "column":
        columns = [{**column, what: True} for column in columns]
    elif how == "flag" and not children:
        section[what] = True
    elif how != "none":
        return [*children, _table(section["name"], how, what, columns)]
    return [*children, *columns]


def _table(name: str, how: str, what: str, columns: list[Node]) -> Node:
    node: Node = {"type": "FormItem", "name": f"{name} table"}
    if how == "item":
        node["formItemType"] = what
    elif how == "node":
        node["type"] = what
    elif how == "flag":
        node |= {"type": "FormFieldSet", what: True}
    elif what == "set":
        node["type"] = "FormFieldSet"
    return {**node, "children": columns}


def _item(item: Field, settings: Settings) -> Node:
    spelled = TYPE_SETTINGS.get(item.type)
    kind = getattr(settings, spelled) if spelled else DERIVED[settings.derived_types](item.type)
    node: Node = {
        "type": "FormItem",
        "name": item.name,
        "formItemType": item.shown_as or kind,
        "required": item.required,
        "defaultsToLastKnownValue": item.defaults_to_last,
        "instructions": item.instructions,
        "options": [_option(text, n, settings) for n, text in enumerate(item.options, 1)],
        "scores": list(item.scores),
        "dateSelection": "SINGLE" if item.type == "Date" else None,
    }
    if not settings.schemas_have_scores:
        del node["scores"]
    return node


def _option(text: str, number: int, settings: Settings) -> str | Node:
    shape = settings.option_shape
    if shape == "text":
        return text
    if shape in ("name", "text member"):
        return {shape.partition(" ")[0]: text}
    first, _, second = shape.partition("+")
    return {first: number, second: text}


ROUTES = (
    Route("forms/summaries", "GET", "/api/v3/forms/summaries", "session", V3, form_summaries),
    Route("forms/schema", "GET", "/api/v3/forms/{kind}/{form_id}", "session", V3, form_schema),
)
