# SPDX-License-Identifier: GPL-2.0-or-later
"""The policy file: broken at start, edited while people are connected, and its state files."""
from harness.check import check, same, test
from harness.story import (CAMPUS, FULL, LIBRARY, PIN, POLICY, PROFILES, SETS, began, disconnected,
                           gets, routing, session)

JOURNAL = "route 198.18.5.0 255.255.255.0"


@test
def a_policy_that_is_broken_at_start_is_refused_with_every_error_and_its_line(lab):
    server = lab.server("choose username-suffix +\nroutse internal\n" + SETS
                        + PROFILES.replace("routes internal journals", "routes internal jornals"),
                        start=False).start()
    check(server.ended() != 0, "OpenVPN started")
    log = server.log()
    # The harness puts `state-dir` on line 1.
    check("server.policy:3:" in log and "routse" in log, "the first error is not named")
    line = 1 + 1 + 1 + SETS.count("\n") + PROFILES[:PROFILES.index("journals\n</")].count("\n") + 1
    check(f"server.policy:{line}:" in log and "jornals" in log and "journals" in log,
          f"the second error, in line {line}, is not named with a suggestion")


@test
def a_policy_that_is_not_there_is_refused(lab):
    server = lab.server(POLICY, start=False)
    lab.remove("server.policy")
    server.start()
    check(server.ended() != 0, "OpenVPN started")
    server.expect(r"server\.policy.*No such file")


@test
def a_default_that_is_a_full_tunnel_is_refused(lab):
    server = lab.server(POLICY.replace("default-profile campus", "default-profile full"),
                        start=False).start()
    check(server.ended() != 0, "OpenVPN started")
    server.expect(r'server\.policy:\d+: .*full')


@test
def an_edited_policy_counts_from_the_next_login_on_and_sessions_go_on(lab):
    server = lab.server(POLICY)
    alice = gets(lab.client("alice"), CAMPUS)
    lab.edit_policy(server, "203.0.113.0/24", "198.18.5.0/24")
    bob = gets(lab.client("bob+library"),
               [JOURNAL if "203.0" in route else route for route in LIBRARY])
    same(alice.process.poll(), None, "the exit status of the first client")
    server.story(*began(alice, "alice", "campus", "default"),
                 *began(bob, "bob", "library", "username-suffix"), disconnected(), disconnected())


@test
def a_policy_edited_badly_is_not_used_and_the_log_says_why_until_it_is_mended(lab):
    server = lab.server(POLICY)
    alice = gets(lab.client("alice"), CAMPUS)
    lab.edit_policy(server, "10.1.0.0/16", "10.1.0.0/33")
    bob = gets(lab.client("bob"), CAMPUS)
    server.expect(r"server\.policy:\d+:.*10\.1\.0\.0/33")
    lab.edit_policy(server, "10.1.0.0/33", "10.2.0.0/16")
    carol = gets(lab.client("carol"), [route.replace("10.1.", "10.2.") for route in CAMPUS])
    server.story(*began(alice, "alice", "campus", "default"),
                 *began(bob, "bob", "campus", "default"),
                 *began(carol, "carol", "campus", "default"), *[disconnected()] * 3)


@test
def a_policy_that_is_taken_away_stays_in_use(lab):
    server = lab.server(POLICY)
    gets(lab.client("alice"), CAMPUS)
    lab.remove("server.policy")
    lab.later()
    gets(lab.client("bob+full"), FULL)
    server.expect(r"server\.policy.*No such file")


@test
def a_session_goes_on_when_its_split_profile_is_gone_and_ends_when_its_full_one_was_taken_back(lab):
    server = lab.server(POLICY, "reneg-sec 6")
    alice = gets(lab.client("alice+library", "reneg-sec 0"), LIBRARY)
    bob = gets(lab.client("bob+full", "reneg-sec 0"), FULL)
    lab.edit_policy(server, "<profile library>", "<profile books>")
    lab.edit_policy(server, "allow user bob\n", "")
    check('not use tunnel profile "full"' in bob.reason(), "bob's reason")
    same(alice.process.poll(), None, "the exit status of alice's client")
    server.stop()


@test
def fetched_and_resolved_routes_and_looked_up_members_are_taken_from_the_state_directory(lab):
    policy = POLICY.replace("<routes journals>",
                            "<routes journals>\nfetch https://example.org/list every 6h\n"
                            "host www.example.org")
    policy += "<group physics>\nunix-group physics\nroutes cluster\n</group>\n" \
              "<routes cluster>\n172.20.0.0/16\n</routes>\n"
    server = lab.server(policy, start=False)
    lab.write("server-state/routes/journals.fetched", "198.18.5.0/24\n2001:db8:7000::/48\n")
    lab.write("server-state/groups/physics.members", "alice\n")
    server.start().ready()
    found = [JOURNAL, "route-ipv6 2001:db8:7000::/48"]
    cluster = ["route 172.20.0.0 255.255.0.0"]
    gets(lab.client("alice+library"), LIBRARY + found + cluster)
    gets(lab.client("bob+library"), LIBRARY + found)
    lab.write("server-state/routes/journals.resolved", "198.18.77.1\n")
    lab.later()
    gets(lab.client("carol+library"), LIBRARY + found + ["route 198.18.77.1 255.255.255.255"])


@test
def a_state_file_that_is_broken_takes_nothing_down(lab):
    policy = POLICY.replace("<routes journals>", "<routes journals>\nhost www.example.org")
    server = lab.server(policy)
    gets(lab.client("alice+library"), LIBRARY)
    lab.write("server-state/routes/journals.resolved", "198.18.77.1\ngarbage\n")
    lab.later()
    bob = lab.client("bob+library").connected()
    check(set(LIBRARY) <= set(routing(bob)), routing(bob))
    server.expect(r"journals\.resolved:2:.*garbage")


@test
def included_files_are_read_and_watched_too(lab):
    lab.write("more/internal.list", "172.22.0.0/16\n")
    lab.write("more/users.d/alice.conf", "<user alice>\nprofile library\n</user>\n")
    policy = POLICY.replace("<routes internal>", "<routes internal>\ninclude more/internal.list")
    lab.server(policy + "include more/users.d/*.conf\n")
    extra = ["route 172.22.0.0 255.255.0.0"]
    gets(lab.client("alice"), LIBRARY + extra)
    gets(lab.client("bob"), CAMPUS + extra)
    lab.write("more/users.d/bob.conf", "<user bob>\nprofile library\n</user>\n")
    lab.later()
    gets(lab.client("bob"), LIBRARY + extra)


@test
def the_smallest_policy_has_one_profile(lab):
    server = lab.server("default-profile campus\n<profile campus>\nroutes internal\n</profile>\n"
                        "<routes internal>\n10.1.0.0/16\n</routes>\n")
    alice = gets(lab.client("alice"), [PIN, "route 10.1.0.0 255.255.0.0"])
    server.story(*session(alice, "alice", "campus", "default"))
