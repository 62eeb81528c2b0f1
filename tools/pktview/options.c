/* From the command line to what is shown. */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "verbs.h"

int join_filter(struct cli *c, int from, char out[static FILTER_MAX])
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

#define KEYLOG_MAX (16u << 20)

/* --keylog: the whole file, which is small. */
static int read_keylog(struct cli *c, struct view_options *o, char **keylog)
{
	const char *path = cli_get(c, "keylog");
	if (!path)
		return EXIT_YES;
	FILE *f = fopen(path, "rbe");
	size_t n = 0, cap = 4096;
	char *text = f ? malloc(cap) : NULL;
	while (text) {
		n += fread(text + n, 1, cap - n, f);
		if (n < cap || cap > KEYLOG_MAX)
			break;
		char *grown = realloc(text, cap *= 2);
		if (!grown)
			free(text);
		text = grown;
	}
	int why = f && ferror(f) ? EIO : errno;
	bool bad = !text || ferror(f);
	if (f)
		fclose(f);
	if (bad) {
		free(text);
		return cli_fail(c, ERR_IO, "%s: %s", path, strerror(why));
	}
	size_t used = 0;
	struct flows *probe;
	enum err e = flows_new(&probe, &flows_limits);
	if (!e)
		e = flows_add_keys(probe, text, n, &used);
	flows_free(probe);
	*keylog = text;
	o->keylog = text;
	o->keylog_len = n;
	if (e || used)
		return e ? cli_fail(c, e, "%s: %s", path, err_text(e)) : EXIT_YES;
	return cli_fail(c, ERR_FORMAT,
	    "%s, at offset 0: no line of a TLS key log (LABEL, client random, secret: SSLKEYLOGFILE format), and "
	    "none of sshview's (cookie, private key)",
	    path);
}

void free_keylog(struct view_options *o, char *keylog)
{
	if (keylog)
		sodium_memzero(keylog, o->keylog_len);
	free(keylog);
}

int options_of(struct cli *c, struct view_options *o, char **keylog)
{
	long max = 0;
	*keylog = NULL;
	*o = (struct view_options){.style = cli_style(c),
	    .hops = cli_has(c, "hops"),
	    .raw = cli_has(c, "raw"),
	    .stop_fd = -1,
	    .stopped = cli_interrupted};
	bool drawn = cli_has(c, "ladder") || strcmp(c->verb->name, "ladder") == 0;
	int times = cli_has(c, "absolute") + cli_has(c, "delta") + cli_has(c, "relative");
	if (times > 1)
		return cli_usage(c, "--relative, --delta and --absolute exclude each other");
	o->time = cli_has(c, "absolute") ? TIME_ABSOLUTE : cli_has(c, "delta") ? TIME_DELTA : TIME_RELATIVE;
	o->style.absolute_time = o->time == TIME_ABSOLUTE;
	o->style.delta_time = o->time == TIME_DELTA;
	o->json = cli_has(c, "json");
	int forms = cli_has(c, "json") + cli_has(c, "ladder") + cli_has(c, "quiet");
	if (forms > 1)
		return cli_usage(c, "--json, --ladder and --quiet exclude each other");
	o->form = strcmp(c->verb->name, "hosts") == 0  ? VIEW_HOSTS
	          : strcmp(c->verb->name, "page") == 0 ? VIEW_NOTHING
	          : cli_has(c, "json")                 ? VIEW_JSON
	          : drawn                              ? VIEW_LADDER
	          : cli_has(c, "quiet")                ? VIEW_NOTHING
	          : o->style.verbose                   ? VIEW_FIELDS
	          : o->hops                            ? VIEW_LADDER
	                                               : VIEW_LINES;
	const char *pcap = cli_get(c, "pcap");
	if (pcap && strcmp(pcap, "-") == 0 && c->out == stdout && o->form != VIEW_NOTHING)
		return cli_usage(c, "--pcap - and the text would both go to standard output: add --quiet or -o FILE");
	if (!cli_number(c, "count", 1, 1000000000, &max))
		return EXIT_USAGE;
	o->max = (uint64_t)max;
	return read_keylog(c, o, keylog);
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
int run_view(struct cli *c, struct capture *cap, struct view_options *o)
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
	if (cli_has(c, "numeric"))
		capture_hide_names(cap);
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
