/* dnsview: shows how a name is looked up. Options only; the work begins in the files *_verb.c. */
#include <string.h>

#include "batch_verb.h"
#include "cache_verb.h"
#include "explain_verb.h"
#include "glassnet/cli.h"
#include "serve_verb.h"
#include "setup.h"
#include "trace_verb.h"

static const struct cli_option trace_options[] = {
    {.name = "ipv4", .letter = '4', .help = "ask servers over IPv4 only"},
    {.name = "ipv6", .letter = '6', .help = "ask servers over IPv6 only"},
    {.name = "tcp", .help = "ask over TCP from the start"},
    {.name = "qmin", .help = "tell each server no more of the name than it needs (RFC 9156)"},
    {.name = "all",
        .help = "then ask every server of every zone on the way the same, and show where they\n"
                "disagree; begins with an empty cache"},
    {.name = "server",
        .arg = "ADDR[:PORT]",
        .help = "ask this one server, once, and show what it says; nothing is followed or kept"},
    {.name = "rd", .help = "with --server: ask it to find the answer out (recursion desired)"},
    {.name = "no-rd", .help = "with --server: ask only for what it knows itself (the default)"},
    {.name = "dnssec", .help = "then verify the chain of trust to it; begins with an empty cache"},
    {.name = "trust-anchor",
        .arg = "FILE",
        .help = "the root's DS or DNSKEY records to trust; else the lab's, or IANA's"},
    {.name = "repeat", .arg = "N", .help = "then the same lookup N times more, with the cache kept"},
    {.name = "then", .arg = "NAME", .many = true, .help = "then look up NAME, with the cache kept (may be repeated)"},
    {.name = "root-hints",
        .arg = "FILE",
        .help = "begin at the servers in FILE, which is written like IANA's named.root"},
    {.name = "cache",
        .arg = "FILE",
        .help = "begin with what FILE knows, and keep there what is learnt; without it, below\n"
                "$XDG_CACHE_HOME, in the lab on each host"},
    {.name = "no-cache", .help = "begin with an empty cache, and keep nothing"},
    {.name = "clock", .arg = "+N", .help = "move the cache's clock N seconds forward, to see entries end"},
    {.name = "port", .arg = "PORT", .help = "the port that name servers listen on (53)"},
    {.name = "allow-special",
        .help = "ask servers at loopback, private and documentation addresses, too; always on in the lab"},
    CLI_TIMEOUT_OPTION, CLI_TRACE_OPTIONS, CLI_END};

static const struct cli_option cache_options[] = {
    {.name = "cache", .arg = "FILE", .help = "the file; without it, the one that dnsview trace uses"},
    {.name = "clock", .arg = "+N", .help = "show what is left in N seconds"},
    {.name = "json", .help = "one JSON object an entry, after a line that names the schema"},
    {.name = "output", .letter = 'o', .arg = "FILE", .help = "write to FILE instead of standard output"}, CLI_END};

static const struct cli_option serve_options[] = {
    {.name = "listen",
        .arg = "ADDR[:PORT]",
        .many = true,
        .help = "the address to answer at (port 53); 0.0.0.0 and :: are all of this machine (may be repeated)"},
    {.name = "dnssec", .help = "verify answers: AD where the chain of trust holds, SERVFAIL where it is broken"},
    {.name = "trust-anchor",
        .arg = "FILE",
        .help = "the root's DS or DNSKEY records to trust; else the lab's, or IANA's"},
    {.name = "root-hints",
        .arg = "FILE",
        .help = "begin at the servers in FILE, which is written like IANA's named.root"},
    {.name = "cache", .arg = "FILE", .help = "begin with what FILE knows, and keep there what is learnt"},
    {.name = "clock-offset",
        .arg = "FILE",
        .help = "FILE says +N: the clock is N seconds ahead; it may change at any time"},
    {.name = "trace", .arg = "FILE", .help = "write what happens to FILE, as JSON lines"},
    {.name = "serve-stale", .help = "where no server answers, give out what has ended within a day"},
    {.name = "memory", .arg = "MB", .help = "for the cache, at most (128)"},
    {.name = "entries", .arg = "N", .help = "entries in the cache, at most (400000)"},
    {.name = "lookups", .arg = "N", .help = "lookups under way at once, at most (4000)"},
    {.name = "ipv4", .letter = '4', .help = "ask servers over IPv4 only"},
    {.name = "ipv6", .letter = '6', .help = "ask servers over IPv6 only"},
    {.name = "port", .arg = "PORT", .help = "the port that name servers listen on (53)"}, CLI_TIMEOUT_OPTION,
    CLI_END};

static const struct cli_option batch_options[] = {
    {.name = "workers", .arg = "N", .help = "names under way at once (1000)"},
    {.name = "type", .arg = "TYPE", .help = "asked for where a line has only a name (A)"},
    {.name = "progress", .help = "say on stderr how far it is, also where stderr is no terminal"},
    {.name = "quiet", .letter = 'q', .help = "no summary at the end"},
    {.name = "root-hints",
        .arg = "FILE",
        .help = "begin at the servers in FILE, which is written like IANA's named.root"},
    {.name = "cache", .arg = "FILE", .help = "begin with what FILE knows, and keep there what is learnt"},
    {.name = "memory", .arg = "MB", .help = "for the cache, at most (128)"},
    {.name = "ipv4", .letter = '4', .help = "ask servers over IPv4 only"},
    {.name = "ipv6", .letter = '6', .help = "ask servers over IPv6 only"},
    {.name = "tcp", .help = "ask over TCP from the start"},
    {.name = "port", .arg = "PORT", .help = "the port that name servers listen on (53)"},
    {.name = "allow-special",
        .help = "ask servers at loopback, private and documentation addresses, too; always on in the lab"},
    CLI_TIMEOUT_OPTION,
    {.name = "output", .letter = 'o', .arg = "FILE", .help = "write to FILE instead of standard output"}, CLI_END};

static bool read_clock(const struct cli *c, int64_t *ns)
{
	const char *text = cli_get(c, "clock");
	if (!text || setup_clock_offset(text, ns))
		return true;
	cli_usage(c, "--clock: a number of seconds to go forward, like +3600");
	return false;
}

static bool read_options(const struct cli *c, struct trace_request *r)
{
	long repeat = 0, port = 53;
	*r = (struct trace_request){.use_v4 = !cli_has(c, "ipv6"),
	    .use_v6 = !cli_has(c, "ipv4"),
	    .tcp = cli_has(c, "tcp"),
	    .allow_special = cli_has(c, "allow-special"),
	    .hints_file = cli_get(c, "root-hints"),
	    .cache_file = cli_get(c, "cache"),
	    .no_cache = cli_has(c, "no-cache") || cli_has(c, "dnssec") || cli_has(c, "all"),
	    .dnssec = cli_has(c, "dnssec"),
	    .anchor_file = cli_get(c, "trust-anchor"),
	    .qmin = cli_has(c, "qmin"),
	    .all = cli_has(c, "all"),
	    .rd = cli_has(c, "rd"),
	    .timeout_ns = 2 * NS_PER_S};
	if (!cli_number(c, "repeat", 0, 1000, &repeat) || !cli_number(c, "port", 1, 65535, &port) ||
	    !cli_seconds(c, "timeout", 60, &r->timeout_ns) || !read_clock(c, &r->offset_ns))
		return false;
	r->repeat = (unsigned)repeat;
	r->port = (uint16_t)port;
	return true;
}

/* --server asks one server: what is about the way makes no sense with it. */
static const char *wrong_with_server(const struct cli *c, struct trace_request *r)
{
	const char *server = cli_get(c, "server");
	if (cli_has(c, "rd") && cli_has(c, "no-rd"))
		return "--rd and --no-rd exclude each other";
	if (!server)
		return cli_has(c, "rd") || cli_has(c, "no-rd") ? "--rd and --no-rd: only with --server" : NULL;
	if (endpoint_parse(&r->server, server, r->port))
		return "--server: the address of a name server, like 192.0.2.53 or [2001:db8::53]:5353";
	if (r->server.ip.family == 4 ? !r->use_v4 : !r->use_v6)
		return "--server: the address is not of the family that -4 or -6 asks for";
	if (r->all || r->qmin || r->hints_file || r->cache_file || r->anchor_file || r->repeat || cli_get(c, "then"))
		return "--server asks one server, once: it goes with no option about the way or the cache";
	return NULL;
}

static int verb_trace(struct cli *c)
{
	struct trace_request r;
	const char *why;
	if (!read_options(c, &r))
		return EXIT_USAGE;
	if (!r.use_v4 && !r.use_v6)
		return cli_usage(c, "-4 and -6 exclude each other");
	if (r.no_cache && r.cache_file)
		return cli_usage(c, "--cache and --no-cache exclude each other");
	if (r.dnssec && r.cache_file)
		return cli_usage(c, "--cache and --dnssec exclude each other: the file has no signatures");
	if (r.all && r.cache_file)
		return cli_usage(c, "--cache and --all exclude each other: every zone on the way is asked");
	if (r.anchor_file && !r.dnssec)
		return cli_usage(c, "--trust-anchor: only with --dnssec");
	if (r.timeout_ns < 10 * NS_PER_MS)
		return cli_usage(c, "--timeout: at least 0.01 seconds");
	const char *wrong = wrong_with_server(c, &r);
	if (wrong)
		return cli_usage(c, "%s", wrong);
	if (!trace_request_type(&r, c->argc > 1 ? c->argv[1] : "A", &why))
		return cli_usage(c, "%s: %s", c->argv[1], why);
	if (!trace_request_name(&r, c->argv[0], &why))
		return cli_usage(c, "%s: %s", c->argv[0], why);
	for (int i = 0; cli_get_nth(c, "then", i); i++)
		if (!trace_request_name(&r, cli_get_nth(c, "then", i), &why))
			return cli_usage(c, "--then %s: %s", cli_get_nth(c, "then", i), why);
	return trace_run(c, &r);
}

static int verb_cache(struct cli *c)
{
	struct cache_request r = {.file = cli_get(c, "cache"), .json = cli_has(c, "json"), .all = c->argc < 2};
	bool flush = c->argc > 0 && strcmp(c->argv[0], "flush") == 0;
	const char *why;
	if (!read_clock(c, &r.offset_ns))
		return EXIT_USAGE;
	if (!flush && c->argc > 1)
		return cli_usage(c, "one file at a time; to forget a name: dnsview cache flush NAME");
	if (flush && c->argc > 1 && dname_parse(&r.name, c->argv[1], &why))
		return cli_usage(c, "%s: %s", c->argv[1], why);
	if (flush)
		return cache_flush(c, &r);
	if (c->argc > 0 && r.file)
		return cli_usage(c, "the file is named twice");
	r.file = c->argc > 0 ? c->argv[0] : r.file;
	return cache_show(c, &r);
}

static int verb_serve(struct cli *c)
{
	struct serve_request r = {.dnssec = cli_has(c, "dnssec"),
	    .anchor_file = cli_get(c, "trust-anchor"),
	    .hints_file = cli_get(c, "root-hints"),
	    .cache_file = cli_get(c, "cache"),
	    .offset_file = cli_get(c, "clock-offset"),
	    .trace_file = cli_get(c, "trace"),
	    .use_v4 = !cli_has(c, "ipv6"),
	    .use_v6 = !cli_has(c, "ipv4"),
	    .serve_stale = cli_has(c, "serve-stale"),
	    .timeout_ns = 2 * NS_PER_S};
	long port = 53, memory = 128, entries = 400000, lookups = 4000;
	if (!cli_number(c, "port", 1, 65535, &port) || !cli_number(c, "memory", 1, 65536, &memory) ||
	    !cli_number(c, "entries", 1, 10000000, &entries) || !cli_number(c, "lookups", 1, 100000, &lookups) ||
	    !cli_seconds(c, "timeout", 60, &r.timeout_ns))
		return EXIT_USAGE;
	r.port = (uint16_t)port;
	r.megabytes = (unsigned)memory;
	r.entries = (size_t)entries;
	r.lookups = (size_t)lookups;
	if (r.timeout_ns < 10 * NS_PER_MS)
		return cli_usage(c, "--timeout: at least 0.01 seconds");
	if (!cli_get(c, "listen"))
		return cli_usage(c, "say where to answer, like --listen 127.0.0.1:5353");
	for (const char *text; (text = cli_get_nth(c, "listen", (int)r.n_listen)); r.n_listen++) {
		if (r.n_listen == LISTEN_MAX)
			return cli_usage(c, "--listen: at most %d addresses", LISTEN_MAX);
		if (endpoint_parse(&r.listen[r.n_listen], text, 53))
			return cli_usage(c, "--listen %s: this is no address", text);
	}
	if (r.anchor_file && !r.dnssec)
		return cli_usage(c, "--trust-anchor: only with --dnssec");
	if (!r.use_v4 && !r.use_v6)
		return cli_usage(c, "-4 and -6 exclude each other");
	return serve_run(c, &r);
}

static int verb_batch(struct cli *c)
{
	struct batch_request r = {.file = c->argv[0],
	    .hints_file = cli_get(c, "root-hints"),
	    .cache_file = cli_get(c, "cache"),
	    .use_v4 = !cli_has(c, "ipv6"),
	    .use_v6 = !cli_has(c, "ipv4"),
	    .tcp = cli_has(c, "tcp"),
	    .allow_special = cli_has(c, "allow-special"),
	    .progress = cli_has(c, "progress"),
	    .quiet = cli_has(c, "quiet"),
	    .timeout_ns = 2 * NS_PER_S};
	struct trace_request type;
	long port = 53, memory = 128, workers = 1000;
	const char *why;
	if (!cli_number(c, "port", 1, 65535, &port) || !cli_number(c, "memory", 1, 65536, &memory) ||
	    !cli_number(c, "workers", 1, 100000, &workers) || !cli_seconds(c, "timeout", 60, &r.timeout_ns))
		return EXIT_USAGE;
	if (r.timeout_ns < 10 * NS_PER_MS)
		return cli_usage(c, "--timeout: at least 0.01 seconds");
	if (!r.use_v4 && !r.use_v6)
		return cli_usage(c, "-4 and -6 exclude each other");
	if (!trace_request_type(&type, cli_has(c, "type") ? cli_get(c, "type") : "A", &why))
		return cli_usage(c, "--type %s: %s", cli_get(c, "type"), why);
	r.type = type.type;
	r.port = (uint16_t)port;
	r.megabytes = (unsigned)memory;
	r.workers = (size_t)workers;
	return batch_run(c, &r);
}

static const struct cli_option explain_options[] = {
    {.name = "port", .arg = "PORT", .help = "in a capture: packets of this port are DNS, too"},
    {.name = "json", .help = "print the trace as JSON lines (schema glassnet-trace, versioned)"},
    {.name = "quiet", .letter = 'q', .help = "say only how many messages there are"},
    {.name = "explain", .help = "print what each field means (the default)"},
    {.name = "no-explain", .help = "leave that out"}, CLI_HTML_OPTION,
    {.name = "color", .arg = "WHEN", .choices = "auto|always|never", .help = "auto, always or never"},
    {.name = "output", .letter = 'o', .arg = "FILE", .help = "write to FILE instead of standard output"}, CLI_END};

static int verb_explain(struct cli *c)
{
	long port = 53;
	if (!cli_number(c, "port", 1, 65535, &port))
		return EXIT_USAGE;
	struct explain_request r = {.file = c->argv[0], .port = (uint16_t)port};
	return explain_run(c, &r);
}

static const struct cli_verb verbs[] = {{.name = "trace",
                                            .args = "NAME [TYPE]",
                                            .min_args = 1,
                                            .max_args = 2,
                                            .summary = "look a name up from the root servers on, and tell each step",
                                            .options = trace_options,
                                            .run = verb_trace},
    {.name = "serve",
        .args = "",
        .summary = "answer questions as a resolver for others, over UDP and TCP, until interrupted",
        .options = serve_options,
        .run = verb_serve},
    {.name = "batch",
        .args = "FILE|-",
        .min_args = 1,
        .max_args = 1,
        .summary = "look up many names at once, NAME [TYPE] a line, over one cache; one JSON line each",
        .options = batch_options,
        .run = verb_batch},
    {.name = "cache",
        .args = "[FILE | flush [NAME]]",
        .max_args = 2,
        .summary = "show what is remembered, who said so and for how long; flush forgets it, or NAME and all below",
        .options = cache_options,
        .run = verb_cache},
    {.name = "explain",
        .args = "FILE|-",
        .min_args = 1,
        .max_args = 1,
        .summary = "each field of a message, its octets and its meaning: from a capture, a hex dump, or octets",
        .options = explain_options,
        .run = verb_explain},
    {0}};

static const struct cli_tool tool = {
    .name = "dnsview",
    .summary = "shows how names are looked up",
    .verbs = verbs,
    .examples = "  dnsview trace www.mse.isr.cmu.edu             each question, each answer, and why\n"
                "  dnsview trace www.example MX -v               … with every field of every message\n"
                "  dnsview trace www.example --repeat 1          … and once more: the cache at work\n"
                "  dnsview trace www.example --then ftp.example  … another name of the same zone\n"
                "  dnsview trace www.example --json              for programs\n"
                "  dnsview trace www.example --qmin --no-cache   … and no server learns more than it must\n"
                "  dnsview trace www.example --server 192.0.2.2  one server, asked once\n"
                "  dnsview explain query.pcap                    each field of each message; hex dumps, too\n"
                "  dnsview cache                                 what is remembered, and for how long\n"
                "  dnsview batch names.txt --workers 2000        thousands of names at once, as JSON lines\n"
                "  dnsview serve --listen 127.0.0.1:5353         a resolver: ask it with dig\n",
    .notes =
        "Exit status: 0 there is an answer; 1 none (NXDOMAIN, no data), or bogus; 2 wrong usage;\n"
        "3 no server gave an answer; 4 the input (root hints, message) is malformed; 5 input/output or internal.\n",
};

int main(int argc, char **argv)
{
	return cli_main(&tool, argc, argv);
}
