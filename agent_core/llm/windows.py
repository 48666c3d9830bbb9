"""Context windows and prices: what endpoints tell about their models, and a small table of known ones."""

from __future__ import annotations

from typing import Any

import msgspec


class Price(msgspec.Struct, frozen=True):
    """US dollars for a million tokens."""

    prompt: float
    completion: float

    def of(self, prompt_tokens: int, completion_tokens: int) -> float:
        """What that many tokens cost, in US dollars."""
        return (self.prompt * prompt_tokens + self.completion * completion_tokens) / 1e6


class Known(msgspec.Struct, frozen=True):
    """A model of the table: its window in tokens and its list price."""

    window: int
    price: Price


_OPENAI = {
    "gpt-5": Known(400_000, Price(1.25, 10.0)),
    "gpt-5-mini": Known(400_000, Price(0.25, 2.0)),
    "gpt-5-nano": Known(400_000, Price(0.05, 0.4)),
    "gpt-4.1": Known(1_047_576, Price(2.0, 8.0)),
    "gpt-4.1-mini": Known(1_047_576, Price(0.4, 1.6)),
    "gpt-4.1-nano": Known(1_047_576, Price(0.1, 0.4)),
    "gpt-4o": Known(128_000, Price(2.5, 10.0)),
    "gpt-4o-mini": Known(128_000, Price(0.15, 0.6)),
    "o3": Known(200_000, Price(2.0, 8.0)),
    "o4-mini": Known(200_000, Price(1.1, 4.4)),
}
_HOSTED: dict[str, dict[str, Known]] = {"api.openai.com": _OPENAI}


def known(host: str, model: str) -> Known | None:
    """The table's entry for a model at its host; dated names (`gpt-4.1-2025-04-14`) count."""
    table = _HOSTED.get(host.partition(":")[0], {})
    name = model
    while name:
        if name in table:
            return table[name]
        head, dash, tail = name.rpartition("-")
        name = head if dash and tail.isdigit() else ""
    return None


def window_of_entry(entry: dict[str, Any]) -> int:
    """The window in an entry of an endpoint's model list; 0 where it does not tell.

    llama.cpp's `n_ctx_train` is left out: it is what the model was made for, not what the server gives it.
    """
    meta: Any = entry.get("meta")
    places: tuple[Any, ...] = (
        entry.get("max_model_len"),  # vLLM
        _get(meta, "n_ctx"),  # llama.cpp
        entry.get("loaded_context_length"),  # LM Studio
        _get(entry.get("top_provider"), "context_length"),  # OpenRouter
        entry.get("context_length"),
        entry.get("context_window"),  # Groq
    )
    return next((place for place in places if isinstance(place, int) and place > 0), 0)


def price_of_entry(entry: dict[str, Any]) -> Price | None:
    """The price in an entry of a model list that has one (OpenRouter: dollars for a token, as text)."""
    pricing: Any = entry.get("pricing")
    try:
        price = Price(float(pricing["prompt"]) * 1e6, float(pricing["completion"]) * 1e6)
    except (TypeError, KeyError, ValueError):
        return None
    return price if price.prompt >= 0 and price.completion >= 0 else None


def _get(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
