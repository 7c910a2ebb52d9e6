# SPDX-License-Identifier: GPL-2.0-or-later
"""
Finds the tests, runs each in namespaces of its own, some at a time, and prints TAP.

    runner.py [--build DIR] [--jobs N] [--keep] [--list] [PATTERN…]
"""
import argparse
import concurrent.futures
import glob
import importlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True

from harness import pki  # noqa: E402
from harness.check import TESTS, sentence  # noqa: E402

LIMIT = 180  # seconds for one test
# Nothing outlives us, however we end.
UNSHARE = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--net", "--pid", "--fork",
           "--kill-child", "--mount-proc"]


def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=os.path.abspath, default=os.path.join(TOP, "_build/tests"))
    parser.add_argument("--jobs", type=int, default=3)
    parser.add_argument("--keep", action="store_true", help="keep every test's folder")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("patterns", nargs="*")
    return parser.parse_args()


def chosen(patterns):
    for path in sorted(glob.glob(os.path.join(HERE, "test_*.py"))):
        importlib.import_module(os.path.basename(path)[:-3])
    return [test for test in TESTS
            if not patterns or any(re.search(p, sentence(test)) for p in patterns)]


def run(test, scratch, plugin):
    """(exit status, output) of one test."""
    folder = tempfile.mkdtemp(prefix=test.__module__ + "-", dir=scratch)
    os.chmod(folder, 0o755)
    command = UNSHARE + [sys.executable, "-B", os.path.join(HERE, "harness/one.py"),
                         test.__module__, test.__name__, folder, os.path.join(scratch, "pki")]
    try:
        done = subprocess.run(command + plugin, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=LIMIT)
        return done.returncode, done.stdout.decode("utf-8", "replace")
    except subprocess.TimeoutExpired as late:
        return 1, f"not finished after {LIMIT} s\n{(late.stdout or b'').decode('utf-8', 'replace')}"


def report(number, test, status, output):
    if status == 77:
        print(f"ok {number} - {sentence(test)} # SKIP {output.strip()}", flush=True)
        return
    print(f"{'ok' if status == 0 else 'not ok'} {number} - {sentence(test)}", flush=True)
    if status != 0:
        print("".join(f"# {line}\n" for line in output.splitlines()), end="", flush=True)


def main():
    asked = options()
    tests = chosen(asked.patterns)
    if asked.list:
        print("\n".join(sentence(test) for test in tests))
        return 0
    plugin = glob.glob(os.path.join(asked.build, "**/.libs/openvpn-plugin-byway.so"),
                       recursive=True)[:1]
    if not plugin:
        print(f"Bail out! no plugin in {asked.build}: build it first, or name it with --build")
        return 1
    print(f"1..{len(tests)}" if tests else "1..0 # SKIP no test has such a name", flush=True)
    scratch = tempfile.mkdtemp(prefix="byway-tests-")
    os.chmod(scratch, 0o755)

    def stop(*_):
        shutil.rmtree(scratch, ignore_errors=True)
        os._exit(1)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    failed = 0
    try:
        pki.make(os.path.join(scratch, "pki"))
        with concurrent.futures.ThreadPoolExecutor(asked.jobs) as workers:
            waiting = {workers.submit(run, test, scratch, plugin): test for test in tests}
            done = concurrent.futures.as_completed(waiting)
            for number, future in enumerate(done, 1):
                status, output = future.result()
                failed += status not in (0, 77)
                report(number, waiting[future], status, output)
    finally:
        if asked.keep:
            print(f"# kept: {scratch}")
        else:
            shutil.rmtree(scratch, ignore_errors=True)
    return 1 if failed else 0


sys.exit(main())
