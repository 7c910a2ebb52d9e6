#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""byway usage adds up what was sent, to the bucket, whatever it takes it from. Prints TAP.

Each function whose name is a sentence is a test.
"""

import collections
import datetime
import random
import sys
import zoneinfo

sys.dont_write_bytecode = True

from history import BUCKET, HOUR, MIB, NOON, NOT_WATCHED, Lines, iso, now, run_tests

DAY = 24 * HOUR
USERS = ["ann", "ben", "cid", "dot"]


def a_time(seconds):
    return f"@{NOON + seconds}"


def servers(lines):
    for number, name in ((1, "campus"), (2, "lab")):
        lines.add("server", id=number, name=name)
        lines.add("run", id=number, server=number, began=-100 * DAY)


def make_traffic(world, chance, first, last):
    """Random buckets of random sessions: (bucket, user, profile, server, upload, download)."""
    lines = Lines()
    servers(lines)
    truth = []
    for number in range(1, 41):
        user, profile = chance.choice(USERS), chance.choice(["full", "split", None])
        server = chance.choice([1, 2])
        begin = chance.randrange(first, last)
        end = min(last, begin + chance.choice([HOUR, DAY, 5 * DAY]))
        lines.session(number, user, begin, end, profile=profile, run=server)
        chosen = range(begin // BUCKET * BUCKET, end, BUCKET)
        for bucket in chance.sample(chosen, min(len(chosen), 40)):
            upload, download = chance.randrange(1000), chance.randrange(10 ** 12)
            lines.add("traffic", bucket=bucket, session=number, from_client=upload,
                      to_client=download)
            truth.append((bucket, user, profile, "lab" if server == 2 else "campus", upload,
                          download))
    lines.add("alive", at=last)
    world.write(lines)
    return truth


def period(by, zone, seconds):
    """When the local day or hour of a moment begins, as JSON shows it."""
    local = datetime.datetime.fromtimestamp(NOON + seconds, zone)
    if by == "day":
        return local.strftime("%Y-%m-%d")
    # By going back in real time: where clocks are set back, an hour comes twice.
    begin = NOON + seconds - local.minute * 60 - local.second
    return datetime.datetime.fromtimestamp(begin, zone).isoformat().replace("+00:00", "Z")


def sums(truth, first, last, key):
    """By hand. A bucket counts where it has any part in the time."""
    total = collections.defaultdict(lambda: [0, 0])
    for row in truth:
        if row[0] + BUCKET > first and row[0] <= last:
            total[key(row)][0] += row[4]
            total[key(row)][1] += row[5]
    return {name: tuple(both) for name, both in total.items() if any(both)}


def found(rows, key):
    return {row[key]: (row["upload_bytes"], row["download_bytes"]) for row in rows
            if row["upload_bytes"] or row["download_bytes"]}


def random_times_agree_with_adding_up_by_hand(world):
    chance = random.Random(1)
    truth = make_traffic(world, chance, -40 * DAY, 0)
    for _ in range(60):
        first = chance.randrange(-42 * DAY, 0)
        last = first + chance.choice([0, 200, HOUR, 5 * HOUR, DAY, 3 * DAY, 30 * DAY])
        by, at = chance.choice([("user", 1), ("profile", 2), ("server", 3)])
        expected = sums(truth, first, last, lambda row: row[at])
        rows = world.json("usage", "--by", by, "--since", a_time(first), "--until", a_time(last),
                          status=0 if expected else 1)
        assert found(rows, by) == expected, (by, first, last, rows, expected)
        order = [row["upload_bytes"] for row in rows]
        assert order == sorted(order, reverse=True), rows


def days_and_hours_are_those_of_the_local_zone(world):
    chance = random.Random(2)
    # Berlin set its clocks back on 29 October, half of the others have odd offsets.
    truth = make_traffic(world, chance, -19 * DAY, -10 * DAY)
    for name in ("UTC", "Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu", "America/New_York",
                 "Australia/Lord_Howe"):
        zone = zoneinfo.ZoneInfo(name)
        for by in ("day", "hour"):
            first = chance.randrange(-19 * DAY, -14 * DAY)
            last = first + chance.choice([7 * HOUR, 4 * DAY])
            expected = sums(truth, first, last, lambda row: period(by, zone, row[0]))
            rows = world.json("usage", "--by", by, "--since", a_time(first), "--until",
                              a_time(last), zone=name, status=0 if expected else 1)
            assert found(rows, by) == expected, (name, by, first, last, found(rows, by), expected)
            keys = [row[by] for row in rows]
            assert len(set(keys)) == len(keys), keys


def a_period_without_bytes_between_others_is_shown(world):
    lines = Lines()
    servers(lines)
    lines.session(1, "ann", -5 * DAY, 0)
    for bucket in (-4 * DAY, -2 * DAY):
        lines.add("traffic", bucket=bucket, session=1, from_client=100, to_client=1)
    world.write(lines)
    rows = world.json("usage", "--by", "day", "--since", a_time(-10 * DAY), "--until", a_time(0),
                      "--utc")
    assert [(row["day"], row["since"], row["upload_bytes"]) for row in rows] == [
        ("2023-11-11", "2023-11-11T00:00:00Z", 100), ("2023-11-12", "2023-11-12T00:00:00Z", 0),
        ("2023-11-13", "2023-11-13T00:00:00Z", 100)], rows
    largest = world.json("usage", "--by", "day", "--since", a_time(-10 * DAY), "--top", "1",
                         "--until", a_time(0), "--utc")
    assert [row["day"] for row in largest] == ["2023-11-11"], largest


def the_bucket_that_has_not_ended_counts(world):
    lines = Lines()
    servers(lines)
    present = (NOON + now()) // BUCKET * BUCKET - NOON
    lines.session(1, "ann", present - DAY, None, profile="full")
    lines.add("running", session=1, last_seen=now(), counted_at=now(), from_client=5000,
              to_client=700, bucket=present, base_from=2000, base_to=600, base_at=present,
              epoch_from=0, epoch_to=0)
    lines.add("traffic", bucket=present - BUCKET, session=1, from_client=2000, to_client=600)
    lines.add("alive", at=now())
    world.write(lines)
    for by, key in (("user", "ann"), ("profile", "full"), ("server", "campus")):
        assert found(world.json("usage", "--by", by), by) == {key: (5000, 700)}, world.out
    for by in ("day", "hour"):
        rows = world.json("usage", "--by", by)
        assert sum(row["upload_bytes"] for row in rows) == 5000, rows
    early = world.json("usage", "--until", a_time(present - 1))
    assert early[0]["upload_bytes"] == 2000, early


def an_idle_person_is_no_row(world):
    lines = Lines()
    servers(lines)
    lines.session(1, "ann", now() - HOUR, None)
    lines.add("running", session=1, last_seen=now(), counted_at=now(), from_client=0, to_client=0,
              bucket=now() - 60, base_from=0, base_to=0, base_at=now() - 60, epoch_from=0,
              epoch_to=0)
    world.write(lines)
    assert world.json("usage", status=1) == []
    assert "no traffic was counted" in world.err, world.err


def where_buckets_were_deleted_whole_days_count(world):
    chance = random.Random(3)
    truth = make_traffic(world, chance, -10 * DAY, 0)
    world.sql(f"DELETE FROM traffic WHERE bucket < {NOON - 3 * DAY}")
    first, last = -8 * DAY + 5000, -5 * DAY + 5000
    day = lambda seconds: (NOON + seconds) // DAY * DAY - NOON
    expected = sums(truth, day(first), day(last) + DAY - 1, lambda row: row[1])
    asked = ["usage", "--since", a_time(first), "--until", a_time(last), "--utc"]
    assert found(world.json(*asked), "user") == expected, world.out
    world.run(*asked)
    assert "2023-11-07 00:00:00 UTC to 2023-11-10 23:59:59 UTC" in " ".join(world.out.split()), \
        world.out


def the_largest_are_shown_and_the_others_counted(world):
    lines = Lines()
    servers(lines)
    for number in range(1, 31):
        lines.session(number, f"user{number}", 0, 60)
        lines.add("traffic", bucket=0, session=number, from_client=number * MIB, to_client=1)
    world.write(lines)
    asked = ["usage", "--since", a_time(0), "--until", a_time(60), "--utc"]
    assert [row["user"] for row in world.json(*asked, "--top", "2")] == ["user30", "user29"]
    assert len(world.json(*asked)) == 30
    world.run(*asked)
    said = " ".join(world.out.split())
    assert "user11" in said and "user10" not in said, world.out
    assert "upload 465 MiB, download 30 B in all; 20 of 30 users are shown (--top 0: all)" in said, said
    assert "2023-11-15 12:00:00 UTC to 2023-11-15 12:04:59 UTC, in steps of 5 min" in said, said


def bars_fit_the_terminal_and_compare(world):
    lines = Lines()
    servers(lines)
    for number, size in ((1, 8), (2, 4), (3, 0)):
        lines.session(number, f"user{number}", 0, 60)
        lines.add("traffic", bucket=0, session=number, from_client=size * MIB, to_client=MIB)
    world.write(lines)
    asked = ["usage", "--since", a_time(0), "--until", a_time(60)]
    for columns in (80, 100, 160):
        seen = world.on_terminal(columns, *asked).splitlines()
        assert all(len(line) <= columns for line in seen), seen
        bars = [line[:line.index("1.0 MiB")].count("█") for line in seen[1:4]]
        assert abs(bars[0] - 2 * bars[1]) <= 1 and bars[1] > 0 == bars[2], seen
    assert world.csv(*asked)[0]["upload_bytes"] == str(8 * MIB)
    assert world.run(*asked, "--no-header").count("\n") == 3, world.out


def what_nobody_counted_is_said(world):
    lines = Lines()
    servers(lines)
    lines.session(1, "ann", 0, 60)
    lines.add("traffic", bucket=0, session=1, from_client=MIB, to_client=1)
    lines.add("gap", id=1, server=1, kind=NOT_WATCHED, began=10, ended=20, covered=1)
    world.write(lines)
    world.run("usage", "--since", a_time(0), "--until", a_time(60))
    assert "When the bytes of that time were sent is not known." in " ".join(world.out.split())


def wrong_questions_are_errors(world):
    world.write(Lines())
    world.run("usage", "--by", "week", status=2)
    world.run("usage", "--since", a_time(10), "--until", a_time(5), status=2)
    world.run("usage", "--top", "-1", status=2)
    world.run("usage", "alice", status=2)


if __name__ == "__main__":
    sys.exit(run_tests(sys.modules[__name__]))
