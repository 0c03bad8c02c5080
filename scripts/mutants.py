"""The changes that mutmut makes of a module, and what each of them changes."""

from __future__ import annotations

import ast
import difflib
import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

from mutmut.mutation.file_mutation import MutatedFile, mutate_file_contents

# Two words or more: what a person reads. Keys, codes and formats have no spaces between letters.
_PROSE = re.compile(r"[A-Za-z]\S* \S*[A-Za-z]")


@dataclass(frozen=True)
class Mutant:
    """One change.

    Parameters
    ----------
    module : str
        Path of the module in the project.
    function : str
        The function that is changed, with its class.
    name : str
        What ``MUTANT_UNDER_TEST`` has to be for it.
    reached_by : str
        What mutmut calls the function when it is reached.
    key : str
        Of the changed function's code: the same after changes elsewhere.
    old, new : str
        The changed lines, before and after.
    is_text : bool
        Only the letters of prose differ.
    source : str
        The module with all changes in it.
    """

    module: str
    function: str
    name: str
    reached_by: str
    key: str
    old: str
    new: str
    is_text: bool
    source: str = field(repr=False)


def make_mutants(path: Path, module: str) -> list[Mutant]:
    """Return all changes of a module's functions."""
    made = mutate_file_contents(str(path), path.read_text())
    dotted = module.removesuffix(".py").replace("/", ".")
    return [_describe(made, module, dotted, name) for name in made.mutant_names]


def _describe(made: MutatedFile, module: str, dotted: str, name: str) -> Mutant:
    mangled = name.rpartition("__mutmut_")[0]
    function = mangled.removeprefix("x").replace("ǁ", ".").removeprefix(".")
    function = function if "ǁ" in mangled else function.removeprefix("_")
    before = _source(made, f"{mangled}__mutmut_orig").replace(f"{mangled}__mutmut_orig", "it")
    after = _source(made, name).replace(name, "it")
    lines = list(difflib.ndiff(before.splitlines(), after.splitlines()))
    old, new = (" ".join(x[2:].strip() for x in lines if x[:2] == sign) for sign in ("- ", "+ "))
    key = hashlib.sha256(f"{module}:{function}\n{after}".encode()).hexdigest()[:20]
    return Mutant(
        module=module,
        function=function,
        name=f"{dotted}.{name}",
        reached_by=f"{dotted}.{mangled}",
        key=key,
        old=old,
        new=new,
        is_text=_only_text(before, after),
        source=made.code,
    )


def _source(made: MutatedFile, function: str) -> str:
    span = made.line_span_by_function_name[function]
    return "\n".join(made.code.splitlines()[span.start - 1 : span.end])


def _only_text(before: str, after: str) -> bool:
    """Tell whether the two functions differ in the letters of prose only."""
    old, new = (list(ast.walk(_parsed(source))) for source in (before, after))
    if [type(node) for node in old] != [type(node) for node in new]:
        return False
    pairs = [(a, b) for a, b in zip(old, new, strict=True) if _own(a) != _own(b)]
    return bool(pairs) and all(_is_prose(a, b) for a, b in pairs)


def _parsed(source: str) -> ast.AST:
    indented = source.lstrip("\n").startswith(" ")
    return ast.parse(f"if 1:\n{source}" if indented else source)


def _own(node: ast.AST) -> list[tuple[str, str]]:
    """Return what a node says itself, without the nodes below it."""
    return [
        (key, repr(value))
        for key, value in ast.iter_fields(node)
        if not isinstance(value, (ast.AST, list))
    ]


def _is_prose(old: ast.AST, new: ast.AST) -> bool:
    if not (isinstance(old, ast.Constant) and isinstance(new, ast.Constant)):
        return False
    texts = old.value, new.value
    return all(isinstance(text, str) for text in texts) and bool(_PROSE.search(str(old.value)))
