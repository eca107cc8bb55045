"""Somebody with one cursor, who changes the transport whenever the dice say so."""

import asyncio
import json
from urllib.parse import quote

from support.checks import Failed
from wire import Broken, Wire, sliced

EPHEMERAL = {"hello", "presence", "typing", "ack", "lagging", "auth_expiring", "draining"}
# What a poll or a handshake may be told while the host comes and goes.
AWAY = {503}


class Traveller:
    """One client of one user. `room`, when there is one, is the only conversation it asks for, on every transport."""

    def __init__(self, person, name, dice, cursor, counts, rooms, room=None):
        self.person = person
        # Some of which it may subscribe to.
        self.rooms = [room] if room else rooms
        self.name = name
        self.dice = dice
        self.cursor = cursor
        self.counts = counts
        self.room = room
        self.start = cursor
        self.pos = position(cursor)
        # Every event in the bytes that came, in the order in which they came.
        self.log = []
        # Gaps that came, and not yet the event that they belong to: without it they are told again.
        self.gaps = []
        # What one and the same cursor was answered, more than once: to be compared when it is known what was deleted.
        self.twins = []
        self.isAtRest = False
        # The last it heard of its own coming and going was the going.
        self.isAway = False

    async def travel(self, stop):
        """Hops until told to stop."""
        ways = [self.poll, self.repeat, self.at_once, self.stream, self.socket, self.stream, self.socket]
        while not stop.is_set():
            way = self.dice.choice(ways)
            self.counts[way.__name__] += 1
            await self.hop(way, self.dice.choice((1, 1, 1, 1, 3, 10, 100)), self.dice.choice((0.1, 0.5, 0.5, 2)))

    async def hop(self, way, events, patience):
        """One stretch on one transport, of so many events and seconds at most; then the connection is dropped."""
        pace = 0.2 if self.dice.random() < 0.02 else 0
        self.counts["slow"] += pace > 0
        self.gaps = []
        wire = None
        try:
            wire = await Wire.open(self.person.server.port, pace)
            async with asyncio.timeout(patience + (3 if pace else 0)):
                await way(wire, events)
        except TimeoutError:
            self.counts["dropped"] += 1
        except Broken as broken:
            self.counts["broken"] += 1
            code = broken.args[1] if broken.args[1:] else 1001
            # Who asks for one room is told so when it is removed from it, after its removal and not before.
            if not 1000 < code < 1014 and not 4500 <= code < 4600 and not (code == 4403 and self.room and self.isAway):
                raise Failed(f"{self.name} was closed with {broken.args}") from None
            await asyncio.sleep(0.02)
        finally:
            if wire is not None:
                wire.abort()

    def take(self, event, raw):
        if event["type"] == "gap":
            self.counts["gaps"] += 1
            self.gaps.append(raw)
            return
        if event["pos"] <= self.pos:
            raise Failed(f"{self.name} stood at {self.pos}, and was given {raw.decode()}")
        self.log += [*self.gaps, raw]
        self.gaps = []
        self.move(event["cursor"])
        if event["type"] == "member" and event["user_id"] == self.person.id:
            self.isAway = event["action"] in ("left", "removed")

    def move(self, cursor):
        if position(cursor) < self.pos:
            raise Failed(f"{self.name} stood at {self.pos}, and was sent back to {cursor}")
        self.cursor = cursor
        self.pos = position(cursor)

    # Long-polling

    def ask(self, wire, limit, wait):
        only = f"&conversations={quote(self.room)}" if self.room else ""
        wire.ask("GET", f"/api/chat/events?cursor={self.cursor}&limit={limit}&wait={wait}{only}", self.person.token)

    async def heard(self, wire):
        status, body = await wire.answer()
        if status in AWAY:
            raise Broken(status)
        if status != 200:
            raise Failed(f"{self.name}: a poll at {self.cursor} was answered {status} {body[:300]}")
        return sliced(body)

    async def poll(self, wire, limit, wait=None):
        """Sometimes nobody listens to the answer, or to all of it; then the cursor has not moved."""
        self.ask(wire, limit, self.dice.choice((0, 1, 5)) if wait is None else wait)
        fate = self.dice.random()
        if wait is None and fate < 0.1:
            await asyncio.sleep(self.dice.random() / 100)
            self.counts["not read"] += 1
            return
        if wait is None and fate < 0.2:
            status, length = await wire.head()
            await wire.exactly((length or 0) // 2)
            self.counts["half read"] += 1
            return
        self.follow(await self.heard(wire))

    def follow(self, answer):
        events, rest = answer
        for event, raw in events:
            self.take(event, raw)
        self.isAtRest = not events and not rest["more"]
        self.move(rest["cursor"])

    async def repeat(self, wire, limit):
        """The answer is lost, and asked for again."""
        self.ask(wire, limit, 0)
        lost = await self.heard(wire)
        other = await Wire.open(self.person.server.port)
        try:
            self.ask(other, limit, 0)
            self.both("asked again", lost, await self.heard(other))
        finally:
            other.abort()

    async def at_once(self, wire, limit):
        """Two copies of one request on their way together."""
        other = await Wire.open(self.person.server.port)
        try:
            wait = self.dice.choice((0, 1))
            self.ask(wire, limit, wait)
            self.ask(other, limit, wait)
            self.both("asked twice at once", *await asyncio.gather(self.heard(wire), self.heard(other)))
        finally:
            other.abort()

    def both(self, what, one, two):
        """One may have been answered later, and say more."""
        self.counts[what] += 1
        if one[0] and two[0]:
            self.twins.append((what, [raw for _, raw in one[0]], [raw for _, raw in two[0]]))
        self.follow(self.dice.choice((one, two)))

    # Server-sent events

    async def stream(self, wire, events):
        only = f"conversations={quote(self.room)}" if self.room else ""
        if self.dice.random() < 0.5:
            wire.ask("GET", f"/api/chat/stream?cursor={self.cursor}&{only}", self.person.token)
        else:
            wire.ask("GET", f"/api/chat/stream?{only}", self.person.token, Last_Event_ID=self.cursor)
        status, length = await wire.head()
        if status in AWAY:
            raise Broken(status)
        if status != 200:
            raise Failed(f"{self.name}: a stream at {self.cursor} was answered {status} {await wire.exactly(length or 0)}")
        for _ in range(events):
            id, type, raw = await wire.block()
            event = json.loads(raw)
            if event.get("cursor") != (id and id.decode()) or event["type"] != type.decode():
                raise Failed(f"{self.name}: a block with id {id} and event {type} around {raw}")
            self.take(event, raw)

    # WebSocket, profile v2

    async def socket(self, wire, events):
        status = await wire.upgrade(f"/api/chat/ws/{quote(self.room)}" if self.room else "/api/chat/ws", self.person.token)
        if status in AWAY or status == 403 and self.room:
            raise Broken(status)
        if status != 101:
            raise Failed(f"{self.name}: the upgrade was answered {status}")
        wire.say(type="hello", cursor=self.cursor)
        if self.dice.random() < 0.1:
            # Harmless (docs/protocol.md section 3): it comes already.
            wire.say(type="subscribe", conversation_id=self.dice.choice(self.rooms), after=0, id="harmless")
        while events > 0:
            raw = await wire.text()
            event = json.loads(raw)
            if event["type"] in ("caught_up", "pong"):
                # All up to there has been sent on this very connection.
                self.move(event["cursor"])
                if event["type"] == "caught_up":
                    wire.say(type="ping")
                continue
            if event["type"] in EPHEMERAL:
                continue
            if event["type"] == "error":
                if event.get("code") in ("draining", "store_unavailable"):
                    raise Broken(event["code"])
                if event.get("id") == "harmless" and event["code"] == "not_a_member":
                    continue
                raise Failed(f"{self.name} was sent {raw.decode()}")
            self.take(event, raw)
            events -= 1

    # The end

    async def arrive(self):
        """Hops on until there is nothing more."""
        self.isAtRest = False
        for _ in range(20_000):
            if self.isAtRest:
                return
            way = self.dice.choice((lambda wire, limit: self.poll(wire, limit, 0), self.stream, self.socket))
            await self.hop(way, 1000, 0.3)
        raise Failed(f"{self.name} never came to the end; it stands at {self.cursor}")


def position(cursor):
    """The only place where a client looks into a cursor: to see that it goes forward."""
    return int(cursor.rpartition(".")[2])
