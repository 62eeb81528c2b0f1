/* pktview: packets as people read them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "glassnet/capture.h"
#include "glassnet/cli.h"
#include "view.h"

#define MAX_HOSTS  64
#define FILTER_MAX 2048

/* The filter: the arguments from the given one on, as one text. */
static int join_filter(struct cli *c, int from, char out[static FILTER_MAX])
{
	size_t n = 0;
	out[0] = '\0';
	for (int i = from; i < c->argc; i++) {
		int w = snprintf(out + n, FILTER_MAX - n, "%s%s", i > from ? " " : "", c->argv[i]);
		n += w > 0 ? (size_t)w : 0;
		if (n >= FILTER_MAX)
			return cli_usage(c, "the filter is longer than %d octets", FILTER_MAX - 1);
	}
	return EXIT_YES;
}

static int options_of(struct cli *c, struct view_options *o)
{
	long max = 0;
	*o = (struct view_options){.style = cli_style(c),
	    .hops = cli_has(c, "hops"),
	    .raw = cli_has(c, "raw"),
	    .stop_fd = -1,
	    .stopped = cli_interrupted};
	bool drawn = cli_has(c, "ladder") || strcmp(c->verb->name, "ladder") == 0;
	int forms = cli_has(c, "json") + cli_has(c, "ladder") + cli_has(c, "quiet");
	if (forms > 1)
		return cli_usage(c, "--json, --ladder and --quiet exclude each other");
	o->form = strcmp(c->verb->name, "hosts") == 0 ? VIEW_HOSTS
	          : cli_has(c, "json")                ? VIEW_JSON
	          : drawn                             ? VIEW_LADDER
	          : cli_has(c, "quiet")               ? VIEW_NOTHING
	          : o->style.verbose                  ? VIEW_FIELDS
	          : o->hops                           ? VIEW_LADDER
	                                              : VIEW_LINES;
	const char *pcap = cli_get(c, "pcap");
	if (pcap && strcmp(pcap, "-") == 0 && c->out == stdout && o->form != VIEW_NOTHING)
		return cli_usage(c, "--pcap - and the text would both go to standard output: add --quiet or -o FILE");
	if (!cli_number(c, "count", 1, 1000000000, &max))
		return EXIT_USAGE;
	o->max = (uint64_t)max;
	return EXIT_YES;
}

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;
	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino &&
	       S_ISREG(x.st_mode);
}

static int open_pcap(struct cli *c, struct pcapng **w)
{
	const char *path = cli_get(c, "pcap");
	*w = NULL;
	if (!path)
		return EXIT_YES;
	enum err e = pcapng_create(w, path);
	return e ? cli_fail(c, e, "can't write %s: %s", path, e == ERR_IO ? strerror(errno) : err_text(e)) : EXIT_YES;
}

/* Shows it all, closes it all, and says what went wrong. */
static int run(struct cli *c, struct capture *cap, struct view_options *o)
{
	struct pcapng *w;
	int status = open_pcap(c, &w);
	if (!status && cli_page_open(c) != ERR_OK)
		status = EXIT_INTERNAL;
	if (status) {
		(void)!pcapng_close(w);
		capture_close(cap);
		return status;
	}
	o->page = cli_page(c);
	setvbuf(c->out, NULL, _IOFBF, 1 << 16);
	struct view_end end = view_run(cap, o, c->out, w);
	int why = errno;
	enum err closing = pcapng_close(w);
	if (end.pcap_failed || (!end.err && closing))
		status =
		    cli_fail(c, ERR_IO, "can't write %s: %s", cli_get(c, "pcap"), strerror(closing ? errno : why));
	else if (end.err == ERR_IO && !capture_error(cap)[0])
		status = EXIT_INTERNAL; /* the output's error; it is said when it is closed */
	else if (end.err)
		status = cli_fail(c, end.err, "%s", capture_error(cap)[0] ? capture_error(cap) : err_text(end.err));
	else if (o->only && !end.shown && !cli_interrupted())
		status = cli_fail(c, ERR_NEGATIVE, "%s holds no packet %llu: it has %llu", c->argv[0],
		    (unsigned long long)o->only, (unsigned long long)end.seen);
	uint64_t lost = o->live ? capture_dropped(cap) : 0;
	if (lost)
		cli_warn(
		    c, "%llu packets came faster than they were read, and are missing", (unsigned long long)lost);
	capture_close(cap);
	return cli_page_close(c, status);
}

static int verb_read(struct cli *c)
{
	struct view_options o;
	char filter[FILTER_MAX], msg[256];
	const char *pcap = cli_get(c, "pcap");
	struct capture *cap;
	int status = options_of(c, &o);
	if (!status)
		status = join_filter(c, 1, filter);
	if (!status && pcap && same_file(c->argv[0], pcap))
		status = cli_usage(c, "%s is read and would be overwritten by --pcap at the same time", pcap);
	if (status)
		return status;
	cli_catch_interrupt();
	enum err e = capture_open_file(&cap, c->argv[0], filter, msg);
	if (e)
		return cli_fail(c, e, "%s", msg);
	return run(c, cap, &o);
}

/* The number of a packet: "7" or, as it is printed, "#7". */
static bool packet_number(const char *text, uint64_t *out)
{
	text += *text == '#';
	char *end;
	errno = 0;
	unsigned long long n = strtoull(text, &end, 10);
	*out = n;
	return *text >= '0' && *text <= '9' && !*end && !errno && n > 0;
}

static int verb_show(struct cli *c)
{
	struct view_options o;
	char msg[256];
	struct capture *cap;
	int status = options_of(c, &o);
	if (!status && !packet_number(c->argv[1], &o.only))
		status = cli_usage(c, "%s is no packet's number: they count from 1", c->argv[1]);
	if (status)
		return status;
	o.form = cli_has(c, "json") ? VIEW_JSON : VIEW_FIELDS;
	o.style.verbose = o.raw = true;
	o.style.explain = !cli_has(c, "no-explain");
	cli_catch_interrupt();
	enum err e = capture_open_file(&cap, c->argv[0], "", msg);
	return e ? cli_fail(c, e, "%s", msg) : run(c, cap, &o);
}

/* Hosts that the first arguments name; the filter begins after them. */
static int lab_hosts(struct cli *c, const struct lab *lab, size_t hosts[static MAX_HOSTS], size_t *n)
{
	int i;
	*n = 0;
	for (i = 0; i < c->argc && *n < MAX_HOSTS; i++) {
		int host = lab_find_host(lab, c->argv[i]);
		if (host < 0)
			break;
		hosts[(*n)++] = (size_t)host;
	}
	return i;
}

static int open_lab(struct cli *c, struct capture **cap)
{
	size_t hosts[MAX_HOSTS], n;
	char filter[FILTER_MAX], msg[256];
	const char *name = cli_get(c, "lab-name");
	struct lab *lab;
	enum err e = lab_open(&lab, name);
	if (e)
		return cli_fail(c, e, "%s%s%s: start it with: glasslab up%s%s",
		    e == ERR_CLOSED ? "no lab runs" : err_text(e), name ? " that is called " : "", name ? name : "",
		    name ? " --lab " : "", name ? name : "");
	int status = join_filter(c, lab_hosts(c, lab, hosts, &n), filter);
	if (!status) {
		cli_page_lab(c, lab_facts(lab));
		e = capture_open_lab(cap, lab, hosts, n, filter, msg);
		/* The first word of what is no filter may have been meant as a host. */
		if (e == ERR_USAGE && n == 0 && c->argc && !strchr(c->argv[0], ' '))
			status = cli_usage(c, "%s; and the lab has no host that is called %s", msg, c->argv[0]);
		else if (e)
			status = e == ERR_USAGE ? cli_usage(c, "%s", msg) : cli_fail(c, e, "%s", msg);
	}
	lab_close(lab);
	return status;
}

static int open_interface(struct cli *c, struct capture **cap)
{
	char filter[FILTER_MAX], msg[256];
	int status = join_filter(c, 0, filter);
	if (status)
		return status;
	enum err e = capture_open_live(cap, cli_get(c, "interface"), filter, msg);
	return !e ? EXIT_YES : e == ERR_USAGE ? cli_usage(c, "%s", msg) : cli_fail(c, e, "%s", msg);
}

static int verb_live(struct cli *c)
{
	struct view_options o;
	struct capture *cap = NULL;
	bool lab = cli_has(c, "lab") || cli_has(c, "lab-name");
	int status = options_of(c, &o);
	if (!status && !cli_seconds(c, "seconds", 1e6, &o.seconds_ns))
		status = EXIT_USAGE;
	if (!status && lab && cli_has(c, "interface"))
		status = cli_usage(c, "--interface is of this machine, --lab of the lab: one of them");
	if (!status)
		status = lab ? open_lab(c, &cap) : open_interface(c, &cap);
	if (status)
		return status;
	cli_catch_interrupt();
	o.live = true;
	o.stop_fd = cli_interrupt_fd();
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "Listening at %zu interface%s%s; Ctrl-C ends%s.\n", capture_n_vantages(cap),
		    capture_n_vantages(cap) == 1 ? "" : "s", lab ? " of the lab" : "",
		    o.form == VIEW_LADDER ? " and draws the ladder" : "");
	return run(c, cap, &o);
}

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
	{                                                                                                            \
		.name = "absolute", .help = "print the time of day (UTC) instead of seconds since the first packet"  \
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

static const struct cli_option ladder_options[] = {PACKET_OPTIONS, TEXT_OPTIONS, CLI_END};

static const struct cli_option hosts_options[] = {
    {.name = "output", .letter = 'o', .arg = "FILE", .help = "write to FILE instead of standard output"}, CLI_END};

static const struct cli_option show_options[] = {
    {.name = "json", .help = "print JSON lines (schema glassnet-trace, versioned)"}, TEXT_OPTIONS, CLI_END};

static const struct cli_verb verbs[] = {
    {"live", "[HOST...] [FILTER]", 0, -1, "show packets as they come", live_options, verb_live, false, false},
    {"read", "FILE [FILTER]", 1, -1, "show a capture file (pcap or pcapng; - is standard input)", read_options,
        verb_read, false, false},
    {"ladder", "FILE [FILTER]", 1, -1, "draw a capture file as a ladder, one column a host", ladder_options,
        verb_read, false, false},
    {"hosts", "FILE [FILTER]", 1, -1, "who talked to whom: packets, bytes and protocols, the most bytes first",
        hosts_options, verb_read, false, false},
    {"show", "FILE N", 2, 2, "packet number N: each field beside its octets, then all octets", show_options,
        verb_show, false, false},
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
                "  pktview read --html page.html a.pcap     a page to click through, offline\n",
    .notes = "FILTER is a pcap filter: host 192.0.2.1 and not port 22 (man pcap-filter).\n"};

int main(int argc, char **argv)
{
	return cli_main(&tool, argc, argv);
}
