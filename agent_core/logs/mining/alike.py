"""Messages of different frames that are one template: values that may be missing, or of several words.

Sizes with and without a unit, brackets that may be empty, lists of any length, quoted text. Whether they vary
is not guessed from one message: it takes others that are the same but for such places.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from agent_core.logs.mining.closing import constant
from agent_core.logs.mining.masks import VARIABLE, taken_apart

_UNIT = r"(?: (?:[KMGTP]i?)?(?:B|bytes?)| (?:ns|us|ms|m?secs?|seconds?|s|min|minutes?|hours?|days?))(?!\w)"
_AMOUNT = re.compile(
    rf"(?<!\w)0(?!\w)(?:(?: 0(?!\w))+|{_UNIT}(?: \(0{_UNIT}\))?)?|(?<=\()(?=\))|(?<=\[)(?=\])|(?<=\{{)(?=\}})"
)
"""A value, a list of values, a value with its unit, or nothing between brackets."""
_QUOTED = re.compile(r"(?P<said>(?:^|(?<!\w)(?:msg|message)=)\"[^\"]+\")|\"[^\"]+\"|(?<!\w)'[^']+'(?!\w)")
"""A text in quotes; what is `said` is no value, but what the message is about."""
_QUOTED_FORMS = 5


def joined(texts: Iterable[str]) -> dict[str, str]:
    """What masked messages become: themselves, or what they share with others that differ in such places."""
    amounts = _merged(set(texts), _AMOUNT, lambda forms: len(forms) > 1)
    quotes = _merged(set(amounts.values()), _QUOTED, _quoted_vary)
    return {text: quotes[amount] for text, amount in amounts.items()}


def _quoted_vary(forms: list[str]) -> bool:
    return len(forms) >= _QUOTED_FORMS


def _merged(texts: set[str], place: re.Pattern[str], vary: Callable[[list[str]], bool]) -> dict[str, str]:
    forms: dict[str, list[str]] = {}
    for text in texts:
        forms.setdefault(place.sub(_emptied, text), []).append(text)
    into: dict[str, str] = {}
    for plain, those in forms.items():
        merges = len(those) > 1 and vary(those) and constant(taken_apart(plain)[1])
        whole = _whole(those, place) if merges else ""
        into.update((text, whole if merges else text) for text in those)
    return into


def _whole(forms: list[str], place: re.Pattern[str]) -> str:
    """The one text of several forms: `VARIABLE` in the places where they differ."""
    values = zip(*([match[0] for match in place.finditer(form)] for form in forms), strict=True)
    vary = iter([len(set(those)) > 1 for those in values])
    return place.sub(lambda match: _emptied(match) if next(vary) else match[0], forms[0])


def _emptied(match: re.Match[str]) -> str:
    """What stands for what was found: `VARIABLE`, in its quotes if it has any."""
    if match.lastgroup:
        return match[0]
    quote = match[0][:1] if match[0][:1] in "\"'" else ""
    return f"{quote}{VARIABLE}{quote}"
