"""Sample DAG: a folder of files as people send them, into one event form.

Each file has its own names of columns, separator, encoding and spelling of dates; `SOURCES` says
what can't be found out. Good rows land. Rows that can't be sent are explained in the task's log and
kept as dead letters, in a file that can be mended and put into the folder in place of the first
one. A file that can't be read at all is red, by itself.

Sessions are found again by person, date and start: running again sends only what has changed.
"""

from __future__ import annotations

import pendulum
from airflow.providers.common.compat.sdk import Param, dag, task

from airflow_provider_ams.operators.ams import AmsUpsertEventDataOperator

# What a file's name does not have to say twice: the beginning of its name tells who has sent it.
SOURCES = {
    "academy": {
        "columns": {
            "date": "start_date",
            "start": "start_time",
            "minutes": "duration",
            "rpe": "session_rpe",
            "comment": "comments",
        }
    },
    "physio": {
        "encoding": "cp1252",
        "columns": {
            "Athlet": "username",
            "Datum": "start_date",
            "Beginn": "start_time",
            "Dauer": "duration",
            "RPE": "session_rpe",
            "Bemerkung": "comments",
        },
    },
    "watches": {"table_fields": ["laps"]},
}


@dag(
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    params={
        "inbox": Param(None, type=["null", "string"], description="Folder; made examples if empty"),
        "dead_letters": Param(
            None, type=["null", "string"], description="Folder for rows that did not land"
        ),
    },
    default_args={"owner": "sport-science"},
    description="A folder of odd files into one form; what can't be sent is explained and kept",
    doc_md=__doc__,
    tags=["ams", "events", "files"],
)
def messy_csv_import():
    """Find the files, send each, report."""

    @task
    def find_files(params=None):
        return each_file(params["inbox"], params["dead_letters"])

    @task(trigger_rule="all_done")
    def report(ti=None):
        files = ti.xcom_pull(task_ids="find_files")
        numbers = range(len(files))
        results = ti.xcom_pull(task_ids="upsert_event_data", map_indexes=numbers)
        for line in outcome(files, results):
            print(line)

    files = find_files()
    upsert = AmsUpsertEventDataOperator.partial(
        task_id="upsert_event_data",
        form="Training Log",
        id_col="username",
        key=["start_date", "start_time"],
        tolerance="all",
    ).expand_kwargs(files)
    upsert >> report()


def each_file(inbox, dead_letters):
    """Return, for each file of the folder, how it is to be sent."""
    from pathlib import Path

    folder = Path(inbox or Path(__file__).parent / "inbox")
    calls = []
    for path in sorted(p for p in folder.iterdir() if p.is_file()):
        source = path.name.split(".")[0]
        call = {"data": str(path), **SOURCES.get(source, {})}
        if dead_letters:
            kind = ".jsonl" if ".jsonl" in path.name else ".csv"
            call["dead_letter_path"] = str(Path(dead_letters) / f"{source}{kind}")
        calls.append(call)
    return calls


def outcome(files, results):
    """Return a line for each file: how many of its rows landed, and how many did not."""
    for call, result in zip(files, results, strict=True):
        name = call["data"].rsplit("/")[-1]
        if result is None:
            yield f"{name}: could not be sent; its own task's log says why"
            continue
        landed = ", ".join(f"{result[w]} {w}" for w in ("inserted", "updated", "unchanged"))
        yield f"{name}: {landed}, {result['rejected']} rejected, {result['unknown']} unknown"


messy_csv_import()
