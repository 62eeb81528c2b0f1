/* The verbs that read capture files. */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "verbs.h"

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;
	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino &&
	       S_ISREG(x.st_mode);
}

int verb_read(struct cli *c)
{
	struct view_options o;
	char filter[FILTER_MAX], msg[256];
	const char *pcap = cli_get(c, "pcap");
	struct capture *cap;
	char *keylog;
	int status = options_of(c, &o, &keylog);
	if (!status)
		status = join_filter(c, 1, filter);
	if (!status && pcap && same_file(c->argv[0], pcap))
		status = cli_usage(c, "%s is read and would be overwritten by --pcap at the same time", pcap);
	if (!status) {
		cli_catch_interrupt();
		enum err e = capture_open_file(&cap, c->argv[0], filter, msg);
		status = e ? cli_fail(c, e, "%s", msg) : run_view(c, cap, &o);
	}
	free_keylog(&o, keylog);
	return status;
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

int verb_show(struct cli *c)
{
	struct view_options o;
	char msg[256], *keylog;
	struct capture *cap;
	int status = options_of(c, &o, &keylog);
	if (!status && !packet_number(c->argv[1], &o.only))
		status = cli_usage(c, "%s is no packet's number: they count from 1", c->argv[1]);
	if (!status) {
		o.form = cli_has(c, "json") ? VIEW_JSON : VIEW_FIELDS;
		o.style.verbose = o.raw = true;
		o.style.explain = !cli_has(c, "no-explain");
		cli_catch_interrupt();
		enum err e = capture_open_file(&cap, c->argv[0], "", msg);
		status = e ? cli_fail(c, e, "%s", msg) : run_view(c, cap, &o);
	}
	free_keylog(&o, keylog);
	return status;
}

/* Twice over the file: whose conversation packet N is a part of is known when it is reached. */
static int follow(struct cli *c, struct view_options *o, const char *filter)
{
	struct capture *cap;
	char msg[256];
	struct view_options find = *o;
	find.form = VIEW_FIND;
	enum err e = capture_open_file(&cap, c->argv[0], filter, msg);
	if (e)
		return cli_fail(c, e, "%s", msg);
	struct view_end end = view_run(cap, &find, c->out, NULL);
	if (end.err && !o->talk->known) {
		int status =
		    cli_fail(c, end.err, "%s", capture_error(cap)[0] ? capture_error(cap) : err_text(end.err));
		capture_close(cap);
		return status;
	}
	capture_close(cap);
	if (!o->talk->known && o->only)
		return cli_fail(c, ERR_NEGATIVE,
		    "%s: packet %llu is part of no TCP or UDP conversation, or there is none", c->argv[0],
		    (unsigned long long)o->only);
	if (!o->talk->known)
		return cli_fail(c, ERR_NEGATIVE, "%s holds no TCP or UDP conversation", c->argv[0]);
	o->form = VIEW_FOLLOW;
	o->only = 0;
	e = capture_open_file(&cap, c->argv[0], filter, msg);
	return e ? cli_fail(c, e, "%s", msg) : run_view(c, cap, o);
}

int verb_follow(struct cli *c)
{
	struct view_options o;
	struct conversation talk = {0};
	char filter[FILTER_MAX], *keylog;
	int status = options_of(c, &o, &keylog);
	uint64_t number = 0;
	bool named = c->argc > 1 && packet_number(c->argv[1], &number);
	if (!status)
		status = join_filter(c, named ? 2 : 1, filter);
	if (!status && strcmp(c->argv[0], "-") == 0)
		status = cli_usage(c, "follow reads the file twice, and cannot with standard input");
	if (!status) {
		o.only = number;
		o.talk = &talk;
		cli_catch_interrupt();
		status = follow(c, &o, filter);
	}
	free_keylog(&o, keylog);
	return status;
}

int verb_page(struct cli *c)
{
	if (!cli_get(c, "html"))
		return cli_usage(c, "where to? -o FILE.html");
	return verb_read(c);
}
