# SPDX-License-Identifier: GPL-2.0-or-later
"""The networks and OpenVPN without Byway: what the other tests stand on."""
import glob
import os
import signal
import subprocess

from harness import net
from harness.check import check, processes, same, test, wait_for
from harness.openvpn import Server


def plain_server(lab, *lines):
    lab.write("server.disconnect", "#!/bin/sh\n", 0o755)
    server = Server(lab, "server", lab.server_lines("server", True, True)
                    + ["verify-client-cert require"] + list(lines), lab.path("state"))
    server.preload = None
    lab.servers.append(server)
    return server.start().ready()


@test
def the_networks_of_a_test_reach_one_another_and_the_campus_only_through_the_tunnel(lab):
    net.serve_echo("campus")
    net.serve_echo("internet")
    same(net.source_seen("home1", net.INTERNET), net.home(1), "seen without a VPN")
    same(net.source_seen("home1", net.INTERNET6), net.home6(1), "seen without a VPN")
    same(net.source_seen("home1", net.CAMPUS, timeout=1), None, "the campus without a VPN")
    server = plain_server(lab, 'push "route 10.1.0.0 255.255.0.0"')
    alice = lab.client(None, certificate="alice", home=1).connected()
    same(alice.pushed("route"), ["route 10.1.0.0 255.255.0.0"], "pushed routes")
    same(net.source_seen("home1", net.CAMPUS, 100000), alice.address(), "seen by the campus")
    check(net.counters("home1", "tun0")[0] > 100000, "the tunnel counts what it carries")
    same(server.manage().clients()[0]["Common Name"], "alice", "status 3")


@test
def a_run_of_these_tests_that_is_stopped_or_killed_leaves_no_process_and_no_network(lab):
    run = os.path.join(os.path.dirname(os.path.abspath(__file__)), "run")
    before = processes()
    for number in signal.SIGTERM, signal.SIGKILL:
        inner = subprocess.Popen([run, "the networks of a test reach"], stdout=subprocess.DEVNULL,
                                 env=dict(os.environ, TMPDIR=lab.folder))
        wait_for(lambda: glob.glob(lab.path("byway-tests-*/test_harness-*/client1.log")), "a test")
        inner.send_signal(number)
        inner.wait()
        wait_for(lambda: processes() == before, lambda: f"{processes()} to be {before}")
        left = glob.glob(lab.path("byway-tests-*"))
        check(number == signal.SIGKILL or not left, f"left behind: {left}")
    same(sorted(os.listdir("/run/netns")), ["campus", "home1", "home2", "internet", "server"],
         "networks")
