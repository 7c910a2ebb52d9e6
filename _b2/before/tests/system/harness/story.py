# SPDX-License-Identifier: GPL-2.0-or-later
"""
What the tests have in common: a policy like a university's, what it pushes, and the records
that make up a story in the spool.
"""
from .check import same

SETS = """
<routes internal>
10.1.0.0/16
2606:fa00::/32
</routes>
<routes journals>
203.0.113.0/24
2001:db8:113::/48
</routes>
"""

PROFILES = """
default-profile campus
<profile campus>
title "Campus network only"
routes internal
</profile>
<profile library>
title "Campus and journal sites"
routes internal journals
</profile>
<profile full>
title "All traffic"
tunnel full
allow user alice
allow user bob
</profile>
"""

POLICY = "choose username-suffix +\n" + SETS + PROFILES

# Keeps the way to the VPN server itself outside the tunnel; of every split profile.
PIN = "redirect-private"

CAMPUS = [PIN, "route 10.1.0.0 255.255.0.0", "route-ipv6 2606:fa00::/32"]
LIBRARY = sorted(CAMPUS + ["route 203.0.113.0 255.255.255.0", "route-ipv6 2001:db8:113::/48"])
FULL = ["redirect-gateway def1 ipv6"]

ROUTING = ("route", "route-ipv6", "redirect-gateway", "redirect-private", "block-ipv6")


def routing(client):
    """Every pushed option that decides what goes where, sorted."""
    return sorted(client.pushed(*ROUTING))


def gets(client, expected):
    """The client is connected and was pushed exactly this routing."""
    client.connected()
    same(routing(client), sorted(expected), f"what {client.name} was pushed")
    return client


def connected(user, profile, by, **fields):
    return {"kind": "connected", "user": user, "profile": profile, "by": by, **fields}


def address(value, change):
    return {"kind": "address", "address": value, "change": change}


def disconnected(**fields):
    return {"kind": "disconnected", **fields}


def vanished(**fields):
    return {"kind": "vanished", **fields}


def refused(user, **fields):
    return {"kind": "refused", "user": user, **fields}


def began(client, user, profile, by, change="add", **fields):
    """The records of a session's beginning, with the addresses that the client was given."""
    given = [address(value, change) for value in client.addresses()]
    return [connected(user, profile, by, **fields)] + given


def session(client, user, profile, by, **fields):
    """The records of a session with nothing else in between."""
    return began(client, user, profile, by, **fields) + [disconnected()]
