#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""byway who names who had an address, and says how sure that is. Prints TAP.

Each function whose name is a sentence is a test. What is certain and what is not is tried in
tests/unit/check_who.c and check_who_oracle.c; here it is what the command makes of it.
"""

import os
import re
import sys

sys.dont_write_bytecode = True

from history import BUCKET, HOUR, MIB, NOON, NOT_WATCHED, Lines, iso, run_tests

TOP = os.environ.get("srcdir") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
DAY = 24 * HOUR
ADDRESS = "10.8.3.7"


def story():
    """Alice, then Bob an hour after, whose end nobody saw."""
    lines = Lines()
    lines.add("server", id=1, name="campus")
    lines.add("run", id=1, server=1, pid=812, began=-DAY)
    lines.session(1, "alice", 0, 2 * HOUR + 1800, ADDRESS, "203.0.113.5", typed="alice+full",
                  profile="full", chosen_by="username-suffix", program="OpenVPN GUI 11",
                  platform="win", vpn6="2001:db8::7", from_client=4096 * MIB,
                  to_client=128 * MIB, real_port=40001)
    for bucket in range(2 * HOUR, 2 * HOUR + 1800, BUCKET):
        lines.add("traffic", bucket=bucket, session=1, from_client=150 * MIB, to_client=5 * MIB)
    lines.session(2, "bob", 3 * HOUR, 4 * HOUR, ADDRESS, "203.0.113.6", gone_by=5 * HOUR,
                  end_reason=8)
    lines.add("gap", id=1, kind=NOT_WATCHED, server=1, began=6 * HOUR, ended=7 * HOUR,
              reason="connection refused")
    lines.add("alive", at=30 * HOUR, stopped=1)
    return lines


def at(seconds):
    return ["--at", f"@{NOON + seconds}", "--utc"]


def who(world, seconds, *more, status=0):
    return world.json("who", ADDRESS, *at(seconds), *more, status=status)


def the_example_of_the_manual_page_is_what_is_said(world):
    world.write(story())
    with open(os.path.join(TOP, "man/byway.1"), encoding="utf-8") as page:
        shown = re.search(r'^\$ (byway who .*)\n((?:.*\n)*?)\.Ed', page.read(), re.M)
    words = [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', shown[1])]
    assert world.run(*words[1:]) == shown[2], (world.out, shown[2])


def a_certain_answer_has_every_detail(world):
    world.write(story())
    row, = who(world, 2 * HOUR + 600)
    for key, value in {"user": "alice", "typed": "alice+full", "certainty": "certain",
                       "at_the_time": "yes", "profile": "full", "chosen_by": "username-suffix",
                       "server": "campus", "address": ADDRESS, "address_kind": "vpn",
                       "started": iso(0), "ended": iso(2 * HOUR + 1800), "id": 1,
                       "real_address": "203.0.113.5", "real_port": 40001,
                       "client_program": "OpenVPN GUI 11", "upload_bytes": 4096 * MIB,
                       "window_upload_bytes": 300 * MIB,
                       "window_download_bytes": 10 * MIB}.items():
        assert row[key] == value, (key, row[key])


def every_form_of_an_address_is_the_same_address(world):
    world.write(story())
    for text in (ADDRESS, "::ffff:10.8.3.7", "::FFFF:a08:307", "2001:db8::7",
                 "2001:0DB8:0:0:0:0:0:7"):
        assert world.json("who", text, *at(HOUR))[0]["user"] == "alice", text
    for text in ("10.8.3", "10.8.3.07", "10.8.3.7/32", "alice", "", "fe80::1%eth0"):
        world.run("who", text, *at(HOUR), status=2)
        assert "is not an IPv4 or IPv6 address" in world.err


def the_real_address_is_marked_as_such(world):
    world.write(story())
    row, = world.json("who", "203.0.113.5", *at(HOUR))
    assert (row["user"], row["address_kind"], row["vpn_address"]) == ("alice", "real", ADDRESS)
    assert "its REAL address" in world.run("who", "203.0.113.5", *at(HOUR))
    world.run("who", ADDRESS, "--real", *at(HOUR), status=1)


def two_in_the_window_are_both_named_and_neither_is_certain(world):
    world.write(story())
    rows = who(world, 2 * HOUR + 2700, "--within", "20m")
    assert [(row["user"], row["certainty"]) for row in rows] == [("alice", "shared"),
                                                                 ("bob", "shared")]
    text = world.run("who", ADDRESS, "--within", "20m", *at(2 * HOUR + 2700))
    assert "Answer     not certain; 2 people held it in that window\n" in text, text


def an_end_nobody_saw_is_said_with_when_it_was_last_seen(world):
    world.write(story())
    row, = who(world, 4 * HOUR + 1800)
    assert (row["user"], row["certainty"], row["last_seen"]) == ("bob", "end-not-seen",
                                                                 iso(4 * HOUR))
    text = world.run("who", ADDRESS, *at(4 * HOUR + 1800))
    assert "Answer     possibly bob: not certain\n" in text, text
    assert ("only possible: the end was not seen, last seen at 2023-11-15 16:00:00, "
            "gone by 2023-11-15 17:00:00") in text, text


def nobody_is_told_from_nobody_recorded(world):
    world.write(story())
    assert "Answer     nobody held it\n" in world.run("who", ADDRESS, *at(9 * HOUR), status=1)
    assert who(world, 9 * HOUR, status=1) == []
    text = world.run("who", ADDRESS, *at(6 * HOUR + 60), status=1)
    assert "nobody is known to have held it" in text and "connection refused" in text, text
    row, = who(world, 6 * HOUR + 60, status=1)
    assert (row["user"], row["certainty"]) == (None, "not-recorded"), row
    assert (row["started"], row["ended"]) == (iso(6 * HOUR), iso(7 * HOUR)), row


def after_the_recorder_stopped_nothing_is_known(world):
    world.write(story())
    text = world.run("who", ADDRESS, *at(31 * HOUR), status=1)
    assert "nobody has been recording since 2023-11-16 18:00:00" in text, text


def a_server_that_there_never_was_is_an_error(world):
    world.write(story())
    assert who(world, HOUR, "--server", "campus")
    world.run("who", ADDRESS, "--server", "campu", *at(HOUR), status=2)
    assert 'nothing was recorded of a server "campu"' in world.err


def what_has_not_happened_yet_cannot_be_asked(world):
    world.write(story())
    world.run("who", ADDRESS, "--at", "2999-01-01", status=2)
    assert "has not come yet" in world.err


def many_candidates_are_a_table(world):
    lines = story()
    for number in range(3, 9):
        lines.session(number, f"user{number}", 20 * HOUR, 21 * HOUR, f"10.8.4.{number}",
                      "198.51.100.1")
    world.write(lines)
    text = world.run("who", "198.51.100.1", *at(20 * HOUR + 60))
    assert "not certain; 6 people held it" in text and "USER " in text, text
    rows = world.csv("who", "198.51.100.1", *at(20 * HOUR + 60))
    assert [row["user"] for row in rows] == [f"user{n}" for n in range(3, 9)]
    assert {row["certainty"] for row in rows} == {"shared"}


def what_a_client_sent_is_never_more_than_text(world):
    lines = story()
    lines.session(3, "mallory", 10 * HOUR, 11 * HOUR, ADDRESS, "198.51.100.1")
    world.write(lines)
    world.sql("UPDATE user SET name = '=cmd()' || char(27) || '[2J' || char(10) || 'alice' "
              "WHERE name = 'mallory'; UPDATE session SET typed = x'ff22' || ',' WHERE id = 3;")
    text = world.run("who", ADDRESS, *at(10 * HOUR + 60))
    assert "\x1b" not in text and "\nalice" not in text, text
    assert world.json("who", ADDRESS, *at(10 * HOUR + 60))[0]["user"].startswith("=cmd()")
    assert world.csv("who", ADDRESS, *at(10 * HOUR + 60))[0]["user"].startswith("'=cmd()")


sys.exit(run_tests(sys.modules[__name__]))
