"""Fails if modules of the Python package import each other in a circle.

Imports in functions and under TYPE_CHECKING count, and so do those of the stub of the core.
import-linter, which checks the layers, sees neither the stub nor the compiled module.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

SOURCES = Path(__file__).parents[1] / "python"


def modules() -> dict[str, Path]:
    """The source of each module of the package, by its dotted name."""
    found: dict[str, Path] = {}
    for path in [*SOURCES.rglob("*.py"), *SOURCES.rglob("*.pyi")]:
        parts = path.relative_to(SOURCES).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(path: Path, known: dict[str, Path]) -> Iterator[str]:
    """The modules of the package that a module imports, wherever the import stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module in known:
            for alias in node.names:
                submodule = f"{node.module}.{alias.name}"
                yield submodule if submodule in known else node.module


def main() -> int:
    """The exit code."""
    known = modules()
    graph = {name: set(imports(path, known)) for name, path in known.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        print("modules import each other in a circle:", " -> ".join(reversed(error.args[1])))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
