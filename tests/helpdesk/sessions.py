#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""byway sessions, live, show and refused give what is in the database. Prints TAP.

Each function whose name is a sentence is a test.
"""

import random
import sys

sys.dont_write_bytecode = True

from history import (BUCKET, CLOCK, HOUR, MIB, NOON, NOT_WATCHED, REAL, REPLACED, SERVER_DIED,
                     SPOOL_LOST, VPN, Lines, iso, now, run_tests)

DAY = 24 * HOUR
NOBODY_SUCH = 1


def story():
    """Six people on two servers around NOON."""
    lines = Lines()
    lines.add("server", id=1, name="campus")
    lines.add("server", id=2, name="lab")
    lines.add("run", id=1, server=1, pid=812, began=-100 * DAY)
    lines.add("run", id=2, server=2, pid=813, began=-100 * DAY)
    lines.session(1, "alice", 0, 2 * HOUR, "10.8.0.2", "203.0.113.5", typed="alice+full",
                  common_name="alice.smith", profile="full", chosen_by="username-suffix",
                  program="OpenVPN GUI 11", platform="win", vpn6="2001:db8::2",
                  from_client=150 * MIB, to_client=10 * MIB, real_port=40001, handshake=2,
                  routes="journals@1700049600")
    lines.add("traffic", bucket=0, session=1, from_client=100 * MIB, to_client=10 * MIB)
    lines.add("traffic", bucket=HOUR, session=1, from_client=50 * MIB, to_client=0)
    lines.session(2, "bob", -3 * HOUR, HOUR // 2, "10.8.0.3", "203.0.113.5", profile="campus",
                  chosen_by="default", from_client=5 * MIB, to_client=700 * MIB,
                  end_reason=REPLACED)
    lines.session(3, "carol", HOUR, HOUR + 1800, "10.8.0.2", "203.0.113.7", run=2, profile="campus",
                  fell_back=1, chosen_by="default", gone_by=HOUR + 5400, end_reason=SERVER_DIED)
    lines.session(4, "dave", -50 * DAY, None, "10.8.0.4", "2001:db8:1::4", profile="campus",
                  chosen_by="default", cid=7)
    lines.add("running", session=4, last_seen=2 * HOUR, counted_at=2 * HOUR, from_client=9 * MIB,
              to_client=80 * MIB, bucket=2 * HOUR - BUCKET, base_from=6 * MIB, base_to=20 * MIB,
              base_at=2 * HOUR - BUCKET, epoch_from=0, epoch_to=0)
    lines.add("traffic", bucket=2 * HOUR - 2 * BUCKET, session=4, from_client=3 * MIB,
              to_client=30 * MIB)
    lines.session(5, "alice", -60 * DAY, -10 * DAY, "10.8.0.5", "203.0.113.8",
                  from_client=MIB, to_client=MIB)
    lines.session(6, "erin", HOUR, HOUR + 60, None, None, run=2)
    lines.add("alive", at=2 * HOUR, stopped=1)
    return lines


def a_time(seconds):
    return f"@{NOON + seconds}"


# ── sessions ──


def every_session_is_listed_the_newest_first(world):
    world.write(story())
    assert world.ids("sessions") == [6, 3, 1, 2, 4, 5], world.out


def all_that_is_known_of_a_session_is_in_its_row(world):
    world.write(story())
    rows = {row["id"]: row for row in world.json("sessions", "--utc")}
    assert rows[1] == {
        "id": 1, "user": "alice", "typed": "alice+full", "common_name": "alice.smith",
        "started": iso(0), "ended": iso(2 * HOUR), "open": False, "end_seen": True,
        "gone_by": None, "vpn_address": "10.8.0.2", "vpn_address6": "2001:db8::2",
        "upload_bytes": 150 * MIB, "download_bytes": 10 * MIB, "duration_s": 2 * HOUR,
        "profile": "full", "chosen_by": "username-suffix", "fell_back": False, "server": "campus",
        "real_address": "203.0.113.5", "real_port": 40001, "end_reason": "disconnected",
        "client_program": "OpenVPN GUI 11", "client_platform": "win", "last_seen": None,
        "counted_at": None, "handshake_s": 2, "client_id": None, "server_pid": 812,
        "routes": "journals@1700049600"}, rows[1]
    dave = rows[4]
    assert dave["open"] and not dave["end_seen"] and dave["ended"] is None, dave
    assert (dave["upload_bytes"], dave["download_bytes"]) == (9 * MIB, 80 * MIB), dave
    assert dave["last_seen"] == iso(2 * HOUR) and dave["client_id"] == 7, dave
    carol = rows[3]
    assert not carol["end_seen"] and carol["gone_by"] == iso(HOUR + 5400), carol
    assert carol["fell_back"] and carol["end_reason"] == "server-died", carol
    erin = rows[6]
    assert erin["upload_bytes"] is None and erin["profile"] is None, erin
    assert erin["vpn_address"] is None and erin["typed"] == "erin", erin


def csv_has_the_same(world):
    world.write(story())
    row = world.csv("sessions", "--user", "alice", "--since", a_time(0), "--utc")[0]
    assert row["id"] == "1" and row["typed"] == "alice+full" and row["ended"] == iso(2 * HOUR), row
    assert row["upload_bytes"] == str(150 * MIB) and row["gone_by"] == "", row
    world.run("sessions", "--csv", "--no-header")
    assert world.out.startswith("6,"), world.out


def filters_take_what_fits_all_of_them(world):
    world.write(story())
    for arguments, ids in (
            (["--user", "alice"], [1, 5]),
            (["--profile", "campus"], [3, 2, 4]),
            (["--server", "lab"], [6, 3]),
            (["--address", "10.8.0.2"], [3, 1]),
            (["--address", "10.8.0.2", "--user", "carol"], [3]),
            (["--address", "10.8.0.2", "--server", "campus"], [1]),
            (["--address", "2001:db8:0::2"], [1]),
            (["--real-address", "203.0.113.5"], [1, 2]),
            (["--real-address", "203.0.113.5", "--user", "bob"], [2]),
            (["--real-address", "2001:db8:1::4", "--open"], [4]),
            (["--address", "10.8.0.2", "--real-address", "203.0.113.7"], [3]),
            (["--open"], [4]),
            (["--min-upload", "6M", "--since", a_time(-90 * DAY)], [1, 4]),
            (["--min-upload", "5M", "--profile", "campus", "--since", a_time(-90 * DAY)], [2, 4]),
            (["--min-upload", "6M", "--open"], [4]),
            (["--min-upload", "10M", "--address", "10.8.0.2"], [1]),
            (["--user", "alice", "--min-upload", "2M"], [1])):
        assert world.ids("sessions", *arguments) == ids, (arguments, world.out)


def a_session_that_began_before_the_time_asked_about_is_in_it(world):
    world.write(story())
    for first, last, ids in ((10, 20, [1, 2, 4]),
                             (HOUR // 2, HOUR // 2, [1, 2, 4]),
                             (HOUR // 2 + 1, HOUR - 1, [1, 4]),
                             (HOUR + 1801, HOUR + 1802, [3, 1, 4]),
                             (HOUR + 5401, HOUR + 5402, [4]),
                             (-20 * DAY, -20 * DAY, [4, 5]),
                             (-70 * DAY, -59 * DAY, [5]),
                             (-70 * DAY, -61 * DAY, [])):
        asked = ["sessions", "--since", a_time(first), "--until", a_time(last)]
        assert world.ids(*asked, status=0 if ids else 1) == ids, (first, last, world.out)
        # The same by users: another index.
        for user in ("alice", "bob", "dave"):
            theirs = [i for i in ids if {1: "alice", 5: "alice", 2: "bob", 4: "dave"}.get(i) == user]
            assert world.ids(*asked, "--user", user, status=0 if theirs else 1) == theirs, world.out


def everybody_who_was_online_at_a_moment(world):
    world.write(story())
    assert world.ids("sessions", "--at", a_time(HOUR + 30)) == [6, 3, 1, 4]
    assert world.ids("sessions", "--at", a_time(5), "--server", "lab", status=1) == []
    world.run("sessions", "--at", a_time(5), "--since", "-2h", status=2)
    assert "--at excludes --since and --until" in world.err, world.err


def an_address_counts_only_while_it_was_held(world):
    lines = story()
    lines.add("held", kind=REAL, before_end=1, session=1, address="198.51.100.1", since=0,
              until=600)
    world.write(lines)
    old = ["--real-address", "198.51.100.1"]
    assert world.ids("sessions", *old) == [1]
    assert world.ids("sessions", *old, "--until", a_time(600)) == [1]
    assert world.ids("sessions", *old, "--since", a_time(601), status=1) == []
    assert world.ids("sessions", *old, "--address", "10.8.0.2", "--since", a_time(601),
                     status=1) == []
    assert world.ids("sessions", *old, "--address", "10.8.0.2", "--at", a_time(300)) == [1]


def the_order_can_be_chosen_and_the_number_limited(world):
    world.write(story())
    ever = ["--since", a_time(-90 * DAY), "--sort"]
    assert world.ids("sessions", *ever, "upload") == [1, 4, 2, 5, 6, 3], world.out
    assert world.ids("sessions", *ever, "download") == [2, 4, 1, 5, 6, 3], world.out
    assert world.ids("sessions", *ever, "ended") == [4, 1, 3, 6, 2, 5], world.out
    assert world.ids("sessions", *ever, "duration")[:3] == [4, 5, 2], world.out
    for order, ids in (("upload", [1, 4]), ("started", [6, 3])):
        assert world.ids("sessions", *ever, order, "--limit", "2") == ids
        assert "there are more" in world.err, world.err
    assert world.ids("sessions", "--limit", "6") == [6, 3, 1, 2, 4, 5]
    assert "there are more" not in world.err, world.err


def the_largest_of_no_time_are_those_of_thirty_days_and_that_is_said(world):
    lines = story()
    lines.session(7, "frank", now() - 31 * DAY, now() - 31 * DAY + 60, from_client=90 * MIB)
    lines.session(8, "frank", now() - 29 * DAY, now() - 29 * DAY + 60, from_client=4 * MIB)
    world.write(lines)
    said = "of the last 30 days only, from "
    for asked, ids in ((["--sort", "upload"], [4, 8]), (["--sort", "ended"], [4, 8]),
                       (["--min-upload", "4M"], [8, 4]), (["--min-upload", "5M"], [4]),
                       (["--min-upload", "4M", "--profile", "campus"], [4]),
                       (["--sort", "download", "--server", "lab"], [])):
        assert world.ids("sessions", *asked, status=0 if ids else 1) == ids, (asked, world.out)
        assert said in world.err, (asked, world.err)
    world.run("sessions", "--sort", "upload")
    assert said in world.out, world.out
    # Up to a time, those before it.
    assert world.ids("sessions", "--sort", "upload", "--until", a_time(0)) == [1, 4, 2, 5]
    assert said in world.err, world.err
    # What is narrowed otherwise is of all times, and so is what is listed as it began.
    for asked, ids in ((["--sort", "upload", "--user", "frank"], [7, 8]),
                       (["--sort", "upload", "--address", "10.8.0.2"], [1, 3]),
                       (["--sort", "upload", "--open"], [4]),
                       (["--sort", "upload", "--at", a_time(5)], [1, 4, 2]),
                       (["--min-upload", "5M", "--user", "frank"], [7]),
                       (["--limit", "3"], [8, 7, 6])):
        assert world.ids("sessions", *asked) == ids, (asked, world.out)
        assert said not in world.err, (asked, world.err)


ORDERS = {
    "started": lambda session: session["started"],
    "upload": lambda session: session["upload"],
    "download": lambda session: session["download"],
    "ended": lambda session: float("inf") if session["ended"] is None else session["ended"],
}


def random_histories_and_filters_agree_with_a_search_by_hand(world):
    chance = random.Random(20231115)
    users = ["ann", "ben", "cid"]
    sessions = []
    lines = Lines()
    lines.add("server", id=1, name="campus")
    lines.add("run", id=1, server=1, began=-100 * DAY)
    for number in range(1, 301):
        started = chance.randrange(-70 * DAY, 0)
        length = chance.choice([10, 899, 900, 901, 3600, 14401, 60000, 230401, 921600, 3686400,
                                3686401, 5000000])
        kind = chance.random()
        ended = None if kind < 0.1 else started + length
        gone_by = ended + chance.randrange(1, 5000) if 0.1 < kind < 0.3 else None
        session = {"id": number, "user": chance.choice(users), "started": started, "ended": ended,
                   "last": float("inf") if ended is None else gone_by or ended,
                   "address": f"10.8.0.{chance.randrange(5)}",
                   "upload": chance.randrange(100), "download": chance.randrange(100),
                   "profile": chance.choice(["p", "q"])}
        sessions.append(session)
        lines.session(number, session["user"], started, ended, session["address"],
                      gone_by=gone_by, from_client=None if ended is None else session["upload"],
                      to_client=None if ended is None else session["download"],
                      profile=session["profile"])
        if ended is None:
            lines.add("running", session=number, last_seen=started, from_client=session["upload"],
                      to_client=session["download"], counted_at=started, bucket=started, base_from=0, base_to=0,
                      base_at=started, epoch_from=0, epoch_to=0)
    world.write(lines)
    for _ in range(100):
        first = chance.choice([-80 * DAY, chance.randrange(-70 * DAY, 0)])
        last = first + chance.choice([0, 60, 7200, 30 * DAY, 90 * DAY])
        asked = ["--since", a_time(first), "--until", a_time(last)]
        truth = [s for s in sessions if s["started"] <= last and s["last"] >= first]
        if chance.random() < 0.4:
            asked += ["--user", (user := chance.choice(users))]
            truth = [s for s in truth if s["user"] == user]
        if chance.random() < 0.4:
            asked += ["--address", (address := f"10.8.0.{chance.randrange(5)}")]
            truth = [s for s in truth if s["address"] == address]
        if chance.random() < 0.3:
            asked += ["--min-upload", str(least := chance.randrange(100))]
            truth = [s for s in truth if s["upload"] >= least]
        if chance.random() < 0.3:
            asked += ["--profile", "p"]
            truth = [s for s in truth if s["profile"] == "p"]
        if chance.random() < 0.2:
            asked += ["--open"]
            truth = [s for s in truth if s["ended"] is None]
        order = chance.choice(["started", "upload", "download", "ended"])
        truth.sort(key=lambda s: (ORDERS[order](s), s["started"]), reverse=True)
        limit = chance.choice([0, 0, 3])
        truth = truth[:limit] if limit else truth
        found = world.ids("sessions", *asked, "--sort", order, "--limit", str(limit),
                          status=0 if truth else 1)
        assert found == [s["id"] for s in truth], (asked, order, limit, found, truth)


def a_table_shows_what_fits_and_marks_ends_that_nobody_saw(world):
    world.write(story())
    seen = world.on_terminal(80, "sessions", "--server", "lab")
    lines = seen.splitlines()
    assert all(len(line) <= 80 for line in lines), seen
    assert lines[0].split()[:4] == ["ID", "USER", "STARTED", "ENDED"], seen
    assert "~2023-11-15 13:30:00" in seen and "~ is the last sign of life" in seen, seen
    wide = world.on_terminal(200, "sessions", "--user", "alice").splitlines()
    assert wide[0].split() == ["ID", "USER", "STARTED", "ENDED", "ADDRESS", "UPLOAD", "DOWNLOAD",
                               "LASTED", "PROFILE", "SERVER", "REAL", "ADDRESS", "END",
                               "CLIENT"], wide
    world.run("sessions", "--user", "dave")
    assert " open " in world.out and "9.0 MiB" in world.out, world.out
    world.run("sessions", "--user", "dave", "--no-header")
    assert "STARTED" not in world.out and "Note" not in world.out, world.out


def a_table_of_many_says_that_there_are_more(world):
    lines = Lines()
    lines.add("server", id=1, name="campus")
    lines.add("run", id=1, server=1, began=-DAY)
    for number in range(1, 121):
        lines.session(number, "alice", number, number + 1)
    world.write(lines)
    world.run("sessions")
    assert world.out.count("\n") == 103, world.out  # heading, zone, note
    assert "there are more: --limit 0 shows all" in world.out, world.out
    assert len(world.json("sessions")) == 120


# ── what is not there ──


def a_name_that_is_not_there_is_said_with_the_nearest(world):
    world.write(story())
    assert world.json("sessions", "--user", "alcie", status=NOBODY_SUCH) == []
    assert 'nothing is on record of the user "alcie"; did you mean "alice"?' in world.err, world.err
    world.run("sessions", "--user", "ALICE", status=NOBODY_SUCH)
    assert 'did you mean "alice"?' in world.err, world.err
    world.run("sessions", "--profile", "campsu", status=NOBODY_SUCH)
    assert 'did you mean "campus"?' in world.err, world.err
    world.run("live", "--server", "kampus", status=NOBODY_SUCH)
    assert 'did you mean "campus"?' in world.err, world.err
    world.run("sessions", "--address", "10.99.0.1", status=NOBODY_SUCH)
    assert 'of the VPN address "10.99.0.1"' in world.err, world.err
    world.run("sessions", "--until", a_time(-90 * DAY), status=NOBODY_SUCH)
    assert "no session fits" in world.err, world.err
    world.run("sessions", "--sort", "size", status=2)
    world.run("sessions", "alice", status=2)


def an_answer_that_a_gap_could_change_says_so(world):
    lines = story()
    lines.add("gap", id=1, server=1, kind=NOT_WATCHED, began=600, ended=700, covered=0,
              reason="Connection refused")
    lines.add("gap", id=2, server=2, kind=SPOOL_LOST, began=4000, ended=4001, covered=0, count=3)
    lines.add("gap", id=3, kind=CLOCK, began=5000, ended=5000, covered=0, count=90)
    lines.add("gap", id=4, server=1, kind=NOT_WATCHED, began=-9000, ended=-8000, covered=1)
    world.write(lines)
    world.run("sessions", "--utc")
    for part in ("campus, 2023-11-15 12:10:00 UTC to 2023-11-15 12:11:40 UTC: the daemon had no "
                 "connection to the server (not-watched: Connection refused). Something may be "
                 "missing.", "(spool-lost, 3)", "the system clock was set"):
        assert part in " ".join(world.out.split()), (part, world.out)
    assert "09:30:00" not in world.out, world.out  # the plugin told of that time
    world.run("sessions", "--server", "lab")
    assert "Connection refused" not in world.out and "spool-lost" in world.out, world.out
    world.run("sessions", "--until", a_time(599))
    assert "not-watched" not in world.out, world.out
    world.run("sessions", "--json")
    assert "spool-lost" in world.err and "spool-lost" not in world.out, world.err


def an_answer_of_a_recorder_that_does_not_run_says_so(world):
    world.write(story())
    world.run("live")
    assert "the recorder was stopped at 2023-11-15 14:00:00 UTC" in world.out, world.out
    world.run("sessions", "--until", a_time(HOUR))
    assert "recorder" not in world.out, world.out
    lines = Lines()
    lines.add("alive", at=now())
    world.write(lines)
    world.run("live")
    assert "recorder" not in world.out, world.out


# ── live ──


def live_shows_the_open_sessions_and_their_rates(world):
    world.write(story())
    row = world.json("live", "--utc")[0]
    # 3 MiB of this bucket and 3 MiB of the one before, in two buckets.
    assert row["upload_rate"] == 6 * MIB // (2 * BUCKET), row
    assert row["download_rate"] == 90 * MIB // (2 * BUCKET), row
    del row["duration_s"]
    assert row == {"id": 4, "user": "dave", "vpn_address": "10.8.0.4", "vpn_address6": None,
                   "upload_rate": 10485, "download_rate": 157286, "upload_bytes": 9 * MIB,
                   "download_bytes": 80 * MIB, "started": iso(-50 * DAY), "profile": "campus",
                   "server": "campus", "real_address": "2001:db8:1::4", "real_port": None,
                   "client_program": None, "client_platform": None, "last_seen": iso(2 * HOUR),
                   "counted_at": iso(2 * HOUR)}, row
    world.run("live")
    assert "10.2 KiB/s" in world.out and "1 open session: upload 10.2 KiB/s" in world.out, world.out


def a_session_without_counts_has_no_rate_and_not_0(world):
    lines = Lines()
    lines.add("server", id=1, name="campus")
    lines.add("run", id=1, server=1, began=-DAY)
    lines.session(1, "new", 0, None, "10.8.0.9")
    lines.add("running", session=1, last_seen=0, bucket=0, base_from=0, base_to=0, base_at=0,
              epoch_from=0, epoch_to=0)
    lines.session(2, "fast", 0, None, "10.8.0.8")
    lines.add("running", session=2, last_seen=100, from_client=5000, to_client=100, counted_at=100,
              bucket=0, base_from=0, base_to=0, base_at=0, epoch_from=0, epoch_to=0)
    world.write(lines)
    rows = world.json("live")
    assert [(row["user"], row["upload_rate"]) for row in rows] == [("fast", 50), ("new", None)], rows
    assert rows[1]["upload_bytes"] is None, rows
    world.run("live")
    assert "2 open sessions (1 without counts): upload 50 B/s" in world.out, world.out
    assert world.ids("live", "--sort", "started", "--limit", "1") == [1]


def nobody_is_live_where_nobody_is(world):
    lines = Lines()
    lines.add("alive", at=now())
    world.write(lines)
    assert world.json("live", status=1) == []
    assert "nobody is connected" in world.err, world.err


# ── show ──


def show_has_the_addresses_with_how_sure_they_are(world):
    lines = story()
    lines.add("held", kind=REAL, before_end=1, session=1, address="198.51.100.1", since=0,
              until=600)
    world.write(lines)
    shown = world.json("show", "1", "--utc")[0]
    assert shown["user"] == "alice" and shown["server_pid"] == 812, shown
    assert shown["addresses"] == [
        {"kind": "vpn", "address": "10.8.0.2", "since": iso(0), "certain_until": iso(2 * HOUR),
         "until": iso(2 * HOUR), "also_held_by": [
             {"id": 3, "user": "carol", "server": "lab", "since": iso(HOUR),
              "until": iso(HOUR + 5400)}]},
        {"kind": "vpn", "address": "2001:db8::2", "since": iso(0), "certain_until": iso(2 * HOUR),
         "until": iso(2 * HOUR), "also_held_by": []},
        {"kind": "real", "address": "198.51.100.1", "since": iso(0), "certain_until": iso(600),
         "until": iso(600), "also_held_by": []},
        {"kind": "real", "address": "203.0.113.5", "since": iso(0),
         "certain_until": iso(2 * HOUR), "until": iso(2 * HOUR), "also_held_by": []},
    ], shown["addresses"]
    carol = world.json("show", "3", "--utc")[0]["addresses"][0]
    assert carol["certain_until"] == iso(HOUR + 1800), carol
    assert carol["until"] == iso(HOUR + 5400), carol
    world.run("show", "3")
    for part in ("certain until 2023-11-15 13:30:00 UTC, possible after that",
                 "alice may have held it, too (session 1 on campus)", "the end was not seen",
                 "Gone by 2023-11-15 14:30:00 UTC", "asked for and refused"):
        assert part in " ".join(world.out.split()), (part, world.out)


def show_says_which_versions_of_looked_up_routes_it_was_given(world):
    lines = story()
    lines.session(8, "erin", 0, HOUR, profile="library", from_client=1, to_client=1,
                  routes="journals@1700049600,cloud@0,+3,x@y@,@7,z@-1,big@99999999999999999999")
    world.write(lines)
    assert world.json("show", "8")[0]["routes"].startswith("journals@1700049600,cloud@0,+3,")
    assert world.json("show", "2")[0]["routes"] is None, world.out
    world.run("show", "8", "--utc")
    shown = " ".join(world.out.split())
    assert ("Routes journals of 2023-11-15 12:00:00 UTC; cloud, of which nothing was looked up yet; "
            "+3; x@y@;") in shown and "z@-1; big@9999" in shown, world.out
    world.run("show", "2")
    assert "Routes" not in world.out, world.out


def an_open_session_holds_its_address_for_certain_only_while_somebody_watches(world):
    world.write(story())
    dave = world.json("show", "4", "--utc")[0]["addresses"][0]
    assert dave["until"] is None and dave["certain_until"] == iso(2 * HOUR), dave
    world.run("show", "4")
    assert "certain until 2023-11-15 14:00:00 UTC" in " ".join(world.out.split()), world.out
    lines = Lines()
    lines.add("alive", at=now())
    world.write(lines)
    assert world.json("show", "4")[0]["addresses"][0]["certain_until"] is None, world.out
    lines.add("gap", id=1, server=1, kind=NOT_WATCHED, began=3 * HOUR)
    world.write(lines)
    dave = world.json("show", "4", "--utc")[0]["addresses"][0]
    assert dave["certain_until"] == iso(2 * HOUR), dave


def an_address_that_changes_hands_has_one_holder_at_a_time(world):
    lines = Lines()
    lines.add("server", id=1, name="campus")
    lines.add("run", id=1, server=1, began=-DAY)
    for number, (first, last) in enumerate(((0, 100), (100, 200), (200, None)), 1):
        lines.session(number, f"user{number}", first, last, "10.8.0.2")
    world.write(lines)
    for number in (1, 2, 3):
        address = world.json("show", str(number))[0]["addresses"][0]
        assert address["also_held_by"] == [], (number, address)


def show_has_the_traffic_over_time(world):
    world.write(story())
    shown = world.json("show", "1", "--utc")[0]
    assert shown["traffic"] == [
        {"since": iso(0), "until": iso(BUCKET), "upload_bytes": 100 * MIB,
         "download_bytes": 10 * MIB},
        {"since": iso(HOUR), "until": iso(HOUR + BUCKET), "upload_bytes": 50 * MIB,
         "download_bytes": 0}], shown["traffic"]
    dave = world.json("show", "4", "--utc")[0]["traffic"]
    assert [row["upload_bytes"] for row in dave] == [3 * MIB, 3 * MIB], dave
    seen = world.on_terminal(80, "show", "1")
    assert "Upload" in seen and "█" in seen and all(len(x) <= 80 for x in seen.splitlines()), seen
    world.run("show", "6")
    assert "Upload     not known" in world.out and "█" not in world.out, world.out


def bytes_of_a_time_when_nobody_counted_are_not_drawn_as_one_bucket(world):
    lines = Lines()
    lines.add("server", id=1, name="campus")
    lines.add("run", id=1, server=1, began=-DAY)
    lines.session(1, "alice", 0, 4 * HOUR, from_client=3000, to_client=0)
    lines.add("traffic", bucket=0, session=1, from_client=1000, to_client=0)
    lines.add("traffic", bucket=3 * HOUR, session=1, from_client=2000, to_client=0, since=HOUR)
    world.write(lines)
    traffic = world.json("show", "1", "--utc")[0]["traffic"]
    assert traffic[1]["since"] == iso(HOUR) and traffic[1]["until"] == iso(3 * HOUR + BUCKET)
    assert "?" in world.on_terminal(100, "show", "1")


def show_as_csv_has_a_line_for_each_thing(world):
    world.write(story())
    rows = world.csv("show", "1", "--utc")
    assert list(rows[0]) == ["what", "since", "until", "value", "upload_bytes", "download_bytes"]
    by_what = {row["what"]: row for row in rows}
    assert by_what["user"]["value"] == "alice" and by_what["ended"]["since"] == iso(2 * HOUR), rows
    assert by_what["also_held_by"]["value"] == "carol", rows
    assert [row["upload_bytes"] for row in rows if row["what"] == "traffic"] == \
        [str(100 * MIB), str(50 * MIB)], rows


def a_session_that_is_not_there_is_not_shown(world):
    world.write(story())
    world.run("show", "99", status=1)
    assert "there is no session 99" in world.err and world.out == "", world.err
    assert world.json("show", "99", status=1) == []
    world.run("show", "1x", status=2)
    world.run("show", "99999999999999999999", status=2)
    world.run("show", status=2)


# ── refused ──


def refused_says_who_wanted_what_and_why_not(world):
    lines = story()
    for number, (user, at, server) in enumerate((("alice", 0, 1), ("bob", 100, 2),
                                                 ("alice", 200, 1)), 1):
        lines.add("refusal", id=number, at=at, server=server, user=user, typed=f"{user}+ful",
                  common_name=f"{user}.cn", wanted="ful", reason="There is no such profile.",
                  real="198.51.100.7", real_port=5000 + number)
    world.write(lines)
    rows = world.json("refused", "--utc")
    assert [row["at"] for row in rows] == [iso(200), iso(100), iso(0)], rows
    assert rows[1] == {"at": iso(100), "user": "bob", "typed": "bob+ful", "common_name": "bob.cn",
                       "wanted": "ful", "reason": "There is no such profile.",
                       "real_address": "198.51.100.7", "real_port": 5002, "server": "lab"}, rows[1]
    for arguments, n in ((["--user", "alice"], 2), (["--server", "lab"], 1),
                         (["--since", a_time(100)], 2), (["--until", a_time(99)], 1),
                         (["--user", "alice", "--since", a_time(100)], 1),
                         (["--user", "alice", "--limit", "1"], 1), (["--limit", "2"], 2)):
        assert len(world.json("refused", *arguments)) == n, (arguments, world.out)
    assert "there are more" in world.err, world.err
    world.run("refused", "--user", "carol", status=1)
    assert "nobody was refused" in world.err, world.err
    world.run("refused")
    assert "There is no such profile." in world.out, world.out


# ── completion ──


def bash_completes_the_names_that_are_in_the_database(world):
    world.write(story())
    assert world.completed("sessions", "--user", "") == [
        "alice", "bob", "carol", "dave", "erin"]
    assert world.completed("sessions", "--user", "c") == ["carol"]
    assert world.completed("refused", "--user", "=", "a") == ["alice"]
    assert world.completed("live", "--profile", "") == ["campus", "full"]
    assert world.completed("sessions", "--profile", "=") == ["campus", "full"]
    assert world.completed("who", "10.8.0.2", "--server", "") == ["campus", "lab"]
    assert world.completed("live", "--server", "l") == ["lab"]
    assert world.completed("live", "--server", "x") == [""]


def completion_asks_the_database_that_is_named(world):
    world.write(story())
    there, world.database = world.database, "/nonexistent"
    assert world.completed("live", "--server", "") == [""]
    assert world.completed("live", "--database", there, "--server", "") == ["campus", "lab"]
    assert world.completed("live", "--database", "=", there, "--server", "") == ["campus", "lab"]


def completion_offers_no_name_of_the_database_that_a_shell_would_obey(world):
    world.write(story())
    for name in ("$(id)", "a;b", "a b", "-a", "a`id`", "a'b", "a\nb", "\x1b[2J", "../é"):
        world.sql("UPDATE user SET name = '" + name.replace("'", "''") + "' WHERE name = 'bob'")
        for begins in ("", "a", "$", "-"):
            assert name not in world.completed("sessions", "--user", begins), (name, begins)
            assert "b" not in world.completed("sessions", "--user", begins), (name, begins)
        world.sql("UPDATE user SET name = 'bob' WHERE name = '" + name.replace("'", "''") + "'")


if __name__ == "__main__":
    sys.exit(run_tests(sys.modules[__name__]))
