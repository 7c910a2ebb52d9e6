#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs byway-mgmtd as it was built, with OpenVPN's end of its sockets played. Prints TAP.

Each function with the parameter `world` is a test; its name is a sentence. MGMTD names the
program; by default it is the one in the directory this is run from, as `make check` does.
Names given on the command line are the tests to run.
"""
import contextlib
import os
import signal
import socket
import sqlite3
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "system")]

from fake import Fake  # noqa: E402
from harness.check import check, same, wait_for  # noqa: E402
from harness.daemon import Daemon  # noqa: E402
from world import MGMTD, Witness, main  # noqa: E402

# The same with 64 KiB in place of 64 MiB for what waits for the database.
SMALL = os.environ.get("MGMTD_SMALL", os.path.abspath("tests/mgmtd/byway-mgmtd-small"))
UNREAD_LIMIT = 0.1  # seconds that a socket may have something unread


@contextlib.contextmanager
def locked(daemon):
    """Another program writes to the database, and does not come to an end."""
    database = sqlite3.connect(daemon.database, isolation_level=None, timeout=10)
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        database.execute("ROLLBACK")
        database.close()


def attached(*fakes):
    for fake in fakes:
        wait_for(fake.is_attached, "the daemon at the socket")


def drained(worst, witness):
    delay = witness.stop()
    check(worst < UNREAD_LIMIT + delay,
          f"unread for {worst * 1000:.0f} ms; the machine itself was late by {delay * 1000:.0f}")


# Attaching

def a_client_that_is_announced_is_a_row_with_its_bytes(world):
    fake, line = world.fake("main")
    daemon = world.daemon(line)
    attached(fake)
    alice = fake.connect("alice")
    row = daemon.wait_for_sessions(1, user="alice", ended=None)[0]
    same((row["vpn4"], row["real"], row["real_port"], row["server"], row["cid"]),
         (alice.vpn4, alice.real, alice.port, "main", 0), "what is known of alice")
    fake.say(fake.count(alice, 1000, 20000))
    daemon.wait_for_sessions(1, from_client=1000, to_client=20000)


def nothing_but_harmless_commands_is_ever_sent(world):
    fake, line = world.fake("main", holds=True)
    daemon = world.daemon(line, "status-interval 10s")
    attached(fake)
    fake.connect("alice")
    daemon.wait_for_sessions(1, user="alice")
    wait_for(lambda: fake.commands.count("status 3") > 2, "another `status 3`")
    same(fake.commands[:6],
         ["version", "pid", "state all", "env-filter 0", "bytecount 1", "status 3"], "first words")
    same(sorted(set(fake.commands)), sorted(["version", "pid", "state all", "state", "env-filter 0",
                                             "bytecount 1", "status 3", "hold release"]),
         "commands")


def a_dead_server_does_not_keep_others_from_being_recorded(world):
    fake, line = world.fake("main")
    mute, mute_line = world.fake("mute", greets=False)
    daemon = world.daemon(line, mute_line, f"server dead management {world.path('nowhere')}")
    attached(fake)
    fake.connect("alice")
    daemon.wait_for_sessions(1, user="alice")
    daemon.expect('server "dead": .*there is no such socket')
    wait_for(lambda: daemon.status().startswith("1 of 3 servers attached, 1 sessions open"),
             lambda: f"the status; it is {daemon.status()}")
    daemon.expect('server "mute": .*no greeting in 10 s: probably another program')


def fill(address):
    """Sends to that socket until nothing more fits in."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sender:
        with contextlib.suppress(BlockingIOError):
            while True:
                sender.sendto(b"NOISE=1", address)


def a_service_manager_that_was_busy_is_told_of_the_start_and_of_a_reload_later(world):
    fake, line = world.fake("main")
    daemon = world.daemon(line, start=False).start()
    fill(daemon.path("notify"))
    attached(fake)
    daemon.ready()
    daemon.said.clear()
    fill(daemon.path("notify"))
    daemon.process.send_signal(signal.SIGHUP)
    daemon.expect("conf was read again")
    daemon.ready()
    told = [said for said in daemon.said if said in ("RELOADING=1", "READY=1")]
    same(told, ["RELOADING=1", "READY=1"], "what was told of the reload")


def unix_and_tcp_with_a_password_are_served_by_one_daemon(world):
    one, line = world.fake("one")
    two = Fake(password="open sesame", version=6)
    password = world.write("password", "open sesame\n")
    daemon = world.daemon(line, f"server two management 127.0.0.1 {two.port} password {password}")
    attached(one, two)
    one.connect("alice")
    two.connect("bob")
    daemon.wait_for_sessions(1, user="alice", server="one")
    daemon.wait_for_sessions(1, user="bob", server="two")
    check("sesame" not in daemon.log(), "the password is in the log")


def a_wrong_password_is_told_and_a_corrected_one_taken(world):
    fake, line = world.fake("main", password="right")
    password = world.write("password", "wrong\n")
    daemon = world.daemon(f"{line} password {password}")
    daemon.expect("OpenVPN refused the password: the first line of .*password must be the same")
    check(not fake.is_attached(), "attached with a wrong password")
    world.write("password", "right\n")
    attached(fake)
    check("wrong" not in daemon.log() and "right" not in daemon.log(), "passwords in the log")


def a_connection_that_ends_in_the_middle_of_a_line_comes_back_and_doubles_nobody(world):
    fake, line = world.fake("main")
    daemon = world.daemon(line)
    attached(fake)
    alice = fake.connect("alice")
    daemon.wait_for_sessions(1, user="alice")
    for i in range(3):
        fake.say(">BYTECOUNT_CLI:0,99999999")
        before = fake.connections
        fake.hang_up()
        wait_for(lambda: fake.connections > before, "another connection")
        attached(fake)
        fake.say(fake.count(alice, 10, 20))
        daemon.wait_for_sessions(1, user="alice", ended=None, from_client=10 * (i + 1))
    same(len(daemon.sessions()), 1, "sessions")


def single_bytes_at_ten_kilobytes_a_second_are_lines_in_the_end(world):
    fake, line = world.fake("main")
    daemon = world.daemon(line)
    attached(fake)
    alice = fake.connect("alice")
    daemon.wait_for_sessions(1, user="alice")
    witness, began, sent = Witness(), time.monotonic(), 0
    while time.monotonic() - began < 3:
        with fake.lock:  # no reply comes in between
            for byte in fake.count(alice, 1, 2):
                fake.say(byte)
                sent += 1
                time.sleep(max(0, began + sent / 10000 - time.monotonic()))
    witness.stop()
    daemon.wait_for_sessions(1, user="alice", from_client=alice.received, to_client=alice.sent)
    daemon.stop()
    check(daemon.log().splitlines()[-1].endswith("; 0 lines could not be read"), daemon.log())


# Reloading

def a_reload_adds_removes_and_changes_servers_and_leaves_the_rest_alone(world):
    stays, stays_line = world.fake("stays")
    goes, goes_line = world.fake("goes")
    moves, moves_line = world.fake("moves")
    daemon = world.daemon(stays_line, goes_line, moves_line)
    attached(stays, goes, moves)
    stays.connect("alice")
    daemon.wait_for_sessions(1, user="alice")
    comes, comes_line = world.fake("comes")
    moved, _ = world.fake("elsewhere")
    daemon.configure(stays_line, comes_line, f"server moves management {moved.path}")
    daemon.reload()
    attached(comes, moved)
    wait_for(lambda: not goes.is_attached() and not moves.is_attached(), "the end of the others")
    stays.connect("bob")
    moved.connect("carol")
    daemon.wait_for_sessions(1, user="bob", server="stays")
    daemon.wait_for_sessions(1, user="carol", server="moves")
    same((stays.connections, moved.connections), (1, 1), "connections")


def a_reload_with_a_mistake_keeps_the_old_config_and_names_the_line(world):
    fake, line = world.fake("main")
    daemon = world.daemon(line)
    attached(fake)
    daemon.configure("servr other management /nowhere")
    daemon.reload()
    daemon.expect(r"mgmtd0\.conf:5: error: unknown directive \"servr\"; did you mean \"server\"")
    daemon.expect("was not taken; the daemon goes on as it was")
    fake.connect("alice")
    daemon.wait_for_sessions(1, user="alice")
    same(fake.connections, 1, "connections")


def another_interval_counts_at_once_and_another_database_after_a_restart(world):
    fake, line = world.fake("main")
    daemon = world.daemon(line)
    attached(fake)
    with open(daemon.path("conf"), "w") as file:
        file.write(f"database {world.path('other')}\nstate-dir {daemon.state}\n"
                   f"bytecount-interval 7s\n{line}\n")
    daemon.reload()
    wait_for(lambda: "bytecount 7" in fake.commands, "the new interval")
    daemon.expect('the new "database" counts only after a restart')
    fake.connect("alice")
    daemon.wait_for_sessions(1, user="alice")
    check(not os.path.exists(world.path("other")), "another database")


# The end, and another beginning

def sigterm_writes_what_it_knows_and_leaves_with_0(world):
    for number in (signal.SIGTERM, signal.SIGINT):
        fake, line = world.fake("main")
        daemon = world.daemon(line)
        attached(fake)
        clients = [fake.connect(f"user{i}") for i in range(50)]
        daemon.wait_for_sessions(50)
        for client in clients:
            fake.say(fake.count(client, 123, 456))
        asked = fake.commands.count("state")  # counts are believed once the next answer came
        wait_for(lambda: fake.commands.count("state") > asked + 1, "another `state`")
        wait_for(lambda: fake.unread() == 0, "everything read")
        same(daemon.stop(number), 0, "exit status")
        same(len([row for row in daemon.sessions() if row["from_client"] == 123]), 50, "counts")
        same(daemon.value("SELECT stopped FROM recorder"), 1, "left in good order")
        check(daemon.is_told("STOPPING=1"), "the service manager was not told")
        fake.close()


def a_killed_daemon_goes_on_where_it_was(world):
    fake, line = world.fake("main")
    daemon = world.daemon(line)
    attached(fake)
    alice, bob = fake.connect("alice"), fake.connect("bob")
    daemon.wait_for_sessions(2)
    fake.say(fake.count(alice, 1000, 2000))
    daemon.wait_for_sessions(1, user="alice", to_client=2000)
    daemon.kill()
    fake.leave(bob)
    fake.connect("carol")
    fake.count(alice, 500, 500)
    daemon.start().ready()
    daemon.wait_for_sessions(1, user="alice", ended=None, to_client=2500)
    daemon.wait_for_sessions(1, user="bob", reason="gone")
    daemon.wait_for_sessions(1, user="carol", ended=None)
    same(len(daemon.sessions()), 3, "sessions")
    check(daemon.value("SELECT count(*) FROM gap WHERE kind = 1") >= 1, "no gap is admitted")


def a_second_daemon_does_not_write_to_the_same_database(world):
    daemon = world.daemon()
    second = Daemon(world.folder, MGMTD, "second")
    second.database = daemon.database
    second.configure().start()
    same(second.ended(), 1, "exit status")
    check(daemon.database in second.log(), second.log())
    same(daemon.stop(), 0, "exit status of the first")


# The database in trouble

def nothing_is_lost_and_the_socket_is_read_while_the_database_is_locked(world):
    fake, line = world.fake("main")
    daemon = world.daemon(line)
    attached(fake)
    clients = [fake.connect(f"user{i}") for i in range(200)]
    daemon.wait_for_sessions(200)
    witness, worst = Witness(), 0.0
    with locked(daemon):
        late = fake.connect("late")
        end = time.monotonic() + 8
        while time.monotonic() < end:
            text = "".join(fake.count(client, 10, 20) for client in clients)
            worst = max(worst, fake.say_and_time(text))
            time.sleep(0.01)
        fake.say(fake.count(late, 7, 8))
        daemon.expect(r"the database takes no rows for \d+ s, \d+ KiB wait: it is in use by another")
        wait_for(lambda: "takes no rows" in daemon.status(), "the trouble in the status")
    drained(worst, witness)
    daemon.expect("the database takes rows again")
    daemon.wait_for_sessions(1, user="late", from_client=7, to_client=8)
    for client in clients:
        daemon.wait_for_sessions(1, user=client.user, from_client=client.received,
                                 to_client=client.sent)
    same(fake.connections, 1, "connections")
    same(daemon.rows("SELECT * FROM gap WHERE kind = 4"), [], "overload")


def listed(fake):
    """Until it has read a list of the clients as they are now."""
    with fake.lock:  # no list is made meanwhile
        before = fake.listings
        fake.leave(fake.connect("asks"))  # whoever is new has to be looked for in the list
    wait_for(lambda: fake.listings > before, "another list of clients")
    wait_for(lambda: fake.unread() == 0, "everything read")


def all_begun(daemon, fake, clients):
    """Who found no room is begun by a list that comes when there is some."""
    begun = {row["user"] for row in daemon.sessions()}
    if all(client.user in begun for client in clients):
        return True
    listed(fake)
    return False


def sessions_that_found_no_room_and_ended_are_counted_in_a_gap(world):
    fake, line = world.fake("main")
    daemon = world.daemon(line, program=SMALL)
    attached(fake)
    fake.connect("early")
    daemon.wait_for_sessions(1, user="early")
    before = int(time.time())
    with locked(daemon):
        clients = [fake.connect(f"user{i}") for i in range(300)]
        listed(fake)
        gone, stay = clients[100:280], clients[:100] + clients[280:]
        for client in gone:
            fake.leave(client)
        listed(fake)
        fake.say("".join(fake.count(client, 10, 20) for client in stay))
    daemon.wait_for_sessions(1, user="user0", ended=None, from_client=stay[0].received)
    wait_for(lambda: all_begun(daemon, fake, stay), "the sessions of those who stayed")
    for client in stay:
        daemon.wait_for_sessions(1, user=client.user, ended=None, from_client=client.received,
                                 to_client=client.sent)
    lost = 300 - len([row for row in daemon.sessions() if row["user"].startswith("user")])
    check(0 < lost <= len(gone), f"{lost} sessions were lost")
    gaps = daemon.rows("SELECT began, ended, count, covered, name FROM gap JOIN server "
                       "ON server.id = server WHERE kind = 4")
    counted = sum(gap["count"] for gap in gaps)
    check(lost <= counted <= lost + 3, f"{lost} were lost, and some that only ask: {gaps}")
    for gap in gaps:
        check(before <= gap["began"] <= gap["ended"] <= time.time(), gap)
        same((gap["covered"], gap["name"]), (0, "main"), "what the gap says of itself")


def a_stop_while_the_database_is_locked_does_not_wait_for_ever(world):
    fake, line = world.fake("main")
    daemon = world.daemon(line)
    attached(fake)
    fake.connect("alice")
    daemon.wait_for_sessions(1, user="alice")
    with locked(daemon):
        fake.connect("bob")
        wait_for(lambda: fake.unread() == 0, "everything read")
        same(daemon.stop(timeout=40), 1, "exit status")
    daemon.expect("the last rows could not be written in 10 s")


def a_flood_of_lines_is_read_as_it_comes(world):
    fake, line = world.fake("main")
    daemon = world.daemon(line)
    attached(fake)
    clients = [fake.connect(f"user{i}") for i in range(100)]
    daemon.wait_for_sessions(100)
    witness, worst, lines = Witness(), 0.0, 0
    end = time.monotonic() + 3
    while time.monotonic() < end:
        text = "".join(fake.count(client, 10, 20) for client in clients)
        worst = max(worst, fake.say_and_time(text))
        lines += len(clients)
    drained(worst, witness)
    check(lines > 10000, f"only {lines} lines in 3 s")
    for client in clients:
        daemon.wait_for_sessions(1, user=client.user, from_client=client.received)


def damage_all(daemon):
    for name in (daemon.database + "-wal", daemon.database + "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.remove(name)
    with open(daemon.database, "r+b") as file:
        file.truncate(3 * 4096)
        file.seek(0)
        file.write(b"this is not a database any more " * 300)


def damage_a_part(daemon):
    """Some pages of the table of users: it opens, but not all of it can be read."""
    with contextlib.closing(sqlite3.connect(daemon.database)) as database, database:
        database.executemany("INSERT INTO user (name) VALUES (?)",
                             ((f"user-{i:05}",) for i in range(30000)))
    with open(daemon.database, "r+b") as file:
        pages = os.fstat(file.fileno()).st_size // 4096
        check(pages > 200, f"the database has only {pages} pages")
        file.seek(pages * 2 // 5 * 4096)
        file.write(b"this is no page of a database   " * (30 * 128))


def is_set_aside(world, daemon, beginning):
    found = [name for name in os.listdir(world.folder) if ".damaged-" in name
             and not name.endswith(("-wal", "-shm"))]
    same(len(found), 1, "databases that were set aside")
    with open(world.path(found[0]), "rb") as file:
        check(file.read(6) == beginning, "it is not the damaged one")
    gap = daemon.rows("SELECT * FROM gap WHERE reason LIKE '%damaged%'")
    same(len(gap), 1, "gaps for the damage")
    check(found[0] in gap[0]["reason"], gap)


def a_damaged_database_is_kept_aside_and_a_new_one_begun(world):
    fake, line = world.fake("main")
    daemon = world.daemon(line)
    attached(fake)
    fake.connect("alice")
    daemon.wait_for_sessions(1, user="alice")
    daemon.stop()
    damage_all(daemon)
    daemon.start().ready()
    daemon.wait_for_sessions(1, user="alice", ended=None)
    is_set_aside(world, daemon, b"this i")
    daemon.expect("is damaged. It is kept as .*, and a new one begins")


def damage_that_shows_only_later_does_not_end_the_daemon(world):
    fake, line = world.fake("main")
    daemon = world.daemon(line)
    daemon.stop()
    damage_a_part(daemon)
    daemon.start().ready()
    attached(fake)
    for i in range(400):
        fake.connect(f"user-{i * 75:05}x")
    daemon.expect("is damaged. It is kept as .*, and a new one begins")
    daemon.wait_for_sessions(400, ended=None)
    is_set_aside(world, daemon, b"SQLite")
    same(daemon.stop(), 0, "exit status")


# The service manager

def the_watchdog_is_fed(world):
    daemon = world.daemon(start=False)
    daemon.start(WATCHDOG_USEC="400000").ready()
    wait_for(lambda: daemon.hear().count("WATCHDOG=1") >= 5, "five times WATCHDOG=1", 10)


def it_needs_no_more_than_its_config_to_begin(world):
    daemon = world.daemon()
    check(daemon.status().startswith("0 of 0 servers attached"), daemon.status())
    same(daemon.stop(), 0, "exit status")


# These look at milliseconds, so they run while nothing else does.
ALONE = {nothing_is_lost_and_the_socket_is_read_while_the_database_is_locked,
         a_flood_of_lines_is_read_as_it_comes}


if __name__ == "__main__":
    sys.exit(main(globals(), ALONE))
