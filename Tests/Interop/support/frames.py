"""WebSocket frames by hand (RFC 6455 section 5), the wrong ones too, on a bare socket."""

import asyncio
import os
import struct

from .checks import Failed, equal, parse

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def frame(opcode, payload=b"", fin=True, reserved=0, masked=True, length=None):
    """One frame; `length` may lie, in seven bits (an int) or in any bytes."""
    head = bytes([(0x80 if fin else 0) | reserved << 4 | opcode])
    mask_bit = 0x80 if masked else 0
    if isinstance(length, bytes):
        head += bytes([length[0] | mask_bit]) + length[1:]
    elif len(payload) < 126:
        head += bytes([(length if length is not None else len(payload)) | mask_bit])
    elif len(payload) < 65_536:
        head += bytes([126 | mask_bit]) + struct.pack(">H", len(payload))
    else:
        head += bytes([127 | mask_bit]) + struct.pack(">Q", len(payload))
    if not masked:
        return head + payload
    key = os.urandom(4)
    return head + key + bytes(byte ^ key[index % 4] for index, byte in enumerate(payload))


def text(content, **more):
    return frame(TEXT, content.encode(), **more)


class Bare:
    """A connection that does what it is told and nothing by itself: no pong, no close, and no reading."""

    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer

    @staticmethod
    async def open(person, room, query="", headers=""):
        reader, writer = await asyncio.open_connection("127.0.0.1", person.server.port, limit=65_536)
        writer.write((
            f"GET /api/chat/ws/{room}?token={person.token}{query} HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            f"{headers}\r\n"
        ).encode())
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        equal(head.split(b" ")[1], b"101", "status")
        return Bare(reader, writer)

    def send(self, data):
        self.writer.write(data)

    async def receive(self, patience=10):
        """Opcode and payload of the next frame; None at the end."""
        try:
            async with asyncio.timeout(patience):
                first, second = await self.reader.readexactly(2)
                if second & 0x80:
                    raise Failed("the server masked a frame")
                length = second & 0x7F
                if length == 126:
                    length, = struct.unpack(">H", await self.reader.readexactly(2))
                elif length == 127:
                    length, = struct.unpack(">Q", await self.reader.readexactly(8))
                return first & 0x0F, await self.reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        except TimeoutError:
            raise Failed(f"nothing within {patience} s") from None

    async def message(self):
        """The next frame of type `message`, parsed."""
        while (found := await self.receive()) is not None:
            if found[0] == TEXT and (body := parse(found[1]))["type"] == "message":
                return body
        raise Failed("the connection ended")

    async def close_code(self, patience=10):
        """Reads on until the close frame, and then the end."""
        while (found := await self.receive(patience)) is not None:
            if found[0] == CLOSE:
                code = struct.unpack(">H", found[1][:2])[0] if found[1] else None
                found[1][2:].decode()
                self.send(frame(CLOSE, found[1][:2]))
                equal(await self.receive(patience), None, "what follows the close frame")
                return code
        return "no close frame"

    def end(self):
        self.writer.close()
