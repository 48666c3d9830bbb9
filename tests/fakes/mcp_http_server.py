"""A server of the Model Context Protocol behind an address, which misbehaves as it is told. Python alone.

python mcp_http_server.py PORT HOW...: `no-goodbye` never answers the end of a session, `forgets` knows no
session any more once the tool `forget` was called (and answers as the official servers do), `no-list` lists
no tools and answers no goodbye.
"""

from __future__ import annotations

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PORT, HOW = int(sys.argv[1]), sys.argv[2:]
READS: dict[str, Any] = {
    "annotations": {"readOnlyHint": True},
    "inputSchema": {"type": "object", "properties": {}},
}
sessions: list[str] = []
calls: list[str] = []


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class calls it so
        pass

    def say(self, status: int, message: Any = None, **headers: str) -> None:
        body = b"" if message is None else json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.send_response(status)
        for name, value in {"content-type": "application/json", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.say(405)

    def do_DELETE(self) -> None:
        if "no-goodbye" in HOW or "no-list" in HOW:
            time.sleep(600)
        self.say(200)

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        number, method = asked.get("id"), asked.get("method")
        params: dict[str, Any] = asked.get("params") or {}
        if method == "initialize":
            sessions.append(f"s{len(sessions)}")
        elif self.headers.get("mcp-session-id") not in sessions[-1:]:
            error = {"code": -32001, "message": "Session not found"}
            self.say(404, {"id": None, "error": error})
            return
        if number is None:
            self.say(202)
            return
        if method == "tools/list" and "no-list" in HOW:
            time.sleep(600)
        result = self.answered(method, params)
        self.say(200, {"id": number, "result": result}, mcp_session_id=(sessions or [""])[-1])

    def answered(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        match method:
            case "initialize":
                return {
                    "protocolVersion": params["protocolVersion"],
                    "capabilities": {"tools": {}},
                    "serverInfo": {"name": "far", "version": "1"},
                }
            case "tools/list":
                return {"tools": [{"name": name, **READS} for name in ("count", "forget", "half")]}
            case "tools/call":
                calls.append(params["name"])
                if params["name"] == "forget":
                    sessions.append("of nobody")
                if params["name"] == "half":
                    return {"content": [{"type": "text", "text": "half \ud83d"}]}
                text = f"{calls.count('count')} calls, {len(sessions)} sessions"
                return {"content": [{"type": "text", "text": text}]}
            case _:
                return {}


ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
