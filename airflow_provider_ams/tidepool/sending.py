"""Send a batch: retry what is safe, halve what is refused, tell exactly what became of it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import orjson

from airflow_provider_ams.tidepool.checks import Event
from airflow_provider_ams.tidepool.errors import (
    TidepoolConfigurationError,
    TidepoolError,
    TidepoolPermissionError,
    TidepoolTransientError,
    TidepoolUnknownOutcomeError,
)
from airflow_provider_ams.tidepool.replies import Action, classify, named_fields
from airflow_provider_ams.transport import (
    Clock,
    HTTPSession,
    Reply,
    Retrier,
    RetryBudget,
    RetryPolicy,
    SecretHeaders,
    TransportError,
    parse_retry_after,
)


@dataclass(frozen=True)
class Endpoint:
    """One of the two calls.

    Parameters
    ----------
    path : str
        Below the base URL.
    expected : int
        The status that means success.
    stores : bool
        Events are stored: repeating a call may store them twice.
    """

    path: str
    expected: int
    stores: bool


VALIDATE = Endpoint("/validate", 200, False)
TRACK = Endpoint("/track", 201, True)


@dataclass
class Delivery:
    """What became of the events of a batch; every event is in one list, or was not stored.

    Parameters
    ----------
    accepted : list of (int, int)
        Half-open ranges of positions the server confirmed.
    doubtful : list of (int, int)
        Ranges that may or may not be stored.
    rejected : dict
        Position -> why the server refuses this event.
    resent : str
        Why events were sent more than once; empty when none were.
    requests : int
        Requests made.
    retries : int
        Requests that repeated another one.
    error : TidepoolError, optional
        Why the rest was not sent.
    """

    accepted: list[tuple[int, int]] = field(default_factory=list)
    doubtful: list[tuple[int, int]] = field(default_factory=list)
    rejected: dict[int, str] = field(default_factory=dict)
    resent: str = ""
    requests: int = 0
    retries: int = 0
    error: TidepoolError | None = None


@dataclass
class _Try:
    """What one request came to.

    Parameters
    ----------
    action : Action
        What to do next.
    words : str
        What happened.
    wait : float, optional
        Seconds the server asked to wait.
    fields : sequence of str
        Event fields its error points at.
    uncertain : bool
        The events may be stored.
    """

    action: Action
    words: str
    wait: float | None = None
    fields: Sequence[str] = ()
    uncertain: bool = False


class Sender:
    """Send events to one project; safe to use from several threads.

    Parameters
    ----------
    session : HTTPSession
        Connections to the base URL.
    key : str
        API key.
    clock : Clock
        Time, sleep and randomness.
    policy : RetryPolicy
        How often and how long to wait.
    """

    def __init__(self, session: HTTPSession, key: str, clock: Clock, policy: RetryPolicy) -> None:
        self._session = session
        self._headers = SecretHeaders(
            {
                "X-Tidepool-Api-Key": key,
                "Content-Type": "application/json",
                "Accept": "application/json",
            }
        )
        self._clock = clock
        self._policy = policy
        self._budget = RetryBudget()
        self._retrier = Retrier(policy, clock, self._budget)
        self.stopped = threading.Event()

    def deliver(self, endpoint: Endpoint, events: Sequence[Event], resend: int) -> Delivery:
        """Send events and find out what became of each.

        Parameters
        ----------
        endpoint : Endpoint
            Where to.
        events : sequence of dict
            1 to 100 events.
        resend : int
            How often a call of which no usable answer came may be repeated.

        Returns
        -------
        Delivery
            An error is in it rather than raised, as a part may have been accepted before.
        """
        delivery = Delivery()
        doubts = Retrier(replace(self._policy, tries=resend + 1), self._clock, self._budget)
        waiting = [(0, len(events))]
        while waiting and delivery.error is None:
            start, end = waiting.pop()
            outcome = self._call(endpoint, events[start:end], doubts, delivery)
            if outcome is None:
                delivery.accepted.append((start, end))
            elif outcome.action in (Action.SPLIT, Action.TOO_LARGE):
                if end - start == 1:
                    delivery.rejected[start] = _reason(outcome, delivery.resent)
                else:
                    middle = (start + end) // 2
                    waiting += [(middle, end), (start, middle)]
            elif outcome.uncertain:
                delivery.doubtful.append((start, end))
        return delivery

    def _call(
        self, endpoint: Endpoint, events: Sequence[Event], doubts: Retrier, delivery: Delivery
    ) -> _Try | None:
        """Make one call with its repetitions; None if accepted."""
        body = orjson.dumps(events)
        failures = {Action.LATER: 0, Action.DOUBT: 0}
        doubt = ""
        while True:
            outcome = self._try(endpoint, body)
            delivery.requests += 1
            delivery.retries += any(failures.values())
            if doubt:
                delivery.resent = doubt
            if outcome.action is Action.DONE:
                self._retrier.succeeded()
                return None
            if outcome.action in (Action.SPLIT, Action.TOO_LARGE):
                return outcome
            if outcome.action is Action.DOUBT:
                doubt = outcome.words
            if not self._wait_for_another_try(outcome, failures, doubts):
                return _end(outcome, doubt, delivery)

    def _wait_for_another_try(
        self, outcome: _Try, failures: dict[Action, int], doubts: Retrier
    ) -> bool:
        """Wait until the next try is due; False if there is to be none."""
        if outcome.action not in failures or self.stopped.is_set():
            return False
        failures[outcome.action] += 1
        # How often events may go out twice is one limit, how often to ask a busy server another.
        retrier = doubts if outcome.action is Action.DOUBT else self._retrier
        return retrier.wait(failures[outcome.action], outcome.wait) is None

    def _try(self, endpoint: Endpoint, body: bytes) -> _Try:
        try:
            reply = self._session.send("POST", endpoint.path, body, self._headers)
        except TransportError as error:
            return _without_reply(error, endpoint)
        action = classify(reply, endpoint.expected, endpoint.stores)
        if action is Action.DONE:
            return _Try(action, "")
        return _Try(action, _words(reply), self._asked(reply), named_fields(reply.body))

    def _asked(self, reply: Reply) -> float | None:
        headers = {name.lower(): value for name, value in reply.headers.items()}
        return parse_retry_after(headers.get("retry-after"), self._clock.now())


def _end(outcome: _Try, doubt: str, delivery: Delivery) -> _Try:
    """Enter why a call was given up."""
    if doubt and outcome.action is Action.LATER:
        outcome = _Try(Action.DOUBT, doubt, outcome.wait)
    delivery.error = error_of(outcome)
    # An earlier doubt about the same events outlives a later, clear refusal.
    outcome.uncertain = bool(doubt) or outcome.action in (Action.DOUBT, Action.STOP)
    return outcome


def _without_reply(error: TransportError, endpoint: Endpoint) -> _Try:
    if error.tls and not error.sent:
        return _Try(Action.SETUP, error.reason)
    doubt = error.sent and endpoint.stores
    return _Try(Action.DOUBT if doubt else Action.LATER, error.reason)


def _words(reply: Reply) -> str:
    page = " with a web page" if reply.body[:256].lstrip()[:1] == b"<" else ""
    return f"HTTP {reply.status}{page}"


def _reason(outcome: _Try, resent: str) -> str:
    if resent:
        # A server that knows ids may refuse what it has stored already.
        return f"refused by the server ({outcome.words}) after a sending without an answer"
    if outcome.action is Action.TOO_LARGE:
        return f"too large for the server ({outcome.words})"
    about = f" about {', '.join(outcome.fields)}" if outcome.fields else ""
    return f"refused by the server ({outcome.words}{about})"


_ADVICE = {
    401: "Set a valid API key (api_key, TIDEPOOL_API_KEY, or the connection's password).",
    403: "Use an API key of the right project: keys are valid for the project they were "
    "made in (api_key, TIDEPOOL_API_KEY, or the connection's password).",
}


def error_of(outcome: _Try) -> TidepoolError:
    """Return the error for an outcome that ends a run, with what to do next."""
    words = outcome.words
    if outcome.action is Action.KEY:
        return TidepoolPermissionError(
            f"Tidepool does not accept the API key ({words}).",
            hint=_ADVICE[401 if "401" in words else 403],
        )
    if outcome.action is Action.SETUP and "certificate" in words:
        return TidepoolConfigurationError(
            f"Tidepool can't be reached: {words}.",
            hint="Check base_url, or name the CA bundle to check it with (verify, or ca_bundle of "
            "the connection).",
        )
    if outcome.action is Action.SETUP:
        return TidepoolConfigurationError(
            f"there is no Tidepool at the base URL ({words}).",
            hint="Check base_url, or the host of the connection; it ends in /api/v1/events.",
        )
    if outcome.action is Action.LATER:
        return TidepoolTransientError(
            f"Tidepool can't be reached or does not take events now ({words}).",
            retry_after=outcome.wait,
            hint="Run the same call again later.",
        )
    stray = "; no Tidepool answers so: check the base URL" if outcome.action is Action.STOP else ""
    return TidepoolUnknownOutcomeError(
        f"it is not known whether the last events were stored ({words}{stray}).",
        hint="The same ingest with its journal sends them again with the same ids, and says so.",
    )
