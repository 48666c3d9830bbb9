"""The process that trains: `python -m agent_core.rl.offline.trainer FOLDER`.

The folder has the request. What is told goes to standard output, a JSON line each; a checkpoint is written
whenever it is looked how good the policy is, the policy at the end. SIGTERM ends it after the running update,
with a checkpoint; whoever started it being gone does too.
"""

# PyTorch and PufferLib are not there in every environment that this is checked in.
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from agent_core.errors import AgentError, ErrorInfo, TrainingFault
from agent_core.files import write_all
from agent_core.rl.offline import checkpoint
from agent_core.rl.offline.checkpoint import Checkpoint, Standing
from agent_core.rl.offline.episodes import Episodes
from agent_core.rl.offline.judging import Judge, split
from agent_core.rl.offline.network import Header, Network
from agent_core.rl.offline.pace import Pace
from agent_core.rl.offline.ppo import Ppo, Settings, World
from agent_core.rl.offline.progress import Failed, Finished, Point, Progress, Told
from agent_core.rl.offline.replay import Replay, observed
from agent_core.rl.offline.request import POLICY, Request, read_request

_NICE = 5
_PATIENCE = 30
"""So often nothing may have got better when it is looked."""
_HIDDEN = 0.5
"""See `Replay`. With less, a training learns pairs of numbers by heart that hold in its own few changes: on
projects that it had not seen, trainings differed from seed to seed and closed a quarter less of the gap."""
_BETTER = 1e-3
"""As a share of the best so far."""

Tell = Callable[[Told], None]


class Training:
    """Trains as a request says.

    Args:
        request: What.
        episodes: On which changes.
        folder: Where its checkpoint and its policy lie.
    """

    def __init__(self, request: Request, episodes: Episodes, *, folder: Path) -> None:
        options, config = request.options, request.config
        self._request, self._folder = request, folder
        self._pace = Pace(options.steps, config.n_envs)
        own, held_out = split(episodes, seed=options.seed)
        self._judge = Judge(held_out, past=own)
        settings = Settings(lr=options.lr, entropy=options.entropy, epochs=self._pace.epochs)
        names = observed(episodes.actions)
        self._header = Header(
            observed=names, actions=episodes.actions, seed=options.seed, fingerprint=request.fingerprint,
            sizes=(len(names), *settings.units, len(episodes.actions)),
        )  # fmt: skip
        self._world = _world(own, request)
        self._ppo = Ppo(self._world, header=self._header, settings=settings, seed=options.seed)
        self.ended = False
        """Set from outside to end it after the running update."""

    def run(self, tell: Tell) -> None:
        """Train to the end, or until `ended` is set.

        Raises:
            TrainingFault: It cannot go on.
            OSError: Nothing can be written any more.
        """
        now = self._begin()
        while not self._is_over(now) and not self.ended:
            now = self._go_on(now, tell)
        if self._is_over(now):
            header = msgspec.structs.replace(self._header, steps=now.best.steps)
            Network(header, self._best).save(self._folder / POLICY)
            early = now.curve[-1].update < self._pace.updates
            tell(Finished(now.curve, now.best, early, self._request.fingerprint))

    def _is_over(self, now: Standing) -> bool:
        return now.curve[-1].update == self._pace.updates or now.waiting >= _PATIENCE

    def _begin(self) -> Standing:
        fingerprint = self._request.fingerprint
        if self._request.resume and (kept := checkpoint.load(self._folder, fingerprint=fingerprint)):
            self._ppo.go_on(kept.learner, kept.world)
            self._best = kept.best
            return kept.standing
        (self._folder / POLICY).unlink(missing_ok=True)
        network = self._ppo.network()
        self._best = network.layers
        judged = self._judge.judge(network)
        point = Point(update=0, steps=0, held_out=judged.cost, share=judged.share)
        return self._kept(Standing(curve=(point,), best=point, waiting=0))

    def _go_on(self, now: Standing, tell: Tell) -> Standing:
        """Until it is looked again, or is to be ended: then what was done since the last look is left."""
        update = now.curve[-1].update
        while not self.ended:
            began = time.monotonic()
            point = self._update(update)
            update += 1
            looks = self._pace.looks(update)
            if looks:
                now = self._looked(now, point)
                point = now.curve[-1]
            steps = point.steps - self._pace.steps_after(update - 1)
            rate = steps / max(1e-9, time.monotonic() - began)
            tell(Progress(point, self._pace.steps_after(self._pace.updates), rate, now.best.share or 0.0))
            if looks:
                break
        return now

    def _update(self, update: int) -> Point:
        lr = self._request.options.lr * (1 - update / self._pace.updates)
        learned = self._ppo.update(self._pace.horizon_of(update), lr=lr)
        return Point(
            update=update + 1, steps=self._pace.steps_after(update + 1), cost=learned.cost,
            reward=learned.reward, entropy=learned.entropy, value_loss=learned.value_loss, kl=learned.kl,
        )  # fmt: skip

    def _looked(self, now: Standing, point: Point) -> Standing:
        network = self._ppo.network()
        judged = self._judge.judge(network)
        point = msgspec.structs.replace(point, held_out=judged.cost, share=judged.share)
        better = judged.share < (now.best.share or 0.0) * (1 - _BETTER)
        if better:
            self._best = network.layers
        return self._kept(
            Standing(
                curve=(*now.curve, point), best=point if better else now.best,
                waiting=0 if better else now.waiting + 1,
            )
        )  # fmt: skip

    def _kept(self, now: Standing) -> Standing:
        kept = Checkpoint(now, self._ppo.state(), self._world.state(), self._best)
        checkpoint.save(self._folder, kept, fingerprint=self._request.fingerprint)
        return now


def _world(episodes: Episodes, request: Request) -> World:
    kind: Any = Replay
    if request.config.puffer:
        from agent_core.rl.offline.puffer_env import PufferReplay

        kind = PufferReplay
    seed, count = request.options.seed, request.config.n_envs
    return kind(episodes, request.config, count=count, seed=seed, hidden=_HIDDEN)


def main() -> None:
    """Train what the folder asks for; ends with 1 where that fails."""
    with suppress(OSError):
        os.nice(_NICE)
    # what libraries print is no message
    out = os.dup(1)
    os.dup2(2, 1)
    folder = Path(sys.argv[1])
    encoder = msgspec.json.Encoder()

    def tell(told: Told) -> None:
        write_all(out, encoder.encode(told) + b"\n")

    try:
        training = Training(*read_request(folder), folder=folder)

        def end(*_: object) -> None:
            training.ended = True

        signal.signal(signal.SIGTERM, end)
        training.run(tell)
    except BrokenPipeError:  # nobody listens any more; the checkpoint is there
        sys.exit(1)
    except AgentError as error:
        tell(Failed(error.info))
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - the edge of the process
        said = f"The training broke: {type(error).__name__}: {error}"
        tell(Failed(ErrorInfo(TrainingFault.code, said)))
        sys.exit(1)


if __name__ == "__main__":
    main()
