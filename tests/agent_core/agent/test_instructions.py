from __future__ import annotations

from pathlib import Path

from agent_core.agent.budget import Material, Mentioned, pack
from agent_core.agent.estimate import Estimate
from agent_core.agent.instructions import read_instructions
from agent_core.masking import mask_secrets
from agent_core.workspace import Workspace


def labels(root: Path, *paths: str) -> list[str]:
    return [item.label for item in read_instructions(Workspace.open(root), paths, mask=mask_secrets)]


def test_the_nearest_come_last(tmp_path: Path) -> None:
    for folder in ("", "src", "src/deep", "other"):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "AGENTS.md").write_text(f"of {folder}")
    assert labels(tmp_path) == ["AGENTS.md"]
    assert labels(tmp_path, "src/deep/a.py", "b.py") == ["AGENTS.md", "src/AGENTS.md", "src/deep/AGENTS.md"]
    assert labels(tmp_path, "../x/a.py", "/etc/passwd") == ["AGENTS.md"]


def test_other_names_stand_in_where_the_root_has_none(tmp_path: Path) -> None:
    (tmp_path / "CLAUDE.md").write_text("Be brief.")
    assert labels(tmp_path) == ["CLAUDE.md"]
    (tmp_path / "AGENTS.md").write_text("Be briefer.")
    assert labels(tmp_path) == ["AGENTS.md"]


def test_what_leads_out_or_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "src").mkdir(parents=True)
    (tmp_path / "secret.md").write_text("not yours")
    (root / "AGENTS.md").symlink_to(tmp_path / "secret.md")
    (root / "src" / "AGENTS.md").mkdir()
    assert labels(root, "src/a.py") == []


def test_secrets_are_masked_and_size_is_bounded(tmp_path: Path) -> None:
    (tmp_path / "AGENTS.md").write_text("token ghp_" + "a" * 36 + "\n" + "rule\n" * 100_000)
    (item,) = read_instructions(Workspace.open(tmp_path), mask=mask_secrets)
    assert "ghp_aaaa" not in item.text and len(item.text) < 40_000


def test_they_take_a_fifth_at_most_and_are_cut_from_the_end() -> None:
    long = "\n".join(f"rule {number}" for number in range(2000))
    rules = (Mentioned("AGENTS.md", long), Mentioned("src/AGENTS.md", "the nearest"))
    packed = pack(Material(system="s", question="q", rules=rules), window=2048, reserve=512, count=Estimate())
    assert [item.label for item in packed.rules] == ["AGENTS.md", "src/AGENTS.md"]
    assert packed.rules[0].text.startswith("rule 0\n") and packed.rules[0].text.endswith("(shortened)")
    assert packed.rules[1].text == "the nearest"
    assert sum(item.tokens for item in packed.items if item.kind == "rules") <= 0.2 * (2048 - 512)
