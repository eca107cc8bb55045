"""`GET /api/chat/stream`: server-sent events, as `EventSource` reads them (docs/protocol.md section 5)."""

import asyncio
import time

from support.checks import equal, holds, tiles
from support.polls import head, poll, polled, stream
from support.runner import case

ROOMS = "/api/chat/conversations"
DURABLE = ("message", "edited", "deleted", "reaction", "member", "conversation", "read", "gap")


@case("the head of a stream, its first block, and retry")
async def opening(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    found = await stream(ben)
    equal(found.headers["X-Accel-Buffering"], "no", "X-Accel-Buffering")
    holds("no-store" in found.headers.get("Cache-Control", "") or "no-cache" in found.headers.get("Cache-Control", ""),
          f"Cache-Control is {found.headers.get('Cache-Control')}")
    hello = await found.next()
    equal(hello.event, "hello", "event of the first block")
    holds(hello.id, "its id is the cursor of the head")
    sent = await ann.write(room, "live")
    block = await found.next("message")
    equal((block.data["message_id"], block.id), (sent["id"], block.data["cursor"]), "the message, and its id")
    retries = [block.retry for block in found.blocks if block.retry]
    equal(len(retries), 1, "times retry was said")
    holds(retries[0].isdigit() and int(retries[0]) > 0, f"retry: {retries[0]}")
    # What happened since the first block is behind its id.
    equal([event["message_id"] for event in (await poll(ben, hello.id))["events"]], [sent["id"]], "events behind the first id")


@case("event says the type, id the cursor, data the event, whatever the type")
async def framing(t):
    ann, ben = await t.people("ann", "ben")
    found = await stream(ben, await head(ben))
    room = await ann.room(ben)
    sent = await ann.write(room, "two\nlines\r\nand \u2028 more")
    message = f"/api/chat/messages/{sent['id']}"
    (await ann.patch(message, {"content": "edited"})).ok()
    (await ben.put(message + "/reactions/x")).ok()
    (await ben.post(f"{ROOMS}/{room}/read", {"seq": sent["seq"]})).ok(204)
    (await ann.delete(message)).ok(204)
    (await ann.delete(f"{ROOMS}/{room}/members/{ben.id}")).ok(204)
    await found.next("member")
    blocks = [block for block in found.heard() if block.event in DURABLE]
    equal([block.event for block in blocks if block.event != "read"],
          ["conversation", "message", "edited", "reaction", "deleted", "member"], "the events")
    equal(len([block for block in blocks if block.event == "read"]), 1, "marks")
    for block in blocks:
        equal((block.event, block.id), (block.data["type"], block.data["cursor"]), "event and id")
    equal(blocks[1].data["content"], "two\nlines\r\nand \u2028 more", "content")


@case("a stream resumes from Last-Event-ID or from ?cursor=; of both the header wins")
async def resuming(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    first = await stream(ben)
    await first.next("hello")
    sent = [(await ann.write(room, f"{number}"))["seq"] for number in range(10)]
    ids = [(await first.next("message")).id for _ in sent]
    first.close()
    for options, expected in (({"cursor": ids[3]}, sent[4]), ({"last": ids[6]}, sent[7]),
                              ({"cursor": ids[0], "last": ids[8]}, sent[9]), ({"cursor": ids[8], "last": ids[1]}, sent[2])):
        found = await stream(ben, **options)
        seen = [(await found.next("message")).data["seq"] for _ in range(sent[-1] - expected + 1)]
        tiles(seen, expected, sent[-1], f"seq from {list(options)}")
        equal(found.heard("hello"), [], "greetings of one that resumes")
        found.close()


@case("EventSource takes a ticket: once; a reconnect with a spent one is 401, a new one with ?cursor= goes on")
async def tickets(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    ticket = await ben.ticket()
    found = await stream(ben, token=False, ticket=ticket)
    last = (await found.next("hello")).id
    await ann.write(room, "first")
    last = (await found.next("message")).id
    found.close()
    (await stream(ben, token=False, ticket=ticket, last=last)).refused(401, "token_invalid")
    await ann.write(room, "second")
    found = await stream(ben, last, token=False, ticket=await ben.ticket())
    equal((await found.next("message")).data["content"], "second", "content of the first")
    (await stream(ben, token=False)).refused(401, "token_invalid")
    cid = await t.person("cid")
    others = await stream(ben, last, token=False, ticket=await cid.ticket())
    await ann.write(room, "third")
    own = await cid.room()
    equal((await others.next()).data["conversation_id"], own, "the first that another's ticket shows")


@case("a stream of thousands, read at its end, and one that is live while others write: no hole, no repeat")
async def long(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    start = await head(ben)
    first = (await ann.get(f"{ROOMS}/{room}")).ok()["last_seq"] + 1
    live = await stream(ben, start)
    line = await ann.v2(room)
    await line.next("hello")
    for number in range(2000):
        await line.send({"type": "message", "conversation_id": room, "content": "x" * 200, "id": number})
        if number == 1000:
            late = await stream(ben, start)
        if number % 200 == 199:
            await line.next("ack", id=number)
    for found in (live, late):
        while (await found.next("message")).data["seq"] < first + 1999:
            pass
        tiles([block.data["seq"] for block in found.heard("message")], first, first + 1999, "seq")
    events, _ = await polled(ben, start, limit=100)
    tiles([event["seq"] for event in events], first, first + 1999, "seq by polls")


@case("what a filter, a stranger's or a wrong method gets on a stream is said before anything is sent")
async def refusals(t):
    ann, ben = await t.people("ann", "ben")
    foreign = await ann.room()
    answer = await stream(ben, conversations=foreign)
    answer.refused(403, "not_a_member")
    ended = t.token(ben.id, seconds=-60)
    (await stream(ben, token=False, headers={"Authorization": f"Bearer {ended}"})).refused(401, "token_expired")
    (await ben.post("/api/chat/stream", {})).refused(405)
    (await stream(ben, "garbage")).refused(400, "cursor_invalid")


@case("a removal is the last of its conversation on a stream that goes on; the server's end ends it in a whole block")
async def endings(t):
    server = await t.own()
    ann, ben = await t.people("ann", "ben", server=server)
    room, other = await ann.room(ben), await ann.room(ben)
    found = await stream(ben, await head(ben))
    (await ann.delete(f"{ROOMS}/{room}/members/{ben.id}")).ok(204)
    await ann.write(room, "without ben")
    await ann.write(other, "elsewhere")
    await found.next("message", content="elsewhere")
    last = found.heard("message")[-1].id
    equal([block.data.get("action") for block in found.heard() if block.data.get("conversation_id") == room
           and block.event in DURABLE], ["removed"], "what came of the conversation")
    stopping = asyncio.create_task(server.stop())
    # To its end: no block that is half there.
    while data := await found.answer.content.readany():
        found.rest += data
    holds(found.rest == b"" or found.rest.endswith(b"\n\n"), f"the stream ended within a block: {found.rest!r}")
    equal((await stopping)[0], 0, "exit status")
    await server.start()
    sent = await ann.write(other, "after")
    found = await stream(ben, last=last)
    equal((await found.next("message")).data["message_id"], sent["id"], "what follows the last id")


@case("a quiet stream says comments, and a poll without a wait has the configured one")
async def quiet(t):
    server = await t.own(transports=[{"type": "rest"}, {"type": "websocket"}, {
        "type": "long-polling", "waitSeconds": 1, "heartbeatSeconds": 1}])
    ann, ben = await t.people("ann", "ben", server=server)
    room = await ann.room(ben)
    cursor = await head(ben)

    async def heartbeat():
        found = await stream(ben, cursor)
        while not (await found.block()).comments:
            pass
        sent = await ann.write(room, "after the comment")
        equal((await found.next()).data["message_id"], sent["id"], "the first event")

    async def default_wait():
        cid = await t.person("cid", server)
        cursor = await head(cid)
        begin = time.monotonic()
        answer = await cid.get("/api/chat/events", cursor=cursor)
        seconds = time.monotonic() - begin
        equal(answer.ok()["events"], [], "events")
        holds(0.3 < seconds < 3, f"the default wait, set to 1 s, was {seconds:.2f} s")

    await asyncio.gather(heartbeat(), default_wait())
