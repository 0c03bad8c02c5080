"""What the public functions share: client, console, one line when something goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from airflow_provider_ams.ams.client import AMSClient, get_client
from airflow_provider_ams.ams.errors import AMSConfigurationError, AMSError
from airflow_provider_ams.ams.write.outcome import Meter
from airflow_provider_ams.transport import Console, PromptError


class Option(Protocol):
    """What all options have."""

    @property
    def interactive_mode(self) -> bool:
        """Print status lines."""

    @property
    def cache(self) -> bool:
        """Use the client of earlier calls."""


@dataclass(frozen=True)
class Connection:
    """Where to log in, as the public functions are told.

    Parameters
    ----------
    url, username, password : str, optional
        Else the environment, else keyring.
    client : AMSClient, optional
        Use this client, and none of the above.
    """

    url: str | None
    username: str | None
    password: str | None = field(repr=False)
    client: AMSClient | None


@dataclass
class Call:
    """One call of a public function."""

    client: AMSClient
    console: Console
    meter: Meter

    def confirm(self, question: str, what: str, refusal: str) -> None:
        """Ask before something can't be undone.

        Raises
        ------
        AMSConfigurationError
            The answer is no, or there is nobody to ask.
        """
        try:
            agreed = self.console.confirm(question)
        except PromptError:
            raise AMSConfigurationError(
                f"The {what} asks for confirmation, and there is no terminal to ask in.",
                hint="Set require_confirmation=False or interactive_mode=False.",
            ) from None
        if not agreed:
            raise AMSConfigurationError(f"The {what} was called off; {refusal}.")


@contextmanager
def calling(where: Connection, option: Option, failing: str) -> Iterator[Call]:
    """Give a public function its client and console; print the line of what goes wrong.

    Parameters
    ----------
    where : Connection
        Where to log in.
    option : Option
        How the function is to behave.
    failing : str
        How the line begins, such as ``Failed to read events``.
    """
    console = Console(option.interactive_mode)
    try:
        client = where.client or get_client(
            where.url, where.username, where.password, cache=option.cache
        )
        yield Call(client, console, Meter(client))
    except AMSError as error:
        console.failed(f"{failing}: {error.message}")
        raise
