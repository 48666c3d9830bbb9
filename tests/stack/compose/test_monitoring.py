"""What Prometheus and Grafana are given: shapes, and names that exist."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families as parsed

from stack.compose import monitoring
from stack.compose.services import stack_of
from stack.services import agent, router, spark_job, trainer, worker
from stack.services.names import PORT, PROGRAMS
from tests.stack.options import options

FILES = monitoring.files()
PANELS: list[dict[str, Any]] = json.loads(FILES["grafana/dashboards/stack.json"])["panels"]


def figures() -> Iterator[str]:
    """The names of all figures that our programs show."""
    for module in (agent, router, spark_job, trainer, worker):
        service, _ = module.service_of({"KAFKA_BOOTSTRAP": "kafka:29092"})
        for name in agent._FIGURES if module is agent else ():  # pyright: ignore[reportPrivateUsage]
            service.measure(f"index_{name}", 1, "")
        page = service.answer("/metrics")
        assert page is not None
        for family in parsed(page.body.decode()):
            yield from (sample.name for sample in family.samples)


def test_prometheus_looks_at_our_programs_by_the_names_of_their_services() -> None:
    jobs = yaml.safe_load(FILES["prometheus.yml"])["scrape_configs"]
    services = {service.name: service for service in stack_of(options(Path("/srv/out"))).services}
    assert [job["job_name"] for job in jobs] == list(PROGRAMS)
    for job in jobs:
        (found,) = job["dns_sd_configs"]
        assert (found["names"], found["type"], found["port"]) == ([job["job_name"]], "A", PORT)
        assert PORT in services[job["job_name"]].expose


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_a_panel_shows_figures_that_exist(panel: dict[str, Any]) -> None:
    (target,) = panel["targets"]
    names = {*figures(), "up"}
    asked = re.findall(r'__name__=~"([^"]+)"', target["expr"]) or re.findall(
        r"\b(?:dspy_tui_\w+|up)\b", target["expr"]
    )
    assert asked
    for each in asked:
        assert any(re.fullmatch(each, name) for name in names), each


def test_the_dashboard_is_laid_out_and_provisioned_as_grafana_reads_it() -> None:
    source = yaml.safe_load(FILES["grafana/datasources/prometheus.yml"])
    provider = yaml.safe_load(FILES["grafana/dashboards/stack.yml"])
    assert source["apiVersion"] == provider["apiVersion"] == 1
    (given,) = source["datasources"]
    assert (given["type"], given["access"], given["url"]) == ("prometheus", "proxy", "http://prometheus:9090")
    places: set[tuple[int, int]] = set()
    for panel in PANELS:
        assert panel["datasource"] == {"type": "prometheus", "uid": given["uid"]}
        at = panel["gridPos"]
        squares = {
            (x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])
        }
        assert not squares & places and at["x"] + at["w"] <= 24
        places |= squares
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    grafana = next(service for service in monitoring.services() if service.name == "grafana")
    seen = {mount.target: mount.source for mount in grafana.mounts}
    folder = provider["providers"][0]["options"]["path"]
    home = str(grafana.environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert seen[folder] == "./grafana/dashboards" and home == f"{folder}/stack.json"
    assert seen["/etc/grafana/provisioning/datasources"] == "./grafana/datasources"
