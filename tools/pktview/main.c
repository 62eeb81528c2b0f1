/* pktview: packets as people read them. */
#include "verbs.h"

/* How the text looks and where it goes. */
#define TEXT_OPTIONS                                                                                                 \
	{.name = "explain", .help = "with -v: what each field means (the default on a terminal)"},                   \
	    {.name = "no-explain", .help = "leave that out"},                                                        \
	    {.name = "color", .arg = "WHEN", .choices = "auto|always|never", .help = "auto, always or never"},       \
	{                                                                                                            \
		.name = "output", .letter = 'o', .arg = "FILE", .help = "write to FILE instead of standard output"   \
	}

/* What is shown of which packets. */
#define PACKET_OPTIONS                                                                                               \
	{.name = "raw", .help = "every sighting, instead of one line for a packet seen at many places"},             \
	    {.name = "hops", .help = "one arrow for each link, instead of one from end to end"},                     \
	    {.name = "pcap", .arg = "FILE", .help = "write the packets to FILE as pcapng, each with a comment"},     \
	    CLI_HTML_OPTION, {.name = "count", .letter = 'c', .arg = "N", .help = "stop after N packets"},           \
	    {.name = "keylog",                                                                                       \
	        .arg = "FILE",                                                                                       \
	        .help = "open TLS and SSH with the secrets in FILE (SSLKEYLOGFILE format; sshview's)"},              \
	    {.name = "numeric", .letter = 'n', .help = "addresses, no names"},                                       \
	    {.name = "relative", .help = "print seconds since the first packet (the default)"},                      \
	    {.name = "delta", .help = "print seconds since the packet before"},                                      \
	{                                                                                                            \
		.name = "absolute", .help = "print the time of day (UTC)"                                            \
	}

#define VIEW_OPTIONS                                                                                                 \
	{.name = "ladder", .help = "draw the packets as a ladder, one column a host"},                               \
	    {.name = "verbose",                                                                                      \
	        .letter = 'v',                                                                                       \
	        .help = "print every field of every packet, with its place and octets"},                             \
	    {.name = "json", .help = "print JSON lines (schema glassnet-trace, versioned)"},                         \
	    {.name = "quiet", .letter = 'q', .help = "print nothing (for use with --pcap)"}, PACKET_OPTIONS,         \
	    TEXT_OPTIONS

static const struct cli_option live_options[] = {
    {.name = "interface", .letter = 'i', .arg = "IF", .help = "listen at this interface of this machine"},
    {.name = "lab", .help = "listen at every host of the lab (or at those that are named)"},
    {.name = "lab-name", .arg = "NAME", .help = "the lab's name (else $GLASSNET_LAB, else glassnet)"},
    {.name = "seconds", .arg = "N", .help = "stop after N seconds"}, VIEW_OPTIONS, CLI_END};

static const struct cli_option read_options[] = {VIEW_OPTIONS, CLI_END};

#define JSON_OPTION                                                                                                  \
	{                                                                                                            \
		.name = "json", .help = "print JSON lines (schema glassnet-trace, versioned)"                        \
	}
#define KEYLOG_OPTION                                                                                                \
	{                                                                                                            \
		.name = "keylog", .arg = "FILE",                                                                     \
		.help = "open TLS and SSH with the secrets in FILE (SSLKEYLOGFILE format; sshview's)"                \
	}
#define NUMERIC_OPTION                                                                                               \
	{                                                                                                            \
		.name = "numeric", .letter = 'n', .help = "addresses, no names"                                      \
	}
#define OUTPUT_OPTION                                                                                                \
	{                                                                                                            \
		.name = "output", .letter = 'o', .arg = "FILE", .help = "write to FILE instead of standard output"   \
	}

static const struct cli_option ladder_options[] = {JSON_OPTION, PACKET_OPTIONS, TEXT_OPTIONS, CLI_END};

static const struct cli_option hosts_options[] = {
    {.name = "json", .help = "print a JSON object for each pair"}, NUMERIC_OPTION, OUTPUT_OPTION, CLI_END};

static const struct cli_option show_options[] = {JSON_OPTION, KEYLOG_OPTION, NUMERIC_OPTION, TEXT_OPTIONS, CLI_END};

static const struct cli_option follow_options[] = {{.name = "json", .help = "print a JSON object for each message"},
    KEYLOG_OPTION, NUMERIC_OPTION,
    {.name = "color", .arg = "WHEN", .choices = "auto|always|never", .help = "auto, always or never"}, OUTPUT_OPTION,
    CLI_END};

static const struct cli_option page_options[] = {
    {.name = "html", .letter = 'o', .arg = "FILE", .help = "the page that is written"}, KEYLOG_OPTION, NUMERIC_OPTION,
    {.name = "raw", .help = "every sighting, instead of one arrow for a packet seen at many places"},
    {.name = "hops", .help = "one arrow for each link, instead of one from end to end"},
    {.name = "count", .letter = 'c', .arg = "N", .help = "stop after N packets"}, CLI_END};

static const struct cli_option diff_options[] = {{.name = "json", .help = "print a JSON object for each packet"},
    {.name = "color", .arg = "WHEN", .choices = "auto|always|never", .help = "auto, always or never"}, OUTPUT_OPTION,
    CLI_END};

static const struct cli_verb verbs[] = {
    {"live", "[HOST...] [FILTER]", 0, -1, "show packets as they come", live_options, verb_live, false, false},
    {"read", "FILE [FILTER]", 1, -1, "show a capture file (pcap or pcapng; - is standard input)", read_options,
        verb_read, false, false},
    {"ladder", "FILE [FILTER]", 1, -1, "draw a capture file as a ladder, one column a host", ladder_options,
        verb_read, false, false},
    {"follow", "FILE [N] [FILTER]", 1, -1, "one conversation (of packet N, else the first): what each side said",
        follow_options, verb_follow, false, false},
    {"hosts", "FILE [FILTER]", 1, -1, "who talked to whom: packets, bytes and protocols, the most bytes first",
        hosts_options, verb_read, false, false},
    {"show", "FILE N", 2, 2, "packet number N: each field beside its octets, then all octets", show_options,
        verb_show, false, false},
    {"page", "FILE [FILTER]", 1, -1, "write a page to click through, offline: -o FILE.html", page_options, verb_page,
        false, false},
    {"diff", "A B [FILTER]", 2, -1, "the same packets in two captures: what changed on the way", diff_options,
        verb_diff, false, false},
    {0}};

static const struct cli_tool tool = {.name = "pktview",
    .summary = "shows packets: who sent them to whom, and what they say",
    .verbs = verbs,
    .examples = "  pktview live --lab                       everything in the mini-Internet\n"
                "  pktview live --lab laptop udp port 53    the laptop's DNS queries\n"
                "  pktview live --lab --hops icmp           over which routers a ping goes\n"
                "  pktview read capture.pcap                a line a packet\n"
                "  pktview read -v capture.pcap tcp         every field\n"
                "  pktview show capture.pcap 7              one packet, down to its octets\n"
                "  pktview hosts capture.pcap               who talked to whom\n"
                "  pktview ladder all.pcapng not arp        who spoke when, one column a host\n"
                "  pktview live --lab --pcap all.pcapng     keep it for Wireshark, with comments\n"
                "  pktview page all.pcapng -o page.html     a page to click through, offline\n"
                "  pktview follow a.pcap 7 --keylog keys    what both sides said, TLS or SSH opened\n"
                "  pktview diff laptop.pcap bank.pcap       what routers and the NAT changed\n",
    .notes = "FILTER is a pcap filter: host 192.0.2.1 and not port 22 (man pcap-filter).\n"};

int main(int argc, char **argv)
{
	return cli_main(&tool, argc, argv);
}
