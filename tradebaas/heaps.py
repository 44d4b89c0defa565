"""How many heaps the process keeps. glibc gives nearly every thread its own, and each keeps what it once needed."""

import ctypes
from contextlib import suppress
from typing import Final

ARENA_MAX: Final = -8  # glibc's M_ARENA_MAX, of malloc.h
HEAPS: Final = 2


def keep_few() -> None:
    """Share two heaps between all threads: they take turns with Python anyway. Elsewhere than on glibc, nothing."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(ARENA_MAX, HEAPS)
