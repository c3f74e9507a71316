"""What models cost: the caller's own table, or that of the package genai-prices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeAlias, cast

from typing_extensions import NotRequired, TypedDict

from structx._engine import checks


class Price(TypedDict):
    """US dollars for a million tokens of a model."""

    input: float
    """Of the prompt."""
    output: float
    """Of the reply, thinking included."""
    cached: NotRequired[float]
    """Of the part of the prompt that the provider had cached. Default: as the rest."""


Prices: TypeAlias = "Mapping[str, Price] | Literal['genai-prices']"
Table: TypeAlias = "dict[str, tuple[float, float, float | None]]"
"""input, output and cached, by the caller's name of the model"""

_PACKAGE = "genai-prices"
# The package's names of the providers whose names are others there.
_PROVIDERS = {
    "fireworks_ai": "fireworks",
    "gemini": "google",
    "together_ai": "together",
    "xai": "x-ai",
}
_SAME = {"anthropic", "azure", "deepseek", "groq", "mistral", "openai", "openrouter"}


def table_of(prices: Prices | None, models: Iterable[str]) -> Table:
    """The prices of these models, as far as they are known. Raises ValueError."""
    if prices is None:
        return {}
    if prices == _PACKAGE:
        return _of_package(models)
    if not isinstance(prices, Mapping):
        raise ValueError(f"prices must be a mapping of models or {_PACKAGE!r}, not {prices!r}")
    # All are checked: a mistake is told whether or not it matters today.
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


def _of_package(models: Iterable[str]) -> Table:
    try:
        from genai_prices import Usage, calc_price
    except ImportError as error:
        raise ValueError(
            f"prices={_PACKAGE!r} needs this package: pip install {_PACKAGE} (Python 3.11 or later)"
        ) from error

    # So few tokens that it is the lowest tier of prices that rise with the length of a prompt.
    tokens = 1_000

    def dollars(usage: Any, model: str, provider: str | None) -> float:
        cost = calc_price(usage, model, provider_id=provider)
        return float(cost.total_price) * 1e6 / tokens

    table: Table = {}
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
            continue  # it does not know the model
    return table


def _named(model: str) -> tuple[str | None, str]:
    """The package's name of a model's provider, and the model's own: no provider for a bare name,
    and an empty one for what has no price, such as a server of the caller's."""
    prefix, slash, name = model.partition("/")
    if not slash:
        return None, model
    provider = prefix if prefix in _SAME else _PROVIDERS.get(prefix, "")
    return provider, name.removeprefix("responses/") if prefix == "openai" else name
