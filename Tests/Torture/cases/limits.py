"""The sizes of a request, exactly at each bound and one past it."""

import asyncio

from cases.request_lines import LAST, NEXT
from rig import http
from rig.http import Peer
from rig.runner import case, table
from support.checks import equal, holds

POST = "POST /api/chat/conversations HTTP/1.1\nHost: h\n"
MIB = 1 << 20


def line(length):
    """A request line of so many bytes with its line end."""
    return "GET /" + "x" * (length - len("GET / HTTP/1.1\r\n")) + " HTTP/1.1\n"


def block(length, lines=1):
    """Field lines of so many bytes in all, the empty line included."""
    host, rest = "Host: h\r\n", length - len("Host: h\r\n\r\n")
    each = [rest // lines + (1 if number < rest % lines else 0) for number in range(lines)]
    return host + "".join("X: " + "y" * (size - 5) + "\r\n" for size in each) + "\r\n"


table(__name__, [
    ("a request line of 8 KiB", line(8192) + "Host: h\n\n" + LAST, [404, 200]),
    ("a request line of 8 KiB and a byte is 414", line(8193) + "Host: h\n\n" + NEXT, [414]),
    ("a request line without an end is 414", "GET /" + "x" * 100_000, [414]),
    ("a method without an end is 414", "G" * 100_000, [414]),
    ("fields of 64 KiB in one line", b"GET /healthz HTTP/1.1\r\n" + block(65_536).encode() + http.wire(LAST), [200, 200]),
    ("fields of 64 KiB in ninety lines", b"GET /healthz HTTP/1.1\r\n" + block(65_536, 90).encode() + http.wire(LAST), [200, 200]),
    ("fields of 64 KiB and a byte in one line are 431", b"GET /healthz HTTP/1.1\r\n" + block(65_537).encode(), [431]),
    ("fields of 64 KiB and a byte in ninety lines are 431", b"GET /healthz HTTP/1.1\r\n" + block(65_537, 90).encode(), [431]),
    ("a field without an end is 431", "GET /healthz HTTP/1.1\nHost: h\nX: " + "y" * 200_000, [431]),
    ("a field's name without an end is 431", "GET /healthz HTTP/1.1\nHost: h\n" + "X" * 200_000, [431]),
    ("fields without an end are 431", "GET /healthz HTTP/1.1\nHost: h\n" + "X: y\n" * 100_000, [431]),
    ("100 fields", "GET /healthz HTTP/1.1\nHost: h\n" + "X: y\n" * 99 + "\n" + LAST, [200, 200]),
    ("101 fields are 431", "GET /healthz HTTP/1.1\nHost: h\n" + "X: y\n" * 100 + "\n" + NEXT, [431]),
    ("a body of 1 MiB", POST + f"Content-Length: {MIB}\n\n" + "x" * MIB + LAST, [401, 200]),
])


@case("a body of more than 1 MiB is 413 before any of it is read")
async def body(t):
    for length in MIB + 1, 1 << 31, 1 << 40:
        peer = await Peer.connect(t.server)
        await peer.send(POST + f"Content-Length: {length}\n\n")
        equal([answer.status for answer in await peer.to_the_end(2)], [413], f"statuses for {length} bytes")


@case("whoever sends such a body all the same still reads the refusal")
async def body_comes_anyway(t):
    found = await http.exchange(t.server, http.wire(POST + f"Content-Length: {8 * MIB}\n\n") + b"x" * 2 * MIB)
    equal([answer.status for answer in found], [413], "statuses")


@case("a body that is announced takes no memory before it comes")
async def announced(t):
    before = resident(t)
    peers = await asyncio.gather(*(Peer.connect(t.server) for _ in range(200)))
    for peer in peers:
        await peer.send(POST + f"Content-Length: {MIB}\n\n" + "x")
    await asyncio.sleep(0.2)
    grown = resident(t) - before
    for peer in peers:
        peer.reset()
    holds(grown < 8 << 20, f"200 announcements took {grown >> 10} KiB")


@case("a query of a hundred items is read, of more refused")
async def query(t):
    ann, = await t.people("ann")
    for count, status in (100, 200), (101, 400):
        items = "&".join(["limit=1"] + ["x=y"] * (count - 1))
        found, = await http.exchange(t.server, f"GET /api/chat/conversations?{items} HTTP/1.1\nHost: h\n"
                                     f"Authorization: Bearer {ann.token}\nConnection: close\n\n")
        holds(found.status == status or (status == 400 and found.status == 422), f"{count} items: {found}")


def resident(t):
    """Bytes of the server's memory."""
    with open(f"/proc/{t.server.process.pid}/statm") as found:
        return int(found.read().split()[1]) * 4096
