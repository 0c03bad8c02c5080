"""Every request of an import, hit by every fault, in one process or with a crash after it."""

from __future__ import annotations

import pytest

from tests.ams.faults.harness import held, import_until_green, prepare, sessions, wanted

# 20 requests: login, list of forms, server time, and 17 calls of at most 3 events.
REQUESTS = 20
FAULTS = [
    {"fault": "delay", "seconds": 0.02},
    {"fault": "reset_before"},
    {"fault": "reset_after_commit"},
    {"fault": "hang_after_commit", "seconds": 0.6},
    {"fault": "late_commit", "seconds": 0.6},
    {"fault": "429"},
    {"fault": "429", "retry_after": 1},
    {"fault": "503"},
    {"fault": "500_before"},
    {"fault": "500_after"},
    {"fault": "truncated"},
    {"fault": "cut"},
    {"fault": "html"},
    {"fault": "html", "commit": False},
    {"fault": "empty"},
    {"fault": "empty", "commit": False},
    {"fault": "rpc"},
    {"fault": "rpc", "commit": True},
    {"fault": "session_expired"},
    {"fault": "short_ids"},
    {"fault": "hidden_ids"},
    {"fault": "partial"},
    {"fault": "reject"},
]


def _name(fault: dict) -> str:
    return "-".join(str(v) for v in fault.values())


@pytest.mark.parametrize("crash", [False, True], ids=["same process", "crash and run again"])
@pytest.mark.parametrize("fault", FAULTS, ids=_name)
def test_every_request_survives(fault, crash, faulty_sandbox, tmp_path):
    frame = sessions(51)
    goal = wanted(frame)
    for request in range(1, REQUESTS + 1):
        prepare(faulty_sandbox)
        faulty_sandbox.faults(script=[{"endpoint": "*", "nth": request, **fault}])
        state = tmp_path / f"{request}.json"
        result = import_until_green(faulty_sandbox, frame, state, crash=request if crash else None)
        assert held(faulty_sandbox) == goal, f"request {request}"
        assert result.counts["inserted"] == len(frame), f"request {request}"
        assert faulty_sandbox.fault_log(), f"request {request} was not hit"
