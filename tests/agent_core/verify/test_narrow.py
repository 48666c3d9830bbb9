"""The part of a check that concerns some files."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_core.verify.api import Verifier
from agent_core.verify.narrow import narrowed
from agent_core.verify.restrict import restricted
from agent_core.workspace import Workspace

FILES = {
    "src/shop/cart.py": "",
    "src/shop/tax.py": "",
    "src/shop/__init__.py": "",
    "tests/test_cart.py": "",
    "tests/deep/test_flow.py": "from shop.cart import total\n",
    "tests/test_more.py": "from shop import (\n    cart,\n    tax,\n)\n",
    "tests/test_none.py": "import carton\nfrom other import cartwheel\n# import shop.cart\n",
    "go/calc/calc.go": "",
    "web/app.ts": "",
}


def check(tool: str, *argv: str, cwd: str = ".") -> Verifier:
    return Verifier(name=tool, kind="run_tests", argv=argv, tool=tool, cwd=cwd, ecosystem="x")


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return Workspace.open(tmp_path)


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["src/shop/cart.py"], ["tests/deep/test_flow.py", "tests/test_cart.py", "tests/test_more.py"]),
        (["src/shop/tax.py"], ["tests/test_more.py"]),
        (["tests/test_none.py"], ["tests/test_none.py"]),
        (["src/shop/gone.py"], None),
        (["README.md"], None),
    ],
)
def test_tests_that_concern_a_module(space: Workspace, paths: list[str], expected: list[str] | None) -> None:
    found = narrowed(check("pytest", "pytest", "-x"), paths, workspace=space)
    assert (None if found is None else list(found.argv)) == (expected and ["pytest", "-x", *expected])


@pytest.mark.parametrize(
    ("verifier", "path", "expected"),
    [
        (check("go-test", "go", "test", "./...", cwd="go"), "go/calc/calc.go", "go test ./calc"),
        (check("jest", "jest"), "web/app.ts", "jest --passWithNoTests --findRelatedTests web/app.ts"),
        (check("vitest", "vitest", "run"), "web/app.ts", "vitest related --run --passWithNoTests web/app.ts"),
        (check("eslint", "eslint", "."), "web/app.ts", "eslint --no-warn-ignored web/app.ts"),
        (
            check("ruff", "ruff", "check", "."),
            "src/shop/tax.py",
            "ruff check --force-exclude src/shop/tax.py",
        ),
        (check("flake8", "flake8"), "src/shop/tax.py", "flake8 src/shop/tax.py"),
        (check("ruff", "ruff", "check", "."), "web/app.ts", None),
        (check("mypy", "mypy", "."), "src/shop/tax.py", None),
        (check("", "make", "test"), "src/shop/tax.py", None),
    ],
)
def test_other_tools(space: Workspace, verifier: Verifier, path: str, expected: str | None) -> None:
    found = narrowed(verifier, [path], workspace=space)
    assert (None if found is None else " ".join(found.argv)) == expected


@pytest.mark.parametrize(
    ("verifier", "paths", "words", "expected"),
    [
        (check("pytest", "pytest"), ["tests/test_cart.py"], ["-k", "a"], "pytest tests/test_cart.py -k a"),
        (check("pytest", "pytest", cwd="tests"), ["tests/deep"], [], "pytest deep"),
        (check("ruff", "ruff", "check", "."), ["src"], [], "ruff check src"),
        (check("go-test", "go", "test", "./...", cwd="go"), ["go/calc"], ["-v"], "go test ./calc/... -v"),
        (check("go-test", "go", "test", "./...", cwd="go"), ["go/calc/calc.go"], [], "go test ./calc"),
        (check("", "make", "test"), ["src"], ["A=1"], "make test A=1"),
        (check("", "npm", "run", "test"), ["web"], ["--watch=false"], "npm run test -- --watch=false"),
        (
            check("unittest", "python", "-m", "unittest", "discover"),
            ["tests/test_cart.py"],
            [],
            "python -m unittest tests/test_cart.py",
        ),
    ],
)
def test_paths_and_words_that_a_person_adds(
    space: Workspace, verifier: Verifier, paths: list[str], words: list[str], expected: str
) -> None:
    assert " ".join(restricted(verifier, paths, words, root=space.root).argv) == expected
