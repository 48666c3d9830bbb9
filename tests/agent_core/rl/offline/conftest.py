"""A small project with checks of its own, in which bugs can be planted."""

from __future__ import annotations

from agent_core.rl.offline.config import TrainingConfig
from tests.agent_core.verify.conftest import Make, workspace

__all__ = ["CONFIG", "SHOP", "Make", "workspace"]
SHOP = {
    "pyproject.toml": "[tool.ruff.lint]\nselect = ['F', 'E9']\n",
    "shop/__init__.py": "",
    "shop/cart.py": (
        "import math\n\n\n"
        "def total(prices, discount):\n"
        "    whole = sum(prices)\n"
        "    if discount > 0 and whole >= 100:\n"
        "        whole = whole - discount\n"
        "    return math.floor(whole)\n\n\n"
        "def cheapest(prices):\n"
        "    found = None\n"
        "    for price in prices:\n"
        "        if found is None or price < found:\n"
        "            found = price\n"
        "    return found\n"
    ),
    "tests/__init__.py": "",
    "tests/test_cart.py": (
        "import unittest\n\nfrom shop.cart import cheapest, total\n\n\n"
        "class CartTest(unittest.TestCase):\n"
        "    def test_total(self):\n"
        "        self.assertEqual(total([60, 40], 5), 95)\n"
        "        self.assertEqual(total([60, 39], 5), 99)\n"
        "        self.assertEqual(total([1.5], 0), 1)\n\n"
        "    def test_cheapest(self):\n"
        "        self.assertEqual(cheapest([3, 1, 2]), 1)\n"
        "        self.assertIsNone(cheapest([]))\n"
    ),
}
CONFIG = TrainingConfig(
    actions=("run_tests", "lint"),
    test_cmd=".venv/bin/python -m unittest discover -s tests -t .",
    lint_cmd=".venv/bin/ruff check --no-cache .",
    timeout_sec=60,
)
