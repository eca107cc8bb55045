"""Forged tokens (RFC 7515, 7519, 8725): refused with 401 over REST, at both doors of the WebSocket, and by
`auth` on a connection that is open. They are signed with the right secret where only the form can betray them."""

import base64
import functools
import hashlib
import hmac
import json
import time
from urllib.parse import quote

from cases.upgrades import handshake
from rig import http, keys
from rig.http import Peer
from rig.runner import CASES, case
from support.checks import equal, holds
from support.tokens import base64url, claims, public_pem, signed_with_key, signed_with_secret, unsigned

ME = "/api/auth/me"


async def doors(t, token, room, line):
    """What each way in says to a token: statuses of REST and of the two upgrades, and the code of `auth`."""
    found = {}
    printable = token.isascii() and token.isprintable() and token == token.strip()
    bearer = f"Authorization: Bearer {token}\n"
    requests = {"?token= of an upgrade": handshake(f"/api/chat/ws/{room}?token={quote(token)}")} if len(token) < 7000 else {}
    if printable:
        requests["REST"] = f"GET {ME} HTTP/1.1\nHost: h\n{bearer}\n"
        requests["the header of an upgrade"] = handshake(f"/api/chat/ws/{room}", extra=bearer)
    for name, request in requests.items():
        peer = await Peer.connect(t.server)
        await peer.send(request)
        found[name] = (await peer.answer()).status
        peer.close()
    found["auth"] = (await line.ask({"type": "auth", "token": token})).get("code", "ack")
    return found


async def refused(t, make):
    ann = await t.person("ann")
    room = await ann.room()
    line = await ann.enter(room)
    token = make(t, ann)
    for name, answer in (await doors(t, token, room, line)).items():
        holds(answer in (401, "token_invalid", "token_expired", "missing_field", "invalid_field"), f"{name} says {answer} to {token[:300]}")
    await line.fence()
    good = await doors(t, ann.token, room, line)
    equal(set(good.values()), {200, 101, "ack"}, "what a good token gets afterwards")


def by_hand(t, data):
    """Signed with the secret as it stands."""
    return data + "." + base64url(hmac.new(t.server.secret.encode(), data.encode(), hashlib.sha256).digest())


def row(title, make):
    CASES.append((title, False, functools.partial(refused, make=make), "tokens"))


def by_secret(title, header=None, **changes):
    """Claims and header with changes, signed with the server's own secret. "absent" leaves a claim out."""
    def make(t, ann):
        found = {name: value for name, value in (claims(ann.id) | changes).items() if value != "absent"}
        return signed_with_secret(found, t.server.secret, **(header or {}))

    row(title, make)


def by_text(title, header='{"alg":"HS256","typ":"JWT"}', body=None):
    """Header and claims as they are written here; ANN, NOW and END are filled in."""
    def make(t, ann):
        now = int(time.time())
        text = (body or '{"sub":"ANN","iat":NOW,"exp":END}').replace("ANN", ann.id).replace("NOW", str(now)).replace("END", str(now + 600))
        return by_hand(t, ".".join(base64url(part.encode(errors="surrogatepass")) for part in (header, text)))

    row(title, make)


def changed(title, change):
    """A good token, changed as text."""
    row(title, lambda t, ann: change(ann.token))


def parts(title, change):
    """A good token, changed in its parts."""
    changed(title, lambda token: ".".join(change(*token.split("."))))


# The algorithm, which the server decides.
for name in ("none", "None", "NONE", "nOnE", "none ", "", "null"):
    row(f"alg {name!r}, no signature", lambda t, ann, name=name: unsigned(claims(ann.id), {"alg": name}) + ".")
    by_text(f"alg {name!r}, the secret's signature", json.dumps({"alg": name}))
for name in ("HS384", "HS512", "hs256", "HS256 ", "HS1", "HMAC", "RS256", "ES256", "ES384", "PS256", "EdDSA", "RSA-OAEP", "dir"):
    by_text(f"alg {name!r}, the secret's signature", json.dumps({"alg": name}))
for text in ("{}", '{"alg":null}', '{"alg":256}', '{"alg":["HS256"]}', '{"alg":{"HS256":1}}', '{"alg":true}', '{"ALG":"HS256"}'):
    by_text(f"the header {text}", text)
for name, key in ("rs", keys.RS), ("es", keys.ES), ("ed", keys.ED):
    for ending in "", "\n":
        secret = public_pem(key).strip() + ending
        row(f"HS256 by the public key {name}, {len(ending)} line ends behind it, under its kid",
            lambda t, ann, secret=secret, name=name: signed_with_secret(claims(ann.id), secret, kid=name))
    row(f"HS256 by the public key {name} without a kid",
        lambda t, ann, key=key: signed_with_secret(claims(ann.id), public_pem(key)))
    by_text(f"the secret's signature under the kid {name}", f'{{"alg":"HS256","kid":"{name}"}}')
row("RS256 under the kid of ES256", lambda t, ann: signed_with_key(claims(ann.id), keys.RS, "RS256", kid="es"))
row("RS256 without a kid", lambda t, ann: signed_with_key(claims(ann.id), keys.RS, "RS256"))
row("RS256 by a key of another", lambda t, ann: signed_with_key(claims(ann.id), keys.STRANGER, "RS256", kid="rs"))
row("ES256 of zeros (CVE-2022-21449)", lambda t, ann: unsigned(claims(ann.id), {"alg": "ES256", "kid": "es"}) + "." + base64url(bytes(64)))
row("RS256 of zeros", lambda t, ann: unsigned(claims(ann.id), {"alg": "RS256", "kid": "rs"}) + "." + base64url(bytes(256)))
row("EdDSA of zeros", lambda t, ann: unsigned(claims(ann.id), {"alg": "EdDSA", "kid": "ed"}) + "." + base64url(bytes(64)))

# Where the key is said to be.
for name in ("unknown", "", "../../../../dev/null", "/dev/null", "/etc/hostname", "x' UNION SELECT 'key' --", "'; DROP TABLE users; --", "rs\0",
             "RS", " rs", "http://127.0.0.1:1/key", "x" * 4000, "$(id)", "%00"):
    by_secret(f"the kid {name[:40]!r}", {"kid": name})
    row(f"the kid {name[:40]!r} and an empty secret", lambda t, ann, name=name: signed_with_secret(claims(ann.id), "", kid=name))
for value in (5, None, True, ["rs"], {"rs": 1}):
    by_secret(f"the kid {value!r}", {"kid": value})
row("a key that the token brings along (jwk)", lambda t, ann: signed_with_secret(
    claims(ann.id), "the attacker's own", jwk={"kty": "oct", "k": base64url(b"the attacker's own")}))
row("an address of keys (jku)", lambda t, ann: signed_with_key(claims(ann.id), keys.STRANGER, "RS256", kid="x", jku="http://127.0.0.1:1/keys"))
row("a certificate (x5c)", lambda t, ann: signed_with_key(claims(ann.id), keys.STRANGER, "RS256", kid="x", x5c=["MIIB"]))

# What would change the reading of the rest.
for critical in (["exp"], ["b64"], [], ["x"], "exp", None, 5, {}):
    by_secret(f"crit {critical!r}", {"crit": critical})
for value in (False, True, None, "false"):
    by_secret(f"b64 {value!r}", {"b64": value})
by_text("alg twice in the header", '{"alg":"none","alg":"HS256"}')
by_text("alg twice in the header, the other way", '{"alg":"HS256","alg":"none"}')
by_text("a header with something behind it", '{"alg":"HS256"} x')
by_text("a header with a byte order mark", '\ufeff{"alg":"HS256"}')
by_text("a header of 100 levels", '{"alg":"HS256","x":' + "[" * 100 + "]" * 100 + "}")
by_text("a header that is a list", '["HS256"]')
by_text("a header that is no UTF-8", '{"alg":"HS256","x":"\ud800"}')

# Signatures.
for name, wrong in ("another secret", "another secret, of thirty-two bytes and more"), ("an empty secret", ""), ("the word secret", "secret"):
    row(f"signed with {name}", lambda t, ann, wrong=wrong: signed_with_secret(claims(ann.id), wrong))
parts("no signature", lambda head, body, mac: (head, body, ""))
parts("a signature of another token", lambda head, body, mac: (head, base64url(json.dumps(claims("somebody")).encode()), mac))
parts("a signature of zeros", lambda head, body, mac: (head, body, base64url(bytes(32))))
parts("a signature that is a letter shorter", lambda head, body, mac: (head, body, mac[:-1]))
parts("a signature that is a byte shorter", lambda head, body, mac: (head, body, base64url(base64.urlsafe_b64decode(mac + "=")[:-1])))
parts("a signature that is a byte longer", lambda head, body, mac: (head, body, base64url(base64.urlsafe_b64decode(mac + "=") + b"\0")))
parts("a signature that is a letter longer", lambda head, body, mac: (head, body, mac + "A"))
parts("a signature twice", lambda head, body, mac: (head, body, mac + mac))
parts("a signature backwards", lambda head, body, mac: (head, body, mac[::-1]))
parts("a signature in hexadecimal", lambda head, body, mac: (head, body, base64.urlsafe_b64decode(mac + "=").hex()))
parts("a signature in the other case", lambda head, body, mac: (head, body, mac.swapcase()))
for place in 0, 21, 41:
    parts(f"a signature with another letter at {place}",
          lambda head, body, mac, place=place: (head, body, mac[:place] + ("A" if mac[place] != "A" else "B") + mac[place + 1:]))

# Form.
parts("padding behind the signature", lambda head, body, mac: (head, body, mac + "="))
parts("padding behind the claims", lambda head, body, mac: (head, body + "=", mac))
parts("padding behind the header", lambda head, body, mac: (head + "==", body, mac))
parts("a blank in the claims", lambda head, body, mac: (head, body[:5] + " " + body[5:], mac))
parts("a line end in the claims", lambda head, body, mac: (head, body[:5] + "\n" + body[5:], mac))
parts("a NUL in the signature", lambda head, body, mac: (head, body, mac + "\0"))
parts("a star in the signature", lambda head, body, mac: (head, body, mac[:-1] + "*"))
parts("no header", lambda head, body, mac: ("", body, mac))
parts("no claims", lambda head, body, mac: (head, "", mac))
parts("header and claims exchanged", lambda head, body, mac: (body, head, mac))
parts("two parts", lambda head, body, mac: (head, body))
parts("four parts", lambda head, body, mac: (head, body, mac, mac))
parts("four parts, the last empty", lambda head, body, mac: (head, body, mac, ""))
parts("four parts, the first empty", lambda head, body, mac: ("", head, body, mac))
parts("five parts, as an encrypted token has", lambda head, body, mac: (head, mac, body, mac, mac))
parts("two dots in a row", lambda head, body, mac: (head, "", body, mac))
changed("a blank in front", lambda token: " " + token)
changed("a blank behind", lambda token: token + " ")
changed("a tab behind", lambda token: token + "\t")
changed("a line end behind", lambda token: token + "\n")
changed("a NUL behind", lambda token: token + "\0")
changed("in quotes", lambda token: f'"{token}"')
changed("the scheme twice", lambda token: "Bearer " + token)
changed("two of them", lambda token: token + "," + token)
changed("its JSON form", lambda token: json.dumps(dict(zip(("protected", "payload", "signature"), token.split(".")))))
changed("letters that look alike", lambda token: token.replace("e", "е", 1))
changed("nothing but dots", lambda token: "." * len(token))
changed("a token of 7 KiB", lambda token: token.split(".")[0] + "." + "A" * 7000 + "." + token.split(".")[2])
# A header whose letters differ between the two alphabets.
row("the letters of plain base64", lambda t, ann: by_hand(
    t, "eyJhbGciOiJIUzI1NiIsIngiOiI+Pj4/Pz8ifQ." + base64url(json.dumps(claims(ann.id)).encode())))

# Claims.
by_secret("no exp", exp="absent")
for value in (None, True, [], {}, -1, 1e300, -1e300, 0, 1, 1.5, str(int(time.time()) + 600), "9" * 30):
    by_secret(f"exp {value!r}", exp=value)
by_secret("exp a minute ago", exp=int(time.time()) - 60)
for text in ("1e999", "9e999", "-9e999", "99999999999999999999e999", "0x7fffffff", "NaN", "Infinity", "01", "1_000"):
    by_text(f"exp {text}", body=f'{{"sub":"ANN","exp":{text}}}')
by_text("exp twice, the first one good", body='{"sub":"ANN","exp":END,"exp":1}')
by_text("exp twice, the last one good", body='{"sub":"ANN","exp":1,"exp":END}')
by_text("sub twice", body='{"sub":"somebody","sub":"ANN","exp":END}')
by_text("sub twice, once escaped", body='{"sub":"ANN","s\\u0075b":"somebody","exp":END}')
by_text("claims that are a list", body='[{"sub":"ANN","exp":END}]')
by_text("claims with something behind them", body='{"sub":"ANN","exp":END}{}')
by_text("claims with a byte order mark", body='\ufeff{"sub":"ANN","exp":END}')
by_text("claims of 100 levels", body='{"sub":"ANN","exp":END,"x":' + "[" * 100 + "]" * 100 + "}")
by_text("claims with a lone surrogate", body='{"sub":"ANN\\ud800","exp":END}')
by_text("claims that are no UTF-8", body='{"sub":"ANN","exp":END,"x":"\ud800"}')
by_text("claims that are cut off", body='{"sub":"ANN","exp":END')
for value in (int(time.time()) + 600, 1e300, "0", None, True, [], str(int(time.time()))):
    by_secret(f"nbf {value!r}", nbf=value)
by_secret("iat in an hour", iat=int(time.time()) + 3600)
for value in ("", 5, None, True, [], ["ANN"], {}, "s" * 129):
    by_secret(f"sub {str(value)[:20]!r} of {type(value).__name__}", sub=value)
by_secret("no sub", sub="absent")


@case("a signature whose last letter stands for the same bytes is another text, and refused")
async def last_letter(t):
    ann = await t.person("ann")
    room = await ann.room()
    line = await ann.enter(room)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for token in (ann.token, *(signed_with_key(claims(ann.id), key, algorithm, kid=name) for key, algorithm, name in (
            (keys.RS, "RS256", "rs"), (keys.ES, "ES256", "es"), (keys.ED, "EdDSA", "ed")))):
        equal(set((await doors(t, token, room, line)).values()), {200, 101, "ack"}, "the token as it is")
        for letter in letters:
            if letter != token[-1]:
                found = set((await doors(t, token[:-1] + letter, room, line)).values())
                equal(found, {401, "token_invalid"}, f"{letter} for {token[-1]} at the end")


async def rest(t, fields, query="", body=""):
    found, = await http.exchange(t.server, f"GET {ME}{query} HTTP/1.1\nHost: h\n{fields}Content-Length: {len(body)}\nConnection: close\n\n{body}")
    return found


@case("a token counts where it belongs and nowhere else")
async def places(t):
    ann = await t.person("ann")
    token = ann.token
    equal((await rest(t, f"Authorization: Bearer {token}\n")).status, 200, "in its place")
    for name, fields, query, body in (
        ("in the query of REST", "", f"?token={token}", ""), ("in a cookie", f"Cookie: token={token}; access_token={token}\n", "", ""),
        ("in a field of its own", f"X-Token: {token}\nX-Access-Token: {token}\n", "", ""),
        ("in the body", "Content-Type: application/json\n", "", f'{{"token":"{token}"}}'),
        ("under another scheme", f"Authorization: Token {token}\n", "", ""), ("without a scheme", f"Authorization: {token}\n", "", ""),
        ("as a password", f"Authorization: Basic {base64.b64encode(b'ann:' + token.encode()).decode()}\n", "", ""),
        ("for a proxy", f"Proxy-Authorization: Bearer {token}\n", "", ""), ("behind a comma", f"Authorization: Bearer x, Bearer {token}\n", "", ""),
        ("in two fields, the same", f"Authorization: Bearer {token}\n" * 2, "", ""),
        ("in two fields, one broken", f"Authorization: Bearer x\nAuthorization: Bearer {token}\n", "", ""),
        ("as a parameter of the scheme", f"Authorization: Bearer token={token}\n", "", ""),
    ):
        equal((await rest(t, fields, query, body)).status, 401, f"status with the token {name}")


@case("with a token in two places nobody becomes somebody else")
async def two_places(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room()
    path = f"/api/chat/ws/{room}"

    async def status(query, field):
        peer = await Peer.connect(t.server)
        await peer.send(handshake(path + query, extra=f"Authorization: Bearer {field}\n"))
        found = (await peer.answer()).status
        peer.close()
        return found

    for query, field in (("?token=x.y.z", ann.token), (f"?token={ann.token[:-3]}abc", ann.token), (f"?token={ben.token}", ann.token)):
        holds(await status(query, field) in (401, 403), f"{query} beside a good header is let in")
    found = await rest(t, f"Authorization: Bearer {ben.token}\n", f"?token={ann.token}")
    equal(json.loads(found.body)["id"], ben.id, "who REST takes it for")
    for query in (f"?token=x&token={ann.token}", f"?token={ann.token}&token=x"):
        peer = await Peer.connect(t.server)
        await peer.send(handshake(path + query))
        holds((await peer.answer()).status in (101, 401), f"{query}")
        peer.close()


@case("a user's token opens the rooms of that user only, and speaks as that user only")
async def another(t):
    ann, ben = await t.people("ann", "ben")
    room = await ann.room(ben)
    secret = await ann.room()
    line = await ben.enter(room)
    await line.send({"type": "message", "content": "me", "sender_id": ann.id, "sender_username": ann.name, "user_id": ann.id})
    equal((await line.next("message"))["sender_id"], ben.id, "the sender over WebSocket")
    found = await ben.write(room, "me", sender_id=ann.id, user_id=ann.id)
    equal(found["sender_id"], ben.id, "the sender over REST")
    (await ben.get(f"/api/chat/conversations/{secret}")).refused(403, "not_a_member")
    (await ben.get(f"/api/chat/conversations/{secret}/messages")).refused(403, "not_a_member")
    own = (await ann.write(room, "ann's"))["id"]
    (await ben.patch(f"/api/chat/messages/{own}", {"content": "ben's"})).refused(403)
    (await ben.delete(f"/api/chat/messages/{own}")).refused(403)
