from __future__ import annotations

import random

import msgspec
import pytest

from agent_core.config import Settings
from agent_core.errors import LogFault
from agent_core.logs.mining.miner import Miner
from agent_core.masking import log_masker
from agent_core.migrations import NewerState

FORMS = (
    "took {n} ms for {word}",
    "user {word} left",
    "GET /shop/{word}/{n} -> {n}",
    "moved {word} to {other}",
    "queue {word}: {n} waiting (oldest {n} s)",
    "pool is {word}",
)
WORDS = tuple(f"{one}{two}" for one in ("ro", "mi", "ta", "ve", "lu") for two in ("kan", "sel", "dor", "pim"))


def traffic(count: int, seed: int) -> list[str]:
    rng = random.Random(seed)
    return [
        rng.choice(FORMS).format(n=rng.randrange(9999), word=rng.choice(WORDS), other=rng.choice(WORDS))
        for _ in range(count)
    ]


def templates(miner: Miner, *messages: str) -> list[str]:
    ids = miner.mine(messages)
    miner.settle()
    return [miner.template(number) for number in miner.resolve(ids).tolist()]


def test_messages_that_differ_in_numbers_share_a_template() -> None:
    told = templates(Miner(), "took 15 ms at 10.0.0.1:80", "lost", "took 7 ms at 10.0.0.9:8080")
    assert told == ["took <*> ms at <*>", "lost", "took <*> ms at <*>"]


@pytest.mark.parametrize(
    ("one", "other", "template"),
    [
        ("got 1.4.0-rc.1+build.77 now", "got 2.0.1+sha.5114f85 now", "got <*> now"),
        ("got 1.2.3+dfsg-1 now", "got 2.10~beta3-1+b2 now", "got <*> now"),
        (
            "consumer-7d2e1f00-acad-4b2f-9e1a-0a1b2c3d4e5f left",
            "consumer-1-2-abcd-3 left",
            "consumer-<*> left",
        ),
        ("rate is 3 + x", "rate is 4 + x", "rate is <*> + x"),
        ("died in lib.ex:17", "died in lib.ex:99", "died in lib.ex:<*>"),
        ("lost db.prod:5432", "lost cache.prod:6379", "lost <*>"),
        ("the root of tree 7", "the root of tree 8", "the root of tree <*>"),
        ("for user root", "for user ann", "for user <*>"),
    ],
)
def test_what_varies_by_its_look_is_variable(one: str, other: str, template: str) -> None:
    assert templates(Miner(), one, other) == [template, template]


def test_what_is_said_in_quotes_is_told_apart() -> None:
    said = ["cart saved", "stock is low", "no such user", "mail was sent", "job has ended", "disk is full"]
    assert templates(Miner(), *(f'"{text}" id={number}' for number, text in enumerate(said))) == [
        f'"{text}" id=<*>' for text in said
    ]
    given = [f'run "{text}" as "{name}"' for text, name in zip(said, reversed(said), strict=True)]
    assert set(templates(Miner(), *given)) == {'run "<*>" as "<*>"'}


def test_nothing_is_mined_from_nothing() -> None:
    assert len(Miner().mine([])) == 0


def test_halves_that_were_mined_apart_have_the_templates_of_the_whole() -> None:
    messages = traffic(600, 1)
    one, two = Miner(), Miner()
    first, second = one.mine(messages[:300]), two.mine(messages[300:])
    into = one.merge(two)
    one.settle()
    numbers = [*first.tolist(), *(into[number] for number in second.tolist())]
    assert [one.template(number) for number in numbers] == templates(Miner(), *messages)


def test_what_was_dumped_goes_on_where_it_was() -> None:
    messages = traffic(600, 2)
    miner = Miner()
    miner.mine(messages[:300])
    restored = Miner.load(miner.dump())
    assert not restored.has_more
    restored.mine(messages[300:])
    assert templates(restored, *messages) == templates(Miner(), *messages)


def test_what_others_mined_meanwhile_is_counted_once() -> None:
    messages = traffic(900, 3)
    first = Miner()
    first.mine(messages[:300])
    kept = first.dump()
    apart = [Miner.load(kept), Miner.load(kept)]
    for miner, part in zip(apart, (messages[300:600], messages[600:]), strict=True):
        miner.mine(part)
    for miner in apart:
        whole = Miner.load(kept)
        whole.merge(miner)
        miner.keep()
        whole.merge(miner)
        kept = whole.dump()
    one = Miner()
    one.mine(messages)
    assert kept == one.dump()


def test_a_dump_hides_secrets_and_keeps_what_says_something_most_often() -> None:
    miner = Miner()
    miner.mine(["login with password=opensesame failed", "login with password=letmein failed", "17 18"] * 3)
    miner.mine([f"{''.join(chr(97 + int(digit)) for digit in str(n))} was here" for n in range(20_000)])
    dump = miner.dump(log_masker(Settings()))
    assert b"sesame" not in dump and b"letmein" not in dump and b"login with password=" in dump
    assert len(dump) < 1 << 20
    told = templates(Miner.load(dump), "login with password=opensesame failed")
    assert told[0].startswith("login with password=")


@pytest.mark.parametrize("state", [b"", b"\xc1"])
def test_what_is_no_dump_is_refused(state: bytes) -> None:
    with pytest.raises(LogFault):
        Miner.load(state)


def test_a_dump_of_a_newer_version_is_told_as_one() -> None:
    with pytest.raises(NewerState, match="newer version"):
        Miner.load(msgspec.msgpack.encode({"version": 99}))
