"""What real tools really printed, read into findings."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_core.verify.api import Finding
from agent_core.verify.findings.model import Parsed, Places, Raw, plain
from agent_core.verify.findings.tools import TOOLS, tool_of

DATA = Path(__file__).parent.parent / "data"
FILES = (
    *(
        "lint_me.py",
        "shop/cart.py",
        "tests/test_cart.py",
        "tests/test_syntax.py",
        "tests/test_unimportable.py",
    ),
    *("ut/test_ut.py", "ut/test_gone.py", ".venv/lib/python3.11/site-packages/_pytest/python.py"),
    *(
        "src/cart.js",
        "src/lint.js",
        "src/a.ts",
        "test/cart.test.js",
        "test/broken.test.js",
        "test/syntax.test.js",
    ),
    *("mocha/cart.js", "vi/cart.test.mjs", "vi/gone.test.mjs", "node_modules/jest/build/index.js"),
    *("src/lib.rs", "calc/calc.go", "calc/calc_test.go", "bad/bad.go", "bad/bad_test.go"),
    *("main.c", "util.h", "link.c", "Makefile"),
)
REPORTED = ("pytest", "ruff", "jest", "vitest", "mocha", "eslint")
CASES: dict[tuple[str, str], list[tuple[str, int, str]]] = {
    ("pytest", "pytest-all.xml"): [
        ("tests/test_syntax.py", 1, "tests/test_syntax.py"),
        ("tests/test_unimportable.py", 1, "tests/test_unimportable.py"),
        ("tests/test_cart.py", 9, "tests/test_cart.py::test_total"),
        ("shop/cart.py", 7, "tests/test_cart.py::test_parse[a b-2]"),
        ("shop/cart.py", 7, "tests/test_cart.py::test_parse[x::y [z]-3]"),
        ("tests/test_cart.py", 22, "tests/test_cart.py::test_strict"),
        ("tests/test_cart.py", 34, "tests/test_cart.py::test_fixture"),
        ("tests/test_cart.py", 44, "tests/test_cart.py::test_teardown"),
        ("tests/test_cart.py", 58, "tests/test_cart.py::TestThings::test_plain"),
        ("tests/test_cart.py", 55, "tests/test_cart.py::TestThings::test_sub"),
        ("tests/test_cart.py", 55, "tests/test_cart.py::TestThings::test_sub"),
    ],
    ("", "pytest-long.txt"): [
        ("tests/test_syntax.py", 1, "tests/test_syntax.py"),
        ("tests/test_unimportable.py", 1, "tests/test_unimportable.py"),
        ("tests/test_cart.py", 34, "tests/test_cart.py::test_fixture"),
        ("tests/test_cart.py", 44, "tests/test_cart.py::test_teardown"),
        ("tests/test_cart.py", 9, "tests/test_cart.py::test_total"),
        ("shop/cart.py", 7, "tests/test_cart.py::test_parse[a b-2]"),
        ("shop/cart.py", 7, "tests/test_cart.py::test_parse[x::y [z]-3]"),
        ("tests/test_cart.py", 0, "tests/test_cart.py::test_strict"),
        ("tests/test_cart.py", 58, "tests/test_cart.py::TestThings::test_plain"),
        ("tests/test_cart.py", 55, "tests/test_cart.py::TestThings::test_sub"),
        ("tests/test_cart.py", 55, "tests/test_cart.py::TestThings::test_sub"),
    ],
    ("pytest", "pytest-plain.txt"): [
        ("tests/test_syntax.py", 1, "tests/test_syntax.py"),
        ("tests/test_unimportable.py", 1, "tests/test_unimportable.py"),
    ],
    ("unittest", "unittest.txt"): [
        ("ut/test_gone.py", 1, "test_gone"),
        ("shop/cart.py", 7, "test_ut.Cart.test_error"),
        ("ut/test_ut.py", 16, "test_ut.Cart.test_sub (n=1)"),
        ("ut/test_ut.py", 16, "test_ut.Cart.test_sub (n=2)"),
        ("ut/test_ut.py", 8, "test_ut.Cart.test_total"),
        ("", 0, "test_ut.Cart.test_surprise"),
    ],
    ("ruff", "ruff.json"): [
        ("lint_me.py", 1, "F401"),
        ("lint_me.py", 2, "UP035"),
        ("lint_me.py", 2, "F401"),
        ("lint_me.py", 6, "F841"),
        ("lint_me.py", 11, "F821"),
        ("tests/test_syntax.py", 1, "invalid-syntax"),
        ("tests/test_syntax.py", 1, "invalid-syntax"),
        ("tests/test_unimportable.py", 1, "F401"),
        ("ut/test_gone.py", 1, "F401"),
    ],
    ("", "ruff.txt"): [
        ("lint_me.py", 1, "F401"),
        ("lint_me.py", 2, "UP035"),
        ("lint_me.py", 2, "F401"),
        ("lint_me.py", 6, "F841"),
        ("lint_me.py", 11, "F821"),
        ("tests/test_syntax.py", 1, ""),
        ("tests/test_syntax.py", 1, ""),
        ("tests/test_unimportable.py", 1, "F401"),
        ("ut/test_gone.py", 1, "F401"),
    ],
    ("mypy", "mypy.txt"): [
        ("lint_me.py", 7, "operator"),
        ("lint_me.py", 11, "name-defined"),
        ("lint_me.py", 12, "return-value"),
        ("lint_me.py", 12, "arg-type"),
    ],
    ("mypy", "mypy-syntax.txt"): [
        ("tests/test_syntax.py", 1, "syntax"),
        ("tests/test_syntax.py", 1, "syntax"),
    ],
    ("flake8", "flake8.txt"): [
        ("lint_me.py", 1, "F401"),
        ("lint_me.py", 2, "F401"),
        ("lint_me.py", 6, "F841"),
        ("lint_me.py", 11, "F821"),
        ("tests/test_cart.py", 12, "E501"),
        ("tests/test_syntax.py", 1, "E999"),
        ("tests/test_unimportable.py", 1, "F401"),
    ],
    ("pyright", "pyright.json"): [
        ("lint_me.py", 7, "reportOperatorIssue"),
        ("lint_me.py", 11, "reportUndefinedVariable"),
        ("lint_me.py", 12, "reportReturnType"),
        ("lint_me.py", 12, "reportArgumentType"),
    ],
    ("", "pyright.txt"): [
        ("lint_me.py", 7, "reportOperatorIssue"),
        ("lint_me.py", 11, "reportUndefinedVariable"),
        ("lint_me.py", 12, ""),
        ("lint_me.py", 12, ""),
    ],
    ("jest", "jest.json"): [
        ("test/cart.test.js", 5, "test/cart.test.js > cart > total"),
        ("src/cart.js", 5, "test/cart.test.js > cart > boom is thrown"),
        ("test/broken.test.js", 0, "test/broken.test.js"),
        ("test/syntax.test.js", 2, "test/syntax.test.js"),
    ],
    ("", "jest.txt"): [
        ("test/cart.test.js", 5, "cart > total"),
        ("src/cart.js", 5, "cart > boom is thrown"),
        ("test/syntax.test.js", 2, "Test suite failed to run"),
        ("test/broken.test.js", 1, "Test suite failed to run"),
    ],
    ("vitest", "vitest.json"): [
        ("vi/cart.test.mjs", 5, "vi/cart.test.mjs > cart > total"),
        ("src/cart.js", 5, "vi/cart.test.mjs > cart > booms"),
        ("vi/cart.test.mjs", 10, "vi/cart.test.mjs > cart > same object"),
        ("vi/gone.test.mjs", 0, "vi/gone.test.mjs"),
    ],
    ("", "vitest.txt"): [
        ("vi/gone.test.mjs", 2, "vi/gone.test.mjs [ vi/gone.test.mjs ]"),
        ("vi/cart.test.mjs", 5, "vi/cart.test.mjs > cart > total"),
        ("vi/cart.test.mjs", 7, "vi/cart.test.mjs > cart > booms"),
        ("vi/cart.test.mjs", 10, "vi/cart.test.mjs > cart > same object"),
    ],
    ("mocha", "mocha.json"): [
        ("mocha/cart.js", 4, "mocha/cart.js > cart total"),
        ("src/cart.js", 5, "mocha/cart.js > cart booms"),
        ("mocha/cart.js", 8, "mocha/cart.js > cart slow"),
    ],
    ("", "mocha.txt"): [
        ("mocha/cart.js", 4, "cart > total"),
        ("src/cart.js", 5, "cart > booms"),
        ("mocha/cart.js", 8, "cart > slow"),
    ],
    ("eslint", "eslint.json"): [
        ("src/cart.js", 7, "no-undef"),
        ("src/lint.js", 1, "no-unused-vars"),
        ("src/lint.js", 2, "no-undef"),
        ("src/lint.js", 2, "eqeqeq"),
        ("test/broken.test.js", 1, "no-unused-vars"),
        ("test/broken.test.js", 1, "no-undef"),
        ("test/broken.test.js", 2, "no-undef"),
        *(("test/cart.test.js", line, "no-undef") for line in (1, 3, 4, 5, 7, 10, 11, 13)),
        ("test/syntax.test.js", 2, "syntax"),
    ],
    ("", "eslint.txt"): [
        ("src/cart.js", 7, "no-undef"),
        ("src/lint.js", 1, "no-unused-vars"),
        ("src/lint.js", 2, "no-undef"),
        ("src/lint.js", 2, "eqeqeq"),
        ("test/broken.test.js", 1, "no-unused-vars"),
        ("test/broken.test.js", 1, "no-undef"),
        ("test/broken.test.js", 2, "no-undef"),
        *(("test/cart.test.js", line, "no-undef") for line in (1, 3, 4, 5, 7, 10, 11, 13)),
        ("test/syntax.test.js", 2, ""),
    ],
    ("tsc", "tsc.txt"): [("src/a.ts", 4, "TS2322"), ("src/a.ts", 4, "TS2345"), ("src/a.ts", 5, "TS2322")],
    ("", "tsc-pretty.txt"): [
        ("src/a.ts", 4, "TS2322"),
        ("src/a.ts", 4, "TS2345"),
        ("src/a.ts", 5, "TS2322"),
        ("src/a.ts", 5, ""),
    ],
    ("cargo", "cargo-check.json"): [("src/lib.rs", 2, "E0308")],
    ("cargo", "cargo-clippy.json"): [("src/lib.rs", 2, "unused_variables")],
    ("cargo-test", "cargo-test.txt"): [
        ("src/lib.rs", 7, "tests::booms"),
        ("src/lib.rs", 16, "tests::adds"),
        ("", 0, "tests::errs"),
        ("src/lib.rs", 29, "tests::should"),
    ],
    ("cargo-test", "cargo-test-compile.txt"): [("src/lib.rs", 2, "E0308"), ("src/lib.rs", 25, "E0308")],
    ("go-test", "go-test.json"): [
        ("bad/bad.go", 3, ""),
        ("bad/bad_test.go", 3, ""),
        ("calc/calc_test.go", 7, "example.org/shop/calc.TestTotal"),
        ("calc/calc_test.go", 14, "example.org/shop/calc.TestSub/one"),
        ("calc/calc_test.go", 14, "example.org/shop/calc.TestSub/two_words"),
        ("calc/calc.go", 14, "example.org/shop/calc.TestBoom"),
    ],
    ("", "go-test.txt"): [
        ("bad/bad.go", 3, ""),
        ("bad/bad_test.go", 3, ""),
        ("calc/calc_test.go", 7, "example.org/shop/calc.TestTotal"),
        ("calc/calc_test.go", 14, "example.org/shop/calc.TestSub/one"),
        ("calc/calc_test.go", 14, "example.org/shop/calc.TestSub/two_words"),
        ("calc/calc.go", 14, "example.org/shop/calc.TestBoom"),
    ],
    ("go", "go-vet.txt"): [("bad/bad.go", 3, ""), ("calc/calc.go", 10, "")],
    ("go", "go-build.txt"): [("bad/bad.go", 3, "")],
    ("", "make-gcc.txt"): [
        ("main.c", 5, "-Wincompatible-pointer-types"),
        ("main.c", 6, ""),
        ("main.c", 6, ""),
        ("main.c", 6, ""),
        ("util.h", 1, ""),
        ("main.c", 5, "-Wunused-variable"),
        ("main.c", 4, "-Wunused-variable"),
        ("link.c", 0, "linker"),
    ],
    ("", "make-test.txt"): [("Makefile", 7, "make")],
}
COUNTS = {
    "pytest-all.xml": (1, 10),
    "pytest-long.txt": (3, 11),
    "unittest.txt": (0, 6),
    "jest.json": (1, 2),
    "jest.txt": (1, 2),
    "vitest.json": (1, 3),
    "vitest.txt": (1, 3),
    "mocha.json": (1, 3),
    "mocha.txt": (1, 3),
    "cargo-test.txt": (1, 4),
    "go-test.json": (1, 5),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    for name in FILES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    return root


def recorded(tool: str, name: str, root: Path) -> Parsed:
    text = (DATA / name).read_text().replace("@ROOT@", str(root))
    as_report = tool in REPORTED and name.endswith((".xml", ".json"))
    output, report = ("", text) if as_report else (plain(text), "")
    places = Places(roots=(root,))
    return TOOLS[tool].read(Raw(output=output, errors="", report=report, exit=1, places=places))


@pytest.mark.parametrize(("tool", "name"), CASES)
def test_the_places_are_found(tool: str, name: str, project: Path) -> None:
    parsed = recorded(tool, name, project)
    assert [(each.path, each.line, each.code) for each in parsed.findings] == CASES[tool, name]
    assert all(each.message for each in parsed.findings)
    if name in COUNTS:
        assert (parsed.passed, parsed.failed) == COUNTS[name]


@pytest.mark.parametrize(("tool", "name"), CASES)
def test_a_copy_has_the_same_places(tool: str, name: str, project: Path, tmp_path: Path) -> None:
    text = (DATA / name).read_text().replace("@ROOT@", str(tmp_path / "elsewhere"))
    as_report = tool in REPORTED and name.endswith((".xml", ".json"))
    output, report = ("", text) if as_report else (plain(text), "")
    places = Places(roots=(project, tmp_path / "elsewhere"))
    parsed = TOOLS[tool].read(Raw(output=output, errors="", report=report, exit=1, places=places))
    assert [(each.path, each.line, each.code) for each in parsed.findings] == CASES[tool, name]


def one(parsed: Parsed, code: str) -> Finding:
    return next(each for each in parsed.findings if each.code == code)


def test_excerpts_hold_the_assertion_and_no_library(project: Path) -> None:
    parsed = recorded("pytest", "pytest-all.xml", project)
    total = one(parsed, "tests/test_cart.py::test_total")
    assert total.message == "assert 4 == 3 + where 4 = total([1, 2])"
    assert "assert total([1, 2]) == 3\nE   assert 4 == 3" in total.excerpt
    broken = one(parsed, "tests/test_syntax.py")
    assert broken.message == "SyntaxError: invalid syntax"
    assert "site-packages" not in broken.excerpt and "def test_broken(:" in broken.excerpt
    rust = recorded("cargo-test", "cargo-test.txt", project)
    assert "left: 4" in one(rust, "tests::adds").message
    assert "library/std" not in one(rust, "tests::booms").excerpt
    node = one(recorded("jest", "jest.json", project), "test/cart.test.js > cart > boom is thrown")
    assert "src/cart.js:5:9" in node.excerpt and "node_modules" not in node.excerpt


def test_warnings_and_notes_are_told_from_errors(project: Path) -> None:
    found = recorded("", "make-gcc.txt", project).findings
    assert [each.severity for each in found] == [
        *("warning", "error", "note", "error", "note", "warning", "warning", "error")
    ]
    assert [each.severity for each in recorded("", "tsc-pretty.txt", project).findings][-1] == "note"
    assert recorded("cargo", "cargo-clippy.json", project).findings[0].severity == "warning"


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[" * 100_000,
        '{"testResults": [{"assertionResults": [1, null, {"status": "failed"}]}], "stats": 3}',
        '{"reason": "compiler-message", "message": {"spans": "no", "message": 5}}',
        "<testsuites><testcase><failure/></testcase></testsuites>",
        '<!DOCTYPE x [<!ENTITY a "b">]><testsuites>&a;</testsuites>',
        "a.py:1: \x1b[31mred\u202e\x00\n../../etc/passwd:1: x\n/etc/passwd:1:2: error: y\n",
        "=== FAILURES ===\n___ x ___\nE   y\n=====\n",
        ":" * 50_000,
        "x.py:" * 20_000,
    ],
)
def test_whatever_it_is_that_was_printed(tool: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("")
    places = Places(roots=(tmp_path,))
    parsed = TOOLS[tool].read(Raw(output=text, errors=text, report=text, exit=1, places=places))
    for each in parsed.findings:
        assert each.path in ("", "a.py")
        assert "\x1b" not in each.message and "\u202e" not in each.message


def test_a_tool_is_known_by_its_call() -> None:
    calls = {
        "pytest": ["pytest -x", ".venv/bin/python -m pytest", "py.test", "/usr/bin/python3.11 -m pytest a"],
        "ruff": ["ruff check ."],
        "cargo-test": ["cargo test --all"],
        "cargo": ["cargo clippy"],
        "go-test": ["go test ./..."],
        "": ["ruff format .", "cargo fmt", "make test", "sh -c pytest", "npm test", "python tests.py"],
    }
    for tool, lines in calls.items():
        for line in lines:
            assert tool_of(line.split()) == tool, line
