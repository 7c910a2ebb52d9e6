/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads policies from strings, through the file system as the plugin does. */
#include "tests/unit/policy_text.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/policy_load.h"

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static void fail_with(const struct diagnostics *problems)
{
    for (size_t i = 0; i < diagnostics_count(problems); i++) {
        char line[1200];

        fprintf(stderr, "# %s\n",
                diagnostic_format(diagnostics_at(problems, i), line, sizeof(line)));
    }
    ck_abort_msg("the test's own policy does not load");
}

struct policy *policy_from_text(const char *text, struct diagnostics *problems)
{
    char directory[] = "/tmp/byway-policy-XXXXXX";
    char path[sizeof(directory) + sizeof("/policy.conf")];
    struct diagnostics *own = diagnostics_new();
    struct dirs *dirs = dirs_new();
    struct watch *watch = watch_new();
    struct policy *policy = NULL;

    ck_assert(own && dirs && watch);
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/policy.conf", directory);
    write_file(path, text);
    policy = policy_load(path, dirs, watch, problems ? problems : own);
    unlink(path);
    rmdir(directory);
    if (!policy && !problems)
        fail_with(own);
    watch_free(watch);
    dirs_free(dirs);
    diagnostics_free(own);
    return policy;
}
