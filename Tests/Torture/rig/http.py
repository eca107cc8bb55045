"""HTTP/1.1 by hand on a bare socket: any bytes out, answers in, and those read strictly (RFC 9112)."""

import asyncio
import re

from support.checks import Failed, equal, holds

STATUS_LINE = re.compile(rb"HTTP/1\.1 ([1-5]\d\d) [\x20-\x7e]*")
FIELD_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([\x20-\x7e]*)")

# What refusals have said during this run; `cases/leaks.py` reads through it at the end.
SAID = set()


class Answer:
    def __init__(self, status, fields, body):
        self.status = status
        self.fields = fields
        self.body = body

    def field(self, name):
        """The field's value, or None; twice is a failure."""
        found = [value for key, value in self.fields if key == name]
        holds(len(found) < 2, f"{name} comes {len(found)} times")
        return found[0] if found else None

    def __repr__(self):
        return f"{self.status} {self.fields} {self.body[:200]!r}"


def wire(text):
    """A readable request as bytes: each line end is CRLF; ␊ ␍ ␀ ␉ ␋ are the bytes they show, alone; ⊘ is 0xFF."""
    if isinstance(text, bytes):
        return text
    data = text.replace("\n", "\r\n").encode()
    for shown, byte in ("␊", b"\n"), ("␍", b"\r"), ("␀", b"\0"), ("␉", b"\t"), ("␋", b"\v"), ("⊘", b"\xff"):
        data = data.replace(shown.encode(), byte)
    return data


def answers(data, without_body=()):
    """All answers in what a server sent; `without_body` are the places of those that answer HEAD."""
    found = []
    while data:
        head, separator, rest = data.partition(b"\r\n\r\n")
        holds(separator, f"an answer that is cut off: {data[:300]!r}")
        first, *lines = head.split(b"\r\n")
        status = STATUS_LINE.fullmatch(first)
        holds(status, f"a status line that is none: {first[:300]!r}")
        fields = []
        for line in lines:
            field = FIELD_LINE.fullmatch(line)
            holds(field, f"a field line that is none: {line[:300]!r}")
            fields.append((field[1].decode().lower(), field[2].decode().strip()))
        answer = Answer(int(status[1]), fields, b"")
        length = answer.field("content-length")
        if 100 <= answer.status < 200 or answer.status in (204, 304):
            holds(length is None, f"a length with {answer.status}")
            length = 0
        else:
            holds(length is not None, f"no length with {answer.status}")
            length = 0 if len(found) in without_body else int(length)
        holds(len(rest) >= length, f"a body that is cut off: {rest[:300]!r}")
        answer.body = rest[:length]
        if answer.status >= 400:
            SAID.add(answer.body.decode(errors="replace"))
        found.append(answer)
        data = rest[length:]
    return found


class Peer:
    """A client that does with its socket what it is told."""

    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer

    @staticmethod
    async def connect(server):
        return Peer(*await asyncio.open_connection("127.0.0.1", server.port, limit=1 << 22))

    async def send(self, data, piece=None):
        """Sends it whole, or in pieces of so many bytes. A server that has heard enough may reset us meanwhile."""
        data = wire(data)
        try:
            for start in range(0, len(data), piece or max(1, len(data))):
                self.writer.write(data[start:start + piece] if piece else data)
                await self.writer.drain()
                if piece:
                    await asyncio.sleep(0)
        except ConnectionError:
            pass

    def end_sending(self):
        try:
            self.writer.write_eof()
        except OSError:
            pass

    async def to_the_end(self, patience=10, without_body=()):
        """Everything up to the server's end of the connection, as answers."""
        data = b""
        try:
            async with asyncio.timeout(patience):
                while piece := await self.reader.read(1 << 16):
                    data += piece
        except ConnectionResetError:
            pass
        except TimeoutError:
            raise Failed(f"the connection is open after {patience} s; until then came {data[:300]!r}") from None
        finally:
            self.writer.close()
        return answers(data, without_body)

    async def answer(self, patience=10, has_body=True):
        """The next answer on a connection that stays; `has_body` is false when it answers HEAD."""
        try:
            async with asyncio.timeout(patience):
                head = await self.reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"\r\ncontent-length: (\d+)\r\n", head, re.IGNORECASE)
                body = await self.reader.readexactly(int(length[1])) if length and has_body else b""
        except asyncio.IncompleteReadError as error:
            raise Failed(f"the connection ended with {error.partial[:300]!r}") from None
        except TimeoutError:
            raise Failed(f"no answer within {patience} s") from None
        found, = answers(head + body, without_body=() if has_body else (0,))
        return found

    async def is_open(self, patience=0.2):
        """Whether nothing comes and nothing ends for a moment."""
        try:
            async with asyncio.timeout(patience):
                return bool(await self.reader.read(1))
        except TimeoutError:
            return True

    def close(self):
        self.writer.close()

    def reset(self):
        self.writer.transport.abort()


async def exchange(server, data, piece=None, **more):
    """Sends all of it on a new connection and reads to the end."""
    peer = await Peer.connect(server)
    sending = asyncio.create_task(peer.send(data, piece))
    try:
        return await peer.to_the_end(**more)
    finally:
        sending.cancel()


async def judge(t, data, statuses, **more):
    """What a connection brings in all when these bytes are sent, whole and in pieces: answers of these statuses, then its end."""
    data = wire(data)
    for piece in None, 1 if len(data) < 1000 else 1 + len(data) // 1000:
        found = await exchange(t.server, data, piece, **more)
        equal([answer.status for answer in found], statuses,
              f"statuses {'in pieces' if piece else 'whole'} of {data[:400]!r}, which brought {found}")
    return found
