"""How connections of profile v2 end, and what they live through (docs/protocol.md sections 3, 7 and 8)."""

import asyncio
import json
import time

from cases.refusals import upgrade
from support.checks import equal, holds, parse, tiles
from support.frames import TEXT, Bare, text
from support.polls import head
from support.runner import case

BOTH = ("websockets", "aiohttp")
ROOMS = "/api/chat/conversations"
OFFER = "Sec-WebSocket-Protocol: chat.v2\n"


async def subscribed(person, room, where=None):
    line = await person.v2(where)
    await line.next("hello")
    await line.acked({"type": "subscribe", "conversation_id": room})
    return line


@case("what only time ends: no hello 4401 after five seconds, a token 4401 at exp plus leeway; auth renews")
async def time_alone(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    lasting = ann.token

    async def silent(where, via, *frames):
        line = await ann.v2(where, token_in=None, via=via)
        begin = time.monotonic()
        for frame in frames:
            await line.send(frame)
        code, _ = await line.ending()
        equal(code, 4401, f"close code of one that said {frames or 'nothing'}")
        seconds = time.monotonic() - begin
        holds(4.5 <= seconds <= 8, f"it was closed {seconds:.1f} s after the upgrade")
        equal(line.heard("hello"), [], "greetings to nobody")

    async def expiring(renewed):
        """A token that is good for two seconds more, all of them leeway."""
        begin = time.monotonic()
        line = await ann.v2(room, token=t.token(ann.id, seconds=-28))
        await line.next("hello")
        holds("in_ms" in await line.next("auth_expiring"), "auth_expiring says when")
        await line.acked({"type": "subscribe", "conversation_id": room})
        if renewed:
            await line.acked({"type": "auth", "token": lasting})
            return line
        equal((await line.ending())[0], 4401, "close code at exp plus leeway")
        holds(0.9 < time.monotonic() - begin < 5, f"it took {time.monotonic() - begin:.1f} s")

    async def announced():
        """One that ends in 61 seconds: said a minute before."""
        line = await ann.v2(token=t.token(ann.id, seconds=62))
        await line.next("hello")
        in_ms = (await line.next("auth_expiring"))["in_ms"]
        holds(55_000 <= in_ms <= 61_000, f"auth_expiring in_ms {in_ms}")

    async def in_time():
        """One that says who it is after two seconds is let in, and stays."""
        line = await ann.v2(token_in=None)
        await other_ends.wait()
        await line.send({"type": "hello", "token": lasting})
        await line.next("hello")
        return line

    other_ends = asyncio.Event()

    async def first_end():
        await expiring(renewed=False)
        other_ends.set()

    results = await asyncio.gather(
        expiring(renewed=True), in_time(), first_end(), announced(), *(silent(where, via) for where in (None, room) for via in BOTH),
        silent(None, BOTH[0], {"type": "nonsense"}))
    for line in results[:2]:
        await line.acked({"type": "message", "conversation_id": room, "content": "alive"})


@case("hello with a token that is not good ends with 4401, and says why", via=BOTH)
async def bad_hello(t):
    ann, = await t.people("ann")
    room = await ann.room()
    for token, code in (("x.y.z", "token_invalid"), (t.token(ann.id, seconds=-60), "token_expired")):
        for where in (None, room):
            line = await ann.v2(where, token_in=None)
            await line.send({"type": "hello", "token": token, "id": "h"})
            error = await line.next("error")
            equal((error["code"], error["status"], error.get("id")), (code, 401, "h"), "the answer")
            equal((await line.ending())[0], 4401, "close code")
            equal(line.heard("hello"), [], "greetings")


@case("refused before the upgrade when the token came with it, by 4403 and 4404 when it came in hello", via=BOTH)
async def nowhere(t):
    ann, ben = await t.people("ann", "ben")
    foreign = await ben.room()
    for room, status, code, close in ((foreign, 403, "not_a_member", 4403), ("nothing", 404, "unknown_conversation", 4404)):
        found, _, body = await t.raw(upgrade(f"/api/chat/ws/{room}?token={ann.token}", OFFER))
        equal((found, f'"{code}"' in body), (status, True), f"with the upgrade: {body}")
        line = await ann.v2(room, token_in=None)
        await line.send({"type": "hello", "token": ann.token})
        equal((await line.ending())[0], close, "close code")
        equal([frame.get("code") for frame in line.heard("error")], [code], "what was said before")
    for token, code in (("x", "token_invalid"), (t.token(ann.id, seconds=-60), "token_expired")):
        found, fields, body = await t.raw(upgrade(f"/api/chat/ws?token={token}", OFFER))
        equal((found, f'"{code}"' in body, "www-authenticate" in fields), (401, True, True), f"with a bad token: {body}")


@case("auth is for the same user only: another's is forbidden, a bad one token_invalid, and nothing changes", via=BOTH)
async def auth(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    line = await subscribed(ann, room)
    for token, code, status in ((ben.token, "forbidden", 403), ("x.y.z", "token_invalid", 401),
                                (t.token(ann.id, seconds=-60), "token_expired", 401)):
        error = await line.ask({"type": "auth", "token": token}, id=code)
        equal((error["type"], error.get("code"), error.get("status")), ("error", code, status), "the answer")
    equal((await line.ask({"type": "auth"}))["code"], "missing_field", "code without a token")
    await line.acked({"type": "auth", "token": t.token(ann.id)}, id="good")
    await line.send({"type": "message", "conversation_id": room, "content": "still me"})
    equal((await line.next("message"))["sender_id"], ann.id, "sender_id")
    for text in line.texts:
        holds(ben.token not in text, "a token is shown")


@case("a removal on live connections: its own event is the last; one of many stays, one of that room ends with 4403", via=BOTH)
async def removal(t):
    ann, ben = await t.people("ann", "ben")
    room, quiet = await ann.room(ben), await ann.room(ben)
    writer, watcher = await subscribed(ann, room), await subscribed(ann, room)
    many = await ben.follow(await head(ben))
    await many.next("caught_up")
    asked = await subscribed(ben, room)
    await asked.acked({"type": "subscribe", "conversation_id": quiet})
    one = await subscribed(ben, room, where=room)
    first = (await writer.acked({"type": "message", "conversation_id": room, "content": "first"}))["seq"]
    over = asyncio.Event()

    async def send():
        number = 0
        while not over.is_set():
            for _ in range(20):
                number += 1
                await writer.send({"type": "message", "conversation_id": room, "content": f"{number}", "id": number})
            await writer.next("ack", id=number)
        return number

    sending = asyncio.create_task(send())
    try:
        await many.next("message", content="100")
        (await ann.delete(f"{ROOMS}/{room}/members/{ben.id}")).ok(204)
        equal((await one.ending())[0], 4403, "close code of the connection of that conversation")
        # The others write on for a while.
        end = (await many.find("member", action="removed"))["seq"]
        await watcher.next("message", seq=end + 20)
    finally:
        over.set()
        await sending
    await ann.write(quiet, "elsewhere")
    for line in (many, asked):
        await line.next("message", conversation_id=quiet, content="elsewhere")
        holds(not line.ended, "the connection of many conversations ended")
    for line in (many, asked, one):
        events = [frame for frame in line.frames if frame.get("conversation_id") == room and "seq" in frame
                  and frame["type"] not in ("ack", "presence")]
        equal((events[-1]["type"], events[-1].get("action"), events[-1].get("user_id")), ("member", "removed", ben.id),
              "the last event")
        tiles([event["seq"] for event in events if event["seq"] >= first], first, end, "seq up to the removal")
    for frame, code in (({"type": "message", "content": "x"}, "not_a_member"), ({"type": "subscribe"}, "not_a_member")):
        equal((await many.ask(frame | {"conversation_id": room})).get("code"), code, f"code of {frame}")
    await many.send({"type": "ping", "id": "end"})
    await many.next(("pong", "ack"), id="end")
    equal(len([frame for frame in many.frames if frame.get("seq", 0) > end and frame.get("conversation_id") == room]), 0,
          "events past the removal")


@case("who leaves gets its own event as the last, and comes back to what follows alone")
async def leaving(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    line = await ben.follow(await head(ben))
    await line.next("caught_up")
    (await ben.delete(f"{ROOMS}/{room}/members/me")).ok(204)
    left = await line.next("member")
    equal((left["action"], left["user_id"], left["by"]), ("left", ben.id, ben.id), "the event")
    await ann.write(room, "without ben")
    (await ann.post(f"{ROOMS}/{room}/members", {"user_id": ben.id})).ok(201)
    back = await line.next("member")
    equal((back["action"], back["seq"]), ("added", left["seq"] + 2), "the next event")
    await ann.write(room, "with ben again")
    await line.next("message", content="with ben again")
    equal(line.heard("message", content="without ben"), [], "what was said without ben")


@case("a reader that sleeps is told how far it lags, gets all of it, and is told when it has caught up")
async def lagging(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    writer = await ann.v2(room)
    await writer.next("hello")
    for hello in ({"type": "hello", "cursor": await head(ben)}, {"type": "subscribe", "conversation_id": room}):
        sleeper = await Bare.open(ben, room, headers="Sec-WebSocket-Protocol: chat.v2\r\n")
        sleeper.send(text(json.dumps(hello | {"id": "in"})))
        while parse((await sleeper.receive())[1])["type"] not in ("caught_up", "ack"):
            pass
        for number in range(1500):
            await writer.send({"type": "message", "conversation_id": room, "content": "x" * 8_000, "id": number})
            if number % 100 == 99:
                last = (await writer.next("ack", id=number))["seq"]
        frames = []
        while not frames or frames[-1]["type"] != "caught_up" or frames[-1]["seen"] < 1500:
            opcode, payload = await sleeper.receive()
            frame = parse(payload) if opcode == TEXT else {"type": "ping"}
            if frame["type"] in ("message", "lagging", "caught_up"):
                seen = sum(earlier["type"] == "message" for earlier in frames)
                frames.append(frame | {"seen": seen + (frame["type"] == "message")})
        tiles([frame["seq"] for frame in frames if frame["type"] == "message"], last - 1499, last, "seq")
        behind = [frame for frame in frames if frame["type"] == "lagging"]
        holds(behind, "it was told that it lags")
        for frame in behind:
            holds(0 < frame["behind"] <= 1500 - frame["seen"], f"{frame} after {frame['seen']} of 1500")
        sleeper.end()


@case("SIGTERM: draining with retry_after_ms, then 4503; the cursor goes on at the next start", via=BOTH)
async def draining(t):
    server = await t.own()
    ann, ben = await t.people("ann", "ben", server=server)
    room = await ann.room(ben)
    line = await ben.follow(await head(ben))
    idle = await subscribed(ben, room, where=room)
    await line.next("caught_up")
    await ann.write(room, "before")
    cursor = (await line.next("message"))["cursor"]
    status, _ = await server.stop()
    equal(status, 0, "exit status")
    for gone in (line, idle):
        equal((await gone.ending())[0], 4503, "close code")
        notice, = gone.heard("draining")
        holds(notice["retry_after_ms"] > 0, f"retry_after_ms is {notice['retry_after_ms']}")
    await server.start()
    sent = await ann.write(room, "after")
    line = await ben.follow(cursor)
    await line.next("caught_up")
    equal([event["message_id"] for event in line.heard("message")], [sent["id"]], "what came between")


@case("the protocol's own close codes: 1003 or 1007 for what is no text, 1009 for what is far too long", via=BOTH)
async def protocol(t):
    ann, = await t.people("ann")
    room = await ann.room()
    line = await subscribed(ann, room)
    await line.send(b"{}")
    equal((await line.ending())[0], 1003, "close code of a binary frame")
    line = await subscribed(ann, room)
    await line.send('{"type":"message","conversation_id":"' + room + '","content":"' + "x" * 4_000_000 + '"}')
    equal((await line.ending())[0], 1009, "close code of four megabytes")
