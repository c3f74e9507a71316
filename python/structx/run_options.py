"""The options of a single call."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias

from typing_extensions import TypedDict

if TYPE_CHECKING:
    from structx.progress import Progress


GroundingLevel: TypeAlias = Literal["fuzzy", "normalized", "exact"]
"""How well the source must say a value."""


class RunOptions(TypedDict, total=False):
    """Further arguments of `extract`, `extract_queries`, `extract_stream` and their async forms.

    Examples:
        >>> options: structx.RunOptions = {"journal": "run.db", "deadline": 60, "progress": True}
        >>> extractor.extract(data=invoice, query=query, model=Invoice, **options).success_count
        1
    """

    journal: str | os.PathLike[str] | None
    """A file that stores the plan and the outcome of each row; created if it does not exist. A row
    in the journal is read instead of requested, whichever process wrote it. Default: none."""
    max_cost: float | None
    """The budget of the call in US dollars; at least 0. A request that might exceed it is not sent,
    and the remaining rows fail with `budget: ...`. The prices of all models must be known; see
    `prices` of the extractor. Default: no limit."""
    max_tokens: int | None
    """The budget of the call in tokens of prompts and replies; works as `max_cost`. (The
    `max_tokens` of the extractor is an option of the provider and limits each reply.) Default: no
    limit."""
    deadline: float | None
    """Seconds that the call may take. Then requests in flight are aborted, and the remaining rows
    fail with `deadline: ...`. Default: no limit."""
    fail_fast: bool | None
    """Whether a model gets no more requests after three answers in a row, without a success between
    them, that its key or credit is refused or its name unknown (401, 402, 403, 404, an exhausted
    quota). Rows that would need it fail with that error at once, or use the next model. Default:
    `fail_fast` of the extractor."""
    evidence: bool | None
    """Whether rows keep what their `evidence` is found with: the reply of the model and the source.
    With `return_df=True` it adds the status and the place of each field. Default: rows of documents
    keep it, rows of tables do not. With False, documents are let go once their rows have ended:
    marks and pages of them then need the file again."""
    require_grounding: bool | Literal["normalized", "exact"] | Mapping[str, GroundingLevel] | None
    """Which values must stand in the source (see `structx.evidence`): True for all values, in
    nearly the same words at least; `"normalized"` in any spelling; `"exact"` in the same
    characters; a dict for some fields, such as `{"total": "normalized", "lines.price": "exact"}`.
    Values that are inferred or unverifiable pass. A reply with other values goes back to the
    model, one of its `max_retries`; then `on_ungrounded` decides. Default: False."""
    on_ungrounded: Literal["reask", "null", "fail", "keep"] | None
    """What becomes of values that the model still gives although the source does not say them:
    `"reask"` asks again while retries are left, then the row fails; `"null"` makes them null, and
    the row fails if one may not be null; `"fail"` fails the row; `"keep"` keeps them, and their
    evidence tells. Default: `"reask"`."""
    progress: bool | Callable[[Progress], None] | None
    """True shows a bar if there is more than one row, tqdm is installed, and stderr is a terminal
    or a notebook. A function is called with a Progress at most ten times a second and at the end:
    by async methods on the event loop of the caller, with its context variables; by others on the
    thread that waits for the call, or, between the rows of a stream, on a thread of structx. If it
    raises, the exception is logged and the function is not called again. Default: no progress."""
    validation_context: object
    """Any object, which the validators of `model` find as `info.context`. It is no part of the keys
    of journals and caches, whose replies are validated again. Default: None."""
