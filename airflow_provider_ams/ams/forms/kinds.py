"""What the values of an item look like: its kind, by AMS's name of the item's type.

The vendor does not document the types. Those in the table are either in published client code,
or names that can't mean anything else. Whatever is not in it is `unknown`: its values are kept as
they are, and never taken for numbers or dates (docs/wire.md, section 6).
"""

from __future__ import annotations

TEXT, NUMBER, DATE, TIME, DURATION = "text", "number", "date", "time", "duration"
CHOICE, CHOICES, FILE = "choice", "choices", "file"
CALCULATED, LINKED, PERSONAL = "calculated", "linked", "personal"
UNKNOWN = "unknown"

READ_ONLY = (CALCULATED, LINKED, PERSONAL)

_BY_TYPE = {
    # In published client code.
    "Dropdown": CHOICE,
    "Single Selection": CHOICE,
    "Number": NUMBER,
    "Personal Details": PERSONAL,
    # Known to exist, by these names or others.
    "Text": TEXT,
    "Date": DATE,
    "Time": TIME,
    "Duration": DURATION,
    "Multiple Selection": CHOICES,
    "File Upload": FILE,
}


# What AMS fills in has values as well; a linked value may be anything.
_SHOWN = {
    "calculation": NUMBER,
    "historycalculation": NUMBER,
    "agecalculation": NUMBER,
    "textcalculation": TEXT,
    "historytextcalculation": TEXT,
    "datecalculation": DATE,
    "timecalculation": TIME,
    "linkeddate": DATE,
    "linkedtime": TIME,
    "linkedtext": TEXT,
}


def kind_of_type(item_type: str) -> str:
    """Return the kind of an item by AMS's name of its type.

    What AMS fills in itself is known in any letter case and spacing: sent, it would be dropped.
    """
    letters = _letters(item_type)
    if letters.endswith("calculation"):
        return CALCULATED
    if letters.startswith("linked") and letters != "linked":
        return LINKED
    return PERSONAL if letters == "personaldetails" else _BY_TYPE.get(item_type, UNKNOWN)


def shown_kind(item_type: str) -> str:
    """Return what the values of an item look like that AMS fills in; unknown if nobody can tell."""
    return _SHOWN.get(_letters(item_type), UNKNOWN)


def _letters(item_type: str) -> str:
    return "".join(c for c in item_type.lower() if c.isalpha()).removesuffix("field")
