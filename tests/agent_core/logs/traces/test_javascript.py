"""Stack traces of JavaScript."""

from __future__ import annotations

from agent_core.logs.traces import collapse, parse

CAUSE = """\
/srv/web/server.js:31
    throw new GatewayError("upstream", { cause: error });
    ^

GatewayError: upstream
    at Proxy.forward (/srv/web/server.js:31:11)
    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)
    at async Layer.handle (/srv/web/node_modules/express/lib/router/layer.js:95:5) {
  code: 'ERR_GATEWAY',
  status: 502,
  [cause]: Error: connect ECONNREFUSED 10.0.0.7:8443
      at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1555:16) {
    errno: -111,
    code: 'ECONNREFUSED',
    syscall: 'connect'
  }
}

Node.js v20.20.2
"""


def test_a_cause_and_the_codes_of_both() -> None:
    trace = parse(CAUSE)
    assert trace is not None and trace.language == "javascript"
    assert [(fault.kind, fault.message, fault.relation) for fault in trace.faults] == [
        ("GatewayError", "upstream", ""),
        ("Error", "connect ECONNREFUSED 10.0.0.7:8443", "cause"),
    ]
    assert trace.faults[0].codes == ("code: 'ERR_GATEWAY'", "status: 502")
    shown = collapse(CAUSE)
    for words in (
        "GatewayError: upstream",
        "ERR_GATEWAY",
        "ECONNREFUSED",
        "Proxy.forward (/srv/web/server.js:31:11)",
    ):
        assert words in shown
    assert "… 3 frames in node, express" in shown


def test_members_of_an_aggregate() -> None:
    text = """\
[AggregateError: All promises were rejected] {
  [errors]: [
    Error: replica a timed out
        at ask (/srv/web/ask.js:8:52)
        at node:internal/main/run_main_module:28:49,
    RangeError: replica b out of range
        at ask (/srv/web/ask.js:9:52)
  ]
}
"""
    trace = parse(text)
    assert trace is not None
    assert [(fault.kind, fault.relation) for fault in trace.faults] == [
        ("AggregateError", ""),
        ("Error", "member"),
        ("RangeError", "member"),
    ]


def test_a_syntax_error_has_only_the_place_that_node_quotes() -> None:
    text = """\
/srv/web/bad.js:3
const port = ;
             ^

SyntaxError: Unexpected token ';'
    at wrapSafe (node:internal/modules/cjs/loader:1464:18)
    at Module._compile (node:internal/modules/cjs/loader:1495:20)

Node.js v20.20.2
"""
    trace = parse(text)
    assert trace is not None
    assert (trace.root.frames[0].path, trace.root.frames[0].line) == ("/srv/web/bad.js", 3)
    assert "/srv/web/bad.js:3" in collapse(text)


def test_the_forms_of_browsers() -> None:
    text = """\
Uncaught TypeError: cart is null
total@https://shop.example/static/cart.js:12:9
@https://shop.example/static/main.js:3:1
"""
    trace = parse(text)
    assert trace is not None
    assert [(frame.function, frame.line) for frame in trace.root.frames] == [("total", 12), ("", 3)]
    assert trace.root.kind == "TypeError"
