"""Faults: which request is to go wrong, and how."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from airflow_provider_ams.sandbox.gates import Gates

MAX_PAUSE = 300.0

FAULTS: dict[str, dict[str, Any]] = {
    "delay": {"seconds": 0.05},
    "reset_before": {},
    "reset_after_commit": {},
    "hang_after_commit": {"seconds": 30.0},
    "late_commit": {"seconds": 30.0, "after": 0.0},
    "429": {"retry_after": None},
    "503": {"retry_after": None},
    "500_before": {},
    "500_after": {},
    "truncated": {},
    "cut": {},
    "html": {"commit": True},
    "empty": {"commit": True},
    "rpc": {"commit": False},
    "session_expired": {},
    "short_ids": {"drop": 1},
    "hidden_ids": {"drop": 1},
    "duplicate_update": {},
    "partial": {"drop": 1},
    "reject": {},
    "reply": {"body": "", "status": 200, "headers": {}, "commit": False, "base64": False},
    "mutate": {"seed": 0},
    "slow_drip": {"seconds": 1.0},
    "gzip_bomb": {"megabytes": 10, "commit": True},
    "pause": {"seconds": 30.0, "commit": False},
}
IMPORTS_ONLY = ("short_ids", "hidden_ids", "duplicate_update", "partial", "reject")
PROFILES: dict[str, dict[str, float]] = {
    "rough": {
        "delay": 0.04,
        "reset_before": 0.02,
        "reset_after_commit": 0.02,
        "429": 0.02,
        "503": 0.02,
        "500_before": 0.01,
        "500_after": 0.01,
        "truncated": 0.01,
        "cut": 0.01,
        "html": 0.01,
        "empty": 0.01,
        "rpc": 0.01,
        "session_expired": 0.01,
        "short_ids": 0.01,
        "hidden_ids": 0.01,
    },
}


class FaultPlan:
    """Decide for each request whether a fault hits it, and keep a log of those that did.

    Parameters
    ----------
    script
        Entries of ``endpoint``, ``nth`` (number or list), ``fault``, ``times`` and the
        parameters of the fault.
    rates
        Probability of each fault.
    seed
        Of the dice; the same requests in the same order meet the same faults.
    endpoint
        What the dice are rolled for.
    limit
        Highest number of random faults, or None.
    """

    def __init__(
        self,
        script: Iterable[Mapping[str, Any]] = (),
        rates: Mapping[str, float] | None = None,
        seed: int = 0,
        endpoint: str = "*",
        limit: int | None = None,
    ) -> None:
        self._script = [_checked(entry) for entry in script]
        self._seen = [0] * len(self._script)
        self._rates = {str(name): rate for name, rate in (rates or {}).items()}
        for name in self._rates:
            _parameters(name, {})
        self._dice = random.Random(seed)
        self._endpoint, self._limit = endpoint, limit
        self._requests = 0
        self._gates = Gates()
        self._hits: Counter[str] = Counter()
        self.log: list[dict[str, Any]] = []

    @classmethod
    def build(cls, options: Mapping[str, Any]) -> FaultPlan:
        """Build a plan from what the control plane was sent."""
        unknown = set(options) - {"script", "random", "profile", "seed", "endpoint", "limit"}
        if unknown:
            raise ValueError(f"no fault option {', '.join(sorted(unknown))}")
        rates = options.get("random")
        if options.get("profile"):
            if options["profile"] not in PROFILES:
                raise ValueError(f"fault profile must be one of {', '.join(PROFILES)}")
            rates = PROFILES[options["profile"]]
        place = options.get("endpoint") or "*"
        seed, limit = options.get("seed") or 0, options.get("limit")
        return cls(options.get("script") or (), rates, seed, place, limit)

    def next(self, name: str, writes: bool) -> dict[str, Any] | None:
        """Return the fault of this request with its parameters, or None.

        It is the entry of the log, so that what the fault did can be noted in it; `hit` counts
        how often this fault has hit before.
        """
        self._requests += 1
        fault = self._scripted(name, writes) or self._rolled(name, writes)
        if fault is None:
            return None
        hit = self._hits[fault["fault"]]
        self._hits[fault["fault"]] += 1
        entry = {"request": self._requests, "endpoint": name, **fault, "hit": hit}
        self.log.append(entry)
        return entry

    async def wait(self, name: str, writes: bool, seconds: float) -> None:
        """Hold a request until it is released, so long at most."""
        await self._gates.wait(name, writes, min(seconds, MAX_PAUSE))

    def release(self, endpoint: str = "*") -> int:
        """Let the requests of an endpoint go and pause no more of them; returns how many."""
        freed = [w for w in self._gates.waiting() if _matches(endpoint, w.endpoint, w.writes)]
        for waiter in freed:
            waiter.freed.set()
        for entry in self._script:
            if entry["with"]["fault"] == "pause" and endpoint in ("*", entry["endpoint"]):
                entry["times"] = -1
        return len(freed)

    def paused(self) -> dict[str, int]:
        """Return how many requests are held, by endpoint."""
        return self._gates.counts()

    def _scripted(self, name: str, writes: bool) -> dict[str, Any] | None:
        hit = None
        for place, entry in enumerate(self._script):
            if not _matches(entry["endpoint"], name, writes):
                continue
            self._seen[place] += 1
            if hit is None and _is_due(entry, self._seen[place]):
                hit = entry["with"]
        return hit

    def _rolled(self, name: str, writes: bool) -> dict[str, Any] | None:
        if not self._rates or not _matches(self._endpoint, name, writes):
            return None
        roll, floor = self._dice.random(), 0.0
        if self._limit is not None and len(self.log) >= self._limit:
            return None
        for fault, rate in self._rates.items():
            floor += rate
            if roll < floor:
                useless = fault in IMPORTS_ONLY and not writes
                return None if useless else _parameters(fault, {})
        return None


def _checked(entry: Mapping[str, Any]) -> dict[str, Any]:
    values = {"times": 0 if entry.get("fault") == "pause" else 1, **entry}
    nth = values.pop("nth", 1)
    return {
        "endpoint": values.pop("endpoint", "*"),
        "nth": tuple(nth) if isinstance(nth, (list, tuple)) else (int(nth),),
        "times": int(values.pop("times")),
        "with": _parameters(str(values.pop("fault")), values),
    }


def _parameters(fault: str, given: Mapping[str, Any]) -> dict[str, Any]:
    if fault not in FAULTS:
        raise ValueError(f"no fault {fault}; there are {', '.join(FAULTS)}")
    unknown = set(given) - set(FAULTS[fault])
    if unknown:
        raise ValueError(f"fault {fault} has no parameter {', '.join(sorted(unknown))}")
    for name, value in given.items():
        _check_type(f"{name} of {fault}", value, FAULTS[fault][name])
    return {"fault": fault, **FAULTS[fault], **given}


def _check_type(name: str, value: object, default: object) -> None:
    wanted: tuple[type, ...] = (int, float) if isinstance(default, float) else (type(default),)
    if default is not None and type(value) not in wanted:
        raise ValueError(f"{name} must be of type {wanted[-1].__name__}")


def _matches(wanted: str, name: str, writes: bool) -> bool:
    if wanted in ("writes", "reads"):
        return writes == (wanted == "writes")
    return wanted in ("*", name, name.rpartition("/")[2])


def _is_due(entry: dict[str, Any], seen: int) -> bool:
    times = entry["times"] or 1 << 62
    return any(first <= seen < first + times for first in entry["nth"])
