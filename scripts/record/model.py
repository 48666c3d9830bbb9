"""The scripted model server of the tests, as a process: it says what it was told to say."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import urlopen

from scripts.record.places import ROOT

NAME = "scripted"


@contextmanager
def scripted(*answers: str) -> Iterator[dict[str, str]]:
    """The environment in which the program uses it; each request gets the next answer, at last the same."""
    command = (sys.executable, "-m", "tests.fakes.model_server")
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = f"http://127.0.0.1:{int(server.stdout.readline())}"
            said = [{"text": answer.splitlines(keepends=True), "rate": 60.0} for answer in answers]
            urlopen(f"{url}/_control", json.dumps(said).encode()).close()
            yield {"OPENAI_BASE_URL": f"{url}/v1", "OPENAI_API_KEY": "none", "MODEL_NAME": NAME}
        finally:
            server.terminate()
