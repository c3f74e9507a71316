"""A server that nobody here wrote: llama.cpp's own, in each of the wire formats that it speaks.

Needs `pip install xllamacpp` (llama.cpp's server as a wheel) and the weights of the embedded model.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Literal

import pytest
from pydantic import BaseModel

from structx import Extractor, models
from structx.exceptions import ConfigurationError

PROGRAM = """
import sys
import xllamacpp

params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.n_ctx = 4096
params.n_parallel = 1
params.port = 0
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
"""

pytestmark = pytest.mark.skipif(find_spec("xllamacpp") is None, reason="xllamacpp is not installed")


class Invoice(BaseModel):
    number: str
    currency: Literal["CHF", "EUR", "USD"]
    total: float
    due: str | None


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """The server's, which ends with its standard input."""
    try:
        weights = models.locate(f"local/{models.DEFAULT}")
    except ConfigurationError as error:
        pytest.skip(str(error))
    command = [sys.executable, "-c", PROGRAM, str(weights)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield server.stdout.readline().decode().strip()
        finally:
            server.stdin.close()


@pytest.mark.parametrize(
    ("model", "mode"),
    [
        ("qwen", "strict"),
        # It takes the schema of a reply in OpenAI's chat alone.
        ("openai/responses/qwen", "tool"),
        ("anthropic/claude-3-qwen", "tool"),
    ],
)
def test_its_rows_keep_to_the_schema_and_are_counted(origin: str, model: str, mode: str) -> None:
    extractor = Extractor(
        model=model,
        output_mode=mode,
        api_key="none",
        api_base=origin + "/v1",
        max_retries=0,
        max_tokens=300,
        temperature=0,
    )
    result = extractor.extract(
        data="INVOICE A-1001\nTotal: EUR 1,982.50", query="the invoice", model=Invoice
    )
    [row] = result.rows
    assert row.status == "success", row.error
    assert (result.data[0].currency, result.data[0].total) == ("EUR", 1982.5)
    [call] = row.usage.get_step("extraction")
    assert call.prompt_tokens > call.completion_tokens > 0
