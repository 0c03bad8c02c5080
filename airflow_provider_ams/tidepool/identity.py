"""Ids that a row keeps over re-runs and copies: made from its content and its occurrence."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Sequence
from uuid import NAMESPACE_URL, uuid5

import orjson

from airflow_provider_ams.tidepool.sources.chunk import Chunk
from airflow_provider_ams.tidepool.values import canonical

DERIVED = ("id", "session_id", "user_id")
NAMESPACE = uuid5(NAMESPACE_URL, "https://pypi.org/project/airflow-provider-ams/tidepool")

_VARIANT = {char: f"{int(char, 16) & 3 | 8:x}" for char in "0123456789abcdef"}
_DIGEST_SIZE = 16


class Occurrences:
    """Count how often each row content was seen, in 16 to 24 bytes for each distinct row.

    An open-addressing table of 64-bit digests; only rows that do repeat cost more. Two contents
    with the same 64 bits would share a count, which changes an id but never makes two equal.
    """

    def __init__(self) -> None:
        self._table = array("Q", bytes(8 << 12))
        self._used = 0
        self._repeats: dict[int, int] = {}

    def number(self, keys: Sequence[int]) -> list[int]:
        """Return for each digest, in order, how often it came before."""
        if (self._used + len(keys)) * 3 > len(self._table) * 2:
            self._grow(len(keys))
        table, mask, numbers = self._table, len(self._table) - 1, []
        for key in keys:
            key = key or 1  # 0 marks a free place
            at = key & mask
            while (there := table[at]) and there != key:
                at = (at + 1) & mask
            if there:
                numbers.append(self._repeat(key))
            else:
                table[at] = key
                self._used += 1
                numbers.append(0)
        return numbers

    def _repeat(self, key: int) -> int:
        self._repeats[key] = count = self._repeats.get(key, 0) + 1
        return count

    def _grow(self, more: int) -> None:
        size = len(self._table)
        while (self._used + more) * 3 > size * 2:
            size *= 2
        table, mask = array("Q", bytes(8 * size)), size - 1
        for key in self._table:
            if key:
                at = key & mask
                while table[at]:
                    at = (at + 1) & mask
                table[at] = key
        self._table = table


def format_uuid(digest: str, version: str) -> str:
    """Return the UUID of a version that a digest in hex stands for, as RFC 4122 lays it out."""
    return (
        f"{digest[:8]}-{digest[8:12]}-{version}{digest[13:16]}"
        f"-{_VARIANT[digest[16]]}{digest[17:20]}-{digest[20:32]}"
    )


class ContentIds:
    """Make ids as ``uuid5(NAMESPACE, "<content digest>:<occurrence>:<field>")``.

    The content digest is BLAKE2b (16 bytes, hex) over all columns in the order of their names, so
    neither the order of columns nor batch size, calls in flight or mapping changes an id.
    """

    def __init__(self) -> None:
        self._occurrences = Occurrences()

    def bases(self, chunk: Chunk) -> list[str]:
        """Return what the ids of each row are made from; call it for every chunk, in order."""
        names = sorted(chunk.columns)
        prefix = hashlib.blake2b(orjson.dumps(names), digest_size=_DIGEST_SIZE)
        digests = []
        columns = [chunk.columns[name] for name in names]
        rows = zip(*columns, strict=True) if columns else [()] * len(chunk)
        for row in canonical(rows):
            state = prefix.copy()
            state.update(row)
            digests.append(state.digest())
        keys = array("Q", b"".join(digests))[::2]
        numbers = self._occurrences.number(keys)
        return [f"{digest.hex()}:{number}" for digest, number in zip(digests, numbers, strict=True)]

    def make(self, bases: Sequence[str], field: str) -> list[str]:
        """Return one id for each base."""
        space, sha1 = hashlib.sha1(NAMESPACE.bytes, usedforsecurity=False), []
        for base in bases:
            state = space.copy()
            state.update(f"{base}:{field}".encode())
            sha1.append(format_uuid(state.hexdigest(), "5"))
        return sha1


class RandomIds:
    """Make ids that look and are as random as the salt, and come back with the same salt.

    Parameters
    ----------
    salt : str
        Random text; the journal keeps it so that a batch can be sent again with its ids.
    """

    def __init__(self, salt: str) -> None:
        self._salt = salt

    def bases(self, chunk: Chunk) -> list[str]:
        """Return what the ids of each row are made from: salt and row number."""
        return [f"{self._salt}:{chunk.start + at}" for at in range(len(chunk))]

    def make(self, bases: Sequence[str], field: str) -> list[str]:
        """Return one id for each base."""
        return [
            format_uuid(hashlib.sha256(f"{base}:{field}".encode()).hexdigest(), "4")
            for base in bases
        ]
