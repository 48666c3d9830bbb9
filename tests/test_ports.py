from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests import ports
from tests.ports import free_ports

ROOT = Path(__file__).resolve().parent.parent
MANY = """
from tests.ports import free_ports
print(*[free_ports(4) for _ in range(40)], flush=True)
input()
"""


def test_processes_at_the_same_time_are_given_different_ports() -> None:
    others = [
        subprocess.Popen(
            [sys.executable, "-c", MANY], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    given = [free_ports(4) for _ in range(40)]
    for other in others:
        assert other.stdout is not None
        given += map(int, other.stdout.readline().split())
    for other in others:
        other.communicate("\n")
    assert len({first + number for first in given for number in range(4)}) == 3 * 40 * 4


@pytest.mark.parametrize(
    ("ephemeral", "expected"),
    [
        ((32_768, 60_999), (10_000, 32_767)),
        ((1_024, 40_000), (40_001, 65_535)),
        ((1_024, 65_535), (10_000, 60_000)),
    ],
)
def test_no_connection_gets_one_by_itself(ephemeral: tuple[int, int], expected: tuple[int, int]) -> None:
    assert ports._beside(ephemeral) == expected
