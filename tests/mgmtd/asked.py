#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""byway routes, asked while the real byway-mgmtd looks things up.

As in daemon.py, each function with the parameter `world` is a test. Prints TAP.
"""
import json
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from world import main  # noqa: E402
from sources import Sources, run_inside  # noqa: E402
from harness import publisher as page  # noqa: E402
from harness.check import check, same, wait_for  # noqa: E402
from harness.publisher import Publisher  # noqa: E402

BYWAY = os.environ.get("BYWAY", os.path.abspath("helpdesk/byway"))


def byway(sources, *arguments, status=0):
    """What `byway routes` says, which must exit with that status (None: with any)."""
    done = subprocess.run([BYWAY, "routes", *arguments, "--policy",
                           sources.world.path("policy.conf")],
                          capture_output=True, text=True, timeout=60, check=False)
    if status is not None:
        same(done.returncode, status, f"exit status of {arguments}; {done.stdout}{done.stderr}")
    return done.stdout


def source(sources, status=None):
    """The row of the one source."""
    rows = json.loads(byway(sources, "journals", "--json", status=status))
    return [row for row in rows if row["source"] is not None][0]


def becomes(sources, state):
    wait_for(lambda: source(sources)["state"] == state, lambda: source(sources))
    return source(sources, status=0 if state == "ok" else 1)


def many(n, block=16):
    return "".join(f"{block}.{i >> 7}.{i % 128 * 2}.0/24\n" for i in range(n))


def what_was_fetched_is_told_with_its_line_and_what_was_left_out(world):
    server = Publisher()
    server.pages["/list"] = page.text("192.0.2.0/25\n192.0.2.128/25\n10.0.0.0/8\n")
    sources = Sources(world, f"fetch {server.url('/list')}")
    row = becomes(sources, "ok")
    same((row["read"], row["kept"], row["dropped"]), (3, 1, 1), "read, kept and dropped")
    check("left out: 10.0.0.0/8 private" in row["note"], row)
    wait_for(lambda: source(sources)["due"] > row["checked"], lambda: source(sources))
    answer, = json.loads(byway(sources, "test", "192.0.2.200", "--profile", "campus", "--json"))
    same((answer["why"], answer["prefix"], answer["source"], answer["source_line"]),
         ("fetch", "192.0.2.0/24", f"fetch {server.url('/list')}", 5), "the answer")
    byway(sources, "test", "10.1.1.1", "--profile", "campus", status=1)
    change, = json.loads(byway(sources, "diff", "journals", "--json"))
    same((change["change"], change["prefix"], change["source"]),
         ("added", "192.0.2.0/24", f"fetch {server.url('/list')}"), "the change")


def a_request_makes_the_daemon_look_at_once(world):
    server = Publisher()
    server.pages["/list"] = page.text("192.0.2.0/24\n")
    sources = Sources(world, f"fetch {server.url('/list')}")
    sources.expect("192.0.2.0/24")
    server.pages["/list"] = page.text("198.51.100.0/25\n")
    check("journals is looked up now" in byway(sources, "refresh", "journals"), "said so")
    sources.expect("198.51.100.0/25")
    server.pages["/list"] = page.text("203.0.113.0/25\n")
    byway(sources, "refresh")
    sources.expect("203.0.113.0/25")
    changes = json.loads(byway(sources, "diff", "journals", "--json"))
    same([(change["change"], change["prefix"]) for change in changes],
         [("added", "203.0.113.0/25")], "what is left of all changes")


def what_is_held_back_is_told_and_taken_when_somebody_says_so(world):
    server = Publisher()
    server.pages["/list"] = page.text(many(100))
    sources = Sources(world, f"fetch {server.url('/list')}")
    same(becomes(sources, "ok")["kept"], 100, "prefixes")
    server.pages["/list"] = page.text(many(40))
    byway(sources, "refresh", "journals")
    row = becomes(sources, "held-back")
    check("shrank from 25600 IPv4 addresses" in row["note"] and row["kept"] == 100, row)
    byway(sources, "test", "16.0.140.1", "--profile", "campus")
    byway(sources, "refresh", "journals", "--accept")
    same(becomes(sources, "ok")["kept"], 40, "prefixes")
    byway(sources, "test", "16.0.140.1", "--profile", "campus", status=1)


def a_publisher_who_sends_half_the_internet_is_not_believed(world):
    server = Publisher()
    sources = Sources(world, f"fetch {server.url('/list')}", f"fetch {server.url('/small')}")
    wait_for(lambda: sources.status("failed"), lambda: sources.text("journals.status"))
    server.pages["/list"] = page.text("".join(f"{i}.0.0.0/8\n" for i in range(16, 127)))
    server.pages["/small"] = page.text("192.0.2.0/24\n")
    byway(sources, "refresh", "journals")
    server.pages["/small"] = page.text("".join(f"{i}.0.0.0/8\n" for i in range(16, 32)))
    wait_for(lambda: "192.0.2.0/24" in sources.prefixes(), lambda: sources.text())
    byway(sources, "refresh", "journals")
    wait_for(lambda: len(sources.status("held")) == 2, lambda: sources.text("journals.status"))
    check("192.0.2.0/24" in sources.prefixes(), sources.text())
    check("nothing of it is in use" in byway(sources, "journals", status=1), "said so")
    byway(sources, "test", "17.1.1.1", "--profile", "campus", status=1)


def a_state_file_that_somebody_removed_comes_back(world):
    server = Publisher()
    server.pages["/list"] = page.tagged("192.0.2.0/24\n", '"one"')
    sources = Sources(world, f"fetch {server.url('/list')}")
    becomes(sources, "ok")
    os.unlink(sources.path("journals.fetched"))
    byway(sources, "refresh", "journals")
    sources.expect("192.0.2.0/24")


def a_source_that_fails_says_how(world):
    server = Publisher()
    sources = Sources(world, f"fetch {server.url('/missing')}")
    row = becomes(sources, "failing")
    check("status 404" in row["note"] and row["failures"] >= 1, row)
    server.pages["/missing"] = page.text("192.0.2.0/24\n")
    byway(sources, "refresh", "journals")
    becomes(sources, "ok")


if __name__ == "__main__":
    run_inside(lambda: main(globals()))
