/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of the management socket and the events they make; cutting, in check_management_cut.c. */
#include "tests/unit/management_told.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N(array) (sizeof(array) / sizeof((array)[0]))

/* A dialogue and what is told of it. Lines end with LF here; both ends are tried. */
struct dialogue {
    const char *said;
    const char *told;
};

static char *with_crlf(const char *text)
{
    char *out = malloc(strlen(text) * 2 + 1), *to = out;

    for (; *text; text++) {
        if (*text == '\n')
            *to++ = '\r';
        *to++ = *text;
    }
    *to = '\0';
    return out;
}

static void check_told(const char *said, size_t n, const char *expected)
{
    char *told = management_told(said, n, management_whole, NULL, false);

    ck_assert_str_eq(told, expected);
    free(told);
}

static void check_dialogue(const struct dialogue *dialogue)
{
    char *crlf = with_crlf(dialogue->said);

    check_told(dialogue->said, strlen(dialogue->said), dialogue->told);
    check_told(crlf, strlen(crlf), dialogue->told);
    free(crlf);
}

#define DIALOGUES(name, ...)                                      \
    START_TEST(name)                                              \
    {                                                             \
        static const struct dialogue dialogues[] = {__VA_ARGS__}; \
        for (size_t i = 0; i < N(dialogues); i++)                 \
            check_dialogue(&dialogues[i]);                        \
    }                                                             \
    END_TEST

/* ── single lines ── */

DIALOGUES(messages_without_a_client_are_told,
          {">INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info\n",
           "GREETING number=5\n"},
          {">INFO:OpenVPN Management Interface Version 6 -- type 'help' for more info\n",
           "GREETING number=6\n"},
          {">INFO:something else\n", ""}, {">HOLD:Waiting for hold release:0\n", "HOLD\n"},
          {">STATE:1763643900,CONNECTED,SUCCESS,10.8.0.1,,,,,fd00:8::1\n",
           "STATE at=1763643900 word=\"CONNECTED\" detail=\"SUCCESS\"\n"},
          {">STATE:1763643900,EXITING,SIGTERM,,,,,\n",
           "STATE at=1763643900 word=\"EXITING\" detail=\"SIGTERM\"\n"},
          {">STATE:1763643900,ADD_ROUTES,,,,,,\n", "STATE at=1763643900 word=\"ADD_ROUTES\"\n"},
          {">FATAL:Cannot open TUN/TAP dev, at all\n",
           "FATAL word=\"Cannot open TUN/TAP dev, at all\"\n"},
          {"SUCCESS: pid=4711\n", "SUCCESS number=4711 word=\"pid=4711\"\n"},
          {"SUCCESS: bytecount interval changed\n",
           "SUCCESS word=\"bytecount interval changed\"\n"},
          {"ERROR: unknown command [nonsense], enter 'help' for more options\n",
           "ERROR word=\"unknown command [nonsense], enter 'help' for more options\"\n"},
          {"END\n", "END\n"}, {">LOG:1763643900,I,>STATE:1763643900,CONNECTED\n", ""},
          {">NOTIFY:info,remote-exit,EXIT\n", ""}, {">BYTECOUNT:17,18\n", ""}, {"\n\n", ""})

DIALOGUES(a_byte_count_is_told, {">BYTECOUNT_CLI:0,0,0\n", "BYTECOUNT cid=0 in=0 out=0\n"},
          {">BYTECOUNT_CLI:12,1513,2280\n", "BYTECOUNT cid=12 in=1513 out=2280\n"},
          {">BYTECOUNT_CLI:9223372036854775807,9223372036854775807,9223372036854775807\n",
           "BYTECOUNT cid=9223372036854775807 in=9223372036854775807 out=9223372036854775807\n"})

START_TEST(a_byte_count_that_cannot_be_one_is_garbage)
{
    static const char *const counts[] = {"",
                                         "1",
                                         "1,2",
                                         "1,2,",
                                         "1,,3",
                                         ",2,3",
                                         "1,2,3,",
                                         "1,2,3,4",
                                         "-1,2,3",
                                         "1,-2,3",
                                         "1,2,-3",
                                         "+1,2,3",
                                         " 1,2,3",
                                         "1,2,3 ",
                                         "1,2,0x3",
                                         "a,b,c",
                                         "1 2 3",
                                         "1,2,3\r",
                                         "9223372036854775808,1,1",
                                         "1,9223372036854775808,1",
                                         "1,1,9223372036854775808",
                                         "1,18446744073709551615,1",
                                         "1,18446744073709551617,1",
                                         "1,1,99999999999999999999999999999999999999",
                                         "1,1,00000000000000000000000000000000001"};

    for (size_t i = 0; i < N(counts); i++) {
        char said[200], told[300], shown[100];

        snprintf(shown, sizeof(shown), "%s", counts[i]);
        shown[strcspn(shown, "\r")] = '\0';
        snprintf(said, sizeof(said), ">BYTECOUNT_CLI:%s\r\n", counts[i]);
        snprintf(told, sizeof(told), "GARBAGE word=\">BYTECOUNT_CLI:%s%s\"\ngarbage 1\n", shown,
                 strchr(counts[i], '\r') ? "\\x0d" : "");
        check_told(said, strlen(said), told);
    }
}
END_TEST

/* What comes without a prefix is a line of `state all` only if it looks like one throughout. */
DIALOGUES(a_bare_line_is_a_state_only_when_it_is_one,
          {"1763643900,CONNECTED,SUCCESS,10.8.0.1,,,,\n1763643905,RECONNECTING,SIGUSR1,,,,,\nEND\n",
           "STATE at=1763643900 word=\"CONNECTED\" detail=\"SUCCESS\"\n"
           "STATE at=1763643905 word=\"RECONNECTING\" detail=\"SIGUSR1\"\nEND\n"},
          {"1763643900,I,CONNECTED\n", ""}, {"1763643900,connected,SUCCESS\n", ""},
          {"1763643900,CONNECTEDLY,SUCCESS\n", ""}, {"x1763643900,CONNECTED,SUCCESS\n", ""},
          {" 1763643900,CONNECTED,SUCCESS\n", ""}, {"-1,CONNECTED,SUCCESS\n", ""},
          {"99999999999999999999,CONNECTED,SUCCESS\n", ""}, {"CONNECTED,SUCCESS\n", ""},
          {"ENDED\n", ""}, {"END \n", ""}, {" END\n", ""}, {"x,END\n", ""}, {"SUCCESSFUL: 1\n", ""},
          {"OpenVPN Version: OpenVPN 2.6.14\nManagement Version: 5\nEND\n", "END\n"})

DIALOGUES(a_state_that_cannot_be_read_is_garbage,
          {">STATE:x,CONNECTED,SUCCESS\n",
           "GARBAGE word=\">STATE:x,CONNECTED,SUCCESS\"\ngarbage 1\n"},
          {">STATE:1\n", "GARBAGE word=\">STATE:1\"\ngarbage 1\n"},
          {">STATE:\n", "GARBAGE word=\">STATE:\"\ngarbage 1\n"},
          {">INFO:OpenVPN Management Interface Version x\n",
           "GARBAGE word=\">INFO:OpenVPN Management Interface Version x\"\ngarbage 1\n"})

DIALOGUES(a_password_prompt_has_no_end_of_line, {"ENTER PASSWORD:", "PASSWORD_PROMPT\n"},
          {"ENTER PASSWORD", ""},
          {"ENTER PASSWORD:ENTER PASSWORD:SUCCESS: password is correct\n",
           "PASSWORD_PROMPT\nPASSWORD_PROMPT\nSUCCESS word=\"password is correct\"\n"},
          {"ENTER PASSWORD:END\n", "PASSWORD_PROMPT\nEND\n"}, {"ENTER PASSWORD\nEND\n", "END\n"},
          {"ENTER PASSWOR:END\nERROR: x\n", "ERROR word=\"x\"\n"}, {"xENTER PASSWORD:\n", ""})

DIALOGUES(an_address_is_told,
          {">CLIENT:ADDRESS,5,10.8.0.2,1\n", "ADDRESS number=1 cid=5 vpn4=\"10.8.0.2\"\n"},
          {">CLIENT:ADDRESS,5,fd00:8::1000,1\n", "ADDRESS number=1 cid=5 vpn6=\"fd00:8::1000\"\n"},
          {">CLIENT:ADDRESS,4,10.20.0.0/255.255.0.0,0\n",
           "ADDRESS number=0 cid=4 vpn4=\"10.20.0.0/16\"\n"},
          {">CLIENT:ADDRESS,4,FD00:20:0::/48,0\n",
           "ADDRESS number=0 cid=4 vpn6=\"fd00:20::/48\"\n"},
          {">CLIENT:ADDRESS,5,::ffff:192.0.2.1,1\n", "ADDRESS number=1 cid=5 vpn4=\"192.0.2.1\"\n"},
          {">CLIENT:ADDRESS,4,aa:bb:cc:dd:ee:ff@0,1\n",
           "GARBAGE word=\">CLIENT:ADDRESS,4,aa:bb:cc:dd:ee:ff@0,1\"\ngarbage 1\n"},
          {">CLIENT:ADDRESS,4,10.8.0.256,1\n",
           "GARBAGE word=\">CLIENT:ADDRESS,4,10.8.0.256,1\"\ngarbage 1\n"},
          {">CLIENT:ADDRESS,4,,1\n", "GARBAGE word=\">CLIENT:ADDRESS,4,,1\"\ngarbage 1\n"},
          {">CLIENT:ADDRESS,4\n", "GARBAGE word=\">CLIENT:ADDRESS,4\"\ngarbage 1\n"})

/* ── environments ── */

#define ENV(text) ">CLIENT:ENV," text "\n"

DIALOGUES(
    an_environment_is_told_at_its_end,
    {">CLIENT:ESTABLISHED,7\n" ENV("n_clients=1") ENV("time_unix=1795370237")
         ENV("time_ascii=2026-11-22 17:57:17") ENV("ifconfig_pool_remote_ip6=fd00:8::1000")
             ENV("ifconfig_pool_remote_ip=10.8.0.2") ENV("trusted_port=44463")
                 ENV("trusted_ip=192.0.2.1") ENV("common_name=alice") ENV("username=alice+full")
                     ENV("IV_GUI_VER=OpenVPN_GUI_11") ENV("IV_PLAT=linux") ENV("IV_VER=2.6.14")
                         ENV("daemon_pid=27456") ENV("daemon_start_time=1795370230") ENV("END"),
     "ESTABLISHED cid=7 since=1795370237 user=\"alice+full\" cn=\"alice\" real=\"192.0.2.1\" "
     "port=44463 vpn4=\"10.8.0.2\" vpn6=\"fd00:8::1000\" client=\"OpenVPN_GUI_11\" "
     "platform=\"linux\" pid=27456 start=1795370230\n"},
    {">CLIENT:DISCONNECT,7\n" ENV("bytes_sent=2310") ENV("bytes_received=1578")
         ENV("time_duration=12") ENV("trusted_ip6=2001:DB8:0::1") ENV("IV_VER=3.1") ENV("END"),
     "DISCONNECT cid=7 in=1578 out=2310 duration=12 real=\"2001:db8::1\" client=\"3.1\"\n"},
    {">CLIENT:ESTABLISHED,7\n" ENV("END"), "ESTABLISHED cid=7\n"},
    {">CLIENT:ESTABLISHED,7\n" ENV("IV_VER=2") ENV("IV_GUI_VER=gui") ENV("IV_VER=3") ENV("END"),
     "ESTABLISHED cid=7 client=\"gui\"\n"})

DIALOGUES(what_a_client_calls_itself_is_only_a_name,
          {">CLIENT:ESTABLISHED,7\n" ENV("username=x,END") ENV("common_name=>CLIENT:ENV,END")
               ENV("IV_PLAT=a=b=c") ENV("END=x") ENV("UV_x=username=root") ENV("END"),
           "ESTABLISHED cid=7 user=\"x,END\" cn=\">CLIENT:ENV,END\" platform=\"a=b=c\"\n"},
          {">CLIENT:ESTABLISHED,7\n" ENV("username=Zo\xc3\xab\x9b\xff \"<b>\\") ENV("END"),
           "ESTABLISHED cid=7 user=\"Zo\\xc3\\xab\\x9b\\xff \"<b>\\\"\n"},
          {">CLIENT:ESTABLISHED,7\n" ENV("username=UNDEF") ENV("END"),
           "ESTABLISHED cid=7 user=\"UNDEF\"\n"},
          {">CLIENT:ESTABLISHED,7\n" ENV("username=") ENV("usernam=x") ENV("usernamen=x")
               ENV("username") ENV("=x") ENV("") ENV("END"),
           "ESTABLISHED cid=7\n"},
          {">CLIENT:ESTABLISHED,7\n" ENV("username=first") ENV("END"),
           "ESTABLISHED cid=7 user=\"first\"\n"})

/* OpenVPN puts the latest in front: a client that came by IPv4 and goes on by IPv6 has both. */
DIALOGUES(what_an_environment_says_first_counts,
          {">CLIENT:DISCONNECT,7\n" ENV("trusted_port=5") ENV("trusted_ip6=2001:db8::1")
               ENV("username=first") ENV("username=second") ENV("trusted_ip=192.0.2.1")
                   ENV("trusted_port=6") ENV("time_unix=1") ENV("time_unix=2")
                       ENV("ifconfig_pool_remote_ip=10.8.0.2")
                           ENV("ifconfig_pool_remote_ip=10.8.0.3") ENV("END"),
           "DISCONNECT cid=7 since=1 user=\"first\" real=\"2001:db8::1\" port=5 "
           "vpn4=\"10.8.0.2\"\n"})

/* `times` times the same is said, and `told` of each. */
static void check_again_and_again(const char *said, const char *told, int times)
{
    char *much = calloc((size_t)times, strlen(said) + 1);
    char *all = calloc((size_t)times, strlen(told) + 1);
    char *said_end = much, *told_end = all;

    for (int i = 0; i < times; i++) {
        said_end = stpcpy(said_end, said);
        told_end = stpcpy(told_end, told);
    }
    check_told(much, strlen(much), all);
    free(much);
    free(all);
}

START_TEST(many_events_need_no_more_room_than_one)
{
    check_again_and_again(">CLIENT:ESTABLISHED,7\n" ENV("username=somebody")
                              ENV("trusted_ip=192.0.2.1") ENV("END"),
                          "ESTABLISHED cid=7 user=\"somebody\" real=\"192.0.2.1\"\n", 3000);
    check_again_and_again("SUCCESS: command succeeded\n", "SUCCESS word=\"command succeeded\"\n",
                          3000);
}
END_TEST

DIALOGUES(what_cannot_be_read_in_an_environment_is_left_out_and_counted,
          {">CLIENT:ESTABLISHED,7\n" ENV("bytes_sent=9223372036854775808") ENV("time_unix=-1")
               ENV("trusted_ip=1.2.3") ENV("trusted_port=65536") ENV("ifconfig_pool_remote_ip=x")
                   ENV("daemon_pid= 1") ENV("username=alice") ENV("END"),
           "ESTABLISHED cid=7 user=\"alice\"\ngarbage 6\n"})

DIALOGUES(other_lines_may_come_within_an_environment,
          {">CLIENT:ESTABLISHED,7\n>BYTECOUNT_CLI:3,1,2\n" ENV(
               "username=alice") ">STATE:1,CONNECTED,SUCCESS\nEND\n>LOG:1,I,x\n" ENV("END"),
           "BYTECOUNT cid=3 in=1 out=2\nSTATE at=1 word=\"CONNECTED\" detail=\"SUCCESS\"\nEND\n"
           "ESTABLISHED cid=7 user=\"alice\"\n"},
          {">CLIENT:ESTABLISHED,7\n>CLIENT:ADDRESS,7,10.8.0.2,1\n" ENV("username=alice") ENV("END"),
           "ADDRESS number=1 cid=7 vpn4=\"10.8.0.2\"\nESTABLISHED cid=7 user=\"alice\"\n"})

DIALOGUES(an_environment_that_another_cuts_short_is_garbage_and_gives_it_nothing,
          {">CLIENT:ESTABLISHED,7\n" ENV("username=alice") ">CLIENT:ESTABLISHED,8\n" ENV(
               "common_name=bob") ENV("END"),
           "GARBAGE\nESTABLISHED cid=8 cn=\"bob\"\ngarbage 1\n"},
          {">CLIENT:ESTABLISHED,7\n" ENV("username=alice") ">CLIENT:CONNECT,8,0\n" ENV(
               "common_name=bob") ENV("password=secret") ENV("END") ENV("END"),
           "GARBAGE\ngarbage 1\n"})

DIALOGUES(an_environment_of_nobody_is_passed_over, {ENV("username=alice") ENV("END"), ""},
          {">CLIENT:CONNECT,7,1\n" ENV("username=alice") ENV("password=x") ENV("END"), ""},
          {">CLIENT:REAUTH,7,1\n" ENV("username=alice") ENV("END"), ""},
          {">CLIENT:CR_RESPONSE,7,1,Zm9v\n" ENV("username=alice") ENV("END"), ""},
          {">CLIENT:ESTABLISHED,\n" ENV("username=alice") ENV("END"),
           "GARBAGE word=\">CLIENT:ESTABLISHED,\"\ngarbage 1\n"},
          {">CLIENT:ESTABLISHED,7,1\n" ENV("username=alice") ENV("END"),
           "GARBAGE word=\">CLIENT:ESTABLISHED,7,1\"\ngarbage 1\n"},
          {">CLIENT:ESTABLISHED,-7\n" ENV("username=alice") ENV("END"),
           "GARBAGE word=\">CLIENT:ESTABLISHED,-7\"\ngarbage 1\n"})

START_TEST(an_environment_that_never_ends_needs_no_more_memory)
{
    static char said[4 << 20];
    size_t n = (size_t)sprintf(said, ">CLIENT:ESTABLISHED,7\n");
    char *told = NULL;

    for (int i = 0; n < sizeof(said) - 200; i++)
        n += (size_t)sprintf(said + n, ">CLIENT:ENV,%s=%d\n",
                             i % 3 ? (i % 2 ? "username" : "IV_GUI_VER") : "UV_X", i);
    told = management_told(said, n, management_whole, NULL, false);
    ck_assert_str_lt(told, "garbagf"); /* IV_GUI_VER did not fit any more, and nothing was told */
    ck_assert_ptr_nonnull(strstr(told, "garbage "));
    ck_assert_ptr_null(strstr(told, "ESTABLISHED"));
    free(told);
}
END_TEST

/* ── status 3 ── */

#define CLIENTS                                                                                \
    "HEADER\tCLIENT_LIST\tCommon Name\tReal Address\tVirtual Address\tVirtual IPv6 Address\t"  \
    "Bytes Received\tBytes Sent\tConnected Since\tConnected Since (time_t)\tUsername\tClient " \
    "ID\tPeer ID\tData Channel Cipher\n"
#define ROUTES                                                                      \
    "HEADER\tROUTING_TABLE\tVirtual Address\tCommon Name\tReal Address\tLast Ref\t" \
    "Last Ref (time_t)\n"
#define ROW(cn, real, vpn4, vpn6, cid)                                                      \
    "CLIENT_LIST\t" cn "\t" real "\t" vpn4 "\t" vpn6 "\t5\t6\t2026-11-22 17:57:17\t17\t" cn \
    "\t" cid "\t0\tAES-256-GCM\n"
#define ROUTE(address) \
    "ROUTING_TABLE\t" address "\talice\t192.0.2.1:1194\t2026-11-22 17:57:17\t17\n"

DIALOGUES(
    a_status_is_told_line_by_line,
    {"TITLE\tOpenVPN 2.6.14\nTIME\t2026-11-22 17:57:23\t1795370243\n" CLIENTS ROW(
         "alice", "192.0.2.1:44463", "10.8.0.2", "fd00:8::1000", "3")
         ROUTES ROUTE("10.8.0.2") "GLOBAL_STATS\tMax bcast/mcast queue length\t0\nEND\n",
     "STATUS_TIME at=1795370243\n"
     "STATUS_CLIENT cid=3 since=17 in=5 out=6 user=\"alice\" cn=\"alice\" real=\"192.0.2.1\" "
     "port=44463 vpn4=\"10.8.0.2\" vpn6=\"fd00:8::1000\"\n"
     "STATUS_ROUTE cn=\"alice\" real=\"192.0.2.1\" port=1194 vpn4=\"10.8.0.2\"\nEND\n"},
    {CLIENTS ROW("UNDEF", "192.0.2.1:1194", "", "", "3"),
     "STATUS_CLIENT cid=3 since=17 in=5 out=6 real=\"192.0.2.1\" port=1194\n"},
    {CLIENTS ROW("x,END", "2001:db8::1", "", "fd00::2", "3"),
     "STATUS_CLIENT cid=3 since=17 in=5 out=6 user=\"x,END\" cn=\"x,END\" real=\"2001:db8::1\" "
     "vpn6=\"fd00::2\"\n"})

START_TEST(a_real_address_is_told_without_what_stands_around_it)
{
    static const struct {
        const char *text, *told;
    } addresses[] = {
        {"192.0.2.1:44463", " real=\"192.0.2.1\" port=44463"},
        {"192.0.2.1", " real=\"192.0.2.1\""},
        {"2001:db8::1", " real=\"2001:db8::1\""},
        {"::1", " real=\"::1\""},
        {"udp4:192.0.2.1:1194", " real=\"192.0.2.1\" port=1194"},
        {"udp6:192.0.2.1:1194", " real=\"192.0.2.1\" port=1194"},
        {"udp6:[2001:db8::1]:1194", " real=\"2001:db8::1\" port=1194"},
        {"tcp6-server:[2001:DB8:0:0::1]:1194", " real=\"2001:db8::1\" port=1194"},
        {"tcp4-server:192.0.2.1:1194", " real=\"192.0.2.1\" port=1194"},
        {"[2001:db8::1]:1194", " real=\"2001:db8::1\" port=1194"},
        {"[2001:db8::1]", " real=\"2001:db8::1\""},
        {"udp6:[::ffff:192.0.2.1]:1194", " real=\"192.0.2.1\" port=1194"},
        {"fe80::1%eth0", " real=\"fe80::1\""},
        {"", ""},
        {"192.0.2.1:65536", " real=\"192.0.2.1\"|"},
        {"192.0.2.1:x", " real=\"192.0.2.1\"|"},
        {"192.0.2.0/24:1194", "|"},
        {"UNKNOWN", "|"},
        {"[NULL]", "|"},
        {"[", "|"},
        {"[]", "|"},
        {":", "|"},
        {"%", "|"},
        {"udp4:", "|"},
        {"udp4", "|"},
        {"udp6:[2001:db8::1:1194", "|"},
        {"192.0.2:1194", "|"},
    };

    for (size_t i = 0; i < N(addresses); i++) {
        char said[300], told[300];
        size_t n = strcspn(addresses[i].told, "|"); /* a bar: and one piece of garbage */

        snprintf(said, sizeof(said),
                 "HEADER\tCLIENT_LIST\tClient ID\tReal Address\nCLIENT_LIST\t3\t%s\n",
                 addresses[i].text);
        snprintf(told, sizeof(told), "STATUS_CLIENT cid=3%.*s\n%s", (int)n, addresses[i].told,
                 addresses[i].told[n] ? "garbage 1\n" : "");
        check_told(said, strlen(said), told);
    }
}
END_TEST

DIALOGUES(
    the_header_decides_what_the_columns_are,
    {"HEADER\tCLIENT_LIST\tClient ID\tMood\tUsername\nCLIENT_LIST\t3\tfine\talice\n",
     "STATUS_CLIENT cid=3 user=\"alice\"\n"},
    {"HEADER\tCLIENT_LIST\tClient ID\nCLIENT_LIST\t3\nHEADER\tCLIENT_LIST\tUsername\tClient ID\n"
     "CLIENT_LIST\tbob\t4\n",
     "STATUS_CLIENT cid=3\nSTATUS_CLIENT cid=4 user=\"bob\"\n"},
    {"HEADER\tCLIENT_LIST\tclient id\tClient ID \tClient ID\nCLIENT_LIST\t1\t2\t3\n",
     "STATUS_CLIENT cid=3\n"},
    {"HEADER\tERRORS\tCommon Name\n", ""},
    {"HEADER\tCLIENT_LIST\tUsername\nCLIENT_LIST\tbob\n",
     "GARBAGE word=\"CLIENT_LIST\\x09bob\"\ngarbage 1\n"})

DIALOGUES(a_row_without_a_header_or_of_another_width_is_garbage,
          {"CLIENT_LIST\t3\n", "GARBAGE word=\"CLIENT_LIST\\x093\"\ngarbage 1\n"},
          {"HEADER\tCLIENT_LIST\tClient ID\nTIME\tx\t1\nCLIENT_LIST\t3\n",
           "STATUS_TIME at=1\nGARBAGE word=\"CLIENT_LIST\\x093\"\ngarbage 1\n"},
          {"HEADER\tCLIENT_LIST\tClient ID\tUsername\nCLIENT_LIST\t3\n",
           "GARBAGE word=\"CLIENT_LIST\\x093\"\ngarbage 1\n"},
          {"HEADER\tCLIENT_LIST\tClient ID\nCLIENT_LIST\t3\tx\n",
           "GARBAGE word=\"CLIENT_LIST\\x093\\x09x\"\ngarbage 1\n"},
          {"HEADER\tCLIENT_LIST\tClient ID\nCLIENT_LIST\t\n",
           "GARBAGE word=\"CLIENT_LIST\\x09\"\ngarbage 1\n"},
          {ROUTE("10.8.0.2") "TIME\t1\n",
           "GARBAGE word=\"ROUTING_TABLE\\x0910.8.0.2\\x09alice\\x09192.0.2.1:1194\\x092026-11-22 "
           "17:57:17\\x0917\"\nGARBAGE word=\"TIME\\x091\"\ngarbage 2\n"},
          /* with commas it is another form of status */
          {"HEADER,CLIENT_LIST,Client ID\nCLIENT_LIST,3\nROUTING_TABLE,x\nTIME,x,17\n", ""})

/* A listed client must stay listed, or it would be taken for gone. */
DIALOGUES(a_client_whose_counts_are_absurd_is_told_without_them,
          {"HEADER\tCLIENT_LIST\tClient ID\tBytes Received\tBytes Sent\tVirtual Address\n"
           "CLIENT_LIST\t3\t9223372036854775807\t18446744073709551615\tx\n",
           "STATUS_CLIENT cid=3 in=9223372036854775807\ngarbage 2\n"})

DIALOGUES(a_route_is_told_unless_it_is_no_address,
          {ROUTES ROUTE("10.20.0.0/16") ROUTE("fd00:20::/48"),
           "STATUS_ROUTE cn=\"alice\" real=\"192.0.2.1\" port=1194 vpn4=\"10.20.0.0/16\"\n"
           "STATUS_ROUTE cn=\"alice\" real=\"192.0.2.1\" port=1194 vpn6=\"fd00:20::/48\"\n"},
          {ROUTES ROUTE("10.20.0.9C") ROUTE("fd00:20::cC"), ""},
          {ROUTES ROUTE("aa:bb:cc:dd:ee:ff@0") ROUTE(""), ""},
          {ROUTES ROUTE("10.20.0.0/x"),
           "GARBAGE word=\"ROUTING_TABLE\\x0910.20.0.0/"
           "x\\x09alice\\x09192.0.2.1:1194\\x092026-11-22 17:57:17\\x0917\"\ngarbage 1\n"})

START_TEST(a_header_of_too_many_columns_is_garbage)
{
    char said[4000] = "HEADER\tCLIENT_LIST\tClient ID";
    char *told = NULL;

    strcat(said, "\nHEADER\tCLIENT_LIST\tClient ID");
    for (int i = 0; i < 500; i++)
        strcat(said, "\t");
    strcat(said, "\nCLIENT_LIST\t3\n");
    told = management_told(said, strlen(said), management_whole, NULL, false);
    ck_assert_ptr_nonnull(strstr(told, "\nGARBAGE word=\"CLIENT_LIST\\x093\"\ngarbage 2\n"));
    free(told);
}
END_TEST

/* ── bytes that should not be there ── */

START_TEST(a_nul_byte_makes_garbage_of_what_it_is_in)
{
    static const struct {
        const char *said;
        size_t n;
        const char *told;
    } cases[] = {
#define CASE(said, told) {said, sizeof(said) - 1, told}
        CASE(">CLIENT:ESTABLISHED,7\n>CLIENT:ENV,username=root\0bob\n>CLIENT:ENV,IV_VER=2\n"
             ">CLIENT:ENV,END\n",
             "ESTABLISHED cid=7 client=\"2\"\ngarbage 1\n"),
        CASE("HEADER\tCLIENT_LIST\tClient ID\tUsername\nCLIENT_LIST\t3\troot\0bob\n",
             "STATUS_CLIENT cid=3\ngarbage 1\n"),
        CASE("SUCCESS: a\0b\n", "GARBAGE word=\"SUCCESS: a\"\ngarbage 1\n"),
        CASE(">STATE:1,A\0B,C\n", "GARBAGE word=\">STATE:1,A\"\ngarbage 1\n"),
        CASE(">STATE:1,A,B\0C\n", "GARBAGE word=\">STATE:1,A,B\"\ngarbage 1\n"),
        CASE(">BYTECOUNT_CLI:1,2,3\0\n", "GARBAGE word=\">BYTECOUNT_CLI:1,2,3\"\ngarbage 1\n"),
        CASE("\0END\nEND\0\n>CLIENT:\0\nEND\n", "END\n"),
        CASE(">FATAL:a\0b\n", "FATAL word=\"a\"\n"),
#undef CASE
    };

    for (size_t i = 0; i < N(cases); i++)
        check_told(cases[i].said, cases[i].n, cases[i].told);
}
END_TEST

/* `n` times x, as the user name of an environment. */
static char *long_name(size_t n, size_t *size)
{
    static const char before[] = ">CLIENT:ESTABLISHED,7\r\n>CLIENT:ENV,username=";
    static const char after[] = "\r\n>CLIENT:ENV,IV_VER=2\r\n>CLIENT:ENV,END\r\n";
    char *said = malloc(sizeof(before) + n + sizeof(after));

    strcpy(said, before);
    memset(said + strlen(before), 'x', n);
    strcpy(said + strlen(before) + n, after);
    *size = strlen(before) + n + strlen(after);
    return said;
}

START_TEST(a_name_as_long_as_openvpn_allows_is_told_whole)
{
    size_t size = 0;
    char *said = long_name(4096, &size);
    char *told = management_told(said, size, management_whole, NULL, false);

    ck_assert_uint_eq(strlen(told), strlen("ESTABLISHED cid=7 user=\"\" client=\"2\"\n") + 4096);
    free(told);
    free(said);
}
END_TEST

START_TEST(a_name_longer_than_a_line_may_be_is_left_out)
{
    static const size_t lengths[] = {
        8192, 10000, MANAGEMENT_MAX_LINE - 22, MANAGEMENT_MAX_LINE - 21, 17000, 1 << 20};

    for (size_t i = 0; i < N(lengths); i++) {
        size_t size = 0;
        char *said = long_name(lengths[i], &size);
        bool too_long = lengths[i] + strlen(">CLIENT:ENV,username=\r") > MANAGEMENT_MAX_LINE;

        check_told(said, size,
                   too_long ? "GARBAGE\nESTABLISHED cid=7 client=\"2\"\ngarbage 1\n"
                            : "ESTABLISHED cid=7 client=\"2\"\ngarbage 1\n");
        free(said);
    }
}
END_TEST

START_TEST(a_line_without_end_is_one_piece_of_garbage_when_it_ends)
{
    size_t n = 3 << 20;
    char *said = malloc(n);

    memset(said, 'E', n);
    check_told(said, n, "");
    memcpy(said + n - 5, "\nEND\n", 5);
    check_told(said, n, "GARBAGE\nEND\ngarbage 1\n");
    free(said);
}
END_TEST

static void count_events(void *arg, const struct management_event *event)
{
    *(unsigned *)arg += event->kind != MANAGEMENT_OTHER;
}

START_TEST(a_reset_forgets_what_was_begun)
{
    static const char *const begun[] = {"EN", ">CLIENT:ESTABLISHED,7\n>CLIENT:ENV,username=x\n",
                                        ">BYTECOUNT_CLI:1,2,x\n>BYTE",
                                        "HEADER\tCLIENT_LIST\tClient ID\n"};
    static const char after[] = "D\n>CLIENT:ENV,END\nCOUNT_CLI:1,2,3\n";
    unsigned events = 0;
    struct management_parser *parser = management_parser_new(count_events, &events);

    for (size_t i = 0; i < N(begun); i++) {
        management_parser_feed(parser, begun[i], strlen(begun[i]));
        management_parser_reset(parser);
        ck_assert_uint_eq(management_parser_garbage(parser), 0);
        events = 0;
        management_parser_feed(parser, after, strlen(after));
        ck_assert_uint_eq(events, 0);
    }
    management_parser_feed(parser, "CLIENT_LIST\t3\n", strlen("CLIENT_LIST\t3\n"));
    ck_assert_uint_eq(management_parser_garbage(parser), 1);
    management_parser_free(parser);
    management_parser_free(NULL);
}
END_TEST

Suite *unit_suite(void)
{
    Suite *suite = suite_create("management_parse");
    TCase *lines = tcase_create("lines");
    TCase *environments = tcase_create("environments");
    TCase *status = tcase_create("status 3");
    TCase *bytes = tcase_create("bytes");

    tcase_add_test(lines, messages_without_a_client_are_told);
    tcase_add_test(lines, a_byte_count_is_told);
    tcase_add_test(lines, a_byte_count_that_cannot_be_one_is_garbage);
    tcase_add_test(lines, a_bare_line_is_a_state_only_when_it_is_one);
    tcase_add_test(lines, a_state_that_cannot_be_read_is_garbage);
    tcase_add_test(lines, a_password_prompt_has_no_end_of_line);
    tcase_add_test(lines, an_address_is_told);
    tcase_add_test(environments, an_environment_is_told_at_its_end);
    tcase_add_test(environments, what_a_client_calls_itself_is_only_a_name);
    tcase_add_test(environments, what_an_environment_says_first_counts);
    tcase_add_test(environments, many_events_need_no_more_room_than_one);
    tcase_add_test(environments, what_cannot_be_read_in_an_environment_is_left_out_and_counted);
    tcase_add_test(environments, other_lines_may_come_within_an_environment);
    tcase_add_test(environments,
                   an_environment_that_another_cuts_short_is_garbage_and_gives_it_nothing);
    tcase_add_test(environments, an_environment_of_nobody_is_passed_over);
    tcase_add_test(environments, an_environment_that_never_ends_needs_no_more_memory);
    tcase_add_test(status, a_status_is_told_line_by_line);
    tcase_add_test(status, a_real_address_is_told_without_what_stands_around_it);
    tcase_add_test(status, the_header_decides_what_the_columns_are);
    tcase_add_test(status, a_row_without_a_header_or_of_another_width_is_garbage);
    tcase_add_test(status, a_client_whose_counts_are_absurd_is_told_without_them);
    tcase_add_test(status, a_route_is_told_unless_it_is_no_address);
    tcase_add_test(status, a_header_of_too_many_columns_is_garbage);
    tcase_add_test(bytes, a_nul_byte_makes_garbage_of_what_it_is_in);
    tcase_add_test(bytes, a_name_as_long_as_openvpn_allows_is_told_whole);
    tcase_add_test(bytes, a_name_longer_than_a_line_may_be_is_left_out);
    tcase_add_test(bytes, a_line_without_end_is_one_piece_of_garbage_when_it_ends);
    tcase_add_test(bytes, a_reset_forgets_what_was_begun);
    suite_add_tcase(suite, lines);
    suite_add_tcase(suite, environments);
    suite_add_tcase(suite, status);
    suite_add_tcase(suite, bytes);
    return suite;
}
