/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of a result that the profile alone decides: what of the server's own
 * pushes is taken back, DNS, the options passed on, the switches of a full tunnel,
 * and the message that tells the user. All of it comes from the policy; nothing of
 * a client's is ever here.
 */
#include "lib/push_private.h"

#include <stdio.h>
#include <string.h>

/* OpenVPN takes this many addresses for one `dns server` (dns.h:dns_server). */
#define MAX_DNS_ADDRESSES 8

/* An encoded piece of a message: with `push "echo msg-notify ` around it, it fits a line. */
#define MAX_PIECE 200

/*
 * push-remove takes away what begins with its text (push.c:push_remove_option): the
 * blank in "route " spares route-gateway, and a tab separates words as well.
 */
static const char remove_routes[] = "push-remove \"route \"\n"
                                    "push-remove \"route\t\"\n"
                                    "push-remove \"route-ipv6 \"\n"
                                    "push-remove \"route-ipv6\t\"\n"
                                    "push-remove \"redirect-private\"\n";

/* These go even where `keep-server-routes` stands: nobody is on a full tunnel by accident. */
static const char remove_redirect[] = "push-remove \"redirect-gateway\"\n"
                                      "push-remove \"block-ipv6\"\n";

static const char remove_dns[] = "push-remove \"dns server \"\n"
                                 "push-remove \"dhcp-option DNS\"\n";

static const char remove_search_domains[] = "push-remove \"dns search-domains \"\n"
                                            "push-remove \"dhcp-option DOMAIN\"\n"
                                            "push-remove \"dhcp-option ADAPTER_DOMAIN_SUFFIX\"\n";

/*
 * block-ipv6 answers the IPv6 packets that enter the tunnel (forward.c:process_ip_header)
 * but brings none there: without a route they leave beside it. So the client is given
 * an address and the routes too, as OpenVPN's manual has it. The address is a unique
 * local one on purpose: clients then prefer IPv4 wherever there is a choice (RFC 6724).
 */
static const char block_ipv6[] = "push \"ifconfig-ipv6 fd62:7977:6179::2/64 fd62:7977:6179::1\"\n"
                                 "push \"block-ipv6\"\n";

static bool is_ipv6(const char *address)
{
    return strchr(address, ':') != NULL;
}

/*
 * For clients that know `dns` (2.6 and later; it then overrides) and those that do not. Of
 * the latter all take IPv6 addresses by the name of DNS, too, but not all by that of DNS6.
 */
static void add_dns(struct push_buffer *out, const struct policy_profile *profile, bool ipv6)
{
    for (size_t i = 0; i < profile->n_dns; i++) {
        if (is_ipv6(profile->dns[i]) != ipv6)
            continue;
        if (i < MAX_DNS_ADDRESSES)
            push_buffer_format(out, "push \"dns server 1 address %s\"\n", profile->dns[i]);
        push_buffer_format(out, "push \"dhcp-option DNS %s\"\n", profile->dns[i]);
    }
}

static void add_search_domains(struct push_buffer *out, const struct policy_profile *profile)
{
    if (profile->n_search_domains > 0)
        push_buffer_format(out, "push \"dhcp-option DOMAIN %s\"\n", profile->search_domains[0]);
    for (size_t i = 0; i < profile->n_search_domains; i++) {
        push_buffer_format(out, "push \"dns search-domains %s\"\n", profile->search_domains[i]);
        push_buffer_format(out, "push \"dhcp-option DOMAIN-SEARCH %s\"\n",
                           profile->search_domains[i]);
    }
}

static void add_head(struct push_buffer *out, const struct policy_profile *profile)
{
    if (!profile->keep_server_routes)
        push_buffer_add(out, remove_routes);
    push_buffer_add(out, remove_redirect);
    if (profile->n_dns > 0)
        push_buffer_add(out, remove_dns);
    if (profile->n_search_domains > 0)
        push_buffer_add(out, remove_search_domains);
    add_dns(out, profile, false);
    add_search_domains(out, profile);
    for (size_t i = 0; i < profile->n_push; i++)
        push_buffer_format(out, "push \"%s\"\n", profile->push[i]);
}

/* In one line: OpenVPN's clients warn of a second redirect-gateway. */
static void add_redirect(struct push_buffer *out, const struct policy_profile *profile, bool ipv6)
{
    push_buffer_format(out, "push \"redirect-gateway def1%s%s\"\n", ipv6 ? " ipv6" : "",
                       profile->block_local ? " block-local" : "");
}

static void add_with_ipv6(struct push_buffer *out, const struct policy_profile *profile)
{
    add_dns(out, profile, true);
    if (profile->full)
        add_redirect(out, profile, true);
}

static void add_without_ipv6(struct push_buffer *out, const struct policy_profile *profile)
{
    if (!profile->full)
        return;
    add_redirect(out, profile, !profile->allow_ipv6_outside);
    if (!profile->allow_ipv6_outside)
        push_buffer_add(out, block_ipv6);
}

/* Any byte as it may stand in a word of `echo`: clients that show messages decode %XX. */
static size_t encode(char *to, unsigned char c)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                "0123456789-._";
    static const char digits[] = "0123456789ABCDEF";

    if (c != '\0' && strchr(plain, c)) {
        to[0] = (char)c;
        return 1;
    }
    to[0] = '%';
    to[1] = digits[c >> 4];
    to[2] = digits[c & 15];
    return 3;
}

/*
 * As much of *text as fits a piece, without cutting a UTF-8 character in two; moves
 * *text behind it. Blanks are encoded as well: OpenVPN takes 16 words at most.
 */
static void encode_piece(char piece[MAX_PIECE + 1], const char **text)
{
    const char *from = *text;
    size_t n = 0;

    while (*from != '\0') {
        char character[3 * 4];
        size_t length = 0;
        const char *next = from;

        do {
            length += encode(character + length, (unsigned char)*next++);
        } while (((unsigned char)*next & 0xc0) == 0x80 && next - from < 4);
        if (n + length > MAX_PIECE)
            break;
        memcpy(piece + n, character, length);
        n += length;
        from = next;
    }
    piece[n] = '\0';
    *text = from;
}

/* Shows `text`, in as many pieces as it takes; the last one ends the line if so wished. */
static void add_message(struct push_buffer *out, const char *text, bool ends_line)
{
    while (*text != '\0') {
        char piece[MAX_PIECE + 1];

        encode_piece(piece, &text);
        push_buffer_format(out, "push \"echo %s %s\"\n",
                           ends_line && *text == '\0' ? "msg" : "msg-n", piece);
    }
}

static void add_title(struct push_buffer *out, const struct policy_profile *profile)
{
    add_message(out, "You are on: ", false);
    add_message(out, profile->title, false);
}

static void add_tail(struct push_buffer *out, const struct policy_profile *profile)
{
    const char *title = profile->title;
    char piece[MAX_PIECE + 1];

    if (profile->message)
        add_message(out, profile->message, true);
    encode_piece(piece, &title);
    push_buffer_format(out, "push \"echo msg-notify %s\"\n", piece);
}

typedef void add_part(struct push_buffer *out, const struct policy_profile *profile);

/* One part of a frame; false when memory is out. */
static bool make_part(struct push_buffer *scratch, struct arena *arena,
                      const struct policy_profile *profile, add_part *add, struct push_text *part)
{
    push_buffer_clear(scratch);
    add(scratch, profile);
    *part = push_buffer_keep(scratch, arena);
    return part->text != NULL;
}

static bool make_frame(struct push_frame *frame, struct push_buffer *scratch,
                       const struct policy *policy, const struct policy_profile *profile)
{
    struct arena *arena = policy->arena;
    bool ok = make_part(scratch, arena, profile, add_head, &frame->head) &&
              make_part(scratch, arena, profile, add_with_ipv6, &frame->with_ipv6) &&
              make_part(scratch, arena, profile, add_without_ipv6, &frame->without_ipv6) &&
              make_part(scratch, arena, profile, add_title, &frame->title) &&
              make_part(scratch, arena, profile, add_tail, &frame->tail);

    frame->max_n = frame->head.n + frame->with_ipv6.n + frame->without_ipv6.n + frame->title.n +
                   2 * PUSH_MAX_LINE + frame->fell_back.n + frame->tail.n;
    return ok;
}

/* What every frame has alike, into the first one. */
static bool make_shared(struct push_frame *frame, struct push_buffer *scratch, struct arena *arena)
{
    bool ok = true;

    for (size_t by = 0; by < CHOICE_BY_COUNT; by++) {
        char why[100];

        snprintf(why, sizeof(why), " (%s).", choice_by_sentence((enum choice_by)by));
        push_buffer_clear(scratch);
        add_message(scratch, why, true);
        frame->by[by] = push_buffer_keep(scratch, arena);
        ok = ok && frame->by[by].text;
    }
    push_buffer_clear(scratch);
    add_message(scratch, "What you asked for is not open to you.", true);
    frame->fell_back = push_buffer_keep(scratch, arena);
    return ok && frame->fell_back.text;
}

struct push_frame *push_frames_make(const struct policy *policy)
{
    struct push_frame *frames = arena_array(policy->arena, policy->n_profiles, sizeof(*frames));
    struct push_buffer scratch = {0};
    struct push_frame shared = {0};
    bool ok = frames && make_shared(&shared, &scratch, policy->arena);

    for (size_t i = 0; ok && i < policy->n_profiles; i++) {
        frames[i] = shared;
        ok = make_frame(&frames[i], &scratch, policy, &policy->profiles[i]);
    }
    push_buffer_free(&scratch);
    return ok ? frames : NULL;
}
