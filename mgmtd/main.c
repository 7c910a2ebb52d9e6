/* SPDX-License-Identifier: GPL-2.0-or-later */
/* byway-mgmtd: reads the command line and the config, and hands over to the loop. */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mgmtd/background.h"
#include "mgmtd/config.h"
#include "mgmtd/logging.h"
#include "mgmtd/loop.h"
#include "mgmtd/options.h"

/* -n: what is wrong, one a line, or that all is well. `failed` is the status if it is not. */
static int check(const struct options *options, const struct config *config,
                 const struct diagnostics *problems, int failed)
{
    for (size_t i = 0; i < diagnostics_count(problems); i++) {
        char line[1500];

        fprintf(stderr, "%s\n", diagnostic_format(diagnostics_at(problems, i), line, sizeof(line)));
    }
    if (config == NULL)
        return failed;
    printf("%s: in order, %zu server%s\n", options->config, config->n_servers,
           config->n_servers == 1 ? "" : "s");
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Into the background, where that is wanted, with the files that are made only for the
 * daemon's user and group. Takes `config` over. */
static int run(const struct options *options, struct config *config, struct log *log)
{
    int ready = -1;

    if (!options->foreground) {
        ready = background_start();
        if (ready < 0) {
            log_write(log, LOG_LEVEL_ERROR, "main", "cannot go into the background: %m");
            config_free(config);
            return EXIT_FAILURE;
        }
    }
    umask(0027);
    if (chdir("/") != 0)
        log_write(log, LOG_LEVEL_WARNING, "main", "cannot change to /: %m");
    return daemon_run(options, config, log, &ready);
}

static int start(const struct options *options, struct diagnostics *problems)
{
    struct config *config = config_load(options->config, problems);
    /* The service manager tries again unless the config is to blame. */
    int failed = errno == 0 ? EXIT_USAGE : EXIT_FAILURE;
    struct log log = {.max_level = LOG_LEVEL_NOTICE};
    int status;

    if (options->check) {
        status = check(options, config, problems, failed);
        config_free(config);
        return status;
    }
    log.sink = logging_sink(options->foreground);
    config_tell(problems, &log);
    if (config == NULL)
        return failed;
    log.max_level = config->log_level;
    return run(options, config, &log);
}

int main(int argc, char **argv)
{
    struct options options;
    struct diagnostics *problems = NULL;
    int status = options_read(&options, argc, argv);

    if (status < 0) {
        problems = diagnostics_new();
        status = EXIT_FAILURE;
        if (problems == NULL)
            perror("byway-mgmtd");
        else
            status = start(&options, problems);
    }
    diagnostics_free(problems);
    options_free(&options);
    return status;
}
