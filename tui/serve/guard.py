"""Who may see the screen: a browser of this machine that has the token."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_OURS = ("localhost", "127.0.0.1", "::1")
"""Names of this machine. With any other, somebody's page had a name of theirs lead here (DNS rebinding)."""
_DAY_S = 86_400
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self';"
    " img-src 'self' data:; font-src 'self' data:; frame-ancestors 'none'; base-uri 'none';"
    " form-action 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Guard:
    """Lets those in who bring the token, once in the address and then as a cookie; all others get nothing.

    Args:
        port: Makes the cookie one of this server: they do not tell ports apart.
    """

    def __init__(self, port: int) -> None:
        self.token = secrets.token_urlsafe(24)
        self._cookie = f"dspy-tui-{port}"

    @web.middleware
    async def admit(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer, or refuse with an empty page."""
        if not _is_here(request):
            response: web.StreamResponse = web.Response(status=403)
        elif request.path == "/" and self._is_token(request.query.get("token", "")):
            response = web.Response(status=303, headers={"Location": "/"})  # out of the address, the history
            response.set_cookie(self._cookie, self.token, max_age=_DAY_S, httponly=True, samesite="Lax")
        elif self._is_token(request.cookies.get(self._cookie, "")):
            try:
                response = await handler(request)
            except web.HTTPException as error:
                response = error
        else:
            response = web.Response(status=403)
        if not response.prepared:
            response.headers.update(_HEADERS)
        return response

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(errors="replace"), self.token.encode())


def _is_here(request: web.Request) -> bool:
    """Whether this machine was asked by its own name, and for a page of ours."""
    if _name_of(f"//{request.host}") not in _OURS:
        return False
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host


def _name_of(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None
