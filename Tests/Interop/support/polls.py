"""The transports of plain requests: polls, and server-sent events read by the rules of WHATWG HTML section 9.2."""

import asyncio
from urllib.parse import urlencode

from .checks import Failed, equal, fields, holds, parse
from .people import Answer

PATIENCE = 10


async def poll(person, cursor=None, wait=0, **query):
    """One poll: its body, once it was seen to have the one form that all have."""
    return body_of(await ask(person, cursor, wait, **query))


async def ask(person, cursor=None, wait=0, **query):
    """One poll, whatever the answer."""
    return await person.get("/api/chat/events", wait=wait, **({} if cursor is None else {"cursor": cursor}), **query)


def body_of(answer):
    body = answer.ok()
    fields(body, ["events", "cursor", "more"] + (["snapshot"] if "snapshot" in body else []), "fields of a poll's answer")
    holds(isinstance(body["events"], list) and isinstance(body["more"], bool), "the kinds of events and more")
    holds(isinstance(body["cursor"], str) and body["cursor"], "a poll's answer always brings a cursor")
    return body


async def polled(person, cursor, **query):
    """Everything behind a cursor, poll by poll, without waiting: the events and the last cursor."""
    found = []
    while True:
        body = await poll(person, cursor, **query)
        found += body["events"]
        cursor = body["cursor"]
        if not body["more"]:
            return found, cursor


async def head(person):
    """The cursor of now."""
    return (await poll(person))["cursor"]


class Block:
    """What one empty line of a stream ends: an event with its id, or nothing but a comment or `retry`."""

    def __init__(self):
        self.id = None
        self.event = None
        self.text = None
        self.retry = None
        self.comments = []

    @property
    def data(self):
        return parse(self.text)

    def take(self, line):
        if line.startswith(":"):
            self.comments.append(line[1:])
            return
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self.text = value if self.text is None else self.text + "\n" + value
        elif name in ("id", "event", "retry"):
            setattr(self, name, value)
        else:
            raise Failed(f"a field that streams do not have: {line!r}")


class Stream:
    """A stream of server-sent events. Blocks are kept; `next` walks through those that are events."""

    def __init__(self, name, answer, note):
        self.name = name
        self.answer = answer
        self.headers = answer.headers
        self.note = note
        self.rest = b""
        self.blocks = []

    async def _line(self):
        while b"\n" not in self.rest:
            data = await self.answer.content.readany()
            if not data:
                raise Failed(f"{self.name}: the stream ended" + (f", in {self.rest!r}" if self.rest else ""))
            self.rest += data
        line, _, self.rest = self.rest.partition(b"\n")
        return line.removesuffix(b"\r").decode()

    async def block(self, patience=PATIENCE):
        """The next block, whatever it is."""
        found = Block()
        try:
            async with asyncio.timeout(patience):
                while line := await self._line():
                    self.note(f"{self.name} ⇐ {line}")
                    found.take(line)
        except TimeoutError:
            raise Failed(f"{self.name}: no block within {patience} s") from None
        self.blocks.append(found)
        return found

    async def next(self, event=None, **wanted):
        """The next event of this type with these fields; what comes before it is skipped."""
        while True:
            found = await self.block()
            if found.text is not None and event in (None, found.event) and all(
                    found.data.get(key) == value for key, value in wanted.items()):
                return found

    def heard(self, event=None):
        """The events until now."""
        return [block for block in self.blocks if block.text is not None and event in (None, block.event)]

    def close(self):
        self.answer.close()


async def stream(person, cursor=None, last=None, headers=None, token=True, **query):
    """Opens a stream; a refusal is returned as an `Answer`."""
    headers = dict(headers or {}) | {"Accept": "text/event-stream"}
    if token:
        headers["Authorization"] = "Bearer " + person.token
    if last is not None:
        headers["Last-Event-ID"] = last
    if cursor is not None:
        query["cursor"] = cursor
    path = "/api/chat/stream" + ("?" + urlencode(query) if query else "")
    person.case.note(f"→ GET {path}")
    answer = await person.case.session.get(person.server.url + path, headers=headers)
    if answer.status != 200:
        return Answer(f"GET {path}", answer.status, answer.headers, await answer.text())
    equal(answer.content_type, "text/event-stream", "Content-Type of a stream")
    return Stream(person.name, answer, person.case.note)
