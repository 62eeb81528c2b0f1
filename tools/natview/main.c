/* natview: the options. Each verb is in a file of its own. */
#include "natview.h"

#define PCAP_OPTION                                                                                                  \
	{                                                                                                            \
		.name = "pcap", .arg = "FILE", .help = "write the packets to FILE as pcapng, each with a comment"    \
	}
#define FAMILY_OPTIONS                                                                                               \
	{.name = "ipv4", .letter = '4', .help = "use IPv4 only"},                                                    \
	{                                                                                                            \
		.name = "ipv6", .letter = '6', .help = "use IPv6 only"                                               \
	}

static const struct cli_option serve_options[] = {
    {.name = "listen",
        .arg = "ADDR",
        .help = "serve at this address; twice, for RFC 5780 (default: this machine's own)",
        .many = true},
    {.name = "port", .arg = "N", .help = "STUN's first port (3478)"},
    {.name = "other-port", .arg = "N", .help = "STUN's second port (3479)"},
    {.name = "http", .arg = "N", .help = "the page's port (80; 8080 where that is not allowed)"},
    {.name = "no-http", .help = "no page, STUN alone"}, PCAP_OPTION, CLI_TRACE_OPTIONS, CLI_END};

static const struct cli_option whoami_options[] = {{.name = "sockets", .arg = "N", .help = "ask from N sockets (2)"},
    FAMILY_OPTIONS, CLI_TIMEOUT_OPTION, PCAP_OPTION, CLI_TRACE_OPTIONS, CLI_END};
static const struct cli_option type_options[] = {
    {.name = "lifetime", .arg = "SECONDS", .help = "look for the end of a binding nobody uses, for up to SECONDS"},
    FAMILY_OPTIONS, CLI_TIMEOUT_OPTION, PCAP_OPTION, CLI_TRACE_OPTIONS, CLI_END};

static const struct cli_option addresses_options[] = {CLI_TRACE_OPTIONS, CLI_END};
static const struct cli_option table_options[] = {CLI_TRACE_OPTIONS, CLI_END};
static const struct cli_option ports_options[] = {
    {.name = "listening", .help = "leave out the connections"}, CLI_TRACE_OPTIONS, CLI_END};

#define LAB_OPTION                                                                                                   \
	{                                                                                                            \
		.name = "lab", .arg = "NAME", .help = "the lab called NAME ($GLASSNET_LAB, else \"glassnet\")"       \
	}
static const struct cli_option watch_options[] = {
    {.name = "router", .arg = "HOST", .help = "the router: a host of the lab"}, LAB_OPTION,
    {.name = "seconds", .arg = "N", .help = "stop after N seconds"},
    {.name = "count", .letter = 'c', .arg = "N", .help = "stop after N packets"}, PCAP_OPTION, CLI_TRACE_OPTIONS,
    CLI_END};

static const struct cli_option lease_options[] = {CLI_TIMEOUT_OPTION, PCAP_OPTION, CLI_TRACE_OPTIONS, CLI_END};

static const struct cli_option deliver_options[] = {
    {.name = "udp", .help = "a UDP datagram instead of the first packet of a TCP connection"}, CLI_TIMEOUT_OPTION,
    PCAP_OPTION, CLI_TRACE_OPTIONS, CLI_END};

static const struct cli_verb verbs[] = {
    {"addresses", "", 0, 0,
        "this machine's interfaces, their addresses and of what kind each is, routes, neighbours, resolver",
        addresses_options, verb_addresses, false, false},
    {"lease", "[IF]", 0, 1, "how an interface gets an address: DHCP, message by message", lease_options, verb_lease,
        false, false},
    {"ports", "", 0, 0, "which process a packet to which port goes to, and which connections are open", ports_options,
        verb_ports, false, false},
    {"deliver", "ADDR:PORT", 1, 1, "one packet's way: route, host, port, process, or who refuses it", deliver_options,
        verb_deliver, false, false},
    {"whoami", "[URL | stun:HOST[:PORT]]", 0, 1, "what the other side sees, beside what this side sees",
        whoami_options, verb_whoami, false, false},
    {"type", "[stun:]HOST[:PORT]", 1, 1, "how does the NAT on the way behave? Mapping and filtering by RFC 5780",
        type_options, verb_type, false, false},
    {"serve", "", 0, 0, "be the other side: a STUN server (RFC 5780), and a page that says what your address is",
        serve_options, verb_serve, false, false},
    {"watch", "[FILTER]", 0, -1, "both legs of a NAT at once, and its table as it grows and expires", watch_options,
        verb_watch, false, false},
    {"table", "", 0, 0, "this machine's own NAT table: each conversation, and as whom it goes on outside",
        table_options, verb_table, false, false},
    {0}};

static const struct cli_tool tool = {.name = "natview",
    .summary = "addresses, ports, DHCP and NAT, seen from both sides",
    .verbs = verbs,
    .examples = "  natview addresses\n"
                "  natview lease\n"
                "  natview ports\n"
                "  natview deliver 192.0.2.82:80\n"
                "  natview whoami stun:whatismyip.example\n"
                "  natview type stun:whatismyip.example\n"
                "  natview serve\n"
                "  natview watch --router home-router\n"
                "  natview table\n"};

int main(int argc, char **argv)
{
	return cli_main(&tool, argc, argv);
}
