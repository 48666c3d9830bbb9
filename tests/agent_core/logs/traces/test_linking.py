"""From frames and messages to the workspace's files."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_core.logs.api import CodePlace
from agent_core.logs.traces import Paths, mentioned, parse, places
from tests.agent_core.logs.traces.test_java import SPRING
from tests.agent_core.logs.traces.test_python import CHAINED

FILES = (
    "billing/rates.py",
    "billing/month.py",
    "web/src/components/Cart.tsx",
    "web/src/index.ts",
    "admin/src/index.ts",
    "src/main/java/com/example/shop/Orders.java",
    "src/main/java/com/example/shop/db/Locks.java",
    "src/main/kotlin/shop/Audit.kt",
    "app/controllers/x.rb",
    "lib/shop/cart.dart",
    "internal/cart/store.go",
    "one/util.py",
    "two/util.py",
    "tools/__init__.py",
)


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("/srv/app/billing/rates.py", "billing/rates.py"),
        ("billing/rates.py", "billing/rates.py"),
        ("./billing/rates.py", "billing/rates.py"),
        ("file:///srv/app/billing/rates.py", "billing/rates.py"),
        ("C:\\build\\billing\\rates.py", "billing/rates.py"),
        ("webpack:///./src/components/Cart.tsx", "web/src/components/Cart.tsx"),
        ("webpack://shop/./src/components/Cart.tsx?a1b2", "web/src/components/Cart.tsx"),
        ("https://shop.example/src/components/Cart.tsx?v=3", "web/src/components/Cart.tsx"),
        ("com/example/shop/Orders.java", "src/main/java/com/example/shop/Orders.java"),
        ("com/example/shop/Audit.kt", "src/main/kotlin/shop/Audit.kt"),
        ("package:shop/cart.dart", "lib/shop/cart.dart"),
        ("app/controllers/x.rb", "app/controllers/x.rb"),
        ("/go/src/example.com/shop/internal/cart/store.go", "internal/cart/store.go"),
        ("/app/month.py", "billing/month.py"),
        ("/x/one/util.py", "one/util.py"),
        ("/x/util.py", None),
        ("/x/src/index.ts", None),
        ("/x/admin/src/index.ts", "admin/src/index.ts"),
        ("/x/y/__init__.py", None),
        ("/usr/lib/python3.11/billing/rates.py", None),
        ("/v/lib/python3.11/site-packages/billing/rates.py", None),
        ("/srv/node_modules/web/src/components/Cart.tsx", None),
        ("node:internal/billing/rates.py", None),
        ("/srv/app/../../etc/rates.py", None),
        ("/srv/app/unknown.py", None),
        ("", None),
    ],
)
def test_the_longest_end_that_names_one_file(path: str, file: str | None) -> None:
    assert Paths(FILES).find(path) == file


SHOP = (
    "services/billing/app.py",
    "services/billing/rates/table.py",
    "services/mail/rates/send.py",
    "helpers.py",
    "src/main.rs",
    "crates/till/src/main.rs",
    "web/src/index.ts",
    "src/main/java/com/acme/orders/Orders.java",
    "src/main/kotlin/till/Drawer.kt",
)


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("/home/me/shop/helpers.py", "helpers.py"),
        ("/home/me/shop/rates/table.py", None),  # the workspace has no such file
        ("/home/other/shop/helpers.py", "helpers.py"),
        ("D:\\a\\shop\\shop\\helpers.py", "helpers.py"),
        ("/usr/src/app/helpers.py", "helpers.py"),
        ("/opt/othertool/helpers.py", None),
        ("/app/rates/table.py", "services/billing/rates/table.py"),
        ("/opt/othertool/rates/table.py", "services/billing/rates/table.py"),
        ("/opt/othertool/unheard/table.py", None),
        ("/app/app.py", "services/billing/app.py"),
        ("/opt/othertool/app.py", None),
        ("src/main.rs", "src/main.rs"),
        ("/build/src/main.rs", None),
        ("/opt/othertool/src/index.ts", None),
        ("com/acme/orders/Orders.java", "src/main/java/com/acme/orders/Orders.java"),
        ("org/other/orders/Orders.java", None),
        ("com/acme/till/Drawer.kt", "src/main/kotlin/till/Drawer.kt"),
    ],
)
def test_rather_no_file_than_another_projects(path: str, file: str | None) -> None:
    assert Paths(SHOP, root="/home/me/shop").find(path) == file


def test_maps_come_first_and_lead_only_to_files_that_there_are() -> None:
    paths = Paths(FILES, maps=("/srv=two", "/srv/app=one", "/opt/site-packages/bill=billing", "/code=."))
    assert paths.find("/srv/app/util.py") == "one/util.py"
    assert paths.find("/srv/util.py") == "two/util.py"
    assert paths.find("/srv/application/util.py") is None
    assert paths.find("/opt/site-packages/bill/rates.py") == "billing/rates.py"
    assert paths.find("/code/one/util.py") == "one/util.py"
    assert paths.find("/srv/app/../../secret") is None
    hidden = Paths([".build/shop.py", "src/shop.py"], maps=("/opt=.build", "/srv=./src/"))
    assert (hidden.find("/opt/shop.py"), hidden.find("/srv/shop.py")) == (".build/shop.py", "src/shop.py")


def test_the_places_of_a_trace_begin_at_its_root() -> None:
    known = Paths(FILES).find
    trace = parse(CHAINED)
    assert trace is not None
    assert places(trace, known=known) == (
        CodePlace("billing/rates.py", 41, "rate"),
        CodePlace("billing/rates.py", 43, "rate"),
        CodePlace("billing/month.py", 88, "close"),
        CodePlace("billing/month.py", 92, "close"),
    )


def test_places_of_java_are_found_by_package() -> None:
    trace = parse(SPRING)
    assert trace is not None
    found = places(trace, known=Paths(FILES).find)
    assert (found[0].path, found[0].line) == ("src/main/java/com/example/shop/db/Locks.java", 19)
    assert ("src/main/kotlin/shop/Audit.kt", 12) in {(place.path, place.line) for place in found}


def test_messages_name_places_too() -> None:
    text = (
        "billing/rates.py:41:7: error: bad type\n"
        "web/src/components/Cart.tsx(12,3): error TS2322\n"
        'File "/srv/billing/month.py", line 9, in close\n'
        "x.rb: see app/controllers/x.rb on line 30, and /etc/passwd:1, and 10.0.0.1:80\n"
    )
    assert mentioned(text, known=Paths(FILES).find) == (
        CodePlace("billing/rates.py", 41),
        CodePlace("web/src/components/Cart.tsx", 12),
        CodePlace("billing/month.py", 9, "close"),
        CodePlace("app/controllers/x.rb", 30),
    )


def test_nothing_outside_of_the_workspace_is_named(tmp_path: Path) -> None:
    paths = Paths(FILES, maps=(f"/srv={tmp_path}",))
    assert paths.find("/srv/billing/rates.py") is None
    assert paths.find("/etc/passwd") is None
