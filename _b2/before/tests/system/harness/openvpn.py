# SPDX-License-Identifier: GPL-2.0-or-later
"""OpenVPN servers and clients as processes with generated configs, watched by their logs."""
import os
import re
import signal
import subprocess
import urllib.parse

from . import net, spool
from .check import TIMEOUT, check, same, wait_for
from .management import Management

READY = "Initialization Sequence Completed"
TROUBLE = re.compile(r"(AddressSanitizer|LeakSanitizer|runtime error:|UndefinedBehavior).*")


class Process:
    """One openvpn, in the network `where` (None: the routers'), with its log in a file."""

    def __init__(self, folder, name, where, lines, preload=None):
        self.folder, self.name, self.where = folder, name, where
        self.config = self.path("conf")
        self.log_path = self.path("log")
        self.socket = self.path("sock")
        self.marked = 0
        self.manager = None
        self.preload = preload
        self.process = None
        self.configure(lines)

    def configure(self, lines):
        with open(self.config, "w") as file:
            file.write("\n".join(lines) + "\n")

    def path(self, suffix):
        return os.path.join(self.folder, f"{self.name}.{suffix}")

    def start(self):
        environment = dict(os.environ)
        if self.preload:
            environment.update(LD_PRELOAD=self.preload, ASAN_OPTIONS="detect_leaks=0",
                               UBSAN_OPTIONS="print_stacktrace=1")
        with open(self.log_path, "ab") as log, net.inside(self.where):
            self.process = subprocess.Popen(
                ["openvpn", "--config", self.config], cwd=self.folder, env=environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        return self

    def manage(self):
        if not self.manager:
            self.manager = Management(self.socket)
        return self.manager

    def send(self, number):
        self.process.send_signal(number)

    def stop(self, number=signal.SIGTERM):
        """Ends the process and returns its exit status."""
        if self.process and self.process.poll() is None:
            self.send(number)
        return self.ended()

    def ended(self, timeout=TIMEOUT):
        if self.manager:
            self.manager.close()
            self.manager = None
        return self.process.wait(timeout) if self.process else None

    # The log

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def mark(self):
        """From here on expect() looks only at what is logged later."""
        self.marked = len(self.log())

    def find(self, pattern):
        return re.search(pattern, self.log()[self.marked:], re.MULTILINE)

    def expect(self, pattern, timeout=TIMEOUT):
        """Waits until the log has the pattern; returns the match."""
        missing = f"/{pattern}/ in the log of {self.name}"
        wait_for(lambda: self.find(pattern) or self.process.poll() is not None, missing, timeout)
        found = self.find(pattern)
        check(found, f"{self.name} ended without {missing}")
        return found

    def check_clean(self):
        found = TROUBLE.search(self.log())
        check(not found, f"{self.name}: {found and found.group(0)}")


class Server(Process):
    """A server with the plugin; its policy, state and spool are in its folder."""

    def __init__(self, lab, name, lines, state):
        self.state = state
        super().__init__(lab.folder, name, "server", lines, lab.preload)
        self.final = self.path("final")  # what the client-disconnect script saw
        self.is_told = False

    def ready(self):
        self.expect(READY)
        return self

    def spools(self):
        return spool.read(os.path.join(self.state, "spool"))

    def story(self, *expected):
        """
        Stops the server; the spool must then hold exactly these records, in this order, and its
        byte counts must be those that OpenVPN told a client-disconnect script of its own.
        """
        self.stop()
        self.told(*expected)

    def told(self, *expected):
        """The same of a server that goes on running."""
        self.is_told = True
        records = [record for file in self.spools() for record in file]
        spool.compare(records, expected)
        self.check_counts(records)

    def tell_rest(self, sessions):
        """What is true of the spool of every story, at its end: `sessions` began and ended."""
        if self.is_told or not os.path.isdir(os.path.join(self.state, "spool")):
            return
        records = [record for file in self.spools() for record in file]
        kinds = [record["kind"] for record in records]
        if "lost" in kinds:
            return
        same(kinds.count("connected"), sessions, "sessions in the spool")
        same(kinds.count("disconnected") + kinds.count("vanished"), sessions, "ends of sessions")
        self.check_counts(records)

    def check_counts(self, records):
        if not self.final:
            return
        ended = [{key: record.get(key) for key in ("from_client", "to_client", "duration", "port")}
                 for record in records if record["kind"] == "disconnected"]
        wait_for(lambda: len(self.final_counts()) == len(ended),
                 lambda: f"{len(ended)} final counts; there are {self.final_counts()}", 5)
        same(sorted(map(str, ended)), sorted(map(str, self.final_counts())),
             "final counts, of the spool (got) and of OpenVPN (expected)")

    def final_counts(self):
        if not os.path.exists(self.final):
            return []  # nobody was connected
        with open(self.final) as file:
            return [dict(zip(("from_client", "to_client", "duration", "port"),
                             map(int, line.split()))) for line in file]

    def ends(self):
        """The same with all that the script was told, and when."""
        names = ("from_client", "to_client", "duration", "port", "since", "at", "real", "cn")
        if not os.path.exists(self.final):
            return []
        with open(self.final) as file:
            return [dict(zip(names, [*map(int, rest[:6]), *rest[6:]]))
                    for rest in (line.rstrip("\n").split(" ", 7) for line in file)]


class Client(Process):
    def __init__(self, lab, name, where, lines):
        super().__init__(lab.folder, name, where, lines)

    def connected(self, timeout=TIMEOUT):
        self.expect(READY, timeout)
        return self

    def reason(self):
        """Waits until the server refuses the login; the reason it gave ('' if none)."""
        found = self.expect(r"AUTH: Received control message: AUTH_FAILED,?(.*)$")
        return found.group(1)

    def pushed(self, *names):
        """The options that were pushed, in their order: all, or those so named."""
        self.expect(r"PUSH: Received control message: 'PUSH_REPLY")
        text = self.log()[self.marked:]
        replies = re.findall(r"PUSH: Received control message: 'PUSH_REPLY,(.*)'$", text, re.M)
        options = [option for reply in replies for option in reply.split(",")
                   if not option.startswith("push-continuation")]
        return [option for option in options if not names or option.split()[0] in names]

    def messages(self):
        """What `echo` options told the client (OpenVPN keeps them out of its logs)."""
        echoed = self.manage().table("echo all")
        return [urllib.parse.unquote(line.split(",", 1)[1]) for line in echoed]

    def addresses(self):
        """The addresses in the tunnel, IPv4 first."""
        return [option.split()[1].split("/")[0]
                for name in ("ifconfig", "ifconfig-ipv6") for option in self.pushed(name)]

    def address(self):
        return self.addresses()[0]
