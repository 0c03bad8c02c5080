"""Data sets that the sandbox can be filled with."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from airflow_provider_ams.sandbox import people
from airflow_provider_ams.sandbox.dump import insert_events, pack_rows
from airflow_provider_ams.sandbox.forms import Form
from airflow_provider_ams.sandbox.records import put_profile
from airflow_provider_ams.sandbox.site import Site

SLEEP_STUDY = Path(__file__).parent / "data" / "sleep_study.csv"
HISTORY_DAYS = 14
ACTIVITIES = ("Run", "Bike", "Row", "Swim")
FORMS: tuple[dict[str, Any], ...] = (
    {
        "id": 301,
        "name": "Training Log",
        "category": "Training",
        "fields": [
            "duration: Number",
            {"name": "intensity", "type": "Dropdown", "options": ["Low", "Medium", "High"]},
            "session_rpe: Number",
            {
                "name": "training_load",
                "type": "Calculation",
                "formula": "{duration} * {session_rpe}",
            },
            "comments: Text",
            "load_7d: Number",
            {"name": "activity", "table": True, "section": "Session details"},
            {"name": "distance_km", "type": "Number", "table": True, "section": "Session details"},
            {"name": "Sex", "type": "Personal Details", "section": "About the athlete"},
            {"name": "Age", "type": "Personal Details", "section": "About the athlete"},
        ],
    },
    {
        "id": 302,
        "name": "Strength Testing",
        "category": "Testing",
        "fields": [
            "session_rpe: Number",
            {"name": "exercise", "table": True, "section": "Lifts"},
            {"name": "load", "type": "Number", "table": True, "section": "Lifts"},
            {"name": "reps", "type": "Number", "table": True, "section": "Lifts"},
        ],
    },
    {
        "id": 303,
        "name": "Athlete Profile",
        "type": "profile",
        "category": "Profiles",
        "fields": [
            "height_cm: Number",
            "weight_kg: Number",
            "position: Text",
            {
                "name": "bmi",
                "type": "Calculation",
                "formula": "round(10000 * {weight_kg} / ({height_cm} * {height_cm}), 1)",
            },
        ],
    },
    {
        "id": 304,
        "name": "Reaction Time",
        "category": "Testing",
        "fields": ["Subject: Text", "Day: Number", "Reaction ms: Number", "Condition: Text"],
    },
    {
        "id": 305,
        "name": "Endurance Session",
        "category": "Training",
        "fields": [
            "Session ID: Text",
            {"name": "Sport", "type": "Dropdown", "options": [*ACTIVITIES]},
            "Minutes: Number",
            "Kilometres: Number",
            "Heart rate: Number",
            {"name": "Lap", "type": "Number", "table": True, "section": "Laps"},
            {"name": "Lap minutes", "type": "Number", "table": True, "section": "Laps"},
            {"name": "Lap kilometres", "type": "Number", "table": True, "section": "Laps"},
            {"name": "Lap heart rate", "type": "Number", "table": True, "section": "Laps"},
        ],
    },
)


def plant(site: Site, name: str, today: date) -> None:
    """Add the data set of that name, its history ending on `today`."""
    if name not in SEEDS:
        raise ValueError(f"seed must be one of {', '.join(SEEDS)}")
    SEEDS[name](site, today)


def subjects() -> list[str]:
    """Return the volunteer numbers of the sleep study in the order of the file."""
    with SLEEP_STUDY.open(encoding="utf-8", newline="") as file:
        return list(dict.fromkeys(row["subject"] for row in csv.DictReader(file)))


def demo(site: Site, today: date) -> None:
    """Plant five forms, one invented athlete per volunteer, and two weeks of training."""
    if site.store.form("Training Log") is not None:
        return
    for form in FORMS:
        options = {key: form[key] for key in ("type", "category") if key in form}
        site.store.put_form(Form.build(form["id"], form["name"], form["fields"], **options))
    athletes = [_athlete(place, subject) for place, subject in enumerate(subjects())]
    staff = {"id": 9002, "username": "head.coach", "staff": True, "groups": ["All Athletes"]}
    left = {"id": 1099, "username": "left.long.ago", "last_name": "Ago", "active": False}
    site.store.put_users(people.complete(site.store, [*athletes, staff, left]))
    profile = site.store.form("Athlete Profile", "profile")
    assert profile is not None
    for place, athlete in enumerate(athletes):
        values = {"height_cm": 160 + place * 2, "weight_kg": 55 + place * 2.5}
        put_profile(site, profile, athlete["id"], pack_rows(values, []), people.API_ACCOUNT_ID)
    insert_events(site, {"events": _history(athletes, today)})


def _athlete(place: int, subject: str) -> dict[str, Any]:
    squad = "Squad A" if place < 9 else "Squad B"
    return {
        "id": 1001 + place,
        "username": f"volunteer.{subject}",
        "first_name": "Volunteer",
        "last_name": f"Number {subject}",
        "known_as": subject,
        "sex": people.SEXES[place % 2],
        "dob": f"{place % 28 + 1:02d}/{place % 12 + 1:02d}/{1995 + place % 8}",
        "groups": ["All Athletes", squad],
    }


def _history(athletes: list[dict[str, Any]], today: date) -> list[dict[str, Any]]:
    events = []
    for back in range(HISTORY_DAYS - 1, -1, -1):
        day = today - timedelta(days=back)
        for place, athlete in enumerate(athletes):
            events.append(_session(athlete["id"], day, back * 7 + place * 3))
    return events


def _session(user_id: int, day: date, number: int) -> dict[str, Any]:
    rpe = 3 + number % 7
    return {
        "form": "Training Log",
        "user": user_id,
        "start_date": day.strftime("%d/%m/%Y"),
        "start_time": f"{7 + number % 4}:{(number % 4) * 15:02d} AM",
        "values": {
            "duration": 30 + number % 13 * 5,
            "intensity": ("Low", "Medium", "High")[(rpe - 3) * 3 // 7],
            "session_rpe": rpe,
            "comments": f"Session {number % 5 + 1} of the block",
        },
        "table": [
            {"activity": ACTIVITIES[number % 4], "distance_km": round(2 + number % 9 * 1.3, 1)}
        ],
    }


SEEDS: dict[str, Callable[[Site, date], None]] = {"demo": demo}
