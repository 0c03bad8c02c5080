"""Whatever is written: read as it was, or refused; never read as something else."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import example, given, settings

from airflow_provider_ams.ams import AMSInputError, read_table

SIGNS = list("aé0;,|\t\" '\n\u2028.-=")
CELLS = st.text(st.sampled_from(SIGNS), max_size=6)
NAMES = st.text(st.sampled_from(SIGNS), max_size=4).map(lambda name: f"n{name}")


@st.composite
def tables(draw):
    width = draw(st.integers(2, 4))
    header = draw(st.lists(NAMES, min_size=width, max_size=width))
    rows = draw(st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=5))
    return header, [row for row in rows if any(row)]


def plain(cell):
    """Return a cell with dot decimals: which sign a number has is another rule's matter."""
    return cell.replace(",", ".").replace(".", "") if set(cell) <= set("0123456789-+.,") else cell


@settings(max_examples=300, deadline=None)
@given(
    tables(),
    st.sampled_from(";,|\t"),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"]),
    st.sampled_from(["\n", "\r\n"]),
)
@example((["n\u2028", "n"], [["a", "b"]]), ";", "utf-8", "\n")
@example((["n\n,", "n"], [["a", "b"]]), ";", "utf-8", "\n")
def test_a_text_file_is_read_as_it_was_written_or_refused(table, sep, encoding, end):
    header, rows = table
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=sep, lineterminator=end, quoting=csv.QUOTE_MINIMAL)
    writer.writerows([header, *rows])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(text.getvalue().encode(encoding, "replace"))
        said = {"sep": sep, "encoding": encoding, "decimal": "."}
        known = read_table(path, **said)
        try:
            found = read_table(path)
        except AMSInputError:
            found = None
    written = csv.reader(io.StringIO(text.getvalue(), newline=""), delimiter=sep)
    expected = [[c.encode(encoding, "replace").decode(encoding) for c in r] for r in written if r]
    expected = [[c.removeprefix("\ufeff") for c in r] for r in expected]
    for frame in (known, found):
        if frame is not None:
            assert frame.columns.tolist() == expected[0]
            cells = [[plain(c or "") for c in row] for row in frame.to_numpy().tolist()]
            assert cells == [[plain(c) for c in row] for row in expected[1:]]
