"""Which checks a workspace has, and which are run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from agent_core.config import Settings
from agent_core.verify.api import Verifier
from agent_core.verify.detect import chosen, command_line, detect
from agent_core.workspace import Workspace


def make(root: Path, files: Mapping[str, str]) -> Workspace:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if "bin/" in name:
            path.chmod(0o755)
    return Workspace.open(root)


def found(
    root: Path, files: Mapping[str, str], *, paths: tuple[str, ...] = (), **settings: str
) -> list[Verifier]:
    return list(
        detect(make(root, files), Settings(**settings), paths=paths, env={"PATH": "", "HOME": str(root)})
    )


def lines(verifiers: list[Verifier]) -> list[tuple[str, str, str]]:
    return [(each.name, each.cwd, command_line(each)) for each in verifiers]


TEST = "def test_a():\n    pass\n"
UNIT = "import unittest\nclass A(unittest.TestCase):\n    pass\n"
VENV = {".venv/bin/python": "", ".venv/pyvenv.cfg": ""}


@pytest.mark.parametrize(
    ("files", "sign"),
    [
        ({"pyproject.toml": "[tool.pytest.ini_options]\n"}, "pyproject.toml [tool.pytest]"),
        ({"pytest.ini": "[pytest]\n"}, "pytest.ini"),
        ({"tox.ini": "[pytest]\n"}, "tox.ini [pytest]"),
        ({"setup.cfg": "[tool:pytest]\n"}, "setup.cfg [tool:pytest]"),
        ({"setup.py": "", "tests/conftest.py": ""}, "tests/conftest.py"),
        ({"setup.py": "", "tests/deep/test_a.py": TEST}, "tests in tests"),
        ({"test_a.py": TEST}, "tests in ."),
    ],
)
def test_pytest_by_its_signs(tmp_path: Path, files: dict[str, str], sign: str) -> None:
    (verifier,) = found(tmp_path, {**files, **VENV})
    assert (verifier.name, verifier.kind) == ("pytest", "run_tests")
    assert verifier.argv == (".venv/bin/python", "-m", "pytest")
    assert verifier.origin == f"{sign}; .venv"
    assert not verifier.found  # the environment has no pytest in it


def test_unittest_where_there_is_nothing_of_pytest(tmp_path: Path) -> None:
    (verifier,) = found(tmp_path, {"setup.py": "", "tests/__init__.py": "", "tests/test_a.py": UNIT, **VENV})
    assert command_line(verifier) == ".venv/bin/python -m unittest discover -s tests -t ."
    assert verifier.found


@pytest.mark.parametrize(
    "library",
    ["pytest/__init__.py", "pytest-8.4.0.dist-info/RECORD"],
    ids=["installed", "as editable"],
)
def test_the_interpreter_that_has_the_module_comes_first(tmp_path: Path, library: str) -> None:
    files = {
        "pytest.ini": "",
        **VENV,
        "venv/bin/python": "",
        f"venv/lib/python3.12/site-packages/{library}": "",
    }
    (verifier,) = found(tmp_path, files)
    assert verifier.argv[0] == "venv/bin/python"
    assert verifier.found


def test_the_environment_of_poetry(tmp_path: Path) -> None:
    import base64
    import hashlib

    workspace = make(
        tmp_path / "work", {"pyproject.toml": '[tool.poetry]\nname = "My Shop"\n', "pytest.ini": ""}
    )
    digest = base64.urlsafe_b64encode(hashlib.sha256(str(workspace.root).encode()).digest()).decode()[:8]
    prefix = tmp_path / f".cache/pypoetry/virtualenvs/my_shop-{digest}-py3.12"
    make(prefix, {"bin/python": ""})
    (verifier,) = detect(workspace, Settings(), env={"PATH": "", "HOME": str(tmp_path)})
    assert verifier.argv[0] == f"{prefix}/bin/python"


def test_linters_and_type_checkers_of_python(tmp_path: Path) -> None:
    config = '[tool.ruff]\n[tool.pyright]\n[tool.mypy]\nplugins = ["own_plugin.py"]\nfiles = ["src"]\n'
    files = {
        "pyproject.toml": config,
        "setup.cfg": "[flake8]\n",
        ".venv/bin/ruff": "",
        ".venv/bin/mypy": "",
        **VENV,
    }
    listed = found(tmp_path, files)
    assert lines(listed) == [
        ("ruff", ".", ".venv/bin/ruff check ."),
        ("flake8", ".", "flake8"),
        ("mypy", ".", ".venv/bin/mypy"),
        ("pyright", ".", "pyright"),
    ]
    assert [each.found for each in listed] == [True, False, True, False]
    assert [each.executes for each in listed] == [False, True, True, False]
    assert [each.name for each in chosen(listed, "lint")] == ["ruff", "mypy"]


def package(**extra: object) -> str:
    return json.dumps({"name": "shop", **extra})


def test_scripts_that_only_call_a_known_program_are_that_call(tmp_path: Path) -> None:
    scripts = {
        "test": "vitest",
        "lint": "eslint src --max-warnings 0",
        "typecheck": "tsc -b",
        "build": "a && b",
    }
    files = {"package.json": package(scripts=scripts), "yarn.lock": ""}
    files |= {f"node_modules/.bin/{name}": "" for name in ("vitest", "eslint", "tsc")}
    listed = found(tmp_path, files)
    assert lines(listed) == [
        ("vitest", ".", "node_modules/.bin/vitest run"),
        ("eslint", ".", "node_modules/.bin/eslint src --max-warnings 0"),
        ("tsc", ".", "node_modules/.bin/tsc -b"),
        ("yarn-build", ".", "yarn run build"),
    ]
    assert [each.name for each in chosen(listed)] == ["vitest", "eslint", "tsc", "yarn-build"]


def test_other_scripts_run_through_their_manager(tmp_path: Path) -> None:
    scripts = {"test": "NODE_ENV=test jest", "pretest": "x", "lint": "eslint ."}
    files = {"package.json": package(scripts=scripts, packageManager="pnpm@9.1.0"), ".eslintrc.json": "{}"}
    assert lines(found(tmp_path, files)) == [
        ("pnpm-test", ".", "pnpm run test"),
        ("pnpm-lint", ".", "pnpm run lint"),
        ("eslint", ".", "node_modules/.bin/eslint ."),
    ]


def test_the_placeholder_of_npm_is_no_test(tmp_path: Path) -> None:
    scripts = {"test": 'echo "Error: no test specified" && exit 1'}
    files = {"package.json": package(scripts=scripts, devDependencies={"mocha": "1"}), "tsconfig.json": "{}"}
    assert [each.name for each in found(tmp_path, files)] == ["mocha", "tsc"]


def test_rust_and_go(tmp_path: Path) -> None:
    listed = found(tmp_path, {"Cargo.toml": "", "go.mod": ""})
    assert [command_line(each) for each in listed] == [
        *("cargo test", "cargo clippy", "cargo check"),
        *("go test ./...", "go vet ./...", "go build -o /dev/null ./..."),
    ]


@pytest.mark.parametrize(
    ("makefile", "expected"),
    [
        ("test: all\nlint:\nall:\ncheck:\n", ["make-test", "make-lint", "make-all"]),
        ("check:\n\tx\nbuild test2:\n", ["make-check", "make-build"]),
        ("test = 1\nlint := 2\nbuild ?= 3\n.PHONY: test\n", []),
        ("include rules.mk\n", ["make-test"]),
        ("include ../../rules.mk /etc/rules.mk\n", []),
    ],
)
def test_targets_that_really_exist(tmp_path: Path, makefile: str, expected: list[str]) -> None:
    files = {"Makefile": makefile, "rules.mk": "test:\n\techo\n"}
    assert [each.name for each in found(tmp_path, files)] == expected


def test_make_is_for_what_nothing_else_checks(tmp_path: Path) -> None:
    listed = found(tmp_path, {"Makefile": "test:\nlint:\nbuild:\n", "go.mod": ""})
    assert [each.name for each in chosen(listed)] == ["go-test", "go-vet", "go-build"]
    assert len(listed) == 6


def test_a_configured_command_stands_alone_for_its_kind(tmp_path: Path) -> None:
    files = {"go.mod": "", "package.json": package(scripts={"test": "x"})}
    listed = found(
        tmp_path, files, test_cmd="pytest -x 'a b'", lint_cmd="ruff check . | tee log", build_cmd="A=1 x"
    )
    run = chosen(listed)
    assert [(each.name, each.argv, each.tool) for each in run] == [
        ("test_cmd", ("pytest", "-x", "a b"), "pytest"),
        ("lint_cmd", ("sh", "-c", "ruff check . | tee log"), ""),
        ("build_cmd", ("x",), ""),
    ]
    assert run[2].env == (("A", "1"),)
    assert [command_line(each) for each in run] == ["pytest -x 'a b'", "ruff check . | tee log", "A=1 x"]


@pytest.mark.parametrize(
    ("command", "env", "argv", "tool"),
    [
        (
            "PYTHONPATH=src python -m pytest -q",
            {"PYTHONPATH": "src"},
            ("python", "-m", "pytest", "-q"),
            "pytest",
        ),
        ("A='1 2' B= go test ./...", {"A": "1 2", "B": ""}, ("go", "test", "./..."), "go-test"),
        ("A=$HOME pytest", {}, ("sh", "-c", "A=$HOME pytest"), ""),
        ("A=1", {}, ("sh", "-c", "A=1"), ""),
        ("A=~/x pytest", {}, ("sh", "-c", "A=~/x pytest"), ""),
    ],
)
def test_variables_before_a_configured_command(
    tmp_path: Path, command: str, env: dict[str, str], argv: tuple[str, ...], tool: str
) -> None:
    (check,) = found(tmp_path, {}, test_cmd=command)
    assert (dict(check.env), check.argv, check.tool) == (env, argv, tool)
    assert command_line(check) == command.replace("B= ", "B='' ")


MONOREPO = {
    "go.mod": "",
    "packages/web/package.json": package(scripts={"test": "x"}),
    "packages/web/src/app.ts": "",
    "packages/api/pyproject.toml": "[tool.pytest.ini_options]\n",
    "packages/api/tests/test_a.py": TEST,
    "packages/api/app/main.py": "",
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("packages/web/src/app.ts", [("npm-test", "packages/web")]),
        ("packages/api/app/main.py", [("pytest", "packages/api")]),
        ("packages/api/tests/test_a.py", [("pytest", "packages/api")]),
        ("main.go", [("go-test", ".")]),
        ("packages/api/README.md", [("pytest", "packages/api"), ("go-test", ".")]),
    ],
)
def test_the_nearest_project_of_a_changed_file(
    tmp_path: Path, path: str, expected: list[tuple[str, str]]
) -> None:
    listed = found(tmp_path, {**MONOREPO, **VENV}, paths=(path,))
    assert [(each.name, each.cwd) for each in chosen(listed, "run_tests", paths=(path,))] == expected
    assert all(each.argv[0] == "../../.venv/bin/python" for each in listed if each.name == "pytest")


def test_projects_below_a_root_that_is_none(tmp_path: Path) -> None:
    files = {name: text for name, text in MONOREPO.items() if name != "go.mod"}
    files |= {"node_modules/x/package.json": package(scripts={"test": "y"}), ".gitignore": "node_modules\n"}
    assert sorted((each.name, each.cwd) for each in found(tmp_path, files)) == [
        ("npm-test", "packages/web"),
        ("pytest", "packages/api"),
    ]


def test_broken_manifests_and_links_to_elsewhere(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": "[tool",
        "package.json": "[1",
        "setup.cfg": "x=1\n[",
        "tox.ini": "\0\n",
        "Makefile": "\xff",
    }
    assert found(tmp_path / "w", files) == []
    assert found(tmp_path / "empty", {"README": ""}) == []
