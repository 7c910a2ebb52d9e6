/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One child at a time. */
#include "config.h"

#include "tests/sim/asker.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST_WORDS 6

static const char *const questions[][MOST_WORDS] = {
    {"live"},
    {"sessions", "--limit", "0"},
    {"usage", "--by", "user"},
    {"who", "10.8.0.2"},
    {"sessions", "--sort", "upload", "--json"},
    {"usage", "--by", "hour", "--csv"},
    {"show", "1"},
    {"live", "--sort", "started", "--json"},
    {"refused"},
    {"sessions", "--at", "now", "--csv"},
    {"db", "check"},
};
#define QUESTIONS (sizeof(questions) / sizeof(questions[0]))

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* In the child. The answer is of no interest; notes are, where it failed. */
static void become(const struct asker *asker, const char *const *question)
{
    const char *words[MOST_WORDS + 4] = {"byway"};
    int nowhere = open("/dev/null", O_RDWR), n = 1;
    int notes = open(asker->notes, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    for (; n <= MOST_WORDS && question[n - 1]; n++)
        words[n] = question[n - 1];
    words[n++] = "--database";
    words[n++] = asker->database;
    dup2(nowhere, STDIN_FILENO);
    dup2(nowhere, STDOUT_FILENO);
    dup2(notes, STDERR_FILENO);
    execv(asker->program, (char *const *)(uintptr_t)words);
    perror(asker->program);
    _exit(2);
}

static void ask(struct asker *asker)
{
    asker->began_ms = now_ms();
    asker->pid = fork();
    if (asker->pid == 0)
        become(asker, questions[asker->n_asked % QUESTIONS]);
    if (asker->pid < 0) {
        perror("fork");
        exit(2);
    }
}

static void show_notes(const struct asker *asker)
{
    FILE *in = fopen(asker->notes, "re");
    char line[1000];

    while (in && fgets(line, sizeof(line), in))
        printf("# %s", line);
    if (in)
        fclose(in);
}

/* 0: found, 1: nothing found; all else is a failure. */
static void note(struct asker *asker, int status)
{
    int64_t took_ms = now_ms() - asker->began_ms;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 2;

    if (code > 1) {
        printf("# byway %s: status %#x\n", questions[asker->n_asked % QUESTIONS][0],
               (unsigned)status);
        show_notes(asker);
    }
    asker->n_failed += code > 1;
    asker->n_found += code == 0;
    asker->n_asked++;
    asker->pid = 0;
    if (took_ms > asker->longest_ms)
        asker->longest_ms = took_ms;
}

void asker_turn(struct asker *asker)
{
    int status;

    if (asker->pid > 0 && waitpid(asker->pid, &status, WNOHANG) == asker->pid)
        note(asker, status);
    if (asker->pid == 0)
        ask(asker);
}

void asker_end(struct asker *asker)
{
    int status;

    if (asker->pid > 0 && waitpid(asker->pid, &status, 0) == asker->pid)
        note(asker, status);
}
