"""A LiteLLM database, made by LiteLLM's own migrations and filled as LiteLLM writes."""

import base64
import hashlib
import importlib.util
import json
import os
import pathlib
import secrets
import urllib.parse

import nacl.secret
import psycopg
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SERVER = os.environ.get("SLUICE_TEST_DATABASE_URL")


def hashed(key):
    return hashlib.sha256(key.encode()).hexdigest()


def sealed(salt, text):
    """The older form: what PyNaCl makes of it."""
    box = nacl.secret.SecretBox(hashlib.sha256(salt.encode()).digest())
    return base64.urlsafe_b64encode(box.encrypt(text.encode())).decode()


def sealed_anew(salt, text):
    nonce = secrets.token_bytes(12)
    closed = AESGCM(hashlib.sha256(salt.encode()).digest()).encrypt(nonce, text.encode(), None)
    return "v2:gcm:" + base64.urlsafe_b64encode(nonce + closed).decode()


def migrations():
    """The statements of every migration of the installed package, in order."""
    package = importlib.util.find_spec("litellm_proxy_extras").submodule_search_locations[0]
    files = sorted((pathlib.Path(package) / "migrations").glob("*/migration.sql"))
    assert len(files) > 200
    # Built beside others, an index asks for a transaction of its own; nobody else is here.
    return [file.read_text().replace("CONCURRENTLY", "") for file in files]


class LiteLlmDatabase:
    def __init__(self):
        self.name = f"litellm_{secrets.token_hex(8)}"
        self.admin = psycopg.connect(SERVER, autocommit=True)
        self.admin.execute(f"CREATE DATABASE {self.name}")
        self.url = urllib.parse.urlsplit(SERVER)._replace(path=f"/{self.name}").geturl()
        self.connection = psycopg.connect(self.url, autocommit=True)
        for script in migrations():
            self.connection.execute(script)

    def insert(self, table, **columns):
        """A row; lists are arrays and objects are JSON, as in Prisma's schema."""
        values = [json.dumps(it) if isinstance(it, dict) else it for it in columns.values()]
        names = ", ".join(f'"{name}"' for name in columns)
        places = ", ".join(["%s"] * len(values))
        self.connection.execute(f'INSERT INTO "LiteLLM_{table}" ({names}) VALUES ({places})', values)

    def do(self, sql):
        return self.connection.execute(sql)

    def contents(self):
        """Everything in it, as one text."""
        return self.connection.execute("SELECT database_to_xml(true, true, '')::text").fetchone()[0]

    def drop(self):
        self.connection.close()
        self.admin.execute(f"DROP DATABASE {self.name} WITH (FORCE)")
        self.admin.close()
