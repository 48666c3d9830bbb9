"""The program of the embedded model's process: llama.cpp's HTTP server on a loopback port.

It answers one JSON line (`embedded.Launch`) with another (`embedded.Started`), takes only requests that carry
the key it was given, and ends with its standard input.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

import msgspec

from agent_core.llm.embedded import Launch, Started

_kept: list[Any] = []
"""The server lives as long as somebody holds it."""


def _serve(launch: Launch) -> Started:
    xllamacpp: Any = import_module("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = launch.path
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [launch.key]
    params.n_ctx = launch.window
    params.n_parallel = 1
    params.n_gpu_layers = 0
    # One thread each: two fight over a busy machine's cores and make it ten times slower.
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.n_threads_http = 2
    params.cache_ram_mib = 0
    params.use_jinja = True
    params.ui = False
    params.verbosity = -1
    server = xllamacpp.Server(params)
    _kept.append(server)
    return Started(url=server.listening_address)


def main() -> None:
    """Serve until the parent closes standard input, or dies."""
    launch = msgspec.json.decode(sys.stdin.buffer.readline(), type=Launch)
    os.nice(5)
    out = os.dup(1)
    os.dup2(2, 1)  # what llama.cpp prints is not part of the handshake
    try:
        answer = _serve(launch)
    except (RuntimeError, ValueError, ImportError, OSError) as error:
        answer = Started(error=str(error) or type(error).__name__)
    os.write(out, msgspec.json.encode(answer) + b"\n")
    if answer.url:
        while sys.stdin.buffer.read(4096):
            pass
    os._exit(0 if answer.url else 1)  # llama.cpp's own shutdown waits for the answer it is writing


if __name__ == "__main__":
    main()
