"""The model of the items that `--schema` names."""

from __future__ import annotations

import importlib
import importlib.util
import json
import re
import sys
from pathlib import Path
from typing import Any, cast

from structx.exceptions import ConfigurationError, StructXError

_IMPORT = re.compile(r"(?P<module>.+):(?P<name>[^\W\d][\w.]*)")


def load(given: str | None) -> Any:
    """A model for the methods of an Extractor; None if nothing is given.

    Raises ConfigurationError: there is no such model, or the file is none.
    """
    if given is None:
        return None
    path = Path(given).expanduser()
    if path.is_file():
        return _of_file(path)
    found = _IMPORT.fullmatch(given)
    if found is None:
        raise ConfigurationError(f"--schema: there is no file {given}, and it is no MODULE:MODEL")
    return _imported(found["module"], found["name"])


def _of_file(path: Path) -> Any:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"--schema: {path} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise ConfigurationError(f"--schema: {path} is no JSON Schema and no definition")
    given = cast("dict[str, Any]", content)
    if "model_name" not in given or "fields" not in given:
        return path
    from structx.definitions import model_from_extraction_request  # not needed for other models

    try:
        return model_from_extraction_request(given)
    except StructXError as error:
        raise ConfigurationError(f"--schema: {path}: {error}") from error


def _imported(module: str, name: str) -> Any:
    try:
        value: Any = _of_source(Path(module)) if module.endswith(".py") else _of_name(module)
        for part in name.split("."):
            value = getattr(value, part)
    except Exception as error:  # the module is the caller's
        kind = type(error).__name__
        raise ConfigurationError(f"--schema: {module}:{name}: {kind}: {error}") from error
    return value


def _of_name(module: str) -> Any:
    # As `python -m` does; the installed command would not find modules of the working directory.
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    return importlib.import_module(module)


def _of_source(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no module")
    module = importlib.util.module_from_spec(spec)
    # Annotations are resolved by the name of the module.
    sys.modules.setdefault(path.stem, module)
    spec.loader.exec_module(module)
    return module
