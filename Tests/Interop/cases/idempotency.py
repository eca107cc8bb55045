"""`client_id` on v2 and over HTTP: sent however often, stored once (docs/protocol.md section 4). Of v1: sending.py."""

import asyncio
import collections

from support.checks import equal, holds
from support.polls import head, poll, polled
from support.runner import case

BOTH = ("websockets", "aiohttp")
ROOMS = "/api/chat/conversations"
RESULT = ("client_id", "message_id", "seq", "pos", "timestamp", "durability")


async def speaker(person):
    line = await person.v2()
    await line.next("hello")
    return line


def frame(room, content, client_id, **more):
    return {"type": "message", "conversation_id": room, "content": content, "client_id": client_id} | more


def result(ack):
    return {name: ack[name] for name in RESULT}


@case("on v2 the same client_id and content is the first result again, and one event for the readers", via=BOTH)
async def repeated(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    cursor = await head(ben)
    reader = await ben.follow(cursor)
    await reader.next("caught_up")
    line = await speaker(ann)
    first = await line.acked(frame(room, "once", "k"), id=1)
    again = await line.acked(frame(room, "once", "k"), id=2)
    elsewhere = await (await speaker(ann)).acked(frame(room, "once", "k"), id=3)
    equal([ack["duplicate"] for ack in (first, again, elsewhere)], [False, True, True], "duplicate")
    for ack in (again, elsewhere):
        equal(result(ack), result(first), "the repeat's result")
    last = await line.acked(frame(room, "another", "l"), id=4)
    equal(last["seq"], first["seq"] + 1, "the next seq: a repeat takes none")
    await reader.next("message", message_id=last["message_id"])
    equal([event["message_id"] for event in reader.heard("message")], [first["message_id"], last["message_id"]], "events")
    equal(reader.heard("message")[0]["client_id"], "k", "client_id of the event")
    events, _ = await polled(ben, cursor)
    equal([event["message_id"] for event in events if event["type"] == "message"],
          [first["message_id"], last["message_id"]], "events by a poll")


@case("v2, the body and the header are one scope: 201 the first time, 200 and duplicate after, one message", via=BOTH)
async def one_scope(t):
    ann, = await t.people("ann")
    room = await ann.room()
    path = f"{ROOMS}/{room}/messages"
    line = await speaker(ann)
    by_frame = await line.acked(frame(room, "a", "by frame"))
    for answer in (await ann.post(path, {"content": "a", "client_id": "by frame"}),
                   await ann.post(path, {"content": "a"}, headers={"Idempotency-Key": "by frame"})):
        body = answer.ok(200)
        equal((body["id"], body["seq"], body["client_id"]), (by_frame["message_id"], by_frame["seq"], "by frame"), "by HTTP")
    by_header = (await ann.post(path, {"content": "b"}, headers={"Idempotency-Key": "by header"})).ok(201)
    ack = await line.acked(frame(room, "b", "by header"))
    equal((ack["message_id"], ack["seq"], ack["duplicate"]), (by_header["id"], by_header["seq"], True), "by frame")
    equal(len(await ann.messages(room)), 2, "messages")


@case("the same client_id with other content is idempotency_mismatch 409, by whatever way, and changes nothing", via=BOTH)
async def mismatch(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    line = await speaker(ann)
    sent = await line.acked(frame(room, "once", "k"))
    cursor = await head(ben)
    for content in ("twice", "once ", "Once"):
        error = await line.ask(frame(room, content, "k"), id=content)
        equal((error["type"], error.get("code"), error.get("status"), error.get("retryable")),
              ("error", "idempotency_mismatch", 409, False), f"the answer to {content!r}")
        (await ann.post(f"{ROOMS}/{room}/messages", {"content": content, "client_id": "k"})).refused(409, "idempotency_mismatch")
    equal((await line.acked(frame(room, "once", "k"), id="first"))["message_id"], sent["message_id"], "the first, once more")
    equal((await poll(ben, cursor))["events"], [], "events of all this")
    # Another user, and another conversation, are another scope.
    equal((await (await speaker(ben)).acked(frame(room, "ben's", "k")))["duplicate"], False, "ben's own k")
    equal((await line.acked(frame(await ann.room(), "elsewhere", "k"), id="e"))["duplicate"], False, "k in another room")


@case("a repeat after the message was edited or erased is still the first result", via=BOTH)
async def changed_since(t):
    ann, = await t.people("ann")
    room = await ann.room()
    line = await speaker(ann)
    edited, erased = [await line.acked(frame(room, key, key), id=key) for key in ("edited", "erased")]
    await line.acked({"type": "edit", "message_id": edited["message_id"], "content": "other"}, id="e")
    await line.acked({"type": "delete", "message_id": erased["message_id"]}, id="d")
    for key, first in (("edited", edited), ("erased", erased)):
        again = await line.ask(frame(room, key, key), id="again " + key)
        equal((again["type"], again.get("message_id"), again.get("duplicate")), ("ack", first["message_id"], True),
              f"the repeat of what was {key}")
        equal((await ann.post(f"{ROOMS}/{room}/messages", {"content": key, "client_id": key})).status, 200, "status over HTTP")
    equal((await line.ask(frame(room, "other", "edited"), id="o")).get("code"), "idempotency_mismatch",
          "the answer to what the edit made of it")
    equal([message["content"] for message in await ann.messages(room)], ["other", ""], "what is there")


@case("at once by v2 connections and over HTTP: one message, one first, all with the same result", via=BOTH)
async def at_once(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    cursor = await head(ben)
    lines = await asyncio.gather(*(speaker(ann) for _ in range(8)))
    path = f"{ROOMS}/{room}/messages"
    for round in range(5):
        key = f"k{round}"
        answers = await asyncio.gather(
            *(line.acked(frame(room, "x", key), id=key) for line in lines),
            *(ann.post(path, {"content": "x"}, headers={"Idempotency-Key": key}) for _ in range(8)))
        acks, posts = answers[:8], answers[8:]
        firsts = [ack for ack in acks if not ack["duplicate"]] + [answer for answer in posts if answer.status == 201]
        equal(len(firsts), 1, "how many were the first")
        equal(collections.Counter(answer.status in (200, 201) for answer in posts), {True: 8}, "statuses")
        equal(len({(ack["message_id"], ack["seq"]) for ack in acks} | {(answer.json["id"], answer.json["seq"]) for answer in posts}),
              1, "results")
    events, _ = await polled(ben, cursor)
    equal([event["client_id"] for event in events if event["type"] == "message"], [f"k{round}" for round in range(5)], "events")


@case("one connection's sends keep their order though some are repeats, refused or of other rooms", via=BOTH)
async def order(t):
    ann, = await t.people("ann")
    rooms = [await ann.room() for _ in range(2)]
    line = await speaker(ann)
    for number in range(200):
        await line.send(frame(rooms[number % 2], f"{number}", f"k{number}", id=number))
        if number % 10 == 9:
            await line.send(frame(rooms[1], f"{number}", f"k{number}", id=f"repeat {number}"))
            await line.send(frame(rooms[1], " ", "blank", id=f"blank {number}"))
    await line.next("error", id="blank 199")
    acks = [await line.find("ack", id=number) for number in range(200)]
    equal([ack["pos"] for ack in acks], sorted(ack["pos"] for ack in acks), "pos in the order of the sends")
    for number in range(9, 200, 10):
        repeat = await line.find("ack", id=f"repeat {number}")
        equal((repeat["message_id"], repeat["duplicate"]), (acks[number]["message_id"], True), "a repeat")
    for at, room in enumerate(rooms):
        equal([message["content"] for message in await ann.messages(room)], [f"{number}" for number in range(at, 200, 2)],
              "a room's messages")


@case("after kill -9 an outbox that is sent again is stored once: acknowledged or not", via=BOTH)
async def killed(t):
    server = await t.own()
    ann, = await t.people("ann", server=server)
    room = await ann.room()
    line = await speaker(ann)
    outbox = [frame(room, f"{number}", f"k{number}", id=number) for number in range(300)]
    for item in outbox:
        await line.send(item)
    await line.next("ack", id=100)
    await server.kill()
    await line.ending()
    acked = {ack["id"]: ack for ack in line.heard("ack")}
    await server.start()
    line = await speaker(ann)
    for item in outbox:
        await line.send(item)
    again = [await line.next(("ack", "error"), id=item["id"]) for item in outbox]
    for ack in again:
        equal(ack["type"], "ack", f"the answer after the restart: {ack}")
        if first := acked.get(ack["id"]):
            equal((result(ack), ack["duplicate"]), (result(first), True), "the result, as it was acknowledged before")
    equal([message["content"] for message in await ann.messages(room)], [item["content"] for item in outbox], "messages")
    equal((await line.ask(frame(room, "other", "k5"), id="o")).get("code"), "idempotency_mismatch", "other content")


@case("a client_id has at most 64 bytes of text; what is not is invalid_field 422, and nothing is stored")
async def length(t):
    ann, = await t.people("ann")
    room = await ann.room()
    line = await speaker(ann)
    path = f"{ROOMS}/{room}/messages"
    for number, good in enumerate(("x", "c" * 64, "é" * 32)):
        equal((await line.acked(frame(room, "x", good), id=number))["client_id"], good, "client_id")
    for number, bad in enumerate(("c" * 65, "é" * 33, 5, True, [], {})):
        error = await line.ask(frame(room, "bad", bad), id=f"bad {number}")
        equal((error["type"], error.get("code"), error.get("status")), ("error", "invalid_field", 422), f"for {bad!r}")
        (await ann.post(path, {"content": "bad", "client_id": bad})).refused(422, "invalid_field")
    (await ann.post(path, {"content": "bad"}, headers={"Idempotency-Key": "c" * 65})).refused(422, "invalid_field")
    for message in await ann.messages(room):
        holds(message["content"] != "bad", "a refused message was stored")


@case("without a client_id each send is a message of its own")
async def without(t):
    ann, = await t.people("ann")
    room = await ann.room()
    line = await speaker(ann)
    acks = [await line.acked({"type": "message", "conversation_id": room, "content": "x"}, id=number) for number in range(3)]
    for _ in range(2):
        (await ann.post(f"{ROOMS}/{room}/messages", {"content": "x"})).ok(201)
    equal(len({ack["message_id"] for ack in acks}), 3, "messages by frame")
    equal([ack["duplicate"] for ack in acks], [False] * 3, "duplicate")
    equal(len(await ann.messages(room)), 5, "messages")
