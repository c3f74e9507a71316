"""Measures the engine of the embedded model beside llama.cpp.

Both answer the same prompts in turn, so that the load of the machine meets both: the ratios of
their rates are what counts. `python bench/accuracy/engine.py` needs the wheel `xllamacpp`, the
weights, and the example of the crate:
`cargo build --release --workspace --features local --example engine`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

from structx.local_models import models

ENGINE = Path(__file__).parents[2] / "target/release/examples/engine"
SERVER = """
import sys, xllamacpp
params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.n_ctx = 8192
params.n_parallel = 1
params.warmup = False
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = int(sys.argv[2])
params.port = 0
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
"""
DECODED = 48


@dataclass
class Measured:
    """One answer: the tokens that were read and written, and what that took."""

    prompt: int
    written: int
    seconds: float
    cpu: float


class Engine:
    """A process that answers prompts."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def cpu(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def megabytes(self) -> float:
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024

    def answer(self, prompt: str, tokens: int) -> tuple[int, int]:
        """The tokens of the prompt that were not cached, and those of the answer."""
        raise NotImplementedError

    def measure(self, prompt: str, tokens: int) -> Measured:
        cpu, started = self.cpu(), time.perf_counter()
        read, written = self.answer(prompt, tokens)
        return Measured(read, written, time.perf_counter() - started, self.cpu() - cpu)


class Ours(Engine):
    """The embedded model."""

    def __init__(self, model: Path, threads: int) -> None:
        command = [str(ENGINE), str(model), str(threads)]
        pipe = subprocess.PIPE
        super().__init__(subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True))

    def answer(self, prompt: str, tokens: int) -> tuple[int, int]:
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(f"{tokens} {json.dumps(prompt)}\n")
        stdin.flush()
        reply = json.loads(stdout.readline())
        usage = reply["usage"]
        return usage["prompt_tokens"] - usage["cached_tokens"], usage["completion_tokens"]


class LlamaCpp(Engine):
    """The server of llama.cpp."""

    def __init__(self, model: Path, threads: int) -> None:
        command = [sys.executable, "-c", SERVER, str(model), str(threads)]
        pipe = subprocess.PIPE
        quiet = subprocess.DEVNULL
        super().__init__(
            subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=quiet, text=True)
        )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()

    def answer(self, prompt: str, tokens: int) -> tuple[int, int]:
        text = f"<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n"
        body = {"prompt": text, "n_predict": tokens, "temperature": 0, "cache_prompt": True}
        headers = {"Content-Type": "application/json"}
        request = Request(f"{self.address}/completion", json.dumps(body).encode(), headers)
        with urlopen(request) as reply:
            timings = json.load(reply)["timings"]
        return timings["prompt_n"], timings["predicted_n"]


@contextmanager
def running(
    kind: type[Ours] | type[LlamaCpp], model: Path, threads: int
) -> Generator[Engine, None, None]:
    started = time.perf_counter()
    engine = kind(model, threads)
    try:
        engine.answer("hello", 1)
        print(f"{kind.__name__:<9} loads in {time.perf_counter() - started:.1f} s")
        yield engine
    finally:
        assert engine.process.stdin is not None
        engine.process.stdin.close()
        engine.process.wait()


def prompts(rounds: int) -> list[str]:
    """Texts of documents, each with a start of its own, so that no prefix is cached."""
    files = sorted((Path(__file__).parent / "texts").glob("*.txt"))
    texts = "\n\n".join(file.read_text(encoding="utf-8") for file in files)
    size = 3_000  # characters, about 1,000 tokens
    return [f"{index}. Summarise:\n{texts[index * 2_003 :][:size]}" for index in range(rounds)]


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the engine beside llama.cpp.")
    parser.add_argument("--model", type=Path, help="a GGUF file; default: the default model")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    model = arguments.model or models.locate(f"local/{models.DEFAULT}")
    with (
        running(Ours, model, arguments.threads) as ours,
        running(LlamaCpp, model, arguments.threads) as other,
    ):
        report(ours, other, prompts(arguments.rounds))


def report(ours: Engine, other: Engine, texts: list[str]) -> None:
    names = ["prefill tok/s", "prefill tok/CPU s", "decode tok/s", "decode tok/CPU s", "again ms"]
    rates: dict[Engine, list[list[float]]] = {ours: [], other: []}
    for index, text in enumerate(texts):
        for engine in (ours, other) if index % 2 == 0 else (other, ours):
            first = engine.measure(text, 1)
            again = engine.measure(text, 1)
            full = engine.measure(text, 1 + DECODED)
            seconds, cpu = full.seconds - again.seconds, full.cpu - again.cpu
            rates[engine].append(
                [
                    first.prompt / first.seconds,
                    first.prompt / first.cpu,
                    (full.written - 1) / seconds,
                    (full.written - 1) / cpu,
                    1000 * again.seconds,
                ]
            )
    print(f"{'':<18}{'ours':>9}{'llama.cpp':>11}{'ratio':>8}")
    columns = [zip(*rates[engine], strict=True) for engine in (ours, other)]
    for name, mine, theirs in zip(names, *columns, strict=True):
        ratio = statistics.median(one / two for one, two in zip(mine, theirs, strict=True))
        medians = statistics.median(mine), statistics.median(theirs)
        print(f"{name:<18}{medians[0]:>9.1f}{medians[1]:>11.1f}{ratio:>8.2f}")
    print(f"{'peak RSS, MB':<18}{ours.megabytes():>9.0f}{other.megabytes():>11.0f}")


if __name__ == "__main__":
    main()
