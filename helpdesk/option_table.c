/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What options there are, and how --help describes them. */
#include "config.h"

#include "helpdesk/option_table.h"

#include <string.h>

#include "helpdesk/command.h"
#include "helpdesk/database_file.h"
#include "helpdesk/policy_file.h"

#define NAME_WIDTH 26

static const struct {
    const char *name;
    const char *argument; /* NULL for a flag */
    enum option_type type;
    const char *help; /* lines after the first are indented */
} table[OPTION_COUNT] = {
    [OPTION_AT] = {"--at", "TIME", OPTION_TIME, "at that time"},
    [OPTION_WITHIN] = {"--within", "DURATION", OPTION_DURATION,
                       "how far the clocks may be apart (2m)"},
    [OPTION_SINCE] = {"--since", "TIME", OPTION_TIME, "from then on"},
    [OPTION_UNTIL] = {"--until", "TIME", OPTION_TIME, "up to then"},
    [OPTION_USER] = {"--user", "USER", OPTION_A_USER, "of this user only"},
    [OPTION_PROFILE] = {"--profile", "PROFILE", OPTION_A_PROFILE, "on this profile only"},
    [OPTION_SERVER] = {"--server", "SERVER", OPTION_A_SERVER, "on this server only"},
    [OPTION_ADDRESS] = {"--address", "ADDRESS", OPTION_IP, "that held this VPN address"},
    [OPTION_REAL_ADDRESS] = {"--real-address", "ADDRESS", OPTION_IP,
                             "that came from this real address"},
    [OPTION_REAL] = {"--real", NULL, OPTION_FLAG, "the address is a real one, not of the VPN"},
    [OPTION_OPEN] = {"--open", NULL, OPTION_FLAG, "that have not ended"},
    [OPTION_MIN_UPLOAD] = {"--min-upload", "SIZE", OPTION_BYTES,
                           "that sent at least as much (500M, 1.5G)"},
    [OPTION_BY] = {"--by", "WHAT", OPTION_WORD, "what to add up by: "},
    [OPTION_SORT] = {"--sort", "WHAT", OPTION_WORD, "the order: "},
    [OPTION_TOP] = {"--top", "N", OPTION_NUMBER, "no more than the N largest (0: all)"},
    [OPTION_LIMIT] = {"--limit", "N", OPTION_NUMBER, "no more than N (0: all)"},
    [OPTION_CHOOSE] = {"--choose", "PROFILE", OPTION_A_PROFILE,
                       "the user asks for this profile (in the first way\n"
                       "that the policy names and that USER does not use up)"},
    [OPTION_FROM] = {"--from", "ADDRESS", OPTION_IP,
                     "the address the user connects from, for\n"
                     "assume-opt-in-from"},
    [OPTION_COMMON_NAME] = {"--common-name", "NAME", OPTION_TEXT,
                            "the certificate's name; USER may be left out then"},
    [OPTION_NO_IPV6] = {"--no-ipv6", NULL, OPTION_FLAG,
                        "the server gives the client no IPv6 address"},
    [OPTION_ACCEPT] = {"--accept", NULL, OPTION_FLAG,
                       "take a result that was held back, if it comes again"},
    [OPTION_JSON] = {"--json", NULL, OPTION_FLAG, "for programs"},
    [OPTION_CSV] = {"--csv", NULL, OPTION_FLAG, "for spreadsheets"},
    [OPTION_UTC] = {"--utc", NULL, OPTION_FLAG,
                    "read and show times in UTC, not in the local zone"},
    [OPTION_NO_HEADER] = {"--no-header", NULL, OPTION_FLAG, "rows only"},
    [OPTION_DATABASE] =
        {"--database", "FILE", OPTION_FILE,
         "the recorder's database (BYWAY_DATABASE, or the one of\n" DATABASE_FILE_CONFIG ")"},
    [OPTION_POLICY] = {"--policy", "FILE", OPTION_FILE, "the policy (" POLICY_FILE_DEFAULT ")"},
};

const char *option_name(enum option_id id)
{
    return table[id].name;
}

enum option_type option_type_of(enum option_id id)
{
    return table[id].type;
}

bool options_take(const struct command *command, enum option_id id)
{
    for (const enum option_id *taken = command->options; *taken != OPTION_COUNT; taken++)
        if (*taken == id)
            return true;
    return false;
}

const char *const *option_words(const struct command *command, enum option_id id)
{
    static const char *const none[] = {NULL};

    for (const struct command_words *words = command->words; words && words->words; words++)
        if (words->option == id)
            return words->words;
    return none;
}

static void describe(const struct command *command, enum option_id id, FILE *out)
{
    char left[64];
    const char *const *words = option_words(command, id);

    snprintf(left, sizeof(left), "%s%s%s", table[id].name, table[id].argument ? " " : "",
             table[id].argument ? table[id].argument : "");
    fprintf(out, "  %-*s", NAME_WIDTH, left);
    for (const char *c = table[id].help; *c != '\0'; c++) {
        putc(*c, out);
        if (*c == '\n')
            fprintf(out, "%*s", NAME_WIDTH + 2, "");
    }
    for (size_t i = 0; words[i]; i++)
        fprintf(out, "%s%s", i > 0 ? ", " : "", words[i]);
    putc('\n', out);
}

static const char about_times[] =
    "\n"
    "TIME is 2026-11-20 13:05, 13:05 (today), yesterday 14:00, monday 9:00, 2026-11-20,\n"
    "-2h, \"2 hours ago\", 2026-11-20T13:05:07Z, or as it stands in mail and logs; with a\n"
    "zone behind it (UTC, +0200, EDT, Europe/Berlin) or in the local one.\n";

void options_describe(const struct command *command, FILE *out)
{
    bool has_times = false;

    for (const enum option_id *id = command->options; *id != OPTION_COUNT; id++) {
        describe(command, *id, out);
        has_times = has_times || table[*id].type == OPTION_TIME;
    }
    if (has_times)
        fputs(about_times, out);
}
