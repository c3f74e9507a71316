"""The notebooks in docs/notebooks run, and their cells print what is stored in them.

The list `structx.provider` in the metadata of a notebook scripts the fake provider, as the comments
of a page do (`pages.py`). `...` in a stored output stands for any text. Without a module of the
list `structx.needs` of a cell, what the cell prints is not checked.
"""

from __future__ import annotations

import json
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import pages
from provider import ROOT, FakeProvider

NOTEBOOKS = sorted((ROOT / "docs/notebooks").glob("*.ipynb"))
per_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def shown(cell: Any) -> str:
    """What a cell shows as text: what it prints, and the repr of its last line."""
    texts: list[str] = [
        output["text"] if "text" in output else output.get("data", {}).get("text/plain", "")
        for output in cell["outputs"]
    ]
    return "\n".join(texts)


def has_needed(cell: Any) -> bool:
    """Whether the modules that the cell needs are installed."""
    needed = cell.metadata.get("structx", {}).get("needs", ())
    return all(find_spec(module) for module in needed)


def run(notebook: Any, folder: Path) -> None:
    """Runs the cells in a new kernel.

    Raises AssertionError for an output that is not the stored one, and CellExecutionError for a
    cell that raises.
    """
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    stored = [shown(cell) if has_needed(cell) else "" for cell in cells]
    client = pytest.importorskip("nbclient").NotebookClient(notebook, timeout=120)
    client.execute(cwd=os.fspath(folder))
    for text, cell in zip(stored, cells, strict=True):
        if text:
            pages.check(cell["id"], text, shown(cell))


@pytest.fixture
def folder(provider: FakeProvider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder in which a kernel starts, as in the repository."""
    pytest.importorskip("ipykernel")
    pages.prepare(monkeypatch, provider, tmp_path)
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    place = tmp_path / "docs/notebooks"
    place.mkdir(parents=True)
    return place


@per_notebook
def test_every_cell_runs(path: Path, provider: FakeProvider, folder: Path) -> None:
    nbformat = pytest.importorskip("nbformat")
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    provider.script(*map(pages.step, notebook.metadata.structx.provider))
    run(notebook, folder)
    asked = json.dumps([request["body"] for request in provider.requests()])
    steps = notebook.metadata.structx.provider
    assert [step["when"] for step in steps if step["when"] not in asked] == []


@per_notebook
def test_the_guide_links_it_and_it_says_which_model_it_needs(path: Path) -> None:
    guide = (ROOT / "docs/guides/jupyter.md").read_text(encoding="utf-8")
    assert f"](../notebooks/{path.name})" in guide
    first = json.loads(path.read_text(encoding="utf-8"))["cells"][0]
    assert first["cell_type"] == "markdown" and "STRUCTX_MODEL" in "".join(first["source"])


def test_a_wrong_output_and_a_cell_that_raises_are_found(folder: Path) -> None:
    v4 = pytest.importorskip("nbformat").v4
    error = pytest.importorskip("nbclient").exceptions.CellExecutionError
    output = v4.new_output("stream", text="a ...\n")
    good = v4.new_code_cell("print('a', 1)", outputs=[output])
    run(v4.new_notebook(cells=[good]), folder)
    wrong = v4.new_code_cell("print('b')", outputs=[output])
    with pytest.raises(AssertionError, match="prints\nb"):
        run(v4.new_notebook(cells=[wrong]), folder)
    with pytest.raises(error, match="ZeroDivisionError"):
        run(v4.new_notebook(cells=[v4.new_code_cell("1 / 0")]), folder)
