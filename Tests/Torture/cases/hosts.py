"""Which host is meant: the Host field and absolute-form (RFC 9112 section 3.2, RFC 9110 section 7.2)."""

from cases.request_lines import LAST, NEXT, served
from rig.runner import table


def host(value, status=400):
    if status == 400:
        return f"Host: {value}", f"GET /healthz HTTP/1.1\nHost: {value}\n\n" + NEXT, [400]
    return f"Host: {value} is fine", f"GET /healthz HTTP/1.1\nHost: {value}\n\n" + LAST, [200, 200]


table(__name__, [
    ("no Host in HTTP/1.1", "GET /healthz HTTP/1.1\n\n" + NEXT, [400]),
    ("Host twice, the same", "GET /healthz HTTP/1.1\nHost: h\nHost: h\n\n" + NEXT, [400]),
    ("Host twice, different", "GET /healthz HTTP/1.1\nHost: h\nHost: evil\n\n" + NEXT, [400]),
    ("Host twice in HTTP/1.0", "GET /healthz HTTP/1.0\nHost: h\nHost: evil\n\n" + NEXT, [400]),
    *(host(value) for value in (
        "", "h h", "h/path", "h?x", "h#x", "user@h", "user:word@h", "h:port", "h:65536", "h:-1", "h:80:80",
        "http://h", "[::1", "::1", "[]", "[zz]", "[::1]x", "h\\x", "h%zz", "h␀", "h⊘", "é.example", "<script>",
    )),
    *(host(value, 200) for value in ("h", "H.Example:8000", "127.0.0.1", "[::1]:80", "h:", "a_b", "h%41", "h:0", "h,i")),
    served("absolute-form: its host replaces the field", "GET http://other:1/healthz HTTP/1.1\nHost: h\n\n", 200),
    served("absolute-form without a path", "GET http://other HTTP/1.1\nHost: h\n\n", 200),
    served("absolute-form of https, in capitals", "GET HTTPS://other/healthz HTTP/1.1\nHost: h\n\n", 200),
    ("absolute-form and no Host", "GET http://h/healthz HTTP/1.1\n\n" + NEXT, [400]),
    ("absolute-form with user information", "GET http://user:word@h/healthz HTTP/1.1\nHost: h\n\n" + NEXT, [400]),
    ("absolute-form without a host", "GET http:///healthz HTTP/1.1\nHost: h\n\n" + NEXT, [400]),
    ("absolute-form of another scheme", "GET ftp://h/healthz HTTP/1.1\nHost: h\n\n" + NEXT, [400]),
    ("absolute-form of a file", "GET file:///etc/passwd HTTP/1.1\nHost: h\n\n" + NEXT, [400]),
    ("authority-form outside of CONNECT", "GET h:80 HTTP/1.1\nHost: h\n\n" + NEXT, [400]),
    ("a target without its slash", "GET healthz HTTP/1.1\nHost: h\n\n" + NEXT, [400]),
    served("two slashes in front are a path that is not there", "GET //evil/healthz HTTP/1.1\nHost: h\n\n", 404),
])
