"""What nobody knows about replies: empty members, ids as text, errors."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_ams.sandbox.dialect.choices import choice, flag

TOPIC = "replies"


@dataclass(frozen=True, repr=False)
class ReplyDialect:
    """Say what replies look like, whatever they are about."""

    empty_members: str = choice(
        "absent",
        *("[]", "null"),
        doc="Empty lists and cursors in v1 replies are left out, `[]` and null, or all null.",
        topic="empty members",
    )
    empty_body_when_no_rows: bool = flag(
        False, doc="Searches without a match answer 200 with an empty body.", topic="no rows"
    )
    event_ids: str = choice("int", "text", doc="Event and profile ids on read.", topic=TOPIC)
    user_ids: str = choice("int", "text", doc="User ids in v1 replies.", topic=TOPIC)
    reply_ids: str = choice("int", "text", doc="`ids` in the replies of imports.", topic=TOPIC)
    v1_errors: str = choice(
        "rpc",
        "error",
        doc='A v1 call refused with HTTP 200 answers an RPC exception, or `{"error": text}`.',
        topic="errors",
    )
    result_as_text: bool = flag(
        False, doc="`result` of eventsimport is JSON in a text.", topic="bulk import", odds=0.1
    )
    unprocessable_body: str = choice(
        "json", "html", doc="The body of a 422 of an import.", topic="errors"
    )
    expired_session: str = choice(
        "401", "403", "rpc", doc="The answer to a token that is dead.", topic="sessions", odds=0.3
    )
    wrong_site: str = choice(
        "rpc",
        *("500", "404"),
        doc="The answer to a site that is not there, in the path of a call.",
        topic="errors",
    )
    profile_ids: bool = flag(True, doc="profileimport answers `ids`.", topic="profiles")
