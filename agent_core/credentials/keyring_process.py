"""Asks the system's keyring one thing: a JSON object on standard input, one on standard output.

In a process of its own, because a keyring may wait for a person to unlock it, and can then be left by ending
the process. It needs no terminal and reads no settings of ours. Run with `python -P -m`.
"""

from __future__ import annotations

import sys
from typing import Any, Literal

import msgspec

from agent_core.credentials.vault import Answer, Question


def main() -> int:
    """Answer the question; every failure of a backend is an answer, too."""
    question = msgspec.json.decode(sys.stdin.buffer.read(), type=Question)
    sys.stdout.buffer.write(msgspec.json.encode(_answer(question)))
    return 0


def _answer(question: Question) -> Answer:
    try:
        import keyring
        import keyring.errors as faults
    except ImportError as error:
        return Answer(fault="none", message=str(error))
    unfit = _chosen()
    backend = _named(keyring.get_keyring())
    if unfit:
        return Answer(fault=unfit, backend=backend)
    try:
        return _done(question, backend)
    except faults.NoKeyringError:
        return Answer(fault="none", backend=backend)
    except faults.KeyringLocked:
        return Answer(fault="locked", backend=backend)
    except Exception as error:  # noqa: BLE001 - the edge: a backend is anybody's program
        return Answer(fault="failed", backend=backend, message=f"{type(error).__name__}: {error}")


def _done(question: Question, backend: str) -> Answer:
    import keyring
    import keyring.errors as faults

    service, host = question.service, question.host
    if question.what == "store":
        keyring.set_password(service, host, question.value)
        kept = keyring.get_password(service, host) == question.value
        return Answer(backend=backend, fault="" if kept else "forgets")
    if question.what == "remove":
        try:
            keyring.delete_password(service, host)
        except faults.PasswordDeleteError:
            if keyring.get_password(service, host) is not None:
                raise
            return Answer(backend=backend)
        return Answer(backend=backend, value="removed")
    return Answer(backend=backend, value=keyring.get_password(service, host) or "")


def _chosen() -> Literal["", "none", "plain"]:
    """Take the backend that was chosen by name, else the best that encrypts; why there is none.

    Left to itself the library tries one after another, down to those that write plain text into a file.
    """
    from keyring import backend, core

    if core.load_env() or core.load_config():
        return ""
    found: list[Any] = [each for each in backend.get_all_keyring() if not hasattr(each, "backends")]
    best: Any = max(found, key=_priority, default=None)
    if best is None or _priority(best) <= 0:  # the stand-ins for none
        return "none"
    if _priority(best) < 1:
        return "plain"
    core.set_keyring(best)
    return ""


def _priority(backend: Any) -> float:
    return float(getattr(backend, "priority", 0))


def _named(backend: object) -> str:
    """What a backend is called: most have a name, all a class."""
    kind = type(backend)
    return str(getattr(backend, "name", "") or f"{kind.__module__}.{kind.__qualname__}")


if __name__ == "__main__":
    sys.exit(main())
