"""The checks of a Go module."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agent_core.verify.api import Kind, Verifier
from agent_core.verify.project import Project


def find(project: Project, _env: Mapping[str, str]) -> Iterator[Verifier]:
    """`go test`, `go vet` and `go build` where there is a `go.mod`."""
    if not project.has("go.mod"):
        return
    kinds: tuple[tuple[str, Kind, tuple[str, ...]], ...] = (
        ("test", "run_tests", ("./...",)),
        ("vet", "lint", ("./...",)),
        ("build", "build", ("-o", "/dev/null", "./...")),
    )
    for word, kind, rest in kinds:
        yield Verifier(
            name=f"go-{word}",
            kind=kind,
            argv=("go", word, *rest),
            cwd=project.folder,
            executes=word == "test",
            origin="go.mod",
            ecosystem="go",
            tool="go-test" if word == "test" else "go",
            found=bool(project.program("go")),
        )
