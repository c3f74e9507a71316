"""`structx schema` and `structx refine`: models that are planned, or changed in plain words."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from structx._cli import arguments, console, response_model, sources, waiting
from structx._engine.text import dollars
from structx.exceptions import ConfigurationError

if TYPE_CHECKING:
    from structx.definitions import GeneratedModel

_FORMATS = ("definition", "json-schema", "python")
_SCHEMA_EXAMPLES = (
    "structx schema invoice.pdf -q 'the number, the due date and the total' -o invoice.json",
    "structx extract invoices/*.pdf -q 'the invoice' --schema invoice.json",
    "structx schema invoice.pdf -q 'the total' --format python",
)
_REFINE_EXAMPLES = (
    "structx refine invoice.json -q 'add the currency as a code of three letters' -o invoice.json",
    "structx refine models:Invoice -q 'make the due date optional' --format python",
)


def add(commands: Any) -> None:
    """Adds both commands."""
    parser = arguments.command(
        commands,
        "schema",
        "plan what an item is, for a query",
        "Plan the model of the items for a query, without extracting.",
        _SCHEMA_EXAMPLES,
    )
    parser.add_argument("source", metavar="SOURCE", help="a file like those to come; - is stdin")
    arguments.add_query(parser, required=True, says="what to extract, in words")
    _add_output(parser)
    arguments.add_reading(parser.add_argument_group("files"))
    arguments.add_model(parser)
    parser.set_defaults(run=_plan)

    parser = arguments.command(
        commands,
        "refine",
        "change what an item is, in plain words",
        "Change a model as the query says.",
        _REFINE_EXAMPLES,
    )
    parser.add_argument(
        "schema", metavar="FILE|MODULE:MODEL", help="a definition, or a pydantic model to import"
    )
    arguments.add_query(parser, required=True, says="what to change, in words")
    parser.add_argument("--name", help="the name of the new model; default: Refined and the old")
    _add_output(parser)
    arguments.add_model(parser)
    parser.set_defaults(run=_refine)


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--output", "-o", type=Path, metavar="FILE", help="default: stdout")
    parser.add_argument(
        "--format",
        choices=_FORMATS,
        help="default: python for -o FILE.py, else definition, which --schema reads",
    )


def _plan(options: argparse.Namespace) -> int:
    source = sources.one(options.source, options.stdin_name)
    extractor = arguments.extractor(options)
    with waiting.shown(waiting.elapsed("planning")):
        model = extractor.get_schema(
            data=source.data, query=options.query, file_options=arguments.file_options(options)
        )
    _write(model, options)
    return 0


def _refine(options: argparse.Namespace) -> int:
    given = response_model.load(options.schema)
    if isinstance(given, Path):
        raise ConfigurationError(
            f"{given} is a JSON Schema; give a definition (structx schema -o) or a pydantic model"
        )
    extractor = arguments.extractor(options)
    with waiting.shown(waiting.elapsed("planning")):
        model = extractor.refine_data_model(
            model=given, refinement_instructions=options.query, model_name=options.name
        )
    _write(model, options)
    return 0


def _write(model: type[GeneratedModel], options: argparse.Namespace) -> None:
    path: Path | None = options.output
    form: str = options.format or ("python" if path and path.suffix == ".py" else "definition")
    text = _text_of(model, form)
    if path is None:
        print(text)
    else:
        try:
            path.write_text(f"{text}\n", encoding="utf-8")
        except OSError as error:
            raise ConfigurationError(f"-o: {error}") from error
    usage = model.usage
    spent = [console.count(usage.total_tokens, "token")]
    if usage.cost is not None:
        spent.append(dollars(usage.cost))
    fields = console.count(len(model.model_fields), "field")
    console.say(f"{model.__name__}: {fields}, {', '.join(spent)}")


def _text_of(model: type[GeneratedModel], form: str) -> str:
    if form == "json-schema":
        return json.dumps(model.model_json_schema(), ensure_ascii=False, indent=2)
    from structx.definitions import model_to_extraction_request

    definition = model_to_extraction_request(model).model_dump(mode="json")
    text = json.dumps(definition, ensure_ascii=False, indent=2)
    if form == "definition":
        return text
    # The definition is the whole of it: constraints and nested models are made as it says.
    return (
        f'"""The model {model.__name__}."""\n\n'
        "from structx import model_from_extraction_request\n\n"
        f"{model.__name__} = model_from_extraction_request(\n{_python(definition)}\n)"
    )


def _python(definition: Any) -> str:
    from pprint import pformat

    lines = pformat(definition, width=92, sort_dicts=False).splitlines()
    return "\n".join(f"    {line}" for line in lines)
