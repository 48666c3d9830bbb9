"""The services that run our own programs, in images that are built from the generated Dockerfile."""

from __future__ import annotations

import msgspec

from agent_core.workspace import STATE_VARIABLE
from stack.compose.images import OUR_NAMES, PYTHON_IN_IMAGE, USER
from stack.compose.model import Build, Condition, Health, Limits, Mount, Service, Value, Variable
from stack.compose.options import INDEX_PATH, StackOptions, key_of
from stack.services.names import PORT

WORKSPACE = "/workspace"
LOGS = "/logs"
_ROOM = "/tmp:mode=1777,size=512m"
_HEALTH = Health(command=(PYTHON_IN_IMAGE, "-m", "stack.services.health"), start_period=60)
_HEALTH_OF_SPARK = msgspec.structs.replace(_HEALTH, start_period=300)
"""Java takes a while to start, and where the connector is fetched longer."""
_BUS: dict[str, Condition] = {"volumes": "service_completed_successfully", "kafka": "service_healthy"}
_MODELS: dict[str, Condition] = {"ollama": "service_healthy", "ollama-gpu": "service_healthy"}
_PASSED = ("USE_OLLAMA", "OPENAI_API_KEY", "OPENAI_BASE_URL", "MODEL_NAME")
_OF_S3 = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_ENDPOINT")
_LIMITS = Limits("1", "2g")
URI_VARIABLE = "DSPY_TUI_DB_URI"
WORK_VOLUME = "work"
"""What our programs remember: which tasks were begun, what is not sent yet, which logs are shipped; and what
agent and workers keep of the workspace. In the workspace that would be files which its owner cannot write."""
_STATE = "/state"
_ELSEWHERE: dict[str, Value | None] = {STATE_VARIABLE: f"{_STATE}/workspace"}


def volumes(options: StackOptions, owners: dict[str, str]) -> Service:
    """Gives each named volume to the user who writes it; ends by itself."""
    command = " && ".join(f"chown {owner} /volumes/{name}" for name, owner in owners.items())
    return Service(
        name="volumes",
        summary="gives the volumes their owners, once; the only one that is root, and for this alone",
        image=image(options, "app"),
        build=_build(options, "app"),
        user="0:0",
        command=("sh", "-c", command),
        mounts=tuple(Mount(name, f"/volumes/{name}") for name in owners),
        limits=Limits("1", "128m", 32),
        capabilities=("CHOWN",),
        once=True,
        network=False,
    )


def spark(options: StackOptions) -> Service:
    """Turns raw logs into key events."""
    return Service(
        name="spark",
        summary="logs.raw.<service> -> Spark -> logs.ctx.<service>",
        image=image(options, "spark"),
        build=_build(options, "spark"),
        user=USER,
        command=(PYTHON_IN_IMAGE, "-m", "stack.services.spark_job"),
        environment={
            **_of_every_program(),
            "SPARK_MASTER": Variable("SPARK_MASTER", "local[2]"),
            "SPARK_LOCAL_DIRS": "/state/local",
            "DSPY_TUI_STATE": "/state",
        },
        expose=(PORT,),
        mounts=(Mount("spark", "/state"),),
        temporary=("/tmp:mode=1777,exec",),
        health=_HEALTH_OF_SPARK,
        limits=Limits(Variable("SPARK_CPUS", "1"), "3g", 1024),
        after=_BUS,
        optional_after={"spark-master": "service_healthy"},
        grace=30,
    )


def image(options: StackOptions, stage: str) -> str:
    """What our image of a stage is called once it is built.

    The tag is the stack's own, as another stack may install another release or checkout: with one name for
    all, building the one would change what the other starts. Equal layers are kept once all the same.
    """
    return f"{OUR_NAMES[stage]}:{key_of(options.workspace)}"


def _build(options: StackOptions, target: str) -> Build:
    """A stage of our Dockerfile. One service of each image builds it, and all others take what was built."""
    return Build(target, {"PIP_SPEC": options.pip_spec} if options.install_source == "pip" else {})


def programs(options: StackOptions) -> tuple[Service, ...]:
    """Agent, workers, router and trainer."""
    logs = (Mount(str(options.logs), LOGS, read_only=True),)
    workspace, state = (Mount(str(options.workspace), WORKSPACE),), Mount(WORK_VOLUME, _STATE)
    return (
        _program(
            options,
            "dspy-agent",
            "keeps the index of the workspace fresh",
            module="agent",
            mounts=(Mount(str(options.workspace), WORKSPACE, read_only=True), state),
            extra=_ELSEWHERE,
            limits=Limits("1", "3g", 512),
        ),
        *(
            _program(
                options,
                name,
                f"ships the logs{told} and works on tasks",
                module="worker",
                mounts=(*workspace, *logs, state),
                extra={"DSPY_TUI_SERVICE": service, "DSPY_TUI_LOGS": LOGS, **_ELSEWHERE, **_of_the_fleet()},
                grace=30,
            )
            for name, service, told in (
                ("dspy-worker", "app", ""),
                ("dspy-worker-backend", "backend", " of the back end"),
                ("dspy-worker-frontend", "frontend", " of the front end"),
            )
        ),
        _program(
            options,
            "dspy-router",
            "hands tasks to the workers",
            module="router",
            mounts=(state,),
            extra=_of_the_fleet(),
            limits=Limits("1", "512m"),
            model=False,
        ),
        _program(
            options,
            "dspy-trainer",
            "learns from what was suggested and what came of it",
            module="trainer",
            mounts=workspace,
            extra={"RL_BACKGROUND_STEPS": Variable("RL_BACKGROUND_STEPS", "50")},
            limits=Limits("1", "3g", 512),
            model=False,
        ),
    )


def _program(
    options: StackOptions,
    name: str,
    summary: str,
    *,
    module: str,
    mounts: tuple[Mount, ...] = (),
    extra: dict[str, Value | None] | None = None,
    limits: Limits = _LIMITS,
    model: bool = True,
    grace: int = 20,
) -> Service:
    """One of our programs; `model`: it talks to a language model and uses the index."""
    return Service(
        name=name,
        summary=summary,
        image=image(options, "app"),
        user=USER,
        command=(PYTHON_IN_IMAGE, "-m", f"stack.services.{module}"),
        environment={**_of_every_program(), **(_with_model(options) if model else {}), **(extra or {})},
        expose=(PORT,),
        mounts=(*mounts, *(_index(options) if model else ())),
        temporary=(_ROOM,),
        health=_HEALTH,
        limits=limits,
        after=_BUS,
        optional_after=_MODELS if model else {},
        grace=grace,
    )


def _of_the_fleet() -> dict[str, Value | None]:
    """Of those that work on tasks; DSPY_TUI_SERVICES names further services."""
    return {"DSPY_TUI_STATE": _STATE, "DSPY_TUI_SERVICES": None}


def _of_every_program() -> dict[str, Value | None]:
    return {"KAFKA_BOOTSTRAP": "kafka:29092", "HOME": "/tmp", "PYTHONUNBUFFERED": "1"}


def _with_model(options: StackOptions) -> dict[str, Value | None]:
    uri = options.database.uri
    shared: Value = Variable(URI_VARIABLE, required=True) if "://" in uri else uri
    return {
        "OLLAMA_HOST": "http://ollama:11434",
        "OLLAMA_MODEL": Variable("OLLAMA_MODEL", "qwen3:1.7b"),
        **dict.fromkeys(_PASSED),
        URI_VARIABLE: shared,
        **(dict.fromkeys(_OF_S3) if uri.startswith("s3") else {}),
    }


def _index(options: StackOptions) -> tuple[Mount, ...]:
    return (Mount(options.database.mount, INDEX_PATH),) if options.database.mount else ()
