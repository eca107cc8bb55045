"""One client floods; another's round trip stays short and the server small."""

import asyncio
import socket
import threading
import time

from cases.limits import resident
from rig.runner import CASES, FIGURES, case
from rig.sockets import ZERO
from support.checks import equal, holds
from support.frames import PING, PONG, TEXT, Bare

ROUND_TRIP = 0.25
MEMORY = 16 << 20


def plain(opcode, payload=b"", fin=True):
    """A frame with a mask of zeros."""
    length = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2, "big")
    return bytes([(0x80 if fin else 0) | opcode]) + length + ZERO + payload


class Flood(threading.Thread):
    """Sends from a thread of its own, so that what is measured is the server. Reads in another, or not at all."""

    def __init__(self, person, room, pieces, reads):
        super().__init__(daemon=True)
        self.address = ("127.0.0.1", person.server.port)
        self.request = (
            f"GET /api/chat/ws/{room}?token={person.token} HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n").encode()
        self.pieces = pieces
        self.reads = reads
        self.received = 0
        self.sent = 0
        self.draining = None

    def connect(self):
        found = socket.create_connection(self.address, timeout=20)
        found.sendall(self.request)
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += found.recv(1)
        if self.reads:
            self.draining = threading.Thread(target=self.drain, args=(found,), daemon=True)
            self.draining.start()
        return found

    def drain(self, connection):
        try:
            while piece := connection.recv(1 << 16):
                self.received += len(piece)
        except OSError:
            pass

    def run(self):
        """Sends all pieces, on a new connection when the server has closed the last, and waits until all are read."""
        connection = self.connect()
        for piece in self.pieces:
            try:
                connection.sendall(piece)
            except TimeoutError:
                break
            except OSError:
                connection = self.connect()
            self.sent += 1
        if self.draining:
            connection.shutdown(socket.SHUT_WR)
            self.draining.join()
        connection.close()


async def fair(t, title, pieces, reads=True, patience=15, same_room=False):
    """Another client's round trips while this is sent are short, and the server does not grow. From somebody who reads
    no answers the server reads no more at some time, so patience ends that."""
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    line = await ann.enter(room)
    elsewhere = room if same_room else await ben.room()
    await line.fence()
    before, grown, slowest, count = resident(t), 0, 0, 0
    flood = Flood(ben, elsewhere, pieces, reads)
    begun = time.monotonic()
    flood.start()
    end = time.monotonic() + patience
    while (flood.is_alive() and time.monotonic() < end) or count < 5:
        begin = time.monotonic()
        await line.say("round trip", id=count)
        await line.next("ack", id=count)
        slowest = max(slowest, time.monotonic() - begin)
        grown = max(grown, resident(t) - before)
        count += 1
        await asyncio.sleep(0.01)
    FIGURES.append(f"{title}: {flood.sent} of {len(pieces)} sent in {time.monotonic() - begun:.1f} s, slowest of {count} round trips "
                   f"{slowest * 1000:.0f} ms, {grown >> 10} KiB more")
    holds(flood.sent == len(pieces) if reads else flood.sent > 0, f"only {flood.sent} of {len(pieces)} could be sent")
    holds(slowest < ROUND_TRIP, f"the slowest of {count} round trips took {slowest * 1000:.0f} ms")
    holds(grown <= MEMORY, f"the server grew by {grown >> 10} KiB")
    return flood, line


def row(title, pieces, **more):
    async def flooded(t):
        await fair(t, title, pieces, **more)

    CASES.append((title, False, flooded, "floods"))


row("a million empty fragments", [plain(TEXT, fin=False) + plain(0, fin=False) * 65_534 + plain(0)] * 16)
row("a million fragments of one byte", [plain(TEXT, b" ", fin=False) + plain(0, b" ", fin=False) * 65_534 + plain(0)] * 16)
row("a million fragments of messages that never end", [(plain(TEXT, fin=False) + plain(0, fin=False) * 65_536)] * 16)
row("200,000 pings", [plain(PING, b"x" * 125) * 1000] * 200)
row("200,000 empty pings", [plain(PING) * 1000] * 200)
row("200,000 pings of somebody who reads no pong", [plain(PING, b"x" * 125) * 1000] * 200, reads=False, patience=5)
row("200,000 pongs that nobody asked for", [plain(PONG, b"x" * 125) * 1000] * 200)
row("20,000 notices of typing", [plain(TEXT, b'{"type":"typing"}') * 1000] * 20, same_room=True)
row("20,000 notices of typing that want an answer", [plain(TEXT, b'{"type":"typing","id":1}') * 1000] * 20, same_room=True)
row("100,000 frames that are no JSON", [plain(TEXT, b"{") * 1000] * 100)
row("100,000 frames that are no JSON, of somebody who reads no error", [plain(TEXT, b"{") * 1000] * 100, reads=False, patience=5)
row("100,000 empty messages", [plain(TEXT, b'{"type":"message","content":""}') * 1000] * 100)
row("20,000 questions for the history", [plain(TEXT, b'{"type":"history","id":1,"limit":200}') * 1000] * 20, patience=5)
row("20,000 tokens", [plain(TEXT, b'{"type":"auth","id":1,"token":"a.b.c"}') * 1000] * 20, patience=5)
row("a thousand frames of 60 KiB of nesting", [plain(TEXT, b"[" * 60_000) * 10] * 100)
row("a thousand frames of 60 KiB of keys",
    [plain(TEXT, ("{" + ",".join(f'"{n}":0' for n in range(6000)) + "}").encode()[:60_000]) * 10] * 100)
row("two thousand messages of 60 KiB whose last byte is wrong", [plain(TEXT, b" " * 60_000 + b"\xff") for _ in range(2000)], patience=10)


@case("of 20,000 notices of typing in a second others hear a few dozen")
async def typing(t):
    begin = time.monotonic()
    flood, line = await fair(t, "20,000 notices of typing in one room", [plain(TEXT, b'{"type":"typing"}') * 1000] * 20, same_room=True)
    flood.join(5)
    await line.fence()
    heard = len(line.heard("typing"))
    holds(heard <= 20 * (time.monotonic() - begin + 2), f"{heard} notices in {time.monotonic() - begin:.1f} s")


@case("the fragments of one message end with 1008, and those of another client do not")
async def fragment_limit(t):
    ann = await t.person("ann")
    room = await ann.room()
    bare = await Bare.open(ann, room)
    bare.send(plain(TEXT, fin=False) + plain(0, fin=False) * 65_534)
    bare.send(plain(0, b'{"type":"message","content":"x"}'))
    equal((await bare.message())["content"], "x", "content in 65,536 fragments")
    bare.end()
