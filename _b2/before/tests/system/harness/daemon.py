# SPDX-License-Identifier: GPL-2.0-or-later
"""byway-mgmtd as a process: its config, its service manager (played here), and its database."""
import contextlib
import os
import re
import signal
import socket
import sqlite3
import subprocess

from . import net
from .check import TIMEOUT, check, same, wait_for

TROUBLE = re.compile(r"(AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:).*")


class Daemon:
    """Its folder holds the config, the log, the database and, unless told otherwise, the spool."""

    def __init__(self, folder, program, name="mgmtd", state=None):
        self.folder, self.program, self.name = folder, program, name
        self.state = state or self.path("state")
        os.makedirs(os.path.join(self.state, "spool"), exist_ok=True)
        self.database = self.path("db")
        self.log_path = self.path("log")
        self.marked = 0
        self.where = None  # the network it runs in; None: the routers'
        self.process = None
        self.said = []  # what it told the service manager
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.manager.bind(self.path("notify"))

    def path(self, suffix):
        return os.path.join(self.folder, f"{self.name}.{suffix}")

    def configure(self, *lines):
        text = [f"database {self.database}", f"state-dir {self.state}", "bytecount-interval 1s",
                "log-level debug", *lines]
        with open(self.path("conf"), "w") as file:
            file.write("\n".join(text) + "\n")
        return self

    def start(self, **environment):
        self.hear()
        self.said.clear()
        self.marked = len(self.log())
        with open(self.log_path, "ab") as log, net.inside(self.where):
            self.process = subprocess.Popen(
                [self.program, "-f", "-c", self.path("conf")], stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT,
                env=os.environ | {"NOTIFY_SOCKET": self.path("notify")} | environment)
        return self

    def ready(self, timeout=TIMEOUT):
        """Until it says that it is up (again)."""
        wait_for(lambda: self.is_told("READY=1") or self.process.poll() is not None, "READY=1",
                 timeout)
        check(self.is_told("READY=1"), f"the daemon ended:\n{self.log()[self.marked:]}")
        return self

    def hear(self):
        with contextlib.suppress(BlockingIOError):
            while True:
                self.said += self.manager.recv(4096).decode().split("\n")
        return self.said

    def is_told(self, what):
        return what in self.hear()

    def status(self):
        """The last status line."""
        lines = [line for line in self.hear() if line.startswith("STATUS=")]
        return lines[-1][len("STATUS="):] if lines else ""

    def reload(self):
        self.hear()
        self.said.clear()
        self.process.send_signal(signal.SIGHUP)
        return self.ready()

    def stop(self, number=signal.SIGTERM, timeout=TIMEOUT):
        """Ends it and returns its exit status."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)
        return self.ended(timeout)

    def ended(self, timeout=TIMEOUT):
        return self.process.wait(timeout) if self.process else None

    def kill(self):
        self.stop(signal.SIGKILL)

    def close(self):
        """Ends it in good order; fails if a sanitizer had something to say."""
        if self.process and self.process.poll() is None:
            same(self.stop(), 0, f"exit status of {self.name}")
        self.manager.close()
        found = TROUBLE.search(self.log())
        check(not found, f"{self.name}: {found and found.group(0)}")

    # The log

    def log(self):
        if not os.path.exists(self.log_path):
            return ""
        with open(self.log_path, encoding="utf-8", errors="strict") as file:
            return file.read()

    def mark(self):
        """From here on expect() looks only at what is logged later."""
        self.marked = len(self.log())

    def expect(self, pattern, timeout=TIMEOUT):
        """Waits until the log has the pattern; returns the match."""
        return wait_for(lambda: re.search(pattern, self.log()[self.marked:], re.MULTILINE),
                        lambda: f"/{pattern}/ in the log of {self.name}, which is:\n{self.log()}",
                        timeout)

    # The database

    def rows(self, sql, *values):
        """The rows of a query, each as a dictionary."""
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True,
                                                timeout=10)) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(sql, values)]

    def value(self, sql, *values):
        """The one value of a query."""
        rows = self.rows(sql, *values)
        return list(rows[0].values())[0] if rows else None

    def wait_for(self, sql, expected, timeout=TIMEOUT):
        """Until the query has exactly these rows (tuples)."""
        def found():
            return [tuple(row.values()) for row in self.rows(sql)]
        wait_for(lambda: found() == expected,
                 lambda: f"{expected} of {sql}; there is {found()}", timeout)

    def sessions(self):
        """Every session with its words, in the order they began."""
        return self.rows("""
            SELECT session.id, user.name AS user, profile.name AS profile,
                   session.started, session.ended,
                   coalesce(session.from_client, running.from_client) AS from_client,
                   coalesce(session.to_client, running.to_client) AS to_client,
                   end_reason.name AS reason, real.text AS real, real_port,
                   vpn4.text AS vpn4, vpn6.text AS vpn6, cid, server.name AS server
            FROM session JOIN user ON user.id = session.user
            JOIN server_run ON server_run.id = session.run
            JOIN server ON server.id = server_run.server
            LEFT JOIN profile ON profile.id = session.profile
            LEFT JOIN running ON running.session = session.id
            LEFT JOIN end_reason ON end_reason.id = session.end_reason
            LEFT JOIN address AS real ON real.id = session.real
            LEFT JOIN address AS vpn4 ON vpn4.id = session.vpn4
            LEFT JOIN address AS vpn6 ON vpn6.id = session.vpn6
            ORDER BY session.started, session.id""")

    def wait_for_sessions(self, n, timeout=TIMEOUT, **fields):
        """Until there are n sessions with these fields; returns them."""
        def found():
            if not os.path.exists(self.database):
                return []
            try:
                return [row for row in self.sessions()
                        if all(row[key] == value for key, value in fields.items())]
            except sqlite3.OperationalError:
                return []  # it is being made
        wait_for(lambda: len(found()) == n,
                 lambda: f"{n} sessions with {fields}; there are {self.sessions()}\n{self.log()}",
                 timeout)
        return found()
