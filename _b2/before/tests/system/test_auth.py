# SPDX-License-Identifier: GPL-2.0-or-later
"""The wrapped authentication plugin, certificates, renegotiation and tokens."""
import signal

from harness import net
from harness.check import check, same, test, wait_for
from harness.lab import PASSWORD
from harness.story import (CAMPUS, FULL, LIBRARY, POLICY, PROFILES, SETS, began, disconnected,
                           gets, refused, session)
from test_choice import asking_client, encoded, log_in

DEFERRED = "setenv deferred_auth_pam 1"


@test
def auth_pam_is_given_the_name_without_the_suffix(lab):
    server = lab.server(POLICY)
    alice = gets(lab.client("alice+library"), LIBRARY)
    with open(lab.path("asked")) as file:
        same(file.read().split(), ["alice"], "the names PAM was asked about")
    server.story(*session(alice, "alice", "library", "username-suffix"))


@test
def auth_pam_deferring_lets_the_right_password_in(lab):
    server = lab.server(POLICY, DEFERRED)
    alice = gets(lab.client("alice+full"), FULL)
    server.expect("deferred")
    server.story(*session(alice, "alice", "full", "username-suffix"))


@test
def auth_pam_deferring_refuses_a_wrong_password_and_nothing_is_revealed(lab):
    server = lab.server(POLICY, DEFERRED)
    for user in ("alice", "alice+ful", "carol+full"):
        same(lab.client(user, password="guess").reason(), "", f"the reason for {user}")
    server.story()


@test
def auth_pam_deferring_tells_the_reason_of_a_refusal_once_the_password_was_right(lab):
    server = lab.server(POLICY, DEFERRED)
    reason = lab.client("alice+ful").reason()
    check('"ful"' in reason and "campus, library, full" in reason, reason)
    server.story(refused("alice", wanted="ful"))


@test
def the_menu_after_a_deferring_plugin_is_a_dynamic_challenge(lab):
    server = lab.server("choose menu\n" + SETS + PROFILES, DEFERRED)
    alice, manager = asking_client(lab, "setenv IV_SSO crtext", "auth-retry interact")
    log_in(manager, "alice", PASSWORD)
    state = manager.expect(r"Verification Failed: 'Auth' \['CRV1:[^:]*:([^:]+):[^:]*:.*library")
    manager.expect(r">PASSWORD:Need 'Auth' username/password")
    manager.command('username "Auth" "alice"')
    manager.command(f'password "Auth" "CRV1::{state.group(1)}::library"')
    alice.connected()
    same(server.manage().clients()[0]["Username"], "alice", "who is connected")
    with open(lab.path("asked")) as file:
        same(file.read().split(), ["alice"], "PAM is asked once")
    server.story(*session(alice, "alice", "library", "menu"))


@test
def the_state_of_a_dynamic_challenge_is_good_for_nobody_else(lab):
    server = lab.server("choose menu\n" + SETS + PROFILES, DEFERRED)
    alice, manager = asking_client(lab, "setenv IV_SSO crtext", "auth-retry interact")
    log_in(manager, "alice", PASSWORD)
    state = manager.expect(r"'CRV1:[^:]*:([^:]+):").group(1)
    alice.stop()
    thief = lab.client("bob", password=f"CRV1::{state}::library")
    same(thief.reason(), "", "the reason for somebody else")
    invented = lab.client("alice", password="CRV1::YnV3YXk=::library")
    same(invented.reason(), "", "the reason for an invented state")
    server.story()


@test
def a_server_with_certificates_alone_knows_users_by_their_common_name(lab):
    policy = "choose peer-info UV_TUNNEL\n" + SETS + PROFILES
    server = lab.server(policy, inner=None, passwords=False)
    alice = gets(lab.client(None, certificate="alice"), CAMPUS)
    bob = gets(lab.client(None, "push-peer-info", "setenv UV_TUNNEL full", certificate="bob"), FULL)
    server.story(*began(alice, "alice", "campus", "default", cn="alice", typed=None),
                 *began(bob, "bob", "full", "peer-info", cn="bob"), disconnected(), disconnected())


@test
def a_server_with_certificates_alone_turns_away_who_asks_for_a_forbidden_profile(lab):
    policy = "choose peer-info UV_TUNNEL\n" + SETS + PROFILES
    server = lab.server(policy, inner=None, passwords=False)
    lab.client(None, "push-peer-info", "setenv UV_TUNNEL full", certificate="carol").reason()
    server.final = None  # OpenVPN calls the script for her too, though she was never connected
    server.story(refused("carol", wanted="full"))


@test
def identity_common_name_goes_by_the_certificate_where_there_is_a_user_name_too(lab):
    server = lab.server("identity common-name\n" + POLICY, "verify-client-cert require",
                        without=("verify-client-cert", "username-as-common-name"))
    alice = gets(lab.client("somebody+full", certificate="alice"), FULL)
    server.story(*session(alice, "alice", "full", "username-suffix", typed="somebody+full",
                          cn="alice"))


def renegotiated(server, times):
    wait_for(lambda: server.log().count("Control Channel: TLSv1.3") > times,
             f"{times} renegotiations")


@test
def a_renegotiation_keeps_the_profile_and_asks_nothing_again(lab):
    server = lab.server("choose menu\nchoose static-challenge\n" + POLICY, "reneg-sec 4")
    alice = gets(lab.client("alice+full", "reneg-sec 0"), FULL)
    bob, manager = asking_client(lab, "setenv IV_SSO crtext", "reneg-sec 0")
    log_in(manager, "bob", PASSWORD)
    manager.expect(">INFOMSG:CR_TEXT")
    manager.command("cr-response " + encoded("library"))
    gets(bob, LIBRARY)
    carol = gets(lab.client("carol", "reneg-sec 0",
                            password=f"SCRV1:{encoded(PASSWORD)}:{encoded('library')}"), LIBRARY)
    asked = sum("CR_TEXT" in line for line in manager.seen)
    renegotiated(server, 9)
    manager.read(0.1)
    same(sum("CR_TEXT" in line for line in manager.seen), asked, "how often the menu was shown")
    for client in (alice, bob, carol):
        same(client.process.poll(), None, f"the exit status of {client.name}")
        check(not client.find("AUTH_FAILED"), f"{client.name} was turned away")
    server.story(*began(alice, "alice", "full", "username-suffix"),
                 *began(bob, "bob", "library", "menu"),
                 *began(carol, "carol", "library", "static-challenge"), *[disconnected()] * 3)


def server_with_lasting_tokens(lab):
    secret = lab.path("tokens.key")
    net.run("openvpn", "--genkey", "auth-token", secret)
    return lab.server("choose static-challenge\n" + POLICY, "auth-gen-token 3600",
                      f"auth-gen-token-secret {secret}")


def comes_back_after(server, client, number):
    """The server restarts by a signal, and the client comes back to it with its token."""
    server.mark()
    server.send(number)
    server.ready()
    client.mark()
    client.send(signal.SIGUSR1)
    return client


@test
def a_token_keeps_the_choice_over_a_soft_restart_of_the_server(lab):
    server = server_with_lasting_tokens(lab)
    alice = gets(lab.client("alice", password=f"SCRV1:{encoded(PASSWORD)}:{encoded('full')}"), FULL)
    first = session(alice, "alice", "full", "static-challenge")
    gets(comes_back_after(server, alice, signal.SIGUSR1), FULL)
    server.story(*first, *session(alice, "alice", "full", "static-challenge"))


@test
def after_a_hard_restart_a_token_gives_the_default_and_what_the_name_says_but_nothing_more(lab):
    server = server_with_lasting_tokens(lab)
    alice = gets(lab.client("alice", password=f"SCRV1:{encoded(PASSWORD)}:{encoded('full')}"), FULL)
    gets(comes_back_after(server, alice, signal.SIGHUP), CAMPUS)
    bob = gets(lab.client("bob+library"), LIBRARY)
    alice.stop(signal.SIGKILL)
    gets(comes_back_after(server, bob, signal.SIGHUP), LIBRARY)
    server.stop()
    users = [(record["user"], record["profile"], record["by"])
             for file in server.spools() for record in file if record["kind"] == "connected"]
    same(users, [("alice", "full", "static-challenge"), ("alice", "campus", "default"),
                 ("bob", "library", "username-suffix"), ("bob", "library", "username-suffix")],
         "the sessions")


@test
def a_wrapped_plugin_that_is_not_there_or_does_not_open_keeps_the_server_from_starting(lab):
    for name, inner in ("absent", "/nowhere/plugin.so"), ("unfit", "/etc/passwd"):
        server = lab.server(POLICY, name=name, inner=inner, start=False).start()
        check(server.ended() != 0, "OpenVPN started")
        server.expect(r"PLUGIN byway: .*" + inner)


@test
def with_a_token_a_renegotiation_asks_the_wrapped_plugin_nothing(lab):
    server = lab.server(POLICY, "reneg-sec 4", "auth-gen-token 3600 120")
    alice = gets(lab.client("alice+library", "reneg-sec 0"), LIBRARY)
    renegotiated(server, 2)
    with open(lab.path("asked")) as file:
        same(file.read().split(), ["alice"], "PAM is asked once")
    server.story(*session(alice, "alice", "library", "username-suffix"))


@test
def a_token_keeps_the_choice_when_the_client_comes_back_with_it(lab):
    server = lab.server("choose static-challenge\n" + POLICY, "auth-gen-token 3600")
    alice = gets(lab.client("alice", password=f"SCRV1:{encoded(PASSWORD)}:{encoded('library')}"),
                 LIBRARY)
    alice.mark()
    alice.send(signal.SIGUSR1)
    gets(alice, LIBRARY)
    with open(lab.path("asked")) as file:
        same(file.read().split(), ["alice"], "PAM is asked once")
    server.stop()
    records = server.spools()[0][1:]
    begun = [record for record in records if record["kind"] == "connected"]
    same([(r["user"], r["profile"], r["by"]) for r in begun],
         [("alice", "library", "static-challenge")] * 2, "the sessions")
    same(begun[0]["token"], begun[1]["token"], "the token's session")


@test
def a_token_keeps_the_choice_made_in_the_menu(lab):
    server = lab.server("choose menu\n" + SETS + PROFILES, "auth-gen-token 3600")
    alice, manager = asking_client(lab, "setenv IV_SSO crtext")
    log_in(manager, "alice", PASSWORD)
    manager.expect(">INFOMSG:CR_TEXT")
    manager.command("cr-response " + encoded("full"))
    gets(alice, FULL)
    alice.mark()
    alice.send(signal.SIGUSR1)
    gets(alice, FULL)
    server.stop()


@test
def a_password_checked_by_a_script_of_the_servers_works_beside_the_plugin(lab):
    script = lab.write("verify", f"#!/bin/sh\ngrep -qx {PASSWORD} \"$1\"\n", 0o755)
    server = lab.server(POLICY, f"auth-user-pass-verify {script} via-file", inner=None)
    gets(lab.client("alice+library"), LIBRARY)
    lab.client("bob", password="guess").reason()
    server.stop()
    same([r["user"] for file in server.spools() for r in file if r["kind"] == "connected"],
         ["alice"], "who was let in")
