"""The Dockerfile of our two images: `app` for the programs, `spark` on Apache's own."""

from __future__ import annotations

from stack.compose.images import LABEL, PYTHON, PYTHON_IN_IMAGE, SPARK, SPARK_PACKAGES
from stack.compose.options import StackOptions

SOURCE = "source"
"""The copy of the checkout, beside the Dockerfile."""
WHEELHOUSE = "wheelhouse"
"""The copy of the folder of wheels."""
_ENVIRONMENT = "/opt/app"
_JARS = (
    r"RUN mkdir {environment}/jars && find /{wheelhouse} -name '*.jar' -exec cp {{}} {environment}/jars/ \;"
)
"""Spark's Kafka connector and what it needs, where they lie with the wheels; else they are fetched later."""
_PIP = f"{_ENVIRONMENT}/bin/pip install --no-cache-dir --disable-pip-version-check"


def dockerfile(options: StackOptions) -> str:
    """The text; nothing that was typed stands in it but the names of our own folders."""
    offline = f" --no-index --find-links /{WHEELHOUSE}" if options.wheelhouse else ""
    brought = [f"COPY {WHEELHOUSE} /{WHEELHOUSE}"] if options.wheelhouse else []
    if options.install_source == "local":
        brought.append(f"COPY {SOURCE} /{SOURCE}")
        what = f"/{SOURCE}"
    else:
        brought.append("ARG PIP_SPEC")
        what = '"$PIP_SPEC"'
    jars = [_JARS.format(wheelhouse=WHEELHOUSE, environment=_ENVIRONMENT)] if options.wheelhouse else []
    packages = " ".join(f"'{package}'" for package in SPARK_PACKAGES)
    return (_APP + _SPARK).format(
        maker="dspy-tui stack init",
        label=LABEL,
        python=PYTHON,
        spark=SPARK,
        environment=_ENVIRONMENT,
        brought="\n".join(brought),
        install=f"{_PIP}{offline} {what}",
        install_alone=f"{_PIP}{offline} --no-deps {what}",
        install_packages="\n".join((f"{_PIP}{offline} {packages}", *jars)),
        interpreter=PYTHON_IN_IMAGE,
    )


def image_dockerfile(version: str, *, offline: bool) -> str:
    """That of the image to be run alone: the stack's own for our programs, begun by the command.

    Args:
        version: Of the package, whose wheel lies in the folder of wheels.
        offline: Whether everything that it needs lies there, too.
    """
    where = f"{'--no-index ' if offline else ''}--find-links /{WHEELHOUSE}"
    return (_APP + _IMAGE).format(
        maker="make image",
        label=LABEL,
        python=PYTHON,
        environment=_ENVIRONMENT,
        brought=f"COPY {WHEELHOUSE} /{WHEELHOUSE}",
        install=f"{_PIP} {where} dspy-code=={version}",
        version=version,
    )


_APP = """\
# Made by `{maker}`. Packages of the system are fetched only where a program is missing.
# It needs nothing that only one kind of builder has: DOCKER_BUILDKIT=0 works, too.

FROM {python} AS app-base
LABEL {label}=app
RUN command -v git > /dev/null || {{ apt-get update \\
    && apt-get install -y --no-install-recommends git && rm -rf /var/lib/apt/lists/*; }}
RUN echo 'dspy:x:10001:' >> /etc/group && echo 'dspy:x:10001:10001::/tmp:/bin/false' >> /etc/passwd \\
    && git config --system --add safe.directory /workspace

FROM app-base AS app-build
RUN python3 -m venv {environment}
{brought}
RUN {install}

FROM app-base AS app
COPY --from=app-build {environment} {environment}
ENV PATH={environment}/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/tmp \\
    ORT_DISABLE_TELEMETRY=1
WORKDIR /workspace
USER 10001:10001
CMD ["dspy-tui", "--help"]
"""

_IMAGE = """
FROM app AS alone
LABEL org.opencontainers.image.title=dspy-tui org.opencontainers.image.version={version} \\
    org.opencontainers.image.licenses=Apache-2.0 \\
    org.opencontainers.image.description="A full-screen terminal coding assistant"
ENV LANG=C.UTF-8
ENTRYPOINT ["dspy-tui"]
CMD []
"""

_SPARK = """
# Apache's image may bring a Python that is too old for us; then a newer one is put beside it.
FROM {spark} AS spark-base
LABEL {label}=spark
USER root
RUN python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {{ apt-get update \\
    && apt-get install -y --no-install-recommends python3.11 python3.11-venv \\
    && rm -rf /var/lib/apt/lists/*; }}
RUN echo 'dspy:x:10001:' >> /etc/group && echo 'dspy:x:10001:10001::/tmp:/bin/false' >> /etc/passwd

FROM spark-base AS spark-build
RUN "$(command -v python3.11 || command -v python3)" -m venv {environment}
{brought}
RUN {install_packages}
RUN {install_alone}
RUN site="$({interpreter} -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \\
    && ls /opt/spark/python/lib/*.zip > "$site/spark.pth"

FROM spark-base AS spark
COPY --from=spark-build {environment} {environment}
ENV PATH={environment}/bin:$PATH PYSPARK_PYTHON={interpreter} PYSPARK_DRIVER_PYTHON={interpreter} \\
    PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/tmp ORT_DISABLE_TELEMETRY=1
USER 10001:10001
ENTRYPOINT []
CMD ["{interpreter}", "-m", "stack.services.spark_job"]
"""
