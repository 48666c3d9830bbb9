"""Skills as an optimiser saved them: instructions and examples as JSON, never a model or an address."""

# dspy comes without types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import dspy
import msgspec

from agent_core.files import load_state


class _Signature(msgspec.Struct):
    instructions: str


class _Predictor(msgspec.Struct):
    """What is taken of a saved predictor.

    DSPy's own loading would also take a language model from the file, with which a repository could send
    questions wherever it wanted.
    """

    signature: _Signature
    demos: list[dict[str, str]] = []


def load_into(skill: dspy.Module, path: Path | None) -> str:
    """Give a skill the instructions and examples that were saved at `path`, if there is such a file.

    Returns:
        A warning, "" when all is well: a broken file is kept aside and named, and the skill stays as it is.
    """
    if path is None:
        return ""
    predictors: dict[str, Any] = dict(cast("Any", skill).named_predictors())
    kind = msgspec.defstruct("Saved", [(name, _Predictor) for name in predictors])
    saved, warning = load_state(path, kind)
    for name, built_in in predictors.items() if saved else ():
        predictor: _Predictor = getattr(saved, name)
        built_in.signature = built_in.signature.with_instructions(predictor.signature.instructions)
        built_in.demos = predictor.demos
    return warning


def save(skill: dspy.Module, path: Path) -> None:
    """Write a skill's instructions and examples as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cast("Any", skill).save(str(path))
