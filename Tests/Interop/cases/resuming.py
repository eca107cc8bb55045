"""`?after={seq}`: what was missed, then live, without a hole or a repeat (docs/protocol.md sections 1 and 2)."""

import asyncio

from cases.refusals import upgrade
from support.checks import equal, holds, tiles
from support.runner import case

BOTH = ("websockets", "aiohttp")


@case("?after brings what was missed, and then goes on live", via=BOTH)
async def replay(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    sent = [await ann.write(room, f"{number}") for number in range(30)]
    line = await ben.open(room, after=sent[9]["seq"])
    for message in sent[10:]:
        frame = await line.next("message")
        equal((frame["seq"], frame["content"], frame["message_id"]), (message["seq"], message["content"], message["id"]),
              "the next frame")
    live = await ann.write(room, "live")
    equal((await line.next("message"))["seq"], live["seq"], "seq of the live one")
    tiles([frame["seq"] for frame in line.heard("message")], sent[10]["seq"], live["seq"], "all seq")


@case("?after=0 brings everything, the head nothing, an empty one is none")
async def bounds(t):
    ann, = await t.people("ann")
    room = await ann.room()
    sent = [await ann.write(room, f"{number}") for number in range(5)]
    everything = await ann.enter(room, after=0)
    for message in sent:
        equal((await everything.next("message"))["seq"], message["seq"], "seq")
    for after in (sent[-1]["seq"], ""):
        line = await ann.open(room, after=after)
        await line.fence()
        equal([frame["content"] for frame in line.heard("message")], ["fence"], f"messages after {after!r}")
        await line.close()


@case("a replay shows a message, its edit and its deletion under their own numbers")
async def changes(t):
    ann, = await t.people("ann")
    room = await ann.room()
    kept = await ann.write(room, "kept")
    gone = await ann.write(room, "gone")
    (await ann.patch(f"/api/chat/messages/{kept['id']}", {"content": "kept, edited"})).ok()
    (await ann.patch(f"/api/chat/messages/{gone['id']}", {"content": "gone, edited"})).ok()
    (await ann.delete(f"/api/chat/messages/{gone['id']}")).ok(204)
    line = await ann.open(room, after=kept["seq"] - 1)
    deletion = await line.next("system", event="message_deleted")
    equal((deletion["message_id"], deletion["seq"]), (gone["id"], gone["seq"] + 3), "the deletion")
    frames = line.heard("message")
    equal([(frame["message_id"], frame["is_edited"], frame["content"]) for frame in frames],
          [(kept["id"], False, "kept"), (gone["id"], False, ""), (kept["id"], True, "kept, edited"), (gone["id"], True, "")],
          "the messages; of the erased one nothing is left")
    tiles([frame["seq"] for frame in frames] + [deletion["seq"]], kept["seq"], gone["seq"] + 3, "all seq")
    holds(frames[1].get("is_deleted") is True, "is_deleted of the erased one")


@case("a replay of thousands while three others send has no hole and no repeat", via=BOTH)
async def under_load(t):
    ann, ben, cid, dan = await t.people("ann", "ben", "cid", "dan")
    room = await ann.room(ben, cid, dan)
    senders = [await person.enter(room) for person in (ann, ben, cid)]
    first = (await senders[0].acked({"type": "message", "content": "first"}))["seq"]
    stop = asyncio.Event()

    async def send(line):
        number = 0
        while not stop.is_set():
            for _ in range(20):
                await line.say(f"{line.name} {number}")
                number += 1
            # At the speed of the server: read back one's own before the next twenty.
            await line.next("message", content=f"{line.name} {number - 1}")
        return number

    tasks = [asyncio.create_task(send(line)) for line in senders]
    seen, position = [], first - 1
    try:
        for _ in range(12):
            line = await dan.open(room, after=position)
            wanted = position + 150
            while True:
                frame = await line.next("message")
                seen.append(frame["seq"])
                if frame["seq"] >= wanted:
                    break
            position = seen[-1]
            await line.close()
        early = await dan.open(room, after=first - 1)
    finally:
        stop.set()
        total = sum(await asyncio.gather(*tasks))
    tiles(seen, first, position, "seq over twelve connections")
    last = first + total
    await early.next("message", seq=last)
    tiles([frame["seq"] for frame in early.heard("message")], first, last, "seq of one connection from the start")


@case("each of many readers that come while others send sees one and the same order")
async def same_order(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    lines = [await ann.enter(room), await ben.enter(room)]
    first = (await lines[0].acked({"type": "message", "content": "first"}))["seq"]
    readers = []
    for number in range(100):
        await asyncio.gather(*(line.say(f"{line.name} {number}") for line in lines))
        if number % 10 == 0:
            readers.append(await ben.open(room, after=first - 1))
    last = first + 200
    for reader in readers + lines:
        await reader.next("message", seq=last)
    orders = {tuple((frame["seq"], frame["message_id"], frame["content"]) for frame in reader.heard("message"))
              for reader in readers}
    equal(len(orders), 1, "how many different orders were seen")
    tiles([item[0] for item in orders.pop()], first, last, "seq")
    stored = [message["seq"] for message in await ann.messages(room)]
    tiles(stored, first, last, "seq in the history")


@case("?after beyond the head is an error frame cursor_ahead, and the connection stays", via=BOTH)
async def ahead(t):
    ann, = await t.people("ann")
    room = await ann.room()
    sent = await ann.write(room, "one")
    line = await ann.open(room, after=sent["seq"] + 1000)
    error = await line.next("error")
    equal((error["code"], error["status"]), ("cursor_ahead", 409), "code and status")
    await line.fence()
    equal([frame["content"] for frame in line.heard("message")], ["fence"], "messages")


@case("an ?after that is no number is refused before the upgrade")
async def garbage(t):
    ann, = await t.people("ann")
    room = await ann.room()
    for after in ("x", "-1", "1.5", "99999999999999999999", "0x1"):
        status, _, body = await t.raw(upgrade(f"/api/chat/ws/{room}?token={ann.token}&after={after}"))
        holds(status in (400, 422), f"?after={after} was answered with {status}")
        holds("cursor_invalid" in body or "invalid_field" in body, f"code in {body}")


@case("?after gives a member what happened since it joined, and of each time it was there")
async def spans(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room()
    members = f"/api/chat/conversations/{room}/members"
    await ann.write(room, "before")
    for number in (1, 2):
        (await ann.post(members, {"user_id": ben.id})).ok(201)
        await ann.write(room, f"together {number}")
        (await ann.delete(f"{members}/{ben.id}")).ok(204)
        await ann.write(room, f"without him {number}")
    (await ann.post(members, {"user_id": ben.id})).ok(201)
    line = await ben.open(room, after=0)
    await line.fence()
    expected = ["together 1", "together 2", "fence"]
    equal([frame["content"] for frame in line.heard("message")], expected, "what ben is shown")
    equal([message["content"] for message in await ben.messages(room)], expected, "what ben's history has")
