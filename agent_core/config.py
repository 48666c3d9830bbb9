"""Settings and where each value came from.

Precedence: command-line flag, environment variable, workspace file (`.dspy_tui/config.toml`), user file
(`config.toml` in the platform's configuration folder), built-in default. A repository may come from
anybody, so its file cannot grant permissions, hold credentials or say where code and keys are sent
(`user_only`), and what it denies adds to what the user denies (`adds_up`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from agent_core.theme_names import ThemeName

Provider = Literal["auto", "ollama", "openai", "embedded", "none"]
Notify = Literal["bell", "osc9", "osc777", "off"]
KeySet = Literal["default", "vim"]
Copy = Literal["auto", "osc52", "off"]
Symbols = Literal["auto", "unicode", "console", "ascii"]
OriginKind = Literal["flag", "environment", "workspace file", "user file", "default"]
MASK = "••••••"


def _setting(
    text: str,
    *,
    env: str = "",
    secret: bool = False,
    user_only: bool = False,
    env_only: bool = False,
    no_flag: bool = False,
    adds_up: bool = False,
    rules: bool = False,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    pattern: str | None = None,
) -> msgspec.Meta:
    """Describe a setting: help text, environment variable, whether to mask it, and its bounds.

    `user_only` settings are never taken from the workspace's file: a repository that somebody else wrote must
    not be able to choose them. `env_only` ones come from their variable alone, so that no file and no list of
    processes holds them; `no_flag` ones may be in the user's file, too. The values of `adds_up` settings are
    joined over all origins instead of replaced. The elements of `rules` settings are permission rules.
    """
    extra = {
        "env": env, "secret": secret, "user_only": user_only, "env_only": env_only, "no_flag": no_flag,
        "adds_up": adds_up, "rules": rules,
    }  # fmt: skip
    bounds: dict[str, Any] = {"ge": ge, "gt": gt, "le": le, "pattern": pattern}
    return msgspec.Meta(description=text, extra=extra, **bounds)


_DAY = 86_400


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting with its built-in default; the single table that `config show` and the documents read."""

    provider: Annotated[
        Provider,
        _setting(
            "Which language model answers: auto, ollama, openai, embedded or none.", env="DSPY_TUI_PROVIDER"
        ),
    ] = "auto"
    ollama_host: Annotated[
        str, _setting("Address of the Ollama server.", env="OLLAMA_HOST", user_only=True)
    ] = "http://localhost:11434"
    ollama_model: Annotated[str, _setting("Model that Ollama runs.", env="OLLAMA_MODEL")] = "qwen3:1.7b"
    openai_base_url: Annotated[
        str, _setting("Base URL of an OpenAI-compatible endpoint.", env="OPENAI_BASE_URL", user_only=True)
    ] = ""
    openai_api_key: Annotated[
        str,
        _setting(
            "Key for that endpoint; `dspy-tui auth login` keeps it in the keyring instead.",
            env="OPENAI_API_KEY",
            secret=True,
            user_only=True,
            no_flag=True,
        ),
    ] = ""
    api_key_command: Annotated[
        str,
        _setting(
            "Program that prints the key as its first line, such as `pass show openai`; no shell, 30 s at"
            " most.",
            user_only=True,
        ),
    ] = ""
    openai_model: Annotated[str, _setting("Model at that endpoint.", env="MODEL_NAME")] = ""
    embedded_model: Annotated[
        str,
        _setting(
            "A GGUF file for the embedded model; empty takes the one of `dspy-tui model install`.",
            user_only=True,
        ),
    ] = ""
    embedder: Annotated[
        str,
        _setting(
            "What makes the vectors of the index: minilm (in the box), ollama or openai (at the addresses of"
            " the language model), plugin:NAME, or none.",
            env="DSPY_TUI_EMBEDDER",
            user_only=True,
            pattern=r"^(minilm|ollama|openai|none|plugin:[a-z][a-z0-9_-]*)$",
        ),
    ] = "minilm"
    embedding_model: Annotated[
        str,
        _setting(
            "Embedding model of ollama or openai; empty takes nomic-embed-text or text-embedding-3-small.",
            env="DSPY_TUI_EMBEDDING_MODEL",
        ),
    ] = ""
    context_window: Annotated[
        int,
        _setting(
            "Context window in tokens (Ollama: num_ctx); 0 asks the endpoint.",
            env="DSPY_TUI_CONTEXT_WINDOW",
            ge=0,
        ),
    ] = 0
    answer_reserve: Annotated[int, _setting("Tokens of the window kept free for the answer.", ge=64)] = 1024
    think: Annotated[
        bool | None,
        _setting(
            "Reasoning of models that have it: true, false, or unset for the model's default.",
            env="DSPY_TUI_THINK",
        ),
    ] = None
    temperature: Annotated[float, _setting("Sampling temperature.", ge=0, le=2)] = 0.2
    instructions: Annotated[
        str,
        _setting(
            "What the model is told beside the project's own instructions.", env="DSPY_TUI_INSTRUCTIONS"
        ),
    ] = ""
    max_steps: Annotated[int, _setting("Model calls in one turn at most.", ge=1, le=50)] = 8
    first_token_timeout: Annotated[
        float,
        _setting("Seconds without progress before the first token, once the model is loaded.", gt=0, le=_DAY),
    ] = 30.0
    silence_timeout: Annotated[float, _setting("Seconds without progress after that.", gt=0, le=_DAY)] = 30.0
    allow: Annotated[
        tuple[str, ...],
        _setting("Rules CLASS[:GLOB] that are granted without asking.", user_only=True, rules=True),
    ] = ()
    deny: Annotated[
        tuple[str, ...], _setting("Rules CLASS[:GLOB] that are always refused.", adds_up=True, rules=True)
    ] = ()
    index_in_background: Annotated[
        bool,
        _setting(
            "Keep the index of the code fresh while the screen is open; false: only when a command needs it."
        ),
    ] = True
    undo_limit_mb: Annotated[
        int,
        _setting(
            "Megabytes that .dspy_tui/checkpoints may take; the oldest turns go first; files for which half"
            " of it does not suffice are not covered.",
            user_only=True,
            ge=16,
            le=1_000_000,
        ),
    ] = 512
    index_uri: Annotated[
        str,
        _setting(
            "Where LanceDB keeps chunks and vectors: a folder, s3://…; empty takes .dspy_tui/index.",
            env="DSPY_TUI_DB_URI",
            user_only=True,
        ),
    ] = ""
    search_results: Annotated[
        int, _setting("Places that a search in the index shows without --limit.", ge=1, le=100)
    ] = 10
    index_cooldown: Annotated[
        float,
        _setting(
            "Seconds after `index` in which it is neither proposed nor run by the agent.", ge=0, le=_DAY
        ),
    ] = 60.0
    emb_index_cooldown: Annotated[float, _setting("Seconds after `emb-index`, the same.", ge=0, le=_DAY)] = (
        600.0
    )
    log_files: Annotated[
        tuple[str, ...],
        _setting("Globs of log files, beside those found by themselves; compose, bus, or either:SERVICE."),
    ] = ()
    log_paths: Annotated[
        tuple[str, ...],
        _setting("Where paths in logs lie in the workspace, as PREFIX=FOLDER, such as /srv/app=."),
    ] = ()
    test_cmd: Annotated[
        str, _setting("Command that runs the tests; empty takes what is detected. Running it asks first.")
    ] = ""
    lint_cmd: Annotated[str, _setting("Command of the linter, the same.")] = ""
    build_cmd: Annotated[str, _setting("Command of the build, the same.")] = ""
    check_timeout: Annotated[
        float, _setting("Seconds that one run of tests, linter or build may take.", gt=0, le=_DAY)
    ] = 600.0
    plugins_off: Annotated[
        tuple[str, ...],
        _setting(
            "Plugins that are not used: KIND:NAME (tools:wordcount) or a distribution, as globs.",
            env="DSPY_TUI_PLUGINS_OFF",
            adds_up=True,
        ),
    ] = ()
    plugin_timeout: Annotated[
        float, _setting("Seconds that one call of a plugin's tool may take.", gt=0, le=_DAY)
    ] = 600.0
    mcp_start_timeout: Annotated[
        float,
        _setting("Seconds that a server of the Model Context Protocol may take to be ready.", gt=0, le=_DAY),
    ] = 30.0
    mcp_call_timeout: Annotated[
        float, _setting("Seconds that a call of a tool of such a server may take.", gt=0, le=_DAY)
    ] = 120.0
    lsp: Annotated[
        bool,
        _setting(
            "Ask language servers that are installed (pyright, rust-analyzer, gopls, TypeScript's) what is"
            " wrong with an edit, and where names are defined and used.",
            env="DSPY_TUI_LSP",
        ),
    ] = True
    lsp_commands: Annotated[
        dict[str, str],
        _setting(
            "The command of the language server by language (python, typescript, rust, go), or off; running"
            ' it asks first. Such as {"python" = "basedpyright-langserver --stdio", "rust" = "off"}.'
        ),
    ] = {}
    theme: Annotated[
        ThemeName,
        _setting(
            "Theme of the screen; dspy-contrast-dark and -light have high contrast, dspy-plain takes the"
            " terminal's own sixteen colours.",
            env="DSPY_TUI_THEME",
        ),
    ] = "dspy-dark"
    plain: Annotated[
        bool,
        _setting(
            "Lines instead of a screen; no colours, boxes or symbols: for screen readers and logs (--plain).",
            env="DSPY_TUI_PLAIN",
        ),
    ] = False
    symbols: Annotated[
        Symbols,
        _setting(
            "Marks and lines of the screen: unicode, those of the Linux console's font, ascii, or auto, which"
            " takes what the terminal can show.",
            env="DSPY_TUI_SYMBOLS",
        ),
    ] = "auto"
    notify: Annotated[
        Notify,
        _setting(
            "What tells that a turn ended or asks while another window has the focus: bell, a message as"
            " iTerm2, WezTerm and Windows Terminal take it (osc9) or as foot, Ghostty and urxvt do (osc777),"
            " or off.",
            env="DSPY_TUI_NOTIFY",
        ),
    ] = "bell"
    keys: Annotated[
        dict[str, str], _setting('Key bindings by action id, such as {"help" = "f1"}.', user_only=True)
    ] = {}
    key_set: Annotated[
        KeySet,
        _setting("Keys below your own: default, or vim (the prompt inserts, Esc leaves it for commands)."),
    ] = "default"
    copy: Annotated[
        Copy,
        _setting(
            "How text gets to the clipboard: auto (tmux, the desktop's tool, else the terminal), osc52 (the"
            " terminal, always) or off."
        ),
    ] = "auto"
    stack_dir: Annotated[
        str,
        _setting("Where the files of the stack are, from the workspace on.", env="DSPY_TUI_STACK_DIR"),
    ] = "docker/lightweight"
    kafka_bootstrap: Annotated[
        str, _setting("Kafka bootstrap servers.", env="KAFKA_BOOTSTRAP", user_only=True)
    ] = "localhost:9092"
    kafka_security: Annotated[
        dict[str, str],
        _setting(
            "How Kafka is spoken to, as kafka-python names it: security_protocol, sasl_mechanism,"
            " sasl_plain_username, ssl_cafile, ssl_certfile, ssl_keyfile, ssl_check_hostname, …",
            env="KAFKA_SECURITY",
            user_only=True,
        ),
    ] = {}
    kafka_sasl_plain_password: Annotated[
        str,
        _setting("Password at Kafka.", env="KAFKA_SASL_PLAIN_PASSWORD", secret=True, env_only=True),
    ] = ""
    kafka_ssl_password: Annotated[
        str,
        _setting("Password of the key file for Kafka.", env="KAFKA_SSL_PASSWORD", secret=True, env_only=True),
    ] = ""


class Origin(msgspec.Struct, frozen=True):
    """Where a value came from; `detail` is the variable's name or the file's path."""

    kind: OriginKind = "default"
    detail: str = ""


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """The effective settings, the origin of each, and what was wrong with those that were left out."""

    settings: Settings
    origins: dict[str, Origin]
    warnings: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    """Why rules of `deny` may be missing: as long as there is one, no rule grants anything."""


def refuse_in_doubt(config: Config) -> None:
    """Where nobody can be asked, nothing is done unless it is known what is denied: raises `ConfigError`."""
    if config.doubts:
        from agent_core.errors import ConfigError

        raise ConfigError(
            f"It is not known what is denied: {'; '.join(config.doubts)}",
            hint="Mend it first: until then nothing is run. `dspy-tui config show` checks the files.",
        )


_NO_FLAGS: Mapping[str, str] = {}


def workspace_file(root: Path) -> Path:
    """The configuration file of the workspace at `root`."""
    return root / ".dspy_tui" / "config.toml"


def default_user_file(env: Mapping[str, str] | None = None) -> Path:
    """The configuration file of this user."""
    from agent_core.folders import user_config_dir

    return user_config_dir(env) / "config.toml"


def load(
    *,
    root: Path | None,
    flags: Mapping[str, str] = _NO_FLAGS,
    env: Mapping[str, str] | None = None,
    user_file: Path | None = None,
) -> Config:
    """Read the settings from everywhere.

    Args:
        root: The workspace, or None for none.
        flags: NAME=VALUE as typed on the command line.
        env: The environment; this process's by default.
        user_file: The user's file; the one in the platform's configuration folder by default.

    Raises:
        ConfigError: A flag is unknown or its value is wrong. Whatever is wrong elsewhere becomes a warning
        and is
            left out, so that the program opens; where that may be a rule of `deny`, it becomes a doubt, too.
    """
    from agent_core.config_sources import Layers
    from agent_core.folders import lies_in_workspace

    environment = os.environ if env is None else env
    layers = Layers()
    own = user_file or default_user_file(environment)
    layers.file(own, "workspace file" if lies_in_workspace(own, root, environment) else "user file", own=True)
    if root is not None:
        layers.file(workspace_file(root), "workspace file")
    layers.environment(environment)
    layers.flags(flags)
    return layers.config()


def rows(config: Config) -> list[dict[str, Any]]:
    """Every setting for `config show`: name, value, origin, detail, description; secrets are masked."""
    from agent_core.config_sources import fields, masked_setting

    found: list[dict[str, Any]] = []
    for name, field in fields().items():
        value = getattr(config.settings, name)
        value = MASK if field.secret and value else masked_setting(name, value)
        origin = config.origins[name]
        found.append(
            {
                "name": name,
                "value": value,
                "origin": origin.kind,
                "detail": origin.detail,
                "description": field.description,
            }
        )
    return found
