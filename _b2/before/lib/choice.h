/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From login to profile: one pure function of the policy and what the login said.
 */
#ifndef BYWAY_LIB_CHOICE_H
#define BYWAY_LIB_CHOICE_H

#include "lib/policy.h"

#define CHOICE_REASON_SIZE 700 /* OpenVPN sends about 1,000 bytes of reason at most */

enum choice_by {
    CHOICE_BY_DEFAULT,
    CHOICE_BY_USER_DEFAULT,
    CHOICE_BY_USERNAME_SUFFIX,
    CHOICE_BY_PEER_INFO,
    CHOICE_BY_STATIC_CHALLENGE,
    CHOICE_BY_MENU,
    CHOICE_BY_OPT_IN,
    CHOICE_BY_NETWORK,
    CHOICE_BY_COUNT
};

/* What a login said. Every string is the client's claim: hostile, any bytes, any length. */
struct choice_login {
    const char *username;         /* as typed; NULL if none */
    const char *common_name;      /* of the certificate; NULL if none */
    const char *peer_info;        /* the value of the UV_ variable the policy names; NULL if none */
    const char *static_challenge; /* the response, decoded; NULL if none */
    const char *menu;             /* the answer to the menu; NULL if not asked */
    const struct prefix *from;    /* the real address as a host prefix; NULL if not known */
    bool can_be_asked; /* the client announced IV_SSO with crtext, and may be asked now */
};

enum choice_outcome {
    CHOICE_ERROR,   /* could not decide (no user name, too long, …): deny. Zero on purpose */
    CHOICE_REFUSED, /* an unknown or forbidden profile: deny, with the reason */
    CHOICE_ASK,     /* show the menu, then decide again with its answer */
    CHOICE_GRANTED,
};

struct choice {
    enum choice_outcome outcome;
    char user[POLICY_MAX_USER + 1];       /* without the suffix */
    const struct policy_user *known;      /* the policy's entry for that user, or NULL */
    const struct policy_profile *profile; /* when granted */
    enum choice_by by;                    /* when granted */
    bool fell_back;                       /* refused, but `on-refused default` */
    char wanted[POLICY_MAX_NAME + 1];     /* what was asked for, printable, cut; "" if nothing */
    char reason[CHOICE_REASON_SIZE];      /* for the user, one printable ASCII line: why it
                                             was refused, fell back, or could not be decided */
};

/*
 * Decides. The result's pointers lead into `policy`. Call it only for a login that
 * was authenticated, or show its result to no one until it is.
 */
void choice_decide(const struct policy *policy, const struct choice_login *login,
                   struct choice *out);

/*
 * The user name without the suffix, and the suffix ("" if empty, NULL if there is
 * none): what an authentication plugin must be given. Cuts at the last separator. False (and
 * `user` empty) if nothing is left, or it is longer than POLICY_MAX_USER.
 * `*suffix` points into `typed`.
 */
bool choice_split_username(const struct policy *policy, const char *typed,
                           char user[POLICY_MAX_USER + 1], const char **suffix);

/* The menu's question, one printable ASCII line naming what this user may choose. */
void choice_prompt(const struct policy *policy, const struct policy_user *user, char *text,
                   size_t size);

/* "default", "user-default", "username-suffix", … as in logs and the spool. */
const char *choice_by_name(enum choice_by by);

/* The same for people, as in "You are on … (you chose it at login)". Printable ASCII. */
const char *choice_by_sentence(enum choice_by by);

#endif
