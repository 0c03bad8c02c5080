"""What is read back is the plan that was made, to the last field; all else is refused."""

from __future__ import annotations

import copy
import hashlib
import json
import stat

import orjson
import pandas as pd
import pytest

from airflow_provider_ams.ams import AMSConfigurationError, Plan, PlanOption, apply, plan_event_data
from tests.ams.wellness import FORM, client, sandbox, writes  # noqa: F401 - fixtures

KEY, OTHER = b"k" * 32, b"o" * 32
WINDOW = ("01/01/2026", "31/01/2026")


def make(client, frame, form=FORM, **options):
    options = {"key": ["start_date"], "on_missing_fields": "keep", "validate": True, **options}
    window = WINDOW if options.get("mode") == "mirror" else None
    option = PlanOption(interactive_mode=False, **options)
    return plan_event_data(frame, form, window=window, option=option, client=client)


@pytest.fixture
def full(sandbox, client):
    """A plan with something in every field: all actions, a table, types, a warning."""
    for day in (5, 6, 7):
        sandbox.add_event(
            FORM, 1001, start_date=f"0{day}/01/2026", values={"Sleep": "7", "Note": "a"},
            table=[{"drill": "run", "reps": "3"}],
        )  # fmt: skip
    rows = pd.DataFrame(
        {
            "user_id": 1001,
            "start_date": ["05/01/2026", "06/01/2026", "08/01/2026"],
            "start_time": ["9:00 AM", "10:00 AM", "9:00 AM"],
            "Sleep": [7, 8, 9],
            "Note": ["a", "b", None],
        },
        index=["x", 2, 3.5],
    )
    stored = sandbox.events(FORM)[0]
    rows["start_time"] = [stored["start_time"], "10:00 AM", "9:00 AM"]
    plan = make(client, rows, mode="mirror", types={"Sleep": "number"})
    bad = make(client, rows.assign(Sleep=[7, 8, "bad"]), mode="upsert")
    plan.rejects, plan.warnings = bad.rejects, ["Something to know."]
    assert all(plan.counts.values())
    return plan


def leaves(value, path=()):
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif isinstance(value, list) and value:
        for number, inner in enumerate(value):
            yield from leaves(inner, (*path, number))
    else:
        yield path, value


def mutations(value):
    """Return values beside this one, of the same type and of others."""
    if isinstance(value, bool):
        return [not value, None]
    if isinstance(value, (int, float)):
        return [value + 1, str(value), None]
    if isinstance(value, str):
        return [value + "x", None, *([""] if value else [])]
    if value is None:
        return [0, "x"]
    return [[*value, 1] if isinstance(value, list) else {**value, "x": 1}, None]


def changed(packed, path, value):
    packed = copy.deepcopy(packed)
    at = packed
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return packed


def redigested(packed):
    """Return a plan as one would forge it: its digest fits."""
    whole = {"version": packed["version"], "plan": packed["plan"]}
    return {**packed, "digest": hashlib.sha256(orjson.dumps(whole)).hexdigest()}


def test_every_leaf_counts(full):
    packed = json.loads(full.dump())
    seen = set()
    for path, value in leaves(packed):
        seen.add(path[1] if path[0] == "plan" else path[0])
        for other in mutations(value):
            altered = changed(packed, path, other)
            with pytest.raises(AMSConfigurationError):
                Plan.load(orjson.dumps(altered))
            if path == ("digest",):
                continue
            try:
                forged = Plan.load(orjson.dumps(redigested(altered)))
            except AMSConfigurationError:
                continue
            assert forged.digest != full.digest, path
    assert seen == {"version", "digest", *Plan.__dataclass_fields__}


def test_every_leaf_counts_with_a_key(full):
    packed = json.loads(full.dump(KEY))
    for path, value in leaves(packed):
        altered = changed(packed, path, mutations(value)[0])
        for forged in (altered, redigested(altered)):
            if path == ("digest",) and forged["digest"] == full.digest:
                continue  # mended by the forger
            with pytest.raises(AMSConfigurationError):
                Plan.load(orjson.dumps(forged), KEY)


def test_nothing_may_be_added_or_left_out(full):
    packed = json.loads(full.dump())
    for altered in (
        {**packed, "more": 1},
        redigested({**packed, "plan": {**packed["plan"], "more": 1}}),
        redigested({**packed, "plan": packed["plan"] | {"events": {}}}),
    ):
        with pytest.raises(AMSConfigurationError):
            Plan.load(orjson.dumps(altered))
    for name in packed["plan"]:
        less = {n: v for n, v in packed["plan"].items() if n != name}
        try:
            forged = Plan.load(orjson.dumps(redigested({**packed, "plan": less})))
        except AMSConfigurationError:
            continue
        assert forged.digest != full.digest, name


@pytest.mark.parametrize(
    "data", [b"", b"null", b"[]", b"{}", b'"x"', b"\xff", b'{"version": 2, "digest": 1, "plan": 2}']
)
def test_no_plan_at_all(data):
    with pytest.raises(AMSConfigurationError, match="no plan"):
        Plan.load(data)


def test_a_plan_of_another_version(full):
    packed = json.loads(full.dump()) | {"version": 1}
    with pytest.raises(AMSConfigurationError, match="another version"):
        Plan.load(orjson.dumps(redigested(packed)))


@pytest.mark.parametrize(
    "labels",
    [
        pd.Index([1, None, "x"], dtype=object),
        pd.Index([1, None, 3], dtype=object),
        pd.Index([1.5, float("nan"), 2]),
        pd.Index([True, False, True]),
        pd.date_range("2026-01-01", periods=3),
        pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)]),
    ],
)
def test_labels_of_every_kind(full, labels):
    full.row_labels = labels
    again = Plan.load(full.dump())
    assert again.digest == full.digest
    assert len(again.row_labels) == len(labels)
    assert again.dump() == full.dump()


def test_a_seal(full, tmp_path):
    path = tmp_path / "plan.json"
    full.save(path, KEY)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for key in (KEY, [OTHER, KEY], None):
        assert Plan.load(path, key).digest == full.digest
    assert Plan.load(str(path)).digest == full.digest
    with pytest.raises(AMSConfigurationError, match="this key"):
        Plan.load(path, OTHER)
    with pytest.raises(AMSConfigurationError, match="not sealed"):
        Plan.load(full.dump(), KEY)
    with pytest.raises(AMSConfigurationError, match="16 bytes"):
        full.dump(b"short")


def test_a_file_that_is_not_there(full, tmp_path):
    with pytest.raises(AMSConfigurationError, match="no file"):
        Plan.load(tmp_path / "plan.json")
    with pytest.raises(AMSConfigurationError, match=r"no folder|can.t be written"):
        full.save(tmp_path / "none" / "plan.json")


def test_a_plan_for_another_site(client, full, writes):
    assert full.url == client.url
    assert f"of `{client.url.removeprefix('http://')}`" in full.markdown()
    full.url = "https://example.test/other"
    with pytest.raises(AMSConfigurationError, match=r"for https://example\.test/other, not for"):
        apply(full, max_deletes=9, tolerance="all", interactive_mode=False, client=client)
    assert writes() == 0


def test_only_the_approved_plan_is_applied(client, full, writes):
    def carry_out(digest):
        return apply(full, digest=digest, max_deletes=9, tolerance="all",
                     interactive_mode=False, client=client)  # fmt: skip

    approved = full.digest
    full.batch_size += 1
    for digest in (approved, approved[:12], "", "None"):
        with pytest.raises(AMSConfigurationError, match="approved"):
            carry_out(digest)
    assert writes() == 0
    assert carry_out(full.digest).counts["updated"] == 1
