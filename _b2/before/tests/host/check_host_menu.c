/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The question after the password: by CR_TEXT where it can be asked at once, else by CRV1. */
#include "tests/host/fakes.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"

#include <unistd.h>

#define LIBRARY64 "bGlicmFyeQ=="
#define ASKED     "CR_TEXT:R,E:"

static struct host *start(const char *module, const char *mode)
{
    struct host *host = host_new();
    char text[2048];

    snprintf(text, sizeof(text), "choose menu\nchoose peer-info UV_TUNNEL\n%s", host_policy_text);
    host_policy(host, text);
    if (module != NULL)
        host_wrap(host, module, mode);
    ck_assert_msg(host_open(host), "%s", host_log(host));
    return host;
}

static struct host_client *login(struct host *host, const char *username, const char *password)
{
    struct host_client *client = host_client_new(host);

    host_login(client, username, password);
    host_set(client, "IV_SSO", "openurl,webauth,crtext");
    return client;
}

/* A client that was asked and has not answered yet. */
static struct host_client *asked(struct host *host, const char *username)
{
    struct host_client *client = login(host, username, HOST_PASSWORD);

    ck_assert_int_eq(host_auth(client), HOST_DEFERRED);
    ck_assert_int_eq(host_verdict(client, 0), '-');
    return client;
}

static void expect_profile(struct host_client *client, struct host *host, const char *profile,
                           const char *by)
{
    struct spool_record record;
    char *text;

    ck_assert_int_eq(host_connect(client, &text), HOST_OK);
    free(text);
    record = host_spool(host, SPOOL_CONNECTED, host_spool_count(host, SPOOL_CONNECTED) - 1);
    ck_assert_str_eq(record.profile, profile);
    ck_assert_str_eq(record.by, by);
}

START_TEST(the_question_is_three_lines_and_names_what_may_be_chosen)
{
    struct host *host = start("inner_v3", "check");
    struct host_client *carol = asked(host, "carol");
    struct host_client *alice = asked(host, "alice");
    const char *prompt = strstr(host_pending(carol), "\ncrtext\n" ASKED);

    ck_assert_msg(prompt != NULL, "pending: %s", host_pending(carol));
    ck_assert_ptr_nonnull(strstr(prompt, "campus"));
    ck_assert_ptr_nonnull(strstr(prompt, "library"));
    ck_assert_ptr_null(strstr(prompt, "full"));
    ck_assert_ptr_nonnull(strstr(host_pending(alice), "full"));
    ck_assert_uint_lt(strlen(prompt), 300);
    host_client_free(carol);
    host_client_free(alice);
    host_free(host);
}
END_TEST

static const struct {
    const char *answer; /* base64, as the client sends it */
    char verdict;
    const char *profile;
    const char *by;
} answers[] = {
    {LIBRARY64, '1', "library", "menu"},
    {"TElCUkFSWQ==", '1', "library", "menu"}, /* LIBRARY */
    {"Y2FtcHVz", '1', "campus", "menu"},      /* campus */
    {"", '1', "campus", "default"},           /* nothing */
    {"ZnVsbA==", '0', NULL, NULL},            /* full */
    {"bm9uc2Vuc2U=", '0', NULL, NULL},        /* nonsense */
    {"bGlicmFyeQo=", '0', NULL, NULL},        /* library, newline */
    {"!!!!", '0', NULL, NULL},
    {"bGlicmFyeQ", '0', NULL, NULL}, /* without its padding */
    {"bGlicmFyeQ==bGlicmFyeQ==", '0', NULL, NULL},
    {"====", '0', NULL, NULL},
    {"AAAA", '0', NULL, NULL},             /* NULs */
    {"bGlicmFyeQBmdWxs", '0', NULL, NULL}, /* library, NUL, full */
    {"/w==", '0', NULL, NULL},             /* not UTF-8 */
    {"PHg+", '0', NULL, NULL},             /* <x> */
    {"JXMlbiVu", '0', NULL, NULL},         /* %s%n%n */
};
enum { N_ANSWERS = sizeof(answers) / sizeof(answers[0]) };

START_TEST(an_answer_is_taken_or_refused)
{
    struct host *host = start("inner_v3", "check");
    struct host_client *client = asked(host, "carol");
    char *text;

    host_crresponse(client, answers[_i].answer);
    ck_assert_msg(host_verdict(client, 0) == answers[_i].verdict, "answer %s", answers[_i].answer);
    if (answers[_i].verdict == '1') {
        expect_profile(client, host, answers[_i].profile, answers[_i].by);
    } else {
        ck_assert_int_eq(host_connect(client, &text), HOST_ERROR);
    }
    host_client_free(client);
    host_free(host);
}
END_TEST

START_TEST(a_refused_answer_is_explained)
{
    struct host *host = start("inner_v3", "check");
    struct host_client *client = asked(host, "carol");

    host_crresponse(client, "bm9uc2Vuc2U=");
    ck_assert_int_eq(host_verdict(client, 0), '0');
    ck_assert_ptr_nonnull(strstr(host_reason(client), "nonsense"));
    ck_assert_ptr_nonnull(strstr(host_reason(client), "library"));
    ck_assert_str_eq(host_spool(host, SPOOL_REFUSED, 0).wanted, "nonsense");
    host_client_free(client);
    host_free(host);
}
END_TEST

START_TEST(a_huge_answer_is_refused)
{
    struct host *host = start("inner_v3", "check");
    struct host_client *client = asked(host, "carol");
    size_t n = 4 * 1024 * 1024;
    char *huge = malloc(n + 1);

    memset(huge, 'A', n);
    memcpy(huge, "bGli", 4);
    for (size_t i = 4; i < n; i += 4)
        memcpy(huge + i, "YWFh", 4);
    huge[n] = '\0';
    host_crresponse(client, huge);
    ck_assert_int_eq(host_verdict(client, 0), '0');
    free(huge);
    host_client_free(client);
    host_free(host);
}
END_TEST

START_TEST(no_answer_at_all_in_the_environment_is_no_yes)
{
    struct host *host = start("inner_v3", "check");
    struct host_client *client = asked(host, "carol");

    host_without(client, "crresponse");
    ck_assert_int_eq(host_crresponse(client, LIBRARY64), HOST_ERROR);
    ck_assert_int_ne(host_verdict(client, 0), '1');
    host_client_free(client);
    host_free(host);
}
END_TEST

START_TEST(only_the_first_answer_counts)
{
    struct host *host = start("inner_v3", "check");
    struct host_client *client = asked(host, "alice");

    host_crresponse(client, LIBRARY64);
    ck_assert_int_eq(host_verdict(client, 0), '1');
    host_crresponse(client, "ZnVsbA=="); /* full: alice may, but it is too late */
    ck_assert_int_eq(host_verdict(client, 0), '1');
    expect_profile(client, host, "library", "menu");
    host_client_free(client);

    client = asked(host, "carol");
    host_crresponse(client, "bm9uc2Vuc2U=");
    host_crresponse(client, LIBRARY64);
    ck_assert_int_eq(host_verdict(client, 0), '0');
    host_client_free(client);
    host_free(host);
}
END_TEST

START_TEST(an_unanswered_question_lets_nobody_in)
{
    struct host *host = start("inner_v3", "check");
    struct host_client *client = asked(host, "carol");
    char *text;

    ck_assert_int_eq(host_connect(client, &text), HOST_ERROR);
    host_client_free(client);
    host_free(host);
}
END_TEST

START_TEST(an_answer_to_one_is_not_an_answer_of_another)
{
    struct host *host = start("inner_v3", "check");
    struct host_client *first = asked(host, "carol");
    struct host_client *second = asked(host, "alice");

    host_crresponse(first, LIBRARY64);
    ck_assert_int_eq(host_verdict(first, 0), '1');
    ck_assert_int_eq(host_verdict(second, 0), '-');
    host_client_free(first);
    host_client_free(second);
    host_free(host);
}
END_TEST

START_TEST(an_answer_nobody_asked_for_does_nothing)
{
    struct host *host = start("inner_v3", "check");
    struct host_client *client = login(host, "alice", "wrong");
    char *text;

    host_crresponse(client, "ZnVsbA==");
    ck_assert_int_eq(host_auth(client), HOST_ERROR);
    ck_assert_str_eq(host_pending(client), "");
    host_crresponse(client, "ZnVsbA==");
    ck_assert_int_eq(host_connect(client, &text), HOST_ERROR);
    host_client_free(client);
    host_free(host);
}
END_TEST

/* OpenVPN removes the file when it gives the login up: a late answer must not make it again. */
START_TEST(the_control_file_is_never_made)
{
    struct host *host = start("inner_v3", "check");
    struct host_client *client = asked(host, "carol");

    host_drop_files(client);
    host_crresponse(client, LIBRARY64);
    ck_assert(host_is_empty(host, "tmp"));
    host_client_free(client);
    host_free(host);
}
END_TEST

START_TEST(a_control_file_replaced_by_a_link_is_not_followed)
{
    struct host *host = start("inner_v3", "check");
    struct host_client *client = asked(host, "carol");
    char path[512];
    char *victim;

    snprintf(path, sizeof(path), "%s", host_get(client, "auth_control_file"));
    host_write(host, "victim", "precious");
    unlink(path);
    ck_assert_int_eq(symlink(host_path(host, "victim"), path), 0);
    host_crresponse(client, LIBRARY64);
    victim = host_read(host, "victim");
    ck_assert_str_eq(victim, "precious");
    free(victim);
    host_client_free(client);
    host_free(host);
}
END_TEST

/* ── who is asked ── */

START_TEST(only_those_are_asked_whose_client_can)
{
    static const char *const sso[] = {NULL,      "",        "webauth,openurl",
                                      "xcrtext", "crtextx", "webauth crtext"};
    struct host *host = start("inner_v3", "check");

    for (size_t i = 0; i < sizeof(sso) / sizeof(sso[0]); i++) {
        struct host_client *client = login(host, "carol", HOST_PASSWORD);

        host_set(client, "IV_SSO", sso[i]);
        ck_assert_msg(host_auth(client) == HOST_OK, "IV_SSO=%s", sso[i]);
        expect_profile(client, host, "campus", "default");
        host_client_free(client);
    }
    host_free(host);
}
END_TEST

START_TEST(who_said_it_already_is_not_asked)
{
    struct host *host = start("inner_v3", "check");
    struct host_client *client = login(host, "carol+library", HOST_PASSWORD);

    ck_assert_int_eq(host_auth(client), HOST_OK);
    expect_profile(client, host, "library", "username-suffix");
    host_client_free(client);
    client = login(host, "carol", HOST_PASSWORD);
    host_set(client, "UV_TUNNEL", "library");
    ck_assert_int_eq(host_auth(client), HOST_OK);
    expect_profile(client, host, "library", "peer-info");
    host_client_free(client);
    host_free(host);
}
END_TEST

START_TEST(who_failed_the_password_is_asked_nothing)
{
    struct host *host = start("inner_v3", "check");
    struct host_client *client = login(host, "carol", "wrong");

    ck_assert_int_eq(host_auth(client), HOST_ERROR);
    ck_assert_str_eq(host_pending(client), "");
    ck_assert_str_eq(host_reason(client), "");
    host_client_free(client);
    host_free(host);
}
END_TEST

START_TEST(a_renegotiation_asks_nothing_and_keeps_the_answer)
{
    struct host *host = start("inner_v3", "check");
    struct host_client *client = asked(host, "carol");

    host_crresponse(client, LIBRARY64);
    ck_assert_int_eq(host_verdict(client, 0), '1');
    expect_profile(client, host, "library", "menu");
    host_set(client, "password", HOST_PASSWORD);
    ck_assert_int_eq(host_auth(client), HOST_OK);
    ck_assert_str_eq(host_pending(client), "");
    host_client_free(client);
    host_free(host);
}
END_TEST

START_TEST(a_question_that_cannot_be_written_is_a_denial)
{
    struct host *host = start("inner_v3", "check");
    struct host_client *client = login(host, "carol", HOST_PASSWORD);
    char *text;

    host_force(client, _i == 0 ? "auth_pending_file" : "auth_control_file",
               "/nonexistent/byway/file");
    ck_assert_int_eq(host_auth(client), HOST_ERROR);
    ck_assert_int_eq(host_connect(client, &text), HOST_ERROR);
    host_client_free(client);
    host_free(host);
}
END_TEST

/* ── the dynamic challenge, where the inner plugin answers later ── */

/* The state of "CRV1:R,E:<state>:<base64 name>:<text>". */
static void read_state(const char *reason, char state[128])
{
    size_t n;

    ck_assert_msg(strncmp(reason, "CRV1:R,E:", 9) == 0, "reason: %s", reason);
    n = strcspn(reason + 9, ":");
    ck_assert(n > 16 && n < 128);
    memcpy(state, reason + 9, n);
    state[n] = '\0';
}

/* Fails the first login and takes the state from its reason. */
static void challenge(struct host *host, const char *username, char state[128])
{
    struct host_client *client = login(host, username, HOST_PASSWORD);

    ck_assert_int_eq(host_auth(client), HOST_DEFERRED);
    ck_assert_str_eq(host_pending(client), "");
    ck_assert_int_eq(host_verdict(client, HOST_PATIENCE_MS), '0');
    read_state(host_reason(client), state);
    host_client_free(client);
}

/* The second login; true if it is let in. */
static bool answer(struct host_client *client, const char *username, const char *state,
                   const char *response)
{
    char password[512];

    snprintf(password, sizeof(password), "CRV1::%s::%s", state, response);
    host_login(client, username, password);
    switch (host_auth(client)) {
    case HOST_OK:
        return true;
    case HOST_DEFERRED:
        return host_verdict(client, HOST_PATIENCE_MS) == '1';
    default:
        return false;
    }
}

START_TEST(after_a_later_yes_the_question_comes_as_a_dynamic_challenge)
{
    struct host *host = start("inner_v3", "later-check");
    struct host_client *client = host_client_new(host);
    char state[128];

    challenge(host, "carol", state);
    ck_assert(answer(client, "carol", state, "library"));
    expect_profile(client, host, "library", "menu");
    /* at a renegotiation the same text is sent again */
    ck_assert(answer(client, "carol", state, "library"));
    host_client_free(client);
    host_free(host);
}
END_TEST

START_TEST(after_a_later_no_there_is_no_challenge)
{
    struct host *host = start("inner_v3", "later-check");
    struct host_client *client = login(host, "carol", "wrong");

    ck_assert_int_eq(host_auth(client), HOST_DEFERRED);
    ck_assert_int_eq(host_verdict(client, HOST_PATIENCE_MS), '0');
    host_sleep_ms(50);
    ck_assert_str_eq(host_reason(client), "");
    host_client_free(client);
    host_free(host);
}
END_TEST

START_TEST(a_state_is_good_for_one_login_of_its_user)
{
    struct host *host = start("inner_v3", "later-check");
    struct host_client *first = host_client_new(host);
    struct host_client *again = host_client_new(host);
    struct host_client *other = host_client_new(host);
    char state[128];

    challenge(host, "carol", state);
    ck_assert(answer(first, "carol", state, "library"));
    ck_assert_msg(!answer(again, "carol", state, "library"), "a replayed state was taken");
    challenge(host, "carol", state);
    ck_assert_msg(!answer(other, "alice", state, "full"), "another user's state was taken");
    host_client_free(first);
    host_client_free(again);
    host_client_free(other);
    host_free(host);
}
END_TEST

START_TEST(a_state_that_was_not_told_is_not_taken)
{
    static const char *const states[] = {"",     "byway", "byway00000000000000000000000000000000",
                                         "AAAA", "%s",    "::"};
    struct host *host = start("inner_v3", "later-check");
    char state[128];

    challenge(host, "carol", state);
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        struct host_client *client = host_client_new(host);

        ck_assert(!answer(client, "carol", states[i], "library"));
        host_client_free(client);
    }
    state[strlen(state) - 1] ^= 1; /* one digit off */
    for (int cut = 0; cut < 2; cut++) {
        struct host_client *client = host_client_new(host);

        ck_assert(!answer(client, "carol", state, "library"));
        host_client_free(client);
        state[strlen(state) - 1] = '\0';
    }
    host_free(host);
}
END_TEST

START_TEST(a_wrong_answer_to_a_challenge_is_refused_and_uses_the_state_up)
{
    struct host *host = start("inner_v3", "later-check");
    struct host_client *client = host_client_new(host);
    struct host_client *again = host_client_new(host);
    char state[128];
    char *text;

    challenge(host, "carol", state);
    ck_assert(!answer(client, "carol", state, "full"));
    ck_assert_int_eq(host_connect(client, &text), HOST_ERROR);
    ck_assert(!answer(again, "carol", state, "library"));
    host_client_free(client);
    host_client_free(again);
    host_free(host);
}
END_TEST

START_TEST(an_empty_answer_to_a_challenge_is_the_default)
{
    struct host *host = start("inner_v3", "later-check");
    struct host_client *client = host_client_new(host);
    char state[128];

    challenge(host, "alice", state);
    ck_assert(answer(client, "alice", state, ""));
    expect_profile(client, host, "campus", "default");
    host_client_free(client);
    host_free(host);
}
END_TEST

START_TEST(a_state_expires_after_two_minutes)
{
    struct host *host = start("inner_v3", "later-check");
    struct host_client *early = host_client_new(host);
    struct host_client *late = host_client_new(host);
    char state[128];

    challenge(host, "carol", state);
    fakes_skip_ms(115000);
    ck_assert(answer(early, "carol", state, "library"));
    challenge(host, "carol", state);
    fakes_skip_ms(125000);
    ck_assert(!answer(late, "carol", state, "library"));
    host_client_free(early);
    host_client_free(late);
    host_free(host);
}
END_TEST

START_TEST(a_policy_edited_before_the_answer_is_the_one_that_counts)
{
    static const char without_library[] =
        "choose menu\ndefault-profile campus\n<routes internal>\n10.0.0.0/8\n</routes>\n"
        "<profile campus>\ntunnel split\nroutes internal\n</profile>\n";
    struct host *host = start("inner_v3", "check");
    struct host_client *client = asked(host, "carol");

    host_policy(host, without_library);
    fakes_skip_ms(2000);
    host_crresponse(client, LIBRARY64);
    ck_assert_int_eq(host_verdict(client, 0), '0');
    host_client_free(client);
    host_free(host);
}
END_TEST

START_TEST(a_question_still_open_at_a_new_login_is_forgotten)
{
    struct host *host = start("inner_v3", "check");
    struct host_client *client = asked(host, "alice");
    char *text;

    host_set(client, "password", "wrong");
    ck_assert_int_eq(host_auth(client), HOST_ERROR);
    host_crresponse(client, "ZnVsbA==");
    ck_assert_int_eq(host_connect(client, &text), HOST_ERROR);
    host_client_free(client);
    host_free(host);
}
END_TEST

START_TEST(a_state_does_not_outlive_the_plugin)
{
    struct host *host = start("inner_v3", "later-check");
    struct host_client *client;
    char state[128];

    challenge(host, "carol", state);
    host_close(host);
    ck_assert(host_open(host));
    client = host_client_new(host);
    ck_assert(!answer(client, "carol", state, "library"));
    host_client_free(client);
    host_free(host);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("host: menu");
    TCase *tests = tcase_create("menu");

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, the_question_is_three_lines_and_names_what_may_be_chosen);
    tcase_add_loop_test(tests, an_answer_is_taken_or_refused, 0, N_ANSWERS);
    tcase_add_test(tests, a_refused_answer_is_explained);
    tcase_add_test(tests, a_huge_answer_is_refused);
    tcase_add_test(tests, no_answer_at_all_in_the_environment_is_no_yes);
    tcase_add_test(tests, only_the_first_answer_counts);
    tcase_add_test(tests, an_unanswered_question_lets_nobody_in);
    tcase_add_test(tests, an_answer_to_one_is_not_an_answer_of_another);
    tcase_add_test(tests, an_answer_nobody_asked_for_does_nothing);
    tcase_add_test(tests, the_control_file_is_never_made);
    tcase_add_test(tests, a_control_file_replaced_by_a_link_is_not_followed);
    tcase_add_test(tests, only_those_are_asked_whose_client_can);
    tcase_add_test(tests, who_said_it_already_is_not_asked);
    tcase_add_test(tests, who_failed_the_password_is_asked_nothing);
    tcase_add_test(tests, a_renegotiation_asks_nothing_and_keeps_the_answer);
    tcase_add_loop_test(tests, a_question_that_cannot_be_written_is_a_denial, 0, 2);
    tcase_add_test(tests, after_a_later_yes_the_question_comes_as_a_dynamic_challenge);
    tcase_add_test(tests, after_a_later_no_there_is_no_challenge);
    tcase_add_test(tests, a_state_is_good_for_one_login_of_its_user);
    tcase_add_test(tests, a_state_that_was_not_told_is_not_taken);
    tcase_add_test(tests, a_wrong_answer_to_a_challenge_is_refused_and_uses_the_state_up);
    tcase_add_test(tests, an_empty_answer_to_a_challenge_is_the_default);
    tcase_add_test(tests, a_state_expires_after_two_minutes);
    tcase_add_test(tests, a_policy_edited_before_the_answer_is_the_one_that_counts);
    tcase_add_test(tests, a_question_still_open_at_a_new_login_is_forgotten);
    tcase_add_test(tests, a_state_does_not_outlive_the_plugin);
    suite_add_tcase(suite, tests);
    return suite;
}
