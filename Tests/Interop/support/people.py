"""Users of a server, with what they can do over HTTP."""

import asyncio
import json
from urllib.parse import quote, urlencode

from .checks import Failed, equal, holds, parse
from .lines import CLIENTS, Line


class Answer:
    """What an HTTP request brought."""

    def __init__(self, what, status, headers, text):
        self.what = what
        self.status = status
        self.headers = headers
        self.text = text

    @property
    def json(self):
        return parse(self.text)

    def ok(self, status=200):
        """The body, if the status is this."""
        equal(self.status, status, f"status of {self.what} ({self.text[:300]})")
        return self.json if self.text else None

    def refused(self, status, code=None):
        """A refusal in the one form that all have."""
        equal(self.status, status, f"status of {self.what} ({self.text[:300]})")
        body = self.json
        equal(list(body), ["detail", "code"], f"fields of the refusal of {self.what}")
        holds(isinstance(body["detail"], str) and body["detail"], f"{self.what}: the detail is text")
        if code:
            equal(body["code"], code, f"code of {self.what}")
        if status == 401:
            holds("WWW-Authenticate" in self.headers, f"{self.what}: 401 without WWW-Authenticate")
        if status == 405:
            holds("Allow" in self.headers, f"{self.what}: 405 without Allow")
        if status == 429:
            holds(int(self.headers.get("Retry-After", "0")) >= 1, f"{self.what}: 429 without Retry-After")
        return body

    @property
    def next(self):
        """Where the next page is, as `Link` says; None when this was the last."""
        link = self.headers.get("Link")
        if link is None:
            return None
        holds(link.startswith("<") and link.endswith('>; rel="next"'), f"Link is {link!r}")
        return link[1:link.index(">")]


async def request(case, server, method, path, body=None, headers=None, data=None):
    """Any request at all. `body` is sent as JSON, `data` as it is."""
    headers = dict(headers or {})
    if body is not None:
        data = json.dumps(body).encode()
        headers.setdefault("Content-Type", "application/json")
    case.note(f"→ {method} {path} {data.decode(errors='replace')[:400] if data else ''}")
    async with case.session.request(method, server.url + path, data=data, headers=headers, ssl=server.tls or True) as found:
        answer = Answer(f"{method} {path}", found.status, found.headers, await found.text())
    case.note(f"← {answer.status} {answer.text[:1000]}")
    return answer


class Person:
    def __init__(self, case, server, id, name, token):
        self.case = case
        self.server = server
        self.id = id
        self.name = name
        self.token = token

    def __repr__(self):
        return self.name

    # HTTP

    async def call(self, method, path, body=None, headers=None, data=None):
        headers = {"Authorization": "Bearer " + self.token} | (headers or {})
        return await request(self.case, self.server, method, path, body, headers, data)

    async def get(self, path, **query):
        return await self.call("GET", path + ("?" + urlencode(query) if query else ""))

    async def post(self, path, body=None, **more):
        return await self.call("POST", path, body, **more)

    async def put(self, path):
        return await self.call("PUT", path)

    async def patch(self, path, body):
        return await self.call("PATCH", path, body)

    async def delete(self, path):
        return await self.call("DELETE", path)

    # What people do

    async def room(self, *members, **details):
        """Makes a group with these members and returns its id."""
        body = {"name": "Room", "is_group": True, "participant_ids": [member.id for member in members]} | details
        return (await self.post("/api/chat/conversations", body)).ok(201)["id"]

    async def write(self, room, content, **fields):
        """Posts a message over HTTP."""
        answer = await self.post(f"/api/chat/conversations/{room}/messages", {"content": content} | fields)
        return answer.ok(201)

    async def messages(self, room, **query):
        """Every message, page by page."""
        path = f"/api/chat/conversations/{room}/messages?" + urlencode({"after_seq": 0, "limit": 200} | query)
        found = []
        while path:
            answer = await self.get(path)
            found += answer.ok()
            path = answer.next
        return found

    async def open(self, room, after=None, via=None, token_in="query", **query):
        """Opens a WebSocket on a conversation."""
        headers = {}
        if token_in == "query":
            query["token"] = self.token
        else:
            headers["Authorization"] = "Bearer " + self.token
        if after is not None:
            query["after"] = after
        return await self._line(f"/api/chat/ws/{quote(room)}", query, headers, via)

    async def _line(self, path, query, headers, via, protocols=()):
        url = self.server.url.replace("http", "ws", 1) + path + ("?" + urlencode(query) if query else "")
        client = await CLIENTS[via or self.case.via].open(url, headers, self.case.session, self.server.tls, protocols)
        line = Line(client, self.name, self.case.note)
        self.case.lines.append(line)
        return line

    async def v2(self, room=None, token_in="query", via=None, protocols=("chat.v2",), **query):
        """Opens a WebSocket of profile v2, of all conversations or of one; `token_in` None brings no token."""
        headers = {}
        if token_in == "query":
            query.setdefault("token", self.token)
        elif token_in == "header":
            headers["Authorization"] = "Bearer " + self.token
        elif token_in == "ticket":
            query["ticket"] = await self.ticket()
        elif token_in == "subprotocol":
            protocols = (*protocols, "chat.token." + self.token)
        path = "/api/chat/ws" + (f"/{quote(room)}" if room else "")
        return await self._line(path, query, headers, via, protocols)

    async def follow(self, cursor, room=None, **more):
        """Opens one, and goes on from a cursor; what is behind it, and `caught_up`, are yet to come."""
        line = await self.v2(room, **more)
        await line.next("hello")
        await line.send({"type": "hello", "cursor": cursor})
        return line

    async def ticket(self):
        answer = await self.post("/api/chat/tickets")
        holds(answer.status in (200, 201), f"a ticket was answered with {answer.status} {answer.text}")
        return answer.json["ticket"]

    async def enter(self, room, **more):
        """Opens a WebSocket and waits for the notice that one is in."""
        line = await self.open(room, **more)
        await line.next("system", event="joined", user_id=self.id)
        return line

    async def history(self, room):
        """All entries of a conversation, v2 events, oldest first."""
        line = await self.open(room)
        found, after = [], 0
        while True:
            ack = await line.acked({"type": "history", "after": after, "limit": 200}, id="h")
            found += ack["events"]
            if not ack["more"]:
                await line.close()
                return found
            after = found[-1]["seq"]


async def raw(case, server, text, patience=10):
    """Bytes on a socket, and the answer's status, headers (lower case) and body as they came."""
    data = text if isinstance(text, bytes) else text.replace("\n", "\r\n").encode()
    case.note("→ raw " + data.decode(errors="replace")[:600])
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        async with asyncio.timeout(patience):
            writer.write(data)
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *rest = head.split("\r\n")
            headers = {}
            for item in rest:
                if item:
                    name, _, value = item.partition(":")
                    headers[name.lower()] = value.strip()
            length = int(headers.get("content-length", 0))
            body = (await reader.readexactly(length)).decode() if length else ""
    except TimeoutError:
        raise Failed(f"no whole answer to {data[:200]!r}") from None
    finally:
        writer.close()
    case.note(f"← {head}{body}")
    return int(first.split(" ")[1]), headers, body
