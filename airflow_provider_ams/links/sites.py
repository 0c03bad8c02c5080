"""The link to a task's AMS site; Airflow 3 asks for it on the worker, as the task ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow.providers.common.compat.sdk import BaseOperatorLink

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator


class AmsSiteLink(BaseOperatorLink):
    """Lead to the AMS site of the task's connection, and to no other host.

    It ends at the site: how a form's own page is called, no document of the vendor says.
    """

    name = "AMS site"

    @property
    def xcom_key(self) -> str:
        """Where Airflow keeps the link."""
        return "ams_site_link"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:  # noqa: ANN401
        """Return the site's address; nothing if the task has not read its connection."""
        url = getattr(getattr(operator, "hook", None), "site", None) or ""
        parts = urlsplit(url)
        is_plain = parts.scheme in ("http", "https") and parts.hostname and not parts.username
        return url if is_plain else ""
