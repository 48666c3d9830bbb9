"""A process for the tests: it echoes, counts, waits, fails, breaks, and leaves a child when it is told to."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import msgspec

from agent_core.errors import LogFault
from agent_core.workers.server import Server, Tell, serve_process


class Start(msgspec.Struct, frozen=True):
    refuse: str = ""


class Say(msgspec.Struct, frozen=True, tag=True):
    text: str


class Count(msgspec.Struct, frozen=True, tag=True):
    to: int


class Wait(msgspec.Struct, frozen=True, tag=True):
    pass


class Fail(msgspec.Struct, frozen=True, tag=True):
    wholly: bool


class Child(msgspec.Struct, frozen=True, tag=True):
    pass


async def do(call: Say | Count | Wait | Fail | Child, tell: Tell) -> object:
    match call:
        case Say():
            print("this goes to standard error")
            return call.text
        case Count():
            for number in range(call.to):
                tell(number)
            return call.to
        case Wait():
            try:
                await asyncio.Event().wait()
            finally:
                tell(-1)
        case Fail():
            if call.wholly:
                raise ValueError("a bug")
            raise LogFault("it failed", hint="mend it")
        case Child():
            command = [sys.executable, "-c", "import time; time.sleep(600)"]
            return subprocess.Popen(command, start_new_session=True, stdin=subprocess.DEVNULL).pid


async def main(first: bytes, reader: asyncio.StreamReader, out: asyncio.StreamWriter) -> None:
    start = msgspec.msgpack.decode(first, type=Start)
    if start.refuse:
        raise LogFault(start.refuse)
    server = Server(name="echo", calls=Say | Count | Wait | Fail | Child, do=do, out=out)
    server.tell("ready")
    await server.serve(reader)


if __name__ == "__main__":
    serve_process(main)
