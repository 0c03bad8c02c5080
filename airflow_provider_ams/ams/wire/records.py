"""What AMS returns, as typed records: nothing beyond the boundary meets raw JSON.

Ids are whole numbers above 0. A text is None where AMS has left it out, and a list is empty: AMS
leaves out members that are empty (docs/wire.md, section 2).
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct, field

from airflow_provider_ams.ams.wire.ids import MAX_ID

Id = Annotated[int, Meta(gt=0, le=MAX_ID)]
# AMS writes -1 for "nobody" in other places.
IdOrNobody = Annotated[int, Meta(ge=-MAX_ID, le=MAX_ID)]
Milliseconds = Annotated[int, Meta(gt=0, le=MAX_ID)]

# The records hold no cycles: without `gc` a million of them do not slow down the collector.


class Pair(Struct, gc=False, frozen=True):
    """A field of a row with its text; AMS keeps every value as text."""

    key: str
    value: str | None = None


class Row(Struct, gc=False):
    """A row of an event or profile: row 0 holds the event-level fields and the first table row."""

    pairs: list[Pair] = []


class Attachment(Struct, gc=False, frozen=True):
    """A file of an event, to be had from a URL."""

    url: str | None = field(name="attachmentUrl", default=None)
    name: str | None = None


class Event(Struct, gc=False, kw_only=True):
    """A stored event; dates and times are the texts that AMS shows."""

    id: Id
    user_id: Id = field(name="userId")
    form: str | None = field(name="formName", default=None)
    start_date: str | None = field(name="startDate", default=None)
    start_time: str | None = field(name="startTime", default=None)
    finish_date: str | None = field(name="finishDate", default=None)
    finish_time: str | None = field(name="finishTime", default=None)
    entered_by: IdOrNobody | None = field(name="enteredByUserId", default=None)
    rows: list[Row] = []
    files: list[Attachment | str] | Attachment | str | None = field(
        name="attachmentUrl", default=None
    )

    @property
    def attachments(self) -> list[Attachment]:
        """The event's files; a URL may stand alone, and a single file without a list."""
        given = self.files if isinstance(self.files, list) else [self.files]
        return [Attachment(f) if isinstance(f, str) else f for f in given if f is not None]


class Profile(Struct, gc=False, kw_only=True):
    """A stored profile record."""

    user_id: Id = field(name="userId")
    id: Id | None = None
    form: str | None = field(name="formName", default=None)
    entered_by: IdOrNobody | None = field(name="enteredByUserId", default=None)
    rows: list[Row] = []


class User(Struct, gc=False, kw_only=True, rename="camel"):
    """A person, as v1 shows them."""

    user_id: Id
    username: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    middle_name: str | None = None
    known_as: str | None = None
    email: str | None = field(name="emailAddress", default=None)
    dob: str | None = None
    sex: str | None = None
    uuid: str | None = None
    organisational_id: int | str | None = None

    @property
    def about(self) -> str:
        """First and last name."""
        return f"{self.first_name or ''} {self.last_name or ''}".strip()


class FormSummary(Struct, gc=False, frozen=True, kw_only=True):
    """A form in AMS's list of forms; only id and name have to be what they are said to be."""

    id: Id
    name: str
    main_category: Any = field(name="mainCategory", default=None)
    is_read_only: Any = field(name="isReadOnly", default=None)
    group_entry_enabled: Any = field(name="groupEntryEnabled", default=None)

    @property
    def category(self) -> str:
        """Where the form is listed."""
        return self.main_category if isinstance(self.main_category, str) else ""

    @property
    def read_only(self) -> bool:
        """AMS says that nobody enters data by it."""
        return self.is_read_only is True

    @property
    def group_entry(self) -> bool:
        """It can be filled in for a whole group."""
        return self.group_entry_enabled is True


class Option(Struct, gc=False, frozen=True):
    """A text that can be chosen: what people see, and all spellings under which AMS knows it."""

    shown: str
    spellings: tuple[str, ...]


class Node(Struct, gc=False, frozen=True, kw_only=True):
    """A page, section, table or item of a form."""

    kind: str
    name: str
    item_type: str
    is_item: bool
    is_table: bool
    required: bool
    instructions: str
    options: tuple[Option, ...]
    children: tuple[Node, ...]


class LoginReply(Struct, frozen=True, kw_only=True):
    """What AMS says of the account that has logged in (no secret is kept)."""

    user_id: int
    username: str | None
    application_id: int | None
    permissions: tuple[str, ...]


# ---------------------------------------------------------------- pages


class SyncPage(Struct, frozen=True):
    """A page of ``synchronise``; `server_time` is epoch milliseconds."""

    events: list[Event]
    deleted_ids: list[int]
    server_time: int
    cursor: str | None


class SearchPage(Struct, frozen=True):
    """A page of ``eventsearch`` or ``filteredeventsearch``."""

    events: list[Event]
    cursor: str | None


class ProfilePage(Struct, frozen=True):
    """The reply of ``profilesearch``."""

    profiles: list[Profile]


class UserPage(Struct, frozen=True):
    """A page of ``usersynchronise``; `server_time` is epoch milliseconds."""

    users: list[User]
    server_time: int
    cursor: str | None


class People(Struct, frozen=True):
    """The reply of ``groupmembers`` or ``currentgroup``."""

    users: list[User]


class Groups(Struct, frozen=True):
    """The reply of ``listgroups``."""

    names: list[str]


class FormList(Struct, frozen=True):
    """The reply of ``forms/summaries``: forms by type."""

    forms: dict[str, list[FormSummary]]
