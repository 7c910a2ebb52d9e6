# SPDX-License-Identifier: GPL-2.0-or-later
"""How a test says what it expects, and how it waits: for something, never for a time."""
import glob
import time

TIMEOUT = 30  # seconds; for what takes one on an idle machine

TESTS = []


class Skip(Exception):
    """This test cannot run here; the text says why."""


def test(function):
    """Makes a function a test: its name, read as a sentence, is the test's name."""
    TESTS.append(function)
    return function


def sentence(function):
    return function.__name__.replace("_", " ")


def check(truth, message):
    if not truth:
        raise AssertionError(message)


def same(got, expected, what):
    check(got == expected, f"{what}:\n  got      {got!r}\n  expected {expected!r}")


def wait_for(probe, what, timeout=TIMEOUT):
    """The first true value of probe(); `what` is a text, or makes one, for when there is none."""
    end = time.monotonic() + timeout
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {timeout} s for {what() if callable(what) else what}")
        time.sleep(0.02)


def processes():
    """The command lines of what runs in this test's namespace (the dead have none)."""
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path) as file:
                found.append(file.read())
        except OSError:
            pass  # it ended meanwhile
    return sorted(filter(None, found))
