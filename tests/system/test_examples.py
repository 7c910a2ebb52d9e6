# SPDX-License-Identifier: GPL-2.0-or-later
"""
The files in examples/, used as an administrator would: copied to where they say they are, with
the names of this place put in. Every one of them is named here, or the last test fails.
"""
import glob
import json
import os
import re
import subprocess
import urllib.parse

from harness import net
from harness.check import check, same, test
from harness.lab import PASSWORD
from harness.openvpn import Client, Server
from harness.story import FULL, ROUTING, began, disconnected, routing
from test_auth import encoded

EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../examples")
UNIVERSITY = "policy-university.conf"


def example(name):
    with open(os.path.join(EXAMPLES, name)) as file:
        return file.read()


def server(lab, name, policy):
    """The example's server with the example's policy."""
    lab.pam_service("openvpn")
    state = lab.state("server")
    path = lab.write("server.policy", f"state-dir {state}\n{example(policy)}")
    text = example(name).replace("plugin openvpn-plugin-byway.so", f"plugin {lab.plugin}")
    text = text.replace("/etc/openvpn/byway/policy.conf", path)
    check(path in text and lab.plugin in text, "the example has no plugin line as expected")
    lines = at_home(lab, text) + [f"tmp-dir {lab.path('tmp')}"]
    found = Server(lab, "server", lines, state)
    found.final = None
    lab.servers.append(found)
    return found.start().ready()


def at_home(lab, text, name="server"):
    """The lines of an example with its key files found in our PKI."""
    for file in ("ca.crt", "server.crt", "server.key"):
        text = re.sub(rf"^(ca|cert|key) {file}$", rf"\1 {lab.pki}/{file}", text, flags=re.M)
    for kind in ("crt", "key"):
        text = text.replace(f"client.{kind}", f"{lab.pki}/{name}.{kind}")
    return text.replace("vpn.example.edu", net.SERVER).splitlines()


def client(lab, name, *lines, user="alice"):
    found = Client(lab, f"client{len(lab.clients) + 1}", f"home{len(lab.clients) + 1}", [])
    text = at_home(lab, example(name), user) + [
        f"management {found.socket} unix", "management-query-passwords", "verb 3", *lines]
    found.configure(text)
    lab.clients.append(found)
    return found.start()


def logs_in(found, user, password=PASSWORD):
    manager = found.manage()
    manager.expect(r">PASSWORD:Need 'Auth' username/password")
    manager.command(f'username "Auth" "{user}"')
    manager.command(f'password "Auth" "{password}"')
    return manager


@test
def the_example_server_with_passwords_serves_the_example_clients(lab):
    running = server(lab, "server-passwords.conf", UNIVERSITY)
    alice = client(lab, "client-default.ovpn")
    logs_in(alice, "alice")
    alice.connected()
    check("route 192.0.2.0 255.255.255.192" in alice.pushed("route"), "the group's routes")
    lab.write("login.txt", f"bob+full\n{PASSWORD}\n", 0o600)
    bob = client(lab, "client-suffix.ovpn").connected()
    check(set(FULL) <= set(routing(bob)), routing(bob))
    running.story(*began(alice, "alice", "library", "user-default"),
                  *began(bob, "bob", "full", "username-suffix"), disconnected(), disconnected())


@test
def the_example_client_with_a_question_sends_the_answer_as_the_choice(lab):
    running = server(lab, "server-passwords.conf", UNIVERSITY)
    bob = client(lab, "client-question.ovpn")
    logs_in(bob, "bob", f"SCRV1:{encoded(PASSWORD)}:{encoded('library')}")
    bob.connected()
    running.story(*began(bob, "bob", "library", "static-challenge"), disconnected())


@test
def the_example_client_for_the_menu_shows_it(lab):
    lab.write("examples/menu.conf", "choose menu\n" + example(UNIVERSITY))
    running = server(lab, "server-passwords.conf", lab.path("examples/menu.conf"))
    bob = client(lab, "client-menu.ovpn")
    manager = logs_in(bob, "bob")
    manager.expect(r">INFOMSG:CR_TEXT:.*library")
    manager.command("cr-response " + encoded("library"))
    bob.connected()
    running.story(*began(bob, "bob", "library", "menu"), disconnected())


@test
def the_example_server_with_certificates_serves_a_client_with_the_setting(lab):
    running = server(lab, "server-certificates.conf", UNIVERSITY)
    bob = client(lab, "client-setting.ovpn", user="bob").connected()
    check(set(FULL) <= set(routing(bob)), routing(bob))
    running.story(*began(bob, "bob", "full", "peer-info", cn="bob"), disconnected())


@test
def the_smallest_example_policy_runs(lab):
    server(lab, "server-passwords.conf", "policy-minimal.conf")


@test
def byway_explains_exactly_what_a_client_is_pushed(lab):
    command = lab.command()
    lab.server(example(UNIVERSITY).split("\n", 1)[1])
    policy = lab.path("server.policy")
    for login, *choice in (("alice",), ("bob",), ("alice+campus", "--choose", "campus"),
                           ("bob+full", "--choose", "full"), ("carol",)):
        found = lab.client(login).connected()
        said = subprocess.run([command, "explain", login.split("+")[0], *choice, "--policy", policy,
                               "--json"], capture_output=True, text=True)
        same(said.returncode, 0, said.stderr)
        explained = [option["option"] for option in json.loads(said.stdout)["options"]
                     if option["kind"] != "removal"]
        messages = [urllib.parse.unquote(option[5:]) for option in explained
                    if option.startswith("echo ")]
        same(found.messages(), messages, f"{login}: what was said, and explained")
        names = {option.split()[0] for option in explained} - {"echo"} | set(ROUTING)
        same(sorted(found.pushed(*names)), sorted(option for option in explained
                                                  if not option.startswith("echo ")),
             f"{login}: what was pushed, and explained")


@test
def every_example_is_used_by_a_test_and_every_policy_is_good(lab):
    command = lab.command()
    options = os.path.join(os.path.dirname(__file__), os.pardir, "mgmtd", "options")
    with open(__file__) as file, open(options) as of_the_daemon:
        tests, daemon_tests = file.read(), of_the_daemon.read()
    for path in glob.glob(os.path.join(EXAMPLES, "*.*")):
        name = os.path.basename(path)
        check(name == "Makefile.inc" or f'"{name}"' in tests
              or f"/examples/{name}" in daemon_tests, f"no test uses {name}")
        if name.startswith("policy"):
            said = subprocess.run([command, "policy", "check", path], capture_output=True,
                                  text=True)
            same(said.returncode, 0, f"byway policy check {name}: {said.stdout}{said.stderr}")
