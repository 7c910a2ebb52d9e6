# SPDX-License-Identifier: GPL-2.0-or-later
"""State files for the tests of `byway routes`, made by the library's own writer."""

import os
import subprocess
import time

WRITER = os.environ.get("WRITE_STATE", os.path.abspath("tests/helpdesk/write_state"))
FETCH = "fetch https://publisher.example/ranges.json where service=S3"
HOST = "host www.jstor.org"
UNIX_GROUP = "unix-group phys"
HOUR = 3600

POLICY = """\
choose username-suffix +
default-profile campus
state-dir {state}
<routes internal>
10.0.0.0/8
10.1.0.0 255.255.0.0
except 10.99.0.0/16
include internal.list
</routes>
<routes journals>
fetch https://publisher.example/ranges.json every 6h where service=S3
host www.jstor.org
192.0.2.0/25
</routes>
<profile campus>
tunnel split
routes internal
</profile>
<profile library>
tunnel split
routes internal journals
except 10.2.0.0/16
</profile>
<profile full>
tunnel full
except 192.168.0.0/16
allow group staff
</profile>
<profile kept>
tunnel split
routes journals
keep-server-routes
</profile>
<group staff>
user sam
</group>
<group physics>
user alice
unix-group phys
routes 198.51.100.0/24
</group>
<user bob>
profile library
routes 2001:db8::/32 198.51.100.0/24
</user>
"""


class State:
    """A policy with living route sets in the folder of a test's world, and what mgmtd left."""

    def __init__(self, world):
        self.world = world
        self.now = int(time.time())
        self.path = os.path.join(world.path, "state")
        os.makedirs(os.path.join(self.path, "routes"))
        os.makedirs(os.path.join(self.path, "groups"))
        self.file("policy.conf", POLICY.format(state=self.path))
        self.file("internal.list", "# ours\n172.20.0.0/16\n")

    def file(self, name, content):
        with open(os.path.join(self.world.path, name), "wb") as out:
            out.write(content if isinstance(content, bytes) else content.encode())

    def write(self, kind, name, *rows):
        """Rows are a word and its fields; see write_state.c."""
        text = "".join("\t".join([row[0]] + [f"{k}={v}" for k, v in row[1].items()]) + "\n"
                       for row in rows)
        subprocess.run([WRITER, self.path, kind, name], input=text.encode(), check=True,
                       timeout=60)

    def source(self, what=FETCH, **fields):
        return "source", {"what": what, "got": self.now - 3 * HOUR,
                          "checked": self.now - HOUR, **fields}

    def status(self, what=FETCH, **fields):
        return "status", {"what": what, "tried_at": self.now - 60, "good_at": self.now - HOUR,
                          "due_at": self.now + HOUR, **fields}

    def good(self):
        """Everything as it should be."""
        self.write("fetched", "journals", self.source(read=12),
                   ("drop", {"what": "10.0.0.0/8", "why": "private"}),
                   ("drop", {"what": "0.0.0.0/1", "why": "too short"}),
                   ("have", {"text": "203.0.113.0/24"}), ("have", {"text": "2001:db8:5::/48"}),
                   self.status(), self.status(HOST),
                   ("change", {"at": self.now - 2 * HOUR, "added": 1, "prefix": "203.0.113.0/24",
                               "source": FETCH}),
                   ("change", {"at": self.now - 100, "added": 0, "prefix": "198.18.0.9/32",
                               "source": HOST}))
        self.write("resolved", "journals", self.source(HOST, read=1),
                   ("have", {"text": "198.18.0.7/32", "seen": self.now - 120}))
        self.write("members", "physics", self.source(UNIX_GROUP, read=2),
                   ("have", {"text": "alice"}), ("have", {"text": "zoe"}),
                   self.status(UNIX_GROUP))
