"""Tools of other programs headless: asked for, allowed, listed, called, and nothing left behind."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.e2e.conftest import ROOT, Run, environment
from tests.fakes.processes import alive

FAKE = ROOT / "tests" / "fakes" / "mcp_server.py"
QUIET = ("--set", "provider=none")


def test_a_server_of_the_workspace_from_the_first_refusal_to_the_end(run: Run, repo: Path) -> None:
    log, state = repo.parent / "log", str(repo.parent / "state")
    entry = {"command": sys.executable, "args": [str(FAKE), f"--log={log}"], "env": {"MY_KEY": "${A_KEY}"}}
    (repo / ".mcp.json").write_text(json.dumps({"mcpServers": {"odd": entry}}))
    env = environment(XDG_STATE_HOME=state, A_KEY="swordfish-4711")

    refused = run("--batch", *QUIET, "-c", "odd__echo hello", env=env)
    assert refused.returncode == 3 and b"mcp allow odd" in refused.stderr and not log.exists()

    listed = run("mcp", "servers", *QUIET, "--format", "json", env=env)
    (row,) = json.loads(listed.stdout)["results"][0]["data"]["servers"]
    assert row["permission"] == "asks" and row["where"] == ".mcp.json" and not log.exists()

    done = run(
        "--batch", *QUIET, "-c", "mcp allow odd", "-c", "odd__echo hello", "-c", "odd__secret", env=env
    )
    assert done.returncode == 0 and b"heard hello" in done.stdout
    assert b"the key is" in done.stdout and b"swordfish" not in done.stdout + done.stderr

    asks = run("--batch", *QUIET, "-c", "odd__put hello", env=env)
    assert asks.returncode == 3 and b"--allow run:odd__put" in asks.stderr
    allowed = run("--batch", *QUIET, "--allow", "run:odd__put", "-c", "odd__put hello", env=env)
    assert allowed.returncode == 0 and b"heard hello" in allowed.stdout

    shown = run("mcp", "servers", "odd", *QUIET, env=env)
    assert shown.returncode == 0 and b"odd__echo  read  [odd] does echo" in shown.stdout
    pids = [int(line.split()[1]) for line in log.read_text().splitlines() if line.startswith("started")]
    assert len(pids) == 4 and not any(alive(pid) for pid in pids)


def test_a_build_that_looks_whether_servers_work_fails_where_one_does_not(run: Run, repo: Path) -> None:
    config = repo.parent / "config"
    (config / "dspy-tui").mkdir(parents=True)
    args = json.dumps([str(FAKE)])
    good = f"[mcp_servers.good]\ncommand = {json.dumps(sys.executable)}\nargs = {args}\n"
    (config / "dspy-tui" / "config.toml").write_text(f"{good}[mcp_servers.bad]\ncommand = 'no-such-4711'\n")
    env = environment(XDG_CONFIG_HOME=str(config), XDG_STATE_HOME=str(repo.parent / "state"))
    assert run("mcp", "servers", "good", *QUIET, env=env).returncode == 0
    for words in (("bad",), ()):
        done = run("mcp", "servers", *words, *QUIET, env=env)
        assert done.returncode == 1, done.stderr
        assert b"The server bad is not there: It cannot be started" in done.stderr
        assert b"1 server does not work: bad" in done.stderr and b"failed (from " in done.stdout
