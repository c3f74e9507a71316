"""The provider options of each step, and the sources that they are read from."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeAlias, TypeGuard, cast

from structx import _core
from structx.exceptions import ConfigurationError

_STEPS = ("planning", "extraction")
_Layer: TypeAlias = "dict[str, dict[str, Any]]"
"""The options of each step in one source."""


class StepConfig(dict[str, Any]):
    """The options of one step, by name.

    Examples:
        >>> structx.StepConfig(temperature=0.2).options()
        {'temperature': 0.2}
    """

    def options(self) -> dict[str, Any]:
        """A copy of the options, as they are sent."""
        return deepcopy(dict(self))

    def __repr__(self) -> str:
        return f"StepConfig({_masked(dict(self))!r})"


@dataclass(init=False, repr=False)
class ExtractionConfig:
    """Options of the provider, such as `{"temperature": 0.2}`, which are sent unchanged.

    Nothing is sent by default. Options come from these sources. If two sources have the same
    option, objects are merged; otherwise the first source takes precedence:

    1. the arguments;
    2. the environment: `STRUCTX_PLANNING` and `STRUCTX_EXTRACTION`, each a JSON object, or one
       option, as in `STRUCTX_EXTRACTION__TEMPERATURE=0.2` and, in a nested object,
       `STRUCTX_EXTRACTION__REASONING__EFFORT=low`. A value that is not JSON is a string; variables
       are case-insensitive, and options are lower case;
    3. the same variables in `.env` in the working directory, whose other lines are ignored;
    4. the file of `from_yaml`;
    5. files named like the variables in the directory `_secrets_dir`, or the one that the
       environment variable STRUCTX_SECRETS_DIR names, by default `/run/secrets` if it exists.

    The constructor reads them; copies and pickles keep the values.

    Examples:
        >>> config = structx.ExtractionConfig(extraction={"temperature": 0})
        >>> config.extraction
        StepConfig({'temperature': 0})
        >>> extractor = Extractor(model="openai/gpt-4o", config=config)
    """

    planning: StepConfig
    """Options of the requests that plan or refine a model."""
    extraction: StepConfig
    """Options of the requests that extract items."""

    def __init__(
        self,
        *,
        planning: Mapping[str, Any] | None = None,
        extraction: Mapping[str, Any] | None = None,
        _secrets_dir: str | os.PathLike[str] | None = None,
        **unknown: NoReturn,
    ) -> None:
        """Reads the environment, `.env` and the secrets.

        Args:
            planning: options of planning. Default: none.
            extraction: options of extraction. Default: none.
            _secrets_dir: the directory of secret files. Default: see the class.
            unknown: other names, which are an error.

        Raises:
            ConfigurationError: a source is wrong. The message names the source and the option, and
                never contains the value.
        """
        given = {"planning": planning, "extraction": extraction, **unknown}
        self._merge(_layer("ExtractionConfig", given), {}, _secrets_dir)

    @classmethod
    def from_yaml(
        cls,
        path: str | os.PathLike[str],
        *,
        planning: Mapping[str, Any] | None = None,
        extraction: Mapping[str, Any] | None = None,
        _secrets_dir: str | os.PathLike[str] | None = None,
        **unknown: NoReturn,
    ) -> ExtractionConfig:
        """The constructor with a YAML file: a mapping with `planning`, `extraction` or both.

        Args:
            path: the file, in UTF-8.
            planning: as in the constructor.
            extraction: as in the constructor.
            _secrets_dir: as in the constructor.
            unknown: other names, which are an error.

        Raises:
            ConfigurationError: as in the constructor, or the file can't be read, is not YAML, or
                has other keys than these two.
        """
        given = {"planning": planning, "extraction": extraction, **unknown}
        config = cls.__new__(cls)
        config._merge(_layer("ExtractionConfig", given), _yaml(path), _secrets_dir)
        return config

    def for_step(self, step: str) -> dict[str, Any]:
        """A copy of the options of a step.

        Args:
            step: `planning` or `extraction`.

        Raises:
            ConfigurationError: there is no such step.

        Example: `ExtractionConfig(extraction={"seed": 7}).for_step("extraction")` is `{"seed": 7}`.
        """
        if step not in _STEPS:
            raise ConfigurationError(f"there is no step {step!r}, only planning and extraction")
        return StepConfig(getattr(self, step)).options()

    def _merge(
        self, given: _Layer, yaml: _Layer, secrets_dir: str | os.PathLike[str] | None
    ) -> None:
        variables = _variables("the environment", os.environ.items())
        merged: _Layer = {step: {} for step in _STEPS}
        for layer in (_secrets(secrets_dir), yaml, _dotenv(), variables, given):
            merged = _over(merged, layer)
        self.planning = StepConfig(merged["planning"])
        self.extraction = StepConfig(merged["extraction"])

    def __repr__(self) -> str:
        planning, extraction = _masked(self.planning), _masked(self.extraction)
        return f"ExtractionConfig(planning={planning!r}, extraction={extraction!r})"


ConfigLike: TypeAlias = "ExtractionConfig | Mapping[str, Any] | str | os.PathLike[str]"
"""A config, a mapping of its arguments, or the path of a YAML file."""


def options(
    config: ConfigLike | None, provider_options: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Merges the options of planning and of extraction for an extractor.

    Args:
        config: see `ConfigLike`; None is the same as an empty mapping.
        provider_options: options for both steps, with the precedence of arguments of
            `ExtractionConfig`. The steps of a mapping or an ExtractionConfig take precedence over
            them.

    Raises:
        ConfigurationError: see `ExtractionConfig`.
    """
    both = _options("the options of the provider", provider_options)
    if isinstance(config, ExtractionConfig):
        made = _layer("config", {step: getattr(config, step) for step in _STEPS})
        return _over(both, made["planning"]), _over(both, made["extraction"])
    if config is None or _is_object(config):
        given = _layer("config", config or {})
        planning, extraction = (_over(both, given.get(step, {})) for step in _STEPS)
        made = ExtractionConfig(planning=planning, extraction=extraction)
    elif isinstance(config, (str, os.PathLike)):
        made = ExtractionConfig.from_yaml(config, planning=both, extraction=both)
    else:
        raise ConfigurationError(
            "config must be an ExtractionConfig, a mapping or the path of a YAML file, "
            f"not {type(config).__name__}"
        )
    return made.planning, made.extraction


def _layer(source: str, content: Mapping[str, Any]) -> _Layer:
    """Checks a mapping of steps."""
    if unknown := sorted(str(key) for key in content.keys() - set(_STEPS)):
        raise ConfigurationError(
            f"{source}: there is no {', '.join(unknown)}, only planning and extraction"
        )
    return {step: _options(f"{source}: {step}", content[step]) for step in content}


def _options(source: str, given: object) -> dict[str, Any]:
    """Checks the options of a step and copies them."""
    if given is None:
        return {}
    if not _is_object(given):
        kind = type(given).__name__
        raise ConfigurationError(f"{source} must be an object of options, not {kind}")
    copied: dict[str, Any] = {}
    for option, value in given.items():
        if not isinstance(option, str):
            raise ConfigurationError(f"{source}: the names of options must be strings")
        try:
            text = json.dumps(value, allow_nan=False, ensure_ascii=False)
            text.encode()  # fails for lone surrogates
        except (TypeError, ValueError, RecursionError) as error:
            # The message of the error may contain the value.
            kind = type(error).__name__
            raise ConfigurationError(f"{source}: {option} is not JSON ({kind})") from None
        copied[option] = json.loads(text)
    return copied


def _over(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Merges two objects recursively; `over` takes precedence."""
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        merged[key] = _over(below, value) if _is_object(below) and _is_object(value) else value
    return merged


def _is_object(value: object) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping)


def _yaml(path: str | os.PathLike[str]) -> _Layer:
    file = Path(path)
    content = json.loads(_core.read_yaml(str(file), _read(file)))
    if content is None:
        return {}
    if not _is_object(content):
        raise ConfigurationError(f"{file}: must be a mapping of planning and extraction")
    return _layer(str(file), content)


def _dotenv() -> _Layer:
    file = Path(".env")
    # A directory of this name may be a virtual environment.
    if not file.is_file():
        return {}
    content = _bytes(file)
    # A file without our variables may have any encoding. (Some shells of Windows write UTF-16.)
    if b"structx_" not in content.lower().replace(b"\0", b""):
        return {}
    from structx._engine.dotenv import assignments

    return _variables(".env", assignments(_text(file, content)))


def _secrets(given: str | os.PathLike[str] | None) -> _Layer:
    named = given or os.environ.get("STRUCTX_SECRETS_DIR")
    directory = Path(named or "/run/secrets").expanduser()
    if not named and not (directory.is_dir() and os.access(directory, os.R_OK)):
        return {}
    try:
        files = sorted(file for file in directory.iterdir() if _option(file.name))
    except OSError as error:
        source = "_secrets_dir" if given else "STRUCTX_SECRETS_DIR"
        raise ConfigurationError(f"{source}: {directory}: {error.strerror}") from error
    return _variables(str(directory), [(file.name, _read(file).strip()) for file in files])


def _variables(source: str, variables: Iterable[tuple[str, str | None]]) -> _Layer:
    """Parses the options in variables; other variables are ignored."""
    ours = [(option, name, text) for name, text in variables if (option := _option(name))]
    layer: _Layer = {}
    # The object of a step sorts before its single options, which are merged into it.
    for option, name, text in sorted(ours, key=lambda variable: variable[0]):
        if text is None:
            raise ConfigurationError(
                f"{source}: {name} has no value, or quotes that are not closed"
            )
        if "" in option:
            raise ConfigurationError(f"{source}: {name} has an option without a name")
        is_step = len(option) == 1
        if is_step and not text.strip():
            continue  # the same as not set
        value = _parsed(text)
        if is_step and not _is_object(value):
            raise ConfigurationError(f"{source}: {name} must be a JSON object")
        for key in reversed(option):
            value = {key: value}
        layer = _over(layer, _layer(source, cast("dict[str, Any]", value)))
    return layer


def _option(name: str) -> tuple[str, ...]:
    """The step of a variable and the path of its option; empty for other variables."""
    prefix, _, rest = name.lower().partition("_")
    path = tuple(rest.split("__"))
    return path if prefix == "structx" and path[0] in _STEPS else ()


def _parsed(text: str) -> Any:
    """Parses a value as JSON; returns the text if it is not JSON."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return text


def _refuse(constant: str) -> NoReturn:
    """Rejects NaN and Infinity, which Python reads although they are not JSON."""
    raise ValueError(constant)


def _read(file: Path) -> str:
    return _text(file, _bytes(file))


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror}") from error


def _text(file: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # The error would carry the content.
        raise ConfigurationError(f"{file}: must be UTF-8") from None


_SECRET = re.compile(
    r"(api|access|private)_?key|(key|token|auth|pw)$|session_token|bearer|secret|passw|authorization"
    r"|credential|cookie|headers",
    re.IGNORECASE,
)


def _masked(value: Any, name: str = "") -> Any:
    """Replaces values whose names look like those of secrets by `***`."""
    if _SECRET.search(name):
        return "***"
    if _is_object(value):
        return {key: _masked(inner, str(key)) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked(inner) for inner in cast("list[Any]", value)]
    return value
