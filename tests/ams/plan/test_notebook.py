"""What a terminal and a notebook show of plans, reports and results: values only if asked for."""

from __future__ import annotations

import unicodedata
from html.parser import HTMLParser

import pandas as pd
import pytest

from airflow_provider_ams.ams import PlanOption, plan_event_data, validate_event_data
from airflow_provider_ams.ams.problems import ERROR, Finding
from airflow_provider_ams.ams.reasons import failed_frame
from airflow_provider_ams.ams.results import DeleteResult, ImportResult
from airflow_provider_ams.ams.validate.report import ValidationReport
from tests.ams.ams_site import LOG, insert, log, read
from tests.ams.plan.test_approval_page import HOSTILE, hostile_plan

TYPED = [text for text in HOSTILE if "\ud800" not in text]  # which no frame holds
TAGS = {"div", "b", "p", "table", "thead", "tbody", "tr", "th", "td"}


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found, self.text = set(), ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.add(tag)
        assert not {name for name, _ in attrs} - {"class", "border", "style"}

    def handle_data(self, data):
        self.text += data


def result_of(text, rows=3):
    frame = rows_of(text, rows)
    lines = [(n, 1001, None, "rejected", "c", text, f"{text} {n}", text) for n in range(1, rows)]
    return ImportResult(text, frame, warnings=[text], failed=failed_frame(lines))


def rows_of(text, rows):
    return pd.DataFrame(
        {
            "status": ["inserted"] + ["rejected"] * (rows - 1),
            "event_id": pd.array(range(rows), dtype="Int64"),
            "reason": [None] + [f"{text} {n}" for n in range(1, rows)],
        },
        index=[f"label of {n}" for n in range(rows)],
    )


def report_of(text, findings=1):
    found = tuple(
        Finding(ERROR, "format", text, f"{text} {n}", [f"label of {n}"], text, [n])
        for n in range(findings)
    )
    return ValidationReport(text, 3, "strict", found)


def deletion_of(text, rows=3):
    return DeleteResult(text, rows_of(text, rows))


MAKERS = [hostile_plan, result_of, report_of, deletion_of]


@pytest.mark.parametrize("text", TYPED)
@pytest.mark.parametrize("make", MAKERS)
def test_a_notebook_takes_no_text_for_more(make, text):
    page = make(text)._repr_html_()
    assert Tags(page).found <= TAGS
    categories = {unicodedata.category(c) for c in page if c != "\n"}
    assert categories.isdisjoint({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@pytest.mark.parametrize("text", TYPED)
def test_nor_does_a_terminal(text, capsys):
    plan = hostile_plan(text)
    plan.show()
    for shown in (str(plan), str(report_of(text)), capsys.readouterr().out):
        assert shown.replace("\n", "").isprintable()


@pytest.mark.parametrize("make", [result_of, report_of, deletion_of])
def test_a_notebook_shows_some_lines_and_how_many_more(make):
    text = Tags(make("Form", 100)._repr_html_()).text
    assert "more lines" in text
    assert len(text) < 20_000


def test_labels_that_may_be_names_are_positions():
    shown = [make("Form")._repr_html_() for make in (result_of, report_of, deletion_of)]
    assert all("label of" not in text for text in shown)
    assert "1 (user 1001)" in shown[0]
    assert "label of" not in str(report_of("Form"))


@pytest.fixture
def plan(client, sandbox):
    """Return a plan with an update, an insert, an unchanged and a rejected row."""
    insert(client, log([5, 6, 7], note=["secret-old", "b", "c"]))
    frame = read(client)[["event_id", "user_id", "start_date", "start_time", "amount", "note"]]
    frame.loc[0, "note"] = "secret-new"
    frame = pd.concat([frame, frame.tail(1).assign(event_id=None), frame.tail(1)])
    frame["amount"] = frame["amount"].astype(object)
    frame.iloc[2, 4] = "secret-number"
    frame.index = pd.Index(["secret-name", "u", "v", "w", "x"])
    option = PlanOption(mode="upsert", interactive_mode=False, validate=True)
    return plan_event_data(frame.iloc[:4], LOG, option=option, client=client)


def test_values_show_in_show_alone(plan, capsys):
    assert plan.counts["update"] == plan.counts["insert"] == plan.counts["reject"] == 1
    quiet = [str(plan), repr(plan), plan._repr_html_(), plan.subject()]
    assert all("secret" not in text for text in quiet)
    assert capsys.readouterr().out == ""
    assert plan.show() is None
    out = capsys.readouterr().out
    assert "secret-old → secret-new" in out or "secret-[old→new]" in out
    assert "secret-name" in out


def test_a_notebook_shows_counts_fields_and_reasons(plan):
    text = Tags(plan._repr_html_()).text
    assert "events that change" in text
    assert "note" in text
    assert "'amount': a value is not a number" in text
    assert "plan.show()" in text


def test_a_report_shows_no_value(client, sandbox):
    frame = log(["secret-number"])
    option = PlanOption(mode="insert", interactive_mode=False)
    report = validate_event_data(frame, LOG, option=option, client=client)
    assert "is not a number" in report._repr_html_()
    assert "secret" not in report._repr_html_()


def test_a_result_shows_counts_and_reasons(client, sandbox):
    result = insert(client, log([1, "x"]), validate=True, tolerance=1)
    text = Tags(result._repr_html_()).text
    assert "inserted" in text
    assert "is not a number" in text
