"""The tree of pages, sections and items that describes a form, in every dialect that is plausible.

Neither the marks of a table nor all types of items are documented, so a node tells by what it is
called, by a flag, or by what is below it (docs/wire.md, section 6).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from airflow_provider_ams.ams.wire.decode import unreadable
from airflow_provider_ams.ams.wire.ids import as_id
from airflow_provider_ams.ams.wire.records import Node, Option

_MAX_DEPTH = 50
# "Table", "FormTable", "Data Grid", "Repeating Section", but not "Editable Text".
_TABLE_WORD = re.compile(r"(?<!edi)(?<!prin)(?<!sor)table|grid|repeat")
_TABLE_FLAGS = frozenset(
    {
        "table", "istable", "intable", "tablefield", "grid", "isgrid", "multirow", "multirows",
        "ismultirow", "multiplerows", "allowmultirow", "allowmultirows", "allowmultiplerows",
        "allowsmultiplerows", "repeat", "repeating", "isrepeating", "repeatable", "isrepeatable",
    }
)  # fmt: skip
_CONTAINERS = frozenset({"form", "formpage", "formfieldset"})
# What people see, the best one first; which of them AMS stores is not known.
_OPTION_TEXTS = ("label", "name", "text", "value", "id")


def parse_tree(endpoint: str, data: object, form_id: int | None = None) -> Node:
    """Read the tree of a form.

    Parameters
    ----------
    endpoint : str
        For errors.
    data : object
        The parsed reply.
    form_id : int, optional
        Which form it must be.

    Raises
    ------
    AMSReplyError
        It is no form, or another one.
    """
    if not isinstance(data, Mapping):
        raise unreadable(endpoint, "expected `object`")
    if not isinstance(data.get("children"), list):
        raise unreadable(endpoint, "expected `array` at `$.children`")
    if form_id is not None and data.get("id") is not None and as_id(data["id"]) != form_id:
        raise unreadable(endpoint, "another form than the one asked for at `$.id`")
    return _node(endpoint, data, "$", root=True)


def _node(endpoint: str, data: object, where: str, root: bool = False, depth: int = 0) -> Node:
    if not isinstance(data, Mapping):
        raise unreadable(endpoint, f"expected `object` at `{where}`")
    if depth > _MAX_DEPTH:
        raise unreadable(endpoint, "the form is nested too deeply")
    kind = _text(endpoint, data, "type", where)
    item_type = _text(endpoint, data, "formItemType", where)
    is_item = not root and (bool(item_type) or "item" in kind.lower())
    if is_item and not isinstance(data.get("name"), str):
        raise unreadable(endpoint, f"expected `str` at `{where}.name`")
    children = data.get("children")
    if children is not None and not isinstance(children, list):
        raise unreadable(endpoint, f"expected `array` at `{where}.children`")
    below = f"{where}.children[...]"
    return Node(
        kind=kind,
        name=_text(endpoint, data, "name", where),
        item_type=item_type,
        is_item=is_item,
        is_table=not root and _is_table(data, kind, item_type, is_item and bool(children)),
        required=_is_true(data.get("required")),
        instructions=_plain(data.get("instructions")) or "",
        options=_options(data.get("options")),
        children=tuple(_node(endpoint, c, below, depth=depth + 1) for c in children or ()),
    )


def _text(endpoint: str, data: Mapping[str, object], key: str, where: str) -> str:
    value = data.get(key)
    if value is not None and not isinstance(value, str):
        raise unreadable(endpoint, f"expected `str` at `{where}.{key}`")
    return value or ""


def _is_true(value: object) -> bool:
    return value is True or (isinstance(value, str) and value.strip().lower() in ("true", "yes"))


def _letters(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalpha())


def _is_table(
    data: Mapping[str, object], kind: str, item_type: str, item_with_children: bool
) -> bool:
    """Tell whether a node, or an item with columns below it, is a table."""
    if item_with_children:
        return True
    if _letters(kind) not in _CONTAINERS and _TABLE_WORD.search(_letters(kind)):
        return True
    if _TABLE_WORD.search(_letters(item_type)):
        return True
    return any(_is_true(v) and _letters(k) in _TABLE_FLAGS for k, v in data.items())


def _options(given: object) -> tuple[Option, ...]:
    """Read what can be chosen; () if any of it can't be read: then any value will do."""
    if not isinstance(given, list):
        return ()
    found = [_option(entry) for entry in given]
    return tuple(option for option in found if option is not None) if all(found) else ()


def _option(entry: object) -> Option | None:
    if isinstance(entry, Mapping):
        texts = [t for key in _OPTION_TEXTS if (t := _plain(entry.get(key)))]
    else:
        texts = [t] if (t := _plain(entry)) else []
    return Option(texts[0], tuple(dict.fromkeys(texts))) if texts else None


def _plain(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    return str(value)
