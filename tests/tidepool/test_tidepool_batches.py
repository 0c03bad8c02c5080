from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_ams.tidepool.batches import cut
from airflow_provider_ams.tidepool.ranges import Ranges
from airflow_provider_ams.tidepool.sources.chunk import Chunk

PAIRS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=4)


@given(
    sizes=st.lists(st.integers(1, 12), max_size=8),
    wrong=st.sets(st.integers(0, 60)),
    confirmed=PAIRS,
    size=st.integers(1, 10),
)
def test_each_row_that_is_due_is_in_one_batch(sizes, wrong, confirmed, size):
    ready, start = [], 0
    for count in sizes:
        chunk = Chunk(start, {}, range(start + 1, start + count + 1))
        events = [{"text": str(start + at)} for at in range(count)]
        ready.append((chunk, events, {at for at in range(count) if start + at in wrong}))
        start += count
    done = Ranges(confirmed)
    batches = list(cut(ready, size, done))
    sent = [row for batch in batches for row in batch.rows]
    due = [row for low, high in done.gaps(0, start) for row in range(low, high)]
    assert sent == [row for row in due if row not in wrong]
    covered = Ranges()
    for batch in batches:
        assert 1 <= len(batch) <= size
        assert [event["text"] for event in batch.events] == [str(row) for row in batch.rows]
        assert [batch.line(at) for at in range(len(batch))] == [row + 1 for row in batch.rows]
        # What a batch confirms is its own rows and wrong ones, never those of another.
        assert not list(covered.overlap(batch.start, batch.end))
        assert not list(done.overlap(batch.start, batch.end))
        assert set(range(batch.start, batch.end)) - set(batch.rows) <= wrong
        covered.add(batch.start, batch.end)
