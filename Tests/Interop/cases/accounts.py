"""Accounts with passwords (docs/protocol.md section 2)."""

import asyncio

import aiohttp
import websockets.exceptions

from support.checks import equal, fields, holds, is_timestamp
from support.people import Person
from support.runner import case

GOOD = "correct horse"


async def login(t, username, password, server=None):
    return await t.call("POST", "/api/auth/login", {"username": username, "password": password}, server=server)


@case("register, sign in, and be somebody")
async def register(t):
    name = (await t.person("x")).name + "-new"
    account = (await t.call("POST", "/api/auth/register",
                            {"username": name, "password": GOOD, "email": f"{name}@example.org"})).ok(201)
    equal((account["username"], account["email"]), (name, f"{name}@example.org"), "the account")
    holds(GOOD not in str(account) and not any("password" in key for key in account), "the answer has the password")
    answer = (await login(t, name, GOOD)).ok()
    fields(answer, ["access_token", "token_type", "expires_in"])
    equal((answer["token_type"], answer["expires_in"]), ("bearer", 3600), "token_type and expires_in")
    ann = Person(t, t.server, account["id"], name, answer["access_token"])
    me = (await ann.get("/api/auth/me")).ok()
    equal((me["id"], me["username"]), (account["id"], name), "who I am")
    is_timestamp(me["created_at"])
    line = await ann.enter(await ann.room())
    await line.fence()


@case("OAuth2's password form signs in too")
async def form(t):
    ann = await t.registered("ann b&c")
    from urllib.parse import urlencode

    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    body = urlencode({"grant_type": "password", "username": ann.name, "password": GOOD, "scope": ""}).encode()
    answer = (await t.call("POST", "/api/auth/login", data=body, headers=kind)).ok()
    fields(answer, ["access_token", "token_type", "expires_in"])
    for data in (b"username=a", b"password=b", b""):
        (await t.call("POST", "/api/auth/login", data=data, headers=kind)).refused(422, "missing_field")
    (await t.call("POST", "/api/auth/login", data=b"grant_type=other&username=a&password=b", headers=kind)).refused(422)


@case("a name is taken once, whatever its case")
async def taken(t):
    ann = await t.registered("Ann")
    for name in (ann.name, ann.name.upper(), ann.name.lower()):
        (await t.call("POST", "/api/auth/register", {"username": name, "password": GOOD})).refused(409, "conflict")
    (await login(t, ann.name.lower(), GOOD)).ok()


@case("of twenty who register one name at once, one gets it")
async def at_once(t):
    name = (await t.person("race")).name + "-new"
    answers = await asyncio.gather(*(
        t.call("POST", "/api/auth/register", {"username": name, "password": GOOD}) for _ in range(8)))
    equal(sorted(answer.status for answer in answers), [201] + [409] * 7, "statuses")


@case("names and passwords that cannot be are invalid_field")
async def rules(t):
    for body in ({"username": "", "password": GOOD}, {"username": "x" * 65, "password": GOOD},
                 {"username": " x", "password": GOOD}, {"username": "a\nb", "password": GOOD},
                 {"username": "fine", "password": "short"}, {"username": "fine", "password": "x" * 2000},
                 {"username": "fine", "password": GOOD, "email": "no address"}, {"username": 5, "password": GOOD},
                 {"username": "fine", "password": 12345678}):
        (await t.call("POST", "/api/auth/register", body)).refused(422, "invalid_field")
    for body in ({"username": "x"}, {"password": GOOD}, {}):
        (await t.call("POST", "/api/auth/register", body)).refused(422, "missing_field")
        (await t.call("POST", "/api/auth/login", body)).refused(422, "missing_field")


@case("an unknown name and a wrong password are told the same")
async def same_answer(t):
    ann = await t.registered("ann")
    answers = [await login(t, name, "wrong password") for name in (ann.name, ann.name + "-unknown")]
    for answer in answers:
        answer.refused(401, "token_invalid")
    equal(len({answer.text for answer in answers}), 1, "how many different answers there are")


@case("wrong passwords for one name are limited, with Retry-After; others sign in meanwhile")
async def attempts(t):
    server = await t.own(limits={"passwordAttemptsPerMinute": 3})
    ann, ben = await t.registered("ann", server=server), await t.registered("ben", server=server)
    for _ in range(10):
        (await login(t, ann.name, GOOD, server)).ok()
    for _ in range(3):
        (await login(t, ann.name, "wrong password", server)).refused(401, "token_invalid")
    answer = await login(t, ann.name, "wrong password", server)
    answer.refused(429, "rate_limited")
    holds(1 <= int(answer.headers["Retry-After"]) <= 60, "Retry-After is within a minute")
    (await login(t, ann.name, GOOD, server)).refused(429, "rate_limited")
    (await login(t, ben.name, GOOD, server)).ok()
    (await ann.get("/api/auth/me")).ok()


@case("a hundred guesses at once are no more than the limit")
async def guesses_at_once(t):
    server = await t.own(limits={"passwordAttemptsPerMinute": 3})
    ann = await t.registered("ann", server=server)
    answers = await asyncio.gather(*(login(t, ann.name, f"wrong {number}", server) for number in range(40)))
    statuses = sorted(answer.status for answer in answers)
    equal(statuses, [401] * 3 + [429] * 37, "statuses")


@case("registrations from one address are limited")
async def registrations(t):
    server = await t.own(limits={"registrationsPerAddressPerMinute": 2})
    body = {"password": GOOD}
    for name in ("one", "two"):
        (await t.call("POST", "/api/auth/register", body | {"username": name}, server=server)).ok(201)
    (await t.call("POST", "/api/auth/register", body | {"username": "three"}, server=server)).refused(429, "rate_limited")
    (await login(t, "one", GOOD, server)).ok()


@case("registration can be switched off; who has an account still signs in")
async def closed(t):
    server = await t.own()
    ann = await t.registered("ann", server=server)
    await server.stop()
    server.configure(auth={"registration": False}, store=t.house.store)
    await server.start()
    refusal = await t.call("POST", "/api/auth/register", {"username": "new", "password": GOOD}, server=server)
    refusal.refused(403, "forbidden")
    (await login(t, ann.name, GOOD, server)).ok()
    equal((await t.call("GET", "/api/chat/info", server=server)).ok()["registration"], False, "registration in info")


@case("who is disabled is put out, however often it comes back while it is still believed")
async def disabled(t):
    server = await t.own()
    ann = await t.registered("ann", server=server)
    room = await ann.room()
    lines = [await ann.enter(room)]
    status, out, err = await server.run("user", "disable", ann.name, "--config", server.file)
    equal(status, 0, f"status of user disable ({out}{err})")
    for _ in range(100):
        try:
            lines.append(await ann.open(room))
        except (websockets.exceptions.InvalidStatus, aiohttp.WSServerHandshakeError):
            break
        await asyncio.sleep(0.1)
    else:
        holds(False, "it is let in for ever")
    for line in lines:
        equal((await line.ending())[0], 1008, "close code")
