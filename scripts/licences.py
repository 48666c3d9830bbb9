"""Licences of everything that we depend on: compared with those that are accepted, and written down.

`python scripts/licences.py` compares what is installed, and names what is not; `--write` writes
`docs/licences.md` anew, from an environment with all extras. Exit code 1: a licence is not accepted, or, in
such an environment, something is not in the page, or under another licence there; versions don't matter.
Exit code 2: it was called otherwise, or something is missing that the page has to have.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "licences.md"
EXTRAS = ("", "embedded", "rl", "spark", "dev")
"""In this order: what several need stands under the first."""
UNKNOWN = "unknown"
OWN = "dspy-code"


class Found(NamedTuple):
    """A package: under which licence, and which extra brought it ("" for what everybody has)."""

    name: str
    licence: str
    extra: str


class Rules(NamedTuple):
    """`licences.toml`."""

    accepted: frozenset[str]
    spelt: dict[str, str]
    packages: dict[str, list[str]]
    installed: dict[str, list[str]]
    """What our commands install: the licence, which command, and what for."""
    images: dict[str, list[str]]
    """What the stack pulls, without versions: the licence of the program, and why it is accepted."""


def rules() -> Rules:
    """What is accepted."""
    said = tomllib.loads((ROOT / "scripts" / "licences.toml").read_text())
    return Rules(
        frozenset(said["accepted"]), said["spelt"], said["packages"], said["installed"], said["images"]
    )


def found(known: Rules) -> tuple[list[Found], list[str]]:
    """All that is needed and installed, and the names of what is needed and not installed."""
    names: dict[str, str] = {}
    missing: set[str] = set()
    for extra in EXTRAS:
        waiting: list[tuple[str, frozenset[str]]] = [(OWN, frozenset({extra}))]
        seen: set[tuple[str, frozenset[str]]] = set()
        while waiting:
            name, extras = waiting.pop()
            key = re.sub(r"[-_.]+", "-", name).lower()
            if (key, extras) in seen:
                continue
            seen.add((key, extras))
            try:
                required = _own(extras) if key == OWN else metadata.distribution(name).requires or []
            except metadata.PackageNotFoundError:
                missing.add(key)
                continue
            names.setdefault(key, extra)
            wanted = [Requirement(text) for text in required]
            waiting += [
                (each.name, frozenset(each.extras))
                for each in wanted
                if each.marker is None or any(each.marker.evaluate({"extra": one}) for one in {"", *extras})
            ]
    names.pop(OWN, None)
    listed = [Found(name, licence_of(name, known), extra) for name, extra in names.items()]
    return sorted(listed), sorted(missing)


def _own(extras: frozenset[str]) -> list[str]:
    """What we need ourselves: what an editable installation says of it is as old as the installation."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    optional = project["optional-dependencies"]
    return [
        *project["dependencies"],
        *(each for extra in sorted(extras & optional.keys()) for each in optional[extra]),
    ]


def licence_of(name: str, known: Rules) -> str:
    """As an SPDX expression; `unknown` where neither the package nor our list says it."""
    if name in known.packages:
        return known.packages[name][0]
    about = metadata.metadata(name)
    classified = [
        kind.rpartition(" :: ")[2] for kind in about.get_all("Classifier") or [] if "License" in kind
    ]
    for said in (about.get("License-Expression"), about.get("License"), *classified):
        line = (said or "").strip().split("\n")[0]
        if line in known.spelt:
            return known.spelt[line]
        if line and is_accepted(line, known):
            return line
    return UNKNOWN


def is_accepted(expression: str, known: Rules) -> bool:
    """Whether every part that has to be kept is: one of alternatives, all of a sum."""
    if re.search(r"[()]", expression):
        return False  # it is named in the list
    return all(
        any(part.strip() in known.accepted for part in term.split(" OR "))
        for term in expression.split(" AND ")
    )


def page(listed: list[Found], known: Rules) -> str:
    """The document."""
    lines = [
        "# Licences of what we depend on",
        "",
        "Made by `make licences`, and compared in CI with what is accepted (`scripts/licences.toml`).",
        "dspy-tui itself is under Apache-2.0, and brings along the vocabulary of its embedder (Apache-2.0),",
        "whose licence and notice lie beside it. The page is made with PyTorch for processors: that for",
        "graphics cards brings libraries of NVIDIA's, under NVIDIA's own terms; whoever installs the extra",
        "`rl` chooses which.",
        "",
        "## Accepted for a reason",
        "",
        "| package | licence | why |",
        "| --- | --- | --- |",
        *(
            f"| {each.name} | {each.licence} | {known.packages[each.name][1]} |"
            for each in listed
            if each.name in known.packages
        ),
    ]
    for extra in EXTRAS:
        title = {"": "Everybody's", "dev": "Of those who develop it"}.get(extra, f"Of the extra `{extra}`")
        rows = [f"| {each.name} | {each.licence} |" for each in listed if each.extra == extra]
        if rows:
            lines += ["", f"## {title}", "", "| package | licence |", "| --- | --- |", *rows]
    return "\n".join([*lines, *_beside(known)]) + "\n"


def _beside(known: Rules) -> list[str]:
    """What is no requirement of a package of ours."""
    return [
        "",
        "## What our commands install",
        "",
        "| package | licence | by | what for |",
        "| --- | --- | --- | --- |",
        *(f"| {name} | {' | '.join(told)} |" for name, told in sorted(known.installed.items())),
        "",
        "## Images of the stack",
        "",
        "`stack` pulls them from their makers. We pass none of them on and change none, and talk to the",
        "programs by their protocols and files alone. Each brings a system of its own (Debian, Ubuntu,",
        "Alpine, Java), with its licences.",
        "",
        "| image | licence of the program | why it is accepted |",
        "| --- | --- | --- |",
        *(f"| {name} | {' | '.join(told)} |" for name, told in sorted(known.images.items())),
    ]


def unknown_words(words: Sequence[str], *known: str) -> bool:
    """Whether there are others than these; says so."""
    other = [word for word in words if word not in known]
    if other:
        print(f"unknown: {' '.join(other)}; there is {', '.join(known)}", file=sys.stderr)
    return bool(other)


def main(*words: str) -> int:
    """Compare, or write."""
    if unknown_words(words, "--write"):
        return 2
    known = rules()
    listed, missing = found(known)
    wrong = [
        each for each in listed if each.name not in known.packages and not is_accepted(each.licence, known)
    ]
    for each in wrong:
        print(f"{each.name}: {each.licence} is not accepted; if it can be, say why in scripts/licences.toml")
    if "--write" in words and missing:
        print(f"nothing is written: the page needs all extras, and {', '.join(missing)} are not installed")
        return 2
    if "--write" in words:
        PAGE.write_text(page(listed, known))
    told = PAGE.read_text()
    stale = [each.name for each in listed if f"| {each.name} | {each.licence} |" not in told]
    stale += [row for row in _beside(known) if row not in told]
    for name in stale:
        print(f"{name} is not in docs/licences.md, or under another licence; `make licences` writes it anew")
    away = ", ".join(missing) or "none"
    print(f"{len(listed)} packages looked at, {len(wrong)} not accepted; not installed: {away}")
    return 1 if wrong or (stale and not missing) else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
