"""Tracebacks of Python: what is read of them, and what is shown."""

from __future__ import annotations

from agent_core.logs.traces import collapse, parse

CHAINED = """\
ERROR:billing:could not close the month
Traceback (most recent call last):
  File "/srv/shop/billing/rates.py", line 41, in rate
    return table[currency]
           ~~~~~^^^^^^^^^^
KeyError: 'XAU'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/srv/shop/billing/month.py", line 88, in close
    total += entry.amount * rate(entry.currency)
                            ^^^^^^^^^^^^^^^^^^^^
  File "/srv/shop/billing/rates.py", line 43, in rate
    raise RateMissing(currency)
shop.billing.rates.RateMissing: no rate for XAU

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/usr/lib/python3.11/concurrent/futures/thread.py", line 58, in run
    result = self.fn(*self.args, **self.kwargs)
             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/srv/shop/.venv/lib/python3.11/site-packages/celery/app/task.py", line 411, in __call__
    return self.run(*args, **kwargs)
  File "/srv/shop/billing/month.py", line 92, in close
    raise CloseFailed("2026-10") from error
shop.billing.month.CloseFailed: 2026-10
"""
GROUP = """\
  + Exception Group Traceback (most recent call last):
  |   File "/srv/shop/sync.py", line 12, in main
  |     async with asyncio.TaskGroup() as group:
  | ExceptionGroup: unhandled errors in a TaskGroup (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/srv/shop/sync.py", line 5, in pull
    |     raise TimeoutError("mirror 3")
    | TimeoutError: mirror 3
    |
    | The above exception was the direct cause of the following exception:
    |
    | Traceback (most recent call last):
    |   File "/srv/shop/sync.py", line 8, in pull
    |     raise SyncError("pull") from error
    | SyncError: pull
    +---------------- 2 ----------------
    | Traceback (most recent call last):
    |   File "/srv/shop/sync.py", line 20, in push
    |     raise PermissionError(13, "denied")
    | PermissionError: [Errno 13] denied
    +------------------------------------
"""


def test_a_chain_is_told_from_its_outermost_fault_to_its_root() -> None:
    trace = parse(CHAINED)
    assert trace is not None and trace.language == "python"
    told = [(fault.kind.rpartition(".")[2], fault.message, fault.relation) for fault in trace.faults]
    assert told == [
        ("CloseFailed", "2026-10", ""),
        ("RateMissing", "no rate for XAU", "cause"),
        ("KeyError", "'XAU'", "context"),
    ]
    assert trace.root.kind == "KeyError"
    assert trace.lead == ("ERROR:billing:could not close the month",)
    outer = trace.faults[0].frames
    assert [(frame.function, frame.line, frame.library) for frame in outer] == [
        ("close", 92, ""),
        ("__call__", 411, "celery"),
        ("run", 58, "python"),
    ]
    assert outer[0].source == 'raise CloseFailed("2026-10") from error'


def test_what_is_shown_of_a_chain() -> None:
    assert collapse(CHAINED).splitlines() == [
        "ERROR:billing:could not close the month",
        "shop.billing.month.CloseFailed: 2026-10",
        '  File "/srv/shop/billing/month.py", line 92, in close',
        "caused by shop.billing.rates.RateMissing: no rate for XAU",
        '  File "/srv/shop/billing/rates.py", line 43, in rate',
        "while handling KeyError: 'XAU'",
        '  File "/srv/shop/billing/rates.py", line 41, in rate',
        "… 1 own frame, 2 in celery, python",
    ]


def test_frames_of_neither_are_named_so() -> None:
    frames = "".join(f'  File "{path}.py", line {n}, in f\n    f()\n' for n, path in enumerate("abc", 1))
    trace = f"Traceback (most recent call last):\n{frames}ValueError: no\n"
    shown = collapse(trace, own=lambda path: None if path == "a.py" else path)
    assert shown.splitlines()[-1] == "… 1 own frame, 1 other"


def test_members_of_a_group_follow_it_each_with_its_causes() -> None:
    trace = parse(GROUP)
    assert trace is not None
    assert [(fault.kind, fault.relation) for fault in trace.faults] == [
        ("ExceptionGroup", ""),
        ("SyncError", "member"),
        ("TimeoutError", "cause"),
        ("PermissionError", "member"),
    ]
    assert [frame.function for frame in trace.faults[2].frames] == ["pull"]


def test_recursion_is_a_count() -> None:
    text = """\
Traceback (most recent call last):
  File "/srv/a.py", line 9, in <module>
    down(0)
  File "/srv/a.py", line 4, in down
    return down(n + 1)
  File "/srv/a.py", line 4, in down
    return down(n + 1)
  File "/srv/a.py", line 4, in down
    return down(n + 1)
  [Previous line repeated 996 more times]
RecursionError: maximum recursion depth exceeded
"""
    trace = parse(text)
    assert trace is not None
    assert [(frame.function, frame.count) for frame in trace.root.frames] == [("down", 999), ("<module>", 1)]
    assert "in down  × 999" in collapse(text)


def test_the_head_of_a_thread_and_notes_stay() -> None:
    text = """\
Exception in thread mail-3:
Traceback (most recent call last):
  File "/usr/lib/python3.11/threading.py", line 1045, in _bootstrap_inner
    self.run()
  File "/srv/mail/send.py", line 7, in run
    int(size)
ValueError: invalid literal for int() with base 10: '12x'
while reading column 'qty'
of row 118
"""
    shown = collapse(text)
    for words in ("mail-3", "ValueError: invalid literal", "column 'qty'", "of row 118", "send.py"):
        assert words in shown
    assert "threading.py" not in shown


def test_a_syntax_error_names_its_place() -> None:
    text = """\
Traceback (most recent call last):
  File "/srv/app/main.py", line 1, in <module>
    import rules
  File "/srv/app/rules.py", line 3
    def check(
             ^
SyntaxError: '(' was never closed
"""
    assert collapse(text).splitlines()[:2] == [
        "SyntaxError: '(' was never closed",
        '  File "/srv/app/rules.py", line 3',
    ]


def test_a_crash_of_the_interpreter_has_its_innermost_frame_first() -> None:
    text = """\
Fatal Python error: Segmentation fault

Current thread 0x00007f2a5c1f9740 (most recent call first):
  File "/srv/app/native.py", line 6 in poke
  File "/srv/app/main.py", line 9 in <module>

Thread 0x00007f2a5b0ff700 (most recent call first):
  File "/usr/lib/python3.11/threading.py", line 324 in wait

Extension modules: numpy.core._multiarray_umath, lxml.etree (total: 2)
"""
    trace = parse(text)
    assert trace is not None
    assert [(fault.kind[:6], fault.relation) for fault in trace.faults] == [
        ("Fatal ", ""),
        ("Thread", "thread"),
    ]
    assert [frame.function for frame in trace.root.frames] == ["poke", "<module>"]
    assert "Fatal Python error: Segmentation fault" in collapse(text)
