"""Tokens minted elsewhere, good and forged, over REST and WebSocket (docs/protocol.md section 8)."""

import base64
import json
import time

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from cases.refusals import upgrade
from support.checks import equal, holds
from support.runner import case
from support.tokens import base64url, claims, public_pem, signed_with_key, signed_with_secret, unsigned


async def judged(t, token, status, code=None, server=None, room="nothing"):
    """What both ways in say to a token."""
    server = server or t.server
    answer = await t.call("GET", "/api/auth/me", headers={"Authorization": "Bearer " + token}, server=server)
    if status == 200:
        answer.ok()
    else:
        answer.refused(status, code)
    found, _, body = await t.raw(upgrade(f"/api/chat/ws/{room}?token={token}"), server)
    # A good token gets as far as the conversation, which does not exist.
    equal(found, 404 if status == 200 else status, f"status of the upgrade with {token}")
    if code:
        equal(json.loads(body)["code"], code, "code of the upgrade")


@case("alg none, in any spelling, with and without a signature")
async def none(t):
    ann = await t.person("ann")
    for name in ("none", "None", "NONE", "nOnE", ""):
        text = unsigned(claims(ann.id), {"alg": name, "typ": "JWT"})
        for signature in ("", base64url(b"x"), ann.token.rpartition(".")[2]):
            await judged(t, f"{text}.{signature}", 401, "token_invalid")
    await judged(t, unsigned(claims(ann.id), {"alg": "none"}), 401, "token_invalid")


@case("another algorithm than the configured one, though with the right secret")
async def wrong_algorithm(t):
    ann = await t.person("ann")
    for algorithm in ("HS384", "HS512"):
        await judged(t, signed_with_secret(claims(ann.id), t.server.secret, algorithm), 401, "token_invalid")
    for algorithm in ("hs256", "RS256", "ES256", "EdDSA", "HS256 ", 5, None, ["HS256"]):
        text = unsigned(claims(ann.id), {"alg": algorithm})
        import hashlib
        import hmac
        digest = hmac.new(t.server.secret.encode(), text.encode(), hashlib.sha256).digest()
        await judged(t, f"{text}.{base64url(digest)}", 401, "token_invalid")


@case("signatures that are not exactly right")
async def forged(t):
    ann, ben = await t.people("ann", "ben")
    head, body, signature = ann.token.split(".")
    await judged(t, ann.token, 200)
    others = [ben.token.split(".")[2], signature[:-1], signature + "A", signature + "=", "", signature[::-1],
              base64url(base64.urlsafe_b64decode(signature + "=")[:-1])]
    # The last letter has two bits that mean nothing: no other spelling of the same bytes may pass.
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    others += [signature[:-1] + letter for letter in letters if letter != signature[-1]]
    for other in others:
        await judged(t, f"{head}.{body}.{other}", 401, "token_invalid")
    changed = base64url(json.dumps(claims(ben.id)).encode())
    await judged(t, f"{head}.{changed}.{signature}", 401, "token_invalid")
    await judged(t, signed_with_secret(claims(ann.id), ""), 401, "token_invalid")
    await judged(t, f"{head}.{body}.{signature}.x", 401, "token_invalid")


@case("claims: exp is demanded and has 30 s of leeway, nbf is kept, sub is text")
async def time_claims(t):
    ann = await t.person("ann")
    now = int(time.time())

    def token(**changes):
        found = claims(ann.id) | changes
        return signed_with_secret({key: value for key, value in found.items() if value != "missing"}, t.server.secret)

    for good in (token(), token(exp=now - 10), token(exp=now + 5), token(nbf=now - 100), token(exp=now + 3600.5),
                 token(iat="missing"), token(nbf=now + 10)):
        await judged(t, good, 200)
    for ended in (token(exp=now - 60), token(exp=now - 32), token(exp=1), token(exp=0)):
        await judged(t, ended, 401, "token_expired")
    for bad in (token(exp="missing"), token(exp=None), token(exp=str(now + 60)), token(exp=True), token(exp=[now + 60]),
                token(exp=-5), token(exp=1e300), token(nbf=now + 600), token(sub="missing"), token(sub=5),
                token(sub=""), token(sub=None), token(sub="s" * 129), token(nbf="x")):
        await judged(t, bad, 401, "token_invalid")
    text = unsigned({}, {"alg": "HS256"}).split(".")[0] + "." + base64url(b'{"sub":"a","exp":9e999}')
    await judged(t, text + "." + base64url(b"0" * 32), 401, "token_invalid")


@case("crit, b64 and other headers that would change the meaning are refused")
async def headers(t):
    ann = await t.person("ann")

    def token(**header):
        return signed_with_secret(claims(ann.id), t.server.secret, **header)

    await judged(t, token(typ="at+jwt"), 200)
    await judged(t, token(crit=["exp"]), 401, "token_invalid")
    await judged(t, token(crit=["b64"], b64=False), 401, "token_invalid")
    await judged(t, token(kid="unknown"), 401, "token_invalid")
    await judged(t, token(kid=5), 401, "token_invalid")
    # What a token says of where its key is, is not followed.
    await judged(t, token(jku="http://127.0.0.1:1/keys", jwk={"kty": "oct", "k": "x"}), 200)


@case("what is no token at all")
async def nonsense(t):
    ann = await t.person("ann")
    for text in (".", "..", "...", "a", "a.b", "a.b.c", "e30.e30.e30", "=.=.=", "x" * 7000, ann.token.replace(".", "")):
        await judged(t, text, 401, "token_invalid")
    for header in ("Bearer", "Bearer ", "Token " + ann.token, ann.token, "Bearer  " + ann.token + " x"):
        (await t.call("GET", "/api/auth/me", headers={"Authorization": header})).refused(401, "token_invalid")


@case("an unknown sub is refused, unless the config makes it a user")
async def provision(t):
    newcomer = t.token("brand-new-id", username="new name")
    found = (await t.call("GET", "/api/auth/me", headers={"Authorization": f"Bearer {newcomer}"})).ok()
    equal((found["id"], found["username"]), ("brand-new-id", "new name"), "the user that was made")
    twin = t.token("another-id", username="new name")
    found = (await t.call("GET", "/api/auth/me", headers={"Authorization": f"Bearer {twin}"})).ok()
    equal(found["id"], "another-id", "its id")
    holds(found["username"] != "new name", "two users have one name")
    server = await t.own(auth={"autoProvision": False})
    await judged(t, t.token("nobody", server), 401, "token_invalid", server)


@case("RS256, ES256, EdDSA and HS512 keys of the config, chosen by kid")
async def keys(t):
    rs = rsa.generate_private_key(65537, 2048)
    es = ec.generate_private_key(ec.SECP256R1())
    ed = ed25519.Ed25519PrivateKey.generate()
    long = "a long secret for HS512 that has sixty-four bytes at the very least, indeed"
    server = t.house.make(auth={"keys": [
        {"id": "rs", "algorithm": "RS256", "publicKey": public_pem(rs)},
        {"id": "es", "algorithm": "ES256", "publicKey": {"file": "es.pem"}},
        {"id": "ed", "algorithm": "EdDSA", "publicKey": public_pem(ed)},
        {"id": "hs", "algorithm": "HS512", "secret": long},
        {"id": "hs3", "algorithm": "HS384", "secret": long},
    ]})
    with open(server.folder + "/es.pem", "w") as out:
        out.write(public_pem(es))
    t.servers.append(server)
    await server.start()
    for name, token in (
        ("rs", signed_with_key(claims("rs-user"), rs, "RS256", kid="rs")),
        ("es", signed_with_key(claims("es-user"), es, "ES256", kid="es")),
        ("ed", signed_with_key(claims("ed-user"), ed, "EdDSA", kid="ed")),
        ("hs", signed_with_secret(claims("hs-user"), long, "HS512", kid="hs")),
        ("hs3", signed_with_secret(claims("hs3-user"), long, "HS384", kid="hs3")),
        ("none", t.token("own-user", server)),
    ):
        await judged(t, token, 200, server=server)
    other = rsa.generate_private_key(65537, 2048)
    for token in (
        signed_with_key(claims("u"), other, "RS256", kid="rs"), signed_with_key(claims("u"), rs, "RS256", kid="es"),
        signed_with_key(claims("u"), rs, "RS256"), signed_with_key(claims("u"), es, "ES256", kid="unknown"),
        # The oldest trick: the public key as a shared secret.
        signed_with_secret(claims("u"), public_pem(rs), "HS256", kid="rs"),
        signed_with_secret(claims("u"), public_pem(es), "HS256", kid="es"),
        signed_with_secret(claims("u"), long, "HS256", kid="hs"),
        signed_with_secret(claims("u"), long, "HS512", kid="hs3"),
        # All zeros, which some implementations of ECDSA took for good.
        unsigned(claims("u"), {"alg": "ES256", "kid": "es"}) + "." + base64url(bytes(64)),
        signed_with_key(claims("u"), ec.generate_private_key(ec.SECP256R1()), "ES256", kid="es"),
        signed_with_key(claims("u"), ed25519.Ed25519PrivateKey.generate(), "EdDSA", kid="ed"),
    ):
        await judged(t, token, 401, "token_invalid", server)


@case("an ES256 signature in DER, as OpenSSL writes it, is none")
async def der(t):
    from cryptography.hazmat.primitives import hashes

    es = ec.generate_private_key(ec.SECP256R1())
    server = await t.own(auth={"keys": [{"id": "es", "algorithm": "ES256", "publicKey": public_pem(es)}]})
    text = unsigned(claims("u"), {"alg": "ES256", "kid": "es"})
    await judged(t, text + "." + base64url(es.sign(text.encode(), ec.ECDSA(hashes.SHA256()))), 401, "token_invalid", server)


@case("issuer and audience are demanded when the config names them")
async def issuer(t):
    server = await t.own(auth={"issuer": "https://id.example.org", "audience": "chat"})
    good = {"iss": "https://id.example.org", "aud": "chat"}
    await judged(t, t.token("u", server, **good), 200, server=server)
    await judged(t, t.token("u", server, **good | {"aud": ["other", "chat"]}), 200, server=server)
    for changes in ({}, {"iss": good["iss"]}, {"aud": "chat"}, good | {"aud": "other"}, good | {"iss": "https://evil"},
                    good | {"aud": []}, good | {"aud": 5}):
        await judged(t, t.token("u", server, **changes), 401, "token_invalid", server)


# On a live connection

@case("at exp plus leeway a live connection ends with 1008", via=("websockets", "aiohttp"))
async def ending(t):
    ann = await t.person("ann")
    room = await ann.room()
    ann.token = t.token(ann.id, seconds=-28)
    line = await ann.enter(room)
    begin = time.monotonic()
    await line.fence()
    equal((await line.ending(8))[0], 1008, "close code")
    holds(time.monotonic() - begin < 5, f"it took {time.monotonic() - begin} s")


@case("auth renews a connection: it lives on past the first token's end")
async def renewing(t):
    ann = await t.person("ann")
    room = await ann.room()
    fresh = ann.token
    ann.token = t.token(ann.id, seconds=-28)
    line, twin = await ann.enter(room), await ann.open(room)
    await line.acked({"type": "auth", "token": fresh})
    equal((await twin.ending(8))[0], 1008, "close code of the one that was not renewed")
    await line.fence()


@case("another user's token is forbidden, a bad one token_invalid, and nothing changes")
async def not_renewing(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    line = await ann.enter(room)
    for token, code, status in ((ben.token, "forbidden", 403), ("x.y.z", "token_invalid", 401),
                                (t.token(ann.id, seconds=-60), "token_expired", 401)):
        error = await line.ask({"type": "auth", "token": token})
        equal((error["type"], error.get("code"), error.get("status")), ("error", code, status), "the answer")
    await line.say("still me")
    equal((await line.next("message"))["sender_id"], ann.id, "sender_id")
    shown = [frame for frame in line.texts if ben.token in frame or "x.y.z" in frame]
    equal(shown, [], "frames that echo a token")
