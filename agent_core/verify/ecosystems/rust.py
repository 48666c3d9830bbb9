"""The checks of a Rust project."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agent_core.verify.api import Kind, Verifier
from agent_core.verify.project import Project


def find(project: Project, _env: Mapping[str, str]) -> Iterator[Verifier]:
    """`cargo test`, `cargo clippy` and `cargo check` where there is a `Cargo.toml`."""
    if not project.has("Cargo.toml"):
        return
    kinds: tuple[tuple[str, Kind, str], ...] = (
        ("test", "run_tests", "cargo"),
        ("clippy", "lint", "cargo-clippy"),
        ("check", "build", "cargo"),
    )
    for word, kind, program in kinds:
        yield Verifier(
            name=f"cargo-{word}",
            kind=kind,
            argv=("cargo", word),
            cwd=project.folder,
            origin="Cargo.toml",
            ecosystem="rust",
            tool="cargo-test" if word == "test" else "cargo",
            found=bool(project.program(program)),
        )
