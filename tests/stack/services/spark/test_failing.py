"""What is said of a query that failed, and kept of its traces."""

from __future__ import annotations

import asyncio
import logging

import pytest

from stack.services import spark_job
from stack.services.spark.failing import cause_of, is_of_a_time

PROXY = """[STREAM_FAILED] An exception was raised by the Python Proxy: Traceback (most recent call last):
  File "/app/py4j/clientserver.py", line 644, in _call_proxy
    return_value = getattr(self.pool[obj_id], method)(*params)
                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
"""
JAVA = (
    PROXY
    + """py4j.protocol.Py4JJavaError: An error occurred while calling o87.collectToPython.
: org.apache.spark.SparkException: Job aborted due to stage failure
\tat org.apache.spark.scheduler.DAGScheduler.failJob(DAGScheduler.scala:1)
Caused by: java.lang.RuntimeException: outer
\t... 3 more
"""
)
OVERFLOW = (
    JAVA + "Caused by: java.lang.ArithmeticException: long overflow\n\tat java.base/Math(Math.java:1)\n"
)
PYTHON = (
    JAVA
    + """Caused by: org.apache.spark.api.python.PythonException: Traceback (most recent call last):
  File "/app/data_source.py", line 9, in read
    raise
RuntimeError: logs.raw.a/0: UnsupportedCodecError: no lz4

\tat org.apache.spark.api.python.BasePythonRunner(PythonRunner.scala:1)
SQLSTATE: XXKST
=== Streaming Query ===
Identifier: logs
"""
)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (JAVA, "java.lang.RuntimeException: outer"),
        (PYTHON, "RuntimeError: logs.raw.a/0: UnsupportedCodecError: no lz4"),
        (PROXY + "ValueError: no such\nSQLSTATE: XXKST\n", "ValueError: no such"),
        ("Java gateway process\nexited", "Java gateway process exited"),
        ("", ""),
        ("Traceback (most recent call last):", "Traceback (most recent call last):"),
    ],
)
def test_the_reason_is_the_innermost_cause(text: str, cause: str) -> None:
    assert cause_of(text) == cause


def test_a_time_that_the_connector_does_not_take_is_known() -> None:
    cause = cause_of(OVERFLOW)
    assert cause == "java.lang.ArithmeticException: long overflow" and is_of_a_time(cause)
    assert not is_of_a_time(cause_of(JAVA))


async def passed_on(text: str) -> None:
    stream = asyncio.StreamReader()
    stream.feed_data(text.encode())
    stream.feed_eof()
    await spark_job._pass_on(stream)  # pyright: ignore[reportPrivateUsage]


async def test_the_log_keeps_the_trace_of_an_error(caplog: pytest.LogCaptureFixture) -> None:
    frames = "".join(f"\tat org.apache.spark.Step{number}(Step.scala:1)\n" for number in range(40))
    error = "26/11/29 15:54:41 ERROR Executor: Exception in task 0.0\njava.lang.Exception: outer\n"
    cause = "Caused by: java.lang.ArithmeticException: long overflow\n"
    after = "26/11/29 15:54:42 INFO Executor: it goes on\njust so\n"
    with caplog.at_level(logging.WARNING):
        await passed_on(error + frames + cause + frames + after)
    said = [record.getMessage() for record in caplog.records]
    assert "Caused by: java.lang.ArithmeticException: long overflow" in said
    assert sum("Step" in each for each in said) == 10
    assert not any("goes on" in each or "just so" in each for each in said)


async def test_a_trace_without_end_does_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        await passed_on("26/11/29 15:54:41 ERROR Executor: it broke\n" + "Caused by: more\n" * 5000)
    assert len(caplog.records) == 200
