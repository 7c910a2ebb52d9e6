/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Wraps the tiny plugins of inner_module.c, one for each version of the API. */
#include "config.h"

#include "plugin/inner.h"
#include "plugin/inner_env.h"

#include "tests/unit/inner_module.h"
#include "tests/unit/unit.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AUTH_MASK OPENVPN_PLUGIN_MASK(OPENVPN_PLUGIN_AUTH_USER_PASS_VERIFY)
#define ALL_MASK  ((1 << OPENVPN_PLUGIN_N) - 1)

static const char *const modules[] = {"inner_v1", "inner_v2", "inner_v3", "inner_v3_v1"};
enum { N_MODULES = sizeof(modules) / sizeof(modules[0]) };

static char logged[4096];

static void capture(void *arg, enum log_level level, const char *subsystem, const char *text)
{
    size_t n = strlen(logged);

    (void)arg;
    (void)level;
    (void)subsystem;
    snprintf(logged + n, sizeof(logged) - n, "%s\n", text);
}

static const struct log test_log = {capture, NULL, LOG_LEVEL_DEBUG};

static struct openvpn_plugin_callbacks callbacks;

static const char *module_path(const char *name)
{
    static char path[512];

    snprintf(path, sizeof(path), INNER_MODULES "/%s.so", name);
    return path;
}

static struct inner *open_path(const char *path, const char *argument)
{
    const char *argv[] = {path, argument, NULL};
    const char *envp[] = {"daemon=1", NULL};
    struct openvpn_plugin_args_open_in in = {ALL_MASK, NULL, envp, &callbacks, SSLAPI_OPENSSL,
                                             "2.6.14", 2,    6,    "14"};

    logged[0] = '\0';
    return inner_open(&in, argv, &test_log);
}

/* The module's own record; it stays loaded. */
static struct inner_seen *seen_by(const char *name)
{
    void *object = dlopen(module_path(name), RTLD_NOW);
    struct inner_seen *seen = object ? dlsym(object, "inner_seen") : NULL;

    ck_assert_ptr_nonnull(seen);
    return seen;
}

static int call_with(struct inner *inner, int type, const char **envp, void *context)
{
    const char *argv[] = {"byway.so", "one", NULL};
    struct inner_call call = {
        .type = type, .argv = argv, .envp = envp, .context = context, .cert_depth = 1};

    return inner_call(inner, &call);
}

START_TEST(every_version_of_the_interface_is_opened_called_and_closed)
{
    const char *name = modules[_i];
    struct inner_seen *seen = seen_by(name);
    struct inner *inner = open_path(module_path(name), "login");
    const char *envp[] = {"says=0", "username=alice", NULL};

    ck_assert_msg(inner != NULL, "%s", logged);
    ck_assert_int_eq(inner_mask(inner), AUTH_MASK);
    ck_assert(inner_wants(inner, OPENVPN_PLUGIN_AUTH_USER_PASS_VERIFY));
    ck_assert(!inner_wants(inner, OPENVPN_PLUGIN_TLS_VERIFY));
    ck_assert_int_eq(call_with(inner, OPENVPN_PLUGIN_AUTH_USER_PASS_VERIFY, envp, NULL),
                     OPENVPN_PLUGIN_FUNC_SUCCESS);
    ck_assert_str_eq(seen->username, "alice");
    ck_assert_int_eq(seen->type, OPENVPN_PLUGIN_AUTH_USER_PASS_VERIFY);
    inner_close(inner);
    ck_assert_int_eq(seen->opened, 1);
    ck_assert_int_eq(seen->closed, 1);
}
END_TEST

START_TEST(it_sees_its_own_name_at_the_head_of_its_arguments)
{
    struct inner_seen *seen = seen_by(modules[_i]);
    struct inner *inner = open_path(module_path(modules[_i]), NULL);
    const char *envp[] = {NULL};

    call_with(inner, OPENVPN_PLUGIN_AUTH_USER_PASS_VERIFY, envp, NULL);
    ck_assert_int_eq(seen->argc, 2);
    ck_assert_str_eq(seen->argv0, module_path(modules[_i]));
    ck_assert_str_eq(seen->argv1, "one");
    inner_close(inner);
}
END_TEST

/* Whatever a plugin returns, only 0 lets anyone in and only 2 means later. */
START_TEST(any_other_answer_is_an_error)
{
    struct inner *inner = open_path(module_path("inner_v3"), NULL);
    const int answers[] = {-2147483647, -1, 0, 1, 2, 3, 4, 256, 65536, 2147483647};

    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        char says[32];
        const char *envp[] = {says, NULL};
        int expected = answers[i] == 0 || answers[i] == 2 ? answers[i] : OPENVPN_PLUGIN_FUNC_ERROR;

        snprintf(says, sizeof(says), "says=%d", answers[i]);
        ck_assert_int_eq(call_with(inner, OPENVPN_PLUGIN_AUTH_USER_PASS_VERIFY, envp, NULL),
                         expected);
    }
    inner_close(inner);
}
END_TEST

START_TEST(its_own_contexts_are_made_handed_over_and_ended)
{
    bool keeps_any = strcmp(modules[_i], "inner_v2") == 0 || strcmp(modules[_i], "inner_v3") == 0;
    struct inner_seen *seen = seen_by(modules[_i]);
    struct inner *inner = open_path(module_path(modules[_i]), NULL);
    void *context = inner_client_new(inner);
    const char *envp[] = {NULL};

    ck_assert_int_eq(context != NULL, keeps_any);
    ck_assert_int_eq(seen->clients, keeps_any);
    call_with(inner, OPENVPN_PLUGIN_AUTH_USER_PASS_VERIFY, envp, context);
    ck_assert_ptr_eq(seen->context, context);
    inner_client_free(inner, context);
    ck_assert_int_eq(seen->clients, 0);
    inner_close(inner);
}
END_TEST

START_TEST(certificates_reach_the_versions_that_take_them)
{
    struct inner_seen *seen = seen_by(modules[_i]);
    struct inner *inner = open_path(module_path(modules[_i]), "mask=48");
    const char *envp[] = {NULL};

    ck_assert(inner_wants(inner, OPENVPN_PLUGIN_TLS_VERIFY));
    call_with(inner, OPENVPN_PLUGIN_TLS_VERIFY, envp, NULL);
    ck_assert_int_eq(seen->cert_depth, strcmp(modules[_i], "inner_v3") == 0 ? 1 : -2);
    inner_close(inner);
}
END_TEST

static const struct {
    const char *argument;
    const char *says;
} refusals[] = {
    {"fail", "initialization failed"},
    {"mask=16", "does not check user names"},
    {"mask=0", "does not check user names"},
    {"mask=65568", "does not make"}, /* a bit past the last type */
    {"mask=8224", "answer client-connect later"},
    {"mask=16416", "answer client-connect later"},
};

START_TEST(what_cannot_be_wrapped_is_refused_with_the_reason)
{
    struct inner_seen *seen = seen_by("inner_v3");

    ck_assert_ptr_null(open_path(module_path("inner_v3"), refusals[_i].argument));
    ck_assert_msg(strstr(logged, refusals[_i].says) != NULL, "%s", logged);
    ck_assert_msg(strstr(logged, "inner_v3") != NULL, "%s", logged);
    ck_assert_int_eq(seen->closed, _i == 0 ? 0 : 1);
}
END_TEST

START_TEST(a_file_that_is_no_plugin_is_refused_with_the_reason)
{
    ck_assert_ptr_null(open_path("/etc/passwd", NULL));
    ck_assert_ptr_nonnull(strstr(logged, "/etc/passwd"));
    ck_assert_ptr_null(open_path("/nowhere/at/all.so", NULL));
    ck_assert_ptr_nonnull(strstr(logged, "No such file"));
    ck_assert_ptr_null(open_path("no-such-plugin.so", NULL));
    ck_assert_ptr_nonnull(strstr(logged, "give its full path"));
    ck_assert_ptr_null(open_path("libm.so.6", NULL)); /* a library's name is no plugin's */
}
END_TEST

START_TEST(a_name_without_a_path_is_found_where_plugins_are)
{
    char *absolute = inner_find("/a/b.so");
    char *relative = inner_find("./b.so");
    char *pam = inner_find("openvpn-plugin-auth-pam.so");

    ck_assert_str_eq(absolute, "/a/b.so");
    ck_assert_str_eq(relative, "./b.so");
    if (pam) { /* not everywhere installed */
        ck_assert_int_eq(pam[0], '/');
        ck_assert_ptr_nonnull(strstr(pam, "/openvpn-plugin-auth-pam.so"));
    }
    free(absolute);
    free(relative);
    free(pam);
}
END_TEST

START_TEST(abort_reaches_it)
{
    struct inner_seen *seen = seen_by("inner_v3");
    struct inner *inner = open_path(module_path("inner_v3"), NULL);

    inner_abort(inner);
    ck_assert_int_eq(seen->aborted, 1);
    inner_close(inner);
    inner_abort(NULL);
    inner_close(NULL);
    inner_client_free(NULL, NULL);
    ck_assert_ptr_null(inner_client_new(NULL));
}
END_TEST

/* ── its environment ── */

START_TEST(it_gets_the_clean_name_the_plain_password_and_its_control_file)
{
    const char *const envp[] = {
        "common_name=cn", "username=alice+full",     "password=SCRV1:x:y",   "IV_VER=2.6.14",
        "username=again", "auth_control_file=/real", "auth_pending_file=/p", NULL};
    struct inner_env *env = inner_env_new(envp, "alice", "secret", "/private");
    const char **got = inner_env_get(env);
    size_t n = 0;
    int names = 0;

    for (; got[n]; n++) {
        ck_assert_str_ne(got[n], "username=alice+full");
        ck_assert_str_ne(got[n], "username=again");
        ck_assert_ptr_null(strstr(got[n], "SCRV1"));
        ck_assert_str_ne(got[n], "auth_control_file=/real");
        names += strcmp(got[n], "username=alice") == 0;
        names += strcmp(got[n], "password=secret") == 0;
        names += strcmp(got[n], "auth_control_file=/private") == 0;
        names += got[n] == envp[0] || got[n] == envp[3] || got[n] == envp[6];
    }
    ck_assert_uint_eq(n, 6);
    ck_assert_int_eq(names, 6);
    inner_env_free(env);
    inner_env_free(NULL);
}
END_TEST

START_TEST(it_gets_them_also_where_nothing_was)
{
    const char *const envp[] = {NULL};
    struct inner_env *env = inner_env_new(envp, "alice", "", "/c");

    ck_assert_str_eq(inner_env_get(env)[0], "username=alice");
    ck_assert_str_eq(inner_env_get(env)[1], "password=");
    ck_assert_str_eq(inner_env_get(env)[2], "auth_control_file=/c");
    ck_assert_ptr_null(inner_env_get(env)[3]);
    inner_env_free(env);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("inner");
    TCase *tcase = tcase_create("inner");

    tcase_add_loop_test(tcase, every_version_of_the_interface_is_opened_called_and_closed, 0,
                        N_MODULES);
    tcase_add_loop_test(tcase, it_sees_its_own_name_at_the_head_of_its_arguments, 0, N_MODULES);
    tcase_add_test(tcase, any_other_answer_is_an_error);
    tcase_add_loop_test(tcase, its_own_contexts_are_made_handed_over_and_ended, 0, N_MODULES);
    tcase_add_loop_test(tcase, certificates_reach_the_versions_that_take_them, 0, N_MODULES);
    tcase_add_loop_test(tcase, what_cannot_be_wrapped_is_refused_with_the_reason, 0,
                        sizeof(refusals) / sizeof(refusals[0]));
    tcase_add_test(tcase, a_file_that_is_no_plugin_is_refused_with_the_reason);
    tcase_add_test(tcase, a_name_without_a_path_is_found_where_plugins_are);
    tcase_add_test(tcase, abort_reaches_it);
    tcase_add_test(tcase, it_gets_the_clean_name_the_plain_password_and_its_control_file);
    tcase_add_test(tcase, it_gets_them_also_where_nothing_was);
    suite_add_tcase(suite, tcase);
    return suite;
}
