"""The schema of long tables."""

from __future__ import annotations

from typing import Any

from structx._engine.long_form.columns import columns_of

__all__ = ["arrow_schema"]


def arrow_schema(model: object, *, evidence: bool = False) -> Any:
    """The Arrow schema of the long table for a model: the same whatever the data is.

    A long table has a line for each item, and one for a row that failed or has no item. It is the
    `data` of `extract(..., return_df="long")`, and what `to_arrow`, `to_parquet` and any reader of
    Arrow streams get of a result.

    Columns, in their order:

    - `row_id`: the position of the row in the data; `source`: what the row calls its source, such
      as a path; `item`: the number of the item in its row, from 0; null without an item.
    - the fields of the model, in its order; `value` for items without fields.
    - `status`: `success`, `empty`, `failed`, or `partial`: a value of the item does not fit into
      its column and is null, or the item has members that the model does not name. `error` says
      which and why; it is null unless the status is `failed` or `partial`.
    - `prompt_tokens`, `completion_tokens`, `cost` (US dollars): of the row, in its first line;
      null in the others, so that sums are right. `model`: the language model that answered.
    - with `evidence`, for each field with one place (see `structx.evidence`): `<field>_status`,
      `<field>_page`, `<field>_start` and `<field>_end`.

    A field with the name of another column has the suffix `_extracted` (`status_extracted`), then
    `_extracted_2` and so on.

    Types: `int` is int64; with a bound beyond its range (`Field(le=10**30)`) string. `float` is
    double, `str` string, `bytes` binary, `date` date32, `timedelta` duration in microseconds.
    `Decimal` is decimal128(38, s) with s = `decimal_places`, or 18. `time` is time64 in
    microseconds; one with an offset does not fit. `AwareDatetime` is a timestamp in microseconds in
    UTC, `NaiveDatetime` one without a time zone; a plain `datetime` may be either, so it is a
    string in ISO 8601 with the offset that was given. Enums, UUIDs and URLs are strings; a
    `Literal` has the type of its values. Objects are structs, and lists and sets are lists. All
    else is JSON in a string: unions of several types, `Any`, dicts, objects that may have further
    members, and what contains itself. Members of a JSON Schema have the types of their `type`; its
    strings are strings whatever their `format`.

    Args:
        model: as in `Extractor.extract`.
        evidence: with the columns of evidence.

    Returns:
        A `pyarrow.Schema`; all columns may be null.

    Raises:
        ModuleNotFoundError: pyarrow is not installed.
        TypeError: it is no model.

    Examples:
        >>> structx.arrow_schema(Invoice).field("total").type
        Decimal128Type(decimal128(38, 18))
    """
    from structx._engine import response_models
    from structx._engine.tables import arrow

    item: Any = response_models.of_model(model).model
    return arrow.schema_of(columns_of(item, evidence=evidence).kinds())
