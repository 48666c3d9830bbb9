"""What went wrong with the engine, from what it said, as an error with a next step."""

from __future__ import annotations

import re

from agent_core.errors import NoEngine, StackFault
from agent_core.masking import mask_secrets
from agent_core.text import one_line, shorten

_LONGEST = 400
_START = "Start it: `sudo systemctl start docker`, or Docker Desktop."
_FAULTS: tuple[tuple[str, type[StackFault], str, str], ...] = (
    (r"fatal error: (?:runtime: )?(?:out of memory|cannot allocate memory)", StackFault,
     "Reading the files of the stack takes more memory than it may",
     "See which other files docker-compose.yml and its override file name; one of them is too large."),
    (r"(?:^|\n)panic: (?P<what>[^\n]+)", StackFault, "Compose itself broke: {what}",
     "Run it again; if that does not help, install a newer compose."),
    (r"permission denied.*(?:docker|podman)\.sock|dial unix \S+: connect: permission denied", NoEngine,
     "You may not talk to the container engine",
     "Add yourself to the group docker (`sudo usermod -aG docker $USER`, then log in again)."),
    (r"Cannot connect to the Docker daemon|Is the docker daemon running|connect: no such file|"
     r"connect: connection refused|failed to connect to the docker API", NoEngine,
     "The container engine does not answer", _START),
    (r"no space left on device", StackFault, "The disk of the container engine is full",
     "`stack clean` frees what nothing uses; volumes stay."),
    (r"Bind for (?P<what>\S+) failed: port is already allocated", StackFault,
     "The port {what} is taken by another container", "Stop that one, or set another port in .env."),
    (r"listen tcp\d? (?P<what>\S+): bind: address already in use", StackFault,
     "The port {what} is taken by another program", "Stop that program, or set another port in .env."),
    (r"container (?P<what>\S+) is unhealthy", StackFault, "{what} is not healthy",
     "`stack logs` shows what it says; `stack ps` how it stands."),
    (r"container (?P<what>\S+) exited \((?P<code>\d+)\)", StackFault, "{what} ended with exit code {code}",
     "`stack logs` shows its last words."),
    (r"service \"(?P<what>[^\"]+)\" didn't complete successfully: exit (?P<code>\d+)", StackFault,
     "{what} failed with exit code {code}", "`stack logs` shows its last words."),
    (r"pull access denied for (?P<what>[^,\s]+)|manifest for (?P<other>\S+) not found|"
     r"No such image: (?P<third>\S+)", StackFault, "There is no image {what} to be had",
     "`stack build` makes ours; the others come from their registries."),
    (r"/v2/.*(?:no such host|network is unreachable|i/o timeout|handshake timeout|refused|misbehaving)",
     StackFault, "An image cannot be fetched: its registry cannot be reached",
     "Check the network or the proxy of the engine; `docker load` brings images in from a file."),
    (r"failed to solve: (?P<what>[^\n]+)|(?P<other>The command [^\n]+ returned a non-zero code: \d+)",
     StackFault, "An image cannot be built: {what}", "The last lines of its build say why."),
    (r"exec: \"(?P<what>[^\"]+)\": executable file not found", StackFault,
     "A container has no program {what}", "Is the image the right one? `stack build` makes ours anew."),
    (r"remote resource is disabled", StackFault,
     "The compose file takes a part from elsewhere, which is not read",
     "Copy that part into the folder of the stack."),
    (r"open (?P<what>\S+): no such file or directory", StackFault, "There is no file {what}",
     "`stack init` writes the files of the stack."),
    (r"no such service: (?P<what>\S+)", StackFault, "There is no service {what}", "`stack ps` lists them."),
    (r"empty compose file", StackFault, "The compose file is empty", "`stack init` writes it anew."),
    (r"env file (?P<what>.+?) not found", StackFault, "There is no file {what}, which a service names",
     "Make it, or take it out of your override file."),
    (r"failed to read (?P<what>.+?\.env: .+)", StackFault, "A file of variables is wrong: {what}",
     "Mend that line."),
    (r"(?P<fourth>[^\n]+): invalid compose project|yaml: (?P<what>.+)|validating (?P<other>.+)|"
     r"services\.(?P<third>.+)", StackFault, "The compose file is wrong: {what}",
     "Mend your override file, or run `stack init` again."),
)  # fmt: skip
"""Pattern, error, message and hint; the first that matches. `{what}` is what one of its groups found."""


def fault_of(said: str, command: str) -> StackFault:
    """The error that stands for what a command said when it failed; what looks like a secret is masked."""
    said = mask_secrets(said)
    for pattern, kind, message, hint in _FAULTS:
        match = re.search(pattern, said, re.IGNORECASE | re.DOTALL)
        if match is not None:
            found = match.groupdict()
            what = next((found[name] for name in ("what", "other", "third", "fourth") if found.get(name)), "")
            text = message.format(what=shorten(one_line(what), _LONGEST), code=found.get("code") or "")
            return kind(re.sub(r"\s+", " ", text).strip(), hint=hint)
    last = next((line for line in reversed(said.splitlines()) if line.strip()), "")
    reason = shorten(one_line(last.removeprefix("Error response from daemon: ")), _LONGEST)
    return StackFault(
        f"`{command}` failed: {reason}" if reason else f"`{command}` failed and did not say why",
        hint="`stack doctor` checks the engine; `stack logs` shows what the services say.",
    )
