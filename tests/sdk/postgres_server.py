"""A PostgreSQL server that a test may stop and start again."""

import glob
import os
import shutil
import signal
import subprocess
import tempfile
import time

import psycopg

from conftest import free_port

PROGRAMS = max(glob.glob("/usr/lib/postgresql/*/bin"), default=None) or os.path.dirname(shutil.which("initdb") or "")
# It refuses to run as root.
OWNER = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
QUICK = ["fsync=off", "full_page_writes=off", "listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=100"]


class PostgresServer:
    def __init__(self):
        self.folder, self.port = tempfile.mkdtemp(prefix="sluice-postgres-"), free_port()
        if OWNER:
            shutil.chown(self.folder, OWNER["user"], OWNER["group"])
        self.data = f"{self.folder}/data"
        self.run("initdb", "--no-sync", "--no-locale", "--encoding=UTF8", "--auth=trust", "--username=sluice")
        self.url = f"postgres://sluice@127.0.0.1:{self.port}/postgres"
        self.start()

    def run(self, program, *arguments):
        command = [f"{PROGRAMS}/{program}", *arguments, "-D", self.data]
        subprocess.run(command, cwd=self.folder, stdout=subprocess.DEVNULL, check=True, **OWNER)

    def start(self):
        settings = [word for it in QUICK for word in ("-c", it)]
        command = [f"{PROGRAMS}/postgres", "-D", self.data, "-p", str(self.port), *settings]
        self.process = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **OWNER)
        until = time.monotonic() + 30
        while True:
            try:
                return self.ask("SELECT 1")
            except psycopg.OperationalError:
                assert self.process.poll() is None and time.monotonic() < until, "PostgreSQL did not start"
                time.sleep(0.05)

    def ask(self, sql, *values):
        with psycopg.connect(self.url, autocommit=True, connect_timeout=5) as connection:
            return connection.execute(sql, values).fetchall()

    def family(self):
        """The server and the processes it has made."""
        ids = {self.process.pid}
        for path in glob.glob("/proc/[0-9]*/stat"):
            try:
                number, _, rest = open(path).read().partition(" (")
            except OSError:
                continue
            if int(rest.rpartition(") ")[2].split()[1]) == self.process.pid:
                ids.add(int(number))
        return ids

    def hang(self):
        """It keeps its connections and answers nothing, not even new ones."""
        self.hung = self.family()
        for it in self.hung:
            os.kill(it, signal.SIGSTOP)

    def go_on(self):
        for it in self.hung:
            os.kill(it, signal.SIGCONT)

    def stop(self):
        if self.process.poll() is None:
            self.run("pg_ctl", "stop", "-s", "-m", "immediate")
        self.process.wait(timeout=30)

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder)
