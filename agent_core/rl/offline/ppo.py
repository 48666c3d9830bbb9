"""Proximal policy optimisation (Schulman and others 2017) with generalised advantages (the same, 2016).

One thread: networks this small are slower with more. What has run already cannot be chosen again; its score
is moved far down, in training as in use.
"""

# PyTorch is not there in every environment that this is checked in, so nothing is known of its types.
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from agent_core.errors import TrainingFault
from agent_core.rl.offline.network import TRIED, Header, Layer, Network
from agent_core.rl.offline.replay import Stepped

torch.set_num_threads(1)


class World(Protocol):
    """Environments side by side: `Replay`, or PufferLib's around it."""

    @property
    def spread(self) -> float:
        """How far rewards differ."""
        ...

    def reset(self) -> NDArray[np.float32]:
        """Begin; what is seen then, (n, D)."""
        ...

    def step(self, actions: NDArray[np.int64]) -> Stepped:
        """Do an action in each."""
        ...

    def state(self) -> dict[str, Any]:
        """All that is needed to go on."""
        ...

    def go_on(self, state: Mapping[str, Any]) -> NDArray[np.float32]:
        """Be as `state` was; what is seen then."""
        ...


@dataclass(frozen=True, slots=True)
class Settings:
    """What there is to set.

    Args:
        lr: Adam's step; the caller lets it sink.
        entropy: The weight of the entropy.
        epochs: How often a batch is gone through.
        minibatches: In so many parts.
        clip: How far the probability of an action may change, as a share.
        discount: 1: episodes have an end, and a second later costs as much as one now.
        smoothing: Lambda of the advantages.
        value: The weight of the value's loss.
        norm: Gradients are no longer than this.
        units: Of each hidden layer.
        decay: By so much weights shrink in a step, as a share of `lr` (Loshchilov and Hutter 2019).
    """

    lr: float = 5e-4
    entropy: float = 0.02
    epochs: int = 4
    minibatches: int = 4
    clip: float = 0.2
    discount: float = 1.0
    smoothing: float = 0.95
    value: float = 0.5
    norm: float = 0.5
    units: tuple[int, ...] = (64, 64)
    decay: float = 0.1


class Policy(nn.Module):
    """Scores of the actions, and what is expected of a change, each by a network of its own."""

    def __init__(self, header: Header, *, generator: torch.Generator) -> None:
        super().__init__()
        first = header.observed.index(f"{header.actions[0]}.tried")
        self._tried = slice(first, first + len(header.actions))
        self.actor = _layers(header.sizes, last=0.01, generator=generator)
        self.critic = _layers((*header.sizes[:-1], 1), last=1.0, generator=generator)

    def scores(self, seen: Tensor) -> Tensor:
        """(n, A) for observations (n, D)."""
        return torch.sub(self.actor(seen), seen[:, self._tried], alpha=TRIED)

    def forward(self, seen: Tensor) -> tuple[Tensor, Tensor]:
        """Scores (n, A) and values (n,)."""
        return self.scores(seen), self.critic(seen).squeeze(-1)

    def layers(self) -> tuple[Layer, ...]:
        """Of the actor, as arrays of their own."""
        linear = [layer for layer in self.actor if isinstance(layer, nn.Linear)]
        return tuple(
            (layer.weight.detach().numpy().copy(), layer.bias.detach().numpy().copy()) for layer in linear
        )


def _layers(sizes: tuple[int, ...], *, last: float, generator: torch.Generator) -> nn.Sequential:
    made: list[nn.Module] = []
    for number, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
        is_last = number == len(sizes) - 2
        layer = nn.Linear(inputs, outputs)
        nn.init.orthogonal_(layer.weight, last if is_last else math.sqrt(2), generator=generator)
        nn.init.zeros_(layer.bias)
        made += [layer] if is_last else [layer, nn.Tanh()]
    return nn.Sequential(*made)


@dataclass(frozen=True, slots=True)
class Learned:
    """Of one update: the mean cost in seconds of an episode, the mean reward of a step, and of the policy its
    mean entropy, the loss of its values (rewards in units of their spread), and how far it moved (KL)."""

    cost: float
    reward: float
    entropy: float
    value_loss: float
    kl: float


@dataclass(frozen=True, slots=True)
class _Batch:
    """Steps, flat: (n * horizon, …)."""

    seen: Tensor
    actions: Tensor
    chances: Tensor
    advantages: Tensor
    returns: Tensor
    cost: float
    reward: float


class Ppo:
    """A policy that learns from what it does in a world.

    Args:
        world: Where it acts.
        header: What the policy sees, chooses among, and its sizes.
        settings: How it learns.
        seed: Of its first weights and all that it draws.
    """

    def __init__(self, world: World, *, header: Header, settings: Settings, seed: int) -> None:
        self._world, self._settings = world, settings
        self._random = torch.Generator().manual_seed(seed)
        self._header = header
        self.policy = Policy(header, generator=self._random)
        self._adam = torch.optim.AdamW(
            self.policy.parameters(), lr=settings.lr, eps=1e-5, weight_decay=settings.decay, fused=True
        )
        self._seen = world.reset()

    def network(self) -> Network:
        """The policy as it is now, for numpy."""
        return Network(self._header, self.policy.layers())

    def update(self, horizon: int, *, lr: float) -> Learned:
        """Act for so many steps in each environment, and learn from it.

        Raises:
            TrainingFault: The loss or the weights are no finite numbers any more.
        """
        for group in self._adam.param_groups:
            group["lr"] = lr
        batch = self._act(horizon)
        size = -(-len(batch.actions) // self._settings.minibatches)
        said: list[Tensor] = []
        for _ in range(self._settings.epochs):
            order = torch.randperm(len(batch.actions), generator=self._random)
            said += [self._learn(batch, rows) for rows in order.split(size)]
        entropy, value_loss, kl, norm = torch.stack(said).mean(dim=0).tolist()
        weights = sum(float(each.detach().abs().sum()) for each in self.policy.parameters())
        if not all(map(math.isfinite, (entropy, value_loss, kl, norm, weights))):
            raise TrainingFault(
                "The training came to numbers that are not finite, and was given up",
                hint="Try a smaller --lr, or weights of rewards that are nearer to each other.",
            )
        return Learned(batch.cost, batch.reward, entropy, value_loss, kl)

    def state(self) -> dict[str, Any]:
        """All that is needed to go on: tensors and plain values; the world's apart."""
        return {
            "policy": self.policy.state_dict(),
            "adam": self._adam.state_dict(),
            "random": self._random.get_state(),
        }

    def go_on(self, state: Mapping[str, Any], world: Mapping[str, Any]) -> None:
        """Be as `state` was, in a world whose state was this."""
        self.policy.load_state_dict(state["policy"])
        self._adam.load_state_dict(state["adam"])
        self._random.set_state(state["random"])
        self._seen = self._world.go_on(world)

    @torch.no_grad()
    def _act(self, horizon: int) -> _Batch:
        count, width = self._seen.shape
        seen = torch.empty(horizon + 1, count, width)
        actions = torch.empty(horizon, count, dtype=torch.int64)
        rewards, seconds = np.empty((2, horizon, count), dtype=np.float32)
        ended = np.empty((horizon, count), dtype=np.float32)
        # the highest of scores with such noise is a draw from their softmax (Gumbel 1954)
        noise = torch.empty(horizon, count, len(self._header.actions))
        noise.exponential_(generator=self._random).log_().neg_()
        into, done = seen.numpy(), actions.numpy()
        for step in range(horizon):
            into[step] = self._seen
            torch.argmax(self.policy.scores(seen[step]).add_(noise[step]), dim=1, out=actions[step])
            stepped = self._world.step(done[step])
            self._seen = stepped.seen
            rewards[step], ended[step], seconds[step] = stepped.rewards, stepped.ended, stepped.seconds
        into[horizon] = self._seen
        scores, values = self.policy(seen.view(-1, width))
        values = values.numpy().reshape(horizon + 1, count)
        advantages = self._advantages(rewards / np.float32(self._world.spread), values, ended)
        chances = scores[: horizon * count].log_softmax(dim=1).gather(1, actions.view(-1, 1)).squeeze(1)
        return _Batch(
            seen=seen[:horizon].view(-1, width),
            actions=actions.view(-1, 1),
            chances=chances,
            advantages=torch.from_numpy(advantages).view(-1),
            returns=torch.from_numpy(advantages + values[:horizon]).view(-1),
            cost=float(seconds.sum(dtype=np.float64) / max(1.0, float(ended.sum()))),
            reward=float(rewards.mean(dtype=np.float64)),
        )

    def _advantages(
        self, rewards: NDArray[np.float32], values: NDArray[np.float32], ended: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """(horizon, n); values are (horizon + 1, n)."""
        on: NDArray[Any] = np.float32(self._settings.discount) * (1 - ended)
        deltas: NDArray[Any] = rewards + on * values[1:] - values[:-1]
        on *= np.float32(self._settings.smoothing)
        for step in range(len(rewards) - 2, -1, -1):
            deltas[step] += on[step] * deltas[step + 1]
        return deltas

    def _learn(self, batch: _Batch, rows: Tensor) -> Tensor:
        """One step of Adam; entropy, the value's loss, KL, and how long the gradient was."""
        own = self._settings
        scores, values = self.policy(batch.seen[rows])
        chances = scores.log_softmax(dim=1)
        entropy = -(chances.exp() * chances).sum(dim=1).mean()
        moved = chances.gather(1, batch.actions[rows]).squeeze(1) - batch.chances[rows]
        ratio = moved.exp()
        advantages = batch.advantages[rows]
        advantages = (advantages - advantages.mean()) / (advantages.std(unbiased=False) + 1e-8)
        clipped = ratio.clamp(1 - own.clip, 1 + own.clip)
        gain = torch.min(ratio * advantages, clipped * advantages).mean()
        value_loss = 0.5 * (values - batch.returns[rows]).square().mean()
        loss = own.value * value_loss - gain - own.entropy * entropy
        self._adam.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.policy.parameters(), own.norm)
        self._adam.step()
        return torch.stack((entropy, value_loss, (ratio - 1 - moved).mean(), norm)).detach()
