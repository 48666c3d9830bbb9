"""Which tool serves a request without a model, judged by rules."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from agent_core.agent.failures import asks_about_failure, since_of
from agent_core.code.terms import is_identifier
from agent_core.commandline import Mention
from agent_core.logs.discover import named_like_a_log

Purpose = Literal["grep", "tree", "cat", "plan", "diff", "overview", "ctx", "search"]


class Route(msgspec.Struct, frozen=True):
    """What serves a request: a purpose, and what that takes (`pattern`, `path`, `start`, `end`, `depth`,
    `since`)."""

    purpose: Purpose
    arguments: dict[str, Any] = {}


_PATH = (
    r"(?P<path>(?:[\w.@+-]+/)*[\w@+-][\w.@+-]*\.[A-Za-z][\w]{0,9}|(?:[\w.@+-]+/)+[\w.@+-]+"
    r"|Makefile|Dockerfile|Justfile|Rakefile|Gemfile|Procfile|LICENSE|README|CHANGELOG|NOTICE)"
)
_FILE = re.compile(rf"(?<![\w./-])[`@]?{_PATH}`?(?::(?P<start>\d+)(?:-(?P<end>\d+))?)?(?![\w/-])")
_LINES = re.compile(r"\blines?\s+(\d+)(?:\s*(?:-|–|to|through|until|and)\s*(\d+))?", re.IGNORECASE)
_SHOW = re.compile(
    r"\b(show|open|print|view|display|read|cat|see|dump|contents? of|look at|inside|what(?:'s| is) in)\b",
    re.IGNORECASE,
)
_LAYOUT = re.compile(
    r"\b(?:file |folder |directory |project |source )?tree\b|\blayout\b|\b(?:directory|folder|project"
    r"|repo(?:sitory)?|file|code) structure\b"
    r"|\bstructure of (?:the |this )?(?:repo|repository|project|code|codebase|directory|folder|src)\b"
    r"|\b(?:sub)?(?:director(?:y|ies)|folders?)\b|\blist (?:all )?(?:the )?files\b|\boverview\b"
    r"|\b(?:what|which) files (?:are|exist)\b|\bhow (?:the |this )?(?:project|repo|code"
    r"|codebase)(?: is)? (?:organi[sz]ed|structured|laid out)"
    r"|\bhow is (?:the |this )?(?:project|repo(?:sitory)?|code|codebase) (?:organi[sz]ed|structured|laid out)"
    r"|\bproject is (?:organi[sz]ed|structured|laid out)",
    re.IGNORECASE,
)
_PLAN = re.compile(
    r"\bplan\b|\bsteps?\b|\bstep by step\b|\boutline\b|\bbreak (?:this|that|it|down|the)\b|\bapproach\b"
    r"|\bmigrat\w*"
    r"|\bhow (?:should|do|can|could|would|to) (?:i|we|one|you)?\b.{0,30}?\b(?:add|introduce|support"
    r"|implement|go about|move|replace|split|build|upgrade|convert|migrate|port|refactor|rewrite|extend"
    r"|integrate|set up)\b"
    r"|\bhow to (?:add|introduce|support|implement|replace|split|migrate|refactor|rewrite|extend|integrate)\b"
    r"|\bbest way\b|\bwhat would it take\b|\bpropose\b|\bdesign (?:the|a|an)\b|\bwhere do i start\b"
    r"|\broadmap\b",
    re.IGNORECASE,
)
_DIFF = re.compile(
    r"\b(?:what|which files|show)\b.{0,25}\b(?:changed|have i changed|did i change|(?:uncommitted"
    r"|unstaged|staged|my|pending|local) (?:changes|edits|modifications))\b"
    r"|\b(?:git )?diff\b|\buncommitted\b",
    re.IGNORECASE,
)
_GREP = re.compile(
    r"\b(?:grep|occurrences?|mentions?|mentioned|usages?|references?|imports?|imported|lines? (?:that "
    r"|which )?(?:contain|match|with|matching|containing)|contain(?:s|ing)?"
    r"|(?:the )?(?:word|string|text|literal|phrase|regex|pattern)|search(?:es|ed)? (?:the (?:repo|code"
    r"|sources?|project) )?for"
    r"|who (?:calls|uses|imports)|calls? (?:to|of)|callers? of|uses? of|look for|find (?:all |every "
    r"|each )?(?:uses?|calls?|lines?|occurrences?|places))\b",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"`([^`\n]+)`|\"([^\"\n]+)\"|(?<!\w)'([^'\n]+)'(?!\w)|[“„]([^”“\n]+)[”“]")
_CODE_WORD = re.compile(r"[A-Za-z_$][\w$]*(?:(?:\.|::|->)[A-Za-z_$][\w$]*)*\(?\)?")
_AFTER = re.compile(
    r"\b(?:grep(?:\s+for)?|search(?:\s+the\s+\w+)?\s+for|look\s+for|occurrences?\s+of|mentions?\s+of"
    r"|mentioned?|usages?\s+of|references?\s+to"
    r"|imports?|contain(?:s|ing)?|match(?:es|ing)?|who\s+(?:calls|uses)|calls?\s+(?:to|of)|callers?\s+of"
    r"|uses?\s+of|lines?\s+with|(?:the\s+)?(?:word|string|text|literal|phrase|regex|pattern|variable"
    r"|function|class|method))\s+"
    r"(?:the\s+|a\s+|an\s+)?(?:word\s+|string\s+|text\s+|literal\s+|phrase\s+|regex\s+|pattern\s+"
    r"|variable\s+|function\s+|class\s+|method\s+|calls?\s+to\s+)?(?P<what>\S[^?\n]*)",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"\s+(?:in|inside|within|across|from|anywhere|everywhere|used|throughout|under)\b(?:\s+(?:all|the"
    r"|this|any|every|whole|my|our)\b.*|\s+(?P<path>[\w./-]+)\s*|\s*)$",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"^\W*(?:what(?:'s| is| does)|explain|describe|summari[sz]e|introduce|tell me about"
    r"|give me a summary of|who is)\s+"
    r"(?:me\s+)?(?:about\s+)?(?:this|the|our|my)\s+(?:whole\s+|entire\s+)?"
    r"(?:project|repo|repository|code ?base|code|app|application|program|workspace)"
    r"(?:\s+(?:about|do|does|for|good for|all about|here))*\W*$",
    re.IGNORECASE,
)
_WHERE_DEFINED = re.compile(
    r"\bwhere\b.{0,20}\b(?:defined|declared|used|called|set|imported|referenced)\b|\b(?:is"
    r"|are)\b.{1,60}\b(?:defined|declared|used|called|imported|referenced)\b",
    re.IGNORECASE,
)


def route(text: str) -> Route:
    """The tool that serves a request, and its arguments, by rules alone."""
    text = text.strip()
    file = _FILE.search(text)
    if _DIFF.search(text) and not _GREP.search(text):
        return Route("diff", {})
    if _PLAN.search(text):
        return Route("plan", {})
    if (
        _LAYOUT.search(text)
        and not _QUOTED.search(text)
        and not (file and _SHOW.search(text) and "." in file["path"])
    ):
        return Route("tree", _layout_arguments(text, file))
    if (
        file
        and (_SHOW.search(text) or text == file[0])
        and not _GREP.search(_FILE.sub(" ", text))
        and not _asks_inside(text)
    ):
        return Route("cat", _file_arguments(text, file))
    if _ABOUT.search(text):
        return Route("overview", {})
    if asks_about_failure(text):
        return Route("ctx", since_of(text))
    return _grep_route(text) or Route("search", {})


def log_named(text: str, mentions: Sequence[Mention]) -> str:
    """The log that a question is about (`@logs/app.log why …`); "" for none, and where lines are wanted."""
    whole = (each.path for each in mentions if each.start is None and named_like_a_log(each.path))
    path = next(whole, "")
    return path if path and route(text).purpose not in ("cat", "grep") else ""


def _asks_inside(text: str) -> bool:
    """Whether a file is named only to say where: "where in app.py is the port read"."""
    return bool(re.match(r"^\W*(?:where|why|how|when|who|which)\b", text, re.IGNORECASE))


_GENERIC_WORDS = """
    project repo repository here this codebase code it files file workspace folder directory all current root
    whole entire two levels deep
"""
_GENERIC = frozenset(_GENERIC_WORDS.split())


def _layout_arguments(text: str, file: re.Match[str] | None) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    if file and "." not in file["path"].rpartition("/")[2]:
        arguments["path"] = file["path"]
    else:
        named = re.search(
            r"\b(?:under|of|in|inside)\s+(?:the\s+)?`?([\w./-]+)`?(?:\s+(?:folder|directory|dir))?\s*\??$",
            text,
            re.IGNORECASE,
        ) or re.search(r"\b(?:the\s+)`?([\w./-]+)`?\s+(?:folder|directory)\b", text, re.IGNORECASE)
        if named and named[1].lower() not in _GENERIC:
            arguments["path"] = named[1]
    numbers = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
    depth = re.search(r"\b(\d+|one|two|three|four|five) levels?\b|\bdepth (?:of )?(\d+)", text, re.IGNORECASE)
    if depth:
        word = (depth[1] or depth[2]).lower()
        arguments["depth"] = numbers.get(word) or int(word)
    return arguments


def _file_arguments(text: str, file: re.Match[str]) -> dict[str, Any]:
    arguments: dict[str, Any] = {"path": file["path"]}
    lines = _LINES.search(text)
    start, end = (lines[1], lines[2]) if lines else (file["start"], file["end"])
    if start:
        arguments["start"] = int(start)
        arguments["end"] = int(end or start)
    return arguments


def _grep_route(text: str) -> Route | None:
    quoted = _QUOTED.search(text)
    asks = _GREP.search(text) is not None
    if quoted:
        pattern = next(group for group in quoted.groups() if group)
        if asks or _WHERE_DEFINED.search(text) or re.match(r"^\W*(?:find|where)\b", text, re.IGNORECASE):
            return Route("grep", {"pattern": pattern, **_where(text, quoted.end())})
    if asks:
        after = _AFTER.search(text)
        if after:
            what, where = _strip_tail(after["what"])
            pattern = what.removesuffix("()") if len(what.split()) <= 3 else _names(what)
            if pattern:
                return Route("grep", {"pattern": pattern, **where})
    names = _names(text)
    if names and (
        asks
        or _WHERE_DEFINED.search(text)
        or re.match(r"^\W*(?:find|search|list|grep|look)\b", text, re.IGNORECASE)
    ):
        return Route("grep", {"pattern": names})
    return None


def _where(text: str, after: int) -> dict[str, Any]:
    found = re.search(
        r"\b(?:in|under|inside)\s+(?:the\s+)?([\w.-]*/[\w./-]*|src|lib|tests?|docs?|app)\b", text[after:]
    )
    return {"path": found[1]} if found else {}


def _strip_tail(what: str) -> tuple[str, dict[str, Any]]:
    what = what.strip().rstrip("?.!,;:").strip()
    where: dict[str, Any] = {}
    tail = _TAIL.search(what)
    if tail:
        if tail["path"] and (
            "/" in tail["path"] or tail["path"].lower() in {"src", "lib", "tests", "test", "docs", "app"}
        ):
            where["path"] = tail["path"]
        what = what[: tail.start()].strip()
    return what.strip("`'\""), where


def _names(text: str) -> str | None:
    """The first word that is written as names in code are, or a call such as `print(`."""
    for match in _CODE_WORD.finditer(text):
        word = match[0]
        if word.endswith("("):
            return word
        if is_identifier(word.rstrip("()")) or (word.isupper() and len(word) >= 3):
            return word.removesuffix("()")
    return None
