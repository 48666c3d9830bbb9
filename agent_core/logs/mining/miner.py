"""The miner: messages in, the numbers of their templates out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent_core.errors import LogFault
from agent_core.logs.mining.canon import BLOCK, LONGEST, canonical
from agent_core.logs.mining.closing import Words, constant
from agent_core.logs.mining.clusters import Clusters
from agent_core.logs.mining.masks import masked, shown, taken_apart
from agent_core.logs.mining.shapes import Shapes
from agent_core.migrations import NewerState

VERSION = 1
_MOST_KNOWN, _MOST_BYTES = 1 << 16, 1 << 23
"""Canonical messages whose shapes are remembered; when there are more, those that occur are learned again."""


_MOST_SHAPES, _MOST_CHARS = 8192, 1 << 21
"""Shapes, and characters of their text, that are dumped."""


Row = tuple[str, Words, int]
"""A shape: its frame, its words, its messages."""


class _State(msgspec.Struct, frozen=True):
    version: int
    shapes: list[tuple[str, int]] = []


class _Version(msgspec.Struct, frozen=True):
    version: int


class Miner:
    """Mines templates from messages in one pass, in bounded memory.

    A message has the number of its shape at once. Later some shapes turn out to be one template: `settle`
    decides that from all that was mined, whatever its order, and `resolve` tells it. So two halves of a log
    that were mined apart and merged have the templates of the whole.
    """

    def __init__(self) -> None:
        self._known: dict[bytes, int] = {}
        self._known_bytes = 0
        self._shapes = Shapes()
        self._clusters = Clusters(self._shapes)
        self._texts: dict[int, str] = {}
        self._leaders = np.empty(0, np.int32)

    def mine(self, messages: Sequence[str]) -> NDArray[np.int32]:
        """The number of each message's shape."""
        texts = [message.encode(errors="replace") for message in messages]
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        ends = np.cumsum(lengths + 1) - 1
        return self.mine_spans(b"\n".join(texts), ends - lengths, ends)

    def mine_spans(
        self, block: bytes | memoryview, begin: NDArray[np.int64], end: NDArray[np.int64]
    ) -> NDArray[np.int32]:
        """The number of each message's shape; message i is `block[begin[i]:end[i]]`.

        Messages are in order, and between two of them is at least one byte that belongs to neither. This is
        the quick way: nothing is copied. Of a message `LONGEST` bytes are looked at.
        """
        data = np.frombuffer(block, np.uint8)
        end = np.minimum(end, begin + LONGEST)
        ids = np.empty(len(begin), np.int32)
        sizes = np.cumsum(end - begin + 1)
        at = 0
        while at < len(begin):
            upto = int(np.searchsorted(sizes, (sizes[at - 1] if at else 0) + BLOCK)) + 1
            found = canonical(data, begin[at:upto], end[at:upto])
            ids[at:upto] = np.array([self._number(form) for form in found.forms], np.int32)[found.which]
            at = upto
        ids = self._shapes.now(ids)
        self._shapes.count(ids)
        return ids

    def _number(self, form: bytes) -> int:
        """The number of the shape of a canonical message."""
        number = self._known.get(form)
        if number is None:
            if len(self._known) >= _MOST_KNOWN or self._known_bytes >= _MOST_BYTES:
                self._known.clear()
                self._known_bytes = 0
            number = self._known[form] = self._shapes.add(masked(form.decode(errors="replace")))
            self._known_bytes += len(form)
        return number

    def resolve(self, ids: NDArray[np.int32]) -> NDArray[np.int32]:
        """The numbers of the templates that shapes belong to, as of the last `settle`.

        A number stays good for ever; that of a template is the one of its first shape.
        """
        ids = self._shapes.now(ids)
        old = ids < len(self._leaders)
        ids[old] = self._leaders[ids[old]]
        return ids

    def template(self, number: int) -> str:
        """The template of a number, with "<*>" for what varies."""
        leader = int(self.resolve(np.array([number], np.int32))[0])
        return shown(self._texts.get(leader) or self._shapes.text(leader))

    def settle(self) -> None:
        """Decide which shapes are one template, from all that was mined until now."""
        self._shapes.fold()
        found = self._clusters.find()
        leaders: dict[str, int] = {}
        for number in sorted(found):
            leaders.setdefault(found[number], number)
        self._leaders = np.arange(self._shapes.numbers, dtype=np.int32)
        for number, text in found.items():
            self._leaders[number] = leaders[text]
        self._texts = {number: text for text, number in leaders.items()}

    def merge(self, other: Miner) -> dict[int, int]:
        """Know what another miner has mined since `keep`, too; the numbers here of its shapes."""
        into: dict[int, int] = {}
        for number, text, _ in other._shapes.all():
            into[number] = self._shapes.add(text)
            self._shapes.add_count(into[number], other._shapes.since(number))
        return into

    def rows(self) -> tuple[NDArray[np.int32], list[Row]]:
        """All that it knows, for `of`; before it the numbers here of its shapes, which are 0, 1, … there."""
        rows = self._shapes.rows()
        numbers = np.fromiter((row[0] for row in rows), np.int32, len(rows))
        return numbers, [row[1:] for row in rows]

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Miner:
        """One that knows all that another one knew."""
        miner = cls()
        for frame, words, messages in rows:
            miner._shapes.restore(frame, words, messages)
        return miner

    def now(self, ids: NDArray[np.int32]) -> NDArray[np.int32]:
        """The numbers of the shapes that shapes became; they are among those of `rows`."""
        return self._shapes.now(ids)

    @property
    def has_more(self) -> bool:
        """Whether anything was mined since `keep`."""
        return self._shapes.any_since

    def keep(self) -> None:
        """What was mined until now is kept elsewhere: `merge` into that shall not count it again."""
        self._shapes.keep()

    def dump(self, mask: Callable[[str], str] = str) -> bytes:
        """What it knows, for `load`: the shapes that say something, of which there were most messages.

        Args:
            mask: Hides secrets in them.
        """
        shapes = [(text, count) for _, text, count in self._shapes.all() if constant(taken_apart(text)[1])]
        shapes.sort(key=lambda shape: (-shape[1], shape[0]))
        kept: list[tuple[str, int]] = []
        room = _MOST_CHARS
        for text, count in shapes[:_MOST_SHAPES]:
            room -= len(text)
            if room < 0:
                break
            kept.append((mask(text), count))
        return msgspec.msgpack.encode(_State(VERSION, kept))

    @classmethod
    def load(cls, data: bytes) -> Miner:
        """A miner that knows what was dumped and has mined nothing since; raises `LogFault`, `NewerState`."""
        try:
            if (version := msgspec.msgpack.decode(data, type=_Version).version) > VERSION:
                raise NewerState("what was learned of templates", version)
            state = msgspec.msgpack.decode(data, type=_State)
        except (msgspec.MsgspecError, RecursionError, ValueError) as error:
            raise LogFault(f"what was learned of templates cannot be read: {error}") from error
        if state.version != VERSION:
            raise LogFault(f"what was learned of templates is of another version ({state.version})")
        miner = cls()
        for text, count in state.shapes[:_MOST_SHAPES]:
            miner._shapes.add_count(miner._shapes.add(text), max(0, count))
        miner.keep()
        return miner
