"""What may be done without asking: rules `CLASS[:GLOB]`, deny before allow before ask.

What "always" adds is kept in this user's state folder, keyed by workspace: a repository cannot bring it
along.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from fnmatch import translate
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

import msgspec

from agent_core.errors import ConfigError
from agent_core.events import ActionClass
from agent_core.files import load_state, update_state
from agent_core.folders import user_state_dir
from agent_core.shellwords import pieces, simple
from agent_core.text import one_line

Verdict = Literal["allow", "ask", "deny"]
_CLASSES: tuple[str, ...] = get_args(ActionClass)
_FREE = ("read", "heavy")
_LINES = ("shell", "run")
"""Classes whose command is a line for a shell."""


class Rule(msgspec.Struct, frozen=True):
    """One rule; `glob` `*` stands for every command of the class."""

    action: ActionClass
    glob: str = "*"

    def __str__(self) -> str:
        return self.action if self.glob == "*" else f"{self.action}:{self.glob}"


class RuleRow(msgspec.Struct, frozen=True):
    """A rule as it is listed. `source` is setting or remembered; only the latter can be revoked."""

    rule: str
    verdict: Literal["allow", "deny"]
    source: Literal["setting", "remembered"]


class _Store(msgspec.Struct):
    schema: int = 1
    workspaces: dict[str, list[str]] = {}


def parse_rule(text: str) -> Rule:
    """The rule that a text spells; raises `ConfigError`."""
    action, _, glob = text.strip().partition(":")
    if action not in _CLASSES:
        raise ConfigError(
            f"{one_line(text)!r} is not a rule: it starts with none of {', '.join(_CLASSES)}",
            hint="Rules are CLASS or CLASS:GLOB, such as write:docs/* or shell:git status.",
        )
    return Rule(action, glob.strip() or "*")  # pyright: ignore[reportArgumentType] - checked above


def exact_rule(action: ActionClass, command: str) -> str:
    """The rule for exactly this command: what "always" adds."""
    return str(Rule(action, re.sub(r"([*?[])", r"[\1]", command.strip())))


class Permissions:
    """The rules that hold in one workspace.

    Args:
        workspace: Its root; remembered rules are kept under it.
        allow: Rules that are granted without asking; raises `ConfigError` when one is broken.
        deny: Rules that are refused always.
        store: The file of remembered rules; the one in the user's state folder by default.
        doubtful: Whether rules that deny may be missing. Then no rule grants anything, and reads ask, too.
    """

    def __init__(
        self,
        *,
        workspace: Path,
        allow: Iterable[str] = (),
        deny: Iterable[str] = (),
        store: Path | None = None,
        doubtful: bool = False,
    ) -> None:
        self._doubtful = doubtful
        self._key = str(workspace)
        self._store = store or user_state_dir() / "permissions.json"
        self._allow = tuple(parse_rule(text) for text in allow)
        self._deny = tuple(parse_rule(text) for text in deny)
        self._remembered: dict[str, Rule] | None = None
        self.warning = ""
        """What was wrong with the store, once it was read; see `checked`."""

    def decide(self, action: ActionClass, command: str) -> Verdict:
        """Whether the command may run. Reads are free unless they are denied."""
        command = command.strip()
        denied = [rule for rule in self._deny if rule.action == action]
        if any(_denies(rule, command) for rule in denied):
            return "deny"
        if self._doubtful:
            return "ask"
        if action in _FREE:
            return "allow"
        if denied and action in _LINES and not simple(command):
            return "ask"  # it may hide what a rule denies
        allowed = (*self._allow, *self._rules().values())
        return "allow" if any(_allows(rule, action, command) for rule in allowed) else "ask"

    def denies(self, action: ActionClass) -> bool:
        """Whether any rule refuses something of this class."""
        return any(rule.action == action for rule in self._deny)

    def grants(self, action: ActionClass) -> bool:
        """Whether any rule allows something of this class."""
        if self._doubtful:
            return False
        return action in _FREE or any(
            rule.action == action for rule in (*self._allow, *self._rules().values())
        )

    def names(self, action: ActionClass, command: str) -> bool:
        """Whether a rule allows exactly this command, by its whole name."""
        rules = () if self._doubtful else (*self._allow, *self._rules().values())
        return any(rule.action == action and _literal(rule.glob) == command for rule in rules)

    def remember(self, rule: str) -> None:
        """Grant a rule in this workspace from now on; raises `ConfigError`, `BusyError`, OSError."""
        added = str(parse_rule(rule))

        def change(store: _Store | None) -> _Store:
            store = store or _Store()
            rules = store.workspaces.setdefault(self._key, [])
            if added not in rules:
                rules.append(added)
            return store

        self._save(change)

    def revoke(self, rule: str) -> bool:
        """Take a remembered rule back; False when there was none. Raises `BusyError`, OSError."""
        known = rule in self._rules()

        def change(store: _Store | None) -> _Store:
            store = store or _Store()
            rules = [other for other in store.workspaces.get(self._key, []) if other != rule]
            if rules:
                store.workspaces[self._key] = rules
            else:
                store.workspaces.pop(self._key, None)
            return store

        if known:
            self._save(change)
        return known

    def checked(self) -> str:
        """Read the store if it was not read yet; what is wrong with it, "" when all is well."""
        self._rules()
        return self.warning

    def list(self) -> list[RuleRow]:
        """Every rule that holds here, denials first."""
        return [
            *(RuleRow(str(rule), "deny", "setting") for rule in self._deny),
            *(RuleRow(str(rule), "allow", "setting") for rule in self._allow),
            *(RuleRow(rule, "allow", "remembered") for rule in self._rules()),
        ]

    def _rules(self) -> dict[str, Rule]:
        if self._remembered is None:
            store, self.warning = load_state(self._store, _Store)
            self._remembered = self._parsed(store or _Store())
        return self._remembered

    def _parsed(self, store: _Store) -> dict[str, Rule]:
        found: dict[str, Rule] = {}
        for text in store.workspaces.get(self._key, []):
            try:
                found[text] = parse_rule(text)
            except ConfigError as error:
                self.warning = f"{self._store}: {error.message}; left out"
        return found

    def _save(self, change: Callable[[_Store | None], _Store]) -> None:
        store, self.warning = update_state(self._store, _Store, change)
        self._remembered = self._parsed(store)


@lru_cache(maxsize=256)
def _pattern(glob: str) -> re.Pattern[str]:
    return re.compile(translate(glob))


def _literal(glob: str) -> str | None:
    """The one command that a glob without active wildcards stands for."""
    text = re.sub(r"\[([*?[])\]", lambda match: chr(0xE000 + ord(match[1])), glob)
    if any(char in text for char in "*?["):
        return None
    return "".join(chr(ord(char) - 0xE000) if "\ue000" <= char <= "\ue07f" else char for char in text)


def _matches(glob: str, command: str) -> bool:
    if _pattern(glob).match(command):
        return True
    return glob.endswith(" *") and command == glob[:-2]


def _allows(rule: Rule, action: ActionClass, command: str) -> bool:
    if rule.action != action:
        return False
    if rule.glob == "*" or _literal(rule.glob) == command:
        return True
    if action in _LINES and not simple(command):
        return False
    return (".." not in command.split("/") or action in _LINES) and _matches(rule.glob, command)


def _denies(rule: Rule, command: str) -> bool:
    if rule.glob == "*" or _matches(rule.glob, command):
        return True
    return rule.action in _LINES and any(_matches(rule.glob, piece) for piece in pieces(command))
