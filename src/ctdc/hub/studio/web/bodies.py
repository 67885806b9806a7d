"""What people send never rests unsealed: the body of a request stays in memory, and one that would not fit is refused.

Promise: Django spools a body that is larger than it keeps in memory into a file of the system's temporary folder, and
large files of a form as well. In front of it, this refuses every body that is larger, before a byte of it is read, and
every body that does not say how large it is.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOO_LARGE, NO_LENGTH = 413, 411


class Bodies:
    """An ASGI application that passes on requests with a body of at most `most` bytes."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app, self._most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        status = self._fault(scope) if scope["type"] == "http" else 0
        if status:
            await send({"type": "http.response.start", "status": status, "headers": [(b"connection", b"close")]})
            await send({"type": "http.response.body"})
            return
        await self._app(scope, self._counted(receive), send)

    def _fault(self, scope: Scope) -> int:
        headers = dict(scope["headers"])
        if b"transfer-encoding" in headers:
            return NO_LENGTH
        length = headers.get(b"content-length", b"0")
        return 0 if length.isdigit() and int(length) <= self._most else TOO_LARGE

    def _counted(self, receive: Receive) -> Receive:
        """`receive` as long as no more comes than was said: servers keep to it, and this does not rely on them."""
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            return message if seen <= self._most else {"type": "http.disconnect"}

        return counted
