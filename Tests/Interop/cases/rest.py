"""The REST routes of docs/protocol.md sections 2 and 4."""

import asyncio

from support.checks import equal, fields, holds, is_timestamp, tiles
from support.runner import case

CONVERSATION = [
    "id", "name", "description", "is_group", "created_at", "updated_at", "participants", "last_seq", "unread_count",
    "last_message",
]
MESSAGE = [
    "id", "conversation_id", "sender_id", "sender_username", "content", "is_edited", "is_deleted", "created_at",
    "updated_at", "seq", "client_id", "reply_to", "reactions",
]
ROOMS = "/api/chat/conversations"


# Conversations

@case("making a conversation answers 201 with all of it; the caller is its owner")
async def create(t):
    ann, ben = await t.people("ann", "ben")
    body = {"name": "Team Chat", "description": "About us", "is_group": True, "participant_ids": [ben.id, ann.id, ben.id]}
    made = (await ann.post(ROOMS, body)).ok(201)
    fields(made, CONVERSATION)
    equal((made["name"], made["description"], made["is_group"]), ("Team Chat", "About us", True), "the details")
    equal({person["id"]: person["role"] for person in made["participants"]}, {ann.id: "owner", ben.id: "member"}, "roles")
    equal(len(made["participants"]), 2, "participants")
    for person in made["participants"]:
        fields(person, ["id", "username", "role"])
    equal((made["last_seq"], made["unread_count"], made["last_message"]), (1, 0, None), "the rest")
    is_timestamp(made["created_at"])
    is_timestamp(made["updated_at"])
    equal((await ben.get(f"{ROOMS}/{made['id']}")).ok()["participants"], made["participants"], "participants for ben")


@case("what the seed's own example sends makes a conversation")
async def seed_example(t):
    ann, ben, cid = await t.people("ann", "ben", "cid")
    made = (await ann.post(ROOMS, {"name": "Team Chat", "is_group": True, "participant_ids": [ben.id, cid.id]})).ok(201)
    equal(made["description"], None, "description")
    line = await ben.enter(made["id"])
    await line.say("Hello everyone!")
    equal((await line.next("message"))["content"], "Hello everyone!", "content")


@case("two people have one conversation: 201, then 200 from either side")
async def pair(t):
    ann, ben, cid = await t.people("ann", "ben", "cid")
    made = (await ann.post(ROOMS, {"is_group": False, "participant_ids": [ben.id]})).ok(201)
    again = (await ann.post(ROOMS, {"is_group": False, "participant_ids": [ben.id]})).ok(200)
    mirrored = (await ben.post(ROOMS, {"is_group": False, "participant_ids": [ann.id]})).ok(200)
    equal({again["id"], mirrored["id"]}, {made["id"]}, "conversations")
    other = (await ann.post(ROOMS, {"is_group": False, "participant_ids": [cid.id]})).ok(201)
    group = (await ann.post(ROOMS, {"name": "g", "is_group": True, "participant_ids": [ben.id]})).ok(201)
    equal(len({made["id"], other["id"], group["id"]}), 3, "conversations")


@case("two who ask at once get one conversation")
async def pair_at_once(t):
    ann, ben = await t.people("ann", "ben")
    answers = await asyncio.gather(*(
        one.post(ROOMS, {"is_group": False, "participant_ids": [other.id]})
        for one, other in [(ann, ben), (ben, ann)] * 5))
    equal(sorted(answer.status for answer in answers), [200] * 9 + [201], "statuses")
    equal(len({answer.json["id"] for answer in answers}), 1, "conversations")


@case("a conversation that cannot be made is refused, field by field")
async def bad_create(t):
    ann, = await t.people("ann")
    for body, status, code in (
        ({"name": "x"}, 422, "missing_field"), ({"participant_ids": "x"}, 422, "invalid_field"),
        ({"participant_ids": [1]}, 422, "invalid_field"), ({"participant_ids": [""]}, 422, "invalid_field"),
        ({"participant_ids": [], "name": 5}, 422, "invalid_field"),
        ({"participant_ids": [], "name": "n" * 10_000}, 422, "invalid_field"),
        ({"participant_ids": [], "is_group": "yes"}, 422, "invalid_field"),
        ({"participant_ids": ["nobody"]}, 404, "unknown_user"),
    ):
        (await ann.post(ROOMS, body)).refused(status, code)
    equal((await ann.get(ROOMS)).ok(), [], "conversations")


@case("one's conversations come newest activity first, page by page to the end")
async def listing(t):
    ann, ben = await t.people("ann", "ben")
    rooms = [await ann.room(ben, name=f"{number}") for number in range(12)]
    await ben.room(name="not ann's")
    await ann.write(rooms[3], "up")
    await ben.write(rooms[7], "further up")
    expected = [rooms[7], rooms[3]] + [room for room in reversed(rooms) if room not in (rooms[7], rooms[3])]
    answer = await ann.get(ROOMS)
    equal([room["id"] for room in answer.ok()], expected, "the order")
    equal(answer.next, None, "Link of the only page")
    seen, path, pages = [], ROOMS + "?limit=5", 0
    while path:
        answer = await ann.get(path)
        seen += [room["id"] for room in answer.ok()]
        path = answer.next
        pages += 1
    equal((seen, pages), (expected, 3), "all pages, and how many")
    for room in answer.json:
        fields(room, CONVERSATION)
    for bad in ("0", "201", "-1", "x", ""):
        (await ann.get(ROOMS, limit=bad)).refused(422, "invalid_field")


@case("one conversation: for members; 404 when there is none, 403 for others")
async def show(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room()
    fields((await ann.get(f"{ROOMS}/{room}")).ok(), CONVERSATION)
    (await ann.get(f"{ROOMS}/nothing")).refused(404, "unknown_conversation")
    (await ben.get(f"{ROOMS}/{room}")).refused(403, "not_a_member")
    (await ben.get(f"{ROOMS}/{room}/messages")).refused(403, "not_a_member")
    (await ben.post(f"{ROOMS}/{room}/messages", {"content": "x"})).refused(403, "not_a_member")
    (await ben.post(f"{ROOMS}/{room}/typing")).refused(403, "not_a_member")
    (await ben.post(f"{ROOMS}/{room}/read", {"seq": 1})).refused(403, "not_a_member")
    (await ann.post(f"{ROOMS}/nothing/messages", {"content": "x"})).refused(404, "unknown_conversation")


@case("details are changed by whoever may, and last_message and last_seq follow what happens")
async def details(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben, name="Old", description="Stays")
    changed = (await ann.patch(f"{ROOMS}/{room}", {"name": "New"})).ok()
    equal((changed["name"], changed["description"]), ("New", "Stays"), "the details")
    (await ben.patch(f"{ROOMS}/{room}", {"name": "Ben's"})).refused(403, "forbidden")
    sent = await ben.write(room, "newest")
    found = (await ann.get(f"{ROOMS}/{room}")).ok()
    equal(found["last_message"], sent, "last_message")
    equal(found["last_seq"], sent["seq"], "last_seq")
    holds(found["updated_at"] >= sent["created_at"], "updated_at is of the last activity")


# Messages

@case("a message has its fields in order")
async def message_shape(t):
    ann, = await t.people("ann")
    room = await ann.room()
    first = await ann.write(room, "one")
    fields(first, MESSAGE)
    equal((first["is_edited"], first["is_deleted"], first["client_id"], first["reply_to"], first["reactions"]),
          (False, False, None, None, []), "what is empty")
    equal((first["sender_id"], first["sender_username"], first["conversation_id"]), (ann.id, ann.name, room), "whose")
    is_timestamp(first["created_at"])
    is_timestamp(first["updated_at"])
    second = await ann.write(room, "two", reply_to=first["id"], client_id="c")
    equal((second["reply_to"], second["client_id"]), (first["id"], "c"), "reply_to and client_id")
    equal(await ann.messages(room), [first, second], "the history")


@case("the newest page is the default: 50, ascending; Link leads to the beginning")
async def newest(t):
    ann, = await t.people("ann")
    room = await ann.room()
    line = await ann.enter(room)
    for number in range(130):
        await line.say(f"{number}")
    last = (await line.next("message", content="129"))["seq"]
    page = await ann.get(f"{ROOMS}/{room}/messages")
    tiles([message["seq"] for message in page.ok()], last - 49, last, "seq of the newest page")
    seen, path, pages = [], f"{ROOMS}/{room}/messages?limit=50", 0
    while path:
        page = await ann.get(path)
        seen = [message["content"] for message in page.ok()] + seen
        path = page.next
        pages += 1
    equal(seen, [f"{number}" for number in range(130)], "all pages, the newest first")
    equal(pages, 3, "pages")


@case("before_seq, after_seq, offset and limit cut the page out")
async def windows(t):
    ann, = await t.people("ann")
    room = await ann.room()
    sent = [(await ann.write(room, f"{number}"))["seq"] for number in range(30)]
    path = f"{ROOMS}/{room}/messages"

    async def page(**query):
        return [message["seq"] for message in (await ann.get(path, **query)).ok()]

    equal(await page(limit=5), sent[25:], "limit")
    equal(await page(limit=1), sent[29:], "limit 1")
    equal(await page(limit=200), sent, "limit 200")
    equal(await page(before_seq=sent[20], limit=4), sent[16:20], "before_seq")
    equal(await page(before_seq=sent[0]), [], "before the first")
    equal(await page(after_seq=sent[9], limit=4), sent[10:14], "after_seq")
    equal(await page(after_seq=0), sent, "after 0")
    equal(await page(after_seq=sent[29]), [], "after the last")
    equal(await page(after_seq=10 ** 15), [], "far after the last")
    equal(await page(offset=10, limit=5), sent[15:20], "offset")
    equal(await page(offset=1000), [], "offset past the beginning")
    for query in ({"limit": 0}, {"limit": 201}, {"limit": "x"}, {"limit": -5}, {"before_seq": "x"}, {"after_seq": -1},
                  {"offset": -1}, {"offset": "1e3"}, {"after_seq": 2 ** 64}):
        (await ann.get(path, **query)).refused(422, "invalid_field")


@case("Link with after_seq leads to the end, also while others write")
async def link_forwards(t):
    ann, = await t.people("ann")
    room = await ann.room()
    for number in range(25):
        await ann.write(room, f"{number}")
    seen, path, pages = [], f"{ROOMS}/{room}/messages?after_seq=0&limit=10", 0
    while path:
        page = await ann.get(path)
        seen += [message["content"] for message in page.ok()]
        path = page.next
        pages += 1
        if pages < 4:
            await ann.write(room, f"late {pages}")
    equal(seen, [f"{number}" for number in range(25)] + ["late 1", "late 2"], "all pages")
    equal((await ann.get(f"{ROOMS}/{room}/messages", after_seq=0, limit=28)).next, None, "Link when just all are there")


@case("paging skips what is no message, and shows no hole")
async def other_entries(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room()
    ids = []
    for number in range(8):
        sent = await ann.write(room, f"{number}")
        ids.append(sent["id"])
        (await ann.put(f"/api/chat/messages/{sent['id']}/reactions/x")).ok()
        (await ann.post(f"{ROOMS}/{room}/members", {"user_id": ben.id})).ok(201)
        (await ann.delete(f"{ROOMS}/{room}/members/{ben.id}")).ok(204)
    equal([message["id"] for message in await ann.messages(room, limit=3)], ids, "forwards")
    seen, path = [], f"{ROOMS}/{room}/messages?limit=3"
    while path:
        page = await ann.get(path)
        seen = [message["id"] for message in page.ok()] + seen
        path = page.next
    equal(seen, ids, "backwards")


@case("a sender edits and deletes its own; an erased message is 404 unknown_message")
async def edit_delete(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    sent = await ben.write(room, "one", client_id="c")
    path = f"/api/chat/messages/{sent['id']}"
    edited = (await ben.patch(path, {"content": "two"})).ok()
    equal((edited["id"], edited["content"], edited["is_edited"], edited["seq"]), (sent["id"], "two", True, sent["seq"]),
          "the edited message, in its place")
    holds(edited["updated_at"] > sent["updated_at"] and edited["created_at"] == sent["created_at"], "the two timestamps")
    (await ann.patch(path, {"content": "three"})).refused(403, "forbidden")
    (await ben.patch(path, {"content": " "})).refused(422, "message_empty")
    (await ben.patch(path, {"content": "x" * 65_537})).refused(413, "message_too_large")
    (await ben.patch(path, {})).refused(422, "missing_field")
    equal((await ben.delete(path)).status, 204, "status of the deletion")
    (await ben.patch(path, {"content": "four"})).refused(404, "unknown_message")
    (await ben.delete(path)).refused(404, "unknown_message")
    (await ben.put(path + "/reactions/x")).refused(404, "unknown_message")
    shell, = await ann.messages(room)
    equal((shell["id"], shell["content"], shell["is_deleted"], shell["seq"]), (sent["id"], "", True, sent["seq"]),
          "the numbered shell")
    (await ben.patch("/api/chat/messages/nothing", {"content": "x"})).refused(404, "unknown_message")
    (await ben.delete("/api/chat/messages/nothing")).refused(404, "unknown_message")


@case("to somebody who is no member, a message is as if it were not there, or forbidden")
async def foreign_message(t):
    ann, ben = await t.people("ann", "ben")
    sent = await ann.write(await ann.room(), "secret")
    path = f"/api/chat/messages/{sent['id']}"
    for answer in (await ben.patch(path, {"content": "x"}), await ben.delete(path), await ben.put(path + "/reactions/x")):
        holds(answer.status in (403, 404), f"{answer.what} is {answer.status}")
        holds("secret" not in answer.text, "the refusal has the content")


@case("reactions come and go, are counted once for each user, and repeats change nothing")
async def reactions(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    sent = await ann.write(room, "one")
    path = f"/api/chat/messages/{sent['id']}/reactions/"
    thumb = "%F0%9F%91%8D"
    (await ann.put(path + thumb)).ok()
    (await ben.put(path + thumb)).ok()
    twice = (await ben.put(path + thumb)).ok()
    equal([reaction["key"] for reaction in twice["reactions"]], ["👍"], "keys")
    equal((twice["reactions"][0]["count"], sorted(twice["reactions"][0]["user_ids"])), (2, sorted([ann.id, ben.id])), "who")
    (await ben.delete(path + thumb)).ok()
    once = (await ben.delete(path + thumb)).ok()
    equal(once["reactions"][0]["user_ids"], [ann.id], "who is left")
    (await ann.put(path + "heart")).ok()
    equal({reaction["key"] for reaction in (await ann.messages(room))[0]["reactions"]}, {"👍", "heart"}, "in the history")
    equal((await ann.get(f"{ROOMS}/{room}")).ok()["last_seq"], sent["seq"] + 4, "last_seq: four changes, two repeats")
    (await ann.put(path + "x" * 65)).refused(422, "invalid_field")
    (await ann.put("/api/chat/messages/nothing/reactions/x")).refused(404, "unknown_message")


# Marks

@case("typing over HTTP reaches every connection")
async def typing(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    line = await ann.enter(room)
    equal((await ben.post(f"{ROOMS}/{room}/typing")).status, 204, "status")
    equal((await line.next("typing"))["sender_id"], ben.id, "sender_id")


@case("unread_count counts others' undeleted messages past the mark, which only moves forward")
async def unread(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)

    async def count(person):
        return (await person.get(f"{ROOMS}/{room}")).ok()["unread_count"]

    async def read(person, seq):
        equal((await person.post(f"{ROOMS}/{room}/read", {"seq": seq})).status, 204, "status of read")

    sent = [await ann.write(room, f"{number}") for number in range(5)]
    equal((await count(ann), await count(ben)), (0, 5), "unread of ann, who wrote them, and ben")
    await read(ben, sent[1]["seq"])
    equal(await count(ben), 3, "unread after two")
    await read(ben, sent[0]["seq"])
    equal(await count(ben), 3, "unread after a mark that goes back")
    (await ann.delete(f"/api/chat/messages/{sent[3]['id']}")).ok(204)
    equal(await count(ben), 2, "unread after one was deleted")
    (await ann.put(f"/api/chat/messages/{sent[4]['id']}/reactions/x")).ok()
    (await ann.patch(f"/api/chat/messages/{sent[4]['id']}", {"content": "edited"})).ok()
    equal(await count(ben), 2, "unread after a reaction and an edit")
    mine = await ben.write(room, "mine")
    equal((await count(ben), await count(ann)), (0, 1), "unread after ben wrote: it moves his own mark")
    await read(ann, 10 ** 12)
    equal(await count(ann), 0, "unread after a mark beyond the head")
    await ben.write(room, "after that")
    equal(await count(ann), 1, "a mark beyond the head does not read what is not yet there")
    equal((await ann.get(f"{ROOMS}/{room}")).ok()["last_seq"], mine["seq"] + 1, "last_seq: marks have no number")
    for body, code in (({}, "missing_field"), ({"seq": -1}, "invalid_field"), ({"seq": "1"}, "invalid_field"),
                       ({"seq": 1.5}, "invalid_field")):
        (await ann.post(f"{ROOMS}/{room}/read", body)).refused(422, code)


# Around them

@case("users are found by the beginning of their name")
async def find(t):
    ann, = await t.people("ann")
    found = (await ann.get("/api/chat/users", username=ann.name[:-1])).ok()
    equal([(person["id"], person["username"]) for person in found], [(ann.id, ann.name)], "who was found")
    holds("email" not in found[0], "others see no address")
    equal((await ann.get("/api/chat/users", username="nobody is called so")).ok(), [], "nobody")
    (await t.call("GET", "/api/chat/users?username=a")).refused(401, "token_invalid")


@case("health, readiness, metrics and info are there")
async def operation(t):
    equal((await t.call("GET", "/healthz")).status, 200, "healthz")
    equal((await t.call("GET", "/readyz")).status, 200, "readyz")
    metrics = await t.call("GET", "/metrics")
    equal(metrics.status, 200, "metrics")
    holds("chat_entries_committed_total" in metrics.text, "metrics has the entries committed")
    info = (await t.call("GET", "/api/chat/info")).ok()
    equal(info["store"]["durability"], "synced", "durability in info")
    equal({transport["type"] for transport in info["transports"]} >= {"rest", "websocket"}, True, "transports in info")
