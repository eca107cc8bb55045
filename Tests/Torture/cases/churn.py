"""Connections that come and go without a word, thousands a second: descriptors, memory and who is there are as before."""

import asyncio
import os

from cases.limits import resident
from cases.peers import descriptors, settled
from cases.upgrades import handshake
from rig.http import Peer
from rig.runner import case
from support.checks import equal, holds
from support.frames import Bare, frame, text


async def waves(count, width, one):
    """`count` times `one`, so many at a time."""
    for start in range(0, count, width):
        await asyncio.gather(*(one(number) for number in range(start, min(count, start + width))))


async def alone(t, line, person, others):
    """The one on the line is the only one there, soon."""
    async with asyncio.timeout(10):
        while True:
            guest = await others.open(line.room)
            present = (await guest.next("system", event="joined", user_id=others.id))["active_users"]
            await guest.close()
            if sorted(present) == sorted([person.id, others.id]):
                return
            await asyncio.sleep(0.05)


async def churned(t, one, count=1000):
    ann, ben, cleo = await t.people("ann", "ben", "cleo")
    room = await ann.room(ben, cleo)
    line = await ann.enter(room)
    line.room = room
    await waves(100, 50, lambda number: one(ben, room, number))
    await alone(t, line, ann, cleo)
    before, memory = descriptors(t), resident(t)
    await waves(count, 50, lambda number: one(ben, room, number))
    await alone(t, line, ann, cleo)
    await settled(t, before)
    holds(resident(t) - memory < 16 << 20, f"the server grew by {resident(t) - memory >> 10} KiB")
    await line.fence()


@case("1,000 WebSockets that are reset")
async def resets(t):
    async def one(ben, room, number):
        bare = await Bare.open(ben, room)
        bare.writer.transport.abort()

    await churned(t, one)


@case("1,000 WebSockets that are reset in the middle of a frame, with something said before")
async def mid_frame(t):
    async def one(ben, room, number):
        bare = await Bare.open(ben, room)
        bare.send(text('{"type":"typing"}') + text('{"type":"message","content":"x"}')[:number % 30])
        bare.writer.transport.abort() if number % 2 else bare.end()

    await churned(t, one)


@case("1,000 WebSockets that close as they should")
async def closes(t):
    async def one(ben, room, number):
        bare = await Bare.open(ben, room)
        bare.send(frame(8, b"\x03\xe8"))
        equal(await bare.close_code(), 1000, "close code")
        bare.end()

    await churned(t, one)


@case("1,000 handshakes that are dropped at any byte, before and after their answer")
async def handshakes(t):
    async def one(ben, room, number):
        peer = await Peer.connect(t.server)
        data = handshake(f"/api/chat/ws/{room}?token={ben.token}").replace("\n", "\r\n").encode()
        peer.writer.write(data[:number % (len(data) + 40)])
        if number % 3:
            await asyncio.sleep(0.002)
        peer.reset() if number % 2 else peer.close()

    await churned(t, one)


@case("1,000 handshakes that are refused")
async def refused(t):
    async def one(ben, room, number):
        peer = await Peer.connect(t.server)
        await peer.send(handshake(f"/api/chat/ws/{room}?token={os.urandom(6).hex()}"))
        equal((await peer.answer()).status, 401, "status")
        peer.close()

    await churned(t, one)
