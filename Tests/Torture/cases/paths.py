"""Paths that want to be somewhere else: traversal, escapes, doubled slashes (RFC 3986 section 5.2.4)."""

from cases.request_lines import NEXT, served
from rig import http
from rig.runner import case, table
from support.checks import equal, holds


def lost(path, status=404):
    """A path that leads nowhere; where its characters are no URI's, the connection ends as well."""
    request = f"GET {path} HTTP/1.1\nHost: h\n\n"
    return (path, request + NEXT, [400]) if status == 400 else served(path, request, status)


table(__name__, [
    *(lost(path) for path in (
        "/../etc/passwd", "/../../../../etc/passwd", "/./healthz", "/api/../healthz", "/healthz/..", "/healthz/.", "/healthz/",
        "//healthz", "/healthz//", "/%2e%2e/etc/passwd", "/%2E%2E/%2e%2e/etc/passwd", "/.%2e/healthz", "/%2e/healthz",
        "/..%2fetc%2fpasswd", "/%2fhealthz", "/healthz%2f..", "/..%5c..%5cetc", "/%5cetc%5cpasswd", "/healthz%00", "/healthz%00.css",
        "/%00", "/healthz%0d%0aX:%20y", "/%c0%ae%c0%ae/etc/passwd", "/%e0%80%ae/healthz", "/%ff", "/healthz%20", "/%20healthz",
        "/healthz;a=b", "/app.css/../index.html", "/app.css%00", "/..;/healthz", "/%252e%252e/etc/passwd", "/etc/passwd", "/chat.db",
        "/chat.json", "/data/chat.db", "/.git/config", "/.env", "/Page/app.css", "/HEALTHZ", "/a" * 33, "/" + "a/" * 100,
    )),
    *(lost(path, 400) for path in ("/..\\etc\\passwd", "/{healthz}", "/health|z", "/healthz%", "/healthz%f", "/<script>", "/\"")),
    served("a letter of a path may be escaped", "GET /%68ealthz HTTP/1.1\nHost: h\n\n", 200),
    served("a question mark without a query", "GET /healthz? HTTP/1.1\nHost: h\n\n", 200),
    served("a query of anything", "GET /healthz?../..&%00=/etc/passwd HTTP/1.1\nHost: h\n\n", 200),
])


@case("an escaped slash in an identifier is part of no other path")
async def escaped_slash(t):
    ann, ben = await t.people("ann", "ben")
    mine, other = await ann.room(), await ben.room()
    await ben.write(other, "not for ann")
    for path in (f"{mine}%2f..%2f{other}", f"{mine}/../{other}", f"x%2f{other}", f"{other}%00", f"{other}%2fmessages", f"..%2f{other}"):
        for tail in "", "/messages":
            found, = await http.exchange(
                t.server, f"GET /api/chat/conversations/{path}{tail} HTTP/1.1\nHost: h\nAuthorization: Bearer {ann.token}\n"
                "Connection: close\n\n")
            holds(found.status in (403, 404), f"{path}{tail}: {found}")
            holds(b"not for ann" not in found.body, f"{path}{tail} shows another's message")


@case("a conversation that is not one's own looks the same by any route, and says nothing of itself")
async def foreign(t):
    ann, ben = await t.people("ann", "ben")
    secret = await ben.room(name="a name to look for", description="a text to look for")
    await ben.write(secret, "words to look for")
    tries = (
        ("GET", ""), ("GET", "/messages"), ("POST", "/messages"), ("PATCH", ""), ("POST", "/members"),
        ("DELETE", f"/members/{ben.id}"), ("POST", "/typing"), ("POST", "/read"),
    )
    bodies = {"": '{"name":"x"}', "/messages": '{"content":"x"}', "/members": f'{{"user_id":"{ann.id}"}}', "/read": '{"seq":1}',
              "/typing": "{}"}
    for method, tail in tries:
        body = bodies.get(tail, "") if method != "GET" else ""
        found, = await http.exchange(
            t.server, f"{method} /api/chat/conversations/{secret}{tail} HTTP/1.1\nHost: h\nAuthorization: Bearer {ann.token}\n"
            f"Content-Length: {len(body)}\nConnection: close\n\n{body}")
        equal(found.status, 403, f"status of {method} {tail} ({found.body})")
        for word in b"look for", ben.id.encode(), ben.name.encode(), secret.encode():
            holds(word not in found.body, f"{method} {tail} says {word}: {found.body}")
    equal([message["content"] for message in await ben.messages(secret)], ["words to look for"], "messages afterwards")
