"""Figures in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec


class Sample(msgspec.Struct, frozen=True):
    """One figure: names that end in `_total` only ever rise."""

    name: str
    value: float
    help_text: str
    labels: dict[str, str] = {}


def exposition(samples: Iterable[Sample]) -> str:
    """The samples as a page; those of one name stand together, under one heading."""
    grouped: dict[str, list[Sample]] = {}
    for sample in samples:
        grouped.setdefault(sample.name, []).append(sample)
    lines: list[str] = []
    for name, group in grouped.items():
        kind = "counter" if name.endswith("_total") else "gauge"
        lines += [f"# HELP {name} {_escaped(group[0].help_text)}", f"# TYPE {name} {kind}"]
        lines += [f"{name}{_labels(sample.labels)} {sample.value!r}" for sample in group]
    return "\n".join(lines) + "\n"


def _labels(labels: dict[str, str]) -> str:
    inner = ",".join(f'{name}="{_escaped(value, quoted=True)}"' for name, value in labels.items())
    return f"{{{inner}}}" if inner else ""


def _escaped(text: str, *, quoted: bool = False) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace('"', '\\"') if quoted else text
