"""Timestamps: ISO 8601 with a zone on the wire, and nothing guessed on the way there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timezone
from zoneinfo import ZoneInfo

from airflow_provider_ams.tidepool.options import IngestOption

_DATE = r"(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
_TIME = r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:[.,](\d+))?)?"
_ZONE = r"(Z|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?)"
# Only 29 February needs a look into the calendar.
_SURE_DATE = (
    r"(?!0000)\d{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])"
    r"|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
)
_SURE = re.compile(rf"{_SURE_DATE}T{_TIME}{_ZONE}", re.ASCII).fullmatch
_ANY = re.compile(rf"\s*{_DATE}[Tt ]{_TIME} ?({_ZONE[1:-1]}|z)?\s*", re.ASCII).fullmatch

NOT_ISO = "timestamp is not ISO 8601 (as 2023-08-10T21:26:27.302Z)"
NO_DAY = "timestamp names a day that is not in the calendar"
NO_ZONE = "timestamp has no zone: add one (Z or +02:00) or set the option timezone"
NEVER = "timestamp never came in this timezone: clocks went forward over it"
TWICE = "timestamp came twice in this timezone as clocks went back: add an offset or set ambiguous"
MISSING = "timestamp is missing"


class TimestampError(ValueError):
    """A timestamp that can't be sent; the text says why, without the value."""


class Timestamps:
    """Turn a column of timestamps into what goes over the wire.

    A text that is ISO 8601 with a zone is kept as it is. A blank instead of the ``T``, blanks
    around, a small ``z`` or a local time (with the ``timezone`` option) are put right.

    Parameters
    ----------
    option : IngestOption
        ``timezone`` and ``ambiguous`` are used.
    """

    def __init__(self, option: IngestOption) -> None:
        self._zone = ZoneInfo(option.timezone) if option.timezone else None
        self._ambiguous = option.ambiguous

    def convert(self, column: Sequence[object]) -> tuple[Sequence[object], dict[int, str]]:
        """Return the column for the wire and the problems by position.

        Parameters
        ----------
        column : sequence
            Texts, datetimes, or anything else, which is a problem; None is a missing value.
        """
        if set(map(type, column)) == {str} and None not in map(_SURE, column):  # type: ignore[arg-type]
            return column, {}
        good: list[object] = list(column)
        problems: dict[int, str] = {}
        for at, value in enumerate(column):
            try:
                good[at] = self.one(value)
            except TimestampError as error:
                problems[at] = str(error)
        return good, problems

    def one(self, value: object) -> str:
        """Return one timestamp for the wire.

        Raises
        ------
        TimestampError
            It is missing, not a timestamp, or not a moment without a guess.
        """
        if isinstance(value, str):
            return value if _SURE(value) else self._text(value)
        if isinstance(value, datetime):
            return self._aware(value).isoformat()
        if value is None:
            raise TimestampError(MISSING)
        raise TimestampError(
            f"timestamp must be text or a date with time, not {type(value).__name__}"
        )

    def _text(self, text: str) -> str:
        if not text.strip():
            raise TimestampError(MISSING)
        match = _ANY(text)
        if match is None:
            raise TimestampError(NOT_ISO)
        year, month, day, hour, minute, second, fraction, zone = match.groups()
        try:
            date(int(year), int(month), int(day))
        except ValueError:
            raise TimestampError(NO_DAY) from None
        if zone is None:
            micro = int((fraction or "0")[:6].ljust(6, "0"))
            moment = datetime(
                int(year), int(month), int(day), int(hour), int(minute), int(second or 0), micro
            )
            return self._aware(moment).isoformat()
        # Only the T, the zone's case and the blanks can be wrong here: the rest stays as it is.
        body = text.strip()[: -len(zone)].rstrip()
        return f"{body[:10]}T{body[11:]}{zone.upper()}"

    def _aware(self, moment: datetime) -> datetime:
        if moment.tzinfo is not None and moment.utcoffset() is not None:
            return moment
        if self._zone is None:
            raise TimestampError(NO_ZONE)
        if hasattr(moment, "to_pydatetime"):  # pandas refuses what the two lines below ask for
            moment = moment.to_pydatetime(warn=False)
        early, late = (moment.replace(tzinfo=self._zone, fold=fold) for fold in (0, 1))
        if early.utcoffset() == late.utcoffset():
            return early
        # Only a local time that exists comes back from UTC as it was.
        back = early.astimezone(timezone.utc).astimezone(self._zone)
        if back.replace(tzinfo=None) != moment.replace(tzinfo=None):
            raise TimestampError(NEVER)
        if self._ambiguous == "reject":
            raise TimestampError(TWICE)
        return early if self._ambiguous == "first" else late
