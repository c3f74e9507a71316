"""The options of a single call."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from typing_extensions import TypedDict

if TYPE_CHECKING:
    from structx.progress import Progress


class RunOptions(TypedDict, total=False):
    """What `extract`, `extract_queries`, `extract_stream` and their twins take beside their own.

    Each is an argument of these methods: `extract(data=..., query=..., max_cost=2.50)`.
    """

    journal: str | os.PathLike[str] | None
    """A file that keeps the plan and how each row ended, made where it does not exist. A row that
    is in it is read instead of asked for, whatever process wrote it. Default: none."""
    max_cost: float | None
    """US dollars that all requests of the call may cost together; at least 0. What might exceed it
    is not sent: the rows that are left fail with `budget: ...`. The prices of all models must be
    known; see `prices` of the extractor. Default: no limit."""
    max_tokens: int | None
    """Tokens that all requests of the call, prompts and replies, may take together; as `max_cost`
    otherwise. (The extractor's own `max_tokens` is an option of the provider, and about each
    reply.) Default: no limit."""
    deadline: float | None
    """Seconds that the call may take. Then requests under way are aborted, and the rows that are
    left fail with `deadline: ...`. Default: no limit."""
    progress: bool | Callable[[Progress], None] | None
    """True for a bar, where tqdm is installed and stderr is a terminal or a notebook: none for
    a single row. Or what is called with a Progress, ten times a second at most and at the end,
    on the thread of structx that calls validators too, which wait for it; where it raises an
    exception, that is logged, and it is called no more. Default: nothing."""
