/* tlsview inside: its options. */
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "fixed.h"
#include "inside.h"
#include "options.h"
#include "verbs.h"

const struct cli_option inside_options[] = {
    {.name = "only",
        .arg = "WHICH",
        .choices = "live|rfc8448",
        .help = "live: OpenSSL with itself; rfc8448: the published handshake (default: both)"},
    {.name = "secrets", .help = "show every secret, not its fingerprint only"},
    {.name = "tls", .arg = "VERSION", .choices = "1.2|1.3", .help = "the version that both speak (default 1.3)"},
    {.name = "retry", .help = "the server wants another group: HelloRetryRequest"},
    {.name = "seed", .arg = "TEXT", .help = "what all random numbers follow from (default: glassnet)"},
    {.name = "pause", .arg = "SECONDS", .help = "wait between two flights of messages"}, CLI_TRACE_OPTIONS, CLI_END};

static int read_options(struct cli *c, struct inside_options *o)
{
	o->min = o->max = options_version(cli_get(c, "tls"), 0x0304);
	o->secrets = cli_has(c, "secrets");
	o->retry = cli_has(c, "retry");
	if (o->retry && o->max != 0x0304)
		return cli_usage(c, "--retry: only TLS 1.3 has HelloRetryRequest");
	if (cli_get(c, "seed"))
		o->seed = cli_get(c, "seed");
	return cli_seconds(c, "pause", 60, &o->pause_ns) ? EXIT_YES : EXIT_USAGE;
}

/* The parts that are asked for, one after the other. */
static enum err run_parts(
    const struct inside_options *o, const char *only, struct trace *t, struct result *res, char *data, size_t cap)
{
	bool live = !only || strcmp(only, "live") == 0, published = !only || strcmp(only, "rfc8448") == 0;
	unsigned checked = 0, same = 0;
	char first[sizeof(res->text)] = "";
	enum err e = live ? inside_live(o, t, res) : ERR_OK;

	snprintf(data, cap, "{\"deterministic\":true,\"computed\":%u,\"logged\":%u,\"same\":%u", res->keys.computed,
	    res->keys.logged, res->keys.same);
	if (live)
		memcpy(first, res->text, sizeof(first));
	if (e == ERR_OK && published)
		e = inside_rfc8448(o, t, &checked, &same, res);
	size_t n = strlen(data);
	snprintf(data + n, cap - n, ",\"rfc8448_checked\":%u,\"rfc8448_same\":%u}", checked, same);
	if (e == ERR_OK && live && published) {
		char both[sizeof(res->text) * 2];

		snprintf(both, sizeof(both), "%s %s", first, res->text);
		result_set(res, ERR_OK, "%.1000s", both);
	}
	return e;
}

int verb_inside(struct cli *c)
{
	struct fixed_clock clock;
	struct inside_options o = {.seed = "glassnet", .cancel_fd = -1, .clock = &clock.clock};
	struct result res;
	struct trace t;
	char data[256];
	int status =
	    sodium_init() < 0 ? cli_fail(c, ERR_INTERNAL, "libsodium cannot be set up") : read_options(c, &o);

	if (status != EXIT_YES)
		return status;
	cli_catch_interrupt();
	o.cancel_fd = cli_interrupt_fd();
	fixed_clock_init(&clock);
	result_init(&res);
	enum err e = cli_trace_open(c, &t, &clock.clock, "client");
	if (e == ERR_OK) {
		e = run_parts(&o, cli_get(c, "only"), &t, &res, data, sizeof(data));
		ev_result(&t, e, data, "%s", res.text);
	}
	status = cli_trace_close(c, &t, cli_interrupted() ? 128 + SIGINT : (int)err_exit(e));
	result_release(&res);
	return status;
}
