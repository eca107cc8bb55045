"""Clients that change their transport all the time, and miss nothing. See README.md; `run` makes what this needs."""

import argparse
import asyncio
import collections
import os
import random
import sys
import tempfile
import time
import traceback

import aiohttp

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Interop"))

from support import runner  # noqa: E402
from support.checks import Failed, equal, holds  # noqa: E402

import records  # noqa: E402
from counter import Counter  # noqa: E402
from crowd import Crowd, Owner, Sender  # noqa: E402
from traveller import Traveller  # noqa: E402

USERS = 8
ROOMS = 6
RESTLESS = 3
# What the owner makes while it runs, besides.
MORE_ROOMS = 4
# Queues as short and streams as short-lived as they may be.
TRANSPORTS = [{"type": "rest"}, {"type": "websocket", "outboxBytes": 65_536}, {"type": "long-polling", "streamSeconds": 10}]


class Run:
    def __init__(self, options, case):
        self.options = options
        self.case = case
        self.dice = random.Random(options.seed)
        self.counts = collections.Counter()
        self.stop = asyncio.Event()
        self.passed = 0
        self.failures = []

    def die(self):
        """Dice of its own for each who acts, since nobody knows in which order they do."""
        return random.Random(self.dice.getrandbits(64))

    async def prepare(self):
        self.people = [await self.case.person(f"user{number}") for number in range(USERS)]
        self.start = (await self.people[0].get("/api/chat/events")).ok()["cursor"]
        self.crowd = Crowd(self.options.messages, self.dice, self.counts)
        owner, others = self.people[0], self.people[1:]
        rooms = []
        for number in range(ROOMS):
            # Nobody begins without a room.
            members = sorted({others[number], others[-1], *self.dice.sample(others, 3)}, key=repr)
            room = await owner.room(*members, name=f"Room {number}")
            for member in [owner, *members]:
                self.crowd.rooms[member.id].add(room)
            rooms.append(room)
        self.rooms = rooms
        self.travellers = [Traveller(person, f"user{number}", self.die(), self.start, self.counts, rooms)
                           for number, person in enumerate(self.people)]
        # One who stays, and one who is let in and out.
        for person in (owner, self.people[1]):
            room = self.dice.choice(sorted(self.crowd.rooms[person.id]))
            self.travellers.append(
                Traveller(person, f"{person.name}, of one room", self.die(), self.start, self.counts, rooms, room))
        self.crowd.travellers = list(self.travellers)
        self.counter = Counter(owner, "user0, who counts", self.die(), self.start, self.counts, rooms)

    async def late(self):
        """A second device of everybody who stays, from a snapshot in the middle on."""
        while self.crowd.begun < self.crowd.target / 2:
            await asyncio.sleep(0.05)
        for person in self.people[-2:]:
            while True:
                try:
                    cursor = (await person.get("/api/chat/events")).ok()["cursor"]
                    break
                except (OSError, aiohttp.ClientError, Failed):
                    # Away just now.
                    await asyncio.sleep(0.05)
            device = Traveller(person, f"{person.name}, from the middle", self.die(), cursor, self.counts, self.rooms)
            self.travellers.append(device)
            self.journeys.append(asyncio.create_task(device.travel(self.stop)))

    async def restart(self):
        """The host goes, in one way or the other, and comes back."""
        dice, server = self.die(), self.case.server
        while not self.stop.is_set():
            try:
                await asyncio.wait_for(self.stop.wait(), dice.uniform(0.5, 1.5) * self.options.every)
                return
            except TimeoutError:
                pass
            if dice.random() < 0.5:
                await server.kill()
                self.counts["kill -9"] += 1
            else:
                status, seconds = await server.stop()
                equal(status, 0, "exit status after SIGTERM")
                self.counts["SIGTERM"] += 1
            await asyncio.sleep(dice.uniform(0, 0.3))
            await server.start()

    async def act(self):
        owner = Owner(self.people[0], self.crowd, self.die(), self.people[1:1 + RESTLESS], MORE_ROOMS)
        senders = [asyncio.create_task(Sender(person, f"s{number}", self.crowd, self.die()).run())
                   for number, person in enumerate(self.people)]
        self.journeys = [asyncio.create_task(traveller.travel(self.stop)) for traveller in [*self.travellers, self.counter]]
        late = asyncio.create_task(self.late())
        ruling = asyncio.create_task(owner.run(self.stop))
        restarts = asyncio.create_task(self.restart())
        everybody = [*senders, *self.journeys, late, ruling, restarts]
        pending = set(everybody)
        begin = time.monotonic()
        try:
            while any(not sender.done() for sender in senders) or not late.done():
                left = self.options.seconds - (time.monotonic() - begin)
                holds(left > 0, f"not all said within {self.options.seconds} s: {self.crowd.begun} of {self.crowd.target}")
                done, pending = await asyncio.wait(pending, timeout=left, return_when=asyncio.FIRST_COMPLETED)
                for one in done:
                    one.result()
            self.counts["seconds"] = round(time.monotonic() - begin)
            self.stop.set()
            await asyncio.gather(ruling, restarts, *self.journeys)
        finally:
            for one in [*everybody, *self.journeys]:
                one.cancel()
            await asyncio.gather(*everybody, *self.journeys, return_exceptions=True)

    async def check(self, what, work):
        try:
            found = await work
            self.passed += 1
            return found
        except Exception as error:
            text = str(error) if isinstance(error, Failed) else traceback.format_exc(limit=-4)
            self.failures.append(what)
            print(f"FAILED {what} (seed {self.options.seed}): {text}", flush=True)
            return None

    async def judge(self):
        """One check for each log, and one for all that was acknowledged."""
        whole = await records.replay(self.people[0], self.start)

        async def settle():
            return records.settle(self.crowd.posts, whole)
        self.erased = await self.check("what was acknowledged", settle())
        if self.erased is None:
            return
        arrivals = await asyncio.gather(*(traveller.arrive() for traveller in self.travellers), return_exceptions=True)
        for traveller, arrival in zip(self.travellers, arrivals):
            await self.check(f"the log of {traveller.name}", self.compare(traveller, arrival))
        await self.check(f"the logs of {self.counter.name}", self.count(whole))

    async def compare(self, traveller, trouble):
        if trouble is not None:
            raise trouble
        stored = await records.replay(traveller.person, traveller.start, traveller.room)
        self.counts["events"] += records.compare(
            traveller.log, stored, self.erased, traveller.person.id, traveller.start == self.start, traveller.name)
        self.counts["same polls compared"] += records.agree(traveller.twins, self.erased)

    async def count(self, whole):
        last = {}
        for event, _ in records.Shown(whole).events:
            last[event["conversation_id"]] = event["seq"]
        await self.counter.arrive(last)
        self.counts["events by number"] += records.count(self.counter, whole, self.erased)


async def run(options, scratch):
    house = runner.House(os.path.abspath(options.chatd), scratch, options.store)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        case = runner.Case(house, "websockets")
        case.session = session
        # The exchange of thousands of messages is of no use to anybody.
        case.note = lambda text: None
        case.server = house.make(log={"level": "warning"}, transports=TRANSPORTS)
        await case.server.start()
        hop = Run(options, case)
        try:
            await hop.prepare()
            await hop.check("the journey", hop.act())
            if not hop.failures:
                await hop.judge()
        finally:
            if case.server.process.returncode is None:
                await case.server.stop()
        if hop.failures:
            print(case.server.output()[-3000:])
    print(", ".join(f"{name}: {count}" for name, count in sorted(hop.counts.items())))
    return hop.passed, len(hop.failures)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--chatd", required=True)
    arguments.add_argument("--store", default="sqlite")
    arguments.add_argument("--messages", type=int, default=100_000)
    arguments.add_argument("--seconds", type=float, default=720, help="the longest that sending may take")
    arguments.add_argument("--every", type=float, default=4, help="seconds between two restarts, about")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--scratch")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="hop-", dir=options.scratch) as scratch:
        passed, failed = asyncio.run(run(options, scratch))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
