"""Frames with an `id`: the only ones a v1 connection gets an answer to (docs/protocol.md sections 2 to 4)."""

import asyncio

from support.checks import equal, fields, holds, is_timestamp
from support.runner import case


@case("only a frame with an id is acknowledged, on its own connection")
async def only_with_id(t):
    ann, = await t.people("ann")
    room = await ann.room()
    line, other = await ann.enter(room), await ann.open(room)
    await line.say("silent", client_id="s")
    await line.next("message", content="silent")
    ack = await line.acked({"type": "message", "content": "loud", "client_id": "l"}, id=17)
    fields(ack, [
        "type", "id", "client_id", "message_id", "conversation_id", "seq", "pos", "timestamp", "durability", "duplicate",
    ])
    message = line.heard("message", content="loud") or [await line.next("message", content="loud")]
    for name in ("client_id", "message_id", "seq", "pos", "timestamp"):
        equal(ack[name], message[0][name], f"{name} of the ack")
    is_timestamp(ack["timestamp"])
    equal((ack["durability"], ack["duplicate"]), ("synced", False), "durability and duplicate")
    await other.fence()
    equal(len(line.heard("ack")), 1, "acks")
    equal(other.heard("ack", id=17), [], "acks on the other connection")


@case("an id is echoed as it was: text, number, anything up to its limit")
async def echoed(t):
    ann, = await t.people("ann")
    line = await ann.enter(await ann.room())
    for id in ("a", 0, -5, 2 ** 60, 1.5, "ü\"\\", "x" * 100, ""):
        equal((await line.ask({"type": "ping"}, id=id))["id"], id, "id")


@case("a refused frame with an id is answered with an error that has it")
async def refused(t):
    ann, = await t.people("ann")
    line = await ann.enter(await ann.room())
    for number, (frame, code) in enumerate([
        ({"type": "message", "content": " "}, "message_empty"), ({"type": "message"}, "missing_field"),
        ({"type": "nonsense"}, "unknown_type"), ({"content": "x"}, "missing_field"),
        ({"type": "edit", "message_id": "none", "content": "x"}, "unknown_message"),
        ({"type": "delete", "message_id": "none"}, "unknown_message"),
        ({"type": "edit", "content": "x"}, "missing_field"), ({"type": "read"}, "missing_field"),
        ({"type": "react", "message_id": "none", "key": "x", "on": True}, "unknown_message"),
        ({"type": "message", "content": "x", "client_id": "c" * 65}, "invalid_field"),
    ]):
        error = await line.ask(frame, id=number)
        equal((error["type"], error["code"]), ("error", code), f"the answer to {frame}")
    await line.fence()


@case("edit and delete with an id")
async def edit_and_delete(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    line, other = await ann.enter(room), await ben.enter(room)
    sent = await line.acked({"type": "message", "content": "one"})
    edit = await line.acked({"type": "edit", "message_id": sent["message_id"], "content": "two"}, id="e")
    equal((edit["message_id"], edit["seq"]), (sent["message_id"], sent["seq"] + 1), "message_id and seq")
    shown = await other.next("message", is_edited=True)
    equal((shown["content"], shown["seq"]), ("two", edit["seq"]), "the edit at the other's")
    equal((await other.ask({"type": "edit", "message_id": sent["message_id"], "content": "mine"}))["code"], "forbidden",
          "code for editing another's message")
    gone = await line.acked({"type": "delete", "message_id": sent["message_id"]}, id="d")
    equal((await other.next("system", event="message_deleted"))["seq"], gone["seq"], "seq of the deletion")
    again = await line.ask({"type": "delete", "message_id": sent["message_id"]})
    equal(again.get("code"), "unknown_message", "code for deleting it again")


@case("react, read, typing, ping, subscribe and history with an id")
async def others(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    line, other = await ann.enter(room), await ben.enter(room)
    sent = await line.acked({"type": "message", "content": "one"})
    on = await other.acked({"type": "react", "message_id": sent["message_id"], "key": "👍", "on": True}, id=1)
    equal(on["seq"], sent["seq"] + 1, "seq of the reaction")
    await other.acked({"type": "react", "message_id": sent["message_id"], "key": "👍", "on": True}, id=2)
    off = await other.acked({"type": "react", "message_id": sent["message_id"], "key": "👍", "on": False}, id=3)
    equal(off["seq"], sent["seq"] + 2, "seq of taking it back: the repeat in between has none")
    read = await other.acked({"type": "read", "seq": sent["seq"]}, id=4)
    holds("seq" not in read, "a read mark has no seq")
    equal((await ben.get(f"/api/chat/conversations/{room}")).ok()["unread_count"], 0, "unread_count")
    await other.acked({"type": "typing", "on": True}, id=5)
    await line.next("typing", sender_id=ben.id)
    await other.acked({"type": "ping"}, id=6)
    where = await other.acked({"type": "subscribe", "conversation_id": room}, id=7)
    equal(where["seq"], off["seq"], "seq of the answer to subscribe")
    holds(where["cursor"], "its cursor")
    events = (await other.acked({"type": "history", "after": 0, "limit": 100}, id=8))
    equal(events["more"], False, "more")
    # Numbered from 1, and the first is that the conversation was made.
    equal([event["seq"] for event in events["events"]], list(range(1, off["seq"] + 1)), "seq of all events")
    equal(events["events"][0]["type"], "conversation", "type of the first")


@case("history pages both ways")
async def history(t):
    ann, = await t.people("ann")
    room = await ann.room()
    line = await ann.enter(room)
    for number in range(25):
        await line.say(f"{number}")
    last = (await line.next("message", content="24"))["seq"]
    seen, after = [], 0
    while True:
        page = await line.acked({"type": "history", "after": after, "limit": 7}, id=f"a{after}")
        seen += [event["seq"] for event in page["events"]]
        if not page["more"]:
            break
        after = seen[-1]
    equal(seen, list(range(1, last + 1)), "events forwards")
    seen, before = [], last + 1
    while True:
        page = await line.acked({"type": "history", "before": before, "limit": 7}, id=f"b{before}")
        seen = [event["seq"] for event in page["events"]] + seen
        if not page["more"]:
            break
        before = seen[0]
    equal(seen, list(range(1, last + 1)), "events backwards")


@case("every v2 client frame is answered by an ack or an error with its id, never by another type")
async def all_v2_frames(t):
    ann, = await t.people("ann")
    room = await ann.room()
    line = await ann.enter(room)
    for name in ("hello", "subscribe", "unsubscribe", "message", "edit", "delete", "react", "typing", "read", "history",
                 "auth", "ping"):
        await line.ask({"type": name, "conversation_id": room, "content": "x", "message_id": "m", "key": "k", "on": True,
                        "seq": 1, "token": "t"}, id=name)
    types = {frame["type"] for frame in line.frames}
    holds(types <= {"message", "typing", "system", "error", "ack"}, f"types were {types}")
    await line.fence()


@case("answers to many frames at once come for each, in the order of the sends")
async def pipelined(t):
    ann, = await t.people("ann")
    line = await ann.enter(await ann.room())
    await asyncio.gather(*(line.say(f"{number}", id=number) for number in range(300)))
    acks = [await line.next("ack") for _ in range(300)]
    equal([ack["id"] for ack in acks], list(range(300)), "ids of the acks")
    numbers = [ack["seq"] for ack in acks]
    equal(numbers, list(range(numbers[0], numbers[0] + 300)), "seq of the acks")
