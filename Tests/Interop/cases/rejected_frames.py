"""Frames that are refused, each with its own code, on a socket that stays open (docs/protocol.md sections 2 and 7)."""

from support.checks import equal, holds
from support.runner import case

BOTH = ("websockets", "aiohttp")


@case("empty and blank content are message_empty, and the socket stays open", via=BOTH)
async def blank(t):
    ann, = await t.people("ann")
    line = await ann.enter(await ann.room())
    for text in ("", " ", "\n\t \r\n", "\u00a0", "\u3000\u2003", "\u2028"):
        error = await line.refused({"type": "message", "content": text}, "message_empty", 422)
        equal(error["content"], "Message cannot be empty", "content")
    await line.fence()


@case("what is no JSON object is bad_json, and the socket stays open", via=BOTH)
async def bad_json(t):
    ann, = await t.people("ann")
    line = await ann.enter(await ann.room())
    texts = [
        "", " ", "{", "}", "hello", '{"type":"message"', '{"type":"message","content":"x",}', "{'type':'typing'}",
        '{"type":"message","content":"x"} y', '{"type":"message" "content":"x"}', "[]", "1", '"typing"', "null", "true",
        '{"type":"message","content":"\\x"}', '{"type":"message","content":"\\ud800"}',
        '{"type":"message","content":"a\nb"}', '{"type":"typing","n":01}', '{"type":"typing","n":NaN}',
        '{"type":"typing","type":"message","content":"x"}', "[" * 5000, '{"a":' * 5000,
    ]
    for text in texts:
        error = await line.refused(text, "bad_json", 400)
        holds("id" not in error, "an id where none was")
    await line.fence()


@case("an unknown type is unknown_type, and the socket stays open", via=BOTH)
async def unknown_type(t):
    ann, = await t.people("ann")
    line = await ann.enter(await ann.room())
    for name in ("massage", "Message", "", "system", "error", "message ", "ack"):
        await line.refused({"type": name, "content": "x"}, "unknown_type")
    await line.fence()


@case("a missing field is missing_field, and the socket stays open", via=BOTH)
async def missing_field(t):
    ann, = await t.people("ann")
    line = await ann.enter(await ann.room())
    error = await line.refused({"content": "x"}, "missing_field", 422)
    holds("type" in error["content"], "the error names the field")
    error = await line.refused({"type": "message"}, "missing_field", 422)
    holds("content" in error["content"], "the error names the field")
    await line.refused({"type": "message", "content": None}, "missing_field", 422)
    await line.refused({}, "missing_field", 422)
    await line.fence()


@case("a field of the wrong kind is invalid_field, and the socket stays open")
async def invalid_field(t):
    ann, = await t.people("ann")
    line = await ann.enter(await ann.room())
    for frame in (
        {"type": 1}, {"type": ["message"]}, {"type": "message", "content": 5}, {"type": "message", "content": {}},
        {"type": "message", "content": "x", "client_id": 7}, {"type": "message", "content": "x", "reply_to": False},
        {"type": "message", "content": "x", "id": {}}, {"type": "message", "content": "x", "id": "i" * 1000},
        {"type": "typing", "on": "yes"}, {"type": "message", "content": "x", "conversation_id": 1},
    ):
        await line.refused(frame, "invalid_field", 422)
    await line.fence()


@case("content is long enough at 64 KiB and message_too_large past it, counted in bytes", via=BOTH)
async def too_large(t):
    ann, = await t.people("ann")
    line = await ann.enter(await ann.room())
    await line.say("é" * 32_768)
    equal(len((await line.next("message"))["content"]), 32_768, "length of what came")
    await line.refused({"type": "message", "content": "é" * 32_768 + "x"}, "message_too_large", 413)
    await line.refused({"type": "message", "content": "x" * 65_537}, "message_too_large", 413)
    await line.refused({"type": "message", "content": "\n" * 100_000}, "message_too_large", 413)
    await line.fence()


@case("fields that nobody knows are ignored, and numbers of any size do no harm")
async def unknown_fields(t):
    ann, = await t.people("ann")
    line = await ann.enter(await ann.room())
    await line.send('{"type":"message","content":"x","a":1e400,"b":-99999999999999999999999999,"c":[{"d":null}],"e":0.1e-999}')
    equal((await line.next("message"))["content"], "x", "content")
    await line.send('{"\\u0074ype":"\\u006dessage","content":"\\u0079"}')
    equal((await line.next("message"))["content"], "y", "content of a frame with escaped names")


@case("a frame for another conversation is refused")
async def other_conversation(t):
    ann, = await t.people("ann")
    room, other = await ann.room(), await ann.room()
    line = await ann.enter(room)
    await line.say("here", conversation_id=room)
    await line.next("message", content="here")
    await line.send({"type": "message", "content": "there", "conversation_id": other})
    await line.next("error")
    equal(await ann.messages(other), [], "messages in the other conversation")


@case("a binary frame ends the connection with 1003")
async def binary(t):
    ann, = await t.people("ann")
    line = await ann.enter(await ann.room())
    await line.send(b"\x00\x01")
    equal((await line.ending())[0], 1003, "close code")


@case("a frame past the limit ends the connection with 1009", via=BOTH)
async def far_too_large(t):
    ann, = await t.people("ann")
    line = await ann.enter(await ann.room())
    await line.send({"type": "message", "content": "x" * (2 << 20)})
    equal((await line.ending())[0], 1009, "close code")


@case("a message to no message is unknown_message; one that replies to another conversation too")
async def bad_reply(t):
    ann, = await t.people("ann")
    room, other = await ann.room(), await ann.room()
    there = await ann.write(other, "there")
    line = await ann.enter(room)
    await line.refused({"type": "message", "content": "x", "reply_to": "nothing"}, "unknown_message", 404)
    await line.refused({"type": "message", "content": "x", "reply_to": there["id"]}, "unknown_message", 404)
    equal(await ann.messages(room), [], "messages")


@case("ping frames are answered, fragments are put together")
async def protocol_frames(t):
    ann, = await t.people("ann")
    line = await ann.enter(await ann.room())
    pong = await line.client.socket.ping(b"payload")
    await pong
    await line.client.socket.send(iter(['{"type":"mess', 'age","content":"in', ' pieces"}']))
    equal((await line.next("message"))["content"], "in pieces", "content")


@case("past the messages of a second a user gets rate_limited with a time to wait")
async def rate_limited(t):
    server = await t.own(limits={"messagesPerUserPerSecond": 5})
    ann, ben = await t.people("ann", "ben", server=server)
    room = await ann.room(ben)
    line = await ann.enter(room)
    for number in range(30):
        await line.say(f"{number}")
    error = await line.next("error")
    equal((error["code"], error["status"], error["retryable"]), ("rate_limited", 429, True), "the error")
    equal(list(error), ["type", "content", "code", "status", "retryable", "retry_after_ms"], "its fields")
    holds(0 < error["retry_after_ms"] <= 1000, f"retry_after_ms is {error['retry_after_ms']}")
    for _ in range(20):
        answer = await ann.post(f"/api/chat/conversations/{room}/messages", {"content": "again"})
        if answer.status == 429:
            answer.refused(429, "rate_limited")
            break
    else:
        holds(False, "twenty posts at once were all taken")
    await ben.write(room, "others are not held back")
