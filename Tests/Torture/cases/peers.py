"""Peers that stop half-way, go away, or take their time; and many of them."""

import asyncio
import os
import time

from cases.request_lines import LAST, NEXT
from rig import http
from rig.http import Peer
from rig.runner import case
from support.checks import equal, holds

POST = "POST /api/chat/conversations HTTP/1.1\nHost: h\n"


async def half_closed(t, data):
    peer = await Peer.connect(t.server)
    await peer.send(data)
    peer.end_sending()
    return [answer.status for answer in await peer.to_the_end()]


@case("whoever ends its sending side behind whole requests gets all answers")
async def ends_after(t):
    equal(await half_closed(t, NEXT), [200], "one")
    equal(await half_closed(t, NEXT * 200), [200] * 200, "two hundred")
    equal(await half_closed(t, POST + "Content-Length: 2\n\n{}"), [401], "with a body")
    equal(await half_closed(t, POST + "Transfer-Encoding: chunked\n\n0\n\n"), [401], "in chunks")


@case("whoever ends its sending side within a request gets no answer to that one")
async def ends_within(t):
    for cut in "", "\n", "G", "GET /healthz", "GET /healthz HTTP/1.1\n", "GET /healthz HTTP/1.1\nHost: h\n":
        equal(await half_closed(t, cut), [], f"answers to {cut!r}")
        equal(await half_closed(t, NEXT + cut), [200], f"answers to a request and {cut!r}")
    for cut in POST + "Content-Length: 2\n\n", POST + "Content-Length: 2\n\n{":
        equal(await half_closed(t, cut), [], f"answers to {cut!r}")


@case("a store's answer reaches a peer that has ended its sending side")
async def ends_and_waits(t):
    ann, = await t.people("ann")
    room = await ann.room()
    body = '{"content":"half"}'
    request = (f"POST /api/chat/conversations/{room}/messages HTTP/1.1\nHost: h\nAuthorization: Bearer {ann.token}\n"
               f"Content-Type: application/json\nContent-Length: {len(body)}\n\n{body}")
    equal(await half_closed(t, request * 20), [201] * 20, "statuses")


@case("connections that are reset at any byte leave nothing behind")
async def resets(t):
    before = descriptors(t)
    data = http.wire(POST + "Transfer-Encoding: chunked\n\n2\n{}\n0\nX: y\n\n")
    for cut in range(len(data)):
        peer = await Peer.connect(t.server)
        await peer.send(data[:cut])
        peer.reset() if cut % 2 else peer.close()
    await settled(t, before)


@case("a request one byte at a time is as good as all at once")
async def byte_by_byte(t):
    peer = await Peer.connect(t.server)
    for byte in http.wire(POST + "Transfer-Encoding: chunked\n\n1;a=\"b\"\n{\n1\n}\n0\nX: y\n\n" + LAST):
        peer.writer.write(bytes([byte]))
        await peer.writer.drain()
        await asyncio.sleep(0.001)
    equal([answer.status for answer in await peer.to_the_end()], [401, 200], "statuses")


@case("two thousand connections that have not finished their head, and the next one is served at once")
async def slowloris(t):
    before = descriptors(t)
    peers = []
    for _ in range(20):
        peers += await asyncio.gather(*(Peer.connect(t.server) for _ in range(100)))
    for number, peer in enumerate(peers):
        peer.writer.write(http.wire("GET /healthz HTTP/1.1\nHost: h\nX: y")[:number % 40])
    for _ in range(5):
        begin = time.monotonic()
        found = await http.exchange(t.server, LAST)
        equal([answer.status for answer in found], [200], "what another gets")
        holds(time.monotonic() - begin < 0.25, f"it took {time.monotonic() - begin:.3f} s")
        for peer in peers[::7]:
            peer.writer.write(b"y")
    for peer in peers:
        peer.reset()
    await settled(t, before)


@case("bytes behind the last answer of a connection do no harm")
async def keeps_talking(t):
    peer = await Peer.connect(t.server)
    await peer.send(LAST)
    await peer.send(b"\0" * 500_000)
    equal([answer.status for answer in await peer.to_the_end()], [200], "statuses")


def descriptors(t):
    return len(os.listdir(f"/proc/{t.server.process.pid}/fd"))


async def settled(t, before, patience=5):
    """Waits until the server has no more descriptors than before, give or take those of other cases."""
    deadline = time.monotonic() + patience
    while (now := descriptors(t)) > before + 5:
        holds(time.monotonic() < deadline, f"{now} descriptors are open, {before} were before")
        await asyncio.sleep(0.05)
