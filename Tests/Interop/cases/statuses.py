"""Every refusal has the status that fits, and one body: `{"detail", "code"}` (docs/protocol.md sections 2 and 7)."""

from support.checks import equal, holds
from support.runner import case

ROOMS = "/api/chat/conversations"


@case("400: a body that is no JSON")
async def bad_request(t):
    ann, = await t.people("ann")
    room = await ann.room()
    json = {"Content-Type": "application/json"}
    for data in (b"", b"{", b"[]", b"x", b'"a"', b'{"content":"\xff"}', b'{"content":"a"} b', b"[" * 10_000):
        for method, path in (("POST", ROOMS), ("POST", f"{ROOMS}/{room}/messages"), ("PATCH", f"{ROOMS}/{room}"),
                             ("POST", f"{ROOMS}/{room}/members"), ("POST", f"{ROOMS}/{room}/read"),
                             ("PATCH", "/api/chat/messages/x")):
            (await ann.call(method, path, data=data, headers=json)).refused(400, "bad_json")
    for path in ("/api/auth/register", "/api/auth/login"):
        (await t.call("POST", path, data=b"{", headers=json)).refused(400, "bad_json")


@case("401 with WWW-Authenticate: no token, a bad one, an expired one, on every route")
async def unauthorized(t):
    ann, = await t.people("ann")
    room = await ann.room()
    sent = await ann.write(room, "x")
    routes = [
        ("GET", "/api/auth/me"), ("GET", "/api/chat/users?username=a"), ("GET", ROOMS), ("POST", ROOMS),
        ("GET", f"{ROOMS}/{room}"), ("PATCH", f"{ROOMS}/{room}"), ("GET", f"{ROOMS}/{room}/messages"),
        ("POST", f"{ROOMS}/{room}/messages"), ("POST", f"{ROOMS}/{room}/members"),
        ("DELETE", f"{ROOMS}/{room}/members/me"), ("POST", f"{ROOMS}/{room}/read"), ("POST", f"{ROOMS}/{room}/typing"),
        ("PATCH", f"/api/chat/messages/{sent['id']}"), ("DELETE", f"/api/chat/messages/{sent['id']}"),
        ("PUT", f"/api/chat/messages/{sent['id']}/reactions/x"), ("DELETE", f"/api/chat/messages/{sent['id']}/reactions/x"),
    ]
    ended = t.token(ann.id, seconds=-60)
    for method, path in routes:
        body = {} if method in ("POST", "PATCH") else None
        (await t.call(method, path, body)).refused(401, "token_invalid")
        (await t.call(method, path, body, {"Authorization": "Bearer x.y.z"})).refused(401, "token_invalid")
        (await t.call(method, path, body, {"Authorization": f"Bearer {ended}"})).refused(401, "token_expired")
    equal(len(await ann.messages(room)), 1, "messages")


@case("404: no such route, and no such thing")
async def not_found(t):
    ann, = await t.people("ann")
    for path in ("/nothing", "/api", "/api/chat", "/api/chat/conversation", "/api/chat/conversations/x/y", "/../etc/passwd",
                 "/api/chat/conversations/"):
        (await ann.get(path)).refused(404)
    (await ann.get(f"{ROOMS}/nothing")).refused(404, "unknown_conversation")
    room = await ann.room()
    (await ann.post(f"{ROOMS}/{room}/members", {"user_id": "nobody"})).refused(404, "unknown_user")


@case("405 with Allow: a method that the path does not have")
async def not_allowed(t):
    ann, = await t.people("ann")
    room = await ann.room()
    for method, path, allowed in (
        ("DELETE", ROOMS, {"GET", "POST"}), ("PUT", f"{ROOMS}/{room}", {"GET", "PATCH"}),
        ("DELETE", f"{ROOMS}/{room}/messages", {"GET", "POST"}), ("GET", "/api/auth/login", {"POST"}),
        ("POST", "/api/chat/messages/x", {"PATCH", "DELETE"}), ("POST", "/healthz", {"GET"}),
        ("GET", f"{ROOMS}/{room}/typing", {"POST"}), ("POST", f"/api/chat/ws/{room}", {"GET"}),
    ):
        answer = await ann.call(method, path)
        answer.refused(405)
        names = {name.strip() for name in answer.headers["Allow"].split(",")}
        holds(allowed <= names and method not in names, f"Allow of {path} is {names}")


@case("409: a name that is taken, a pair that would grow")
async def conflict(t):
    ann, ben, cid = await t.people("ann", "ben", "cid")
    (await t.call("POST", "/api/auth/register", {"username": ann.name, "password": "long enough"})).refused(409, "conflict")
    pair = (await ann.post(ROOMS, {"is_group": False, "participant_ids": [ben.id]})).ok(201)["id"]
    (await ann.post(f"{ROOMS}/{pair}/members", {"user_id": cid.id})).refused(409, "conflict")


@case("413: content past its limit, and a body past any limit")
async def too_large(t):
    ann, = await t.people("ann")
    room = await ann.room()
    path = f"{ROOMS}/{room}/messages"
    (await ann.post(path, {"content": "x" * 65_536})).ok(201)
    (await ann.post(path, {"content": "x" * 65_537})).refused(413, "message_too_large")
    status, _, body = await t.raw(
        f"POST {path} HTTP/1.1\nHost: h\nAuthorization: Bearer {ann.token}\nContent-Type: application/json\n"
        f"Content-Length: 50000000\n\n")
    equal(status, 413, "status of a body that says it has 50 MB, before it comes")
    holds('"code"' in body and '"detail"' in body, f"the body is {body}")


@case("415: a body of another kind")
async def media_type(t):
    ann, = await t.people("ann")
    room = await ann.room()
    for kind in ("text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        (await ann.call("POST", f"{ROOMS}/{room}/messages", data=b'{"content":"x"}',
                        headers={"Content-Type": kind})).refused(415)
    (await t.call("POST", "/api/auth/login", data=b"x", headers={"Content-Type": "text/plain"})).refused(415)
    for kind in ("application/json", "application/json; charset=utf-8", "Application/JSON"):
        (await ann.call("POST", f"{ROOMS}/{room}/messages", data=b'{"content":"x"}',
                        headers={"Content-Type": kind})).ok(201)


@case("422: a field that is missing or not what it must be")
async def unprocessable(t):
    ann, = await t.people("ann")
    room = await ann.room()
    path = f"{ROOMS}/{room}/messages"
    (await ann.post(path, {})).refused(422, "missing_field")
    (await ann.post(path, {"content": None})).refused(422, "missing_field")
    (await ann.post(path, {"content": 5})).refused(422, "invalid_field")
    (await ann.post(path, {"content": ""})).refused(422, "message_empty")
    (await ann.post(path, {"content": " \n"})).refused(422, "message_empty")
    (await ann.post(f"{ROOMS}/{room}/members", {})).refused(422, "missing_field")
    (await ann.post(f"{ROOMS}/{room}/members", {"user_id": ann.id, "role": "king"})).refused(422, "invalid_field")


@case("refusals tell nothing of the inside: no paths, types or SQL; TRACE is not echoed")
async def no_leaks(t):
    ann, = await t.people("ann")
    answers = [
        await ann.get(f"{ROOMS}/' OR 1=1 --"), await ann.get(ROOMS + "?after=';drop"), await ann.get("/%00"),
        await ann.call("POST", ROOMS, data=b"\xff\xfe", headers={"Content-Type": "application/json"}),
        await ann.get(f"{ROOMS}/%2e%2e%2f%2e%2e%2fetc"), await t.call("TRACE", "/", headers={"X-Secret": "swordfish"}),
    ]
    for answer in answers:
        holds(400 <= answer.status < 500, f"{answer.what} is {answer.status}")
        for word in ("/home", "/work", "/tmp", ".swift", "SELECT", "sqlite", "ChatError", "swordfish", "Optional("):
            holds(word not in answer.text, f"{answer.what} says {word}: {answer.text}")
