#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""byway(1) is so: its options, its keys and its examples are the command's. Prints TAP.

Each function whose name is a sentence is a test.
"""

import json
import os
import re
import shlex
import subprocess
import sys

sys.dont_write_bytecode = True
TOP = os.environ.get("srcdir", os.path.join(os.path.dirname(__file__), "../.."))
sys.path.insert(0, os.path.join(TOP, "tests/helpdesk"))

from routes import Daemon
from state import State
from history import BUCKET, BYWAY, HOUR, MIB, Lines, now, run_tests, NOON

COMPLAINT = 2 * HOUR + 600  # ten past two, in seconds from NOON
# What stands in the list of options once, and in no command's own synopsis.
COMMON = {"--json", "--csv", "--utc", "--no-header", "--database"}
POLICY = """\
choose username-suffix +
default-profile campus
state-dir {state}
<routes internal>
10.0.0.0/8
</routes>
<profile campus>
title "Campus network only"
tunnel split
routes internal
</profile>
<profile full>
title "All traffic"
tunnel full
allow group staff
assume-opt-in-from 172.16.0.0/12
</profile>
<group staff>
user sam
</group>
"""


def page():
    with open(os.path.join(TOP, "man/byway.1"), encoding="utf-8") as text:
        return text.read()


def section(name):
    """The lines between a heading and the next of its kind."""
    return re.search(rf"^\.S[hs] {name}\n(.*?)(?=^\.Sh|\Z)", page(), re.M | re.S).group(1)


def commands():
    shown = subprocess.run([BYWAY, "help"], capture_output=True, check=True).stdout.decode()
    return re.findall(r"^  ([a-z][a-z ]*?)  ", shown, re.M)


def options_of(command):
    shown = subprocess.run([BYWAY, *command.split(), "--help"], capture_output=True,
                           check=True).stdout.decode()
    return set(re.findall(r"^  (--[a-z0-9-]+)", shown, re.M))


def fill(filled):
    """A history in which every example finds something."""
    lines = Lines()
    lines.add("server", id=1, name="campus")
    lines.add("run", id=1, server=1, began=-90000)
    lines.session(1, "alice", 0, 5 * HOUR // 2, "10.8.3.7", "203.0.113.5", typed="alice+full",
                  profile="full", chosen_by="username-suffix", from_client=4096 * MIB,
                  to_client=128 * MIB, real_port=40001, program="OpenVPN GUI 11", platform="win")
    for at, upload, download in ((0, 3796, 118), (COMPLAINT - 300, 100, 4), (COMPLAINT, 200, 6)):
        lines.add("traffic", bucket=at, session=1, from_client=upload * MIB,
                  to_client=download * MIB)
    bucket = (NOON + now()) // BUCKET * BUCKET - NOON
    lines.session(2, "bob", bucket - HOUR, None, "10.8.0.18", profile="campus")
    lines.add("running", session=2, last_seen=now(), counted_at=now(), from_client=MIB,
              to_client=MIB, bucket=bucket, base_from=0, base_to=0, base_at=bucket, epoch_from=0,
              epoch_to=0)
    lines.add("refusal", id=1, at=now(), server=1, user="bob", wanted="full", reason="no")
    lines.add("alive", at=now())
    filled.write(lines)
    with open(os.path.join(filled.path, "policy.conf"), "w", encoding="utf-8") as policy:
        policy.write(POLICY.format(state=filled.path))


def every_command_and_option_is_on_the_page_and_no_other(world):
    synopsis = section("SYNOPSIS")
    described = set(re.findall(r"^\.It Fl (-[a-z0-9-]+)", page(), re.M))
    taken = set()
    for command in commands():
        own = re.search(rf"^\.Cm {command}\n(.*?)(?=^\.Nm|\Z)", synopsis, re.M | re.S)
        assert own, f"no {command} in the synopsis"
        shown = {f"-{name}" for name in re.findall(r"^\.Op Fl (-[a-z0-9-]+)", own.group(1), re.M)}
        assert shown - COMMON == options_of(command) - COMMON, command
        assert f".It Cm {command}\n" in page(), f"{command} is not described"
        taken |= options_of(command)
    assert {f"-{name}" for name in described} == taken, ({f"-{name}" for name in described}, taken)


def keys_of(rows):
    """All keys, also of what is within."""
    found = set()
    for row in rows:
        for key, value in row.items():
            found.add(key)
            if isinstance(value, list):
                found |= keys_of(value)
    return found


def every_key_of_json_is_on_the_page_and_no_other(world):
    fill(world)
    items = dict(re.findall(r"^\.It Cm ([a-z ]+)\n(.*?)(?=^\.It|^\.El)", section("OUTPUT"),
                            re.M | re.S))
    State(world).good()
    for command, questions in (
            ("routes", [[]]), ("routes test", [["10.1.2.3"]]), ("routes diff", [["journals"]]),
            ("who", [["10.8.3.7", "--at", f"@{NOON + COMPLAINT}"]]), ("sessions", [[]]),
            ("live", [[]]), ("refused", [[]]),
            ("usage", [["--by", by] for by in ("user", "profile", "server", "day", "hour")]),
            ("show", [["1"]])):
        written = set()
        for question in questions:
            policy = ["--policy", "policy.conf"] if command.startswith("routes") else []
            written |= keys_of(world.json(*command.split(), *question, *policy))
        listed = set(re.findall(r"\b[a-z_]+[a-z0-9_]*\b", " ".join(
            re.findall(r"^\.(?:Pq )?Em (.*)", items[command], re.M))))
        if command == "show":  # "those of sessions", and how it is as CSV
            written -= keys_of(world.json("sessions"))
            listed -= keys_of(world.json("sessions")) | {"what", "value"}
        assert listed == written, (command, listed ^ written)


def prepare_routes(where_it_runs):
    """Living route sets in the place of that policy, and a daemon for them; returns that."""
    state = State(where_it_runs)
    state.good()
    return Daemon(state)


def words_of(arguments):
    """The command's name, of one word or two."""
    two = " ".join(arguments[:2])
    return two if two in commands() else arguments[0]


def examples():
    text = section("EXAMPLES").replace(r"\(dq", '"')
    return [line[line.index("$ byway ") + 8:] for line in text.splitlines() if "$ byway " in line]


def every_command_has_an_example_that_works(world):
    fill(world)
    seen = set()
    daemon = None
    for example in examples():
        arguments = [word.replace("/tmp/", "").replace("/backup/", "copy-of-")
                     for word in shlex.split(example)]
        if arguments[0] in ("explain", "routes"):
            arguments += ["--policy", "policy.conf"]
        refused = arguments[0] == "explain" and "--choose" in arguments
        if arguments[0] == "routes" and not daemon:
            daemon = prepare_routes(world)
        found_by_now = world.run(*arguments, status=1 if refused else 0)
        assert found_by_now, example
        seen.add(words_of(arguments))
    assert daemon.end() == {"journals": "accept\n"}
    assert seen == set(commands()), seen ^ set(commands())


def the_examples_answer_what_they_say(world):
    fill(world)
    by_command = {}
    for example in examples():
        by_command.setdefault(shlex.split(example)[0], []).append(shlex.split(example))
    for arguments in by_command["who"]:
        assert "alice" in world.run(*arguments), arguments
    assert [row["id"] for row in world.json(*by_command["sessions"][0])] == [1]
    assert "alice" in world.run(*by_command["sessions"][2])
    assert "bob" in world.run(*by_command["live"][0]) and "bob" in \
        world.run(*by_command["refused"][0])
    assert json.loads(world.run(*by_command["show"][0], "--json"))[0]["user"] == "alice"


if __name__ == "__main__":
    sys.exit(run_tests(sys.modules[__name__]))
