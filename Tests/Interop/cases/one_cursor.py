"""One cursor for v2, polls and streams: carried from one to the other, and asked again
(docs/protocol.md sections 1, 3 and 5)."""

import asyncio

from support.checks import equal, holds, tiles
from support.polls import ask, head, poll, polled, stream
from support.runner import case

BOTH = ("websockets", "aiohttp")
ROOMS = "/api/chat/conversations"
DURABLE = ("message", "edited", "deleted", "reaction", "member", "conversation", "read", "gap")


async def by_v2(person, cursor):
    """Everything behind a cursor, and the cursor where it was caught up."""
    line = await person.follow(cursor)
    last = (await line.next("caught_up"))["cursor"]
    await line.close()
    return [frame for frame in line.frames if frame["type"] in DURABLE], last


async def by_polls(person, cursor):
    return await polled(person, cursor, limit=7)


async def by_stream(person, cursor, last):
    """Everything up to a `pos`; a stream does not say that it has caught up."""
    found = await stream(person, cursor)
    while (await found.next()).data.get("pos", 0) < last:
        pass
    found.close()
    blocks = [block for block in found.heard() if block.event in DURABLE]
    return [block.data for block in blocks], blocks[-1].id


async def busy(ann, ben, rooms):
    """A bit of everything; the last of it has a number."""
    for room in rooms:
        sent = await ann.write(room, "one")
        (await ann.patch(f"/api/chat/messages/{sent['id']}", {"content": "two"})).ok()
        (await ben.put(f"/api/chat/messages/{sent['id']}/reactions/x")).ok()
        (await ben.post(f"{ROOMS}/{room}/read", {"seq": sent["seq"]})).ok(204)
        (await ann.patch(f"{ROOMS}/{room}", {"name": "Renamed"})).ok()
        gone = await ben.write(room, "gone")
        (await ben.delete(f"/api/chat/messages/{gone['id']}")).ok(204)


def numbered(events):
    return [event for event in events if "seq" in event]


@case("one cursor goes from v2 to polls to a stream and round again, and each event comes once", via=BOTH)
async def hopping(t):
    ann, ben = await t.people("ann", "ben")
    rooms = [await ann.room(ben) for _ in range(3)]
    start = cursor = await head(ben)
    seen = []
    for _ in range(2):
        for way in (by_v2, by_polls, by_stream):
            await busy(ann, ben, rooms)
            last = (await by_polls(ben, cursor))[0][-1]["pos"]
            events, cursor = await (way(ben, cursor, last) if way is by_stream else way(ben, cursor))
            seen += events
    for room in rooms:
        numbers = [event["seq"] for event in numbered(seen) if event["conversation_id"] == room]
        tiles(numbers, 2, (await ben.get(f"{ROOMS}/{room}")).ok()["last_seq"], "seq of a room over six connections")
    at_once, _ = await by_polls(ben, start)
    equal([event["pos"] for event in numbered(seen)], [event["pos"] for event in numbered(at_once)],
          "pos over six connections, and by one reader from the start")


@case("an event's own cursor goes on right behind it, on every transport", via=BOTH)
async def behind_each(t):
    ann, ben = await t.people("ann", "ben")
    rooms = [await ann.room(ben) for _ in range(2)]
    start = await head(ben)
    await busy(ann, ben, rooms)
    events, _ = await polled(ben, start)
    events = numbered(events)
    for at, event in enumerate(events[:-1]):
        rest = [event["pos"] for event in events[at + 1:]]
        way = (by_v2, by_polls, by_stream)[at % 3]
        found, _ = await (way(ben, event["cursor"], rest[-1]) if way is by_stream else way(ben, event["cursor"]))
        equal([event["pos"] for event in numbered(found)], rest, f"pos behind event {at} by {way.__name__}")


@case("the JSON of an event is the same bytes on v2, in polls and on streams, live and replayed", via=BOTH)
async def same_bytes(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    start = await head(ben)
    live = await ben.follow(start)
    await live.next("caught_up")
    live_stream = await stream(ben, start)
    await busy(ann, ben, [room])
    await ann.write(room, "Grüße \"und\" \\ 🍵 \u2028 </script>", client_id="k")
    await live.next("message", client_id="k")
    await live_stream.next("message", client_id="k")
    again = await ben.follow(start)
    await again.next("caught_up")
    again_stream = await stream(ben, start)
    await again_stream.next("message", client_id="k")
    body = (await ask(ben, start)).text

    def texts(line):
        return [text for text, frame in zip(line.texts, line.frames) if "seq" in frame]

    expected = [text for text in texts(live) if '"content":""' not in text and '"content":"gone"' not in text]
    equal(len(expected), 6, "events that are what they were")
    for where, found in (("a replay on v2", texts(again)), ("a live stream", [block.text for block in live_stream.heard()]),
                         ("a stream that resumes", [block.text for block in again_stream.heard()])):
        for text in expected:
            holds(text in found, f"{where} has it in other bytes: {text}")
    for text in expected:
        holds(text in body, f"a poll has it in other bytes: {text}")


@case("every cursor that a catching-up connection says, its pongs' too, is behind all that it was sent, and before the rest")
async def while_catching_up(t):
    ann, ben = await t.people("ann", "ben")
    rooms = [await ann.room(ben) for _ in range(2)]
    start = await head(ben)
    writer = await ann.v2()
    await writer.next("hello")
    for number in range(2000):
        await writer.send({"type": "message", "conversation_id": rooms[number % 2], "content": "x" * 500, "id": number})
        if number % 200 == 199:
            await writer.next("ack", id=number)
    line = await ben.follow(start)
    for number in range(10):
        await line.send({"type": "ping", "id": number})
    await line.find("caught_up")
    await line.find("pong", id=9)
    everything = [event["pos"] for event in line.heard("message")]
    equal(everything, sorted(set(everything)), "pos")
    equal(len(everything), 2000, "messages")
    seen = 0
    for frame in line.frames:
        if frame["type"] == "message":
            seen += 1
        elif frame["type"] in ("pong", "caught_up"):
            events, _ = await polled(ben, frame["cursor"], limit=1000)
            behind = [event["pos"] for event in events if event["type"] == "message"]
            equal(behind, everything[seen:], f"what is behind the cursor of {frame}, after {seen} messages")


@case("the same poll twice, ten times at once, and after its answer was lost: the same events and cursor")
async def repeated(t):
    ann, ben = await t.people("ann", "ben")
    rooms = [await ann.room(ben) for _ in range(2)]
    cursor = await head(ben)
    await busy(ann, ben, rooms)
    first = await ask(ben, cursor, limit=5)
    holds(first.ok()["more"], "more, with a limit of five")
    for answer in await asyncio.gather(*(ask(ben, cursor, limit=5) for _ in range(10))):
        equal(answer.text, first.text, "the same poll at once")
    # Somebody asks and is gone before the answer comes.
    for _ in range(3):
        reader, writer = await asyncio.open_connection("127.0.0.1", t.server.port)
        writer.write((f"GET /api/chat/events?cursor={cursor}&limit=5&wait=0 HTTP/1.1\r\nHost: h\r\n"
                      f"Authorization: Bearer {ben.token}\r\n\r\n").encode())
        await writer.drain()
        writer.transport.abort()
    equal((await ask(ben, cursor, limit=5)).text, first.text, "after the answer was lost")
    # Going on does not use it up either.
    await polled(ben, first.json["cursor"])
    equal((await ask(ben, cursor, limit=5)).text, first.text, "after the next page was read")


@case("polls that wait with one cursor are all answered with the same event")
async def parked(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    cursor = await head(ben)
    waiting = [asyncio.create_task(poll(ben, cursor, wait=20)) for _ in range(5)]
    sent = await ann.write(room, "here")
    for body in await asyncio.gather(*waiting):
        equal([event.get("message_id") for event in body["events"]], [sent["id"]], "events")


@case("what was before one joined is a gap, once, on every transport; each stay is shown", via=BOTH)
async def gaps(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room()
    start = await head(ben)
    members = f"{ROOMS}/{room}/members"
    for number in range(2):
        await ann.write(room, f"without ben {number}")
        (await ann.post(members, {"user_id": ben.id})).ok(201)
        await ann.write(room, f"with ben {number}")
        (await ann.delete(f"{members}/{ben.id}")).ok(204)
    await ann.write(room, "without ben 2")
    v2, _ = await by_v2(ben, start)
    polls, _ = await by_polls(ben, start)
    streamed, _ = await by_stream(ben, start, polls[-1]["pos"])
    for way, events in (("v2", v2), ("polls", polls), ("a stream", streamed)):
        equal([event["content"] for event in events if event["type"] == "message"], ["with ben 0", "with ben 1"],
              f"messages by {way}")
        found = [event for event in events if event["type"] == "gap"]
        for gap in found:
            holds(set(gap) >= {"conversation_id", "from_seq", "to_seq", "reason", "fillable"}, f"gap by {way}: {gap}")
            equal((gap["conversation_id"], gap["reason"], gap["fillable"]), (room, "membership", False), f"gap by {way}")
        equal([event.get("action") for event in events if event["type"] == "member"], ["added", "removed"] * 2,
              f"members by {way}")
        numbers = []
        for event in events:
            if event["type"] == "gap":
                numbers += range(event["from_seq"], event["to_seq"] + 1)
            elif "seq" in event:
                numbers.append(event["seq"])
        tiles(numbers, 1, events[-1]["seq"], f"numbers told by {way}, as events or as gaps, each once")


@case("subscribe with after=0 tells a later member of a gap, and then what it may see")
async def subscribed_gap(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room()
    for number in range(3):
        await ann.write(room, f"{number}")
    (await ann.post(f"{ROOMS}/{room}/members", {"user_id": ben.id})).ok(201)
    line = await ben.v2(room)
    await line.next("hello")
    await line.acked({"type": "subscribe", "conversation_id": room, "after": 0})
    gap = await line.find("gap")
    equal((gap["from_seq"], gap["to_seq"], gap["conversation_id"], gap["fillable"]), (1, 4, room, False), "the gap")
    equal((await line.find("member"))["seq"], 5, "seq of ben's own joining")
