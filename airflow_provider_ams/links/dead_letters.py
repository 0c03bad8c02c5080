"""The link to rows that did not land; Airflow 3 asks for it on the worker, as the task ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from airflow.providers.common.compat.sdk import BaseOperatorLink

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator

# Where the pages of object stores show one file.
_CONSOLES = {
    "s3": "https://s3.console.aws.amazon.com/s3/object/{bucket}?prefix={key}",
    "gs": "https://console.cloud.google.com/storage/browser/_details/{bucket}/{key}",
}


class DeadLettersLink(BaseOperatorLink):
    """Lead to the rows that did not land: to the store that holds them, or to the task's XCom.

    A browser opens no file of a worker; the XCom entry ``dead_letter_path`` names it.
    """

    name = "Dead letters"

    @property
    def xcom_key(self) -> str:
        """Where Airflow keeps the link."""
        return "dead_letters_link"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:  # noqa: ANN401
        """Return the address; nothing if all rows have landed."""
        path = getattr(operator, "dead_letters", None)
        if path is None:
            return ""
        parts = urlsplit(str(path))
        if parts.scheme in _CONSOLES:
            bucket, key = parts.netloc.rpartition("@")[2], parts.path.lstrip("/")
            return _CONSOLES[parts.scheme].format(bucket=quote(bucket), key=quote(key))
        page = str(getattr(ti_key, "log_url", "")).partition("?")[0]
        return f"{page}/xcom" if page else ""
