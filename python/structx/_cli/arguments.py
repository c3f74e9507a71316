"""The options that several commands share, and the settings that they stand for."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from structx.exceptions import ConfigurationError

if TYPE_CHECKING:
    from structx.extractor import Extractor
    from structx.limits import Limits

_LIMITS = {
    "concurrency": "max_concurrency",
    "rpm": "requests_per_minute",
    "tpm": "tokens_per_minute",
    "file": "file",
}


class Parser(argparse.ArgumentParser):
    """A parser that can take options between positional arguments: `a.pdf -q "the total" b.pdf`."""

    is_intermixed = False
    _is_parsing = False

    def parse_known_args(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, args: Any = None, namespace: Any = None
    ) -> Any:
        """Parses as the class says; commands in commands can't be parsed so."""
        if self._is_parsing or not self.is_intermixed:
            return super().parse_known_args(args, namespace)
        self._is_parsing = True  # the other method calls this one
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._is_parsing = False


def command(
    commands: Any, name: str, title: str, description: str, examples: Iterable[str], notes: str = ""
) -> Parser:
    """Adds a command with its examples, and the options that each command has."""
    shown = "\n".join(f"  {example}" for example in examples)
    epilog = f"{notes}\nexamples:\n{shown}" if notes else f"examples:\n{shown}"
    parser: Parser = commands.add_parser(
        name,
        help=title,
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    messages = parser.add_argument_group("messages")
    messages.add_argument("--quiet", action="store_true", help="say nothing but errors on stderr")
    messages.add_argument(
        "--verbose", "-v", action="count", default=0, help="log operations; twice: each request"
    )
    messages.add_argument(
        "--log-file", type=Path, metavar="FILE", help="append a log of all requests to it"
    )
    return parser


def add_sources(parser: Parser) -> None:
    """Adds the files that a command reads."""
    parser.is_intermixed = True
    parser.add_argument(
        "sources",
        nargs="*",
        metavar="SOURCE",
        help="file, glob, folder (--recursive), or - (stdin)",
    )
    files = parser.add_argument_group("files")
    files.add_argument(
        "--files-from",
        metavar="FILE",
        help="read names of files from it, one a line or ended by NUL; - is stdin",
    )
    files.add_argument(
        "--recursive", "-r", action="store_true", help="read the files in folders, at any depth"
    )
    add_reading(files)


def add_reading(files: Any) -> None:
    """Adds the options of the reader of files."""
    files.add_argument(
        "--stdin-name",
        metavar="NAME",
        help="names what is read from - or a pipe; its extension tells the format, as in a.csv",
    )
    files.add_argument(
        "--mode",
        choices=("auto", "text", "vision", "file"),
        help="what the model receives of a PDF; default: auto",
    )
    files.add_argument(
        "--password-file", type=Path, metavar="FILE", help="has the password of encrypted PDFs"
    )
    files.add_argument(
        "--as",
        dest="read_as",
        choices=("auto", "records", "document"),
        help="what a workbook, JSON or XML is read as; default: auto",
    )
    files.add_argument(
        "--sheet", metavar="NAME", help="the sheet of a workbook: its name or its position from 0"
    )
    files.add_argument("--columns", metavar="A,B", help="the columns of a table to read")
    files.add_argument("--rows", type=int, metavar="N", help="read the first N rows of a table")
    files.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="CONDITION",
        help="read the rows of a table that meet it, such as 'status = open' or 'total >= 100'; "
        "operators: = != < <= > >= ~ (contains); may be repeated",
    )
    files.add_argument(
        "--pages", metavar="1-3,7", help="the pages, slides or sheets of a document to read"
    )
    files.add_argument(
        "--file-option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="another option of file_options, such as sep=';' or 'limits={\"pages\": 20}'; VALUE "
        "is JSON or a text",
    )


def add_query(parser: argparse.ArgumentParser, *, required: bool, says: str) -> None:
    """Adds the query."""
    parser.add_argument("--query", "-q", type=words, required=required, metavar="TEXT", help=says)


def add_schema(parser: Any, *, required: bool = False) -> None:
    """Adds the model of the items."""
    parser.add_argument(
        "--schema",
        required=required,
        metavar="FILE|MODULE:MODEL",
        help="what an item is: a JSON Schema, a definition (structx schema -o), or a model to "
        "import, such as models:Invoice or models.py:Invoice",
    )


def add_model(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the language model."""
    model = parser.add_argument_group("model")
    model.add_argument(
        "--model",
        help="such as openai/gpt-4o; default: STRUCTX_MODEL, else the best embedded model here",
    )
    model.add_argument("--planning-model", metavar="MODEL", help="plans schemas; default: --model")
    model.add_argument("--api-base", metavar="URL", help="base URL of the provider")
    model.add_argument(
        "--header",
        action="append",
        default=[],
        metavar="'NAME: VALUE'",
        help="an HTTP header of each request; may be repeated",
    )
    model.add_argument(
        "--config", type=Path, metavar="FILE", help="YAML with options of planning and extraction"
    )
    model.add_argument(
        "--max-threads", type=int, default=10, metavar="N", help="requests at a time; default: 10"
    )
    model.add_argument(
        "--max-retries", type=int, default=3, metavar="N", help="for each row; default: 3"
    )
    model.add_argument(
        "--timeout", type=float, default=600, metavar="S", help="seconds of a request; default: 600"
    )
    model.add_argument(
        "--limits",
        metavar="LIMITS",
        help="rate limits: rpm (requests a minute), tpm (tokens), concurrency, and a file through "
        "which processes share them, as in rpm=600,tpm=90000",
    )
    model.add_argument(
        "--prices",
        metavar="PRICES",
        help="US dollars per million tokens: a JSON file as for Extractor(prices=), genai-prices, "
        "or MODEL=INPUT:OUTPUT[:CACHED],...",
    )
    model.add_argument(
        "--cache", type=Path, metavar="FILE", help="store replies in it, and reuse those it has"
    )


def words(text: str) -> str:
    """Checks a query."""
    if not text.strip():
        raise argparse.ArgumentTypeError("it must say what to extract")
    return text


def extractor(options: argparse.Namespace) -> Extractor:
    """The extractor that the options ask for; raises ConfigurationError."""
    from structx.extractor import Extractor  # not needed for help

    return Extractor(
        model=options.model,
        planning_model=options.planning_model,
        api_base=options.api_base,
        headers=_headers(options.header),
        config=options.config,
        max_threads=options.max_threads,
        max_retries=options.max_retries,
        timeout=options.timeout,
        limits=_limits(options.limits),
        prices=_prices(options.prices),
        cache=options.cache,
    )


def file_options(options: argparse.Namespace) -> dict[str, Any]:
    """The options of the reader; raises ConfigurationError."""
    chosen: dict[str, Any] = {}
    for pair in options.file_option:
        name, value = _pair("--file-option", pair)
        chosen[name] = _json_or_text(value)
    secret: Path | None = options.password_file
    if secret is not None:
        chosen["password"] = password_of(secret)
    sheet: str | None = options.sheet
    if sheet is not None:
        chosen["sheet_name"] = int(sheet) if sheet.isdecimal() else sheet
    if options.columns is not None:
        chosen["columns"] = [name.strip() for name in options.columns.split(",")]
    named = {
        "mode": options.mode,
        "as": options.read_as,
        "nrows": options.rows,
        "where": options.where or None,
        "pages": options.pages,
    }
    return {**chosen, **{name: value for name, value in named.items() if value is not None}}


def password_of(file: Path) -> str:
    """The password in a file, without the end of its line; raises ConfigurationError."""
    try:
        return file.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"--password-file: {error}") from error


def _headers(given: Iterable[str]) -> dict[str, str] | None:
    headers: dict[str, str] = {}
    for header in given:
        name, colon, value = header.partition(":")
        if not colon or not name.strip():
            # The text may be a secret.
            raise ConfigurationError("--header must be 'NAME: VALUE'")
        headers[name.strip()] = value.strip()
    return headers or None


def _limits(given: str | None) -> Limits | None:
    if given is None:
        return None
    from structx.limits import Limits  # not needed for help

    limits: dict[str, Any] = {}
    for pair in given.split(","):
        name, value = _pair("--limits", pair.strip())
        if name not in _LIMITS:
            raise ConfigurationError(f"--limits: there is no {name}, only {', '.join(_LIMITS)}")
        limits[_LIMITS[name]] = value if name == "file" else _number(f"--limits {name}", value)
    concurrency = limits.get("max_concurrency")
    if concurrency is not None:
        if concurrency != int(concurrency):
            raise ConfigurationError("--limits concurrency must be an integer")
        limits["max_concurrency"] = int(concurrency)
    return Limits(**limits)


def _prices(given: str | None) -> Any:
    if given is None or given == "genai-prices":
        return given
    if Path(given).is_file():
        try:
            return json.loads(Path(given).read_text(encoding="utf-8-sig"))
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"--prices: {given}: {error}") from error
    prices: dict[str, dict[str, float]] = {}
    for pair in given.split(","):
        name, value = _pair("--prices", pair.strip(), last=True)
        numbers = [_number(f"--prices {name}", part) for part in value.split(":")]
        if not 2 <= len(numbers) <= 3:
            raise ConfigurationError(f"--prices {name} must be INPUT:OUTPUT or INPUT:OUTPUT:CACHED")
        prices[name] = dict(zip(("input", "output", "cached"), numbers, strict=False))
    return prices


def _pair(option: str, text: str, *, last: bool = False) -> tuple[str, str]:
    name, sign, value = text.rpartition("=") if last else text.partition("=")
    if not sign or not name.strip():
        more = ", and there is no such file" if option == "--prices" else ""
        raise ConfigurationError(f"{option} must have NAME=VALUE, not {text!r}{more}")
    return name.strip(), value


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConfigurationError(f"{name} must be a number, not {text!r}") from None


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
