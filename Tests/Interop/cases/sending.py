"""Sending once, whatever is repeated; in order, whatever comes between (docs/protocol.md section 4)."""

import asyncio
import collections

from support.checks import equal, fields, holds
from support.runner import case


@case("the same client_id with the same content is the first message again")
async def repeated(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    line, other = await ann.enter(room), await ben.enter(room)
    frame = {"type": "message", "content": "once", "client_id": "k"}
    first = await line.acked(frame, id=1)
    second = await line.acked(frame, id=2)
    equal((first["duplicate"], second["duplicate"]), (False, True), "duplicate")
    for name in ("message_id", "seq", "pos", "timestamp", "client_id", "durability"):
        equal(second[name], first[name], name)
    fields(second, list(first), "fields of the second ack")
    await line.fence()
    await other.next("message", content="fence")
    equal(len(other.heard("message", content="once")), 1, "times it was shown")
    equal(len(await ann.messages(room)), 2, "messages, the fence among them")


@case("the same client_id with other content is idempotency_mismatch, 409")
async def mismatch(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room()
    line = await ann.enter(room)
    sent = await line.acked({"type": "message", "content": "once", "client_id": "k"})
    error = await line.ask({"type": "message", "content": "twice", "client_id": "k"})
    equal((error["code"], error["status"], error["retryable"]), ("idempotency_mismatch", 409, False), "the error")
    await line.refused({"type": "message", "content": "twice", "client_id": "k"}, "idempotency_mismatch", 409)
    path = f"/api/chat/conversations/{room}/messages"
    (await ann.post(path, {"content": "twice", "client_id": "k"})).refused(409, "idempotency_mismatch")
    (await ann.post(path, {"content": "twice"}, headers={"Idempotency-Key": "k"})).refused(409, "idempotency_mismatch")
    equal([message["id"] for message in await ann.messages(room)], [sent["message_id"]], "messages")


@case("a client_id belongs to one user in one conversation")
async def scope(t):
    ann, ben = await t.people("ann", "ben")
    one, two = await ann.room(ben), await ann.room(ben)
    ids = set()
    for person in (ann, ben):
        for room in (one, two):
            ids.add((await person.write(room, f"{person} in {room}", client_id="same"))["id"])
    equal(len(ids), 4, "messages")


@case("over HTTP the first time is 201 and a repeat 200; header, body and WebSocket are one scope")
async def http(t):
    ann, = await t.people("ann")
    room = await ann.room()
    path = f"/api/chat/conversations/{room}/messages"
    first = (await ann.post(path, {"content": "x", "client_id": "a"})).ok(201)
    equal((await ann.post(path, {"content": "x", "client_id": "a"})).ok(200), first, "the repeat")
    equal((await ann.post(path, {"content": "x"}, headers={"Idempotency-Key": "a"})).ok(200), first, "the repeat")
    second = (await ann.post(path, {"content": "y"}, headers={"Idempotency-Key": "b"})).ok(201)
    equal(second["client_id"], "b", "client_id")
    line = await ann.enter(room)
    ack = await line.acked({"type": "message", "content": "y", "client_id": "b"})
    equal((ack["message_id"], ack["seq"], ack["duplicate"]), (second["id"], second["seq"], True), "the ack")
    await line.acked({"type": "message", "content": "z", "client_id": "c"})
    equal((await ann.post(path, {"content": "z"}, headers={"Idempotency-Key": "c"})).status, 200, "status")


@case("twenty at once over HTTP make one message: one 201, nineteen 200")
async def at_once_http(t):
    ann, = await t.people("ann")
    room = await ann.room()
    path = f"/api/chat/conversations/{room}/messages"
    for round in range(5):
        answers = await asyncio.gather(
            *(ann.post(path, {"content": "x"}, headers={"Idempotency-Key": f"k{round}"}) for _ in range(20)))
        equal(collections.Counter(answer.status for answer in answers), {201: 1, 200: 19}, "statuses")
        equal(len({answer.json["id"] for answer in answers}), 1, "messages")
    equal(len(await ann.messages(room)), 5, "messages in all")


@case("twenty connections at once make one message", via=("websockets", "aiohttp"))
async def at_once_sockets(t):
    ann, = await t.people("ann")
    room = await ann.room()
    lines = await asyncio.gather(*(ann.open(room) for _ in range(20)))
    acks = await asyncio.gather(
        *(line.acked({"type": "message", "content": "x", "client_id": "k"}) for line in lines))
    equal(len({(ack["message_id"], ack["seq"]) for ack in acks}), 1, "messages")
    equal(sorted(ack["duplicate"] for ack in acks), [False] + [True] * 19, "duplicate")
    equal(len(await ann.messages(room)), 1, "messages stored")


@case("a client_id is remembered over a restart")
async def restart(t):
    server = await t.own()
    ann, = await t.people("ann", server=server)
    room = await ann.room()
    line = await ann.enter(room)
    sent = [await line.acked({"type": "message", "content": f"{number}", "client_id": f"c{number}"}) for number in range(50)]
    await server.stop()
    await server.start()
    line = await ann.enter(room)
    for number in (0, 25, 49):
        again = await line.acked({"type": "message", "content": f"{number}", "client_id": f"c{number}"}, id=number)
        equal((again["message_id"], again["seq"], again["duplicate"]),
              (sent[number]["message_id"], sent[number]["seq"], True), "the ack after the restart")
    error = await line.ask({"type": "message", "content": "other", "client_id": "c3"})
    equal(error["code"], "idempotency_mismatch", "code for other content")
    fresh = await line.acked({"type": "message", "content": "new", "client_id": "new"}, id="new")
    equal(fresh["seq"], sent[-1]["seq"] + 1, "the next seq")
    equal(len(await ann.messages(room)), 51, "messages")


@case("a client_id has 1 to 64 bytes of text")
async def length(t):
    ann, = await t.people("ann")
    room = await ann.room()
    line = await ann.enter(room)
    path = f"/api/chat/conversations/{room}/messages"
    for good in ("x", "c" * 64, "é" * 32, "with space", "\"\\/"):
        ack = await line.acked({"type": "message", "content": good, "client_id": good})
        equal(ack["client_id"], good, "client_id")
        (await ann.post(path, {"content": good, "client_id": good})).ok(200)
    for bad in ("", "c" * 65, "é" * 33, 5, True, ["x"], {"a": 1}):
        error = await line.ask({"type": "message", "content": "x", "client_id": bad})
        equal((error.get("code"), error.get("status")), ("invalid_field", 422), f"the answer to client_id {bad!r}")
        (await ann.post(path, {"content": "x", "client_id": bad})).refused(422, "invalid_field")
    (await ann.post(path, {"content": "x"}, headers={"Idempotency-Key": "c" * 65})).refused(422, "invalid_field")


@case("the sends of one connection keep their order, and all see the same", via=("websockets", "aiohttp"))
async def order(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    lines = [await ann.enter(room), await ben.enter(room)]
    reader = await ben.open(room)

    async def send(line):
        for number in range(400):
            await line.say(f"{line.name} {number}")

    await asyncio.gather(*(send(line) for line in lines))
    for line in lines + [reader]:
        for _ in range(800):
            await line.next("message")
    orders = [[(frame["seq"], frame["content"]) for frame in line.heard("message")] for line in lines + [reader]]
    holds(orders[0] == orders[1] == orders[2], "the three readers saw different orders")
    numbers = [seq for seq, _ in orders[0]]
    equal(numbers, list(range(numbers[0], numbers[0] + 800)), "seq")
    for line in lines:
        equal([text for _, text in orders[0] if text.startswith(line.name)],
              [f"{line.name} {number}" for number in range(400)], f"what {line.name} sent")
    equal([(message["seq"], message["content"]) for message in await ann.messages(room)], orders[0], "the history")


@case("pos grows over conversations in the order of the commits")
async def positions(t):
    ann, = await t.people("ann")
    one, two = await ann.enter(await ann.room()), await ann.enter(await ann.room())
    seen = []
    for number in range(20):
        line = (one, two)[number % 2]
        seen.append((await line.acked({"type": "message", "content": "x"}, id=number))["pos"])
    equal(seen, sorted(set(seen)), "pos")


@case("of ten thousand client_ids the first is still known, also after a restart")
async def many_keys(t):
    server = await t.own()
    ann, = await t.people("ann", server=server)
    room = await ann.room()
    line = await ann.enter(room)
    line.prefixes = ('{"type":"ack"', '{"type":"error"')
    first = await line.acked({"type": "message", "content": "x", "client_id": "k0"}, id=0)
    for number in range(1, 10_000):
        await line.say("x", client_id=f"k{number}", id=number)
        if number % 500 == 499:
            await line.next("ack", id=number)
    for _ in range(2):
        again = await line.acked({"type": "message", "content": "x", "client_id": "k0"}, id="again")
        equal((again["message_id"], again["seq"], again["duplicate"]), (first["message_id"], first["seq"], True), "the ack")
        await server.stop()
        await server.start()
        line = await ann.open(room)
    equal((await ann.get(f"/api/chat/conversations/{room}")).ok()["last_seq"], 10_001, "last_seq")
