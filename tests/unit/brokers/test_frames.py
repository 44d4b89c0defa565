"""WebSocket frames out of bytes that come in any pieces."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokers.frames import FrameReader, Opcode
from trading.errors import BadInput


def frame(opcode: int, payload: bytes, *, is_last: bool = True) -> bytes:
    first = (0x80 if is_last else 0) | opcode
    if len(payload) < 126:
        return struct.pack("!BB", first, len(payload)) + payload
    if len(payload) < 65_536:
        return struct.pack("!BBH", first, 126, len(payload)) + payload
    return struct.pack("!BBQ", first, 127, len(payload)) + payload


PAYLOADS = st.binary(max_size=300) | st.sampled_from([b"", b"x" * 125, b"x" * 126, b"x" * 65_535, b"x" * 65_536])


@given(
    messages=st.lists(st.tuples(PAYLOADS, st.integers(1, 4)), max_size=6),
    cuts=st.lists(st.integers(1, 70_000) | st.integers(1, 12), min_size=1, max_size=20),
)
def test_messages_come_out_whole_and_in_order_however_the_bytes_are_cut(
    messages: list[tuple[bytes, int]], cuts: list[int]
) -> None:
    stream = b""
    pings = 0
    for payload, parts in messages:
        step = len(payload) // parts + 1
        pieces = [payload[at : at + step] for at in range(0, len(payload), step)] or [b""]
        for number, piece in enumerate(pieces):
            opcode = Opcode.TEXT if number == 0 else Opcode.CONTINUATION
            stream += frame(opcode, piece, is_last=number == len(pieces) - 1)
            stream += frame(Opcode.PING, b"p")  # control frames may come in between
            pings += 1

    reader = FrameReader()
    found = []
    turn = 0
    while stream:
        size = cuts[turn % len(cuts)]
        found += reader.feed(stream[:size])
        stream = stream[size:]
        turn += 1

    # The very last frame too: what is whole must not wait for the next bytes.
    assert len([opcode for opcode, _ in found if opcode is Opcode.PING]) == pings
    assert [payload for opcode, payload in found if opcode is Opcode.TEXT] == [payload for payload, _ in messages]


BROKEN = {
    "masked": struct.pack("!BB", 0x81, 0x85) + b"abcdhello",
    "reserved bits": struct.pack("!BB", 0xC1, 2) + b"ab",
    "unknown kind": struct.pack("!BB", 0x83, 2) + b"ab",
    "a continuation of nothing": frame(Opcode.CONTINUATION, b"ab"),
    "a message inside a message": frame(Opcode.TEXT, b"a", is_last=False) + frame(Opcode.TEXT, b"b"),
    "a ping in parts": frame(Opcode.PING, b"a", is_last=False),
    "a ping too long": frame(Opcode.PING, b"x" * 126),
    "longer than anything": struct.pack("!BBQ", 0x81, 127, 1 << 62),
}


@pytest.mark.parametrize("stream", BROKEN.values(), ids=BROKEN)
def test_a_stream_that_breaks_the_protocol_is_bad_input(stream: bytes) -> None:
    with pytest.raises(BadInput):
        FrameReader().feed(stream)


def test_parts_that_add_up_to_too_much_are_bad_input() -> None:
    reader = FrameReader(message_max=1_000)
    stream = frame(Opcode.TEXT, b"x" * 200, is_last=False)
    stream += frame(Opcode.CONTINUATION, b"x" * 200, is_last=False) * 9

    with pytest.raises(BadInput):
        reader.feed(stream)


@given(stream=st.binary(max_size=200))
def test_no_bytes_whatever_they_are_do_more_than_raise_bad_input(stream: bytes) -> None:
    reader = FrameReader(message_max=1_000)
    try:
        for at in range(0, len(stream), 7):
            reader.feed(stream[at : at + 7])
    except BadInput:
        pass
