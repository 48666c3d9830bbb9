"""The formats of logs: what their heads say, line by line."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from agent_core.logs.columns import NO_TIME
from agent_core.logs.formats.line import level_of
from agent_core.logs.levels import Level
from agent_core.logs.records import RecordReader

NOW = datetime(2026, 5, 21, 22, tzinfo=UTC).timestamp()
AT = datetime(2026, 5, 21, 10, tzinfo=UTC)
NO, DEBUG, INFO, WARN, ERROR, FATAL = (
    Level.UNKNOWN, Level.DEBUG, Level.INFO, Level.WARN, Level.ERROR, Level.FATAL,
)  # fmt: skip


def read(text: str, **options: object) -> list[tuple[int | None, Level, str, str, str]]:
    reader = RecordReader("app.log", now=NOW, **options)  # type: ignore[arg-type]
    found: list[tuple[int | None, Level, str, str, str]] = []
    for records in (reader.feed(text.encode()), reader.finish()):
        for i in range(len(records) if records is not None else 0):
            assert records is not None
            time = None if records.time[i] == NO_TIME else int(records.time[i])
            level, name = Level(int(records.level[i])), records.components[int(records.component[i])]
            found.append((time, level, name, records.message(i).decode(), records.whole(i).decode()))
    return found


def ms(thousandths: int = 0, **shift: int) -> int:
    return round((AT + timedelta(**shift)).timestamp() * 1000) + thousandths


LINES: list[tuple[str, int | None, Level, str, str]] = [
    # ISO 8601, and what loggers put behind it
    ("2026-05-21T10:00:00.250Z billing ERROR not charged", ms(250), ERROR, "billing", "not charged"),
    ("2026-05-21 10:00:00,250 INFO  [main] com.acme.Shop - sold", ms(250), INFO, "com.acme.Shop", "sold"),
    ("2026-05-21 10:00:00,250 [pool-1] WARN  com.acme.Shop - low", ms(250), WARN, "com.acme.Shop", "low"),
    ("2026-05-21 12:00:00.25+02:00  INFO 12 --- [main] c.acme.Shop : up", ms(250), INFO, "c.acme.Shop", "up"),
    ("2026-05-21 10:00:00,250 - shop.cart - ERROR - empty", ms(250), ERROR, "shop.cart", "empty"),
    ("2026-05-21 10:00:00 INFO shop: sold", ms(), INFO, "shop", "sold"),
    ("2026-05-21T10:00:00Z [WARN] shop-cart: low", ms(), WARN, "shop-cart", "low"),
    ("2026-05-21 10:00:00 INFO [shop] sold", ms(), INFO, "shop", "sold"),
    ("2026-05-21 10:00:00 INFO [main] sold", ms(), INFO, "", "[main] sold"),
    ("2026-05-21 10:00:00 INFO [worker-12] sold", ms(), INFO, "", "[worker-12] sold"),
    ("2026-05-21 10:00:00 ERROR ValueError: no price", ms(), ERROR, "", "ValueError: no price"),
    ("2026-05-21 10:00:00 ERROR failed: no price", ms(), ERROR, "", "failed: no price"),
    ("2026-05-21 10:00:00 ERROR: price: none", ms(), ERROR, "", "price: none"),
    ("2026-05-21 10:00:00,250 shop.cart WARNING low stock", ms(250), WARN, "shop.cart", "low stock"),
    ("2026-05-21 10:00:00.123 | INFO     | shop.cart:sell:12 - sold", ms(123), INFO, "shop.cart", "sold"),
    ("[2026-05-21T10:00:00,123][INFO ][o.a.s.Shop] [node-1] opened", ms(123), INFO, "o.a.s.Shop", "opened"),
    ("[2026-05-21 10:00:00,123: WARNING/MainProcess] late", ms(123), WARN, "MainProcess", "late"),
    ("[2026-05-21 10:00:00 +0000] [123] [INFO] Booting worker", ms(), INFO, "", "Booting worker"),
    ("[2026-05-21T10:00:00Z INFO  my_shop] hello", ms(), INFO, "my_shop", "hello"),
    ("2026-05-21T10:00:00.123456Z  INFO my_shop::cart: sold", ms(123), INFO, "my_shop::cart", "sold"),
    ("2026-05-21T10:00:00.1Z\tINFO\tcart\tshop/cart.go:12\tsold", ms(100), INFO, "cart", "sold"),
    ("2026-05-21T10:00:00.1Z\tinfo\tshop/cart.go:12\tsold", ms(100), INFO, "shop/cart.go", "sold"),
    ("2026-05-21T10:00:00.1Z error not charged", ms(100), ERROR, "", "not charged"),
    ("2026-05-21T10:00:00.1Z errors were seen", ms(100), NO, "", "errors were seen"),
    ("[Nest] 12  - 05/21/2026, 10:00:00 AM   ERROR [Shop] no price", ms(), ERROR, "Shop", "no price"),
    ("[Nest] 12  - 05/21/2026, 10:00:00 AM     LOG ready", ms(), INFO, "", "ready"),
    ("2026-05-21 10:00:00.123 UTC [1234] LOG:  checkpoint", ms(123), INFO, "", "checkpoint"),
    ("2026-05-21 10:00:00.123 UTC [1234] eve@shop ERROR:  no table", ms(123), ERROR, "", "no table"),
    ("2026/05/21 10:00:00 [error] 123#124: *5 refused", ms(), ERROR, "", "123#124: *5 refused"),
    ("2026/05/21 10:00:00 listening on 80", ms(), NO, "", "listening on 80"),
    ("2026/05/21 10:00:00.123456 shop.go:23: listening", ms(123), NO, "shop.go", "listening"),
    ("2026-05-21T10:00:00.123Z 0 [Warning] [MY-1] [Server] old", ms(123), WARN, "", "[MY-1] [Server] old"),
    ("2026-05-21T10:00:00.123+0000 I NETWORK  [conn1] gone", ms(123), INFO, "NETWORK", "gone"),
    ("2026-05-21T12:00:00+0200 host1 shopd[12]: sold", ms(), NO, "shopd", "sold"),
    ("2026-05-21 10:00:00.1234|WARN|Acme.Shop|low stock", ms(123), WARN, "Acme.Shop", "low stock"),
    ("2026-05-21T10:00:00.123Z [shop] warn: low", ms(123), WARN, "shop", "low"),
    ("[2026-05-21 10:00:00] production.ERROR: no cart", ms(), ERROR, "production", "no cart"),
    ("INFO 2026-05-21 10:00:00,123 cart sold", ms(123), INFO, "", "cart sold"),
    ("INFO  [main] 2026-05-21 10:00:00,123 Shop.java:12 - sold", ms(123), INFO, "Shop.java", "sold"),
    # engines that put a time before what has a head of its own
    ("2026-05-21T10:00:09.5Z 2026-05-21T10:00:00Z ERROR shop.cart: gone", ms(), ERROR, "shop.cart", "gone"),
    ("2026-05-21T10:00:09.5Z stdout F 2026-05-21 10:00:00 WARN low", ms(), WARN, "", "low"),
    ("2026-05-21T10:00:00.5Z stderr F panic: oh", ms(500), FATAL, "", "panic: oh"),
    ("web-1  | 2026-05-21 10:00:00 ERROR no cart", ms(), ERROR, "web", "no cart"),
    ("web-1  | plain words", None, NO, "web", "plain words"),
    ("web-1  | \tplain words", None, NO, "web", "\tplain words"),
    ("web-1\t| plain words", None, NO, "web", "plain words"),
    ("2026-05-21 10:00:00,250 - INFO  [Peer[id=1]/0:0:2181:Shop@7] - up", ms(250), INFO, "Shop", "up"),
    ("2026-05-21 10:00:00,250 ERROR [main] - gone", ms(250), ERROR, "", "gone"),
    # syslog
    ("May 21 10:00:00 host1 shopd[12]: sold one", ms(), NO, "shopd", "sold one"),
    ("May  1 10:00:00 host1 kernel: [   12.345] eth0 up", ms(days=-20), NO, "kernel", "eth0 up"),
    ("<11>May 21 10:00:00 host1 shopd: refused", ms(), ERROR, "shopd", "refused"),
    ('<165>1 2026-05-21T10:00:00.003Z h shopd 12 ID4 [a@1 b="3"] sold', ms(3), INFO, "shopd", "sold"),
    ("<34>1 2026-05-21T10:00:00.003Z h su - ID47 - no su", ms(3), FATAL, "su", "no su"),
    # servers
    ('10.0.0.7 - eve [21/May/2026:12:00:00 +0200] "GET / HTTP/1.1" 503 1', ms(), ERROR, "",
     '"GET / HTTP/1.1" 503 1'),
    ('::1 - - [21/May/2026:10:00:00 +0000] "GET / HTTP/1.1" 404 1', ms(), WARN, "", '"GET / HTTP/1.1" 404 1'),
    ('shop.test 10.0.0.7 - - [21/May/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 1', ms(), INFO, "",
     '"GET / HTTP/1.1" 200 1'),
    ("[Thu May 21 10:00:00.123456 2026] [core:error] [pid 12:tid 3] AH1: gone", ms(123), ERROR, "core",
     "AH1: gone"),
    ("12:M 21 May 2026 10:00:00.123 * Ready", ms(123), INFO, "", "Ready"),
    ("12:C 21 May 2026 10:00:00.123 # no config", ms(123), WARN, "", "no config"),
    ("[21-May-2026 10:00:00] NOTICE: ready", ms(), INFO, "", "ready"),
    ("21-May-2026 10:00:00.123 INFO [main] org.acme.shop.Startup up", ms(123), INFO, "org.acme.shop.Startup",
     "up"),
    # other loggers
    ("WARNING:shop.cart:low stock", None, WARN, "shop.cart", "low stock"),
    ("INFO:     10.0.0.7:1 - GET / 200", None, INFO, "", "10.0.0.7:1 - GET / 200"),
    ("[ERROR] COMPILATION ERROR", None, ERROR, "", "COMPILATION ERROR"),
    ("I0521 10:00:00.123456   12345 shop.go:34] started", ms(123), INFO, "shop.go", "started"),
    ("E, [2026-05-21T10:00:00.123456 #12] ERROR -- shop: broken", ms(123), ERROR, "shop", "broken"),
    ("[I 260521 10:00:00 shop:12] 200 GET", ms(), INFO, "shop", "200 GET"),
    ("10:00:00.123 [main] DEBUG com.acme.Shop - ready", ms(123), DEBUG, "com.acme.Shop", "ready"),
    ("[10:00:00 ERR] no cart", ms(), ERROR, "", "no cart"),
    ("26/05/21 10:00:00 INFO executor.Backend: up", ms(), INFO, "executor.Backend", "up"),
    ("260521 100000 148 INFO dfs.Node$Responder: done", ms(), INFO, "dfs.Node$Responder", "done"),
    ("05-21 10:00:00.123  1702  2395 D ShopManager: sold", ms(123), DEBUG, "ShopManager", "sold"),
    ("1779357600.5 shop ready", ms(500), NO, "", "shop ready"),
    ("- 1779357600 shop ready", ms(), NO, "", "shop ready"),
    ("1779357600500 shop ready", ms(500), NO, "", "shop ready"),
    ("[   12.345678] eth0: link up", None, NO, "eth0", "link up"),
    ("Thu May 21 10:00:00 UTC 2026 started", ms(), NO, "", "started"),
    ("21.05.2026 10:00:00 INFO started", ms(), INFO, "", "started"),
    ("05/21/2026 10:00:00 AM INFO started", ms(), INFO, "", "started"),
    # pairs
    ('time="2026-05-21T10:00:00Z" level=warning msg="low stock" n=3', ms(), WARN, "", '"low stock" n=3'),
    ("level=error ts=1779357600.5 component=cart msg=gone err=x", ms(500), ERROR, "cart", "gone err=x"),
    # JSON
    ('{"time":"2026-05-21T10:00:00.5Z","level":"info","msg":"sold","service":"shop","n":3}', ms(500), INFO,
     "shop", "sold n=3"),
    ('{"level":50,"time":1779357600500,"pid":1,"name":"shop","msg":"bad"}', ms(500), ERROR, "shop", "bad"),
    ('{"ts":1779357600.5,"severity":"WARNING","message":"low","logger":"a"}', ms(500), WARN, "a", "low"),
    ('{"@timestamp":"2026-05-21T10:00:00Z","log":{"level":"error","logger":"a"},"message":"x"}', ms(), ERROR,
     "a", "x"),
    ('{"log":"2026-05-21 10:00:00 ERROR shop.cart: gone\\n","stream":"stderr","time":"2026-05-21T10:00:09Z"}',
     ms(), ERROR, "shop.cart", "gone"),
    ('2026-05-21T10:00:00Z {"level":"warn","msg":"low"}', ms(), WARN, "", "low"),
    ('{"t":{"$date":"2026-05-21T10:00:00.250Z"},"s":"W","c":"NETWORK","id":7,"ctx":"conn1","msg":"slow","n":3}',
     ms(250), WARN, "NETWORK", "slow n=3"),
    ('{"MESSAGE":"low","PRIORITY":"4"}', None, WARN, "", "low"),
    # no head at all
    ("npm ERR! code ELIFECYCLE", None, ERROR, "", "npm ERR! code ELIFECYCLE"),
    ("error - could not build", None, ERROR, "", "error - could not build"),
    ("E       assert 1 == 2", None, ERROR, "", "E       assert 1 == 2"),
    ("there was no error", None, NO, "", "there was no error"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "time", "level", "name", "message"), LINES)
def test_what_a_head_says(line: str, time: int | None, level: Level, name: str, message: str) -> None:
    assert [found[:4] for found in read(line + "\n")] == [(time, level, name, message)]


@pytest.mark.parametrize("line", [line for line, *_ in LINES])
def test_a_single_line_has_the_level_of_its_record(line: str) -> None:
    assert level_of(line) == read(line)[0][1]


@pytest.mark.parametrize(("line", "time", "level", "name", "message"), LINES)
def test_many_lines_that_begin_alike_are_read_each(
    line: str, time: int | None, level: Level, name: str, message: str
) -> None:
    ends = ["" if line.endswith(("}", "]")) else f" and {number} more" for number in range(300)]
    found = read("\n".join(line + end for end in ends))
    assert [one[:4] for one in found] == [(time, level, name, message + end) for end in ends]


def test_heads_are_read_to_their_end_where_they_begin_alike() -> None:
    lines = [
        f'level=info {"x" * (number % 40)}=1 time=2026-05-21T10:00:00Z msg="sold {number}"'
        for number in range(600)
    ]
    found = read("\n".join(lines))
    assert found[:80] == [read(line)[0] for line in lines[:80]]


def test_formats_may_be_mixed() -> None:
    heads = [line for line, *_ in LINES[:-4]]
    expected = [(time, level, name, message) for _, time, level, name, message in LINES[:-4]]
    assert [found[:4] for found in read("\n".join(heads * 3))] == expected * 3


@pytest.mark.parametrize(
    ("line", "moment"),
    [
        ("Dec 31 23:59:59 h shopd: x", datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("May 22 10:00:00 h shopd: x", datetime(2026, 5, 22, 10, tzinfo=UTC)),
        ("May 24 10:00:00 h shopd: x", datetime(2025, 5, 24, 10, tzinfo=UTC)),
        ("Feb 29 10:00:00 h shopd: x", datetime(2024, 2, 29, 10, tzinfo=UTC)),
        ("E1231 23:59:59.000000 1 shop.go:3] x", datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("23:30:00 INFO x", datetime(2026, 5, 20, 23, 30, tzinfo=UTC)),
    ],
)
def test_what_a_time_does_not_say_is_the_latest_it_may_be(line: str, moment: datetime) -> None:
    assert read(line)[0][0] == moment.timestamp() * 1000


def test_a_time_without_a_zone_is_of_the_source_s() -> None:
    zone = ZoneInfo("America/New_York")
    summer, winter = "2026-05-21 10:00:00 INFO x\n", "2026-01-21 10:00:00 INFO x\n"
    named = "2026-05-21 10:00:00 +0300 INFO x\nJan 21 10:00:00 h shopd: x\n"
    found = [time for time, *_ in read(summer + winter + named, zone=zone)]
    january = round(datetime(2026, 1, 21, 15, tzinfo=UTC).timestamp() * 1000)
    assert found == [ms(hours=4), january, ms(hours=-3), january]
    assert read("10:00:00 INFO x", zone=timezone(timedelta(hours=2)))[0][0] == ms(hours=-2)


@pytest.mark.parametrize(
    "line",
    [
        "2026-13-41 10:00:00 INFO x",
        "2026-02-30T25:61:61Z INFO x",
        "0000-00-00 00:00:00 INFO x",
        "Feb 31 10:00:00 h shopd: x",
        "99:99:99 INFO x",
        "99/May/2026 10:00:00 INFO x",
        '{"time":"yesterday","msg":"x"}',
        '{"time":1e400,"msg":"x"}',
        '{"time":-5,"msg":"x"}',
        "level=info ts=9999999999999999999 msg=x",
    ],
)
def test_impossible_times_are_none(line: str) -> None:
    assert read(line)[0][0] is None


def test_a_record_of_a_clock_that_is_broken_has_no_time() -> None:
    text = "2026-05-21 10:00:00 INFO a\n1970-01-01 00:00:01 INFO b\n9999-12-31 23:59:59 INFO c\n"
    assert [time for time, *_ in read(text)] == [ms(), None, None]


def test_java_s_own_logger_has_heads_of_two_lines() -> None:
    text = "May 21, 2026 3:23:29 PM com.acme.Shop sell\nWARNING: low stock\n\tat a.B.c(B.java:1)\n"
    ((time, level, name, message, whole),) = read(text)
    assert time == ms(hours=5, minutes=23, seconds=29)
    assert (level, name, message) == (WARN, "com.acme.Shop", "low stock")
    assert whole == "low stock\n\tat a.B.c(B.java:1)"


def test_dotnet_s_console_has_its_message_on_the_next_line() -> None:
    found = read(
        "fail: Acme.Shop[3]\n      no cart\n      at Acme.Shop.Sell()\ninfo: Acme.Shop[1]\n      up\n"
    )
    assert [row[1:] for row in found] == [
        (ERROR, "Acme.Shop", "no cart", "no cart\n      at Acme.Shop.Sell()"),
        (INFO, "Acme.Shop", "up", "up"),
    ]


def test_a_trace_inside_json_becomes_lines() -> None:
    err = (
        '{"level":50,"time":1779357600000,"msg":"failed",'
        '"err":{"type":"E","message":"boom","stack":"E: boom\\n    at f (a.js:1:2)"}}'
    )
    ecs = (
        '{"@timestamp":"2026-05-21T10:00:00Z","message":"no",'
        '"error.stack_trace":"a.B: no\\n\\tat a.B.c(B.java:1)"}'
    )
    found = read("\n".join(("plain", err, ecs, "2026-05-21 10:00:00 INFO x")))
    assert [row[3:] for row in found] == [
        ("plain", "plain"),
        ("failed", "failed\nE: boom\n    at f (a.js:1:2)"),
        ("no", "no\na.B: no\n\tat a.B.c(B.java:1)"),
        ("x", "x"),
    ]


def test_what_is_no_log_record_in_json_stays_as_it_is() -> None:
    assert [row[3] for row in read('{"a":1}\n[1]\n{"msg"\n{}\n')] == ['{"a":1}', "[1]", '{"msg"', "{}"]
    deep = '{"a":' * 100_000
    assert read(deep)[0][3].startswith('{"a":')


def test_the_journal_as_it_is_exported() -> None:
    entry = (
        "__CURSOR=s=1\n__REALTIME_TIMESTAMP=1779357600500000\n_HOSTNAME=h\nPRIORITY=3\n"
        "SYSLOG_IDENTIFIER=shopd\n{}_PID=12\n\n"
    )
    size = (15).to_bytes(8, "little").decode()
    found = read(entry.format("MESSAGE=no cart\n") + entry.format(f"MESSAGE\n{size}one\n\n2026: two.\n"))
    assert [row[:4] for row in found] == [
        (ms(500), ERROR, "shopd", "no cart"),
        (ms(500), ERROR, "shopd", "one"),
    ]
    assert found[1][4] == "one\n\n2026: two."


@pytest.mark.parametrize("count", [129, 192])
def test_an_entry_of_the_journal_with_many_lines_is_one_record(count: int) -> None:
    message = "\n".join(["row"] * count) + "\n"
    size = len(message).to_bytes(8, "little").decode()
    entry = f"__CURSOR=s=1\n__REALTIME_TIMESTAMP=1779357600500000\nMESSAGE\n{size}{message}\n\n"
    assert [row[4].rstrip() for row in read(entry * 2)] == [message.rstrip()] * 2


def test_lines_that_a_container_engine_keeps_are_read_each_by_itself() -> None:
    inner = (
        "May 21, 2026 3:23:29 PM com.acme.Shop sell",
        "WARNING: low stock",
        "__CURSOR=s=1",
        "__REALTIME_TIMESTAMP=1779357600500000",
        "plain",
    )
    kept = [
        json.dumps({"log": f"{line}\n", "stream": "stdout", "time": "2026-05-21T10:00:00Z"}) for line in inner
    ]
    assert [row[:4] for row in read("\n".join(kept))] == [
        (ms(hours=5, minutes=23, seconds=29), NO, "com.acme.Shop", ""),
        (ms(), WARN, "", "low stock"),
        *((ms(), NO, "", line) for line in inner[2:]),
    ]


def test_hostile_lines_take_no_time() -> None:
    head = "2026-05-21 10:00:00 "
    hostile = (
        "1",
        "1 ",
        "1:#1",
        "[a] ",
        "a.",
        "(a) [b] 1 ",
        "a-1",
        "a=",
        "[",
        " ",
        "INFO ",
        "\\",
        '{"log":"',
    )
    assert {level_of(start + one * 100_000) for start in ("", head) for one in hostile} <= {NO, INFO}


def test_names_are_bounded() -> None:
    text = "".join(f"2026-05-21T10:00:00Z name-{n} INFO x\n" for n in range(10_000))
    reader = RecordReader("app.log", now=NOW)
    reader.feed(text.encode())
    records = reader.finish()
    assert records is not None
    assert len(records.components) < 5000
    assert records.components[records.component[0]] == ""
