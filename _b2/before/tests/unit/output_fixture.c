/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include "tests/unit/output_fixture.h"

#include "tests/unit/unit.h"

#include <locale.h>
#include <stdlib.h>

const struct output_column output_columns[OUTPUT_COLUMNS] = {
    {.key = "user", .title = "USER", .kind = OUTPUT_TEXT},
    {.key = "address", .title = "ADDRESS", .kind = OUTPUT_ADDRESS, .spare = 2},
    {.key = "from_client", .title = "UP", .kind = OUTPUT_BYTES},
    {.key = "rate", .title = "RATE", .kind = OUTPUT_RATE, .spare = 3},
    {.key = "started", .title = "FROM", .kind = OUTPUT_TIME},
    {.key = "ended", .title = "TO", .kind = OUTPUT_TIME, .unknown = "still open"},
    {.key = "seconds", .title = "FOR", .kind = OUTPUT_DURATION, .spare = 1},
    {.key = "count", .title = "N", .kind = OUTPUT_COUNT},
    {.key = "open", .title = "OPEN", .kind = OUTPUT_BOOL},
    {.key = "secret", .kind = OUTPUT_COUNT}, /* not in tables */
    {.title = "BAR", .kind = OUTPUT_TEXT},   /* in tables only */
    {.key = "client", .title = "CLIENT", .kind = OUTPUT_TEXT, .folds = true},
};

struct output_style style;
char *written;
size_t n_written;

void set_up(void)
{
    ck_assert_ptr_nonnull(setlocale(LC_ALL, "C.UTF-8"));
    style = (struct output_style){.zone = zone_utc};
    style.out = open_memstream(&written, &n_written);
    ck_assert_ptr_nonnull(style.out);
}

void tear_down(void)
{
    if (style.out)
        fclose(style.out);
    style.out = NULL;
    free(written);
    written = NULL;
}

const char *end_of_output(void)
{
    fclose(style.out);
    style.out = NULL;
    return written;
}

void put_row(struct output *output, const char *user, const char *client)
{
    const struct output_value values[] = {
        output_text(user),
        output_text("10.8.0.9"),
        output_number(1300000000),
        output_number(2048),
        output_number(NOON),
        output_unknown(),
        output_number(11100),
        output_number(3),
        output_number(1),
        output_number(7),
        output_text("\xe2\x96\x88\xe2\x96\x8c"),
        output_text(client),
    };

    ck_assert(output_row(output, values));
}

const char *answer(enum output_form form, const char *user, const char *client)
{
    struct output *output = NULL;

    style.form = form;
    output = output_new(&style, output_columns, OUTPUT_COLUMNS);
    ck_assert_ptr_nonnull(output);
    put_row(output, user, client);
    ck_assert(output_finish(output));
    ck_assert_uint_eq(output_rows(output), 1);
    output_free(output);
    return end_of_output();
}
