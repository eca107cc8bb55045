"""Opening handshakes that are none (RFC 6455 section 4.2, RFC 9110 section 7.8)."""

import time

from rig import http
from rig.http import Peer
from rig.runner import case
from support.checks import equal, holds
from support.frames import text

GOOD = {
    "Host": "h", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}
NOT = (400, 426)


def handshake(path, line="GET {} HTTP/1.1", extra="", **changes):
    """A good one with changes: a field's value, None to leave it out."""
    fields = GOOD | {name.replace("_", "-"): value for name, value in changes.items()}
    return line.format(path) + "\n" + "".join(f"{name}: {value}\n" for name, value in fields.items() if value is not None) + extra + "\n"


async def status(t, request):
    peer = await Peer.connect(t.server)
    await peer.send(request)
    found = await peer.answer(has_body=not request[:5] in ("HEAD ", b"HEAD "))
    peer.close()
    return found


def judged(title, expected, **what):
    @case(title)
    async def _(t):
        ann, = await t.people("ann")
        path = f"/api/chat/ws/{await ann.room()}?token={ann.token}"
        found = await status(t, handshake(path, **what))
        allowed = expected if isinstance(expected, tuple) else (expected,)
        holds(found.status in allowed, f"expected {expected}, got {found}")
        if found.status == 426:
            equal((found.field("upgrade"), found.field("sec-websocket-version")), ("websocket", "13"), "what 426 says")


key = "Sec_WebSocket_Key"
version = "Sec_WebSocket_Version"
judged("a good one", 101)
judged("words in any case, in lists, with blanks", 101, Upgrade="h2c,  WebSocket", Connection="keep-alive ,\tUPGRADE")
judged("a body of no bytes", 101, extra="Content-Length: 0\n")
judged("extensions are not negotiated, however they are offered", 101,
       extra="Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x; y=\"" + "\\\"" * 1000 + "\"\n")
judged("a broken offer of extensions is not read", 101, extra="Sec-WebSocket-Extensions: ;;=,\"\n")
judged("subprotocols that nobody knows", 101, extra="Sec-WebSocket-Protocol: " + ", ".join(f"p{n}" for n in range(1000)) + "\n")
judged("no Upgrade", NOT, Upgrade=None)
judged("an Upgrade to something else", NOT, Upgrade="h2c")
judged("an Upgrade to a longer word", NOT, Upgrade="websockets")
judged("no Connection", NOT, Connection=None)
judged("a Connection that does not say it", NOT, Connection="keep-alive")
judged("a Connection of a longer word", NOT, Connection="Upgrades")
judged("no key", 400, **{key: None})
judged("an empty key", 400, **{key: ""})
judged("a key of 15 bytes", 400, **{key: "dGhlIHNhbXBsZSBub25j"})
judged("a key of 17 bytes", 400, **{key: "dGhlIHNhbXBsZSBub25jZXg="})
judged("a key of other letters", 400, **{key: "dGhlIHNhbXBsZSBub25jZ*=="})
judged("a key without its padding", 400, **{key: "dGhlIHNhbXBsZSBub25jZQ"})
judged("a key of 8 KiB", 400, **{key: "A" * 8192 + "=="})
judged("two keys", 400, extra="Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n")
judged("no version", 426, **{version: None})
for number in "8", "12", "14", "013", "+13", "13.0", "", "x", "13, 8":
    judged(f"version {number!r}", 426, **{version: number})
judged("two versions", 426, extra="Sec-WebSocket-Version: 8\n")
judged("a subprotocol that is no token", 400, extra="Sec-WebSocket-Protocol: a b\n")
judged("a subprotocol with a quote", 400, extra="Sec-WebSocket-Protocol: \"a\n")
judged("POST", 405, line="POST {} HTTP/1.1", extra="Content-Length: 0\n")
judged("HEAD", NOT + (405,), line="HEAD {} HTTP/1.1")
judged("HTTP/1.0", NOT, line="GET {} HTTP/1.0")
judged("no Host", 400, Host=None)
judged("a body in chunks beside a length", 400, extra="Content-Length: 5\nTransfer-Encoding: chunked\n")
judged("a length that is none", 400, extra="Content-Length: x\n")


@case("a refused upgrade leaves an HTTP connection that goes on")
async def goes_on(t):
    ann, = await t.people("ann")
    path = f"/api/chat/ws/{await ann.room()}"
    peer = await Peer.connect(t.server)
    await peer.send(handshake(path) + "GET /healthz HTTP/1.1\nHost: h\n\n" + handshake(f"{path}?token={ann.token}"))
    equal([(await peer.answer()).status for _ in range(3)], [401, 200, 101], "statuses")
    peer.close()


@case("frames that come in one piece with the handshake are read after it")
async def eager(t):
    ann, = await t.people("ann")
    room = await ann.room()
    peer = await Peer.connect(t.server)
    await peer.send(http.wire(handshake(f"/api/chat/ws/{room}?token={ann.token}")) + text('{"type":"message","content":"eager"}'))
    equal((await peer.answer()).status, 101, "status")
    deadline = time.monotonic() + 5
    while not await ann.messages(room):
        holds(time.monotonic() < deadline, "the message never came")
    peer.close()


@case("an upgrade with a body: the body is not taken for frames")
async def body(t):
    ann, = await t.people("ann")
    room = await ann.room()
    frame = text('{"type":"message","content":"smuggled"}')
    head = handshake(f"/api/chat/ws/{room}?token={ann.token}", extra=f"Content-Length: {len(frame)}\n")
    found = await status(t, http.wire(head) + frame)
    holds(found.status in (101, 400), f"got {found}")
    equal(await ann.messages(room), [], "messages")


@case("a handshake one byte at a time")
async def slowly(t):
    ann, = await t.people("ann")
    peer = await Peer.connect(t.server)
    await peer.send(handshake(f"/api/chat/ws/{await ann.room()}?token={ann.token}"), piece=1)
    found = await peer.answer()
    equal((found.status, found.field("sec-websocket-accept")), (101, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "the answer")
    peer.close()


@case("a client that leaves before it is let in leaves nobody behind")
async def leaves_early(t):
    ann, ben, cleo = await t.people("ann", "ben", "cleo")
    room = await ann.room(ben, cleo)
    await ann.enter(room)
    for number in range(50):
        peer = await Peer.connect(t.server)
        await peer.send(handshake(f"/api/chat/ws/{room}?token={ben.token}"))
        peer.reset() if number % 2 else peer.close()
    deadline = time.monotonic() + 5
    while True:
        line = await cleo.open(room)
        present = (await line.next("system", event="joined", user_id=cleo.id))["active_users"]
        await line.close()
        if sorted(present) == sorted([ann.id, cleo.id]):
            break
        holds(time.monotonic() < deadline, f"still there: {present}")
