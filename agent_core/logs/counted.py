"""What was counted of one part of a source, and what earlier sessions knew of it.

Only the log process loads this module.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import tzinfo
from hashlib import blake2b
from pathlib import Path

from agent_core.errors import AgentError
from agent_core.files import locked
from agent_core.logs.api import SourceFacts
from agent_core.logs.columns import NO_TIME
from agent_core.logs.events.baseline import Baseline, Known, generation_of
from agent_core.logs.events.digest import Part, generation_seen
from agent_core.logs.learned import Learned
from agent_core.logs.mining.miner import Miner
from agent_core.logs.pipeline import Pipeline
from agent_core.logs.sources.port import STDIN
from agent_core.text import one_line

_APART_S = 3600.0
"""Seconds after which what a session knew of a file that grew since is what an earlier one knew."""
_DATE = re.compile(r"\d{4}-?[01]\d-?[0-3]\d")
_log = logging.getLogger(__name__)


class Counted:
    """One part of a source: a file, a container, standard input.

    Attributes:
        source: The source that it belongs to.
        name: What it is called now.
        generation: Tells it from what is called the same at other times; "" where nothing does.
        known: What earlier sessions saw of the source.
    """

    def __init__(
        self,
        *,
        source: str,
        name: str,
        generation: str,
        known: Known,
        pipeline: Pipeline,
    ) -> None:
        self.source, self.name, self.generation, self.known = source, name, generation, known
        self._pipeline = pipeline
        self._bytes = 0
        self._settled = True

    @property
    def records(self) -> int:
        """Records counted so far."""
        return self._pipeline.statistics.records

    @property
    def latest(self) -> float | None:
        """The latest time that was read, also before the time that is asked for; None without times."""
        latest = self._pipeline.latest
        return None if latest == NO_TIME else latest / 1000

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        self._bytes += len(data)
        self._settled = False
        self._pipeline.feed(data)

    def finish(self) -> None:
        """Take what was kept back as unfinished."""
        self._settled = False
        self._pipeline.finish()

    def part(self) -> Part:
        """It as a part of a digest."""
        if not self._settled:
            self._pipeline.settle()
            self._settled = True
        return Part(self._pipeline.statistics, self._pipeline.miner.template, self.facts(), self.known)

    def facts(self) -> SourceFacts:
        """What was read of it."""
        statistics, reader = self._pipeline.statistics, self._pipeline.reader
        kinds = statistics.kinds.view
        dated = statistics.clock.dated and len(kinds)
        return SourceFacts(
            name=one_line(self.name),
            lines=statistics.lines,
            bytes=self._bytes,
            began=int(kinds["began"].min()) / 1000 if dated else None,
            ended=int(kinds["ended"].max()) / 1000 if dated else None,
            note=reader.note,
        )


class Memory:
    """What sessions know of the sources of a workspace, a file for each, and of the wordings of all of them.

    Args:
        root: The workspace's root.
        folder: Where the files lie; None keeps nothing.
        mask: Hides secrets in what is kept.
    """

    def __init__(self, *, root: Path, folder: Path | None, mask: Callable[[str], str]) -> None:
        self._root, self._folder, self._mask = root, folder, mask
        self._learned = Learned(folder / "wordings", mask=mask) if folder is not None else None

    def miner(self) -> Miner:
        """A miner to begin with, which knows the wordings that earlier sessions learned."""
        return self._learned.begin() if self._learned is not None else Miner()

    def learn_wordings(self, miner: Miner) -> None:
        """Keep the wordings that were mined for later sessions; where that fails, it is logged, no more."""
        if self._learned is not None:
            with self._logged("what was learned of templates"):
                self._learned.add(miner)

    def begin(
        self, *, source: str, name: str, miner: Miner, zone: tzinfo, first: int, since: float | None
    ) -> Counted:
        """Begin to count a part of a source; see `Pipeline`."""
        generation = self._generation(name)
        path = self._path(source)
        known = self._known(path, generation, self._root / name) if path and generation else Known()
        pipeline = Pipeline(name, miner=miner, zone=zone, first=first, since=since)
        return Counted(source=source, name=name, generation=generation, known=known, pipeline=pipeline)

    def _known(self, path: Path, generation: str, file: Path) -> Known:
        """What earlier sessions knew; what the file itself had counts as theirs once it grew long after them.

        So a log that is never rotated has news, and who asks again the next minute gets the same answer.
        """
        try:
            learned = path.stat().st_mtime
            if time.time() - learned > _APART_S and file.stat().st_mtime > learned:
                with locked(path):
                    Baseline(path, mask=self._mask).set_apart(generation)
        except FileNotFoundError:
            pass  # nothing was learned yet
        except (OSError, AgentError) as error:
            _log.warning("what was seen in %s is not kept: %s", file, error)
        return Baseline(path, mask=self._mask).known(generation)

    def learn(self, part: Counted) -> None:
        """Keep what was counted of it for later sessions; where that fails, it is logged, no more."""
        path = self._path(part.source)
        if path is None or not part.generation:
            return
        with self._logged(f"what was seen in {part.source}"):
            found = generation_seen(part.generation, part.part())
            path.parent.mkdir(parents=True, exist_ok=True)
            with locked(path):  # read and written under the lock, so that nobody's generation is lost
                Baseline(path, mask=self._mask).learn(found)

    @contextmanager
    def _logged(self, what: str) -> Generator[None]:
        """Log what goes wrong: whoever reads on, or closes what is open, is not held up by it."""
        try:
            yield
        except (OSError, AgentError) as error:
            _log.warning("%s is not kept: %s", what, error)
        except Exception:  # noqa: BLE001 - see above
            _log.exception("%s is not kept", what)

    def _generation(self, name: str) -> str:
        if name == STDIN:
            return ""
        try:
            return generation_of(self._root / name)
        except OSError:
            return name

    def _path(self, source: str) -> Path | None:
        if self._folder is None:
            return None
        name = _DATE.sub("DATE", source)  # a log that begins a file a day goes on in the next one
        return self._folder / f"{blake2b(name.encode(errors='replace'), digest_size=8).hexdigest()}.seen"
