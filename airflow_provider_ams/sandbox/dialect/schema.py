"""What nobody knows about form schemas: how tables, item types and options are spelled."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_ams.sandbox.dialect.choices import choice, flag

TOPIC = "forms"


@dataclass(frozen=True, repr=False)
class SchemaDialect:
    """Say how ``GET /api/v3/forms/{type}/{id}`` describes a form."""

    table_mark: str = choice(
        "item:Table",
        "node:FormTable",
        "node:Table",
        "flag:table",
        "flag:isTable",
        "flag:multiRow",
        "flag:allowMultipleRows",
        "nested:item",
        "nested:set",
        "none",
        doc="How a table is marked: an item with that formItemType, a node of that type, a member"
        " that is true, columns nested one level deeper without a mark, or not at all.",
        topic=TOPIC,
        odds=0.7,
        free=True,
    )
    table_flag_on: str = choice(
        "set", "column", doc="Which node carries the flag of `table_mark`.", topic=TOPIC
    )
    text_type: str = choice(
        "Text",
        *("Text Box", "Free Text", "Paragraph", "TextField", "Text Area", "Short Text"),
        *("Long Text", "String", "text", "TEXT", "Body Map", "xyz-17"),
        doc="The formItemType of text.",
        topic=TOPIC,
        free=True,
    )
    number_type: str = choice(
        "Number",
        *("Numeric", "NumberField", "Decimal", "Number Box", "Integer", "Double"),
        *("Numeric Entry", "number", "NUMBER", "Slider", "Rating Scale", "xyz-18"),
        doc="The formItemType of numbers.",
        topic=TOPIC,
        free=True,
    )
    date_type: str = choice(
        "Date",
        *("Date Picker", "DateField", "Date Box", "Calendar Date", "Date Selection"),
        *("Date Entry", "Day", "date", "DATE", "Date Only", "xyz-19"),
        doc="The formItemType of dates.",
        topic=TOPIC,
        free=True,
    )
    time_type: str = choice(
        "Time",
        *("Time Picker", "TimeField", "Time Box", "Time of Day", "Clock", "Time Selection"),
        *("Time Entry", "time", "TIME", "Time Only", "xyz-20"),
        doc="The formItemType of times of day.",
        topic=TOPIC,
        free=True,
    )
    date_time_type: str = choice(
        "Date Time",
        *("DateTime", "Date & Time", "Date and Time", "DateTimeField", "Timestamp"),
        *("Date/Time", "Date Time Picker", "datetime", "DATETIME", "Moment", "xyz-21"),
        doc="The formItemType of dates with a time.",
        topic=TOPIC,
        free=True,
    )
    duration_type: str = choice(
        "Duration",
        *("Time Duration", "DurationField", "Elapsed Time", "Stopwatch", "Time Span"),
        *("Time Interval", "Length of Time", "Duration Box", "duration", "DURATION", "xyz-22"),
        doc="The formItemType of durations.",
        topic=TOPIC,
        free=True,
    )
    dropdown_type: str = choice(
        "Dropdown",
        *("Drop Down", "Drop-down", "DropDown", "Dropdown List", "Select", "List Box"),
        *("Combo Box", "Option", "Single Choice", "dropdown", "xyz-23"),
        doc="The formItemType of dropdown lists.",
        topic=TOPIC,
        free=True,
    )
    single_choice_type: str = choice(
        "Single Selection",
        *("Single Select", "SingleSelection", "Radio Buttons", "Radio", "Single Option"),
        *("Choose One", "Pick One", "Single Choice", "Option Buttons", "Traffic Light", "xyz-24"),
        doc="The formItemType of single choices.",
        topic=TOPIC,
        free=True,
    )
    multiple_choice_type: str = choice(
        "Multiple Selection",
        *("Multiple Select", "Multi Select", "MultiSelect", "Multi-Selection", "Checkboxes"),
        *("Checkbox List", "Multiple Choice", "Multiple Options", "Choose Many", "xyz-25"),
        doc="The formItemType of multiple choices.",
        topic=TOPIC,
        free=True,
    )
    file_type: str = choice(
        "File Upload",
        *("File", "Upload", "Attachment", "FileUpload", "Document", "Document Upload"),
        *("File Attachment", "Image", "Media", "Video Upload", "xyz-26"),
        doc="The formItemType of files.",
        topic=TOPIC,
        free=True,
    )
    boolean_type: str = choice(
        "Boolean",
        *("Checkbox", "Check Box", "Yes/No", "Yes No", "Tick Box", "Toggle", "Switch"),
        *("True/False", "checkbox", "Flag", "xyz-27"),
        doc="The formItemType of yes or no.",
        topic=TOPIC,
        free=True,
    )
    derived_types: str = choice(
        "documented",
        *("joined", "lower", "upper", "with field"),
        doc="How the documented names of calculated, linked and personal items are spelled:"
        " History Calculation, HistoryCalculation, history calculation, HISTORY_CALCULATION,"
        " History Calculation Field.",
        topic=TOPIC,
        odds=0.3,
    )
    option_shape: str = choice(
        "text",
        *("id+label", "value+label", "id+name", "name", "text member"),
        doc="An option is a text, or an object with these members.",
        topic=TOPIC,
    )
    empty_form_types: str = choice(
        "null", "[]", "absent", doc="A type without forms in the summaries.", topic=TOPIC
    )
    schemas_have_scores: bool = flag(
        True, doc="Items with options carry `scores`.", topic=TOPIC, odds=0.3
    )
