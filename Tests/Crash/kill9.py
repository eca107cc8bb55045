"""kill -9 of a chatd under load, again and again; then every promise is checked (docs/protocol.md sections 1, 2 and 4).

    python kill9.py --chatd .build/release/chatd --kills 5 --senders 20 --seconds 2

Each sender keeps a window of messages under way over a WebSocket, each with `id` and `client_id`. At a random moment
(of --seed) the server is killed. It is started again, must serve within a second (within two with --database, a file with
a past, of which it works on a copy), and then for each message:

- acknowledged: it is there once, with the acknowledged seq and message_id;
- unknown (sent, not answered): it is sent again with the same client_id, and is then there once;
- the senders' own order is kept, order is that of seq, and seq has no hole from 1 to the last.

It looks in two ways: REST, page by page, and a replay from ?after=0. The load then goes on, until the next kill.
Ends in "N passed, N failed", counting kills, and with status 0 when nothing failed.
"""

import argparse
import asyncio
import collections
import os
import random
import shutil
import sys
import tempfile
import time
import traceback

import aiohttp

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Interop"))

from support import runner  # noqa: E402
from support.checks import Failed, equal, holds  # noqa: E402

WINDOW = 16


class Sender:
    """One user's stream of messages, over as many connections as it takes."""

    def __init__(self, person, number):
        self.person = person
        self.name = f"s{number}"
        self.sent = 0
        self.acked = {}
        self.refused = []
        self.ahead = set()

    def content(self, number):
        return f"{self.name} {number} " + "x" * (number * 37 % 200)

    async def send(self, line, number):
        await line.say(self.content(number), id=number, client_id=f"{self.name}-{number}")

    def hear(self, line):
        """Takes down every answer that has come on a connection."""
        for frame in line.frames:
            if frame["type"] == "ack":
                known = self.acked.get(frame["id"])
                found = (frame["seq"], frame["message_id"])
                if known is not None and known != found:
                    self.refused.append(f"{frame['id']} was acknowledged as {known} and as {found}")
                self.acked[frame["id"]] = found
            elif frame["type"] == "error":
                self.refused.append(f"{frame}")

    async def load(self, room, stop):
        """Sends until the connection breaks or somebody says stop; then what is under way is waited for."""
        try:
            line = await self.person.open(room)
        except Exception:
            # The kill was quicker than the handshake.
            return
        line.prefixes = ('{"type":"ack"', '{"type":"error"')
        try:
            for number in self.unknown:
                await self.send(line, number)
            waiting = len(self.unknown)
            while not line.ended and not (stop.is_set() and waiting == 0):
                while waiting < WINDOW and not stop.is_set():
                    await self.send(line, self.sent)
                    self.sent += 1
                    waiting += 1
                await line.next(("ack", "error"))
                waiting -= 1
        except Exception as error:
            # The end of the connection is what we are here for; anything else is not.
            await asyncio.wait([line.reader], timeout=5)
            if not line.ended:
                self.refused.append(f"{error!r}")
        if not line.ended:
            await line.close()
        self.hear(line)

    @property
    def unknown(self):
        return [number for number in range(self.sent) if number not in self.acked]


def check(senders, messages, events, what):
    """Messages (seq, id, sender, client_id, content) of one source against what the senders know."""
    numbers = [message[0] for message in messages]
    equal(numbers, sorted(set(numbers)), f"{what}: seq, in order and each once")
    ids = [message[1] for message in messages]
    equal(len(set(ids)), len(ids), f"{what}: message_ids, each once")
    holds(events is None or events == list(range(1, len(events) + 1)), f"{what}: seq of all events has holes")
    by_key = collections.defaultdict(list)
    for message in messages:
        by_key[message[2], message[3]].append(message)
    for sender in senders:
        equal(sender.refused, [], f"{what}: what {sender.name} was refused")
        order = []
        for number in range(sender.sent):
            found = by_key.pop((sender.person.id, f"{sender.name}-{number}"), [])
            if number in sender.acked:
                equal([(seq, id) for seq, id, *_ in found], [sender.acked[number]],
                      f"{what}: {sender.name} {number}, which was acknowledged")
            else:
                holds(len(found) <= 1, f"{what}: {sender.name} {number} is there {len(found)} times")
            for message in found:
                equal(message[4], sender.content(number), f"{what}: content of {sender.name} {number}")
                order.append(message[0])
        holds(order == sorted(order), f"{what}: the order of {sender.name}'s messages was not kept")
    equal(len(by_key), 0, f"{what}: messages that nobody sent: {list(by_key)[:5]}")


async def over_rest(person, room):
    return [(message["seq"], message["id"], message["sender_id"], message["client_id"], message["content"])
            for message in await person.messages(room)]


async def over_replay(person, room, last):
    line = await person.open(room, after=0)
    await line.next("message", seq=last, patience=60)
    found = [(frame["seq"], frame["message_id"], frame["sender_id"], frame.get("client_id"), frame["content"])
             for frame in line.heard("message")]
    await line.close()
    return found


async def verify(senders, person, room, what):
    last = (await person.get(f"/api/chat/conversations/{room}")).ok()["last_seq"]
    events = [event["seq"] for event in await person.history(room)]
    equal(len(events), last, f"{what}: how many events there are")
    messages = await over_rest(person, room)
    check(senders, messages, events, f"{what}, REST")
    replayed = await over_replay(person, room, messages[-1][0]) if messages else []
    equal(replayed == messages, True, f"{what}: the replay is the same as the history")
    return messages


async def run(options, scratch):
    random_moment = random.Random(options.seed)
    house = runner.House(os.path.abspath(options.chatd), scratch, options.store)
    passed = failed = 0
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        case = runner.Case(house, "websockets")
        case.session = session
        # The exchange of thousands of messages is of no use to anybody.
        case.note = lambda text: None
        server = house.shared = case.server = house.make(log={"level": "warning"})
        if options.database:
            shutil.copyfile(options.database, os.path.join(server.folder, "chat.db"))
        await server.start()
        watcher = await case.person("watcher")
        people = [await case.person(f"sender{number}") for number in range(options.senders)]
        room = await watcher.room(*people)
        senders = [Sender(person, number) for number, person in enumerate(people)]
        slowest = 0.0
        allowed = 2 if options.database else 1
        for kill in range(options.kills):
            case.lines.clear()
            stop = asyncio.Event()
            before = sum(len(sender.acked) for sender in senders)
            loads = [asyncio.create_task(sender.load(room, stop)) for sender in senders]
            await asyncio.sleep(random_moment.uniform(0.3, 1) * options.seconds)
            await server.kill()
            await asyncio.gather(*loads)
            acked = sum(len(sender.acked) for sender in senders)
            unknown = sum(len(sender.unknown) for sender in senders)
            try:
                begin = time.monotonic()
                await server.start()
                seconds = time.monotonic() - begin
                slowest = max(slowest, seconds)
                holds(seconds < allowed, f"the start took {seconds:.2f} s")
                holds(acked > before, "nothing was acknowledged before the kill: no load, no test")
                stored = len(await verify(senders, watcher, room, "after the kill"))
                # What nobody knows of is sent again, and must then be there once.
                stop.set()
                await asyncio.gather(*(sender.load(room, stop) for sender in senders))
                equal([sender.unknown for sender in senders if sender.unknown], [], "messages still not acknowledged")
                await verify(senders, watcher, room, "after the retries")
                passed += 1
                print(f"kill {kill + 1}: {acked - before} acknowledged, {unknown} unknown, of which "
                      f"{stored - acked} had been stored; served again after {seconds:.2f} s", flush=True)
            except Exception as error:
                failed += 1
                trouble = str(error) if isinstance(error, Failed) else traceback.format_exc(limit=-3)
                print(f"FAILED kill {kill + 1} (seed {options.seed}): {trouble}", flush=True)
                if server.process.returncode is not None:
                    print(server.output()[-3000:])
                    break
        acked = sum(len(sender.acked) for sender in senders)
        status, _ = await server.stop() if server.process.returncode is None else (None, 0)
        if status != 0:
            failed += 1
            print(f"FAILED the last stop: exit status {status}")
    print(f"{acked} messages acknowledged over {options.kills} kills; the slowest start took {slowest:.2f} s")
    return passed, failed


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--chatd", required=True)
    arguments.add_argument("--store", default="sqlite")
    arguments.add_argument("--kills", type=int, default=5)
    arguments.add_argument("--senders", type=int, default=20)
    arguments.add_argument("--seconds", type=float, default=2, help="the longest time between two kills")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--database", help="an SQLite file to begin with, such as populate makes")
    arguments.add_argument("--scratch")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="kill9-", dir=options.scratch) as scratch:
        passed, failed = asyncio.run(run(options, scratch))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
