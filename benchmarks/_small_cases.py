# ruff: noqa: E501 - replies are one line each
"""Replies of small models that hold a tool call, and what each amounts to: made without the program's parser.

A case is one JSON object a line, so that other files can take the place of these:

    {"id", "fault", "mode", "text", "calls", "recoverable", "tool", "arguments"}

`mode` is `native` (tools are offered; the reply's `calls` are tool calls, each a name and the text of its
arguments), `text` (tools are offered; the call is written into the `text`), or `choice` (no tools; the choice
is in the `text`). `tool` and `arguments` say which call has to run where the case is `recoverable`.

**The rule.** A call is recoverable when one call and no other can be meant by the reply:

1. what stands in or before a closed `<think>` block is thought and not reply;
2. in the rest stands exactly one object (or the same one again) that is JSON, or as Python or JavaScript
   write it (quotes, `True`, bare keys, a comma too many), or one Python call; closing brackets and the closing
   mark around it may be missing, but no value is cut; of two in a row the first has to run first;
3. its name is a tool's but for case, `-` for `_`, a prefix up to a dot, `_tool` behind it, or one letter; or
   it is one of `NAMES`, common names of tools that have the same arguments;
4. its arguments are the tool's but for case and `-` for `_`, or stand in `KEYS`, where the tool has one
   argument only that it can mean, which is not given besides; every required one is there. A tool with one
   required argument may be given it bare. What the tool does not have besides is passed over;
5. each value is of its argument's type, or a text, a number or a list of one that says the same.

Everything else is not: no call, a cut value, an unknown name, a missing argument.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

Call = tuple[str, dict[str, Any]]
Case = dict[str, Any]
CALLS: tuple[Call, ...] = (
    ("grep", {"pattern": "read_port"}),
    ("grep", {"pattern": "PORT", "path": "src"}),
    ("grep", {"pattern": "def \\w+_port", "ignore_case": True}),
    ("cat", {"path": "src/app.py"}),
    ("cat", {"path": "src/app.py", "start": 2, "end": 6}),
    ("tree", {"path": "src", "depth": 2}),
    ("ls", {"path": "src"}),
)
NAMES = {"grep": ("rg", "ripgrep", "search_files", "grep_search"), "cat": ("read_file", "open_file", "view_file"),
         "ls": ("list_files", "list_dir", "list_directory"), "tree": ("directory_tree",)}  # fmt: skip
KEYS = {
    "path": ("file", "filename", "file_path", "filepath", "directory", "folder"),
    "pattern": ("query", "regex", "search", "text"),
    "start": ("start_line", "from_line"),
    "end": ("end_line", "to_line"),
    "depth": ("max_depth",),
}
PROSE = (
    "Sure! I will look at the code first.",
    "Let me check where the port is read.",
    "To answer this, I need to see the file.",
    "Okay, the user asks about the port. I should search for it.",
)
THOUGHTS = (
    'The user wants the port. Maybe {"name": "ls", "arguments": {"path": "docs"}} is wrong, so no.',
    "Hmm, I could call grep or cat. A search is better.",
)


def cases(seed: int = 5, each: int = 3) -> list[Case]:
    """Every fault in every mode that it belongs to, `each` times with calls and words drawn by the seed."""
    rng = random.Random(seed)
    made: list[Case] = []
    for mode in ("native", "text", "choice"):
        for fault, make in _FAULTS[mode]:
            for _ in range(each):
                name, arguments = rng.choice(CALLS)
                for variant in make(rng, name, dict(arguments), mode):
                    made.append(
                        {
                            "id": f"{mode}-{fault}-{len(made)}",
                            "fault": fault,
                            "mode": mode,
                            "text": "",
                            "calls": [],
                            "recoverable": True,
                            "tool": name,
                            "arguments": arguments,
                            **variant,
                        }
                    )
    return made


def _object(rng: random.Random, name: str, arguments: dict[str, Any], mode: str) -> dict[str, Any]:
    """The call as one object, in one of the forms that models use."""
    if mode == "choice":
        forms: list[dict[str, Any]] = [{"action": name, **arguments}]
        forms.append({"action": name, "arguments": arguments})
    else:
        forms = [{"name": name, "arguments": arguments}]
    forms += [{"tool": name, "args": arguments}, {"function": {"name": name, "arguments": arguments}}]
    forms += [{"name": name, "parameters": arguments}]
    return rng.choice(forms)


Make = Callable[[random.Random, str, dict[str, Any], str], Iterator[Case]]


def _said(wrap: Callable[[random.Random, str], str], **more: Any) -> Make:
    """A call as JSON with something around it."""

    def make(rng: random.Random, name: str, arguments: dict[str, Any], mode: str) -> Iterator[Case]:
        yield {"text": wrap(rng, json.dumps(_object(rng, name, arguments, mode))), **more}

    return make


def _with(change: Callable[[random.Random, str, dict[str, Any]], Call | None], **more: Any) -> Make:
    """A call with another name, or other arguments; nothing where the change does not apply to it."""

    def make(rng: random.Random, name: str, arguments: dict[str, Any], mode: str) -> Iterator[Case]:
        changed = change(rng, name, arguments)
        while changed is None:
            name, arguments = rng.choice(CALLS)
            changed = change(rng, name, dict(arguments))
        meant = {"tool": name, "arguments": arguments, **more}
        if mode == "native":
            yield {"calls": [[changed[0], json.dumps(changed[1])]], **meant}
        else:
            yield {"text": json.dumps(_object(rng, *changed, mode)), **meant}

    return make


def _python(rng: random.Random, text: str) -> str:
    return repr(json.loads(text))


def _bare_keys(rng: random.Random, text: str) -> str:
    import re

    return re.sub(r'"(\w+)":', r"\1:", text)


def _typo(rng: random.Random, name: str, arguments: dict[str, Any]) -> Call | None:
    """One letter twice, or two exchanged; not where another tool is as near."""
    at = rng.randrange(1, len(name))
    wrong = rng.choice(
        (name[:at] + name[at : at + 1] + name[at:], name[: at - 1] + name[at] + name[at - 1] + name[at + 1 :])
    )
    return None if name == "ls" or wrong == name else (wrong, arguments)


def _key(rng: random.Random, name: str, arguments: dict[str, Any]) -> Call | None:
    able = [key for key in arguments if key in KEYS]
    key = rng.choice(able)
    other = rng.choice(KEYS[key])
    if key == "path" and name in ("ls", "tree") and other.startswith("file"):
        other = "directory"
    if key == "path" and name in ("cat", "grep") and other in ("directory", "folder"):
        other = "file"
    return name, {other if k == key else k: value for k, value in arguments.items()}


def _text_values(rng: random.Random, name: str, arguments: dict[str, Any]) -> Call | None:
    if not any(isinstance(value, int) for value in arguments.values()):
        return None
    return name, {k: str(v).lower() if isinstance(v, int) else v for k, v in arguments.items()}


def _floats(rng: random.Random, name: str, arguments: dict[str, Any]) -> Call | None:
    if not any(type(value) is int for value in arguments.values()):
        return None
    return name, {k: float(v) if type(v) is int else v for k, v in arguments.items()}


def _lists_of_one(rng: random.Random, name: str, arguments: dict[str, Any]) -> Call | None:
    return name, {k: [v] if isinstance(v, str) else v for k, v in arguments.items()}


def _missing(rng: random.Random, name: str, arguments: dict[str, Any]) -> Call | None:
    needed = {"grep": "pattern", "cat": "path"}.get(name)
    return (name, {k: v for k, v in arguments.items() if k != needed}) if needed else None


def _bare_argument(rng: random.Random, name: str, arguments: dict[str, Any], mode: str) -> Iterator[Case]:
    while len(arguments) != 1 or name == "ls":
        name, arguments = rng.choice(CALLS)
    (value,) = arguments.values()
    meant = {"tool": name, "arguments": arguments}
    for given in (value, [value]):
        if mode == "native":
            yield {"calls": [[name, json.dumps(given)]], **meant}
        else:
            yield {"text": json.dumps({"name": name, "arguments": given}), **meant}


def _encoded(times: int) -> Make:
    def make(rng: random.Random, name: str, arguments: dict[str, Any], mode: str) -> Iterator[Case]:
        given: Any = arguments
        for _ in range(times):
            given = json.dumps(given)
        if mode == "native":
            yield {"calls": [[name, json.dumps(given)]]}
        else:
            yield {"text": json.dumps({"name": name, "arguments": given})}

    return make


def _cut_brackets(rng: random.Random, name: str, arguments: dict[str, Any], mode: str) -> Iterator[Case]:
    if mode == "native":
        yield {"calls": [[name, json.dumps(arguments)[:-1]]]}
        return
    text = json.dumps(_object(rng, name, arguments, mode))
    yield {"text": text.rstrip("}") + "}" * rng.randrange(text.count("}"))}


def _cut_value(rng: random.Random, name: str, arguments: dict[str, Any], mode: str) -> Iterator[Case]:
    value = json.dumps(next(value for value in arguments.values() if isinstance(value, str)))[1:-1]
    text = json.dumps(arguments if mode == "native" else {"name": name, "arguments": arguments})
    cut = text[: text.rindex(value) + 2] if len(value) > 2 else text[:-3]
    yield (
        {"calls": [[name, cut]], "recoverable": False}
        if mode == "native"
        else {"text": cut, "recoverable": False}
    )


def _code_call(rng: random.Random, name: str, arguments: dict[str, Any], mode: str) -> Iterator[Case]:
    inside = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
    yield {"text": f"{rng.choice(PROSE)}\n\n{name}({inside})" if rng.random() < 0.5 else f"{name}({inside})"}


def _function_tag(rng: random.Random, name: str, arguments: dict[str, Any], mode: str) -> Iterator[Case]:
    yield {"text": f"<function={name}>{json.dumps(arguments)}</function>"}


def _two(rng: random.Random, name: str, arguments: dict[str, Any], mode: str) -> Iterator[Case]:
    other = rng.choice([call for call in CALLS if call != (name, arguments)])
    first, second = (json.dumps(_object(rng, *call, mode)) for call in ((name, arguments), other))
    yield {"text": f"{first}\n{second}"}


def _bare(*texts: str) -> Make:
    def make(rng: random.Random, name: str, arguments: dict[str, Any], mode: str) -> Iterator[Case]:
        yield {"text": rng.choice(texts), "recoverable": False}

    return make


def _repeated(rng: random.Random, name: str, arguments: dict[str, Any], mode: str) -> Iterator[Case]:
    if mode == "native":
        yield {"calls": [[name, json.dumps(arguments)]] * 3}
    else:
        text = json.dumps(_object(rng, name, arguments, mode))
        yield {"text": f"{text}\n{text}\n{text}"}


_NAMED: list[tuple[str, Make]] = [
    ("plain", _with(lambda rng, name, given: (name, given))),
    ("capitals", _with(lambda rng, name, given: (rng.choice((name.upper(), name.title())), given))),
    ("prefix", _with(lambda rng, name, given: (f"{rng.choice(('functions', 'tools', 'repo'))}.{name}", given))),
    ("suffix", _with(lambda rng, name, given: (f"{name}_tool", given))),
    ("synonym", _with(lambda rng, name, given: (rng.choice(NAMES[name]), given))),
    ("typo", _with(_typo)),
    ("unknown-tool", _with(lambda rng, name, given: (rng.choice(("frobnicate", "get_weather")), given), recoverable=False)),
    ("key", _with(_key)),
    ("capital-keys", _with(lambda rng, name, given: (name, {key.upper(): value for key, value in given.items()}))),
    ("more-keys", _with(lambda rng, name, given: (name, {**given, "reason": "to see it", "verbose": True}))),
    ("nulls", _with(lambda rng, name, given: (name, {**given, "glob": None, "note": None}))),
    ("missing", _with(_missing, recoverable=False)),
    ("text-values", _with(_text_values)),
    ("floats", _with(_floats)),
    ("lists-of-one", _with(_lists_of_one)),
    ("bare-argument", _bare_argument),
    ("encoded", _encoded(1)),
    ("encoded-twice", _encoded(2)),
    ("cut-brackets", _cut_brackets),
    ("cut-value", _cut_value),
    ("repeated", _repeated),
]  # fmt: skip
_WRAPPED: list[tuple[str, Make]] = [
    ("prose-before", _said(lambda rng, text: f"{rng.choice(PROSE)}\n\n{text}")),
    ("prose-around", _said(lambda rng, text: f"{rng.choice(PROSE)}\n{text}\nThen I can answer.")),
    ("prose-in-line", _said(lambda rng, text: f"{rng.choice(PROSE)} {text}")),
    ("think", _said(lambda rng, text: f"<think>\n{rng.choice(THOUGHTS)}\n</think>\n\n{text}")),
    ("think-unopened", _said(lambda rng, text: f"{rng.choice(THOUGHTS)}\n</think>\n\n{text}")),
    ("think-empty", _said(lambda rng, text: f"<think>\n\n</think>\n\n{text}")),
    ("fence", _said(lambda rng, text: f"```{rng.choice(('json', '', 'tool_call', 'JSON', 'python'))}\n{text}\n```")),
    ("fence-prose", _said(lambda rng, text: f"{rng.choice(PROSE)}\n\n```json\n{text}\n```\n")),
    ("fence-unclosed", _said(lambda rng, text: f"```json\n{text}")),
    ("indented", _said(lambda rng, text: json.dumps(json.loads(text), indent=2))),
    ("tag", _said(lambda rng, text: f"<tool_call>\n{text}\n</tool_call>")),
    ("tag-unclosed", _said(lambda rng, text: f"<tool_call>{text}")),
    ("tag-other", _said(lambda rng, text: rng.choice(("<function_call>{}</function_call>", "<|tool_call|>{}", "[TOOL_CALLS][{}]")).format(text))),
    ("function-tag", _function_tag),
    ("list", _said(lambda rng, text: f"[{text}]")),
    ("python", _said(_python)),
    ("trailing-comma", _said(lambda rng, text: text[:-1] + ",}")),
    ("bare-keys", _said(_bare_keys)),
    ("code-call", _code_call),
    ("two-calls", _two),
    ("empty", _bare("", " ", "\n\n")),
    ("only-thought", _bare("<think>I wonder what to do.</think>", "<think>\n\n</think>\n\n")),
    ("no-call", _bare("{}", "null", "{\"thought\": \"I should search\"}")),
]  # fmt: skip
_FAULTS: dict[str, list[tuple[str, Make]]] = {
    "native": _NAMED,
    "text": [*_NAMED, *_WRAPPED],
    "choice": [*_NAMED, *_WRAPPED],
}
