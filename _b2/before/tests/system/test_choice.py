# SPDX-License-Identifier: GPL-2.0-or-later
"""From login to profile: each way to choose, what is refused and what the user is told."""
import base64

from harness.check import check, same, test
from harness.lab import PASSWORD
from harness.story import (CAMPUS, FULL, LIBRARY, POLICY, PROFILES, SETS, began,
                           disconnected, gets, refused, session)


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def asking_client(lab, *lines):
    """A client that waits for a program to log in for it, as a GUI does; and its management."""
    client = lab.client(None, "auth-user-pass", "management-query-passwords", *lines)
    return client, client.manage()


def log_in(manager, user, password):
    manager.expect(r">PASSWORD:Need 'Auth' username/password")
    manager.command(f'username "Auth" "{user}"')
    manager.command(f'password "Auth" "{password}"')


@test
def a_user_who_says_nothing_gets_the_default_profile(lab):
    server = lab.server(POLICY)
    alice = gets(lab.client("alice"), CAMPUS)
    server.story(*session(alice, "alice", "campus", "default", typed="alice", cn="alice"))


@test
def a_suffix_of_the_user_name_chooses_the_profile(lab):
    server = lab.server(POLICY)
    alice = gets(lab.client("alice+library"), LIBRARY)
    bob = gets(lab.client("bob+FULL"), FULL)
    server.story(*began(alice, "alice", "library", "username-suffix", typed="alice+library"),
                 *began(bob, "bob", "full", "username-suffix", typed="bob+FULL"),
                 disconnected(), disconnected())


@test
def a_setting_in_the_clients_config_chooses_the_profile(lab):
    server = lab.server("choose peer-info UV_TUNNEL\n" + SETS + PROFILES)
    alice = gets(lab.client("alice", "push-peer-info", "setenv UV_TUNNEL library"), LIBRARY)
    server.story(*session(alice, "alice", "library", "peer-info"))


@test
def the_answer_to_a_static_challenge_chooses_the_profile_and_the_password_is_still_checked(lab):
    server = lab.server("choose static-challenge\n" + SETS + PROFILES)
    challenge = 'static-challenge "Tunnel (empty: campus)" 1'
    alice, manager = asking_client(lab, challenge)
    manager.expect(r">PASSWORD:Need 'Auth' username/password SC:1,Tunnel \(empty: campus\)")
    manager.command('username "Auth" "alice"')
    manager.command(f'password "Auth" "SCRV1:{encoded(PASSWORD)}:{encoded("full")}"')
    gets(alice, FULL)
    wrong = lab.client("bob", password=f"SCRV1:{encoded('guess')}:{encoded('full')}")
    same(wrong.reason(), "", "the reason for somebody with a wrong password")
    server.story(*session(alice, "alice", "full", "static-challenge", typed="alice"))


@test
def the_menu_asks_after_the_password_and_only_who_can_be_asked(lab):
    server = lab.server("choose menu\n" + SETS + PROFILES)
    alice, manager = asking_client(lab, "setenv IV_SSO crtext")
    log_in(manager, "alice", PASSWORD)
    question = manager.expect(r">INFOMSG:CR_TEXT:([^:]*):(.*)").group(2)
    check(all(name in question for name in ("campus", "library", "full")), question)
    manager.command("cr-response " + encoded("library"))
    gets(alice, LIBRARY)
    bob = gets(lab.client("bob"), CAMPUS)
    server.story(*began(alice, "alice", "library", "menu"),
                 *began(bob, "bob", "campus", "default"), disconnected(), disconnected())


@test
def the_menu_names_only_what_the_user_may_choose_and_refuses_the_rest(lab):
    server = lab.server("choose menu\n" + SETS + PROFILES)
    carol, manager = asking_client(lab, "setenv IV_SSO crtext")
    log_in(manager, "carol", PASSWORD)
    question = manager.expect(r">INFOMSG:CR_TEXT:([^:]*):(.*)").group(2)
    check("library" in question and "full" not in question, question)
    manager.command("cr-response " + encoded("full"))
    reason = carol.reason()
    check('"full"' in reason and "campus, library." in reason, reason)
    server.story(refused("carol", wanted="full"))


@test
def the_menu_says_nothing_to_somebody_with_a_wrong_password(lab):
    server = lab.server("choose menu\n" + SETS + PROFILES)
    client, manager = asking_client(lab, "setenv IV_SSO crtext")
    log_in(manager, "alice", "guess")
    same(client.reason(), "", "the reason")
    check(not any("CR_TEXT" in line for line in manager.seen), "the menu was shown")
    server.story()


@test
def an_empty_choice_is_no_choice_whatever_the_means(lab):
    server = lab.server("choose username-suffix +\nchoose peer-info UV_TUNNEL\n"
                        "choose static-challenge\nchoose menu\n" + SETS + PROFILES)
    suffix = gets(lab.client("alice+"), CAMPUS)
    setting = gets(lab.client("bob", "push-peer-info", "setenv UV_TUNNEL ''"), CAMPUS)
    static = gets(lab.client("carol", password=f"SCRV1:{encoded(PASSWORD)}:"), CAMPUS)
    dave, manager = asking_client(lab, "setenv IV_SSO crtext")
    log_in(manager, "dave", PASSWORD)
    manager.expect(r">INFOMSG:CR_TEXT:")
    manager.command("cr-response " + encoded(" "))
    gets(dave, CAMPUS)
    server.story(*began(suffix, "alice", "campus", "default", typed="alice+"),
                 *began(setting, "bob", "campus", "default"),
                 *began(static, "carol", "campus", "default"),
                 *began(dave, "dave", "campus", "default"), *[disconnected()] * 4)


@test
def the_order_of_the_choose_lines_decides_between_two_choices(lab):
    server = lab.server("choose peer-info UV_TUNNEL\nchoose username-suffix +\n" + SETS + PROFILES)
    alice = gets(lab.client("alice+full", "push-peer-info", "setenv UV_TUNNEL library"), LIBRARY)
    server.story(*session(alice, "alice", "library", "peer-info"))


@test
def a_typo_is_refused_with_the_names_and_the_client_shows_them(lab):
    server = lab.server(POLICY)
    same(lab.client("alice+ful").reason(),
         'There is no tunnel profile "ful". You may choose: campus, library, full.', "the reason")
    server.story(refused("alice", typed="alice+ful", wanted="ful"))


@test
def a_forbidden_profile_is_refused_and_only_what_is_open_to_the_user_is_named(lab):
    server = lab.server(POLICY)
    reason = lab.client("carol+full").reason()
    check('"full"' in reason and "You may choose: campus, library." in reason, reason)
    server.story(refused("carol", typed="carol+full", wanted="full"))


@test
def with_on_refused_default_both_get_the_default_and_are_told_so(lab):
    server = lab.server("on-refused default\n" + POLICY)
    typo = gets(lab.client("alice+ful"), CAMPUS)
    forbidden = gets(lab.client("carol+full"), CAMPUS)
    for client in (typo, forbidden):
        told = "\n".join(client.messages())
        check("not open to you" in told, told)
    server.story(*began(typo, "alice", "campus", "default", fell_back=1),
                 *began(forbidden, "carol", "campus", "default", fell_back=1),
                 disconnected(), disconnected())


@test
def a_wrong_password_gets_no_reason_whatever_was_chosen(lab):
    server = lab.server(POLICY)
    for user in ("alice", "alice+ful", "carol+full", "nobody-knows+library"):
        same(lab.client(user, password="guess").reason(), "", f"the reason for {user}")
    server.story()


@test
def a_user_has_a_default_of_their_own_and_choices_win_over_it(lab):
    server = lab.server(POLICY + "<user alice>\nprofile library\n</user>\n")
    own = gets(lab.client("alice"), LIBRARY)
    chosen = gets(lab.client("alice+campus"), CAMPUS)
    server.story(*began(own, "alice", "library", "user-default"),
                 *began(chosen, "alice", "campus", "username-suffix"),
                 disconnected(), disconnected())


@test
def opt_in_makes_every_login_of_that_user_a_full_tunnel_unless_they_choose_otherwise(lab):
    server = lab.server(POLICY + "<user bob>\nopt-in full\n</user>\n")
    bob = gets(lab.client("bob"), FULL)
    chosen = gets(lab.client("bob+campus"), CAMPUS)
    alice = gets(lab.client("alice"), CAMPUS)
    server.story(*began(bob, "bob", "full", "opt-in"),
                 *began(chosen, "bob", "campus", "username-suffix"),
                 *began(alice, "alice", "campus", "default"), *[disconnected()] * 3)


@test
def who_comes_from_the_wireless_network_gets_a_full_tunnel_without_asking(lab):
    policy = POLICY.replace("tunnel full", "tunnel full\nassume-opt-in-from 192.168.2.0/24")
    server = lab.server(policy)
    bob = gets(lab.client("bob", home=2), FULL)
    alice = gets(lab.client("alice", home=1), CAMPUS)
    server.story(*began(bob, "bob", "full", "network", real="192.168.2.2"),
                 *began(alice, "alice", "campus", "default", real="192.168.1.2"),
                 disconnected(), disconnected())


@test
def the_connect_message_tells_the_client_which_tunnel_it_is_on_and_why(lab):
    policy = POLICY.replace("tunnel full", 'tunnel full\nmessage "Everything, downloads included."')
    lab.server(policy)
    alice = gets(lab.client("alice+full"), FULL)
    told = "\n".join(alice.messages())
    for part in ("All traffic", "with your user name", "Everything, downloads included.",
                 "msg-notify All traffic"):
        check(part in told, f"{part!r} is not in:\n{told}")
