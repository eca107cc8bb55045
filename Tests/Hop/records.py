"""What everybody has, against what the store has."""

import collections
import json

from support.checks import Failed, equal, holds
from traveller import position
from wire import Wire, sliced


async def replay(person, after, room=None):
    """Every event behind a cursor, as polls give them that never wait: its bytes, in order."""
    found = []
    cursor = after
    wire = await Wire.open(person.server.port)
    while True:
        only = f"&conversations={room}" if room else ""
        wire.ask("GET", f"/api/chat/events?cursor={cursor}&limit=1000&wait=0{only}", person.token)
        status, body = await wire.answer()
        equal(status, 200, "status of the replay")
        events, rest = sliced(body)
        found += [raw for _, raw in events]
        holds(events or not rest["more"], f"more is promised behind {cursor}, and nothing is there")
        cursor = rest["cursor"]
        if not rest["more"] and not events:
            wire.abort()
            return found


class Shown:
    """Events of one user in the order they were shown, read marks apart."""

    def __init__(self, log):
        self.events = []
        # The last mark of each user in each conversation.
        self.marks = {}
        self.presence = []
        last = 0
        for raw in log:
            event = json.loads(raw)
            if event["type"] == "gap":
                self.events.append((event, raw))
                continue
            holds(event["pos"] > last, f"{raw} came after {last}")
            last = event["pos"]
            if event["type"] == "read":
                holds("seq" not in event, f"a read mark has a number: {raw}")
                key = event["conversation_id"], event["user_id"]
                before = self.marks.get(key)
                holds(before is None or before[0]["read_seq"] < event["read_seq"], f"a mark went back: {before} {raw}")
                self.marks[key] = event, raw
            else:
                self.events.append((event, raw))


def compare(shown, stored, erased, user, is_whole, what):
    """
    Byte for byte, with two differences that the contract makes (docs/protocol.md section 1):

    - A message deleted since, and its edits: the live event has the content, the stored one has none and `is_deleted`. All other
      fields are the same, in the same order, and a `deleted` event names the message.
    - Read marks are state and may be merged: the last of each user in each conversation is the same. The store shows those of the
      conversations that the user is in, whenever they were set; what was set before the user's last coming was not shown then.
    """
    shown, stored = Shown(shown), Shown(stored)
    same(shown.events, stored.events, erased, what)
    stays = tile(stored.events if is_whole else [], user, what)
    for key, (event, raw) in stored.marks.items():
        mine = shown.marks.get(key, (None, None))[1]
        since = stays.get(key[0])
        if is_whole and (mine is not None or since is not None and event["pos"] > since):
            equal(mine, raw, f"{what}: the last read mark of {key}")
    return len(shown.events)


def same(shown, stored, erased, what):
    for at, ((event, raw), (other, bytes)) in enumerate(zip(shown, stored)):
        if raw == bytes:
            continue
        changed = list((event | {"content": "", "is_deleted": True}).items())
        holds(event["type"] in ("message", "edited") and event["message_id"] in erased and list(other.items()) == changed,
              f"{what}: event {at} was shown as\n  {raw.decode()}\nand is stored as\n  {bytes.decode()}")
    if len(shown) != len(stored):
        longer = max(shown, stored, key=len)
        raise Failed(f"{what}: {len(shown)} events were shown and {len(stored)} are stored; the first of the rest "
                     f"is {longer[min(len(shown), len(stored))][1].decode()}")


def count(counter, stored, erased):
    """The log of each conversation that was read by its numbers, as `compare` has it, read marks aside."""
    events = Shown(stored).events
    for room, log in counter.logs.items():
        same(Shown(log).events, [event for event in events if event[0]["conversation_id"] == room], erased, counter.name)
    return sum(len(log) for log in counter.logs.values())


def tile(events, user, what):
    """What is shown and what is told not to be are the numbers of a conversation from 1 on. Returns the conversations the user is in, with
    the pos of its coming."""
    here = {}
    last = {}
    for event, raw in events:
        room = event["conversation_id"]
        first = event["from_seq"] if event["type"] == "gap" else event["seq"]
        equal(first, last.get(room, 0) + 1, f"{what}: seq after {last.get(room, 0)} of {room}")
        if event["type"] == "gap":
            holds(room not in here and event["reason"] == "membership", f"{what}: {raw.decode()} within a stay")
            last[room] = event["to_seq"]
            continue
        if room not in here:
            founded = event["type"] == "conversation" and event["action"] == "created"
            came = event["type"] == "member" and event["action"] == "added" and event["user_id"] == user
            holds(founded or came, f"{what}: the first event of a stay is {raw.decode()}")
            here[room] = event["pos"]
        last[room] = event["seq"]
        if event["type"] == "member" and event["action"] in ("left", "removed") and event["user_id"] == user:
            del here[room]
    return here


def agree(twins, erased):
    """Answers to one cursor: the shorter is the beginning of the longer. Marks may have moved on between the two, and messages
    have been deleted."""
    for what, one, two in twins:
        one, two = Shown(one).events, Shown(two).events
        for (event, raw), (other, bytes) in zip(one, two):
            same = raw == bytes or event.get("pos") == other.get("pos") and event.get("message_id") in erased and (
                event | {"content": "", "is_deleted": True} == other | {"content": "", "is_deleted": True})
            holds(same, f"{what}, and the answers differ:\n  {raw.decode()}\n  {bytes.decode()}")
    return len(twins)


def settle(posts, log):
    """Every acknowledged message is there once, as it was acknowledged; what was refused is there once at most."""
    by_key = collections.defaultdict(list)
    erased = {event["message_id"] for event, _ in Shown(log).events if event["type"] == "deleted"}
    for event, _ in Shown(log).events:
        if event["type"] == "message":
            by_key[event["conversation_id"], event["sender_id"], event["client_id"]].append(event)
    for sender, post in posts:
        found = by_key.pop((post.room, sender.person.id, post.key), [])
        if post.isRefused:
            holds(len(found) <= 1, f"{post.key} was refused and is there {len(found)} times")
            continue
        holds(post.ack, f"{post.key} was never acknowledged")
        seq, _, id = post.ack
        equal([(event["seq"], event["message_id"]) for event in found], [(seq, id)], f"{post.key}, which was acknowledged")
        content = "" if id in erased else post.content
        equal(found[0]["content"], content, f"the content of {post.key}")
    equal(list(by_key), [], "messages that nobody sent")
    return erased
