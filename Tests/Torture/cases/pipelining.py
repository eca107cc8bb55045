"""Many requests on one connection (RFC 9112 section 9.3.2): answered in order, or not at all after a broken one."""

import asyncio
import json

from cases.request_lines import LAST, NEXT
from rig import http
from rig.http import Peer
from rig.runner import case, table
from support.checks import equal, holds

table(__name__, [
    ("50 at once", NEXT * 50 + LAST, [200] * 51),
    ("1,000 at once", NEXT * 1000 + LAST, [200] * 1001),
    ("a broken one among them: those before are answered, those behind are not", NEXT * 3 + "GET  / HTTP/1.1\nHost: h\n\n" + NEXT * 3,
     [200, 200, 200, 400]),
    ("one that says close among them is the last", NEXT * 2 + LAST + NEXT * 2, [200, 200, 200]),
    ("bodies between them", ("POST /api/chat/conversations HTTP/1.1\nHost: h\nContent-Length: 2\n\n{}" + NEXT) * 10 + LAST,
     [401, 200] * 10 + [200]),
    ("chunks between them",
     ("POST /api/chat/conversations HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n2\n{}\n0\n\n" + NEXT) * 10 + LAST,
     [401, 200] * 10 + [200]),
    ("an empty line between them", (NEXT + "\n") * 10 + LAST, [200] * 11),
])


@case("each answer belongs to its request, whatever the requests cost")
async def order(t):
    ann, = await t.people("ann")
    rooms = [await ann.room(name=f"room {number}") for number in range(5)]
    token = f"Host: h\nAuthorization: Bearer {ann.token}\n\n"
    text, expected = "", []
    for number in range(60):
        if number % 3:
            text += f"GET /api/chat/conversations/{rooms[number % 5]} HTTP/1.1\n" + token
            expected.append(rooms[number % 5])
        else:
            text += NEXT
            expected.append(None)
    found = await http.exchange(t.server, text + LAST)
    equal([json.loads(answer.body).get("id") for answer in found[:-1]], expected, "the answers")


@case("posts of one connection are stored in their order")
async def stored_in_order(t):
    ann, = await t.people("ann")
    room = await ann.room()
    text = ""
    for number in range(100):
        body = json.dumps({"content": str(number)})
        text += (f"POST /api/chat/conversations/{room}/messages HTTP/1.1\nHost: h\nAuthorization: Bearer {ann.token}\n"
                 f"Content-Type: application/json\nContent-Length: {len(body)}\n\n{body}")
    found = await http.exchange(t.server, text + LAST)
    equal([answer.status for answer in found], [201] * 100 + [200], "statuses")
    equal([message["content"] for message in await ann.messages(room)], [str(number) for number in range(100)], "contents")


@case("a peer that pipelines and does not read is not read from without end, and others are served")
async def does_not_read(t):
    peer = await Peer.connect(t.server)
    flood = http.wire("GET / HTTP/1.1\nHost: h\n\n") * 2000

    async def push():
        try:
            for _ in range(200):
                peer.writer.write(flood)
                await peer.writer.drain()
        except ConnectionError as error:
            return error

    pushing = asyncio.create_task(push())
    for _ in range(5):
        found = await http.exchange(t.server, LAST, patience=2)
        equal([answer.status for answer in found], [200], "what another gets")
        await asyncio.sleep(0.1)
    holds(not pushing.done(), f"11 MB of requests were taken from somebody who reads no answer, or none more: {pushing}")
    pushing.cancel()
    peer.reset()
