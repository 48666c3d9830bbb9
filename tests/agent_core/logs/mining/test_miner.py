from __future__ import annotations

from agent_core.logs.mining.miner import Miner


def templates(miner: Miner, *messages: str) -> list[str]:
    ids = miner.mine(messages)
    miner.settle()
    return [miner.template(number) for number in miner.resolve(ids).tolist()]


def test_messages_that_differ_in_numbers_share_a_template() -> None:
    told = templates(Miner(), "took 15 ms at 10.0.0.1:80", "lost", "took 7 ms at 10.0.0.9:8080")
    assert told == ["took <*> ms at <*>", "lost", "took <*> ms at <*>"]


def test_nothing_is_mined_from_nothing() -> None:
    assert len(Miner().mine([])) == 0
