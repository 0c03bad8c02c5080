"""What a form is made of: its tree of pages, sections and items, flattened."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

# Item type -> how its values are checked and brought back from the form in which AMS shows them.
# AMS does not document its item types; others than these are taken as they are.
_SHAPES = {
    "Text": "text",
    "Number": "number",
    "Date": "date",
    "Time": "time",
    "Dropdown": "choice",
    "Single Selection": "choice",
    "Multiple Selection": "choices",
    "File Upload": "file",
}


@dataclass(frozen=True)
class FormField:
    """One item of a form.

    Parameters
    ----------
    name : str
        Exact name.
    item_type : str
        AMS's name of the type, such as ``Number``.
    page, section : str
        Where it stands.
    required : bool
        AMS refuses events without a value.
    options : tuple of str
        The texts that can be chosen; empty if any will do.
    table : bool
        A column of the form's table.
    instructions : str
        What the form tells the person who fills it in.
    """

    name: str
    item_type: str
    page: str = ""
    section: str = ""
    required: bool = False
    options: tuple[str, ...] = ()
    table: bool = False
    instructions: str = ""

    @property
    def calculated(self) -> bool:
        """AMS works the value out on each save."""
        return self.item_type.endswith("Calculation")

    @property
    def linked(self) -> bool:
        """AMS shows a value of another form."""
        return self.item_type.startswith("Linked ")

    @property
    def personal(self) -> bool:
        """AMS shows a detail of the person's account."""
        return self.item_type == "Personal Details"

    @property
    def writable(self) -> bool:
        """A value that is sent is kept."""
        return not (self.calculated or self.linked or self.personal)

    @property
    def shape(self) -> str:
        """What values look like: text, number, date, time, choice, choices, file or other."""
        return _SHAPES.get(self.item_type, "other")

    @property
    def read_only_reason(self) -> str:
        """Why it can't be written, in a word."""
        return "calculated" if self.calculated else "linked" if self.linked else "personal"


@dataclass(frozen=True)
class FormSchema:
    """The fields of a form.

    Parameters
    ----------
    form : str
        The form's name.
    fields : tuple of FormField
        In the order of the form.
    """

    form: str
    fields: tuple[FormField, ...]

    @cached_property
    def by_name(self) -> dict[str, FormField]:
        """Fields by name; of two with the same name the one that can be written."""
        found: dict[str, FormField] = {}
        for item in self.fields:
            if item.name not in found or (item.writable and not found[item.name].writable):
                found[item.name] = item
        return found

    @cached_property
    def writable(self) -> dict[str, FormField]:
        """The event-level fields that can be written."""
        return {n: f for n, f in self.by_name.items() if f.writable and not f.table}

    @cached_property
    def table(self) -> dict[str, FormField]:
        """The columns of the table that can be written."""
        return {n: f for n, f in self.by_name.items() if f.writable and f.table}

    def missing(self, names: Collection[str]) -> list[str]:
        """Return the fields that can be written and are not among these names."""
        return [n for n in (*self.writable, *self.table) if n not in names]

    def shape_of(self, name: str) -> str:
        """Return the shape of a field's values; ``other`` for an unknown field."""
        item = self.by_name.get(name)
        return item.shape if item else "other"


def parse_schema(form: str, tree: Mapping[str, Any]) -> FormSchema:
    """Flatten the tree that AMS returns for a form."""
    return FormSchema(form, tuple(_walk(tree, "", "", False)))


def _walk(node: Mapping[str, Any], page: str, section: str, table: bool) -> Iterator[FormField]:
    kind, name = str(node.get("type") or ""), str(node.get("name") or "")
    item_type = str(node.get("formItemType") or "")
    children = [c for c in node.get("children") or () if isinstance(c, Mapping)]
    if kind == "FormItem" and not children:
        yield _field(node, name, item_type, page, section, table)
        return
    if kind == "FormPage":
        page = name
    elif kind == "FormFieldSet":
        section = name
    # How a table is marked is not documented: a node called so, with its columns below it.
    table = table or "table" in f"{kind} {item_type}".lower() or node.get("table") is True
    for child in children:
        yield from _walk(child, page, section, table)


def _field(
    node: Mapping[str, Any], name: str, item_type: str, page: str, section: str, table: bool
) -> FormField:
    return FormField(
        name,
        item_type,
        page,
        section,
        bool(node.get("required")),
        tuple(_option_text(o) for o in node.get("options") or ()),
        table,
        str(node.get("instructions") or ""),
    )


def _option_text(option: object) -> str:
    if isinstance(option, Mapping):
        return str(option.get("name") or option.get("value") or option.get("text") or "")
    return str(option)
