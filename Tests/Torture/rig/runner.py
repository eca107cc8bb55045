"""Cases against one server, which lives from the first to the last and serves after each."""

import asyncio
import functools
import re
import time
import traceback

import aiohttp
from support.checks import Failed
from support.runner import Case, House

from . import http, keys

CASES = []
# What was measured, printed at the end.
FIGURES = []
PATIENCE = 40
# For what waits out a deadline of the server's: these run beside the others, from the beginning.
LONG_PATIENCE = 110


def case(title, slow=False):
    """Registers a case. A slow one waits more than it works, so it runs while the others do."""
    def register(function):
        CASES.append((title, slow, function, function.__module__.rpartition(".")[2]))
        return function

    return register


def table(module, rows):
    """Registers a case for each row of title, bytes and the statuses that they bring before the connection ends."""
    for title, data, statuses in rows:
        async def judged(t, data, statuses):
            await http.judge(t, data, statuses)

        CASES.append((title, False, functools.partial(judged, data=data, statuses=statuses), module.rpartition(".")[2]))


async def run(house, title, slow, function):
    """What went wrong, or None."""
    found = Case(house, "websockets")
    trouble = None
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0)) as session:
        found.session = session
        try:
            async with asyncio.timeout(LONG_PATIENCE if slow else PATIENCE):
                await function(found)
        except TimeoutError:
            trouble = "not done in time"
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
        await server.end()
    return trouble or await still_serves(house)


async def still_serves(house):
    """What keeps the server from serving a new client, or None."""
    if house.shared.process.returncode is not None:
        return f"the server ended with {house.shared.process.returncode}:\n{house.shared.output()[-3000:]}"
    try:
        found = await http.exchange(house.shared, "GET /healthz HTTP/1.1\nHost: h\nConnection: close\n\n", patience=5)
    except (Failed, OSError) as error:
        return f"afterwards the server does not serve: {error}"
    if [answer.status for answer in found] != [200]:
        return f"afterwards a new client gets {found}"
    return None


async def run_all(binary, scratch, only=""):
    """Runs what matches, prints failures, returns how many passed and failed."""
    house = House(binary, scratch, "sqlite")
    house.shared = house.make(log={"level": "info"}, auth={"keys": keys.TRUSTED})
    await house.shared.start()
    chosen = [entry for entry in CASES if re.search(only, f"{entry[3]} {entry[0]}")]
    passed = failed = 0
    begin = time.monotonic()

    def count(module, title, trouble):
        nonlocal passed, failed
        if trouble is None:
            passed += 1
        else:
            failed += 1
            print(f"FAILED {module}: {title}\n    {trouble[:3000]}\n", flush=True)

    waiting = [
        (module, title, asyncio.create_task(run(house, title, slow, function)))
        for title, slow, function, module in chosen if slow
    ]
    for title, slow, function, module in chosen:
        if not slow and house.shared.process.returncode is None:
            count(module, title, await run(house, title, slow, function))
    for module, title, task in waiting:
        count(module, title, await task)
    status, seconds = await house.shared.stop()
    if status != 0 or seconds > 6:
        failed += 1
        print(f"FAILED the server: SIGTERM ended it with {status} after {seconds:.1f} s\n{house.shared.output()[-3000:]}")
    for figure in FIGURES:
        print(figure)
    print(f"{time.monotonic() - begin:.1f} s")
    return passed, failed
