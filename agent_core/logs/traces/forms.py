"""The forms that lines of stack traces have, one line by itself; what `grouping` decides by.

The alternatives of `FRAMES`, `LINKS` and `STARTS` keep to what RE2 understands: they are applied to whole
columns of messages.
"""

from __future__ import annotations

import re

MAX_LINE = 2000

FRAMES = (
    r"[ \t]+at [^ \t]",
    r"[ \t|]*File \"[^\"]+\", line [0-9]",
    r"[ \t]+\[Previous line repeated ",
    r" +[|+](?: |$|-\+-|-{8})",
    r"[ \t]*\.\.\. [0-9]+ (?:more|common frames omitted|levels|lines matching)",
    r"[ \t]*#[0-9]{1,5}[ \t]+[^ \t]",
    r"==[0-9]+== ",
    r"\t[^ \t][^\t]*\.(?:go|s):[0-9]+",
    r"goroutine [0-9]+ .*\[.*\]:$",
    r"created by [^ ]",
    r"\[signal SIG",
    r"[ \t]+[0-9]+: +[^ ]",
    r"[ \t]*(?:from )?(?:[\w-]+ \([0-9.]+\) )?[^ \t:]+\.rb:[0-9]+:in [`'][^`']*'$",
    r"[ \t]+from [^ \t:]+:[0-9]+:in [`']",
    r"[ \t]+[0-9]+: from [^ \t:]+:[0-9]+:in [`']",
    r"\t[^ \t]+\.lua:[0-9]+: in |\t\[C\]: in ",
    r"\t.* called at .* line [0-9]+",
    r"[0-9]+ +[^ ]+ +0x[0-9a-f]+ ",
    r"<asynchronous suspension>",
    r"[ \t]+--- End of ",
    r"--- End of stack trace",
    r"[ \t]*[\^~]+[ \t]*$",
    r"[Ss]tack (?:backtrace|traceback):$",
    r"[ \t]+thrown in [^ ]",
    r"note: (?:run with|Some details are omitted)",
    r"Node\.js v[0-9]",
    r"[ \t]+\([a-z_]+ [0-9][^ ]*\) [^ ]+\.[a-z]+:[0-9]+: ",
    r"[^ @]*@(?:https?|file|webpack)[^ ]*:[0-9]+:[0-9]+$",
)
"""Calls of a stack, and what stands among them only."""
LINKS = (
    r"[ \t]*(?:Caused by|Suppressed|Wrapped by|Root cause): ?",
    r"The above exception was the direct cause",
    r"During handling of the above exception",
    r"[ \t]+---> ",
    r"[ \t]+\[(?:cause|errors)\]: ",
    r"[ \t]*\[CIRCULAR REFERENCE",
    r"(?:Stack trace|Require stack|Current stack trace|Location):$|\[stacktrace\]$",
    r"Next [\w\\]+(?:Exception|Error)\b",
    r"[ \t]+nested exception is",
)
"""From one fault to the next."""
STARTS = (
    r"(?: +\+ Exception Group )?Traceback \(most recent call ",
    r"Exception (?:in thread|ignored in)",
    r"Task exception was never retrieved",
    r"Fatal Python error: ",
    r"(?:Current thread|Thread) 0x[0-9a-f]+ .*\(most recent call first\)",
    r"panic: ",
    r"fatal error: ",
    r"thread '[^']*' (?:\([0-9]+\) )?panicked at ",
    r"==[0-9]+==ERROR: ",
    r"WARNING: (?:DATA RACE|ThreadSanitizer)",
    r"[Uu]nhandled [Ee]xception",
    r"(?:error: )?Uncaught ",
    r"(?:Program|Thread [0-9]+ .*) (?:received|terminated with) signal SIG",
    r"PHP (?:Fatal|Parse|Recoverable fatal) error: ",
    r"[ \t]*(?:[\w$]+\.){1,12}[A-Z][\w$]*(?:Exception|Error|Throwable|Failure)(?:$|[:;\[( ])",
    r"\[?(?:[A-Z][\w$]*)?(?:Exception|Error|Rejection|Warning)(?:$|: | \[)",
    r"terminate called ",
    r"node:[^ ]+:[0-9]+$",
    r"\*\* \([A-Z]\w*(?:\.[A-Z]\w*)*\) ",
    r" ?[A-Z]\w*(?:::[A-Z]\w*)* \(.*\):$",
    r"[^ \t:]+\.rb:[0-9]+:in [`'][^`']*': ",
    r"[\w.]*_RemoteTraceback:",
    r"_+ (?:ERROR (?:at|collecting) .*|[\w.]*[Tt]est\w*(?:\[.*\])?) _+$",
)
"""The first line of a fault."""

_LEVEL = r"(?:TRACE|DEBUG|INFO|WARN(?:ING)?|ERROR|CRITICAL|FATAL)\b"
STAMPED = re.compile(
    rf"\W?(?:\d{{4}}[-/]\d\d[-/]\d\d|[A-Z][a-z]{{2}} [ \d]\d \d\d:|\d\d:\d\d:\d\d|[IWEF]\d{{4}} \d\d:"
    rf"|{_LEVEL})"
)
"""The head of a log's record."""
TRACEBACK = re.compile(r"(?: +\+ Exception Group |.{0,300})?Traceback \(most recent call ")
CHAINED = re.compile(r"The above exception was|During handling of|[ |]*\+-*\+?-{8}|[ |]+$")
"""Behind it another traceback belongs to the same event."""
INTRO = re.compile(
    r"\"{3}|Exception (?:in thread|ignored in)|Task exception was never|future: <"
    r"|.{0,200}\b(?:ERROR|CRITICAL|FATAL|SEVERE|[Ee]xception|[Ee]rror|[Ff]ailed)\b"
)
"""A log's own words before a traceback."""
FILE = re.compile(r"[ \t|]*File \"[^\"]+\", line \d")
GO = re.compile(r"goroutine \d+ |\t\S.*\.(?:go|s):\d+|created by |\[signal SIG")
GO_START = re.compile(r"(?:panic|fatal error): |goroutine \d+ |http: panic serving ")
GO_CALL = re.compile(
    r"[\w./*()\-{}·\[\]%,$]+\(.*\)$|[\w./-]+\.[\w.()*]+$|panic: |goroutine \d+ |exit status \d"
)
GO_FUNCTION = re.compile(r"[\w./-]+\.[\w.()*]+$")
GO_PLACE = re.compile(r"\t\S.*\.(?:go|s):\d+$")
"""A call of a stack that an error of Go has with it."""
RUST = re.compile(r"thread '.*' (?:\(\d+\) )?panicked at ")
RULE = re.compile(r"={18,}$")
SANITIZER = re.compile(
    r"==\d+==ERROR: |WARNING: (?:ThreadSanitizer|DATA RACE)|AddressSanitizer:DEADLYSIGNAL|={18,}$"
)
SANITIZER_END = re.compile(r"==\d+==ABORTING|={18}$")
SUMMARY = re.compile(r"SUMMARY: ")
SUMMED = re.compile(r"Shadow |\s|=>|==\d+==|0x")
"""What follows a summary."""
CHECKED = re.compile(r"==\d+==")
CHECK = re.compile(STARTS[-1])
"""Where pytest begins to tell of a failed test."""
CHECK_END = re.compile(r"={3,} .{1,200} ={3,}$|-{3,} Captured \w+ \w+ -{3,}$")
"""Behind it follows something else: a summary, or what the test printed."""
RUBY = re.compile(r"[^ \t:]+:[0-9]+:in [`'][^`']*': ")
CRASH = re.compile(r"(?:Current thread|Thread) 0x[0-9a-f]+ .*\(most recent call first\)|Extension modules: ")
CARETS = re.compile(r"[ \t]*[\^~]+[ \t]*$")
GROUP_END = re.compile(r" +\+-+$")
QUOTE = re.compile(r"(?:node:|/|[A-Za-z]:\\|file:///)\S.{0,300}:\d+$")
"""Where Node quotes the line that threw."""
HEAD = re.compile(
    r"\*\* \(|\W?(?:[\w$]+\.)*(?:[A-Z][\w$]*)?(?:Exception|Error|Throwable|Failure|Rejection|Warning)\b"
)
LINK = re.compile("|".join(LINKS))
CLOSING = re.compile(r"\s*\"?[\]})]+[,;]?$")
TOLD = re.compile(
    r"exit status \d|Found \d+ data race|- /|[a-z ]{0,40}nested exception is|note: |future: <|\"{3}$"
    r"|\(Use `node|(?:Receiver|Tried calling|Found): |Emitted 'error' event|\[(?:SQL|parameters): "
    r"|\(Background on this error|[+-] {2,}\S|(?:Program|Thread \d+ .{1,80}) received signal SIG"
    r"|[\w~:<>]+ \(.{0,300}\) at \S+:\d+$|\d+\t|0x[0-9a-f]+ in \S|: (?:[\w$]+\.)+[A-Z]|Last message "
)
NOTE = re.compile(r"[a-z(\[]|(?:DETAIL|HINT|CONTEXT|LINE \d+|QUERY): ")
"""A line right behind an exception that is likelier a note to it than the next line of the log."""
