/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as what a login says, under policies of every kind. Whatever is decided must
 * keep the promises: nobody on a full tunnel without having chosen it, nothing forbidden,
 * nothing of the client's where it could be taken for more than data.
 *
 * An input is a byte that names the policy, one of flags, and strings ended by NULs: user
 * name, common name, peer info, static challenge, menu.
 */
#include "config.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/choice.h"
#include "lib/policy_load_text.h"
#include "lib/push.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define N_POLICIES 6
#define N_STRINGS  5

/* Bits of the flags; the lowest five say which strings are there. */
#define FLAG_FROM_CAMPUS  0x20
#define FLAG_FROM_OUTSIDE 0x40
#define FLAG_CAN_BE_ASKED 0x80

static const char profiles[] =
    "default-profile campus\n<routes in>\n10.0.0.0/8\n2001:db8::/32\n</routes>\n"
    "<profile campus>\ntunnel split\nroutes in\n</profile>\n"
    "<profile library>\ntunnel split\nroutes in\n</profile>\n"
    "<profile full>\ntunnel full\nallow group staff\nallow user alice\n"
    "assume-opt-in-from 172.16.0.0/12\n</profile>\n"
    "<profile staff>\ntunnel split\nallow group staff\n</profile>\n"
    "<group staff>\nuser sam\nroutes in\n</group>\n"
    "<user alice>\nopt-in full\n</user>\n<user lena>\nprofile library\n</user>\n";

static const char *const heads[N_POLICIES] = {
    "choose username-suffix +\nchoose peer-info UV_T\nchoose static-challenge\nchoose menu\n",
    "choose menu\nchoose static-challenge\nchoose peer-info UV_T\nchoose username-suffix @\n",
    "choose username-suffix +\non-refused default\nchoose menu\n",
    "identity common-name\nchoose username-suffix +\n",
    "identity common-name\nchoose peer-info UV_T\non-refused default\n",
    "",
};

static void require(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "promise broken: %s\n", what);
    abort();
}

static struct policy *load(const char *head)
{
    char text[2000];
    struct diagnostics *problems = diagnostics_new();
    struct dirs *dirs = dirs_new();
    struct watch *watch = watch_new();
    struct policy *policy = NULL;
    int n = snprintf(text, sizeof(text), "%s%s", head, profiles);

    policy = policy_load_text("/policy.conf", text, (size_t)n, dirs, watch, problems);
    require(policy != NULL, "the fuzzer's own policy does not load");
    watch_free(watch);
    dirs_free(dirs);
    diagnostics_free(problems);
    return policy;
}

static void require_shown_safely(const char *text, size_t size, const char *unwanted)
{
    require(memchr(text, '\0', size) != NULL, "a text without its end");
    for (; *text != '\0'; text++) {
        require(*text >= ' ' && *text <= '~', "a byte that is not printable ASCII");
        require(strchr(unwanted, *text) == NULL, "a character that could be more than data");
    }
}

static bool asked_for(const char *said, const char *profile)
{
    return said && strcasestr(said, profile) != NULL;
}

/* A full tunnel must have been named somewhere, or be the policy's own doing. */
static void check_full(const struct choice *choice, const struct choice_login *login)
{
    const char *name = choice->profile->name;

    switch (choice->by) {
    case CHOICE_BY_USERNAME_SUFFIX:
        require(asked_for(login->username, name), "full by a suffix that does not say so");
        break;
    case CHOICE_BY_PEER_INFO:
        require(asked_for(login->peer_info, name), "full by peer info that does not say so");
        break;
    case CHOICE_BY_STATIC_CHALLENGE:
        require(asked_for(login->static_challenge, name), "full by a challenge that does not");
        break;
    case CHOICE_BY_MENU:
        require(asked_for(login->menu, name), "full by a menu that does not say so");
        break;
    case CHOICE_BY_OPT_IN:
        require(choice->known && choice->known->opt_in == choice->profile, "no such opt-in");
        break;
    case CHOICE_BY_NETWORK:
        require(login->from && prefix_set_contains(choice->profile->opt_in_from, login->from),
                "full by a network that is another");
        break;
    case CHOICE_BY_DEFAULT:
    case CHOICE_BY_USER_DEFAULT:
    case CHOICE_BY_COUNT:
        require(false, "a full tunnel by default");
    }
}

static void check_granted(const struct policy *policy, const struct choice *choice,
                          const struct choice_login *login)
{
    struct push_connection connection = {.by = choice->by, .fell_back = choice->fell_back};
    size_t n = 0;
    char *text = NULL;

    require(choice->profile != NULL, "granted nothing");
    require(policy_allows(choice->profile, choice->known), "granted what is forbidden");
    require(choice->user[0] != '\0', "granted to nobody");
    if (choice->profile->full)
        check_full(choice, login);
    text = push_render(policy, choice->profile, choice->known, &connection, &n);
    require(text != NULL && strlen(text) == n, "a grant that cannot be rendered");
    require((strstr(text, "push \"redirect-gateway") != NULL) == choice->profile->full,
            "redirected, or not, against the profile");
    free(text);
}

static void check_choice(const struct policy *policy, const struct choice_login *login)
{
    struct choice choice;
    struct choice again;

    memset(&choice, 0x5a, sizeof(choice));
    choice_decide(policy, login, &choice);
    choice_decide(policy, login, &again);
    require(choice.outcome == again.outcome && choice.profile == again.profile &&
                strcmp(choice.reason, again.reason) == 0,
            "decided otherwise the second time");
    require(memchr(choice.user, '\0', sizeof(choice.user)) != NULL, "a user without end");
    require(choice.known == (choice.user[0] ? policy_find_user(policy, choice.user) : NULL),
            "somebody else's entry");
    require_shown_safely(choice.wanted, sizeof(choice.wanted), "\"'\\<>&%,;`$|*");
    require_shown_safely(choice.reason, sizeof(choice.reason), "\\<>&%;`$|*");
    switch (choice.outcome) {
    case CHOICE_GRANTED:
        check_granted(policy, &choice, login);
        require(choice.fell_back == (choice.reason[0] != '\0'), "fell back without a reason");
        break;
    case CHOICE_ASK:
        require(login->can_be_asked && !login->menu, "asked who cannot be");
        require(policy_chooses(policy, POLICY_MEANS_MENU) != NULL, "asked without a menu");
        break;
    case CHOICE_REFUSED:
    case CHOICE_ERROR:
        require(choice.reason[0] != '\0' && !choice.profile, "refused without a reason");
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct policy *policies[N_POLICIES];
    static const struct prefix campus = {
        .hi = UINT64_C(0xac100105) << 32, .len = 32, .family = PREFIX_IPV4};
    static const struct prefix outside = {
        .hi = UINT64_C(0x20010db8) << 32, .lo = 7, .len = 128, .family = PREFIX_IPV6};
    const char *said[N_STRINGS] = {NULL};
    struct choice_login login = {0};
    const struct policy *policy = NULL;
    char *copy = NULL;

    for (size_t i = 0; i < N_POLICIES && !policies[i]; i++)
        policies[i] = load(heads[i]);
    if (size < 2)
        return 0;
    policy = policies[data[0] % N_POLICIES];
    copy = calloc(1, size + N_STRINGS); /* its own, so that a byte too far is noticed */
    if (!copy)
        return 0;
    memcpy(copy, data + 2, size - 2);
    for (size_t i = 0, at = 0; i < N_STRINGS; i++) {
        said[i] = data[1] & 1 << i ? copy + at : NULL;
        at += at < size ? strlen(copy + at) + 1 : 0;
    }
    login = (struct choice_login){.username = said[0],
                                  .common_name = said[1],
                                  .peer_info = said[2],
                                  .static_challenge = said[3],
                                  .menu = said[4],
                                  .can_be_asked = data[1] & FLAG_CAN_BE_ASKED};
    if (data[1] & FLAG_FROM_CAMPUS)
        login.from = &campus;
    else if (data[1] & FLAG_FROM_OUTSIDE)
        login.from = &outside;
    check_choice(policy, &login);
    free(copy);
    return 0;
}
