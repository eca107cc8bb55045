"""Profile v2 on WebSocket: how one gets in, is greeted, follows conversations and is answered
(docs/protocol.md sections 3 and 8)."""

import asyncio

from cases.refusals import upgrade
from support.checks import equal, holds, tiles
from support.polls import head
from support.runner import case

BOTH = ("websockets", "aiohttp")
ROOMS = "/api/chat/conversations"


@case("chat.v2 is chosen wherever it is offered, also among others, and on both paths", via=BOTH)
async def negotiation(t):
    ann, = await t.people("ann")
    room = await ann.room()
    for where in (room, None):
        for protocols in (("chat.v2",), ("graphql-ws", "chat.v2"), ("chat.v2", "chat.v3")):
            line = await ann.v2(where, protocols=protocols)
            equal(line.client.chosen, "chat.v2", f"what was chosen of {protocols}")
            equal((await line.next())["type"], "hello", "the first frame")
            await line.close()


@case("without chat.v2 a conversation's path is v1: its first frame is of the four types")
async def not_negotiated(t):
    ann, = await t.people("ann")
    line = await ann.v2(await ann.room(), protocols=("mqtt",))
    equal(line.client.chosen, None, "what was chosen")
    equal((await line.next())["type"], "system", "the first frame")


@case("the greeting comes by itself, and first, with all its fields and a cursor", via=BOTH)
async def greeting(t):
    ann, = await t.people("ann")
    room = await ann.room()
    epoch = (await t.call("GET", "/api/chat/info")).ok()["epoch"]
    sessions = set()
    for where in (room, None):
        line = await ann.v2(where)
        hello = await line.next()
        equal(hello["type"], "hello", "the first frame")
        holds(set(hello) >= {"session", "cursor", "epoch", "heartbeat_ms", "limits", "guarantee"}, f"fields: {list(hello)}")
        holds(isinstance(hello["cursor"], str) and hello["cursor"], f"its cursor is {hello['cursor']!r}")
        equal(hello["epoch"], epoch, "epoch, as the host says it elsewhere")
        holds(hello["heartbeat_ms"] > 0, "heartbeat_ms")
        sessions.add(hello["session"])
        # Its cursor can be used: nothing has happened since.
        await line.send({"type": "hello", "cursor": hello["cursor"]})
        holds((await line.next("caught_up"))["cursor"], "the cursor of caught_up")
        equal(line.heard("conversation"), [], "what was replayed from the greeting's own cursor")
    equal(len(sessions), 2, "sessions of two connections")


@case("the token may be in the query, a header, a subprotocol, a ticket or the first frame; it is never echoed", via=BOTH)
async def ways_in(t):
    ann, = await t.people("ann")
    room = await ann.room()
    for where in (room, None):
        for token_in in ("query", "header", "subprotocol", "ticket"):
            line = await ann.v2(where, token_in=token_in)
            equal(line.client.chosen, "chat.v2", f"what was chosen, with the token in {token_in}")
            await line.next("hello")
            ack = await line.acked({"type": "message", "conversation_id": room, "content": f"by {token_in}"})
            equal((await ann.get(f"/api/chat/messages/{ack['message_id']}")).ok()["sender_id"], ann.id, "who it is")
            await line.close()
        line = await ann.v2(where, token_in=None)
        await line.send({"type": "hello", "token": ann.token})
        equal((await line.next())["type"], "hello", "the first frame")
        await line.acked({"type": "message", "conversation_id": room, "content": "in band"})
        for text in line.texts:
            holds(ann.token not in text, "a frame has the token")


@case("a ticket lets in its own user, once")
async def tickets(t):
    ann, ben = await t.people("ann", "ben")
    ticket = await ann.ticket()
    path = f"/api/chat/ws?ticket={ticket}"
    fields = "Sec-WebSocket-Protocol: chat.v2\n"
    status, headers, _ = await t.raw(upgrade(path, fields))
    equal((status, headers.get("sec-websocket-protocol")), (101, "chat.v2"), "the first time")
    status, headers, body = await t.raw(upgrade(path, fields))
    equal(status, 401, "status the second time")
    holds("token_invalid" in body and "www-authenticate" in headers, f"the second time: {headers} {body}")
    holds(await ann.ticket() != await ann.ticket(), "two tickets are the same")
    status, _, _ = await t.raw(upgrade(f"/api/chat/ws/{await ben.room()}?ticket={await ann.ticket()}", fields))
    equal(status, 403, "status of ann's ticket where only ben is")
    (await t.call("POST", "/api/chat/tickets")).refused(401, "token_invalid")


@case("hello with token and cursor in one is all a client needs to say", via=BOTH)
async def hello_in_band(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    cursor = await head(ben)
    sent = await ann.write(room, "missed")
    line = await ben.v2(token_in=None)
    await line.send({"type": "hello", "token": ben.token, "cursor": cursor})
    await line.next("caught_up")
    equal([frame["type"] for frame in line.frames if frame["type"] != "presence"], ["hello", "message", "caught_up"], "types")
    equal(line.heard("message")[0]["message_id"], sent["id"], "message_id")


@case("hello with a cursor follows all conversations, those to come too: missed, caught_up, live", via=BOTH)
async def follow_all(t):
    ann, ben = await t.people("ann", "ben")
    rooms = [await ann.room(ben) for _ in range(3)]
    cursor = await head(ben)
    missed = [(await ann.write(room, f"missed {number}"))["id"] for number, room in enumerate(rooms * 5)]
    line = await ben.follow(cursor)
    caught_up = await line.next("caught_up")
    equal([frame["message_id"] for frame in line.heard("message")], missed, "what was missed, in the order of pos")
    equal(caught_up["cursor"], line.heard("message")[-1]["cursor"], "the cursor of caught_up: nothing came after the last event")
    fresh = await ann.room(ben)
    live = await ann.write(fresh, "in the new one")
    equal((await line.next("conversation", conversation_id=fresh))["action"], "created", "action")
    equal((await line.next("message", conversation_id=fresh))["message_id"], live["id"], "message_id of the live one")
    later = await ann.room()
    await ann.write(later, "before ben")
    (await ann.post(f"{ROOMS}/{later}/members", {"user_id": ben.id})).ok(201)
    await ann.write(later, "with ben")
    equal((await line.next("message", conversation_id=later))["content"], "with ben", "the first message where ben was added")
    equal(len(line.heard("caught_up")), 1, "times caught_up was said")
    equal((await line.ask({"type": "unsubscribe", "conversation_id": fresh})).get("code"), "conflict", "code of unsubscribing one")
    positions = [frame["pos"] for frame in line.frames if "pos" in frame and "seq" in frame]
    equal(positions, sorted(set(positions)), "every pos, in order")


@case("on a conversation's path hello with a cursor follows that one only")
async def follow_one(t):
    ann, ben = await t.people("ann", "ben")
    here, there = await ann.room(ben), await ann.room(ben)
    cursor = await head(ben)
    for number in range(3):
        await ann.write(there, f"there {number}")
        await ann.write(here, f"here {number}")
    line = await ben.follow(cursor, here)
    await line.next("caught_up")
    await ann.write(there, "there, live")
    await ann.write(here, "here, live")
    await line.next("message", content="here, live")
    equal([frame["content"] for frame in line.heard("message")], [f"here {number}" for number in range(3)] + ["here, live"],
          "what came")


@case("without a cursor nothing is subscribed until subscribe, and nothing after unsubscribe", via=BOTH)
async def subscriptions(t):
    ann, ben = await t.people("ann", "ben")
    one, two = await ann.room(ben), await ann.room(ben)
    for where in (None, one):
        line = await ben.v2(where)
        await line.next("hello")
        await ann.write(one, "nobody asked")
        before = (await ann.get(f"{ROOMS}/{one}")).ok()["last_seq"]
        ack = await line.acked({"type": "subscribe", "conversation_id": one}, id="s")
        equal(ack["seq"], before, "seq of the ack: where one comes in")
        holds(isinstance(ack["cursor"], str) and ack["cursor"], "its cursor")
        sent = await ann.write(one, "now")
        frame = await line.next("message")
        equal((frame["message_id"], frame["seq"]), (sent["id"], before + 1), "the first message")
        await line.acked({"type": "subscribe", "conversation_id": one}, id="again")
        sent = await ann.write(one, "once")
        await line.next("message", message_id=sent["id"])
        equal(len(line.heard("message", message_id=sent["id"])), 1, "times it came after subscribing twice")
        if where is None:
            await line.acked({"type": "subscribe", "conversation_id": two}, id="two")
            await line.acked({"type": "unsubscribe", "conversation_id": one}, id="u")
            await ann.write(one, "unheard")
            await ann.write(two, "heard")
            await line.next("message", content="heard")
        equal(line.heard("message", content="unheard") + line.heard("message", content="nobody asked"), [], "what was not asked for")
        await line.close()


@case("subscribe with after brings what was missed of each conversation, then goes live, without a hole")
async def subscribe_after(t):
    ann, ben = await t.people("ann", "ben")
    rooms = [await ann.room(ben) for _ in range(3)]
    sent = {room: [(await ann.write(room, f"{number}"))["seq"] for number in range(8)] for room in rooms}
    line = await ben.v2()
    await line.next("hello")
    for number, room in enumerate(rooms):
        await line.acked({"type": "subscribe", "conversation_id": room, "after": sent[room][number]}, id=room)
    live = await asyncio.gather(*(ann.write(room, "live") for room in rooms))
    for message in live:
        await line.find("message", message_id=message["id"])
    for number, room in enumerate(rooms):
        tiles([frame["seq"] for frame in line.heard("message", conversation_id=room)],
              sent[room][number] + 1, live[number]["seq"], f"seq of conversation {number}")


@case("subscribing where one is not, where nothing is, or beyond the head: an error with its id, and the connection stays")
async def refused_subscriptions(t):
    ann, ben = await t.people("ann", "ben")
    room, foreign = await ann.room(), await ben.room()
    line = await ann.v2()
    await line.next("hello")
    for frame, code, status in (
        ({"conversation_id": foreign}, "not_a_member", 403), ({"conversation_id": "nothing"}, "unknown_conversation", 404),
        ({"conversation_id": room, "after": 10 ** 6}, "cursor_ahead", 409), ({}, "missing_field", 422),
        ({"conversation_id": room, "after": -1}, "invalid_field", 422), ({"conversation_id": 5}, "invalid_field", 422),
    ):
        error = await line.ask({"type": "subscribe"} | frame, id=code)
        equal((error["type"], error.get("code"), error.get("status")), ("error", code, status), f"the answer to {frame}")
    await line.acked({"type": "subscribe", "conversation_id": room, "after": 0}, id="good")


@case("ping is answered by a pong with a cursor and the ping's id", via=BOTH)
async def ping(t):
    ann, = await t.people("ann")
    room = await ann.room()
    line = await ann.v2()
    await line.next("hello")
    await line.send({"type": "ping", "id": "p"})
    pong = await line.next(("pong", "ack", "error"))
    equal((pong["type"], pong.get("id")), ("pong", "p"), "the answer")
    sent = await ann.write(room, "after the pong")
    follower = await ann.follow(pong["cursor"])
    await follower.next("caught_up")
    equal([frame["message_id"] for frame in follower.heard("message")], [sent["id"]], "what is behind its cursor")
    await line.send({"type": "ping"})
    pong = await line.next("pong")
    holds("id" not in pong and pong["cursor"], f"without an id: {pong}")


@case("a reader may read and mark what it read, and not write; an admin may delete what others wrote")
async def roles(t):
    ann, ben, cid = await t.people("ann", "ben", "cid")
    room = await ann.room()
    for who, role in ((ben, "reader"), (cid, "admin")):
        (await ann.post(f"{ROOMS}/{room}/members", {"user_id": who.id, "role": role})).ok(201)
    sent = await ann.write(room, "ann's")
    reader, admin = await ben.v2(room), await cid.v2(room)
    await reader.next("hello")
    await reader.acked({"type": "subscribe", "conversation_id": room, "after": 0})
    await reader.find("message", message_id=sent["id"])
    await reader.acked({"type": "read", "conversation_id": room, "seq": sent["seq"]}, id="read")
    refusal = await reader.ask({"type": "message", "conversation_id": room, "content": "x"}, id="write")
    equal((refusal["type"], refusal.get("code"), refusal.get("status")), ("error", "forbidden", 403), "what a reader who writes is told")
    await admin.acked({"type": "delete", "message_id": sent["id"]})
    equal((await reader.find("deleted", message_id=sent["id"]))["by"], cid.id, "by whom it was deleted")


@case("errors of v2 say code, status and the id they answer, and the connection stays", via=BOTH)
async def errors(t):
    ann, ben = await t.people("ann", "ben")
    room, foreign = await ann.room(), await ben.room()
    others = await ben.write(await ben.room(ann), "ben's")
    line = await ann.v2()
    await line.next("hello")
    await line.refused("{", "bad_json", 400)
    for number, (frame, code) in enumerate((
        ({"type": "nonsense"}, "unknown_type"), ({"content": "x"}, "missing_field"),
        ({"type": "message", "content": "x"}, "missing_field"),
        ({"type": "message", "conversation_id": room, "content": " "}, "message_empty"),
        ({"type": "message", "conversation_id": room, "content": 5}, "invalid_field"),
        ({"type": "message", "conversation_id": foreign, "content": "x"}, "not_a_member"),
        ({"type": "message", "conversation_id": "nothing", "content": "x"}, "unknown_conversation"),
        ({"type": "edit", "message_id": others["id"], "content": "x"}, "forbidden"),
        ({"type": "edit", "message_id": "nothing", "content": "x"}, "unknown_message"),
        ({"type": "delete", "message_id": others["id"]}, "forbidden"),
        ({"type": "react", "message_id": "nothing", "key": "x", "on": True}, "unknown_message"),
        ({"type": "read", "conversation_id": foreign, "seq": 1}, "not_a_member"),
        ({"type": "typing", "conversation_id": foreign, "on": True}, "not_a_member"),
        ({"type": "history", "conversation_id": foreign, "after": 0, "limit": 5}, "not_a_member"),
    )):
        error = await line.ask(frame, id=number)
        equal((error["type"], error.get("code"), error.get("id")), ("error", code, number), f"the answer to {frame}")
        holds(isinstance(error["content"], str) and error["content"] and error["status"] >= 400, f"content and status: {error}")
    await line.acked({"type": "message", "conversation_id": room, "content": "still here"})
