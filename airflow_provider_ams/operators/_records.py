"""What the operators share that read events or profiles: the types of columns."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_ams.hooks.ams import AmsHook
from airflow_provider_ams.operators._base import AmsReadOperator
from airflow_provider_ams.operators._options import library_option

if TYPE_CHECKING:
    from airflow_provider_ams.ams import AMSClient

_Option = TypeVar("_Option")


class AmsRecordsOperator(AmsReadOperator):
    """Base of the operators that read the records of a form.

    Parameters
    ----------
    dtype : str, optional
        ``schema``, unless `guess_col_type` is given: all fields of the form have a column, of one
        type every time; see the library's ``ExportOption``, whose own default is to guess.
    types : dict of str, optional
        Field -> kind, for fields of which the form's schema does not say it.
    guess_col_type : bool, optional
        In place of `dtype`: columns for what was read alone, numbers guessed (True) or all text
        (False).
    user_key, user_value, output_path, ams_conn_id
        Whom to read, where to put it, what to connect to; see `AmsReadOperator`.
    """

    def __init__(
        self,
        *,
        user_key: str | None = None,
        user_value: Any = None,  # noqa: ANN401
        output_path: Any = None,  # noqa: ANN401
        dtype: str | None = None,
        types: Mapping[str, str] | None = None,
        guess_col_type: bool | None = None,
        ams_conn_id: str = AmsHook.default_conn_name,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        people = {"user_key": user_key, "user_value": user_value}
        super().__init__(**people, output_path=output_path, ams_conn_id=ams_conn_id, **kwargs)
        self.dtype, self.types, self.guess_col_type = dtype, types, guess_col_type

    def read_option(self, option_class: type[_Option]) -> _Option:
        """Build the option of a read: types are those of the form unless they are to be guessed.

        Raises
        ------
        AirflowFailException
            Both are asked for.
        """
        if self.dtype is not None and self.guess_col_type is not None:
            raise AirflowFailException(
                f"dtype={self.dtype!r} and guess_col_type={self.guess_col_type!r} contradict each "
                "other. Leave one of them out."
            )
        dtype = self.dtype or ("schema" if self.guess_col_type is None else None)
        return library_option(option_class, self, interactive_mode=False, dtype=dtype)

    @contextmanager
    def reading(self) -> Iterator[AMSClient]:
        """Yield the connection's client; what the library warns of goes to the log."""
        from airflow_provider_ams.ams import AMSTypeWarning

        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always", AMSTypeWarning)
            with self.client() as client:
                yield client
        for warning in told:
            if issubclass(warning.category, AMSTypeWarning):
                self.log.warning("%s", warning.message)
            else:
                warnings.warn_explicit(
                    warning.message, warning.category, warning.filename, warning.lineno
                )
