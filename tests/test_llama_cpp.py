"""An independent server, that of llama.cpp, in each of its wire formats.

It is part of the wheel `xllamacpp`, and uses the weights of the embedded model.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Literal

import pytest
from pydantic import BaseModel

from structx import ExtractionResult, Extractor
from structx.exceptions import ConfigurationError
from structx.local_models import models

PROGRAM = """
import sys
import xllamacpp

params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.n_ctx = 4096
params.n_parallel = 1
# Threads that wait for each other are slow on a busy machine.
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
params.port = 0
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
"""

pytestmark = pytest.mark.skipif(find_spec("xllamacpp") is None, reason="xllamacpp is not installed")


class Invoice(BaseModel):
    currency: Literal["CHF", "EUR", "USD"]
    total: float
    is_paid: bool | None


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """The address of the server, which ends when its standard input is closed."""
    try:
        weights = models.locate("local/qwen2.5-coder-0.5b")
    except ConfigurationError as error:
        if os.environ.get("CI"):
            raise
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


def extract(origin: str, model: str, max_tokens: int) -> ExtractionResult[Invoice]:
    extractor = Extractor(
        model=model,
        api_key="none",
        api_base=origin + "/v1",
        max_retries=0,
        max_tokens=max_tokens,
        temperature=0,
    )
    text = "INVOICE A-1001\nTotal: EUR 1,982.50"
    return extractor.extract(data=text, query="the invoice", model=Invoice)


def test_rows_keep_to_the_schema_and_are_counted(origin: str) -> None:
    result = extract(origin, "qwen", 300)
    [row] = result.rows
    assert row.status == "success", row.error
    assert row.repairs == []
    assert (result.data[0].currency, result.data[0].total) == ("EUR", 1982.5)
    [call] = row.usage.get_step("extraction")
    assert call.prompt_tokens > call.completion_tokens > 0


@pytest.mark.parametrize("model", ["openai/responses/qwen", "anthropic/qwen"])
def test_requests_in_other_formats_are_understood_and_counted(origin: str, model: str) -> None:
    """It enforces the schema only in OpenAI's chat format."""
    [row] = extract(origin, model, 16).rows
    assert {error.kind for error in row.errors} <= {"invalid", "truncated"}
    [call] = row.usage.get_step("extraction")
    assert call.prompt_tokens > 16 >= call.completion_tokens > 0


def test_plans_of_a_small_model_are_accepted(origin: str) -> None:
    """The schema of plans admits no plan that is refused."""
    extractor = Extractor(
        model="qwen",
        api_key="none",
        api_base=origin + "/v1",
        max_retries=0,
        max_tokens=600,
        temperature=0,
    )
    text = "Order 17: 2 chairs at 10.50, 1 table at 99"
    planned = extractor.get_schema(data=text, query="the products with quantity and price")
    assert planned.model_fields
