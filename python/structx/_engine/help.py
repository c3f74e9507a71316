"""What `help` and completion show: the options of a call, and the whole text of async forms."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, cleandoc, signature
from typing import Any, TypeVar

F = TypeVar("F", bound="Callable[..., Any]")

_EXAMPLES = "\n\nExamples:\n"


def with_options(options: type[Any]) -> Callable[[F], F]:
    """Names the options of a TypedDict in the signature of a method, in place of `**options`."""

    def shown(method: F) -> F:
        plain = signature(method)
        own = [one for one in plain.parameters.values() if one.kind is not Parameter.VAR_KEYWORD]
        named = [
            Parameter(
                name,
                Parameter.KEYWORD_ONLY,
                default=None,
                annotation=getattr(kind, "__forward_arg__", kind),
            )
            for name, kind in options.__annotations__.items()
        ]
        vars(method)["__signature__"] = plain.replace(parameters=[*own, *named])
        return method

    return shown


def async_form(blocking: Callable[..., Any]) -> Callable[[F], F]:
    """Puts the arguments, results and errors of the blocking form into the text of the async one.

    Its own text is the first line and an example.
    """

    def documented(method: F) -> F:
        first, _, example = cleandoc(method.__doc__ or "").partition(_EXAMPLES)
        shared = cleandoc(blocking.__doc__ or "").partition(_EXAMPLES)[0].partition("\n\n")[2]
        method.__doc__ = f"{first}\n\n{shared}" + (_EXAMPLES + example if example else "")
        return method

    return documented
