"""One connection of the server, as waitress makes it, with bounds: how slowly it may be asked, how slowly be read.

A thread waits for a reader only while it gives a stream, and there are only so many streams. Whoever else leaves so
many answers unread that a thread would have to wait is let go: a few of them would hold every thread there is.
"""

import time
from typing import Any, Final

from waitress.channel import ClientDisconnected, HTTPChannel
from waitress.task import ErrorTask, WSGITask

from webui.answers import BODY_MAX, Problem
from webui.app import API_POLICY, HEADERS
from webui.pushing import LINE

SLOW_S_MAX: Final = 30
"""A client that sends or takes nothing for so long is let go; a stream says something twice as often."""
WAITING_BYTES_MAX: Final = 256 * 1024
"""Written for one listener: then its thread waits. Waitress also keeps so much of what it has sent, as long as the
connection lasts: with its own 16 MiB the service grew by 10 MB a minute under twenty streams."""
REQUEST_S_MAX: Final = 20
"""From a request's first byte to its last."""
_NO_REQUEST: Final = {
    400: ("malformed", "this is no request: its first line, a header or the coding of its body is wrong"),
    413: ("too_large", f"a body may have {BODY_MAX} bytes"),
    431: ("header_too_large", "the address and the headers are too long"),
    501: ("coding", "the transfer coding of this body is not known here; `chunked` is"),
}
"""What waitress refuses before the application hears of it. Nothing of what was sent is said back."""


class _Line:
    """A way to write to an answer beside the thread that gives it (webui/pushing.py)."""

    def __init__(self, task: "_Task") -> None:
        self._task = task

    def has_room(self) -> bool:
        """Far enough from the bound at which a write waits for the listener."""
        return int(self._task.channel.total_outbufs_len) < WAITING_BYTES_MAX // 2

    def write(self, piece: bytes) -> bool:
        """Write it as a part of the answer."""
        try:
            self._task.write(piece)
        except (ClientDisconnected, OSError):
            return False
        return True


class _Task(WSGITask):
    """A request that is being answered."""

    def get_environment(self) -> dict[str, Any]:
        """Give the application what it is to know, and the line."""
        return {**super().get_environment(), LINE: _Line(self)}

    def write(self, data: bytes) -> None:
        """Write; only an answer whose length nobody knows beforehand is a stream."""
        channel: Any = self.channel
        channel.may_wait = self.content_length is None
        super().write(data)


class _Refused(ErrorTask):
    """A request that does not reach the application: it is told so in the one shape of errors."""

    def execute(self) -> None:
        """Answer, and end the connection: where the next request would begin is not known."""
        request: Any = self.request
        error = request.error
        code, sentence = _NO_REQUEST.get(error.code, ("internal", "something is wrong in the service itself"))
        body: bytes = Problem(error.code, code, sentence).body
        self.status = f"{error.code} {error.reason}"
        headers = {**HEADERS, "Content-Type": "application/json", "Cache-Control": "no-store"}
        self.response_headers = [*headers.items(), ("Content-Security-Policy", API_POLICY)]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class Channel(HTTPChannel):
    """A connection. Its request must come whole in time, however it drips; until then it holds no thread."""

    task_class = _Task
    error_task_class = _Refused
    may_wait = False
    _began_s: float | None = None

    def received(self, data: bytes) -> bool:
        """Take what came."""
        has_taken = bool(super().received(data))
        if self.request is None:
            self._began_s = None
        elif self._began_s is None:
            self._began_s = time.monotonic()
        elif time.monotonic() - self._began_s > REQUEST_S_MAX:
            self.will_close = True
        return has_taken

    def is_stuck(self, now_s: float) -> bool:
        """Whether something waits for its reader, who has taken nothing for too long.

        Waitress ends such a connection when the socket takes something again, and while it answers not even then.
        """
        waits = self.total_outbufs_len or self.close_when_flushed or self.will_close
        return bool(waits) and self.last_activity < now_s - SLOW_S_MAX

    def _flush_outbufs_below_high_watermark(self) -> None:
        """Wait until what is written is read, if a thread may wait here; called before each write."""
        if self.may_wait or self.total_outbufs_len <= WAITING_BYTES_MAX:
            super()._flush_outbufs_below_high_watermark()  # type: ignore[misc]  # its stubs leave it out
            return
        self.connected = False  # nothing more is written to it
        trigger: Any = self.server.trigger
        trigger.pull_trigger(self.handle_close)
