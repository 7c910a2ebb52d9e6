/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One session for programs: an object, or rows of one shape. */
#include "config.h"

#include "helpdesk/json.h"
#include "helpdesk/story.h"

/* ── what is one thing each ── */

/* The keys are those of `byway sessions`. */
struct fact {
    const char *key;
    enum { FACT_TEXT, FACT_NUMBER, FACT_TIME, FACT_BOOL } kind;
    const char *text;
    int64_t number;
};

#define MAX_FACTS 32

static size_t facts_of(const struct record *record, int64_t now, struct fact facts[MAX_FACTS])
{
    bool is_open = record->ended == RECORD_NONE;
    const struct fact all[] = {
        {"id", FACT_NUMBER, NULL, record->id},
        {"user", FACT_TEXT, record->user, 0},
        {"typed", FACT_TEXT, record->typed, 0},
        {"common_name", FACT_TEXT, record->common_name, 0},
        {"started", FACT_TIME, NULL, record->started},
        {"ended", FACT_TIME, NULL, record->ended},
        {"open", FACT_BOOL, NULL, is_open},
        {"end_seen", FACT_BOOL, NULL, !is_open && record->end_seen},
        {"gone_by", FACT_TIME, NULL, record->gone_by},
        {"end_reason", FACT_TEXT, record->end_reason, 0},
        {"vpn_address", FACT_TEXT, record->vpn4, 0},
        {"vpn_address6", FACT_TEXT, record->vpn6, 0},
        {"upload_bytes", FACT_NUMBER, NULL, record->upload},
        {"download_bytes", FACT_NUMBER, NULL, record->download},
        {"duration_s", FACT_NUMBER, NULL, record_duration(record, now)},
        {"profile", FACT_TEXT, record->profile, 0},
        {"chosen_by", FACT_TEXT, record->chosen_by, 0},
        {"fell_back", FACT_BOOL, NULL, record->fell_back},
        {"server", FACT_TEXT, record->server, 0},
        {"server_pid", FACT_NUMBER, NULL, record->pid},
        {"client_id", FACT_NUMBER, NULL, record->cid},
        {"real_address", FACT_TEXT, record->real, 0},
        {"real_port", FACT_NUMBER, NULL, record->real_port},
        {"client_program", FACT_TEXT, record->program, 0},
        {"client_platform", FACT_TEXT, record->platform, 0},
        {"handshake_s", FACT_NUMBER, NULL, record->handshake_s},
        {"last_seen", FACT_TIME, NULL, record->last_seen},
        {"counted_at", FACT_TIME, NULL, record->counted_at},
        {"routes", FACT_TEXT, record->routes, 0},
    };
    size_t n = sizeof(all) / sizeof(all[0]);

    _Static_assert(sizeof(all) / sizeof(all[0]) <= MAX_FACTS, "all have room");
    for (size_t i = 0; i < n; i++)
        facts[i] = all[i];
    return n;
}

/* ── an object ── */

static void put_time(struct json *json, const struct answer *answer, const char *key, int64_t epoch)
{
    char text[ZONE_STAMP_SIZE];

    json_string(json, key,
                epoch == RECORD_NONE ? NULL : zone_iso(&answer->style.zone, epoch, text));
}

static void put_fact(struct json *json, const struct answer *answer, const struct fact *fact)
{
    switch (fact->kind) {
    case FACT_TEXT:
        json_string(json, fact->key, fact->text);
        break;
    case FACT_NUMBER:
        if (fact->number == RECORD_NONE)
            json_null(json, fact->key);
        else
            json_number(json, fact->key, fact->number);
        break;
    case FACT_TIME:
        put_time(json, answer, fact->key, fact->number);
        break;
    case FACT_BOOL:
        json_bool(json, fact->key, fact->number != 0);
        break;
    }
}

static void put_rivals(struct json *json, const struct answer *answer,
                       const struct story_address *address)
{
    json_array(json, "also_held_by");
    for (size_t i = 0; i < address->n_rivals; i++) {
        const struct story_rival *rival = &address->rivals[i];

        json_object(json, NULL);
        json_number(json, "id", rival->session);
        json_string(json, "user", rival->user);
        json_string(json, "server", rival->server);
        put_time(json, answer, "since", rival->since);
        put_time(json, answer, "until", rival->until);
        json_end(json);
    }
    json_end(json);
}

static void put_addresses(struct json *json, const struct story *story, const struct answer *answer)
{
    json_array(json, "addresses");
    for (size_t i = 0; i < story->n_addresses; i++) {
        const struct story_address *address = &story->addresses[i];

        json_object(json, NULL);
        json_string(json, "kind", address->is_real ? "real" : "vpn");
        json_string(json, "address", address->text);
        put_time(json, answer, "since", address->since);
        put_time(json, answer, "certain_until", address->certain_until);
        put_time(json, answer, "until", address->until);
        put_rivals(json, answer, address);
        json_end(json);
    }
    json_end(json);
}

static void put_traffic(struct json *json, const struct story *story, const struct answer *answer)
{
    json_array(json, "traffic");
    for (size_t i = 0; i < story->n_traffic; i++) {
        const struct story_traffic *traffic = &story->traffic[i];

        json_object(json, NULL);
        put_time(json, answer, "since", traffic->since);
        put_time(json, answer, "until", traffic->until);
        json_number(json, "upload_bytes", traffic->upload);
        json_number(json, "download_bytes", traffic->download);
        json_end(json);
    }
    json_end(json);
}

void story_json(const struct story *story, const struct answer *answer)
{
    struct json json = {.out = answer->style.out, .line_depth = 3};
    struct fact facts[MAX_FACTS];
    size_t n = facts_of(&story->record, answer->options->now, facts);

    json_array(&json, NULL);
    json_object(&json, NULL);
    for (size_t i = 0; i < n; i++)
        put_fact(&json, answer, &facts[i]);
    put_addresses(&json, story, answer);
    put_traffic(&json, story, answer);
    json_end(&json);
    json_end(&json);
}

/* ── rows ── */

enum { WHAT, SINCE, UNTIL, VALUE, UPLOAD, DOWNLOAD };

const struct output_column story_columns[STORY_COLUMNS] = {
    [WHAT] = {.key = "what", .kind = OUTPUT_TEXT},
    [SINCE] = {.key = "since", .kind = OUTPUT_TIME},
    [UNTIL] = {.key = "until", .kind = OUTPUT_TIME},
    [VALUE] = {.key = "value", .kind = OUTPUT_TEXT},
    [UPLOAD] = {.key = "upload_bytes", .kind = OUTPUT_BYTES},
    [DOWNLOAD] = {.key = "download_bytes", .kind = OUTPUT_BYTES},
};

static bool fact_row(const struct answer *answer, const struct fact *fact)
{
    struct output_value values[STORY_COLUMNS] = {[WHAT] = output_text(fact->key)};
    char text[32];

    if (fact->kind == FACT_TIME) {
        values[SINCE] = record_value(fact->number);
    } else if (fact->kind == FACT_TEXT) {
        values[VALUE] = output_text(fact->text);
    } else if (fact->kind == FACT_BOOL) {
        values[VALUE] = output_text(fact->number != 0 ? "true" : "false");
    } else if (fact->number != RECORD_NONE) {
        snprintf(text, sizeof(text), "%lld", (long long)fact->number);
        values[VALUE] = output_text(text);
    }
    return output_row(answer->output, values);
}

static bool address_rows(const struct story *story, const struct answer *answer)
{
    bool ok = true;

    for (size_t i = 0; ok && i < story->n_addresses; i++) {
        const struct story_address *address = &story->addresses[i];
        struct output_value values[STORY_COLUMNS] = {
            [WHAT] = output_text(address->is_real ? "real" : "vpn"),
            [SINCE] = record_value(address->since),
            [UNTIL] = record_value(address->until),
            [VALUE] = output_text(address->text)};

        ok = output_row(answer->output, values);
        for (size_t j = 0; ok && j < address->n_rivals; j++) {
            struct output_value rival[STORY_COLUMNS] = {
                [WHAT] = output_text("also_held_by"),
                [SINCE] = record_value(address->rivals[j].since),
                [UNTIL] = record_value(address->rivals[j].until),
                [VALUE] = output_text(address->rivals[j].user)};

            ok = output_row(answer->output, rival);
        }
    }
    return ok;
}

bool story_rows(const struct story *story, const struct answer *answer)
{
    struct fact facts[MAX_FACTS];
    size_t n = facts_of(&story->record, answer->options->now, facts);
    bool ok = true;

    for (size_t i = 0; ok && i < n; i++)
        ok = fact_row(answer, &facts[i]);
    ok = ok && address_rows(story, answer);
    for (size_t i = 0; ok && i < story->n_traffic; i++) {
        struct output_value values[STORY_COLUMNS] = {
            [WHAT] = output_text("traffic"),
            [SINCE] = record_value(story->traffic[i].since),
            [UNTIL] = record_value(story->traffic[i].until),
            [UPLOAD] = output_number(story->traffic[i].upload),
            [DOWNLOAD] = output_number(story->traffic[i].download)};

        ok = output_row(answer->output, values);
    }
    return ok;
}
