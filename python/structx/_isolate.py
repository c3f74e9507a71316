"""The process of a reader that may hang or abort, which the core starts, and kills in time.

`python -I -m structx._isolate READER SECONDS`; see `src/documents/isolate.rs`.
"""

from __future__ import annotations

import sys
from contextlib import suppress

_MEMORY = 500_000_000


def main(reader: str, seconds: int) -> None:
    """Answer one request within its bounds."""
    _bound(seconds)
    from structx import _core

    _core.serve_reader(reader)


def _bound(seconds: int) -> None:
    """Bound memory and processor time, and leave no dump behind, where the system has that."""
    try:
        import resource
    except ImportError:  # Windows
        return
    bounds = {
        resource.RLIMIT_AS: _MEMORY,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_CORE: 0,
    }
    for bound, most in bounds.items():
        with suppress(OSError, OverflowError, ValueError):
            resource.setrlimit(bound, (most, most))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
