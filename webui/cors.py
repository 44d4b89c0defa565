"""Pages of other sites that may use the API: those of `web.cors_origins`, with a key and never with our cookie."""

from typing import Final

import bottle

HEADERS: Final = "Authorization, Content-Type, Idempotency-Key, Last-Event-ID"
METHODS: Final = "GET, POST, PUT, PATCH, DELETE"
SHOWN: Final = "Retry-After, Idempotent-Replay"
AGE_S: Final = "600"


def allow(origin: str) -> None:
    """Let this request of another site through; its question beforehand is answered here.

    Raises:
        HTTPResponse: the answer to a question beforehand.
    """
    bottle.request.environ["tradebaas.cors"] = origin
    if bottle.request.method == "OPTIONS":
        raise bottle.HTTPResponse("", 204)


def finish() -> None:
    """Add what a browser wants to read to the answer."""
    response, origin = bottle.response, bottle.request.environ.get("tradebaas.cors")
    if origin is None:
        return
    response.set_header("Access-Control-Allow-Origin", origin)
    response.set_header("Access-Control-Expose-Headers", SHOWN)
    response.add_header("Vary", "Origin")
    if bottle.request.method == "OPTIONS":
        response.set_header("Access-Control-Allow-Methods", METHODS)
        response.set_header("Access-Control-Allow-Headers", HEADERS)
        response.set_header("Access-Control-Max-Age", AGE_S)
