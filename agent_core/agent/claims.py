"""What an answer claims to have done although nothing of it happened in its turn."""

from __future__ import annotations

import re

_CODE = re.compile(r"`{3,}.*?(?:`{3,}|\Z)|`[^`\n]*`|^>.*$|“[^”]*”|\"[^\"\n]*\"", re.DOTALL | re.MULTILINE)
_DONE = (
    "fixed|changed|added|updated|removed|deleted|renamed|implemented|refactored|created|modified|edited"
    "|applied|replaced|rewrote|rewritten|corrected|patched|committed|moved|inserted|wrote|written"
)
_CHANGED = re.compile(
    rf"\b(?:I|we)(?:['’]ve| have)? (?:now |just |also |already |successfully )?(?:{_DONE})\b"
    r"|\b(?:has|have) (?:now |just |successfully )?been (?:successfully )?"
    r"(?:fixed|renamed|implemented|applied|refactored)\b"
    r"|\b(?:fix|change|patch|edit)s? (?:is|are|was|were) (?:now )?(?:in place|applied|complete|done)\b",
    re.IGNORECASE,
)
_PASSED = re.compile(
    r"\b(?:tests?|checks?|builds?|suite)\b[^.\n]{0,20}\b(?:now |all )?pass(?:es|ed)?\b"
    r"|\b(?:tests?|checks?|build) (?:is|are) (?:now )?(?:green|passing)\b"
    r"|\b(?:I|we)(?:['’]ve| have)? (?:ran|run|tested|verified)\b",
    re.IGNORECASE,
)
_NOT_CLAIMED = re.compile(
    r"\b(?:if|unless|until|whether|once|when|should|would|could|must|may|might|will|can|to|not|never|no|"
    r"make sure|ensure|n't)\b[^.;:\n]{0,40}$",
    re.IGNORECASE,
)

_WISHED = re.compile(r"\b(?:should|would|could|must|may|might|will|can|to|not|never)\b", re.IGNORECASE)


def unbacked(text: str, *, changed: bool, ran: bool) -> str:
    """A remark on what the text claims and the turn did not do; "" where it claims nothing of the kind.

    Args:
        text: The answer; what it quotes and shows as code claims nothing.
        changed: Whether the turn changed a file.
        ran: Whether tests, a linter or a build were run in it.
    """
    said = _CODE.sub(" ", text)
    false = [
        what
        for what, pattern, happened in (
            ("no file was changed", _CHANGED, changed),
            ("no test or check was run", _PASSED, ran),
        )
        if not happened and any(_is_claim(said, match) for match in pattern.finditer(said))
    ]
    return f"(Not verified: {' and '.join(false)} in this turn.)" if false else ""


def _is_claim(text: str, match: re.Match[str]) -> bool:
    before = text[max(0, match.start() - 60) : match.start()]
    return not (_NOT_CLAIMED.search(before) or _WISHED.search(match[0]))
