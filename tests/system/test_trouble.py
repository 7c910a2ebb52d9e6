# SPDX-License-Identifier: GPL-2.0-or-later
"""The recorder where something is missing, killed, stopped or hostile."""
import re
import signal
import time

from harness import net
from harness.check import check, same, test, wait_for
from harness.story import CAMPUS, FULL, LIBRARY, POLICY, gets


def figures(rows):
    """Users with their bytes."""
    return sorted((row["user"], row["from_client"], row["to_client"]) for row in rows)


def finals(server):
    """The same as OpenVPN told it at the ends (the names as they were typed)."""
    return sorted((end["cn"], end["from_client"], end["to_client"]) for end in server.ends())


def watched(lab, *lines, policy=POLICY, **how):
    """A server with the plugin, and the daemon, which has found it."""
    daemon = lab.daemon(start=False)
    server = lab.server(policy, *lines, state=daemon.state, **how)
    return server, daemon.start().ready()


def view(daemon, user):
    """The sessions of somebody, as people read them."""
    return daemon.rows("SELECT * FROM sessions WHERE user = ? ORDER BY started, session", user)


# ── one of the two is missing ──

@test
def without_the_plugin_sessions_begin_and_end_and_who_is_refused_has_none(lab):
    lab.write("ccd/carol", "ifconfig-push 10.8.0.77 255.255.255.0\n")
    refuse = lab.write("refuse", '#!/bin/sh\n[ "$common_name" != bob ]\n', 0o755)
    daemon = lab.daemon("status-interval 10s")
    server = lab.server(POLICY, f"client-connect {refuse}", f"client-config-dir {lab.path('ccd')}",
                        without=("plugin",), inner=None, passwords=False)
    alice = lab.client(None, "explicit-exit-notify 1", certificate="alice").connected()
    same(lab.client(None, certificate="bob").reason(), "", "why bob is refused")
    carol = lab.client(None, certificate="carol").connected()
    daemon.wait_for_sessions(1, user="alice", ended=None)
    alice.stop()
    wait_for(lambda: any(end["cn"] == "alice" for end in server.ends()), "the end of alice")
    daemon.wait_for_sessions(1, user="alice", reason="gone")
    row = view(daemon, "alice")[0]
    same((row["certainty"], row["profile"], row["vpn_ipv4"], row["vpn_ipv6"]),
         ("the end was not seen", None, *alice.addresses()), "alice's session")
    end = next(end for end in server.ends() if end["cn"] == "alice")
    check(row["ended"] <= end["at"] <= row["gone_by"], f"{row}, really {end}")
    check(0 < row["from_client"] <= end["from_client"], f"{row}, really {end}")
    same(daemon.wait_for_sessions(1, user="carol", ended=None)[0]["vpn4"], "10.8.0.77",
         "the address that carol was given by a file of her own")
    server.mark()
    server.send(signal.SIGUSR1)
    server.ready()
    carol.stop(signal.SIGKILL)
    daemon.wait_for_sessions(1, user="carol", reason="server-restart")
    same([row["user"] for row in daemon.sessions()], ["alice", "carol"], "sessions")


@test
def what_the_plugin_wrote_while_there_was_no_daemon_is_all_there_afterwards(lab):
    daemon = lab.daemon(start=False)
    server = lab.server(POLICY, state=daemon.state)
    gets(lab.client("alice+full"), FULL)
    check("full" in lab.client("carol+full").reason(), "why carol is refused")
    bob = gets(lab.client("bob", "explicit-exit-notify 1", home=2), CAMPUS)
    bob.stop()
    # What ends within two seconds of its server is taken to have ended with it.
    wait_for(lambda: any(time.time() > end["at"] + 4 for end in server.ends()), "bob's end")
    server.mark()
    server.send(signal.SIGHUP)
    server.ready()
    lab.clients[0].stop(signal.SIGKILL)
    gets(lab.client("bob+library", home=2), LIBRARY)
    server.stop()
    daemon.start().ready()
    daemon.wait_for_sessions(3)
    daemon.kill()
    daemon.start().ready()  # and finds what it has read already
    daemon.wait_for_sessions(0, reason=None)
    same([(row["server"], row["user"], row["profile"], row["chosen_by"], row["end"])
          for user in ("alice", "bob") for row in view(daemon, user)],
         [("server", "alice", "full", "username-suffix", "server-restart"),
          ("server", "bob", "campus", "default", "disconnected"),
          ("server", "bob", "library", "username-suffix", "server-stop")], "sessions")
    same(sorted(row[1:] for row in figures(daemon.sessions())),
         sorted(end[1:] for end in finals(server)), "bytes")
    same(view(daemon, "bob")[0]["real_address"], net.home(2), "where bob was")
    same(daemon.value("SELECT user || ' ' || wanted FROM refusals"), "carol full", "refusals")


# ── something is killed or stopped ──

@test
def a_daemon_that_is_killed_within_a_session_goes_on_with_it_and_counts_nothing_twice(lab):
    net.serve_echo("campus")
    server, daemon = watched(lab)
    alice = gets(lab.client("alice", home=1), CAMPUS)
    net.source_seen("home1", net.CAMPUS, 200000)
    wait_for(lambda: any((row["to_client"] or 0) > 200000 for row in daemon.sessions()), "a count")
    daemon.kill()
    net.source_seen("home1", net.CAMPUS, 300000)
    daemon.start().ready()
    net.source_seen("home1", net.CAMPUS, 100000)
    wait_for(lambda: (daemon.sessions()[0]["to_client"] or 0) > 600000, "counting to go on")
    alice.stop()
    server.stop()
    daemon.wait_for_sessions(1, reason="server-stop")
    same(figures(daemon.sessions()), finals(server), "bytes")
    for table in ("traffic_over_time", "usage_by_day"):
        same(daemon.value(f"SELECT sum(to_client) FROM {table}"), finals(server)[0][2], table)


@test
def a_server_that_is_killed_ends_its_sessions_when_they_were_last_seen(lab):
    net.serve_echo("campus")
    server, daemon = watched(lab)
    alice = gets(lab.client("alice", home=1), CAMPUS)
    net.source_seen("home1", net.CAMPUS, 50000)
    counted = wait_for(lambda: [row for row in daemon.sessions() if (row["to_client"] or 0) > 50000],
                       "a count")[0]["to_client"]
    alice.stop(signal.SIGKILL)
    server.stop(signal.SIGKILL)
    daemon.wait_for_sessions(1, reason="server-died")
    row = view(daemon, "alice")[0]
    same(row["certainty"], "the end was not seen", "certainty")
    check(row["started"] <= row["ended"] <= row["gone_by"], f"{row}")
    check(row["to_client"] >= counted, f"{row} after {counted}")
    server.start().ready()
    gets(lab.client("bob", home=2), CAMPUS)
    daemon.wait_for_sessions(1, user="bob", ended=None)
    same([row["end"] for row in daemon.rows("SELECT * FROM runs ORDER BY run")],
         ["server-died", "runs"], "runs of the server")


@test
def a_daemon_that_stands_still_disturbs_nobody_and_mixes_up_no_client_ids(lab):
    net.serve_echo("campus")
    server, daemon = watched(lab)
    alice = gets(lab.client("alice", home=1), CAMPUS)
    net.source_seen("home1", net.CAMPUS, 50000)
    wait_for(lambda: any((row["to_client"] or 0) > 50000 for row in daemon.sessions()), "a count")
    daemon.process.send_signal(signal.SIGSTOP)
    gets(lab.client("carol"), CAMPUS).stop(signal.SIGKILL)
    server.mark()
    server.send(signal.SIGUSR1)
    server.ready()
    alice.stop(signal.SIGKILL)
    gets(lab.client("bob", home=2), CAMPUS)  # whose client id is the one that alice had
    net.source_seen("home2", net.CAMPUS, 500000)
    same([row["Client ID"] for row in daemon.rows("SELECT cid AS 'Client ID' FROM session")], [0],
         "client ids")
    daemon.process.send_signal(signal.SIGCONT)
    for user in ("alice", "carol"):
        daemon.wait_for_sessions(1, user=user, reason="server-restart")
    wait_for(lambda: view(daemon, "bob") and (view(daemon, "bob")[0]["to_client"] or 0) > 500000,
             "bob's count")
    same(daemon.wait_for_sessions(1, user="bob")[0]["cid"], 0, "bob's client id")
    server.stop()
    daemon.wait_for_sessions(1, user="bob", reason="server-stop")
    same(figures(daemon.sessions()), finals(server), "bytes")
    for row in daemon.sessions():
        same(daemon.value("SELECT sum(to_client) FROM traffic WHERE session = ?", row["id"]),
             row["to_client"], f"bytes over time of {row['user']}")


@test
def a_server_in_management_hold_is_released_and_again_after_a_restart(lab):
    server, daemon = watched(lab, "management-hold", start=False)
    server.start().ready()
    gets(lab.client("alice"), CAMPUS)
    lab.later()  # two starts within one second cannot be told apart
    server.mark()
    server.send(signal.SIGUSR1)
    server.ready()
    daemon.wait_for_sessions(1, user="alice", reason="server-restart")


# ── addresses ──

@test
def another_user_from_the_same_port_has_a_session_of_her_own(lab):
    server, daemon = watched(lab)
    bob = gets(lab.client("bob+full", "lport 40000", without=("nobind",)), FULL)
    bob.stop(signal.SIGKILL)
    carol = lab.client("carol", "lport 40000", "connect-retry-max 5", without=("nobind",))
    check("began with another login" in carol.reason(), "the reason for carol")
    gets(carol, CAMPUS)
    daemon.wait_for_sessions(1, user="carol", ended=None)
    first = view(daemon, "bob")[0]
    check(first["end"] in ("vanished", "disconnected"), f"{first}")
    check(first["ended"] <= view(daemon, "carol")[0]["started"], f"{first}")
    same(daemon.value("SELECT user FROM refusals"), "carol", "who was refused at first")
    server.stop()
    daemon.wait_for_sessions(1, user="carol", reason="server-stop")
    same(len(daemon.sessions()), 2, "sessions")


@test
def the_addresses_of_a_session_are_those_that_the_client_had(lab):
    lab.write("ccd/alice", "ifconfig-push 10.8.0.77 255.255.255.0\n"
              "ifconfig-ipv6-push fd00:8::77/64 fd00:8::1\n")
    server, daemon = watched(lab, "proto udp6", f"client-config-dir {lab.path('ccd')}",
                             without=("proto",))
    alice = gets(lab.client("alice", "proto udp6", home=1, remote=net.SERVER6), CAMPUS)
    bob = gets(lab.client("bob", home=2), CAMPUS)
    for client, user, real in (alice, "alice", net.home6(1)), (bob, "bob", net.home(2)):
        vpn4, vpn6 = client.addresses()
        daemon.wait_for_sessions(1, user=user, vpn4=vpn4, vpn6=vpn6, real=real)
    same(alice.addresses(), ["10.8.0.77", "fd00:8::77"], "alice's addresses")
    for address in (*alice.addresses(), *bob.addresses()):
        same(daemon.value("SELECT count(*) FROM holders WHERE address = ?", address), 1, address)
    server.stop()
    daemon.wait_for_sessions(2, reason="server-stop")
    same(daemon.sessions()[0]["real"], net.home6(1), "where alice was, at the end")


# ── hostile names ──

HOSTILE = ['quo"te\'s, com,mas; <tag>=%0a\\push', "c1 \x9b31m \x85", "bidi \u202e \u2066",
           "not utf-8 \udcff\udc9b\udcc0", "=cmd|' /C calc'!A0", "'; DROP TABLE session; --"]

# What no text of the database may have: C0, DEL, C1, and what turns or hides text.
FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def texts(daemon):
    """Every text of every table, as bytes."""
    tables = [row["name"] for row in daemon.rows("SELECT name FROM sqlite_schema"
                                                 " WHERE type = 'table'")]
    for table in tables:
        for column in [row["name"] for row in daemon.rows(f"PRAGMA table_info({table})")]:
            yield from (row["text"] for row in daemon.rows(
                f"SELECT CAST({column} AS BLOB) AS text FROM {table}"
                f" WHERE typeof({column}) = 'text'"))


def is_clean(daemon):
    for text in texts(daemon):
        check(not FORBIDDEN.search(text.decode("utf-8", "strict")), f"in the database: {text!r}")


def shown(name):
    """What is left of a name."""
    as_bytes = name.encode("utf-8", "surrogateescape")
    return FORBIDDEN.sub("?", as_bytes.decode("utf-8", "replace").replace("\ufffd", "?"))


@test
def whatever_clients_call_themselves_is_recorded_as_harmless_text(lab):
    server, daemon = watched(lab, policy="choose peer-info UV_TUNNEL\n" + POLICY, inner=None,
                             passwords=True, start=False)
    script = lab.write("verify", "#!/bin/sh\nexit 0\n", 0o755)
    with open(server.config, "a") as file:
        file.write(f"auth-user-pass-verify {script} via-file\n")
    server.start().ready()
    for name in HOSTILE:
        lab.client(name, "push-peer-info", f'setenv IV_GUI_VER "x {chr(0x202e)}{chr(0x9b)}31m"')
    for client in lab.clients:
        client.connected()
    choice = lab.client("alice", "push-peer-info", f'setenv UV_TUNNEL "<{chr(0x202e)}full{chr(0x9b)}>"')
    choice.reason()
    rows = daemon.wait_for_sessions(len(HOSTILE), ended=None)
    same(sorted(row["user"] for row in rows), sorted(map(shown, HOSTILE)), "users")
    same(daemon.value("SELECT user FROM refusals"), "alice", "who is refused")
    is_clean(daemon)
    server.stop()
    daemon.wait_for_sessions(len(HOSTILE), reason="server-stop")
    # OpenVPN runs the script for who is refused, too.
    same(sorted(row[1:] for row in figures(daemon.sessions())),
         sorted(end[1:] for end in finals(server) if end[0] != "alice"), "bytes")
    is_clean(daemon)


@test
def without_the_plugin_hostile_names_are_harmless_too(lab):
    script = lab.write("verify", "#!/bin/sh\nexit 0\n", 0o755)
    daemon = lab.daemon()
    lab.server(POLICY, f"auth-user-pass-verify {script} via-file", without=("plugin",), inner=None)
    for name in HOSTILE:
        lab.client(name)
    for client in lab.clients:
        client.connected()
    rows = daemon.wait_for_sessions(len(HOSTILE), ended=None)
    same(sorted(row["user"] for row in rows), sorted(map(shown, HOSTILE)), "users")
    is_clean(daemon)
