"""Servers to be measured: chatd over a folder of its own, and those it is measured beside."""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import shutil
import socket
import subprocess
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SECRET = b"only-for-benchmarks-on-loopback-0000"
CONFIG = {
    "store": {"type": "sqlite", "path": "chat.db", "durability": "synced"},
    "auth": {"secretKey": SECRET.decode(), "autoProvision": True},
    # A load generator is one user at one address with many connections; the limits are for those who are not.
    "limits": {"messagesPerUserPerSecond": 0, "connectionsPerUser": 0, "connectionsPerAddress": 0},
    "log": {"level": "warning"},
}


def token(user):
    def part(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

    head = part(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    body = part(json.dumps({"sub": user, "username": user, "exp": int(time.time()) + 86400}).encode())
    return f"{head}.{body}." + part(hmac.new(SECRET, f"{head}.{body}".encode(), hashlib.sha256).digest())


def call(method, url, user, body=None, bearer=None):
    """As a user, or with a token that is at hand."""
    request = urllib.request.Request(
        url, method=method, data=json.dumps(body).encode() if body is not None else None,
        headers={"Authorization": "Bearer " + (bearer or token(user)), "Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer) if answer.status != 204 else None


def build(*products):
    """Release builds, and where they are."""
    for product in products:
        subprocess.run(["swift", "build", "-c", "release", "--product", product], cwd=ROOT, check=True,
                       stdout=subprocess.DEVNULL)
    return ROOT / ".build/release"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A process that listens. Pinned to the first core, so that the load generator has another."""

    name = "server"
    environment = None

    def command(self):
        raise NotImplementedError

    def start(self, patience=30):
        self.port = free_port()
        self.log = open(self.folder / f"{self.name}.log", "ab")
        self.process = subprocess.Popen(self.command(), cwd=self.folder, stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=self.log, env=self.environment, preexec_fn=lambda: pin(0))
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise SystemExit(f"{self.name} did not start: see {self.log.name}")
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                time.sleep(0.02)
        raise SystemExit(f"{self.name} does not listen")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    @property
    def pid(self):
        return self.process.pid

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"


def pin(core):
    """To a core, where there is more than one."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(0, {cores[core % len(cores)]})


class Chatd(Server):
    """chatd over `folder/chat.db`. Settings of transports and limits may be changed."""

    name = "chatd"

    def __init__(self, binaries, folder, websocket=None, **changes):
        self.binaries = binaries
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        config = {**CONFIG, **changes}
        config["transports"] = [{"type": "rest"}, {"type": "websocket"} | (websocket or {}), {"type": "long-polling"}]
        (folder / "chat.json").write_text(json.dumps(config, indent=2))

    def command(self):
        return [self.binaries / "chatd", "serve", "chat.json", "--listen", f"127.0.0.1:{self.port}"]

    def populate(self, rooms, members, messages=0):
        """Before it is started: rooms with members of their own. The conversations, and the members of each."""
        made = subprocess.run(
            [self.binaries / "populate", "--database", self.folder / "chat.db", "--rooms", str(rooms), "--members",
             str(members), "--messages", str(messages)], check=True, capture_output=True, text=True).stdout
        found = {"user": [], "room": []}
        for line in made.splitlines():
            kind, _, identifier = line.partition(" ")
            found.get(kind, []).append(identifier)
        users = found["user"]
        return [(room, users[at * members:(at + 1) * members]) for at, room in enumerate(found["room"])]


class Peer(Server):
    """The floor (peer.c)."""

    name = "peer"

    def __init__(self, binary, folder):
        self.binary = binary
        self.folder = folder

    def command(self):
        return [self.binary, str(self.port), self.folder / "peer.db"]


class Replica(Server):
    """The FastAPI replica of the system this one descends from: a folder with run.sh PORT."""

    name = "replica"

    def __init__(self, source, folder):
        self.source = source
        self.folder = folder

    @property
    def environment(self):
        """BUILD is where its Python parts are, or are put."""
        return {"BUILD": str(self.folder), **os.environ, "SEED_DB": str(self.folder / "seed.db")}

    def command(self):
        return [self.source / "run.sh", str(self.port)]


class Nchan(Server):
    """nginx with Nchan: long polls at /lp/CHANNEL, publishing at /pub/CHANNEL. Messages stay in memory."""

    name = "nchan"
    module = pathlib.Path("/usr/lib/nginx/modules/ngx_nchan_module.so")

    @classmethod
    def is_missing(cls):
        """What to install, if it is not there."""
        return None if cls.module.exists() and shutil.which("nginx") else "nginx-light and libnginx-mod-nchan"

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def command(self):
        bodies = " ".join(f"{kind}_temp_path {self.folder}/{kind};"
                          for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (self.folder / "nginx.conf").write_text(f"""
            load_module {self.module};
            daemon off; worker_processes 1; worker_rlimit_nofile 20000; pid {self.folder}/nginx.pid;
            {"user root;" if os.geteuid() == 0 else ""}
            events {{ worker_connections 19000; }}
            http {{
                access_log off; {bodies} keepalive_requests 100000000; keepalive_timeout 600s;
                nchan_shared_memory_size 512M; nchan_message_buffer_length 1000; nchan_message_timeout 5m;
                server {{
                    listen 127.0.0.1:{self.port} backlog=4096;
                    location ~ ^/lp/(\\w+)$ {{ nchan_subscriber longpoll; nchan_channel_id $1;
                        nchan_subscriber_first_message newest; nchan_subscriber_timeout 60; }}
                    location ~ ^/pub/(\\w+)$ {{ nchan_publisher http; nchan_channel_id $1; }}
                }}
            }}""")
        return ["nginx", "-p", self.folder, "-c", self.folder / "nginx.conf", "-e", self.folder / "error.log"]

    @property
    def pid(self):
        """The worker: it does the work."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        # The master listens before it has made one.
        while not children.read_text() and self.process.poll() is None:
            time.sleep(0.02)
        return int(children.read_text().split()[0])
