"""A Redis server that a test may stop and start again."""

import os
import shutil
import socket
import subprocess
import time

from conftest import free_port

PROGRAM = shutil.which("redis-server", path=os.environ["PATH"] + ":/usr/sbin")


class RedisServer:
    def __init__(self, folder, password="of the tests"):
        self.folder, self.password, self.port = folder, password, free_port()
        self.start()

    def start(self):
        command = [PROGRAM, "--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no", "--requirepass", self.password, "--dir", str(self.folder)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 20
        while True:
            try:
                return self.ask("PING")
            except OSError:
                assert self.process.poll() is None and time.monotonic() < until, "Redis did not start"
                time.sleep(0.02)

    def ask(self, *words):
        """The raw answer to one command."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            for command in (("AUTH", self.password), words):
                parts = [it if isinstance(it, bytes) else it.encode() for it in command]
                connection.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(it), it) for it in parts))
                answer = connection.recv(1 << 20)
            return answer

    def keys(self):
        """All but what replicas say of themselves."""
        return [line for line in self.ask("KEYS", "*").split(b"\r\n") if b":" in line and b":replica" not in line]

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(timeout=20)
