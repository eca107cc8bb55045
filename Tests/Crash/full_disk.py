"""A chatd whose disk is full, and then is not.

    python full_disk.py --chatd .build/release/chatd

Its folder is a file system of 64 MB of its own, which root may mount; where nobody may, and with --how limit, the system
refuses to let its files grow. Senders keep on sending over WebSocket and REST while a reader listens. For each message there
must be one answer, `ack` or `error`; while the disk is full who reads goes on reading; once there is room writing goes on within a second,
and so does /readyz; and then what was acknowledged is there, what was refused is not, and live, replay and REST agree.
Ends in "N passed, N failed", and with status 0 when nothing failed.
"""

import argparse
import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import time
import traceback

import aiohttp

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Interop"))

from support import runner  # noqa: E402
from support.checks import Failed, equal, holds  # noqa: E402

LARGE = "x" * 60_000


class Mount:
    """A small file system that is filled with a file."""

    def __init__(self, folder):
        self.folder = folder
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m,mode=0700", "tmpfs", folder], check=True)

    def fill(self, server):
        with open(os.path.join(self.folder, "ballast"), "wb", buffering=0) as out:
            try:
                while True:
                    out.write(bytes(4096))
            except OSError:
                pass

    def free(self, server):
        os.unlink(os.path.join(self.folder, "ballast"))

    def end(self):
        subprocess.run(["umount", self.folder], check=True)


class Limit:
    """The size that the system lets a process's files have."""

    def fill(self, server):
        sizes = [os.path.getsize(os.path.join(server.folder, name)) for name in os.listdir(server.folder)]
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (max(sizes), resource.RLIM_INFINITY))

    def free(self, server):
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def end(self):
        pass


class Sender:
    """Sends large messages over a WebSocket, one after the other, and takes down what becomes of each."""

    def __init__(self, person, room):
        self.person = person
        self.room = room
        self.number = 0
        self.acked = {}
        self.refused = []
        self.resumed = asyncio.Event()

    async def run(self, stop):
        line = await self.person.open(self.room)
        line.prefixes = ('{"type":"ack"', '{"type":"error"')
        while not stop.is_set():
            self.number += 1
            client = f"{self.person.name}-{self.number}"
            answer = await line.ask({"type": "message", "content": client + LARGE, "client_id": client}, id=self.number)
            if answer["type"] == "ack":
                self.acked[client] = answer["seq"]
                self.resumed.set()
            else:
                equal((answer["code"], answer["status"]), ("store_unavailable", 503), "the refusal on WebSocket")
                holds(0 < answer["retry_after_ms"] <= 1000, f"{answer} does not say when to try again")
                self.refused.append(client)
                await asyncio.sleep(0.02)
        equal(len(line.heard()), self.number, f"answers to {self.person.name}'s messages")
        await line.close()


async def metric(case, name):
    page = (await case.call("GET", "/metrics")).text
    return int(next(row for row in page.splitlines() if row.startswith(name + " ")).split()[1])


async def until(condition, what, patience):
    begin = time.monotonic()
    while time.monotonic() - begin < patience:
        if await condition():
            return time.monotonic() - begin
        await asyncio.sleep(0.01)
    raise Failed(f"{what}: not within {patience} s")


class Poster:
    """Posts large messages over HTTP, one when asked."""

    def __init__(self, person, room):
        self.person = person
        self.room = room
        self.number = 0
        self.stored = {}

    async def until_refused(self):
        """The log may have room of its own left, from a checkpoint that came just before: what is stored there counts as any other."""
        for _ in range(400):
            self.number += 1
            client = f"rest-{self.number}"
            answer = await self.person.post(
                f"/api/chat/conversations/{self.room}/messages", {"content": client + LARGE, "client_id": client})
            if answer.status != 201:
                answer.refused(503, "store_unavailable")
                equal(answer.headers.get("Retry-After"), "1", "Retry-After")
                return
            self.stored[client] = answer.json["seq"]
        raise Failed("400 messages of 60 KB were stored on a full disk")


async def while_full(case, reader, poster, room, senders):
    """What must hold while nothing can be written."""
    async def all_refused():
        return all(len(sender.refused) >= 3 for sender in senders)
    await until(all_refused, "every sender is refused", 20)
    await poster.until_refused()
    stored = await reader.messages(room)
    holds(stored, "history can be read")
    replay = await reader.open(room, after=0)
    await replay.next("message", seq=stored[-1]["seq"])
    await replay.close()
    ready = await case.call("GET", "/readyz")
    equal((ready.status, ready.json), (503, {"status": "store_unavailable"}), "/readyz")
    (await case.call("GET", "/healthz")).ok()
    holds(await metric(case, "chat_batches_failed_total") >= 3, "/metrics counts the batches that failed")
    holds(case.server.process.returncode is None, "chatd is still there")


async def rounds(case, disk, count):
    reader, writer, *people = await case.people("reader", "writer", "one", "two", "three")
    room = await reader.room(writer, *people)
    live = await reader.enter(room)
    senders = [Sender(person, room) for person in people]
    poster = Poster(writer, room)
    stop = asyncio.Event()
    loads = [asyncio.create_task(sender.run(stop)) for sender in senders]
    slowest = 0.0
    for _ in range(count):
        await asyncio.gather(*(sender.resumed.wait() for sender in senders))
        disk.fill(case.server)
        for sender in senders:
            sender.refused.clear()
        await while_full(case, reader, poster, room, senders)
        for sender in senders:
            sender.resumed.clear()
        begin = time.monotonic()
        disk.free(case.server)
        await asyncio.wait_for(asyncio.gather(*(sender.resumed.wait() for sender in senders)), 5)
        seconds = time.monotonic() - begin
        slowest = max(slowest, seconds)
        holds(seconds < 1, f"writing went on {seconds:.2f} s after there was room")
        (await case.call("GET", "/readyz")).ok()
    stop.set()
    await asyncio.gather(*loads)

    # Without a sender /readyz finds out by itself.
    disk.fill(case.server)
    await poster.until_refused()
    disk.free(case.server)

    async def ready():
        return (await case.call("GET", "/readyz")).status == 200
    await until(ready, "/readyz, when nobody writes", 1)

    last = await writer.write(room, "last", client_id="last")
    acked = poster.stored | {client: seq for sender in senders for client, seq in sender.acked.items()}
    stored = {message["client_id"]: message["seq"] for message in await reader.messages(room)}
    equal(stored, acked | {"last": last["seq"]}, "what is stored")
    await live.next("message", seq=last["seq"], patience=30)
    heard = [frame["seq"] for frame in live.heard("message")]
    equal(heard, sorted(stored.values()), "what the reader heard live")
    equal([event["seq"] for event in await reader.history(room)], list(range(1, last["seq"] + 1)), "seq has no hole")
    return len(acked), slowest


def make_disk(how, folder):
    os.makedirs(folder)
    if how == "limit":
        return Limit()
    try:
        return Mount(folder)
    except (OSError, subprocess.CalledProcessError) as error:
        if how == "mount":
            raise
        print(f"no file system of our own: {error}")
        return Limit()


async def run(options, scratch):
    disk = make_disk(options.how, os.path.join(scratch, "disk"))
    how = type(disk)
    passed = failed = 0
    server = None
    try:
        house = runner.House(os.path.abspath(options.chatd), os.path.join(scratch, "disk"), "sqlite")
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            case = runner.Case(house, "websockets")
            case.session = session
            case.note = lambda text: None
            server = house.shared = case.server = house.make(log={"level": "error"})
            # What it has to say of its full disk is not to be lost on it.
            server.log = os.path.join(scratch, "chatd.log")
            await server.start()
            try:
                acked, slowest = await rounds(case, disk, options.rounds)
                passed += 1
                print(f"{how.__name__.lower()}: {options.rounds} times full, {acked} acknowledged; "
                      f"writing went on {slowest * 1000:.0f} ms after there was room, at most")
                status, seconds = await server.stop()
                equal(status, 0, "the exit status")
                if how is Mount:
                    # With a WAL that was left there would be no need of room: the disk is large enough for all to be in the file.
                    holds(not os.path.exists(os.path.join(server.folder, "chat.db-wal")), "a stop leaves no WAL where there is room")
                    disk.fill(server)
                    status, _, complaint = await server.run("serve", server.file)
                    holds(status == 1 and "there is no room on the disk to open" in complaint,
                          f"a start on a full disk: {status} {complaint}")
                    disk.free(server)
                    print(f"a start on a full disk says: {complaint.strip()}")
                    await server.start()
                    await server.stop()
                    passed += 1
            except Exception as error:
                failed += 1
                print("FAILED", error if isinstance(error, Failed) else traceback.format_exc(limit=-3))
                print(server.output()[-2000:])
    finally:
        if server is not None and server.process is not None and server.process.returncode is None:
            await server.kill()
        disk.end()
    return passed, failed


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--chatd", required=True)
    arguments.add_argument("--how", choices=("auto", "mount", "limit"), default="auto")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--scratch")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="full-disk-", dir=options.scratch) as scratch:
        passed, failed = asyncio.run(run(options, scratch))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
