"""Starting, stopping and the command line (docs/protocol.md section 7)."""

import asyncio
import json
import os
import re

import aiohttp

from support.checks import equal, holds
from support.people import Person
from support.runner import case
from support.server import config


@case("SIGTERM: 1001 to every client, status 0 within 5 s, what was acknowledged is there", via=("websockets", "aiohttp"))
async def stopping(t):
    server = await t.own()
    ann, ben = await t.people("ann", "ben", server=server)
    room = await ann.room(ben)
    idle = [await ann.enter(room)] + [await ann.open(room) for _ in range(20)]
    lines = [await ben.open(room) for _ in range(5)]

    async def send(line, name):
        number = 0
        try:
            while not line.ended:
                await line.say(f"{name} {number}", id=number, client_id=f"{name}-{number}")
                number += 1
                if number % 10 == 0:
                    await line.next("ack", id=number - 10)
        except Exception:
            pass

    sending = [asyncio.create_task(send(line, number)) for number, line in enumerate(lines)]
    await idle[0].next("message", content="0 50")
    status, seconds = await server.stop()
    equal(status, 0, "exit status")
    holds(seconds < 5, f"it took {seconds} s")
    await asyncio.gather(*sending)
    for line in idle + lines:
        equal((await line.ending())[0], 1001, "close code")
    acked = {ack["message_id"]: ack["seq"] for line in lines for ack in line.heard("ack")}
    shown = {frame["message_id"]: frame["seq"] for line in idle + lines for frame in line.heard("message")}
    await server.start()
    stored = {message["id"]: message["seq"] for message in await ben.messages(room)}
    holds(acked.items() <= stored.items(), "acknowledged messages are missing after the restart")
    holds(shown.items() <= stored.items(), "messages that were shown are missing after the restart")
    equal(sorted(stored.keys() - acked.keys()), [], "messages that are stored, but were not acknowledged")


@case("SIGTERM under HTTP load: what was answered 201 is there, what was not is not")
async def stopping_http(t):
    server = await t.own()
    ann, = await t.people("ann", server=server)
    room = await ann.room()
    answered = {}
    refused = []

    async def post(name):
        number = 0
        while True:
            number += 1
            content = f"{name} {number}"
            try:
                answer = await ann.post(f"/api/chat/conversations/{room}/messages", {"content": content})
            except (aiohttp.ClientError, OSError):
                return
            if answer.status == 201:
                answered[content] = answer.json["seq"]
            else:
                answer.refused(503, "draining")
                refused.append(content)

    posting = [asyncio.create_task(post(number)) for number in range(20)]
    while len(answered) < 100:
        await asyncio.sleep(0.01)
    status, seconds = await server.stop()
    equal(status, 0, "exit status")
    holds(seconds < 5, f"it took {seconds} s")
    await asyncio.gather(*posting)
    await server.start()
    stored = {message["content"]: message["seq"] for message in await ann.messages(room)}
    holds(answered.items() <= stored.items(), "messages that were answered 201 are missing")
    equal([content for content in refused if content in stored], [], "messages that were refused, and are stored")
    equal(sorted(stored.keys() - answered.keys()), [], "messages that are stored, but were not answered")


@case("a start again serves what there was, with counters that go on")
async def starting_again(t):
    server = await t.own()
    ann, = await t.people("ann", server=server)
    room = await ann.room()
    for number in range(10):
        await ann.write(room, f"{number}")
    gone = await ann.write(room, "gone")
    (await ann.delete(f"/api/chat/messages/{gone['id']}")).ok(204)
    before = (await ann.get(f"/api/chat/conversations/{room}")).ok()
    history = await ann.messages(room)
    epoch = (await t.call("GET", "/api/chat/info", server=server)).ok()["epoch"]
    for _ in range(3):
        await server.stop()
        seconds = await server.start()
        holds(seconds < 2, f"the start took {seconds} s")
        equal((await ann.get(f"/api/chat/conversations/{room}")).ok(), before, "the conversation")
        equal(await ann.messages(room), history, "the messages")
        equal((await t.call("GET", "/api/chat/info", server=server)).ok()["epoch"], epoch, "epoch")
    line = await ann.open(room, after=0)
    await line.next("system", event="message_deleted", seq=before["last_seq"])
    sent = await line.acked({"type": "message", "content": "next"})
    equal(sent["seq"], before["last_seq"] + 1, "the next seq")


def one_sentence(text, what):
    """Besides lines of the log."""
    rows = [row for row in text.strip().splitlines() if not row.startswith("{")]
    equal(len(rows), 1, f"{what}: lines ({text})")
    for word in ("Fatal", "fatal", "Error(", "Swift", "0x", "Optional"):
        holds(word not in rows[0], f"{what}: {rows[0]}")
    return rows[0]


@case("a second chatd on the same data is refused with one sentence, and the first goes on")
async def second_host(t):
    server = await t.own()
    ann, = await t.people("ann", server=server)
    other = t.house.make()
    with open(server.file) as file:
        settings = json.load(file)
    settings["http"]["listen"] = f"127.0.0.1:{other.port}"
    path = os.path.join(server.folder, "second.json")
    with open(path, "w") as file:
        json.dump(settings, file)
    status, out, err = await server.run("serve", path)
    holds(status not in (0, None) and status > 0, f"exit status {status}")
    one_sentence(out + err, "what it says")
    await ann.write(await ann.room(), "still here")


@case("a port that is taken is one sentence")
async def taken_port(t):
    other = t.house.make()
    with open(other.file, "w") as file:
        json.dump(config(t.server.port, store=t.house.store), file)
    status, out, err = await other.run("serve", other.file)
    holds(status > 0, f"exit status {status}")
    holds(str(t.server.port) in one_sentence(out + err, "what it says"), f"it does not name the port: {err}")


@case("a config that is not there, or is no JSON, is one sentence")
async def no_config(t):
    server = t.house.make()
    status, out, err = await server.run("serve", "nothing.json")
    holds(status > 0, f"exit status {status}")
    one_sentence(out + err, "no such file")
    with open(os.path.join(server.folder, "bad.json"), "w") as file:
        file.write('{"store": ')
    status, out, err = await server.run("serve", "bad.json")
    holds(status > 0, f"exit status {status}")
    one_sentence(out + err, "no JSON")


@case("chatd check says everything that is wrong at once, with its place")
async def check(t):
    server = t.house.make()
    status, out, err = await server.run("check", server.file)
    equal(status, 0, f"status of a good one ({out}{err})")
    settings = config(server.port, store=t.house.store)
    settings["store"]["durabilty"] = "synced"
    settings["http"]["listen"] = "nowhere"
    settings["transports"] += [{"type": "carrier-pigeon"}, {"type": "websocket", "pingSeconds": "often"}]
    settings["limits"]["messageBytes"] = -1
    settings["auth"]["algorithm"] = "HS1"
    settings["surprise"] = {}
    with open(server.file, "w") as file:
        json.dump(settings, file)
    status, out, err = await server.run("check", server.file)
    equal(status, 1, "exit status")
    for place in ("store.durabilty", "http.listen", "transports[3].type", "transports[4]", "limits.messageBytes",
                  "auth.algorithm", "surprise"):
        holds(any(place in row for row in (out + err).splitlines()), f"nothing of {place} in:\n{out}{err}")
    holds("rest" in out + err and "websocket" in out + err, f"it does not say which types there are:\n{out}{err}")
    served, out, err = await server.run("serve", server.file)
    equal(served, 1, "exit status of serving it")


@case("a config may have comments and trailing commas; a promise it cannot keep stops it")
async def config_file(t):
    server = t.house.make()
    with open(server.file) as file:
        text = file.read()
    with open(server.file, "w") as file:
        file.write("// a comment\n" + re.sub(r"\n}\s*$", ", /* and one more */\n}\n", text))
    status, out, err = await server.run("check", server.file)
    equal(status, 0, f"status ({out}{err})")
    with open(server.file, "w") as file:
        json.dump(config(server.port, store="memory", require={"resume": True, "durability": "synced"}), file)
    status, out, err = await server.run("serve", server.file)
    holds(status > 0, "a memory store was taken for a durable one")
    holds("require" in out + err, f"it does not say which demand: {out}{err}")


@case("chatd user add, list, disable, enable and chatd token, beside a server that serves")
async def users(t):
    server = await t.own(auth={"autoProvision": False, "registration": False})
    where = ("--config", server.file)
    status, out, err = await server.run("user", "add", "ann", *where, stdin="correct horse\n")
    equal(status, 0, f"status of user add ({out}{err})")
    holds("correct horse" not in out + err, "the password is shown")
    status, out, err = await server.run("user", "add", "ann", *where, stdin="correct horse\n")
    holds(status > 0, "one name was given twice")
    one_sentence(out + err, "user add of a taken name")
    status, out, err = await server.run("user", "add", "ben", *where, stdin="short\n")
    holds(status > 0, "a password of five letters was taken")
    status, out, err = await server.run("user", "list", *where)
    holds(status == 0 and "ann" in out and "ben" not in out, f"user list: {out}{err}")

    login = (await t.call("POST", "/api/auth/login", {"username": "ann", "password": "correct horse"}, server=server)).ok()
    status, out, err = await server.run("token", "ann", "--minutes", "5", *where)
    equal(status, 0, f"status of token ({out}{err})")
    tokens = [login["access_token"], out.strip()]
    me = None
    for token in tokens:
        me = (await t.call("GET", "/api/auth/me", headers={"Authorization": f"Bearer {token}"}, server=server)).ok()
        equal(me["username"], "ann", "whose token it is")
    ann = Person(t, server, me["id"], "ann", tokens[0])

    status, out, err = await server.run("user", "disable", "ann", *where)
    equal(status, 0, f"status of user disable ({out}{err})")
    # "refused everywhere within seconds"
    for _ in range(50):
        if (await ann.get("/api/auth/me")).status == 401:
            break
        await asyncio.sleep(0.1)
    for token in tokens:
        (await t.call("GET", "/api/auth/me", headers={"Authorization": f"Bearer {token}"}, server=server)) \
            .refused(401, "token_invalid")
    (await t.call("POST", "/api/auth/login", {"username": "ann", "password": "correct horse"}, server=server)) \
        .refused(401, "token_invalid")
    status, out, err = await server.run("user", "enable", "ann", *where)
    equal(status, 0, f"status of user enable ({out}{err})")
    for _ in range(50):
        if (await ann.get("/api/auth/me")).status == 200:
            break
        await asyncio.sleep(0.1)
    (await ann.get("/api/auth/me")).ok()
    status, out, err = await server.run("token", "nobody", *where)
    holds(status > 0, "a token for nobody")
    one_sentence(out + err, "token for nobody")


@case("chatd without a config serves, keeps its secret to itself, and promises what it says")
async def without_config(t):
    server = t.house.make()
    os.remove(server.file)
    server.command = lambda *arguments: [server.binary, *(arguments if arguments[0] != "serve" else (
        "--listen", f"127.0.0.1:{server.port}"))]
    t.servers.append(server)
    await server.start()
    holds(f"chatd serves at http://127.0.0.1:{server.port}" in server.output(), "it does not say where it serves")
    ann = await t.registered("ann", server=server)
    room = await ann.room()
    await (await ann.enter(room)).fence()
    folder = os.path.join(server.folder, "data")
    equal(os.stat(os.path.join(folder, "chat.secret")).st_mode & 0o777, 0o600, "mode of the secret")
    equal(os.stat(folder).st_mode & 0o777, 0o700, "mode of the data folder")
    await server.stop()
    await server.start()
    equal(len(await ann.messages(room)), 1, "messages after the restart, with the same token")


@case("the command line explains itself and refuses what it does not know")
async def command_line(t):
    server = t.house.make()
    for words in (("--help",), ("help",), ("serve", "--help"), ("--version",)):
        status, out, err = await server.run(*words)
        holds(status == 0 and out and not err, f"{words}: {status} {err}")
    for words in (("nonsense",), ("--nonsense",), ("user",), ("token",), ("check",), ("serve", "--listen")):
        status, out, err = await server.run(*words)
        equal(status, 2, f"status of {words}")
        one_sentence(out + err, f"{words}")
    status, out, err = await server.run("init", ".")
    status, out, err = (await server.run("init", ".")) if status == 0 else (status, out, err)
    holds(status > 0, "init wrote over a config")
    os.remove(server.file)
    status, out, err = await server.run("init", ".")
    equal(status, 0, f"status of init ({err})")
    status, out, err = await server.run("check", "chat.json")
    equal(status, 0, f"status of checking what init wrote ({out}{err})")
