"""WebSocket frames out of a stream of bytes (RFC 6455, the receiving half), many at a time.

It exists for speed: reading a socket in large pieces and cutting frames here is many times faster than asking the
socket for each header. It decides nothing about pings and closes; it only hands them out.
"""

from enum import IntEnum, unique

from trading.errors import BadInput


@unique
class Opcode(IntEnum):
    """What a frame is."""

    CONTINUATION = 0x0
    TEXT = 0x1
    BINARY = 0x2
    CLOSE = 0x8
    PING = 0x9
    PONG = 0xA


Frame = tuple[Opcode, bytes]

MESSAGE_MAX = 64 * 1024 * 1024  # bytes; all instruments together are 5 MB, so more is not a message but an attack

_WHOLE_TEXT = 0x80 | Opcode.TEXT
_LENGTH_16 = 126
_LENGTH_64 = 127
_MASKED = 0x80
_RESERVED = 0x70
_CONTROL = 0x8
_CONTROL_MAX = 125
_HEADER_MAX = 10


class FrameReader:
    """Takes bytes as they come and gives whole messages and control frames in order."""

    def __init__(self, message_max: int = MESSAGE_MAX) -> None:
        self._message_max = message_max
        self._chunks: list[bytes] = []
        self._held = 0
        self._needed = 2
        self._parts: list[bytes] = []
        self._parts_size = 0
        self._parts_opcode: Opcode | None = None

    def feed(self, chunk: bytes) -> list[Frame]:
        """Give what this chunk completes; raises BadInput when the stream breaks the protocol."""
        if self._held:
            # Pieces of a long message are joined once, when it is whole, not at every arrival.
            self._chunks.append(chunk)
            self._held += len(chunk)
            if self._held < self._needed:
                return []
            buffer = b"".join(self._chunks)
            self._chunks.clear()
        else:
            buffer = chunk
        found, used = self._cut(buffer)
        self._held = len(buffer) - used
        if self._held:
            self._chunks.append(buffer[used:])
        return found

    def _cut(self, buffer: bytes) -> tuple[list[Frame], int]:
        """Give the frames in the buffer and how much of it they took; remember how much the next one needs."""
        found: list[Frame] = []
        at = 0
        end = len(buffer)
        while end - at >= 2:  # noqa: PLR2004 - the shortest header
            first = buffer[at]
            length = buffer[at + 1]
            start = at + 2
            if length >= _LENGTH_16:
                if length & _MASKED:
                    raise BadInput("a server's frame must not be masked")
                start += 2 if length == _LENGTH_16 else 8
                if start > end:
                    break
                length = int.from_bytes(buffer[at + 2 : start], "big")
                if length > self._message_max:
                    raise BadInput("a frame longer than any message may be", length)
            stop = start + length
            if stop > end:
                self._needed = stop - at
                return found, at
            if first == _WHOLE_TEXT and self._parts_opcode is None:
                found.append((Opcode.TEXT, buffer[start:stop]))
            else:
                self._take(first, buffer[start:stop], found)
            at = stop
        self._needed = min(end - at + 1, _HEADER_MAX)
        return found, at

    def _take(self, first: int, payload: bytes, found: list[Frame]) -> None:
        """Handle everything but the common whole text frame."""
        if first & _RESERVED:
            raise BadInput("reserved bits are set, but no extension was agreed", first)
        try:
            opcode = Opcode(first & 0x0F)
        except ValueError:
            raise BadInput("unknown kind of frame", first) from None
        is_last = bool(first & 0x80)
        if opcode & _CONTROL:
            # Control frames may come between the parts of a message, but never in parts themselves.
            if not is_last or len(payload) > _CONTROL_MAX:
                raise BadInput("a control frame in parts, or too long to be one", first)
            found.append((opcode, payload))
            return
        if (opcode is Opcode.CONTINUATION) != (self._parts_opcode is not None):
            raise BadInput("the parts of a message are out of order", first)
        if opcode is not Opcode.CONTINUATION:
            self._parts_opcode = opcode
        self._parts.append(payload)
        self._parts_size += len(payload)
        if self._parts_size > self._message_max:
            raise BadInput("a message longer than any may be", self._parts_size)
        if is_last:
            assert self._parts_opcode is not None
            found.append((self._parts_opcode, b"".join(self._parts)))
            self._parts.clear()
            self._parts_size = 0
            self._parts_opcode = None
