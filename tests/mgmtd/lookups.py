#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Hosts and groups: byway-mgmtd as it was built, with a DNS server and an /etc/group of our own.

As in daemon.py, each function with the parameter `world` is a test. Prints TAP.
"""
import itertools
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from world import main  # noqa: E402
from sources import Sources, run_inside  # noqa: E402
from harness import publisher as page  # noqa: E402
from harness.check import check, same, wait_for  # noqa: E402
from harness.names import NXDOMAIN, SERVFAIL, Names, silent  # noqa: E402
from harness.publisher import Publisher  # noqa: E402

NAMES = None  # the DNS server, once there is a network for it
RESOLVED = "journals.resolved"


def resolved(where, *hosts, lines=(), **how):
    return Sources(where, *[f"host {host}" for host in hosts],
                   lines=["host-interval 1s", *lines], **how)


def asked_again(name, times=3):
    before = NAMES.asked.count(name)
    wait_for(lambda: NAMES.asked.count(name) > before + 2 * times, f"{name} to be asked for")


# Hosts

def the_addresses_of_a_host_of_both_families_are_routes(world):
    NAMES.hosts["both.example"] = ["192.0.2.7", "2001:db8::7"]
    sources = resolved(world, "both.example")
    sources.expect("192.0.2.7/32", "2001:db8::7/128", name=RESOLVED)
    text = sources.text(RESOLVED)
    check("# source host both.example\n" in text and "192.0.2.7/32 # seen 20" in text, text)
    wait_for(lambda: sources.status("kept") == ["2"], lambda: sources.text("journals.status"))


def a_set_that_is_fetched_and_resolved_has_one_status_for_all_its_sources(world):
    NAMES.hosts["half.example"] = ["192.0.2.7"]
    server = Publisher()
    server.pages["/list"] = page.text("198.51.100.0/24\n10.0.0.0/8\n")
    sources = resolved(world, "half.example", "nobody.example")
    what = [f"fetch {server.url('/list')}", "host half.example", "host nobody.example"]
    sources.policy(*what)
    wait_for(lambda: sorted(sources.status("source")) == what and
             sources.status("dropped").count("1") == 1 and len(sources.status("failed")) == 1,
             lambda: sources.text("journals.status"))
    same(sources.daemon.stop(), 0, "exit status")
    sources.daemon.start().ready()
    asked_again("half.example")
    same(sorted(sources.status("source")), what, "sources after a restart")


def a_host_that_moves_is_followed_and_its_old_address_stays_for_a_while(world):
    NAMES.hosts["moves.example"] = ["192.0.2.7"]
    sources = resolved(world, "moves.example", lines=["keep-addresses 4s"])
    sources.expect("192.0.2.7/32", name=RESOLVED)
    NAMES.hosts["moves.example"] = ["192.0.2.9"]
    sources.expect("192.0.2.7/32", "192.0.2.9/32", name=RESOLVED)
    sources.expect("192.0.2.9/32", name=RESOLVED)
    changes = [f"{sign} {prefix} host moves.example" for sign, prefix in
               [("+", "192.0.2.7/32"), ("+", "192.0.2.9/32"), ("-", "192.0.2.7/32")]]
    wait_for(lambda: [line.split(" ", 1)[1] for line in
                      sources.text("journals.changes").splitlines()] == changes,
             lambda: sources.text("journals.changes"))


def all_addresses_of_one_that_rotates_are_kept_without_needless_writing(world):
    turns = itertools.cycle(range(1, 10))  # two questions a time: A and AAAA
    NAMES.hosts["rotates.example"] = lambda: [f"192.0.2.{next(turns)}"]
    sources = resolved(world, "rotates.example")
    sources.expect(*[f"192.0.2.{i}/32" for i in range(1, 10)], name=RESOLVED)
    version = sources.text(RESOLVED)
    asked_again("rotates.example")
    same(sources.text(RESOLVED), version, "the file")


def a_host_that_cannot_be_resolved_keeps_its_addresses_whatever_their_age(world):
    NAMES.hosts["fails.example"] = ["192.0.2.7", "2001:db8::7"]
    sources = resolved(world, "fails.example", lines=["keep-addresses 1s"])
    sources.expect("192.0.2.7/32", "2001:db8::7/128", name=RESOLVED)
    version = sources.text(RESOLVED)
    for wrong, said in [(NXDOMAIN, "not known"), (SERVFAIL, "failure"), ([], "No address"),
                        (["127.0.0.1", "::1"], "no address that may be used; .*loopback"),
                        (["10.1.2.3"], "no address that may be used; .*private"),
                        (["198.18.0.2"], "no address that may be used; .*the server's own"),
                        (silent, "failure")]:
        sources.daemon.mark()
        NAMES.hosts["fails.example"] = wrong
        sources.refresh()
        sources.daemon.expect(f"host fails.example: .*({said}).*stays in use", 40)
        same(sources.text(RESOLVED), version, f"the file after {said}")
    NAMES.hosts["fails.example"] = ["192.0.2.8", "10.0.0.1"]
    sources.refresh()
    sources.expect("192.0.2.8/32", name=RESOLVED)
    check("# dropped 10.0.0.1/32 private\n" in sources.text(RESOLVED), sources.text(RESOLVED))


def one_that_gives_another_address_each_time_is_bounded(world):
    turns = itertools.count()
    NAMES.hosts["lies.example"] = lambda: [f"198.51.{next(turns) % 250}.{i}" for i in range(30)]
    sources = resolved(world, "lies.example")
    wait_for(lambda: len(sources.prefixes(RESOLVED)) >= 250, lambda: sources.text(RESOLVED), 60)
    asked_again("lies.example")
    check(len(sources.prefixes(RESOLVED)) <= 256, f"{len(sources.prefixes(RESOLVED))} addresses")


def a_name_that_hangs_holds_up_no_other_nor_the_end(world):
    NAMES.hosts.update({f"hangs{i}.example": silent for i in range(12)})
    NAMES.hosts["good.example"] = ["192.0.2.7"]
    sources = resolved(world, *[f"hangs{i}.example" for i in range(12)], "good.example")
    sources.expect("192.0.2.7/32", name=RESOLVED)
    NAMES.hosts["good.example"] = ["192.0.2.8"]
    sources.expect("192.0.2.7/32", "192.0.2.8/32", name=RESOLVED)
    asked_again("hangs3.example", 0)
    same(sources.daemon.stop(timeout=5), 0, "exit status")


def a_publisher_whose_name_hangs_is_given_up_without_waiting(world):
    NAMES.hosts["publisher.example"] = silent
    server = Publisher()
    server.pages["/list"] = page.text("192.0.2.0/24\n")
    sources = Sources(world, f"fetch http://publisher.example:{server.port}/list",
                      lines=["fetch-timeout 1s"])
    sources.daemon.expect("fetch http://publisher.example.*(Resolving|resolve|timed out)")
    NAMES.hosts["publisher.example"] = ["127.0.0.1"]
    sources.refresh()
    sources.expect("192.0.2.0/24")


# Groups

def set_system(group=None, passwd=None):
    """Replaces the lines of the tests' own group and users in /etc."""
    for name, lines in (("group", group), ("passwd", passwd)):
        if lines is None:
            continue
        with open(f"/etc/{name}") as file:
            kept = [line for line in file if not line.startswith("byway-test")]
        with open(f"/etc/{name}.new", "w") as file:
            file.write("".join(kept) + "".join(f"{line}\n" for line in lines))
        os.rename(f"/etc/{name}.new", f"/etc/{name}")


class Group(Sources):
    """A policy with a group of the system in it."""

    def policy(self, *sources):
        super().policy("192.0.2.0/24")
        with open(self.world.path("policy.conf"), "a") as file:
            file.write("<group physics>\nroutes journals\n" + "\n".join(sources) + "\n</group>\n")

    def path(self, name):
        return os.path.join(self.state, "groups" if name.startswith("physics.") else "routes", name)


def a_group_has_its_members_and_is_never_emptied_by_a_failing_directory(world):
    primary = [f"byway-test-{name}:x:{4500 + i}:{gid}::/:/bin/sh" for i, (name, gid) in
               enumerate([("carol", 4444), ("dave", 4445)])]
    set_system(["byway-test:x:4444:bob,alice,bob"], primary)
    sources = Group(world, "unix-group byway-test", lines=["group-interval 1s"])
    members = dict(name="physics.members")
    sources.expect("alice", "bob", "byway-test-carol", **members)
    check("# source unix-group byway-test\n" in sources.text("physics.members"), "the source")
    set_system(["byway-test:x:4444:erin,alice"])
    sources.expect("alice", "byway-test-carol", "erin", **members)
    version = sources.text("physics.members")
    set_system([])
    sources.daemon.expect("unix-group byway-test: cannot be looked up: there is no such group.*stays")
    set_system(["byway-test:x:4444:"], [])
    sources.daemon.expect("held back, .*it had 3 members and has none any more")
    os.rename("/etc/group", "/etc/group.away")
    try:
        sources.daemon.mark()
        sources.daemon.expect("unix-group byway-test: cannot be looked up")
    finally:
        os.rename("/etc/group.away", "/etc/group")
    same(sources.text("physics.members"), version, "the file")
    set_system(["byway-test:x:4444:" + ",".join(f"user{i:03}" for i in range(100))])
    sources.daemon.expect("held back, .*it grew from 3 members to 100")
    sources.refresh(accept=True, name="physics")
    sources.expect(*[f"user{i:03}" for i in range(100)], **members)
    set_system(["byway-test:x:4444:user000"])
    sources.daemon.expect("held back, .*it shrank from 100 members to 1")


if __name__ == "__main__":
    def run():
        global NAMES
        NAMES = Names()
        return main(globals())
    run_inside(run)
