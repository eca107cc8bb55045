"""Field lines, and what is put into them to come out in an answer or a log (RFC 9112 section 5)."""

import json

from cases.request_lines import LAST, NEXT, served
from rig import http
from rig.runner import case, table
from support.checks import equal, holds


def refused(title, lines):
    return title, f"GET /healthz HTTP/1.1\nHost: h\n{lines}\n\n" + NEXT, [400]


def fine(title, lines):
    return served(title, f"GET /healthz HTTP/1.1\nHost: h\n{lines}\n\n", 200)


table(__name__, [
    refused("a blank before the colon", "X : y"),
    refused("a tab before the colon", "X␉: y"),
    refused("a folded line", "X: y\n z"),
    refused("a folded line that begins with a tab", "X: y\n␉z"),
    ("a first line that is folded", "GET /healthz HTTP/1.1\n X: y\nHost: h\n\n" + NEXT, [400]),
    refused("a line without a colon", "X"),
    refused("a line without a name", ": y"),
    refused("a name of two words", "X Y: z"),
    refused("a name with a NUL", "X␀: y"),
    refused("a name in brackets", "(X): y"),
    refused("a name beyond ASCII", "Xé: y"),
    refused("a NUL in a value", "X: y␀z"),
    refused("a bare line feed in a value", "X: y␊Z: z"),
    refused("a bare carriage return in a value", "X: y␍Z: z"),
    refused("a control byte in a value", "X: y\x01z"),
    refused("a DEL in a value", "X: y\x7fz"),
    refused("an escape of a terminal in a value", "X: \x1b[2J"),
    refused("a line that ends in CR CR LF", "X: y␍"),
    ("a head that ends in bare line feeds", "GET /healthz HTTP/1.1\nHost: h␊␊" + NEXT, [400]),
    ("a head that ends in LF CR LF", "GET /healthz HTTP/1.1\nHost: h␊\n" + NEXT, [400]),
    fine("no blank after the colon", "X:y"),
    fine("blanks and tabs around a value", "X: ␉ y ␉"),
    fine("an empty value", "X:"),
    fine("bytes beyond ASCII in a value are opaque", "X: é⊘"),
    fine("one name many times", "\n".join("X: y" for _ in range(50))),
    fine("a name of 8 KiB", "X" * 8192 + ": y"),
    fine("a value of 60 KiB", "X: " + "y" * 60_000),
])


@case("what a user says of itself never becomes a field of an answer")
async def injection(t):
    ann, = await t.people("ann")
    evil = "x\r\nSet-Cookie: mark=1\r\n\r\nHTTP/1.1 200 OK"
    room = await ann.room(name=evil)
    await ann.write(room, evil)
    escaped = "x%0d%0aSet-Cookie:%20mark%3d1"
    for path in (
        "/api/chat/conversations?limit=1", f"/api/chat/conversations/{room}", f"/api/chat/conversations/{room}/messages?limit=1",
        f"/api/chat/conversations/{escaped}", f"/api/chat/conversations/{room}/messages?limit=1&before_seq={escaped}",
        f"/api/chat/users?username={escaped}", f"/api/chat/ws/{escaped}?token={escaped}", f"/{escaped}",
    ):
        found, = await http.exchange(
            t.server, f"GET {path} HTTP/1.1\nHost: h\nAuthorization: Bearer {ann.token}\nConnection: close\n\n")
        holds(found.field("set-cookie") is None, f"{path} sets a cookie: {found}")
        json.loads(found.body)


@case("a page of links repeats no host or proxy that the request named")
async def poisoned_links(t):
    ann, = await t.people("ann")
    room = await ann.room()
    for number in range(3):
        await ann.write(room, str(number))
    found, = await http.exchange(
        t.server, f"GET /api/chat/conversations/{room}/messages?limit=1&after_seq=0 HTTP/1.1\nHost: evil.example\n"
        f"X-Forwarded-Host: evil.example\nForwarded: host=evil.example\nX-Original-URL: /evil.example\n"
        f"Authorization: Bearer {ann.token}\nConnection: close\n\n")
    equal(found.status, 200, "status")
    holds(found.field("link"), "there is a link")
    holds("evil" not in repr(found), f"the host comes back: {found}")


@case("Connection: close among other words, in any case, ends it; an unknown word does not")
async def close(t):
    for value, count in ("close", 1), ("Close", 1), ("x, CLOSE ,y", 1), ("closed", 2), ("x", 2), ("", 2), ("keep-alive, close", 1):
        found = await http.exchange(t.server, f"GET /healthz HTTP/1.1\nHost: h\nConnection: {value}\n\n" + LAST)
        equal(len(found), count, f"answers with Connection: {value}")
        equal(found[-1].field("connection"), "close", "the last answer says so")
