#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Questions while the recorder's store writes as fast as it can. Prints TAP.

Each function whose name is a sentence is a test.
"""

import subprocess
import sys
import time

sys.dont_write_bytecode = True

from history import HOUR, NOON, WRITER, run_tests
from sessions import story

SECONDS = 6
BATCH = 1000  # sessions in one transaction of the writer

QUESTIONS = (
    ["who", "10.8.0.2", "--at", f"@{NOON + HOUR + 60}"], ["who", "10.8.66.64", "--at", "now"],
    ["sessions"], ["sessions", "--user", "user1"], ["sessions", "--at", f"@{NOON + 60}"],
    ["live"], ["show", "1"], ["show", "1000001"], ["usage"], ["usage", "--by", "hour"],
    ["refused"],
)


def questions_and_writing_do_not_wait_for_each_other(world):
    lines = story()
    lines.add("refusal", id=1, at=0, server=1, user="alice", reason="no")
    world.write(lines)
    with subprocess.Popen([WRITER, world.database, "--flood", str(SECONDS)],
                          stdout=subprocess.PIPE) as writer:
        while world.ids("sessions", "--user", "user1", "--limit", "1", status=None) == []:
            assert writer.poll() is None, "the writer gave up"
        asked = 0
        while writer.poll() is None:
            for question in QUESTIONS:
                begin = time.monotonic()
                world.run(*question)
                # The command would wait for five seconds, if it waited.
                assert time.monotonic() - begin < 5, question
                asked += 1
        written, longest_ms = map(int, writer.stdout.read().split())
        assert writer.returncode == 0
    print(f"# {asked} questions while {written} sessions were written; "
          f"the slowest batch of {BATCH} took {longest_ms} ms")
    assert asked >= len(QUESTIONS) and longest_ms < 5000, (asked, longest_ms)


def an_answer_is_of_one_state_of_the_database(world):
    """Of the writer's transactions, all or nothing is seen."""
    world.write(story())
    seen = set()
    with subprocess.Popen([WRITER, world.database, "--flood", "3"],
                          stdout=subprocess.PIPE) as writer:
        while writer.poll() is None:
            found = [row for row in world.json("sessions", "--since", "-1h", status=None)
                     if row["id"] >= 1000000]
            assert len(found) % BATCH == 0, len(found)
            sums = world.json("usage", "--by", "server", status=None)
            upload = sums[0]["upload_bytes"] if sums else 0
            n = upload and whole_batches(upload)
            assert n is not None, upload
            seen.add(len(found))
        writer.stdout.read()
    assert len(seen) > 1, seen


def whole_batches(upload):
    """How many batches these bytes are: session N sends N bytes. None if they are none."""
    total, number = 0, 1000000
    while total < upload:
        total += sum(range(number, number + BATCH))
        number += BATCH
    return number if total == upload else None


if __name__ == "__main__":
    sys.exit(run_tests(sys.modules[__name__]))
