"""Parquet files and DataFrames: columns already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_ams.tidepool.errors import TidepoolInputError
from airflow_provider_ams.tidepool.sources.chunk import ROWS, Chunk, open_file
from airflow_provider_ams.tidepool.values import none_if_missing
from airflow_provider_ams.transport import Location

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def _check_names(names: list[str], where: str) -> None:
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise TidepoolInputError(f"{where} has two columns with the name {', '.join(double)}")


class ParquetSource:
    """Read a Parquet file, some rows of a row group at a time.

    Parameters
    ----------
    location : Location
        The file.
    """

    unit = "row"
    fixed_columns = True
    labels = None

    def __init__(self, location: Location) -> None:
        self.location = location
        self.name = location.name

    def chunks(self) -> Iterator[Chunk]:
        """Yield the rows.

        Raises
        ------
        TidepoolInputError
            The file is not Parquet.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        with open_file(self.location) as file:
            try:
                table = pq.ParquetFile(file)
                _check_names(list(table.schema_arrow.names), self.name)
                start = 0
                for batch in table.iter_batches(batch_size=ROWS):
                    yield _from_arrow(batch, start)
                    start += batch.num_rows
            except pa.ArrowException as error:
                raise TidepoolInputError(
                    f"{self.name} can't be read as Parquet: {type(error).__name__}"
                ) from None


def _from_arrow(batch: pa.RecordBatch, start: int) -> Chunk:
    columns: dict[str, Sequence[object]] = {
        name: [none_if_missing(value) for value in column.to_pylist()]
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
    }
    return Chunk(start, columns, range(start + 1, start + 1 + batch.num_rows))


class FrameSource:
    """Read a DataFrame; its index is no column.

    Parameters
    ----------
    frame : pandas.DataFrame
        The rows; numbered from 1.
    """

    unit = "row"
    fixed_columns = True
    location = None
    name = "the DataFrame"

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame
        self.labels: Any = frame.index

    def chunks(self) -> Iterator[Chunk]:
        """Yield the rows.

        Raises
        ------
        TidepoolInputError
            Two columns have the same name.
        """
        names = [str(name) for name in self._frame.columns]
        _check_names(names, self.name)
        arrays = [self._frame.iloc[:, at].array for at in range(len(names))]
        for start in range(0, len(self._frame), ROWS):
            end = min(start + ROWS, len(self._frame))
            columns: dict[str, Sequence[object]] = {
                name: [none_if_missing(value) for value in array[start:end].tolist()]
                for name, array in zip(names, arrays, strict=True)
            }
            yield Chunk(start, columns, range(start + 1, end + 1))
