"""Whether a line defines something, judged by the line alone: for lines that no grammar has looked at."""

from __future__ import annotations

import re

_DEFINITION = re.compile(
    r"^\s*(?:(?:export|default|public|private|protected|internal|static|final|abstract|async|pub(?:\([a-z]+\))?"
    r"|unsafe|inline|open|sealed|data|override|virtual|extern)\s+)*"
    r"(?:def|class|func|function\*?|fn|interface|struct|enum|trait|type|impl|module|namespace|const|let|var|val"
    r"|object|record|protocol|macro_rules!)\s+(?:\([^)]{0,80}\)\s*)?(?P<name>[A-Za-z_$][\w$]*)?"
    r"|^\s*(?:(?:public|private|protected|internal|static|final|override)\s+)+"
    r"[\w<>\[\], .?]{1,80}\s(?P<method>\w+)\s*\("
    r"|^(?P<constant>[A-Z][A-Z0-9_]{2,})\s*(?::[^=]{1,60})?="
)


def defined_in(line: str) -> str | None:
    """The name that a line introduces, "" for a definition without one; None where it defines nothing."""
    found = _DEFINITION.match(line)
    return None if found is None else found["name"] or found["method"] or found["constant"] or ""
