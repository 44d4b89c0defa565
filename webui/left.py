"""What a running service leaves in its data directory for the command line of the same machine."""

from pathlib import Path
from typing import Final

import msgspec

LOCAL_FILE: Final = "api.json"


class Left(msgspec.Struct, frozen=True):
    """Where the service answers, and a key that is good for as long as it runs."""

    url: str
    token: str
    pid: int


def left_in(folder: Path) -> Left | None:
    """Read it; None when there is nothing, or nothing of ours."""
    try:
        return msgspec.json.decode((folder / LOCAL_FILE).read_bytes(), type=Left)
    except (OSError, msgspec.DecodeError):
        return None
