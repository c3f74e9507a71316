"""The cost of requests: the caller's prices, the package genai-prices, and unknown prices."""

from __future__ import annotations

import pickle
import sys
from typing import Any

import pytest

from loops import Word
from provider import FakeProvider
from structx import ConfigurationError, ExtractionError, Extractor, prices

CALL: dict[str, Any] = {"data": [{"t": "a"}, {"t": "b"}], "query": "words", "model": Word}
# The fake provider counts 10 tokens, of which 4 were cached, and 5.
PRICE: dict[str, Any] = {"input": 100_000, "output": 10_000, "cached": 25_000}


def priced(provider: FakeProvider, prices: Any, **settings: Any) -> Extractor:
    settings = {"model": "openai/fake", "max_retries": 0, **settings}
    return Extractor(api_key="k", api_base=provider.base_url, prices=prices, **settings)


@pytest.mark.parametrize(
    ("price", "cost"), [(PRICE, 0.6 + 0.1 + 0.05), ({"input": 1e5, "output": 0}, 1.0)]
)
def test_a_price_makes_costs(provider: FakeProvider, price: Any, cost: float) -> None:
    result = priced(provider, {"openai/fake": price, "openai/other": PRICE}).extract(**CALL)
    assert [row.usage.cost for row in result.rows] == pytest.approx([cost, cost])
    assert result.usage.cost == pytest.approx(2 * cost)


def test_costs_without_a_price_are_not_known(provider: FakeProvider) -> None:
    result = priced(provider, {"openai/other": PRICE}).extract(**CALL)
    assert (result.usage.cost, result.rows[0].usage.get_step("extraction")[0].cost) == (None, None)


def test_prices_pickle_with_the_extractor(provider: FakeProvider) -> None:
    subject = pickle.loads(
        pickle.dumps(priced(provider, {"openai/fake": PRICE}, pickle_api_key=True))
    )
    assert subject.extract(**CALL).usage.cost == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("table", "settings"),
    [
        (None, {}),
        ({"fake": PRICE}, {}),
        ({"openai/fake": PRICE}, {"model": ["openai/fake", "openai/other"]}),
    ],
)
def test_a_bound_on_costs_needs_all_prices(
    provider: FakeProvider, table: Any, settings: dict[str, Any]
) -> None:
    with pytest.raises(ExtractionError, match=r"max_cost needs the price of openai/") as raised:
        priced(provider, table, **settings).extract(**CALL, max_cost=1)
    assert "prices={" in str(raised.value)
    assert isinstance(raised.value.__cause__, ConfigurationError)
    assert provider.stats()["requests"] == 0


def test_a_planner_needs_a_price_where_it_plans(provider: FakeProvider) -> None:
    subject = priced(provider, {"openai/fake": PRICE}, planning_model="openai/other")
    assert subject.extract(**CALL, max_cost=1_000).failure_count == 0
    with pytest.raises(ExtractionError, match=r"max_cost needs the price of openai/other"):
        subject.extract(**{**CALL, "model": None}, max_cost=1_000)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (3, "prices must be a mapping of models or 'genai-prices', not 3"),
        ("auto", "prices must be a mapping of models or 'genai-prices', not 'auto'"),
        ({"m": 3}, r"prices\['m'\] must be a mapping such as"),
        (
            {"m": {"input": 1}},
            r"prices\['m'\]\['output'\] must be a number of at least 0, not None",
        ),
        (
            {"m": {"input": -1, "output": 1}},
            r"prices\['m'\]\['input'\] must be a number of at least 0",
        ),
        ({"m": {**PRICE, "image": 1}}, r"prices\['m'\] has 'image', not input, output and cached"),
    ],
)
def test_wrong_prices_are_configuration_errors(table: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Extractor(model="openai/fake", api_key="k", prices=table)


MODELS = [
    ("openai/gpt-4o", (2.5, 10.0, 1.25)),
    ("openai/responses/gpt-4o", (2.5, 10.0, 1.25)),
    ("gpt-4o", (2.5, 10.0, 1.25)),
    ("azure/gpt-4o", (2.5, 10.0, 1.25)),
    ("openrouter/openai/gpt-4o", (2.5, 10.0, 1.25)),
    ("gemini/gemini-2.5-flash", (0.3, 2.5, 0.03)),
    ("anthropic/claude-sonnet-4-5", (3.0, 15.0, 0.3)),
    ("xai/grok-4", (3.0, 15.0, 0.75)),
]


@pytest.mark.parametrize(("model", "price"), MODELS)
def test_the_package_knows_models_by_our_names(model: str, price: tuple[float, ...]) -> None:
    pytest.importorskip("genai_prices")
    assert prices.table_of("genai-prices", [model])[model] == pytest.approx(price)


def test_what_the_package_does_not_know_has_no_price() -> None:
    pytest.importorskip("genai_prices")
    unknown = ["openai/no-such-model", "hosted_vllm/gpt-4o", "ollama/gpt-4o", "local/x.gguf"]
    assert prices.table_of("genai-prices", unknown) == {}


def test_a_missing_package_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    with pytest.raises(ConfigurationError, match="pip install genai-prices"):
        Extractor(model="openai/gpt-4o", api_key="k", prices="genai-prices")
