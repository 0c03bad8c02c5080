"""What a person approves by: deletes first, all counts, and values that do nothing."""

from __future__ import annotations

import re
import unicodedata

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from airflow_provider_ams.ams.plan.contents import Deletion, Rejection
from airflow_provider_ams.ams.plan.cut import change_markdown, change_text
from airflow_provider_ams.ams.plan.diff import Change
from airflow_provider_ams.ams.plan.plan import Plan
from airflow_provider_ams.ams.prepare.events import EventSet
from airflow_provider_ams.ams.reasons import Reason
from airflow_provider_ams.ams.tables import code, markdown_table, visible

HOSTILE = [
    "[click](http://evil.test)",
    "![pixel](http://evil.test/x.png)",
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "<!here> <@U123> @channel a@b.test",
    "http://evil.test https://evil.test www.evil.test",
    "<http://evil.test>",
    "*a* **b** _c_ __d__ ~~e~~ ~f~",
    "&lt;b&gt; &#60; &amp; &nbsp;",
    "`code` ``two`` ```",
    "a | b \\| c \\",
    "\\",
    "`",
    "|",
    "{{ conn.x.password }} {% raw %} {# c #}",
    "{{{",
    "}}}",
    "one\ntwo\r\n\n# head\n- item\n> quote\n---",
    "[ref]: http://evil.test",
    "\u202eevil\u202c \u2066x\u2069 \u200f",
    "zero\u200bwidth\ufeff\u00ad\u2060",
    "\x00\x07\x1b[31mred\x1b[0m\x7f\x85\u2028\u2029",
    "\ud800",
    "  two  spaces  ",
    "⟨U+202E⟩ ↵",
    "$x$ :smile: #123",
    "-" * 500,
    "`" * 500,
]
TEXTS = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(max_size=90),
    st.text(alphabet="`|\\*_~<>[]()!&;{}%#:/.@w \n-", max_size=90),
    st.lists(st.sampled_from(HOSTILE), max_size=4).map("".join),
)
# What a renderer with all of GitHub's extensions makes of the page may be nothing else than this.
INLINE = {"text", "code_inline", "strong_open", "strong_close"}
BLOCK = {
    f"{name}_{end}"
    for name in ("paragraph", "table", "thead", "tbody", "tr", "th", "td", "bullet_list",
                 "list_item")
    for end in ("open", "close")
} | {"inline"}  # fmt: skip


def rendered(text):
    """Return the blocks and inline pieces that a renderer finds, links in plain text too."""
    renderer = MarkdownIt("gfm-like", {"html": True, "linkify": True})
    blocks = renderer.parse(text)
    return blocks, [piece for block in blocks for piece in block.children or ()]


def assert_inert(text, columns=None):
    blocks, pieces = rendered(text)
    assert {b.type for b in blocks} <= BLOCK
    assert {p.type for p in pieces} <= INLINE
    for sign in ("{{", "}}", "{%", "%}", "{#", "#}", "://", "www.e", "<script", "<img", "<!", "<@"):
        assert sign not in text.lower()
    assert not re.search(r"@\w|&#?\w+;", text)
    assert {unicodedata.category(c) for c in text if c != "\n"}.isdisjoint(
        {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    )
    if columns:
        for line in text.splitlines():
            assert len(re.split(r"(?<!\\)\|", line)) == columns + 2, "no cell is torn"


@given(TEXTS)
def test_a_value_is_code_in_a_cell(text):
    table = markdown_table(["a", "b"], [["x", code(text)]])
    assert_inert(table, columns=2)
    codes = [p for p in rendered(table)[1] if p.type == "code_inline"]
    assert len(codes) == (1 if text else 0)


@given(TEXTS, TEXTS)
@example("é", "e\u0301")
@example("a b", "a\u00a0b")
@example("a ", "a")
@example("<", "⟨U+003C⟩")
@example("a\nb", "a↵b")
@example("\\|", "⟨U+005C⟩|")
def test_texts_that_differ_look_different(one, other):
    if one != other:
        assert visible(one) != visible(other)
        assert code(one) != code(other)


@given(TEXTS | st.none(), TEXTS | st.none())
@example("x" * 200 + "a" + "y" * 200, "x" * 200 + "b" + "y" * 200)
def test_a_change_is_inert_and_bounded(old, new):
    cell = change_markdown(old, new)
    assert_inert(markdown_table(["change"], [[cell]]), columns=1)
    assert len(cell) < 2500
    assert change_text(old, new).isprintable()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("8", "8.5", "8 → 8.5"),
        (None, "7", "(empty) → 7"),
        ("7", None, "7 → (empty)"),
        ("x" * 70 + "a" + "y" * 70, "x" * 70 + "b" + "y" * 70,
         "…" + "x" * 20 + "[a→b]" + "y" * 20 + "…"),
        ("short " + "n" * 60, "short " + "n" * 60 + "!", "…" + "n" * 20 + "[→!]"),
        ("é", "e\u0301", "⟨U+00E9⟩ → e⟨U+0301⟩"),
        ("a\u00a0b", "a b", "a⟨U+00A0⟩b → a b"),
        (None, "z" * 100, "(empty) → " + "z" * 60 + "… (40 more characters)"),
    ],
)  # fmt: skip
def test_a_change_is_cut_around_the_difference(old, new, told):
    assert change_text(old, new) == told


def test_a_cut_change_is_code_but_for_its_marks():
    old, new = "x" * 70 + "[a→b]", "x" * 70 + "[c→d]"
    cell = change_markdown(old, new)
    assert cell == "…`" + "x" * 19 + "[`\\[`a→b`→`c→d`\\]`]`"


def hostile_plan(text):
    """Return a plan into which somebody has typed this everywhere."""
    events = EventSet(
        form=text, rows=[[0], [1]], user_ids=[1001, 1002], start_days=[739000] * 2,
        start_minutes=[540] * 2, end_days=[739000] * 2, end_minutes=[600] * 2,
        event_ids=[500001, None], fields={text: [text, text]}, table={f"t{text}": [text]},
        table_rows=[[], [0]], table_groups=[[], [0]], has_table=True,
    )  # fmt: skip
    return Plan(
        form=text, mode="mirror", on_missing_fields="keep", key=[text], row_count=3,
        row_labels=pd.Index([text, f"1{text}", f"2{text}"]), events=events,
        actions=["update", "insert"], changes={0: [Change(text, "secret-old", text)]},
        deletes=[Deletion(500009, 1003, 739000, 540, "d")],
        rejects={2: Rejection((Reason("format", None, f"{text} is no number"),))}, warnings=[text],
        stored=2,
    )  # fmt: skip


@pytest.mark.parametrize("text", [t for t in HOSTILE if "\ud800" not in t])
def test_the_page_is_inert_whatever_was_typed(text):
    plan = hostile_plan(text)
    page = plan.markdown()
    assert_inert(page)
    assert len(page) < 20_000
    assert plan.subject().isprintable()
    assert plan.subject().endswith("1 to delete, 1 to update, 1 to insert, 0 unchanged, 1 rejected")
    html = plan.html()
    assert "<script>a" not in html
    assert "<img" not in html
    assert not any(unicodedata.category(c) in ("Cf", "Cs") for c in html)


def test_deletes_come_first_and_all_is_counted():
    plan = hostile_plan("Plain")
    page = plan.markdown(max_lines=2)
    head = "| what | field | change |"
    assert page.index("| delete | update | insert | unchanged | reject |") < page.index(head)
    lines = page[page.index(head) :].splitlines()[2:4]
    assert [line.split()[1] for line in lines] == ["**delete**", "**update**"]
    assert f"digest `{plan.digest}`" in page
    assert "... and 4 more lines." in page
    assert [x["action"] for x in plan.lines()] == ["delete", "update"] + ["insert"] * 3 + ["reject"]


def test_new_table_rows_are_shown_value_by_value():
    page = hostile_plan("Plain").markdown()
    assert "| `tPlain[1]` | (empty) → `Plain` |" in page


def test_values_only_when_asked_for():
    plan = hostile_plan("Plain")
    assert "secret-old" in plan.markdown()
    assert "secret-old" in plan.html()
    quiet = [str(plan), repr(plan), plan._repr_html_(), plan.markdown(show_values=False)]
    assert all("secret-old" not in text for text in [*quiet, str(plan.summary()), plan.subject()])


def test_an_update_of_which_nothing_is_known_to_change_is_shown():
    plan = hostile_plan("Plain")
    plan.changes = {}
    assert re.search(r"^\| \*\*update\*\* .* \|  \|  \|$", plan.markdown(), re.M)


def test_people_are_called_as_the_approver_knows_them():
    plan = hostile_plan("Plain")
    by_id = plan.markdown()
    assert "**update** 1001 " in by_id
    page = plan.markdown(people={1001: "Anna Runner", 1003: "Bo Rower (1003)"})
    assert "**update** `Anna Runner` " in page
    assert "**delete** `Bo Rower (1003)` " in page
    assert "**insert** 1002 " in page, "somebody without a name keeps the id"
    assert "Anna Runner" in plan.html(people={1001: "Anna Runner"})


@pytest.mark.parametrize("text", [t for t in HOSTILE if "\ud800" not in t])
def test_names_of_people_are_inert(text):
    page = hostile_plan("Plain").markdown(people=dict.fromkeys((1001, 1002, 1003), text))
    assert_inert(page)


def test_a_row_by_number_is_no_code():
    plan = hostile_plan("Plain")
    assert ", row `1Plain` |" in plan.markdown()
    plan.row_labels = pd.Index([7, 8, 9])
    assert ", event 500001, row 7 |" in plan.markdown()


def test_an_event_is_named_once():
    plan = hostile_plan("Plain")
    plan.changes = {0: [Change("a", "1", "2"), Change("b", "3", "4")]}
    lines = [line for line in plan.markdown().splitlines() if line.startswith("| ")]
    (first,) = [n for n, line in enumerate(lines) if "**update**" in line]
    assert lines[first].endswith("| `a` | `1` → `2` |")
    assert lines[first + 1] == "|  | `b` | `3` → `4` |"
