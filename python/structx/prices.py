"""Prices of models: the caller's table, or that of the package genai-prices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias, cast

from typing_extensions import NotRequired, TypedDict

from structx._engine import checks


class Price(TypedDict):
    """US dollars per million tokens of a model.

    Examples:
        >>> price: structx.Price = {"input": 2.5, "output": 10}
        >>> priced = Extractor(model="openai/gpt-4o", prices={"openai/gpt-4o": price})
        >>> found = priced.extract(data=invoice, query=query, model=Invoice)
        >>> round(found.usage.cost, 6)
        7.5e-05
    """

    input: float
    """Price of the prompt."""
    output: float
    """Price of the reply, including thinking."""
    cached: NotRequired[float]
    """Price of the part of the prompt that the provider had cached. Default: `input`."""


Prices: TypeAlias = "Mapping[str, Price] | Literal['genai-prices']"
PriceTable: TypeAlias = "dict[str, tuple[float, float, float | None]]"
"""input, output and cached, by the caller's name of the model"""

_PACKAGE = "genai-prices"
# The package's names of providers, where they differ from ours.
_PROVIDERS = {
    "fireworks_ai": "fireworks",
    "gemini": "google",
    "together_ai": "together",
    "xai": "x-ai",
}
_SAME = {"anthropic", "azure", "deepseek", "groq", "mistral", "openai", "openrouter"}


def table_of(prices: Prices | None, models: Iterable[str]) -> PriceTable:
    """The prices of these models, without those that are unknown; raises ValueError."""
    if prices is None:
        return {}
    if prices == _PACKAGE:
        return _of_package(models)
    if not isinstance(prices, Mapping):
        raise ValueError(f"prices must be a mapping of models or {_PACKAGE!r}, not {prices!r}")
    # All entries are checked, including those of models that the extractor does not use.
    given = {model: _numbers(f"prices[{model!r}]", price) for model, price in prices.items()}
    return {model: given[model] for model in models if model in given}


def _numbers(name: str, price: object) -> tuple[float, float, float | None]:
    if not isinstance(price, Mapping):
        raise ValueError(f'{name} must be a mapping such as {{"input": 2.5, "output": 10}}')
    given = dict(cast("Mapping[str, Any]", price))
    if unknown := given.keys() - {"input", "output", "cached"}:
        raise ValueError(f"{name} has {min(map(str, unknown))!r}, not input, output and cached")

    def dollars(key: str) -> float:
        return checks.number(f"{name}[{key!r}]", given.get(key))

    cached = dollars("cached") if given.get("cached") is not None else None
    return dollars("input"), dollars("output"), cached


def _of_package(models: Iterable[str]) -> PriceTable:
    try:
        from genai_prices import Usage, calc_price
    except ImportError as error:
        raise ValueError(
            f"prices={_PACKAGE!r} needs that package: pip install {_PACKAGE} (Python 3.11 or later)"
        ) from error

    # Few enough for the lowest tier of models whose price rises with the length of the prompt.
    tokens = 1_000

    def dollars(usage: Any, model: str, provider: str | None) -> float:
        cost = calc_price(usage, model, provider_id=provider)
        return float(cost.total_price) * 1e6 / tokens

    table: PriceTable = {}
    for model in models:
        provider, name = _named(model)
        if provider == "":
            continue
        try:
            table[model] = (
                dollars(Usage(input_tokens=tokens), name, provider),
                dollars(Usage(output_tokens=tokens), name, provider),
                dollars(Usage(input_tokens=tokens, cache_read_tokens=tokens), name, provider),
            )
        except LookupError:
            continue  # an unknown model
    return table


def _named(model: str) -> tuple[str | None, str]:
    """The package's name of the provider, and the name of the model.

    The provider is None for a bare name, and empty for one without prices, such as a server of the
    caller.
    """
    prefix, slash, name = model.partition("/")
    if not slash:
        return None, model
    provider = prefix if prefix in _SAME else _PROVIDERS.get(prefix, "")
    return provider, name.removeprefix("responses/") if prefix == "openai" else name
