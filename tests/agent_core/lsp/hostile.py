"""A language server that misbehaves as its first argument says."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

MODE = sys.argv[1]


def send(message: dict[str, Any]) -> None:
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    sys.stdout.buffer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
    sys.stdout.buffer.flush()


def read() -> dict[str, Any] | None:
    size = 0
    while (line := sys.stdin.buffer.readline()) not in (b"\r\n", b""):
        name, _, value = line.partition(b":")
        size = int(value) if name.lower() == b"content-length" else size
    return json.loads(sys.stdin.buffer.read(size)) if line else None


def place(line: int, character: int) -> dict[str, Any]:
    at = {"line": line, "character": character}
    return {"start": at, "end": at}


def complain(uri: str, version: int, *complaints: dict[str, Any]) -> None:
    params = {"uri": uri, "version": version, "diagnostics": list(complaints)}
    send({"method": "textDocument/publishDiagnostics", "params": params})


def on_text(uri: str, version: int, text: str) -> None:
    if MODE == "dies":
        sys.stderr.write("Error: out of luck\n")
        sys.stderr.flush()
        os._exit(3)
    if MODE == "hangs":
        time.sleep(600)
    if MODE == "floods":
        while True:
            send({"method": "window/logMessage", "params": {"type": 3, "message": "again"}})
    if MODE == "huge":
        sys.stdout.buffer.write(b"Content-Length: 99999999999\r\n\r\n")
        sys.stdout.buffer.flush()
        time.sleep(600)
    if MODE == "babbles":
        sys.stdout.buffer.write(b"Traceback: nonsense\n" * 5000)
        sys.stdout.buffer.flush()
        time.sleep(600)
    if MODE == "busy":
        send({"method": "$/progress", "params": {"token": 1, "value": {"kind": "begin", "title": "x"}}})
    if MODE == "odd":
        for params in (None, 7, [], {"uri": 3}, {"uri": uri, "diagnostics": "all"}, {"uri": "x:" * 9000}):
            send({"method": "textDocument/publishDiagnostics", "params": params})
        send({"id": {"x": 1}, "method": "workspace/configuration", "params": {"items": 3}})
        send({"id": "a", "method": "window/showDocument", "params": {"uri": "https://example.org"}})
        send({"id": "b", "method": "workspace/applyEdit", "params": {"edit": {"changes": {uri: []}}}})
        send({"id": 99999, "result": {"what": "nobody asked"}})
    wrong = "wrong" in text
    complaints = [
        {"range": place(0, 0), "message": "wrong \x1b[31m[bold]word", "severity": 1, "code": "W1"},
        {"range": place(10**9, 10**9), "message": "far beyond the end", "severity": 1},
        {"range": place(-5, -5), "message": "before the start", "severity": 2},
        {"range": {"start": "no"}, "message": "no place", "severity": 1},
        {"message": 5},
        "text",
    ]
    complain("file:///etc/passwd", version, complaints[0])
    complain("file://elsewhere/x.py", version, complaints[0])
    complain(uri, version, *complaints if wrong else [])


def main() -> None:
    while (message := read()) is not None:
        method, number = message.get("method"), message.get("id")
        params: Any = message.get("params") or {}
        if method == "initialize":
            if MODE == "never":
                time.sleep(600)
            able = {"capabilities": {"definitionProvider": True, "referencesProvider": True}}
            send({"id": number, "result": [] if MODE == "odd" else able})
        elif method == "textDocument/didOpen":
            document = params["textDocument"]
            on_text(document["uri"], document["version"], document["text"])
        elif method == "textDocument/didChange":
            document = params["textDocument"]
            on_text(document["uri"], document["version"], params["contentChanges"][0]["text"])
        elif method in ("textDocument/definition", "textDocument/references") and MODE == "ponders":
            continue
        elif method in ("textDocument/definition", "textDocument/references"):
            uri = params["textDocument"]["uri"]
            elsewhere = {"uri": "file:///etc/passwd", "range": place(0, 0)}
            beyond = {"uri": uri, "range": place(10**6, 3)}
            send(
                {"id": number, "result": [elsewhere, beyond, {"uri": 3}, None, {"uri": uri + "/../../../x"}]}
            )
        elif method == "exit":
            return
        elif number is not None:
            send({"id": number, "error": {"code": -32601, "message": "no"}})


main()
