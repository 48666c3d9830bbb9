"""A scripted model server for what real ones do not do on demand; speaks OpenAI's and Ollama's protocols.

In a test: `async with ModelServer() as server: server.script(Answer(text=("Hel", "lo")))`. As a program:
`python -m tests.fakes.model_server [PORT]` prints its port; POST /_control takes a list of answers as JSON,
GET /_stats tells what was asked and when clients closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from typing import Any

import msgspec

from tests.fakes.model_wire import Answer, embeddings, ollama_lines, openai_events

_LOADING = {"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}}


class Seen(msgspec.Struct):
    """A request; `closed` is when the client closed before the answer was complete (monotonic seconds)."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any
    at: float
    sent: int = 0
    done: bool = False
    closed: float | None = None


class ModelServer:
    """One server on a free loopback port. Answers are used up in order; the last one stays."""

    def __init__(self, *, models: tuple[str, ...] = ("big",), port: int = 0) -> None:
        self.models: list[dict[str, Any]] = [{"id": name, "object": "model"} for name in models]
        self.show: dict[str, Any] = {
            "capabilities": ["completion", "tools", "thinking"],
            "parameters": "num_ctx 2048",
        }
        self.props: dict[str, Any] | None = None
        self.loaded: list[dict[str, Any]] = []
        self.pull_lines: list[dict[str, Any]] = []
        self.require_key = ""
        self.requests: list[Seen] = []
        self.client_closed = asyncio.Event()
        self.answering = asyncio.Event()
        self._answers: list[Answer] = [Answer(text=("Hello",))]
        self._polls = 0
        self._port = port
        self._tasks: set[asyncio.Task[None]] = set()

    def script(self, *answers: Answer) -> None:
        """What the next chat requests get."""
        self._answers = list(answers)
        self._polls = 0

    @property
    def chats(self) -> list[Seen]:
        """The chat requests that carried messages."""
        return [seen for seen in self.requests if "/chat" in seen.path and seen.body.get("messages")]

    async def __aenter__(self) -> ModelServer:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self._port)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (seen := await _request(reader)) is not None:
                if not seen.path.startswith("/_"):
                    self.requests.append(seen)
                if not await self._one(seen, reader, writer):
                    return
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _one(self, seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer while watching for the client's end; False when the connection is over."""
        out = _Out(writer, seen)
        answer = asyncio.ensure_future(self._answer(seen, out))
        gone = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait({answer, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                seen.closed = time.monotonic()
                self.client_closed.set()
            return False
        finally:
            for task in (answer, gone):
                task.cancel()
            await asyncio.gather(answer, gone, return_exceptions=True)

    async def _answer(self, seen: Seen, out: _Out) -> None:
        if self.require_key and seen.headers.get("authorization") != f"Bearer {self.require_key}":
            await out.json(
                {"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}}, 401
            )
            return
        fixed = self._page(seen)
        if fixed is not None:
            await out.json(*fixed)
        elif seen.path == "/api/pull":
            await self._pull(out)
        elif seen.path == "/api/chat" and not seen.body.get("messages"):
            self.loaded = self.loaded or [
                {"model": seen.body["model"], "context_length": seen.body["options"]["num_ctx"]}
            ]
            await out.json(
                {"message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "load"}
            )
        elif seen.path in ("/api/chat", "/v1/chat/completions"):
            await self._chat(seen, out)
        elif seen.path in ("/api/embed", "/v1/embeddings"):
            await self._embed(seen, out)
        else:
            await out.json({"error": {"message": "no such page"}}, 404)
        seen.done = True

    def _page(self, seen: Seen) -> tuple[Any, int] | None:
        """The pages that never change while a test runs."""
        match seen.path:
            case "/v1/models":
                return {"object": "list", "data": self.models}, 200
            case "/api/version":
                return {"version": "0.0.0-scripted"}, 200
            case "/api/tags":
                return {"models": [m | {"name": m["id"], "model": m["id"]} for m in self.models]}, 200
            case "/api/ps":
                return {"models": self.loaded}, 200
            case "/api/show" if seen.body["model"] not in [m["id"] for m in self.models]:
                return {"error": f"model '{seen.body['model']}' not found"}, 404
            case "/api/show":
                return self.show, 200
            case "/props" if self.props is not None:
                return self.props, 200
            case "/health":
                self._polls -= 1
                return (
                    ({"error": {"message": "Loading model"}}, 503)
                    if self._polls > 0
                    else ({"status": "ok"}, 200)
                )
            case "/_control":
                self.script(*msgspec.convert(seen.body, tuple[Answer, ...]))
                return {}, 200
            case "/_stats":
                return msgspec.to_builtins(self.requests), 200
            case _:
                return None

    async def _pull(self, out: _Out) -> None:
        await out.head("application/x-ndjson")
        for line in self.pull_lines:
            if line.get("hang"):
                self.answering.set()
                await asyncio.Event().wait()
            await out.piece(json.dumps(line).encode() + b"\n")
        await out.end()

    async def _chat(self, seen: Seen, out: _Out) -> None:
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        self.answering.set()
        if answer.loading and self._polls == 0:
            self._polls = answer.loading
            self._answers.insert(0, msgspec.structs.replace(answer, loading=0))
            await out.json(
                {"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}}, 503
            )
            return
        if await self._fixed(answer, out):
            return
        ollama = seen.path == "/api/chat"
        await out.head("application/x-ndjson" if ollama else answer.content_type)
        if answer.hang == "first":
            await asyncio.Event().wait()
        lines = ollama_lines(answer) if ollama else openai_events(answer, seen.body)
        middle = 2 if answer.text or answer.reasoning or answer.calls else 1
        for number, line in enumerate(lines):
            if number == middle and await self._stop(answer, out):
                return
            if answer.rate:
                await asyncio.sleep(1 / answer.rate)
            await out.piece(line)
            seen.sent += 1
        await out.end()

    async def _embed(self, seen: Seen, out: _Out) -> None:
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        self.answering.set()
        if await self._fixed(answer, out):
            return
        if not answer.cut:
            await out.json(embeddings(seen.path, seen.body))
            return
        await out.head("application/json")
        await out.piece(b'{"data": [')
        await self._stop(answer, out)

    async def _fixed(self, answer: Answer, out: _Out) -> bool:
        if answer.hang == "headers":
            await asyncio.Event().wait()
        if answer.status == 200 and answer.body is None:
            return False
        await out.whole((answer.body or "").encode(), answer.status, answer.content_type, answer.headers)
        return True

    async def _stop(self, answer: Answer, out: _Out) -> bool:
        if answer.hang == "middle":
            await asyncio.Event().wait()
        if answer.cut == "eof":
            await out.end()
        elif answer.cut == "reset":
            out.writer.transport.abort()
        return bool(answer.cut)


class _Out:
    """The response on its way."""

    def __init__(self, writer: asyncio.StreamWriter, seen: Seen) -> None:
        self.writer = writer
        self._seen = seen

    async def head(self, kind: str) -> None:
        lines = (
            "HTTP/1.1 200 OK",
            f"Content-Type: {kind}",
            "Transfer-Encoding: chunked",
            "Connection: close",
        )
        self.writer.write("\r\n".join((*lines, "", "")).encode())
        await self.writer.drain()

    async def piece(self, data: bytes) -> None:
        self.writer.write(b"%x\r\n%s\r\n" % (len(data), data))
        await self.writer.drain()

    async def end(self) -> None:
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()

    async def json(self, value: Any, status: int = 200) -> None:
        await self.whole(json.dumps(value).encode(), status, "application/json", {})

    async def whole(self, data: bytes, status: int, kind: str, headers: dict[str, str]) -> None:
        lines = [f"HTTP/1.1 {status} X", f"Content-Type: {kind}", f"Content-Length: {len(data)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.writer.write("\r\n".join((*lines, "Connection: close", "", "")).encode() + data)
        await self.writer.drain()


async def _request(reader: asyncio.StreamReader) -> Seen | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except asyncio.IncompleteReadError:
        return None
    method, path, _ = head[0].split(" ")
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:]) if name
    }
    data = await reader.readexactly(int(headers.get("content-length", 0)))
    return Seen(method, path.split("?")[0], headers, json.loads(data) if data else {}, time.monotonic())


async def _main(port: int) -> None:
    async with ModelServer(port=port) as server:
        print(server.port, flush=True)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
