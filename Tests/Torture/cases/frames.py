"""Frames that RFC 6455 section 5 forbids: each bit, length and order is judged as soon as it is there."""

import struct
import time

from rig.runner import case
from rig.sockets import ZERO, opened, stored, table
from support.checks import equal, holds
from support.frames import BINARY, CLOSE, PING, PONG, TEXT, Bare, frame, text

HELLO = '{"type":"message","content":"x"}'
START = frame(TEXT, b"{", fin=False)
MIB = 1 << 20


def length(first, number, width):
    """A length in a form of the caller's choice."""
    return bytes([first]) + number.to_bytes(width, "big")


table(__name__, [
    *((f"reserved bits {bits}, opcode {opcode}", frame(opcode, b"x", reserved=bits), 1002)
      for bits in (1, 2, 4, 7) for opcode in (TEXT, PING, CLOSE, 0)),
    *((f"opcode {opcode}, which nobody knows", frame(opcode, b"x"), 1002) for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)),
    *((f"opcode {opcode}, which nobody knows, in a message", START + frame(opcode), 1002) for opcode in (3, 15)),
    *((f"a frame of opcode {opcode} without a mask", frame(opcode, b"x", masked=False), 1002) for opcode in (TEXT, BINARY, PING, PONG, CLOSE)),
    ("a continuation without a mask", START + frame(0, b"x", masked=False), 1002),
    ("an empty frame without a mask", frame(TEXT, masked=False), 1002),
    ("a continuation of nothing", frame(0, b"x"), 1002),
    ("a last continuation of nothing that is empty", frame(0), 1002),
    ("a continuation of a message that has ended", START + frame(0, b"}") + frame(0, b"x"), 1002),
    ("a text inside of a message", START + text(HELLO), 1002),
    ("a fragment of a text inside of a message", START + frame(TEXT, b"x", fin=False), 1002),
    ("a binary frame inside of a message", START + frame(BINARY, b"x"), 1002),
    *((f"a control frame in pieces, opcode {opcode}", frame(opcode, b"x", fin=False), 1002) for opcode in (PING, PONG, CLOSE)),
    *((f"a control frame in pieces inside of a message, opcode {opcode}", START + frame(opcode, fin=False), 1002)
      for opcode in (PING, PONG, CLOSE)),
    *((f"a control frame of 126 bytes, opcode {opcode}", frame(opcode, b"x" * 126), 1002) for opcode in (PING, PONG, CLOSE)),
    ("a control frame whose length takes 16 bits", frame(PING, b"", length=length(126, 5, 2)), 1002),
    ("a control frame whose length takes 64 bits", frame(PING, b"", length=length(127, 5, 8)), 1002),
    *((f"a length of {number} in 16 bits", frame(TEXT, b"", length=length(126, number, 2)), 1002) for number in (0, 1, 125)),
    *((f"a length of {number} in 64 bits", frame(TEXT, b"", length=length(127, number, 8)), 1002)
      for number in (0, 125, 126, 65_535)),
    *((f"a length with its top bit set, {number:#x}", frame(TEXT, b"", length=length(127, number, 8)), 1002)
      for number in (1 << 63, (1 << 63) + 5, (1 << 64) - 1)),
    *((f"a length of {number}", frame(TEXT, b"", length=length(127, number, 8)), 1009)
      for number in (MIB + 1, 1 << 31, 1 << 32, (1 << 32) + 5, 1 << 62, (1 << 63) - 1)),
    ("a length past the limit in a fragment", START + frame(0, b"", length=length(127, MIB, 8)), 1009),
    ("bytes", frame(BINARY, b"\0\1\2"), 1003),
    ("no bytes", frame(BINARY), 1003),
    ("bytes in pieces", frame(BINARY, b"\0", fin=False) + frame(0, b"\1"), 1003),
    ("more fragments than a message may have", frame(TEXT, fin=False) + (b"\0\x80" + ZERO) * 65_536, 1008),
    ("HTTP where frames should be", b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", 1002),
    ("zeros", bytes(1000), 1002),
    ("0xFF", b"\xff" * 1000, 1002),
])


@case("every length form that is right is read")
async def lengths(t):
    ann, room, bare = await opened(t)
    for size in 0, 1, 125 - 32, 126 - 32, 127, 65_535 - 32, 65_536 - 32, 65_536:
        bare.send(text('{"type":"message","content":"' + "x" * size + '","id":1}'))
        while (found := await bare.receive())[0] != TEXT or b'"ack"' not in found[1] and b'"error"' not in found[1]:
            pass
        holds((b"message_empty" in found[1]) == (size == 0), f"{size} bytes: {found[1][:200]}")
    bare.end()


@case("a message of exactly 1 MiB is read, of a byte more it is 1009 within 100 ms")
async def limit(t):
    ann, room, bare = await opened(t)
    padding = " " * (MIB - len(HELLO))
    zero = bytes([0x80 | TEXT, 127 | 0x80]) + struct.pack(">Q", MIB) + ZERO + (HELLO + padding).encode()
    bare.send(zero)
    equal((await bare.message())["content"], "x", "content")
    for data in (
        bytes([0x80 | TEXT, 127 | 0x80]) + struct.pack(">Q", MIB + 1) + ZERO,
        bytes([TEXT, 127 | 0x80]) + struct.pack(">Q", MIB) + ZERO + b" " * MIB + bytes([0x80, 0x81]),
    ):
        bare = await Bare.open(ann, room)
        bare.send(data[:-2])
        await bare.writer.drain()
        begin = time.monotonic()
        bare.send(data[-2:])
        equal(await bare.close_code(), 1009, "close code")
        holds(time.monotonic() - begin < 0.1, f"it took {time.monotonic() - begin:.3f} s")
        bare.end()


@case("control frames between fragments, and fragments between characters, change nothing")
async def interleaved(t):
    ann, room, bare = await opened(t)
    body = '{"type":"message","content":"é😀"}'.encode()
    bare.send(frame(TEXT, fin=False))
    for byte in body:
        bare.send(frame(PING, bytes([byte & 0x7F])) + frame(0, bytes([byte]), fin=False) + frame(0, fin=False) + frame(PONG))
    bare.send(frame(0))
    pongs = 0
    while (found := await bare.receive())[0] != TEXT or b'"message"' not in found[1]:
        pongs += found[0] == PONG
    holds(pongs == len(body), f"{pongs} pongs for {len(body)} pings")
    equal([message["content"] for message in await ann.messages(room)], ["é😀"], "content")
    bare.end()


@case("a frame that was good before one that is broken counts")
async def good_before(t):
    ann, room, bare = await opened(t)
    bare.send(text('{"type":"message","content":"before"}') + frame(3) + text('{"type":"message","content":"behind"}'))
    equal(await bare.close_code(), 1002, "close code")
    bare.end()
    await stored(ann, room, ["before"])


@case("a frame that is announced and never comes holds no memory")
async def announced(t):
    from cases.limits import resident

    before = resident(t)
    ann = await t.person("ann")
    room = await ann.room()
    bares = [await Bare.open(ann, room) for _ in range(200)]
    for bare in bares:
        bare.send(bytes([0x80 | TEXT, 127 | 0x80]) + struct.pack(">Q", MIB) + ZERO + b"x" * 100)
    await (await ann.open(room)).fence()
    grown = resident(t) - before
    for bare in bares:
        bare.writer.transport.abort()
    holds(grown < 16 << 20, f"200 announcements took {grown >> 10} KiB")
