"""One log that is shipped: its source with the texts in it, and what is noted of them."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from secrets import token_hex
from typing import IO, TYPE_CHECKING, cast

import msgspec

from agent_core.files import open_regular
from agent_core.logs.opening import Opener
from agent_core.logs.shipping.cutting import Cutter, Mask, digest_of
from agent_core.logs.shipping.late import LateLines
from agent_core.logs.shipping.naming import ServiceOf
from agent_core.logs.shipping.shelf import Part, Shelf
from agent_core.logs.sources.find import Found
from agent_core.logs.sources.identity import key_of
from agent_core.logs.sources.port import STDIN, Begin, Block, Place
from agent_core.streaming.messages import RawLines

if TYPE_CHECKING:
    from agent_core.logs.shipping.shipper import ShipQuery

_HEAD, _TELLING = 256, 64
"""Bytes by which a file is known again, and how many it takes where it is another file on the disk."""
_GZIP = b"\x1f\x8b"
_LONGEST = 1 << 20


class LogText:
    """A log from where it was delivered on.

    A file is known by where it lies on the disk and how it begins, so that it may be renamed; a copy, and
    what was packed, by how it begins and by the last line that was delivered.

    Args:
        found: The log.
        service: Whose it is; where it is of several containers, what it is noted under.
        service_of: Whose the log of a container is.
        opener: Opens it.
        folder: Where it is noted what was delivered.
        mask: Hides secrets.
        query: Where it is to begin.

    Raises:
        LogFault: It cannot be opened, or somebody else ships it.
    """

    def __init__(
        self,
        found: Found,
        service: str,
        *,
        service_of: ServiceOf,
        opener: Opener,
        folder: Path,
        mask: Mask,
        query: ShipQuery,
    ) -> None:
        self._mask, self._opener, self._since = mask, opener, query.since
        self._whose: ServiceOf = service_of if found.name != STDIN else lambda _: service
        self._service = service
        self._files = found.family is not None
        self._root = opener.root
        self._shelf = None if found.name == STDIN else Shelf(folder, f"{service}\n{found.name}")
        try:
            self._anew = query.again and not self._files
            if query.again and self._shelf is not None:
                for part in self._shelf.parts:
                    self._shelf.put(_anew(part))
            places = tuple(part.place for part in self._known)
            self.source = opener.open(found, Begin(since=query.since, places=places))
        except BaseException:
            self._unlock()
            raise
        self.services: dict[str, str] = {}
        """Whose each log is that was found in it: a container's, or the file itself."""
        self._cutters: dict[str, Cutter] = {}
        self._taken: set[int] = set()
        """Numbers of parts that are read in this run."""

    @property
    def _known(self) -> tuple[Part, ...]:
        return self._shelf.parts if self._shelf is not None and not self._anew else ()

    async def aclose(self) -> None:
        """Close the source, and let others have the log."""
        try:
            await self.source.aclose()
        finally:
            self._unlock()

    def _unlock(self) -> None:
        if self._shelf is not None:
            self._shelf.close()

    @property
    def size(self) -> int:
        """Bytes of the lines that wait."""
        return sum(cutter.size for cutter in self._cutters.values())

    @property
    def since(self) -> float:
        """When the first of them came."""
        return min((cutter.since for cutter in self._cutters.values() if cutter.size), default=0.0)

    async def feed(self, block: Block) -> None:
        """Take the next bytes."""
        if block.begins:
            if self._files:
                self.finish()  # the file before it is not written to any more
            self._cutters = {
                key: cutter for key, cutter in self._cutters.items() if cutter.size or not self._files
            }
            self._cutters[block.part] = await self._begin(block)
        self._cutters[block.part].feed(block)

    def finish(self) -> None:
        """Nothing comes behind what was read."""
        for cutter in self._cutters.values():
            cutter.finish()

    async def _begin(self, block: Block) -> Cutter:
        key = block.part if not self._files else key_of(block.part)
        name = self.source.name_of(block.part) or self.source.name
        path = self._root / name if self._files else None
        head = await asyncio.to_thread(_head, path) if path is not None else b""
        part, skipped = await self._meant(key, head, path, block)
        self._taken.add(part.number)
        late = (
            None if self._since is None else LateLines(self._since, zone=self._opener.zone(self.source.name))
        )
        log = self.source.name if self._files else block.part
        self.services[log] = self._service if self._files else self._whose(log)
        return Cutter(
            service=self.services[log],
            source=log,
            part=part,
            skipped=skipped,
            mask=self._mask,
            late=late,
        )

    async def _meant(self, key: str, head: bytes, path: Path | None, block: Block) -> tuple[Part, int]:
        """Which text this is, and how many lines of it lie before the block."""
        free = [part for part in self._known if part.number not in self._taken]
        first = block.first - 1
        for part in free:
            before = part.place.lines
            there = not self._files or first == before  # a file that was emptied is read from its beginning
            if part.place.key == key and head.startswith(part.place.head) and there:
                return part, before
        live = path is None or self.source.name_of(block.part) == self.source.name
        for part in free if not live and first == 0 else ():
            enough = len(part.place.head) >= _TELLING and head.startswith(part.place.head)
            if enough and path is not None and await asyncio.to_thread(_has, path, part):
                return msgspec.structs.replace(part, place=Place(key=key, head=part.place.head)), 0
        new = Place(key=key, head=head, lines=first)
        name = _name_of(key, head) if self._files else token_hex(8)
        if self._shelf is None:
            return Part(number=0, name=name, place=new), first
        return msgspec.structs.replace(self._shelf.new(new, name), done=first), first

    def messages(self, *, everything: bool) -> list[RawLines]:
        """The next messages; it is noted that they are on their way."""
        found = [
            message for cutter in self._cutters.values() for message in cutter.messages(everything=everything)
        ]
        if found:
            self._note()
        return found

    def delivered(self) -> None:
        """All that was handed out is delivered."""
        for cutter in self._cutters.values():
            cutter.delivered()
        self._note()

    def _note(self) -> None:
        if self._shelf is not None:
            for cutter in self._cutters.values():
                self._shelf.put(cutter.part)
            self._shelf.save()


def _anew(part: Part) -> Part:
    """The same text from its beginning."""
    place = Place(key=part.place.key, head=part.place.head)
    return Part(number=part.number, name=part.name, place=place)


def _name_of(key: str, head: bytes) -> str:
    """What a file is called also by who has no note of it any more: by where it lies and its first line.

    Container logs have no such name: their engine may have forgotten their first lines, and counted anew they
    would have the numbers of others.
    """
    first = head.partition(b"\n")[0]
    return blake2b(key.encode() + b"\n" + first, digest_size=6).hexdigest()


def _head(path: Path) -> bytes:
    """How a file begins, unpacked; nothing where it is gone."""
    try:
        with _opened(path) as file:
            return file.read(_HEAD)
    except (OSError, EOFError, zlib.error):
        return b""


def _has(path: Path, part: Part) -> bool:
    """Whether the last line that was delivered of a text is in this file at its place."""
    try:
        with _opened(path) as file:
            lines = iter(lambda: file.readline(_LONGEST), b"")
            line = next(islice(lines, part.done - 1, None), b"") if part.done else b"\n"
    except (OSError, EOFError, zlib.error):
        return False
    return not part.done or digest_of(line.removesuffix(b"\n")) == part.last


@contextmanager
def _opened(path: Path) -> Generator[IO[bytes]]:
    """Its bytes, unpacked."""
    with open(open_regular(path), "rb") as file:  # noqa: PTH123 - a descriptor
        packed = file.read(2) == _GZIP
        file.seek(0)
        if packed:
            with gzip.open(file) as unpacked:
                yield cast("IO[bytes]", unpacked)
        else:
            yield file
