"""Which traces are of the same fault."""

from __future__ import annotations

import re

import pytest

from agent_core.logs.traces import parse, signature
from tests.agent_core.logs.traces.samples import SAMPLES


def signed(text: str) -> str:
    trace = parse(text)
    assert trace is not None
    return signature(trace)


def test_ids_addresses_times_and_quoted_values_do_not_count() -> None:
    text = """\
2026-11-25 10:00:0{0} ERROR order {0}812 failed
Traceback (most recent call last):
  File "/srv/shop/orders.py", line {0}7, in place
    lock(order)
shop.Locked: order {0}812 is held by 'worker-{0}' since 0x7f{0}a90c at /run/locks/{0}.lock
"""
    assert signed(text.format(1)) == signed(text.format(4))


def test_another_message_function_or_type_is_another_fault() -> None:
    text = 'Traceback (most recent call last):\n  File "/a.py", line 1, in {}\n    x\n{}: {}\n'
    one = signed(text.format("place", "Locked", "held"))
    assert len({one, *(signed(text.format(*words)) for words in (
        ("cancel", "Locked", "held"), ("place", "Gone", "held"), ("place", "Locked", "lost")
    ))}) == 4  # fmt: skip


@pytest.mark.parametrize("name", SAMPLES)
def test_hexadecimal_noise_does_not_count(name: str) -> None:
    text = SAMPLES[name].text
    other = (
        re.sub(r"0x[0-9a-f]{6,}", "0xfeed01234567", text).replace("14134", "9177").replace("(14206)", "(2)")
    )
    assert signed(other) == signed(text)


def test_other_threads_do_not_count() -> None:
    text = SAMPLES["go-repanic"].text
    more = "\ngoroutine 9 [select]:\nmain.wait()\n\t/srv/app/wait.go:3 +0x1\n"
    assert signed(text + more) == signed(text)
