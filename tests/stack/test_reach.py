"""What services of a compose file get of the machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stack.known import known
from stack.reach import builds, reaches


def of(service: dict[str, Any], tmp_path: Path, **more: Any) -> tuple[str, ...]:
    """What one service gets when it is started."""
    return reaches({"services": {"web": service}, **more}, inside=(tmp_path,)).get("web", ())


@pytest.mark.parametrize(
    ("service", "told"),
    [
        ({"privileged": True}, "may do anything on this machine (privileged)"),
        ({"post_start": [{"privileged": True}]}, "may do anything on this machine (privileged)"),
        ({"provider": {"type": "./evil"}}, "may run the program ./evil on this machine"),
        ({"use_api_socket": True}, "may use the container engine, and so do anything on this machine"),
        ({"network_mode": "host"}, "may use the network of this machine"),
        ({"pid": "host"}, "may use the processes of this machine"),
        ({"ipc": "host"}, "may use the memory of this machine"),
        ({"userns_mode": "host"}, "may use the users of this machine"),
        ({"cap_add": ["CHOWN", "CAP_SYS_ADMIN"]}, "may use the capability SYS_ADMIN"),
        ({"cap_add": ["ALL"]}, "may use the capability ALL"),
        ({"security_opt": ["seccomp:unconfined"]}, "may do what others are kept from (seccomp:unconfined)"),
        (
            {"security_opt": ["no-new-privileges:false"]},
            "may do what others are kept from (no-new-privileges:false)",
        ),
        ({"devices": [{"source": "/dev/mem"}]}, "may use the device /dev/mem"),
        ({"device_cgroup_rules": ["a *:* rwm"]}, "may use devices of this machine"),
        ({"volumes": [{"type": "bind", "source": "/"}]}, "may write /"),
        ({"volumes": [{"type": "bind", "source": "/etc", "read_only": True}]}, "may read /etc"),
        (
            {"volumes": [{"type": "bind", "source": "/run/docker.sock", "read_only": True}]},
            "may use the container engine, and so do anything on this machine",
        ),
    ],
)
def test_what_is_more_than_a_container(service: dict[str, Any], told: str, tmp_path: Path) -> None:
    assert of(service, tmp_path) == (told,)


def test_what_a_container_has_anyway_is_not_told(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    service = {
        "privileged": False,
        "cap_add": ["CHOWN"],
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "network_mode": "none",
        "volumes": [
            {"type": "bind", "source": str(tmp_path / "src")},
            {"type": "volume", "source": "data"},
            {"type": "tmpfs", "target": "/tmp"},
        ],
    }
    assert of(service, tmp_path, volumes={"data": {"name": "x_data"}}) == ()


def test_a_link_in_the_workspace_counts_as_where_it_leads(tmp_path: Path) -> None:
    (tmp_path / "all").symlink_to("/")
    (tmp_path / "here").symlink_to(".")
    source = str(tmp_path / "all")
    assert of({"volumes": [{"type": "bind", "source": source}]}, tmp_path) == (f"may write {source}",)
    assert of({"volumes": [{"type": "bind", "source": str(tmp_path / "here")}]}, tmp_path) == ()


def test_files_and_folders_that_come_by_another_name(tmp_path: Path) -> None:
    bound = {"data": {"driver_opts": {"type": "none", "o": "bind", "device": "/root"}}}
    assert of({"volumes": [{"type": "volume", "source": "data"}]}, tmp_path, volumes=bound) == (
        "may write /root",
    )
    key = {"key": {"file": "/root/.ssh/id_rsa"}}
    for kind in ("secrets", "configs"):
        assert of({kind: [{"source": "key"}]}, tmp_path, **{kind: key}) == ("may read /root/.ssh/id_rsa",)


@pytest.mark.parametrize(
    ("build", "told"),
    [
        ({"context": "/"}, "may read / when built"),
        ({"context": "https://example.org/x.git"}, "may read https://example.org/x.git when built"),
        ({"context": ".", "ssh": ["default"]}, "may use your SSH keys when built"),
        ({"entitlements": ["security.insecure"]}, "may do more than others when built"),
        ({"network": "host"}, "may use the network of this machine when built"),
        ({"additional_contexts": {"home": "/root", "base": "service:db"}}, "may read /root when built"),
    ],
)
def test_what_an_image_is_built_from(build: dict[str, Any], told: str, tmp_path: Path) -> None:
    if build.get("context") == ".":
        build = {**build, "context": str(tmp_path)}
    config = {"services": {"web": {"build": build}, "db": {"build": {"context": str(tmp_path)}}}}
    assert builds(config, inside=(tmp_path,)) == {"web": (told,)}
    assert reaches(config, inside=(tmp_path,)) == {}


def test_nothing_of_it_can_draw_on_a_terminal(tmp_path: Path) -> None:
    (told,) = of({"volumes": [{"type": "bind", "source": "/x\x1b[2J\nweb is harmless"}]}, tmp_path)
    assert "\x1b" not in told and "\n" not in told


def test_only_those_that_would_take_part_are_told() -> None:
    config = {
        "name": "shop",
        "services": {
            "web": {"privileged": True},
            "spy": {"pid": "host", "profiles": ["more"]},
            "made": {"build": {"context": "/"}},
        },
    }
    found = known(config, ("web", "made"))
    web, made = "web may do anything on this machine (privileged)", "made may read / when built"
    assert found.reaching() == (web, made)
    assert found.reaching(building=True) == (made,)
    spy = "spy may use the processes of this machine"
    assert found.reaching(("spy",)) == found.reaching(profiles=("more",)) == found.reaching(profiles=("*",))
    assert found.reaching(("spy",)) == (web, spy, made)


def test_what_several_get_is_told_once() -> None:
    config = {"services": {"web": {"pid": "host"}, "spy": {"pid": "host"}}}
    assert known(config, ("web", "spy")).reaching() == ("web, spy may use the processes of this machine",)
