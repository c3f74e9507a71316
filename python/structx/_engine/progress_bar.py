"""The progress bar of an operation."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from structx._engine.text import dollars

if TYPE_CHECKING:
    from structx.progress import Progress


class Bar:
    """A tqdm bar, which appears once there is more than one row."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._bar: Any = None

    def show(self, progress: Progress) -> None:
        """Shows the progress."""
        if self._bar is None:
            if progress.rows <= 1:
                return
            from tqdm.auto import tqdm

            self._bar = tqdm(
                desc=self._title,
                total=progress.rows,
                unit="row",
                file=sys.stderr,
                dynamic_ncols=True,
            )
            self._bar.start_t -= progress.seconds
        self._bar.total, self._bar.n = progress.rows, progress.done
        parts = [f"{progress.failed} failed", f"{progress.tokens:,} tokens"]
        total = progress.total_files
        if max(progress.files, total or 0) > 1:
            of_total = f" of {total}" if total else ""
            parts.insert(0, f"{progress.files}{of_total} files")
        if progress.cost is not None:
            parts.append(dollars(progress.cost))
        self._bar.set_postfix_str(", ".join(parts))

    def close(self) -> None:
        """Closes the bar in its current state."""
        if self._bar is not None:
            self._bar.close()


def is_seen() -> bool:
    """Whether a bar would be visible: stderr is a terminal, or this is a notebook."""
    # In a notebook, stderr is not a terminal.
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if type(shell).__name__ == "ZMQInteractiveShell":
        return True
    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError):  # there is no stderr, or it is closed
        return False
