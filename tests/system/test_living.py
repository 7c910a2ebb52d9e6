# SPDX-License-Identifier: GPL-2.0-or-later
"""Living route sets end to end: what the world changes reaches the next connection."""
import os
import statistics
import threading
import time

from harness import net
from harness import publisher as page
from harness.check import check, same, test, wait_for
from harness.names import Names, silent
from harness.publisher import Publisher
from harness.story import CAMPUS, POLICY, gets

HOST = "www.journal.example"
FIXED = "<routes journals>\n203.0.113.0/24\n2001:db8:113::/48\n"


def living(*sources):
    """The usual policy, with journals from these sources."""
    text = "\n".join(("<routes journals>",) + sources) + "\n"
    check(FIXED in POLICY, "the policy's journals are others")
    return POLICY.replace(FIXED, text)


def names(lab):
    """A DNS server that everybody in this test asks."""
    path = lab.write("resolv.conf", "nameserver 127.0.0.1\noptions timeout:2 attempts:2\n")
    net.run("mount", "--bind", path, "/etc/resolv.conf")
    path = lab.write("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")
    net.run("mount", "--bind", path, "/etc/nsswitch.conf")
    return Names()


def start(lab, policy, *lines):
    """A server, and a daemon that looks up what its policy names."""
    daemon = lab.daemon(f"policy {lab.path('server.policy')}", *lines, start=False)
    server = lab.server(policy, state=daemon.state)
    daemon.start().ready()
    return server, daemon


def in_use(daemon, suffix="resolved"):
    """The prefixes of the journals, as the plugin reads them."""
    path = os.path.join(daemon.state, "routes", "journals." + suffix)
    if not os.path.exists(path):
        return []
    with open(path) as file:
        return [line.split()[0] for line in file if line.strip() and line[0] != "#"]


def wait_until_in_use(lab, daemon, *prefixes):
    wait_for(lambda: in_use(daemon) == list(prefixes),
             lambda: f"{prefixes}; there is {in_use(daemon)}\n{daemon.log()}")
    lab.later()


def journal(*addresses):
    return CAMPUS + [f"route {address} 255.255.255.255" for address in addresses]


@test
def a_journal_that_moves_is_reached_through_the_tunnel_again(lab):
    dns = names(lab)
    dns.hosts[HOST] = [net.INTERNET]
    net.serve_echo("internet")
    server, daemon = start(lab, living(f"host {HOST}"), "host-interval 1s", "keep-addresses 4s")
    wait_until_in_use(lab, daemon, f"{net.INTERNET}/32")
    alice = gets(lab.client("alice+library", home=1), journal(net.INTERNET))
    same(net.source_seen("home1", net.INTERNET), alice.address(), "who the journal sees")
    same(net.source_seen("home1", net.INTERNET_OTHER), net.home(1), "who another host sees")
    alice.stop()
    moved = time.monotonic()
    dns.hosts[HOST] = [net.INTERNET_OTHER]
    wait_until_in_use(lab, daemon, f"{net.INTERNET}/32", f"{net.INTERNET_OTHER}/32")
    check(time.monotonic() - moved < 15, f"it took {time.monotonic() - moved} s")
    alice = gets(lab.client("alice+library", home=1), journal(net.INTERNET, net.INTERNET_OTHER))
    for address in (net.INTERNET, net.INTERNET_OTHER):
        same(net.source_seen("home1", address), alice.address(), f"who {address} sees")
    same(net.device("home1", "203.0.113.11"), "eth0", "the way to the journal's neighbour")
    alice.stop()
    wait_until_in_use(lab, daemon, f"{net.INTERNET_OTHER}/32")
    alice = gets(lab.client("alice+library", home=1), journal(net.INTERNET_OTHER))
    same(net.source_seen("home1", net.INTERNET_OTHER), alice.address(), "who the journal sees")
    same(net.source_seen("home1", net.INTERNET), net.home(1), "who its old address sees")
    bob = gets(lab.client("bob", home=2), CAMPUS)
    same(net.source_seen("home2", net.INTERNET_OTHER), net.home(2), "bob, who has no journals")
    check(bob.address() != alice.address(), "one address for both")


@test
def a_list_that_is_published_anew_counts_for_the_next_connection_and_a_bad_one_never(lab):
    web = Publisher()
    web.pages["/list"] = page.text("192.0.2.0/25\n")
    server, daemon = start(lab, living(f"fetch {web.url('/list')}"))
    wait_for(lambda: in_use(daemon, "fetched") == ["192.0.2.0/25"], daemon.log)
    lab.later()
    gets(lab.client("alice+library"), CAMPUS + ["route 192.0.2.0 255.255.255.128"])
    for body, expected in [("192.0.2.128/25\n", "192.0.2.128"),
                           ("<html>192.0.2.0/24</html>", "192.0.2.128")]:
        web.pages["/list"] = page.text(body)
        asked = len(web.asked("/list"))
        lab.write(os.path.join(daemon.state, "routes/refresh/journals"), "")
        wait_for(lambda: len(web.asked("/list")) > asked, "another request")
        wait_for(lambda: in_use(daemon, "fetched") == [f"{expected}/25"], daemon.log)
        lab.later()
        gets(lab.client("alice+library"), CAMPUS + [f"route {expected} 255.255.255.128"])
    daemon.expect("is a page of HTML or XML, not a list; what it last gave stays in use")


def round_trips(seconds):
    """How long each of many short connections through the tunnel took."""
    times, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        check(net.source_seen("home1", net.CAMPUS) is not None, "the campus is not reached")
        times.append(time.monotonic() - began)
        time.sleep(0.01)
    return times


class Lateness:
    """How late this machine lets those run who sleep, at most."""

    def __enter__(self):
        self.worst, self.goes_on = 0.0, True
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()
        return self

    def watch(self):
        while self.goes_on:
            began = time.monotonic()
            time.sleep(0.001)
            self.worst = max(self.worst, time.monotonic() - began - 0.001)

    def __exit__(self, *_):
        self.goes_on = False
        self.thread.join()


@test
def the_tunnel_does_not_stall_while_every_source_hangs(lab):
    dns, web = names(lab), Publisher()
    hosts = [f"host{i}.journal.example" for i in range(10)]
    dns.hosts.update({host: silent for host in hosts} | {"web.journal.example": silent})
    web.pages.update({f"/{i}": page.silent if i % 2 else page.stalls() for i in range(6)})
    sources = ([f"host {host}" for host in hosts] + [f"fetch {web.url(f'/{i}')}" for i in range(6)]
               + [f"fetch http://web.journal.example:{web.port}/list"])
    net.serve_echo("campus")
    server, daemon = start(lab, living(*sources), "host-interval 1s", "fetch-timeout 5s")
    gets(lab.client("alice", home=1), CAMPUS)
    wait_for(lambda: len(dns.asked) > 10, "the DNS server to be asked")
    with Lateness() as machine:
        times = round_trips(10)
    # To wait for one of them would take seconds.
    check(max(times) < 1 + machine.worst, f"{max(times):.3f} s; the machine {machine.worst:.3f} s")
    check(statistics.median(times) < 0.1, f"median {statistics.median(times):.3f} s")
    began = time.monotonic()
    gets(lab.client("bob", home=2), CAMPUS)
    check(time.monotonic() - began < 15, "a login took too long")
    daemon.expect("fetch .* cannot be fetched: .*timed out")
    print(f"# {len(times)} round trips: median {statistics.median(times) * 1000:.1f} ms, worst "
          f"{max(times) * 1000:.1f} ms; the machine was late by {machine.worst * 1000:.1f} ms")
