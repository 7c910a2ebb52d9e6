# SPDX-License-Identifier: GPL-2.0-or-later
"""Who had an address, asked with byway of what OpenVPN, the plugin and the daemon left."""
import json
import subprocess
import time

from harness.check import check, same, test, wait_for
from harness.story import CAMPUS, POLICY, gets


class Desk:
    """Asks about the daemon's database."""

    def __init__(self, lab, daemon):
        self.program, self.daemon = lab.command(), daemon

    def run(self, *words):
        done = subprocess.run([self.program, *words, "--database", self.daemon.database],
                              capture_output=True, text=True, timeout=60, check=False)
        check(done.returncode in (0, 1), f"byway {words}: {done}")
        return done.stdout

    def who(self, address, at=None):
        """Names with their certainty, and whether somebody may be missing."""
        when = [] if at is None else ["--at", f"@{at}"]
        rows = json.loads(self.run("who", address, "--within", "0s", "--json", *when))
        return sorted((row["user"] or "", row["certainty"]) for row in rows)

    def says(self, address, at=None):
        when = [] if at is None else ["--at", f"@{at}"]
        return self.run("who", address, "--within", "0s", *when)


def next_second(moment):
    """Nothing happens in the second of the moment but what has happened."""
    wait_for(lambda: time.time() > moment + 1, "the next second")


def now():
    """A second of which nothing is left when this returns."""
    moment = int(time.time())
    next_second(moment)
    return moment


@test
def who_is_sure_again_of_a_time_without_the_daemon_once_it_has_read_the_spool(lab):
    daemon = lab.daemon(start=False)
    server = lab.server(POLICY, state=daemon.state)
    daemon.start().ready()
    desk = Desk(lab, daemon)
    alice = gets(lab.client("alice", "explicit-exit-notify 1"), CAMPUS)
    daemon.wait_for_sessions(1, user="alice", ended=None)
    hers = alice.addresses()[0]
    now()
    moment = now()
    wait_for(lambda: desk.who(hers, moment) == [("alice", "certain")], "alice, for certain")
    same(daemon.stop(), 0, "exit status")
    alice.stop()
    wait_for(lambda: len(server.final_counts()) == 1, "the end of her session")
    bob = gets(lab.client("bob", "explicit-exit-notify 1"), CAMPUS)
    his = bob.addresses()[0]
    now()
    without = now()
    # Nobody knows yet: hers is possible at most, and of his nothing is known at all.
    same(desk.who(hers, moment), [("alice", "certain")], "alice before it stopped")
    check(("alice", "certain") not in desk.who(hers, without) and
          ("", "not-recorded") in desk.who(hers, without), f"{desk.who(hers, without)}")
    check("certain" not in [word for _, word in desk.who(his, without)], f"{desk.who(his, without)}")
    check("nobody has been recording since" in desk.says(his, without), desk.says(his, without))
    bob.stop()
    wait_for(lambda: len(server.final_counts()) == 2, "the end of his session")
    daemon.start().ready()
    daemon.wait_for_sessions(2, reason="disconnected")
    same(desk.who(his, without), [("bob", "certain")], "bob, once the spool was read")
    if his != hers:
        same(desk.who(hers, without), [], "alice, who had gone")


@test
def who_says_when_nobody_was_recording_a_server_without_the_plugin(lab):
    daemon = lab.daemon()
    server = lab.server(POLICY, without=("plugin",), inner=None, passwords=False)
    desk = Desk(lab, daemon)
    alice = lab.client(None, "explicit-exit-notify 1", certificate="alice").connected()
    daemon.wait_for_sessions(1, user="alice", ended=None)
    hers = alice.addresses()[0]
    now()
    before = now()
    wait_for(lambda: desk.who(hers, before) == [("alice", "certain")], "alice, for certain")
    same(daemon.stop(), 0, "exit status")
    alice.stop()
    bob = lab.client(None, "explicit-exit-notify 1", certificate="bob").connected()
    his = bob.addresses()[0]
    now()
    without = now()
    bob.stop()
    wait_for(lambda: len(server.final_counts()) == 2, "the end of both")
    daemon.start().ready()
    daemon.wait_for_sessions(0, ended=None)
    same(desk.who(hers, before), [("alice", "certain")], "alice before it stopped")
    for address in {hers, his}:
        found = desk.who(address, without)
        check(("", "not-recorded") in found and "certain" not in [word for _, word in found],
              f"{address}: {found}")
        check("nobody was recording" in desk.says(address, without), desk.says(address, without))
    check(server.process.poll() is None, "the server ended")
