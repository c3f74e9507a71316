"""The fake provider and the bare client, as separate processes."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Provider:
    base_url: str
    process: int

    def script(self, *, latency_ms: int = 0) -> None:
        """Sets the latency of every response, and forgets all earlier requests."""
        self._ask("_script", json.dumps({"latency_ms": latency_ms}).encode())

    def last_request(self) -> Any:
        return self._ask("_requests")[-1]["body"]

    def cpu_seconds(self) -> float:
        """The CPU time so far (Linux)."""
        stat = Path(f"/proc/{self.process}/stat").read_text(encoding="utf-8")
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def _ask(self, name: str, body: bytes | None = None) -> Any:
        address = self.base_url.removesuffix("/v1")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{address}/{name}", data=body) as reply:
            return json.load(reply)


@contextmanager
def provider(program: Path) -> Generator[Provider]:
    """Runs the fake provider for the time of the block."""
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        yield Provider(process.stdout.readline().decode().strip(), process.pid)
        process.stdin.close()


@dataclass(frozen=True)
class BareClient:
    """Sends the same body again and again: the requests of structx and nothing else."""

    program: Path
    base_url: str
    body: Path

    def run(self, rows: int, concurrency: int) -> dict[str, float]:
        """Wall time, and CPU time per row without the startup of the process."""
        idle, _ = self._run(0, 1)
        cpu, wall = self._run(rows, concurrency)
        return {"wall_s": wall, "cpu_ms_per_row": (cpu - idle) * 1000 / rows}

    def _run(self, rows: int, concurrency: int) -> tuple[float, float]:
        before = children_cpu_seconds()
        command = [self.program, self.base_url, self.body, str(rows), str(concurrency)]
        run = subprocess.run(command, check=True, capture_output=True)
        return children_cpu_seconds() - before, json.loads(run.stdout)["wall_s"]


def children_cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
