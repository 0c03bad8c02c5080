"""What Airflow asks the provider about itself; every Airflow command runs it, so no imports."""

from __future__ import annotations

from typing import Any

from airflow_provider_ams import __version__


def get_provider_info() -> dict[str, Any]:
    """Describe the provider: its modules, connection types and their forms."""
    return {
        "package-name": "airflow-provider-ams",
        "name": "Teamworks AMS and Tidepool",
        "description": "Move athlete data between Teamworks AMS (formerly Smartabase), Tidepool "
        "and everything else.",
        "versions": [__version__],
        "integrations": [
            _integration("Teamworks AMS", "https://teamworks.com/ams/"),
            _integration("Tidepool", "https://docs.tidepool.so/"),
        ],
        "hooks": _modules("hooks"),
        "operators": _operators(),
        "extra-links": [
            "airflow_provider_ams.links.sites.AmsSiteLink",
            "airflow_provider_ams.links.dead_letters.DeadLettersLink",
        ],
        "connection-types": [_AMS, _TIDEPOOL],
        "config": {"ams": {"description": "Teamworks AMS operators.", "options": _OPTIONS}},
    }


def _integration(name: str, url: str) -> dict[str, Any]:
    return {"integration-name": name, "external-doc-url": url, "tags": ["service"]}


def _modules(kind: str) -> list[dict[str, Any]]:
    return [
        {
            "integration-name": integration,
            "python-modules": [f"airflow_provider_ams.{kind}.{module}"],
        }
        for integration, module in (("Teamworks AMS", "ams"), ("Tidepool", "tidepool"))
    ]


def _operators() -> list[dict[str, Any]]:
    modules = _modules("operators")
    rooms = ("events", "writes", "profiles", "people", "plans", "approval", "mirrors", "deletes")
    modules[0]["python-modules"] += [f"airflow_provider_ams.operators.{room}" for room in rooms]
    return modules


def _field(
    label: str, description: str, kind: str = "string", minimum: float | None = None
) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": [kind, "null"]}
    if minimum is not None:
        schema["minimum"] = minimum
    return {"label": label, "description": description, "schema": schema}


_AMS = {
    "connection-type": "ams",
    "hook-class-name": "airflow_provider_ams.hooks.ams.AmsHook",
    "hook-name": "Teamworks AMS",
    "ui-field-behaviour": {
        "hidden-fields": ["schema", "port"],
        "relabeling": {"host": "URL with site", "login": "Username", "password": "Password"},
        "placeholders": {"host": "https://example.smartabase.com/site", "login": "api.account"},
    },
    "conn-fields": {
        "timezone": _field(
            "Time zone",
            "The site's time zone, an IANA name: decides what 'now' and 'today' are.",
        ),
        "batch_size": _field(
            "Batch size", "Events in one import call; 25 if empty.", kind="integer", minimum=1
        ),
        "connect_timeout": _field(
            "Connect time-out [s]", "10 if empty.", kind="number", minimum=0.1
        ),
        "read_timeout": _field("Read time-out [s]", "120 if empty.", kind="number", minimum=0.1),
        "deadline": _field(
            "Deadline [s]",
            "For one request and its whole reply; 600 if empty.",
            kind="number",
            minimum=0.1,
        ),
        "max_reply_bytes": _field(
            "Largest reply [bytes]", "Once unpacked; 256 MiB if empty.", kind="integer", minimum=1
        ),
        "app_id": _field("App id", "What AMS logs as the source; airflow-provider-ams if empty."),
        "ca_bundle": _field(
            "CA bundle",
            "Path of a PEM file to check the server's certificate with, on the worker.",
        ),
    },
}

_TIDEPOOL = {
    "connection-type": "tidepool",
    "hook-class-name": "airflow_provider_ams.hooks.tidepool.TidepoolHook",
    "hook-name": "Tidepool",
    "ui-field-behaviour": {
        "hidden-fields": ["schema", "port", "login"],
        "relabeling": {"host": "API base URL", "password": "API key"},
        "placeholders": {"host": "https://shoreline.tidepool.so/api/v1/events"},
    },
    "conn-fields": {
        "connect_timeout": _field(
            "Connect time-out [s]", "10 if empty.", kind="number", minimum=0.1
        ),
        "read_timeout": _field("Read time-out [s]", "120 if empty.", kind="number", minimum=0.1),
        "deadline": _field(
            "Deadline [s]",
            "For one request and its whole reply; 600 if empty.",
            kind="number",
            minimum=0.1,
        ),
        "max_reply_bytes": _field(
            "Largest reply [bytes]", "Once unpacked; 256 MiB if empty.", kind="integer", minimum=1
        ),
        "ca_bundle": _field(
            "CA bundle",
            "Path of a PEM file to check the server's certificate with, on the worker.",
        ),
    },
}

_OPTIONS = {
    "state_path": {
        "description": "Folder where imports note how far they have come, local or any "
        "ObjectStoragePath, for Airflow below 3.3 (newer ones keep it themselves).",
        "version_added": "0.1.0",
        "type": "string",
        "example": "s3://bucket/ams-state",
        "default": None,
    },
    "dead_letter_path": {
        "description": "Folder for the rows that did not land, of tasks without a "
        "dead_letter_path of their own, local or any ObjectStoragePath; a template, with a file "
        "for each try: <dag>/<task>/<run>-<map index>-try<n>.csv. Without it, positions and "
        "reasons of these rows are in the XCom entry 'rejected'.",
        "version_added": "0.1.0",
        "type": "string",
        "example": "s3://bucket/dead-letters/{{ ds }}",
        "default": None,
    },
    "plan_key": {
        "description": "Secret that plan files are sealed with, 16 characters or more, so that "
        "only a plan made here is applied; several, separated by commas, while one takes the "
        "other's place. All workers need the same. Without it, [core] fernet_key.",
        "version_added": "0.1.0",
        "type": "string",
        "sensitive": True,
        "example": None,
        "default": None,
    },
}
