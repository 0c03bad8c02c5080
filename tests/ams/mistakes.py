"""Frames that are right but for some cells: every mistake of a row, for every kind of import."""

from __future__ import annotations

import pandas as pd
from hypothesis import strategies as st

from tests.ams.ams_site import ANN, BOB, CAT, LOG

WINDOW = ("01/01/2025", "31/01/2025")
FIRST, SECOND = "the first stored event", "the second one"
KEY = ["start_date", "code"]
# What is wrong with one row; each may fall on any row.
MISTAKES = {
    "user_id": [None, "nobody", 0, -5, "12345678901234567890", 1.5, [ANN], 999, CAT],
    "start_date": ["the fifth", "2025.01.05", "31/02/2025", None, 5, "01/02/2025"],
    "start_time": ["25:00", "noon", 7, "9:00 AM "],
    "end_time": ["x", "8:00 AM"],
    "amount": ["seven", "1,5", True, [1], float("inf"), None],
    "note": ["half \ud800", {"a": 1}, "nan"],
    "code": [None, "a", "b", "a"],
    "event_id": [0, -1, "x", 2.5, "12345678901234567890", 77, FIRST, SECOND, None],
    "height": ["tall", None, True],
}
KINDS = ("insert", "key", "mirror", "profile", "update", "upsert")
EVENTS = ["user_id", "start_date", "start_time", "end_time", "amount", "note", "code"]


@st.composite
def imports(draw, kinds=KINDS):
    """Draw a frame for a kind of import, right but for some cells."""
    kind = draw(st.sampled_from(kinds))
    size = draw(st.integers(1, 7))
    right = {
        "user_id": [(ANN, BOB, CAT)[n % 3] for n in range(size)],
        "start_date": [f"{n + 1:02d}/01/2025" for n in range(size)],
        "start_time": ["9:00 AM"] * size,
        "end_time": [None] * size,
        "amount": [str(n) for n in range(size)],
        "note": ["x"] * size,
        "code": [f"c{n}" for n in range(size)],
        "event_id": [FIRST if n == 0 else SECOND if n == 1 else None for n in range(size)],
        "height": list(range(150, 150 + size)),
    }
    names = ["user_id", "height", "note"] if kind == "profile" else list(EVENTS)
    if kind == "profile":
        right["user_id"] = [(ANN, BOB, CAT, None, 0, "x", "y")[n] for n in range(size)]
    if kind in ("update", "upsert"):
        names += ["event_id"]
    for name, row, number in draw(
        st.lists(
            st.tuples(st.sampled_from(names), st.integers(0, size - 1), st.integers(0, 8)),
            max_size=5,
        )
    ):
        wrong = MISTAKES[name]
        right[name][row] = wrong[number % len(wrong)]
    frame = pd.DataFrame({name: pd.Series(right[name], dtype=object) for name in names})
    if kind == "profile":
        frame = frame.rename(columns={"note": "nick"})
    tolerance = draw(st.sampled_from([None, 0, 1, 2, "30%", "all"]))
    validate = draw(st.booleans())
    if not validate:  # whom AMS does not know, only a look at the roster can tell
        frame["user_id"] = frame["user_id"].map(lambda who: None if who == 999 else who)
    return kind, frame, tolerance, validate, draw(st.booleans())


def store_events(sandbox, frame):
    """Store three events, and put the ids of two where the frame means them; returns the third."""
    ids = {
        FIRST: sandbox.add_event(LOG, ANN, start_date="01/01/2025", values={"code": "c0"}),
        SECOND: sandbox.add_event(LOG, BOB, start_date="02/01/2025", values={"amount": "1"}),
    }
    if "event_id" in frame:
        frame["event_id"] = [ids.get(i, i) if isinstance(i, str) else i for i in frame["event_id"]]
    return sandbox.add_event(LOG, CAT, start_date="30/01/2025", values={"amount": "9"})
