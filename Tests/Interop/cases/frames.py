"""The four frames of profile v1, to the letter (docs/protocol.md section 2)."""

import asyncio
import datetime

from support.checks import equal, fields, holds, is_timestamp
from support.runner import case

BOTH = ("websockets", "aiohttp")

MESSAGE = [
    "type", "content", "sender_id", "sender_username", "message_id", "timestamp", "is_edited", "conversation_id", "seq",
    "pos",
]
TYPING = ["type", "sender_id", "sender_username", "conversation_id"]
SYSTEM = ["type", "content", "active_users", "event", "user_id", "username", "conversation_id"]


@case("a message has the seed's fields first, in its order, and ours behind", via=BOTH)
async def message_frame(t):
    ann, = await t.people("ann")
    room = await ann.room()
    line = await ann.enter(room)
    await line.say("Hello!")
    frame = await line.next("message")
    fields(frame, MESSAGE)
    equal(frame["content"], "Hello!", "content")
    equal(frame["sender_id"], ann.id, "sender_id")
    equal(frame["sender_username"], ann.name, "sender_username")
    equal(frame["conversation_id"], room, "conversation_id")
    holds(frame["is_edited"] is False, "is_edited is false")
    holds(type(frame["seq"]) is int and type(frame["pos"]) is int, "seq and pos are whole numbers")


@case("client_id and reply_to follow when they were given")
async def optional_fields(t):
    ann, = await t.people("ann")
    room = await ann.room()
    line = await ann.enter(room)
    await line.say("one", client_id="c-1")
    first = await line.next("message")
    fields(first, MESSAGE + ["client_id"])
    await line.say("two", client_id="c-2", reply_to=first["message_id"])
    second = await line.next("message")
    fields(second, MESSAGE + ["client_id", "reply_to"])
    equal(second["reply_to"], first["message_id"], "reply_to")
    await line.say("three", reply_to=first["message_id"])
    fields(await line.next("message"), MESSAGE + ["reply_to"])


@case("a timestamp is RFC 3339 in UTC, six digits and Z, and now")
async def timestamp(t):
    ann, = await t.people("ann")
    line = await ann.enter(await ann.room())
    for number in range(20):
        await line.say(f"{number}")
    for number in range(20):
        frame = await line.next("message")
        is_timestamp(frame["timestamp"])
        moment = datetime.datetime.fromisoformat(frame["timestamp"])
        away = abs((datetime.datetime.now(datetime.timezone.utc) - moment).total_seconds())
        holds(away < 10, f"the timestamp is {away} s from now")


@case("the sender gets its own message, and everybody the same bytes", via=BOTH)
async def own_message(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    first, second, other = await ann.enter(room), await ann.open(room), await ben.enter(room)
    await first.say("to all", client_id="x")
    for line in (first, second, other):
        await line.next("message", content="to all")
    texts = {line.texts[line.at - 1] for line in (first, second, other)}
    equal(len(texts), 1, "how many versions of the frame there are")


@case("typing goes to others and to one's other connections, not back where it came from", via=BOTH)
async def typing(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    here, there, other = await ann.enter(room), await ann.open(room), await ben.enter(room)
    await here.send({"type": "typing"})
    for line in (there, other):
        frame = await line.next("typing")
        fields(frame, TYPING)
        equal(frame["sender_id"], ann.id, "sender_id")
        equal(frame["sender_username"], ann.name, "sender_username")
        equal(frame["conversation_id"], room, "conversation_id")
    await here.fence()
    equal(here.heard("typing"), [], "typing that came back")


@case("joining is told to all, the one who joins included", via=BOTH)
async def joining(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    first = await ann.open(room)
    notice = await first.next("system", event="joined")
    fields(notice, SYSTEM)
    equal(notice["content"], "User joined", "content")
    equal(notice["active_users"], [ann.id], "active_users")
    equal(notice["user_id"], ann.id, "user_id")
    equal(notice["username"], ann.name, "username")
    equal(notice["conversation_id"], room, "conversation_id")
    second = await ben.open(room)
    for line in (first, second):
        notice = await line.next("system", event="joined", user_id=ben.id)
        equal(sorted(notice["active_users"]), sorted([ann.id, ben.id]), "active_users")


@case("join and leave are per user, not per socket", via=BOTH)
async def presence_per_user(t):
    ann, ben, cid = await t.people("ann", "ben", "cid")
    room = await ann.room(ben, cid)
    watcher = await ann.enter(room)
    first = await ben.enter(room)
    await watcher.next("system", event="joined", user_id=ben.id)
    second = await ben.open(room)
    await second.fence()
    third = await cid.enter(room)
    joined = await watcher.next("system", event="joined", user_id=cid.id)
    equal(sorted(joined["active_users"]), sorted([ann.id, ben.id, cid.id]), "active_users, each once")
    equal(len(watcher.heard("system", event="joined", user_id=ben.id)), 1, "times that ben has joined")

    await first.close()
    await second.fence()
    await third.close()
    left = await watcher.next("system", event="left", user_id=cid.id)
    equal(sorted(left["active_users"]), sorted([ann.id, ben.id]), "active_users after cid has left")
    equal(watcher.heard("system", event="left", user_id=ben.id), [], "notices that ben has left, whose second socket is open")

    await second.close()
    left = await watcher.next("system", event="left", user_id=ben.id)
    fields(left, SYSTEM)
    equal(left["content"], "User left", "content")
    equal(left["active_users"], [ann.id], "active_users after all have left")


@case("a second socket of a user is told who is here, and nobody else hears of it", via=BOTH)
async def second_socket(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    watcher, first = await ann.enter(room), await ben.enter(room)
    await watcher.next("system", event="joined", user_id=ben.id)
    second = await ben.open(room)
    notice = await second.next("system", event="present")
    fields(notice, SYSTEM)
    equal(notice["content"], "Users present", "content")
    equal(sorted(notice["active_users"]), sorted([ann.id, ben.id]), "active_users")
    equal(notice["user_id"], ben.id, "user_id")
    for line in (watcher, first):
        await line.fence()
        equal(line.heard("system", event="present"), [], "notices of it elsewhere")
        equal(len(line.heard("system", event="joined", user_id=ben.id)), 1, "times that ben has joined")


@case("a connection that is cut off counts as left")
async def cut_off(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    watcher, other = await ann.enter(room), await ben.enter(room)
    other.client.socket.transport.abort()
    left = await watcher.next("system", event="left", user_id=ben.id)
    equal(left["active_users"], [ann.id], "active_users")


@case("two conversations do not hear of each other")
async def apart(t):
    ann, ben = await t.people("ann", "ben")
    one, two = await ann.room(ben), await ann.room(ben)
    first, second = await ann.enter(one), await ben.enter(two)
    await first.send({"type": "typing"})
    await first.fence()
    await second.fence()
    holds(all(frame["conversation_id"] == two for frame in second.frames), "frames of another conversation came")
    holds(all(frame["conversation_id"] == one for frame in first.frames), "frames of another conversation came")


@case("an error has content, code, status and retryable in their order", via=BOTH)
async def error_frame(t):
    ann, = await t.people("ann")
    line = await ann.enter(await ann.room())
    await line.say("")
    error = await line.next("error")
    fields(error, ["type", "content", "code", "status", "retryable"])
    equal(error["content"], "Message cannot be empty", "content")
    equal(error["code"], "message_empty", "code")
    equal(error["status"], 422, "status")
    holds(error["retryable"] is False, "retryable is false")
    await line.say("", id="n")
    fields(await line.next("error"), ["type", "content", "code", "status", "id", "retryable"])


@case("an edit is a message frame with the same message_id and is_edited, and a number of its own")
async def edited(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    line, other = await ann.enter(room), await ben.enter(room)
    await line.say("wrnog")
    sent = await other.next("message")
    (await ann.patch(f"/api/chat/messages/{sent['message_id']}", {"content": "wrong"})).ok()
    for reader in (line, other):
        frame = await reader.next("message", is_edited=True)
        fields(frame, MESSAGE)
        equal(frame["message_id"], sent["message_id"], "message_id")
        equal(frame["content"], "wrong", "content")
        equal(frame["sender_id"], ann.id, "sender_id")
        equal(frame["seq"], sent["seq"] + 1, "seq")
        holds(frame["pos"] > sent["pos"], "pos has moved on")
        is_timestamp(frame["timestamp"])


@case("a deletion is a system frame with event message_deleted, message_id, seq and pos")
async def deleted(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    line, other = await ann.enter(room), await ben.enter(room)
    await other.say("oops")
    sent = await line.next("message")
    (await ann.delete(f"/api/chat/messages/{sent['message_id']}")).ok(204)
    for reader in (line, other):
        frame = await reader.next("system", event="message_deleted")
        fields(frame, SYSTEM + ["message_id", "seq", "pos"])
        equal(frame["message_id"], sent["message_id"], "message_id")
        equal(frame["seq"], sent["seq"] + 1, "seq")
        holds(frame["pos"] > sent["pos"], "pos has moved on")
        equal(sorted(frame["active_users"]), sorted([ann.id, ben.id]), "active_users")
        equal(frame["user_id"], ann.id, "user_id, of the one who deleted")


@case("v1 never gets another type, whatever happens in the conversation")
async def only_four_types(t):
    ann, ben, cid = await t.people("ann", "ben", "cid")
    room = await ann.room(ben)
    line, other = await ann.enter(room), await ben.enter(room)
    sent = await ann.write(room, "first")
    path = f"/api/chat/messages/{sent['id']}"
    (await ben.put(path + "/reactions/%F0%9F%91%8D")).ok()
    (await ben.post(f"/api/chat/conversations/{room}/read", {"seq": sent["seq"]})).ok(204)
    (await ann.post(f"/api/chat/conversations/{room}/members", {"user_id": cid.id})).ok(201)
    (await ann.patch(f"/api/chat/conversations/{room}", {"name": "Renamed"})).ok()
    (await ann.delete(f"/api/chat/conversations/{room}/members/{cid.id}")).ok(204)
    (await ann.patch(path, {"content": "second"})).ok()
    (await ann.delete(path)).ok(204)
    for reader in (line, other):
        await reader.next("system", event="message_deleted")
        types = {frame["type"] for frame in reader.frames}
        holds(types <= {"message", "typing", "system", "error"}, f"types were {types}")
        numbers = [frame["seq"] for frame in reader.frames if "seq" in frame]
        equal(numbers, sorted(set(numbers)), "the numbers seen")


@case("any text arrives as it was sent", via=BOTH)
async def fidelity(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    line, other = await ann.enter(room), await ben.enter(room)
    texts = [
        "ümläut", "日本語", "👩‍👩‍👧‍👦 🇩🇪", "e\u0301 and é", "quote \" backslash \\ slash /", "tab\tline\nreturn\r", "\u0000\u0001\u001f\u007f",
        "\u2028\u2029\ufeff", "</script><b>&amp;", "null", "{\"type\":\"error\"}", " spaces stay ", "\U0010ffff", "x" * 65_536,
    ]
    for text in texts:
        await line.say(text)
        equal((await other.next("message"))["content"], text, "content")
    history = await ben.messages(room)
    equal([message["content"] for message in history], texts, "content in the history")


@case("a hundred who join at once are all told of, each once")
async def herd(t):
    ann, *crowd = await t.people("ann", *(f"p{number}" for number in range(100)))
    room = await ann.room(*crowd)
    watcher = await ann.enter(room)
    lines = await asyncio.gather(*(person.open(room) for person in crowd))
    everybody = sorted(person.id for person in [ann, *crowd])
    for line in lines + [watcher]:
        # Notices that come close together may be one, with the newest list.
        while sorted((await line.next("system", event="joined"))["active_users"]) != everybody:
            pass
    for line in lines + [watcher]:
        for notice in line.heard("system"):
            equal(len(notice["active_users"]), len(set(notice["active_users"])), "users in active_users, each once")
        named = [notice["user_id"] for notice in line.heard("system", event="joined")]
        equal(len(named), len(set(named)), "users named in notices, each once")
    await asyncio.gather(*(line.close() for line in lines))
    while (await watcher.next("system", event="left"))["active_users"] != [ann.id]:
        pass
