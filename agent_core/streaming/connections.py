"""What connections of kafka-python do not by themselves: hear last words, wait while an answer comes, give up
a handshake."""

from __future__ import annotations

import time
from importlib import import_module
from typing import Any

_errors: Any = import_module("kafka.errors")  # it has no types
_MOMENT_S = 0.05


def hear_last_words(connection: Any) -> None:
    """Take in what a broker says before it hangs up: why a login is refused. The library drops what it reads
    together with the end."""
    begin = connection.connection_made

    def connection_made(transport: Any) -> None:
        receive = getattr(transport, "_sock_recv", None)
        if receive is not None:

            def received() -> tuple[bytes, Any]:
                data, error = receive()
                return data, None if data else error  # the end is met again by the next

            transport._sock_recv = received
        begin(transport)

    connection.connection_made = connection_made


def wait_while_it_comes(connection: Any, *, seconds: float) -> None:
    """Hang up where nothing goes over the line for so long, not where an answer takes so long. Over a slow
    line a large one does: the library would ask for the same again and again, and never get it. Answers come
    in the order of requests, so whatever comes is on the way to each of them."""
    give_up = connection._request_timed_out

    def timed_out(future: Any, sent_at: float, timeout_at: float) -> None:
        transport = connection.transport
        if transport is not None and not future.is_done:
            moved = transport.last_activity if transport._write_buffer else transport.last_read
            if (again := moved + seconds) > time.monotonic():
                connection.net.call_at(again, lambda: timed_out(future, sent_at, timeout_at))
                return
        give_up(future, sent_at, timeout_at)

    connection._request_timed_out = timed_out


def bound_handshakes(manager: Any) -> None:
    """Give up a TLS handshake when a connection should have been made: the library would wait for ever for a
    broker that takes connections and hangs, and whoever opens a client with it."""
    build, loop = manager._build_transport, manager._net

    async def built(node: Any, timeout_at: float) -> Any:
        task, is_over, is_late = loop._current, False, False

        def late() -> None:
            nonlocal is_late
            if is_over:
                return
            if task.state.name != "WAIT_IO":  # it is about to go on
                loop.call_later(_MOMENT_S, late)
                return
            is_late = True
            task.inject_exc(_errors.KafkaTimeoutError("handshake"))
            loop._add_ready_task(task)

        loop.call_at(timeout_at + _MOMENT_S, late)  # before that, connecting itself is given up
        try:
            return await build(node, timeout_at=timeout_at)
        except _errors.KafkaConnectionError:
            if is_late:
                raise _errors.RequestTimedOutError("The handshake takes too long") from None
            raise
        finally:
            is_over = True

    manager._build_transport = built
