"""Known vulnerabilities of what we depend on, by pip-audit; `advisories.toml` has those that are accepted.

Where no database of advisories can be reached, it says so and ends well: nothing is known then. With
`--required`, as before a release, that is exit code 2, as are words that mean nothing here. Exit code 1:
there is a finding that is not accepted.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from scripts.licences import found, rules, unknown_words  # noqa: E402 - it is run as a file, too

TOOL = (str(Path(sys.executable).with_name("uv")), "tool", "run", "--quiet", "pip-audit>=2.9,<3")
CANARY = "jinja2==2.4.1"
"""It has advisories: a database that names none for it was not reached."""
_CANARY_S, _AUDIT_S = 45, 150


def audited(requirements: list[str], *, seconds: float) -> dict[str, list[dict[str, Any]]] | str:
    """Findings by package; or why there are none to be had."""
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "requirements.txt"
        listed.write_text("\n".join(requirements) + "\n")
        command = [*TOOL, "--requirement", str(listed), "--no-deps", "--disable-pip", "--format", "json"]
        command += ["--progress-spinner", "off", "--timeout", "10"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, cwd=folder)
        except subprocess.TimeoutExpired:
            return f"it took longer than {seconds:.0f} s"
        except OSError as error:
            return f"{command[0]} cannot be run: {error.strerror}"
    try:
        said = json.loads(done.stdout)
    except ValueError:
        return next(reversed(done.stderr.strip().splitlines()), "it said nothing")
    return {each["name"]: each.get("vulns", []) for each in said["dependencies"]}


def main(*words: str) -> int:
    """Ask about the canary, then about everything."""
    if unknown_words(words, "--required"):
        return 2
    skipped = 2 if "--required" in words else 0
    accepted: dict[str, str] = tomllib.loads((ROOT / "scripts" / "advisories.toml").read_text())["accepted"]
    canary = audited([CANARY], seconds=_CANARY_S)
    if isinstance(canary, str) or not canary.get("jinja2"):
        why = canary if isinstance(canary, str) else f"it knows nothing of {CANARY}, which has advisories"
        print(f"skipped: no database of advisories can be reached from here ({why[:200]})")
        return skipped
    pinned = [f"{each.name}=={metadata.version(each.name)}" for each in found(rules())[0]]
    findings = audited(pinned, seconds=_AUDIT_S)
    if isinstance(findings, str):
        print(f"skipped: {findings[:200]}")
        return skipped
    open_ones = 0
    met: set[str] = set()
    for name, listed in sorted(findings.items()):
        for each in listed:
            ids = {each["id"], *each.get("aliases", [])}
            why = next((accepted[one] for one in sorted(ids) if one in accepted), "")
            met |= ids
            open_ones += not why
            fixed = ", ".join(each.get("fix_versions", [])) or "none"
            print(f"{name}: {each['id']}, fixed in {fixed}: {f'accepted, {why}' if why else 'NOT ACCEPTED'}")
    for gone in sorted(accepted.keys() - met):
        print(f"{gone} is accepted and no longer found: remove it from scripts/advisories.toml")
    print(f"{len(pinned)} packages looked at, {open_ones} findings that are not accepted")
    return 1 if open_ones else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
