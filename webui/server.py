"""The API on a socket, in threads of its own beside the actors."""

import socket
import threading
from typing import Any, Final

from waitress.server import create_server

from webui.answers import BODY_MAX
from webui.app import make_app
from webui.channel import SLOW_S_MAX, WAITING_BYTES_MAX, Channel
from webui.parts import Parts
from webui.stream import Streams

THREADS_SPARE: Final = 4  # for everything that is not a stream
CONNECTIONS_MAX: Final = 200
STOP_S: Final = 5
SLOW_LOOK_S: Final = 5
_ANYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where to reach a server that listens everywhere


class WebServer:
    """Listens from the moment it is made, answers from ``start`` to ``stop``."""

    def __init__(self, parts: Parts, *, host: str, port: int) -> None:
        """Take the port.

        Raises:
            OSError: it cannot be had.
        """
        self._host = host.strip("[]")
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listening = socket.create_server((self._host, port), family=family)
        self.port = int(listening.getsockname()[1])
        self._streams = Streams(parts)
        server: Any = create_server(
            make_app(parts, self._streams),
            sockets=[listening],
            threads=parts.about.streams_max + THREADS_SPARE,
            ident=None,
            connection_limit=CONNECTIONS_MAX,
            channel_request_lookahead=5,  # lets a stream learn that its listener is gone
            max_request_body_size=BODY_MAX + 1,  # it refuses from there on
            clear_untrusted_proxy_headers=True,
            outbuf_high_watermark=WAITING_BYTES_MAX,
            channel_timeout=SLOW_S_MAX,
            cleanup_interval=SLOW_LOOK_S,
            **_behind(parts.about.trusted_proxy),
        )
        server.channel_class = Channel
        self._look_at_idle, server.maintenance = server.maintenance, self._look
        self._server = server
        self._thread = threading.Thread(target=self._server.run, name="web", daemon=True)

    @property
    def url(self) -> str:
        """Where it can be reached from this machine."""
        host = _ANYWHERE.get(self._host, self._host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """End the streams, finish what is being answered, and let the port go. Told twice it changes nothing."""
        if self._streams.is_stopping:
            return
        self._streams.stop()
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=STOP_S)
        if not self._thread.is_alive():
            self._server.close()
            return
        # Its own thread closes it: another one would take the sockets away under its feet, last words unsent. Somebody
        # else may have woken it, so that it does this while we are still about to wake it: it waits for that.
        woken = threading.Event()
        self._server.trigger.pull_trigger(lambda: self._let_go(woken))
        woken.set()
        self._thread.join(STOP_S)

    def _look(self, now_s: float) -> None:
        """Let go who sends nothing, and who takes nothing: that one later, for here sockets are being chosen from."""
        self._look_at_idle(now_s)
        if any(channel.is_stuck(now_s) for channel in self._server.active_channels.values()):
            self._server.trigger.pull_trigger(lambda: self._let_stuck_go(now_s))

    def _let_stuck_go(self, now_s: float) -> None:
        for channel in list(self._server.active_channels.values()):
            if channel.is_stuck(now_s):
                channel.handle_close()

    def _let_go(self, woken: threading.Event) -> None:
        woken.wait(STOP_S)
        for channel in list(self._server.active_channels.values()):
            channel.close_when_flushed = True
            if not channel.total_outbufs_len:
                channel.handle_close()
        self._server.close()


def _behind(proxy: str) -> dict[str, Any]:
    """What waitress needs to believe a proxy, and nobody else."""
    if not proxy:
        return {}
    believed = {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"}
    return {"trusted_proxy": proxy, "trusted_proxy_headers": believed, "trusted_proxy_count": 1}
