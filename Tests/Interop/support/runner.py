"""Cases: one function each, run one after the other."""

import asyncio
import os
import re
import secrets
import time
import traceback

import aiohttp

from . import tokens
from .checks import Failed
from .people import Person, raw, request
from .server import Chatd

CASES = []
PATIENCE = 60


def case(title, via=("websockets",)):
    """Registers a case; with several clients it is run once with each."""
    def register(function):
        for client in via:
            suffix = f" ({client})" if len(via) > 1 else ""
            CASES.append((title + suffix, client, function))
        return function

    return register


class Case:
    """What a running case works with."""

    def __init__(self, house, via):
        self.house = house
        self.via = via
        self.server = house.shared
        self.exchange = []
        self.lines = []
        self.servers = []
        self.session = None

    def note(self, text):
        self.exchange.append(text if len(text) <= 1500 else text[:1500] + "…")

    # Somebody and somewhere

    async def person(self, name, server=None):
        """A user nobody else has, made by a token that the server trusts."""
        server = server or self.server
        unique = f"{name}-{secrets.token_hex(4)}"
        token = self.token(unique, server, username=unique)
        found = Person(self, server, unique, unique, token)
        (await found.get("/api/auth/me")).ok()
        return found

    async def people(self, *names, server=None):
        return [await self.person(name, server) for name in names]

    async def registered(self, name, password="correct horse", server=None):
        """A user with a password."""
        server = server or self.server
        unique = f"{name}-{secrets.token_hex(4)}"
        account = (await self.call("POST", "/api/auth/register", {"username": unique, "password": password},
                                   server=server)).ok(201)
        login = (await self.call("POST", "/api/auth/login", {"username": unique, "password": password},
                                 server=server)).ok()
        return Person(self, server, account["id"], unique, login["access_token"])

    def token(self, subject, server=None, seconds=3600, username=None, algorithm="HS256", **more):
        server = server or self.server
        return tokens.signed_with_secret(
            tokens.claims(subject, username, seconds, **more), server.secret, algorithm)

    async def own(self, **changes):
        """A server for this case alone, with changes to the usual config."""
        server = self.house.make(**changes)
        self.servers.append(server)
        await server.start()
        return server

    # Without being anybody

    async def call(self, method, path, body=None, headers=None, data=None, server=None):
        return await request(self, server or self.server, method, path, body, headers, data)

    async def raw(self, text, server=None):
        return await raw(self, server or self.server, text)


class House:
    """Where the servers of a run live."""

    def __init__(self, binary, scratch, store):
        self.binary = binary
        self.scratch = scratch
        self.store = store
        self.count = 0
        # Lines of a failed case's exchange that are printed.
        self.shown = 12
        self.shared = None

    def make(self, **changes):
        self.count += 1
        return Chatd(self.binary, os.path.join(self.scratch, f"server-{self.count}"), store=self.store, **changes)


async def run(title, via, function, house):
    """None when the case passed, otherwise what went wrong."""
    found = Case(house, via)
    trouble = None
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0)) as session:
        found.session = session
        try:
            async with asyncio.timeout(PATIENCE):
                await function(found)
        except TimeoutError:
            trouble = f"not done within {PATIENCE} s"
        except Failed as failure:
            trouble = str(failure)
        except Exception:
            trouble = traceback.format_exc(limit=-4)
        for line in found.lines:
            try:
                if not line.ended:
                    await asyncio.wait_for(line.client.close(), 2)
            except Exception:
                pass
            line.reader.cancel()
    for server in found.servers:
        try:
            await server.end()
        except RuntimeError as error:
            trouble = trouble or str(error)
    if trouble is None and house.shared.process.returncode is not None:
        trouble = f"the shared server ended with {house.shared.process.returncode}"
    return (trouble, found.exchange) if trouble else None


async def run_all(house, only=""):
    """Runs what matches; prints failures with their exchange; returns how many passed and failed."""
    passed = failed = 0
    house.shared = house.make()
    await house.shared.start()
    begin = time.monotonic()
    for title, via, function in CASES:
        if only and not re.search(only, f"{function.__module__} {title}"):
            continue
        outcome = await run(title, via, function, house)
        if outcome is None:
            passed += 1
            continue
        failed += 1
        trouble, exchange = outcome
        print(f"FAILED {function.__module__.rpartition('.')[2]}: {title}\n    {trouble}")
        for text in exchange[-house.shown:]:
            print(f"    | {text[:300]}")
        print(flush=True)
        if house.shared.process.returncode is not None:
            print("The shared server has ended; the rest gets a new one.\n" + house.shared.output()[-3000:], flush=True)
            house.shared = house.make()
            await house.shared.start()
    status, seconds = await house.shared.stop()
    if status != 0 or seconds > 5:
        failed += 1
        print(f"FAILED the shared server: SIGTERM ended it with {status} after {seconds:.1f} s")
    print(f"{time.monotonic() - begin:.1f} s")
    return passed, failed
