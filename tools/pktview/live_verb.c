/* pktview live. */
#include <string.h>
#include <unistd.h>

#include "verbs.h"

#define MAX_HOSTS 64

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

int verb_live(struct cli *c)
{
	struct view_options o;
	struct capture *cap = NULL;
	bool lab = cli_has(c, "lab") || cli_has(c, "lab-name");
	char *keylog;
	int status = options_of(c, &o, &keylog);
	if (!status && !cli_seconds(c, "seconds", 1e6, &o.seconds_ns))
		status = EXIT_USAGE;
	if (!status && lab && cli_has(c, "interface"))
		status = cli_usage(c, "--interface is of this machine, --lab of the lab: one of them");
	if (!status)
		status = lab ? open_lab(c, &cap) : open_interface(c, &cap);
	if (!status) {
		cli_catch_interrupt();
		o.live = true;
		o.stop_fd = cli_interrupt_fd();
		if (isatty(STDERR_FILENO))
			fprintf(stderr, "Listening at %zu interface%s%s; Ctrl-C ends%s.\n", capture_n_vantages(cap),
			    capture_n_vantages(cap) == 1 ? "" : "s", lab ? " of the lab" : "",
			    o.form == VIEW_LADDER ? " and draws the ladder" : "");
		status = run_view(c, cap, &o);
	}
	free_keylog(&o, keylog);
	return status;
}
