"""`python -m stack.services.health [URL]`: whether a program answers that it is well; 0, or 1 and why."""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request

from stack.services.names import PORT, PORT_VARIABLE

_PATIENCE_S = 4.0
_MOST = 4096


def main(argv: list[str]) -> int:
    """Ask the URL, by default /health of the program in this container, and print its answer."""
    url = argv[0] if argv else f"http://127.0.0.1:{os.environ.get(PORT_VARIABLE) or PORT}/health"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # it is on this machine
    try:
        with opener.open(url, timeout=_PATIENCE_S) as answer:
            sys.stdout.write(answer.read(_MOST).decode("utf-8", "replace"))
        return 0
    except urllib.error.HTTPError as error:
        sys.stdout.write(error.read(_MOST).decode("utf-8", "replace"))
    except (OSError, ValueError) as error:
        sys.stdout.write(f"{url}: {error}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
