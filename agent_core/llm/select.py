"""Which language model answers now: chosen by the settings, asked on first use, switched on request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

import msgspec

from agent_core.bus import Publish
from agent_core.config import Provider, Settings
from agent_core.credentials.finding import has_key
from agent_core.errors import AgentError, PermissionRefused
from agent_core.events import ModelChanged, ModelState, PullProgress
from agent_core.llm.errors import (
    ModelAuth,
    ModelError,
    ModelNotFound,
    ModelProtocolError,
    ModelRefused,
    ModelUnreachable,
    NoModel,
)
from agent_core.llm.hosts import host_of, is_local, ollama_url, openai_url
from agent_core.llm.port import LanguageModel, ModelInfo

ApproveHost = Callable[[ModelInfo], Awaitable[bool]]
HOW_TO_GET_A_MODEL = (
    "Start Ollama (`ollama serve`, `ollama pull qwen3:1.7b`), or set OPENAI_BASE_URL and MODEL_NAME"
    " (where a key is needed: `dspy-tui auth login`)."
)
_LOOK_S, _GLANCE_S = 2.0, 0.1
"""Seconds for a server to say anything when nobody chose it; as long as it is silent, it gets a glance."""
_DEFAULT_OLLAMA_MODEL = Settings().ollama_model


class Models:
    """The model of one session.

    Args:
        settings: Names the provider, or leaves the choice: an OpenAI-compatible endpoint when its settings
            are there, else Ollama when it answers, else none.
        publish: Told of every change of model or state.
        approve_host: Asked once per host that is not this machine, before anything is sent to it; without it
            every host is taken as approved.
    """

    def __init__(
        self, *, settings: Settings, publish: Publish, approve_host: ApproveHost | None = None
    ) -> None:
        self._settings = settings
        self._publish = publish
        self._approve_host = approve_host
        self._approved: set[str] = set()
        self._model: LanguageModel | None = None
        self._retired: list[LanguageModel] = []
        self._choosing = asyncio.Lock()
        self._silent = False
        self.state: ModelState = "none"
        self.detail = ""
        """Why there is no model, or what the state is about; "" when all is well."""

    @property
    def info(self) -> ModelInfo | None:
        """The model that answers, with what is known of it now; None when there is none."""
        return self._model.info if self._model is not None else None

    def target(self) -> ModelInfo | None:
        """Whom the settings name, without asking anybody; None when they name nobody."""
        settings = self._settings
        match _provider(settings):
            case "ollama":
                url = ollama_url(settings.ollama_host)
                return ModelInfo(
                    provider="ollama", name=settings.ollama_model, host=host_of(url), is_local=is_local(url)
                )
            case "openai":
                url = openai_url(settings.openai_base_url)
                return ModelInfo(
                    provider="openai", name=settings.openai_model, host=host_of(url), is_local=is_local(url)
                )
            case "embedded":
                return _build("embedded", settings, "").info
            case _:
                return None

    async def current(self) -> LanguageModel | None:
        """The model, chosen and asked on first use; None means that the deterministic assistant answers.

        Raises the `ModelError` tree when a model that was asked for cannot be used (there is no silent
        replacement), PermissionRefused when its host was not approved. The next call tries again.
        """
        async with self._choosing:
            if self._model is not None:
                return self._model
            target = self.target()
            if target is not None:
                return await self._adopt(_build(target.provider, self._settings, ""))
            if self._settings.provider == "none":
                return self._nobody("the model is switched off (provider = none)")
            return await self._find_ollama()

    async def switch(self, name: str, provider: Provider | None = None) -> ModelInfo:
        """Take another model, of the current provider unless one is named. "embedded" is a name, too.

        The old one stays when the new one cannot be used; its running answer goes on. Raises as `current`.
        """
        async with self._choosing:
            info = self.info or self.target()
            if name == "embedded" and provider is None:
                name, provider = "", "embedded"
            kind = provider if provider not in (None, "auto") else (info.provider if info else "ollama")
            if kind == "none":
                self._retire()
                self._nobody("the model is switched off")
                raise NoModel("The model is switched off", hint="`model use NAME` takes one again.")
            return (await self._adopt(_build(kind, self._settings, name))).info

    async def list_models(self) -> list[str]:
        """What `switch` could be given: the current provider's models, else Ollama's. Raises as `current`."""
        if self._model is not None:
            return await self._model.list_models()
        target = self.target()
        model = _build(target.provider if target else "ollama", self._settings, "")
        try:
            await self._approve(model.info)
            names = await model.list_models()
            self._silent = False
            return names
        finally:
            await model.aclose()

    async def pull(self, name: str, *, insecure: bool = False) -> AsyncGenerator[PullProgress]:
        """Pull a model into Ollama. Leave the generator (`contextlib.aclosing`), or cancel, to stop it.

        A registry on the server's machine (`localhost:5000/a/b:c`) needs no TLS; with `insecure` none does.
        The last progress has `done`, and `error` when it failed; the error is then raised as well.
        """
        from agent_core.llm.ollama import OllamaModel

        model = OllamaModel(settings=self._settings, name=name)
        try:
            await self._approve(model.info)
            async with aclosing(model.pull(insecure=insecure or is_local(f"//{name}"))) as steps:
                async for step in steps:
                    yield step
        except AgentError as error:
            yield PullProgress(model=name, status="failed", done=True, error=error.info)
            raise
        finally:
            await model.aclose()

    async def aclose(self) -> None:
        """Close every model of this session."""
        self._retire()
        retired, self._retired = self._retired, []
        for model in retired:
            await model.aclose()

    def refresh(self) -> None:
        """Publish the model's state again, such as after a call that found something out."""
        self._tell(self.state, self.detail)

    async def _adopt(self, model: LanguageModel) -> LanguageModel:
        """Make the model the current one if it can be used."""
        before = self.state, self.detail
        self._tell("checking", "", info=model.info)
        try:
            await self._approve(model.info)
            await model.probe()
        except BaseException as error:
            await model.aclose()
            if self._model is not None:
                self._tell(*before)
            elif isinstance(error, AgentError):
                state: ModelState = "unreachable" if _is_down(error) else "none"
                self._tell(state, error.message, info=model.info)
            else:
                self._tell(*before)
            raise
        self._retire()
        self._model = model
        self._tell("ready", "")
        return model

    async def _find_ollama(self) -> LanguageModel | None:
        """Ollama if it answers within two seconds, as Ollama does, and has the model.

        A missing default model is no error. Questions do not wait again for a server that was silent: it is
        found once it answers at a glance, or when its models are listed.
        """
        url = ollama_url(self._settings.ollama_host)
        heard = await _hear(url, within=_GLANCE_S if self._silent else _LOOK_S)
        self._silent = heard is None
        if not heard:
            return self._nobody(f"Ollama does not answer at {host_of(url)}")
        try:
            return await self._adopt(_build("ollama", self._settings, ""))
        except ModelNotFound as error:
            if self._settings.ollama_model != _DEFAULT_OLLAMA_MODEL:
                raise
            return self._nobody(f"{error.message}: {error.hint}")
        except PermissionRefused as error:
            return self._nobody(f"{error.message}. {error.hint}".strip())
        except (ModelUnreachable, ModelRefused, ModelProtocolError) as error:
            return self._nobody(error.message)

    async def _approve(self, info: ModelInfo) -> None:
        if info.is_local or self._approve_host is None or info.host in self._approved:
            return
        if not await self._approve_host(info):
            raise PermissionRefused(
                f"Nothing is sent to {info.host}: it is not this machine and was not approved",
                hint="Approve it when asked, or choose a local model.",
            )
        self._approved.add(info.host)

    def _nobody(self, detail: str) -> None:
        self._tell("none", detail)

    def _retire(self) -> None:
        """An answer may still be running on the old model, so it is closed with the session."""
        if self._model is not None:
            self._retired.append(self._model)
            self._model = None

    def _tell(self, state: ModelState, detail: str, *, info: ModelInfo | None = None) -> None:
        self.state, self.detail = state, detail
        shown = info or self.info
        self._publish(
            ModelChanged(
                provider=shown.provider if shown else "none",
                model=shown.name if shown else "",
                state=state,
                window=shown.window if shown else 0,
                supports_tools=shown.supports_tools if shown else False,
                detail=detail,
            )
        )


def _provider(settings: Settings) -> Provider:
    """The provider that the settings amount to; "auto" when they leave it open."""
    if settings.provider == "auto" and (settings.openai_base_url or has_key(settings)):
        return "openai"
    return settings.provider


def _build(kind: str, settings: Settings, name: str) -> LanguageModel:
    if kind == "openai":
        from agent_core.llm.openai_compat import OpenAICompatModel

        return OpenAICompatModel(settings=settings, name=name)
    if kind == "embedded":
        from agent_core.llm.embedded import EmbeddedModel

        settings = (
            msgspec.structs.replace(settings, embedded_model=name) if name.endswith(".gguf") else settings
        )
        return EmbeddedModel(settings=settings)
    from agent_core.llm.ollama import OllamaModel

    return OllamaModel(settings=settings, name=name)


def _is_down(error: AgentError) -> bool:
    return isinstance(error, ModelError) and not isinstance(error, (ModelAuth, ModelNotFound, NoModel))


async def _hear(url: str, *, within: float) -> bool | None:
    """Whether a server answers there, without loading any client; None when it is silent so many seconds."""
    import ssl
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    question = f"GET {parts.path}/api/version HTTP/1.1\r\nHost: {host_of(url)}\r\nConnection: close\r\n\r\n"
    secure = await asyncio.to_thread(ssl.create_default_context) if parts.scheme == "https" else None
    try:
        async with asyncio.timeout(within):
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port, ssl=secure)
            try:
                writer.write(question.encode())
                return bool(await reader.read(1))
            finally:
                writer.close()
    except TimeoutError:
        return None
    except ssl.SSLError:
        return True  # the client says what is wrong
    except OSError:
        return False
