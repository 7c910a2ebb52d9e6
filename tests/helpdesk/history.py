# SPDX-License-Identifier: GPL-2.0-or-later
"""A small history whose truth is known, and ways to ask the byway command about it.

The database is made by the recorder's own store (write_history), so what the command reads
is what the daemon writes. Times in tests are seconds from NOON, a day in the past.
"""

import csv
import datetime
import fcntl
import io
import json
import os
import pty
import re
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
import termios
import time
import traceback

BYWAY = os.environ.get("BYWAY", os.path.abspath("helpdesk/byway"))
COMPLETION = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../completion/byway")
WRITER = os.environ.get("WRITE_HISTORY", os.path.abspath("tests/helpdesk/write_history"))

NOON = 1700049600  # 2023-11-15 12:00:00 UTC
HOUR = 3600
BUCKET = 300
VPN, REAL = 0, 1
DISCONNECTED, REPLACED, SERVER_DIED = 1, 3, 7
NOT_WATCHED, SPOOL_LOST, CLOCK = 1, 2, 5
MIB = 1 << 20


def iso(seconds):
    """What JSON and CSV show of a time with --utc."""
    return datetime.datetime.utcfromtimestamp(NOON + seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


class Lines:
    """Rows for write_history. Times are seconds from NOON."""

    TIMES = {"at", "began", "ended", "started", "gone_by", "since", "until", "last_seen",
             "counted_at", "bucket", "base_at"}

    def __init__(self):
        self.lines = []

    def add(self, row, /, **fields):
        shown = [row]
        for name, value in fields.items():
            if value is None:
                continue
            if name in self.TIMES:
                value += NOON
            shown.append(f"{name}={value}")
        self.lines.append("\t".join(shown))

    def session(self, number, user, started, ended=None, address=None, real=None, **more):
        """A session with its addresses held from its beginning to its end."""
        self.add("session", id=number, run=more.pop("run", 1), user=user, started=started,
                 ended=ended, vpn4=address, real=real,
                 end_reason=more.pop("end_reason", None if ended is None else DISCONNECTED),
                 **more)
        until = ended if more.get("gone_by") is None else more["gone_by"]
        for kind, text in ((VPN, address), (VPN, more.get("vpn6")), (REAL, real)):
            if text:
                self.add("held", kind=kind, session=number, address=text, since=started,
                         until=until)

    def text(self):
        return "\n".join(self.lines) + "\n"


class World:
    """A folder with a database in it, and ways to run byway there."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="byway-test-")
        self.database = os.path.join(self.path, "sessions.db")
        self.out = self.err = ""

    def write(self, lines):
        subprocess.run([WRITER, self.database], input=lines.text().encode(), check=True,
                       timeout=60)

    def sql(self, statements):
        """As somebody with an SQL shell would, past the recorder."""
        connection = sqlite3.connect(self.database)
        connection.text_factory = bytes
        connection.executescript(statements)
        connection.close()

    def run(self, *arguments, status=0, zone="UTC"):
        done = subprocess.run(
            [BYWAY, *arguments], capture_output=True, cwd=self.path, stdin=subprocess.DEVNULL,
            timeout=60, check=False,
            env={**os.environ, "BYWAY_DATABASE": self.database, "TZ": zone, "LC_ALL": "C.UTF-8"})
        self.out, self.err = done.stdout.decode(), done.stderr.decode()
        wanted = (0, 1) if status is None else (status,)
        assert done.returncode in wanted, \
            f"byway {arguments}: exit {done.returncode}, not {status}\n{self.out}\n{self.err}"
        return self.out

    def json(self, *arguments, status=0, zone="UTC"):
        return json.loads(self.run(*arguments, "--json", status=status, zone=zone))

    def csv(self, *arguments, status=0):
        return list(csv.DictReader(io.StringIO(self.run(*arguments, "--csv", status=status))))

    def ids(self, *arguments, status=0):
        return [row["id"] for row in self.json(*arguments, status=status)]

    def completed(self, *words):
        """What bash offers for the last of the words behind "byway"."""
        script = ('source "$1"; byway=$2; shift 2; COMP_WORDS=("$byway" "$@"); COMP_CWORD=$#; '
                  '_byway "$byway" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"; '
                  'printf "%s\\n" "${COMPREPLY[@]}"')
        done = subprocess.run(["bash", "--norc", "-c", script, "bash", COMPLETION, BYWAY, *words],
                              capture_output=True, cwd=self.path, timeout=60, check=False,
                              env={**os.environ, "BYWAY_DATABASE": self.database})
        assert done.stderr == b"", done.stderr
        return sorted(done.stdout.decode().splitlines())

    def on_terminal(self, columns, *arguments):
        """What a person sees on a terminal of that width, without the colours."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        child = subprocess.Popen(
            [BYWAY, *arguments], stdout=slave, stderr=slave, stdin=subprocess.DEVNULL,
            cwd=self.path, env={**os.environ, "BYWAY_DATABASE": self.database, "TZ": "UTC",
                                "LC_ALL": "C.UTF-8", "TERM": "xterm"})
        os.close(slave)
        seen = b""
        try:
            while chunk := os.read(master, 65536):
                seen += chunk
        except OSError:
            pass
        child.wait(timeout=60)
        os.close(master)
        return re.sub(r"\x1b\[[0-9;]*m", "", seen.decode().replace("\r\n", "\n"))


def now():
    """The present, as seconds from NOON."""
    return int(time.time()) - NOON


def run_tests(module):
    """Runs each function of a module that takes a world, and prints TAP."""
    tests = [(name.replace("_", " "), test) for name, test in vars(module).items()
             if hasattr(test, "__code__") and
             test.__code__.co_varnames[:test.__code__.co_argcount] == ("world",)]
    print(f"1..{len(tests)}")
    failed = 0
    for number, (name, test) in enumerate(tests, 1):
        world = World()
        try:
            test(world)
            print(f"ok {number} - {name}")
        except Exception:  # whatever it was, it is this test's failure
            failed += 1
            print(f"not ok {number} - {name}")
            print("".join(f"# {line}\n" for line in traceback.format_exc().splitlines()), end="")
        finally:
            shutil.rmtree(world.path)
        sys.stdout.flush()
    return 1 if failed else 0
