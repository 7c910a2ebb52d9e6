/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From login to profile. Pure: it reads the policy and the login and writes its
 * answer. Everything in a login is hostile; nothing of it gets into the answer but
 * the user's name, and `wanted` reduced to harmless characters.
 */
#include "lib/choice.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PROMPT_SIZE 201 /* OpenVPN's clients take parameters of up to 255 bytes */

struct by_words {
    const char *name;
    const char *sentence;
};

static const struct by_words by_words[CHOICE_BY_COUNT] = {
    [CHOICE_BY_DEFAULT] = {"default", "it is the default"},
    [CHOICE_BY_USER_DEFAULT] = {"user-default", "it is your default"},
    [CHOICE_BY_USERNAME_SUFFIX] = {"username-suffix", "you chose it with your user name"},
    [CHOICE_BY_PEER_INFO] = {"peer-info", "your VPN configuration asks for it"},
    [CHOICE_BY_STATIC_CHALLENGE] = {"static-challenge", "you chose it at login"},
    [CHOICE_BY_MENU] = {"menu", "you chose it when you were asked"},
    [CHOICE_BY_OPT_IN] = {"opt-in", "it is set as your choice for every login"},
    [CHOICE_BY_NETWORK] = {"network", "it is needed on the network you are on"},
};

/* A text in a buffer of fixed size. What does not fit is left out. */
struct line {
    char *text;
    size_t size;
    size_t n;
};

static struct line line_new(char *text, size_t size)
{
    struct line line = {.text = text, .size = size};

    if (size > 0)
        text[0] = '\0';
    return line;
}

/* All of it or nothing, and only if `spare` bytes are still free afterwards. */
__attribute__((format(printf, 3, 4))) static bool line_add(struct line *line, size_t spare,
                                                           const char *format, ...)
{
    size_t room = line->size - line->n;
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = vsnprintf(line->text + line->n, room, format, arguments);
    va_end(arguments);
    if (n < 0 || (size_t)n + spare >= room) {
        if (room > 0)
            line->text[line->n] = '\0';
        return false;
    }
    line->n += (size_t)n;
    return true;
}

/* "campus, library, full", or "campus and 37 more"; leaves `spare` bytes free. */
static void add_profiles(struct line *line, size_t spare, const struct policy *policy,
                         const struct policy_user *user)
{
    const size_t spare_more = spare + sizeof(" and 18446744073709551615 more");
    size_t shown = 0;
    size_t left = 0;

    for (size_t i = 0; i < policy->n_profiles; i++) {
        const struct policy_profile *profile = &policy->profiles[i];

        if (!policy_allows(profile, user))
            continue;
        if (left == 0 && line_add(line, spare_more, "%s%s", shown > 0 ? ", " : "", profile->name))
            shown++;
        else
            left++;
    }
    if (left > 0)
        line_add(line, spare, shown > 0 ? " and %zu more" : "%zu tunnel profiles", left);
}

static size_t count_allowed(const struct policy *policy, const struct policy_user *user)
{
    size_t n = 0;

    for (size_t i = 0; i < policy->n_profiles; i++)
        n += policy_allows(&policy->profiles[i], user);
    return n;
}

/* The reason of a refusal: `before` "name" `after`, and what may be chosen instead. */
static void give_reason(struct choice *out, const struct policy *policy, const char *before,
                        const char *name, const char *after)
{
    struct line line = line_new(out->reason, sizeof(out->reason));

    line_add(&line, 0, "%s \"%s\"%s", before, name, after);
    if (count_allowed(policy, out->known) == 0) {
        line_add(&line, 0, " There is none that you may choose.");
        return;
    }
    line_add(&line, 0, " You may choose: ");
    add_profiles(&line, sizeof("."), policy, out->known);
    line_add(&line, 0, ".");
}

/* Part of a string of the client's. */
struct span {
    const char *text; /* not NUL-terminated */
    size_t n;
};

/* Only ASCII counts, whatever the locale. */
static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct span trimmed(const char *text)
{
    struct span span = {.text = text, .n = text ? strlen(text) : 0};

    while (span.n > 0 && is_blank(span.text[0])) {
        span.text++;
        span.n--;
    }
    while (span.n > 0 && is_blank(span.text[span.n - 1]))
        span.n--;
    return span;
}

/* What was asked for, fit to stand in a sentence that goes to logs, terminals and dialogs. */
static void show_wanted(struct choice *out, struct span wanted)
{
    static const char harmless[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                   "0123456789 _.+@:/=-";
    size_t n = wanted.n < POLICY_MAX_NAME ? wanted.n : POLICY_MAX_NAME;

    for (size_t i = 0; i < n; i++) {
        char c = wanted.text[i];

        out->wanted[i] = c != '\0' && strchr(harmless, c) ? c : '?';
    }
    out->wanted[n] = '\0';
    if (wanted.n > n)
        memcpy(out->wanted + n - 3, "...", 3);
}

bool choice_split_username(const struct policy *policy, const char *typed,
                           char user[POLICY_MAX_USER + 1], const char **suffix)
{
    const struct policy_choose *choose = policy_chooses(policy, POLICY_MEANS_USERNAME_SUFFIX);
    size_t n = strlen(typed);

    user[0] = '\0';
    *suffix = NULL;
    if (choose) {
        const char *separator = choose->argument;
        size_t separator_n = strlen(separator);

        for (size_t at = n; at-- > 0 && separator_n > 0;) {
            if (strncmp(typed + at, separator, separator_n) == 0) {
                *suffix = typed + at + separator_n;
                n = at;
                break;
            }
        }
    }
    if (n == 0 || n > POLICY_MAX_USER)
        return false;
    memcpy(user, typed, n);
    user[n] = '\0';
    return true;
}

static bool is_given(const char *text)
{
    return text && text[0] != '\0';
}

static bool fail(struct choice *out, const char *reason)
{
    out->outcome = CHOICE_ERROR;
    out->user[0] = '\0';
    snprintf(out->reason, sizeof(out->reason), "%s", reason);
    return false;
}

/* Who it is. *suffix is what the user name has after the separator; NULL if nothing. */
static bool identify(const struct policy *policy, const struct choice_login *login,
                     struct choice *out, const char **suffix)
{
    bool has_username = is_given(login->username);
    bool has_common_name = is_given(login->common_name);
    bool by_common_name = has_common_name && (policy->identity_common_name || !has_username);
    bool split = has_username && choice_split_username(policy, login->username, out->user, suffix);

    if (by_common_name) {
        size_t n = strlen(login->common_name);

        if (n > POLICY_MAX_USER)
            return fail(out, "The name in your certificate is too long.");
        memcpy(out->user, login->common_name, n + 1);
    } else if (!has_username) {
        return fail(out, "There is no user name, and no certificate with a name.");
    } else if (!split) {
        return fail(out, "Your user name is empty or too long.");
    }
    out->known = policy_find_user(policy, out->user);
    return true;
}

/* The first choice that says anything, in the order of the `choose` lines. */
static struct span explicit_choice(const struct policy *policy, const struct choice_login *login,
                                   const char *suffix, enum choice_by *by)
{
    const struct {
        const char *text;
        enum choice_by by;
    } said[POLICY_MEANS_COUNT] = {
        [POLICY_MEANS_USERNAME_SUFFIX] = {suffix, CHOICE_BY_USERNAME_SUFFIX},
        [POLICY_MEANS_PEER_INFO] = {login->peer_info, CHOICE_BY_PEER_INFO},
        [POLICY_MEANS_STATIC_CHALLENGE] = {login->static_challenge, CHOICE_BY_STATIC_CHALLENGE},
        [POLICY_MEANS_MENU] = {login->menu, CHOICE_BY_MENU},
    };

    for (size_t i = 0; i < policy->n_choose; i++) {
        enum policy_means means = policy->choose[i].means;
        struct span span = trimmed(said[means].text);

        if (span.n > 0) {
            *by = said[means].by;
            return span;
        }
    }
    return (struct span){NULL, 0};
}

static const struct policy_profile *find_profile(const struct policy *policy, struct span wanted)
{
    char name[POLICY_MAX_NAME + 1];

    if (wanted.n > POLICY_MAX_NAME)
        return NULL;
    memcpy(name, wanted.text, wanted.n);
    name[wanted.n] = '\0';
    return policy_find_profile(policy, name);
}

/* The first profile that is assumed for this network and that the user may have. */
static const struct policy_profile *find_by_network(const struct policy *policy,
                                                    const struct policy_user *user,
                                                    const struct prefix *from)
{
    for (size_t i = 0; from && i < policy->n_profiles; i++) {
        const struct policy_profile *profile = &policy->profiles[i];

        if (profile->opt_in_from && policy_allows(profile, user) &&
            prefix_set_contains(profile->opt_in_from, from))
            return profile;
    }
    return NULL;
}

/* What this login gets where it chose nothing; it may still be forbidden to the user. */
static const struct policy_profile *find_default(const struct policy *policy,
                                                 const struct choice_login *login,
                                                 const struct policy_user *user, enum choice_by *by)
{
    const struct policy_profile *by_network = NULL;

    if (user && user->opt_in) {
        *by = CHOICE_BY_OPT_IN;
        return user->opt_in;
    }
    by_network = find_by_network(policy, user, login->from);
    if (by_network) {
        *by = CHOICE_BY_NETWORK;
        return by_network;
    }
    if (user && user->profile) {
        *by = CHOICE_BY_USER_DEFAULT;
        return user->profile;
    }
    *by = CHOICE_BY_DEFAULT;
    return policy->default_profile;
}

/*
 * Grants what is due without a choice. A default that is forbidden to the user is a
 * mistake in the policy; to give some other profile would hide it, so it refuses.
 */
static void grant_default(const struct policy *policy, const struct choice_login *login,
                          struct choice *out)
{
    const struct policy_profile *profile = find_default(policy, login, out->known, &out->by);

    if (!policy_allows(profile, out->known)) {
        out->outcome = CHOICE_REFUSED;
        if (!out->fell_back)
            give_reason(out, policy, "Your default tunnel profile", profile->name,
                        " is not open to you.");
        out->fell_back = false;
        return;
    }
    out->outcome = CHOICE_GRANTED;
    out->profile = profile;
}

static void refuse(const struct policy *policy, const struct choice_login *login,
                   struct choice *out, const char *before, const char *name)
{
    give_reason(out, policy, before, name, ".");
    out->outcome = CHOICE_REFUSED;
    if (policy->on_refused_default) {
        out->fell_back = true;
        grant_default(policy, login, out);
    }
}

static bool should_ask(const struct policy *policy, const struct choice_login *login,
                       const struct policy_user *user)
{
    return login->can_be_asked && !login->menu && policy_chooses(policy, POLICY_MEANS_MENU) &&
           count_allowed(policy, user) > 1;
}

void choice_decide(const struct policy *policy, const struct choice_login *login,
                   struct choice *out)
{
    const struct policy_profile *profile = NULL;
    const char *suffix = NULL;
    struct span wanted = {NULL, 0};

    memset(out, 0, sizeof(*out));
    if (!identify(policy, login, out, &suffix))
        return;
    wanted = explicit_choice(policy, login, suffix, &out->by);
    if (wanted.n == 0) {
        if (should_ask(policy, login, out->known))
            out->outcome = CHOICE_ASK;
        else
            grant_default(policy, login, out);
        return;
    }
    show_wanted(out, wanted);
    profile = find_profile(policy, wanted);
    if (!profile) {
        refuse(policy, login, out, "There is no tunnel profile", out->wanted);
    } else if (!policy_allows(profile, out->known)) {
        refuse(policy, login, out, "You may not use tunnel profile", profile->name);
    } else {
        out->outcome = CHOICE_GRANTED;
        out->profile = profile;
    }
}

void choice_prompt(const struct policy *policy, const struct policy_user *user, char *text,
                   size_t size)
{
    static const char end[] = " (empty for your default)";
    struct line line = line_new(text, size < PROMPT_SIZE ? size : PROMPT_SIZE);

    line_add(&line, sizeof(end), "Which tunnel? ");
    add_profiles(&line, sizeof(end), policy, user);
    line_add(&line, 0, "%s", end);
}

const char *choice_by_name(enum choice_by by)
{
    return (unsigned)by < CHOICE_BY_COUNT ? by_words[by].name : "unknown";
}

const char *choice_by_sentence(enum choice_by by)
{
    return (unsigned)by < CHOICE_BY_COUNT ? by_words[by].sentence : "nobody knows why";
}
