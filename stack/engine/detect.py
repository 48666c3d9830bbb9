"""Which compose there is: Docker's plugin, its older program of its own, or podman's."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping

import msgspec

from agent_core.capture import capture
from agent_core.errors import NoEngine
from stack.engine.faults import fault_of
from stack.engine.values import Program

OLDEST = (2, 20)
"""The first compose that knows dependencies which a profile may leave out (`required: false`)."""
_CANDIDATES = (("docker", "compose"), ("podman", "compose"), ("docker-compose",))
_PATIENCE_S = 10.0
_INSTALL = "Install Docker with its compose plugin: https://docs.docker.com/compose/install/"
_INSTALL_PROVIDER = (
    "`podman compose` comes with podman 4.7 and runs the program docker-compose: install both."
)


async def detect(env: Mapping[str, str] | None = None) -> Program:
    """The first compose that is new enough; the engine itself is not asked.

    Raises:
        NoEngine: There is none, or only ones that are too old.
    """
    old: list[str] = []
    for argv in _CANDIDATES:
        if shutil.which(argv[0], path=None if env is None else env.get("PATH")) is None:
            continue
        version = await _version(argv, env)
        if version is None:
            continue
        if _numbers(version) >= OLDEST:
            return Program(argv=argv, compose=version)
        old.append(f"{' '.join(argv)} {version}")
    oldest = ".".join(map(str, OLDEST))
    if old:
        hint = _INSTALL_PROVIDER if all(each.startswith("podman") for each in old) else _INSTALL
        raise NoEngine(f"Compose is too old: {', '.join(old)}, {oldest} is needed", hint=hint)
    if shutil.which("docker", path=None if env is None else env.get("PATH")):
        raise NoEngine("Docker is here, but its compose plugin is not", hint=_INSTALL)
    if shutil.which("podman", path=None if env is None else env.get("PATH")):
        raise NoEngine("Podman is here, but no compose for it is", hint=_INSTALL_PROVIDER)
    raise NoEngine("There is no container engine: neither docker nor podman was found", hint=_INSTALL)


async def with_engine(program: Program, env: Mapping[str, str] | None = None) -> Program:
    """The same with the engine's version; raises `NoEngine` when it does not answer or may not be used."""
    argv = (program.argv[0].removesuffix("-compose"), "version", "--format", "{{.Server.Version}}")
    try:
        said = await capture(argv, env=env, timeout=_PATIENCE_S)
    except TimeoutError:
        raise NoEngine(
            f"The container engine does not answer within {_PATIENCE_S:.0f} s", hint="Restart it."
        ) from None
    except OSError as error:
        raise NoEngine(f"{argv[0]} cannot be run ({error.strerror or error})", hint=_INSTALL) from None
    version = said.out.decode("utf-8", "replace").strip()
    if said.code != 0 or not version:
        fault = fault_of(said.err, " ".join(argv[:2]))
        raise fault if isinstance(fault, NoEngine) else NoEngine(fault.message, hint=fault.hint)
    return msgspec.structs.replace(program, engine=version)


def likely(env: Mapping[str, str] | None = None) -> Program | None:
    """The compose that `detect` looks at first, before it is known whether that is new enough."""
    path = None if env is None else env.get("PATH")
    return next(
        (Program(argv=argv, compose="") for argv in _CANDIDATES if shutil.which(argv[0], path=path)), None
    )


async def _version(argv: tuple[str, ...], env: Mapping[str, str] | None) -> str | None:
    """The version of a compose; None when it is not there after all."""
    try:
        said = await capture([*argv, "version", "--short"], env=env, timeout=_PATIENCE_S)
    except (OSError, TimeoutError):
        return None
    text = said.out.decode("utf-8", "replace").strip()
    return text.removeprefix("v") if said.code == 0 and re.match(r"v?\d", text) else None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])
