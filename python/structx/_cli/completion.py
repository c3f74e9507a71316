"""`structx completion`: the script that completes commands and options in a shell.

It is generated from the parser, so that it has the options of this version.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, cast

from structx._cli import arguments

_EXAMPLES = (
    "structx completion bash > ~/.local/share/bash-completion/completions/structx",
    "structx completion zsh > ~/.structx.zsh; echo 'source ~/.structx.zsh' >> ~/.zshrc",
    "structx completion fish > ~/.config/fish/completions/structx.fish",
)


class _Command(NamedTuple):
    words: tuple[str, ...]
    """Its name and those of the commands around it; empty for `structx` itself."""
    parser: argparse.ArgumentParser
    commands: dict[str, str]
    """The commands in it, with their help."""


def add(commands: Any, root: argparse.ArgumentParser) -> None:
    """Adds the command."""
    parser = arguments.command(
        commands,
        "completion",
        "the completion of a shell",
        "Write the script that completes commands and options in a shell.",
        _EXAMPLES,
    )
    parser.add_argument("shell", choices=tuple(_SCRIPTS), help="the shell")

    def run(options: argparse.Namespace) -> int:
        print(_SCRIPTS[options.shell](list(_commands(root, ()))))
        return 0

    parser.set_defaults(run=run)


def _commands(parser: argparse.ArgumentParser, words: tuple[str, ...]) -> Iterator[_Command]:
    inner: dict[str, argparse.ArgumentParser] = {}
    says: dict[str, str] = {}
    for action in _actions(parser):
        if isinstance(action, argparse._SubParsersAction):  # pyright: ignore[reportPrivateUsage]
            inner = dict(cast("Any", action).choices)
            says = {one.dest: one.help or "" for one in cast("Any", action)._choices_actions}
    yield _Command(words, parser, says)
    for name, sub in inner.items():
        yield from _commands(sub, (*words, name))


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    # argparse has no public way to list them.
    return parser._actions  # pyright: ignore[reportPrivateUsage]


def _options(command: _Command) -> Iterator[argparse.Action]:
    return (action for action in _actions(command.parser) if action.option_strings)


def _values(action: argparse.Action) -> list[str]:
    return [str(choice) for choice in action.choices or ()]


def _bash(commands: list[_Command]) -> str:
    cases: list[str] = []
    for command in commands:
        offered = [name for action in _options(command) for name in action.option_strings]
        cases.append(_case(command.words, [*command.commands, *offered]))
    choices = [
        _case((*command.words, name), _values(action))
        for command in commands
        for action in _options(command)
        for name in action.option_strings
        if action.choices
    ]
    known = " ".join(f'"{" ".join(command.words)}"' for command in commands if command.words)
    return _BASH.format(known=known, cases="\n".join(cases), choices="\n".join(choices))


def _case(words: tuple[str, ...], offered: list[str]) -> str:
    return f'    "{" ".join(words)}") offered=({" ".join(offered)}) ;;'


# Without a dash, files are completed, not options. zsh has other rules for splitting words: arrays
# need none.
_BASH = """\
# Completion of structx for bash.
_structx() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}"
  local path="" longer one word
  local -a known offered
  known=({known})
  for word in "${{COMP_WORDS[@]:1:$((COMP_CWORD - 1))}}"; do
    longer="${{path:+$path }}$word"
    for one in "${{known[@]}}"; do
      if [[ "$one" == "$longer" ]]; then path="$longer"; fi
    done
  done
  case "$path" in
{cases}
  esac
  case "$path $before" in
{choices}
  esac
  COMPREPLY=()
  for one in "${{offered[@]}}"; do
    if [[ "$one" == -* && "$current" != -* ]]; then continue; fi
    if [[ "$one" == "$current"* ]]; then COMPREPLY+=("$one"); fi
  done
}}
complete -o default -o bashdefault -F _structx structx"""


def _zsh(commands: list[_Command]) -> str:
    loading = "autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit"
    return f"{loading}\n{_bash(commands)}"


def _fish(commands: list[_Command]) -> str:
    lines = ["# Completion of structx for fish."]
    for command in commands:
        if not command.words:
            when = "__fish_use_subcommand"
        else:
            when = "; and ".join(f"__fish_seen_subcommand_from {word}" for word in command.words)
        lines += [
            f"complete -c structx -n {_quoted(when)} -f -a {name} -d {_quoted(says)}"
            for name, says in command.commands.items()
        ]
        lines += [_fish_option(when, action) for action in _options(command)]
    return "\n".join(lines)


def _fish_option(when: str, action: argparse.Action) -> str:
    parts = [f"complete -c structx -n {_quoted(when)}"]
    for name in action.option_strings:
        parts.append(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}")
    if action.nargs != 0:
        parts.append("-r")
    if action.choices:
        parts.append(f"-f -a {_quoted(' '.join(_values(action)))}")
    says = (action.help or "").replace("%%", "%")
    return " ".join([*parts, f"-d {_quoted(says)}"])


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


_SCRIPTS: dict[str, Callable[[list[_Command]], str]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
