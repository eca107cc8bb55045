"""WebSocket connections, over two clients that we have not written: `websockets` and `aiohttp`."""

import asyncio
import json

import aiohttp
import websockets.asyncio.client
import websockets.exceptions

from .checks import Failed, parse

PATIENCE = 10


class WebsocketsClient:
    @staticmethod
    async def open(url, headers, session, tls=None, protocols=()):
        self = WebsocketsClient()
        self.socket = await websockets.asyncio.client.connect(
            url, additional_headers=headers, max_size=None, ping_interval=None, open_timeout=PATIENCE,
            close_timeout=PATIENCE, proxy=None, ssl=tls, subprotocols=list(protocols) or None)
        self.chosen = self.socket.subprotocol
        return self

    async def send(self, payload):
        await self.socket.send(payload)

    async def receive(self):
        """A text, or None at the end."""
        try:
            return await self.socket.recv()
        except websockets.exceptions.ConnectionClosed:
            return None

    async def close(self):
        await self.socket.close()

    def closing(self):
        return self.socket.close_code, self.socket.close_reason


class AiohttpClient:
    @staticmethod
    async def open(url, headers, session, tls=None, protocols=()):
        self = AiohttpClient()
        self.reason = ""
        self.socket = await session.ws_connect(
            url, headers=headers, max_msg_size=0, ssl=tls or True, protocols=tuple(protocols))
        self.chosen = self.socket.protocol
        return self

    async def send(self, payload):
        await (self.socket.send_bytes if isinstance(payload, bytes) else self.socket.send_str)(payload)

    async def receive(self):
        message = await self.socket.receive()
        if message.type is aiohttp.WSMsgType.TEXT:
            return message.data
        if message.type is aiohttp.WSMsgType.BINARY:
            raise Failed("a binary frame came")
        if message.type is aiohttp.WSMsgType.CLOSE:
            self.reason = message.extra or ""
        return None

    async def close(self):
        await self.socket.close()

    def closing(self):
        return self.socket.close_code, self.reason


CLIENTS = {"websockets": WebsocketsClient, "aiohttp": AiohttpClient}


class Line:
    """One connection. Frames are read in the background and kept; `next` walks through them."""

    def __init__(self, client, name, note):
        self.client = client
        self.name = name
        self.note = note
        self.frames = []
        self.texts = []
        self.at = 0
        self.ended = False
        self.trouble = None
        self.news = asyncio.Event()
        # What the frames kept begin with; for senders under load, whose time should go into sending.
        self.prefixes = None
        self.reader = asyncio.create_task(self._read())

    async def _read(self):
        try:
            while (text := await self.client.receive()) is not None:
                if self.prefixes is not None and not text.startswith(self.prefixes):
                    continue
                self.note(f"{self.name} ← {text}")
                self.frames.append(parse(text))
                self.texts.append(text)
                self.news.set()
        except Exception as error:
            self.trouble = error
        finally:
            self.ended = True
            self.note(f"{self.name} ← closed {self.client.closing()}")
            self.news.set()

    # Saying

    async def send(self, frame):
        payload = frame if isinstance(frame, (str, bytes)) else json.dumps(frame)
        self.note(f"{self.name} → {payload if len(payload) < 400 else payload[:400]}")
        await self.client.send(payload)

    async def say(self, content, **fields):
        """Sends a message."""
        await self.send({"type": "message", "content": content} | fields)

    async def ask(self, frame, id="q"):
        """Sends a frame with an `id` and returns its answer, `ack` or `error`."""
        await self.send(frame | {"id": id})
        return await self.next(("ack", "error"), id=id)

    async def acked(self, frame, id="q"):
        answer = await self.ask(frame, id)
        if answer["type"] != "ack":
            raise Failed(f"{frame} was refused: {answer}")
        return answer

    async def refused(self, frame, code, status=None):
        """Sends a frame without `id`: it must be refused with this code."""
        await self.send(frame)
        error = await self.next("error")
        if error["code"] != code or status and error["status"] != status:
            raise Failed(f"expected {code} {status or ''}, got {error}")
        return error

    # Hearing

    async def next(self, type=None, patience=PATIENCE, **fields):
        """The next frame of this type (or one of these types) with these fields; what comes before it is skipped."""
        types = (type,) if isinstance(type, str) else type

        def fits(frame):
            return (types is None or frame.get("type") in types) and all(
                frame.get(key) == value for key, value in fields.items())

        try:
            async with asyncio.timeout(patience):
                while True:
                    while self.at < len(self.frames):
                        frame = self.frames[self.at]
                        self.at += 1
                        if fits(frame):
                            return frame
                    if self.ended:
                        raise Failed(
                            f"{self.name}: waiting for {types} {fields}, but the connection ended {self.client.closing()} "
                            f"{self.trouble or ''}")
                    self.news.clear()
                    if self.at == len(self.frames) and not self.ended:
                        await self.news.wait()
        except TimeoutError:
            raise Failed(f"{self.name}: no frame {types} {fields} within {patience} s") from None

    async def fence(self):
        """A message there and back: whatever was sent to this connection before has arrived."""
        await self.say("fence", id="fence")
        await self.next("message", content="fence")

    def heard(self, type=None, since=0, **fields):
        """All frames until now of this type with these fields."""
        return [
            frame for frame in self.frames[since:]
            if (type is None or frame["type"] == type)
            and all(frame.get(key) == value for key, value in fields.items())]

    async def find(self, type, **fields):
        """The first frame of this type with these fields, whether it has come already or not."""
        found = self.heard(type, **fields)
        return found[0] if found else await self.next(type, **fields)

    async def ending(self, patience=PATIENCE):
        """Waits for the other side to close: code and reason."""
        try:
            await asyncio.wait_for(asyncio.shield(self.reader), patience)
        except TimeoutError:
            raise Failed(f"{self.name}: not closed within {patience} s") from None
        return self.client.closing()

    async def close(self):
        self.note(f"{self.name} → close")
        try:
            await asyncio.wait_for(self.client.close(), PATIENCE)
        except TimeoutError:
            raise Failed(f"{self.name}: the close was not answered") from None
        await self.reader
