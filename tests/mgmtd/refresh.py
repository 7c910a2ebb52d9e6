#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Living route sets: byway-mgmtd as it was built, with publishers that are good, bad and slow.

As in daemon.py, each function with the parameter `world` is a test. Prints TAP.
"""
import csv
import ipaddress
import json
import os
import re
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from world import Witness, main  # noqa: E402
from sources import POLICY, Sources, run_inside  # noqa: E402
from harness import publisher as page  # noqa: E402
from harness.check import check, same, wait_for  # noqa: E402
from harness.publisher import Publisher  # noqa: E402

PUBLISHED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "published")
LARGE = int(os.environ.get("BYWAY_LARGE_LIST", "200000"))  # prefixes
UNREAD_LIMIT = 0.1  # seconds that a socket may have something unread


# A list as it should be

def a_list_is_fetched_and_becomes_a_state_file(world):
    server = Publisher()
    server.pages["/list"] = page.text("# ours\n192.0.2.0/25\n192.0.2.128/25\n2001:db8:7::/48\n")
    sources = Sources(world, f"fetch {server.url('/list')}")
    sources.expect("192.0.2.0/24", "2001:db8:7::/48")
    text = sources.text()
    check(text.startswith("# byway state 1\n# set journals\n# written 20"), text)
    check(f"# source fetch {server.url('/list')}\n# got 20" in text and "\n# count 2\n" in text and
          "\n# read 3\n" in text, text)
    agent = server.asked("/list")[0].headers["user-agent"]
    check(re.match(r"byway-mgmtd/\d", agent), agent)
    wait_for(lambda: sources.status("kept") == ["2"], lambda: sources.text("journals.status"))
    same(os.stat(sources.path("journals.fetched")).st_mode & 0o777, 0o644, "the file's mode")


# What publishers publish, against the same read by Python

def walk(value):
    """Every string in JSON."""
    if isinstance(value, dict):
        value = list(value.values())
    return [value] if isinstance(value, str) else \
        [text for part in value for text in walk(part)] if isinstance(value, list) else []


def networks(texts):
    found = []
    for text in texts:
        try:
            found.append(ipaddress.ip_network(text))
        except ValueError:
            pass  # a name, a key, a time
    return found


def minimal(found):
    """The fewest prefixes of those that anybody may use, IPv4 first."""
    return [str(prefix) for version in (4, 6) for prefix in ipaddress.collapse_addresses(
        prefix for prefix in found if prefix.version == version and not any(
            prefix.subnet_of(private) for private in PRIVATE if private.version == version))]


PRIVATE = networks(["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"])


def read(name):
    with open(os.path.join(PUBLISHED, name), encoding="utf-8") as file:
        return file.read()


def ours(name, key, value):
    """Objects of a list within the file, with that member."""
    data = json.loads(read(name))
    lists = [data] if isinstance(data, list) else [part for part in data.values()
                                                   if isinstance(part, list)]
    return networks(text for part in lists for item in part
                    if isinstance(item, dict) and item.get(key) == value for text in walk(item))


def all_of(name):
    return networks(walk(json.loads(read(name))))


def words(*prefixes):
    return networks(prefixes)


def published_lists_are_read_exactly(world):
    server = Publisher()
    aws, office = "aws-ip-ranges.json", "microsoft365-endpoints.json"
    lists = [
        (aws, "", all_of(aws)),
        (aws, "where service=S3", ours(aws, "service", "S3")),
        (aws, "where service=S3 where region=eu-west-2",
         [prefix for prefix in ours(aws, "service", "S3") if prefix in
          ours(aws, "region", "eu-west-2")]),
        (aws, "where service=S3 where service=EC2",
         ours(aws, "service", "S3") + ours(aws, "service", "EC2")),
        ("cloudflare-ips-v4", "", networks(read("cloudflare-ips-v4").split())),
        ("cloudflare-ips-v6", "", networks(read("cloudflare-ips-v6").split())),
        ("fastly-public-ip-list.json", "", all_of("fastly-public-ip-list.json")),
        (office, "", all_of(office)),
        (office, "where serviceArea=Exchange", ours(office, "serviceArea", "Exchange")),
        (office, "where id=11", ours(office, "id", 11)),
        (office, "where required=true", ours(office, "required", True)),
        (office, "where required=false", ours(office, "required", False)),
        ("github-meta.json", "", all_of("github-meta.json")),
        ("google-cloud.json", "where scope=europe-west1",
         ours("google-cloud.json", "scope", "europe-west1")),
        ("geofeed.csv", "", networks(line[0] for line in
                                     csv.reader(read("geofeed.csv").splitlines()))),
        ("blocks-with-netmasks.txt", "",
         words("192.0.2.0/24", "198.51.100.16/28", "203.0.113.64", "203.0.113.127",
               "203.0.113.128/26", "2001:db8:20::/44")),
    ]
    for name in {name for name, _, _ in lists}:
        server.pages["/" + name] = page.text(read(name), kind="application/octet-stream")
    sets = "</routes>\n".join(f"<routes set{i}>\nfetch {server.url('/' + name)} {where}\n"
                              for i, (name, where, _) in enumerate(lists))
    sources = Sources(world, "192.0.2.0/24\n</routes>\n" + sets)
    for i, (name, where, expected) in enumerate(lists):
        check(len(expected) > 0, f"nothing expected of {name}")
        wait_for(lambda: sources.text(f"set{i}.fetched"), f"{name} {where}")
        same(sources.prefixes(f"set{i}.fetched"), minimal(expected), f"prefixes of {name} {where}")


# Bad publishers

def a_publisher_that_fails_never_makes_the_list_worse(world):
    server = Publisher()
    good = page.text("192.0.2.0/24\n198.51.100.0/24\n")
    server.pages["/list"] = good
    sources = Sources(world, f"fetch {server.url('/list')}", lines=["fetch-timeout 1s"])
    sources.expect("192.0.2.0/24", "198.51.100.0/24")
    version = sources.text()
    body = "203.0.113.0/24\n" * 50
    other = Publisher()
    other.pages["/to"] = page.redirect(other.url("/to"))
    for wrong, said in [
            (page.status("500 Internal Server Error"), "answers with status 500"),
            (page.status("204 No Content"), "status 204|cannot be fetched"),
            (page.status("304 Not Modified"), "status 304"),
            (page.status("401 Unauthorized"), "status 401"),
            (page.text("<html>203.0.113.0/24</html>", kind="text/html; charset=utf-8"), "of HTML"),
            (page.text("\n<!doctype html>203.0.113.0/24"), "of HTML or XML"),
            (page.text(""), "has no prefix in it"),
            (page.text("nothing to see here\n"), "has no prefix in it"),
            (page.text("[\"203.0.113.0/24\","), "JSON that is broken or cut off"),
            (page.text(b"203.0.113.0/24\n\0"), "is not text"),
            (page.text("10.0.0.0/8\n127.0.0.1\n0.0.0.0/0\n"), "no prefix that may be used"),
            (page.half(body), "ended in the middle|cannot be fetched"),
            (page.half_in_chunks(body), "ended in the middle|cannot be fetched"),
            (page.without_length(body), "does not say how long it is"),
            (page.text(body, "Content-Encoding: gzip"), "is compressed"),
            (page.redirect(other.url("/to")), "redirects more than 5 times"),
            (page.redirect(f"file://{world.path('mgmtd0.conf')}"), "neither https nor http"),
            (page.redirect("ftp://127.0.0.1/list"), "neither https nor http"),
            (page.stalls(), "cannot be fetched: .*timed out"),
            (page.silent, "cannot be fetched: .*timed out"),
            (page.drip(body), "cannot be fetched: .*timed out")]:
        server.pages["/list"] = wrong
        sources.again(f"journals: fetch .*({said}).*stays in use")
        same(sources.text(), version, f"the file after {said}")
    server.close()
    sources.again("journals: fetch .*(refused|connect).*stays in use")
    same(sources.text(), version, "the file without a server")
    wait_for(lambda: sources.status("failed")[:1] > ["20"], lambda: sources.text("journals.status"))


def a_gigabyte_is_not_taken_whether_it_says_so_or_not(world):
    server = Publisher()
    sources = Sources(world, f"fetch {server.url('/list')}", lines=["fetch-max-size 3m"])
    for declared in (True, False):
        server.pages["/list"] = endless = page.endless(declared=declared)
        sources.again("is larger than fetch-max-size \\(3145728 bytes\\)")
        check(endless.sent < 100 << 20, f"{endless.sent} bytes were taken")
    same(sources.text(), "", "the file")


def redirects_are_followed_and_https_never_becomes_http(world):
    plain, authority = Publisher(), page.Authority(world.folder)
    secure = authority.server()
    plain.pages["/list"] = secure.pages["/list"] = page.text("192.0.2.0/24\n")
    plain.pages["/up"] = page.redirect(secure.url("/list"))
    secure.pages["/down"] = page.redirect(plain.url("/list"))
    plain.pages["/up-and-down"] = page.redirect(secure.url("/down"))
    secure.pages["/relative"] = page.redirect("list", "308 Permanent Redirect")
    sources = Sources(world, f"fetch {plain.url('/up')}", lines=[f"ca-file {authority.file}"])
    sources.expect("192.0.2.0/24")
    for url in (secure.url("/down"), plain.url("/up-and-down")):
        sources.daemon.mark()
        sources.policy(f"fetch {url}")
        sources.daemon.expect("redirects from https to .http://")
    same(len(plain.asked("/list")), 0, "requests without encryption")
    secure.pages["/list"] = page.text("198.51.100.0/24\n")
    sources.policy(f"fetch {secure.url('/relative')}")
    sources.expect("198.51.100.0/24")


def certificates_are_checked(world):
    authority, nobody = page.Authority(world.folder), page.Authority(world.folder, "nobody")
    good = authority.server()
    for server, said in [(nobody.server(), "certificate"),
                         (authority.server("IP:127.0.0.9"), "certificate|match"),
                         (authority.server(days="-1"), "expired|certificate")]:
        server.pages["/list"] = page.text("203.0.113.0/24\n")
        sources = Sources(world, f"fetch {server.url('/list')}",
                          lines=[f"ca-file {authority.file}"])
        sources.daemon.expect(f"cannot be fetched: .*({said})")
        same(len(server.asked("/list")), 0, "requests with a bad certificate")
    good.pages["/list"] = page.text("192.0.2.0/24\n")
    sources.policy(f"fetch {good.url('/list')}")
    sources.expect("192.0.2.0/24")


# Versions

def what_did_not_change_is_not_fetched_again_nor_written(world):
    server = Publisher()
    server.pages["/list"] = page.tagged("192.0.2.0/24\n", '"one"')
    sources = Sources(world, f"fetch {server.url('/list')}")
    sources.expect("192.0.2.0/24")
    version = sources.text()
    check('# etag "one"\n# modified Sun, 22 Nov 2026 20:00:00 GMT\n' in version, version)
    wait_for(lambda: sources.status("good"), "the status")
    sources.refresh()
    wait_for(lambda: len(server.asked("/list")) == 2, "another request")
    same(server.asked("/list")[1].headers.get("if-none-match"), '"one"', "the tag")
    server.pages["/list"] = page.tagged("# another comment\n192.0.2.0/24\n", '"two"')
    sources.refresh()
    wait_for(lambda: len(server.asked("/list")) == 3, "a third request")
    sources.refresh()
    wait_for(lambda: len(server.asked("/list")) == 4 and
             server.asked("/list")[3].headers.get("if-none-match") == '"two"', "the new tag")
    same(sources.text(), version, "the file")
    server.pages["/list"] = page.tagged("198.51.100.0/24\n", '"three"')
    sources.refresh()
    sources.expect("198.51.100.0/24")
    changes = sources.text("journals.changes").splitlines()
    same([line.split(" ", 1)[1] for line in changes],
         [f"{sign} {prefix} fetch {server.url('/list')}" for sign, prefix in
          [("+", "192.0.2.0/24"), ("-", "192.0.2.0/24"), ("+", "198.51.100.0/24")]], "changes")


def a_file_that_somebody_edits_is_not_confirmed_but_fetched_again(world):
    server = Publisher()
    server.pages["/list"] = page.tagged("192.0.2.0/24\n198.51.100.0/24\n", '"one"')
    sources = Sources(world, f"fetch {server.url('/list')}")
    sources.expect("192.0.2.0/24", "198.51.100.0/24")
    sources.refresh()
    wait_for(lambda: len(server.asked("/list")) == 2, "another request")
    same(server.asked("/list")[1].headers.get("if-none-match"), '"one"', "the tag")
    path = sources.path("journals.fetched")
    edited = sources.text().replace("198.51.100.0/24", "203.0.113.0/24")
    with open(path, "w") as out:
        out.write(edited)
    sources.refresh()
    sources.expect("192.0.2.0/24", "198.51.100.0/24")
    same(server.asked("/list")[2].headers.get("if-none-match"), None, "the tag after the edit")
    sources.refresh()
    wait_for(lambda: len(server.asked("/list")) == 4, "a fourth request")
    same(server.asked("/list")[3].headers.get("if-none-match"), '"one"', "the tag at last")


def a_restart_keeps_the_last_result_and_the_schedule(world):
    server = Publisher()
    server.pages["/list"] = page.tagged("192.0.2.0/24\n", '"one"')
    sources = Sources(world, f"fetch {server.url('/list')} every 6h")
    sources.expect("192.0.2.0/24")
    wait_for(lambda: sources.status("due"), "the status")
    version, due = sources.text(), sources.status("due")
    same(sources.daemon.stop(), 0, "exit status")
    sources.daemon.start().ready()
    sources.daemon.expect("READY|sources|server")
    sources.again("looked up now")
    wait_for(lambda: len(server.asked("/list")) == 2, "the second request")
    same(server.asked("/list")[1].headers.get("if-none-match"), '"one"', "the tag")
    same(sources.text(), version, "the file")
    check(sources.status("due") >= due, f"due before {due}: {sources.status('due')}")


# Safety

def many(n, block=16):
    return "".join(f"{block}.{i >> 7}.{i % 128 * 2}.0/24\n" for i in range(n))


def a_result_that_shrank_is_held_back_until_somebody_accepts_it(world):
    server = Publisher()
    server.pages["/list"] = page.text(many(100))
    sources = Sources(world, f"fetch {server.url('/list')}")
    wait_for(lambda: len(sources.prefixes()) == 100, "100 prefixes")
    version = sources.text()
    server.pages["/list"] = page.text(many(40))
    sources.again("held back, .*it shrank from 25600 IPv4 addresses in 100 prefixes to 10240 in 40")
    sources.again("held back")
    same(sources.text(), version, "the file")
    wait_for(lambda: sources.status("held")[:1] > ["2 it shrank"],
             lambda: sources.text("journals.status"))
    sources.refresh(accept=True)
    wait_for(lambda: len(sources.prefixes()) == 40, "40 prefixes")
    wait_for(lambda: not sources.status("held"), lambda: sources.text("journals.status"))
    server.pages["/list"] = page.text("# nothing\n10.0.0.0/8\n")
    sources.again("no prefix that may be used; left out: 10.0.0.0/8 private", accept=True)
    same(len(sources.prefixes()), 40, "prefixes")


def the_same_result_is_taken_when_it_was_held_back_often_enough(world):
    server = Publisher()
    server.pages["/list"] = page.text(many(100))
    sources = Sources(world, f"fetch {server.url('/list')}", lines=["accept-after 3"])
    wait_for(lambda: len(sources.prefixes()) == 100, "100 prefixes")
    server.pages["/list"] = page.text(many(300))
    sources.again("held back, .*it grew")
    server.pages["/list"] = page.text(many(301))  # another one: it begins anew
    sources.again("held back")
    sources.again("held back")
    sources.refresh()
    wait_for(lambda: len(sources.prefixes()) == 301, "301 prefixes")


def what_is_nobodys_to_publish_is_left_out_and_told(world):
    server = Publisher()
    server.pages["/list"] = page.text(
        "192.0.2.0/24\n10.0.0.0/8\n127.0.0.0/8\n224.0.0.0/4\n198.18.0.0/30\n0.0.0.0/1\n"
        "fe80::/10\n2000::/3\n198.51.101.1/24\n")
    sources = Sources(world, f"fetch {server.url('/list')}")
    sources.expect("192.0.2.0/24", "198.18.0.0/31", "198.18.0.3/32")
    for line in ["10.0.0.0/8 private", "127.0.0.0/8 loopback", "224.0.0.0/4 multicast",
                 "198.18.0.2/32 the server's own", "0.0.0.0/1 too short", "fe80::/10 link-local",
                 "2000::/3 too short", "198.51.101.0/24 has bits set past its length"]:
        check(f"# dropped {line}\n" in sources.text(), f"{line}:\n{sources.text()}")
    sources.daemon.expect("8 of 9 left out: 10.0.0.0/8 private, 127.0.0.0/8 loopback")


# The policy

def a_source_that_changes_its_address_keeps_its_routes_until_the_new_one_answers(world):
    server = Publisher()
    server.pages["/old"] = page.text("192.0.2.0/24\n")
    server.pages["/second"] = page.text("198.51.100.128/25\n")
    sources = Sources(world, f"fetch {server.url('/old')}", f"fetch {server.url('/second')}")
    wait_for(lambda: len(sources.prefixes()) == 2, "both")
    sources.policy(f"fetch {server.url('/new')}", f"fetch {server.url('/second')}")
    sources.daemon.expect("/new: .*status 404")
    same(sources.prefixes(), ["192.0.2.0/24", "198.51.100.128/25"], "while the new one fails")
    server.pages["/new"] = page.text("203.0.113.0/24\n")
    sources.refresh()
    wait_for(lambda: sorted(sources.prefixes()) == ["198.51.100.128/25", "203.0.113.0/24"],
             lambda: sources.text())
    sources.policy(f"fetch {server.url('/second')}")
    sources.expect("198.51.100.128/25")


def a_policy_with_a_mistake_is_told_and_the_sources_stay(world):
    server = Publisher()
    server.pages["/list"] = page.text("192.0.2.0/24\n")
    sources = Sources(world, f"fetch {server.url('/list')}")
    sources.expect("192.0.2.0/24")
    sources.policy(f"fetch {server.url('/list')}", "fetch nonsense")
    sources.daemon.expect("policy.conf:6: error: .nonsense. is not an address")
    server.pages["/list"] = page.text("198.51.100.0/24\n")
    sources.refresh()
    wait_for(lambda: sources.prefixes()[-1:] != ["192.0.2.0/24"], lambda: sources.text())


def files_are_read_too(world):
    name = world.write("a list", "192.0.2.0/24\n")
    sources = Sources(world, f"fetch file://{name.replace(' ', '%20')}")
    sources.expect("192.0.2.0/24")
    version = sources.text()
    sources.again("looked up now")
    os.mkfifo(name + ".fifo")
    os.rename(name + ".fifo", name)
    sources.again("cannot be read: it is not a regular file.*stays in use")
    os.unlink(name)
    sources.again("cannot be read: No such file")
    same(sources.text(), version, "the file")
    world.write("a list", "203.0.113.0/24\n")
    sources.refresh()
    sources.expect("203.0.113.0/24")


def two_policies_share_a_set_if_they_mean_the_same(world):
    server = Publisher()
    server.pages["/list"] = page.text("192.0.2.0/24\n")
    server.pages["/other"] = page.text("203.0.113.0/24\n")
    other = world.path("other.conf")
    sources = Sources(world, f"fetch {server.url('/list')}", lines=[f"policy {other}"], start=False)
    with open(other, "w") as file:
        file.write(POLICY.format(state=sources.state, sources=f"fetch {server.url('/list')}"))
    sources.daemon.start().ready()
    sources.expect("192.0.2.0/24")
    same(len(server.asked("/list")), 1, "requests")
    check("other sources" not in sources.daemon.log(), sources.daemon.log())
    sources.policy(f"fetch {server.url('/other')}")
    sources.daemon.expect(r"policy.conf: error: <routes journals> has other sources than in .*other")
    elsewhere = world.path("elsewhere.conf")
    with open(elsewhere, "w") as file:
        file.write(POLICY.format(state="/nowhere", sources=f"fetch {server.url('/list')}"))
    sources.daemon.configure(f"policy {elsewhere}").reload()
    sources.daemon.expect("its state-dir is /nowhere, and that of the daemon .*: nothing is looked")


# The recorder

def the_recorder_never_waits_for_a_source(world):
    fake, line = world.fake("main")
    server = Publisher()
    big = "".join(f"{16 + (i >> 16)}.{i >> 8 & 255}.{i & 255}.{i % 7 * 30}\n"
                  for i in range(LARGE))
    server.pages.update({f"/silent{i}": page.silent for i in range(6)})
    server.pages["/drip"] = page.drip("192.0.2.0/24\n" * 1000)
    server.pages["/large"] = page.text(big)
    names = [f"/silent{i}" for i in range(6)] + ["/drip", "/large"]
    sources = Sources(world, *[f"fetch {server.url(name)}" for name in names], lines=[line])
    wait_for(fake.is_attached, "the daemon at the socket")
    clients = [fake.connect(f"user{i}") for i in range(20)]
    witness, worst, rounds, end = Witness(), 0.0, 0, time.monotonic() + 60
    while time.monotonic() < end and len(sources.text()) < 1000:
        worst = max(worst, fake.say_and_time("".join(fake.count(client, 10, 20)
                                                     for client in clients)))
        rounds += 1
        time.sleep(0.005)
    late = witness.stop()
    same(len(sources.prefixes()), LARGE, "prefixes in use")
    check(rounds > 50, f"only {rounds} rounds")
    check(worst < UNREAD_LIMIT + late,
          f"unread for {worst * 1000:.0f} ms; the machine itself was late by {late * 1000:.0f}")
    for client in clients:
        sources.daemon.wait_for_sessions(1, user=client.user, from_client=client.received)
    same(fake.connections, 1, "connections")
    told = sources.daemon.stop()
    same(told, 0, "exit status")
    found = sources.daemon.expect(r"something to read waited for (\d+) ms at most; 0 lines")
    print(f"# unread for {worst * 1000:.0f} ms at most, by its own count {found.group(1)} ms, in "
          f"{rounds} rounds; the machine was late by {late * 1000:.0f} ms", flush=True)


# It looks at milliseconds, so it runs while nothing else does.
ALONE = {the_recorder_never_waits_for_a_source}


if __name__ == "__main__":
    run_inside(lambda: main(globals(), ALONE))
