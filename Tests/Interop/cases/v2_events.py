"""The events of profile v2, each with every field that docs/protocol.md section 3 names, however they were caused."""

import asyncio

from support.checks import equal, holds, is_timestamp
from support.polls import head
from support.runner import case

BOTH = ("websockets", "aiohttp")
ROOMS = "/api/chat/conversations"
NUMBERED = {"type", "conversation_id", "seq", "pos", "cursor", "timestamp"}


def shaped(event, *more):
    """A durable event: what all have, and what its type has besides."""
    holds(set(event) >= NUMBERED | set(more), f"{event['type']} is without {NUMBERED | set(more) - set(event)}: {event}")
    holds(event["seq"] >= 1 and event["pos"] >= 1 and event["cursor"], f"the numbers of {event}")
    is_timestamp(event["timestamp"])
    return event


async def pair(t):
    """Ann and ben in a room, each with a connection that follows it."""
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    lines = []
    for person in (ann, ben):
        line = await person.v2()
        await line.next("hello")
        await line.acked({"type": "subscribe", "conversation_id": room})
        lines.append(line)
    return ann, ben, room, *lines


@case("message: the fields of v1 with their numbers and cursor, the same to all; the sender gets it too", via=BOTH)
async def message(t):
    ann, ben, room, line, other = await pair(t)
    ack = await line.acked({"type": "message", "conversation_id": room, "content": "Grüße 🍵", "client_id": "k"})
    holds(set(ack) >= {"id", "client_id", "message_id", "seq", "pos", "timestamp", "durability", "duplicate"}, f"the ack: {ack}")
    equal((ack["client_id"], ack["durability"], ack["duplicate"]), ("k", "synced", False), "of the ack")
    reply = await ann.write(room, "by REST", reply_to=ack["message_id"])
    for reader in (line, other):
        event = await reader.find("message", message_id=ack["message_id"])
        second = await reader.find("message", message_id=reply["id"])
        shaped(event, "content", "sender_id", "sender_username", "message_id", "is_edited", "client_id")
        equal([event[name] for name in ("content", "sender_id", "sender_username", "is_edited", "client_id", "conversation_id")],
              ["Grüße 🍵", ann.id, ann.name, False, "k", room], "what it says")
        for name in ("message_id", "seq", "pos", "timestamp"):
            equal(event[name], ack[name], f"{name}, in the event and in the ack")
        equal((second["message_id"], second["reply_to"], second["seq"]), (reply["id"], ack["message_id"], ack["seq"] + 1),
              "the answer to it")
        holds("client_id" not in second and "reply_to" not in event, "fields that are not there")
    equal(*([text for text in reader.texts if '"type":"message"' in text] for reader in (line, other)),
          "the bytes at the one and at the other")


@case("edited, deleted and reaction, by frame and by REST", via=BOTH)
async def changes(t):
    ann, ben, room, line, other = await pair(t)
    for by_frame in (True, False):
        sent = (await line.acked({"type": "message", "conversation_id": room, "content": "one"}))
        id, path = sent["message_id"], f"/api/chat/messages/{sent['message_id']}"

        async def change(who, speaker, frame, call):
            if by_frame:
                ack = await speaker.acked(frame, id=frame["type"])
                return ack["seq"], ack["pos"]
            holds((await call()).status in (200, 204), f"{frame} by REST")
            return None

        numbers = [
            await change(ann, line, {"type": "edit", "message_id": id, "content": "two"},
                         lambda: ann.patch(path, {"content": "two"})),
            await change(ben, other, {"type": "react", "message_id": id, "key": "👍", "on": True},
                         lambda: ben.put(path + "/reactions/%F0%9F%91%8D")),
            await change(ben, other, {"type": "react", "message_id": id, "key": "👍", "on": False},
                         lambda: ben.delete(path + "/reactions/%F0%9F%91%8D")),
            await change(ann, line, {"type": "delete", "message_id": id}, lambda: ann.delete(path)),
        ]
        for reader in (line, other):
            edited = shaped(await reader.find("edited", message_id=id), "content", "sender_id", "sender_username")
            equal((edited["content"], edited["sender_id"], edited["sender_username"]), ("two", ann.id, ann.name), "edited")
            on, off = [shaped(await reader.find("reaction", message_id=id, on=on), "key", "user_id", "username")
                       for on in (True, False)]
            equal([(event["key"], event["on"], event["user_id"], event["username"]) for event in (on, off)],
                  [("👍", True, ben.id, ben.name), ("👍", False, ben.id, ben.name)], "the reactions")
            deleted = shaped(await reader.find("deleted", message_id=id), "by")
            equal(deleted["by"], ann.id, "by whom it was deleted")
            events = [edited, on, off, deleted]
            equal([event["seq"] for event in events], list(range(sent["seq"] + 1, sent["seq"] + 5)), "seq")
            if by_frame:
                equal(numbers, [(event["seq"], event["pos"]) for event in events], "seq and pos of the acks")
        gone, = [found for found in await ann.messages(room) if found["id"] == id]
        equal((gone["content"], gone["is_deleted"], gone["reactions"]), ("", True, []), "what is left")


@case("conversation created and updated, member added, role, removed and left")
async def members(t):
    ann, ben, cid = await t.people("ann", "ben", "cid")
    line = await ann.follow(await head(ann))
    await line.next("caught_up")
    room = await ann.room()
    here = f"{ROOMS}/{room}"
    created = shaped(await line.next("conversation"), "action")
    equal((created["action"], created["conversation_id"], created["seq"]), ("created", room, 1), "created")
    (await ann.patch(here, {"name": "Tea", "description": "Only tea"})).ok()
    updated = shaped(await line.next("conversation"), "action", "name", "description")
    equal([updated[name] for name in ("action", "name", "description")], ["updated", "Tea", "Only tea"], "updated")
    for who in (ben, cid):
        (await ann.post(f"{here}/members", {"user_id": who.id})).ok(201)
    (await ann.post(f"{here}/members", {"user_id": ben.id, "role": "admin"})).ok()
    (await ben.delete(f"{here}/members/{cid.id}")).ok(204)
    (await ben.delete(f"{here}/members/me")).ok(204)
    events = [shaped(await line.next("member"), "action", "user_id", "username", "by") for _ in range(5)]
    equal([(event["action"], event["user_id"], event["username"], event["by"]) for event in events],
          [("added", ben.id, ben.name, ann.id), ("added", cid.id, cid.name, ann.id), ("role", ben.id, ben.name, ann.id),
           ("removed", cid.id, cid.name, ben.id), ("left", ben.id, ben.name, ben.id)], "the members' events")
    equal([event.get("role") for event in events[:3]], ["member", "member", "admin"], "role")
    equal([event["seq"] for event in events], list(range(updated["seq"] + 1, updated["seq"] + 6)), "seq")


@case("read marks move forward only, have a pos and no seq; sending moves one's own without an event", via=BOTH)
async def marks(t):
    ann, ben, room, line, other = await pair(t)
    sent = [await ann.write(room, f"{number}") for number in range(4)]
    before = (await ann.get(f"{ROOMS}/{room}")).ok()["last_seq"]
    ack = await other.acked({"type": "read", "conversation_id": room, "seq": sent[1]["seq"]}, id="r")
    holds("seq" not in ack, f"the ack of a mark, which has no number: {ack}")
    read = await line.next("read")
    holds(set(read) >= {"conversation_id", "pos", "cursor", "user_id", "read_seq"} and "seq" not in read, f"read: {read}")
    equal((read["user_id"], read["read_seq"], read["conversation_id"]), (ben.id, sent[1]["seq"], room), "read")
    await other.acked({"type": "read", "conversation_id": room, "seq": sent[0]["seq"]}, id="back")
    equal((await ben.get(f"{ROOMS}/{room}")).ok()["unread_count"], 2, "unread after a mark that goes back")
    equal((await ben.post(f"{ROOMS}/{room}/read", {"seq": sent[2]["seq"]})).status, 204, "a mark by REST")
    equal((await line.next("read"))["read_seq"], sent[2]["seq"], "read_seq of the second event: going back had none")
    mine = await ben.write(room, "mine")
    (await ann.post(f"{ROOMS}/{room}/read", {"seq": mine["seq"]})).ok(204)
    equal((await line.next("read"))["user_id"], ann.id, "whose the third is: sending had none")
    equal((await ben.get(f"{ROOMS}/{room}")).ok()["unread_count"], 0, "ben's unread: sending moved his mark")
    equal((await ann.get(f"{ROOMS}/{room}")).ok()["last_seq"], before + 1, "last_seq: marks have no number")


@case("typing goes to the others with on, both ways, and has no number", via=BOTH)
async def typing(t):
    ann, ben, room, line, other = await pair(t)
    for on in (True, False):
        await other.acked({"type": "typing", "conversation_id": room, "on": on}, id=f"{on}")
        event = await line.next("typing")
        equal([event[name] for name in ("conversation_id", "sender_id", "sender_username", "on")], [room, ben.id, ben.name, on],
              "typing")
        holds(not {"seq", "pos", "cursor"} & set(event), f"typing has no number: {event}")
    (await ben.post(f"{ROOMS}/{room}/typing")).ok(204)
    equal((await line.next("typing"))["on"], True, "on, by REST")
    await ann.write(room, "fence")
    await other.next("message", content="fence")
    equal([event for event in other.heard("typing", on=False)], [], "what came back to the connection that typed")


@case("presence says who comes and who goes, once for a user however many connections", via=BOTH)
async def presence(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    line = await ann.v2(room)
    await line.next("hello")
    await line.acked({"type": "subscribe", "conversation_id": room})
    lines = []
    for _ in range(2):
        lines.append(await ben.v2(room))
        await lines[-1].next("hello")
        await lines[-1].acked({"type": "subscribe", "conversation_id": room})
    came = await line.next("presence", user_id=ben.id)
    holds(set(came) >= {"conversation_id", "user_id", "username", "status"} and not {"seq", "pos"} & set(came), f"{came}")
    equal((came["username"], came["conversation_id"], came["status"]), (ben.name, room, "online"), "who came")
    await lines[0].close()
    # The second still speaks, so ben has not gone.
    await lines[1].acked({"type": "message", "conversation_id": room, "content": "still here"})
    await line.next("message", content="still here")
    equal([event["status"] for event in line.heard("presence", user_id=ben.id)], ["online"], "what was said of ben")
    await lines[1].close()
    gone = await line.next("presence", user_id=ben.id)
    equal((gone["status"], gone["username"]), ("offline", ben.name), "who went")


@case("history brings events, both ways, the same that came live; only a member gets them", via=BOTH)
async def history(t):
    ann, ben, room, line, other = await pair(t)
    start = (await ann.get(f"{ROOMS}/{room}")).ok()["last_seq"]
    for number in range(12):
        await line.acked({"type": "message", "conversation_id": room, "content": f"{number}"}, id=number)
    last = await other.next("message", content="11")
    live = other.heard("message")
    ask = {"type": "history", "conversation_id": room, "limit": 5}
    forwards = await line.acked(ask | {"after": start}, id="f")
    equal((forwards["events"], forwards["more"]), (live[:5], True), "five after the start")
    rest = await line.acked(ask | {"after": live[4]["seq"], "limit": 100}, id="r")
    equal((rest["events"], rest["more"]), (live[5:], False), "the rest")
    backwards = await line.acked(ask | {"before": last["seq"]}, id="b")
    equal((backwards["events"], backwards["more"]), (live[6:11], True), "five before the last, in ascending order")
    (await ann.delete(f"{ROOMS}/{room}/members/{ben.id}")).ok(204)
    await other.next("member", action="removed")
    refusal = await other.ask(ask | {"after": live[4]["seq"]}, id="gone")
    equal((refusal["type"], refusal.get("code")), ("error", "not_a_member"), "what one who was removed is answered")


@case("a replay shows an edited message as it first was and then its edit, an erased one without its content")
async def replay(t):
    ann, ben, room, line, other = await pair(t)
    kept, gone = await ann.write(room, "first"), await ann.write(room, "secret")
    (await ann.patch(f"/api/chat/messages/{kept['id']}", {"content": "second"})).ok()
    (await ann.patch(f"/api/chat/messages/{gone['id']}", {"content": "secret again"})).ok()
    (await ann.delete(f"/api/chat/messages/{gone['id']}")).ok(204)
    late = await ben.v2(room)
    await late.next("hello")
    await late.send({"type": "subscribe", "conversation_id": room, "after": kept["seq"] - 1})
    deleted = await late.next("deleted")
    equal((deleted["message_id"], deleted["by"], deleted["seq"]), (gone["id"], ann.id, gone["seq"] + 3), "the deletion")
    events = [event for event in late.frames if "seq" in event and "message_id" in event]
    equal([(event["type"], event["message_id"], event.get("content")) for event in events],
          [("message", kept["id"], "first"), ("message", gone["id"], ""), ("edited", kept["id"], "second"),
           ("edited", gone["id"], ""), ("deleted", gone["id"], None)], "what came")
    equal((events[0].get("is_deleted", False), events[1].get("is_deleted")), (False, True), "is_deleted")
    holds(not any("secret" in text for text in late.texts), "the erased content was shown")


@case("many write in many rooms at once: one follower gets all by pos, and each room's seq without a hole", via=BOTH)
async def one_order(t):
    ann, ben, cid = await t.people("ann", "ben", "cid")
    rooms = [await ann.room(ben, cid) for _ in range(4)]
    follower = await cid.follow(await head(cid))
    await follower.next("caught_up")
    senders = []
    for person in (ann, ben):
        line = await person.v2()
        await line.next("hello")
        senders.append(line)

    async def send(line):
        for number in range(100):
            await line.send({"type": "message", "conversation_id": rooms[number % 4], "content": "x", "id": number})
        return [await line.next(("ack", "error"), id=number) for number in range(100)]

    acks = await asyncio.gather(*(send(line) for line in senders))
    for line in acks:
        equal([ack["pos"] for ack in line], sorted(ack["pos"] for ack in line), "pos of one connection's sends")
    last = max(ack["pos"] for line in acks for ack in line)
    await follower.next("message", pos=last)
    events = follower.heard("message")
    equal([event["pos"] for event in events], sorted(ack["pos"] for line in acks for ack in line), "pos of all, in order")
    for room in rooms:
        numbers = [event["seq"] for event in events if event["conversation_id"] == room]
        equal(numbers, list(range(numbers[0], numbers[0] + 50)), "seq of a room")
