"""An OpenID Connect provider on loopback that does as it is told, and a browser that keeps cookies."""

import base64
import hashlib
import http.client
import json
import secrets
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

CLIENT, SECRET = "sluice client", "s3cret:&="


def url64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value):
    return url64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


class Provider:
    """`person` is who comes; `token` and `userinfo` are written over what they would say."""

    def __init__(self):
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.codes, self.problems, self.asked = {}, [], []
        self.be()
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                if self.path.startswith("/authorize?"):
                    self.send_response(302)
                    self.send_header("location", provider.authorize(self.path))
                    self.send_header("content-length", "0")
                    self.end_headers()
                else:
                    self.answer(*provider.get(self.path, self.headers))

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
                self.answer(*provider.post(self.path, self.headers, dict(urllib.parse.parse_qsl(body))))

            def answer(self, status, document):
                body = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def be(self, person=None, token=None, userinfo=None, signs=None):
        self.person = person or {"sub": "sub-ann", "email": "ann@x.test", "email_verified": True, "name": "Ann Lee"}
        self.token, self.userinfo, self.signs = token or {}, userinfo or {}, signs or self.key

    def get(self, path, headers):
        self.asked.append(path)
        if path == "/.well-known/openid-configuration":
            return 200, {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "userinfo_endpoint": f"{self.url}/userinfo",
                "jwks_uri": f"{self.url}/keys",
            }
        if path == "/keys":
            public = self.key.public_key().public_numbers()
            return 200, {"keys": [{"kty": "RSA", "kid": "k1", "alg": "RS256", "use": "sig", "n": number(public.n), "e": number(public.e)}]}
        if path == "/userinfo" and headers.get("authorization") == "Bearer the-access-token":
            return 200, {**self.person, **self.userinfo}
        return 404, {}

    def authorize(self, location):
        """What a person does at the provider: signs in, and is sent back with a code."""
        url = urllib.parse.urlsplit(location)
        asked = dict(urllib.parse.parse_qsl(url.query))
        assert url.path == "/authorize" and asked["response_type"] == "code", location
        assert asked["client_id"] == CLIENT and asked["code_challenge_method"] == "S256", asked
        assert "openid" in asked["scope"].split() and len(asked["state"]) >= 32 and len(asked["nonce"]) >= 32
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        back = urllib.parse.urlencode({"code": code, "state": asked["state"]})
        return f"{asked['redirect_uri']}?{back}"

    def post(self, path, headers, form):
        asked = self.codes.pop(form.get("code"), None)
        challenge = url64(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        pair = f"{urllib.parse.quote_plus(CLIENT)}:{urllib.parse.quote_plus(SECRET)}"
        basic = "Basic " + base64.b64encode(pair.encode()).decode()
        checks = {
            "path": path == "/token",
            "code": asked is not None,
            "grant": form.get("grant_type") == "authorization_code",
            "pkce": asked is not None and challenge == asked["code_challenge"],
            "redirect": asked is not None and form.get("redirect_uri") == asked["redirect_uri"],
            "client": headers.get("authorization") == basic,
        }
        wrong = [name for name, fine in checks.items() if not fine]
        if wrong:
            self.problems.append(wrong)
            return 400, {"error": "invalid_grant", "error_description": ", ".join(wrong)}
        claims = {"iss": self.url, "aud": CLIENT, "iat": int(time.time()), "exp": int(time.time()) + 60, "nonce": asked["nonce"], **self.person, **self.token}
        return 200, {"access_token": "the-access-token", "token_type": "Bearer", "id_token": self.sign(claims)}

    def sign(self, claims):
        head = {"alg": "RS256", "typ": "JWT", "kid": "k1"}
        text = ".".join(url64(json.dumps(part).encode()) for part in (head, claims))
        return f"{text}.{url64(self.signs.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"

    def stop(self):
        self.server.shutdown()


class Answer:
    def __init__(self, answer):
        self.status, self.body = answer.status, answer.read()
        self.pairs = [(name.lower(), value) for name, value in answer.getheaders()]
        self.headers = dict(self.pairs)

    def json(self):
        return json.loads(self.body)

    def cookies(self):
        return {value.split("=", 1)[0]: value for name, value in self.pairs if name == "set-cookie"}


class Browser:
    """Keeps cookies as a browser does, but follows no redirect by itself."""

    def __init__(self, gateway, **headers):
        self.gateway, self.headers, self.cookies = gateway, headers, {}

    def ask(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.gateway.port, timeout=30)
        sent = {name.replace("_", "-"): value for name, value in {**self.headers, **headers}.items() if value is not None}
        if isinstance(body, dict):
            body = json.dumps(body)
            sent.setdefault("content-type", "application/json")
        if self.cookies and "cookie" not in sent:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection.request(method, path, body=body, headers=sent)
        answer = Answer(connection.getresponse())
        connection.close()
        for name, line in answer.cookies().items():
            value = line.split(";")[0].split("=", 1)[1]
            self.cookies.pop(name, None)
            if value and "Max-Age=0" not in line:
                self.cookies[name] = value
        return answer

    def get(self, path, **headers):
        return self.ask("GET", path, **{"x_sluice_ui": "1", **headers})

    def post(self, path, body=None, **headers):
        return self.ask("POST", path, body or {}, **{"x_sluice_ui": "1", **headers})

    def sign_in(self, username, password, **headers):
        return self.post("/v2/login", {"username": username, "password": password}, **headers)

    def through(self, provider):
        """By single sign-on: to the provider and back; the answer of the callback."""
        away = self.ask("GET", "/sso/key/generate")
        assert away.status == 303, away.body
        back = urllib.parse.urlsplit(provider.authorize(away.headers["location"]))
        return self.ask("GET", f"{back.path}?{back.query}", sec_fetch_site="cross-site")
