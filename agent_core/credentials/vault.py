"""The system's keyring: Secret Service or KWallet, macOS Keychain, or what `keyring` is configured for."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Literal

import msgspec

from agent_core.llm.errors import KeyFault, NoKeyring
from agent_core.masking import mask_secrets
from agent_core.text import one_line, shorten

SERVICE = "dspy-tui"
"""What entries of ours are called in the keyring; the user name is the endpoint's host."""
_PATIENCE_S = 60.0
"""As long as a person may take to unlock it."""
_INSTEAD = "Or set OPENAI_API_KEY, or api_key_command in your own config.toml."


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What the process is asked."""

    what: Literal["read", "store", "remove"]
    host: str
    value: str = ""
    service: str = SERVICE


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What it says. `fault`: there is no keyring, only one that encrypts nothing, it is
    locked, it keeps nothing, or it failed.

    `value` is the key that was read, or "removed" where there was one to remove.
    """

    value: str = ""
    backend: str = ""
    fault: Literal["", "none", "plain", "locked", "forgets", "failed"] = ""
    message: str = ""


async def read_key(host: str) -> tuple[str, str]:
    """The key of an endpoint, "" where there is none, and the keyring's name. Raises as `store_key` does."""
    answer = await _ask(Question(what="read", host=host))
    return answer.value, answer.backend


async def store_key(host: str, value: str) -> str:
    """Keep the key of an endpoint; the keyring's name. It is read again before this returns.

    Raises:
        NoKeyring: This machine has none that keeps anything.
        KeyFault: It is locked, failed, or said nothing in time.
    """
    return (await _ask(Question(what="store", host=host, value=value))).backend


async def remove_key(host: str) -> bool:
    """Remove it; whether there was one. Raises as `store_key` does."""
    return (await _ask(Question(what="remove", host=host))).value == "removed"


async def _ask(question: Question) -> Answer:
    from agent_core.capture import capture

    argv = [sys.executable, "-P", "-m", "agent_core.credentials.keyring_process"]
    given = msgspec.json.encode(question)
    try:
        # Not in the workspace, whose files no library may take for its own.
        said = await capture(argv, cwd=Path(tempfile.gettempdir()), given=given, timeout=_PATIENCE_S)
        answer = msgspec.json.decode(said.out, type=Answer)
    except TimeoutError:
        message = f"the keyring said nothing within {_PATIENCE_S:.0f} s"
        raise KeyFault(message, hint="Does a window ask for its password?") from None
    except OSError as error:
        raise KeyFault(f"the keyring cannot be asked: {error.strerror}", hint=_INSTEAD) from None
    except msgspec.DecodeError:
        raise KeyFault("the keyring's library broke", hint=_INSTEAD) from None
    _raise_fault(answer, question.value)
    return answer


def _raise_fault(answer: Answer, value: str) -> None:
    backend = one_line(answer.backend)
    match answer.fault:
        case "":
            return
        case "none":
            hint = "Install one and log in to it (on Linux gnome-keyring or KWallet, and a D-Bus session)."
            raise NoKeyring("this machine has no keyring that can be used", hint=f"{hint} {_INSTEAD}")
        case "plain":
            hint = "Install one that encrypts, or choose this one by name: PYTHON_KEYRING_BACKEND."
            raise NoKeyring(
                f"this machine has no keyring but {backend}, not encrypted", hint=f"{hint} {_INSTEAD}"
            )
        case "forgets":
            raise NoKeyring(
                f"the keyring ({backend}) keeps nothing",
                hint=f"`python -m keyring diagnose` says where it is configured. {_INSTEAD}",
            )
        case "locked":
            raise KeyFault(f"the keyring ({backend}) is locked", hint=f"Unlock it. {_INSTEAD}")
        case "failed":
            why = shorten(one_line(mask_secrets(answer.message, (value,) if value else ())), 200)
            raise KeyFault(f"the keyring ({backend}) failed: {why}", hint=_INSTEAD)
