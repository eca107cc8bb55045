"""The closing handshake, its codes and its races (RFC 6455 sections 5.5.1 and 7)."""

import asyncio
import json
import struct

from rig.runner import case
from rig.sockets import opened, stored, table
from support.checks import equal, holds
from support.frames import CLOSE, PING, TEXT, Bare, frame, text


def close(code=None, reason=b""):
    return frame(CLOSE, (struct.pack(">H", code) if code is not None else b"") + reason)


table(__name__, [
    *((f"the code {code} is answered with itself", close(code, b"reason"), code)
      for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999)),
    *((f"the code {code} may not be sent", close(code), 1002)
      for code in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 32_768, 65_535)),
    ("no code is answered with none", close(), None),
    ("half a code", frame(CLOSE, b"\x03"), 1002),
    ("a reason that is no UTF-8", close(1000, b"\xff"), 1007),
    ("a reason that stops inside of a character", close(1000, "é".encode()[:1]), 1007),
    ("a reason with a surrogate", close(1000, b"\xed\xa0\x80"), 1007),
    ("a reason of 123 bytes", close(1000, b"x" * 123), 1000),
    ("a reason of 124 bytes", close(1000, b"x" * 124), 1002),
    ("a close inside of a message", frame(TEXT, b"{", fin=False) + close(1000), 1000),
    ("what follows a close is not read", close(1000) + frame(3) + text('{"type":"message","content":"x"}'), 1000),
    ("a second close is not answered", close(1000) + close(1001), 1000),
    ("a close behind pings", frame(PING) * 10 + close(1001), 1001),
])


@case("what was said before the close is stored")
async def said_before(t):
    ann, room, bare = await opened(t)
    bare.send(b"".join(text('{"type":"message","content":"%d"}' % number) for number in range(100)) + close(1000))
    equal(await bare.close_code(), 1000, "close code")
    bare.end()
    await stored(ann, room, [str(number) for number in range(100)])


@case("replies keep the order of what they reply to, and the close comes last")
async def in_order(t):
    ann, room, bare = await opened(t)
    bare.send(b"".join(
        frame(PING, b"%d" % number) + text("{") + frame(PING) + text('{"type":"typing","id":%d}' % number) for number in range(500)) + frame(3))
    found = []
    while (piece := await bare.receive())[0] != CLOSE:
        if piece[0] == TEXT and b'"system"' in piece[1]:
            continue
        found.append(piece[1].decode() if piece[0] != TEXT else json.loads(piece[1]).get("id", json.loads(piece[1])["type"]))
    bare.end()
    expected = [entry for number in range(500) for entry in (str(number), "error", "", number)]
    equal(found, expected, "the replies")
    equal(struct.unpack(">H", piece[1][:2])[0], 1002, "the close code")


@case("whoever ends its sending side without a close frame is gone")
async def half_closed(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    line = await ann.enter(room)
    bare = await Bare.open(ben, room)
    await line.next("system", event="joined", user_id=ben.id)
    bare.writer.write_eof()
    await line.next("system", event="left", user_id=ben.id)
    bare.end()


@case("both sides close at once: a member is removed as it leaves")
async def both_at_once(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    line = await ann.enter(room)
    for number in range(20):
        if number:
            (await ann.post(f"/api/chat/conversations/{room}/members", {"user_id": ben.id})).ok(201)
        bare = await Bare.open(ben, room)
        removing = asyncio.create_task(ann.delete(f"/api/chat/conversations/{room}/members/{ben.id}"))
        for _ in range(number):
            await asyncio.sleep(0)
        bare.send(close(1000))
        found = await bare.close_code()
        holds(found in (1000, 1008), f"close code {found}")
        bare.end()
        (await removing).ok(204)
    await line.fence()


@case("two hundred who close and are gone before the answer")
async def gone_before(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    line = await ann.enter(room)
    for number in range(200):
        bare = await Bare.open(ben, room)
        bare.send(text('{"type":"typing"}') + close(1000))
        bare.writer.transport.abort() if number % 2 else bare.end()
    await line.fence()


@case("a client that goes on talking after it was told to leave is cut off")
async def goes_on(t):
    ann, room, bare = await opened(t)
    bare.send(frame(3))
    try:
        async with asyncio.timeout(10):
            while True:
                bare.send(text('{"type":"message","content":"more"}') * 100)
                await bare.writer.drain()
                await asyncio.sleep(0.01)
    except ConnectionError:
        pass
    except TimeoutError:
        holds(False, "it may still talk after 10 s")
    equal(await ann.messages(room), [], "messages")
