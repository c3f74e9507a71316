"""The child process of a library that may hang or abort; the core starts and kills it.

`python -I -m structx._isolate TOOL SECONDS`; see `isolate.rs` among the readers of the core.
"""

from __future__ import annotations

import sys
from contextlib import suppress

# Bytes of address space; chosen by hand, not measured.
_MEMORY = 500_000_000


def main(reader: str, seconds: int) -> None:
    """Serves one request within the bounds."""
    _bound(seconds)
    from structx import _core

    _core.serve_reader(reader)


def _bound(seconds: int) -> None:
    """Limits memory and CPU time, and disables core dumps, where the system supports that."""
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
