"""Search: GET /api/chat/search, over one's own conversations."""

import json
import re

from cases.curl import room as curl_room, signed_in
from support.checks import equal, fields, holds
from support.runner import case

SEARCH = "/api/chat/search"
MESSAGE = [
    "id", "conversation_id", "sender_id", "sender_username", "content", "is_edited", "is_deleted", "created_at",
    "updated_at", "seq", "client_id", "reply_to", "reactions",
]


async def contents(person, q, **more):
    return [message["content"] for message in (await person.get(SEARCH, q=q, **more)).ok()]


@case("search finds all words of one's own conversations, newest first, whatever their case and accents")
async def words(t):
    ann, ben = await t.people("ann", "ben")
    both, alone = await ann.room(ben), await ann.room()
    first = await ben.write(both, "Grüner Tee, bitte")
    await ann.write(alone, "Noch ein TEE, ganz grün und grüner")
    await ann.write(alone, "Kaffee")
    found = (await ann.get(SEARCH, q="gruner tee")).ok()
    equal([message["content"][:4] for message in found], ["Noch", "Grün"], "found by ann")
    for message in found:
        fields(message, MESSAGE)
    equal(found[1], (await ann.get(f"/api/chat/messages/{first['id']}")).ok(), "the message itself")
    equal(await contents(ben, "TEE"), ["Grüner Tee, bitte"], "found by ben")
    equal(await contents(ann, "tee", conversation_id=both), ["Grüner Tee, bitte"], "in one conversation")
    equal(await contents(ann, '"grüner tee"'), ["Grüner Tee, bitte"], "a quotation")
    equal(await contents(ann, "kaff*"), ["Kaffee"], "the beginning of a word")
    equal(await contents(ann, "OR NEAR tee"), [], "operators are words")


@case("an edited message is found by its newest text, a deleted one not at all")
async def changes(t):
    ann, = await t.people("ann")
    room = await ann.room()
    one, two = await ann.write(room, "a ketle"), await ann.write(room, "a kettle, doomed")
    await ann.patch(f"/api/chat/messages/{one['id']}", {"content": "a kettle"})
    await ann.delete(f"/api/chat/messages/{two['id']}")
    equal((await contents(ann, "kettle"), await contents(ann, "ketle"), await contents(ann, "doomed")),
          (["a kettle"], [], []), "found")


@case("who was removed finds nothing there any more; who joined finds nothing of before")
async def members(t):
    ann, ben, cid = await t.people("ann", "ben", "cid")
    room = await ann.room(ben)
    await ann.write(room, "tea before")
    await ann.post(f"/api/chat/conversations/{room}/members", {"user_id": cid.id})
    await ann.delete(f"/api/chat/conversations/{room}/members/{ben.id}")
    await ann.write(room, "tea after")
    equal((await contents(ann, "tea"), await contents(ben, "tea"), await contents(cid, "tea")),
          (["tea after", "tea before"], [], ["tea after"]), "found")
    (await ben.get(SEARCH, q="tea", conversation_id=room)).refused(403, "not_a_member")


@case("Link leads through all that is found, once each, while others write; a restart changes nothing")
async def pages(t):
    server = await t.own()
    ann, = await t.people("ann", server=server)
    room = await ann.room()
    for number in range(1200):
        await ann.write(room, f"needle {number}" if number % 40 == 0 else f"hay {number}")
    wanted = [f"needle {number}" for number in reversed(range(0, 1200, 40))]
    for _ in range(2):
        found, answer = [], await ann.get(SEARCH, q="needle", limit=7)
        while True:
            found += [message["content"] for message in answer.ok()]
            if answer.next is None:
                break
            await ann.write(room, "a needle, later")
            answer = await ann.get(answer.next)
        equal(found, wanted, "found")
        wanted = ["a needle, later"] * 4 + wanted
        await server.stop()
        await server.start()


@case("what is no query is refused, field by field")
async def refused(t):
    ann, = await t.people("ann")
    for query, status, code in (
        ({}, 422, "missing_field"), ({"q": ""}, 422, "invalid_field"), ({"q": "…"}, 422, "invalid_field"),
        ({"q": "x" * 257}, 422, "invalid_field"), ({"q": "a " * 17}, 422, "invalid_field"),
        ({"q": "te*"}, 422, "invalid_field"), ({"q": "tea", "limit": 201}, 422, "invalid_field"),
        ({"q": "tea", "before": "x"}, 422, "invalid_field"),
        ({"q": "tea", "conversation_id": "none"}, 404, "unknown_conversation"),
    ):
        (await ann.get(SEARCH, **query)).refused(status, code)


@case("curl: search, and the next page by its Link", via=("curl",))
async def curl(t):
    curl = await signed_in(t)
    room = await curl_room(curl)
    for number in range(3):
        await curl.json(room + "/messages", {"content": f"tea & biscuits {number}"})
    status, head, body = await curl("--get", "--data-urlencode", 'q="tea & bisc', "--data-urlencode", "limit=2",
                                    path=SEARCH)
    equal((status, json.loads(body)), (200, []), "half a word in a quotation")
    status, head, body = await curl("--get", "--data-urlencode", "q=tea & bisc*", "--data-urlencode", "limit=2",
                                    path=SEARCH)
    equal([message["content"] for message in json.loads(body)], ["tea & biscuits 2", "tea & biscuits 1"], "page 1")
    link = re.search(r"(?im)^link: <([^>]*)>; rel=\"next\"", head)
    holds(link, f"no Link in {head}")
    status, head, body = await curl(path=link[1])
    equal([message["content"] for message in json.loads(body)], ["tea & biscuits 0"], "page 2")
    holds("link:" not in head.lower(), f"a Link in {head}")
