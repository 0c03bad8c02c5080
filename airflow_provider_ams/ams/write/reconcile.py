"""Find out what became of calls that were not confirmed: ask AMS what it holds.

`synchronise` since a server time taken before the first call, matched by content. What is found is
confirmed, what is not there is open again, and what can't be told stays unknown.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.forms.schema import FormSchema
from airflow_provider_ams.ams.plan.accepted import remark
from airflow_provider_ams.ams.positions import EventNo, StoredNo
from airflow_provider_ams.ams.prepare.events import EventSet
from airflow_provider_ams.ams.read.snapshot import Snapshot, take_snapshot
from airflow_provider_ams.ams.read.synchronise import synchronise
from airflow_provider_ams.ams.wire.replies import Verdict
from airflow_provider_ams.ams.wire.written_back import TYPES, ZONE
from airflow_provider_ams.ams.write.ledger import Ledger
from airflow_provider_ams.ams.write.match import CUT, MOMENT, Comparison, Match
from airflow_provider_ams.ams.write.send import Attempt, without

_UNDECIDED = (
    "AMS holds an event of this person, date and time that this import may have written, "
    "but not with the same values"
)
_ELSE = "look at it in AMS, or set idempotency_field= to tell events apart"
_CAUSES = {
    TYPES: "the kind of {names} is not known; say it with types={{{first}: ...}}",
    ZONE: "which day is stored in {names} depends on the site's time zone; set it ({setting})",
    MOMENT: f"how AMS shows a date with a time in {{names}} is not known; {_ELSE}",
    CUT: f"it holds the beginning of {{names}} alone, as if AMS had cut it short; {_ELSE}",
}


class Reconciler:
    """Read events back and enter in the ledger what AMS holds.

    Parameters
    ----------
    client : AMSClient
        The client.
    events : EventSet
        What the import writes.
    ledger : Ledger
        Takes what is found.
    schema : callable
        Returns the form, or None if the account may not see it; called when first needed.
    idempotency_field : str, optional
        The field that holds the id of each new event: it alone tells which event is which.

    Attributes
    ----------
    warnings : list of str
        What the caller should know.
    """

    def __init__(
        self,
        client: AMSClient,
        events: EventSet,
        ledger: Ledger,
        schema: Callable[[], FormSchema | None],
        idempotency_field: str | None = None,
    ) -> None:
        self.client = client
        self.events = events
        self.ledger = ledger
        self.warnings: list[str] = []
        self._schema = schema
        self._field = idempotency_field
        self._known = {i for i in events.event_ids if i is not None}
        self._duplicates: Counter[EventNo] = Counter()

    def read_back(
        self,
        wanted: Sequence[EventNo],
        since: int,
        attempts: Sequence[Attempt] = (),
        sent: int = 0,
    ) -> None:
        """Look for events in AMS; confirm those that are there, doubt those nobody can tell.

        Parameters
        ----------
        wanted : sequence of int
            Events that may be stored.
        since : int
            A server time from before they were sent.
        attempts : sequence of Attempt
            The calls that they went out in.
        sent : int
            A server time from before these very events were sent, if it is known: plainly
            different events that have not changed since are somebody else's.
        """
        if not wanted:
            return
        stored = self._read(wanted, since)
        schema = self._schema()
        comparison = Comparison(self.events, stored, schema, self.client.timezone)
        number = attempts[-1].number if attempts else 0
        new = [e for e in wanted if self.events.event_ids[e] is None]
        updates = {e: i for e in wanted if (i := self.events.event_ids[e]) is not None}
        mine = [StoredNo(n) for n in range(len(stored)) if self._may_be_new(stored, n)]
        if self._field is not None:
            match = self._by_identity(new, stored, self._field)
        else:
            match = comparison.match_new(new, mine)
        for event, at in match.found.items():
            note = without(match.without.get(event, [])) or self._differing(comparison, event, at)
            self.ledger.confirm(event, stored.ids[at], number, note)
        if match.undecided and sent > since:
            self._drop_older(comparison, match, sent)
        self._doubt_undecided(comparison, match)
        self._updates(comparison, updates, mine, attempts, number)
        self._unreadable(stored, wanted)

    def _read(self, wanted: Sequence[EventNo], since: int) -> Snapshot:
        users = sorted({self.events.user_ids[e] for e in wanted})
        read = synchronise(self.client, self.events.form, users, since)
        table = list(self.events.table)
        return take_snapshot(read.events, self._schema(), table, zone=self.client.timezone)

    def _may_be_new(self, stored: Snapshot, number: int) -> bool:
        mine, entered = self.client.user_id, stored.entered_by[number]
        other = None not in (mine, entered) and entered != mine
        event_id = stored.ids[number]
        return not other and event_id not in self.ledger.claimed and event_id not in self._known

    def _by_identity(self, new: Sequence[EventNo], stored: Snapshot, field: str) -> Match:
        """Match new events by their own ids; nobody else's event has one of them."""
        held = self._held(stored, field)
        texts = self.events.fields[field]
        return Match({e: held[texts[e]][0] for e in new if texts[e] in held})

    def _differing(self, comparison: Comparison, event: EventNo, at: StoredNo) -> str | None:
        """Return what to remark on an event that was found by its own id, and note it."""
        names = comparison.other_fields(event, at) if self._field is not None else []
        if not names:
            return None
        self.ledger.differing[event] = names
        return remark(names)

    def _held(self, stored: Snapshot, field: str) -> dict[str | None, list[StoredNo]]:
        """Return stored events by their own ids, the oldest first."""
        held: dict[str | None, list[StoredNo]] = defaultdict(list)
        order = sorted(range(len(stored)), key=lambda n: stored.ids[n])
        texts = stored.fields.get(field) or [None] * len(stored)
        for number in order:
            text = texts[number]
            if text is not None:
                held[text].append(StoredNo(number))
        return held

    # ------------------------------------------------------------ surplus

    def look_for_surplus(self, events: Sequence[EventNo], since: int) -> None:
        """Look whether AMS holds more events equal to these than were sent; tell what is found.

        With ids of their own, a second event under an id goes if it is the one that this import
        has written, and the older one stays: two imports of the same rows become one.
        """
        stored = self._read(events, since)
        if self._field is not None:
            self._drop_second(events, stored, self._field)
            return
        comparison = Comparison(self.events, stored, self._schema(), self.client.timezone)
        free = [StoredNo(n) for n in range(len(stored)) if self._may_be_new(stored, n)]
        more = comparison.match_new(events, free)
        whole = {e: at for e, at in more.found.items() if comparison.holds(e, at)}
        if whole:
            ids = ", ".join(str(stored.ids[at]) for at in whole.values())
            self.warnings.append(
                f"AMS holds {len(whole)} more events that equal rows of this import, and may be "
                f"stored twice: events {ids}."
            )

    def _drop_second(self, events: Sequence[EventNo], stored: Snapshot, field: str) -> None:
        held = self._held(stored, field)
        comparison = Comparison(self.events, stored, self._schema(), self.client.timezone)
        for event in events:
            same = held.get(self.events.fields[field][event], [])
            mine = self.ledger.event_ids[event]
            if len(same) < 2 or mine is None or stored.ids[same[0]] == mine:
                continue
            reply = self.client.write("deleteevent", b'{"eventId":%d}' % mine)
            kept = stored.ids[same[0]]
            if reply.verdict is Verdict.CONFIRMED:
                self.ledger.leave(event, kept, self._differing(comparison, event, same[0]))
            else:
                self.warnings.append(f"Events {kept} and {mine} are the same; delete one of them.")

    def _drop_older(self, comparison: Comparison, match: Match, sent: int) -> None:
        """Drop plainly different events that have not changed since the events were sent."""
        users = sorted({self.events.user_ids[event] for event in match.undecided})
        changed = synchronise(self.client, self.events.form, users, sent)
        ids = {event.id for event in changed.events}
        for event, held in list(match.undecided.items()):
            match.undecided[event] = [
                at
                for at in held
                if comparison.stored.ids[at] in ids
                or comparison.unclear_fields(event, at) is not None
            ]
            if not match.undecided[event]:
                del match.undecided[event]

    def _doubt_undecided(self, comparison: Comparison, match: Match) -> None:
        """Doubt events in whose place something else is stored since they were sent.

        It may be ours, changed by a person or by AMS; what was there before was not asked for.
        """
        for event, held in match.undecided.items():
            causes: dict[str, list[str]] = defaultdict(list)
            for at in held:
                for name, why in (comparison.unclear_fields(event, at) or {}).items():
                    if name not in causes[why]:
                        causes[why].append(name)
            self.ledger.doubt(event, self._told(causes) if causes else _UNDECIDED)

    def _told(self, causes: Mapping[str, Sequence[str]]) -> str:
        """Return why nobody can tell whether a stored event is ours, and what would tell."""
        zone, setting = self.client.timezone, self.client.zone_setting
        told = [
            _CAUSES[why].format(
                names=", ".join(map(repr, names)), first=repr(names[0]), setting=setting
            )
            for why, names in sorted(causes.items())
        ]
        if ZONE in causes and zone is not None:
            told.append(f"the time zone set is {zone}")
        return f"AMS holds an event that may be this one: {'; '.join(told)}"

    def _unreadable(self, stored: Snapshot, wanted: Sequence[EventNo]) -> None:
        """Doubt the events of people of whom AMS holds events that can't be read."""
        people = {user for _, user, _ in stored.unreadable}
        if not people:
            return
        ids = ", ".join(str(event_id) for event_id, _, _ in stored.unreadable)
        for event in self.ledger.open(wanted):
            if self.events.user_ids[event] in people:
                self.ledger.doubt(event, f"AMS holds events that can't be read: {ids}")

    # ------------------------------------------------------------ updates

    def _updates(
        self,
        comparison: Comparison,
        updates: Mapping[EventNo, int],
        mine: Sequence[StoredNo],
        attempts: Sequence[Attempt],
        number: int,
    ) -> None:
        """Confirm updates that have landed, and take care of duplicates made instead.

        A duplicate is deleted only if its id came from the reply to that very call, and it equals
        what was sent exactly, while the event to update has not changed.
        """
        stored = comparison.stored
        at = {event_id: StoredNo(n) for n, event_id in enumerate(stored.ids)}
        named = {e: i for attempt in attempts for e, i in attempt.mismatched.items()}
        for event, target in updates.items():
            held = at.get(target)
            if held is not None and comparison.holds(event, held):
                self.ledger.confirm(event, target, number)
                continue
            copies = self._copies(comparison, event, target, mine) if held is None else []
            if event in named:
                sure = held is None and self._is_copy(comparison, event, at.get(named[event]))
                self._mismatched(event, named[event], sure)
            elif copies:
                ids = ", ".join(str(stored.ids[n]) for n in copies)
                self.ledger.doubt(event, f"AMS may have made a copy instead: event {ids}")

    def _copies(
        self, comparison: Comparison, event: EventNo, target: int, mine: Sequence[StoredNo]
    ) -> list[StoredNo]:
        """Return new events that look like the update: nothing tells that they are not."""
        newer = [at for at in mine if comparison.stored.ids[at] > target]
        return [at for at in newer if comparison.holds(event, at)]

    def _is_copy(self, comparison: Comparison, event: EventNo, at: StoredNo | None) -> bool:
        if at is None or not self._may_be_new(comparison.stored, at):
            return False
        return comparison.holds(event, at, exact=True)

    def _mismatched(self, event: EventNo, copy: int, sure: bool) -> None:
        """Deal with an update that was answered with another id than its own."""
        if not sure:
            self.ledger.doubt(event, f"AMS answered with another id, {copy}")
            return
        self._duplicates[event] += 1
        reply = self.client.write("deleteevent", b'{"eventId":%d}' % copy)
        gone = reply.verdict is Verdict.CONFIRMED
        what = "was deleted again" if gone else "could not be deleted"
        self.warnings.append(f"AMS made a copy instead of an update: event {copy} {what}.")
        if not gone:
            self.ledger.doubt(event, f"AMS made a copy, event {copy}, that is still there")
        elif self._duplicates[event] > 1:
            self.ledger.refuse(event, "AMS makes a copy instead of the update", None, "copied")
