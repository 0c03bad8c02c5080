"""Values that Airflow may store, show and log without telling what they are."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from airflow.providers.common.compat.sdk import BaseOperator


class HiddenRows:
    """Hold rows that must not show up where Airflow prints a template field.

    Airflow stores template fields in its database, in the serialised DAG as well as rendered, and
    shows them to whoever may see the task. What it gets of these rows is their number and the
    names of the columns. Text in them is not rendered: it is what athletes wrote.

    Parameters
    ----------
    rows : DataFrame or sequence
        What the user handed in.
    """

    noun = "rows"

    def __init__(self, rows: Any) -> None:  # noqa: ANN401
        self.rows = rows

    def __str__(self) -> str:
        columns = getattr(self.rows, "columns", None)
        try:
            size = "hidden" if isinstance(self.rows, str) else f"{len(self.rows)} {self.noun}"
        except TypeError:
            size = "hidden"
        names = "" if columns is None else f" x {list(columns)}"
        return f"{type(self.rows).__name__}({size}{names})"

    __repr__ = __str__


class HiddenValues(HiddenRows):
    """Hold names or ids; a template among them is rendered, and the result hidden again."""

    noun = "values"

    def rendered(self, render: Callable[[Any], Any]) -> HiddenValues:
        """Return the same with templates rendered.

        Parameters
        ----------
        render : callable
            What renders a text, or the texts of a list. It must leave alone what came from
            another task (Airflow knows by identity), so it gets the very object held.
        """
        templated = isinstance(self.rows, (str, list, tuple))
        return HiddenValues(render(self.rows)) if templated else self


def hide(value: Any, wrapper: type[HiddenRows] = HiddenRows) -> Any:  # noqa: ANN401
    """Wrap rows or values; leave alone what Airflow has yet to resolve, and paths.

    Parameters
    ----------
    value : object
        Rows, names, ids; or another task's output, a callable, a path.
    wrapper : type
        `HiddenRows` leaves texts as they are, which are paths there or templates for one;
        `HiddenValues` wraps them too.
    """
    if value is None or isinstance(value, HiddenRows) or _comes_later(value):
        return value
    if isinstance(value, (str, os.PathLike)) and wrapper is HiddenRows:
        return value
    if isinstance(value, (list, tuple)) and any(map(_comes_later, value)):
        return [hide(element, wrapper) for element in value]
    return wrapper(value)


def _comes_later(value: object) -> bool:
    """Tell a reference (XComArg, DAG parameter), a callable or an ObjectStoragePath."""
    # Asked of the type: a frame has its columns as attributes.
    return callable(value) or any(hasattr(type(value), name) for name in ("resolve", "open"))


def reveal(value: Any) -> Any:  # noqa: ANN401
    """Undo `hide`."""
    if isinstance(value, HiddenRows):
        return reveal(value.rows)
    if isinstance(value, list) and any(isinstance(element, HiddenRows) for element in value):
        return [reveal(element) for element in value]
    return value


class HiddenField:
    """A template field that is hidden from the moment it is assigned.

    Airflow itself assigns template fields (what it has rendered, or another task's result) and
    prints what the attribute holds: when it serialises the DAG, and between rendering and
    `execute`. Nothing but the assignment comes before all of these, in every Airflow from 2.11 on,
    for mapped tasks too.

    Parameters
    ----------
    wrapper : type
        See `hide`.
    """

    def __init__(self, wrapper: type[HiddenRows] = HiddenRows) -> None:
        self._wrapper = wrapper

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, operator: object, owner: type | None = None) -> Any:  # noqa: ANN401
        if operator is None:
            return self
        try:
            return vars(operator)[self._name]
        except KeyError:
            raise AttributeError(self._name) from None

    def __set__(self, operator: object, value: Any) -> None:  # noqa: ANN401
        vars(operator)[self._name] = self.hide(value)

    def hide(self, value: Any) -> Any:  # noqa: ANN401
        """Return a value as the field holds it."""
        return hide(value, self._wrapper)


class HidingOperator(BaseOperator):
    """An operator with hidden fields.

    Rows written out in ``.expand(data=[...])`` are out of its reach: Airflow stores what a task is
    mapped over in the serialised DAG. Map over another task's output.
    """

    @classmethod
    def partial(cls, **kwargs: Any) -> Any:  # noqa: ANN401
        """Hide what a mapped task has in common; Airflow makes no operator of it before it runs."""
        fields = {k: v for base in reversed(cls.__mro__) for k, v in vars(base).items()}
        for name, value in kwargs.items():
            if isinstance(field := fields.get(name), HiddenField):
                kwargs[name] = field.hide(value)
        return super().partial(**kwargs)
