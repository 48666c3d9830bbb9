"""The stack as data: which services there are, from the options. Nothing is written here."""

from __future__ import annotations

from pathlib import Path

from stack.compose import monitoring, ours
from stack.compose.images import KAFKA, OLLAMA, PYTHON_IN_IMAGE, USER
from stack.compose.model import Health, Limits, Mount, Port, Service, Stack, Variable
from stack.compose.options import INDEX_VOLUME, StackOptions, key_of

KAFKA_INTERNAL = "kafka:29092"
CLUSTER_ID = "5L6g3nShT-eMCtK--X86sw"
"""Any 16 bytes in base64; it only has to stay the same as long as the volume."""
_KAFKA_WRITES = ("/opt/kafka/config", "/opt/kafka/logs", "/etc/kafka/secrets", "/mnt/shared/config")
"""Beside its data; the last two would otherwise become a volume without a name, once per container."""
_BRIEF = ("JAVA_TOOL_OPTIONS=-XX:TieredStopAtLevel=1", "KAFKA_HEAP_OPTS=-Xmx128m")
"""For a Java program of a second: two thirds of the processor time, and no more memory than it needs."""
_EXEC = "mode=1777,exec"
"""Java unpacks native libraries into its temporary folder and loads them from there."""


def stack_of(options: StackOptions) -> Stack:
    """All services for the options."""
    services = (
        ours.volumes(options, _owners(options)),
        _kafka(),
        ours.spark(options),
        *(_ollama(gpu) for gpu in (False, True)),
        *ours.programs(options),
        *monitoring.services(),
        *_cluster(ours.image(options, "spark")),
    )
    return Stack(name=project_name(options.workspace), services=services, volumes=tuple(_owners(options)))


def project_name(workspace: Path) -> str:
    """What compose calls the stack of a workspace; another folder of the same name gets another one."""
    return f"dspy-tui-{key_of(workspace)}"


def _owners(options: StackOptions) -> dict[str, str]:
    """Each named volume with the UID:GID that it belongs to."""
    index = {INDEX_VOLUME: USER} if options.database.mount == INDEX_VOLUME else {}
    ours_too = {"spark": USER, ours.WORK_VOLUME: USER, "models": USER}
    return {"kafka": "1000:1000", **ours_too, **index, **monitoring.OWNERS}


def _kafka() -> Service:
    listeners = {
        "KAFKA_LISTENERS": "INTERNAL://:29092,HOST://:9092,CONTROLLER://:9093",
        "KAFKA_ADVERTISED_LISTENERS": (
            f"INTERNAL://{KAFKA_INTERNAL},HOST://localhost:",
            Variable("KAFKA_PORT", "9092"),
        ),
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "INTERNAL:PLAINTEXT,HOST:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "KAFKA_INTER_BROKER_LISTENER_NAME": "INTERNAL",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
    }
    alone = (
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR",
        "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR",
        "KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR",
    )
    return Service(
        name="kafka",
        summary="the bus: one broker that is its own controller (KRaft; Kafka 4 has no ZooKeeper)",
        image=KAFKA,
        user="1000:1000",
        environment={
            "CLUSTER_ID": CLUSTER_ID,
            "KAFKA_NODE_ID": "1",
            "KAFKA_PROCESS_ROLES": "broker,controller",
            "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
            **listeners,
            **dict.fromkeys(alone, "1"),
            "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
            "KAFKA_LOG_DIRS": "/var/lib/kafka/data",
            "KAFKA_HEAP_OPTS": "-Xms256m -Xmx512m",
        },
        ports=(Port(Variable("KAFKA_PORT", "9092"), 9092),),
        expose=(29092,),
        mounts=(Mount("kafka", "/var/lib/kafka/data"),),
        temporary=(f"/tmp:{_EXEC}", *(f"{folder}:uid=1000,gid=1000" for folder in _KAFKA_WRITES)),
        health=Health(
            command=(
                *("env", *_BRIEF, "/opt/kafka/bin/kafka-broker-api-versions.sh"),
                *("--bootstrap-server", "localhost:29092"),
            ),
            interval=15,
            timeout=14,
            retries=8,
            start_period=60,
        ),
        limits=Limits("1", "1536m", 1024),
        after={"volumes": "service_completed_successfully"},
        grace=30,
    )


def _ollama(gpu: bool) -> Service:
    return Service(
        name="ollama-gpu" if gpu else "ollama",
        summary="language models" + (" on the host's GPUs" if gpu else " on the processor"),
        image=OLLAMA,
        user=USER,
        environment={"HOME": "/models", "OLLAMA_MODELS": "/models/models", "OLLAMA_HOST": "0.0.0.0:11434"},
        ports=(Port(Variable("OLLAMA_PORT", "11434"), 11434),),
        mounts=(Mount("models", "/models"),),
        temporary=(f"/tmp:{_EXEC}",),
        health=Health(command=("ollama", "list"), interval=10, timeout=9, start_period=30),
        limits=Limits(Variable("OLLAMA_CPUS", "1"), Variable("OLLAMA_MEMORY", "8g"), 1024),
        after={"volumes": "service_completed_successfully"},
        profiles=("gpu",) if gpu else ("cpu",),
        aliases=("ollama",) if gpu else (),
        gpus=gpu,
    )


def _cluster(image: str) -> tuple[Service, ...]:
    """A standalone Spark cluster; `SPARK_MASTER=spark://spark-master:7077` has the job run on it."""
    temporary = (f"/tmp:{_EXEC}",)
    spark_class = "/opt/spark/bin/spark-class"
    package = "org.apache.spark.deploy"
    master = Service(
        name="spark-master",
        summary="hands Spark's work to the workers",
        image=image,
        user=USER,
        command=(spark_class, f"{package}.master.Master", "--host", "spark-master", "--webui-port", "8080"),
        ports=(Port(Variable("SPARK_UI_PORT", "8080"), 8080),),
        expose=(7077,),
        temporary=temporary,
        health=_answers("http://localhost:8080/"),
        limits=Limits("1", "1g", 512),
        after={"volumes": "service_completed_successfully"},
        profiles=("cluster",),
    )
    workers = (
        Service(
            name=f"spark-worker-{number}",
            summary="runs executors",
            image=image,
            user=USER,
            command=(
                *(spark_class, f"{package}.worker.Worker", "spark://spark-master:7077"),
                *("--cores", "1", "--memory", "1g", "--webui-port", "8081", "--work-dir", "/work/worker"),
            ),
            environment={"SPARK_LOCAL_DIRS": "/work/local"},
            expose=(8081,),
            mounts=(Mount("spark", "/state"),),  # where the job's checkpoint is
            temporary=(*temporary, "/work:uid=10001,gid=10001,exec"),
            health=_answers("http://localhost:8081/"),
            limits=Limits("1", "2g", 512),
            after={"spark-master": "service_healthy"},
            profiles=("cluster",),
        )
        for number in (1, 2)
    )
    return (master, *workers)


def _answers(url: str) -> Health:
    return Health(command=(PYTHON_IN_IMAGE, "-m", "stack.services.health", url), timeout=9, start_period=60)
