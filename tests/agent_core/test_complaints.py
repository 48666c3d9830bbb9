"""Of what programs say before they end, the reason."""

from __future__ import annotations

import pytest

from agent_core.complaints import complaint_of

NPM = """npm error code E404
npm error 404 Not Found - GET https://registry.example/mcp-server-x - Not found
npm error 404
npm error 404  'mcp-server-x@*' is not in this registry.
npm error A complete log of this run can be found in: /home/u/.npm/_logs/2026-debug-0.log
"""
NPM_OFF = """npm error code ECONNREFUSED
npm error syscall connect
npm error errno ECONNREFUSED
npm error FetchError: request to http://127.0.0.1:9/x failed, reason: connect ECONNREFUSED 127.0.0.1:9
npm error     at ClientRequest.<anonymous> (/usr/lib/node_modules/npm/index.js:130:14)
npm error
npm error If you are behind a proxy, please make sure that the 'proxy' config is set properly.
npm error A complete log of this run can be found in: /home/u/.npm/_logs/2026-debug-0.log
"""
UV = """Resolving
error: Failed to fetch: `https://registry.example/simple/mcp-server-x/`
  cause: client error (Connect)
  cause: dns error

hint: Consider enabling use of system TLS certificates with the `--system-certs` command-line flag
"""
UV_OLD = """  × No solution found when resolving tool dependencies:
  ╰─▶ Because mcp-server-x was not found in the cache, your requirements are unsatisfiable.

hint: Packages were unavailable because the network was disabled.
"""
PYTHON = """Error in a log, long before
Traceback (most recent call last):
  File "server.py", line 1, in <module>
ModuleNotFoundError: No module named 'mcp'
it says goodbye
"""
SCRIPT = "TypeError: x is not a function\nnpm error code 1\nnpm error path /w\nnpm error command failed\n"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (NPM, "404 Not Found - GET https://registry.example/mcp-server-x - Not found"),
        (NPM_OFF, "FetchError: request to http://127.0.0.1:9/x failed, reason: connect ECONNREFUSED"),
        (UV, "error: Failed to fetch: `https://registry.example/simple/mcp-server-x/` cause: client error"),
        (UV_OLD, "× No solution found when resolving tool dependencies: ╰─▶ Because mcp-server-x was not"),
        (PYTHON, "ModuleNotFoundError: No module named 'mcp'"),
        (SCRIPT, "TypeError: x is not a function"),
        ("cannot: no such thing\n\n", "cannot: no such thing"),
        ("the last \x1b[2Jwords", "the last words"),
        ("", ""),
    ],
)
def test_the_reason_is_found(said: str, reason: str) -> None:
    assert complaint_of(said, 300).startswith(reason)
    assert bool(reason) == bool(complaint_of(said, 300)) and len(complaint_of(said, 20)) <= 20
