"""WebSockets that misbehave: sequences of bytes, and how they end."""

import asyncio
import functools
import time

from support.checks import equal, holds
from support.frames import Bare

from .runner import CASES

# With a mask of zeros a frame is what it says, and a thousand of one are made once.
ZERO = b"\0\0\0\0"


async def opened(t, name="ann"):
    """Somebody, a room of theirs, and a bare connection to it."""
    person = await t.person(name)
    room = await person.room()
    return person, room, await Bare.open(person, room)


async def ends_with(t, data, code, patience=10):
    """The connection ends with this code when these bytes are sent, whole and one by one."""
    ann, = await t.people("ann")
    room = await ann.room()
    for piece in [None, 1] if len(data) < 4000 else [None]:
        bare = await Bare.open(ann, room)
        sending = asyncio.create_task(feed(bare, data, piece))
        found = await bare.close_code(patience)
        sending.cancel()
        bare.end()
        equal(found, code, f"close code {'byte by byte' if piece else 'whole'} for {data[:200]!r}")
    equal(await ann.messages(room), [], "messages that came out of it")


async def feed(bare, data, piece=None):
    try:
        for start in range(0, len(data), piece or max(1, len(data))):
            bare.send(data[start:start + piece] if piece else data)
            await bare.writer.drain()
            if piece:
                await asyncio.sleep(0)
    except ConnectionError:
        pass


def table(module, rows):
    """Registers a case for each row of title, bytes and close code."""
    for title, data, code in rows:
        CASES.append((title, False, functools.partial(ends_with, data=data, code=code), module.rpartition(".")[2]))


async def stored(person, room, contents, patience=5):
    """What was sent is stored soon: a connection that closes does not wait for its messages."""
    deadline = time.monotonic() + patience
    while (found := [message["content"] for message in await person.messages(room)]) != contents:
        holds(time.monotonic() < deadline, f"stored are {found}, not {contents}")
        await asyncio.sleep(0.01)
