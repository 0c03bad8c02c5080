"""Read profile records."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_ams.ams.client import AMSClient
from airflow_provider_ams.ams.read.paging import check_form_of, chunks
from airflow_provider_ams.ams.read.search import SEARCH_USERS
from airflow_provider_ams.ams.wire.endpoints import PROFILESEARCH
from airflow_provider_ams.ams.wire.records import Profile


def read_profiles(client: AMSClient, form: str, users: Sequence[int]) -> list[Profile]:
    """Read the profile records of these users.

    Raises
    ------
    AMSReplyError
        A reply can't be read.
    """
    records: list[Profile] = []
    for chunk in chunks(users, SEARCH_USERS):
        page = client.read(PROFILESEARCH, {"formNames": [form], "userIds": chunk})
        check_form_of(page.profiles, form, PROFILESEARCH.name)
        records += page.profiles
    return records
