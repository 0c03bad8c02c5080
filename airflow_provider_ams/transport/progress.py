"""What an interactive user sees: status lines, a progress bar, a question."""

from __future__ import annotations

import sys

from tqdm import tqdm


class PromptError(RuntimeError):
    """A question can't be asked because nobody is there to answer."""


class Bar(tqdm):  # type: ignore[type-arg] # not a generic class at run time
    """A progress bar to use in a ``with`` block; `update` moves it on."""

    def add(self, n: int) -> None:
        """Move on by n units."""
        self.update(n)


class Console:
    """Print status lines if somebody is watching, and ask before something is overwritten.

    Parameters
    ----------
    interactive : bool
        False: print nothing, ask nothing.
    """

    def __init__(self, interactive: bool) -> None:
        self.interactive = interactive

    def info(self, text: str) -> None:
        """Print an information line."""
        self._line("ℹ", text)

    def done(self, text: str) -> None:
        """Print a success line."""
        self._line("✔", text)

    def failed(self, text: str) -> None:
        """Print a failure line."""
        self._line("✖", text)

    def warn(self, text: str) -> None:
        """Print a warning line, on stderr: it is no part of what was asked for."""
        if self.interactive:
            print(f"⚠ {text}", file=sys.stderr)

    def bar(self, total: int | None, unit: str) -> Bar:
        """Return a progress bar, shown to who watches; a total of None is not known yet."""
        shown = self.interactive and total != 0
        return Bar(total=total, unit=unit, disable=not shown, leave=False)

    def confirm(self, question: str) -> bool:
        """Ask a yes/no question.

        Raises
        ------
        PromptError
            There is no terminal and no notebook to ask in, or nobody answers.
        """
        if not (sys.stdin is not None and sys.stdin.isatty()) and "ipykernel" not in sys.modules:
            raise PromptError(question)
        try:
            return input(f"{question} (y/n): ").strip().lower() in ("y", "yes")
        except EOFError:
            raise PromptError(question) from None

    def _line(self, sign: str, text: str) -> None:
        if self.interactive:
            print(f"{sign} {text}")
