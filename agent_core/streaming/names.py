"""The topics that programs of ours read and write, by name. This is the only place that spells them."""

from __future__ import annotations

TASKS = "agent.tasks"
"""Work for the fleet; the router reads it."""
LEARNING = "agent.learning"
"""What learning writes down."""
METRICS = "agent.metrics"
"""Figures of the programs."""
ERRORS = "agent.errors"
"""What could not be worked on, with the reason."""


def tasks(service: str) -> str:
    """Work for the workers of a service, as the router shared it out."""
    return f"{TASKS}.{service}"


def results(service: str) -> str:
    """Where a worker's results go."""
    return f"agent.results.{service}"


def raw_logs(service: str) -> str:
    """Lines of logs as they were written."""
    return f"logs.raw.{service}"


def log_context(service: str) -> str:
    """What Spark made of them."""
    return f"logs.ctx.{service}"


LOG_CONTEXTS = "logs.ctx.*"
"""All of these, as a pattern."""


def service_of(topic: str) -> str:
    """Whose key events are on a topic; "" where it is another one."""
    head, _, service = topic.partition(LOG_CONTEXTS[:-1])
    return "" if head else service


_GROUPS = "dspy-tui."


def is_ours(group: str) -> bool:
    """Whether a group is one of these, which begin with the oldest message of a topic."""
    return group.startswith(_GROUPS)


def workers(service: str) -> str:
    """The group in which the workers of a service read: each task goes to one of them."""
    return f"{_GROUPS}worker.{service}"


ROUTER = f"{_GROUPS}router"
"""The group of the routers."""


def reader_of(topic: str) -> str:
    """The group to which all work on a topic is given; "" where it is no queue."""
    head, _, service = topic.partition(f"{TASKS}.")
    return ROUTER if topic == TASKS else workers(service) if service and not head else ""


def trainer(workspace: str) -> str:
    """The group of the trainer of a workspace: each reads all that is learnt, and takes what is its own."""
    return f"{_GROUPS}trainer.{workspace}"
