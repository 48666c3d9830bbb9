"""What the ranking knows of files and lines without reading them: which kinds count, what defines a name."""

from __future__ import annotations

import re

from agent_core.agent.roles import Role

_WEIGHTS: dict[Role, float] = {
    "source": 1.0, "test": 0.35, "document": 0.5, "data": 0.45, "log": 0.2, "generated": 0.2
}  # fmt: skip
_ASKED: tuple[tuple[str, frozenset[Role]], ...] = (
    (
        r"\b((unit|integration|end.to.end|e2e|regression|which|what|the|our|existing) tests?|tested"
        r"|tests? (for|of|that|which|files?|cases?|suites?|covers?|checks?)|in tests?|test coverage)\b",
        frozenset({"test"}),
    ),
    (r"\b(docs?|document(s|ed|ation)?|readme|manual|guide|install(ed|ation)?)\b", frozenset({"document"})),
    (r"\b(change ?log|release notes?|history|licen[sc]ed?|authors?|contributors?)\b", frozenset({"log"})),
    (
        r"\b(config(uration)?s?|settings?|dependenc(y|ies)|versions?|pipelines?|workflows?|ya?ml|json|toml)\b",
        frozenset({"data"}),
    ),
    (r"\b(generated|vendored|third[- ]party|minified|lock ?files?)\b", frozenset({"generated"})),
)  # fmt: skip
DEFINITION = re.compile(
    r"^\s*(?:(?:export|default|public|private|protected|internal|static|final|abstract|async|pub(?:\([a-z]+\))?"
    r"|unsafe|inline|open|sealed|data|override|virtual|extern)\s+)*"
    r"(?:def|class|func|function\*?|fn|interface|struct|enum|trait|type|impl|module|namespace|const|let|var|val"
    r"|object|record|protocol|macro_rules!)\s+(?:\([^)]{0,80}\)\s*)?(?P<name>[A-Za-z_$][\w$]*)?"
    r"|^\s*(?:(?:public|private|protected|internal|static|final|override)\s+)+"
    r"[\w<>\[\], .?]{1,80}\s(?P<method>\w+)\s*\("
    r"|^(?P<constant>[A-Z][A-Z0-9_]{2,})\s*(?::[^=]{1,60})?="
)


def role_weights(text: str) -> dict[Role, float]:
    """How much each kind of file counts for a question; those that it asks for count nearly in full."""
    asked = {kind for pattern, kinds in _ASKED if re.search(pattern, text, re.IGNORECASE) for kind in kinds}
    return {kind: max(weight, 0.9) if kind in asked else weight for kind, weight in _WEIGHTS.items()}


def defined_name(found: re.Match[str]) -> str | None:
    """The name that a match of `DEFINITION` introduces."""
    return found["name"] or found["method"] or found["constant"]
