"""The policy that the configuration names."""

from __future__ import annotations

from agent_core.rl.bandit.greedy import EpsilonGreedy
from agent_core.rl.bandit.thompson import Thompson
from agent_core.rl.bandit.ucb import Ucb1
from agent_core.rl.config import RlConfig
from agent_core.rl.knowledge import Knowledge
from agent_core.rl.policy import Policy


def make_policy(config: RlConfig, knowledge: Knowledge) -> Policy:
    """A policy over what was learnt; it sees what is learnt from then on, too."""
    match config.policy:
        case "epsilon-greedy":
            return EpsilonGreedy(knowledge, epsilon=config.epsilon)
        case "ucb1":
            return Ucb1(knowledge, ucb_c=config.ucb_c)
        case "thompson":
            return Thompson(knowledge)
