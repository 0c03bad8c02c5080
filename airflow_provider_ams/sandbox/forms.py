"""Form definitions: what fields a form has and what the server does with each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from airflow_provider_ams.sandbox.formula import compile_formula, parse_history
from airflow_provider_ams.sandbox.wiretypes import Json

WRITABLE = (
    "Text",
    "Number",
    "Date",
    "Time",
    "Date Time",
    "Duration",
    "Boolean",
    "Dropdown",
    "Single Selection",
    "Multiple Selection",
    "File Upload",
)
CALCULATED = (
    "Calculation",
    "Text Calculation",
    "Date Calculation",
    "Time Calculation",
    "Age Calculation",
    "History Calculation",
    "History Text Calculation",
)
LINKED = ("Linked Option", "Linked Text", "Linked Value", "Linked Date", "Linked Time")
PERSONAL = "Personal Details"
NUMERIC = ("Number", "Calculation", "History Calculation", "Age Calculation", "Linked Value")
SHAPES = {
    "number": NUMERIC,
    "date": ("Date", "Date Calculation", "Linked Date"),
    "time": ("Time", "Time Calculation", "Linked Time"),
    "moment": ("Date Time",),
    "duration": ("Duration",),
    "boolean": ("Boolean",),
    "multiple": ("Multiple Selection",),
    "file": ("File Upload",),
    "text": ("Text", "Text Calculation"),
}
FORM_TYPES = ("event", "profile", "database", "linkedOnlyEvent", "linkedOnlyProfile")
DETAILS = ("First Name", "Last Name", "Sex", "DOB", "Age", "Email", "Username")


@dataclass(frozen=True)
class Field:
    """Describe one item of a form.

    `table` says that it is a column of the form's table; `shown_as` is its ``formItemType`` in
    the schema, whatever the dialect calls the type.
    """

    name: str
    type: str = "Text"
    required: bool = False
    options: tuple[str, ...] = ()
    scores: tuple[float, ...] = ()
    table: bool = False
    formula: str = ""
    detail: str = ""
    source_form: str = ""
    source_field: str = ""
    page: str = "Page 1"
    section: str = "Section 1"
    instructions: str = ""
    defaults_to_last: bool = False
    shown_as: str = ""

    def __post_init__(self) -> None:
        if self.type not in (*WRITABLE, *CALCULATED, *LINKED, PERSONAL):
            known = ", ".join((*WRITABLE, *CALCULATED, *LINKED, PERSONAL))
            raise ValueError(f"field {self.name}: no item type {self.type}; there are {known}")
        if self.type.startswith("History"):
            parse_history(self.formula)
        elif self.type in CALCULATED and self.type != "Age Calculation":
            compile_formula(self.formula)
        if self.type == PERSONAL and (self.detail or self.name) not in DETAILS:
            raise ValueError(f"field {self.name}: detail must be one of {', '.join(DETAILS)}")

    @classmethod
    def parse(cls, spec: str | Mapping[str, Any]) -> Field:
        """Build a field from ``"name: Type"`` or from a mapping of its attributes."""
        if isinstance(spec, str):
            name, _, kind = spec.partition(": ")
            return cls(name, kind or "Text")
        values = dict(spec)
        for key in ("options", "scores"):
            values[key] = tuple(values.get(key, ()))
        return cls(**values)

    @property
    def writable(self) -> bool:
        """Tell whether a value that is sent is kept."""
        return self.type in WRITABLE


@dataclass(frozen=True)
class Form:
    """Describe a form."""

    id: int
    name: str
    fields: tuple[Field, ...]
    type: str = "event"
    read_only: bool = False
    category: str = "General"
    extra: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.type not in FORM_TYPES:
            raise ValueError(f"form type must be one of {', '.join(FORM_TYPES)}")

    @classmethod
    def build(cls, form_id: int, name: str, specs: Iterable[Any], **options: Json) -> Form:
        """Build a form from field specifications."""
        return cls(form_id, name, tuple(Field.parse(spec) for spec in specs), **options)

    def as_dict(self) -> dict[str, Any]:
        """Return the definition as plain data."""
        return asdict(self)

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """Map field names to fields."""
        return {item.name: item for item in self.fields}

    @cached_property
    def kinds(self) -> dict[str, str]:
        """Map each field name to ``event``, ``table`` or ``read-only``."""
        return {item.name: _kind(item) for item in self.fields}

    @cached_property
    def in_row_0(self) -> frozenset[str]:
        """Names of the fields that row 0 may hold."""
        return frozenset(item.name for item in self.fields if item.writable)

    @cached_property
    def in_table(self) -> frozenset[str]:
        """Names of the fields that the rows from 1 on may hold."""
        return frozenset(item.name for item in self.fields if item.writable and item.table)

    @cached_property
    def has_table(self) -> bool:
        """Tell whether the form has a table."""
        return any(item.table for item in self.fields)

    @cached_property
    def required(self) -> tuple[str, ...]:
        """Names of the event-level fields that must have a value."""
        return tuple(f.name for f in self.fields if f.required and f.writable and not f.table)

    @cached_property
    def required_in_table(self) -> tuple[str, ...]:
        """Names of the table columns that must have a value in each table row."""
        return tuple(f.name for f in self.fields if f.required and f.writable and f.table)

    @cached_property
    def calculations(self) -> tuple[Field, ...]:
        """Fields that are computed on save, in the order of the form."""
        return tuple(item for item in self.fields if item.type in CALCULATED)

    @cached_property
    def looks_back(self) -> bool:
        """Tell whether a calculation reads the user's earlier events."""
        return any(item.type.startswith("History") for item in self.fields)

    @cached_property
    def added_on_read(self) -> tuple[Field, ...]:
        """Linked and personal fields."""
        return tuple(item for item in self.fields if item.type in (*LINKED, PERSONAL))

    @cached_property
    def formats(self) -> dict[str, str]:
        """Map the fields whose text changes on reading to ``number``, ``date`` or ``text``."""
        return {item.name: shape for item in self.fields if (shape := _shape(item.type))}

    @cached_property
    def files(self) -> tuple[str, ...]:
        """Names of the file fields."""
        return tuple(item.name for item in self.fields if item.type == "File Upload")


def _kind(item: Field) -> str:
    if not item.writable:
        return "read-only"
    return "table" if item.table else "event"


def _shape(item_type: str) -> str:
    for shape, types in SHAPES.items():
        if item_type in types:
            return shape
    return ""
