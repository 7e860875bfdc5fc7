"""Keys for tallyd, and tokens of operators signed with them."""

import base64
import hashlib
import hmac
import json
import secrets
import time

ISSUER = "https://bench.example"
AUDIENCE = "tally"
LIFETIME_SECONDS = 24 * 3600


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class KeyFile:
    """One HS256 key, in a JWKS file that only its owner can read."""

    def __init__(self, path):
        self.path = path
        self.key = secrets.token_bytes(32)
        path.touch(0o600)
        path.write_text(json.dumps({"keys": [
            {"kty": "oct", "kid": "bench", "alg": "HS256", "use": "sig",
             "k": base64url(self.key)}]}), "utf-8")

    def flags(self):
        return ("--auth", "jwt", "--auth-jwks", self.path, "--auth-issuer", ISSUER,
                "--auth-audience", AUDIENCE)

    def token(self, number):
        head = {"alg": "HS256", "kid": "bench", "typ": "JWT"}
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": f"operator-{number}",
                  "roles": ["operator"], "exp": int(time.time()) + LIFETIME_SECONDS}
        signed = ".".join(base64url(json.dumps(part).encode()) for part in (head, claims))
        signature = hmac.new(self.key, signed.encode(), hashlib.sha256).digest()
        return f"{signed}.{base64url(signature)}"
