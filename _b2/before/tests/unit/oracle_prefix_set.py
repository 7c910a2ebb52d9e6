#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds lib/prefix_set against Python's ipaddress on random sets; prints TAP.

    oracle_prefix_set.py [SETS [SEED]]

Each test is SETS random sets (default 20) of one kind. What our cover must be
is taken from ipaddress alone: collapse_addresses() for the union,
address_exclude() for what is left after exclusions, then collapsed again. Run it
in the build folder, where `make check` does, with a large SETS for a long run.
"""

import ipaddress
import os
import random
import subprocess
import sys

PROGRAM = os.environ.get("PREFIX_SET_SCRIPT", "tests/unit/prefix_set_script")
BITS = {4: 32, 6: 128}


def network(family, address, length):
    bits = BITS[family]
    address = address >> (bits - length) << (bits - length)
    kind = ipaddress.IPv4Network if family == 4 else ipaddress.IPv6Network
    return kind((address, length))


class Kind:
    """A way to make random sets: `spread` free bits below a shared start of `base` bits."""

    def __init__(self, name, family, base, spread, shortest, largest):
        self.name, self.family, self.base = name, family, base
        self.spread, self.shortest, self.largest = spread, shortest, largest

    def prefixes(self, rng, count):
        bits = BITS[self.family]
        start = rng.getrandbits(self.base) << (bits - self.base) if self.base else 0
        for _ in range(count):
            length = min(bits, self.base + rng.randint(self.shortest, self.spread))
            free = length - self.base
            yield network(self.family, start | rng.getrandbits(free) << (bits - length)
                          if free else start, length)

    def sets(self, rng):
        """Two lists that share the start, so that they do overlap."""
        both = list(self.prefixes(rng, rng.randint(0, self.largest) + rng.randint(0, 60)))
        cut = rng.randint(0, len(both))
        return both[:cut], both[cut:]


KINDS = [
    Kind("IPv4, everywhere", 4, 0, 32, 0, 300),
    Kind("IPv4, long prefixes", 4, 0, 32, 20, 600),
    Kind("IPv4, crowded hosts", 4, 22, 10, 6, 400),
    Kind("IPv4, the largest prefixes", 4, 0, 6, 0, 20),
    Kind("IPv6, everywhere", 6, 0, 128, 0, 300),
    Kind("IPv6, a campus", 6, 32, 32, 4, 400),
    Kind("IPv6, across the middle", 6, 58, 12, 4, 300),
    Kind("IPv6, crowded hosts", 6, 118, 10, 5, 400),
    Kind("IPv6, the largest prefixes", 6, 0, 6, 0, 20),
]


class Script:
    """Our program, answering line by line."""

    def __init__(self):
        self.process = subprocess.Popen([PROGRAM], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def send(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")

    def ask(self, *words):
        self.send(*words)
        self.process.stdin.flush()
        return self.process.stdout.readline().split()

    def cover(self):
        return [ipaddress.ip_network(word) for word in self.ask("cover")]

    def close(self):
        self.process.stdin.close()
        return self.process.wait()


def collapse(networks):
    """The minimal cover of both families, IPv4 first."""
    cover = []
    for version in BITS:
        cover += ipaddress.collapse_addresses([n for n in networks if n.version == version])
    return cover


def overlaps(one, other):
    return one.version == other.version and one.overlaps(other)


def exclude(networks, unwanted):
    left = collapse(networks)
    for hole in collapse(unwanted):
        kept = []
        for part in left:
            if not overlaps(part, hole):
                kept.append(part)
            elif hole.prefixlen > part.prefixlen:
                kept += part.address_exclude(hole)
        left = kept
    return collapse(left)


def compare(what, ours, theirs):
    if ours == theirs:
        return None
    extra = sorted(map(str, set(ours) - set(theirs)))[:4]
    missing = sorted(map(str, set(theirs) - set(ours)))[:4]
    return f"{what}: {len(ours)} prefixes, not {len(theirs)}; extra {extra}, missing {missing}"


def ask_about(rng, script, cover, networks):
    """`has` for a few prefixes that were added, taken out, or are near one that was."""
    for asked in rng.sample(networks, min(4, len(networks))):
        if asked.prefixlen > 0 and rng.random() < 0.5:
            asked = asked.supernet()
        expected = any(part.version == asked.version and asked.subnet_of(part) for part in cover)
        if script.ask("has", asked) != [str(int(expected))]:
            return f"has {asked}: expected {expected}"
    return None


def one_round(rng, script, wanted, unwanted):
    """None, or what is wrong."""
    script.send("clear")
    for name, networks in (("a", wanted), ("b", unwanted)):
        for start in range(0, len(networks), 50):
            script.send(name, *networks[start:start + 50])
    if rng.random() < 0.7:  # else the difference is of a set that was never asked
        wrong = compare("cover", script.cover(), collapse(wanted))
        if wrong:
            return wrong
    script.send("minus")
    left = exclude(wanted, unwanted)
    wrong = compare("cover after exclusions", script.cover(), left)
    wrong = wrong or ask_about(rng, script, left, wanted + unwanted)
    script.send("union")
    return wrong or compare("cover of the union", script.cover(), collapse(wanted + unwanted))


def run(title, script, rounds, seed, make):
    for index in range(rounds):
        rng = random.Random(f"{seed} {title} {index}")
        wanted, unwanted = make(rng)
        wrong = one_round(rng, script, wanted, unwanted)
        if wrong:
            return f"set {index}: {wrong}"
    return None


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    seed = sys.argv[2] if len(sys.argv) > 2 else "byway"
    script = Script()
    tests = [(kind.name, kind.sets) for kind in KINDS]

    def both_families(rng):
        sets = [kind.sets(rng) for kind in rng.sample(KINDS, 2)]
        parts = [sum(part, []) for part in zip(*sets)]
        for part in parts:
            rng.shuffle(part)
        return parts

    tests.append(("both families and two kinds", both_families))
    print(f"1..{len(tests) + 1}")
    failed = 0
    for number, (title, make) in enumerate(tests, 1):
        wrong = run(title, script, rounds, seed, make)
        failed += wrong is not None
        print(f"{'not ' if wrong else ''}ok {number} - covers are exact and minimal: {title}, "
              f"{rounds} sets")
        if wrong:
            print(f"# seed {seed}, {wrong}")
        sys.stdout.flush()
    status = script.close()
    failed += status != 0
    print(f"{'not ' if status else ''}ok {len(tests) + 1} - the program ended well")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
