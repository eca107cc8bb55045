"""Methods: HEAD, OPTIONS, TRACE, CONNECT, Expect, and what no path has (RFC 9110 sections 9 and 10.1.1)."""

from cases.request_lines import LAST, NEXT, served
from rig import http
from rig.http import Peer
from rig.runner import case, table
from support.checks import equal, holds

TALK = "/api/chat/conversations"

table(__name__, [
    served("TRACE is not answered by what was sent", "TRACE /healthz HTTP/1.1\nHost: h\nX-Secret: mark\n\n", 405),
    ("CONNECT is refused: this is no tunnel", "CONNECT h:80 HTTP/1.1\nHost: h:80\n\n" + NEXT, [400]),
    served("OPTIONS *", "OPTIONS * HTTP/1.1\nHost: h\n\n", 204),
    ("* for another method", "GET * HTTP/1.1\nHost: h\n\n" + NEXT, [400]),
    served("OPTIONS of a path", "OPTIONS /healthz HTTP/1.1\nHost: h\n\n", 204),
    served("methods are told by their letters' case", "get /healthz HTTP/1.1\nHost: h\n\n", 405),
    served("a method nobody knows", "BREW /healthz HTTP/1.1\nHost: h\n\n", 405),
    served("a method nobody knows on a path nobody knows", "BREW /nothing HTTP/1.1\nHost: h\n\n", 404),
    served("a method of all the letters that a token may have", "!#$%&'*+-.^_`|~09AZaz /healthz HTTP/1.1\nHost: h\n\n", 405),
    served("a method of 4 KiB", "M" * 4096 + " /healthz HTTP/1.1\nHost: h\n\n", 405),
    served("what a method override says is not heard",
           "GET /healthz HTTP/1.1\nHost: h\nX-HTTP-Method-Override: DELETE\nX-Method: DELETE\n\n", 200),
    served("a GET with a body: the body is no request",
           f"GET /healthz HTTP/1.1\nHost: h\nContent-Length: {len(http.wire(NEXT))}\n\n" + NEXT, 200),
    served("DELETE with a body", f"DELETE {TALK}/x/members/y HTTP/1.1\nHost: h\nContent-Length: 2\n\n{{}}", 401),
])


@case("TRACE and errors echo nothing of the request")
async def no_echo(t):
    for line in ("TRACE /healthz", "GET /mark-in-the-path", "BREW /healthz", "POST /api/auth/login?mark=mark"):
        found, *_ = await http.exchange(
            t.server, f"{line} HTTP/1.1\nHost: h\nX-Mark: mark\nContent-Length: 0\nConnection: close\n\n")
        text = repr(found)
        holds("mark" not in text, f"{line} echoes: {text}")


@case("HEAD has the fields of GET and no body, for what is there and what is not")
async def head(t):
    for path in "/healthz", "/nothing", TALK, "/":
        request = f"{{}} {path} HTTP/1.1\nHost: h\n\n"
        got, headed, _ = await http.exchange(
            t.server, request.format("GET") + request.format("HEAD") + LAST, without_body=(1,))
        equal(headed.status, got.status, f"status of HEAD {path}")
        equal([pair for pair in headed.fields if pair[0] != "date"], [pair for pair in got.fields if pair[0] != "date"],
              f"fields of HEAD {path}")
        equal(headed.body, b"", "its body")


@case("405 says what is allowed")
async def allow(t):
    for path, method in ("/healthz", "GET"), (TALK, "POST"), ("/api/auth/login", "POST"):
        found, *_ = await http.exchange(t.server, f"BREW {path} HTTP/1.1\nHost: h\nConnection: close\n\n")
        holds(method in (found.field("allow") or "").split(", "), f"Allow of {path} is {found.field('allow')}")


@case("Expect: 100-continue is answered once, before the body, where the body is wanted")
async def invited(t):
    peer = await Peer.connect(t.server)
    await peer.send(f"POST {TALK} HTTP/1.1\nHost: h\nContent-Length: 2\nExpect: 100-continue\n\n")
    equal((await peer.answer()).status, 100, "the invitation")
    await peer.send("{}" + LAST)
    equal([answer.status for answer in await peer.to_the_end()], [401, 200], "what follows")


@case("Expect: 100-continue is not answered where the body is not wanted: the final answer comes instead")
async def not_invited(t):
    for path, length, status in ("/nothing", 2, 404), ("/healthz", 2, 405), (TALK, 1 << 30, 413):
        peer = await Peer.connect(t.server)
        await peer.send(f"POST {path} HTTP/1.1\nHost: h\nContent-Length: {length}\nExpect: 100-continue\n\n")
        equal([answer.status for answer in await peer.to_the_end()], [status], f"answers to {path}")


@case("Expect: 100-continue is not needed when the body is there already, and is nothing in HTTP/1.0")
async def expected_and_there(t):
    body = f"POST {TALK} HTTP/1.1\nHost: h\nContent-Length: 2\nExpect: 100-continue\n\n{{}}"
    equal([answer.status for answer in await http.exchange(t.server, body + LAST)], [401, 200], "answers")
    old = f"POST {TALK} HTTP/1.0\nContent-Length: 2\nExpect: 100-continue\n\n{{}}"
    equal([answer.status for answer in await http.exchange(t.server, old)], [401], "answers in HTTP/1.0")
