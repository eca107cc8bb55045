"""What refusals give away to somebody who probes: a sentence for the one who asked, and nothing of the house. Runs last,
over all that the other cases were told."""

import json
import re

from rig import http
from rig.runner import case
from support.checks import equal, holds

INSIDE = re.compile(
    # Paths
    r"/(home|root|usr|tmp|var|etc|proc|opt|work|build|private)\b|\bSources/|\.(swift|db|sqlite|pem|json)\b|127\.0\.0\.1"
    # the store
    r"|\bsqlite|\bSQL\b|\bSELECT\b|\bINSERT\b|\bUNIQUE\b|constraint"
    # the language, its types and its libraries
    r"|\bSwift\b|\bChat[A-Z]\w+|\bFoundation\b|\bOptional\(|\bnil\b|Error\(|\bUserID\(|\bDecodingError\b|\bKeyedDecoding"
    r"|\bInt(64)?\b|\bUInt8\b|\bArray<|\bOpenSSL\b"
    # the process
    r"|\berrno\b|\b0x[0-9a-f]{4,}|[Ff]atal|Thread \d|\bstack\b|\bepoll|\bSIG[A-Z]{3,}")


@case("no refusal says a path, a type, a query or an address")
async def said(t):
    holds(len(http.SAID) > 20, f"{len(http.SAID)} refusals were seen: this case needs the others before it")
    for text in sorted(http.SAID):
        found = INSIDE.search(text)
        holds(not found, f"{found and found[0]!r} in {text}")


@case("every refusal has the one form: a detail and a code")
async def form(t):
    for text in sorted(http.SAID):
        if not text:
            continue
        body = json.loads(text)
        if "type" in body:
            equal((body["type"], bool(body["content"]), bool(body["code"])), ("error", True, True), f"the error {text}")
        else:
            equal(list(body), ["detail", "code"], f"fields of {text}")
            holds(len(body["detail"]) < 200 and re.fullmatch("[a-z_]+", body["code"]), f"the refusal {text}")


@case("an absent conversation, user and message are told in words that fit any")
async def absent(t):
    ann, ben = await t.people("ann", "ben")
    secret = await ben.room(name="a name to look for")
    foreign = (await ann.get(f"/api/chat/conversations/{secret}")).refused(403, "not_a_member")
    nothing = (await ann.get("/api/chat/conversations/nothing")).refused(404, "unknown_conversation")
    for body in foreign, nothing:
        for word in "look for", secret, ben.id, ben.name, "nothing\"":
            holds(word not in body["detail"], f"{body} says {word}")
    first = (await t.call("POST", "/api/auth/login", {"username": "nobody-at-all", "password": "wrong horse"})).refused(401)
    known = await t.registered("cleo")
    second = (await t.call("POST", "/api/auth/login", {"username": known.name, "password": "wrong horse"})).refused(401)
    equal(first, second, "what a wrong name and a wrong password are told")


@case("no answer names the program, its version or its language")
async def banner(t):
    for path in "/", "/healthz", "/nothing", "/api/auth/me":
        found, = await http.exchange(t.server, f"GET {path} HTTP/1.1\nHost: h\nConnection: close\n\n")
        holds(found.field("server") is None and found.field("x-powered-by") is None, f"{path}: {found.fields}")


@case("the server's own log has no token in it")
async def log(t):
    ann = await t.person("ann")
    await http.exchange(t.server, f"GET /api/chat/ws/x?token={ann.token} HTTP/1.1\nHost: h\nConnection: close\n\n")
    text = t.server.output()
    for part in (ann.token, ann.token.split(".")[2], t.server.secret):
        holds(part not in text, "it has")
