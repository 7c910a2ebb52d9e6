/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hooks in random order for several clients at once, beside a model of what OpenVPN
 * and the wrapped plugin would agree on. Whatever the order: who is connected was
 * let in under that name just before, gets what that name may have, and every
 * session that begins in the spool ends in it once.
 */
#include "tests/host/fakes.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"

enum { CLIENTS = 5, STEPS = 600 };

static const char policy[] = "choose menu\nchoose peer-info UV_TUNNEL\nchoose static-challenge\n";

static const char *const usernames[] = {"alice",          "alice+full", "alice+library",
                                        "carol",          "carol+full", "carol+library",
                                        "carol+nonsense", "+full",      ""};
static const char *const passwords[] = {HOST_PASSWORD,
                                        HOST_PASSWORD,
                                        HOST_PASSWORD,
                                        "wrong",
                                        "",
                                        "SCRV1:Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5:bGlicmFyeQ==",
                                        "SCRV1:bm8=:ZnVsbA==",
                                        "CRV1::byway00::full"};
static const char *const tunnels[] = {NULL, NULL, "", "library", "full", "<x>"};
static const char *const answers[] = {"", "bGlicmFyeQ==", "ZnVsbA==", "!!!!"};

#define ANY(list, seed) (list)[(size_t)rand_r(seed) % (sizeof(list) / sizeof((list)[0]))]

/* What the test knows of one client. */
struct model {
    struct host_client *client;
    char username[64]; /* of the last authentication that is not a denial; "" if none */
    bool asked;        /* a question is open */
    bool let_in;
};

static void forget(struct model *model)
{
    model->username[0] = '\0';
    model->asked = false;
    model->let_in = false;
}

static void authenticate(struct model *model, unsigned *seed)
{
    struct host_client *client = model->client;
    int status;

    forget(model);
    host_login(client, ANY(usernames, seed), ANY(passwords, seed));
    host_set(client, "UV_TUNNEL", ANY(tunnels, seed));
    host_set(client, "IV_SSO", rand_r(seed) % 2 == 0 ? "crtext" : NULL);
    status = host_auth(client);
    if (status != HOST_ERROR) {
        snprintf(model->username, sizeof(model->username), "%s", host_get(client, "username"));
        host_must(strcmp(host_get(client, "password"), "wrong") != 0, "let in with a wrong one");
        model->asked = status == HOST_DEFERRED;
        model->let_in = status == HOST_OK;
    }
}

static void answer(struct model *model, unsigned *seed)
{
    int status = host_crresponse(model->client, ANY(answers, seed));

    if (!model->asked) {
        host_must(status != HOST_OK, "an answer to no question was taken");
        return;
    }
    model->asked = false;
    model->let_in = host_verdict(model->client, 0) == '1';
    host_must(model->let_in == (status == HOST_OK), "the file and the answer differ");
}

static bool is_alice(const char *username)
{
    return strncmp(username, "alice", 5) == 0;
}

static void connect(struct model *model, unsigned *seed)
{
    bool other_name = rand_r(seed) % 10 == 0;
    char *text;
    int status;

    if (other_name)
        host_set(model->client, "username", ANY(usernames, seed));
    status = host_connect(model->client, &text);
    if (status != HOST_OK)
        return;
    host_must(model->let_in, "connected without being let in");
    host_must(strcmp(host_get(model->client, "username"), model->username) == 0,
              "%s connected where %s was let in", host_get(model->client, "username"),
              model->username);
    host_must(is_alice(model->username) || strstr(text, "push \"redirect-gateway") == NULL,
              "%s is on a full tunnel", model->username);
    free(text);
}

static void start_over(struct model *model, struct host *host)
{
    host_client_free(model->client);
    model->client = host_client_new(host);
    forget(model);
}

static void step(struct model *model, struct host *host, unsigned *seed)
{
    switch (rand_r(seed) % 12) {
    case 0:
    case 1:
    case 2:
        authenticate(model, seed);
        break;
    case 3:
    case 4:
        answer(model, seed);
        break;
    case 5:
    case 6:
    case 7:
        connect(model, seed);
        break;
    case 8:
        host_learn(model->client, "add", "10.8.0.2");
        break;
    case 9:
        host_disconnect(model->client, 1, 2);
        break;
    case 10:
        fakes_skip_ms(700);
        break;
    default:
        start_over(model, host);
    }
}

static void check_spool(struct host *host)
{
    size_t begun = host_spool_count(host, SPOOL_CONNECTED);

    ck_assert_uint_gt(begun, 0);
    ck_assert_uint_eq(begun, host_spool_count(host, SPOOL_DISCONNECTED) +
                                 host_spool_count(host, SPOOL_VANISHED));
    for (size_t i = 0; i < begun; i++) {
        struct spool_record record = host_spool(host, SPOOL_CONNECTED, i);

        ck_assert_int_eq(record.session, (int64_t)i + 1);
        ck_assert(strcmp(record.profile, "full") != 0 || strcmp(record.user, "alice") == 0);
        ck_assert(strcmp(record.profile, "full") != 0 || strcmp(record.by, "default") != 0);
    }
}

START_TEST(whatever_the_order_nobody_is_connected_who_was_not_let_in)
{
    struct model models[CLIENTS] = {{NULL, "", false, false}};
    struct host *host = host_new();
    unsigned seed = (unsigned)_i * 7919 + 1;
    char text[2048];

    snprintf(text, sizeof(text), "%s%s", policy, host_policy_text);
    host_policy(host, text);
    host_wrap(host, "inner_v3", "check");
    ck_assert_msg(host_open(host), "%s", host_log(host));
    for (size_t i = 0; i < CLIENTS; i++)
        start_over(&models[i], host);
    for (int i = 0; i < STEPS; i++)
        step(&models[rand_r(&seed) % CLIENTS], host, &seed);
    for (size_t i = 0; i < CLIENTS; i++)
        host_client_free(models[i].client);
    check_spool(host);
    host_free(host);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("host: random");
    TCase *tests = tcase_create("random");

    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, whatever_the_order_nobody_is_connected_who_was_not_let_in, 0, 20);
    suite_add_tcase(suite, tests);
    return suite;
}
