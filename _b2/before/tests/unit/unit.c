/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs one suite and prints TAP; each test in a process of its own, so a crash is one
 * `not ok`. Check knows no skipped tests: its TAP is written to a file first, and those
 * that ended in unit_skip() are told apart here.
 */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* "not ok 3 - x: SKIPPED: why" becomes "ok 3 - x: # SKIP why". True if it did. */
static int print_line(char *line)
{
    char *skipped = strstr(line, UNIT_SKIPPED);
    int is_skipped = strncmp(line, "not ok ", 7) == 0 && skipped;

    if (is_skipped) {
        *skipped = '\0';
        printf("%s# SKIP %s", line + 4, skipped + strlen(UNIT_SKIPPED));
    } else {
        fputs(line, stdout);
    }
    return is_skipped;
}

/* Prints what Check wrote; the number of skipped tests. */
static int print_tap(const char *path)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t size = 0;
    int skipped = 0;

    while (file && getline(&line, &size, file) >= 0)
        skipped += print_line(line);
    free(line);
    if (file)
        fclose(file);
    return skipped;
}

int main(void)
{
    SRunner *runner = srunner_create(unit_suite());
    char path[] = "/tmp/byway-tap-XXXXXX";
    int fd = mkstemp(path);
    int failed;

    if (fd < 0) {
        perror(path);
        return EXIT_FAILURE;
    }
    close(fd);
    srunner_set_tap(runner, path);
    srunner_run_all(runner, CK_SILENT);
    failed = srunner_ntests_failed(runner) - print_tap(path);
    srunner_free(runner);
    unlink(path);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
