"""Where the rows go that did not land: a file, to be mended and sent again, or XCom.

In a file each row has its outcome beside it. In XCom, which people other than the rows' owners may
read, there are only positions, codes and reasons.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import conf

from airflow_provider_ams.operators._data import REASON, STATUS, write_rows

if TYPE_CHECKING:
    import pandas as pd
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_ams.ams import ImportResult
    from airflow_provider_ams.operators._base import AmsOperator

#: XCom keys: where the file is; else why which rows did not land.
PATH_KEY, REASONS_KEY = "dead_letter_path", "rejected"
_UNFIT = re.compile(r"[^A-Za-z0-9._=-]")


def letters_of(frame: pd.DataFrame, result: ImportResult) -> pd.DataFrame:
    """Return the rows that did not land, each with its outcome."""
    failed = result.rows["status"].isin(["rejected", "unknown"]).to_numpy()
    outcome = {
        STATUS: result.rows.loc[failed, "status"].to_numpy(),
        REASON: result.rows.loc[failed, "reason"].to_numpy(),
    }
    return frame.loc[failed].assign(**outcome)


def keep_letters(
    operator: AmsOperator,
    context: Context,
    frame: pd.DataFrame,
    result: ImportResult,
    path: Any,  # noqa: ANN401
    **how: str | None,
) -> str | None:
    """Write the rows that did not land to their file, or their reasons to XCom.

    Parameters
    ----------
    operator : AmsOperator
        The task's.
    context : Context
        The task's; without a task instance the reasons are in the log alone.
    frame : DataFrame
        The rows, as they were read.
    result : ImportResult
        What became of them.
    path : str or ObjectStoragePath, optional
        The file; else one in the folder ``[ams] dead_letter_path``, else XCom.
    **how : str, optional
        How a text file is written, as for `write_rows`: what comes back is read like it.

    Returns
    -------
    str or None
        Where they are, if there are any: the file, or ``xcom:rejected``.
    """
    if not len(frame):
        return None  # nothing was said of any row: what an earlier run has left is left alone
    letters = letters_of(frame, result)
    if path is None and len(letters):
        path = _default_file(operator, context, letters)
    if path is None:
        return f"xcom:{REASONS_KEY}" if push_reasons(operator, context, result) else None
    written = write_rows(letters, path, csv_safe=operator.csv_safe, **how)
    operator.log.info("%d rows that did not land are in %s", len(letters), written)
    if not len(letters):
        return None
    if context.get("ti") is not None:
        context["ti"].xcom_push(key=PATH_KEY, value=written)
    return written


def push_reasons(operator: AmsOperator, context: Context, result: ImportResult) -> bool:
    """Leave positions, codes and reasons of the rows that did not land in XCom, if any."""
    from airflow_provider_ams.ams.reasons import reasons_json

    if result.failed.empty or context.get("ti") is None:
        return False
    context["ti"].xcom_push(key=REASONS_KEY, value=reasons_json(result.failed))
    operator.log.info(
        "Which rows did not land, and why, is in the XCom entry %r; set dead_letter_path (or "
        "[ams] dead_letter_path) to have the rows themselves in a file.",
        REASONS_KEY,
    )
    return True


# ---------------------------------------------------------------- the file


def _default_file(operator: AmsOperator, context: Context, letters: pd.DataFrame) -> str | None:
    """Return the try's file in the folder of the setting; None without the setting or a task."""
    folder, ti = conf.get("ams", "dead_letter_path", fallback=None), context.get("ti")
    if not folder or ti is None:
        return None
    place = str(operator.render_template(folder, context)).rstrip("/")
    mapped = f"-{ti.map_index}" if ti.map_index is not None and ti.map_index >= 0 else ""
    name = f"{_fit(ti.run_id)}{mapped}-try{ti.try_number}.{_ending(letters)}"
    return f"{place}/{_fit(ti.dag_id)}/{_fit(ti.task_id)}/{name}"


def _fit(name: str) -> str:
    """Return a name as a file may have it; two names that differ still do."""
    fit = _UNFIT.sub("_", name).lstrip(".")
    if fit == name:
        return name
    return f"{fit}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _ending(letters: pd.DataFrame) -> str:
    """Return ``jsonl`` for rows with lists or dicts in them, which CSV would make texts of."""
    columns = (letters[name] for name in letters.columns)
    objects = [column for column in columns if column.dtype.kind == "O"]
    nested = any(type(v).__name__ in _NESTED for column in objects for v in column.tolist())
    return "jsonl" if nested else "csv"


_NESTED = {"list", "dict", "tuple", "ndarray"}
