"""A Spark session, with whatever reads Kafka: the official connector, else the data source of our own."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Any

import msgspec

from agent_core.text import one_line, shorten
from stack.services.spark.config import JARS, NO_JARS, JobConfig

CONNECTOR, OURS = "kafka", "kafka_python"
"""Spark's names of the two."""
_PACKAGE = "org.apache.spark:spark-sql-kafka-0-10_2.13"
_JAR = "spark-sql-kafka-0-10_*.jar"
_IN_IMAGE = Path(sys.prefix) / "jars"
"""Where the stack's image has the connector, if it was there when the image was built."""
_STATE_STORE = "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider"
_FILES = "org.apache.spark.sql.execution.streaming.checkpointing.FileSystemBasedCheckpointFileManager"
"""Writes the checkpoint. With the usual one Hadoop starts fifty programs a batch (`readlink`) on a local
disk, which take more than what is written."""
_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""Each batch brings code of its own. It is hardly used often enough to earn what the second compiler takes,
more than all else that Java does: it hands on bytes. The heap is a gigabyte."""
_CRASH = "java-crash.log"
"""Java's report of its last crash, with the job's state: else it is left where the job was started."""
_SECRET = "(?i)url|secret|password|token|access[.]?key|jaas|keystore|security"
_AT_ONCE = 1000
"""Messages that go to Python at once: they may have a hundred lines and more each."""


class Session(msgspec.Struct, frozen=True):
    """Open. `format` reads and writes Kafka; `why` tells why it is not the connector's ("" if so)."""

    spark: Any
    format: str
    why: str = ""


def open_session(config: JobConfig, *, name: str) -> Session:
    """Start Java, or join the one of this process; it blocks for seconds, for a download much longer.

    Raises:
        Exception: What Spark raises where it cannot be started.
    """
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    jars, packages, why = _brought(config)
    try:
        spark = _start(config, name, {**jars, **packages})
    except Exception as error:
        if not packages:
            raise
        why = f"the connector could not be fetched ({_short(error)}); {JARS} names a folder with it"
        spark = _start(config, name, {})
    if not why and not _has_connector(spark):
        why = f"Spark has no Kafka connector; {JARS} names a folder with it"
    session = Session(spark, CONNECTOR)
    return with_ours(session, why) if why else session


def with_ours(session: Session, why: str) -> Session:
    """The same with our own data source, and why."""
    source = importlib.import_module("stack.services.spark.data_source")
    session.spark.dataSource.register(source.KafkaPython)
    return Session(session.spark, OURS, why)


def _brought(config: JobConfig) -> tuple[dict[str, str], dict[str, str], str]:
    """Jars, packages to be fetched, and why there is neither."""
    if config.jars == NO_JARS:
        return {}, {}, f"{JARS} is {NO_JARS}"
    for folder in (Path(config.jars or _IN_IMAGE), _IN_IMAGE):
        if found := sorted(folder.resolve().glob("*.jar")):
            return {"spark.jars": ",".join(map(str, found))}, {}, ""
    home = Path(importlib.import_module("pyspark.find_spark_home")._find_spark_home())
    if any((home / "jars").glob(_JAR)):
        return {}, {}, ""
    version = importlib.import_module("pyspark").__version__
    fetched = {"spark.jars.packages": f"{_PACKAGE}:{version}", "spark.jars.ivy": str(config.state / "ivy")}
    return {}, fetched, ""


def _start(config: JobConfig, name: str, more: dict[str, str]) -> Any:
    sql = importlib.import_module("pyspark.sql")
    here = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
    options = {
        **(here if config.master.startswith("local") else {}),
        "spark.driver.memory": config.memory,
        "spark.executor.memory": config.memory,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": str(config.partitions),
        # What a task reads again of Kafka is what it read before, so nobody need find out.
        "spark.sql.shuffle.orderIndependentChecksum.enabled": "false",
        "spark.shuffle.checksum.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.execution.arrow.maxRecordsPerBatch": str(_AT_ONCE),
        "spark.sql.streaming.stateStore.providerClass": _STATE_STORE,
        "spark.sql.streaming.stateStore.rocksdb.changelogCheckpointing.enabled": "true",
        "spark.sql.streaming.minBatchesToRetain": "10",
        "spark.sql.streaming.stopTimeout": "10000",
        "spark.sql.redaction.options.regex": _SECRET,
        "spark.driver.extraJavaOptions": f'{_JAVA} "-XX:ErrorFile={config.state / _CRASH}"',
        "spark.executor.extraJavaOptions": _JAVA,
        "spark.sql.streaming.checkpointFileManagerClass": _FILES,
        **more,
    }
    builder = sql.SparkSession.builder.master(config.master).appName(name)
    for key, value in options.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("WARN")
    return spark


def _has_connector(spark: Any) -> bool:
    loader = spark._jvm.java.lang.Thread.currentThread().getContextClassLoader()
    try:
        loader.loadClass("org.apache.spark.sql.kafka010.KafkaSourceProvider")
    except Exception:  # noqa: BLE001 - what the bridge to Java raises
        return False
    return True


def _short(error: Exception) -> str:
    return shorten(one_line(str(error)), 160)
