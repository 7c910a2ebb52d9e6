# SPDX-License-Identifier: GPL-2.0-or-later
"""OpenVPN, the plugin and byway-mgmtd together: what happened is in the database."""
import contextlib
import os
import signal

from harness import net
from harness.check import check, same, test, wait_for
from harness.story import CAMPUS, LIBRARY, POLICY, gets


def counted(row):
    return {"from_client": row["from_client"], "to_client": row["to_client"]}


def final(server):
    """What OpenVPN itself said of each session at its end."""
    return [{"from_client": c["from_client"], "to_client": c["to_client"]}
            for c in server.final_counts()]


@test
def a_session_is_a_row_with_the_bytes_that_openvpn_counted(lab):
    net.serve_echo("campus")
    daemon = lab.daemon(start=False)
    server = lab.server(POLICY, state=daemon.state)
    daemon.start().ready()
    alice = gets(lab.client("alice+library", "explicit-exit-notify 1", home=1), LIBRARY)
    open_row = daemon.wait_for_sessions(1, user="alice", ended=None)[0]
    same(open_row["profile"], "library", "profile")
    same(open_row["vpn4"], alice.address(), "address")
    net.source_seen("home1", net.CAMPUS, 100000)
    wait_for(lambda: (daemon.sessions()[0]["to_client"] or 0) > 100000, "a running count")
    alice.stop()
    row = daemon.wait_for_sessions(1, reason="disconnected")[0]
    wait_for(server.final_counts, "OpenVPN's own counts")
    same([counted(row)], final(server), "bytes of the row, and of OpenVPN")
    same((row["real"], row["vpn6"]), (net.home(1), alice.addresses()[1]), "addresses")
    check(row["started"] <= row["ended"], f"{row}")
    server.stop()
    same(daemon.stop(), 0, "exit status")
    same(len(daemon.sessions()), 1, "sessions")


def state_file(written, line):
    """As the daemon leaves one for the plugin."""
    return (f"# byway state 1\n# set journals\n# written {written}\n\n"
            f"# source fetch https://example.org/list\n# count 1\n{line}\n")


@test
def routes_that_change_reach_the_next_session_which_remembers_their_version(lab):
    daemon = lab.daemon(start=False)
    policy = POLICY.replace("<routes journals>",
                            "<routes journals>\nfetch https://example.org/list every 6h")
    server = lab.server(policy, state=daemon.state, start=False)
    where = os.path.join(daemon.state, "routes/journals.fetched")
    lab.write(where, state_file("2026-11-20T12:51:40Z", "198.18.5.0/24"))
    server.start().ready()
    daemon.start().ready()
    alice = gets(lab.client("alice+library"), LIBRARY + ["route 198.18.5.0 255.255.255.0"])
    lab.write(where, state_file("2026-11-20T12:51:41Z", "198.18.6.0/24"))
    lab.later()
    gets(lab.client("bob+library"), LIBRARY + ["route 198.18.6.0 255.255.255.0"])
    carol = gets(lab.client("carol"), CAMPUS)
    daemon.wait_for_sessions(3, ended=None)
    same({row["user"]: row["routes"] for row in daemon.rows("SELECT * FROM sessions")},
         {"alice": "journals@1795179100", "bob": "journals@1795179101", "carol": None},
         "versions")
    check(alice.process.poll() is None and carol.process.poll() is None, "somebody was cut off")


@test
def sessions_that_come_and_go_while_the_daemon_is_killed_are_not_lost(lab):
    daemon = lab.daemon(start=False)
    server = lab.server(POLICY, state=daemon.state)
    daemon.start().ready()
    alice = gets(lab.client("alice", "explicit-exit-notify 1"), CAMPUS)
    daemon.wait_for_sessions(1, user="alice", ended=None)
    daemon.kill()
    alice.stop()
    bob = gets(lab.client("bob", "explicit-exit-notify 1"), CAMPUS)
    bob.stop()
    wait_for(lambda: len(server.final_counts()) == 2, "the end of both")
    daemon.start().ready()
    rows = daemon.wait_for_sessions(2, reason="disconnected")
    same(sorted(map(str, map(counted, rows))), sorted(map(str, final(server))), "bytes")
    same(sorted(row["user"] for row in rows), ["alice", "bob"], "users")


@test
def sessions_go_on_whose_spool_is_deleted_while_the_daemon_is_down(lab):
    daemon = lab.daemon(start=False)
    server = lab.server(POLICY, state=daemon.state)
    daemon.start().ready()
    gets(lab.client("alice"), CAMPUS)
    alice = daemon.wait_for_sessions(1, user="alice", ended=None)[0]
    same(daemon.stop(), 0, "exit status")
    spool = os.path.join(daemon.state, "spool")
    for name in os.listdir(spool):
        os.remove(os.path.join(spool, name))
    gets(lab.client("bob"), CAMPUS)
    daemon.start().ready()
    daemon.expect("was deleted while OpenVPN writes it: restart OpenVPN")
    bob = daemon.wait_for_sessions(1, user="bob", ended=None)[0]
    same((alice["profile"], bob["profile"]), ("campus", None), "profiles")
    daemon.wait_for("SELECT kind, ended FROM gap WHERE kind = 2", [(2, None)])
    server.stop()
    server.start().ready()
    daemon.wait_for_sessions(2, reason="server-died")
    same([row["id"] for row in daemon.sessions()], [alice["id"], bob["id"]], "sessions")
    gets(lab.client("carol"), CAMPUS)
    daemon.wait_for_sessions(1, user="carol", profile="campus", ended=None)
    daemon.wait_for("SELECT count(*) FROM gap WHERE kind = 2 AND ended IS NULL", [(0,)])


@test
def who_is_refused_by_a_script_after_the_plugin_is_a_refusal_and_has_no_session(lab):
    daemon = lab.daemon(start=False)
    script = lab.write("let-in", '#!/bin/sh\ncase "$common_name" in bob*) exit 1 ;; esac\n', 0o755)
    server = lab.server(POLICY, f"client-connect {script}", "persist-tun", state=daemon.state)
    server.is_told = True  # OpenVPN tells final counts of bob, too
    daemon.start().ready()
    for life in range(2):
        same(lab.client("bob+library").reason(), "", "what bob is told")
        gets(lab.client("alice"), CAMPUS)
        daemon.wait_for_sessions(1, user="alice", ended=None)
        daemon.wait_for("SELECT count(*) FROM refusals", [(life + 1,)])
        server.mark()
        server.send(signal.SIGUSR1)
        server.ready()
        daemon.wait_for_sessions(life + 1, user="alice", reason="server-restart")
        lab.clients[-1].stop()
    same([row["user"] for row in daemon.sessions()], ["alice", "alice"], "sessions")
    same(sorted({(row["user"], row["wanted"]) for row in daemon.rows("SELECT * FROM refusals")}),
         [("bob", "library")], "refusals")
    check("script or another plugin" in daemon.value("SELECT reason FROM refusals"), "the reason")
    same(daemon.value("SELECT count(*) FROM holders WHERE user = 'bob'"), 0, "bob's addresses")


@test
def without_the_plugin_a_session_is_known_by_what_the_management_interface_tells(lab):
    net.serve_echo("campus")
    daemon = lab.daemon()
    server = lab.server(POLICY, "management-hold", "push 'route 10.1.0.0 255.255.0.0'",
                        without=("plugin",), inner=None, passwords=False)
    alice = lab.client(None, certificate="alice", home=1).connected()
    row = daemon.wait_for_sessions(1, user="alice", ended=None)[0]
    same((row["profile"], row["vpn4"], row["real"]), (None, alice.address(), net.home(1)), "alice")
    net.source_seen("home1", net.CAMPUS, 50000)
    wait_for(lambda: (daemon.sessions()[0]["to_client"] or 0) > 50000, "a running count")
    server.stop()
    daemon.expect('server "server": OpenVPN closed the connection')
    server.start().ready()
    row = daemon.wait_for_sessions(1, reason="server-died")[0]
    counts = final(server)[0]
    check(row["to_client"] <= counts["to_client"], f"{row} after {counts}")


@test
def a_restart_inside_the_server_ends_its_sessions_and_the_next_ones_are_counted(lab):
    net.serve_echo("campus")
    daemon = lab.daemon(start=False)
    server = lab.server(POLICY, state=daemon.state)
    daemon.start().ready()
    gets(lab.client("alice"), CAMPUS)
    daemon.wait_for_sessions(1, user="alice", ended=None)
    server.mark()
    server.send(signal.SIGUSR1)
    server.ready()
    ended = daemon.wait_for_sessions(1, user="alice", reason="server-restart")[0]
    same([counted(ended)], final(server), "bytes of the first session")
    gets(lab.client("bob", home=2), CAMPUS)
    net.source_seen("home2", net.CAMPUS, 70000)
    wait_for(lambda: any(row["user"] == "bob" and (row["to_client"] or 0) > 70000
                         for row in daemon.sessions()), "a running count of the second")
    same(len(daemon.rows("SELECT * FROM server_run")), 2, "server runs")
    check("closed the connection" not in daemon.log(), "the connection ended")


@test
def while_another_program_is_attached_the_log_says_so_and_then_it_is_watched(lab):
    daemon = lab.daemon(start=False)
    server = lab.server(POLICY, state=daemon.state)
    other = server.manage()
    daemon.start().ready()
    daemon.expect("no greeting in 10 s: probably another program is attached to it")
    other.close()
    daemon.expect('server "server": attached to .* \\(management version [56]\\)')
    alice = gets(lab.client("alice"), CAMPUS)
    wait_for(lambda: daemon.wait_for_sessions(1, user="alice")[0]["cid"] == 0, "the client id")
    alice.stop()


@test
def a_full_disk_makes_rows_wait_and_loses_none(lab):
    os.mkdir(lab.path("small"))
    net.run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", lab.path("small"))
    daemon = lab.daemon(start=False)
    daemon.database = lab.path("small", "db")
    daemon.configure(f"server server management {lab.path('server.sock')}")
    server = lab.server(POLICY, state=daemon.state)
    daemon.start().ready()
    gets(lab.client("alice"), CAMPUS)
    daemon.wait_for_sessions(1, user="alice")
    with open(lab.path("small", "full"), "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    bob = gets(lab.client("bob", "explicit-exit-notify 1"), CAMPUS)
    bob.stop()
    daemon.expect(r"the database takes no rows for \d+ s, \d+ KiB wait: ")
    os.remove(lab.path("small", "full"))
    daemon.expect("the database takes rows again")
    row = daemon.wait_for_sessions(1, user="bob", reason="disconnected")[0]
    same([counted(row)], final(server), "bytes")
