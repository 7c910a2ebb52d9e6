#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""byway-mgmtd while allocations fail: each so-manieth once, or every so-manieth. Prints TAP.

Whatever it does then, it must not crash, and the history is the same in the end. It may end
with status 1 and a word about it: then it is started again, as systemd would. Looks at some
of all the allocations there are; EVERY=N at every N-th, EVERY=1 at all of them, which
takes an hour. FROM=0 to FROM=9 with EVERY=10 are all of them in ten parts. REFUSE_SO and
MGMTD name what is run, by default as `make check` has it.
"""
import concurrent.futures
import contextlib
import fcntl
import mmap
import os
import shutil
import sqlite3
import struct
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "system")]

from fake import Fake  # noqa: E402
from harness.check import check, same, wait_for  # noqa: E402
from harness.daemon import Daemon  # noqa: E402

MGMTD = os.environ.get("MGMTD", os.path.abspath("mgmtd/byway-mgmtd"))
REFUSE_SO = os.environ.get("REFUSE_SO", os.path.abspath("tests/mgmtd/.libs/refuse.so"))
EVERY = int(os.environ.get("EVERY", "0"))
FROM = int(os.environ.get("FROM", "0"))
WORKERS = 4
NEVER = -1
GIVES_UP = 40  # starts that failed in a row

HISTORY = """SELECT session.id, user.name, started, ended, end_reason, from_client, to_client,
                    vpn4.text
             FROM session JOIN user ON user.id = user LEFT JOIN address vpn4 ON vpn4.id = vpn4
             ORDER BY started, user.name"""


class Orders:
    """What refuse.c reads: see there."""

    def __init__(self, path):
        with open(path, "wb") as file:
            file.write(struct.pack("qqqq", NEVER, 0, 0, 0))
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 32)

    def give(self, left=NEVER, every=0):
        self.map[0:8] = struct.pack("q", left)
        self.map[8:16] = struct.pack("q", every)

    def count(self):
        """Allocations so far, and how many of them were refused."""
        return struct.unpack("qq", self.map[16:32])


class Spool:
    """A plugin's file, written by hand."""

    def __init__(self, folder, name, pid):
        self.file = open(os.path.join(folder, f"{name}-{pid}-{pid}.spool"), "a")
        fcntl.flock(self.file, fcntl.LOCK_EX)
        self.at = int(time.time()) - 10000 + pid
        self.sessions = 0
        self.record("server", format=1, daemon=name, pid=pid, start=self.at)  # of a process that is not there

    def record(self, kind, **fields):
        self.at += 1
        self.file.write("\t".join([kind, f"at={self.at}", f"boot_ms={self.at * 1000 % 10**9}"]
                                  + [f"{key}={value}" for key, value in fields.items()]) + "\n")
        self.file.flush()

    def session(self, user):
        """From its beginning to its end; what must be recorded of it."""
        self.sessions += 1
        number = self.sessions
        vpn4 = f"10.9.{number // 250}.{number % 250 + 2}"
        self.record("connected", session=number, since=self.at, user=user, profile="campus",
                    by="default", real="192.0.2.9", port=number, vpn4=vpn4,
                    client=f"2.6.{number}", platform="linux")
        self.record("address", session=number, address=vpn4, change="add")
        self.record("disconnected", session=number, duration=3, **{
            "from_client": number * 1000, "to_client": number * 7})
        return user, number * 1000, number * 7, vpn4

    def close(self):
        self.file.close()


class World:
    left = []  # that were not closed

    def __init__(self, name="mgmtd"):
        World.left.append(self)
        self.folder = tempfile.mkdtemp(prefix="byway-memory-")
        self.orders = Orders(os.path.join(self.folder, "orders"))
        self.daemon = Daemon(self.folder, MGMTD, name)
        self.spool_folder = os.path.join(self.daemon.state, "spool")
        self.starts = 0

    def start(self):
        self.starts += 1
        options = os.environ.get("ASAN_OPTIONS", "")
        self.daemon.start(LD_PRELOAD=REFUSE_SO, REFUSE=os.path.join(self.folder, "orders"),
                          ASAN_OPTIONS=options + ":verify_asan_link_order=0:detect_leaks=0")

    def ended(self):
        return self.daemon.process.poll() is not None

    def ended_with_a_word(self):
        log = self.daemon.log()[self.daemon.marked:]
        same(self.daemon.process.wait(), 1, f"exit status; its log:\n{log}\n")
        check(log.count("\n") > 0, "it ended without a word")

    def history(self):
        """The rows; None if there is no database yet."""
        try:
            return [tuple(row.values()) for row in self.daemon.rows(HISTORY)]
        except sqlite3.OperationalError:
            return None

    def is_in_order(self):
        same(self.daemon.value("PRAGMA integrity_check"), "ok", "integrity")

    def close(self):
        self.orders.give()
        self.daemon.close()
        self.forget()

    def forget(self):
        if self.daemon.process and not self.ended():
            self.daemon.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
        World.left.remove(self)


# At its start

def ready_or_ended(world):
    wait_for(lambda: world.daemon.is_told("READY=1") or world.ended(), "its start")
    return not world.ended()


def start_at(n, base, expected):
    """A start in which one allocation is refused, and if that ends it, another one; False if
    there were not so many."""
    world = World()
    if base:
        shutil.copytree(base, world.folder, dirs_exist_ok=True)
    world.daemon.configure()
    world.orders.give(left=n)
    world.start()
    if not ready_or_ended(world):
        world.ended_with_a_word()
        world.orders.give()
        world.start()
        check(ready_or_ended(world), f"it does not start again:\n{world.daemon.log()}")
    if base:
        wait_for(lambda: world.history() == expected or world.ended(),
                 lambda: f"{expected}; there is {world.history()}\n{world.daemon.log()}")
    if world.ended():
        world.ended_with_a_word()
        world.orders.give()
        world.start()
        check(ready_or_ended(world), f"it does not start again:\n{world.daemon.log()}")
        wait_for(lambda: world.history() == expected, lambda: f"{expected}; {world.history()}")
    world.orders.give()
    refused = world.orders.count()[1]
    same(world.daemon.stop(), 0, "exit status")
    world.is_in_order()
    if base:
        same(world.history(), expected, "history")
    world.close()
    return refused > 0


def make_base():
    """A history, half of it in the database and half still in the spool."""
    world = World()
    world.daemon.configure()
    first, second = Spool(world.spool_folder, "one", 1), Spool(world.spool_folder, "two", 2)
    for i in range(5):
        first.session(f"early{i}")
    world.start()
    world.daemon.ready().wait_for_sessions(5)
    world.daemon.stop()
    for i in range(5):
        first.session(f"late{i}")
        second.session(f"other{i}")
    base = tempfile.mkdtemp(prefix="byway-memory-base-")
    for name in os.listdir(world.folder):
        path = os.path.join(world.folder, name)
        if os.path.isdir(path):
            shutil.copytree(path, os.path.join(base, name))
        elif ".db" in name:
            shutil.copy(path, base)
    before = world.orders.count()[0]
    world.start()
    world.daemon.ready().wait_for_sessions(15)
    allocations = world.orders.count()[0] - before
    world.daemon.stop()
    expected = world.history()
    world.close()
    return base, expected, allocations


def some_of(n):
    """The first, then ever fewer; or as EVERY and FROM say."""
    i = FROM
    while i < n:
        yield i
        i += EVERY or 1 + i // 6


def starts(base, expected, allocations):
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as workers:
        done = {workers.submit(start_at, n, base, expected): n for n in some_of(allocations)}
        refused = 0
        for future in concurrent.futures.as_completed(done):
            try:
                refused += future.result()
            except Exception as error:
                raise AssertionError(f"allocation {done[future]}: {error}") from error
    print(f"# {refused} starts, each with another allocation refused of about {allocations}")
    check(refused > 10, f"only {refused} allocations were refused")


def a_start_with_a_history_loses_nothing_of_it_whatever_allocation_fails():
    base, expected, allocations = make_base()
    try:
        starts(base, expected, allocations)
    finally:
        shutil.rmtree(base)


def a_first_start_ends_with_a_word_or_goes_on_whatever_allocation_fails():
    world = World()
    world.daemon.configure()
    world.start()
    world.daemon.ready()
    allocations = world.orders.count()[0]
    world.close()
    starts(None, [], allocations)


# While it runs

class Life:
    """A daemon that works while memory is refused: what happens, and what must come of it."""

    def __init__(self, number):
        self.world = World()
        self.fake = Fake(os.path.join(self.world.folder, "fake.sock"))
        self.world.daemon.configure(f"server plain management {self.fake.path}")
        self.spool = Spool(self.world.spool_folder, "one", 1)
        self.number = number
        self.told = []  # by the plugin: user, bytes, address
        self.came = []  # to the server without it
        self.allocations = 0
        self.ended = 0
        self.restart()

    def restart(self):
        for _ in range(GIVES_UP):
            self.world.start()
            if ready_or_ended(self.world):
                return
            self.world.ended_with_a_word()
            self.ended += 1
        self.world.orders.give()
        self.world.start()
        self.world.daemon.ready()

    def happen(self):
        name = f"user{len(self.told)}"
        self.told.append(self.spool.session(name))
        self.came.append(self.fake.connect("plain-" + name))
        for client in self.came:
            with contextlib.suppress(OSError, AttributeError):  # nobody is there
                self.fake.say(self.fake.count(client, 100, 200))

    def is_recorded(self):
        rows = self.world.history()
        if rows is None:
            return False
        ended = sorted((row[1], row[5], row[6], row[7]) for row in rows if row[3] is not None)
        still = sorted(row[1] for row in rows if row[3] is None)
        return (ended == sorted(self.told)
                and still == sorted(client.user for client in self.came))

    def go_on(self):
        """Until what happened is recorded, started again as often as it ends."""
        def is_done():
            if self.world.ended():
                self.world.ended_with_a_word()
                self.ended += 1
                self.restart()
            return self.is_recorded()
        wait_for(is_done, lambda: f"{self.told} and {[c.user for c in self.came]}; there is "
                                  f"{self.world.history()}\n{self.world.daemon.log()}", 60)

    def refuse(self, **how):
        before = self.world.orders.count()[0]
        self.world.orders.give(**how)
        self.happen()
        with contextlib.suppress(ProcessLookupError):
            self.world.daemon.process.send_signal(1)
        if "every" in how:
            time.sleep(1.5)  # of going on like this; then memory is there again
            if not self.world.ended():
                self.world.orders.give()
        self.go_on()
        self.allocations = max(self.allocations, self.world.orders.count()[0] - before)

    def close(self):
        self.world.orders.give()
        self.go_on()
        if self.world.ended():
            self.restart()
        for client in self.came:
            self.world.daemon.wait_for_sessions(1, user=client.user, ended=None,
                                                from_client=client.received,
                                                to_client=client.sent)
        same(self.world.daemon.stop(), 0, "exit status")
        self.world.is_in_order()
        check(self.is_recorded(), "not what had happened, after its end")
        check(not self.world.daemon.rows("SELECT * FROM gap WHERE kind IN (2, 3)"),
              "something of the spool is said to be lost")
        self.world.close()


def live(number, orders):
    life = Life(number)
    for order in orders:
        try:
            life.refuse(**order)
        except Exception as error:
            raise AssertionError(f"{order}: {error}") from error
    refused = life.world.orders.count()[1]
    life.close()
    return refused, life.ended


def lives(orders):
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as workers:
        found = list(workers.map(live, range(WORKERS), [orders[i::WORKERS] for i in range(WORKERS)]))
    refused, ended = (sum(numbers) for numbers in zip(*found))
    print(f"# {refused} allocations refused while it ran; it ended of them {ended} times")
    check(refused >= 10, f"only {refused} allocations were refused")


def at_work_it_goes_on_or_ends_with_a_word_whatever_allocation_fails():
    orders = [{"left": n} for n in some_of(2000)]
    lives(orders if EVERY else orders[::2])


def at_work_it_loses_nothing_while_every_so_manieth_allocation_fails():
    lives([{"every": k} for k in (1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)])


TESTS = [a_start_with_a_history_loses_nothing_of_it_whatever_allocation_fails,
         a_first_start_ends_with_a_word_or_goes_on_whatever_allocation_fails,
         at_work_it_goes_on_or_ends_with_a_word_whatever_allocation_fails,
         at_work_it_loses_nothing_while_every_so_manieth_allocation_fails]


def main():
    tests = [test for test in TESTS if len(sys.argv) < 2 or test.__name__ in sys.argv[1:]]
    failed = 0
    print(f"1..{len(tests)}", flush=True)
    for number, test in enumerate(tests, 1):
        wrong = None
        try:
            test()
        except Exception:  # whatever it was, it is this test's failure
            wrong = traceback.format_exc().splitlines()
            failed += 1
        print(f"{'not ok' if wrong else 'ok'} {number} - {test.__name__}", flush=True)
        print("".join(f"# {line}\n" for line in wrong or []), end="", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    for world in list(World.left):
        world.forget()
    os._exit(status)  # what still waits in a thread after a failure is not waited for
