"""The journal of an import: whose note it is, what it says, and when it is looked at."""

from __future__ import annotations

import threading
from contextlib import contextmanager, nullcontext
from dataclasses import replace

import pytest

from airflow_provider_ams.ams import AMSConfigurationError, AMSTransientError
from airflow_provider_ams.ams.prepare.events import EventDraft, EventSet
from airflow_provider_ams.ams.prepare.times import Times
from airflow_provider_ams.ams.write.checkpoint import Journal, LostLease
from airflow_provider_ams.ams.write.ledger import Ledger
from airflow_provider_ams.ams.write.note import Progress, digest, order_digest
from airflow_provider_ams.ams.write.places import Checkpoint
from airflow_provider_ams.transport import Clock, UnreadableNote


class Hands:
    """Two clocks, set by hand; a sleep moves both."""

    def __init__(self):
        self.wall, self.steady, self.slept = 1_800_000_000.0, 5_000.0, []
        self.clock = Clock(now=lambda: self.wall, monotonic=lambda: self.steady, sleep=self.sleep)

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.wait(seconds)

    def wait(self, seconds):
        self.wall, self.steady = self.wall + seconds, self.steady + seconds


class Place(Checkpoint):
    """A place in memory; what happens at each of its doors is up to the test."""

    def __init__(self, state=None, **promises):
        self.state, self.looks, self.saves, self.held = state, 0, 0, False
        self.on_load = self.on_save = lambda: None
        for name, value in promises.items():
            setattr(self, name, value)

    def load(self):
        self.looks += 1
        self.on_load()
        return None if self.state is None else dict(self.state)

    def save(self, state):
        self.saves += 1
        self.on_save()
        self.state = state

    def hold(self):
        return nullcontext(self.held)

    def take_over(self):
        self.state = {**(self.state or {}), "owner": "somebody else"}


@pytest.fixture
def hands():
    return Hands()


@pytest.fixture
def journal(hands):
    return lambda place, lease=1.0: Journal(place, hands.clock, lease)


def failing(error):
    def fail():
        raise error

    return fail


DRAFT = EventDraft(
    form="Log",
    rows=[[0], [1], [2]],
    user_ids=[1, 2, 3],
    event_ids=[None, None, 7],
    times=Times([1, 2, None], [3, 4, None], [1, 2, 3], [4, 5, 6]),
    fields={"a": ["1", None, "2"]},
    table={},
)
DAYS = [1, 1, 1]
EVENTS = EventSet(
    form="Log",
    rows=[[0], [1], [2]],
    user_ids=[1, 2, 3],
    start_days=DAYS,
    start_minutes=DAYS,
    end_days=DAYS,
    end_minutes=DAYS,
    event_ids=[None, None, 7],
    fields={},
)
ORDER = [2, 0, 1]
MARK, COUNTED = digest(DRAFT), order_digest(EVENTS, ORDER)


def note(**changes):
    first = Progress(MARK, 17, "then", [[0, 1, 7], [1, 2, 0]], False, COUNTED, "an earlier one", 16)
    return replace(first, **changes)


def place_with(state, **promises):
    return Place(state.dump() if isinstance(state, Progress) else state, **promises)


# ---------------------------------------------------------------- what was noted before


def test_without_a_place_nothing_is_kept(journal):
    it = journal(None)
    assert (it.kept, it.noted, it.lost, it.trusted, it.unsettled) == (
        False,
        None,
        False,
        True,
        False,
    )
    assert it.begin(DRAFT, "now", afresh=False) == Progress("", 0, "now")
    assert it.take_over(EVENTS, ORDER) == {}
    assert it.progress.order == ""
    it.claim()
    it.save(Ledger(EVENTS), ORDER, force=True)
    it.finish()
    it.check_lease()
    with it.sending() as check:
        check()


def test_a_new_place_holds_nothing(journal):
    it = journal(Place())
    assert (it.kept, it.noted, it.lost, it.unsettled) == (True, None, False, False)
    assert it.progress == Progress("", 0, "")


@pytest.mark.parametrize("finished", [False, True])
def test_an_earlier_try_is_known_by_its_note(journal, finished):
    it = journal(place_with(note(finished=finished)))
    assert it.noted == note(finished=finished)
    assert it.lost is False
    assert it.unsettled is not finished
    assert it.trusted is True


def test_a_place_may_ask_not_to_be_trusted(journal):
    assert journal(place_with(note(), trust=False)).trusted is False


def test_a_place_that_is_not_blank_has_lost_its_note(journal):
    it = journal(Place(blank=False, look_back=5))
    assert (it.lost, it.unsettled, it.noted) == (True, True, None)
    with pytest.raises(AMSConfigurationError, match="this is no note of an import"):
        journal(Place(blank=False))


def test_something_else_is_no_note(journal):
    with pytest.raises(AMSConfigurationError) as caught:
        journal(Place({"mine": 1}))
    assert caught.value.message == "resume: this is no note of an import."
    assert caught.value.hint == "Name another file; this one is left as it is."
    assert journal(Place({"mine": 1}, look_back=5)).lost is True
    assert journal(Place({}, look_back=5)).lost is True


def torn(**promises):
    place = Place(**promises)
    place.on_load = failing(UnreadableNote("n.json is torn.", "x"))
    return place


def test_a_torn_note_is_told_or_looked_beyond(journal):
    with pytest.raises(AMSConfigurationError) as caught:
        journal(torn())
    assert caught.value.message.startswith("resume: n.json is torn.")
    assert journal(torn(look_back=5)).lost is True


def test_a_torn_note_may_be_replaced_once_and_is_then_ours(journal):
    place = torn(look_back=5)
    it = journal(place)
    it.claim()
    assert place.saves == 1
    with pytest.raises(LostLease):
        it.claim()


@pytest.mark.parametrize("state", [note().dump(), {"owner": "somebody"}])
def test_what_has_been_signed_by_another_meanwhile_is_left(journal, state):
    place = Place(state, look_back=5)
    it = journal(place)
    place.take_over()
    with pytest.raises(LostLease):
        it.claim()
    assert place.saves == 0


def test_a_place_out_of_reach_is_for_a_later_try(journal):
    place, error = Place(), OSError("secret place")
    place.on_load = failing(error)
    with pytest.raises(AMSTransientError) as caught:
        journal(place)
    expected = "The note of the import can't be kept (OSError): nothing more is sent."
    assert caught.value.message == expected
    assert caught.value.__cause__ is error


def test_errors_of_our_own_stay_as_they_are(journal):
    place, error = Place(), AMSTransientError("mine")
    place.on_load = failing(error)
    with pytest.raises(AMSTransientError) as caught:
        journal(place)
    assert caught.value is error


# ---------------------------------------------------------------- beginning


def test_the_same_import_goes_on(journal):
    it = journal(place_with(note()))
    assert it.begin(DRAFT, "now", afresh=False) == note()
    assert it.progress is it.noted


@pytest.mark.parametrize(
    ("noted", "afresh"), [(note(), True), (note(digest="another"), False), (None, False)]
)
def test_another_import_begins_anew(journal, noted, afresh):
    it = journal(place_with(noted))
    assert it.begin(DRAFT, "now", afresh=afresh) == Progress(MARK, 0, "now")
    assert it.progress == Progress(MARK, 0, "now")


def test_a_lost_note_is_made_up_for_by_looking_back(journal):
    it = journal(Place(blank=False, look_back=5))
    assert it.begin(DRAFT, "now", afresh=False) == Progress(MARK, 5, "now")
    assert it.begin(DRAFT, "now", afresh=True) == Progress(MARK, 0, "now")


def untimed(days, minutes):
    return replace(DRAFT, times=replace(DRAFT.times, start_days=days, start_minutes=minutes))


@pytest.mark.parametrize(
    ("days", "minutes", "missing"),
    [
        ([None, 2, None], [3, 4, None], 1),
        ([1, 2, None], [None, None, None], 2),
        ([None, 2, 3], [3, None, 4], 2),
    ],
)
def test_a_lost_note_needs_times_to_recognise_new_rows_by(journal, days, minutes, missing):
    it, draft = journal(Place(blank=False, look_back=5)), untimed(days, minutes)
    with pytest.raises(AMSConfigurationError) as caught:
        it.begin(draft, "now", afresh=False)
    assert f"({missing} of 3)" in caught.value.message
    assert "start_time" in caught.value.hint
    assert it.begin(draft, "now", afresh=False, timed=False).since == 5
    assert it.begin(draft, "now", afresh=True).since == 0


# ---------------------------------------------------------------- taking over


def begun(journal, noted, events=EVENTS, order=ORDER, **promises):
    it = journal(place_with(noted, **promises))
    it.begin(DRAFT, "now", afresh=False)
    return it, it.take_over(events, order)


def test_what_is_confirmed_is_taken_over(journal):
    it, known = begun(journal, note())
    assert known == {2: 7, 0: 0, 1: 0}
    assert it.progress.order == COUNTED


def test_more_than_there_is_can_not_be_confirmed(journal):
    _, known = begun(journal, note(confirmed=[[2, 5, 70]]))
    assert known == {1: 70}


@pytest.mark.parametrize(
    ("noted", "promises"),
    [
        (note(), {"trust": False}),
        (note(finished=True), {}),
        (note(order="another"), {}),
        (note(confirmed=None), {}),
        (note(digest="another"), {}),
    ],
)
def test_what_may_have_changed_is_not_taken_over(journal, noted, promises):
    it, known = begun(journal, noted, **promises)
    assert known == {}
    assert it.progress.order == COUNTED


# ---------------------------------------------------------------- keeping


def working(journal, **promises):
    """Return a journal that has signed its note, and the place."""
    place = Place(**promises)
    it = journal(place)
    it.begin(DRAFT, "now", afresh=False)
    it.take_over(EVENTS, ORDER)
    it.claim()
    return it, place


def test_the_note_says_who_may_send(journal):
    it, place = working(journal)
    _, elsewhere = working(journal)
    assert place.state["owner"]
    assert place.state["owner"] != elsewhere.state["owner"]
    assert Progress.parse(place.state) == it.progress
    assert it.progress.since == 0


def test_the_note_says_what_is_confirmed(journal):
    it, place = working(journal)
    ledger = Ledger(EVENTS)
    it.save(ledger, ORDER, force=True)
    assert (place.state["confirmed"], place.state["finished"]) == ([], False)
    assert place.state["open_since"] == 0
    ledger.confirm(0, None, 1)
    ledger.leave(2)
    ledger.refuse(1, "no", 1)
    it.save(ledger, ORDER, force=True, open_since=lambda: 33)
    assert place.state["confirmed"] == [[0, 1, 7], [1, 1, 0]]
    assert place.state["finished"] is False
    assert place.state["open_since"] == 33
    ledger.confirm(1, 70, 2)
    it.save(ledger, ORDER, force=True)
    assert place.state["confirmed"] == [[0, 1, 7], [1, 1, 0], [2, 1, 70]]
    assert place.state["finished"] is True


def test_a_finished_import_has_nothing_more_to_say(journal):
    it, place = working(journal)
    it.finish()
    assert (place.state["confirmed"], place.state["finished"]) == (None, True)
    assert it.progress.finished is True


def test_progress_is_noted_every_few_seconds(journal, hands):
    place = Place(fenced=True)
    it = journal(place)
    for waited, saves in ((0, 1), (4.9, 1), (0.1, 2), (0, 2), (5, 3), (4.9, 3)):
        hands.wait(waited)
        it.save(Ledger(EVENTS), ORDER)
        assert place.saves == saves
    it.save(Ledger(EVENTS), ORDER, force=True)
    assert place.saves == 4


def test_a_place_that_refuses_the_note_is_for_a_later_try(journal):
    it, place = working(journal)
    place.on_save = failing(ConnectionError("no"))
    with pytest.raises(AMSTransientError, match="ConnectionError"):
        it.finish()


def test_a_place_that_refuses_who_was_overtaken_is_no_outage(journal):
    it, place = working(journal)

    def refuse():
        place.take_over()
        raise ConnectionError("no")

    place.on_save = refuse
    with pytest.raises(LostLease):
        it.finish()


# ---------------------------------------------------------------- pauses


@pytest.mark.parametrize(("lease", "longest"), [(1.0, 2.0), (3.0, 6.0), (0.0, 1.0)])
def test_a_try_that_was_paused_as_it_kept_its_note_ends(journal, hands, lease, longest):
    place = Place(look_back=5)
    it = journal(place, lease)
    place.on_save = lambda: hands.wait(longest)
    it.claim()
    place.on_save = lambda: hands.wait(longest + 0.25)
    with pytest.raises(LostLease, match="paused"):
        it.claim()


def test_where_the_overtaken_can_not_write_a_pause_does_no_harm(journal, hands):
    place = Place(fenced=True)
    it = journal(place)
    place.on_save = lambda: hands.wait(60)
    it.claim()
    assert hands.slept == []


@pytest.mark.parametrize(("lease", "slept"), [(1.0, 2.0), (3.0, 6.0), (0.0, 1.0)])
def test_the_first_of_all_tries_waits_once_and_looks(journal, hands, lease, slept):
    place = Place()
    it = journal(place, lease)
    it.claim()
    looks = place.looks
    assert hands.slept == [slept]
    assert looks == 3  # when it began, before it signed, and after it has waited
    it.claim()
    assert hands.slept == [slept]
    assert place.looks == looks + 1


@pytest.mark.parametrize("place", [place_with(note()), Place(look_back=5)])
def test_who_waits_anyhow_does_not_wait_here(journal, hands, place):
    journal(place).claim()
    assert hands.slept == []


# ---------------------------------------------------------------- the lease


def leased(journal, hands, lease=1.0, **promises):
    """Return a journal whose last look at its note was now, and the place, with no looks yet."""
    place = place_with(note(), **promises)
    it = journal(place, lease)
    it.claim()
    place.looks = 0
    return it, place


@pytest.mark.parametrize(
    ("lease", "promises", "waited", "looks"),
    [
        (1.0, {}, 0.75, 0),
        (1.0, {}, 1.0, 1),
        (0.0, {}, 0.0, 1),
        (1.0, {"cheap": True}, 0.0, 0),
        (1.0, {"cheap": True}, 2**-10, 0),
        (1.0, {"cheap": True}, 2**-8, 1),
        (0.0, {"cheap": True}, 0.0, 1),
    ],
)
def test_when_the_note_is_looked_at(journal, hands, lease, promises, waited, looks):
    it, place = leased(journal, hands, lease, **promises)
    hands.wait(waited)
    it.check_lease()
    assert place.looks == looks


def test_the_lease_is_a_second_if_nothing_is_said(hands):
    place = place_with(note())
    it = Journal(place, hands.clock)
    for waited, looks in ((0.75, 1), (0.25, 2)):
        hands.wait(waited)
        it.check_lease()
        assert place.looks == looks


def test_a_cheap_place_is_looked_at_after_two_milliseconds(hands):
    place = place_with(note(), cheap=True)
    hands.wall = hands.steady = 0.0
    it = Journal(place, hands.clock)
    it.claim()
    looks = place.looks
    hands.steady = 0.002
    it.check_lease()
    assert place.looks == looks + 1


def test_a_look_counts_from_when_it_began(journal, hands):
    """A place that is slow may have told what was true a while ago."""
    it, place = leased(journal, hands)
    hands.wait(1)
    place.on_load = lambda: hands.wait(0.75)
    it.check_lease()
    hands.wait(0.25)
    it.check_lease()
    assert place.looks == 2


def test_a_note_counts_from_before_it_was_kept(journal, hands):
    it, place = leased(journal, hands)
    place.on_save = lambda: hands.wait(0.75)
    it.claim()
    place.looks = 0
    hands.wait(0.25)
    it.check_lease()
    assert place.looks == 1


@pytest.mark.parametrize(("wall", "steady"), [(-3600, 0), (3600, 0), (0, 1)])
def test_either_clock_may_tell(journal, hands, wall, steady):
    it, place = leased(journal, hands)
    hands.wall, hands.steady = hands.wall + wall, hands.steady + steady
    it.check_lease()
    assert place.looks == 1


def test_a_new_journal_has_just_looked(journal, hands):
    hands.wait(100)
    place = place_with(note())
    it = journal(place)
    looks = place.looks
    it.check_lease()
    assert place.looks == looks


@pytest.mark.parametrize(("lease", "limit"), [(1.0, "1"), (0.0, "0.5")])
def test_a_look_that_took_too_long_is_made_again_three_times_at_most(journal, hands, lease, limit):
    it, place = leased(journal, hands, lease)
    hands.wait(1)
    place.on_load = lambda: hands.wait(float(limit))
    with pytest.raises(AMSTransientError) as caught:
        it.check_lease()
    assert caught.value.message.startswith(
        f"Reading the note of the import takes more than {limit} s: whether another try has"
    )
    assert not isinstance(caught.value, LostLease)
    assert place.looks == 3


def test_a_note_that_is_gone_is_not_ours(journal, hands):
    it, place = leased(journal, hands)
    place.state = None
    hands.wait(1)
    with pytest.raises(LostLease, match="Another try of this import has taken over"):
        it.check_lease()


def test_a_note_that_is_torn_now_is_not_ours(journal, hands):
    it, place = leased(journal, hands)
    place.on_load = failing(UnreadableNote("torn", "x"))
    hands.wait(1)
    with pytest.raises(LostLease):
        it.check_lease()


def test_a_note_out_of_reach_ends_the_try(journal, hands):
    it, place = leased(journal, hands)
    place.on_load = failing(OSError("away"))
    hands.wait(1)
    with pytest.raises(AMSTransientError, match="OSError"):
        it.check_lease()


# ---------------------------------------------------------------- the last byte


def test_with_a_lock_the_note_is_looked_at_once_for_each_call(journal, hands):
    it, place = leased(journal, hands)
    place.held = True
    with it.sending() as check:
        assert place.looks == 1
        hands.wait(60)
        check()
        assert place.looks == 1
    place.take_over()
    with pytest.raises(LostLease), it.sending():
        raise AssertionError("nobody may send here")


def test_without_a_lock_the_lease_is_checked_before_and_after(journal, hands):
    it, place = leased(journal, hands)
    with it.sending() as check:
        assert place.looks == 0
        check()
        assert place.looks == 0
        hands.wait(1)
        check()
        assert place.looks == 1
    hands.wait(1)
    with it.sending():
        assert place.looks == 2
    hands.wait(1)
    place.take_over()
    with pytest.raises(LostLease), it.sending():
        raise AssertionError("nobody may send here")


def test_a_lock_that_can_not_be_had_ends_the_try(journal, hands):
    it, place = leased(journal, hands)

    @contextmanager
    def held_up():
        raise TimeoutError("another process holds the note")
        yield

    place.hold = held_up
    with pytest.raises(AMSTransientError, match="TimeoutError"), it.sending():
        pass


def test_a_note_that_can_not_be_read_under_the_lock_ends_the_try(journal, hands):
    it, place = leased(journal, hands)
    place.held = True
    place.on_load = failing(OSError("away"))
    with pytest.raises(AMSTransientError, match="OSError"), it.sending():
        pass


@pytest.mark.parametrize("held", [False, True])
def test_what_fails_in_sending_is_no_matter_of_the_note(journal, hands, held):
    it, place = leased(journal, hands)
    place.held = held
    with pytest.raises(ConnectionResetError), it.sending():
        raise ConnectionResetError


def test_two_threads_do_not_look_at_once(journal, hands):
    """The second one finds that the first has just looked."""
    it, place = leased(journal, hands)
    hands.wait(1)
    looking, going_on = threading.Event(), threading.Event()

    def wait():
        looking.set()
        going_on.wait(5)

    place.on_load = wait
    threads = [threading.Thread(target=it.check_lease) for _ in range(2)]
    threads[0].start()
    looking.wait(5)
    threads[1].start()
    going_on.set()
    for thread in threads:
        thread.join(5)
    assert place.looks == 1
