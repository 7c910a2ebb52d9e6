/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "tests/sim/keeper.h"

#include "tests/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void give_up(const char *what)
{
    perror(what);
    exit(2);
}

static void write_config(const struct keeper *keeper, const struct sim_server_spec *servers,
                         unsigned n, const char *more)
{
    FILE *file = fopen(keeper->config, "w");

    if (!file)
        give_up(keeper->config);
    fprintf(file, "state-dir %s\ndatabase %s\n%s", keeper->folder, keeper->database, more);
    for (unsigned i = 0; i < n; i++)
        if (servers[i].management)
            fprintf(file, "server %s management %s/%s.sock\n", servers[i].name, keeper->folder,
                    servers[i].name);
    if (fclose(file) != 0)
        give_up(keeper->config);
}

void keeper_set_up(struct keeper *keeper, const struct sim_server_spec *servers, unsigned n,
                   const char *more_config)
{
    const char *tmp = getenv("TMPDIR");

    keeper->keep = *keeper->folder != '\0';
    if (keeper->keep)
        mkdir(keeper->folder, 0700);
    else
        snprintf(keeper->folder, sizeof keeper->folder, "%.50s/byway-sim-XXXXXX",
                 tmp ? tmp : "/tmp");
    if (!keeper->keep && !mkdtemp(keeper->folder))
        give_up(keeper->folder);
    snprintf(keeper->spool, sizeof keeper->spool, "%s/spool", keeper->folder);
    snprintf(keeper->database_folder, sizeof keeper->database_folder, "%s/db", keeper->folder);
    snprintf(keeper->database, sizeof keeper->database, "%s/sessions.db", keeper->database_folder);
    snprintf(keeper->config, sizeof keeper->config, "%s/mgmtd.conf", keeper->folder);
    snprintf(keeper->log, sizeof keeper->log, "%s/log", keeper->folder);
    if (mkdir(keeper->spool, 0700) != 0 || mkdir(keeper->database_folder, 0700) != 0)
        give_up(keeper->folder);
    write_config(keeper, servers, n, more_config);
}

void keeper_tear_down(struct keeper *keeper)
{
    if (keeper->pid > 0)
        keeper_end(keeper, SIGKILL);
    if (keeper->keep)
        return;
    if (!folder_remove(keeper->folder))
        perror(keeper->folder);
}

void keeper_start(struct keeper *keeper)
{
    pid_t parent = getpid();
    int log;

    keeper->pid = fork();
    if (keeper->pid < 0)
        give_up("fork");
    if (keeper->pid > 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    log = open(keeper->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    execl(keeper->program, "byway-mgmtd", "-f", "-c", keeper->config, (char *)NULL);
    _exit(127);
}

int keeper_end(struct keeper *keeper, int signal)
{
    int status = 0;

    kill(keeper->pid, signal);
    while (waitpid(keeper->pid, &status, 0) < 0 && errno == EINTR)
        ;
    keeper->pid = 0;
    return status;
}

bool keeper_lives(struct keeper *keeper, int *status)
{
    if (keeper->pid > 0 && waitpid(keeper->pid, status, WNOHANG) == keeper->pid)
        keeper->pid = 0;
    return keeper->pid > 0;
}

long keeper_memory_kb(const struct keeper *keeper)
{
    char path[64], line[256];
    long kb = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/status", (int)keeper->pid);
    file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, "VmRSS:", 6) == 0)
            kb = strtol(line + 6, NULL, 10);
    if (file)
        fclose(file);
    return kb;
}

int64_t keeper_work_us(const struct keeper *keeper)
{
    unsigned long user = 0, system = 0;
    char path[64], text[1024] = "";
    const char *after;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)keeper->pid);
    file = fopen(path, "r");
    if (!file || !fgets(text, sizeof text, file))
        text[0] = '\0';
    if (file)
        fclose(file);
    after = strrchr(text, ')');
    if (!after || sscanf(after + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                         &system) != 2)
        return 0;
    return (int64_t)(user + system) * 1000000 / sysconf(_SC_CLK_TCK);
}
