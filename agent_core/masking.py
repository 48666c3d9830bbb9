"""Secrets in text, found by their shape or by their value, and masked before it is logged or sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from agent_core.config import MASK, Settings

# Texts, compiled and kept by `re` when a secret of their kind may be near: most starts need none.
_KEY_BLOCK = r"(?s)(-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----)((?:(?!-----).){1,20000})"
_SHAPES = (
    (("AKIA", "ASIA"), r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    (("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"\bgh[pousr]_[A-Za-z0-9]{20,255}"),
    (("github_pat_",), r"\bgithub_pat_[A-Za-z0-9_]{20,255}"),
    (("glpat-",), r"\bglpat-[A-Za-z0-9_-]{16,64}"),
    (("sk-", "pk-"), r"\b[sp]k-(?=[A-Za-z_-]{0,99}\d)[A-Za-z0-9_-]{16,255}"),
    (("sk_", "rk_", "pk_"), r"\b[srp]k_(?:live|test)_[A-Za-z0-9]{16,128}"),
    (("xox",), r"\bxox[abeoprs]-[A-Za-z0-9-]{10,255}"),
    (("AIza",), r"\bAIza[0-9A-Za-z_-]{35}"),
    (("hf_",), r"\bhf_[A-Za-z0-9]{30,64}"),
    (("npm_",), r"\bnpm_[A-Za-z0-9]{36}"),
    (("pypi-",), r"\bpypi-[A-Za-z0-9_-]{50,255}"),
    (("eyJ",), r"\beyJ[A-Za-z0-9_-]{8,2048}\.[A-Za-z0-9_-]{8,8192}(?:\.[A-Za-z0-9_-]{0,2048})?"),
)
_URL = r"://([^\s/?#@:'\"<>]{0,128}):([^\s/?#@'\"<>]{1,256})@"
_BEARER = r"(?i)\b(bearer|basic)(\s+)([A-Za-z0-9+/_.~=-]{12,4096})"
_WORDS = (
    *("passw", "passphrase", "secret", "token", "api_key", "apikey", "api-key"),
    *("access_key", "accesskey", "access-key", "private_key", "private-key", "credential"),
)
_ASSIGNED = r"""(?xi)
    (?P<name>(?:passwd|password|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?)
        (?:[_-]?(?:key|id|value))?)
    (?P<quote>\\{0,4}["']?)(?P<between>[ \t]{0,8}(?:=>|:=|=|:)[ \t]{0,8})
    (?: \\{0,4}"(?P<double>[^"\n]{4,512}?)\\{0,4}" | \\{0,4}'(?P<single>[^'\n]{4,512}?)\\{0,4}'
      | (?P<bare>[^\s"',;()\[\]{}<>&]{6,512}) )
"""
_SAID = r"""(?xi)
    (?P<before>(?P<name>passwd|password|passphrase|pwd|secret|api[_-]?key)=)
    (?P<value>[^\s"',;()\[\]{}<>&]{3,512}+) (?![(\[])
"""
# Where they begin, in small letters: the patterns themselves, tried at each letter of a text, take longer.
_BEARER_NEAR = r"b(?=earer|asic)"
_ASSIGNED_NEAR = (
    r"p(?=assw|assphrase|rivate[_-]?key)|s(?=ecret)|t(?=oken)|a(?=pi[_-]?key|ccess[_-]?key)|c(?=redential)"
)
_HARMLESS = (
    r"(?i)\$|%\(|\{|<|\*{3}|•|x{4}"
    r"|(?:true|false|null|none|undefined|string|bytes|optional|required|changeme|example)\b"
)

_PLACEHOLDERS = {"ollama", "lm-studio", "not-needed", "no-key", "no-key-required", "placeholder", "changeme"}
"""What people set as the key of an endpoint that wants none: words that stand in paths and prose, too."""

_learned: set[str] = set()


def learn_secret(value: str) -> None:
    """Mask this value from now on in everything that goes through `mask_secrets` in this process.

    For what is no setting: a key that was found in the keyring once it was needed.
    """
    if value:
        _learned.add(value)


def mask_secrets(text: str, values: Iterable[str] = ()) -> str:
    """The text with everything that looks like a secret replaced by dots.

    Known: keys of the common services, JSON web tokens, private key blocks (their lines are kept, so that
    line numbers stay), credentials in addresses and headers, literal values assigned to names such as
    `password` or `api_key`, also inside of JSON in JSON; and exactly the `values`, and those that were
    learned, wherever they stand. Code that only speaks of secrets stays as it is.
    """
    if "PRIVATE KEY" in text:
        text = re.sub(_KEY_BLOCK, _key_block, text)
    text = mask_alone(text, values)
    lowered = text.lower()
    if any(word in lowered for word in _WORDS):
        text = _mask_near(_ASSIGNED_NEAR, _ASSIGNED, _assigned, text)
    return text


def mask_alone(text: str, values: Iterable[str] = ()) -> str:
    """The same for what is a secret wherever it stands: known values, keys, tokens, and credentials in
    addresses and headers.

    For texts that were put together of several, such as a whole prompt, where the beginning of a private key
    in one of them must not take the next one with it, and for JSON, which stays JSON.
    """
    for value in (*values, *_learned):
        if len(value) >= 6 and value not in _PLACEHOLDERS and value in text:
            text = text.replace(value, MASK)
    for hints, pattern in _SHAPES:
        if any(hint in text for hint in hints):
            text = re.sub(pattern, MASK, text)
    if "://" in text and "@" in text:
        text = re.sub(_URL, rf"://\1:{MASK}@", text)
    lowered = text.lower()
    if "bearer" in lowered or "basic" in lowered:
        text = _mask_near(_BEARER_NEAR, _BEARER, _header, text)
    return text


def _mask_near(near: str, pattern: str, masked: Callable[[re.Match[str]], str], text: str) -> str:
    """`re.sub` of a pattern that can match only where `near` does in the same text in small letters."""
    lowered = text.lower()
    if len(lowered) != len(text):  # some letters are two when they are small
        return re.sub(pattern, masked, text)
    whole = re.compile(pattern)
    out: list[str] = []
    done = 0
    for place in re.finditer(near, lowered):
        match = whole.match(text, place.start()) if place.start() >= done else None
        if match is not None:
            out += [text[done : match.start()], masked(match)]
            done = match.end()
    return "".join(out) + text[done:]


def secret_values(settings: Settings) -> tuple[str, ...]:
    """The values of the settings that are secrets."""
    from agent_core.config_sources import fields

    values = (getattr(settings, name) for name, field in fields().items() if field.secret)
    return tuple(value for value in values if value)


def masker(settings: Settings, more: Iterable[str] = ()) -> Callable[[str], str]:
    """`mask_secrets` that also knows the secrets of these settings, and `more` values."""
    values = (*secret_values(settings), *more)
    return lambda text: mask_secrets(text, values)


def log_masker(settings: Settings, more: Iterable[str] = ()) -> Callable[[str], str]:
    """The same for what programs log and people type: `password=word` gives it away there; in code it names
    a variable."""
    mask = masker(settings, more)
    return lambda text: re.sub(_SAID, _said, mask(text)) if "=" in text else mask(text)


def _said(match: re.Match[str]) -> str:
    value = match["value"]
    if re.match(_HARMLESS, value) or match["name"].lower() in value.lower():  # a call in a stack trace
        return match[0]
    return match["before"] + MASK


def _key_block(match: re.Match[str]) -> str:
    return match[1] + re.sub(r"[^\n]+", MASK, match[2])


def _header(match: re.Match[str]) -> str:
    is_word = re.search(r"[0-9=+/]|[a-z][A-Z]", match[3]) is None
    return match[0] if is_word else match[1] + match[2] + MASK


def _assigned(match: re.Match[str]) -> str:
    group = next(name for name in ("double", "single", "bare") if match[name] is not None)
    value = match[group]
    if re.match(_HARMLESS, value) or (group == "bare" and not _looks_random(match)):
        return match[0]
    start = match.start(group) - match.start()
    return match[0][:start] + MASK + match[0][start + len(value) :]


def _looks_random(match: re.Match[str]) -> bool:
    """Whether an unquoted value is a literal rather than the name of a type, a variable or a call."""
    value = match["bare"]
    follows = match.string[match.end() : match.end() + 1]
    if follows and follows in "([":
        return False
    if match["name"].isupper() and match["between"] == "=":
        return True  # a line of an environment file
    if re.fullmatch(r"[-+]?[\d.]+(?:e[-+]?\d+)?", value, re.IGNORECASE):
        return False
    if re.fullmatch(r"[A-Za-z_][\w.]*", value) and not re.search(r"\d.*\d", value):
        return False
    return bool(re.search(r"\d", value) and re.search(r"[A-Za-z]", value)) and not value.startswith(
        ("/", ".")
    )
