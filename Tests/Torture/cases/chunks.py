"""Chunked bodies (RFC 9112 section 7.1)."""

from cases.request_lines import NEXT, served
from rig import http
from rig.http import Peer
from rig.runner import case, table
from support.checks import equal, holds

POST = "POST /api/chat/conversations HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n"


def good(title, body):
    return served(title, POST + body, 401)


def refused(title, body, status=400):
    return title, POST + body + NEXT, [status]


table(__name__, [
    good("none at all", "0\n\n"),
    good("many", "1\n{\n1\n}\n0\n\n"),
    good("digits in both cases", "a\n0123456789\nA\n0123456789\n0\n\n"),
    good("zeros in front", "0000000000000002\n{}\n0000\n\n"),
    good("an extension", "2;a\n{}\n0;b=c\n\n"),
    good("extensions with values, plain and quoted", '2;a=b;c="d e";f\n{}\n0\n\n'),
    good("a semicolon, a comma and an escaped quote inside of quotes", '2;a=";,\\"\\\\"\n{}\n0\n\n'),
    good("trailers", "2\n{}\n0\nX: y\nZ:\n\n"),
    good("a trailer that would be a header changes nothing", "2\n{}\n0\nContent-Length: 50\nTransfer-Encoding: x\nHost: evil\n\n"),
    good("ten thousand of one byte", "1\nx\n" * 10_000 + "0\n\n"),
    refused("two bytes too many after one (CVE-2025-43859)", "2\n{}XX0\n\n"),
    refused("one byte too many", "2\n{}X\n0\n\n"),
    refused("one byte too few", "3\n{}\n0\n\n"),
    refused("no line end after the data", "2\n{}0\n\n"),
    refused("a bare line feed after the data", "2\n{}␊0\n\n"),
    refused("a bare carriage return after the data", "2\n{}␍0\n\n"),
    refused("a bare line feed after the size", "2␊{}\n0\n\n"),
    refused("a bare carriage return after the size", "2␍{}\n0\n\n"),
    refused("a line feed in an extension (GHSA-fghv-69vj-qj49)", "2;␊{}\n0\n\n"),
    refused("a line feed behind an extension's value", "2;a=b␊{}\n0\n\n"),
    refused("a carriage return in an extension", "2;a␍b\n{}\n0\n\n"),
    refused("a NUL in an extension", "2;a␀\n{}\n0\n\n"),
    refused("a quote that stays open (CVE-2026-2332)", '2;a="\n{}\n0\n\n'),
    refused("a line feed inside of quotes", '2;a="b␊c"\n{}\n0\n\n'),
    refused("a line end inside of quotes", '2;a="b\nc"\n{}\n0\n\n'),
    refused("something behind the quotes", '2;a="b"c\n{}\n0\n\n'),
    refused("an extension without a name", "2;\n{}\n0\n\n"),
    refused("an extension's value without a name", "2;=b\n{}\n0\n\n"),
    refused("an extension without its value", "2;a=\n{}\n0\n\n"),
    refused("a blank before the size", " 2\n{}\n0\n\n"),
    refused("a blank after the size", "2 \n{}\n0\n\n"),
    refused("a blank before an extension", "2 ;a\n{}\n0\n\n"),
    refused("a tab after the size", "2␉\n{}\n0\n\n"),
    refused("no size", "\n{}\n0\n\n"),
    refused("a size with 0x", "0x2\n{}\n0\n\n"),
    refused("a size with a sign", "+2\n{}\n0\n\n"),
    refused("a size below zero", "-2\n{}\n0\n\n"),
    refused("a size with an underscore", "0_2\n{}\n0\n\n"),
    refused("a size of letters", "two\n{}\n0\n\n"),
    refused("a size of wide digits", "２\n{}\n0\n\n"),
    refused("a size of seventeen digits", "00000000000000002\n{}\n0\n\n"),
    refused("a size of 2^64 + 2", "10000000000000002\n{}\n0\n\n", 413),
    refused("a size of 2^64 - 1", "ffffffffffffffff\n{}\n0\n\n", 413),
    refused("a size of 2^63", "8000000000000000\n{}\n0\n\n", 413),
    refused("a size line of 257 bytes", "2;" + "a" * 253 + "\n{}\n0\n\n"),
    good("a size line of 256 bytes", "2;" + "a" * 252 + "\n{}\n0\n\n"),
    refused("extensions of 5 KiB in all", ("1;" + "a" * 200 + "\nx\n") * 26 + "0\n\n"),
    refused("a trailer with a blank before its colon", "0\nX : y\n\n"),
    refused("a trailer that is folded", "0\nX: y\n z\n\n"),
    refused("a trailer with a NUL", "0\nX: ␀\n\n"),
    refused("a trailer that is none", "0\nGET / HTTP/1.1\n\n"),
    refused("trailers that end in a bare line feed", "0\n␊"),
    refused("trailers of 5 KiB", "0\nX: " + "y" * 5000 + "\n\n", 431),
    refused("101 trailers", "0\n" + "X:\n" * 101 + "\n", 431),
    refused("trailers without end", "0\n" + "X: yyyyyyyyyyyyyyyy\n" * 1000, 431),
])


@case("chunks past the limit of a body are 413 when the size comes, before the data")
async def too_large(t):
    found = await http.exchange(t.server, POST + "100001\n")
    equal([answer.status for answer in found], [413], "one chunk")
    found = await http.exchange(t.server, http.wire(POST) + (b"10000\r\n" + b"x" * 65_536 + b"\r\n") * 16 + b"1\r\n")
    equal([answer.status for answer in found], [413], "sixteen chunks and a byte")
    whole = http.wire(POST) + (b"10000\r\n" + b"x" * 65_536 + b"\r\n") * 16 + b"0\r\n\r\n"
    found = await http.exchange(t.server, whole + http.wire("GET /healthz HTTP/1.1\nHost: h\nConnection: close\n\n"))
    equal([answer.status for answer in found], [401, 200], "a body of exactly the limit")


@case("chunks that stop are never taken for a whole body")
async def cut_off(t):
    for body in "2", "2\n", "2\n{", "2\n{}", "2\n{}\n", "2\n{}\n0", "2\n{}\n0\n", "2\n{}\n0\nX: y\n":
        peer = await Peer.connect(t.server)
        await peer.send(POST + body)
        peer.end_sending()
        equal(await peer.to_the_end(), [], f"answers to {body!r} and an end")


@case("a message that came in chunks is stored as it was sent")
async def stored(t):
    ann, = await t.people("ann")
    room = await ann.room()
    text = '{"content":"' + "x" * 1000 + 'é"}'
    chunks = b"".join(b"%x;a=\"b\"\r\n%s\r\n" % (len(part), part)
                      for part in (text.encode()[at:at + 7] for at in range(0, len(text.encode()), 7)))
    head = (f"POST /api/chat/conversations/{room}/messages HTTP/1.1\nHost: h\nAuthorization: Bearer {ann.token}\n"
            "Content-Type: application/json\nTransfer-Encoding: chunked\nConnection: close\n\n")
    found, = await http.exchange(t.server, http.wire(head) + chunks + b"0\r\n\r\n")
    equal(found.status, 201, f"status ({found.body})")
    messages = await ann.messages(room)
    holds(len(messages) == 1 and messages[0]["content"] == "x" * 1000 + "é", f"what is stored: {messages}")
