"""Stack traces of the JVM."""

from __future__ import annotations

from agent_core.logs.traces import collapse, parse

SPRING = """\
2026-11-25 10:00:00,120 ERROR [http-nio-8080-exec-3] c.e.shop.web.ErrorPage - request failed
org.springframework.web.util.NestedServletException: Request processing failed
\tat org.springframework.web.servlet.FrameworkServlet.processRequest(FrameworkServlet.java:1014) ~[spring-webmvc-5.3.9.jar:5.3.9]
\tat javax.servlet.http.HttpServlet.service(HttpServlet.java:626) ~[servlet-api.jar:na]
\tat com.example.shop.web.Filter.doFilter(Filter.java:41) ~[classes/:na]
\tat java.base/java.lang.Thread.run(Thread.java:829) ~[na:na]
Caused by: com.example.shop.OrderException: order 17 is locked
\tat com.example.shop.Orders$Locker.lock(Orders.java:77) ~[classes/:na]
\tat com.example.shop.Orders.place(Orders.java:31)
\t... 40 common frames omitted
\tSuppressed: java.io.IOException: stream closed
\t\tat com.example.shop.Audit.close(Audit.kt:12)
\t\t... 41 more
Caused by: java.sql.SQLException: ORA-00060: deadlock detected
\tat oracle.jdbc.driver.T4CTTIoer.processError(T4CTTIoer.java:450)
\tat com.example.shop.db.Locks.acquire(Locks.java:19)
\t... 42 more
"""  # fmt: skip  # noqa: E501


def test_the_chain_with_what_was_suppressed() -> None:
    trace = parse(SPRING)
    assert trace is not None and trace.language == "java"
    assert [(fault.kind.rpartition(".")[2], fault.relation) for fault in trace.faults] == [
        ("NestedServletException", ""),
        ("OrderException", "cause"),
        ("IOException", "suppressed"),
        ("SQLException", "cause"),
    ]
    assert trace.root.message == "ORA-00060: deadlock detected"
    frame = trace.faults[1].frames[0]
    assert (frame.path, frame.line) == ("com/example/shop/Orders.java", 77)
    assert frame.function == "com.example.shop.Orders$Locker.lock"
    assert [frame.library for frame in trace.faults[0].frames] == ["org.springframework", "javax", "", "java"]


def test_what_is_shown_has_every_message_and_the_own_frames() -> None:
    shown = collapse(SPRING)
    for words in (
        "request failed",
        "NestedServletException: Request processing failed",
        "Filter.doFilter(Filter.java:41)",
        "OrderException: order 17 is locked",
        "Orders$Locker.lock(Orders.java:77)",
        "Suppressed: java.io.IOException: stream closed",
        "Caused by: java.sql.SQLException: ORA-00060: deadlock detected",
    ):
        assert words in shown
    assert "FrameworkServlet" not in shown
    assert len(shown.splitlines()) <= 12


def test_a_head_that_a_logger_wrote_on_the_same_line_and_module_names() -> None:
    text = """\
SEVERE: Servlet.service() threw exception: java.lang.ArithmeticException: / by zero
\tat app//com.example.Calc.div(Calc.scala:3)
\tat java.base@17.0.15/java.lang.reflect.Method.invoke(Method.java:569)
"""
    trace = parse(text)
    assert trace is not None
    assert (trace.root.kind, trace.root.message) == ("java.lang.ArithmeticException", "/ by zero")
    assert [frame.library for frame in trace.root.frames] == ["", "java"]


def test_mutual_recursion_is_a_count_of_both_frames() -> None:
    calls = "\tat a.A.even(A.java:4)\n\tat a.A.odd(A.java:7)\n" * 400
    shown = collapse(f"java.lang.StackOverflowError\n{calls}\tat a.A.main(A.java:9)\n")
    assert shown.splitlines()[:3] == [
        "java.lang.StackOverflowError",
        "  at a.A.even(A.java:4)  × 400",
        "  at a.A.odd(A.java:7)  × 400",
    ]


def test_threads_of_a_dump_keep_their_names_and_what_they_wait_for() -> None:
    text = """\
"pool-1-thread-2" #15 prio=5 os_prio=0 tid=0x00007f nid=0x1b runnable
   java.lang.Thread.State: BLOCKED (on object monitor)
\tat com.example.Ledger.post(Ledger.java:20)
\t- waiting to lock <0x000000076b> (a java.lang.Object)
\tat java.lang.Thread.run(Thread.java:829)
"""
    shown = collapse(text)
    for words in ("pool-1-thread-2", "BLOCKED", "Ledger.post(Ledger.java:20)"):
        assert words in shown
