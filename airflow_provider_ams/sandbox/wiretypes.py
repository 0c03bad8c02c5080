"""Names for what comes off the wire."""

from __future__ import annotations

from typing import Any, TypeAlias

Json: TypeAlias = Any
"""Whatever JSON, a form field or an SQLite column can hold; checked where it is used."""
