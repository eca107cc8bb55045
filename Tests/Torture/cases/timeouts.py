"""Deadlines of the server's, waited out: 10 s for a head, 30 s between two pieces of a body, 75 s between two requests,
for clients that are slow on purpose. These run from the beginning, beside all the others."""

import asyncio
import time

from cases.request_lines import NEXT
from rig.http import Peer
from rig.runner import case
from support.checks import equal, holds

POST = "POST /api/chat/conversations HTTP/1.1\nHost: h\n"
SLACK = 3


async def drip(peer, pieces, pause):
    """Piece after piece, until the server has had enough."""
    for piece in pieces:
        await peer.send(piece)
        await asyncio.sleep(pause)


async def ends(t, first, after, statuses, dripping=(), pause=1.0):
    """Sends the first bytes and then the others one by one; the connection ends after so many seconds with these answers."""
    peer = await Peer.connect(t.server)
    begin = time.monotonic()
    await peer.send(first)
    task = asyncio.create_task(drip(peer, dripping, pause))
    found = await peer.to_the_end(after + 10)
    taken = time.monotonic() - begin
    task.cancel()
    equal([answer.status for answer in found], statuses, f"statuses for {first!r:.100}")
    holds(after - 0.5 <= taken <= after + SLACK, f"it took {taken:.1f} s, not {after}")


@case("a head that stops is 408 after 10 s", slow=True)
async def head(t):
    await ends(t, "GET /healthz HTTP/1.1\nHost: h\n", 10, [408])


@case("a head of one byte a second is 408 after 10 s all the same", slow=True)
async def slow_head(t):
    await ends(t, "GET /healthz HTTP/1.1\nHost: h\nX: ", 10, [408], dripping=["y"] * 30)


@case("two hundred heads of one byte a second are 408 after 10 s", slow=True)
async def slow_heads(t):
    await asyncio.gather(*(ends(t, "GET /h", 10, [408], dripping=["y"] * 30) for _ in range(200)))


@case("a connection on which nothing comes is closed after 10 s without a word", slow=True)
async def nothing(t):
    await ends(t, "", 10, [])
    await ends(t, "\n", 10, [])


@case("a second head has 10 s of its own", slow=True)
async def second_head(t):
    peer = await Peer.connect(t.server)
    await asyncio.sleep(5)
    await peer.send(NEXT + "GET")
    begin = time.monotonic()
    found = await peer.to_the_end(20)
    equal([answer.status for answer in found], [200, 408], "statuses")
    holds(9.5 <= time.monotonic() - begin <= 10 + SLACK, f"it took {time.monotonic() - begin:.1f} s")


@case("a body that stops is 408 after 30 s", slow=True)
async def body(t):
    await asyncio.gather(ends(t, POST + "Content-Length: 5\n\n{", 30, [408]),
                         ends(t, POST + "Transfer-Encoding: chunked\n\n5\n{", 30, [408]))


@case("a body that keeps coming, slowly, is read to its end", slow=True)
async def slow_body(t):
    peer = await Peer.connect(t.server)
    await peer.send(POST + "Content-Length: 40\nConnection: close\n\n")
    await drip(peer, ["x"] * 40, 1.0)
    equal([answer.status for answer in await peer.to_the_end()], [401], "statuses")


@case("a connection that rests is closed after 75 s without a word, and not before", slow=True)
async def idle(t):
    await ends(t, NEXT, 75, [200])


@case("a client that reads nothing of its answers is let go", slow=True)
async def unread(t):
    peer = await Peer.connect(t.server)
    peer.reader._transport.pause_reading()
    begin = time.monotonic()
    try:
        async with asyncio.timeout(60):
            while not peer.writer.transport.is_closing():
                peer.writer.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n" * 1000)
                await peer.writer.drain()
    except (TimeoutError, ConnectionError):
        pass
    holds(time.monotonic() - begin < 45, "the connection is still there after 45 s")
