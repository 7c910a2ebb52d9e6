/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A folder of its own with a policy in it, for the tests of what loads one. */
#include "config.h"

#include "tests/unit/policy_fixture.h"

#include "tests/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/policy_load_text.h"
#include "tests/unit/unit.h"

char folder[64];
char path[128];
struct dirs *dirs;
struct watch *watch;
struct diagnostics *problems;
struct policy *policy;

void fixture_reset(void)
{
    policy_free(policy);
    policy = NULL;
    watch_free(watch);
    diagnostics_free(problems);
    watch = watch_new();
    problems = diagnostics_new();
}

void fixture_setup(void)
{
    strcpy(folder, "/tmp/check_policy_load.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/policy.conf", folder);
    dirs = dirs_new();
    fixture_reset();
}

void fixture_remove(const char *name)
{
    char whole[256];

    snprintf(whole, sizeof whole, "%s/%s", folder, name);
    ck_assert(folder_remove(whole));
}

void fixture_teardown(void)
{
    policy_free(policy);
    policy = NULL;
    watch_free(watch);
    diagnostics_free(problems);
    dirs_free(dirs);
    ck_assert(folder_remove(folder));
}

/* Writes a file of the test's folder, making the folders that lead to it. */
void fixture_write_file(const char *name, const char *text)
{
    char whole[256];
    FILE *out;

    snprintf(whole, sizeof whole, "%s/%s", folder, name);
    for (char *slash = strchr(whole + strlen(folder) + 1, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(whole, 0755);
        *slash = '/';
    }
    out = fopen(whole, "w");
    ck_assert_ptr_nonnull(out);
    fputs(text, out);
    fclose(out);
}

void fixture_load(void)
{
    fixture_reset();
    policy = policy_load(path, dirs, watch, problems);
    ck_assert((policy == NULL) == (diagnostics_errors(problems) > 0));
}

void fixture_load_text(const char *text)
{
    fixture_reset();
    policy = policy_load_text(path, text, strlen(text), dirs, watch, problems);
    ck_assert((policy == NULL) == (diagnostics_errors(problems) > 0));
}

/* A problem as it is shown, without the name of the test's folder. */
const char *fixture_problem(size_t i)
{
    static char line[2000];
    size_t n = strlen(folder) + 1;
    char *at;

    if (i >= diagnostics_count(problems))
        return "";
    diagnostic_format(diagnostics_at(problems, i), line, sizeof line);
    while ((at = strstr(line, folder)) != NULL)
        memmove(at, at + n, strlen(at + n) + 1);
    return line;
}

/* All problems, one a line. */
const char *fixture_problems(void)
{
    static char text[100000];
    size_t at = 0;

    text[0] = '\0';
    for (size_t i = 0; i < diagnostics_count(problems) && at < sizeof text - 3000; i++)
        at += (size_t)sprintf(text + at, "%s\n", fixture_problem(i));
    return text;
}

const char story[] =
    "choose username-suffix +         # alice+full\n"
    "choose peer-info UV_TUNNEL\n"
    "choose static-challenge\n"
    "choose menu\n"
    "default-profile campus\n"
    "on-refused default\n"
    "<routes internal>\n"
    "10.0.0.0/8\n"
    "128.100.0.0 255.255.0.0          # a netmask is fine too\n"
    "2606:fa00::/32\n"
    "except 10.99.0.0/16\n"
    "include internal.list\n"
    "</routes>\n"
    "<profile campus>\n"
    "title \"Campus network only\"\n"
    "tunnel split\n"
    "routes internal\n"
    "dns 10.1.1.53 2606:fa00::53\n"
    "search-domain cs.example.edu example.edu\n"
    "push \"explicit-exit-notify 1\"\n"
    "push \"echo \\\"a b\\\"\"\n"
    "</profile>\n"
    "<profile library>\n"
    "routes internal journals\n"
    "max-routes 9000\n"
    "keep-server-routes\n"
    "except 10.5.0.0/16\n"
    "</profile>\n"
    "<profile full>\n"
    "title \"All traffic\"\n"
    "tunnel full\n"
    "except 192.168.0.0/16\n"
    "message \"All your traffic, downloads included, now goes through the university.\"\n"
    "allow group staff\n"
    "allow user alice\n"
    "assume-opt-in-from 172.16.0.0/12\n"
    "block-local\n"
    "allow-ipv6-outside\n"
    "</profile>\n"
    "<group physics>\n"
    "user alice\n"
    "include physics.users\n"
    "unix-group physics phys\n"
    "routes physics-cluster\n"
    "</group>\n"
    "<group staff>\n"
    "user bob bob \"carol smith\"\n"
    "</group>\n"
    "<user alice>\n"
    "profile library\n"
    "opt-in full\n"
    "routes alice-lab\n"
    "</user>\n"
    "include users.d/*.conf\n"
    /* used above, defined here: the order does not matter */
    "<routes journals>\n"
    "fetch https://publisher.example/ranges.json every 6h\n"
    "fetch file:///srv/more.txt\n"
    "host www.jstor.org doi.example\n"
    "</routes>\n"
    "<routes physics-cluster>\n10.70.0.0/16\n</routes>\n"
    "<routes alice-lab>\n10.71.0.0/16\n</routes>\n";

void fixture_write_story(void)
{
    char text[4000];

    snprintf(text, sizeof text, "%sstate-dir %s/state\n", story, folder);
    fixture_write_file("policy.conf", text);
    fixture_write_file("internal.list",
                       "# more\n192.0.2.0/24\n\n198.51.100.0 255.255.255.0 ; doc\r\n");
    fixture_write_file("physics.users", "\xef\xbb\xbf"
                                        "# physicists\ndave # the new one\n  eve smith\t\r\n"
                                        "EXAMPLE\\frank\n#\n");
    fixture_write_file("users.d/10-gina.conf", "<user gina>\nroutes alice-lab\n</user>\n");
    fixture_write_file("users.d/20-hal.conf", "<user hal>\nprofile campus\n</user>\n");
    fixture_write_file("users.d/.hidden.conf", "nonsense\n");
    fixture_write_file("users.d/readme.txt", "nonsense\n");
    fixture_write_file("state/routes/journals.fetched", "203.0.113.0/24\n");
    fixture_write_file("state/routes/journals.resolved", "203.0.112.7\n");
    fixture_write_file("state/groups/physics.members", "ivan\nalice\n");
}

void fixture_load_story(void)
{
    fixture_write_story();
    fixture_load();
    ck_assert_msg(policy != NULL, "%s", fixture_problems());
    ck_assert_str_eq(fixture_problems(), "");
}

const char *fixture_set_text(const struct prefix_set *set)
{
    static char text[1000];
    char *written = prefix_set_write(set, NULL);

    snprintf(text, sizeof text, "%s", written);
    free(written);
    return text;
}
