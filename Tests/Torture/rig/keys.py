"""The key pairs whose public halves the server of a run trusts, beside its secret; and one that it does not know."""

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from support.tokens import public_pem

RS = rsa.generate_private_key(65537, 2048)
ES = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()
STRANGER = rsa.generate_private_key(65537, 2048)

TRUSTED = [
    {"id": "rs", "algorithm": "RS256", "publicKey": public_pem(RS)},
    {"id": "es", "algorithm": "ES256", "publicKey": public_pem(ES)},
    {"id": "ed", "algorithm": "EdDSA", "publicKey": public_pem(ED)},
]
