/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as a time: what is understood lies within the years that there are, ends where
 * it begins or later, names a moment that can be written and read again, and says nothing
 * that a terminal would obey. The first byte chooses the zone and the present.
 */
#include "helpdesk/timespec.h"

#undef NDEBUG /* to find broken assertions is what this is for */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const zones[] = {"Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe",
                                    "Pacific/Apia"};
/* A Friday, the second in which clocks change, the last one of 32 bits, the end of 9999. */
static const int64_t presents[] = {1795181415, 1792890000, 2147483647, 253402300799};

static void check_printable(const char *said)
{
    char *copy = strdup(said);

    assert(copy);
    log_make_printable(copy);
    assert(strcmp(copy, said) == 0);
    free(copy);
}

static void check_read(const struct timespec_when *when, const struct timespec_context *context)
{
    char text[ZONE_STAMP_SIZE], error[TIMESPEC_ERROR_SIZE];
    struct timespec_when again;

    assert(when->epoch >= -2 * 86400 && when->epoch < INT64_C(253402400000));
    assert(when->last >= when->epoch && when->last - when->epoch < 3 * 86400);
    assert(when->in_future == (when->epoch > context->now));
    assert((!when->in_future && !when->is_doubtful) || when->note[0] != '\0');
    check_printable(when->note);
    zone_iso(&when->zone, when->epoch, text);
    if (strncmp(text, "1969", 4) == 0 || strncmp(text, "10000", 5) == 0)
        return;
    assert(timespec_read(text, context, &again, error));
    assert(again.epoch == when->epoch && again.last == when->epoch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zone zone = zone_utc;
    struct timespec_context context = {.zone = &zone};
    struct timespec_when when;
    char error[TIMESPEC_ERROR_SIZE] = "";
    char *text = size > 0 ? strndup((const char *)data + 1, size - 1) : NULL;
    int64_t seconds = 0;

    if (!text)
        return 0;
    if (data[0] & 1)
        zone_find(&zone, zones[data[0] / 2 % 4]);
    context.now = presents[data[0] / 8 % 4];
    if (timespec_read(text, &context, &when, error)) {
        check_read(&when, &context);
    } else {
        assert(error[0] == '"');
        check_printable(error);
    }
    if (timespec_read_duration(text, &seconds))
        assert(seconds >= 0);
    free(text);
    return 0;
}
