"""An extraction as a function of batches, for engines such as Ray, Daft, Spark, Dask and DuckDB.

    import pyarrow as pa

    extract = extractor.batch_function(
        query="extract each product", model=Product, columns=["text"], keep={"id": pa.int64()}
    )

Each engine calls it with its batches, and learns the type of the result from `extract.schema`:

    # Ray Data, in tasks; for actors, see below
    dataset.map_batches(extract, batch_format="pyarrow")
    # Spark
    schema = pyspark.sql.pandas.types.from_arrow_schema(extract.schema)
    frame.mapInArrow(lambda batches: map(extract, batches), schema)
    # Dask
    frame.map_partitions(extract, meta=extract(frame._meta))
    # DuckDB, or any other source of RecordBatches
    batches = connection.cursor().sql("FROM documents").to_arrow_reader(10_000)
    found = pa.RecordBatchReader.from_batches(extract.schema, map(extract, batches))
    connection.sql("CREATE TABLE products AS FROM found")

    # actors of Ray Data
    class Actor:
        def __init__(self, extract):
            self.extract = extract

        def __call__(self, batch):
            return self.extract(batch)

    dataset.map_batches(
        Actor, fn_constructor_args=[extract], batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(size=4),
    )

    # Daft, whose functions give one value for each row
    @daft.func.batch(return_dtype=daft.DataType.from_arrow_type(extract.nested_type))
    def products(text: daft.Series):
        return extract.nested(pa.table({"text": text.to_arrow()}))

    frame.with_column("product", products(frame["text"])).explode("product")

Each worker process has one extractor with its own connections and limits: give each its share with
`limits=limits.share(workers)`. The key is in no pickle: each worker reads it from its environment.

With `journal="rows.journal"`, all workers of one machine share the file; workers of several
machines have one each, which `structx journal merge all.journal a.journal b.journal` joins. A batch
that an engine runs again then costs nothing.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from structx._engine import checks, response_models
from structx._engine.long_form.columns import AFTER, BEFORE, columns_of
from structx._engine.tables import arrow, batches, long

if TYPE_CHECKING:
    from structx.results import ExtractionResult
    from structx.run_options import RunOptions

__all__ = ["BatchFunction"]

B = TypeVar("B")

_MOST_EXTRACTORS = 8
"""Extractors that a process keeps for its batch functions; chosen by hand, not measured."""
_OPENING = Lock()


class _Extractor(Protocol):
    """An Extractor."""

    def extract(self, **call: Any) -> ExtractionResult[Any, Any]: ...


class BatchFunction:
    """Extracts from batches: `Extractor.batch_function` makes it. It pickles, without the key.

    A batch is a RecordBatch or Table of pyarrow, a DataFrame of pandas or polars, or a dict of
    numpy arrays; the result is of the same kind, with the columns of `schema`. Columns of pandas
    have Arrow types; arrays of numpy have Python objects, as numpy has no null.

    Examples:
        >>> import pyarrow as pa
        >>> extract = extractor.batch_function(
        ...     query=query, model=Invoice, columns=["text"], keep={"id": pa.int64()}
        ... )
        >>> extract(pa.table({"id": [7], "text": ["number A1, total 5"]}))["id"].to_pylist()
        [7]
        >>> extract.schema.names[:3]
        ['id', 'row_id', 'source']
    """

    def __init__(
        self,
        extractor: _Extractor,
        query: str,
        model: object,
        *,
        columns: Sequence[str] | None,
        keep: object,
        options: RunOptions,
    ) -> None:
        """See `Extractor.batch_function`; raises TypeError and ValueError for wrong arguments."""
        if model is None:
            raise ValueError("batch_function needs a model, or a sample to plan one from")
        if isinstance(columns, str):
            raise TypeError("columns must be a list of names")
        self._extractor: _Extractor | None = extractor
        self._state = b""
        self._query, self._model = checks.words("query", query), model
        self._columns = None if columns is None else list(columns)
        self._options = options
        self._keep = batches.schema_of(keep)
        if own := set(self._keep.names) & {*BEFORE, *AFTER}:
            raise ValueError(
                f"keep has {min(own)!r}, which is a column of every long table: rename it first"
            )
        self._long = columns_of(
            response_models.of_model(model).model,
            evidence=bool(options.get("evidence")),
            taken=self._keep.names,
        )

    @property
    def model(self) -> Any:
        """The model of the items: the caller's, or the planned one."""
        return self._model

    @property
    def schema(self) -> Any:
        """The `pyarrow.Schema` of all results: the columns of `keep`, then those of
        `structx.arrow_schema`. There, `row_id` is the position in the batch."""
        pa = arrow.import_pyarrow()
        return pa.schema([*self._keep, *arrow.schema_of(self._long.kinds())])

    @property
    def nested_type(self) -> Any:
        """The `pyarrow.DataType` of `nested`: a list of structs with the fields of `schema`."""
        pa = arrow.import_pyarrow()
        return pa.list_(pa.struct(list(self.schema)))

    def __call__(self, batch: B) -> B:
        """Extracts from each row of a batch: `extract(table)`.

        Args:
            batch: any number of rows.

        Returns:
            The long table of the batch. A failed row is a line with its error.

        Raises:
            TypeError: the batch is of another kind.
            ValueError: a column is missing or of another type; nothing was sent.
            ExtractionError: the extraction can't run at all, as `Extractor.extract` says.
        """
        read = batches.Batch(batch)
        return read.like(self._lines(read))

    def nested(self, batch: Any) -> Any:
        """`__call__` with one value for each row of the batch, for engines that need as many.

        Returns:
            A `pyarrow.ListArray` with a list of lines for each row.
        """
        read = batches.Batch(batch)
        return batches.nested(self._lines(read), read.rows)

    def __repr__(self) -> str:
        return f"BatchFunction(query={self._query!r})"

    def __getstate__(self) -> dict[str, Any]:
        state = self._state if self._extractor is None else pickle.dumps(self._extractor)
        return {**vars(self), "_extractor": None, "_state": state}

    def _lines(self, batch: batches.Batch) -> Any:
        data, beside, schema = batch.data(self._columns), batch.kept(self._keep), self.schema
        if not batch.rows:
            return schema.empty_table()
        extractor = self._extractor or _opened(self._state)
        result = extractor.extract(data=data, query=self._query, model=self._model, **self._options)
        return batches.joined(beside, long.table_of(result.rows, self._long), schema)


def _opened(state: bytes) -> _Extractor:
    """The one extractor of these settings in this process."""
    with _OPENING:
        return _cached(state)


@lru_cache(maxsize=_MOST_EXTRACTORS)
def _cached(state: bytes) -> _Extractor:
    return pickle.loads(state)
