/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See inner.h. It stands in for auth-pam and others: what it does is up to the test. */
#include "tests/host/inner.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct inner {
    char dir[512];
    bool quick;
};

static void read_mode(const struct inner *inner, char mode[32])
{
    char path[600];
    FILE *file;

    snprintf(path, sizeof(path), "%s/mode", inner->dir);
    mode[0] = '\0';
    file = fopen(path, "re");
    if (file == NULL)
        return;
    if (fgets(mode, 32, file) == NULL)
        mode[0] = '\0';
    fclose(file);
}

struct inner *inner_open(const char *const *argv)
{
    struct inner *inner = NULL;
    char mode[32];

    if (argv[0] == NULL || argv[1] == NULL)
        return NULL;
    inner = calloc(1, sizeof(*inner));
    if (inner == NULL)
        return NULL;
    snprintf(inner->dir, sizeof(inner->dir), "%s", argv[1]);
    read_mode(inner, mode);
    if (strcmp(mode, "refuse-open") == 0) {
        free(inner);
        return NULL;
    }
    inner->quick = strcmp(mode, "quick") == 0;
    inner_note(inner, "open");
    return inner;
}

void inner_close(struct inner *inner)
{
    inner_note(inner, "close");
    free(inner);
}

void inner_note(const struct inner *inner, const char *line)
{
    char path[600];
    int fd;

    if (inner->quick)
        return;
    snprintf(path, sizeof(path), "%s/calls", inner->dir);
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    dprintf(fd, "%s\n", line);
    close(fd);
}

static const char *find(const char *const *envp, const char *name)
{
    size_t n = strlen(name);

    for (; *envp != NULL; envp++) {
        if (strncmp(*envp, name, n) == 0 && (*envp)[n] == '=')
            return *envp + n + 1;
    }
    return NULL;
}

static void put(FILE *out, const char *name, const char *value)
{
    fprintf(out, " %s=", name);
    if (value == NULL) {
        fputs("(none)", out);
        return;
    }
    for (; *value != '\0'; value++) {
        unsigned char c = (unsigned char)*value;

        if (isgraph(c) && c != '%')
            fputc(c, out);
        else
            fprintf(out, "%%%02X", c);
    }
}

static void note_auth(const struct inner *inner, const char *const *envp, const void *context)
{
    char *line = NULL;
    size_t n = 0;
    size_t others = 0;
    FILE *out = inner->quick ? NULL : open_memstream(&line, &n);

    if (out == NULL)
        return;
    while (envp[others] != NULL)
        others++;
    fputs("auth", out);
    put(out, "username", find(envp, "username"));
    put(out, "password", find(envp, "password"));
    put(out, "common_name", find(envp, "common_name"));
    put(out, "control", find(envp, "auth_control_file"));
    put(out, "pending", find(envp, "auth_pending_file"));
    put(out, "reason", find(envp, "auth_failed_reason_file"));
    fprintf(out, " context=%d others=%zu", context != NULL, others);
    fclose(out);
    inner_note(inner, line);
    free(line);
}

static void write_file(const char *path, const char *text)
{
    int fd = path != NULL ? open(path, O_WRONLY | O_TRUNC | O_CLOEXEC) : -1;

    if (fd < 0)
        return;
    if (write(fd, text, strlen(text)) < 0)
        perror(path);
    close(fd);
}

/* As auth-pam does: a grandchild writes the verdict, so that nobody has to wait for it. */
static int write_later(const char *const *envp, const char *verdict, const char *reason,
                       unsigned delay_ms)
{
    pid_t child = fork();

    if (child < 0)
        return OPENVPN_PLUGIN_FUNC_ERROR;
    if (child == 0) {
        if (fork() == 0) {
            usleep(delay_ms * 1000);
            if (reason != NULL)
                write_file(find(envp, "auth_failed_reason_file"), reason);
            write_file(find(envp, "auth_control_file"), verdict);
        }
        _exit(0);
    }
    waitpid(child, NULL, 0);
    return OPENVPN_PLUGIN_FUNC_DEFERRED;
}

static int verify(const struct inner *inner, const char *const *envp)
{
    const char *password = find(envp, "password");
    bool good = password != NULL && strcmp(password, HOST_PASSWORD) == 0;
    char mode[32] = "check";

    if (!inner->quick)
        read_mode(inner, mode);
    if (strcmp(mode, "check") == 0)
        return good ? OPENVPN_PLUGIN_FUNC_SUCCESS : OPENVPN_PLUGIN_FUNC_ERROR;
    if (strcmp(mode, "reason") == 0) {
        write_file(find(envp, "auth_failed_reason_file"), "the inner plugin says no");
        return OPENVPN_PLUGIN_FUNC_ERROR;
    }
    if (strcmp(mode, "later-check") == 0)
        return write_later(envp, good ? "1" : "0", NULL, 50);
    if (strcmp(mode, "later-reason") == 0)
        return write_later(envp, "0", "the inner plugin says no", 50);
    if (strcmp(mode, "later-slow") == 0)
        return write_later(envp, good ? "1" : "0", NULL, 1500);
    if (strcmp(mode, "later-junk") == 0)
        return write_later(envp, "x", NULL, 50);
    if (strcmp(mode, "later-never") == 0 || strcmp(mode, "later-test") == 0)
        return OPENVPN_PLUGIN_FUNC_DEFERRED;
    return 77;
}

int inner_call(struct inner *inner, int type, const char *const *envp, const void *context)
{
    char line[32];

    if (type != OPENVPN_PLUGIN_AUTH_USER_PASS_VERIFY) {
        snprintf(line, sizeof(line), "type %d", type);
        inner_note(inner, line);
        return OPENVPN_PLUGIN_FUNC_ERROR;
    }
    note_auth(inner, envp, context);
    return verify(inner, envp);
}
