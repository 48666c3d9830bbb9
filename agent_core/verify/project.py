"""One folder of a workspace, as those look at it who find out which checks it has."""

from __future__ import annotations

import configparser
import json
import os
import tomllib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from shutil import which
from typing import Any, cast

from agent_core.files import read_bounded

_LIMIT = 1 << 20


class Project:
    """A folder that may have manifests in it. Everything is read when it is asked for, and bounded.

    Args:
        root: The workspace.
        folder: The folder, relative to it, posix; `.` for the root itself.
        path: Where programs are looked for, as in the variable PATH.
    """

    def __init__(self, root: Path, folder: str, *, path: str) -> None:
        self.root, self.folder, self.path = root, folder, path
        self.base = root if folder == "." else root / folder

    def has(self, *names: str) -> str:
        """The first of these that is a file here, relative to the folder; "" when none is."""
        return next((name for name in names if (self.base / name).is_file()), "")

    @cached_property
    def names(self) -> frozenset[str]:
        """What lies in the folder itself."""
        try:
            return frozenset(entry.name for entry in self.base.iterdir())
        except OSError:
            return frozenset()

    def text(self, name: str) -> str:
        """The file's text, its first mebibyte; "" when it cannot be read."""
        try:
            return read_bounded(self.base / name, _LIMIT).decode("utf-8-sig", "replace")
        except (OSError, ValueError):
            return ""

    @cached_property
    def pyproject(self) -> dict[str, Any]:
        """`pyproject.toml`; empty when it is missing or broken."""
        try:
            return tomllib.loads(self.text("pyproject.toml"))
        except (ValueError, RecursionError):
            return {}

    @cached_property
    def package(self) -> dict[str, Any]:
        """`package.json`; empty when it is missing or broken."""
        try:
            found = json.loads(self.text("package.json") or "{}")
        except (ValueError, RecursionError):
            return {}
        return cast("dict[str, Any]", found) if isinstance(found, dict) else {}

    def section(self, name: str, *sections: str) -> str:
        """The first of these sections that an ini file has; "" for none."""
        parser = self.ini(name)
        return next((section for section in sections if parser.has_section(section)), "")

    def ini(self, name: str) -> configparser.RawConfigParser:
        """An ini file; without any section when it is missing or broken."""
        parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
        try:
            parser.read_string(self.text(name))
        except configparser.Error:
            return configparser.RawConfigParser()
        return parser

    def up(self) -> Iterator[Path]:
        """This folder and those above it, up to the root of the workspace."""
        yield self.base
        if self.base != self.root:
            for folder in self.base.parents:
                yield folder
                if folder == self.root:
                    return

    def spelled(self, program: Path) -> str:
        """How a program inside of the workspace is called from this folder."""
        return os.path.relpath(program, self.base)

    def program(self, name: str) -> str:
        """The program's path from PATH; "" when it is not installed."""
        return which(name, path=self.path) or ""


def table(value: Any, *names: str) -> dict[str, Any]:
    """The table at this place of nested tables; empty where there is none."""
    for name in names:
        value = cast("dict[str, Any]", value).get(name) if isinstance(value, dict) else None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
