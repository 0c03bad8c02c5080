"""What a form is made of: its tree of pages, sections and items, flattened."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from airflow_provider_ams.ams.forms import kinds
from airflow_provider_ams.ams.options.rules import check_types
from airflow_provider_ams.ams.wire.form_tree import parse_tree
from airflow_provider_ams.ams.wire.records import Node


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
        The texts that can be chosen, as people see them; empty if any will do.
    table : bool
        A column of the form's table.
    instructions : str
        What the form tells the person who fills it in.
    spellings : tuple of str
        All texts that may stand for an option; which of them AMS stores is not known.
    declared : str
        The kind, where somebody has told it; it wins over `item_type`.
    """

    name: str
    item_type: str
    page: str = ""
    section: str = ""
    required: bool = False
    options: tuple[str, ...] = ()
    table: bool = False
    instructions: str = ""
    spellings: tuple[str, ...] = ()
    declared: str = ""

    @property
    def kind(self) -> str:
        """What values are: one of `options.rules.KINDS`, or unknown."""
        return self.declared or kinds.kind_of_type(self.item_type)

    @property
    def value_kind(self) -> str:
        """What values look like, also those that AMS fills in; unknown if nobody can tell."""
        return self.kind if self.writable else kinds.shown_kind(self.item_type)

    @property
    def calculated(self) -> bool:
        """AMS works the value out on each save."""
        return self.kind == kinds.CALCULATED

    @property
    def linked(self) -> bool:
        """AMS shows a value of another form."""
        return self.kind == kinds.LINKED

    @property
    def personal(self) -> bool:
        """AMS shows a detail of the person's account."""
        return self.kind == kinds.PERSONAL

    @property
    def writable(self) -> bool:
        """A value that is sent is kept."""
        return self.kind not in kinds.READ_ONLY

    @property
    def read_only_reason(self) -> str:
        """Why it can't be written, in a word."""
        return self.kind if not self.writable else ""

    def accepts(self, text: str) -> bool:
        """Tell whether a text may stand for one of the options; any will do if there are none."""
        return not self.options or text in self.options or text in self.spellings


@dataclass(frozen=True)
class FormSchema:
    """The fields of a form.

    Parameters
    ----------
    form : str
        The form's name.
    fields : tuple of FormField
        In the order of the form.
    named_table : bool
        AMS marks no table: its columns are those that the frame's `table_fields` name, and there
        may be more.
    """

    form: str
    fields: tuple[FormField, ...]
    named_table: bool = False

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

    @cached_property
    def marks_table(self) -> bool:
        """Whether any field is known to be a column of a table; not every site tells."""
        return any(f.table for f in self.fields)

    @cached_property
    def unknown_types(self) -> dict[str, tuple[str, ...]]:
        """Item types that are not known -> the fields that have them."""
        found: dict[str, tuple[str, ...]] = {}
        for item in self.by_name.values():
            if item.kind == kinds.UNKNOWN:
                found[item.item_type] = (*found.get(item.item_type, ()), item.name)
        return found

    def missing(self, names: Collection[str]) -> list[str]:
        """Return the fields that can be written and are not among these names."""
        return [n for n in (*self.writable, *self.table) if n not in names]

    def kind_of(self, name: str) -> str:
        """Return the kind of a field; ``unknown`` for a field that the form does not have."""
        item = self.by_name.get(name)
        return item.kind if item else kinds.UNKNOWN

    def with_table(self, columns: Collection[str]) -> FormSchema:
        """Return the schema with these columns as the table's, if AMS does not mark any."""
        if self.marks_table or not columns:
            return self
        return replace(self.declare(None, list(columns)), named_table=True)

    def declare(
        self, types: Mapping[str, str] | None = None, table: Sequence[str] | None = None
    ) -> FormSchema:
        """Return the schema with what somebody knows better than AMS tells.

        Parameters
        ----------
        types : mapping, optional
            Field -> kind.
        table : sequence of str, optional
            All columns of the form's table; None leaves it to AMS.

        Raises
        ------
        AMSConfigurationError
            There is no such kind.
        """
        check_types(types)
        told = dict(types or {})
        columns = None if table is None else set(table)
        if not told and columns is None:
            return self
        fields = (
            replace(
                item,
                declared=told.get(item.name, item.declared),
                table=item.table if columns is None else item.name in columns,
            )
            for item in self.fields
        )
        return FormSchema(self.form, tuple(fields))


def parse_schema(form: str, tree: object) -> FormSchema:
    """Flatten the tree that AMS returns for a form, as parsed JSON.

    Raises
    ------
    AMSReplyError
        It is no form.
    """
    return schema_of(form, parse_tree("forms", tree))


def schema_of(form: str, tree: Node) -> FormSchema:
    """Flatten the tree of a form."""
    return FormSchema(form, tuple(_walk(tree, "", "", False)))


def _walk(node: Node, page: str, section: str, table: bool) -> Iterator[FormField]:
    table = table or node.is_table
    if node.is_item and not node.children:
        if node.name:  # a heading or a spacer has none
            yield _field(node, page, section, table)
        return
    if node.kind == "FormPage":
        page = node.name
    elif node.kind == "FormFieldSet":
        section = node.name
    for child in node.children:
        yield from _walk(child, page, section, table)


def _field(node: Node, page: str, section: str, table: bool) -> FormField:
    return FormField(
        node.name,
        node.item_type,
        page,
        section,
        node.required,
        tuple(option.shown for option in node.options),
        table,
        node.instructions,
        tuple(text for option in node.options for text in option.spellings),
    )
