"""Settings and where each value came from.

Precedence: command-line flag, environment variable, workspace file (`.dspy_tui/config.toml`), user file
(`config.toml` in the platform's configuration folder), built-in default.
"""

from __future__ import annotations

import math
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from agent_core.errors import ConfigError

Provider = Literal["auto", "ollama", "openai", "embedded", "none"]
MASK = "••••••"


def _setting(
    text: str, *, env: str = "", secret: bool = False, user_only: bool = False, **bounds: Any
) -> msgspec.Meta:
    """Describe a setting: help text, environment variable, whether to mask it, and its bounds.

    `user_only` settings are never taken from the workspace's file: a repository that somebody else wrote must
    not be able to choose them.
    """
    return msgspec.Meta(
        description=text, extra={"env": env, "secret": secret, "user_only": user_only}, **bounds
    )


_Seconds = {"gt": 0, "le": 86_400}


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting with its built-in default; the single table that `config show` and the documents read."""

    provider: Annotated[
        Provider, _setting("Which language model answers: auto, ollama, openai, embedded or none.", env="DSPY_TUI_PROVIDER")
    ] = "auto"
    ollama_host: Annotated[
        str, _setting("Address of the Ollama server.", env="OLLAMA_HOST")
    ] = "http://localhost:11434"
    ollama_model: Annotated[str, _setting("Model that Ollama runs.", env="OLLAMA_MODEL")] = "qwen3:1.7b"
    openai_base_url: Annotated[
        str, _setting("Base URL of an OpenAI-compatible endpoint.", env="OPENAI_BASE_URL")
    ] = ""
    openai_api_key: Annotated[
        str, _setting("Key for that endpoint.", env="OPENAI_API_KEY", secret=True, user_only=True)
    ] = ""
    openai_model: Annotated[str, _setting("Model at that endpoint.", env="MODEL_NAME")] = ""
    embedded_model: Annotated[
        str, _setting("A GGUF file for the embedded model; empty takes the one of `dspy-tui model install`.", user_only=True)
    ] = ""
    context_window: Annotated[
        int, _setting("Context window in tokens (Ollama: num_ctx); 0 asks the endpoint.", env="DSPY_TUI_CONTEXT_WINDOW", ge=0)
    ] = 0
    answer_reserve: Annotated[int, _setting("Tokens of the window kept free for the answer.", ge=64)] = 1024
    think: Annotated[
        bool | None, _setting("Reasoning of models that have it: true, false, or unset for the model's default.", env="DSPY_TUI_THINK")
    ] = None
    temperature: Annotated[float, _setting("Sampling temperature.", ge=0, le=2)] = 0.2
    max_steps: Annotated[int, _setting("Model calls in one turn at most.", ge=1, le=50)] = 8
    first_token_timeout: Annotated[
        float, _setting("Seconds without progress before the first token, once the model is loaded.", **_Seconds)
    ] = 30.0
    silence_timeout: Annotated[float, _setting("Seconds without progress after that.", **_Seconds)] = 30.0
    allow: Annotated[tuple[str, ...], _setting("Rules CLASS[:GLOB] that are granted without asking.", user_only=True)] = ()
    deny: Annotated[tuple[str, ...], _setting("Rules CLASS[:GLOB] that are always refused.")] = ()
    log_files: Annotated[tuple[str, ...], _setting("Globs of log files, beside those found by themselves.")] = ()
    theme: Annotated[str, _setting("Theme of the screen.", env="DSPY_TUI_THEME")] = "dspy-dark"
    keys: Annotated[dict[str, str], _setting("Key bindings by action id, such as {\"help\" = \"f1\"}.")] = {}
    kafka_bootstrap: Annotated[
        str, _setting("Kafka bootstrap servers.", env="KAFKA_BOOTSTRAP", user_only=True)
    ] = "localhost:9092"
