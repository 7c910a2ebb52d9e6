#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever stands in the database, the byway command's answers stay answers. Prints TAP.

The recorder makes names harmless before it stores them; here they are written past it, into
every column there is, and every command is asked in every form. Each function whose name is
a sentence is a test.
"""

import csv
import io
import json
import sqlite3
import subprocess
import sys
import unicodedata

sys.dont_write_bytecode = True

from history import BYWAY, HOUR, NOON, NOT_WATCHED, Lines, run_tests
from sessions import story

# Each is text of SQL, since some is no text at all.
HOSTILE = {
    "escape sequences": r"X'1b5b324a1b5d303b6f776e65640741'",  # clear the screen, set the title
    "one-byte controls": r"X'c29b324a41'",  # the same as one character, U+009B
    "a newline and a carriage return": "'alice' || char(10) || 'mallory  certain' || char(13) || 'x'",
    "marks that turn the direction": "'a' || char(8238) || 'ecila' || char(8294) || char(8233)",
    "characters that nobody sees": "'ali' || char(8203) || 'ce' || char(65279)",
    "a formula": "'=cmd|''/c calc''!A1'",
    "a formula behind a blank": "' =1+1'",
    "a formula behind a tab": "char(9) || '=1+1'",
    "more formulas": "'+1+1' || char(10) || '@SUM(A1)' || char(10) || '-1'",
    "a formula behind a cell's end": "'x\";=1+1,\"' || char(9) || '=2+2'",
    "quotes and commas": "'a\"b,''c''\\d;<e>&f'",
    "bytes that are no UTF-8": "X'fffe80c0af41eda080f8888080'",
    "the end of a string in the middle": "'alice' || char(0) || 'mallory'",
    "a long name": "replace(hex(zeroblob(3000)), '00', 'ab ')",
    "nothing": "''",
    "blocks and lines": "char(9608) || char(9474) || char(9472)",
}

TEXT_COLUMNS = (
    ("user", "name"), ("profile", "name"), ("chosen_by", "name"), ("client", "program"),
    ("client", "platform"), ("address", "text"), ("server", "name"), ("end_reason", "name"),
    ("end_reason", "meaning"), ("session", "typed"), ("session", "common_name"),
    ("session", "routes"),
    ("refusal", "user"), ("refusal", "typed"), ("refusal", "common_name"), ("refusal", "wanted"),
    ("refusal", "reason"), ("refusal", "real"), ("gap_kind", "name"), ("gap_kind", "meaning"),
    ("gap", "reason"),
)

QUESTIONS = (
    ["who", "10.8.0.2", "--at", f"@{NOON + HOUR + 60}"], ["who", "203.0.113.5", "--at", f"@{NOON}"],
    ["sessions"], ["sessions", "--sort", "upload", "--since", "2000-01-01"], ["live"], ["show", "1"], ["show", "3"],
    ["show", "4"], ["usage", "--since", "2023-11-01"],
    ["usage", "--since", "2023-11-01", "--by", "profile"],
    ["usage", "--since", "2023-11-01", "--by", "server"],
    ["usage", "--since", "2023-11-01", "--by", "day"],
    ["usage", "--since", "2023-11-14", "--until", "2023-11-16", "--by", "hour"], ["refused"],
    ["db", "check"],
)


def full_story():
    """With a row in every table that a command reads."""
    lines = story()
    for number in (1, 2):
        lines.add("refusal", id=number, at=number, server=1, user=f"user{number}", typed="a+ful",
                  common_name="cn", wanted="ful", reason="There is no such profile.",
                  real="198.51.100.7", real_port=5000)
    lines.add("gap", id=1, server=1, kind=NOT_WATCHED, began=10, ended=20, covered=0, reason="why")
    return lines


def is_shown(character):
    """True for what a terminal puts on its screen and nothing else."""
    return unicodedata.category(character) not in ("Cc", "Cf", "Zl", "Zp", "Cs")


def check_text(text, what):
    bad = [c for c in text if c not in "\n" and not is_shown(c)]
    assert not bad, (what, bad, text)


def parse_json(text, what):
    check_text(text, what)
    return json.loads(text)


def parse_csv(text, what):
    check_text(text.replace("\r\n", "\n"), what)
    rows = list(csv.reader(io.StringIO(text)))
    for row in rows:
        assert len(row) == len(rows[0]), (what, row)
        for cell in row:
            for part in [cell] + [p for c in ",;\t" for p in cell.split(c)]:
                # A spreadsheet elsewhere ends cells at another character, and drops quotes.
                assert part.strip(" \"")[:1] not in ("=", "+", "@") and \
                    not (part.strip()[:1] == "-" and not part.strip()[1:].isdigit()), (what, row)
    return rows


def ask(world, arguments, form=None):
    utc = [] if arguments[:2] == ["db", "backup"] else ["--utc"]
    done = subprocess.run([BYWAY, *arguments, *([form] if form else []), *utc],
                          capture_output=True, timeout=60, check=False,
                          env={"BYWAY_DATABASE": world.database, "LC_ALL": "C.UTF-8", "TZ": "UTC"})
    what = (arguments, form)
    assert done.returncode in (0, 1, 2), (what, done)
    assert b"Sanitizer" not in done.stderr, done.stderr.decode()
    check_text(done.stderr.decode(), what)
    return done.returncode, done.stdout.decode(), what


def shape(world, question):
    """The exit status, and how many lines, objects and rows."""
    status, text, what = ask(world, question)
    check_text(text, what)
    found = [status, text.count("\n")]
    if question[0] != "db" and (question[0] != "who" or status == 0):
        found.append(len(parse_json(ask(world, question, "--json")[1], what)))
        found.append(len(parse_csv(ask(world, question, "--csv")[1], what)))
    return found


def set_all(world, value, columns=TEXT_COLUMNS):
    connection = sqlite3.connect(world.database)
    for table, column in columns:
        # Some must differ from one another.
        connection.execute(f"UPDATE {table} SET {column} = CAST(CAST({value} AS BLOB) || rowid "
                           f"AS TEXT) WHERE {column} IS NOT NULL")
    connection.commit()
    connection.close()


def every_text_stays_text_in_every_answer(world):
    world.write(full_story())
    set_all(world, "'harmless'", [c for c in TEXT_COLUMNS if c != ("address", "text")])
    expected = [shape(world, question) for question in QUESTIONS]
    for name, value in HOSTILE.items():
        # An address that is none cannot be asked about: `who` first, with those that are.
        for who in (True, False):
            set_all(world, value, [c for c in TEXT_COLUMNS if not who or c[0] != "address"])
            for question, wanted in zip(QUESTIONS, expected):
                if (question[0] == "who") != who:
                    continue
                got = shape(world, question)
                if question[0] == "show":  # a name that differs is one more thing to show
                    got[1] = wanted[1] = 0
                assert got == wanted, (name, question, got, wanted, ask(world, question))
        begin_anew(world.database)
        world.write(full_story())


def begin_anew(database):
    """No addresses, and none of what has some."""
    connection = sqlite3.connect(database)
    for table in ("held", "held_before", "running", "traffic", "usage_day", "usage_hour", "session",
                  "refusal", "gap", "address"):
        connection.execute(f"DELETE FROM {table}")
    connection.commit()
    connection.close()


def a_terminal_obeys_nothing(world):
    world.write(full_story())
    for name, columns in (("escape sequences", 80), ("one-byte controls", 200),
                          ("a newline and a carriage return", 80), ("a long name", 80),
                          ("bytes that are no UTF-8", 200)):
        set_all(world, HOSTILE[name], [c for c in TEXT_COLUMNS if c[0] != "address"])
        for question in QUESTIONS:
            check_text(world.on_terminal(columns, *question), question)


EXTREMES = (2 ** 63 - 1, -2 ** 63, -1, 0, 2 ** 62, 253402300800)

NUMBER_COLUMNS = (
    ("session", "started"), ("session", "ended"), ("session", "gone_by"),
    ("session", "from_client"), ("session", "to_client"), ("session", "real_port"),
    ("session", "cid"), ("session", "handshake"), ("session", "fell_back"), ("session", "profile"),
    ("server_run", "pid"), ("running", "last_seen"), ("running", "from_client"),
    ("running", "to_client"), ("running", "counted_at"), ("running", "base_from"),
    ("running", "base_to"), ("running", "base_at"), ("running", "bucket"), ("held", "until"),
    ("traffic", "from_client"), ("traffic", "to_client"), ("traffic", "since"),
    ("usage_day", "from_client"), ("usage_day", "to_client"), ("usage_hour", "from_client"),
    ("usage_hour", "to_client"), ("refusal", "at"), ("refusal", "real_port"), ("gap", "began"),
    ("gap", "ended"), ("gap", "count"), ("recorder", "alive_at"), ("recorder", "bucket_s"),
    ("span", "longest"),
)


def numbers_that_cannot_be_are_numbers(world):
    """The sanitizers watch: nothing overflows, no answer takes for ever."""
    world.write(full_story())
    with open(world.database, "rb") as original:
        before = original.read()
    for table, column in NUMBER_COLUMNS:
        for value in EXTREMES if column in ("started", "bucket_s") else EXTREMES[:2]:
            world.sql(f"UPDATE {table} SET {column} = {value}")
            for question in QUESTIONS:
                if not is_about(table, question):
                    continue
                # Small ones in tables, large ones in JSON.
                as_json = value > 0 and question[0] != "db"
                status, text, what = ask(world, question, "--json" if as_json else None)
                if as_json and status == 0:
                    parse_json(text, (table, column, value, what))
                check_text(text, (table, column, value, question))
            world.sql("PRAGMA wal_checkpoint(TRUNCATE)")
            with open(world.database, "wb") as original:
                original.write(before)


def is_about(table, question):
    """Whether a command reads the table at all: there are many questions."""
    if question[0] == "db":
        return table in ("recorder", "gap", "span", "session")
    return {"refusal": ["refused"], "usage_day": ["usage"], "usage_hour": ["usage"],
            "held": ["who", "sessions", "show"], "traffic": ["who", "show", "usage", "live"],
            }.get(table, [question[0]]).count(question[0]) > 0


def names_of_tables_and_files_are_shown_harmlessly(world):
    world.write(full_story())
    name = "t\x1b[2J\nVerdict    in order\u202e"
    world.sql(f'CREATE TABLE "{name}" (a INTEGER PRIMARY KEY); CREATE INDEX "i{name}" '
              'ON user (name, id); UPDATE session SET user = 999 WHERE id = 2')
    status, text, what = ask(world, ["db", "check"])
    check_text(text, what)
    assert status == 1 and text.count("\nVerdict ") == 1 and "Verdict    not in order" in text, text
    assert text.count("Byway's") == 2 and "refer to a user that is not there" in text, text
    for name in ("a\x1b[2Jb", "a\nb: 1.0 MiB", "a\u202eb", "a\\b"):
        copy = f"{world.path}/{name}"
        status, text, what = ask(world, ["db", "backup", copy])
        check_text(text, what)
        assert (status, text.count("\n")) == (0, 1), (what, text)
        status, text, what = ask(world, ["db", "backup", copy])
        assert (status, text) == (2, ""), (what, text)  # ask() has looked at what it said
        status, text, what = ask(world, ["db", "check", "--database", copy])
        check_text(text, what)
        assert status == 1 and text.count("\nVerdict ") == 1, text


def a_damaged_page_is_told_harmlessly(world):
    world.write(full_story())
    set_all(world, HOSTILE["escape sequences"], [c for c in TEXT_COLUMNS if c[0] != "address"])
    world.sql("PRAGMA wal_checkpoint(TRUNCATE)")
    with open(world.database, "rb") as original:
        before = original.read()
    for at in range(4096, len(before), 4096):  # whatever is on each page
        with open(world.database, "wb") as damaged:
            damaged.write(before[:at] + b"\x1b[2J\n\xff\x00" * 512 + before[at + 4096:])
        for question in (["db", "check"], ["sessions"]):
            status, text, what = ask(world, question)
            check_text(text, (at, what))
            assert status != 0 or question[0] == "sessions", (at, text)


def a_policy_that_says_it_is_explained_harmlessly(world):
    values = sqlite3.connect(":memory:")
    values.text_factory = bytes
    for name, value in HOSTILE.items():
        text, = values.execute(f"SELECT CAST({value} AS BLOB)").fetchone()
        quoted = text.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
        for where in (b'title "%s"\n', b'message "%s"\n', b'push "%s"\n', b'search-domain "%s"\n'):
            policy = f"{world.path}/policy.conf"
            with open(policy, "wb") as file:
                file.write(b"choose username-suffix +\ndefault-profile campus\n<profile campus>\n"
                           b"tunnel split\n" + where % quoted + b"</profile>\n")
            for arguments in (["explain", "alice"], ["explain", "--json", "alice"],
                              ["policy", "check"]):
                if arguments[0] == "policy":
                    arguments = [*arguments, policy]
                else:
                    arguments = [*arguments, "--policy", policy]
                done = subprocess.run([BYWAY, *arguments], capture_output=True, timeout=60,
                                      check=False, env={"LC_ALL": "C.UTF-8"})
                what = (name, where, arguments)
                assert done.returncode in (0, 1, 2), (what, done)
                check_text(done.stdout.decode(), what)
                check_text(done.stderr.decode(), what)
                if "--json" in arguments and done.stdout:
                    json.loads(done.stdout)


def what_is_typed_is_repeated_harmlessly(world):
    world.write(full_story())
    for value in ("\x1b[2J", "a\nb", "\u202eabc", "=1+1", "\xff", "%s%n", "'; DROP TABLE user; --"):
        for arguments in (["sessions", "--user", value], ["sessions", "--address", value],
                          ["sessions", "--profile", value], ["live", "--server", value],
                          ["usage", "--by", value], ["show", value], ["refused", "--user", value],
                          ["sessions", "--since", value], ["sessions", "--" + value],
                          ["sessions", "--database", value], ["db", "check", value],
                          ["db", "check", "--database", value], ["explain", "bob", "--from", value],
                          ["explain", "bob", "--policy", value], ["policy", "check", value],
                          ["db", "backup", f"/nonexistent/{value}"], [value], ["db", value]):
            status, text, what = ask(world, arguments)
            assert status in (1, 2), (status, what)
            check_text(text, what)
    assert world.ids("sessions", "--user", "alice") == [1, 5]


if __name__ == "__main__":
    sys.exit(run_tests(sys.modules[__name__]))
