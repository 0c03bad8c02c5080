"""A file's bytes, and what is told if they can't be had."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from airflow_provider_ams.ams.errors import AMSInputError
from airflow_provider_ams.transport.files import FileProblem, Location

# How files begin that have been given a wrong ending.
_MAGIC = (
    (b"PK\x03\x04", "an Excel workbook or another zip file", "name a workbook .xlsx"),
    (b"\xd0\xcf\x11\xe0", "an older Excel file (.xls)", "save it as .xlsx"),
    (b"\x1f\x8b", "a gzip file", "give its name the ending .gz"),
    (b"PAR1", "a Parquet file", "name it .parquet"),
    (b"%PDF", "a PDF file", "give a table"),
    (b"\x89PNG", "a picture", "give a table"),
)


@contextmanager
def opened(location: Location) -> Iterator[IO[bytes]]:
    """Open a file to read; what is packed comes unpacked.

    Raises
    ------
    FileProblem
        It can't be opened, or its storage fails half way.
    AMSInputError
        It is packed, and not whole.
    """
    with location.open() as file:
        try:
            yield file
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise AMSInputError(
                f"{location.name} is no whole gzip file: copy it again, or drop the ending .gz."
            ) from None
        except OSError as error:
            what = f"{location.name} can't be read: {type(error).__name__}"
            raise FileProblem(what) from None


def refuse_other_formats(begins: bytes, name: str) -> None:
    """Refuse a text file that begins as files of another kind do.

    Raises
    ------
    AMSInputError
        Says what it seems to be.
    """
    for magic, what, remedy in _MAGIC:
        if begins.startswith(magic):
            raise AMSInputError(f"{name}, line 1: this is no text but {what}: {remedy}.")
