"""Proofs: the evidence of a result in a file, which anybody can check against the document.

    result.save_proof("out.proof.json")

    structx verify out.proof.json invoice.pdf

A proof has the SHA-256 of the file, and each value with the characters that say it and the rule by
which they are read. Checking needs no model: it reads the file again and derives each value anew.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast

from structx import _core
from structx._engine.file_names import free_name
from structx.evidence import Evidence

_FORMAT = "structx-proof"
_VERSION = 1
_BLOCK = 1 << 20


def save(
    evidence: Mapping[str, Evidence],
    document: _core.Prepared,
    options: str,
    proof: str | os.PathLike[str],
) -> None:
    """Writes the proof of a document's values; see `ExtractionResult.save_proof`."""
    source = cast(Path, document.path)
    if not document.is_recognized:
        # The places are those of the text without that of scans, whatever the machine can read.
        options = json.dumps({**json.loads(options), "ocr": "never"})
    # A proof is shown to others.
    kept = {name: value for name, value in json.loads(options).items() if name != "password"}
    values = [
        {
            "pointer": pointer,
            "value": one.value,
            "kind": one.kind,
            "status": one.status,
            "spans": [
                {"start": span.start, "end": span.end, "text": span.text, "page": span.page}
                for span in one.spans
            ],
        }
        for pointer, one in evidence.items()
    ]
    content = {
        "format": _FORMAT,
        "version": _VERSION,
        "source": {"name": source.name, "sha256": _sha256(source), "options": kept},
        "values": values,
    }
    if problems := _core.checking((source, options), json.dumps(values)).wait():
        raise ValueError(f"{source} is no longer what was read: {problems[0]}")
    Path(proof).write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")


def save_all(
    found: Iterable[tuple[Mapping[str, Evidence], _core.Prepared]],
    options: str,
    folder: str | os.PathLike[str],
) -> None:
    """Writes the proofs of several documents to a folder; see `ExtractionResult.save_proof`.

    Raises:
        ValueError: files are no longer what was read; the proofs of the others are written.
    """
    if problems := save_each(found, options, folder):
        raise ValueError("; ".join(problems))


def save_each(
    found: Iterable[tuple[Mapping[str, Evidence], _core.Prepared]],
    options: str,
    folder: str | os.PathLike[str],
) -> list[str]:
    """`save_all`, which returns why files have no proof: they are no longer what was read."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    names: set[str] = set()
    problems: list[str] = []
    for evidence, document in found:
        name = free_name(cast(Path, document.path).name, names)
        try:
            save(evidence, document, options, Path(folder) / f"{name}.proof.json")
        except OSError:
            raise
        except Exception as error:  # a changed file: other values, or no longer readable
            problems.append(str(error))
    return problems


class Verdict(NamedTuple):
    """What came of checking a proof."""

    problems: list[str]
    """What does not hold, in words."""
    unproven: list[str]
    """The values without a place in the document, with their status."""


def verify(
    proof: str | os.PathLike[str], document: str | os.PathLike[str], password: str | None = None
) -> list[str]:
    """Checks a proof against a document.

    For example: `verify("out.proof.json", "invoice.pdf")`.

    Returns:
        What does not hold, in words; empty if all values hold.

    Raises:
        ValueError: the file is no proof.
        FileError: the document can't be read.
    """
    return check(proof, document, password).problems


def check(
    proof: str | os.PathLike[str], document: str | os.PathLike[str], password: str | None = None
) -> Verdict:
    """`verify`, with the values that have no place."""
    try:
        content = json.loads(Path(proof).read_text(encoding="utf-8"))
        if content["format"] != _FORMAT or content["version"] != _VERSION:
            raise ValueError(f"{proof} is not a proof of this version of structx")
        source, values = content["source"], cast("list[dict[str, Any]]", content["values"])
        options = {**source["options"], **({} if password is None else {"password": password})}
        expected = source["sha256"]
        unproven = [f"{one['pointer']}: {one['status']}" for one in values if not one["spans"]]
    except (KeyError, TypeError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{proof} is not a proof: {error}") from error
    path = Path(document)
    problems = (
        [] if _sha256(path) == expected else [f"{path.name}: it is not the file of the proof"]
    )
    problems += _core.checking((path, json.dumps(options)), json.dumps(values)).wait()
    return Verdict(problems, unproven)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
