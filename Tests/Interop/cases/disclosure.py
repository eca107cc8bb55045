"""Where tokens and passwords must not turn up: logs, errors, metrics; and what the time of an answer tells."""

import time

from support.checks import equal, holds
from support.runner import case

PASSWORD = "correct horse battery staple"


@case("tokens and passwords are in no log, error or metric, whichever way they came, at level debug")
async def nowhere(t):
    server = await t.own(auth={"registration": True})
    ann = await t.registered("ann", PASSWORD, server=server)
    room = await ann.room()
    seen = []

    def see(answer):
        seen.append(answer.text)

    line = await ann.enter(room)
    by_header = await ann.open(room, token_in="header")
    await line.acked({"type": "auth", "token": ann.token})
    forged = ann.token[:-8] + "AAAAAAAA"
    ended = t.token(ann.id, seconds=-60, server=server)
    for token in (forged, ended, ann.token + "x", ann.token + "."):
        await line.send({"type": "auth", "token": token, "id": "renewal"})
        await line.next("error", id="renewal")
    for token in (ann.token, forged, ended):
        bearer = {"Authorization": f"Bearer {token}"}
        path = f"/api/chat/ws/{room}"
        for target in (f"/api/auth/me?token={token}", f"/nothing?token={token}", f"/{token}", f"/api/chat/messages/{token}",
                       f"{path}?token={token}", f"{path}?after=x&token={token}", f"{path}/more?token={token}",
                       f"/api/chat/conversations?ticket={token}"):
            for method in ("GET", "DELETE", "BREW"):
                see(await t.call(method, target, headers=bearer, server=server))
        see(await t.call("GET", "/api/auth/me", headers={"Authorization": f"Token {token}"}, server=server))
        see(await t.call("GET", "/api/auth/me", headers={"Cookie": f"token={token}", "Referer": f"http://h/?token={token}"},
                         server=server))
        see(await t.call("POST", "/api/auth/login", data=token.encode(), server=server))
        for text in (f"GET /?token={token}\x01 HTTP/1.1\nHost: h\n\n", f"GET /?token={token} HTTP/9\nHost: h\n\n",
                     f"GET http://h/api/auth/me?token={token} HTTP/1.1\nHost: h\nContent-Length: x\n\n",
                     f"GET / HTTP/1.1\nHost: h\nAuthorization : Bearer {token}\n\n",
                     f"GET / HTTP/1.1\nHost: h\nX-{token}: 1\n y\n\n"):
            _, fields, body = await t.raw(text, server)
            seen.append(f"{fields}{body}")
    for body in ({"username": ann.name, "password": PASSWORD}, {"username": ann.name, "password": PASSWORD, "email": 5},
                 {"username": PASSWORD, "password": PASSWORD + "!"}):
        for path in ("/api/auth/login", "/api/auth/register"):
            answer = await t.call("POST", path, body, server=server)
            if answer.status >= 400:
                see(answer)
    see(await t.call("GET", "/metrics", server=server))
    see(await t.call("GET", "/api/chat/info", server=server))
    await line.close()
    await by_header.close()
    status, _ = await server.stop()
    equal(status, 0, "exit status")

    log = server.output()
    holds('"answered"' in log and '"violation"' in log, "the log is not at level debug")
    parts = ann.token.split(".")[1:] + ended.split(".")[1:] + forged.split(".")[2:] + [PASSWORD, server.secret]
    for part in parts:
        holds(part not in log, f"the log has {part[:12]}…: " + next((row for row in log.splitlines() if part in row), ""))
        for text in seen:
            holds(part not in text, f"an answer has {part[:12]}…: {text[:300]}")


@case("an unknown name takes as long as a wrong password, within 10 %")
async def same_time(t):
    ann = await t.registered("ann")
    names = (ann.name, ann.name + "-unknown")
    times = {name: [] for name in names}
    for _ in range(12):
        # In turn, and the least of each: what else the machine does hits both alike.
        for name in names:
            begin = time.perf_counter()
            answer = await t.call("POST", "/api/auth/login", {"username": name, "password": "wrong password"})
            times[name].append(time.perf_counter() - begin)
            answer.refused(401, "token_invalid")
    wrong, unknown = (min(times[name]) for name in names)
    t.note(f"wrong password {wrong * 1000:.1f} ms, unknown name {unknown * 1000:.1f} ms")
    holds(abs(unknown / wrong - 1) < 0.1, f"a wrong password takes {wrong:.4f} s, an unknown name {unknown:.4f} s")
