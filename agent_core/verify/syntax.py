"""Whether changed files still parse: the check that costs nothing."""

from __future__ import annotations

import json
import tomllib
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from agent_core.changes.model import FileChange
from agent_core.code.grammars import grammar_of, tree_of
from agent_core.code.languages import language_of
from agent_core.text import one_line, shorten
from agent_core.verify.api import Finding
from agent_core.verify.findings.model import finding

if TYPE_CHECKING:
    from tree_sitter import Node

_MOST = 20
_LIMIT = 2 * 1024 * 1024
_CODE = "syntax"
_COMMENTED = ("tsconfig", "jsconfig", ".eslintrc", "devcontainer", "launch", "settings", ".swcrc", ".babelrc")


def check_syntax(changes: Sequence[FileChange]) -> tuple[Finding, ...]:
    """Errors of syntax in the changed files that were not there before.

    Python is compiled, JSON and TOML are read by their parsers, other languages by tree-sitter's grammars,
    which also accept much of what is newer than they are but not everything: so a file that one of them
    could not read before is not judged by it. Blocks the thread for as long as it takes to parse.
    """
    return tuple(each for change in changes for each in _new(change))


def _new(change: FileChange) -> Iterator[Finding]:
    after = _text(change.after)
    check = _checker(change.path, after) if after is not None else None
    if after is None or check is None:
        return
    earlier = check(change.path, _text(change.before) or "")
    known = Counter((each.message, each.source) for each in earlier if change.before)
    if known and check is _by_grammar:
        return
    for each in check(change.path, after):
        key = (each.message, each.source)
        if known[key]:
            known[key] -= 1
        else:
            yield each


def _text(content: bytes | None) -> str | None:
    if content is None or len(content) > _LIMIT or b"\0" in content[:8192]:
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


Checker = Callable[[str, str], list[Finding]]


def _checker(path: str, text: str) -> Checker | None:
    name = path.rpartition("/")[2].lower()
    if name.endswith((".py", ".pyi", ".pyw")):
        return _python
    if name.endswith(".toml") or name in ("cargo.lock", "poetry.lock", "uv.lock"):
        return _toml
    if name.endswith(".json") and not name.startswith(_COMMENTED) and ".vscode/" not in path:
        return _json
    return _by_grammar if language_of(path, text) else None


def _python(path: str, text: str) -> list[Finding]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, path, "exec", dont_inherit=True)
    except SyntaxError as error:
        kind = type(error).__name__
        return [_at(path, text, error.lineno or 1, f"{kind}: {error.msg}", column=error.offset or 0)]
    except (ValueError, RecursionError, MemoryError) as error:
        return [_at(path, text, 1, f"it cannot be compiled: {error}")]
    return []


def _json(path: str, text: str) -> list[Finding]:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return [_at(path, text, error.lineno, error.msg, column=error.colno)]
    except RecursionError:
        return [_at(path, text, 1, "it is nested too deeply")]
    return []


def _toml(path: str, text: str) -> list[Finding]:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said, _, place = str(error).rpartition(" (at line ")
        line, _, column = place.rstrip(")").partition(", column ")
        if said and line.isdigit():
            return [_at(path, text, int(line), said, column=int(column) if column.isdigit() else 0)]
        return [_at(path, text, text.count("\n") + 1, str(error))]
    except RecursionError:
        return [_at(path, text, 1, "it is nested too deeply")]
    return []


def _by_grammar(path: str, text: str) -> list[Finding]:
    grammar = grammar_of(language_of(path, text))
    if grammar is None:
        return []
    root = tree_of(grammar, text.encode("utf-8", "surrogatepass").replace(b"\0", b" "))
    if root is None or not root.has_error:
        return []
    found: list[Finding] = []
    for node in _errors(root):
        line, column = node.start_point[0] + 1, node.start_point[1] + 1
        what = f"{node.type!r} is missing" if node.is_missing else "this cannot be parsed"
        found.append(_at(path, text, line, what, column=column))
        if len(found) == _MOST:
            break
    return found


def _errors(root: Node) -> Iterator[Node]:
    """The nodes where the grammar found no way, not those inside of them."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.is_error or node.is_missing:
            yield node
        elif node.has_error:
            waiting.extend(reversed(node.children))


def _at(path: str, text: str, line: int, message: str, *, column: int = 0) -> Finding:
    lines = text.split("\n")
    line = min(max(line, 1), len(lines))
    around = [
        f"{number} | {lines[number - 1]}" for number in range(max(line - 1, 1), min(line + 1, len(lines)) + 1)
    ]
    made = finding(path, line, message, column=column, code=_CODE, excerpt=around)
    return msgspec.structs.replace(made, source=shorten(one_line(lines[line - 1]), 300))
