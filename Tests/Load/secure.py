"""A room over wss: one talks and types, the others come and go, each time from where they were."""

import asyncio
import json
import random
import ssl
import subprocess
import time

import websockets.asyncio.client
import websockets.exceptions

import servers

PATIENCE = 20


def certificate(folder):
    """A certificate for an hour or two, and its key, as the config's `http.tls` wants them."""
    chain, key = folder / "chain.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", chain],
                   check=True, capture_output=True)
    return {"certificate": str(chain), "privateKey": str(key)}


class Room:
    """Its contents are numbers, counted from 0: whoever is in it must get each once and in order."""

    def __init__(self, port, trust, conversation, users, rate):
        self.url = f"wss://127.0.0.1:{port}/api/chat/ws/{conversation}"
        self.context = ssl.create_default_context(cafile=trust)
        self.talker, *self.listeners = users
        self.rate = rate
        self.said = 0
        self.visits = 0
        self.wrong = []

    def run(self, seconds):
        """Returns what was wrong first, in words."""
        asyncio.run(self.all(time.monotonic() + seconds))
        return "; ".join(self.wrong[:3])

    async def all(self, ends):
        self.is_over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self.guarded("who talks", self.talk(ends)))
            for user in self.listeners:
                group.create_task(self.guarded("who listens", self.listen(user)))

    async def guarded(self, who, part):
        try:
            await part
        except (OSError, TimeoutError, websockets.exceptions.WebSocketException) as error:
            self.wrong.append(f"{who}: {error!r}")
            self.is_over.set()

    def open(self, user, after=None):
        url = f"{self.url}?token={servers.token(user)}" + (f"&after={after}" if after is not None else "")
        return websockets.asyncio.client.connect(url, ssl=self.context, proxy=None, max_size=None, ping_interval=None,
                                                 open_timeout=PATIENCE, close_timeout=PATIENCE)

    async def talk(self, ends):
        try:
            async with self.open(self.talker) as socket:
                heard = asyncio.create_task(self.hear(socket, Place(self.said)))
                while time.monotonic() < ends and not self.is_over.is_set():
                    if self.said % 8 == 0:
                        await socket.send('{"type":"typing"}')
                    await socket.send(json.dumps({"type": "message", "content": str(self.said)}))
                    self.said += 1
                    await asyncio.sleep(1 / self.rate)
                self.is_over.set()
                await asyncio.wait_for(heard, PATIENCE)
        finally:
            self.is_over.set()

    async def listen(self, user):
        """Comes and goes until all is said, and stays then until it has all."""
        place = Place()
        while True:
            is_last = self.is_over.is_set()
            socket = await self.open(user, place.seq)
            self.visits += 1
            try:
                if is_last:
                    await asyncio.wait_for(self.hear(socket, place), PATIENCE)
                    return
                await asyncio.wait_for(self.hear(socket, place), random.uniform(0.5, 4))
                return
            except TimeoutError:
                if is_last:
                    self.wrong.append(f"{self.said - place.next} of {self.said} are missing")
                    return
                if random.random() < 0.5:
                    socket.transport.abort()    # one half hangs up
            finally:
                await socket.close()
            await asyncio.sleep(random.uniform(0, 1))

    async def hear(self, socket, place):
        """Until all that was said has come."""
        while not (self.is_over.is_set() and place.next >= self.said):
            # A wait of its own end: the last message may have come before it was the last.
            try:
                frame = json.loads(await asyncio.wait_for(socket.recv(), 0.25))
            except TimeoutError:
                continue
            if frame["type"] == "error":
                self.wrong.append(f"refused: {frame}")
            elif frame["type"] == "message":
                number = int(frame["content"])
                if number != place.next:
                    self.wrong.append(f"{number} came instead of {place.next}")
                place.next, place.seq = number + 1, frame["seq"]


class Place:
    """Up to where somebody has been told: the number that comes next, and the seq of the last; 0 for all there is."""

    def __init__(self, number=0):
        self.next, self.seq = number, 0
