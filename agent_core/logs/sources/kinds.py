"""What a file that is called a log holds: text, packed text, or something else."""

from __future__ import annotations

from typing import Literal

from agent_core.logs.sources.plain import WIDE

HEAD = 4096
"""Bytes at the beginning of a file that tell."""
_GZIP = b"\x1f\x8b"
_PACKED = {
    b"\xfd7zXZ\0": "xz",
    b"BZh": "bzip2",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\3\4": "zip",
    b"\x04\x22\x4d\x18": "lz4",
}
_CONTROLS = bytes({*range(1, 32), 127} - set(b"\a\b\t\n\v\f\r\x1b"))
_FEW, _SHARE = 8, 20
"""Control characters that text may have: so many, or one in so many of its bytes."""

Kind = Literal["text", "gzip"]


class NoTextError(OSError):
    """The file holds something that is not read here."""


class PackedError(NoTextError):
    """It is packed in a way that is not read here; there may be text in it."""


def kind_of_text(head: bytes) -> Kind:
    """How to read a file that begins so, whatever it is called.

    NULs tell nothing: a file that was emptied under its writer begins with many. Bytes of unknown encodings
    tell nothing either, but no text is full of control characters.

    Raises:
        NoTextError: It is no text, or packed in a way that is not read here.
    """
    if head.startswith(_GZIP):
        return "gzip"
    for magic, name in _PACKED.items():
        if head.startswith(magic) and len(head) > len(magic) and (name != "bzip2" or head[3:4].isdigit()):
            raise PackedError(f"it is packed with {name}, which can be unpacked into `ctx --source -`")
    said = head.replace(b"\0", b"")
    controls = len(said) - len(said.translate(None, _CONTROLS))
    if controls > _FEW and controls * _SHARE > len(said) and not head.startswith(WIDE):
        raise NoTextError("it is binary")
    return "text"
