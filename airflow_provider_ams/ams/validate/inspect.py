"""`validate_event_data`: everything that AMS would refuse or drop, told before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd
from pandas.api.types import is_numeric_dtype

from airflow_provider_ams.ams.client import AMSClient, get_client
from airflow_provider_ams.ams.errors import AMSConfigurationError, AMSError, AMSInputError
from airflow_provider_ams.ams.forms.catalogue import check_form, read_schema
from airflow_provider_ams.ams.forms.schema import FormSchema
from airflow_provider_ams.ams.options.plans import PlanOption
from airflow_provider_ams.ams.people.roster import match_known
from airflow_provider_ams.ams.prepare.build import build_events, texts_of
from airflow_provider_ams.ams.prepare.draft import (
    Draft,
    field_name,
    read_frame,
    rename_reserved,
)
from airflow_provider_ams.ams.prepare.events import EventSet
from airflow_provider_ams.ams.prepare.keys import frame_keys, key_fields
from airflow_provider_ams.ams.read.snapshot import Snapshot, Span, read_snapshot
from airflow_provider_ams.ams.validate.report import ERROR, WARNING, Finding, ValidationReport
from airflow_provider_ams.ams.validate.rules import (
    CHECKS,
    Subject,
    misplaced_columns,
    unusable_columns,
)
from airflow_provider_ams.ams.wire.dates import Problems
from airflow_provider_ams.ams.wire.values import Texts
from airflow_provider_ams.transport import Console

_PEOPLE = {
    "missing": "is missing",
    "unmatched": "is no AMS user that the account can see",
    "ambiguous": "is shared by several AMS users; use user_id, username or email",
}


@dataclass
class Inspection:
    """A frame that has been looked at.

    Parameters
    ----------
    report : ValidationReport
        What was found.
    draft : Draft or None
        The frame, if its columns could be read; unusable columns are left out of it.
    users : list of int or None
        User id of each row of the draft.
    schema : FormSchema or None
        The form, if the account may see it.
    """

    report: ValidationReport
    draft: Draft | None = None
    users: list[int | None] = field(default_factory=list)
    schema: FormSchema | None = None


def validate_event_data(
    df: pd.DataFrame,
    form: str,
    url: str | None = None,
    username: str | None = None,
    password: str | None = None,
    *,
    option: PlanOption | None = None,
    client: AMSClient | None = None,
) -> ValidationReport:
    """Check a frame against the live form; nothing is sent that changes data.

    Parameters
    ----------
    df : DataFrame
        As for the import that it is meant for.
    form : str
        Exact name of the form.
    url, username, password : str, optional
        Else the environment (``AMS_URL``, ``AMS_USERNAME``, ``AMS_PASSWORD``), else keyring.
    option : PlanOption, optional
        Which import it is meant for (`mode`, `key`, `on_missing_fields`), and how strict
        (`contract`).
    client : AMSClient, optional
        Use this client.

    Returns
    -------
    ValidationReport
        All findings at once, grouped by field and rule, with counts and rows; ``.ok`` if there
        is no error. It names fields, rules and rows, and repeats no value.

    Raises
    ------
    AMSConfigurationError
        There is no such form, or the frame is no DataFrame.
    AMSTransientError
        AMS can't be read now.
    """
    option = option or PlanOption()
    console = Console(option.interactive_mode)
    client = client or get_client(url, username, password, cache=option.cache)
    try:
        check_form(client, form, option.form_type)
        seen = inspect(df, form, option, client, fresh=True)
        report = seen.report
        if option.check_event_ids:
            report = _with_ids(client, seen, option)
    except AMSError as error:
        console.failed(f"Failed to validate: {error.message}")
        raise
    line = console.done if report.ok else console.failed
    line(report.headline())
    if option.interactive_mode and report.findings:
        print(report.text())
    return report


def inspect(
    df: pd.DataFrame,
    form: str,
    option: PlanOption,
    client: AMSClient,
    *,
    fresh: bool = False,
    build: bool = True,
) -> Inspection:
    """Look at a frame, its people and its form, without a look at stored events.

    Parameters
    ----------
    df, form, option, client
        As for `validate_event_data`.
    fresh : bool
        Read the form anew.
    build : bool
        Look at whole events and values, too; else the caller finds out about them later.
    """
    if not isinstance(df, pd.DataFrame):
        raise AMSInputError(f"DataFrame is invalid: it is a {type(df).__name__}.")
    whole = None
    if option.contract != "off" or option.key is not None:
        whole = read_schema(client, form, option.form_type, cache=not fresh)
    schema = None if option.contract == "off" else whole
    found = list(_no_schema(option)) if schema is None else []
    problems = Problems()
    found += _built_in(df)
    try:
        draft = _read(df, option, client.timezone, problems)
    except AMSInputError as error:
        found += _columns(_names(df, option), option, schema)
        what = error.message.removeprefix("DataFrame is invalid: ")
        what = what.removesuffix(" Nothing was sent.").rstrip(".")
        found.append(Finding(ERROR, "frame", None, what))
        return Inspection(_report(form, df, option, found), schema=whole)
    found += _columns((list(draft.field_columns), list(draft.table_columns)), option, schema)
    if schema is not None and option.contract == "drop_unknown":
        _drop_unusable(draft, schema)
    users, people = _people(client, draft, option)
    found += people
    found += _keys(draft, users, option, whole, problems)
    if build:
        found += _values(draft, users, form, option, client, schema, problems)
    else:
        found += _problems(draft, problems)
    return Inspection(_report(form, df, option, found), draft, users, whole)


def _read(df: pd.DataFrame, option: PlanOption, zone: str | None, problems: Problems) -> Draft:
    events = option.form_type == "event"
    return read_frame(
        df,
        option.id_col,
        table_fields=option.table_fields,
        # By a key only new events need a date, and nobody knows yet which are new.
        needs_start=events
        and not option.default_dates
        and option.mode != "update"
        and option.key is None,
        needs_event_id=option.mode == "update",
        takes_event_id=events and option.mode != "insert" and option.key is None,
        zone=zone,
        problems=problems,
    )


def _no_schema(option: PlanOption) -> Iterator[Finding]:
    if option.contract != "off":
        what = "the account may not see the form's fields, so columns and values are not checked"
        hint = "Give the account's role access to the form."
        yield Finding(WARNING, "schema", None, what, hint=hint)


def _built_in(df: pd.DataFrame) -> Iterator[Finding]:
    for column in df.columns:
        if str(column).casefold() in ("first name", "last name"):
            what = "is AMS's own detail of the person; it is left out"
            yield Finding(WARNING, "protected_field", str(column), what, hint="Drop the column.")


def _names(df: pd.DataFrame, option: PlanOption) -> tuple[list[str], list[str]]:
    columns = rename_reserved(df, option.id_col).columns
    names = [n for c in columns if (n := field_name(c, option.id_col)) is not None]
    table = [n for n in names if n in (option.table_fields or ())]
    return [n for n in names if n not in table], table


def _columns(
    names: tuple[Sequence[str], Sequence[str]], option: PlanOption, schema: FormSchema | None
) -> list[Finding]:
    if schema is None:
        return []
    found = [*unusable_columns(*names, schema, option.contract), *misplaced_columns(*names, schema)]
    missing = schema.missing({*names[0], *names[1]})
    if option.on_missing_fields == "error" and missing and option.mode != "insert":
        what = f"the frame lacks the fields {', '.join(map(repr, missing))}"
        found.append(Finding(ERROR, "missing_field", None, what))
    return found


def _drop_unusable(draft: Draft, schema: FormSchema) -> None:
    for columns in (draft.field_columns, draft.table_columns):
        for name in list(columns):
            item = schema.by_name.get(name)
            if item is None or not item.writable:
                del columns[name]


def _people(
    client: AMSClient, draft: Draft, option: PlanOption
) -> tuple[list[int | None], list[Finding]]:
    column = draft.frame[option.id_col]
    users, bad = match_known(client, column, option.id_col, cache=option.cache)
    return users, [
        Finding(ERROR, "user", option.id_col, _PEOPLE[kind], list(dict.fromkeys(rows)))
        for kind, positions in bad.items()
        if (rows := [draft.source[p] for p in positions])
    ]


def _values(
    draft: Draft,
    users: Sequence[int | None],
    form: str,
    option: PlanOption,
    client: AMSClient,
    schema: FormSchema | None,
    problems: Problems,
) -> list[Finding]:
    people = _numbered(draft, users, option)
    found: list[Finding] = []
    now = client.now().naive()
    texts = option.boolean_text
    events = build_events(draft, form, people, now=now, booleans=texts, problems=problems)
    found += _problems(draft, problems)
    if schema is not None:
        found += _check(draft, events, option, schema)
    return found


def _numbered(draft: Draft, users: Sequence[int | None], option: PlanOption) -> list[int]:
    """Return user ids; people who are not known get numbers of their own to group by."""
    codes = pd.factorize(draft.frame[option.id_col])[0].tolist()
    return [-1 - code if user is None else user for user, code in zip(users, codes, strict=True)]


def _keys(
    draft: Draft,
    users: Sequence[int | None],
    option: PlanOption,
    schema: FormSchema | None,
    problems: Problems,
) -> list[Finding]:
    if option.key is None:
        return []
    try:
        return list(_key(draft, _numbered(draft, users, option), option, schema, problems))
    except AMSConfigurationError as error:
        return [Finding(ERROR, "key", None, error.message)]


def _key(
    draft: Draft,
    people: list[int],
    option: PlanOption,
    schema: FormSchema | None,
    problems: Problems,
) -> Iterator[Finding]:
    """Group rows by the key, and find keys that several events of the frame share."""
    assert option.key is not None
    parts = key_fields(option.key, schema)
    keys = frame_keys(draft, people, parts, schema, option.boolean_text, problems)
    draft.event_keys = keys
    if draft.table_columns:
        return
    first: dict[object, int] = {}
    again = [row for row, key in enumerate(keys) if first.setdefault(key, row) != row]
    if again:
        rows = sorted({*again, *(first[keys[row]] for row in again)})
        what = f"several rows have the same key ({', '.join(['person', *parts])})"
        yield Finding(ERROR, "key", None, what, [draft.source[r] for r in rows])


def _problems(draft: Draft, problems: Problems) -> Iterator[Finding]:
    told: set[int] = set()
    for what, positions in problems.items():
        rule, name = problems.kind(what)
        if name == "start_date":
            # What can't be read is not missing as well.
            positions = [p for p in positions if p not in told]
            told.update(positions)
            if not positions:
                continue
        if what == "the end is before the start":
            # Without a start in the frame that of the stored event counts, not that of now.
            given = draft.moments.start_days
            positions = [p for p in positions if given[p] is not None]
            if not positions:
                continue
        rows = list(dict.fromkeys(draft.source[p] for p in positions))
        yield Finding(ERROR, rule, name, what, rows)


def _check(
    draft: Draft, events: EventSet, option: PlanOption, schema: FormSchema
) -> Iterator[Finding]:
    keeps = option.on_missing_fields == "keep" and option.mode != "insert"
    # By a key nobody knows yet which events are new; the plan looks at those again.
    maybe_old = option.key is not None and keeps
    new = [i is None and not maybe_old for i in events.event_ids]
    if option.form_type == "profile":
        new = [not keeps] * len(events)
    fields = _texts(draft, draft.field_columns)
    subject = Subject(schema, draft, events, fields, events.table, keeps, new, _numeric(draft))
    for check in CHECKS:
        yield from check(subject)
    if option.form_type == "profile":
        again = pd.Series(events.user_ids).duplicated(keep=False).to_numpy().nonzero()[0].tolist()
        if again:
            what = "a person occurs more than once, and has one record"
            yield Finding(ERROR, "duplicate", option.id_col, what, subject.rows_of(again))


def _numeric(draft: Draft) -> frozenset[str]:
    columns = {**draft.field_columns, **draft.table_columns}
    return frozenset(n for n, c in columns.items() if is_numeric_dtype(draft.frame[c].dtype))


def _texts(draft: Draft, columns: dict[str, object]) -> dict[str, Texts]:
    return {name: texts_of(draft, column, None, Problems()) for name, column in columns.items()}


def _report(
    form: str, df: pd.DataFrame, option: PlanOption, found: Sequence[Finding]
) -> ValidationReport:
    labels = df.index
    order = sorted(found, key=lambda f: f.severity != ERROR)
    told = [replace(f, rows=[labels[p] for p in f.rows], positions=f.rows) for f in order]
    return ValidationReport(form, len(df), option.contract, tuple(told))


# ---------------------------------------------------------------- event ids


def _with_ids(client: AMSClient, seen: Inspection, option: PlanOption) -> ValidationReport:
    draft = seen.draft
    if draft is None or not any(draft.event_ids):
        return seen.report
    users = [u for u in seen.users if u is not None]
    stored = read_ids(client, seen.report.form, draft, users, seen.schema)
    findings = list(wrong_ids(draft, seen.users, stored))
    told = [replace(f, rows=[draft.labels[p] for p in f.rows], positions=f.rows) for f in findings]
    found = sorted((*seen.report.findings, *told), key=lambda f: f.severity != ERROR)
    return replace(seen.report, findings=tuple(found))


def read_ids(
    client: AMSClient,
    form: str,
    draft: Draft,
    users: Sequence[int],
    schema: FormSchema | None,
    table_fields: Sequence[str] = (),
) -> Snapshot:
    """Read stored events among which those named by the frame's ``event_id`` are, if they exist.

    AMS can't be asked for events by id. Most updates leave the date as it is, so the dates of the
    frame are looked at first; if an id is not there, the form's whole history of these people is.
    """
    wanted = {i for i in draft.event_ids if i is not None}
    days = [d for d, i in zip(draft.moments.start_days, draft.event_ids, strict=True) if i and d]
    people = sorted(set(users))
    if days and len(days) == sum(i is not None for i in draft.event_ids):
        span = Span(min(days), max(days))
        snapshot = read_snapshot(client, form, people, span, schema, table_fields)
        if wanted <= set(snapshot.ids):
            return snapshot
    return read_snapshot(client, form, people, Span(), schema, table_fields)


def wrong_ids(draft: Draft, users: Sequence[int | None], stored: Snapshot) -> Iterator[Finding]:
    """Find event ids that are none of the form, or somebody else's."""
    owner = dict(zip(stored.ids, stored.user_ids, strict=True))
    absent, foreign = [], []
    for row, (event_id, user) in enumerate(zip(draft.event_ids, users, strict=True)):
        if event_id is None or user is None:
            continue
        if event_id not in owner:
            absent.append(draft.source[row])
        elif owner[event_id] != user:
            foreign.append(draft.source[row])
    hint = "Use get_event_data() to have the right ones."
    if absent:
        what = "names no event of the form that belongs to a person of the frame"
        yield Finding(ERROR, "event_id", "event_id", what, list(dict.fromkeys(absent)), hint)
    if foreign:
        what = "names an event of another person"
        yield Finding(ERROR, "event_id", "event_id", what, list(dict.fromkeys(foreign)), hint)
