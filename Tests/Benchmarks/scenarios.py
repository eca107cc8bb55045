"""What is measured: how each scenario is run against a server, and which of its figures stand in the table."""

import sqlite3
from dataclasses import dataclass

import generator


@dataclass(frozen=True)
class Figure:
    """A line of the table. `goal` is in words; nothing is judged by it."""

    title: str
    key: str
    goal: str = ""
    less_is_more: bool = False
    scale: float = 1
    digits: int = 0


class Scenario:
    """Rooms of a shape in chatd's file, some options for the load generator, and what to tell of it."""

    def __init__(self, name, mode, figures, rooms=1, members=1, messages=0, with_peer=True, **options):
        self.name = name
        self.mode = mode
        self.figures = figures
        self.rooms, self.members, self.messages = rooms, members, messages
        self.with_peer = with_peer
        self.options = options

    @property
    def shape(self):
        return self.rooms, self.members, self.messages

    def run(self, scratch, server, links):
        options = dict(self.options)
        # The peer acknowledges by showing.
        if server.name != "chatd":
            options.pop("acks", None)
        return generator.load(scratch, self.mode, server, links, **options)


def fill_peer(path, room, messages):
    """The same past for the peer: it has no more than this table."""
    with sqlite3.connect(path) as database:
        database.executescript(
            "PRAGMA journal_mode=WAL;"
            "CREATE TABLE IF NOT EXISTS messages(room TEXT, seq INTEGER, sender INTEGER, content TEXT, time INTEGER);"
            "CREATE UNIQUE INDEX IF NOT EXISTS by_seq ON messages(room, seq)")
        database.executemany(
            "INSERT INTO messages VALUES (?, ?, ?, ?, ?)",
            ((room, seq, seq % 5, f"message {seq} " + "x" * (seq * 37 % 100), seq) for seq in range(1, messages + 1)))
    database.close()


def by_profile(name, figures, **options):
    yield Scenario(name, "talk", figures, **options)
    for profile in ("v2", "v2-subscribe"):
        yield Scenario(f"{name}-{profile}", "talk", figures, with_peer=False, profile=profile, **options)


def scenarios(seconds, scale):
    """`scale` below 1 makes the crowds smaller: for a look whether all of it works."""

    def some(count):
        return max(10, int(count * scale))

    speed = Figure("deliveries a second", "per_second")
    deliveries = Figure("deliveries per server CPU-second", "per_cpu_second")
    latency = [Figure("p50, ms", "p50_us", less_is_more=True, scale=1e-3, digits=2),
               Figure("p99, ms", "p99_us", less_is_more=True, scale=1e-3, digits=2)]
    pages = [Figure("pages of 50 a second", "per_second"), Figure("pages per server CPU-second", "per_cpu_second"),
             latency[0]]
    return [
        # Each in both profiles, of which the second should not be dearer: by a cursor over all conversations, and by the number of
        # one. One that talks hears its own words somewhere on the way round the room, and when it goes on decides how many messages
        # the next round has; of eight some are always early.
        *by_profile("fan-out", [speed, deliveries, *latency], members=100, window=32, seconds=seconds),
        *by_profile("fan-out-8", [speed, deliveries, *latency], members=100, senders=8, window=4, seconds=seconds),
        *by_profile("many-rooms", [speed, deliveries, *latency], rooms=200, members=5, seconds=seconds),
        Scenario("idle", "idle",
                 [Figure("KiB of memory each", "kib_each", "2 at most", True, digits=2),
                  Figure("connections a second", "per_second"),
                  Figure("connections per server CPU-second", "per_cpu_second"),
                  Figure("descriptors left", "descriptors_left", "0", True)],
                 rooms=some(1000), members=10, seconds=1, patience=60),
        Scenario("joins", "join",
                 [Figure("s until all are in", "all_in_seconds", "2 at most", True, digits=2),
                  Figure("s until all know of all", "all_know_seconds", "2 at most", True, digits=2)],
                 members=some(1000), with_peer=False, concurrency=1000),
        Scenario("churn", "churn",
                 [Figure("cycles a second", "per_second", "2,000 at least"),
                  Figure("descriptors left", "descriptors_left", "0", True),
                  Figure("KiB of memory before", "rss_before_kib", "", True),
                  Figure("KiB of memory after", "rss_after_kib", "", True)],
                 members=some(1000), with_peer=False, concurrency=64, items=some(5000), seconds=1),
        Scenario("history", "history", pages, members=10, messages=1000, concurrency=16, items=50, seconds=seconds),
        Scenario("history-large", "history", pages, members=10, messages=some(1_000_000), concurrency=16, items=50,
                 seconds=seconds),
        Scenario("commit-1", "talk",
                 [Figure("messages a second", "per_second"), Figure("messages per server CPU-second", "per_cpu_second"),
                  latency[0]], acks=True, seconds=seconds),
        Scenario("commit-64", "talk",
                 [Figure("messages a second", "per_second"), Figure("messages per server CPU-second", "per_cpu_second"),
                  latency[0]], acks=True, window=64, seconds=seconds),
    ]
