"""Request lines and versions (RFC 9112 sections 2 and 3)."""

from rig.runner import table

LAST = "GET /healthz HTTP/1.1\nHost: h\nConnection: close\n\n"
NEXT = "GET /healthz HTTP/1.1\nHost: h\n\n"


def refused(title, line, status=400, rest="\nHost: h\n\n"):
    """The line's request is refused, and what follows is never taken for a request."""
    return title, line + rest + NEXT, [status]


def served(title, request, *statuses):
    return title, request + LAST, [*statuses, 200]


table(__name__, [
    served("one empty line before a request is passed over", "\n" + NEXT, 200),
    refused("two empty lines before a request", "\n\nGET /healthz HTTP/1.1"),
    refused("a bare line feed before a request", "␊GET /healthz HTTP/1.1"),
    refused("a blank before the method", " GET /healthz HTTP/1.1"),
    refused("two blanks after the method", "GET  /healthz HTTP/1.1"),
    refused("two blanks after the target", "GET /healthz  HTTP/1.1"),
    refused("a blank at the end of the line", "GET /healthz HTTP/1.1 "),
    refused("tabs for blanks", "GET␉/healthz␉HTTP/1.1"),
    refused("a vertical tab for a blank", "GET␋/healthz HTTP/1.1"),
    refused("the line ends in a bare line feed", "GET /healthz HTTP/1.1␊Host: h", rest="\n\n"),
    refused("the line ends in a bare carriage return", "GET /healthz HTTP/1.1␍Host: h", rest="\n\n"),
    refused("no version: HTTP/0.9", "GET /healthz"),
    refused("no target", "GET HTTP/1.1"),
    refused("only a method", "GET"),
    refused("a method with a slash in it", "GE/T /healthz HTTP/1.1"),
    refused("a method with a NUL in it", "GE␀T /healthz HTTP/1.1"),
    refused("a method beyond ASCII", "GÉT /healthz HTTP/1.1"),
    refused("a NUL in the target", "GET /health␀z HTTP/1.1"),
    refused("a byte beyond ASCII in the target", "GET /health⊘ HTTP/1.1"),
    refused("letters beyond ASCII in the target", "GET /hé HTTP/1.1"),
    refused("a fragment in the target", "GET /healthz#x HTTP/1.1"),
    refused("a backslash in the target", "GET /health\\z HTTP/1.1"),
    refused("a half escape in the target", "GET /health%7 HTTP/1.1"),
    refused("an escape that is none", "GET /health%zz HTTP/1.1"),
    refused("a lower-case version", "GET /healthz http/1.1"),
    refused("a version of one number", "GET /healthz HTTP/1"),
    refused("a version of two digits", "GET /healthz HTTP/1.10"),
    refused("a version with a zero in front", "GET /healthz HTTP/01.1"),
    refused("a version with a sign", "GET /healthz HTTP/+1.1"),
    refused("another protocol", "GET /healthz ICAP/1.1"),
    refused("HTTP/2.0", "GET /healthz HTTP/2.0", 505),
    refused("HTTP/0.9 by name", "GET /healthz HTTP/0.9", 505),
    refused("HTTP/3.0", "GET /healthz HTTP/3.0", 505),
    ("the preface of HTTP/2", "PRI * HTTP/2.0\n\nSM\n\n", [505]),
    served("HTTP/1.9 is answered as 1.1", "GET /healthz HTTP/1.9\nHost: h\n\n", 200),
    ("HTTP/1.0 without Host is served, and that is the end", "GET /healthz HTTP/1.0\n\n" + NEXT, [200]),
    served("HTTP/1.0 with keep-alive stays", "GET /healthz HTTP/1.0\nConnection: keep-alive\n\n", 200),
    ("a TLS client's hello", bytes.fromhex("16030100f8010000f40303") + bytes(240), [400]),
    ("nothing but NULs", b"\0" * 3000, [400]),
    ("nothing but 0xFF", b"\xff" * 3000, [400]),
    ("a JSON document", '{"type":"message"}\n\n', [400]),
])
