/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the command line. The config's path is made absolute: the daemon leaves its folder. */
#include <config.h>

#include "mgmtd/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mgmtd/config.h"

static const char usage[] =
    "usage: byway-mgmtd [-fhnV] [-c FILE]\n"
    "\n"
    "Records the sessions of OpenVPN servers and their byte counts.\n"
    "\n"
    "  -c, --config FILE   the config (" CONFIG_DEFAULT_FILE ")\n"
    "  -f, --foreground    stay in the foreground and log to standard error\n"
    "  -n, --check         check the config, tell what is wrong with it, and leave\n"
    "  -h, --help          show this\n"
    "  -V, --version       which version this is\n"
    "\n"
    "Exit status: 0 all went well, 1 it could not run, 2 wrong usage or a bad config.\n";

static const struct option long_options[] = {
    {"check", no_argument, NULL, 'n'},      {"config", required_argument, NULL, 'c'},
    {"foreground", no_argument, NULL, 'f'}, {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},    {NULL, 0, NULL, 0},
};

/* malloc'd; NULL when it cannot be told. */
static char *make_absolute(const char *path)
{
    char *here = path[0] == '/' ? strdup("") : getcwd(NULL, 0);
    char *absolute = NULL;

    if (here != NULL && asprintf(&absolute, "%s%s%s", here, path[0] == '/' ? "" : "/", path) < 0)
        absolute = NULL;
    free(here);
    return absolute;
}

static int say(FILE *out, const char *text, int status)
{
    fputs(text, out);
    if (fflush(out) == 0)
        return status;
    perror("byway-mgmtd");
    return EXIT_FAILURE;
}

/* One option. Returns as options_read(). */
static int take(struct options *options, int option, const char **config)
{
    switch (option) {
    case 'c':
        *config = optarg;
        return -1;
    case 'f':
        options->foreground = true;
        return -1;
    case 'n':
        options->check = true;
        return -1;
    case 'h':
        return say(stdout, usage, EXIT_SUCCESS);
    case 'V':
        return say(stdout, PACKAGE_STRING "\n", EXIT_SUCCESS);
    }
    return say(stderr, usage, EXIT_USAGE);
}

int options_read(struct options *options, int argc, char **argv)
{
    const char *config = CONFIG_DEFAULT_FILE;
    int option;

    *options = (struct options){0};
    optind = 0; /* from the beginning, also a second time */
    while ((option = getopt_long(argc, argv, "c:fhnV", long_options, NULL)) != -1) {
        int status = take(options, option, &config);

        if (status >= 0)
            return status;
    }
    if (optind < argc) {
        fprintf(stderr, "byway-mgmtd: \"%.80s\" is no option\n", argv[optind]);
        return say(stderr, usage, EXIT_USAGE);
    }
    options->config = make_absolute(config);
    if (options->config != NULL)
        return -1;
    perror("byway-mgmtd");
    return EXIT_FAILURE;
}

void options_free(struct options *options)
{
    free(options->config);
    options->config = NULL;
}
