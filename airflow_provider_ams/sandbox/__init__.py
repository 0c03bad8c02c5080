"""Run a local Teamworks AMS and Tidepool to develop and test against.

The sandbox is the other side of the wire: it shares no code with the clients of this package.
It answers as the real servers are known to, quirks included, keeps its state in SQLite and can
be told to fail in every way a network and a busy server can.

In a test (the fixture ``ams_sandbox`` comes with the package and yields a freshly seeded
sandbox)::

    from airflow_provider_ams.sandbox import Sandbox

    with Sandbox(port=0, seed="demo") as sb:  # a thread of this process
        sb.url          # "http://127.0.0.1:PORT/site", the AMS base URL
        sb.root         # "http://127.0.0.1:PORT"
        sb.username     # "api.account"
        sb.password     # "sandbox-password"
        sb.tidepool_url # "http://127.0.0.1:PORT/tidepool/api/v1/events"
        sb.tidepool_key # "sandbox-key"

``Control(root)`` from here has the methods below for a sandbox that runs elsewhere, and
``SandboxProcess(...)`` takes the same arguments, has the same attributes and methods, and runs
in a process of its own (``.pid``) that dies with its parent. On the command line::

    python -m airflow_provider_ams.sandbox --port 8085 --db FILE --seed demo --latency 20

(also ``--dialect random:7``, ``--faults rough``, ``--max-seconds 600`` and ``--die-with-parent``).

``{root}/`` is a page for people: forms, events and people as tables, what each import did, the
requests and faults of the last minutes. It only shows, and serves this machine alone, as the
control plane does.

Control plane
-------------
Every method below is one HTTP call to ``{root}/__sandbox__/...`` (JSON in, JSON out, no login),
so that other processes can do the same. Control calls are never delayed, failed or counted.

==================================  ======================  =====================================
method                              HTTP                    meaning
==================================  ======================  =====================================
``reset(seed=None,                  POST reset              empty everything (settings, clock,
dialect=None)``                                             faults and counts too), then seed
``seed("demo", today=None)``        POST seed               add a named data set; ``today`` is
                                                            ``yyyy-MM-dd``, the last history day
``state()``                         GET state               counts of all objects, settings, server
                                                            time, requests, rule breaks, sessions
``requests()``                      GET requests            number of requests by endpoint
``requests(detail=True)``           GET requests?detail=1   also ``max_in_flight``, ``statuses``
``clear_requests()``                DELETE requests         set the counts to zero
``configure(page_size=5, ...)``     POST configure          change settings; returns all of them
``dialect("random:7")``             POST dialect            speak another dialect; returns it
``dialect()``                       GET dialect             the dialect that is spoken
``time(now_ms, advance_ms,          POST time               move or stop the server clock; returns
freeze)``                                                   epoch milliseconds
``expire_sessions()``               POST sessions/expire    every session token is dead from now on
``add_users([{...}])``              POST users              returns the ids; an int invents so many
``users()``                         GET users               all accounts as stored
``delete_users([1001])``            POST users/delete
``merge_users(old, new)``           POST users/merge        the events of ``old`` move to ``new``
``add_form(name, fields, ...)``     POST forms              returns the form id
``add_form(..., replace=True)``                             the form of that name (or id) goes with
                                                            all its records; refused otherwise
``forms()``                         GET forms               all form definitions
``add_event(form, user, ...)``      POST events             returns the event id
``add_events(form, [{...}])``       POST events             many at once, returns the ids
``edit_event(id, values, ...)``     POST events/edit        as if a person did it in the AMS itself
``delete_event(id)``                POST events/delete      the same
``events(form=None)``               GET events?form=        STORED events, see below
``profiles(form=None)``             GET profiles?form=      STORED profiles, the same shape
``deleted()``                       GET events/deleted      ids of deleted events, oldest first
``faults(...)``                     POST faults             see below; ``faults(None)`` stops them
``fault_log()``                     GET faults              which fault hit which request
``release(endpoint="*")``           POST faults/release     let paused requests go; how many
``paused()``                        GET faults/paused       how many are paused, by endpoint
``tidepool_events()``               GET tidepool/events     tracked events in order of arrival
``tidepool_counts()``               GET tidepool/counts     ``{id: times stored}`` in order of
                                                            first arrival
``tidepool_summary()``              GET tidepool/summary    ``events``, ``distinct``, ``batches``,
                                                            ``repeated`` ({id: times} above one)
==================================  ======================  =====================================

A user is ``{"username", "first_name", "last_name", "email", "dob", "sex", "groups": [...],
"staff": False, "active": True, "visible": True, "id": int}``; only ``username`` is needed.

A form field is a text ``"name"`` (a Text item), ``"name: Number"``, or ``{"name", "type",
"required", "options", "scores", "table": True, "formula", "detail", "source_form",
"source_field", "page", "section", "instructions"}``. ``formula`` reads other fields in braces:
``"{duration} * {session_rpe}"``, ``"sum({distance_km})"`` over table rows. ``add_form(...,
type="event" | "profile" | "database", id=None, read_only=False, category="")``.

``add_event(form, user, start_date="dd/MM/yyyy", start_time="9:00 AM", finish_date=None,
finish_time=None, values={...}, table=[{...}], id=None)``: ``user`` is an id or a username.

A stored event is ``{"id", "form", "user_id", "username", "start_date", "start_time",
"finish_date", "finish_time", "entered_by", "modified", "rows": [{"row", "pairs": [{"key",
"value"}]}], "computed": {...}, "values": {...}, "table": [{...}]}``: ``rows`` is what was sent
less the unknown fields, ``values`` the event-level fields and ``table`` the table rows in it.

Settings (keyword arguments of ``Sandbox`` and of ``configure``) are documented on
:class:`airflow_provider_ams.sandbox.settings.Settings`.

The control plane serves this machine alone: it answers 403 to a ``Host`` that is not a loopback
name and to an ``Origin`` of another host, and 415 to a body that is not ``application/json``.

Dialects
--------
What nobody knows about AMS are settings as well, together a *dialect*: how tables are marked in a
schema, whether ids are texts, what an empty list looks like. What is documented or was recorded is
the default. ``Sandbox(dialect=Dialect(event_ids="text"))`` chooses some, ``"random:7"`` draws them
all (``dialect="random", seed=7`` does too, without data), ``--dialect help`` lists them. See
:mod:`airflow_provider_ams.sandbox.dialect`.

Faults
------
``faults(script=[{"endpoint": "eventsimport", "nth": 3, "fault": "reset_after_commit"}])`` hits the
third request of that endpoint counted from now. ``endpoint`` is the last part of a path
(``loginUser``, ``synchronise``, ``eventsimport``, ``deleteAll``, ``forms/summaries``, ...),
``tidepool/track``, ``tidepool/validate``, ``"writes"`` (every call that changes data),
``"reads"`` or ``"*"``. ``nth`` may be a list; ``times`` (default 1) hits so many requests in
a row from ``nth`` on, 0 all that follow.

``faults(random={"429": 0.02, "reset_after_commit": 0.01}, seed=1, endpoint="*", limit=None)`` rolls
dice for each request; ``faults(profile="rough", seed=1)`` uses a named mixture.

===========================  ====================================================================
fault                        what happens (parameters)
===========================  ====================================================================
``delay``                    answer after ``seconds`` (0.05)
``reset_before``             TCP reset before the body is read; nothing is stored
``reset_after_commit``       stored, then a TCP reset instead of an answer
``hang_after_commit``        stored, then no answer for ``seconds`` (30) or until the client leaves
``late_commit``              no answer; stored ``after`` (0) seconds from when the client has gone
                             away, or from when ``seconds`` (30) have passed
``429`` / ``503``            refused, nothing stored (``retry_after``: seconds or HTTP date, none)
``500_before``               HTML error page, nothing stored
``500_after``                HTML error page, stored
``truncated``                stored; a 200 whose JSON stops half way
``cut``                      stored; the connection closes in the middle of the body
``html``                     stored; a login page in a 200 (``commit``: false for nothing stored)
``empty``                    stored; a 200 without a body (``commit`` as above)
``rpc``                      RPC exception in a 200, nothing stored (``commit``: true to store)
``session_expired``          the session is dead from this request on: 401
``short_ids``                writes: the last ``drop`` (1) events are neither stored nor in the ids
``hidden_ids``               writes: all stored, the last ``drop`` (1) ids missing in the answer
``duplicate_update``         writes: updates store a new event, the old one stays
``partial``                  writes: the last ``drop`` (1) events are refused in ``error[]``
``reject``                   writes: the whole call is refused with ``UNEXPECTED_ERROR``
``reply``                    answer ``body`` (a text; ``base64``: true for bytes), ``status`` (200)
                             and ``headers`` word by word; nothing stored (``commit``: true to)
``mutate``                   the true answer with one place of its JSON changed, drawn by ``seed``
                             (0) and the number of hits; ``place`` in the log says what and where
``slow_drip``                the body a few bytes at a time, over ``seconds`` (1)
``gzip_bomb``                stored; a small body that decodes to ``megabytes`` (10)
                             (``commit``: false for nothing stored)
``pause``                    wait for ``release()``, for ``seconds`` (30, at most 300), then serve;
                             ``commit``: true to store first and hold the answer; all requests from
                             ``nth`` on (``times`` is 0 here)
===========================  ====================================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_ams.sandbox.dialect import Dialect
    from airflow_provider_ams.sandbox.remote import Control
    from airflow_provider_ams.sandbox.server import Sandbox, SandboxProcess

__all__ = ["Control", "Dialect", "Sandbox", "SandboxProcess"]


def __getattr__(name: str) -> object:
    """Import the server only when it is asked for: pytest loads this package in every run."""
    if name == "Control":  # needs no server, so it works without the extra "sandbox"
        from airflow_provider_ams.sandbox.remote import Control

        return Control
    if name == "Dialect":
        from airflow_provider_ams.sandbox.dialect import Dialect

        return Dialect
    if name in __all__:
        from airflow_provider_ams.sandbox import server

        return getattr(server, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
