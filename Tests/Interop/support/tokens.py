"""Tokens made by hand (RFC 7515, RFC 7519), the wrong ones too."""

import base64
import hashlib
import hmac
import json
import time

HASHES = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unsigned(claims, header):
    """What is signed: header and claims."""
    parts = (json.dumps(part, separators=(",", ":")).encode() for part in (header, claims))
    return ".".join(base64url(part) for part in parts)


def signed_with_secret(claims, secret, algorithm="HS256", **header):
    text = unsigned(claims, {"alg": algorithm, "typ": "JWT"} | header)
    digest = hmac.new(secret.encode(), text.encode(), HASHES.get(algorithm, hashlib.sha256)).digest()
    return text + "." + base64url(digest)


def signed_with_key(claims, key, algorithm, **header):
    """With a private key of the `cryptography` package."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, utils

    text = unsigned(claims, {"alg": algorithm, "typ": "JWT"} | header)
    data = text.encode()
    if algorithm == "RS256":
        signature = key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    elif algorithm == "ES256":
        # RFC 7518 section 3.4: the two numbers side by side, 32 bytes each.
        r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    elif algorithm == "EdDSA":
        signature = key.sign(data)
    else:
        raise ValueError(algorithm)
    return text + "." + base64url(signature)


def public_pem(key):
    from cryptography.hazmat.primitives import serialization

    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def claims(subject, username=None, seconds=3600, **more):
    """What every good token says; `seconds` from now it ends."""
    now = int(time.time())
    found = {"sub": subject, "iat": now - 1, "exp": now + seconds}
    if username:
        found["username"] = username
    return found | more
