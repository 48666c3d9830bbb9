"""How the job is to run, from the settings and the environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from agent_core.config import load
from agent_core.errors import ConfigError
from agent_core.folders import user_state_dir
from agent_core.streaming.access import Access, access_of
from agent_core.text import one_line

MASTER, JARS, STATE, PARTITIONS = "SPARK_MASTER", "DSPY_TUI_SPARK_JARS", "DSPY_TUI_STATE", "SPARK_PARTITIONS"
NO_JARS = "none"
"""In place of a folder of jars: no connector, also where one could be had."""
_PARTITIONS = 4


class JobConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What the job needs to know.

    Args:
        access: Where the bus is, with its secrets.
        master: Where Spark runs: local[2], local[*], spark://HOST:PORT.
        jars: The folder with the jars of Spark's Kafka connector; "" for what Spark has or fetches, `NO_JARS`
            for none.
        state: Where checkpoints are kept; of a cluster, all its workers see the same folder there.
        partitions: In how many parts services are shared out to cores. A checkpoint keeps its number.
        memory: How much the JVM of the driver, and that of each executor, takes at most, as Spark writes it.
    """

    access: Access
    master: str
    jars: str
    state: Path
    partitions: int = _PARTITIONS
    memory: str = "1g"


def config_of(env: Mapping[str, str]) -> JobConfig:
    """What the environment says.

    Raises:
        ConfigError: A value is wrong.
    """
    jars = env.get(JARS, "")
    if jars and jars != NO_JARS and not any(Path(jars).glob("*.jar")):
        raise ConfigError(
            f"{JARS}: there are no jars in {one_line(jars)}",
            hint="Name the folder of Spark's Kafka connector and what it needs, or leave it out.",
        )
    parts = env.get(PARTITIONS) or str(_PARTITIONS)
    if not parts.isdecimal() or not 0 < int(parts) <= 1024:
        raise ConfigError(f"{PARTITIONS}: {one_line(parts)!r} is no number of partitions", hint="Such as 4.")
    state = env.get(STATE) or str(user_state_dir(env) / "spark")
    return JobConfig(
        access=access_of(load(root=None, env=env).settings),
        master=env.get(MASTER) or "local[*]",
        jars=jars,
        state=Path(state),
        partitions=int(parts),
    )
