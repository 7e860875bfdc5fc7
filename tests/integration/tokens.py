"""Keys and tokens for the tests, made when they run. A token may be as wrong as a test wants it."""

import base64
import hashlib
import hmac
import json
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

ISSUER = "https://issuer.example"
AUDIENCE = "tally"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def b64_int(number, size=None):
    return b64(number.to_bytes(size or (number.bit_length() + 7) // 8, "big"))


def b64_json(value):
    return b64(json.dumps(value).encode())


class RsaKey:
    alg = "RS256"

    def __init__(self, kid, bits=2048):
        self.kid = kid
        self.key = rsa.generate_private_key(65537, bits)

    def public(self):
        numbers = self.key.public_key().public_numbers()
        return {"kty": "RSA", "n": b64_int(numbers.n), "e": b64_int(numbers.e)}

    def public_forms(self):
        """The public key as texts that a forger would take for an HMAC secret."""
        public = self.key.public_key()
        pem = serialization.Encoding.PEM
        spki = serialization.PublicFormat.SubjectPublicKeyInfo
        return [public.public_bytes(pem, spki), public.public_bytes(pem, spki).strip(),
                public.public_bytes(pem, serialization.PublicFormat.PKCS1),
                public.public_bytes(serialization.Encoding.DER, spki),
                base64.urlsafe_b64decode(self.public()["n"] + "=="),
                json.dumps(self.public()).encode()]

    def signature(self, message):
        return self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())


class EcKey:
    alg = "ES256"

    def __init__(self, kid):
        self.kid = kid
        self.key = ec.generate_private_key(ec.SECP256R1())

    def public(self):
        numbers = self.key.public_key().public_numbers()
        return {"kty": "EC", "crv": "P-256", "x": b64_int(numbers.x, 32),
                "y": b64_int(numbers.y, 32)}

    def signature(self, message):
        r, s = utils.decode_dss_signature(self.key.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


class SecretKey:
    alg = "HS256"

    def __init__(self, kid, secret):
        self.kid = kid
        self.secret = secret

    def public(self):
        return {"kty": "oct", "k": b64(self.secret)}

    def signature(self, message):
        return hmac.new(self.secret, message, hashlib.sha256).digest()


def jwk(key, **more):
    return {**key.public(), "kid": key.kid, "alg": key.alg, "use": "sig", **more}


def jwks(*keys):
    return json.dumps({"keys": [key if isinstance(key, dict) else jwk(key) for key in keys]})


def claims(**more):
    """Good ones of user-1; None takes one away."""
    now = int(time.time())
    good = {"iss": ISSUER, "aud": AUDIENCE, "sub": "user-1", "iat": now, "exp": now + 600}
    return {name: value for name, value in {**good, **more}.items() if value is not None}


def token(key, header=None, signature=None, payload=None, **more):
    """A token of these claims; `header` changes header fields (None: away), `payload` replaces all
    claims, `signature` replaces the right one."""
    fields = {"alg": key.alg, "typ": "JWT", "kid": key.kid, **(header or {})}
    fields = {name: value for name, value in fields.items() if value is not None}
    body = payload if payload is not None else json.dumps(claims(**more)).encode()
    message = f"{b64_json(fields)}.{b64(body)}"
    signed = key.signature(message.encode()) if signature is None else signature
    return f"{message}.{b64(signed)}"


def bearer(text):
    return {"Authorization": f"Bearer {text}"}
