"""`dspy-tui serve` over its protocol: who gets what, and what is left when a page or the server goes."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import aiohttp
import psutil
import pytest

from tests.e2e.conftest import Run
from tests.e2e.web.conftest import Serving
from tui.serve.server import MOST

PAGES = ["/", "/ws", "/static/js/textual.js", "/static/", "/own/page.js", "/download/x", "/nothing"]


async def until_gone(processes: list[psutil.Process]) -> None:
    _, alive = await asyncio.to_thread(psutil.wait_procs, processes, 60)
    assert not alive, alive


async def text_of(page: aiohttp.ClientWebSocketResponse, wanted: bytes) -> None:
    """Read what a page is sent until it holds something."""
    seen = b""
    async with asyncio.timeout(60):
        async for message in page:
            seen += message.data if isinstance(message.data, bytes) else b""
            if wanted in seen:
                return
    raise AssertionError(seen[-2000:])


async def test_without_the_token_nobody_gets_anything(serving: Serving) -> None:
    wrong = serving.url[:-1] + ("a" if serving.url[-1] != "a" else "b")
    async with aiohttp.ClientSession() as client:
        for url in (wrong, f"{serving.base}/?token=", *(serving.base + path for path in PAGES)):
            async with client.get(url, headers={"Cookie": "dspy-tui-1=x"}) as answer:
                assert (answer.status, await answer.read()) == (403, b""), url
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await client.ws_connect(f"{serving.base}/ws?width=80&height=24")
    assert not serving.family()


async def test_the_token_is_taken_once_and_kept_out_of_the_address(serving: Serving) -> None:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
        async with client.get(serving.url, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/")
            cookie = answer.headers["Set-Cookie"]
            assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
        async with client.get(serving.base) as answer:
            page = await answer.text()
            assert answer.status == 200 and "token" not in page and "http://" not in page
            assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        for path in ("/static/js/textual.js", "/static/css/xterm.css", "/own/page.js", "/own/page.css"):
            async with client.get(serving.base + path) as answer:
                assert answer.status == 200, path
        for path in ("/static/", "/static/../server.py", "/own/server.py", "/download/x"):
            async with client.get(serving.base + path) as answer:
                assert answer.status in (403, 404), path
        for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
            async with client.get(serving.url, headers=headers) as answer:
                assert (answer.status, await answer.read()) == (403, b""), headers
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await client.ws_connect(f"{serving.base}/ws", headers=headers)


async def test_a_page_is_a_session_that_ends_with_it(serving: Serving) -> None:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
        await client.get(serving.url)
        page = await client.ws_connect(f"{serving.base}/ws?width=100&height=30")
        await text_of(page, b"Ask about")
        for each in ("grep parse_header\r", '["not", "known"]'):
            await page.send_json(["stdin", each])
        await text_of(page, b"answered")
        family = serving.family()
        assert family
        await page.close()
        await until_gone(family)
        other = await client.ws_connect(f"{serving.base}/ws?width=100&height=30")
        await text_of(other, b"Ask about")
        await other.send_json(["stdin", "\x11"])  # ctrl+q
        async with asyncio.timeout(60):
            async for _ in other:
                pass
        await until_gone(serving.family())


async def raw(serving: Serving, *lines: bytes) -> bytes:
    """What is answered to a request, byte by byte."""
    host, _, port = serving.base.removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"\r\n".join((*lines, b"Host: localhost", b"Connection: close", b"", b"")))
    answer = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    return answer


async def test_nothing_odd_breaks_it_or_shows_on_the_terminal(serving: Serving, repo: Path) -> None:
    port = serving.base.rpartition(":")[2].encode()
    cookie = b"Cookie: dspy-tui-" + port + b"=\xc3\xa9\xff"
    refused = await raw(serving, b"GET / HTTP/1.1", cookie)
    assert refused.startswith(b"HTTP/1.1 403 ") and refused.endswith(b"\r\n\r\n")
    query = serving.url.partition("?")[2].encode()
    assert (await raw(serving, b"GET /?" + query + b"\xff HTTP/1.1")).startswith(b"HTTP/1.0 400 ")
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
        await client.get(serving.url)
        for font in ("9" * 5000, "\u0662", "-1"):
            async with client.get(serving.base, params={"fontsize": font}) as answer:
                assert answer.status == 200
        page = await client.ws_connect(f"{serving.base}/ws", params={"width": "\xb2", "height": "9" * 5000})
        await text_of(page, b"Ask about")
        family = serving.family()
        await page.send_str("no JSON")
        await until_gone(family)
    assert await asyncio.to_thread(serving.end) == 0
    assert len(serving.said) == 1, serving.said
    log = (repo / ".dspy_tui" / "logs" / "dspy-tui.jsonl").read_bytes()
    assert b"aiohttp.server" in log and query.removeprefix(b"token=") not in log


async def test_one_page_too_many_is_told_so(serving: Serving) -> None:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
        await client.get(serving.url)
        pages = [await client.ws_connect(f"{serving.base}/ws?width=80&height=24") for _ in range(MOST)]
        async with client.get(serving.base) as answer:
            assert answer.status == 503 and "8 sessions run already" in await answer.text()
        await asyncio.gather(*(page.close() for page in pages))
        await until_gone(serving.family())
        async with client.get(serving.base) as answer:
            assert answer.status == 200 and "The session has ended" in await answer.text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_ends_all_pages(serving: Serving, number: int) -> None:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
        await client.get(serving.url)
        page = await client.ws_connect(f"{serving.base}/ws?width=80&height=24")
        await text_of(page, b"Ask about")
        assert serving.family()
        assert await asyncio.to_thread(serving.end, number) == 0
    assert "whoever has it can do what you can" in "".join(serving.said)


def test_a_port_that_is_taken_is_told(run: Run, serving: Serving, repo: Path, tmp_path: Path) -> None:
    port = serving.base.rpartition(":")[2]
    done = run("serve", "--port", port)
    assert (done.returncode, done.stdout) == (1, b"")
    assert f"Port {port} cannot be used".encode() in done.stderr and b"--port" in done.stderr
    for wrong in ("0", "x", "70000"):
        assert run("serve", "--port", wrong).returncode == 2
    assert run("serve", "--set", "nonsense").returncode == 2
    other = Serving(repo, home=tmp_path / "home")  # ours may be taken: then it takes another
    assert other.url and other.base != serving.base and other.end() == 0
