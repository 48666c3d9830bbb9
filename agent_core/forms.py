"""Forms that a person fills in for somebody else's program: what is asked for, and what may be answered.

    Form (fields, all of it fit to be shown) -> what was typed and ticked -> Filled

Nothing of whoever asks is in a form as it came: its texts are printable and short, and options are chosen by
their place. The screen and whoever sends the answer use the same checks.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal
from urllib.parse import urlsplit

import msgspec

FieldKind = Literal["text", "int", "number", "choice", "choices"]
"""`choice` is one of the options, `choices` any of them; the others are typed."""
Format = Literal["", "email", "uri", "date", "date-time"]
Given = str | tuple[int, ...]
"""What was typed, or the places of the options that were chosen."""
LONGEST = 4_000
"""Characters of one answer."""
_WHOLE = re.compile(r"[+-]?\d{1,15}")
_NUMBER = re.compile(r"[+-]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})(?:[eE][+-]?\d{1,3})?")
_EMAIL = re.compile(r"[^\s@<>()\[\],;:\"\\]{1,64}@[^\s@.]+(?:\.[^\s@.]+)+")
_ABOUT_SECRETS = re.compile(
    r"(?i)pass ?(?:word|wd|phrase|code)|\b(?:api|access|private|signing|encryption|ssh) ?keys?\b"
    r"|\b(?:pwd|secret|credential|token|cookie|pin|cvv|cvc|otp|ssn|iban|2fa|mfa)s?\b|\bcard numbers?\b"
    r"|\bone[ -]time|\bverification code|\b(?:recovery|seed|backup) (?:code|phrase|word)|\bsocial security"
)
_FORMS = {
    "email": "an e-mail address",
    "uri": "an address such as https://example.com",
    "date": "a date such as 2026-01-31",
    "date-time": "a time such as 2026-01-31T12:00:00Z",
}


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is asked for.

    `least` and `most` bound a number, the characters of a text, or how many options are chosen. `default` is
    what is typed already, `chosen` the options that are. `secret`: it looks like something to be kept.
    """

    title: str
    description: str = ""
    kind: FieldKind
    required: bool = False
    options: tuple[str, ...] = ()
    default: str = ""
    chosen: tuple[int, ...] = ()
    format: Format = ""
    least: float | None = None
    most: float | None = None
    secret: bool = False


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """What `asker` wants to know, and why it says it does. `warning` is what speaks against answering."""

    asker: str
    message: str
    fields: tuple[Field, ...] = ()
    warning: str = ""


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    """The answer: what was given for each field, in order; nothing unless it is accepted."""

    action: Literal["accept", "decline", "cancel"]
    values: tuple[Given, ...] = ()


def is_about_secrets(text: str) -> bool:
    """Whether a name or a sentence speaks of something that is nobody else's business."""
    words = re.sub(r"[_\-./]+", " ", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text))
    return _ABOUT_SECRETS.search(words) is not None


def wanted(field: Field) -> str:
    """What may be given, in a few words; "" for anything."""
    least, most = field.least, field.most
    match field.kind:
        case "choice":
            return ""
        case "choices":
            return f"tick {_between(least, most)}" if least or most is not None else "tick any"
        case "int":
            return f"a whole number{_bounds(least, most)}"
        case "number":
            return f"a number{_bounds(least, most)}"
        case "text":
            form = _FORMS.get(field.format, "")
            size = f"{_between(least, most)} characters" if least or most is not None else ""
            return ", ".join(part for part in (form, size) if part)


def problem_in(field: Field, given: Given) -> str:
    """What is wrong with an answer, for whoever gave it; "" where nothing is."""
    if isinstance(given, tuple):
        return _chosen_wrong(field, given)
    if field.kind in ("choice", "choices"):
        return "One of the options is wanted"
    if not given.strip():
        return "An answer is wanted" if field.required else ""
    if len(given) > LONGEST:
        return f"{LONGEST:,} characters are the most"
    if field.kind == "text":
        return _text_wrong(field, given)
    pattern = _WHOLE if field.kind == "int" else _NUMBER
    if not pattern.fullmatch(given.strip()) or not math.isfinite(float(given)):
        return f"{_first_up(wanted(field))} is wanted"
    value = float(given)
    if (field.least is not None and value < field.least) or (field.most is not None and value > field.most):
        return f"It has to be{_bounds(field.least, field.most).removeprefix(',')}"
    return ""


def problems_in(form: Form, values: Sequence[Given]) -> tuple[str, ...]:
    """What is wrong with each answer; the values must be as many as the fields."""
    return tuple(problem_in(field, given) for field, given in zip(form.fields, values, strict=True))


def proposed(form: Form) -> tuple[Given, ...]:
    """What stands in the form at first."""
    return tuple(
        field.chosen if field.kind in ("choice", "choices") else field.default for field in form.fields
    )


def _chosen_wrong(field: Field, given: tuple[int, ...]) -> str:
    if field.kind not in ("choice", "choices") or any(not 0 <= at < len(field.options) for at in given):
        return "That is none of the options"
    if field.kind == "choice":
        return "One has to be chosen" if field.required and not given else ""
    if not given and not field.required:
        return ""
    if len(given) < (field.least or 0) or (field.most is not None and len(given) > field.most):
        return f"Tick {_between(field.least, field.most)} of them"
    return ""


def _text_wrong(field: Field, given: str) -> str:
    if len(given) < (field.least or 0) or (field.most is not None and len(given) > field.most):
        return f"{_first_up(_between(field.least, field.most))} characters: these are {len(given):,}"
    right = True
    match field.format:
        case "email":
            right = len(given) <= 254 and _EMAIL.fullmatch(given) is not None
        case "uri":
            right = _is_uri(given)
        case "date":
            right = re.fullmatch(r"\d{4}-\d\d-\d\d", given) is not None and _is(date, given)
        case "date-time":
            written = re.fullmatch(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d.{1,20}", given)
            right = written is not None and _is(datetime, given.upper(), zone=True)
        case "":
            pass
    return "" if right else f"{_first_up(_FORMS[field.format])} is wanted"


def _is_uri(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme and (parts.netloc or parts.path)) and not re.search(r"\s", text)


def _is(kind: type[date], text: str, *, zone: bool = False) -> bool:
    try:
        found = kind.fromisoformat(text)
    except ValueError:
        return False
    return not zone or (isinstance(found, datetime) and found.tzinfo is not None)


def _bounds(least: float | None, most: float | None) -> str:
    return f", {_between(least, most)}" if least is not None or most is not None else ""


def _between(least: float | None, most: float | None) -> str:
    if least is not None and most is not None:
        return _plain(least) if least == most else f"{_plain(least)} to {_plain(most)}"
    return f"at least {_plain(least)}" if least is not None else f"at most {_plain(most or 0)}"


def _plain(number: float) -> str:
    return f"{number:,.0f}" if number == int(number) and abs(number) < 1e15 else f"{number:g}"


def _first_up(text: str) -> str:
    return text[:1].upper() + text[1:]
