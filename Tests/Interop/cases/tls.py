"""TLS: Python's `ssl`, `websockets`, `aiohttp` and curl against a chatd with a certificate; and peers that want no TLS
(docs/decisions/0012)."""

import asyncio
import datetime
import ipaddress
import os
import secrets
import shutil
import signal
import ssl
import struct

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from support.checks import equal, holds
from support.runner import case
from support.server import free_port

VERSIONS = {"TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3}


def write_certificate(folder, name="chatd"):
    """A key and a certificate for 127.0.0.1, signed by itself: chain.pem and key.pem."""
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder().subject_name(names).issuer_name(names).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256()))
    for file, content in (
        ("chain.pem", certificate.public_bytes(serialization.Encoding.PEM)),
        ("key.pem", key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())),
    ):
        with open(os.path.join(folder, file), "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as out:
            out.write(content)


class Secure:
    """A server as it is seen through its TLS listener."""

    def __init__(self, server, folder, port):
        self.server = server
        self.folder = folder
        self.port = port
        self.tls = self.context()

    def __getattr__(self, name):
        return getattr(self.server, name)

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}"

    @property
    def chain(self):
        return os.path.join(self.folder, "chain.pem")

    def context(self, version=None, protocols=None):
        """A client's, which trusts this certificate and no other."""
        found = ssl.create_default_context(cafile=self.chain)
        if version:
            found.minimum_version = found.maximum_version = version
        if protocols:
            found.set_alpn_protocols(protocols)
        return found

    async def connect(self, context=None):
        return await asyncio.open_connection("127.0.0.1", self.port, ssl=context or self.tls)

    async def count(self, name):
        """A number of /metrics, asked for without TLS."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        page = (await reader.read()).decode()
        writer.close()
        return int(next(row for row in page.splitlines() if row.startswith(name + " ")).rpartition(" ")[2])


async def secured(t, **more):
    folder = os.path.join(t.house.scratch, "tls-" + secrets.token_hex(4))
    os.makedirs(folder)
    write_certificate(folder)
    port = free_port()
    tls = {
        "listen": f"127.0.0.1:{port}", "certificate": os.path.join(folder, "chain.pem"),
        "privateKey": os.path.join(folder, "key.pem"),
    }
    server = await t.own(http={"tls": tls | more})
    return Secure(server, folder, port)


async def healthy(server, context=None):
    """A whole request: the session it went over."""
    reader, writer = await server.connect(context)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    holds(answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b'{"status":"ok"}'), f"the answer is {answer[:200]}")
    found = writer.get_extra_info("ssl_object")
    writer.close()
    return found


async def refused(server, context, reasons):
    try:
        await healthy(server, context)
    except ssl.SSLError as error:
        # Which of them it is depends on Python's and OpenSSL's versions; some names come in words.
        found = str(error).upper().replace(" ", "_")
        holds(any(reason in found for reason in reasons), f"refused as {error}")
    else:
        holds(False, "it was let in")


@case("TLS 1.2 and 1.3 work, with a session resumed in each; 1.1 is refused")
async def versions(t):
    server = await secured(t)
    for name, version in VERSIONS.items():
        context = server.context(version)
        first = await healthy(server, context)
        equal(first.version(), name, "the version")
        holds("ECDHE" in first.cipher()[0] or name == "TLSv1.3", f"the cipher is {first.cipher()}")
        # asyncio has no way to hand over a session.
        equal(await asyncio.to_thread(resumed, server, context), True, f"{name}: the session is resumed")
    old = server.context()
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    await refused(server, old, ("PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL", "NO_PROTOCOLS"))


def resumed(server, context):
    import socket
    session = None
    for _ in range(2):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as plain:
            with context.wrap_socket(plain, server_hostname="127.0.0.1", session=session) as secure:
                secure.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                secure.recv(4096)
                session, reused = secure.session, secure.session_reused
    return reused


@case("minimumVersion 1.3 refuses 1.2")
async def minimum(t):
    server = await secured(t, minimumVersion="1.3")
    await healthy(server)
    await refused(server, server.context(VERSIONS["TLSv1.2"]), ("PROTOCOL_VERSION",))


@case("ALPN: http/1.1 is chosen, h2 alone is refused, and nobody need offer anything")
async def alpn(t):
    server = await secured(t)
    equal((await healthy(server, server.context(protocols=["h2", "http/1.1"]))).selected_alpn_protocol(), "http/1.1",
          "the protocol")
    equal((await healthy(server)).selected_alpn_protocol(), None, "the protocol when none is offered")
    await refused(server, server.context(protocols=["h2"]), ("NO_APPLICATION_PROTOCOL",))


@case("wss: two people chat, one over TLS 1.2 and one over 1.3; SIGTERM says 1001", via=("websockets", "aiohttp"))
async def chat(t):
    server = await secured(t)
    ann, ben = await t.people("ann", "ben", server=server)
    room = await ann.room(ben)
    server.tls = server.context(VERSIONS["TLSv1.2"])
    hers = await ann.open(room)
    server.tls = server.context(VERSIONS["TLSv1.3"])
    his = await ben.open(room)
    for number, (line, other) in enumerate(((hers, his), (his, hers)) * 20):
        content = f"{number} " + "é" * (number * 700)
        await line.say(content, id=number)
        await line.next("ack", id=number)
        equal((await other.next("message", content=content))["content"], content, "what came")
    await ann.write(room, "by REST over TLS")
    await his.next("message", content="by REST over TLS")
    status, seconds = await server.stop()
    equal(status, 0, "exit status")
    holds(seconds < 5, f"it took {seconds} s")
    for line in (hers, his):
        equal((await line.ending())[0], 1001, "close code")


async def curl(t, *words):
    process = await asyncio.create_subprocess_exec(
        "curl", "--silent", "--show-error", "--max-time", "20", "--noproxy", "*", *words,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    out, err = await process.communicate()
    t.note(f"$ curl {' '.join(words)}\n{out.decode()}{err.decode()}")
    return process.returncode, out.decode()


@case("curl: trusts the certificate it is given and no other; keeps the connection; and http is told to be https")
async def with_curl(t):
    server = await secured(t, strictTransportSecuritySeconds=60)
    url = server.url + "/healthz"
    for version in ("1.2", "1.3"):
        status, out = await curl(t, "--cacert", server.chain, f"--tlsv{version}", "--tls-max", version, "--include", url)
        equal(status, 0, f"curl's status over {version}")
        holds("Strict-Transport-Security: max-age=60" in out, "the header")
    equal((await curl(t, url))[0], 60, "curl's status without the certificate")
    status, out = await curl(t, "--cacert", server.chain, "--write-out", "\n%{num_connects}\n", url, url)
    equal([row for row in out.splitlines() if row in ("0", "1")], ["1", "0"], "connections for the two requests")
    status, out = await curl(t, "--include", f"http://127.0.0.1:{server.port}/healthz")
    equal(status, 0, "curl's status without TLS")
    holds(out.startswith("HTTP/1.1 400 ") and "https" in out, "the answer says where to go")
    status, out = await curl(t, "--include", server.server.url + "/healthz")
    holds("Strict-Transport-Security" not in out, "the header is not on plain answers")


@case("a large body goes up and comes down again over TLS")
async def large(t):
    server = await secured(t)
    ann, = await t.people("ann", server=server)
    room = await ann.room()
    contents = [f"{number} " + "x" * 60_000 for number in range(100)]
    for content in contents:
        await ann.write(room, content)
    equal([message["content"] for message in await ann.messages(room)], contents, "the history")


@case("a thousand garbage connections harm nobody, and nothing of them is left")
async def garbage(t):
    server = await secured(t)
    ann, = await t.people("ann", server=server)
    line = await ann.enter(await ann.room())
    hello = bytes.fromhex("1603010200010001fc0303") + secrets.token_bytes(32)
    kinds = (
        lambda: secrets.token_bytes(400), lambda: b"", lambda: hello[:7], lambda: hello + secrets.token_bytes(469),
        lambda: b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", lambda: b"\x80\x2e\x01\x03\x01" + secrets.token_bytes(43),
        lambda: b"\x15\x03\x03\x00\x02\x02\x28", lambda: b"\x17\x03\x03\x40\x00" + secrets.token_bytes(2000),
    )

    async def bother(number):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        try:
            writer.write(kinds[number % len(kinds)]())
            if number % 16 < 8:
                # Resets.
                writer.get_extra_info("socket").setsockopt(1, 13, struct.pack("ii", 1, 0))
            else:
                writer.write_eof()
                await asyncio.wait_for(reader.read(), 10)
        except OSError:
            pass
        finally:
            writer.close()

    for start in range(0, 1000, 100):
        await asyncio.gather(*(bother(number) for number in range(start, start + 100)))
        await line.fence()
    await healthy(server)
    async with asyncio.timeout(5):
        while await server.count("chat_tls_handshakes_open") or await server.count("chat_http_connections_open") > 3:
            await asyncio.sleep(0.05)


@case("three hundred who never finish their handshake hold others up for seconds, not for good")
async def silent(t):
    server = await secured(t)
    ann, = await t.people("ann", server=server)
    line = await ann.enter(await ann.room())
    others = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(300)]
    async with asyncio.timeout(9):
        await healthy(server)
    await line.fence()
    holds(await server.count("chat_tls_accept_rests_total") >= 1, "accepting never rested")
    for _, writer in others:
        writer.close()


@case("SIGHUP: the new certificate for new connections, the old connection goes on; files that will not do change nothing")
async def reload(t):
    server = await secured(t)
    ann, = await t.people("ann", server=server)
    line = await ann.enter(await ann.room())
    before = server.tls

    async def said(text):
        server.process.send_signal(signal.SIGHUP)
        async with asyncio.timeout(10):
            while text not in server.output():
                await asyncio.sleep(0.01)

    write_certificate(server.folder, "renewed")
    await said("the certificate is reloaded")
    await refused(server, before, ("CERTIFICATE_VERIFY_FAILED",))
    await healthy(server, server.context())
    after = server.context()
    with open(os.path.join(server.folder, "key.pem"), "w") as out:
        out.write("nothing")
    await said("the certificate stays as it was")
    await healthy(server, after)
    await line.fence()


@case("a client that renegotiates, over and over, gets nothing of it")
async def renegotiation(t):
    if not shutil.which("openssl"):
        return t.note("there is no openssl to ask with")
    server = await secured(t)
    process = await asyncio.create_subprocess_exec(
        "openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-tls1_2", stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)
    out, _ = await asyncio.wait_for(process.communicate(b"R\nR\nR\n"), 20)
    holds(b"no renegotiation" in out, f"it ended with {out[-300:]}")
    holds(b"Compression: NONE" in out, "compression")
    await healthy(server)
