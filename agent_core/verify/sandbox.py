"""Running what a model wrote without network and without the user's files: bubblewrap.

Inside, the system is read-only; `/tmp`, the home folder and `/run` are empty. The workspace's own path holds
what is checked: its copy, where there is one, which alone can be written. Of the home folder there is only
what builds need to read: toolchains and the caches of downloaded packages, never their credentials.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import which

from agent_core.capture import capture
from agent_core.files import read_bounded
from agent_core.text import one_line
from agent_core.verify.environment import without_secrets

_TRY_S = 4.0
_NEEDED = (
    *(".cargo/bin", ".cargo/registry", ".cargo/git", ".cargo/config.toml", ".rustup", "go", ".local/go"),
    *(".pyenv", ".local/bin", ".local/lib", ".local/share/uv", ".local/share/pnpm", ".local/share/mise"),
    *(
        ".local/share/virtualenvs",
        ".local/pipx",
        ".asdf",
        ".nvm",
        ".volta",
        ".fnm",
        ".deno",
        ".bun",
        ".nodenv",
    ),
    *("miniconda3", "anaconda3", "miniforge3", ".conda/envs", ".cache/pypoetry/virtualenvs", ".cache/uv"),
    *(".cache/pyright-python", ".cache/node", ".cache/pre-commit", ".cache/ms-playwright", ".sdkman"),
    *(".m2/repository", ".gradle/caches", ".gradle/wrapper", ".rbenv", ".rvm", ".gem", ".nix-profile"),
)
_NEEDED_BY_NAME = (
    *(
        "RUSTUP_HOME",
        "PYENV_ROOT",
        "NVM_DIR",
        "VOLTA_HOME",
        "ASDF_DATA_DIR",
        "GOROOT",
        "GOMODCACHE",
        "JAVA_HOME",
    ),
    *("VIRTUAL_ENV", "CONDA_PREFIX", "UV_PYTHON_INSTALL_DIR", "UV_CACHE_DIR"),
)
"""Variables that lead to toolchains and caches in other places."""
_LONGEST_FIRST_LINE = 256
_EMPTY = ("/tmp", "/var/tmp", "/run", "/home", "/root", "/mnt", "/media")
_KEYS = (
    *(
        ".ssh",
        ".gnupg",
        ".aws",
        ".azure",
        ".config",
        ".docker",
        ".kube",
        ".netrc",
        ".pypirc",
        ".npmrc",
        ".gem",
    ),
    *(".git-credentials", ".cargo/credentials.toml", ".cargo/credentials", ".mozilla", ".password-store"),
)
_UNREADABLE = (
    "/etc/shadow",
    "/etc/gshadow",
    "/etc/ssh",
    "/etc/sudoers",
    "/etc/sudoers.d",
    "/var/run/docker.sock",
)
_OFFLINE = {
    "CARGO_NET_OFFLINE": "true",
    "GOPROXY": "off",
    "GOTOOLCHAIN": "local",
    "PIP_NO_INDEX": "1",
    "UV_OFFLINE": "1",
    "NPM_CONFIG_OFFLINE": "true",
}
"""Words to tools that there is no network, so that they don't wait for it."""
_NEEDED_RUN = ("/run/current-system", "/run/systemd/resolve")


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A working bubblewrap, and what of the file system checks may see besides the system's own.

    `shared` are folders or files of the workspace that its copy takes over read-only; those in `scratch` are
    empty and can be written. Relative paths, posix.
    """

    program: str
    shared: tuple[str, ...] = ()
    scratch: tuple[str, ...] = ()

    def with_shared(self, shared: Sequence[str], scratch: Sequence[str] = ()) -> Sandbox:
        """The same for a copy that takes over these places; `scratch` are empty and can be written."""
        return replace(self, shared=tuple(shared), scratch=tuple(scratch))

    def wrap(
        self,
        argv: tuple[str, ...],
        *,
        env: Mapping[str, str],
        root: Path,
        stands_for: Path,
        cwd: str,
        scratch: Path,
        home: Path,
        writable: bool = True,
        seen: Sequence[Path] = (),
        kept: Sequence[Path] = (),
    ) -> tuple[tuple[str, ...], dict[str, str]]:
        """The call that runs another call inside, and its environment.

        Args:
            argv: What is run.
            env: Its environment; what names a secret is left out.
            root: What can be written: a copy of the workspace, or the workspace itself.
            stands_for: The workspace, whose path it lies at inside.
            cwd: The working folder, relative to the root.
            scratch: A folder that can be written too.
            home: What lies inside at the place of the home folder, the same.
            writable: Whether the root can be written.
            seen: Folders that can be read besides, wherever they lie.
            kept: Files and folders that cannot be written although the root they lie in can.
        """
        own = env.get("HOME") or _real_home()
        inner = {**without_secrets(env), **_OFFLINE, "HOME": own, "TMPDIR": "/tmp"}
        options = [
            *("--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"),
            *("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"),
            *_hidden(),
            *("--bind", str(home), own),
            *_needed(own, env, argv, stands_for / cwd),
            *(part for path in seen for part in ("--ro-bind-try", str(path), str(path))),
            *("--bind", str(scratch), str(scratch)),
            *("--bind" if writable else "--ro-bind", str(root), str(stands_for)),
            *_private_in(stands_for, own),
            *self._taken_over(root, stands_for),
            *(part for path in kept for part in ("--ro-bind", str(path), str(path))),
            *("--chdir", str(stands_for / cwd)),
        ]
        return (self.program, *options, "--", *argv), inner

    def _taken_over(self, root: Path, stands_for: Path) -> Iterator[str]:
        if root == stands_for:
            return
        for name in self.shared:
            yield from ("--ro-bind-try", str(stands_for / name), str(stands_for / name))
        for name in self.scratch:
            yield from ("--tmpfs", str(stands_for / name))


_WORKING: set[str] = set()
"""The programs that have worked in this process."""


async def find_sandbox(env: Mapping[str, str] | None = None) -> tuple[Sandbox | None, str]:
    """A sandbox that works here, or None and why there is none.

    A program is tried with everything that is used of it until it has worked once; from then on it is taken
    to work, so that what was approved to run in a sandbox is never run without one.
    """
    environment = os.environ if env is None else env
    if sys.platform != "linux":
        return None, "bubblewrap exists on Linux only"
    program = which("bwrap", path=environment.get("PATH"))
    if program is None:
        return None, "bubblewrap is not installed"
    if program in _WORKING:
        return Sandbox(program), ""
    trial = (program, *_TRIED, "--", "true")
    try:
        answer = await capture(trial, env=environment, timeout=_TRY_S, limit=64 * 1024)
    except (OSError, TimeoutError) as error:
        return None, f"bubblewrap does not work here: {one_line(str(error)) or 'it does not answer'}"
    if answer.code != 0:
        return None, f"bubblewrap does not work here: {one_line(answer.err)[:200] or 'no reason given'}"
    _WORKING.add(program)
    return Sandbox(program), ""


_TRIED = (
    *("--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"),
    *("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"),
)


def _hidden() -> Iterator[str]:
    """Nothing in the places where people and services keep what is theirs."""
    for name in _EMPTY:
        if Path(name).is_dir() and not Path(name).is_symlink():
            yield from ("--tmpfs", name)
    for name in _NEEDED_RUN:
        if Path(name).exists():
            yield from ("--ro-bind-try", name, name)
    for name in _UNREADABLE:
        path = Path(name)
        if path.is_symlink() or not path.exists():
            continue
        yield from ("--tmpfs", name) if path.is_dir() else ("--ro-bind", "/dev/null", name)


def _private_in(workspace: Path, home: str) -> Iterator[str]:
    """Nothing in the places of keys, where the workspace is the home folder or holds it."""
    if not Path(home).is_relative_to(workspace):
        return
    for name in _KEYS:
        place = Path(home, name)
        if place.is_dir():
            yield from ("--tmpfs", str(place))
        elif place.is_file():
            yield from ("--ro-bind", "/dev/null", str(place))


def _needed(home: str, env: Mapping[str, str], argv: Sequence[str], folder: Path) -> Iterator[str]:
    """What lies in a hidden place and is needed: toolchains, caches, what PATH and the program lead to."""
    wanted = [Path(owner, name) for owner in dict.fromkeys((home, _real_home())) for name in _NEEDED]
    wanted += [Path(part) for part in env.get("PATH", "").split(os.pathsep) if part.startswith("/")]
    wanted += [Path(value) for name in _NEEDED_BY_NAME if (value := env.get(name, "")).startswith("/")]
    if env.get("CARGO_HOME", "").startswith("/"):
        wanted += [Path(env["CARGO_HOME"], name) for name in ("bin", "registry", "git", "config.toml")]
    wanted += _interpreters(argv, env, folder)
    for path in sorted(set(wanted)):
        if path.exists() and _is_hidden(path, home) and path not in (Path(home), Path("/tmp")):
            yield from ("--ro-bind", str(path), str(path))


def _interpreters(argv: Sequence[str], env: Mapping[str, str], folder: Path) -> Iterator[Path]:
    """The folders of the environment of the program, or of what runs it where it is a script, and of the
    Python that this is made of."""
    found = which(argv[0], path=env.get("PATH")) if os.sep not in argv[0] else str(folder / argv[0])
    if not found:
        return
    for program in (Path(found), *_script_runner(Path(found))):
        prefix = program.parent.parent
        if (prefix / "pyvenv.cfg").is_file():
            yield from (prefix, Path(os.path.realpath(prefix)))
            real = Path(os.path.realpath(program))
            yield real.parent.parent
        if prefix == Path(sys.prefix):  # a plugin's check: what it imports may lie in a checkout
            yield from (folder for entry in sys.path if (folder := Path(entry)).is_absolute())


def _script_runner(script: Path) -> Iterator[Path]:
    """The program that the first line of a script names."""
    try:
        line = read_bounded(script, _LONGEST_FIRST_LINE).partition(b"\n")[0]
    except (OSError, ValueError):
        return
    if line.startswith(b"#!/"):
        yield Path(os.fsdecode(line[2:].split()[0]))


def _is_hidden(path: Path, home: str) -> bool:
    return any(path.is_relative_to(name) for name in (*_EMPTY, home))


def _real_home() -> str:
    """The home folder that the system knows, whatever HOME says."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return "/"
