"""Counting tokens as a model does, from the vocabulary that Ollama hands out with it.

Byte-pair vocabularies (GPT-2's family: Llama 3, Qwen, Mistral's newer ones, SmolLM, …) are rebuilt; of the
others there is nothing to count with.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_WORDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
_REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_ONE_DIGIT = ("qwen2", "qwen35", "deepseek-r1-qwen", "megrez")
_LIKE_GPT2 = ("smollm", "starcoder", "refact", "command-r", "codeshell")
"""Words as GPT-2 split them, each digit by itself."""


class _Info(msgspec.Struct):
    tokens: list[str] = msgspec.field(name="tokenizer.ggml.tokens", default_factory=list[str])
    merges: list[str] = msgspec.field(name="tokenizer.ggml.merges", default_factory=list[str])
    model: str = msgspec.field(name="tokenizer.ggml.model", default="")
    pre: str = msgspec.field(name="tokenizer.ggml.pre", default="")


class Vocabulary(msgspec.Struct):
    """The part of a verbose `/api/show` that a text is split with."""

    model_info: _Info | None = None


def counter_of(vocabulary: Vocabulary) -> Callable[[str], int] | None:
    """What counts the tokens of a text; None for a vocabulary that is of no known kind.

    It takes some tenths of a second: call it in a thread.
    """
    info = vocabulary.model_info
    if info is None or info.model != "gpt2" or not info.merges:
        return None
    tokenizer = _tokenizer(info)
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)


def _tokenizer(info: _Info) -> Tokenizer:
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers

    known = {token: number for number, token in enumerate(info.tokens)}
    merges = [(left, right) for left, _, right in (merge.partition(" ") for merge in info.merges)]
    tokenizer = Tokenizer(models.BPE(known, merges))
    if info.pre in _LIKE_GPT2:
        first = pre_tokenizers.Digits(individual_digits=True)
        parts = [first, pre_tokenizers.ByteLevel(add_prefix_space=False)]
    else:
        digits = r"\p{N}" if info.pre in _ONE_DIGIT else r"\p{N}{1,3}"
        split = pre_tokenizers.Split(Regex(_WORDS + digits + _REST), "isolated")
        parts = [split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(parts)  # pyright: ignore[reportAttributeAccessIssue]
    return tokenizer
