# SPDX-License-Identifier: GPL-2.0-or-later
"""
Two servers and twenty people: what is in the database afterwards is what others saw. The
clients' logs saw addresses and times, their kernels counted what went through the tunnels,
a script of each server's own was told OpenVPN's final counts, and the story knows the rest.
"""
import concurrent.futures
import signal
import time

from harness import net
from harness.check import check, same, test, wait_for
from harness.story import CAMPUS, FULL, LIBRARY, PROFILES, SETS

POLICY = ("choose username-suffix +\nchoose peer-info UV_TUNNEL\n" + SETS
          + PROFILES.replace("allow user alice\nallow user bob\n", "allow group staff\n")
          + "<group staff>\nuser ann fay lea mia\n</group>\n")

ROUTING = {"campus": CAMPUS, "library": LIBRARY, "full": FULL}

# Who, at which home, on which server, with what after the name, with which setting.
PEOPLE = [
    ("ann", "unix", "+full", None), ("bea", "unix", "", None), ("cyd", "unix", "+library", None),
    ("dan", "unix", "", "library"), ("eve", "unix", "", None), ("fay", "unix", "", "full"),
    ("gus", "unix", "+campus", None), ("hal", "unix", "+library", None), ("ivy", "unix", "", None),
    ("jan", "unix", "", None),
    ("kim", "tcp", "", None), ("lea", "tcp", "+full", None), ("mia", "tcp", "", "full"),
    ("ned", "tcp", "+library", None), ("oda", "tcp", "", None), ("pat", "tcp", "", "library"),
    ("quy", "tcp", "", None), ("ray", "tcp", "+library", None), ("sue", "tcp", "", "campus"),
]

PORTS = {"unix": 1194, "tcp": 1195}
DATA_OVERHEAD = 24   # bytes that OpenVPN puts around each packet
CONTROL = 40000      # at most, of handshakes, pings and packets nobody asked for


class Person:
    """One of the people, with the client that is hers now and what is known of her sessions."""

    def __init__(self, lab, home, name, server, suffix, setting):
        self.lab, self.home, self.name, self.server = lab, home, name, server
        self.typed, self.setting = name + suffix, setting
        self.profile = setting or suffix[1:] or "campus"
        self.by = "peer-info" if setting else "username-suffix" if suffix else "default"
        self.up, self.down = 20000 + 7000 * home, 400000 - 13000 * home
        self.sessions = []
        self.client = None

    def start(self, *lines, home=None):
        port = PORTS[self.server]
        lines += (f"remote {net.SERVER} {port}",)
        if self.setting:
            lines += ("push-peer-info", f"setenv UV_TUNNEL {self.setting}")
        self.client = self.lab.client(self.typed, *lines, home=home or self.home,
                                      name=f"{self.name}{len(self.sessions)}",
                                      without=("remote",))
        return self

    def is_in(self, home=None):
        """Her client is connected (again), as its log says."""
        self.client.connected(60)
        same(sorted(self.client.pushed("route", "route-ipv6", "redirect-gateway",
                                       "redirect-private")),
             sorted(ROUTING[self.profile]), f"what {self.name} was pushed")
        vpn4, vpn6 = self.client.addresses()
        self.sessions.append({
            "server": self.server, "user": self.name, "typed": self.typed,
            "profile": self.profile, "chosen_by": self.by, "vpn_ipv4": vpn4, "vpn_ipv6": vpn6,
            "real_address": net.home(home or self.home), "in_at": time.time()})
        return self

    def is_in_again(self):
        self.client.mark()
        self.client.send(signal.SIGUSR1)
        return self.is_in()

    def transfer(self):
        """Known amounts through the tunnel, and what the kernel says of it."""
        where = f"home{self.home}"
        same(net.source_seen(where, net.CAMPUS, self.down, upload=self.up),
             self.sessions[-1]["vpn_ipv4"], f"who the campus sees of {self.name}")
        self.sessions[-1]["tunnel"] = net.traffic(where, "tun0")
        return self

    def ends(self, reason, which=-1):
        self.sessions[which]["end"] = reason


def both_servers(lab, state):
    """One with a unix socket and tokens, one with TCP, a password and without tokens."""
    lab.write("unix.tokens", net.run("openvpn", "--genkey", "auth-token"), 0o600)
    lab.write("tcp.password", "a secret\n", 0o600)
    patient = ["ping 2", "ping-restart 40", 'push "ping 2"', 'push "ping-restart 300"']
    one = lab.server(POLICY, "auth-gen-token 3600", *patient,
                     f"auth-gen-token-secret {lab.path('unix.tokens')}",
                     name="unix", state=state, without=("keepalive",))
    two = lab.server(POLICY, "port 1195", "server 10.9.0.0 255.255.255.0",
                     "server-ipv6 fd00:9::/64", *patient,
                     f"management 127.0.0.1 7505 {lab.path('tcp.password')}", name="tcp",
                     state=state, without=("keepalive", "port", "server", "management"),
                     ipv6=False)
    return one, two


def at_once(people, what):
    with concurrent.futures.ThreadPoolExecutor(8) as workers:
        list(workers.map(what, people))


def everybody_comes(lab):
    net.add_homes(20)
    people = {}
    for home, (name, server, suffix, setting) in enumerate(PEOPLE, 1):
        lines = ("explicit-exit-notify 1",) if name in ("bea", "kim", "ivy") else ()
        people[name] = Person(lab, home, name, server, suffix, setting).start(*lines)
    tom = lab.client("tom+full", home=20, name="tom")  # he is no member of the staff
    for person in people.values():
        person.is_in()
    check("full" in tom.reason(), "why tom is refused")
    at_once(people.values(), Person.transfer)
    return people


def an_administrator_disconnects(server, daemon, person):
    """By hand, for which the daemon has to leave the management interface to her."""
    same(daemon.stop(), 0, "exit status")
    server.manage().command(f"kill {person.typed}")
    wait_for(lambda: server.ends(), "the end of the session")
    server.manager.close()
    server.manager = None
    person.client.stop(signal.SIGKILL)
    person.ends("disconnected")
    daemon.start().ready()


def some_leave(people):
    """OpenVPN waits five seconds before it ends their sessions."""
    for name in ("bea", "kim"):
        people[name].client.stop()
        people[name].ends("disconnected")


def has_ended(server, person):
    """For so long that it is not taken to be the end of the server, too."""
    wait_for(lambda: any(end["cn"] == person.typed and time.time() > end["at"] + 4
                         for end in server.ends()), f"the end of {person.name}", 90)


def one_comes_from_another_place(person):
    """Without having left: her first session makes way for the second."""
    first = person.client
    first.send(signal.SIGSTOP)
    person.start(home=20).is_in(home=20)
    first.stop(signal.SIGKILL)
    person.ends("replaced", 0)


def one_logs_in_by_token(lab, person):
    person.is_in_again()
    person.ends("replaced", 0)
    with open(lab.path("asked")) as file:
        same(file.read().split().count(person.name), 1, "how often her password was asked for")


def one_moves(person):
    """To another address, without noticing; nothing but a status tells of it."""
    address = f"192.168.{person.home}.99"
    net.move_home(person.home, address)
    person.sessions[-1]["moved_to"] = address
    return address


def a_server_restarts(server, people, number, reason, back):
    """Everybody on it is disconnected; some come back, and the others are gone meanwhile."""
    on_it = [person for person in people.values() if person.server == server.name]
    server.mark()
    if number == signal.SIGTERM:
        same(server.stop(), 0, "exit status of OpenVPN")
        server.start()
    else:
        server.send(number)
    server.ready()
    for person in on_it:
        if "end" not in person.sessions[-1]:
            person.ends(reason)
            if person.name not in back:
                person.client.stop(signal.SIGKILL)
    for name in back:
        people[name].is_in_again()


def tells_the_same(daemon, people):
    """Who, where, how, from where and to which end."""
    columns = ("server", "user", "typed", "profile", "chosen_by", "vpn_ipv4", "vpn_ipv6",
               "real_address", "end")
    seen = [dict(session, real_address=session.get("moved_to", session["real_address"]))
            for person in people.values() for session in person.sessions]
    rows = daemon.rows("SELECT * FROM sessions")
    lines = [sorted(" ".join(str(row[column]) for column in columns) for row in table)
             for table in (rows, seen)]
    for got, expected in zip(*lines):
        same(got, expected, "a session, in the database and as it was seen")
    same(len(rows), len(seen), "sessions")
    return rows


def tells_openvpns_own_figures(rows, servers):
    """To the byte, and to the second when it began and ended."""
    columns = ("from_client", "to_client", "real_address", "real_port")
    ends = sorted((server.name, end["cn"], end["from_client"], end["to_client"], end["real"],
                   end["port"], end["since"], end["at"])
                  for server in servers for end in server.ends())
    found = sorted((row["server"], row["typed"], *(row[column] for column in columns),
                    row["started"], row["ended"]) for row in rows)
    same([row[:6] for row in found], [end[:6] for end in ends],
         "sessions with their final bytes, of the database (got) and of OpenVPN (expected)")
    for row, end in zip(found, ends):
        check(end[6] <= row[6] <= end[6] + 30, f"began: {row}, first packet: {end}")
        check(abs(row[7] - end[7]) <= 2, f"ended: {row}, OpenVPN: {end}")


def agrees_with_the_kernels(rows, people):
    """The bytes of whoever transferred some, by the counters of the tunnel's interface."""
    for person in people.values():
        seen = person.sessions[0]
        row = next(row for row in rows if row["user"] == person.name
                   and row["vpn_ipv4"] == seen["vpn_ipv4"] and row["started"] <= seen["in_at"])
        received, received_packets, sent, sent_packets = seen["tunnel"]
        check(person.up < row["from_client"]
              <= sent + DATA_OVERHEAD * sent_packets + CONTROL, f"upload: {row}, {seen}")
        check(row["to_client"] >= received + DATA_OVERHEAD * received_packets > person.down,
              f"download: {row}, {seen}")


def times_are_right(daemon, rows, people):
    """A session is there before its client says so, and its addresses were held in it."""
    for person in people.values():
        of_hers = sorted((row for row in rows if row["user"] == person.name),
                         key=lambda row: (row["started"], row["session"]))
        for row, seen in zip(of_hers, person.sessions):
            check(seen["in_at"] - 60 < row["started"] <= seen["in_at"], f"{row} {seen}")
    wrong = daemon.rows("""
        SELECT session, address, since, until FROM holders JOIN sessions USING (session)
        WHERE kind = 'vpn' AND (address NOT IN (vpn_ipv4, vpn_ipv6) OR until <> ended
                                OR since NOT BETWEEN started AND started + 2)""")
    same(wrong, [], "VPN addresses that were not held for the whole session")
    same(daemon.value("SELECT count(*) FROM holders WHERE kind = 'vpn'"), 2 * len(rows),
         "VPN addresses that were held")


def sums_are_right(daemon, rows):
    """Bytes over time come to the bytes of the sessions."""
    for column in ("from_client", "to_client"):
        total = sum(row[column] for row in rows)
        for table in ("traffic_over_time", "usage_by_day", "usage_by_hour"):
            same(daemon.value(f"SELECT sum({column}) FROM {table}"), total, f"{column} of {table}")


@test
def what_twenty_people_did_on_two_servers_is_recorded_as_others_saw_it(lab):
    net.serve_echo("campus")
    daemon = lab.daemon("status-interval 10s", "server tcp management 127.0.0.1 7505 password "
                        + lab.path("tcp.password"), servers=("unix",), start=False)
    daemon.where = "server"
    one, two = both_servers(lab, daemon.state)
    daemon.start().ready()
    people = everybody_comes(lab)
    daemon.wait_for_sessions(19, ended=None)
    an_administrator_disconnects(one, daemon, people["jan"])
    people["ann"].client.stop(signal.SIGKILL)
    people["ann"].ends("silent")
    some_leave(people)
    one_comes_from_another_place(people["ivy"])
    one_logs_in_by_token(lab, people["cyd"])
    moved = one_moves(people["eve"])
    has_ended(two, people["kim"])
    wait_for(lambda: daemon.rows("SELECT * FROM holders WHERE address = ?", moved), moved)
    a_server_restarts(two, people, signal.SIGTERM, "server-stop", ("lea", "mia", "ned"))
    has_ended(one, people["ann"])
    a_server_restarts(one, people, signal.SIGUSR1, "server-restart", ("cyd", "fay", "gus"))
    daemon.wait_for_sessions(6, ended=None)
    for server in (one, two):
        server.stop()
    for name in ("lea", "mia", "ned", "cyd", "fay", "gus"):
        people[name].ends("server-stop")
    daemon.wait_for_sessions(0, ended=None)
    rows = tells_the_same(daemon, people)
    tells_openvpns_own_figures(rows, (one, two))
    agrees_with_the_kernels(rows, people)
    times_are_right(daemon, rows, people)
    sums_are_right(daemon, rows)
    same([(row["user"], row["wanted"], row["server"], row["real_address"])
          for row in daemon.rows("SELECT * FROM refusals")],
         [("tom", "full", "unix", net.home(20))], "who was refused")
    same(daemon.rows("SELECT * FROM gaps WHERE missing = 'sessions may be missing'"
                     " AND ended IS NOT NULL"), [], "gaps before the last one, which lasts")
