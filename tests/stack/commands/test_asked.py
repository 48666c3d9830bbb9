"""What may be typed after `stack`, checked before anything is asked of the engine."""

from __future__ import annotations

import pytest

from agent_core.errors import UsageError
from stack.args import StackArgs
from stack.commands.asked import Asked
from stack.scaling import Bounds


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Asked(what="down", names=("kafka",)), "takes no names"),
        (Asked(what="scale"), "needs SERVICE=N"),
        (Asked(what="scale", names=("kafka",)), "is not SERVICE=N"),
        (Asked(what="scale", names=("a=1", "a=2")), "given twice"),
        (Asked(what="scale", names=("a=1000",)), "at most 100"),
        (Asked(what="scale", names=("a=-1",)), "is not SERVICE=N"),
        (Asked(what="ps", build=True), "--build belongs to stack up"),
        (Asked(what="stop", volumes=True), "--volumes belongs to stack down"),
        (Asked(what="up", grep="x"), "--grep belongs to stack logs and stack tail"),
        (Asked(what="logs", lines=0), "--lines is 1 or more"),
        (Asked(what="tail"), "needs TOPIC"),
        (Asked(what="topics", since="10m"), "--since belongs to stack logs and stack tail"),
        (Asked(what="scale", names=("a=1",), least=1), "--min belongs to stack autoscale"),
        (Asked(what="up", dry_run=True), "--dry-run belongs to stack autoscale"),
        (Asked(what="autoscale", build=True), "--build belongs to stack up"),
        (Asked(what="autoscale", least=3, most=2), "--min 3 is not between 0 and --max 2"),
        (Asked(what="autoscale", cooldown=-1.0), "--cooldown is seconds"),
        (Asked(what="autoscale", every=0.5), "--every is seconds, 1 to 86400"),
        (Asked(what="up", port=8901), "--port belongs to stack autoscale"),
        (Asked(what="autoscale", port=0), "--port is 1 to 65535, not 0"),
        (Asked(what="autoscale", port=65536), "--port is 1 to 65535"),
        (Asked(what="autoscale", port=8901, once=True), "--once ends before"),
    ],
)
def test_words_that_do_not_belong_together(asked: Asked, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        asked.check()


def test_what_belongs_together() -> None:
    Asked(what="up", names=("a", "b"), build=True, profiles=("monitoring",)).check()
    Asked(what="logs", names=("a",), follow=True, lines=3, grep="x", since="10m").check()
    assert Asked(what="scale", names=("a=3", "b.c-d_e=0")).replicas() == {"a": 3, "b.c-d_e": 0}
    assert Asked(what="clean").changes and not Asked(what="logs").changes


def test_the_bounds_of_autoscale() -> None:
    asked = Asked(what="autoscale", names=("a",), least=6, per_replica=2, once=True)
    asked.check()
    assert not asked.changes and asked.pause == 10
    assert asked.bounds == Bounds(least=6, most=6, per_replica=2, cooldown=60.0)
    assert Asked(what="autoscale").bounds == Bounds()
    assert StackArgs(what="autoscale", dry_run=True, most=2).asked().once


def test_the_words_of_init_belong_to_init() -> None:
    with pytest.raises(UsageError, match="--wheelhouse belongs to stack init"):
        StackArgs(what="up", wheelhouse="x").asked()
    for wrong in (StackArgs(what="init", names=("x",)), StackArgs(what="init", volumes=True)):
        with pytest.raises(UsageError):
            wrong.check_init()
    StackArgs(what="init", wheelhouse="x", out_dir="y").check_init()
    assert StackArgs(what="logs").asked().lines == 100
