#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the byway command as it was built and checks what it says. Prints TAP.

Each function whose name is a sentence is a test. BYWAY names the program; by default
it is the one in the directory this is run from, as `make check` does.
"""

import fcntl
import json
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import traceback

BYWAY = os.environ.get("BYWAY", os.path.abspath("helpdesk/byway"))
SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")

POLICY = """\
choose username-suffix +
choose peer-info UV_TUNNEL
choose menu
default-profile campus
state-dir @STATE@
<routes internal>
10.0.0.0/9
10.128.0.0/9
2001:db8::/32
</routes>
<routes lab>
192.0.2.0/24
</routes>
<routes cluster>
192.0.2.0/25
203.0.113.0/24
</routes>
<profile campus>
title "Campus network only"
tunnel split
routes internal
dns 10.1.1.53
push "explicit-exit-notify 1"
</profile>
<profile full>
title "All traffic"
tunnel full
except 192.168.0.0/16
message "Everything, downloads included: 100%"
allow group staff
allow user alice
assume-opt-in-from 172.16.0.0/12
</profile>
<group staff>
user sam
</group>
<group physics>
user alice
routes cluster
</group>
<user alice>
routes lab
</user>
"""


class World:
    """A directory with a policy in it, and ways to run byway there."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="byway-test-")
        self.policy = self.write("policy.conf", POLICY.replace("@STATE@", self.path))

    def write(self, name, text):
        path = os.path.join(self.path, name)
        with open(path, "wb") as out:
            out.write(text if isinstance(text, bytes) else text.encode())
        return path

    def run(self, *arguments, status=0, **options):
        """The output of `byway ARGUMENT...`, which must exit with this status."""
        done = subprocess.run([BYWAY, *arguments], capture_output=True, cwd=self.path,
                              stdin=subprocess.DEVNULL, timeout=60, check=False, **options)
        assert done.returncode == status, \
            f"byway {arguments}: exit {done.returncode}, not {status}\n{done.stdout}\n{done.stderr}"
        self.out, self.err = done.stdout.decode(), done.stderr.decode()
        return self.out

    def explain(self, *arguments, status=0):
        return self.run("explain", "--policy", self.policy, *arguments, status=status)

    def explain_json(self, *arguments, status=0):
        return json.loads(self.explain("--json", *arguments, status=status))

    def check(self, text, status):
        return self.run("policy", "check", self.write("checked.conf", text), status=status)

    def on_terminal(self, columns, *arguments):
        """What a person sees on a terminal of that width."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        child = subprocess.Popen([BYWAY, *arguments], stdout=slave, stderr=slave,
                                 stdin=subprocess.DEVNULL, cwd=self.path,
                                 env={**os.environ, "LC_ALL": "C.UTF-8", "TERM": "xterm"})
        os.close(slave)
        seen = b""
        try:
            while chunk := os.read(master, 65536):
                seen += chunk
        except OSError:
            pass
        child.wait(timeout=60)
        os.close(master)
        return seen.decode().replace("\r\n", "\n")


    def completed(self, *words):
        """What bash offers for the last of the words behind "byway"."""
        script = ('source "$1"; byway=$2; shift 2; COMP_WORDS=("$byway" "$@"); COMP_CWORD=$#; '
                  '_byway "$byway" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"; '
                  'printf "%s\\n" "${COMPREPLY[@]}"')
        done = subprocess.run(["bash", "--norc", "-c", script, "bash",
                               os.path.join(SOURCE, "completion/byway"), BYWAY, *words],
                              capture_output=True, cwd=self.path, timeout=60, check=False)
        assert done.stderr == b"", done.stderr
        return sorted(done.stdout.decode().split())


def options(answer, kind):
    return [option["option"] for option in answer["options"] if option["kind"] == kind]


# ── policy check ──

def a_policy_in_order_is_summed_up(world):
    out = world.run("policy", "check", world.policy)
    assert re.search(r"^Verdict +in order, 0 warnings$", out, re.M), out
    assert re.search(r"^Default +campus$", out, re.M), out
    assert re.search(r"^Choice +username-suffix \+, then peer-info UV_TUNNEL, then menu$", out, re.M)
    assert re.search(r"^Users +2 named, in 2 groups; 2 different", out, re.M), out
    assert re.search(r"^campus +split +everybody +2 to 4 +\d+ to \d+ +1$", out, re.M), out
    assert re.search(r"^full +full +group staff, user alice +1 +\d+ +1$", out, re.M), out
    assert re.search(r"^internal +3 +2 *$", out, re.M), out
    assert world.err == "", world.err


BUDGET = """\
default-profile campus
<routes journals>
20.0.0.0/24
20.0.2.0/24
20.0.8.0/24
2001:db8::/48
2001:db8:2::/48
</routes>
<profile campus>
routes journals
budget 3
</profile>
"""


def what_a_budget_costs_is_said_in_addresses(world):
    out = world.check(BUDGET, 0)
    assert re.search(r"^campus +split +everybody +3 ", out, re.M), out
    assert "Budget     profile campus: 3 routes instead of 5, which add 512 IPv4 addresses and " \
           "131072 IPv6 /64 networks\n" in out, out
    out = world.check(BUDGET.replace("budget 3", "budget 5"), 0)
    assert "profile campus: 5 routes are within the 5 allowed, and are exact" in out, out
    assert "Budget" not in world.check(BUDGET.replace("budget 3", ""), 0), world.out
    out = world.check(BUDGET.replace("budget 3", "budget 1"), 1)
    assert 'allow no cover of fewer than 2 routes: say "budget 2"' in out, out


def a_route_that_a_budget_made_wider_says_so(world):
    path = world.write("budget.conf", BUDGET)
    out = world.run("explain", "bob", "--policy", path)
    assert "Budget     3 routes instead of 5, which add 512 IPv4" in out, out
    assert re.search(r"^route 20.0.0.0 255.255.252.0 +routes journals \(profile campus\); wider than "
                     r"these: budget of profile campus$", out, re.M), out
    assert re.search(r"^route 20.0.8.0 255.255.255.0 +routes journals \(profile campus\)$", out, re.M)
    told = json.loads(world.run("explain", "bob", "--json", "--policy", path))
    assert told["budget"] == {"routes": 3, "exact_routes": 5, "extra_ipv4_addresses": 512,
                              "extra_ipv6_networks": 131072}, told
    assert world.explain_json("bob")["budget"] is None, world.out


def every_error_is_listed_with_file_and_line(world):
    out = world.check("default-profile campsu\n<profile campus>\ntunel split\n</profile>\n"
                      "<routes a>\n10.0.0.1/8\n300.0.0.0/8\n</routes>\n", 1)
    lines = out.splitlines()
    for line in (1, 3, 6, 7):
        assert any(re.search(rf"checked\.conf:{line}: error: ", text) for text in lines), (line, out)
    assert re.search(r"^\d+ errors: ", lines[-1]), out


def warnings_are_listed_and_are_no_errors(world):
    routes = "".join(f"10.{n // 128}.{n % 128 * 2}.0/24\n" for n in range(1500))
    out = world.check(f"default-profile campus\nstate-dir {world.path}\n<routes a>\n{routes}</routes>\n"
                      "<profile campus>\ntunnel split\nroutes a\n</profile>\n", 0)
    assert re.search(r"checked\.conf:1505: warning: .*\"campus\".*1500 routes", out), out[:500]
    assert re.search(r"^Verdict +in order, 1 warning$", out, re.M), out[-500:]


def a_split_tunnel_that_adds_up_to_everything_is_an_error(world):
    out = world.check("default-profile campus\n<routes a>\n0.0.0.0/1\n</routes>\n"
                      "<routes b>\n128.0.0.0/1\n</routes>\n"
                      "<profile campus>\ntunnel split\nroutes a\n</profile>\n"
                      "<user bob>\nroutes b\n</user>\n", 1)
    assert re.search(r'checked\.conf:8: error: .*all of IPv4 for user "bob"', out), out


def a_file_that_is_not_there_is_exit_two(world):
    world.run("policy", "check", "/nonexistent/policy.conf", status=2)
    assert world.out == "" and "No such file" in world.err, world.err
    world.run("policy", "check", world.path, status=2)
    assert "Is a directory" in world.err, world.err


def hostile_bytes_in_a_policy_do_not_reach_the_terminal(world):
    for text in (b"default-\x1b[2Jprofile x\n", b"\x9b31m\n", b"<profile \xe2\x80\xae>\n</profile>\n",
                 b"title \"\x00\"\n", b"push \"\xc2\x9bx\"\n"):
        out = world.run("policy", "check", world.write("hostile.conf", text), status=1)
        assert "\x1b" not in out and "\x9b" not in out and "\u202e" not in out, repr(out)


def a_relative_name_works_from_where_one_is(world):
    out = world.run("policy", "check", "policy.conf")
    assert world.policy in out, out


# ── explain ──

def a_stranger_gets_the_default(world):
    answer = world.explain_json("bob")
    assert answer["granted"] and answer["profile"] == "campus" and answer["by"] == "default"
    assert answer["known"] is False and answer["may_choose"] == ["campus"]
    assert options(answer, "route") == ["route 10.0.0.0 255.0.0.0", "route-ipv6 2001:db8::/32"]
    assert options(answer, "other") == ["explicit-exit-notify 1"]
    assert "dhcp-option DNS 10.1.1.53" in options(answer, "dns")
    assert answer["message"] == "You are on: Campus network only (it is the default)."


def routes_say_where_they_come_from(world):
    answer = world.explain_json("alice")
    routes = {option["option"]: option for option in answer["options"] if option["kind"] == "route"}
    assert answer["groups"] == ["physics"]
    assert routes["route 192.0.2.0 255.255.255.0"]["origins"] == [
        {"routes": "cluster", "group": "physics"}, {"routes": "lab", "user": "alice"}]
    assert routes["route 203.0.113.0 255.255.255.0"]["origins"] == [
        {"routes": "cluster", "group": "physics"}]
    assert routes["route 10.0.0.0 255.0.0.0"]["why"] == "routes internal (profile campus)"
    assert "routes cluster (group physics), lab (user alice)" in world.explain("alice")


def a_suffix_typed_at_login_is_a_choice(world):
    answer = world.explain_json("alice+full")
    assert answer["user"] == "alice" and answer["by"] == "username-suffix"
    assert answer["profile"] == "full" and answer["tunnel"] == "full"
    assert "redirect-gateway def1 ipv6" in options(answer, "tunnel")
    assert options(answer, "route") == ["route 192.168.0.0 255.255.0.0 net_gateway"]
    assert answer["message"].endswith("Everything, downloads included: 100%")


def without_ipv6_a_full_tunnel_blocks_it(world):
    assert "block-ipv6" not in options(world.explain_json("alice+full"), "tunnel")
    answer = world.explain_json("alice+full", "--no-ipv6")
    assert "block-ipv6" in options(answer, "tunnel") and answer["ipv6"] is False
    answer = world.explain_json("bob", "--no-ipv6")
    assert options(answer, "route") == ["route 10.0.0.0 255.0.0.0"]


def choose_takes_the_first_way_that_is_free(world):
    assert world.explain_json("alice", "--choose", "full")["by"] == "username-suffix"
    assert world.explain_json("alice+", "--choose", "full")["by"] == "peer-info"
    assert world.explain_json("--common-name", "alice", "--choose", "FULL")["by"] == "peer-info"


def the_network_counts_only_for_those_who_may(world):
    assert world.explain_json("sam", "--from", "172.20.0.1")["by"] == "network"
    assert world.explain_json("sam", "--from", "192.0.2.1")["profile"] == "campus"
    assert world.explain_json("bob", "--from", "172.20.0.1")["profile"] == "campus"


def a_refusal_is_exit_one_with_the_reason(world):
    for arguments in (["bob", "--choose", "full"], ["bob+full"]):
        out = world.explain(*arguments, status=1)
        assert 'Refused    You may not use tunnel profile "full". You may choose: campus.' in out, out
    answer = world.explain_json("alice+ful", status=1)
    assert answer["granted"] is False and answer["wanted"] == "ful" and "options" not in answer
    assert answer["reason"] == 'There is no tunnel profile "ful". You may choose: campus, full.'


def who_would_be_asked_is_said(world):
    assert world.explain_json("alice")["menu"] == \
        "Which tunnel? campus, full (empty for your default)"
    assert world.explain_json("alice+full")["menu"] is None
    assert world.explain_json("bob")["menu"] is None


def a_name_that_decides_nothing_is_refused(world):
    out = world.explain("+full", status=1)
    assert "Refused    Your user name is empty or too long." in out, out
    assert world.explain_json("x" * 300, status=1)["user"] == ""


def a_policy_with_errors_explains_nothing(world):
    path = world.write("bad.conf", "default-profile nobody\n")
    world.run("explain", "bob", "--policy", path, status=2)
    assert world.out == "" and "bad.conf:1: error: " in world.err, world.err
    assert "byway policy check" in world.err


def what_cannot_be_chosen_or_read_is_exit_two(world):
    path = world.write("plain.conf", "default-profile c\n<profile c>\ntunnel split\n</profile>\n")
    world.run("explain", "bob", "--choose", "c", "--policy", path, status=2)
    assert 'the policy has no "choose" line' in world.err, world.err
    for address in ("10.0.0", "10.0.0.0/8", "", "fe80::1%eth0", "\x1b[2J"):
        world.explain("bob", "--from", address, status=2)
        assert "is not an IPv4 or IPv6 address" in world.err and "\x1b" not in world.err


def hostile_names_are_data_and_nothing_else(world):
    hostile = ["\x1b[2J\x1b]0;pwned\x07", "a\nUser  root", "\u202egro.elpmaxe", "\x9b31m", "<b>&'\"",
               "%s%n%x", "a\\b", "\t", "--x"]
    for name in hostile + [bytes([0xff, 0xfe, 0xc3]), b"\xc2\x9b31m"]:
        for arguments in ((name,), ("bob", "--choose", name), ("--common-name", name)):
            if arguments[0] == "--x":
                arguments = ("--", "--x")
            done = subprocess.run([BYWAY, "explain", "--policy", world.policy, *arguments],
                                  capture_output=True, timeout=60, check=False)
            assert done.returncode in (0, 1), (arguments, done)
            text = done.stdout.decode()  # valid UTF-8, whatever came in
            assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text), \
                (arguments, text)
            assert len(re.findall(r"^User ", text, re.M)) == 1, text
            done = subprocess.run([BYWAY, "explain", "--json", "--policy", world.policy, *arguments],
                                  capture_output=True, timeout=60, check=False)
            assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]", done.stdout)
            answer = json.loads(done.stdout)
            if isinstance(name, str) and arguments[-1] == name and "--choose" not in arguments:
                assert answer["user"] == name, (answer["user"], name)


# ── every command ──

def help_is_there_for_everything(world):
    assert "explain" in world.run("help") and "policy check" in world.run("--help")
    assert world.run("explain", "--help") == world.run("help", "explain")
    for option in ("--choose", "--from", "--common-name", "--no-ipv6", "--policy", "--json"):
        assert option in world.run("explain", "--help")
    assert "Exit status" in world.run("policy", "check", "--help")
    assert re.match(r"byway \d+\.\d+", world.run("--version"))


def wrong_usage_is_exit_two_and_says_how(world):
    for arguments in ([], ["explain"], ["explain", "a", "b"], ["explain", "--jsn", "a"],
                      ["policy", "check", "a", "b"], ["policy", "check", "-x"],
                      ["explain", "bob", "--policy"]):
        world.run(*arguments, status=2)
        assert "usage: byway" in world.err and world.out == "", (arguments, world.err)


def a_typo_in_the_command_suggests_the_right_one(world):
    for typed, meant in ((["explian", "bob"], "explain"), (["policy", "chek"], "policy check"),
                         (["policy"], "policy check"), (["help", "expain"], "explain")):
        world.run(*typed, status=2)
        assert f'did you mean "byway {meant}"?' in world.err, (typed, world.err)
    world.run("\x1b[2Jquux", status=2)
    assert "did you mean" not in world.err and "\x1b" not in world.err, world.err


def the_terminal_is_never_too_narrow(world):
    for columns in (40, 60, 80, 120, 200):
        for arguments in (("explain", "alice", "--policy", "policy.conf"),
                          ("explain", "alice+full", "--no-ipv6", "--policy", "policy.conf"),
                          ("policy", "check", "policy.conf")):
            for line in world.on_terminal(columns, *arguments).splitlines():
                # What cannot be folded (names, numbers, addresses) may need more than 80.
                assert len(line) <= max(columns, 70), (columns, len(line), line)


def without_a_terminal_nothing_is_cut(world):
    long = "x" * 60
    path = world.write("long.conf", f"default-profile {long}\n<profile {long}>\ntunnel split\n"
                                    f"push \"dhcp-option NTP {'y' * 150}\"\n</profile>\n")
    out = world.run("explain", "bob", "--policy", path, env={**os.environ, "COLUMNS": "40"})
    assert f"dhcp-option NTP {'y' * 150}" in out and f"push of profile {long}" in out


def output_that_is_lost_is_no_success(world):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([BYWAY, "policy", "check", world.policy], stdout=full,
                              stderr=subprocess.PIPE, timeout=60, check=False)
    assert done.returncode == 2 and b"standard output" in done.stderr, done


def a_reader_who_has_seen_enough_is_no_error(world):
    for handler in (signal.SIG_DFL, signal.SIG_IGN):
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run([BYWAY, "policy", "check", world.policy], stdout=writing,
                              stderr=subprocess.PIPE, timeout=60, check=False,
                              restore_signals=False, preexec_fn=lambda: signal.signal(
                                  signal.SIGPIPE, handler))  # pylint: disable=cell-var-from-loop
        os.close(writing)
        assert done.stderr == b"", done.stderr
        assert done.returncode in (2, -signal.SIGPIPE), done.returncode


# ── completion ──

def bash_completes_commands_and_options(world):
    assert set(world.completed("")) >= {"explain", "policy", "help", "--version"}
    assert world.completed("exp") == ["explain"]
    assert world.completed("policy", "") == ["check"]
    assert world.completed("help", "pol") == ["policy"]
    assert world.completed("help", "policy", "") == ["check"]
    assert world.completed("explain", "--c") == ["--choose", "--common-name"]
    assert world.completed("explain", "--common-name", "x", "--c") == ["--choose"]
    assert world.completed("explain", "--no-ipv6", "--") == [
        "--choose", "--common-name", "--from", "--help", "--json", "--policy"]
    assert world.completed("frobnicate", "") == []
    assert world.completed("explain", "--from", "") == []


def bash_completes_commands_of_one_word_and_of_two(world):
    assert world.completed("rou") == ["routes"]
    assert world.completed("routes", "r") == ["refresh"]
    assert world.completed("routes", "re", "x") == []
    assert world.completed("routes", "--policy", world.policy, "l") == ["lab"]
    assert world.completed("routes", "diff", "--policy", world.policy, "") == [
        "cluster", "internal", "lab"]
    assert world.completed("routes", "refresh", "--a") == ["--accept"]
    assert world.completed("routes", "test", "--policy", world.policy, "--profile", "") == [
        "campus", "full"]
    assert world.completed("routes", "test", "--policy", world.policy, "--user", "s") == ["sam"]
    assert world.completed("help", "routes", "t") == ["test"]


def bash_completes_names_from_the_policy_and_files(world):
    assert world.completed("explain", "--policy", world.policy, "--choose", "") == ["campus", "full"]
    assert world.completed("explain", "--policy", "=", world.policy, "--choose", "=") == [
        "campus", "full"]
    assert world.completed("explain", "--policy", "=", world.policy, "--choose", "=", "c") == [
        "campus"]
    assert world.completed("explain", "--policy", world.policy, "a") == ["alice"]
    assert world.completed("explain", "--policy", world.policy, "--", "") == ["alice", "sam"]
    assert world.completed("policy", "check", "pol") == ["policy.conf"]
    assert world.completed("explain", "--policy", "/nonexistent", "--choose", "") == []


def completion_offers_no_name_that_a_shell_would_obey(world):
    path = world.write("hostile.conf", POLICY.replace("@STATE@", world.path) +
                       '<user "a$(id)">\nroutes lab\n</user>\n<user "a;b">\nroutes lab\n</user>\n'
                       '<user -a>\nroutes lab\n</user>\n<user "a b">\nroutes lab\n</user>\n')
    assert world.completed("explain", "--policy", path, "--", "") == ["alice", "sam"]
    for begins in ("a", "-", "a$"):
        assert not {"a$(id)", "a;b", "-a", "a", "b"} & set(
            world.completed("explain", "--policy", path, "--", begins)), begins


def main():
    tests = [(name, test) for name, test in globals().items()
             if hasattr(test, "__code__") and
             test.__code__.co_varnames[:test.__code__.co_argcount] == ("world",)]
    print(f"1..{len(tests)}")
    failed = 0
    for number, (name, test) in enumerate(tests, 1):
        world = World()
        try:
            test(world)
            print(f"ok {number} - {name}")
        except Exception:  # whatever it was, it is this test's failure
            failed += 1
            print(f"not ok {number} - {name}")
            print("".join(f"# {line}\n" for line in traceback.format_exc().splitlines()), end="")
        finally:
            shutil.rmtree(world.path)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
