"""Tables of pandas, polars and pyarrow: their text in requests, and their new columns."""

from __future__ import annotations

import datetime as dt
import enum
import json
import math
import re
import subprocess
import sys
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from structx import ExtractionError, FileError, _core
from structx._engine.inputs import source_of
from structx._engine.tables import files
from structx._engine.tables.write import append_columns, frame_of
from structx.inputs import source_frame

LIBRARIES = {
    "pandas": pd.DataFrame,
    "polars": lambda columns: pl.DataFrame(columns, strict=False),
    "pyarrow": pa.table,
}

# The line breaks of str.splitlines.
LINE_BREAK = re.compile("\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")


def read(table: Any) -> _core.Prepared:
    return _core.reading(source_of(table).input).wait()


def values_of(table: Any) -> list[list[Any]]:
    values = read(table).values()
    assert values is not None
    return json.loads(values)


@pytest.mark.parametrize("make", LIBRARIES.values(), ids=LIBRARIES)
def test_a_table_of_any_library_is_read(make: Any) -> None:
    table = make(
        {
            "id": [1, 2],
            "text": ["Zürich", None],
            "at": [dt.datetime(2026, 1, 31, 12, 30), None],
            "price": [Decimal("1.50"), None],
            "ok": [True, False],
            "tags": [["a", "b"], []],
            "place": [{"city": "Bern"}, {"city": None}],
            "took": [dt.timedelta(days=1, seconds=5), None],
            "raw": [b"bytes", b"\xff"],
        }
    )
    assert read(table).columns == [
        *("id", "text", "at", "price", "ok", "tags", "place", "took", "raw"),
    ]
    found = values_of(table)
    assert found[7][0] in {"P1DT5S", "P1DT0H0M5S"}
    del found[7]
    assert found == [
        [1, 2],
        ["Zürich", None],
        ["2026-01-31T12:30:00", None],
        ["1.50", None],
        [True, False],
        [["a", "b"], []],
        [{"city": "Bern"}, {"city": None}],
        ["bytes", "\\xff"],
    ]


NANOSECONDS = "2026-01-01T00:00:00.123456789"


class Colour(enum.Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "dtype", "expected"),
    [
        (float("nan"), None, None),
        (float("nan"), object, None),
        (pd.NaT, None, None),
        (pd.NaT, object, None),
        (pd.NA, "Int64", None),
        (pd.NA, "string", None),
        (Decimal("NaN"), object, None),
        (Decimal("sNaN"), object, None),
        (np.datetime64("NaT"), object, None),
        (float("-inf"), None, "-inf"),
        (10**30, object, 10**30),
        (np.int64(3), object, 3),
        (np.float32(0.5), object, 0.5),
        (np.bool_(True), object, True),
        (np.str_("x"), object, "x"),
        (np.array([1.5, np.nan]), object, [1.5, None]),
        (np.datetime64(NANOSECONDS), object, NANOSECONDS),
        (pd.Timestamp(NANOSECONDS), None, NANOSECONDS),
        (pd.Timestamp("2026-07-01", tz="Europe/Zurich"), None, "2026-07-01T00:00:00+02:00"),
        (pd.Timedelta("1 days 00:00:00.000000001"), None, "P1DT0H0M0.000000001S"),
        (pd.Period("2026-01"), None, "2026-01"),
        ("x", "category", "x"),
        (uuid.UUID(int=1), object, "00000000-0000-0000-0000-000000000001"),
        (dt.date(2026, 1, 31), object, "2026-01-31"),
        (dt.time(10, 5), object, "10:05:00"),
        (Colour.RED, object, "red"),
        (1 + 2j, None, "1+2j"),
        ({"a": (np.int8(1), pd.NaT), 2: {Decimal("1.0")}}, object, {"a": [1, None], "2": ["1.0"]}),
    ],
    ids=repr,
)
def test_cells_of_pandas(value: Any, dtype: Any, expected: Any) -> None:
    assert values_of(pd.DataFrame({"a": pd.Series([value], dtype=dtype)})) == [[expected]]


def test_dicts_have_the_same_cells() -> None:
    records = [{"a": pd.NaT, "b": np.int64(5), "c": b"\xff"}, {"a": pd.Timestamp("2026-01-01")}]
    assert values_of(records) == [[None, "2026-01-01T00:00:00"], [5, None], ["\\xff", None]]


def test_nanoseconds_of_polars_and_pyarrow_are_kept() -> None:
    at, took = 1_767_225_600_123_456_789, 1_000_000_001
    frame = pl.DataFrame(
        {
            "at": pl.Series([at]).cast(pl.Datetime("ns")),
            "took": pl.Series([took]).cast(pl.Duration("ns")),
            "time": pl.Series([took]).cast(pl.Time),
        }
    )
    expected = [[NANOSECONDS], ["PT1.000000001S"], ["00:00:01.000000001"]]
    assert values_of(frame) == expected
    table = pa.table({"at": pa.array([at], pa.timestamp("ns"))})
    assert values_of(table) == expected[:1]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (pd.DataFrame({"a": []}), "no rows"),
        (pd.DataFrame(index=[1, 2]), "no columns"),
        (pd.DataFrame(), "no columns"),
        (pl.DataFrame(), "no columns"),
        (pa.table({"a": pa.array([], pa.int64())}), "no rows"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "`a`"),
        (pd.DataFrame([[1, 2]], columns=[1, "1"]), "`1`"),
        (pa.table([[1], [2]], names=["a", "a"]), "`a`"),
        (pd.DataFrame({("a", "b"): [1]}), "levels"),
        (pd.DataFrame({"a": ["\ud800"]}, dtype=object), "'a'"),
        (pl.Series([1]), r"Series: call \.to_frame\(\)"),
        (pd.Series([1]), r"Series: call \.to_frame\(\)"),
        (pa.chunked_array([[1]]), "no columns with names"),
        (np.array([[1]]), "ndarray"),
    ],
    ids=str,
)
def test_what_is_no_table_to_read_is_an_error(table: Any, words: str) -> None:
    with pytest.raises(Exception, match=words) as raised:
        read(table)
    assert isinstance(raised.value, (FileError, TypeError, ValueError))


def test_columns_are_named_by_texts_and_rows_by_their_labels() -> None:
    columns = pd.Index([0, None], dtype=object)
    frame = pd.DataFrame([[1, 2], [3, 4]], index=["x", "y"], columns=columns)
    source = source_of(frame)
    assert source.table is frame
    assert source.labels == ["x", "y"]
    assert _core.reading(source.input).wait().columns == ["0", "None"]
    assert source_of(pl.DataFrame({"a": [1]})).labels is None


CELLS = st.one_of(
    st.none(),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.decimals(),
    st.dates(),
    st.datetimes(timezones=st.none() | st.timezones()),
    st.timedeltas(),
    st.uuids(),
    st.binary(max_size=20),
    st.lists(st.integers() | st.none(), max_size=3),
)


def is_missing(cell: Any) -> bool:
    if isinstance(cell, Decimal):
        return cell.is_nan()
    return cell is None or (isinstance(cell, float) and math.isnan(cell))


def is_same(found: Any, cell: Any) -> bool:
    """Whether a JSON value equals the cell."""
    if isinstance(cell, float):
        return float(found) == cell
    if isinstance(cell, (Decimal, uuid.UUID)):
        return found == str(cell)
    if isinstance(cell, dt.datetime):
        read = dt.datetime.fromisoformat(found)
        naive = [time.replace(tzinfo=None, fold=0) for time in (read, cell)]
        return naive[0] == naive[1] and read.utcoffset() == cell.utcoffset()
    if isinstance(cell, dt.date):
        return found == cell.isoformat()
    if isinstance(cell, dt.timedelta):
        return TypeAdapter(dt.timedelta).validate_python(found) == cell
    if isinstance(cell, bytes):
        return found == cell.decode(errors="backslashreplace")
    return found == cell


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=5))
def test_no_cell_of_a_frame_is_lost(rows: list[list[Any]]) -> None:
    frame = pd.DataFrame(rows, columns=["a", "b", "c"], dtype=object)
    prepared = read(frame)
    found = list(zip(*json.loads(prepared.values() or b""), strict=True))
    assert len(found) == len(rows)
    for row, cells in zip(found, rows, strict=True):
        for value, cell in zip(row, cells, strict=True):
            assert (value is None) if is_missing(cell) else is_same(value, cell), (value, cell)
    # The planning sample contains all of these few short rows.
    sample = prepared.sample()
    for row, cells in zip(found, rows, strict=True):
        for name, value, cell in zip(frame.columns, row, cells, strict=True):
            if value is not None and not isinstance(cell, float):
                # Further lines are indented, so that none reads as another column.
                text = LINE_BREAK.sub(r"\g<0>  ", text_of(value))
                assert f"{name}: {text}" in sample


def text_of(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


VALUES = {
    "texts": ["a", "b"],
    "counts": [1, 2],
    "amounts": [1.5, 2.0],
    "some": [1.5, None],
    "dates": [dt.date(2026, 1, 1), None],
    "prices": [Decimal("1.50"), Decimal("2")],
    "tags": [["a"], []],
    "mixed": [1, "one"],
    "numbers": [1, True],
    "huge": [10**40, 1],
    "dicts": [{"a": 1}, {"b": [Decimal("1.5")]}],
    "sets": [set("hgfedcba"), None],
    "nothing": [None, None],
    "uuids": [uuid.UUID(int=1), None],
    "times": [dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc), dt.datetime(2026, 1, 1)],
    "objects": [Colour.RED, [Colour.RED]],
}
AS_TEXT = {
    "mixed": ["1", "one"],
    "numbers": ["1", "True"],
    "huge": [f"1{'0' * 40}", "1"],
    "dicts": ['{"a":1}', '{"b":["1.5"]}'],
    "sets": ['["a","b","c","d","e","f","g","h"]', None],  # in the same order in each process
    "times": ["2026-01-01 00:00:00+00:00", "2026-01-01 00:00:00"],
    "objects": ["Colour.RED", '["red"]'],
}
"""Values for which polars and pyarrow have no lossless type."""


def test_columns_appended_to_pandas_keep_every_value() -> None:
    frame = pd.DataFrame({"a": [1, 2]}, index=["x", "x"])
    before = frame.copy()
    table = append_columns(frame, VALUES)
    pd.testing.assert_frame_equal(frame, before)
    assert list(table.columns) == ["a", *VALUES]
    assert list(table.index) == ["x", "x"]
    for name, values in VALUES.items():
        found = table[name].tolist()
        assert found == values or (name == "some" and np.isnan(found[1])), name
    assert [str(table[name].dtype) for name in ("counts", "amounts", "some", "prices")] == [
        *("int64", "float64", "float64", "object"),
    ]
    table.loc[:, "a"] = 0
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_columns_appended_to_other_tables_are_typed_or_text(library: str) -> None:
    table: Any = LIBRARIES[library]({"a": [1, 2]})
    result = append_columns(table, VALUES)
    assert type(result) is type(table)
    assert table.shape == (2, 1)
    found = result.to_dict(as_series=False) if library == "polars" else result.to_pydict()
    # With a type or as text, depending on the library and its version.
    found["uuids"] = [value and uuid.UUID(str(value)) for value in found["uuids"]]
    assert found == {"a": [1, 2], **VALUES, **AS_TEXT}


@given(st.lists(CELLS, min_size=1))
@settings(deadline=None)
def test_appending_never_fails(values: list[Any]) -> None:
    for make in LIBRARIES.values():
        table: Any = make({"a": list(range(len(values)))})
        assert append_columns(table, {"b": values}).shape == (len(values), 2)


def test_a_frame_without_pandas_is_an_error_with_the_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert frame_of({"a": [1, 2]}).to_dict("list") == {"a": [1, 2]}
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ExtractionError, match="pip install pandas") as raised:
        source_frame(_core.reading(source_of([{"a": 1}]).input).wait())
    assert isinstance(raised.value.__cause__, ImportError)


def test_no_library_is_imported_for_other_data() -> None:
    program = (
        "import sys, structx._engine.inputs as inputs\n"
        "inputs.source_of([{'a': 1}]), inputs.source_of('text')\n"
        "print([name for name in ('numpy', 'pandas', 'polars', 'pyarrow') if name in sys.modules])"
    )
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


WRITERS = {
    "t.parquet": pq.write_table,
    "t.pq": pq.write_table,
    "t.feather": feather.write_feather,
    "no_extension": feather.write_feather,
}


@pytest.mark.parametrize("library", ["pyarrow", "polars"])
@pytest.mark.parametrize("name", WRITERS)
def test_files_of_columns_are_tables(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, library: str
) -> None:
    monkeypatch.setattr(files, "find_spec", lambda module: module if module == library else None)
    path = tmp_path / name
    WRITERS[name](pa.table({"a": [1, 2], "b": ["x", None], "c": [[1], []]}), str(path))
    prepared = _core.reading(source_of(str(path)).input).wait()
    assert prepared.columns == ["a", "b", "c"]
    assert json.loads(prepared.values() or "") == [[1, 2], ["x", None], [[1], []]]
    for chosen in ({"usecols": [2, 0]}, {"columns": ["c", "a"]}):
        prepared = _core.reading(source_of(path, {**chosen, "nrows": 1}).input).wait()
        assert json.loads(prepared.values() or "") == [[1], [[1]]]
    prepared = _core.reading(source_of(path, {"where": "b = ''", "usecols": ["a"]}).input).wait()
    assert (prepared.columns, json.loads(prepared.values() or "")) == (["a"], [[2]])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"sep": ","}, "`sep` is of no use to this file; it takes usecols, columns, nrows"),
        ({"nrows": -1}, "`nrows` must be a number"),
        ({"usecols": "a"}, "`usecols` must be a list"),
        ({"usecols": ["a", "z"]}, "the columns are a"),
        ({"columns": [1]}, "the columns are a"),
    ],
    ids=str,
)
def test_wrong_options_of_files_of_columns(
    tmp_path: Path, options: dict[str, Any], words: str
) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": [1]}), path)
    with pytest.raises(FileError, match=words):
        source_of(path, options)


def test_a_file_of_columns_that_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes(b"PAR1 and no more")
    with pytest.raises(FileError, match="is not valid Parquet") as raised:
        source_of(path)
    assert raised.value.path == str(path)
    monkeypatch.setattr(files, "find_spec", lambda _: None)
    with pytest.raises(FileError, match=r"pip install 'structx-rs\[pyarrow\]'"):
        source_of(path)
    # A path because of its extension, even if the file does not exist.
    with pytest.raises(FileError, match="no such file"):
        _core.reading(source_of("missing.feather").input).wait()
