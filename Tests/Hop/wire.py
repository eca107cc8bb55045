"""Connections that a test can do anything to: break off in the middle of an answer, read at a crawl, ask and not listen.

HTTP and WebSocket by hand on a bare socket, since no good client lets one do that. What arrives is handed on as bytes.
"""

import asyncio
import json
import socket
import struct

from support import frames
from support.checks import Failed

DECODER = json.JSONDecoder()


class Broken(Exception):
    """The connection ended, or never came to be. To be expected here."""


class Wire:
    """One connection. `pace` is how long it rests after each KiB, for a slow link."""

    def __init__(self, reader, writer, pace):
        self.reader = reader
        self.writer = writer
        self.pace = pace
        self.buffer = bytearray()

    @staticmethod
    async def open(port, pace=0):
        link = socket.socket()
        link.setblocking(False)
        if pace:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        try:
            await asyncio.get_running_loop().sock_connect(link, ("127.0.0.1", port))
            reader, writer = await asyncio.open_connection(sock=link, limit=1024 if pace else 65_536)
        except OSError as error:
            link.close()
            raise Broken(error) from None
        except asyncio.CancelledError:
            link.close()
            raise
        return Wire(reader, writer, pace)

    def send(self, data):
        self.writer.write(data)

    def abort(self):
        """No farewell: what was not read is thrown away."""
        self.writer.transport.abort()

    async def fill(self):
        try:
            data = await self.reader.read(1024 if self.pace else 65_536)
        except OSError as error:
            raise Broken(error) from None
        if not data:
            raise Broken("the end")
        self.buffer += data
        if self.pace:
            await asyncio.sleep(self.pace)

    async def exactly(self, count):
        while len(self.buffer) < count:
            await self.fill()
        found = bytes(self.buffer[:count])
        del self.buffer[:count]
        return found

    async def until(self, end):
        seen = 0
        while (at := self.buffer.find(end, seen)) < 0:
            seen = max(0, len(self.buffer) - len(end))
            await self.fill()
        found = bytes(self.buffer[:at])
        del self.buffer[:at + len(end)]
        return found

    # HTTP

    def ask(self, method, target, token, body=None, **fields):
        data = b"" if body is None else json.dumps(body).encode()
        lines = [f"{method} {target} HTTP/1.1", "Host: h", f"Authorization: Bearer {token}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
        if body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(data)}"]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + data)

    async def head(self):
        """Status and how long the body is; None when it lasts to the end."""
        first, *rest = (await self.until(b"\r\n\r\n")).split(b"\r\n")
        length = None
        for line in rest:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return int(first.split(b" ")[1]), length

    async def answer(self):
        status, length = await self.head()
        return status, await self.exactly(length or 0)

    # Server-sent events (WHATWG HTML, section 9.2)

    async def block(self):
        """The next block that is an event: its `id`, `event` and `data`."""
        while True:
            found = {}
            for line in (await self.until(b"\n\n")).split(b"\n"):
                name, _, value = line.partition(b": ")
                found[name] = value
            if b"data" in found:
                return found.get(b"id"), found.get(b"event"), found[b"data"]

    # WebSocket (RFC 6455)

    async def upgrade(self, path, token):
        """Shakes hands in profile v2; the status, which is 101 when that went well."""
        self.ask("GET", path, token, Upgrade="websocket", Connection="Upgrade", Sec_WebSocket_Protocol="chat.v2",
                 Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ==", Sec_WebSocket_Version=13)
        status, length = await self.head()
        if status != 101:
            await self.exactly(length or 0)
        return status

    def say(self, **frame):
        self.send(frames.text(json.dumps(frame)))

    async def text(self):
        """The next text. Pings are answered; a close is the end."""
        while True:
            first, second = await self.exactly(2)
            size = second & 0x7F
            if size == 126:
                size, = struct.unpack(">H", await self.exactly(2))
            elif size == 127:
                size, = struct.unpack(">Q", await self.exactly(8))
            payload = await self.exactly(size)
            if first == 0x80 | frames.TEXT:
                return payload
            if first == 0x80 | frames.PING:
                self.send(frames.frame(frames.PONG, payload))
            elif first == 0x80 | frames.CLOSE:
                raise Broken(f"closed: {payload[2:].decode()}", struct.unpack(">H", payload[:2])[0] if payload else 1005)
            else:
                raise Failed(f"a frame that begins with {first:#x}")


def sliced(body):
    """The events of a poll's answer, each in the very bytes that came, and the rest of the answer."""
    text = body.decode()
    begin = '{"events":['
    if not text.startswith(begin):
        raise Failed(f"no answer to a poll: {text[:300]}")
    at = len(begin)
    events = []
    while text[at] != "]":
        event, end = DECODER.raw_decode(text, at)
        events.append((event, text[at:end].encode()))
        at = end + (text[end] == ",")
    rest = json.loads("{" + text[at + 2:])
    return events, rest
