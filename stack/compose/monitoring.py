"""Prometheus and Grafana: their services, and the files that tell them what to look at."""

from __future__ import annotations

import json
from typing import Any

from stack.compose.images import GRAFANA, PROMETHEUS
from stack.compose.model import Health, Limits, Mount, Port, Service, Variable
from stack.services.names import PORT, PROGRAMS

OWNERS = {"prometheus": "65534:65534", "grafana": "472:472"}
"""The volumes of both, and the users that their images are made for."""
PASSWORD = "GRAFANA_PASSWORD"
_PROFILES = ("monitoring",)


def services() -> tuple[Service, ...]:
    """Both, started by the profile `monitoring`."""
    prometheus = Service(
        name="prometheus",
        summary="collects the figures of our programs",
        image=PROMETHEUS,
        user=OWNERS["prometheus"],
        command=(
            "--config.file=/etc/prometheus/prometheus.yml",
            "--storage.tsdb.path=/prometheus",
            "--storage.tsdb.retention.time=15d",
            "--storage.tsdb.retention.size=2GB",
        ),
        ports=(Port(Variable("PROMETHEUS_PORT", "9090"), 9090),),
        mounts=(
            Mount("prometheus", "/prometheus"),
            Mount("./prometheus.yml", "/etc/prometheus/prometheus.yml", read_only=True),
        ),
        temporary=("/tmp:mode=1777",),
        health=Health(command=("wget", "-q", "-O", "/dev/null", "http://localhost:9090/-/healthy")),
        limits=Limits("1", "1g"),
        after={"volumes": "service_completed_successfully"},
        profiles=_PROFILES,
    )
    grafana = Service(
        name="grafana",
        summary="shows them: user admin, password GRAFANA_PASSWORD of .env",
        image=GRAFANA,
        user=OWNERS["grafana"],
        environment={
            "GF_SECURITY_ADMIN_PASSWORD": Variable(PASSWORD, required=True),
            "GF_USERS_ALLOW_SIGN_UP": "false",
            "GF_ANALYTICS_REPORTING_ENABLED": "false",
            "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
            "GF_PLUGINS_PREINSTALL_DISABLED": "true",
            "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH": "/etc/grafana/provisioning/dashboards/stack.json",
        },
        ports=(Port(Variable("GRAFANA_PORT", "3000"), 3000),),
        mounts=(
            Mount("grafana", "/var/lib/grafana"),
            *(
                Mount(f"./grafana/{what}", f"/etc/grafana/provisioning/{what}", read_only=True)
                for what in ("datasources", "dashboards")
            ),
        ),
        temporary=("/tmp:mode=1777",),
        health=Health(command=("wget", "-q", "-O", "/dev/null", "http://localhost:3000/api/health")),
        limits=Limits("1", "512m"),
        after={"volumes": "service_completed_successfully", "prometheus": "service_healthy"},
        profiles=_PROFILES,
    )
    return prometheus, grafana


def files() -> dict[str, str]:
    """What both read, by path below the folder of the compose file."""
    return {
        "prometheus.yml": _scraping(),
        "grafana/datasources/prometheus.yml": _SOURCE,
        "grafana/dashboards/stack.yml": _PROVIDER,
        "grafana/dashboards/stack.json": json.dumps(dashboard(), indent=2) + "\n",
    }


def _scraping() -> str:
    jobs = "".join(
        f"""
  - job_name: {name}
    dns_sd_configs:
      - names: [{name}]
        type: A
        port: {PORT}
        refresh_interval: 15s
"""
        for name in PROGRAMS
    )
    return f"""# Every copy of each of our programs, found by the name of its service.
global:
  scrape_interval: 15s
scrape_configs:{jobs}"""


_SOURCE = """apiVersion: 1
datasources:
  - name: Prometheus
    uid: prometheus
    type: prometheus
    access: proxy
    url: http://prometheus:9090
    isDefault: true
"""

_PROVIDER = """apiVersion: 1
providers:
  - name: dspy-tui
    type: file
    disableDeletion: true
    options:
      path: /etc/grafana/provisioning/dashboards
"""

_PANELS = (
    ("Programs that answer", "sum by (job) (up)", "short"),
    ("State (1 is the present one)", "max by (service, state) (dspy_tui_state)", "short"),
    ("The bus answers", "min by (service) (dspy_tui_bus_up)", "short"),
    ("Processor", "sum by (service) (rate(dspy_tui_cpu_seconds_total[1m]))", "percentunit"),
    ("Memory", "sum by (service) (dspy_tui_memory_bytes)", "bytes"),
    ("Running for", "min by (service) (dspy_tui_uptime_seconds)", "s"),
    ("Index: files, and those behind", '{__name__=~"dspy_tui_index_(files|behind)"}', "short"),
    ("Index: chunks, and those with vectors", '{__name__=~"dspy_tui_index_(chunks|embedded)"}', "short"),
)


def dashboard() -> dict[str, Any]:
    """The dashboard as Grafana reads it: two panels a row."""
    return {
        "uid": "dspy-tui-stack",
        "title": "dspy-tui stack",
        "schemaVersion": 39,
        "refresh": "15s",
        "time": {"from": "now-1h", "to": "now"},
        "panels": [
            {
                "id": number + 1,
                "title": title,
                "type": "timeseries",
                "datasource": {"type": "prometheus", "uid": "prometheus"},
                "gridPos": {"h": 8, "w": 12, "x": number % 2 * 12, "y": number // 2 * 8},
                "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
                "targets": [{"refId": "A", "expr": expression}],
            }
            for number, (title, expression, unit) in enumerate(_PANELS)
        ],
    }
