"""Forms that are not there, and schemas that are told more than AMS says."""

from __future__ import annotations

import pytest

from airflow_provider_ams.ams import AMSClient, AMSConfigurationError, AMSReplyError
from airflow_provider_ams.ams.forms.catalogue import check_form, list_forms, read_schema
from airflow_provider_ams.transport import RetryPolicy
from tests.ams.ams_site import CARD, LOG, Ticker
from tests.ams.tiny import Tiny


def hint(client, form, kind="event"):
    with pytest.raises(AMSConfigurationError) as caught:
        check_form(client, form, kind)
    return str(caught.value)


def test_the_nearest_names(client):
    assert "Did you mean 'Log'?" in hint(client, "Lo g")
    assert "Did you mean 'Lifts'?" in hint(client, " lift ")
    assert "Check the name" in hint(client, "Something else entirely")


def test_a_form_of_another_type(client):
    assert "It is a profile form." in hint(client, CARD)
    assert "It is an event form." in hint(client, LOG, "profile")


def test_what_is_declared_comes_on_top_of_what_was_read(client, sandbox):
    told = read_schema(client, LOG, types={"code": "number"}, table=["note"])
    plain = read_schema(client, LOG)
    assert (told.kind_of("code"), plain.kind_of("code")) == ("number", "text")
    assert (list(told.table), list(plain.table)) == (["note"], [])
    assert sandbox.requests()["forms/schema"] == 1


LIST = {"event": [{"id": 11, "name": LOG}]}


@pytest.mark.parametrize(
    "answer", [{"state": "FAILED"}, (200, {}, b"[]"), {"event": [{"name": LOG}]}, 5]
)
def test_a_list_that_is_none_is_an_error(answer):
    with Tiny(summaries=answer) as tiny, pytest.raises(AMSReplyError):
        check_form(_client(tiny), LOG, "event")


@pytest.mark.parametrize(
    "answer", [{"error": True}, (200, {}, b"[]"), {"children": [5]}, {"id": 12, "children": []}]
)
def test_a_schema_that_is_none_is_an_error(answer):
    with Tiny(summaries=LIST, **{"11": answer}) as tiny, pytest.raises(AMSReplyError):
        read_schema(_client(tiny), LOG)


def test_an_account_that_may_not_list_forms_is_not_held_up():
    with Tiny(summaries=(403, {}, b"")) as tiny:
        client = _client(tiny)
        assert list_forms(client) is None
        check_form(client, "Anything", "event")
        assert read_schema(client, "Anything") is None


def test_what_one_client_knows_is_not_told_to_another():
    with Tiny(summaries=[LIST, {"event": []}]) as tiny:
        first, second = _client(tiny), _client(tiny)
        assert [entry.name for entry in list_forms(first)] == [LOG]
        assert list_forms(second) == []
        assert len(list_forms(first)) == 1


def _client(tiny):
    retry = RetryPolicy(tries=1)
    return AMSClient(tiny.url, "api", "secret", clock=Ticker().clock(), retry=retry)
