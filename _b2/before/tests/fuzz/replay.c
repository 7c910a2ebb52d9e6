/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main() of a fuzz target in the ordinary test run: feeds it every file of the
 * folders named on the command line, else of its own seeds, and prints TAP. What a
 * fuzzer found once becomes a seed and is tried at every run.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned n_tests;

static void replay_file(const char *folder, const char *name)
{
    char path[4096] = "";
    FILE *in = NULL;
    uint8_t *data = NULL;
    long size = 0;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    in = fopen(path, "rb");
    if (in && fseek(in, 0, SEEK_END) == 0 && (size = ftell(in)) >= 0 &&
        (data = malloc((size_t)size + 1)) != NULL) {
        rewind(in);
        size = (long)fread(data, 1, (size_t)size, in);
        LLVMFuzzerTestOneInput(data, (size_t)size);
        printf("ok %u - seed %s is harmless\n", ++n_tests, name);
    } else {
        printf("not ok %u - seed %s cannot be read\n", ++n_tests, name);
    }
    fflush(stdout); /* so that a crash follows the last good seed */
    free(data);
    if (in)
        fclose(in);
}

static void replay_folder(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry = NULL;

    if (!folder) {
        printf("not ok %u - the folder %s can be read\n", ++n_tests, path);
        return;
    }
    while ((entry = readdir(folder)) != NULL)
        if (entry->d_name[0] != '.')
            replay_file(path, entry->d_name);
    closedir(folder);
}

/* tests/fuzz/fuzz_x (or libtool's lt-fuzz_x) has its seeds in tests/fuzz/seeds/x. */
static void replay_own_seeds(const char *program)
{
    const char *source = getenv("srcdir"); /* make check sets it */
    const char *target = strstr(program, "fuzz_");
    char path[4096] = "";

    for (const char *next = target; next; next = strstr(next + 1, "fuzz_"))
        target = next;
    snprintf(path, sizeof path, "%s/tests/fuzz/seeds/%s", source ? source : ".",
             target ? target + strlen("fuzz_") : "");
    replay_folder(path);
}

int main(int argc, char **argv)
{
    if (argc < 2)
        replay_own_seeds(argv[0]);
    for (int i = 1; i < argc; i++)
        replay_folder(argv[i]);
    printf("1..%u\n", n_tests);
    return n_tests > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
