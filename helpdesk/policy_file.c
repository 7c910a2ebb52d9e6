/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads the policy that a command is about, with the plugin's own loader. */
#include "config.h"

#include "helpdesk/policy_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helpdesk/command.h"

/* The loader wants absolute paths. malloc'd; NULL when it cannot be told. */
static char *make_absolute(const char *path)
{
    char *here = path[0] == '/' ? strdup("") : getcwd(NULL, 0);
    char *absolute = NULL;

    if (here && asprintf(&absolute, "%s%s%s", here, path[0] == '/' ? "" : "/", path) < 0)
        absolute = NULL;
    free(here);
    return absolute;
}

/* So that "no such file" is told apart from a policy with errors. */
static bool can_be_read(const char *path)
{
    char byte;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool ok = fd >= 0 && read(fd, &byte, 1) >= 0;

    if (!ok)
        command_error("%s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return ok;
}

bool policy_file_load(struct policy_file *file, const char *path)
{
    return policy_file_load_traced(file, path, NULL);
}

bool policy_file_load_traced(struct policy_file *file, const char *path,
                             const struct policy_trace *trace)
{
    struct dirs *dirs = dirs_new();
    struct watch *watch = watch_new();
    char *absolute = make_absolute(path);
    bool ok = false;

    *file = (struct policy_file){.problems = diagnostics_new()};
    if (!dirs || !watch || !absolute || !file->problems) {
        command_error("%s: %s", path, strerror(errno));
    } else if (can_be_read(absolute)) {
        file->policy = policy_load_traced(absolute, dirs, watch, file->problems, trace);
        ok = true;
    }
    free(absolute);
    watch_free(watch);
    dirs_free(dirs);
    return ok;
}

void policy_file_free(struct policy_file *file)
{
    policy_free(file->policy);
    diagnostics_free(file->problems);
}

const struct policy *policy_file_need(struct policy_file *file, const char *path,
                                      const struct policy_trace *trace)
{
    if (!policy_file_load_traced(file, path, trace))
        return NULL;
    if (!file->policy) {
        policy_file_report(file, stderr);
        command_error("%s has errors; see: byway policy check", path);
    }
    return file->policy;
}

/* `names` has room for one more, which ends it; taken over. */
static void suggest(const char *kind, const char *name, const char **names)
{
    const char *nearest = names ? directive_nearest(name, names) : NULL;

    command_error("the policy has no %s \"%.100s\"%s%s%s", kind, name,
                  nearest ? "; did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
    free(names);
}

const struct policy_profile *policy_file_profile(const struct policy *policy, const char *name)
{
    const struct policy_profile *found = policy_find_profile(policy, name);
    const char **names = found ? NULL : calloc(policy->n_profiles + 1, sizeof(*names));

    for (size_t i = 0; names && i < policy->n_profiles; i++)
        names[i] = policy->profiles[i].name;
    if (!found)
        suggest("profile", name, names);
    return found;
}

const struct policy_route_set *policy_file_route_set(const struct policy *policy, const char *name)
{
    const struct policy_route_set *found = policy_find_route_set(policy, name);
    const char **names = found ? NULL : calloc(policy->n_route_sets + 1, sizeof(*names));

    for (size_t i = 0; names && i < policy->n_route_sets; i++)
        names[i] = policy->route_sets[i].name;
    if (!found)
        suggest("route set", name, names);
    return found;
}

void policy_file_report(const struct policy_file *file, FILE *out)
{
    for (size_t i = 0; i < diagnostics_count(file->problems); i++) {
        char line[1500];

        fprintf(out, "%s\n",
                diagnostic_format(diagnostics_at(file->problems, i), line, sizeof(line)));
    }
}
