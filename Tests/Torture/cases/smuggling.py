"""Requests that two readers cut differently (RFC 9112 sections 6 and 11.2). What follows the first is never
answered: the connection ends with one refusal."""

from cases.request_lines import NEXT, served
from rig.runner import table

# Reads its body whole before it says that nobody has signed in.
POST = "POST /api/chat/conversations HTTP/1.1\nHost: h\n"


def refused(title, lines, status=400, body="0\n\n"):
    return title, POST + lines + "\n\n" + body + NEXT, [status]


table(__name__, [
    served("a body of the length it says", POST + "Content-Length: 2\n\n{}", 401),
    served("a body in chunks", POST + "Transfer-Encoding: chunked\n\n2\n{}\n0\n\n", 401),
    served("chunked, in any case and with blanks around", POST + "Transfer-Encoding: ␉CHUNKED \n\n2\n{}\n0\n\n", 401),
    served("a length with zeros in front", POST + "Content-Length: 0000000000000000000000002\n\n{}", 401),
    refused("CL.TE: a length beside chunks", "Content-Length: 5\nTransfer-Encoding: chunked"),
    refused("TE.CL: chunks beside a length", "Transfer-Encoding: chunked\nContent-Length: 5"),
    refused("a length of 0 beside chunks", "Content-Length: 0\nTransfer-Encoding: chunked"),
    refused("a length that is none beside chunks", "Content-Length: x\nTransfer-Encoding: chunked"),
    refused("CL.CL: two lengths", "Content-Length: 5\nContent-Length: 0"),
    refused("two lengths that agree", "Content-Length: 5\nContent-Length: 5"),
    refused("a list of lengths", "Content-Length: 5, 0"),
    refused("a list of lengths that agree", "Content-Length: 5, 5"),
    *(refused(f"the length {value!r}", f"Content-Length: {value}") for value in (
        "", "+5", "-5", "-0", "5x", "0x5", "5 5", "5.0", "5e0", "5,", ",5", "\"5\"", "'5'", "5;", "1_0", "٥", "５", "5␀", "5␋", "∞", "NaN",
    )),
    refused("a length past 64 bits", "Content-Length: 18446744073709551621", 413),
    refused("a length past 63 bits", "Content-Length: 9223372036854775808", 413),
    refused("a length of a hundred digits", "Content-Length: 1" + "0" * 99, 413),
    refused("a blank before the colon of the length (CVE-2021-22959)", "Content-Length : 5"),
    refused("a NUL in the name of the length", "Content-Length␀: 5"),
    ("a length with an underscore for its hyphen is none", POST + "Content_Length: 5\n\nx y\n\n" + NEXT, [401, 400]),
    refused("TE.TE: chunked twice", "Transfer-Encoding: chunked\nTransfer-Encoding: chunked"),
    refused("TE.TE: an unknown coding behind", "Transfer-Encoding: chunked\nTransfer-Encoding: cow"),
    refused("TE.TE: an unknown coding before", "Transfer-Encoding: cow\nTransfer-Encoding: chunked", 501),
    *(refused(f"the coding {value!r}", f"Transfer-Encoding: {value}", status) for value, status in (
        ("", 400), (",chunked", 400), ("chunked,", 400), ("identity", 400), ("gzip", 400), ("xchunked", 400),
        ("chunkedx", 400), ("chunk", 400), ("chunked, chunked", 400),
        ("chunked, gzip", 400), ("gzip, chunked", 501), ("identity, chunked", 501), ("chunked, identity", 400),
        ("chunked;q=1", 400), ("chunked ;x", 400), ("\"chunked\"", 400), ("'chunked'", 400), ("chun ked", 400), ("[chunked]", 400),
        ("chunked␀", 400), ("␋chunked", 400), ("chunked␋", 400), ("␍chunked", 400), ("ｃhunked", 400), ("chun\u212aed", 400),
        ("chunked,\u00a0", 400), (", chunked gzip", 400),
    )),
    refused("a coding with a blank before the colon", "Transfer-Encoding : chunked"),
    refused("a coding with a tab before the colon", "Transfer-Encoding␉: chunked"),
    refused("a coding on a folded line", "Transfer-Encoding:\n chunked"),
    refused("a coding behind a bare line feed", "X: y␊Transfer-Encoding: chunked"),
    refused("a coding behind a bare carriage return", "X: y␍Transfer-Encoding: chunked"),
    refused("a coding behind a NUL", "X: y␀\nTransfer-Encoding: chunked"),
    refused("a coding with a blank in front of its name", "X: y\n Transfer-Encoding: chunked"),
    ("a coding in HTTP/1.0", "POST /api/chat/conversations HTTP/1.0\nTransfer-Encoding: chunked\n\n0\n\n" + NEXT, [400]),
    ("a length beside a coding in HTTP/1.0",
     "POST /api/chat/conversations HTTP/1.0\nContent-Length: 5\nTransfer-Encoding: chunked\n\n0\n\n" + NEXT, [400]),
    ("a body longer than its length is the next request's trouble", POST + "Content-Length: 1\n\n{}" + NEXT, [401, 400]),
    ("a request in the body of one that goes nowhere",
     f"POST /nothing HTTP/1.1\nHost: h\nContent-Length: {len(NEXT)}\nExpect: 100-continue\n\n" + NEXT, [404]),
    ("an upgrade that is refused leaves no room for another protocol",
     "GET /api/chat/ws/x HTTP/1.1\nHost: h\nUpgrade: websocket\nConnection: Upgrade\nContent-Length: 5\n"
     "Transfer-Encoding: chunked\n\n0\n\n" + NEXT, [400]),
])
