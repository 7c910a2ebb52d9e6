# SPDX-License-Identifier: GPL-2.0-or-later
"""A client of OpenVPN's management interface, as the GUIs are."""
import re
import socket
import time

from .check import TIMEOUT, check, wait_for


class Management:
    def __init__(self, path):
        self.seen = []   # every line so far
        self.done = 0    # how many of them expect() has passed over
        self.rest = b""
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        wait_for(lambda: self.connect(path), f"the management socket {path}")
        self.expect(r">INFO:")

    def connect(self, path):
        try:
            self.socket.connect(path)
        except OSError:
            return False
        return True

    def close(self):
        self.socket.close()

    def read(self, timeout):
        """Takes in what has arrived; False if nothing did, or the other side is gone."""
        self.socket.settimeout(max(timeout, 0.001))
        try:
            data = self.socket.recv(65536)
        except (TimeoutError, OSError):
            return False
        lines = (self.rest + data).split(b"\n")
        self.rest = lines.pop()
        self.seen += [line.decode("utf-8", "replace").rstrip("\r") for line in lines]
        return bool(data)

    def expect(self, pattern, timeout=TIMEOUT):
        """The match of the next line that matches; lines before it are passed over."""
        end = time.monotonic() + timeout
        while True:
            while self.done < len(self.seen):
                line = self.seen[self.done]
                self.done += 1
                found = re.search(pattern, line)
                if found:
                    return found
            check(time.monotonic() < end,
                  f"waited {timeout} s for /{pattern}/ of the management interface; it said:\n"
                  + "\n".join(self.seen[-20:]))
            self.read(0.2)

    def send(self, line):
        self.socket.sendall(line.encode() + b"\n")

    def command(self, line):
        """Sends a command that is answered with one line, and returns that."""
        self.send(line)
        return self.expect(r"^(SUCCESS|ERROR):.*").group(0)

    def table(self, line):
        """Sends a command that is answered with lines up to END, and returns them."""
        self.send(line)
        first = self.done
        self.expect(r"^END$")
        return [text for text in self.seen[first:self.done - 1] if not text.startswith(">")]

    def clients(self):
        """`status 3`: a list of {column: value}, one for each client."""
        columns, found = [], []
        for row in (line.split("\t") for line in self.table("status 3")):
            if row[:2] == ["HEADER", "CLIENT_LIST"]:
                columns = row[2:]
            elif row[0] == "CLIENT_LIST":
                found.append(dict(zip(columns, row[1:])))
        return found
