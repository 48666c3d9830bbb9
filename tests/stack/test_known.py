"""What the files of a stack say about its services."""

from __future__ import annotations

from stack.known import known

CONFIG = {
    "name": "shop",
    "services": {
        "volumes": {"image": "ours:1", "build": {"context": "."}},
        "db": {
            "image": "db:1",
            "depends_on": {"volumes": {"condition": "service_completed_successfully"}},
            "ports": [{"target": 5432, "published": "5432"}, {"target": 1}],
        },
        "web": {"image": "web:1", "depends_on": {"db": {"condition": "service_healthy"}}, "profiles": None},
        "graphs": {"image": "g:1", "profiles": ["monitoring", "extra"]},
    },
}


def test_what_a_service_is() -> None:
    found = known(CONFIG, ("volumes", "db", "web"))
    assert found.project == "shop"
    assert found.names == ("volumes", "db", "web", "graphs")
    assert found.profiles == ("extra", "monitoring")
    assert [info.name for info in found.services if info.once] == ["volumes"]
    assert [info.name for info in found.services if info.built] == ["volumes"]
    assert [info.name for info in found.services if not info.active] == ["graphs"]
    db = found.info("db")
    assert db is not None and db.host_ports == (5432,)
    assert found.info("nothing") is None


def test_profiles_that_have_to_be_named() -> None:
    services = {
        "bus": {},
        "model": {"profiles": ["cpu"]},
        "model-gpu": {"profiles": ["gpu"]},
        "graphs": {"profiles": ["monitoring"]},
    }
    found = known({"services": services}, ("bus", "model"))
    assert found.profiles_for(("bus", "model")) == ()
    assert found.profiles_for(("graphs",)) == ("cpu", "monitoring")  # and not gpu, which wants the same port
    assert found.profiles_for((), ("monitoring",)) == ("cpu", "monitoring")
    assert found.profiles_for(("unknown",)) == ()


def test_a_file_without_services() -> None:
    assert known({"name": "x"}, ()).services == ()
