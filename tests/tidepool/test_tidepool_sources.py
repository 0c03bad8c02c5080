from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
from datetime import datetime, timezone

import fsspec
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_ams.tidepool import (
    IngestOption,
    TidepoolConfigurationError,
    TidepoolInputError,
)
from airflow_provider_ams.tidepool.sources import open_source

STAMP = "2023-08-10T21:26:27.302Z"


def read(source, **options):
    """Return all rows with their line, as dicts."""
    chunks = list(open_source(source, IngestOption(**options)).chunks())
    assert [c.start for c in chunks] == [sum(map(len, chunks[:at])) for at in range(len(chunks))]
    return [(c.lines[at], c.row(at), c.broken.get(at)) for c in chunks for at in range(len(c))]


def rows_of(source, **options):
    return [row for _, row, _ in read(source, **options)]


@pytest.fixture
def write(tmp_path):
    def put(content, name="events.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return put


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_csv_in_any_dialect(write, delimiter, newline, mark):
    cells = [("text", "timestamp"), ('"a, b; c\t|d"', STAMP), ('"say ""hi"""', STAMP)]
    body = "".join(delimiter.join(row) + newline for row in cells)
    rows = rows_of(write(mark + body.encode()))
    assert rows == [
        {"text": "a, b; c\t|d", "timestamp": STAMP},
        {"text": 'say "hi"', "timestamp": STAMP},
    ]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (f"'text','timestamp'\n'it, is','{STAMP}'\n", "it, is"),
        (f'text,timestamp\n"say \\"hi\\" now",{STAMP}\n', 'say "hi" now'),
        (f'text,timestamp\n"C:\\",{STAMP}\n', "C:\\"),
        (f" text , timestamp\nplain,{STAMP}\n", "plain"),
    ],
)
def test_less_common_csv(write, content, text):
    (row,) = rows_of(write(content))
    assert row["text"] == text
    assert row["timestamp"].strip() == STAMP


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_encodings_that_mark_themselves(write, encoding):
    path = write(f"text,timestamp\nGrüße ☀,{STAMP}\n".encode(encoding))
    assert rows_of(path)[0]["text"] == "Grüße ☀"


def test_an_encoding_and_a_dialect_that_are_named(write):
    path = write(f"text^timestamp\n~Grü^ße~^{STAMP}\n".encode("latin-1"))
    dialect = {"delimiter": "^", "quotechar": "~"}
    assert rows_of(path, encoding="latin-1", dialect=dialect)[0]["text"] == "Grü^ße"


def test_lines_are_those_of_an_editor(write):
    path = write(f'text,timestamp\n\n"a\nb\r\nc",{STAMP}\n\none,{STAMP},extra\nshort\n')
    assert read(path) == [
        (3, {"text": "a\nb\r\nc", "timestamp": STAMP}, None),
        (7, {"text": "one", "timestamp": STAMP}, "3 cells where the header has 2"),
        (8, {"text": "short", "timestamp": ""}, "1 cells where the header has 2"),
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"text,text,timestamp\n", "two columns with the name text"),
        (b"text,timestamp\nGr\xfc\xdfe,x\n", "set the option encoding"),
        (b'text,timestamp\n"' + b"x" * (1 << 25), "quote not closed"),
    ],
)
def test_files_that_are_no_csv(write, content, words):
    with pytest.raises(TidepoolInputError, match=words):
        read(write(content))


def test_a_long_text_is_fine(write):
    assert len(rows_of(write(f"text,timestamp\n{'x' * 1_000_000},{STAMP}\n"))[0]["text"]) == 10**6


@given(
    st.lists(
        st.tuples(*[st.text(st.characters(codec="utf-8", exclude_characters="\0"))] * 2),
        max_size=8,
    ),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n"]),
)
@settings(max_examples=150)
def test_what_csv_writes_is_read_back(cells, delimiter, newline):
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter, lineterminator=newline, quoting=csv.QUOTE_ALL)
    writer.writerows([("text", "timestamp"), *cells])
    memory = fsspec.filesystem("memory")
    memory.pipe("/round.csv", file.getvalue().encode())
    found = read("memory://round.csv")
    assert [tuple(row.values()) for _, row, _ in found] == cells
    text = file.getvalue()
    for line, row, broken in found:
        assert broken is None
        # A record starts where a line starts, with its first cell.
        start = sum(map(len, io.StringIO(text, newline="").readlines()[: line - 1]))
        cell = '"' + row["text"].replace('"', '""') + '"'
        assert text[start:].startswith(cell)


def test_json_lines(write):
    path = write(
        f'{{"text": "a", "timestamp": "{STAMP}"}}\n\nnonsense\n[1]\n{{"timestamp": null}}\n',
        "events.jsonl",
    )
    found = read(path)
    assert [(line, broken) for line, _, broken in found] == [
        (1, None),
        (3, "not JSON"),
        (4, "not a JSON object"),
        (5, None),
    ]
    assert found[0][1] == {"text": "a", "timestamp": STAMP}
    assert found[3][1] == {"timestamp": None}


def test_a_json_array_is_named_as_such(write):
    with pytest.raises(TidepoolInputError, match="one object a line"):
        read(write('[{"text": "a"}]', "events.json"))


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "text": ["a", None, "c"],
            "timestamp": pd.to_datetime([STAMP, STAMP, None], utc=True),
            "user_id": pd.array([1, None, 3], dtype="Int64"),
            "score": [1.5, float("nan"), 2.0],
        },
        index=[10, 20, 30],
    )


@pytest.mark.parametrize("as_file", [True, False])
def test_frames_and_parquet(frame, as_file, tmp_path):
    source = frame
    if as_file:
        source = tmp_path / "events.parquet"
        frame.to_parquet(source, index=False)
    found = read(source)
    assert [line for line, _, _ in found] == [1, 2, 3]
    first, second, third = (row for _, row, _ in found)
    assert first["timestamp"] == datetime(2023, 8, 10, 21, 26, 27, 302000, timezone.utc)
    assert (first["user_id"], first["score"]) == (1, 1.5)
    assert (second["text"], second["user_id"], second["score"]) == (None, None, None)
    assert third["timestamp"] is None


def test_a_frame_with_two_columns_of_a_name_is_refused(frame):
    with pytest.raises(TidepoolInputError, match="two columns"):
        read(pd.concat([frame, frame["text"]], axis=1))


def test_a_parquet_file_that_is_none(write):
    with pytest.raises(TidepoolInputError, match="Parquet"):
        read(write("text,timestamp\n", "events.parquet"))


@pytest.mark.parametrize("once", [True, False])
def test_dicts_with_any_keys_twice(once):
    records = [{"text": "a"}, {"text": "b"}, {"timestamp": STAMP, "text": "c"}, "not a dict"]
    source = open_source(iter(records) if once else records, IngestOption())
    passes = [
        [chunk.row(at) for chunk in source.chunks() for at in range(len(chunk))] for _ in range(2)
    ]
    assert passes[0] == passes[1] == [*records[:3], {}]


def test_a_generator_is_not_kept_when_it_is_read_once():
    source = open_source(iter([{"text": "a"}]), IngestOption(), keep=False)
    assert len(list(source.chunks())) == 1
    assert list(source.chunks()) == []


@pytest.mark.parametrize("ending", ["csv", "tsv", "txt", "jsonl", "ndjson", "parquet", "csv.gz"])
def test_formats_by_ending_and_places(ending, tmp_path):
    frame = pd.DataFrame({"text": ["a"], "timestamp": [STAMP]})
    body = frame.to_csv(index=False).encode()
    if "json" in ending or "nd" in ending:
        body = json.dumps({"text": "a", "timestamp": STAMP}).encode()
    if ending == "parquet":
        body = frame.to_parquet(index=False)
    body = gzip.compress(body) if ending.endswith("gz") else body
    local = tmp_path / f"x.{ending}"
    local.write_bytes(body)
    fsspec.filesystem("memory").pipe(f"/{ending}/x.{ending}", body)
    for place in (local, str(local), f"file://{local}", f"memory://{ending}/x.{ending}"):
        assert rows_of(place) == [{"text": "a", "timestamp": STAMP}]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("events.dat", "set the option format"),
        ("missing.csv", "there is no file"),
        ("memory://missing.csv", "there is no file"),
        ("nosuch://bucket/x.csv", "can't be opened"),
        (5, "a source is"),
        ({"text": "a"}, "a source is"),
    ],
)
def test_what_is_no_source_is_said(source, words):
    with pytest.raises(TidepoolConfigurationError, match=words):
        read(source)
