"""Calls in flight: bounded, in order, and no thread left behind."""

from __future__ import annotations

import threading
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_ams.transport import InFlight


def threads(name):
    return [t for t in threading.enumerate() if t.name.startswith(name)]


def test_results_come_in_the_order_of_their_calls():
    second_done = threading.Event()

    def first():
        assert second_done.wait(10)
        return "slow"

    def second():
        second_done.set()
        return "quick"

    with InFlight(2, "order") as in_flight:
        in_flight.submit(1, first)
        in_flight.submit(2, second)
        assert in_flight.full
        assert in_flight.take() == (1, "slow")
        assert in_flight.take() == (2, "quick")
        assert in_flight.empty


def test_an_error_is_raised_where_its_result_would_be():
    def broken():
        raise ValueError("no")

    for inline in (True, False):
        with InFlight(1, "error", inline=inline) as in_flight:
            in_flight.submit("a", broken)
            with pytest.raises(ValueError, match="no"):
                in_flight.take()
            in_flight.submit("b", str)
            assert in_flight.take() == ("b", "")


def test_one_call_too_many_is_a_mistake():
    with InFlight(1, "full", inline=True) as in_flight:
        in_flight.submit(1, int)
        with pytest.raises(RuntimeError, match="take a result"):
            in_flight.submit(2, int)
        assert len(in_flight) == 1


def test_inline_means_in_the_calling_thread_and_at_once():
    where = []
    with InFlight(1, "inline", inline=True) as in_flight:
        in_flight.submit(1, lambda: where.append(threading.current_thread()))
        assert in_flight.ready
        assert where == [threading.current_thread()]
        assert not threads("inline")
    with InFlight(2, "threads", inline=True) as in_flight:
        in_flight.submit(1, lambda: where.append(threading.current_thread()))
        in_flight.take()
    assert where[1] is not threading.current_thread()


def test_an_interrupt_within_an_inline_call_is_not_kept_for_later():
    def interrupted():
        raise KeyboardInterrupt

    with InFlight(1, "inline", inline=True) as in_flight, pytest.raises(KeyboardInterrupt):
        in_flight.submit(1, interrupted)
    assert in_flight.empty


def test_ready_does_not_wait():
    go = threading.Event()
    with InFlight(1, "ready") as in_flight:
        assert not in_flight.ready
        in_flight.submit(1, partial(go.wait, 10))
        assert not in_flight.ready
        go.set()
        assert in_flight.take() == (1, True)


def test_no_thread_is_left_behind_after_an_error():
    finished = []

    def slow():
        threading.Event().wait(0.05)
        finished.append(1)

    with pytest.raises(KeyError), InFlight(3, "left-behind") as in_flight:
        for at in range(3):
            in_flight.submit(at, slow)
        raise KeyError
    assert finished == [1, 1, 1]
    assert not threads("left-behind")


def test_the_width_halves_and_comes_back_one_by_one():
    with InFlight(8, "width") as in_flight:
        widths = []
        for _ in range(5):
            in_flight.narrow()
            widths.append(in_flight.width)
        assert widths == [4, 2, 1, 1, 1]
        for _ in range(19):
            in_flight.calm()
        assert in_flight.width == 1
        in_flight.calm()
        assert in_flight.width == 2
        for _ in range(19):
            in_flight.calm()
        in_flight.narrow()
        in_flight.calm()
        assert in_flight.width == 1  # trouble has started the count afresh
        for _ in range(20 * 7):
            in_flight.calm()
        assert in_flight.width == 8
        for _ in range(100):
            in_flight.calm()
        assert in_flight.width == 8


@pytest.mark.parametrize("width", [0, -1])
def test_a_width_that_means_nothing(width):
    with pytest.raises(ValueError, match="width"):
        InFlight(width, "none")


@given(width=st.integers(1, 5), trouble=st.lists(st.booleans(), max_size=30))
@settings(max_examples=25, deadline=None)
def test_never_more_than_the_width_at_once_and_nothing_lost(width, trouble):
    lock, now, most, taken = threading.Lock(), [0], [0], []

    def call(at):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        with lock:
            now[0] -= 1
        return at * at

    with InFlight(width, "property", inline=True) as in_flight:
        for at, bad in enumerate(trouble):
            while in_flight.full:
                taken.append(in_flight.take())
            in_flight.submit(at, partial(call, at))
            (in_flight.narrow if bad else in_flight.calm)()
        while not in_flight.empty:
            taken.append(in_flight.take())
    assert most[0] <= width
    assert taken == [(at, at * at) for at in range(len(trouble))]
    assert not threads("property")
