"""Options of a stack for tests, and every combination of them."""

from __future__ import annotations

from itertools import product
from pathlib import Path

from stack.compose.options import Database, StackOptions, database_of

SHOP = Path("/srv/projects/shop")


def options(out_dir: Path, *, db: str = "auto", pip: bool = False, wheels: bool = False, gpu: bool = False,
            workspace: Path = SHOP, wheelhouse: Path = Path("/srv/wheels")) -> StackOptions:  # fmt: skip
    """Options as `settle` would give them, for a workspace that need not exist."""
    database = (
        Database("/index", "/srv/index", "a folder") if db == "folder" else database_of(db, "", here=SHOP)
    )
    return StackOptions(
        workspace=workspace,
        logs=workspace / "logs",
        out_dir=out_dir,
        install_source="pip" if pip else "local",
        pip_spec="dspy-code==0.1.0",
        wheelhouse=wheelhouse if wheels else None,
        database=database,
        gpu=gpu,
    )


def every_combination(out_dir: Path) -> list[StackOptions]:
    """One of each."""
    databases = ("auto", "none", "folder", "s3://bucket/shop")
    return [
        options(out_dir, db=db, pip=pip, wheels=wheels, gpu=gpu)
        for db, pip, wheels, gpu in product(databases, *[(False, True)] * 3)
    ]
