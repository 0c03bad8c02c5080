"""What nobody knows about values: in which texts they come back."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_ams.sandbox.dialect.choices import choice, flag

TOPIC = "values on read"
TIMES = ("h:mm AM", "hh:mm AM", "h:mm am", "HH:mm", "HH:mm:ss")


@dataclass(frozen=True, repr=False)
class ValueDialect:
    """Say how values that were stored are written when they are read."""

    event_times: str = choice(
        *TIMES,
        doc="An event's own times: 9:00 AM, 09:00 AM, 9:00 am, 09:00, 09:00:00.",
        topic=TOPIC,
    )
    time_fields: str = choice(*TIMES, doc="Time fields, in the same forms.", topic=TOPIC)
    date_fields: str = choice(
        "ms utc",
        *("ms site", "ms moment", "yyyy-MM-dd", "dd/MM/yyyy"),
        doc="Date fields: epoch milliseconds of midnight in UTC or in the site's zone, of some"
        " moment of that day in UTC, or a text.",
        topic=TOPIC,
    )
    duration_fields: str = choice(
        "ms",
        *("s", "H:mm:ss"),
        doc="Durations. A plain number that is written counts in the unit in which it is read,"
        " in milliseconds when that is a text.",
        topic=TOPIC,
    )
    number_text: str = choice(
        "java",
        *("java point", "plain"),
        doc="Numbers as Java writes a double (1.0E7 but 5), with .0 behind whole numbers as well,"
        " or always plain decimals.",
        topic=TOPIC,
    )
    line_break: str = choice(
        "<br>",
        *("<br/>", "<br />", "< br/>", "\n", "\r\n"),
        doc="A line break in long text.",
        topic=TOPIC,
    )
    multiple_separator: str = choice(
        ", ",
        *(",", ";", "; ", "|", "\n"),
        doc="What stands between the options of a multiple choice. On writing all of them are"
        " understood, on a strict site this one alone.",
        topic=TOPIC,
    )
    boolean_fields: str = choice(
        "as written",
        *("true/false", "1/0", "Yes/No"),
        doc="Fields that are yes or no.",
        topic=TOPIC,
    )
    file_fields: str = choice(
        "id and name", "name", "absent", doc="The value of a file field.", topic="files"
    )
    attachment_urls: str = choice(
        "list",
        *("text", "search only", "none"),
        doc="`attachmentUrl` of events with files: a list, one address as text, a list in"
        " eventsearch only, or missing.",
        topic="files",
    )
    row_layout: str = choice(
        "merged",
        "separate",
        doc="Row 0 holds the first table row too, or event-level fields alone.",
        topic="rows",
        odds=0.3,
    )
    extra_fields: str = choice(
        "of the form",
        *("more", "none"),
        doc="Personal details on an event: those that its form holds, First Name, Last Name, Sex,"
        " DOB and Age on every event, or none.",
        topic=TOPIC,
    )
    hide_start_fields: bool = flag(
        False,
        doc="A form's own fields `Date` and `Time` are missing when they equal the start.",
        topic=TOPIC,
    )
