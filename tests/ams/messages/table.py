"""A table of mistakes, and the whole message that each of them is answered with."""

from __future__ import annotations

import re
import socket

import pandas as pd

from airflow_provider_ams.ams import AMSClient
from tests.ams import ams_site
from tests.ams.ams_site import ZONE, Ticker

# Name -> (what a person does, the message). In a message stand {folder} for the folder of its
# files, and {port} for one at which nobody listens.
MISTAKES = {}
# Cells that messages may repeat: options of the form, and what stands for no value.
OWN_WORDS = {"High", "True", "False", "nan", "None"}


def mistake(message):
    """Enter what the decorated function does, with the message that is to come of it."""

    def enter(act):
        assert act.__name__ not in MISTAKES
        MISTAKES[act.__name__] = act, message
        return act

    return enter


class Desk:
    """Where mistakes are made: a site, a folder, and a note of all values that were handed in."""

    def __init__(self, sandbox, folder, monkeypatch):
        self.sandbox, self.folder, self.monkeypatch = sandbox, folder, monkeypatch
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.port = taken.getsockname()[1]
        self.values = {sandbox.password}
        self._clients = []
        self.client = self.connect()

    def connect(self, url=None, user=None, pw=None, **settings):
        """Make a client of the sandbox, or of something else."""
        self.values |= {pw} - {None}
        password = pw or self.sandbox.password
        client = AMSClient(
            url or self.sandbox.url,
            user or self.sandbox.username,
            password,
            **{"timezone": ZONE, "clock": Ticker().clock(), **settings},
        )
        self._clients.append(client)
        return client

    def close(self):
        for client in self._clients:
            client.close()

    def file(self, name, content):
        """Write a file; its cells below the first line are values."""
        path = self.folder / name
        content = content if isinstance(content, bytes) else content.encode()
        path.write_bytes(content)
        below = content.decode("latin-1").partition("\n")[2]
        self.values |= set(re.findall(r"[\w.,@]{4,}", below))
        return path

    def insert(self, frame, *form, **option):
        return ams_site.insert(self.client, self._noted(frame), *form, **option)

    def update(self, frame, *form, **option):
        return ams_site.update(self.client, self._noted(frame), *form, **option)

    def upsert(self, frame, *form, **option):
        return ams_site.upsert(self.client, self._noted(frame), *form, **option)

    def _noted(self, frame):
        if isinstance(frame, pd.DataFrame):
            cells = [str(cell) for column in frame.to_numpy().T for cell in column]
            labels = [label for label in frame.index if isinstance(label, str)]
            self.values |= {cell for cell in (*cells, *labels) if len(cell) > 2} - OWN_WORDS
        return frame

    def said(self, error):
        """Return a message with placeholders for what differs from run to run."""
        text = str(error).replace(str(self.folder), "{folder}")
        return text.replace(f"127.0.0.1:{self.port}", "127.0.0.1:{port}")
