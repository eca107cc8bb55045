"""Text that is no UTF-8, and text that only looks so (RFC 3629, RFC 6455 section 8.1)."""

from rig.runner import case
from rig.sockets import opened, table
from support.checks import equal
from support.frames import PING, TEXT, frame

BROKEN = {
    "a byte that never occurs": b"\xff", "another": b"\xfe", "a continuation alone": b"\x80", "the last continuation alone": b"\xbf",
    "an overlong slash": b"\xc0\xaf", "an overlong DEL": b"\xc1\xbf", "an overlong slash of three": b"\xe0\x80\xaf",
    "an overlong slash of four": b"\xf0\x80\x80\xaf", "an overlong NUL": b"\xc0\x80", "the first surrogate": b"\xed\xa0\x80",
    "the last surrogate": b"\xed\xbf\xbf", "a pair of surrogates": b"\xed\xa0\xbd\xed\xb8\x80", "past U+10FFFF": b"\xf4\x90\x80\x80",
    "a lead byte of five": b"\xf8\x88\x80\x80\x80", "a lead byte of six": b"\xfc\x84\x80\x80\x80\x80",
    "a lead byte before ASCII": b"\xc3x", "two lead bytes": b"\xc3\xc3", "three of four bytes": b"\xf0\x9f\x98x",
    "two of three bytes": b"\xe2\x82x",
}
FRONT, BACK = b'{"type":"message","content":"', b'"}'


def rows():
    for title, bad in BROKEN.items():
        yield title, frame(TEXT, FRONT + bad + BACK), 1007
        yield f"{title}, as all there is", frame(TEXT, bad + b"x"), 1007
        # Cut at each of its bytes, with a ping in the cut.
        for cut in range(1, len(bad)):
            yield (f"{title}, cut after {cut}", frame(TEXT, FRONT + bad[:cut], fin=False) + frame(PING) + frame(0, bad[cut:] + BACK), 1007)
        yield f"{title}, behind eight letters", frame(TEXT, b"x" * 8 + bad + b"x" * 8), 1007
    for title, part in ("é", "é".encode()[:1]), ("€", "€".encode()[:2]), ("😀", "😀".encode()[:3]):
        yield f"a text that ends inside of {title}", frame(TEXT, FRONT + part), 1007
        yield f"a text in pieces that ends inside of {title}", frame(TEXT, FRONT, fin=False) + frame(0, part), 1007


table(__name__, rows())


@case("a text that cannot become good is refused before it is whole")
async def early(t):
    ann, room, bare = await opened(t)
    whole = frame(TEXT, FRONT + b"\xff" + b"x" * 60_000 + BACK)
    bare.send(whole[:200])
    equal(await bare.close_code(), 1007, "close code")
    bare.end()


@case("every kind of character is good, also cut anywhere")
async def good(t):
    ann, room, bare = await opened(t)
    content = "a\x7f\u0080߿ࠀ\ud7ff\ue000\ufdd0\ufffd\ufffe\uffff\U00010000\U0001fffe\U0010ffff é€😀 e\u0301 \u202e \u200b ﷽"
    body = FRONT + content.encode() + BACK
    for cut in range(1, len(body)):
        bare.send(frame(TEXT, body[:cut], fin=False) + frame(0, body[cut:]))
    for _ in range(1, len(body)):
        equal((await bare.message())["content"], content, "content")
    bare.end()
