"""Somebody who counts: a position in each of some conversations, by their own numbers, on WebSockets that subscribe one by one."""

import json

from support.checks import Failed
from traveller import AWAY, Traveller
from wire import Broken


class Counter(Traveller):
    """What is received here has no cursor: each conversation goes on from its `seq`."""

    def __init__(self, person, name, dice, cursor, counts, rooms):
        super().__init__(person, name, dice, cursor, counts, rooms)
        self.seqs = {room: 0 for room in rooms}
        # What came of each, as it came.
        self.logs = {room: [] for room in rooms}

    async def travel(self, stop):
        while not stop.is_set():
            self.counts["count"] += 1
            await self.hop(self.count, self.dice.choice((1, 3, 30, 1000)), self.dice.choice((0.1, 0.5, 2)))

    async def count(self, wire, events):
        status = await wire.upgrade("/api/chat/ws", self.person.token)
        if status in AWAY:
            raise Broken(status)
        if status != 101:
            raise Failed(f"{self.name}: the upgrade was answered {status}")
        # Some at once, and the others when something has come.
        rooms = self.dice.sample(self.rooms, len(self.rooms))
        self.subscribe(wire, rooms.pop())
        while events > 0:
            raw = await wire.text()
            event = json.loads(raw)
            if event["type"] == "error" and event["code"] not in ("draining", "store_unavailable") or event["type"] == "gap":
                raise Failed(f"{self.name} was sent {raw.decode()}")
            if "seq" in event and event["type"] != "ack":
                self.take(event, raw)
                events -= 1
            if event["type"] == "caught_up":
                self.counts["subscriptions caught up"] += 1
            if rooms and self.dice.random() < 0.3:
                self.subscribe(wire, rooms.pop())

    def subscribe(self, wire, room):
        wire.say(type="subscribe", conversation_id=room, after=self.seqs[room], id="s")

    def take(self, event, raw):
        room = event["conversation_id"]
        if event["seq"] != self.seqs[room] + 1:
            raise Failed(f"{self.name} had {self.seqs[room]} of {room}, and was given {raw.decode()}")
        self.seqs[room] += 1
        self.logs[room].append(raw)

    async def arrive(self, last):
        """Counts on until it has come to the last of each."""
        for _ in range(2000):
            if all(self.seqs[room] >= last[room] for room in self.rooms):
                return
            await self.hop(self.count, 1000, 0.5)
        raise Failed(f"{self.name} came to {self.seqs}, and the last are {last}")
