"""What people are called on the page of an approval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.providers.common.compat.sdk import AirflowFailException

if TYPE_CHECKING:
    from airflow_provider_ams.ams import AMSClient, Plan

_IDS = "user_id"
_PERSONS = (_IDS, "about", "username", "email")


def check_person(person: str) -> None:
    """Refuse a way of naming people that there is not, before anything is asked of AMS.

    Raises
    ------
    AirflowFailException
        It is none of them.
    """
    if person not in _PERSONS:
        raise AirflowFailException(
            f"person is {person!r}; it must be one of {', '.join(_PERSONS)}."
        )


def people_of(plan: Plan, client: AMSClient, person: str) -> dict[int, str] | None:
    """Return what the people of a plan are called, by their ids; None for the ids themselves."""
    from airflow_provider_ams.ams.people.roster import people_called

    if person == _IDS:
        return None
    ids = {*plan.users, *(gone.user_id for gone in plan.deletes)}
    return people_called(client, ids, person)
