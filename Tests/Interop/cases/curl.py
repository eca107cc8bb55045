"""REST as people try it: with curl."""

import asyncio
import json
import secrets

from support.checks import equal, holds
from support.runner import case


class Curl:
    def __init__(self, t):
        self.t = t
        self.token = None

    async def __call__(self, *arguments, path=None, stdin=None):
        """Status, headers and body of a call."""
        words = ["curl", "--silent", "--show-error", "--include", "--max-time", "20", "--noproxy", "*"]
        if self.token:
            words += ["--header", f"Authorization: Bearer {self.token}"]
        words += [*arguments] + ([self.t.server.url + path] if path else [])
        self.t.note("$ " + " ".join(words))
        process = await asyncio.create_subprocess_exec(
            *words, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
        out, err = await process.communicate(stdin)
        text = out.decode()
        self.t.note(text + err.decode())
        equal(process.returncode, 0, f"curl's own status ({err.decode()})")
        head, _, body = text.partition("\r\n\r\n")
        while head.startswith("HTTP/1.1 100"):
            head, _, body = body.partition("\r\n\r\n")
        return int(head.split(" ")[1]), head, body

    async def json(self, path, body, *more, method="POST"):
        return await self("--request", method, "--header", "Content-Type: application/json", "--data-binary",
                          json.dumps(body), *more, path=path)


async def signed_in(t):
    curl = Curl(t)
    name = "curl-" + secrets.token_hex(4)
    status, _, body = await curl.json("/api/auth/register", {"username": name, "password": "correct horse"})
    equal(status, 201, "status of register")
    curl.id = json.loads(body)["id"]
    status, _, body = await curl.json("/api/auth/login", {"username": name, "password": "correct horse"})
    equal(status, 200, "status of login")
    curl.token = json.loads(body)["access_token"]
    curl.name = name
    return curl


async def room(curl):
    status, _, body = await curl.json("/api/chat/conversations", {"name": "x", "is_group": True, "participant_ids": []})
    equal(status, 201, "status of making a conversation")
    return "/api/chat/conversations/" + json.loads(body)["id"]


@case("curl: register, sign in, me")
async def account(t):
    curl = await signed_in(t)
    status, head, body = await curl(path="/api/auth/me")
    equal((status, json.loads(body)["username"]), (200, curl.name), "me")
    holds("content-type: application/json" in head.lower(), "Content-Type")


@case("curl: the form login, with --data-urlencode")
async def form_login(t):
    curl = await signed_in(t)
    curl.token = None
    status, _, body = await curl("--data-urlencode", f"username={curl.name}", "--data-urlencode", "password=correct horse",
                                 "--data", "grant_type=password", path="/api/auth/login")
    equal((status, json.loads(body)["token_type"]), (200, "bearer"), "the answer")


@case("curl: conversation, message, repeat, edit, reaction, deletion")
async def message(t):
    curl = await signed_in(t)
    here = await room(curl)
    status, _, body = await curl.json(here + "/messages", {"content": "Hello"}, "--header", "Idempotency-Key: k1")
    equal(status, 201, "status the first time")
    sent = json.loads(body)
    status, _, body = await curl.json(here + "/messages", {"content": "Hello"}, "--header", "Idempotency-Key: k1")
    equal((status, json.loads(body)), (200, sent), "the repeat")
    one = "/api/chat/messages/" + sent["id"]
    status, _, body = await curl.json(one, {"content": "Hello!"}, method="PATCH")
    equal((status, json.loads(body)["is_edited"]), (200, True), "the edit")
    status, _, _ = await curl("--request", "PUT", path=one + "/reactions/%F0%9F%91%8D")
    equal(status, 200, "status of the reaction")
    status, head, body = await curl("--request", "DELETE", path=one)
    equal((status, body), (204, ""), "the deletion")
    status, _, body = await curl(path=here + "/messages")
    equal((status, json.loads(body)[0]["content"]), (200, ""), "what is left")


@case("curl: a body in chunks, and one that waits for 100 Continue")
async def bodies(t):
    curl = await signed_in(t)
    here = await room(curl)
    text = json.dumps({"content": "in chunks " + "x" * 20_000}).encode()
    status, _, _ = await curl("--header", "Content-Type: application/json", "--header", "Transfer-Encoding: chunked",
                              "--data-binary", "@-", path=here + "/messages", stdin=text)
    equal(status, 201, "status of the chunked one")
    status, _, _ = await curl("--header", "Content-Type: application/json", "--header", "Expect: 100-continue",
                              "--expect100-timeout", "5", "--data-binary", "@-", path=here + "/messages", stdin=text)
    equal(status, 201, "status of the one that waits")


@case("curl: HTTP/1.0, HEAD, and two requests on one connection")
async def versions(t):
    curl = await signed_in(t)
    status, _, body = await curl("--http1.0", path="/api/auth/me")
    equal((status, json.loads(body)["username"]), (200, curl.name), "over HTTP/1.0")
    status, head, body = await curl("--head", path="/healthz")
    holds(status in (200, 405) and body == "", f"HEAD is {status} with {len(body)} bytes")
    url = t.server.url + "/api/auth/me"
    _, _, rest = await curl("--write-out", "\n%{num_connects}\n", url, url)
    counts = [row for row in rest.splitlines() if row in ("0", "1")]
    equal(counts, ["1", "0"], "connections opened for the first and the second request")


@case("curl: 401, 403, 404, 405, 413, 415 and 422 in one body")
async def refusals(t):
    curl, other = await signed_in(t), await signed_in(t)
    here = await room(curl)
    anonymous = Curl(t)

    def check(answer, status, field=None):
        found, head, body = answer
        equal(found, status, "status")
        equal(sorted(json.loads(body)), ["code", "detail"], f"fields of the body of {status}")
        holds(field is None or field in head.lower(), f"{status} without {field}")

    check(await anonymous(path=here), 401, "www-authenticate:")
    check(await other(path=here), 403)
    check(await curl(path="/api/chat/conversations/nothing"), 404)
    check(await curl("--request", "DELETE", path=here + "/messages"), 405, "allow:")
    check(await curl("--header", "Content-Type: application/json", "--data-binary", "@-", path=here + "/messages",
                     stdin=b'{"content":"' + b"x" * 2_000_000 + b'"}'), 413)
    check(await curl("--header", "Content-Type: text/plain", "--data", "x", path=here + "/messages"), 415)
    check(await curl.json(here + "/messages", {}), 422)


@case("curl: Link is followed to the end")
async def link(t):
    curl = await signed_in(t)
    here = await room(curl)
    for number in range(7):
        status, _, _ = await curl.json(here + "/messages", {"content": f"{number}"})
        equal(status, 201, "status")
    seen, path = [], here + "/messages?after_seq=0&limit=3"
    while path:
        status, head, body = await curl("--globoff", path=path)
        seen += [message["content"] for message in json.loads(body)]
        rows = [row for row in head.splitlines() if row.lower().startswith("link:")]
        path = rows[0].split("<")[1].split(">")[0] if rows else None
    equal(seen, [f"{number}" for number in range(7)], "all pages")


@case("curl: its own WebSocket handshake gets a 101")
async def handshake(t):
    curl = await signed_in(t)
    here = await room(curl)
    # curl stays on the connection, so it is ended by its own time limit, with status 28.
    process = await asyncio.create_subprocess_exec(
        "curl", "--silent", "--include", "--no-buffer", "--max-time", "2", "--noproxy", "*", "--http1.1",
        "--header", "Connection: Upgrade", "--header", "Upgrade: websocket", "--header", "Sec-WebSocket-Version: 13",
        "--header", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        f"{t.server.url}/api/chat/ws/{here.rpartition('/')[2]}?token={curl.token}", stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    holds(out.startswith(b"HTTP/1.1 101"), f"the answer begins with {out[:60]!r}")
    holds(b'"event":"joined"' in out, "the notice that one is in follows")
