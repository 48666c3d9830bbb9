"""The text of the compose file: whatever a value holds comes back as it was."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from stack.compose.model import Limits, Mount, Service, Stack, Variable
from stack.compose.render import compose_file, text_of
from stack.compose.services import stack_of
from stack.compose.settling import _CONTROL  # pyright: ignore[reportPrivateUsage]
from tests.stack.options import options

NASTY = st.text(
    alphabet=st.one_of(
        st.sampled_from(" $'\"\\#:{}[]&*!|>%@`~-?,\t日é🙂"), st.characters(exclude_categories=["Cs"])
    ),
    min_size=1,
    max_size=40,
).filter(lambda text: not _CONTROL.search(text))


def interpolated(text: str, env: dict[str, str]) -> str:
    """What compose makes of a value, as far as we use it."""

    def put(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        assert match[1], f"a bare $ in {text!r}"
        return env.get(match[1]) or match[2]

    return re.sub(r"\$\$|\$\{(\w+):-([^}]*)\}|\$", put, text)


def one(service: Service) -> dict[str, Any]:
    return yaml.safe_load(compose_file(Stack(name="x", services=(service,), volumes=())))["services"]["s"]


@settings(deadline=None)
@given(NASTY, NASTY)
def test_any_text_comes_back(first: str, second: str) -> None:
    service = Service(
        name="s",
        summary="for a test",
        image="i:1",
        limits=Limits("1", "1g"),
        command=("run", first),
        environment={"A": second, "B": (first, Variable("V", "7"), second)},
        mounts=(Mount(f"/srv/{first}", "/w"),),
    )
    found = one(service)
    assert interpolated(found["command"][1], {}) == first
    assert interpolated(found["environment"]["A"], {}) == second
    assert interpolated(found["environment"]["B"], {}) == f"{first}7{second}"
    assert interpolated(found["environment"]["B"], {"V": "8"}) == f"{first}8{second}"
    assert interpolated(found["volumes"][0]["source"], {}) == f"/srv/{first}"
    assert found["volumes"][0]["type"] == "bind"


@settings(max_examples=12, deadline=None)
@given(NASTY)
def test_any_workspace_is_mounted_by_every_program_that_needs_it(name: str) -> None:
    workspace = Path("/srv") / name.replace("/", "_")
    text = compose_file(stack_of(options(Path("/srv/out"), workspace=workspace)))
    services = yaml.safe_load(text)["services"]
    for program in ("dspy-agent", "dspy-worker", "dspy-trainer"):
        mounts = {mount["target"]: mount["source"] for mount in services[program]["volumes"]}
        assert interpolated(mounts["/workspace"], {}) == str(workspace)


def test_variables() -> None:
    assert text_of("a$b") == "a$$b"
    assert text_of(("x:", Variable("PORT", "1"))) == "x:${PORT:-1}"
    assert text_of(Variable("KEY", required=True)).startswith("${KEY:?")


def test_no_anchors_and_only_loopback() -> None:
    text = compose_file(stack_of(options(Path("/srv/out"))))
    assert not re.search(r"(?m)[:-] [&*]\w", text)
    services = yaml.safe_load(text)["services"]
    ports = [port for service in services.values() for port in service.get("ports", ())]
    assert ports and all(port.startswith("127.0.0.1:${") for port in ports)
    assert all(service["cap_drop"] == ["ALL"] for service in services.values())
