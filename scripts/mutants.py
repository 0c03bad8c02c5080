"""The changes that mutmut makes of a module, and what each of them changes.

mutmut changes functions; here it is made to change decorated ones, too, and the constants of a
module: its tables, bounds and patterns.
"""

from __future__ import annotations

import ast
import difflib
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import libcst as cst
from mutmut.mutation.file_mutation import (
    MutatedFile,
    create_mutations,
    deep_replace,
    mutate_file_contents,
)

# Two words or more: what a person reads. Keys, codes and formats have no spaces between letters.
_PROSE = re.compile(r"[A-Za-z]\S* \S*[A-Za-z]")
_PLAIN = "_undecorated"


@dataclass(frozen=True)
class Mutant:
    """One change.

    Parameters
    ----------
    module : str
        Path of the module in the project.
    function : str
        The function that is changed, with its class; the name of a constant.
    name : str
        What ``MUTANT_UNDER_TEST`` has to be for it; "" for constants.
    reached_by : str
        What mutmut calls the function when it is reached; "" for constants.
    statements : str
        The changed constant, and those below it.
    key : str
        Of the changed code: the same after changes elsewhere.
    old, new : str
        The changed lines, before and after.
    is_text : bool
        Only the letters of prose differ.
    source : str
        The module with all changes in it.
    """

    module: str
    function: str
    key: str
    old: str
    new: str
    is_text: bool
    name: str = ""
    reached_by: str = ""
    statements: str = ""
    source: str = field(default="", repr=False)


def make_mutants(path: Path, module: str) -> list[Mutant]:
    """Return all changes of a module's functions and constants."""
    code = path.read_text()
    plain = cst.parse_module(code).visit(_Undecorated()).code
    made = mutate_file_contents(str(path), plain)
    functions = [_describe(made, module, name) for name in made.mutant_names]
    return [*functions, *_constants(str(path), code, module, made.code)]


class _Undecorated(cst.CSTTransformer):
    """Make ``f = property(f_undecorated)`` of a decorated ``f``: mutmut leaves those alone."""

    def leave_FunctionDef(
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement]:
        decorators = [cst.Module([]).code_for_node(d.decorator) for d in updated_node.decorators]
        if decorators not in (["property"], ["contextmanager"]):
            return updated_node
        name = updated_node.name.value
        plain = updated_node.with_changes(name=cst.Name(name + _PLAIN), decorators=[])
        decorated = cst.parse_statement(f"{name} = {decorators[0]}({name}{_PLAIN})")
        return cst.FlattenSentinel([plain, decorated])


# ---------------------------------------------------------------- functions


def _describe(made: MutatedFile, module: str, name: str) -> Mutant:
    dotted = module.removesuffix(".py").replace("/", ".")
    mangled = name.rpartition("__mutmut_")[0]
    function = mangled.removeprefix("x").replace("ǁ", ".").removeprefix(".")
    function = function if "ǁ" in mangled else function.removeprefix("_")
    before = _source(made, f"{mangled}__mutmut_orig").replace(f"{mangled}__mutmut_orig", "it")
    after = _source(made, name).replace(name, "it")
    old, new = _changed_lines(before, after)
    return Mutant(
        module=module,
        function=function.removesuffix(_PLAIN),
        name=f"{dotted}.{name}",
        reached_by=f"{dotted}.{mangled}",
        key=_key(module, function, after),
        old=old,
        new=new,
        is_text=_only_text(before, after),
        source=made.code,
    )


def _source(made: MutatedFile, function: str) -> str:
    span = made.line_span_by_function_name[function]
    return "\n".join(made.code.splitlines()[span.start - 1 : span.end])


def _changed_lines(before: str, after: str) -> tuple[str, str]:
    lines = list(difflib.ndiff(before.splitlines(), after.splitlines()))
    old, new = (" ".join(x[2:].strip() for x in lines if x[:2] == sign) for sign in ("- ", "+ "))
    return old, new


def _key(module: str, function: str, code: str) -> str:
    return hashlib.sha256(f"{module}:{function}\n{code}".encode()).hexdigest()[:20]


# ---------------------------------------------------------------- constants


def _constants(path: str, code: str, module: str, source: str) -> Iterator[Mutant]:
    """Yield changes of a module's assignments; those below are made anew, as they may use it."""
    tree, mutations, _, _ = create_mutations(path, code)
    loose = [m for m in mutations if m.contained_by_top_level_function is None]
    statements = [s for s in tree.body if _is_assignment(s)]
    codes = [tree.code_for_node(s).strip() for s in statements]
    for number, statement in enumerate(statements):
        for mutation in loose:
            changed = deep_replace(statement, mutation.original_node, mutation.mutated_node)
            assert isinstance(changed, cst.BaseStatement)
            after = tree.code_for_node(changed).strip()
            if after == codes[number]:
                continue
            old, new = _changed_lines(codes[number], after)
            name = _first_name(statement)
            yield Mutant(
                module=module,
                function=name,
                statements="\n".join([after, *codes[number + 1 :]]),
                key=_key(module, name, after),
                old=old,
                new=new,
                is_text=False,  # what a table or a pattern says is no message
                source=source,
            )


def _first_name(statement: cst.CSTNode) -> str:
    code = cst.Module([]).code_for_node(statement)
    lines = (line for line in code.splitlines() if line.strip() and not line.startswith("#"))
    return re.split(r"[^\w]", next(lines))[0]


def _is_assignment(statement: cst.CSTNode) -> bool:
    return isinstance(statement, cst.SimpleStatementLine) and isinstance(
        statement.body[0], (cst.Assign, cst.AnnAssign)
    )


# ---------------------------------------------------------------- prose


def _only_text(before: str, after: str) -> bool:
    """Tell whether two pieces of code differ in the letters of prose only."""
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
