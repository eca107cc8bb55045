"""`GET /api/chat/events`: a snapshot, then question and answer with no session between (docs/protocol.md section 5)."""

import asyncio
import time

from support.checks import equal, holds, tiles
from support.polls import ask, body_of, head, poll, polled
from support.runner import case

ROOMS = "/api/chat/conversations"


@case("without a cursor: a snapshot of the conversations with messages and read marks, and where to go on")
async def snapshot(t):
    ann, ben = await t.people("ann", "ben")
    rooms = [await ann.room(ben) for _ in range(3)]
    sent = {room: [await ann.write(room, f"{number}") for number in range(3)] for room in rooms}
    (await ben.post(f"{ROOMS}/{rooms[0]}/read", {"seq": sent[rooms[0]][1]["seq"]})).ok(204)
    answer = await ask(ben)
    body = body_of(answer)
    equal((body["events"], body["more"]), ([], False), "events and more")
    equal(answer.headers["Cache-Control"], "no-store", "Cache-Control")
    shown = {found["id"]: found for found in body["snapshot"]["conversations"]}
    equal(set(shown), set(rooms), "the conversations")
    for room, found in shown.items():
        alone = (await ben.get(f"{ROOMS}/{room}")).ok()
        equal({name: found[name] for name in alone}, alone, "the conversation, as REST shows it")
        equal(found["messages"], await ben.messages(room), "its messages, as REST shows them")
        holds(isinstance(found["read_marks"], dict), "read_marks are by user")
    equal(shown[rooms[0]]["read_marks"].get(ben.id), sent[rooms[0]][1]["seq"], "ben's mark")
    equal(shown[rooms[0]]["unread_count"], 1, "ben's unread")
    live = await ann.write(rooms[1], "since then")
    events, _ = await polled(ben, body["cursor"])
    equal([event["message_id"] for event in events if event["type"] == "message"], [live["id"]], "what came since")


@case("a snapshot while others write: overlap is possible, loss is not")
async def no_loss(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    over = asyncio.Event()
    sent = []

    async def write():
        while not over.is_set():
            sent.append((await ann.write(room, "x"))["id"])

    writing = [asyncio.create_task(write()) for _ in range(3)]
    snapshots = []
    try:
        while len(sent) < 100:
            snapshots.append(await poll(ben))
    finally:
        over.set()
        await asyncio.gather(*writing)
    holds(len(snapshots) >= 3, f"{len(snapshots)} snapshots")
    everything = [message["id"] for message in await ben.messages(room)]
    equal(set(everything), set(sent), "messages stored")
    for body in snapshots:
        found, = body["snapshot"]["conversations"]
        events, _ = await polled(ben, body["cursor"])
        later = [event["message_id"] for event in events if event["type"] == "message"]
        before = [message["id"] for message in found["messages"]]
        first = everything.index((before + later)[0])
        equal(sorted(set(before) | set(later)), sorted(everything[first:]), "the snapshot's messages and what follows it")
        # It shows the newest messages, so what it leaves out is only what is older than these.
        holds(first == 0 or len(before) >= 10, f"a snapshot of {len(before)} messages begins at message {first}")


@case("a snapshot has the hundred liveliest conversations, and says that there are more")
async def many_conversations(t):
    ann, = await t.people("ann")
    rooms = [await ann.room() for _ in range(102)]
    await ann.write(rooms[0], "the liveliest")
    snapshot = (await poll(ann))["snapshot"]
    equal(snapshot["more"], True, "more")
    equal([found["id"] for found in snapshot["conversations"]], [rooms[0]] + rooms[:2:-1], "which, newest activity first")
    few = (await poll(ann, conversations=",".join(rooms[:3])))["snapshot"]
    equal((few["more"], {found["id"] for found in few["conversations"]}), (False, set(rooms[:3])), "with a filter")


@case("limit pages through what was missed; more is true only if something follows")
async def pages(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    cursor = start = await head(ben)
    sent = [(await ann.write(room, f"{number}"))["id"] for number in range(12)]
    for limit, sizes in ((5, [5, 5, 2]), (6, [6, 6]), (4, [4, 4, 4]), (12, [12]), (100, [12]), (1, [1] * 12)):
        found, cursor = [], start
        for at, size in enumerate(sizes):
            body = await poll(ben, cursor, limit=limit)
            equal((len(body["events"]), body["more"]), (size, at + 1 < len(sizes)), f"size and more of page {at} of {limit}")
            equal(body["cursor"], body["events"][-1]["cursor"], "the cursor, and that of the last event")
            cursor = body["cursor"]
            found += [event["message_id"] for event in body["events"]]
        equal(found, sent, f"all pages of {limit}")
        body = await poll(ben, cursor)
        equal((body["events"], body["more"]), ([], False), "behind the last page")


@case("a limit outside its range is clipped, and no refusal")
async def clipped(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    cursor = await head(ben)
    for number in range(3):
        await ann.write(room, f"{number}")
    for limit, expected in ((0, 1), (-5, 1), (10 ** 9, 3)):
        equal(len((await poll(ben, cursor, limit=limit))["events"]), expected, f"events with limit={limit}")
    answer = await ask(ben, cursor, limit="many")
    holds(answer.status in (400, 422), f"limit=many is {answer.status}")
    answer.refused(answer.status)


@case("wait: answered at once by what there is, by what comes, or at its end with a cursor and no events")
async def waiting(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    cursor = await head(ben)
    begin = time.monotonic()
    first, second = await asyncio.gather(poll(ben, cursor, wait=1), poll(ann, await head(ann), wait=1))
    seconds = time.monotonic() - begin
    holds(0.3 < seconds < 3, f"a wait of 1 s took {seconds:.2f} s")
    equal((first["events"], second["events"]), ([], []), "events at the end of the wait")
    cursor = first["cursor"]
    parked = asyncio.create_task(poll(ben, cursor, wait=20))
    sent = await ann.write(room, "came")
    begin = time.monotonic()
    equal([event["message_id"] for event in (await parked)["events"]], [sent["id"]], "the event that came")
    equal([event["message_id"] for event in (await poll(ben, cursor, wait=20))["events"]], [sent["id"]], "what is there already")
    equal((await poll(ben, cursor, wait=20, limit=1))["more"], False, "more")
    holds(time.monotonic() - begin < 5, "what was there already was waited for")
    answer = await ask(ben, cursor, wait="long")
    holds(answer.status in (400, 422), f"wait=long is {answer.status}")
    equal(len((await poll(ben, cursor, wait=10 ** 6))["events"]), 1, "events with a wait beyond its range")


@case("a parked poll is woken by what is new to its user: a conversation, a mark, a removal; not by typing")
async def woken(t):
    ann, ben = await t.people("ann", "ben")
    cursor = await head(ben)

    async def wakes(cursor, act, expected):
        parked = asyncio.create_task(poll(ben, cursor, wait=20))
        found = await act()
        body = await parked
        types = [event["type"] for event in body["events"]]
        equal(types[:1], [expected], "what woke it")
        return found, body

    room, body = await wakes(cursor, lambda: ann.room(ben), "conversation")
    sent, body = await wakes(body["cursor"], lambda: ann.write(room, "x"), "message")
    _, body = await wakes(body["cursor"], lambda: ben.post(f"{ROOMS}/{room}/read", {"seq": sent["seq"]}), "read")
    equal(body["events"][0]["user_id"], ben.id, "whose mark it is")

    async def type_and_write():
        (await ann.post(f"{ROOMS}/{room}/typing")).ok(204)
        line = await ann.v2(room)
        await line.next("hello")
        await line.acked({"type": "typing", "conversation_id": room, "on": True})
        await line.acked({"type": "message", "conversation_id": room, "content": "typed"})

    _, body = await wakes(body["cursor"], type_and_write, "message")
    everything, cursor = await polled(ben, body["cursor"])
    holds(not {"typing", "presence"} & {event["type"] for event in body["events"] + everything}, "an ephemeral event in an answer")
    _, body = await wakes(cursor, lambda: ann.delete(f"{ROOMS}/{room}/members/{ben.id}"), "member")
    event, = body["events"]
    equal((event["action"], event["user_id"]), ("removed", ben.id), "ben's own removal")
    await ann.write(room, "without ben")
    equal((await poll(ben, body["cursor"]))["events"], [], "what follows it")


@case("a filter shows its conversations alone, and its cursor passes over the others")
async def filtered(t):
    ann, ben = await t.people("ann", "ben")
    rooms = [await ann.room(ben) for _ in range(4)]
    start = await head(ben)
    for number in range(10):
        for room in rooms:
            await ann.write(room, f"{number}")
    events, cursor = await polled(ben, start, conversations=f"{rooms[0]},{rooms[2]}", limit=3)
    expected = [(room, f"{number}") for number in range(10) for room in (rooms[0], rooms[2])]
    equal([(event["conversation_id"], event["content"]) for event in events], expected, "what is shown")
    await ann.write(rooms[1], "passed over")
    body = await poll(ben, cursor, conversations=rooms[0])
    equal(body["events"], [], "events of others")
    equal((await poll(ben, body["cursor"]))["events"], [], "what is left behind the cursor that passed over")
    shown = (await poll(ben, conversations=rooms[3]))["snapshot"]["conversations"]
    equal([found["id"] for found in shown], [rooms[3]], "a snapshot with a filter")
    parked = asyncio.create_task(poll(ben, body["cursor"], wait=20, conversations=rooms[2]))
    await ann.write(rooms[1], "not for it")
    await ann.write(rooms[2], "for it")
    equal([event["content"] for event in (await parked)["events"]], ["for it"], "what woke a poll with a filter")


@case("a filter that names a conversation one was never in is refused; one that one has left is not")
async def foreign_filter(t):
    ann, ben = await t.people("ann", "ben")
    room, foreign = await ann.room(ben), await ann.room()
    cursor = await head(ben)
    for wrong, code in ((foreign, "not_a_member"), (f"{room},{foreign}", "not_a_member"), ("nothing", "unknown_conversation")):
        for answer in (await ask(ben, cursor, conversations=wrong), await ask(ben, conversations=wrong)):
            answer.refused({"not_a_member": 403, "unknown_conversation": 404}[code], code)
    await ann.write(room, "with ben")
    (await ben.delete(f"{ROOMS}/{room}/members/me")).ok(204)
    await ann.write(room, "without ben")
    events, _ = await polled(ben, cursor, conversations=room)
    equal([event["type"] for event in events], ["message", "member"], "what ben is shown of where he was")


@case("who waits in a poll is a reader like any other: many at once, while others write, miss nothing")
async def many(t):
    ann, ben, cid = await t.people("ann", "ben", "cid")
    room = await ann.room(ben, cid)
    readers = [(person, await head(person)) for person in (ben, cid) for _ in range(5)]
    first = (await ann.get(f"{ROOMS}/{room}")).ok()["last_seq"] + 1

    async def read(person, cursor):
        seen = []
        while not seen or seen[-1] < first + 199:
            body = await poll(person, cursor, wait=20)
            seen += [event["seq"] for event in body["events"] if "seq" in event]
            cursor = body["cursor"]
        return seen

    async def write(name):
        for number in range(50):
            await ann.write(room, f"{name} {number}")

    *found, _, _, _, _ = await asyncio.gather(*(read(*reader) for reader in readers), *(write(name) for name in "wxyz"))
    for seen in found:
        tiles(seen, first, first + 199, "seq of one reader")


@case("who waits in a poll is online to the others, and sees no presence itself")
async def present(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    line = await ann.v2(room)
    await line.next("hello")
    await line.acked({"type": "subscribe", "conversation_id": room})
    parked = asyncio.create_task(poll(ben, await head(ben), wait=20))
    came = await line.next("presence", user_id=ben.id)
    equal((came["status"], came["username"]), ("online", ben.name), "what is said of ben")
    sent = await ann.write(room, "are you there?")
    equal([event.get("message_id") for event in (await parked)["events"]], [sent["id"]], "what ben gets")


@case("polls take the token in the header, the query or a ticket; without, or with a bad one, 401")
async def who(t):
    ann, = await t.people("ann")
    path = "/api/chat/events?wait=0"
    body_of(await t.call("GET", path, headers={"Authorization": f"Bearer {ann.token}"}))
    body_of(await t.call("GET", f"{path}&token={ann.token}"))
    ticket = await ann.ticket()
    body_of(await t.call("GET", f"{path}&ticket={ticket}"))
    (await t.call("GET", f"{path}&ticket={ticket}")).refused(401, "token_invalid")
    (await t.call("GET", path)).refused(401, "token_invalid")
    (await t.call("GET", path + "&token=x.y.z")).refused(401, "token_invalid")
    ended = t.token(ann.id, seconds=-60)
    (await t.call("GET", path, headers={"Authorization": f"Bearer {ended}"})).refused(401, "token_expired")
    (await t.call("POST", path, body={}, headers={"Authorization": f"Bearer {ann.token}"})).refused(405)


@case("a poll goes on over a restart with its cursor, and one that waits is let go when the server ends")
async def restart(t):
    server = await t.own()
    ann, ben = await t.people("ann", "ben", server=server)
    room = await ann.room(ben)
    cursor = await head(ben)
    await ann.write(room, "before")
    behind = (await poll(ben, cursor))["cursor"]
    parked = asyncio.create_task(ask(ben, behind, wait=30))
    # Ann's own poll is answered behind ben's, so that is being waited on.
    await poll(ann, await head(ann))
    status, seconds = await server.stop()
    holds(status == 0 and seconds < 5, f"it ended with {status} after {seconds:.1f} s")
    answer = await parked
    if answer.status == 503:
        answer.refused(503, "draining")
    else:
        equal(body_of(answer)["events"], [], "what a poll brings that the end let go")
    await server.start()
    await ann.write(room, "after")
    equal([event["content"] for event in (await poll(ben, behind))["events"]], ["after"], "behind the cursor")
    events, _ = await polled(ben, cursor)
    equal([event["content"] for event in events if event["type"] == "message"], ["before", "after"], "behind the first cursor")
