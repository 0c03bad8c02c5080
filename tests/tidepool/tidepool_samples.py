"""Rows to send."""

from __future__ import annotations


def sample_rows(count, start=0):
    return [
        {
            "text": f"message {at}",
            "timestamp": f"2023-08-{at % 28 + 1:02d}T21:26:{at % 60:02d}.302Z",
            "user_id": f"user-{at % 7}" if at % 3 else "",
        }
        for at in range(start, start + count)
    ]
