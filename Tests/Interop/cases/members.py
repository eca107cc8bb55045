"""Members and what their roles allow (docs/protocol.md section 4)."""

import asyncio

from support.checks import equal, holds, tiles
from support.runner import case

ROOMS = "/api/chat/conversations"
ROLES = ("owner", "admin", "member", "reader")


async def cast(t):
    """A room with one of each role, and an ordinary member besides."""
    owner, admin, member, reader, other = await t.people("owner", "admin", "member", "reader", "other")
    room = await owner.room(other)
    for person, role in ((admin, "admin"), (member, "member"), (reader, "reader")):
        added = (await owner.post(f"{ROOMS}/{room}/members", {"user_id": person.id, "role": role})).ok(201)
        equal((added["id"], added["username"], added["role"]), (person.id, person.name, role), "who was added")
    return room, dict(zip(ROLES, (owner, admin, member, reader))), other


def check(answer, allowed, what):
    if allowed:
        holds(answer.status in (200, 201, 204), f"{what} was refused: {answer.status} {answer.text}")
    else:
        answer.refused(403, "forbidden")


@case("what each role may: write, delete others' messages, rename, add and remove members")
async def table(t):
    #           owner  admin  member reader
    rows = {
        "write": (True, True, True, False),
        "delete": (True, True, False, False),
        "edit another's": (False, False, False, False),
        "rename": (True, True, False, False),
        "add": (True, True, False, False),
        "remove": (True, True, False, False),
        "make an admin": (True, False, False, False),
        "remove an admin": (True, False, False, False),
    }
    room, people, other = await cast(t)
    owner = people["owner"]
    members = f"{ROOMS}/{room}/members"
    for what, row in rows.items():
        for role, allowed in zip(ROLES, row):
            person = people[role]
            name = f"{role}: {what}"
            if what == "write":
                check(await person.post(f"{ROOMS}/{room}/messages", {"content": name}), allowed, name)
            elif what == "delete":
                sent = await other.write(room, "x")
                check(await person.delete(f"/api/chat/messages/{sent['id']}"), allowed, name)
            elif what == "edit another's":
                sent = await other.write(room, "x")
                check(await person.patch(f"/api/chat/messages/{sent['id']}", {"content": "y"}), allowed, name)
            elif what == "rename":
                check(await person.patch(f"{ROOMS}/{room}", {"name": name}), allowed, name)
            elif what == "make an admin":
                check(await person.post(members, {"user_id": other.id, "role": "admin"}), allowed, name)
                (await owner.post(members, {"user_id": other.id, "role": "member"})).ok()
            else:
                guest = await t.person("guest")
                if what == "add":
                    check(await person.post(members, {"user_id": guest.id}), allowed, name)
                else:
                    role = "admin" if "admin" in what else "member"
                    (await owner.post(members, {"user_id": guest.id, "role": role})).ok(201)
                    check(await person.delete(f"{members}/{guest.id}"), allowed, name)


@case("a reader gets everything and may write nothing, on either way")
async def reader(t):
    room, people, other = await cast(t)
    line = await people["reader"].enter(room)
    await other.write(room, "for all")
    equal((await line.next("message"))["content"], "for all", "what the reader gets")
    error = await line.ask({"type": "message", "content": "mine"})
    equal((error.get("code"), error.get("status")), ("forbidden", 403), "the answer to a message")
    await line.refused({"type": "message", "content": "mine"}, "forbidden", 403)
    (await people["reader"].post(f"{ROOMS}/{room}/messages", {"content": "x"})).refused(403, "forbidden")
    equal((await people["reader"].post(f"{ROOMS}/{room}/read", {"seq": 1})).status, 204, "status of reading")
    equal(len(await people["reader"].messages(room)), 1, "messages")


@case("a role changes while connected, from the next frame on")
async def changing(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    line = await ben.enter(room)
    mine = await line.acked({"type": "message", "content": "one"})
    (await ann.post(f"{ROOMS}/{room}/members", {"user_id": ben.id, "role": "reader"})).ok(200)
    equal((await line.ask({"type": "message", "content": "two"}))["code"], "forbidden", "code as a reader")
    holds((await line.ask({"type": "edit", "message_id": mine["message_id"], "content": "x"}))["type"] == "error",
          "a reader edited")
    (await ann.post(f"{ROOMS}/{room}/members", {"user_id": ben.id, "role": "admin"})).ok(200)
    await line.acked({"type": "message", "content": "three"}, id=3)
    equal({person["id"]: person["role"] for person in (await ann.get(f"{ROOMS}/{room}")).ok()["participants"]},
          {ann.id: "owner", ben.id: "admin"}, "roles")
    again = await ann.post(f"{ROOMS}/{room}/members", {"user_id": ben.id, "role": "admin"})
    holds(again.status == 200, "the same once more")


@case("somebody who is added may come in at once and sees what follows")
async def adding(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room()
    await ann.write(room, "before")
    (await ann.post(f"{ROOMS}/{room}/members", {"user_id": ben.id})).ok(201)
    line = await ben.enter(room)
    await ann.write(room, "after")
    equal((await line.next("message"))["content"], "after", "content")
    equal([room["id"] for room in (await ben.get(ROOMS)).ok()], [room], "ben's conversations")


@case("a removal closes the live connections with 1008, and nothing after it gets through", via=("websockets", "aiohttp"))
async def removal(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    line, victim, second = await ann.enter(room), await ben.enter(room), await ben.open(room)
    first = (await line.acked({"type": "message", "content": "first"}))["seq"]

    async def send():
        for number in range(600):
            await line.say(f"{number}", id=number)
            if number % 20 == 0:
                await line.next("ack", id=number)

    sending = asyncio.create_task(send())
    await victim.next("message", content="200")
    equal((await ann.delete(f"{ROOMS}/{room}/members/{ben.id}")).status, 204, "status")
    for gone in (victim, second):
        equal((await gone.ending())[0], 1008, "close code")
    await sending
    await line.next("message", content="599")
    end, = [event["seq"] for event in await ann.history(room) if event["type"] == "member"]
    for gone in (victim, second):
        seen = [frame["seq"] for frame in gone.heard("message") if frame["seq"] >= first]
        tiles(seen, seen[0], end - 1, "seq up to the removal, and not one more")
    left = await line.next("system", event="left", user_id=ben.id) if not line.heard("system", event="left") \
        else line.heard("system", event="left")[0]
    equal(left["active_users"], [ann.id], "active_users")
    (await ben.get(f"{ROOMS}/{room}/messages")).refused(403, "not_a_member")
    equal((await ben.get(ROOMS)).ok(), [], "ben's conversations")


@case("a removal acts on those who still write too: what they send then is not stored")
async def removed_writer(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    victim = await ben.enter(room)
    await asyncio.gather(*(victim.say(f"{number}", id=number) for number in range(100)))
    await victim.next("ack", id=0)
    (await ann.delete(f"{ROOMS}/{room}/members/{ben.id}")).ok(204)
    await victim.ending()
    events = await ann.history(room)
    end, = [event["seq"] for event in events if event["type"] == "member"]
    stored = {event["message_id"] for event in events if event["type"] == "message"}
    holds(all(event["seq"] < end for event in events if event["type"] == "message"), "a message after the removal")
    holds({ack["message_id"] for ack in victim.heard("ack")} <= stored, "an acknowledged message is not stored")


@case("one leaves by oneself as `me`, and the live connection ends")
async def leaving(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    line, watcher = await ben.enter(room), await ann.enter(room)
    equal((await ben.delete(f"{ROOMS}/{room}/members/me")).status, 204, "status")
    equal((await line.ending())[0], 1008, "close code")
    equal((await watcher.next("system", event="left"))["user_id"], ben.id, "who has left")
    (await ben.get(f"{ROOMS}/{room}")).refused(403, "not_a_member")
    (await ben.delete(f"{ROOMS}/{room}/members/me")).refused(403, "not_a_member")
    equal([person["id"] for person in (await ann.get(f"{ROOMS}/{room}")).ok()["participants"]], [ann.id], "who is left")
    (await ann.delete(f"{ROOMS}/{room}/members/{ben.id}")).refused(404, "unknown_user")


@case("the last owner stays as long as there are others")
async def last_owner(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    (await ann.delete(f"{ROOMS}/{room}/members/me")).refused(409, "conflict")
    (await ann.post(f"{ROOMS}/{room}/members", {"user_id": ann.id, "role": "member"})).refused(409, "conflict")
    (await ann.post(f"{ROOMS}/{room}/members", {"user_id": ben.id, "role": "owner"})).ok(200)
    equal((await ann.delete(f"{ROOMS}/{room}/members/me")).status, 204, "status once there is another")
