"""A chatd of our own: its config, its folder, its start and its end."""

import asyncio
import json
import os
import signal
import socket
import time
import urllib.error
import urllib.request

SECRET = "a secret of the interop tests, 32 bytes and more"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def merged(base, changes):
    """`base` with the changes laid over it, object by object."""
    found = dict(base)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(found.get(key), dict)
        found[key] = merged(found[key], value) if both else value
    return found


def config(port, store="sqlite", **changes):
    """No limits that a test would meet by accident; tokens are trusted, and make their users."""
    base = {
        "store": {"type": store} | ({"path": "chat.db"} if store == "sqlite" else {}),
        "auth": {"secretKey": SECRET, "autoProvision": True},
        "http": {"listen": f"127.0.0.1:{port}"},
        "transports": [{"type": "rest"}, {"type": "websocket"}, {"type": "long-polling"}],
        "limits": {
            "connections": 0, "connectionsPerUser": 0, "connectionsPerAddress": 0, "messagesPerUserPerSecond": 0,
            "passwordAttemptsPerMinute": 0, "registrationsPerAddressPerMinute": 0,
        },
        "log": {"level": "debug", "form": "json"},
    }
    return merged(base, changes)


class Chatd:
    """One server process at a time, over one folder. Restarting keeps the port and the data."""

    # What its clients shake hands with; None for a server without TLS.
    tls = None

    def __init__(self, binary, folder, **changes):
        self.binary = binary
        self.folder = folder
        self.port = free_port()
        self.process = None
        os.makedirs(folder, exist_ok=True)
        self.file = os.path.join(folder, "chat.json")
        self.log = os.path.join(folder, "chatd.log")
        self.configure(**changes)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def configure(self, **changes):
        self.secret = changes.get("auth", {}).get("secretKey", SECRET)
        with open(self.file, "w") as out:
            json.dump(config(self.port, **changes), out, indent=2)

    def command(self, *arguments):
        return [self.binary, *arguments]

    async def start(self, patience=20):
        """Returns when the server is ready, with the seconds that took."""
        begin = time.monotonic()
        with open(self.log, "ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.command("serve", self.file), stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.folder)
        while time.monotonic() - begin < patience:
            if self.process.returncode is not None:
                raise RuntimeError(f"chatd ended with {self.process.returncode} at its start:\n{self.output()[-2000:]}")
            if await asyncio.to_thread(self._is_ready):
                return time.monotonic() - begin
            await asyncio.sleep(0.01)
        raise RuntimeError(f"chatd was not ready within {patience} s:\n{self.output()[-2000:]}")

    def _is_ready(self):
        try:
            with urllib.request.urlopen(self.url + "/readyz", timeout=2) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    async def stop(self, patience=15):
        """SIGTERM; returns the exit status and the seconds it took."""
        begin = time.monotonic()
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = await asyncio.wait_for(self.process.wait(), patience)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
            raise RuntimeError(f"chatd did not end within {patience} s of SIGTERM") from None
        return status, time.monotonic() - begin

    async def kill(self):
        """SIGKILL, as the machine's own end would be."""
        self.process.kill()
        await self.process.wait()

    async def end(self):
        """Whatever state it is in: ended, and its end was a good one."""
        if self.process and self.process.returncode is None:
            await self.stop()

    async def run(self, *arguments, stdin=None, patience=20):
        """The command-line tool beside the server: exit status and all it printed."""
        process = await asyncio.create_subprocess_exec(
            *self.command(*arguments), cwd=self.folder,
            stdin=asyncio.subprocess.PIPE if stdin is not None else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
        try:
            out, err = await asyncio.wait_for(
                process.communicate(stdin.encode() if stdin is not None else None), patience)
        except TimeoutError:
            process.kill()
            await process.wait()
            raise RuntimeError(f"chatd {' '.join(arguments)} did not end within {patience} s") from None
        return process.returncode, out.decode(), err.decode()

    def output(self):
        try:
            with open(self.log, "rb") as log:
                return log.read().decode(errors="replace")
        except FileNotFoundError:
            return ""
