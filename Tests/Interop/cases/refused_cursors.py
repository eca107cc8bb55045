"""Cursors that cannot be served are answered, never met with silence (docs/protocol.md section 1)."""

import shutil

from support.checks import equal, holds
from support.polls import ask, head, poll, polled, stream
from support.runner import case

BOTH = ("websockets", "aiohttp")


@case("a cursor that is garbage is cursor_invalid 400 everywhere, an empty one is none", via=BOTH)
async def garbage(t):
    ann, = await t.people("ann")
    room = await ann.room()
    good = await head(ann)
    for bad in ("x", "0", "-1", good[:len(good) // 2], good + "A", "A" * len(good), "c" * 5000, "ü"):
        (await ask(ann, bad)).refused(400, "cursor_invalid")
        (await stream(ann, bad)).refused(400, "cursor_invalid")
        line = await ann.follow(bad)
        error = await line.next(("error", "caught_up"))
        equal((error["type"], error.get("code"), error.get("status")), ("error", "cursor_invalid", 400), f"for {bad[:60]!r}")
        # The connection stays, and so does the hello with a good one.
        await line.acked({"type": "subscribe", "conversation_id": room})
        await line.close()
    (await stream(ann, last="x")).refused(400, "cursor_invalid")
    holds("snapshot" in await poll(ann, ""), "an empty cursor is no cursor: a snapshot")
    found = await stream(ann, "")
    equal((await found.next()).event, "hello", "the first block with an empty cursor")


@case("after an error the connection stays, and hello with a good cursor follows all", via=BOTH)
async def second_hello(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    cursor = await head(ben)
    sent = await ann.write(room, "missed")
    line = await ben.follow("garbage")
    await line.next("error", code="cursor_invalid")
    await line.send({"type": "hello", "cursor": cursor})
    equal((await line.next("message"))["message_id"], sent["id"], "message_id")
    await line.next("caught_up")


@case("a cursor of another store is epoch_changed 409, everywhere; one beyond the head cursor_ahead 409", via=BOTH)
async def elsewhere(t):
    server = await t.own()
    ann, = await t.people("ann", server=server)
    stranger, = await t.people("stranger")
    room = await ann.room()
    await server.stop()
    # A data folder that is copied, and copied back by hand when more has happened.
    shutil.copytree(server.folder, server.folder + "-copy")
    await server.start()
    early = await head(ann)
    for number in range(3):
        await ann.write(room, f"{number}")
    late = (await polled(ann, early))[1]
    await server.stop()
    shutil.rmtree(server.folder)
    shutil.copytree(server.folder + "-copy", server.folder)
    await server.start()
    for cursor, code in ((await head(stranger), "epoch_changed"), (late, "cursor_ahead")):
        (await ask(ann, cursor)).refused(409, code)
        (await stream(ann, cursor)).refused(409, code)
        (await stream(ann, last=cursor)).refused(409, code)
        line = await ann.follow(cursor)
        error = await line.next(("error", "caught_up"))
        equal((error["type"], error.get("code"), error.get("status")), ("error", code, 409), "the answer on v2")
        ack = await line.acked({"type": "message", "conversation_id": room, "content": "the connection stays"})
        holds(ack["seq"] > 1, "seq")
        await line.close()


@case("somebody else's cursor, and one from before one was a member, show only what one may see")
async def not_an_authority(t):
    ann, ben = await t.people("ann", "ben")
    cursor = await head(ann)
    room = await ann.room()
    await ann.write(room, "secret")
    line = await ben.follow(cursor)
    await line.next("caught_up")
    equal([frame["type"] for frame in line.frames if "pos" in frame], [], "what ben gets by ann's cursor on v2")
    equal((await poll(ben, cursor))["events"], [], "what ben gets by ann's cursor in a poll")
    found = await stream(ben, cursor)
    shared = await ann.room(ben)
    first = await found.next("conversation")
    equal(first.data["conversation_id"], shared, "the first that ben is shown")
    holds(not any("secret" in block.text for block in found.heard()), "ben was shown the secret")
