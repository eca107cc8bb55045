"""Those who make it happen: senders who repeat until they are acknowledged, and an owner who lets people in and out."""

import asyncio
import collections
import json
from urllib.parse import quote

import aiohttp

from support.checks import Failed
from wire import Broken, Wire
# A page of the store and a reader's queue hold few of these.
LONG = "long " * 6000

WINDOW = 16
# How many positions half of the travellers may be behind before senders wait for them.
LAG = 50
# Between them all that makes escaping and the encoding of text matter.
TEXTS = ("plain", "naïve \"quotes\" and \\ backslashes", "line\nbreak\ttab", "日本語 and 👩‍🚀", "x" * 700, "id: 7\n\ndata: no")


class Post:
    """One message of a sender, the same however often it is sent."""

    def __init__(self, room, key, content):
        self.room = room
        self.key = key
        self.content = content
        self.tries = 0
        # seq, pos and message_id, once it is acknowledged.
        self.ack = None
        self.isRefused = False

    @property
    def isOpen(self):
        return self.ack is None and not self.isRefused


class Crowd:
    """What all of them know together."""

    def __init__(self, target, dice, counts):
        self.target = target
        self.dice = dice
        self.counts = counts
        self.begun = 0
        self.head = 0
        self.travellers = []
        # Who may be where, by user: as the owner knows it, which may be late.
        self.rooms = collections.defaultdict(set)
        self.posts = []

    async def keep_pace(self):
        """Senders wait for the half of the travellers, so that most of what is read is news and not history."""
        while sorted(self.head - one.pos for one in self.travellers)[len(self.travellers) // 2] > LAG:
            await asyncio.sleep(0.02)


class Sender:
    def __init__(self, person, name, crowd, dice):
        self.person = person
        self.name = name
        self.crowd = crowd
        self.dice = dice
        self.count = 0
        self.open = []
        self.own = collections.deque(maxlen=50)

    def next(self):
        """The next message, or None when there is nothing more to say."""
        rooms = sorted(self.crowd.rooms[self.person.id])
        if not rooms or self.crowd.begun >= self.crowd.target:
            return None
        self.crowd.begun += 1
        self.count += 1
        text = LONG if self.dice.random() < 0.01 else self.dice.choice(TEXTS)
        post = Post(self.dice.choice(rooms), f"{self.name}-{self.count}", f"{self.name} {self.count} {text}")
        self.crowd.posts.append((self, post))
        self.open.append(post)
        return post

    async def run(self):
        """Sends on one transport and then on the other, until all has been said and acknowledged."""
        while self.open or self.crowd.begun < self.crowd.target:
            await self.crowd.keep_pace()
            way = self.dice.choice((self.over_rest, self.over_socket))
            wire = None
            try:
                wire = await Wire.open(self.person.server.port)
                async with asyncio.timeout(10):
                    await way(wire, self.dice.choice((1, 10, 100)))
            except TimeoutError:
                raise Failed(f"{self.name}: no answer within 10 s") from None
            except Broken:
                await asyncio.sleep(0.02)
            finally:
                if wire is not None:
                    wire.abort()
            self.open = [post for post in self.open if post.isOpen]
            if not self.crowd.rooms[self.person.id]:
                await asyncio.sleep(0.05)

    def again(self, count):
        """First what was never answered, then what is new."""
        for post in list(self.open):
            yield post
        for _ in range(count):
            if (post := self.next()) is None:
                return
            yield post

    def acknowledge(self, post, seq, pos, id):
        self.crowd.head = max(self.crowd.head, pos)
        if post.ack not in (None, (seq, pos, id)):
            raise Failed(f"{post.key} was acknowledged as {post.ack} and as {(seq, pos, id)}")
        self.crowd.counts["repeated sends"] += post.tries > 1
        post.ack = (seq, pos, id)
        self.own.append((post.room, id, seq))

    def refuse(self, post, code, answer=None):
        if code in ("draining", "overloaded", "store_unavailable"):
            raise Broken(code)
        if code != "not_a_member":
            raise Failed(f"{post.key} was refused: {code} {answer} {post.tries} {post.room}")
        self.crowd.counts["sends refused to who was removed"] += 1
        post.isRefused = True

    async def over_rest(self, wire, count):
        for post in self.again(count):
            post.tries += 1
            wire.ask("POST", f"/api/chat/conversations/{quote(post.room)}/messages", self.person.token,
                     {"content": post.content, "client_id": post.key})
            if self.dice.random() < 0.02:
                raise Broken("did not wait for the answer")
            status, body = await wire.answer()
            body = json.loads(body)
            if status in (200, 201):
                self.acknowledge(post, body["seq"], self.crowd.head, body["id"])
            else:
                self.refuse(post, body["code"], ("REST", status, body))
            if self.dice.random() < 0.05:
                await self.embellish(wire)

    async def embellish(self, wire):
        """An edit, a deletion, a reaction or a read mark. Who is told no for having been removed lets it be."""
        if not self.own:
            return
        room, id, seq = self.dice.choice(self.own)
        base = f"/api/chat/messages/{quote(id)}"
        method, target, body = self.dice.choice((
            ("PATCH", base, {"content": f"edited {self.dice.choice(TEXTS)}"}),
            ("DELETE", base, None),
            ("PUT", base + "/reactions/+1", None),
            ("DELETE", base + "/reactions/+1", None),
            ("POST", f"/api/chat/conversations/{quote(room)}/read", {"seq": seq}),
            ("POST", f"/api/chat/conversations/{quote(room)}/read", {"seq": seq}),
        ))
        wire.ask(method, target, self.person.token, body)
        status, answer = await wire.answer()
        if status not in (200, 201, 204, 403, 404, 409, 503):
            raise Failed(f"{method} {target} was answered {status} {answer}")

    async def over_socket(self, wire, count):
        if await wire.upgrade("/api/chat/ws", self.person.token) != 101:
            raise Broken("not let in")
        posts = self.again(count)
        waiting = {}
        breaks = self.dice.random() < 0.1
        isMore = True
        while isMore or waiting:
            while isMore and len(waiting) < WINDOW:
                if (post := next(posts, None)) is None:
                    isMore = False
                    break
                post.tries += 1
                waiting[post.key] = post
                wire.say(type="message", id=post.key, conversation_id=post.room, content=post.content, client_id=post.key)
                if self.dice.random() < 0.02 and self.own:
                    room, id, seq = self.dice.choice(self.own)
                    wire.say(**self.dice.choice((
                        {"type": "read", "conversation_id": room, "seq": seq, "id": "*"},
                        {"type": "edit", "message_id": id, "content": "edited over a socket", "id": "*"},
                        {"type": "react", "message_id": id, "key": "❤", "on": self.dice.random() < 0.7, "id": "*"},
                        {"type": "delete", "message_id": id, "id": "*"})))
            if not waiting:
                return
            if breaks and self.dice.random() < 0.05:
                raise Broken("left with answers on their way")
            answer = json.loads(await wire.text())
            post = waiting.pop(answer.get("id"), None)
            if post is None:
                if answer["type"] == "draining":
                    continue
                if answer["type"] == "error" and answer.get("id") is None:
                    raise Broken(answer["code"])
            elif answer["type"] == "ack":
                self.acknowledge(post, answer["seq"], answer["pos"], answer["message_id"])
            else:
                self.refuse(post, answer["code"], ("WS", answer))


class Owner:
    """Has made all rooms, stays in all, and lets the restless in and out; makes new rooms and gives them new names."""

    def __init__(self, person, crowd, dice, restless, more_rooms):
        self.person = person
        self.crowd = crowd
        self.dice = dice
        self.restless = restless
        self.more_rooms = more_rooms

    async def run(self, stop):
        while not stop.is_set():
            await asyncio.sleep(self.dice.uniform(0.005, 0.05))
            try:
                await self.act()
            except (OSError, aiohttp.ClientError):
                # What became of it is seen the next time.
                pass

    async def act(self):
        rooms = sorted(self.crowd.rooms[self.person.id])
        room, one = self.dice.choice(rooms), self.dice.choice(self.restless)
        members = f"/api/chat/conversations/{quote(room)}/members"
        chance = self.dice.random()
        if chance < 0.05 and self.more_rooms > 0:
            self.more_rooms -= 1
            answer = await self.person.post("/api/chat/conversations", {
                "name": f"Room {self.more_rooms}", "is_group": True, "participant_ids": [one.id]})
            if answer.status == 201:
                for member in (self.person, one):
                    self.crowd.rooms[member.id].add(answer.json["id"])
        elif chance < 0.1:
            await self.person.patch(f"/api/chat/conversations/{quote(room)}", {"name": f"Name {self.dice.random()}"})
        elif room not in self.crowd.rooms[one.id]:
            answer = await self.person.post(members, {"user_id": one.id})
            if answer.status < 300 or answer.status == 409:
                self.crowd.rooms[one.id].add(room)
                self.crowd.counts["came"] += 1
        else:
            leaves = self.dice.random() < 0.5
            answer = await (one.delete(members + "/me") if leaves else self.person.delete(f"{members}/{quote(one.id)}"))
            if answer.status < 300 or answer.status in (403, 404):
                self.crowd.rooms[one.id].discard(room)
                self.crowd.counts["left" if leaves else "were removed"] += 1
