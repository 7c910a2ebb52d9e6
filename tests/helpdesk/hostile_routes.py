#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever stands in state files, the answers of byway routes stay answers. Prints TAP.

The daemon makes what came from the net harmless before it writes it; here it is written past
it. Each function whose name is a sentence is a test.
"""

import os
import random
import sys

sys.dont_write_bytecode = True

from history import run_tests
from hostile import ask, check_text, parse_csv, parse_json
from state import FETCH, HOST, UNIX_GROUP, State

HOSTILE = {
    "escape sequences": b"\x1b[2J\x1b]0;owned\x07",
    "one-byte controls": b"\xc2\x9b2JA",
    "a carriage return": b"HTTP 200\rok",
    "marks that turn the direction": "a\u202eecila\u2066\u2029".encode(),
    "characters that nobody sees": "ali\u200bce\ufeff".encode(),
    "a formula": b"=cmd|'/c calc'!A1",
    "more formulas": b"+1+1,@SUM(A1);-1\t=2+2",
    "quotes and commas": b"a\"b,'c'\\d;<e>&f",
    "a format": b"%s%n%n%s",
    "bytes that are no UTF-8": b"\xff\xfe\x80\xc0\xaf\xed\xa0\x80",
    "the end of a string": b"good\x00bad",
    "a long text": b"ab " * 3000,
    "nothing": b"",
    "numbers that cannot be": b"99999999999999999999999 -1",
}

STATE_FILE = b"""# byway state 1
# set journals
# written 2026-11-22T20:44:35Z
# source @FETCH@
# got 2026-11-22T20:44:35Z
# checked 9999-12-31T23:59:59Z
# etag "@"
# modified @
# read @
# dropped @ @
# dropped-all 18446744073709551615
# count @
203.0.113.0/24
# source fetch @
# got @
# dropped @
192.0.2.128/25
@
"""

STATUS_FILE = b"""# byway status 1
# set journals
source @FETCH@
tried @
good 9999-12-31T23:59:59Z
due 1970-01-01T00:00:01Z
failed 18446744073709551615 @
held 3 @
read 18446744073709551615
kept @
dropped 18446744073709551615
source @HOST@
held 3 @
"""

CHANGES_FILE = b"""2026-11-22T20:44:35Z + 203.0.113.0/24 @
2026-11-22T20:44:35Z - 2001:db8::/32 fetch @
@
9999-12-31T23:59:59Z + 10.0.0.0/8 @
"""

MEMBERS_FILE = b"""# byway state 1
# group physics
# source @UNIX@
# got 2026-11-22T20:44:35Z
# count 1
alice
# source @
@
"""

QUESTIONS = (["routes"], ["routes", "journals"], ["routes", "physics"],
             ["routes", "test", "203.0.113.9"], ["routes", "test", "192.0.2.200"],
             ["routes", "test", "203.0.113.9", "--profile", "library"],
             ["routes", "test", "192.0.2.200", "--profile", "library"],
             ["routes", "diff", "journals", "--since", "2000-01-01"])


def fill(state, value):
    for name, text in (("routes/journals.fetched", STATE_FILE),
                       ("routes/journals.status", STATUS_FILE),
                       ("routes/journals.changes", CHANGES_FILE),
                       ("groups/physics.members", MEMBERS_FILE),
                       ("groups/physics.status", STATUS_FILE)):
        for mark, what in ((b"@FETCH@", FETCH), (b"@HOST@", HOST), (b"@UNIX@", UNIX_GROUP)):
            text = text.replace(mark, what.encode())
        state.file("state/" + name, text.replace(b"@", value))


def every_answer(world, what, questions=QUESTIONS):
    """In each form, checked; how many rows of JSON all have."""
    count = 0
    policy = ["--policy", os.path.join(world.path, "policy.conf")]
    for question in questions:
        status, text, about = ask(world, question + policy)
        check_text(text, (what, about))
        assert status != 2, (what, about, text)
        rows = parse_json(ask(world, question + policy, "--json")[1], (what, about))
        assert len(parse_csv(ask(world, question + policy, "--csv")[1], (what, about))) == \
            len(rows) + 1, (what, about)
        count += len(rows)
    return count


def every_text_stays_text_in_every_answer(world):
    state = State(world)
    for name, value in HOSTILE.items():
        fill(state, value)
        assert every_answer(world, name) > 20, name


def a_terminal_obeys_nothing(world):
    state = State(world)
    for name in ("escape sequences", "one-byte controls", "a carriage return", "a long text"):
        fill(state, HOSTILE[name])
        for question in QUESTIONS:
            check_text(world.on_terminal(80, *question, "--policy", "policy.conf"),
                       (name, question))


def files_of_any_bytes_are_answered(world):
    """The sanitizers watch."""
    chance = random.Random(2)
    state = State(world)
    state.good()
    good = {}
    for folder in ("routes", "groups"):
        for name in sorted(os.listdir(os.path.join(state.path, folder))):
            with open(os.path.join(state.path, folder, name), "rb") as text:
                good[f"state/{folder}/{name}"] = text.read()
    for turn in range(12):
        for name, text in good.items():
            damaged = bytearray(text[:chance.randrange(len(text) + 1)] if turn % 3 == 0 else text)
            for _ in range(0 if turn % 3 == 0 else chance.randrange(1, 30)):
                if damaged:
                    damaged[chance.randrange(len(damaged))] = chance.choice(
                        b"\x00\n\r\t #;\x1b\xff\x80019:/.")
            state.file(name, bytes(damaged))
        every_answer(world, turn, chance.sample(QUESTIONS, 3))


if __name__ == "__main__":
    sys.exit(run_tests(sys.modules[__name__]))
