# SPDX-License-Identifier: GPL-2.0-or-later
"""Where packets go: pushed options, the client's kernel, and what the far hosts see."""
from harness import net
from harness.check import check, same, test
from harness.story import CAMPUS, FULL, LIBRARY, POLICY, gets, session


def far_hosts():
    net.serve_echo("campus")
    net.serve_echo("internet")


@test
def a_split_tunnel_takes_the_campus_through_the_tunnel_and_leaves_the_rest_at_home(lab):
    far_hosts()
    server = lab.server(POLICY)
    alice = gets(lab.client("alice", home=1), CAMPUS)
    four, six = alice.addresses()
    for address in (net.CAMPUS, net.CAMPUS6):
        same(net.device("home1", address), "tun0", f"the kernel's way to {address}")
    for address in (net.INTERNET, net.INTERNET6, net.SERVER, net.SERVER6):
        same(net.device("home1", address), "eth0", f"the kernel's way to {address}")
    same(net.source_seen("home1", net.CAMPUS), four, "who the campus sees")
    same(net.source_seen("home1", net.CAMPUS6), six, "who the campus sees, IPv6")
    before = net.counters("home1", "tun0")[0]
    same(net.source_seen("home1", net.INTERNET, 1000000), net.home(1), "who the internet sees")
    same(net.source_seen("home1", net.INTERNET6), net.home6(1), "who the internet sees, IPv6")
    check(net.counters("home1", "tun0")[0] - before < 10000, "the download went through the tunnel")
    server.story(*session(alice, "alice", "campus", "default", vpn4=four, vpn6=six,
                          real=net.home(1)))


@test
def a_full_tunnel_takes_everything_and_its_bytes_are_counted_to_the_last(lab):
    far_hosts()
    server = lab.server(POLICY)
    alice = gets(lab.client("alice+full", home=1), FULL)
    four, six = alice.addresses()
    for address in (net.CAMPUS, net.CAMPUS6, net.INTERNET, net.INTERNET6):
        same(net.device("home1", address), "tun0", f"the kernel's way to {address}")
    same(net.device("home1", net.SERVER), "eth0", "the way to the server itself")
    same(net.source_seen("home1", net.INTERNET, 1000000), four, "who the internet sees")
    same(net.source_seen("home1", net.INTERNET6), six, "who the internet sees, IPv6")
    same(net.source_seen("home1", net.CAMPUS), four, "who the campus sees")
    server.story(*session(alice, "alice", "full", "username-suffix"))
    ended = server.spools()[0][-1]
    check(1000000 < ended["to_client"] < 1300000 and ended["from_client"] < 200000,
          f"a download of a million bytes was counted as {ended}")


@test
def choosing_the_library_takes_the_journals_too(lab):
    far_hosts()
    server = lab.server(POLICY)
    alice = gets(lab.client("alice+library", home=1), LIBRARY)
    four, six = alice.addresses()
    same(net.source_seen("home1", net.INTERNET), four, "who the journal sees")
    same(net.source_seen("home1", net.INTERNET6), six, "who the journal sees, IPv6")
    same(net.device("home1", "198.51.100.77"), "eth0", "the way to something else")
    server.story(*session(alice, "alice", "library", "username-suffix"))


@test
def a_server_that_pushes_a_default_route_and_routes_itself_gives_exactly_the_profiles(lab):
    lab.server(POLICY, 'push "redirect-gateway def1 ipv6"', 'push "route 172.20.0.0 255.255.0.0"',
               'push "route-ipv6 2001:db8:5000::/48"', 'push "route 0.0.0.0 0.0.0.0"',
               'push "redirect-private"', 'push "block-ipv6"', 'push "route-metric 50"')
    alice = gets(lab.client("alice", home=1), CAMPUS)
    same(net.device("home1", net.INTERNET), "eth0", "the kernel's way to the internet")
    same(net.device("home1", net.INTERNET6), "eth0", "the kernel's way to the internet, IPv6")
    same(net.device("home1", "172.20.0.1"), "eth0", "the kernel's way to the server's own route")
    same(sorted(alice.pushed("route-gateway", "topology", "route-metric", "ping")),
         ["ping 5", "route-gateway 10.8.0.1", "route-metric 50", "topology subnet"],
         "options that only look alike")
    gets(lab.client("bob+full"), FULL)


@test
def keep_server_routes_keeps_the_servers_routes_but_not_its_default_route(lab):
    policy = POLICY.replace('title "Campus network only"', "keep-server-routes")
    lab.server(policy, 'push "redirect-gateway def1"', 'push "route 172.20.0.0 255.255.0.0"',
               'push "route-ipv6 2001:db8:5000::/48"')
    gets(lab.client("alice"),
         CAMPUS + ["route 172.20.0.0 255.255.0.0", "route-ipv6 2001:db8:5000::/48"])
    gets(lab.client("alice+library"), LIBRARY)


@test
def a_server_for_ipv4_alone_pushes_no_ipv6_routes(lab):
    server = lab.server(POLICY, ipv6=False)
    alice = gets(lab.client("alice", home=1),
                 [route for route in CAMPUS if not route.startswith("route-ipv6")])
    same(net.device("home1", net.CAMPUS), "tun0", "the way to the campus")
    same(net.device("home1", net.CAMPUS6), "eth0", "the way to the campus, IPv6")
    server.story(*session(alice, "alice", "campus", "default", vpn6=None))


@test
def a_full_tunnel_of_a_server_without_ipv6_lets_no_ipv6_out_beside_it(lab):
    far_hosts()
    lab.server(POLICY, ipv6=False)
    alice = lab.client("alice+full", home=1).connected()
    same(net.source_seen("home1", net.INTERNET), alice.address(), "who the internet sees")
    same(net.source_seen("home1", net.INTERNET6, timeout=2), None, "who the internet sees, IPv6")
    same(net.source_seen("home1", net.CAMPUS), alice.address(), "who the campus sees")
    alice.stop()
    same(net.source_seen("home1", net.INTERNET6), net.home6(1), "afterwards")


@test
def allow_ipv6_outside_leaves_ipv6_alone_where_the_server_has_none(lab):
    far_hosts()
    lab.server(POLICY.replace("tunnel full", "tunnel full\nallow-ipv6-outside"), ipv6=False)
    alice = gets(lab.client("alice+full", home=1), ["redirect-gateway def1"])
    same(net.source_seen("home1", net.INTERNET), alice.address(), "who the internet sees")
    same(net.source_seen("home1", net.INTERNET6), net.home6(1), "who the internet sees, IPv6")


@test
def a_server_for_ipv6_alone_gives_ipv6_routes_and_a_full_tunnel(lab):
    far_hosts()
    server = lab.server(POLICY, ipv4=False)
    alice = lab.client("alice+full", home=1).connected()
    same(alice.addresses()[-1].split(":")[0], "fd00", "an IPv6 address")
    same(net.source_seen("home1", net.INTERNET6), alice.addresses()[-1], "who the internet sees")
    bob = lab.client("bob", home=2).connected()
    same(net.source_seen("home2", net.CAMPUS6), bob.addresses()[-1], "who the campus sees")
    same(net.source_seen("home2", net.INTERNET6), net.home6(2), "who the internet sees")


@test
def a_split_tunnel_that_goes_to_the_servers_own_network_does_not_swallow_itself(lab):
    far_hosts()
    lab.server(POLICY + "<user alice>\nroutes around\n</user>\n"
                        "<routes around>\n198.51.100.0/24\n</routes>\n")
    alice = lab.client("alice", home=1).connected()
    same(net.device("home1", "198.51.100.77"), "tun0", "the way to the server's neighbour")
    same(net.device("home1", net.SERVER), "eth0", "the way to the server")
    same(net.source_seen("home1", net.CAMPUS), alice.address(), "who the campus sees")


@test
def a_client_that_reaches_the_server_by_ipv6_keeps_its_way_there(lab):
    far_hosts()
    policy = POLICY + "<user alice>\nroutes far\n</user>\n<routes far>\n2001:db8::/33\n</routes>\n"
    server = lab.server(policy, "proto udp6", without=("proto",))
    alice = lab.client("alice", "proto udp6", home=1, remote=net.SERVER6).connected()
    same(net.source_seen("home1", net.INTERNET6), alice.addresses()[1], "who the internet sees")
    same(net.source_seen("home1", net.CAMPUS), alice.address(), "who the campus sees")
    # One bad route, and a client withholds all from its scripts and from NetworkManager.
    check(not alice.find("failed to parse/resolve route"), "a route that means nothing over IPv6")
    server.story(*session(alice, "alice", "campus", "default", real=net.home6(1)))


@test
def exclusions_leave_a_hole_in_a_split_tunnel_for_both_families(lab):
    far_hosts()
    excluded = f"except {net.CAMPUS_OTHER}\nexcept 2606:fa00:8000::/33\n"
    policy = POLICY.replace("routes internal\n", "routes internal\n" + excluded, 1)
    server = lab.server(policy)
    alice = lab.client("alice", home=1).connected()
    same(net.device("home1", net.CAMPUS), "tun0", "the way to the campus")
    same(net.device("home1", net.CAMPUS_OTHER), "eth0", "the way to what is excluded")
    same(net.device("home1", net.CAMPUS6), "tun0", "the way to the campus, IPv6")
    same(net.device("home1", "2606:fa00:8000::1"), "eth0", "the way to what is excluded, IPv6")
    same(len(alice.pushed("route")), 16, "a /16 without one address takes this many routes")
    same(alice.pushed("route-ipv6"), ["route-ipv6 2606:fa00::/33"], "IPv6 routes")
    server.stop()


@test
def exclusions_of_a_full_tunnel_stay_at_home(lab):
    far_hosts()
    lab.server(POLICY.replace("tunnel full", "tunnel full\nexcept 203.0.113.128/25"))
    alice = lab.client("alice+full", home=1).connected()
    check("route 203.0.113.128 255.255.255.128 net_gateway" in alice.pushed("route"),
          alice.pushed("route"))
    same(net.source_seen("home1", net.INTERNET), alice.address(), "who the internet sees")
    same(net.source_seen("home1", net.INTERNET_OTHER), net.home(1), "who the excluded host sees")


@test
def groups_and_users_bring_routes_of_their_own_to_every_split_profile(lab):
    server = lab.server(POLICY + """
<routes cluster>
172.20.0.0/16
2001:db8:2000::/48
</routes>
<routes lab>
172.21.5.0/24
</routes>
<group physics>
user alice
user bob
routes cluster
</group>
<user alice>
routes lab
</user>
""")
    cluster = ["route 172.20.0.0 255.255.0.0", "route-ipv6 2001:db8:2000::/48"]
    own = ["route 172.21.5.0 255.255.255.0"]
    gets(lab.client("alice"), CAMPUS + cluster + own)
    gets(lab.client("alice+library"), LIBRARY + cluster + own)
    gets(lab.client("bob"), CAMPUS + cluster)
    gets(lab.client("carol"), CAMPUS)
    gets(lab.client("bob+full"), FULL)
    server.stop()


@test
def dns_is_pushed_for_old_clients_and_for_new_ones(lab):
    policy = POLICY.replace('title "Campus network only"',
                            "dns 10.1.1.53 2606:fa00::53\nsearch-domain cs.example.edu")
    lab.server(policy, 'push "dhcp-option DNS 8.8.8.8"')
    saw = lab.path("saw")
    script = lab.write("up", f"#!/bin/sh\nenv | grep -E 'foreign_option|^dns_' >{saw}\n", 0o755)
    alice = lab.client("alice", "script-security 2", f"up {script}", home=1).connected()
    pushed = alice.pushed("dns", "dhcp-option")
    for option in ("dns server 1 address 10.1.1.53", "dns search-domains cs.example.edu",
                   "dhcp-option DNS 10.1.1.53", "dhcp-option DOMAIN cs.example.edu"):
        check(option in pushed, f"{option!r} is not among {pushed}")
    check(not any("8.8.8.8" in option for option in pushed), "the server's own DNS was pushed")
    with open(saw) as file:
        environment = file.read()
    # OpenVPN 2.7 keeps the dns_ variables for its own script and gives `up` the old ones.
    check(any(name + "10.1.1.53\n" in environment
              for name in ("dns_server_1_address_1=", "foreign_option_2=dhcp-option DNS "))
          and "2606:fa00::53" in environment and "cs.example.edu" in environment, environment)


@test
def other_options_of_a_profile_are_passed_on(lab):
    lab.server(POLICY.replace('title "Campus network only"', 'push "explicit-exit-notify 1"'))
    alice = gets(lab.client("alice"), CAMPUS)
    same(alice.pushed("explicit-exit-notify"), ["explicit-exit-notify 1"], "the option")


@test
def block_local_is_pushed_with_the_full_tunnel_of_a_profile_that_says_so(lab):
    lab.server(POLICY.replace("tunnel full", "tunnel full\nblock-local"))
    gets(lab.client("alice+full"), ["redirect-gateway def1 ipv6 block-local"])
