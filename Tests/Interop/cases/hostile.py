"""Clients that break the rules, keep silent or do not read: it costs them their connection and nobody else
anything (RFC 6455)."""

import asyncio
import struct
import time

from support.checks import equal, holds, tiles
from support.frames import CLOSE, PING, PONG, TEXT, Bare, frame, text
from support.runner import case


async def ends_with(t, code, *pieces):
    ann, = t.cast
    bare = await Bare.open(ann, t.room)
    for piece in pieces:
        bare.send(piece)
    found = await bare.close_code()
    bare.end()
    holds(found == code if isinstance(code, int) else found in code, f"expected {code}, got {found} for {pieces!r:.300}")


async def setting(t):
    t.cast = await t.people("ann")
    t.room = await t.cast[0].room()
    return await t.cast[0].enter(t.room)


@case("frames that break the protocol end the connection with 1002")
async def protocol_errors(t):
    line = await setting(t)
    hello = '{"type":"typing"}'
    for pieces in (
        [text(hello, masked=False)], [text(hello, reserved=1)], [text(hello, reserved=2)], [text(hello, reserved=4)],
        [frame(3)], [frame(7)], [frame(11)], [frame(15)],
        [frame(PING, b"x" * 126)], [frame(PING, b"x", fin=False)], [frame(CLOSE, b"\x03")],
        [frame(CLOSE, struct.pack(">H", 999))], [frame(CLOSE, struct.pack(">H", 1005))],
        [frame(CLOSE, struct.pack(">H", 1006))], [frame(CLOSE, struct.pack(">H", 5000))],
        [frame(0, b"x")], [frame(TEXT, b"{", fin=False), text(hello)],
        [frame(TEXT, b"", length=bytes([126, 0, 5]))], [frame(TEXT, b"", length=bytes([127]) + bytes(7) + b"\x05")],
        [frame(TEXT, b"", length=bytes([127, 0x80]) + bytes(7))],
    ):
        await ends_with(t, 1002, *pieces)
    await line.fence()


@case("text that is no UTF-8 ends the connection with 1007")
async def not_utf8(t):
    line = await setting(t)
    for bad in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b'{"type":"message","content":"\xe2\x82"}'):
        await ends_with(t, 1007, frame(TEXT, bad))
        await ends_with(t, 1007, frame(TEXT, bad[:1], fin=False), frame(0, bad[1:]))
    await ends_with(t, 1007, frame(CLOSE, struct.pack(">H", 1000) + b"\xff"))
    await line.fence()


@case("a length past the limit ends the connection with 1009 before the payload comes")
async def announced_too_large(t):
    line = await setting(t)
    begin = time.monotonic()
    await ends_with(t, 1009, frame(TEXT, b"", length=bytes([127]) + struct.pack(">Q", 1 << 40)))
    await ends_with(t, 1009, frame(TEXT, b"x" * 700_000, fin=False), frame(0, b"x" * 700_000))
    holds(time.monotonic() - begin < 5, "it took its time")
    await line.fence()


@case("a close is answered with its code, a ping with its payload, and a lone pong with nothing")
async def polite(t):
    line = await setting(t)
    for code in (1000, 1001, 3000, 4999):
        await ends_with(t, code, frame(CLOSE, struct.pack(">H", code) + b"reason"))
    bare = await Bare.open(t.cast[0], t.room)
    bare.send(frame(PONG, b"unasked") + frame(PING, b"payload") + frame(TEXT, b'{"type":"mess', fin=False)
              + frame(PING, b"between") + frame(0, b'age","content":"x"}'))
    pongs = []
    while (found := await bare.receive()) is not None:
        if found[0] == PONG:
            pongs.append(found[1])
        elif found[0] == TEXT and b'"message"' in found[1]:
            break
    equal(pongs, [b"payload", b"between"], "pongs before the message")
    bare.end()
    await line.fence()


@case("bytes one by one are as good as all at once")
async def byte_by_byte(t):
    line = await setting(t)
    bare = await Bare.open(t.cast[0], t.room)
    for byte in text('{"type":"message","content":"slowly, ü"}'):
        bare.send(bytes([byte]))
        await bare.writer.drain()
        await asyncio.sleep(0)
    equal((await line.next("message"))["content"], "slowly, ü", "content")
    bare.end()


@case("a connection cut in the middle of a frame harms nobody")
async def cut(t):
    line = await setting(t)
    whole = text('{"type":"message","content":"whole"}')
    for length in range(0, len(whole), 3):
        bare = await Bare.open(t.cast[0], t.room)
        bare.send(whole[:length])
        bare.writer.transport.abort() if length % 2 else bare.end()
    await line.fence()
    equal([frame["content"] for frame in line.heard("message")], ["fence"], "messages")


@case("a peer that is silent is asked, and without an answer let go; one that answers stays")
async def silent(t):
    server = await t.own(transports=[{"type": "rest"}, {"type": "websocket", "pingSeconds": 1, "pongSeconds": 1}])
    ann, ben = await t.people("ann", "ben", server=server)
    room = await ann.room(ben)
    line = await ann.enter(room)
    bare = await Bare.open(ben, room)
    await line.next("system", event="joined", user_id=ben.id)
    begin = time.monotonic()
    await line.next("system", event="left", user_id=ben.id, patience=8)
    holds(time.monotonic() - begin > 1, "it was let go before it could answer")
    bare.end()
    await line.fence()


@case("a client that asks and does not read is slowed down, not served without end")
async def does_not_read(t):
    line = await setting(t)
    bare = await Bare.open(t.cast[0], t.room)
    flood = b"".join(frame(PING, b"x" * 125) for _ in range(1000))

    async def push():
        for _ in range(200):
            bare.send(flood)
            await bare.writer.drain()

    pushing = asyncio.create_task(push())
    for _ in range(5):
        begin = time.monotonic()
        await line.fence()
        holds(time.monotonic() - begin < 2, f"others wait {time.monotonic() - begin:.2f} s meanwhile")
    pushing.cancel()
    bare.writer.transport.abort()


@case("a reader that sleeps through 24 MB gets all of it afterwards, and others wait for nothing")
async def sleeper(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    line = await ann.enter(room)
    bare = await Bare.open(ben, room)
    body = "x" * 12_000
    first = (await line.acked({"type": "message", "content": "first"}))["seq"]
    slowest = 0
    for number in range(100):
        begin = time.monotonic()
        await asyncio.gather(*(line.say(f"{number} {body}", id=number * 20 + index) for index in range(20)))
        await line.next("ack", id=number * 20 + 19)
        slowest = max(slowest, time.monotonic() - begin)
    holds(slowest < 3, f"twenty messages took {slowest:.2f} s")
    seen = [(await bare.message())["seq"] for _ in range(2001)]
    tiles(seen, first, first + 2000, "seq at the one that slept")
    await line.say("and live again")
    equal((await bare.message())["content"], "and live again", "what follows")
    bare.end()


@case("a user has so many connections and no more")
async def too_many(t):
    server = await t.own(limits={"connectionsPerUser": 3})
    ann, ben = await t.people("ann", "ben", server=server)
    room = await ann.room(ben)
    lines = [await ann.open(room) for _ in range(3)]
    status, fields, body = await t.raw(
        f"GET /api/chat/ws/{room}?token={ann.token} HTTP/1.1\nHost: h\nUpgrade: websocket\nConnection: Upgrade\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nSec-WebSocket-Version: 13\n\n", server)
    equal(status, 429, "status of the fourth")
    holds('"rate_limited"' in body and int(fields.get("retry-after", 0)) >= 1, f"the refusal: {fields} {body}")
    await ben.enter(room)
    await lines[0].close()
    await lines[1].next("system", event="joined", user_id=ben.id)
    again = await ann.open(room)
    await again.fence()
