"""Embedders of plugins in their process: what they make is checked, and one that hangs is ended."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from agent_core.config import Settings
from agent_core.errors import ConfigError
from agent_core.llm.errors import ModelError
from agent_core.plugins import embedding
from agent_core.plugins.embedding import PluginEmbedder, recipient_of

MODULE = """
class E:
    summary, id, dims, recipient = "test", "e@1", 3, {recipient!r}
    def embed(self, texts, purpose):
        {does}
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{Path(__file__).parents[3]}")
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def install(site: Path, name: str, does: str, *, recipient: str = "", before: str = "") -> PluginEmbedder:
    about = site / f"{name}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[dspy_tui.embedders]\n{name} = {name}:E\n")
    (site / f"{name}.py").write_text(before + MODULE.format(does=does, recipient=recipient))
    return PluginEmbedder(name, Settings(embedder=f"plugin:{name}"))


async def test_vectors_are_brought_to_length_1(site: Path) -> None:
    embedder = install(site, "good_e", "return [[len(text), 0, 0] for text in texts]")
    made = await embedder.embed(["a", "bb", ""] * 200, purpose="document")
    assert made.shape == (600, 3) and np.allclose(made[:3, 0], [1, 1, 0])
    assert (embedder.info.id, embedder.info.dims, embedder.info.local) == ("plugin:good_e:e@1", 3, True)
    await embedder.aclose()


@pytest.mark.parametrize(
    ("name", "does", "said"),
    [
        ("short_e", "return [[1, 0]]", r"made vectors of shape \(1, 2\), not \(1, 3\)"),
        ("nan_e", "return [[float('nan'), 0, 0]]", "what is no number"),
        ("odd_e", "return 'text'", "broke: ValueError"),
        ("raises_e", "raise KeyError('x')", "broke: KeyError: 'x'"),
        ("dies_e", "import os; os._exit(3)", "process ended"),
        ("prints_e", "print('noise'); raise OSError('dead')", "broke: OSError: dead"),
    ],
)
async def test_what_is_wrong_is_said(site: Path, name: str, does: str, said: str) -> None:
    embedder = install(site, name, does)
    with pytest.raises(ModelError, match=said):
        await embedder.embed(["x"], purpose="query")
    await embedder.aclose()


async def test_one_that_hangs_is_ended(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "_EMBED_S", 3.0)
    embedder = install(site, "hangs_e", "import time; time.sleep(60)")
    with pytest.raises(ModelError, match="said nothing for 3 s, and was ended"):
        await embedder.embed(["x"], purpose="query")
    await embedder.aclose()


async def test_whom_texts_go_to(site: Path) -> None:
    install(site, "far_e", "return 1", recipient="embed.example.org")
    far = await recipient_of(Settings(embedder="plugin:far_e"))
    assert far is not None and (far.host, far.is_local) == ("embed.example.org", False)
    assert await recipient_of(Settings(embedder="plugin:none_such")) is None


def test_the_setting_names_it(tmp_path: Path) -> None:
    from agent_core.config import load

    assert load(root=None, flags={"embedder": "plugin:ngrams"}, env={}).settings.embedder == "plugin:ngrams"
    with pytest.raises(ConfigError, match="embedder"):
        load(root=None, flags={"embedder": "minilmm"}, env={})
