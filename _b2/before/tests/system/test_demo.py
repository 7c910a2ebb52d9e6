# SPDX-License-Identifier: GPL-2.0-or-later
"""The demo tells the truth, and leaves nothing behind."""
import os
import signal
import subprocess

from harness.check import check, processes, test, wait_for

DEMO = os.path.join(os.path.dirname(__file__), "../../examples/demo/run")
BUILDING = 170  # seconds: it may have to build first


def start(lab):
    environment = dict(os.environ, TMPDIR=lab.folder)
    return subprocess.Popen([DEMO], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, env=environment)


@test
def the_demo_measures_what_its_story_says(lab):
    demo = start(lab)
    said, _ = demo.communicate(timeout=BUILDING)
    check(demo.returncode == 0, said)
    check("\x1b" not in said, "colours where nobody sees them")
    widest = max(said.splitlines(), key=len)
    check(len(widest) <= 80, f"wider than a terminal: {widest}")


def world(lab):
    """What a demo that ended must not have changed."""
    with open("/proc/self/mounts") as file:
        mounts = file.read()
    folders = "/run", "/run/netns", "/etc/pam.d", lab.folder
    return [processes(), mounts] + [sorted(os.listdir(folder)) for folder in folders]


def interrupt(lab, number):
    before = world(lab)
    demo = start(lab)
    while "the far host saw" not in (line := demo.stdout.readline()):
        check(line, "the demo ended before it could be interrupted")
    demo.send_signal(number)
    demo.wait(10)
    check(demo.returncode != 0, f"exit status {demo.returncode} after {number.name}")
    wait_for(lambda: world(lab) == before, lambda: f"{world(lab)} to be {before}", 10)


@test
def a_demo_that_is_interrupted_or_killed_leaves_nothing_behind(lab):
    for number in signal.SIGINT, signal.SIGTERM, signal.SIGKILL:
        interrupt(lab, number)
