# SPDX-License-Identifier: GPL-2.0-or-later
"""
Reads session spools, from the description of the format in lib/spool.h alone, and compares
them with what should be in them.
"""
import os
import urllib.parse

from .check import check

NUMBERS = {"format", "at", "boot_ms", "pid", "start", "session", "since", "fell_back", "port",
           "from_client", "to_client", "duration", "count"}


def parse(line):
    kind, *fields = line.split("\t")
    record = {"kind": kind}
    for field in fields:
        key, equals, value = field.partition("=")
        check(equals and key not in record, f"a spool line is not as described: {line!r}")
        record[key] = int(value) if key in NUMBERS else urllib.parse.unquote(value, errors="strict")
    return record


def is_garbage(line):
    """What a full disk left of a record: the writer ends it with a control character."""
    return any(not (" " <= byte <= "~" or byte == "\t") for byte in line)


def read(folder):
    """The records of each spool file of the folder, files in the order of their start."""
    files = []
    for name in os.listdir(folder):
        check(name.endswith(".spool"), f"{name} is not a spool file")
        with open(os.path.join(folder, name), encoding="ascii", newline="") as file:
            text = file.read()
        check(text.endswith("\n"), f"{name} ends within a line")
        check(len(max(text.split("\n"), key=len)) < 4096, f"{name} has a line that is too long")
        files.append([parse(line) for line in text[:-1].split("\n") if not is_garbage(line)])
    files.sort(key=lambda records: (records[0]["at"], records[0].get("boot_ms", 0)))
    for records in files:
        check_form(records)
    return files


def check_form(records):
    """What is true of every spool file, whatever happened."""
    first = records[0]
    check(first["kind"] == "server" and first["format"] == 1, f"first record: {first}")
    check(all(record["kind"] != "server" for record in records[1:]), "two server records")
    check(all("boot_ms" in record for record in records), "a record without boot_ms")
    check(all(a["at"] <= b["at"] and a["boot_ms"] <= b["boot_ms"]
              for a, b in zip(records, records[1:])), "the spool's clock went backwards")
    if any(record["kind"] == "lost" for record in records):
        return  # of what follows nothing is certain
    opened, closed = {}, {}
    for record in records:
        session = record.get("session")
        if record["kind"] == "connected":
            check(session not in opened, f"session {session} began twice")
            opened[session] = record
        elif session is not None:
            check(session in opened and session not in closed,
                  f"a record of a session that is not there: {record}")
            if record["kind"] in ("disconnected", "vanished"):
                closed[session] = record


def matches(record, expected):
    return all(record.get(key) == value for key, value in expected.items())


def compare(records, story):
    """Each record must have at least the fields of its part of the story; None: not there."""
    told = [record for record in records if record["kind"] != "server"]
    ok = len(told) == len(story) and all(map(matches, told, story))
    check(ok, "the spool tells another story:\n"
          + "\n".join(f"  got      {record}" for record in told)
          + "\n" + "\n".join(f"  expected {record}" for record in story))
