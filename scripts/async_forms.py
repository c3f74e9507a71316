"""For the site: puts the arguments and errors of methods into the text of their async forms.

`structx._engine.help.async_form` does so for `help`, which griffe, that only reads code, can't see.
"""

from __future__ import annotations

from typing import Any

import griffe

EXAMPLES = "\n\nExamples:\n"


class AsyncForms(griffe.Extension):
    """Joins the text of `name` with that of `name_async`."""

    def on_function(self, *, func: griffe.Function, **_: Any) -> None:
        """Changes the docstring of an async form."""
        name = func.name.removesuffix("_async")
        blocking = func.parent.members.get(name) if func.parent and name != func.name else None
        if func.docstring is None or blocking is None or blocking.docstring is None:
            return
        first, _, example = func.docstring.value.partition(EXAMPLES)
        shared = blocking.docstring.value.partition(EXAMPLES)[0].partition("\n\n")[2]
        vars(func.docstring).pop("parsed", None)  # another extension may have parsed it
        func.docstring.value = f"{first}\n\n{shared}{EXAMPLES if example else ''}{example}"
