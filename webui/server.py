"""The API on a socket, in threads of its own beside the actors."""

import threading
from typing import Any, Final

from waitress.server import create_server

from webui.answers import BODY_MAX
from webui.app import make_app
from webui.parts import Parts
from webui.stream import Streams

THREADS_SPARE: Final = 4  # for everything that is not a stream
CONNECTIONS_MAX: Final = 200
STOP_S: Final = 5


class WebServer:
    """Listens from the moment it is made, answers from ``start`` to ``stop``."""

    def __init__(self, parts: Parts, *, host: str, port: int) -> None:
        """Take the port.

        Raises:
            OSError: it cannot be had.
        """
        self._streams = Streams(parts)
        self._server: Any = create_server(
            make_app(parts, self._streams),
            host=host.strip("[]"),
            port=port,
            threads=parts.about.streams_max + THREADS_SPARE,
            ident=None,
            connection_limit=CONNECTIONS_MAX,
            channel_request_lookahead=5,  # lets a stream learn that its listener is gone
            max_request_body_size=BODY_MAX,
            clear_untrusted_proxy_headers=True,
        )
        self.host, self.port = host, _port_of(self._server)
        self._thread = threading.Thread(target=self._server.run, name="web", daemon=True)

    @property
    def url(self) -> str:
        """Where it can be reached from this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104 - compared, not bound
        return f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{self.port}"

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """End the streams, finish what is being answered, and let the port go."""
        self._streams.stop()
        self._server.close()
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=STOP_S)
        if self._thread.is_alive():
            self._thread.join(STOP_S)


def _port_of(server: Any) -> int:
    """The port it got; a name like `localhost` may have made two sockets."""
    if hasattr(server, "effective_port"):
        return int(server.effective_port)
    return int(server.effective_listen[0][1])
