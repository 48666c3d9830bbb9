"""Decoders of text that anybody may have written."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec

T = TypeVar("T")


class JsonDecoder(Generic[T]):
    """Like msgspec's, but whatever is wrong with the text is a `msgspec.DecodeError`.

    Of what is nested too deeply msgspec makes a RecursionError, of broken UTF-8 a UnicodeDecodeError.

    Args:
        kind: What it reads.
    """

    def __init__(self, kind: type[T] | Any) -> None:
        self._decoder: msgspec.json.Decoder[T] = msgspec.json.Decoder(kind)

    def decode(self, text: bytes | str) -> T:
        """What the text says. Raises `msgspec.DecodeError`."""
        try:
            return self._decoder.decode(text)
        except (RecursionError, UnicodeError) as error:
            raise msgspec.DecodeError(str(error)) from None
