"""What disturbs a service: a busy page, or somebody else's computation. `python -m bench.service_load page URL KEY`."""

import sys
import threading
import time
import urllib.request
from typing import Final

STREAMS: Final = 20
SCRAPE_S: Final = 1.0


def page(url: str, key: str) -> None:
    """Twenty streams that read whatever comes, and one that scrapes the metrics every second."""
    for _ in range(STREAMS):
        threading.Thread(target=_listen, args=(url, key), daemon=True).start()
    while True:
        with _open(url, "/metrics", key) as answer:
            answer.read()
        time.sleep(SCRAPE_S)


def _listen(url: str, key: str) -> None:
    with _open(url, "/api/v2/stream", key) as stream:
        while stream.readline():
            pass


def _open(url: str, path: str, key: str) -> "urllib.request._UrlopenRet":
    request = urllib.request.Request(url + path, headers={"Authorization": f"Bearer {key}"})  # noqa: S310 - our own
    return urllib.request.urlopen(request, timeout=3600)  # noqa: S310 - the same


def spin() -> None:
    """Compute for ever, as a report or a backtest in a process of its own would."""
    total = 0
    while True:
        total += sum(number * number for number in range(10_000)) & 0xFF


if __name__ == "__main__":
    if sys.argv[1] == "page":
        page(sys.argv[2], sys.argv[3])
    else:
        spin()
