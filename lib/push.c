/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text for one connection, put together from what was rendered when the policy was
 * loaded. Runs inside OpenVPN's thread: one allocation and a few copies.
 */
#include "lib/push_private.h"

#include <stdlib.h>
#include <string.h>

#define MAX_PARTS 8

/* push.c:send_push_reply: PUSH_BUNDLE_SIZE less the room for what may follow. */
#define MESSAGE_CAPACITY (1024 - 84)
#define MESSAGE_HEAD     10 /* "PUSH_REPLY" */

static char *join(const struct push_text *parts, size_t n_parts, size_t *n)
{
    size_t total = 0;
    char *text = NULL;
    char *to = NULL;

    for (size_t i = 0; i < n_parts; i++)
        total += parts[i].n;
    if (total > POLICY_MAX_TEXT)
        return NULL;
    text = malloc(total + 1);
    if (!text)
        return NULL;
    to = text;
    for (size_t i = 0; i < n_parts; i++) {
        memcpy(to, parts[i].text, parts[i].n);
        to += parts[i].n;
    }
    *to = '\0';
    *n = total;
    return text;
}

/* `ipv4` and `ipv6` are the route lines; the frame stands around them. */
static char *assemble(const struct push_frame *frame, struct push_text ipv4, struct push_text ipv6,
                      const struct push_connection *connection, size_t *n)
{
    struct push_text parts[MAX_PARTS];
    size_t n_parts = 0;

    parts[n_parts++] = frame->head;
    parts[n_parts++] = connection->has_ipv6 ? frame->with_ipv6 : frame->without_ipv6;
    parts[n_parts++] = ipv4;
    if (connection->has_ipv6)
        parts[n_parts++] = ipv6;
    parts[n_parts++] = frame->title;
    parts[n_parts++] = frame->by[connection->by];
    if (connection->fell_back)
        parts[n_parts++] = frame->fell_back;
    parts[n_parts++] = frame->tail;
    return join(parts, n_parts, n);
}

/* For the plans that were not worth their memory. */
static char *render_now(const struct policy *policy, const struct policy_profile *profile,
                        const struct policy_user *user, const struct push_frame *frame,
                        const struct push_connection *connection, size_t *n)
{
    struct prefix_set *cover = prefix_set_new();
    struct push_buffer ipv4 = {0};
    struct push_buffer ipv6 = {0};
    struct budget_cost cost;
    char *text = NULL;

    if (cover && push_cover(cover, profile, policy->bases[profile->index],
                            &policy->extras[user ? user->extra : 0], &cost)) {
        size_t count, n_ipv4;
        const struct prefix *prefixes = prefix_set_cover(cover, &count, &n_ipv4);

        push_buffer_routes_ipv4(&ipv4, profile, prefixes, n_ipv4);
        push_buffer_routes_ipv6(&ipv6, prefixes ? prefixes + n_ipv4 : NULL, count - n_ipv4);
        if (!ipv4.failed && !ipv6.failed)
            text = assemble(frame, (struct push_text){ipv4.text, ipv4.n},
                            (struct push_text){ipv6.text, ipv6.n}, connection, n);
    }
    push_buffer_free(&ipv4);
    push_buffer_free(&ipv6);
    prefix_set_free(cover);
    return text;
}

char *push_render(const struct policy *policy, const struct policy_profile *profile,
                  const struct policy_user *user, const struct push_connection *connection,
                  size_t *n)
{
    size_t extra = user ? user->extra : 0;
    const struct push_plan *plan = &policy->plans[extra * policy->n_profiles + profile->index];

    *n = 0;
    if ((unsigned)connection->by >= CHOICE_BY_COUNT)
        return NULL;
    if (!plan->ipv4.text)
        return render_now(policy, profile, user, plan->frame, connection, n);
    return assemble(plan->frame, plan->ipv4, plan->ipv6, connection, n);
}

/* The bytes of the option in a line of ours; 0 if the line pushes nothing. */
static size_t pushed_length(const char *line, size_t n)
{
    static const char start[] = "push \"";
    size_t length = 0;

    if (n < sizeof(start) || memcmp(line, start, sizeof(start) - 1) != 0)
        return 0;
    for (size_t i = sizeof(start) - 1; i + 1 < n; i++) {
        i += line[i] == '\\';
        length++;
    }
    return length;
}

size_t push_count_messages(const char *text, size_t n)
{
    const char *end = text + n;
    size_t messages = 1;
    size_t filled = MESSAGE_HEAD;

    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *line_end = newline ? newline : end;
        size_t length = pushed_length(text, (size_t)(line_end - text));

        if (length > 0 && filled + length >= MESSAGE_CAPACITY) {
            messages++;
            filled = MESSAGE_HEAD;
        }
        filled += length > 0 ? 1 + length : 0;
        text = newline ? newline + 1 : end;
    }
    return messages;
}
