#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""byway routes: what it says of route sets, their sources and single addresses. Prints TAP.

Each function whose name is a sentence is a test.
"""

import os
import re
import sys
import threading
import time

sys.dont_write_bytecode = True

from history import run_tests
from state import FETCH, HOST, HOUR, UNIX_GROUP, State

CAMPUS, LIBRARY, FULL, KEPT = ["--profile", "campus"], ["--profile", "library"], \
    ["--profile", "full"], ["--profile", "kept"]


def prepared(where_it_runs):
    state = State(where_it_runs)
    state.good()
    return state


def routes(where_it_runs, *arguments, status=0):
    return where_it_runs.json("routes", *arguments, "--policy", "policy.conf", status=status)


def tested(world, address, *arguments, status=0):
    """The one row of an answer."""
    row, = routes(world, "test", address, *arguments, status=status)
    assert row["through"] == (status == 0), row
    return row


def where(row):
    """"policy.conf:6", without the folder."""
    return row["file"] and f"{os.path.basename(row['file'])}:{row['line']}"


# ── routes test ──

def the_most_specific_line_is_named(world):
    prepared(world)
    row = tested(world, "10.1.2.3", *CAMPUS)
    assert (row["why"], row["prefix"], where(row)) == ("written", "10.1.0.0/16", "policy.conf:6")
    row = tested(world, "10.3.2.3", *CAMPUS)
    assert (row["prefix"], where(row), row["routes"]) == ("10.0.0.0/8", "policy.conf:5", "internal")
    assert (row["routes_of"], row["routes_of_name"]) == ("profile", "campus")
    assert row["because"] == ("10.0.0.0/8 (policy.conf:5), in routes internal of profile campus "
                              "(policy.conf:17)"), row


def a_line_of_a_list_is_named_with_the_list(world):
    prepared(world)
    row = tested(world, "172.20.3.1", *CAMPUS)
    assert (row["why"], where(row)) == ("list", "internal.list:2"), row


def what_was_fetched_is_named_with_its_line_its_time_and_its_file(world):
    state = prepared(world)
    for address in ("203.0.113.9", "2001:db8:5::1"):
        row = tested(world, address, *LIBRARY, "--utc")
        assert (row["why"], row["source"]) == ("fetch", FETCH), row
        assert row["file"].endswith("/state/routes/journals.fetched"), row
        with open(row["file"], encoding="utf-8") as lines:
            assert lines.read().splitlines()[row["line"] - 1] == row["prefix"], row
        assert (os.path.basename(row["source_file"]), row["source_line"]) == ("policy.conf", 11)
        assert row["as_of"] == time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(state.now - HOUR))


def an_address_of_a_host_is_named_with_when_it_was_seen(world):
    state = prepared(world)
    row = tested(world, "198.18.0.7", *LIBRARY, "--utc")
    assert (row["why"], row["source"], row["source_line"]) == ("host", HOST, 12), row
    assert row["as_of"] == time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(state.now - 120)), row
    assert "journals.resolved" in row["file"], row


def a_result_of_a_source_that_is_gone_is_said_to_be_one(world):
    state = prepared(world)
    state.write("fetched", "journals", state.source("fetch https://old.example/"),
                ("have", {"text": "203.0.113.0/24"}))
    row = tested(world, "203.0.113.9", *LIBRARY)
    assert (row["source"], row["source_line"]) == ("fetch https://old.example/", None), row
    assert "which the policy has no longer" in row["because"], row


def a_plain_list_in_the_place_of_a_result_is_named_by_its_line(world):
    state = prepared(world)
    state.file("state/routes/journals.fetched", "# by hand\n203.0.113.0/24\n")
    row = tested(world, "203.0.113.9", *LIBRARY)
    assert (where(row), row["source_line"]) == ("journals.fetched:2", None), row


def an_exception_of_the_set_is_named(world):
    prepared(world)
    row = tested(world, "10.99.1.1", *CAMPUS, status=1)
    assert (row["why"], row["prefix"], where(row)) == ("except", "10.99.0.0/16", "policy.conf:7")


def an_exception_of_the_profile_is_named(world):
    prepared(world)
    row = tested(world, "10.2.1.1", *LIBRARY, status=1)
    assert (row["why"], where(row)) == ("except", "policy.conf:22"), row
    assert tested(world, "10.2.1.1", *CAMPUS)["why"] == "written"


def what_no_route_has_is_said_so(world):
    prepared(world)
    row = tested(world, "9.9.9.9", *CAMPUS, status=1)
    assert (row["why"], row["file"], row["prefix"]) == ("no-route", None, None), row
    assert tested(world, "2001:4860::1", *LIBRARY, status=1)["why"] == "no-route"


def a_full_tunnel_has_everything_but_its_exceptions(world):
    prepared(world)
    for address in ("9.9.9.9", "2001:4860::1"):
        row = tested(world, address, *FULL)
        assert (row["why"], where(row)) == ("full-tunnel", "policy.conf:25"), row
    row = tested(world, "192.168.7.7", *FULL, status=1)
    assert (row["why"], where(row)) == ("except", "policy.conf:26"), row


def routes_of_groups_and_users_are_named_by_their_own_lines(world):
    prepared(world)
    row = tested(world, "198.51.100.9", "--user", "alice")
    assert (row["routes_of"], row["routes_of_name"], where(row)) == ("group", "physics",
                                                                     "policy.conf:40"), row
    row = tested(world, "198.51.100.9", "--user", "bob")
    assert (row["profile"], row["routes_of"], row["routes_of_name"], where(row)) == \
        ("library", "user", "bob", "policy.conf:44"), row
    assert tested(world, "2001:db8::7", "--user", "bob")["prefix"] == "2001:db8::/32"
    tested(world, "198.51.100.9", "--user", "nobody", status=1)
    # A member whom mgmtd found, not the policy.
    assert tested(world, "198.51.100.9", "--user", "zoe")["routes_of_name"] == "physics"


def a_user_is_asked_about_as_at_login(world):
    prepared(world)
    assert tested(world, "10.1.1.1", "--user", "alice+library")["profile"] == "library"
    assert tested(world, "9.9.9.9", "--user", "sam+full")["why"] == "full-tunnel"
    world.run("routes", "test", "9.9.9.9", "--user", "bob+full", "--policy", "policy.conf",
              status=1)
    assert 'bob+full gets no tunnel: You may not use tunnel profile "full"' in world.err, world.err
    row = tested(world, "9.9.9.9", "--user", "bob", *FULL, status=1)
    assert row["why"] == "not-allowed", row


def without_a_user_each_profile_has_a_row(world):
    prepared(world)
    rows = routes(world, "test", "203.0.113.9", status=1)
    assert [(row["profile"], row["through"], row["default"]) for row in rows] == [
        ("campus", False, True), ("library", True, False), ("full", True, False),
        ("kept", True, False)], rows
    text = world.run("routes", "test", "10.1.1.1", "--policy", "policy.conf")
    assert text.splitlines()[1].split()[:4] == ["campus", "yes", "split", "yes"], text


def one_answer_is_no_table(world):
    prepared(world)
    text = world.run("routes", "test", "2001:db8:5::1", *LIBRARY, "--policy", "policy.conf")
    assert "Answer     through the tunnel\n" in text, text
    assert "only if the server gives the client an IPv6 address" in text, text
    text = world.run("routes", "test", "10.1.1.1", *KEPT, "--policy", "policy.conf", status=1)
    assert "Answer     not through the tunnel\n" in text and "keep-server-routes" in text, text


def a_mistake_is_answered_with_what_was_meant(world):
    prepared(world)
    for arguments, said in (
            (["test", "10.0.0.0/8"], "is not an IPv4 or IPv6 address"),
            (["test", "10.1.1.1", "--profile", "libary"], 'did you mean "library"?'),
            (["test"], "ADDRESS is missing"),
            (["tset", "10.1.1.1"], 'did you mean "byway routes test"?'),
            (["jurnals"], 'did you mean "journals"?'),
            (["diff", "intrnal"], 'did you mean "internal"?'),
            (["refresh", "internal"], "nothing of \"internal\" is looked up"),
            (["refresh", "--accept"], "say which")):
        world.run("routes", *arguments, "--policy", "policy.conf", status=2)
        assert said in world.err, (arguments, world.err)
    world.run("routes", "--policy", "none.conf", status=2)
    assert "No such file" in world.err


def what_a_budget_covers_besides_is_said_to_be_its_doing(world):
    state = prepared(world)
    state.file("budget.conf", f"""default-profile few
state-dir {state.path}
<routes near>
192.0.2.0/32
192.0.2.2/31
</routes>
<profile few>
budget 1
routes near
</profile>
""")
    few = ["--profile", "few", "--policy", "budget.conf"]
    row, = world.json("routes", "test", "192.0.2.1", *few)
    assert (row["why"], where(row)) == ("budget", "budget.conf:8"), row
    row, = world.json("routes", "test", "192.0.2.3", *few)
    assert (row["why"], where(row)) == ("written", "budget.conf:5"), row
    row, = world.json("routes", "test", "192.0.2.4", *few, status=1)
    assert row["why"] == "no-route", row


# ── routes ──

def sources(where_it_runs, *arguments, status=0):
    return {row["source"]: row for row in routes(where_it_runs, *arguments, status=status)
            if row["source"] is not None}


def every_set_and_source_is_listed(world):
    state = prepared(world)
    rows = routes(world, "--utc")
    assert [(row["kind"], row["name"], row["source"], row["state"]) for row in rows] == [
        ("routes", "internal", None, None), ("routes", "journals", None, None),
        ("routes", "journals", FETCH, "ok"), ("routes", "journals", HOST, "ok"),
        ("group", "physics", None, None), ("group", "physics", UNIX_GROUP, "ok")], rows
    internal, journals, fetch, host, physics, unix_group = rows
    assert (internal["read"], journals["read"], journals["kept"]) == (3, 4, 4), rows
    assert (fetch["read"], fetch["kept"], fetch["dropped"]) == (12, 2, 2), fetch
    assert (host["read"], host["kept"], physics["kept"], unix_group["kept"]) == (1, 1, 2, 2), rows
    for key, at in (("got", -3 * HOUR), ("checked", -HOUR), ("due", HOUR)):
        assert fetch[key] == time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(state.now + at)), key
    assert fetch["note"] == "left out: 10.0.0.0/8 private, 0.0.0.0/1 too short", fetch
    assert [row["name"] for row in routes(world, "physics")] == ["physics"] * 2
    assert [row["source"] for row in routes(world, "journals")] == [None, FETCH, HOST]


def a_source_that_fails_or_is_held_back_says_why(world):
    state = prepared(world)
    state.write("fetched", "journals", state.source(), ("have", {"text": "203.0.113.0/24"}),
                state.status(failures=3, failure="HTTP 503"),
                state.status(HOST, holds=2, held="shrank from 1200 to 3 addresses"))
    found = sources(world, status=1)
    assert (found[FETCH]["state"], found[FETCH]["failures"]) == ("failing", 3), found
    assert found[FETCH]["note"] == "failed 3 times in a row: HTTP 503", found
    assert (found[HOST]["state"], found[HOST]["held_back"]) == ("held-back", 2), found
    assert "shrank from 1200 to 3 addresses; what it last gave stays in use" in found[HOST]["note"]
    text = world.run("routes", "journals", "--policy", "policy.conf", status=1)
    assert "State      failing: failed 3 times in a row: HTTP 503\n" in text, text


def what_was_not_looked_up_is_said_so(world):
    state = State(world)
    assert {row["state"] for row in sources(world, status=1).values()} == {"no-result"}
    state.good()
    state.write("fetched", "journals", state.source(), ("have", {"text": "203.0.113.0/24"}),
                state.status(due_at=state.now - HOUR), state.status(HOST))
    found = sources(world, status=1)
    assert (found[FETCH]["state"], found[HOST]["state"]) == ("overdue", "ok"), found
    assert "does byway-mgmtd run?" in found[FETCH]["note"], found


def what_is_left_of_a_source_and_what_was_put_there_by_hand_is_listed(world):
    state = prepared(world)
    state.write("fetched", "journals", state.source("fetch https://old.example/"),
                ("have", {"text": "203.0.113.0/24"}))
    found = sources(world, "journals", status=1)
    assert found["fetch https://old.example/"]["state"] == "left-over", found
    assert found["fetch https://old.example/"]["kept"] == 1, found
    state.file("state/routes/journals.fetched", "203.0.113.0/24\n")
    assert sources(world, "journals", status=1)[""]["state"] == "by-hand"


def a_damaged_file_is_said_to_be_one(world):
    state = prepared(world)
    path = os.path.join(state.path, "routes/journals.fetched")
    with open(path, "rb") as good:
        text = good.read()
    state.file("state/routes/journals.fetched", text.replace(b"203.0.113.0/24\n", b""))
    assert sources(world, status=1)[FETCH]["state"] == "damaged"


def tables_fit_the_terminal(world):
    prepared(world)
    for columns in (40, 80, 132, 200):
        for arguments in (["routes"], ["routes", "journals"], ["routes", "diff", "journals"],
                          ["routes", "test", "203.0.113.9"]):
            text = world.on_terminal(columns, *arguments, "--policy", "policy.conf")
            assert max(map(len, text.splitlines())) <= columns or columns < 80, (columns, text)
    text = world.on_terminal(80, "routes", "--policy", "policy.conf")
    assert re.search(r"1h 00m ago +in (59m|1h 00m)", text) and "0.0.0.0/1" not in text, text
    assert "left out: 10.0.0.0/8" in world.on_terminal(200, "routes", "--policy", "policy.conf")


# ── routes diff ──

def a_difference_is_net_and_says_when_and_whose(world):
    state = prepared(world)
    state.write("fetched", "journals",
                *(("change", {"at": state.now - age, "added": added, "prefix": prefix,
                              "source": FETCH})
                  for age, added, prefix in (
                      (30 * HOUR, 1, "192.0.2.0/24"), (5 * HOUR, 1, "198.51.100.0/24"),
                      (4 * HOUR, 1, "203.0.113.0/24"), (3 * HOUR, 0, "203.0.113.0/24"),
                      (2 * HOUR, 0, "192.0.2.0/24"), (HOUR, 1, "2001:db8::/32"))))
    rows = routes(world, "diff", "journals", "--utc")
    assert [(row["change"], row["prefix"]) for row in rows] == [
        ("removed", "192.0.2.0/24"), ("added", "198.51.100.0/24"), ("added", "2001:db8::/32")]
    assert {row["source"] for row in rows} == {FETCH}
    assert rows[2]["at"] == time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(state.now - HOUR))
    rows = routes(world, "diff", "journals", "--since", "-40h")
    assert [row["prefix"] for row in rows] == ["198.51.100.0/24", "2001:db8::/32"], rows
    assert "what is known begins at" in world.err, world.err
    assert routes(world, "diff", "journals", "--since", "-1m", status=1) == []
    assert routes(world, "diff", "internal", status=1) == []


# ── routes refresh ──

class Daemon(threading.Thread):
    """Takes requests as mgmtd does, and remembers what they said."""

    def __init__(self, state):
        super().__init__(daemon=True)
        self.folder = os.path.join(state.path, "routes/refresh")
        self.taken = {}
        self.ends = threading.Event()
        self.start()

    def run(self):
        while not self.ends.wait(0.02):
            for name in os.listdir(self.folder) if os.path.isdir(self.folder) else ():
                if name.startswith("."):
                    continue
                path = os.path.join(self.folder, name)
                with open(path, encoding="utf-8") as request:
                    self.taken[name] = request.read()
                os.unlink(path)

    def end(self):
        self.ends.set()
        self.join()
        return self.taken


def a_request_is_left_for_the_daemon(world):
    state = prepared(world)
    daemon = Daemon(state)
    text = world.run("routes", "refresh", "journals", "--policy", "policy.conf")
    assert "journals is looked up now\n" in text and "byway routes journals" in text, text
    assert daemon.end() == {"journals": ""}
    daemon = Daemon(state)
    world.run("routes", "refresh", "journals", "--accept", "--policy", "policy.conf")
    assert daemon.end() == {"journals": "accept\n"}
    daemon = Daemon(state)
    world.run("routes", "refresh", "--policy", "policy.conf")
    assert daemon.end() == {"journals": "", "physics": ""}


def a_request_that_nobody_takes_is_withdrawn(world):
    state = prepared(world)
    world.run("routes", "refresh", "journals", "--accept", "--policy", "policy.conf", status=1)
    assert "nobody took the request for journals within 5 s" in world.err, world.err
    assert os.listdir(os.path.join(state.path, "routes/refresh")) == []


def a_folder_that_cannot_be_written_is_named(world):
    state = prepared(world)
    os.symlink("/", os.path.join(state.path, "routes/refresh"))
    world.run("routes", "refresh", "journals", "--policy", "policy.conf", status=2)
    assert "routes/refresh" in world.err, world.err
    os.unlink(os.path.join(state.path, "routes/refresh"))
    os.rename(state.path, state.path + ".away")
    world.run("routes", "refresh", "journals", "--policy", "policy.conf", status=2)
    assert "No such file" in world.err, world.err


if __name__ == "__main__":
    sys.exit(run_tests(sys.modules[__name__]))
