"""Pulling a model into Ollama, with one progress over all of its layers."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING, cast

from agent_core.events import PullProgress
from agent_core.llm import http_errors
from agent_core.llm.errors import ModelError
from agent_core.llm.http_errors import Endpoint

if TYPE_CHECKING:
    import ollama

_EVERY_S = 0.1


async def pull(
    client: ollama.AsyncClient, endpoint: Endpoint, *, insecure: bool
) -> AsyncGenerator[PullProgress]:
    """Progress ten times a second at most; the last one has `done`. Raises the `ModelError` tree."""
    import httpx
    import ollama as vendor

    layers: dict[str, tuple[int, int]] = {}
    status, shown_at = "", 0.0
    try:
        stream = await client.pull(endpoint.model, insecure=insecure, stream=True)
        async with aclosing(cast("AsyncGenerator[ollama.ProgressResponse]", stream)) as steps:
            async for step in steps:
                if step.digest and step.total:
                    layers[step.digest] = (step.completed or 0, step.total)
                said = "pulling" if step.digest else step.status or ""
                now = time.monotonic()
                if said != status or now - shown_at >= _EVERY_S:
                    status, shown_at = said, now
                    yield _progress(endpoint.model, status, layers)
    except vendor.ResponseError as error:
        raise _refused(error.status_code, error.error, endpoint) from error
    except ConnectionError as error:
        raise http_errors.unreachable(endpoint, "connection refused") from error
    except httpx.HTTPError as error:
        raise http_errors.from_transport(error, endpoint, streaming=bool(status)) from error
    except ValueError as error:  # a line that is no JSON, or not of the expected shape
        raise http_errors.garbage(endpoint, "a line of progress is broken") from error
    if status != "success":
        raise http_errors.cut_off(endpoint, "the pull ended before it was complete")
    done = _progress(endpoint.model, status, layers)
    yield PullProgress(model=done.model, status=status, completed=done.total, total=done.total, done=True)


def _progress(model: str, status: str, layers: dict[str, tuple[int, int]]) -> PullProgress:
    return PullProgress(
        model=model,
        status=status,
        completed=sum(completed for completed, _ in layers.values()),
        total=sum(total for _, total in layers.values()),
    )


def _refused(status: int, said: str, endpoint: Endpoint) -> ModelError:
    from agent_core.llm.errors import ModelNotFound, ModelServerError

    text = http_errors.error_text(said)
    if status == 404 or "file does not exist" in text or "not found" in text:
        return ModelNotFound(
            f"There is no model {endpoint.model!r} to pull: {text}",
            hint="Check the name at https://ollama.com/library.",
        )
    return ModelServerError(
        f"Ollama at {endpoint.host} could not pull {endpoint.model!r}: {text}",
        hint="Check the network of the machine that Ollama runs on, then pull again.",
    )
