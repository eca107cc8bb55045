"""Who is let in, and how the others are told: HTTP before the upgrade (docs/protocol.md sections 2 and 8)."""

import base64
import json

from support.checks import equal, holds, parse
from support.runner import case
from support.tokens import claims, signed_with_secret


def upgrade(path, headers="", version="13", key="dGhlIHNhbXBsZSBub25jZQ==", host="127.0.0.1"):
    return (f"GET {path} HTTP/1.1\nHost: {host}\nUpgrade: websocket\nConnection: Upgrade\n"
            + (f"Sec-WebSocket-Key: {key}\n" if key else "")
            + (f"Sec-WebSocket-Version: {version}\n" if version else "") + headers + "\n")


async def refuses(t, path, status, code, headers="", server=None):
    found, fields, body = await t.raw(upgrade(path, headers), server)
    equal(found, status, f"status of {path[:200]}")
    body = parse(body)
    equal(list(body), ["detail", "code"], "fields of the body")
    equal(body["code"], code, f"code of {path[:200]}")
    if status == 401:
        holds("www-authenticate" in fields, "401 without WWW-Authenticate")


@case("a good upgrade is answered with 101 and the right accept value")
async def accepted(t):
    ann, = await t.people("ann")
    room = await ann.room()
    status, fields, _ = await t.raw(upgrade(f"/api/chat/ws/{room}?token={ann.token}"))
    equal(status, 101, "status")
    equal(fields["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "Sec-WebSocket-Accept (RFC 6455 section 1.3)")
    equal(fields["upgrade"].lower(), "websocket", "Upgrade")
    equal(fields["connection"].lower(), "upgrade", "Connection")
    holds("sec-websocket-protocol" not in fields, "a subprotocol that was not offered")


@case("no token or a bad one is 401 token_invalid")
async def bad_token(t):
    ann, = await t.people("ann")
    room = await ann.room()
    path = f"/api/chat/ws/{room}"
    await refuses(t, path, 401, "token_invalid")
    for token in ("", "x", "a.b.c", ann.token[:-6], ann.token + "x", "..", "%00", "e30.e30."):
        await refuses(t, f"{path}?token={token}", 401, "token_invalid")
    await refuses(t, path, 401, "token_invalid", f"Authorization: Basic {base64.b64encode(b'a:b').decode()}\n")
    await refuses(t, path, 401, "token_invalid", "Authorization: Bearer\n")
    other = signed_with_secret(claims(ann.id), "another secret of thirty-two bytes and more")
    await refuses(t, f"{path}?token={other}", 401, "token_invalid")


@case("a token that has ended is 401 token_expired; within the leeway it is good")
async def expired(t):
    ann, = await t.people("ann")
    room = await ann.room()
    for seconds in (-60, -3600):
        await refuses(t, f"/api/chat/ws/{room}?token={t.token(ann.id, seconds=seconds)}", 401, "token_expired")
    status, _, _ = await t.raw(upgrade(f"/api/chat/ws/{room}?token={t.token(ann.id, seconds=-10)}"))
    equal(status, 101, "status with a token that ended ten seconds ago")


@case("somebody who is not a member is 403 not_a_member")
async def not_a_member(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room()
    await refuses(t, f"/api/chat/ws/{room}?token={ben.token}", 403, "not_a_member")
    await refuses(t, f"/api/chat/ws/{room}", 403, "not_a_member", f"Authorization: Bearer {ben.token}\n")
    (await ann.post(f"/api/chat/conversations/{room}/members", {"user_id": ben.id})).ok(201)
    (await ann.delete(f"/api/chat/conversations/{room}/members/{ben.id}")).ok(204)
    await refuses(t, f"/api/chat/ws/{room}?token={ben.token}", 403, "not_a_member")


@case("no such conversation is 404 unknown_conversation")
async def unknown(t):
    ann, = await t.people("ann")
    for room in ("nothing", "0", "x" * 128, "%C3%BC", "a%20b"):
        await refuses(t, f"/api/chat/ws/{room}?token={ann.token}", 404, "unknown_conversation")


@case("Authorization: Bearer is as good as ?token", via=("websockets", "aiohttp"))
async def bearer(t):
    ann, = await t.people("ann")
    room = await ann.room()
    line = await ann.enter(room, token_in="header")
    await line.fence()
    for scheme in ("Bearer", "bearer", "BEARER"):
        status, _, _ = await t.raw(upgrade(f"/api/chat/ws/{room}", f"Authorization: {scheme} {ann.token}\n"))
        equal(status, 101, f"status with {scheme}")


@case("a refusal by status reaches both clients as such", via=("websockets", "aiohttp"))
async def status_at_clients(t):
    import aiohttp
    import websockets.exceptions

    ann, ben = await t.people("ann", "ben")
    room = await ann.room()
    try:
        await ben.open(room)
        holds(False, "a stranger was let in")
    except websockets.exceptions.InvalidStatus as error:
        equal(error.response.status_code, 403, "status")
        equal(json.loads(error.response.body)["code"], "not_a_member", "code")
    except aiohttp.WSServerHandshakeError as error:
        equal(error.status, 403, "status")


@case("a handshake that is none is refused by its status")
async def malformed(t):
    ann, = await t.people("ann")
    path = f"/api/chat/ws/{await ann.room()}?token={ann.token}"
    for text, expected in (
        (upgrade(path, version="12"), 426), (upgrade(path, version="8"), 426), (upgrade(path, key=""), 400),
        (upgrade(path, key="short"), 400), (upgrade(path).replace("Connection: Upgrade", "Connection: close"), (400, 426)),
        (upgrade(path).replace("Upgrade: websocket\n", ""), (400, 426)),
        (f"GET {path} HTTP/1.1\nHost: h\n\n", (400, 426)),
        (upgrade(path).replace("GET", "POST", 1).replace("\n\n", "\nContent-Length: 0\n\n"), 405),
    ):
        status, fields, _ = await t.raw(text)
        holds(status == expected or status in (expected if isinstance(expected, tuple) else ()),
              f"expected {expected}, got {status} for {text}")
        if status == 426 and "Version: 1" not in text.replace("Version: 13", ""):
            equal(fields.get("sec-websocket-version", "13"), "13", "Sec-WebSocket-Version")
        if status == 405:
            holds("GET" in fields["allow"], "Allow")


@case("a subprotocol that nobody knows is not chosen, and the connection is v1")
async def subprotocol(t):
    ann, = await t.people("ann")
    room = await ann.room()
    status, fields, _ = await t.raw(
        upgrade(f"/api/chat/ws/{room}?token={ann.token}", "Sec-WebSocket-Protocol: graphql-ws, mqtt\n"))
    equal(status, 101, "status")
    holds("sec-websocket-protocol" not in fields, "a subprotocol was chosen")


@case("pages of the same origin may connect, others only from the list")
async def origins(t):
    server = await t.own(http={"allowedOrigins": ["https://app.example.org"]})
    ann, = await t.people("ann", server=server)
    path = f"/api/chat/ws/{await ann.room()}?token={ann.token}"
    host = f"127.0.0.1:{server.port}"
    for origin, expected in ((f"http://{host}", 101), ("https://app.example.org", 101), ("https://evil.example.org", 403),
                             ("http://app.example.org", 403), ("null", 403)):
        status, _, _ = await t.raw(upgrade(path, f"Origin: {origin}\n", host=host), server)
        equal(status, expected, f"status for a page of {origin}")
