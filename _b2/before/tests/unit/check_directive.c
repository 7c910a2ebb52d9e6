/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/directive: quoting as OpenVPN has it, blocks, and what happens to text that is broken. */
#include "lib/directive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

static struct arena *arena;
static struct diagnostics *problems;

static void setup(void)
{
    arena = arena_new();
    problems = diagnostics_new();
}

static void teardown(void)
{
    arena_free(arena);
    diagnostics_free(problems);
}

static struct directive *parse_n(const char *text, size_t n)
{
    return directive_parse(arena, "policy.conf", text, n, problems);
}

static struct directive *parse(const char *text)
{
    return parse_n(text, strlen(text));
}

/* The words of a directive as "a|b|c". */
static const char *joined(const struct directive *directive)
{
    static char text[DIRECTIVE_MAX_LINE * 2];
    size_t at = 0;

    text[0] = '\0';
    for (unsigned i = 0; i < directive->argc; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", i > 0 ? "|" : "",
                               directive->argv[i]);
    return text;
}

static const char *problem(size_t i)
{
    static char line[1200];

    ck_assert_uint_lt(i, diagnostics_count(problems));
    return diagnostic_format(diagnostics_at(problems, i), line, sizeof line);
}

static void assert_problem(size_t i, const char *start)
{
    const char *text = problem(i);

    ck_assert_msg(strncmp(text, start, strlen(start)) == 0, "\"%s\" does not begin with \"%s\"",
                  text, start);
}

static const struct {
    const char *line;
    const char *words;
} good_lines[] = {
    {"a", "a"},
    {"  a\tb  ", "a|b"},
    {"a b # c", "a|b"},
    {"a b ; c", "a|b"},
    {"a#b c;d", "a#b|c;d"}, /* a comment begins where a word could begin */
    {"a \"b c\" d", "a|b c|d"},
    {"a 'b c' d", "a|b c|d"},
    {"a \"\" ''", "a||"},
    {"a \"#\" ';'", "a|#|;"},
    {"\"a\"b", "a|b"}, /* OpenVPN ends the word with the quote */
    {"\"a\"\"b\"", "a|b"},
    {"a\"b c\"", "a\"b|c\""}, /* a quote inside a word is a letter */
    {"it's", "it's"},
    {"a\\ b", "a b"},
    {"a\\\\b", "a\\b"},
    {"a\\\"b", "a\"b"},
    {"\\\"b\\\"", "\"b\""},
    {"\"a \\\"b\\\" \\\\\"", "a \"b\" \\"},
    {"\"a\\ b\"", "a b"},
    {"'a\\b\"'", "a\\b\""}, /* no escapes in single quotes */
    {"a >", "a|>"},
    {"a <b>", "a|<b>"},
    {"\"<a>\"", "<a>"},
    {"\xc3\xa9t\xc3\xa9 \"\xe2\x82\xac\"", "\xc3\xa9t\xc3\xa9|\xe2\x82\xac"},
};

START_TEST(words_are_cut_as_openvpn_cuts_them)
{
    const struct directive *directive = parse(good_lines[_i].line);

    ck_assert_uint_eq(diagnostics_count(problems), 0);
    ck_assert_ptr_nonnull(directive);
    ck_assert_str_eq(joined(directive), good_lines[_i].words);
    ck_assert_ptr_null(directive->argv[directive->argc]);
    ck_assert_ptr_null(directive->next);
    ck_assert(!directive->is_block);
}
END_TEST

static const struct {
    const char *line;
    const char *error;
} bad_lines[] = {
    {"a \"b", "no closing double quote"},
    {"a \"b\\\"", "no closing double quote"},
    {"a 'b", "no closing single quote"},
    {"a b\\", "a backslash at the end (lines cannot be continued)"},
    {"a \\", "a backslash at the end (lines cannot be continued)"},
    {"\\", "a backslash at the end (lines cannot be continued)"},
    {"a c:\\temp", "a backslash may stand only before"},
    {"a \"c:\\temp\"", "a backslash may stand only before"},
    {"a \\'b\\'", "a backslash may stand only before"},
    {"a \\#b", "a backslash may stand only before"},    /* OpenVPN drops the rest of the line */
    {"a \\ b", "a word cannot begin with a backslash"}, /* OpenVPN drops the blank */
    {"a \x1b[31m", "a control character"},
    {"a \x7f", "a control character"},
    {"a \xc2\x9b"
     "31m",
     "a control character"},
    {"a\vb", "a control character"},
    {"a\rb", "a control character"},
    {"a \xff", "not UTF-8 text"},
    {"a \xc0\x80", "not UTF-8 text"},
    {"a \xed\xa0\x80", "not UTF-8 text"},
    {"# \xff", "not UTF-8 text"},
    {"<a", "a line that begins with < needs a >"},
    {"<", "a line that begins with < needs a >"},
    {"</", "a line that begins with < needs a >"},
    {"<>", "a block needs a name"},
    {"< >", "a block needs a name"},
    {"</>", "a block needs a name"},
    {"<a \"b>", "no closing double quote"},
    {"</a>", "\"</a>\" closes a block, but none is open"},
    {"</a b>", "the closing line takes the block's name alone"},
};

START_TEST(a_broken_line_is_an_error_with_its_line_and_the_next_is_read)
{
    char text[200];
    const struct directive *directive;

    snprintf(text, sizeof text, "\n%s\nlast one\n", bad_lines[_i].line);
    directive = parse(text);
    ck_assert_uint_ge(diagnostics_errors(problems), 1);
    snprintf(text, sizeof text, "policy.conf:2: error: %s", bad_lines[_i].error);
    assert_problem(0, text);
    while (directive != NULL && directive->next != NULL)
        directive = directive->next;
    ck_assert_ptr_nonnull(directive);
    if (directive->is_block)
        directive = directive->children;
    ck_assert_str_eq(joined(directive), "last|one");
    ck_assert_uint_eq(directive->line, 3);
}
END_TEST

START_TEST(a_nul_byte_is_an_error)
{
    const struct directive *directive = parse_n("a b\0c\nd\n", 8);

    assert_problem(0, "policy.conf:1: error: a NUL byte");
    ck_assert_str_eq(joined(directive), "d");
}
END_TEST

START_TEST(nothing_comes_of_a_text_without_directives)
{
    static const char *const texts[] = {"", "\n", "   ", "# a\n;b\n\n", "\xef\xbb\xbf", "\r\n\r\n"};

    ck_assert_ptr_null(parse(texts[_i]));
    ck_assert_uint_eq(diagnostics_count(problems), 0);
}
END_TEST

START_TEST(a_byte_order_mark_and_crlf_are_passed_over)
{
    const struct directive *directive = parse("\xef\xbb\xbf"
                                              "a b\r\n<c>\r\nd \"e\"\r\n</c>\r\nf");

    ck_assert_uint_eq(diagnostics_count(problems), 0);
    ck_assert_str_eq(joined(directive), "a|b");
    directive = directive->next;
    ck_assert(directive->is_block);
    ck_assert_str_eq(joined(directive->children), "d|e");
    ck_assert_str_eq(joined(directive->next), "f");
    ck_assert_uint_eq(directive->next->line, 5);
}
END_TEST

START_TEST(blocks_have_children_and_names_that_may_be_quoted)
{
    const struct directive *block = parse("<user \"alice smith\">  # who\n"
                                          "  profile library\n"
                                          "</user> # done\n"
                                          "<user 'a>b'>\n</user>\n"
                                          "\t< user  c\\\"d >\n\t</ user >\n");

    ck_assert_uint_eq(diagnostics_count(problems), 0);
    ck_assert(block->is_block);
    ck_assert_str_eq(joined(block), "user|alice smith");
    ck_assert_uint_eq(block->line, 1);
    ck_assert_str_eq(joined(block->children), "profile|library");
    ck_assert_uint_eq(block->children->line, 2);
    ck_assert_ptr_null(block->children->next);
    ck_assert_str_eq(joined(block->next), "user|a>b");
    ck_assert_ptr_null(block->next->children);
    ck_assert_str_eq(joined(block->next->next), "user|c\"d");
    ck_assert_ptr_null(block->next->next->next);
}
END_TEST

START_TEST(a_block_that_is_not_closed_is_named_with_the_line_it_began)
{
    parse("a\n<user alice>\nb\n");
    ck_assert_uint_eq(diagnostics_errors(problems), 1);
    assert_problem(0, "policy.conf:2: error: <user> is not closed; write </user>");
}
END_TEST

START_TEST(an_inner_block_that_is_not_closed_does_not_take_the_outer_one_with_it)
{
    const struct directive *block = parse("<a>\n<b>\nc\n</a>\nd\n");

    ck_assert_uint_eq(diagnostics_errors(problems), 1);
    assert_problem(0, "policy.conf:2: error: <b> is not closed");
    ck_assert_str_eq(joined(block->next), "d");
}
END_TEST

START_TEST(a_block_closed_by_another_name_is_closed_nevertheless)
{
    const struct directive *block = parse("<routes x>\n1\n</route>\nd\n");

    ck_assert_uint_eq(diagnostics_errors(problems), 1);
    assert_problem(0, "policy.conf:3: error: \"</route>\" where </routes> is expected, for the "
                      "block of line 1");
    ck_assert_str_eq(joined(block->next), "d");
}
END_TEST

START_TEST(text_after_a_tag_is_an_error)
{
    const struct directive *block = parse("<a> b\nc\n</a> d\n");

    ck_assert_uint_eq(diagnostics_errors(problems), 2);
    assert_problem(0, "policy.conf:1: error: only a comment may stand after the >");
    assert_problem(1, "policy.conf:3: error: only a comment may stand after the >");
    ck_assert_str_eq(joined(block->children), "c");
    ck_assert_ptr_null(block->next);
}
END_TEST

START_TEST(blocks_nest_four_deep_and_no_deeper)
{
    const struct directive *directive = parse("<a>\n<b>\n<c>\n<d>\ne\n</d>\n</c>\n</b>\n</a>\nf\n");

    ck_assert_uint_eq(diagnostics_count(problems), 0);
    ck_assert_str_eq(joined(directive->children->children->children->children), "e");

    directive =
        parse("<a>\n<b>\n<c>\n<d>\n<e>\nx\n<f>\n</f>\n</e>\ny\n</d>\n</c>\n</b>\n</a>\ng\n");
    ck_assert_uint_eq(diagnostics_errors(problems), 1);
    assert_problem(0, "policy.conf:5: error: too many blocks within blocks: \"<e>\"");
    ck_assert_str_eq(joined(directive->children->children->children->children), "y");
    ck_assert_str_eq(joined(directive->next), "g");
}
END_TEST

START_TEST(a_line_may_have_4096_bytes_and_no_more)
{
    static char text[DIRECTIVE_MAX_LINE + 10];

    memset(text, 'a', DIRECTIVE_MAX_LINE);
    ck_assert_uint_eq(strlen(parse(text)->argv[0]), DIRECTIVE_MAX_LINE);
    text[DIRECTIVE_MAX_LINE] = 'a';
    ck_assert_ptr_null(parse(text));
    assert_problem(0, "policy.conf:1: error: a line that is too long: \"aaaaaaaa");
}
END_TEST

START_TEST(a_line_may_have_64_words_and_no_more)
{
    static char text[4 * DIRECTIVE_MAX_WORDS];

    for (unsigned i = 0; i < DIRECTIVE_MAX_WORDS; i++)
        strcat(text, "w ");
    ck_assert_uint_eq(parse(text)->argc, DIRECTIVE_MAX_WORDS);
    strcat(text, "w");
    ck_assert_ptr_null(parse(text));
    assert_problem(0, "policy.conf:1: error: too many words in one line");
}
END_TEST

START_TEST(an_error_shows_the_text_without_its_control_characters)
{
    parse("a \x1b]0;evil\x07 \x80");
    ck_assert_ptr_null(strchr(problem(0), 0x1b));
    ck_assert_ptr_null(strchr(problem(0), 0x07));
    ck_assert_ptr_nonnull(strstr(problem(0), "evil"));
}
END_TEST

/*
 * The same rules once more, letter by letter: what a line's words are, joined by '|';
 * "!" for an error. This is the oracle of the random test below.
 */
enum where { BETWEEN, BARE, DOUBLE, SINGLE };

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool may_be_escaped(char c, enum where where)
{
    return c == '\\' || c == '"' || (is_blank(c) && where != BETWEEN);
}

static bool ends_word(char c, enum where where)
{
    return (where == BARE && is_blank(c)) || (where == DOUBLE && c == '"') ||
           (where == SINGLE && c == '\'');
}

static void oracle(const char *line, char *out)
{
    enum where where = BETWEEN;
    char *start = out;

    for (const char *c = line; *c != '\0'; c++) {
        bool escaped = *c == '\\' && where != SINGLE;

        if (escaped && !may_be_escaped(*++c, where)) {
            strcpy(start, "!");
            return;
        }
        if (where != BETWEEN && (escaped || !ends_word(*c, where))) {
            *out++ = *c;
        } else if (where != BETWEEN) {
            where = BETWEEN;
            *out++ = '|';
        } else if (!escaped && (*c == '#' || *c == ';')) {
            break;
        } else if (!escaped && (*c == '"' || *c == '\'')) {
            where = *c == '"' ? DOUBLE : SINGLE;
        } else if (!is_blank(*c)) {
            where = BARE;
            *out++ = *c;
        }
    }
    if (where == BETWEEN && out > start)
        out--; /* the last separator */
    *out = '\0';
    if (where == DOUBLE || where == SINGLE)
        strcpy(start, "!");
}

START_TEST(random_lines_are_cut_as_the_oracle_says)
{
    static const char letters[] = "ab\"'\\#; \t";
    unsigned seed = 1;

    for (unsigned round = 0; round < 100000; round++) {
        char line[12], expected[40], got[40] = "";
        size_t n = (size_t)(rand_r(&seed) % 11);
        const struct directive *directive;

        for (size_t i = 0; i < n; i++)
            line[i] = letters[(size_t)rand_r(&seed) % (sizeof letters - 1)];
        line[n] = '\0';
        oracle(line, expected);
        directive = parse(line);
        if (diagnostics_errors(problems) > 0)
            strcpy(got, "!");
        else if (directive != NULL)
            strcpy(got, joined(directive));
        ck_assert_msg(strcmp(got, expected) == 0, "[%s] gave [%s], not [%s]", line, got, expected);
        if (round % 64 == 0 || got[0] == '!') {
            teardown();
            setup();
        }
    }
}
END_TEST

START_TEST(a_text_cut_at_any_byte_is_read_without_harm)
{
    static const char text[] = "\xef\xbb\xbf"
                               "choose username-suffix + # \xe2\x82\xac\r\n"
                               "<user \"al\\\"ice\">\r\n  profile 'a b'\n</user>\n"
                               "<routes x>\n<y z>\n\\\\ \\\" a\\ b\n</y>\n</routes>\nend";

    for (size_t n = 0; n < sizeof text; n++) {
        char *exact = malloc(n + 1); /* so that the sanitizer sees one byte too many */

        memcpy(exact, text, n);
        exact = realloc(exact, n > 0 ? n : 1);
        parse_n(exact, n);
        free(exact);
    }
}
END_TEST

START_TEST(a_hundred_thousand_lines_are_read_in_order)
{
    enum { LINES = 100000 };
    char *text = malloc(LINES * 20 + 40);
    const struct directive *child;
    size_t n = (size_t)sprintf(text, "<routes all>\n");
    unsigned line = 2;

    for (unsigned i = 0; i < LINES; i++)
        n += (size_t)sprintf(text + n, "10.%u.%u.%u/32\n", i >> 16, i >> 8 & 255, i & 255);
    n += (size_t)sprintf(text + n, "</routes>\n");
    child = parse_n(text, n)->children;
    for (; child != NULL; child = child->next)
        ck_assert_uint_eq(child->line, line++);
    ck_assert_uint_eq(line, LINES + 2);
    ck_assert_uint_eq(diagnostics_count(problems), 0);
    free(text);
}
END_TEST

START_TEST(a_text_of_nothing_but_mistakes_is_not_read_to_its_end)
{
    enum { LINES = 100000 };
    char *text = malloc(LINES * 2 + 10);
    size_t n = (size_t)sprintf(text, "<a>\n");

    for (unsigned i = 0; i < LINES; i++)
        n += (size_t)sprintf(text + n, "\"\n");
    parse_n(text, n);
    ck_assert_uint_eq(diagnostics_count(problems), 1001);
    assert_problem(1000, "policy.conf:1001: error: so many mistakes that the rest is not read");
    free(text);
}
END_TEST

static const struct {
    const char *word;
    const char *nearest;
} typos[] = {
    {"ful", "full"},         {"fulll", "full"},    {"FULL", "full"},    {"ufll", "full"},
    {"campsu", "campus"},    {"capus", "campus"},  {"campusses", NULL}, {"libary", "library"},
    {"librairy", "library"}, {"f", NULL},          {"", NULL},          {"xyz", NULL},
    {"fxxl", NULL},          {"campus", "campus"}, {"it", "id"},        {"a", NULL},
};

START_TEST(a_near_name_is_found)
{
    static const char *const names[] = {"campus", "library", "full", "id", "q", NULL};
    const char *nearest = directive_nearest(typos[_i].word, names);

    if (typos[_i].nearest == NULL)
        ck_assert_ptr_null(nearest);
    else
        ck_assert_pstr_eq(nearest, typos[_i].nearest);
}
END_TEST

START_TEST(the_nearest_of_several_names_wins_and_long_words_are_near_nothing)
{
    static const char *const names[] = {"library-b", "library-aa", "library-a", NULL};
    char longer[200];

    ck_assert_pstr_eq(directive_nearest("library-a", names), "library-a");
    ck_assert_pstr_eq(directive_nearest("librarya", names), "library-a");
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    ck_assert_ptr_null(directive_nearest(longer, (const char *const[]){longer, NULL}));
    ck_assert_ptr_null(directive_nearest("x", (const char *const[]){NULL}));
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

Suite *unit_suite(void)
{
    Suite *suite = suite_create("directive");
    TCase *words = tcase_create("words");
    TCase *blocks = tcase_create("blocks");
    TCase *limits = tcase_create("limits");
    TCase *nearest = tcase_create("nearest");

    tcase_add_checked_fixture(words, setup, teardown);
    tcase_set_timeout(words, 60);
    tcase_add_loop_test(words, words_are_cut_as_openvpn_cuts_them, 0, COUNT(good_lines));
    tcase_add_loop_test(words, a_broken_line_is_an_error_with_its_line_and_the_next_is_read, 0,
                        COUNT(bad_lines));
    tcase_add_test(words, a_nul_byte_is_an_error);
    tcase_add_loop_test(words, nothing_comes_of_a_text_without_directives, 0, 6);
    tcase_add_test(words, a_byte_order_mark_and_crlf_are_passed_over);
    tcase_add_test(words, an_error_shows_the_text_without_its_control_characters);
    tcase_add_test(words, random_lines_are_cut_as_the_oracle_says);
    suite_add_tcase(suite, words);

    tcase_add_checked_fixture(blocks, setup, teardown);
    tcase_add_test(blocks, blocks_have_children_and_names_that_may_be_quoted);
    tcase_add_test(blocks, a_block_that_is_not_closed_is_named_with_the_line_it_began);
    tcase_add_test(blocks, an_inner_block_that_is_not_closed_does_not_take_the_outer_one_with_it);
    tcase_add_test(blocks, a_block_closed_by_another_name_is_closed_nevertheless);
    tcase_add_test(blocks, text_after_a_tag_is_an_error);
    tcase_add_test(blocks, blocks_nest_four_deep_and_no_deeper);
    suite_add_tcase(suite, blocks);

    tcase_add_checked_fixture(limits, setup, teardown);
    tcase_set_timeout(limits, 30);
    tcase_add_test(limits, a_line_may_have_4096_bytes_and_no_more);
    tcase_add_test(limits, a_line_may_have_64_words_and_no_more);
    tcase_add_test(limits, a_text_cut_at_any_byte_is_read_without_harm);
    tcase_add_test(limits, a_hundred_thousand_lines_are_read_in_order);
    tcase_add_test(limits, a_text_of_nothing_but_mistakes_is_not_read_to_its_end);
    suite_add_tcase(suite, limits);

    tcase_add_loop_test(nearest, a_near_name_is_found, 0, COUNT(typos));
    tcase_add_test(nearest, the_nearest_of_several_names_wins_and_long_words_are_near_nothing);
    suite_add_tcase(suite, nearest);
    return suite;
}
