"""Take the code blocks and their outputs out of the vignette, whose layout was lost in places."""

from __future__ import annotations

import ast
import re
import textwrap
from dataclasses import dataclass, field

_IMPORT = re.compile(r"^from teamworksams(\.\w+)? import", re.M)
_CODE = re.compile(
    r"^(import |from |load_dotenv|[a-z_]+\s*=\s|[a-z_]+\[\"|(insert|update|upsert)_\w+\()"
)
_STATUS = re.compile(r"^(ℹ|✔|✖|⚠|AMSError:|Are you sure)")


@dataclass
class Block:
    """Code as it stands in the document, the heading above it, and the output shown for it."""

    line: int
    heading: str
    code: str
    output: list[str] = field(default_factory=list)

    @property
    def runnable(self) -> str:
        """The code with this package's imports."""
        return _IMPORT.sub("from airflow_provider_ams.ams import", self.code)


def _parses(code: str) -> bool:
    try:
        ast.parse(code)
    except SyntaxError:
        return False
    return True


def _whole(lines: list[str], start: int) -> int:
    """Return the end of the longest run of lines from `start` on that is Python."""
    best = start
    indent = len(lines[start]) - len(lines[start].lstrip())
    for end in range(start + 1, len(lines) + 1):
        line = lines[end - 1]
        shallow = line.strip() and len(line) - len(line.lstrip()) < indent
        if shallow or _STATUS.match(line.strip()) or line.strip() in ("Output:", ".env#"):
            break
        code = textwrap.dedent("\n".join(lines[start:end]))
        if line.strip() and _parses(code) and _starts_code(lines[best:end]):
            best = end
    return best


def _starts_code(added: list[str]) -> bool:
    # A single word of prose parses as well; a line that opens what was added must look like code.
    first = next(line for line in added if line.strip())
    return bool(_CODE.match(first.strip())) or first.strip() in ")]}"


def blocks(text: str) -> list[Block]:
    """Return all code blocks in order; lines of prose between two of them part them."""
    # What an ellipsis in a call stands for is filled in by who runs the block.
    text = text.replace("(..., ", "(**rest, ").replace(", ...)", ", **rest)")
    lines = text.splitlines()
    found: list[Block] = []
    heading, number, shown = "", 0, False
    while number < len(lines):
        line = lines[number].strip()
        if line.endswith("#") and len(line) < 40:
            heading = line.rstrip("#")
        if _CODE.match(line) and (end := _whole(lines, number)) > number:
            code = textwrap.dedent("\n".join(lines[number:end]))
            found.append(Block(number + 1, heading, code))
            number = end
            continue
        if line:
            shown = line == "Output:" or (shown and bool(_STATUS.match(line)))
        if shown and _STATUS.match(line):
            found[-1].output.append(line)
        number += 1
    return found


def messages(text: str) -> list[str]:
    """Return the error messages that the document promises, without class name and ellipsis."""
    found = re.findall(r"^\s*AMSError: (.*?)\.{3}\s*$", text, re.M)
    return list(dict.fromkeys(found))
