# SPDX-License-Identifier: GPL-2.0-or-later
"""What the daemon's tests share: a folder with daemons and servers, and the running of tests."""
import concurrent.futures
import os
import shutil
import sys
import tempfile
import threading
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "system")]

from fake import Fake  # noqa: E402
from harness.daemon import Daemon  # noqa: E402

MGMTD = os.environ.get("MGMTD", os.path.abspath("mgmtd/byway-mgmtd"))


class World:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="byway-mgmtd-")
        self.daemons = []

    def path(self, name):
        return os.path.join(self.folder, name)

    def daemon(self, *lines, start=True, program=MGMTD):
        daemon = Daemon(self.folder, program, f"mgmtd{len(self.daemons)}").configure(*lines)
        self.daemons.append(daemon)
        return daemon.start().ready() if start else daemon

    def fake(self, name, **how):
        """A server on a unix socket, and its line of the config."""
        path = self.path(name + ".sock")
        return Fake(path, **how), f"server {name} management {path}"

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)
        os.chmod(self.path(name), 0o600)
        return self.path(name)

    def close(self):
        for daemon in self.daemons:
            daemon.close()


class Witness:
    """Watches how long this machine lets nobody run, to be fair to those it delays."""

    def __init__(self):
        self.delay = 0.0
        self.goes_on = True
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def watch(self):
        while self.goes_on:
            began = time.monotonic()
            time.sleep(0.001)
            self.delay = max(self.delay, time.monotonic() - began - 0.001)

    def stop(self):
        self.goes_on = False
        self.thread.join()
        return self.delay


def run(test):
    """What is wrong with it; None if nothing is."""
    world = World()
    try:
        test(world)
        world.close()
        return None
    except Exception:  # whatever it was, it is this test's failure
        lines = traceback.format_exc().splitlines()
        for daemon in world.daemons:
            if daemon.process:
                daemon.kill()
            lines += daemon.log().splitlines()[-25:]
        return lines
    finally:
        shutil.rmtree(world.folder)


def report(number, test, wrong):
    print(f"{'not ok' if wrong else 'ok'} {number} - {test.__name__}", flush=True)
    print("".join(f"# {line}\n" for line in wrong or []), end="", flush=True)
    return bool(wrong)


def main(module, alone=()):
    """Runs the tests of a module, those of `alone` while no other does. Returns the exit status."""
    tests = [test for name, test in module.items()
             if hasattr(test, "__code__") and
             test.__code__.co_varnames[:test.__code__.co_argcount] == ("world",) and
             (len(sys.argv) < 2 or name in sys.argv[1:])]
    print(f"1..{len(tests)}", flush=True)
    failed = number = 0
    with concurrent.futures.ThreadPoolExecutor(6) as workers:  # most of them wait
        done = {workers.submit(run, test): test for test in tests if test not in alone}
        for number, future in enumerate(concurrent.futures.as_completed(done), 1):
            failed += report(number, done[future], future.result())
    for number, test in enumerate((test for test in tests if test in alone), number + 1):
        failed += report(number, test, run(test))
    return 1 if failed else 0
