/* tlsview serve: its options. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "keylog_file.h"
#include "options.h"
#include "serve.h"
#include "verbs.h"

const struct cli_option serve_options[] = {{.name = "cert",
                                               .arg = "FILE",
                                               .many = true,
                                               .help = "certificate and chain to show (PEM); several: chosen by the "
                                                       "name that is asked for (default: one is made)"},
    {.name = "key",
        .arg = "FILE",
        .many = true,
        .help = "its private key, one for each --cert (default: in the same file)"},
    {.name = "chain",
        .arg = "FILE",
        .many = true,
        .help = "more certificates to show behind it, one file for each --cert"},
    {.name = "save-root",
        .arg = "FILE",
        .help = "without --cert: write the made root to FILE, for a client's --cafile"},
    {.name = "client-ca", .arg = "FILE", .help = "ask who the client is, and believe the authorities in FILE"},
    {.name = "ocsp", .arg = "FILE", .help = "staple this OCSP response (DER)"},
    {.name = "min",
        .arg = "VERSION",
        .choices = "1.0|1.1|1.2|1.3",
        .help = "the oldest version to take (default 1.2)"},
    {.name = "max",
        .arg = "VERSION",
        .choices = "1.0|1.1|1.2|1.3",
        .help = "the newest version to take (default 1.3)"},
    {.name = "ciphers", .arg = "LIST", .help = "the TLS 1.2 ciphers to take, as OpenSSL writes them"},
    {.name = "groups",
        .arg = "LIST",
        .help = "the groups of the key agreement to take: others get a HelloRetryRequest"},
    {.name = "alpn", .arg = "LIST", .help = "what we speak inside, best first"},
    {.name = "hsts", .arg = "SECONDS", .help = "say Strict-Transport-Security with this max-age"},
    {.name = "hostile",
        .arg = "HOW",
        .choices = "silent|slow|garbage|endless-chain|big-certificate",
        .help = "do what no honest server does, to see how a client takes it"},
    {.name = "count", .arg = "N", .help = "end after N connections (default: go on until Ctrl-C)"},
    {.name = "secrets", .help = "show the secrets, not their fingerprints"},
    {.name = "keylog", .arg = "FILE", .help = "append the secrets to FILE, for Wireshark"},
    {.name = "timeout", .arg = "SECONDS", .help = "give up on a client after SECONDS (default 10)"},
    CLI_TRACE_OPTIONS, CLI_END};

static uint16_t version_of(const char *text, uint16_t otherwise)
{
	return (uint16_t)(text ? 0x0301 + (text[2] - '0') : otherwise);
}

static enum hostile hostile_of(const char *text)
{
	static const char *const names[] = {"", "silent", "slow", "garbage", "endless-chain", "big-certificate"};

	for (size_t i = 0; text && i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(text, names[i]) == 0)
			return (enum hostile)i;
	return HOSTILE_NOT;
}

static int read_options(struct cli *c, struct serve_options *o, uint8_t alpn[static ALPN_MAX])
{
	const char *list = cli_get(c, "alpn");
	const char *at = c->argc ? c->argv[0] : "127.0.0.1:4433";

	if (endpoint_parse(&o->at, at, 4433) != ERR_OK)
		return cli_usage(c, "'%s': an address is needed, as in 127.0.0.1:4433 or [::1]:4433", at);
	for (int i = 0; i < SERVE_CERTS_MAX && (o->cert[i] = cli_get_nth(c, "cert", i)); i++) {
		o->key[i] = cli_get_nth(c, "key", i);
		o->chain[i] = cli_get_nth(c, "chain", i);
		o->n++;
	}
	if (cli_get_nth(c, "key", (int)o->n) || cli_get_nth(c, "chain", (int)o->n))
		return cli_usage(c, "there are more --key or --chain than --cert");
	o->min = version_of(cli_get(c, "min"), 0x0303);
	o->max = version_of(cli_get(c, "max"), 0x0304);
	if (o->min > o->max && !cli_has(c, "min"))
		o->min = o->max;
	if (o->min > o->max)
		return cli_usage(c, "--min is newer than --max: no version is left");
	if (list && !(o->alpn_len = options_alpn(alpn, ALPN_MAX, list)))
		return cli_usage(c, "--alpn %s: a list of names of protocols is needed, as in h2,http/1.1", list);
	o->alpn = alpn;
	o->ciphers = cli_get(c, "ciphers");
	o->groups = cli_get(c, "groups");
	o->client_ca = cli_get(c, "client-ca");
	o->ocsp = cli_get(c, "ocsp");
	o->save_root = cli_get(c, "save-root");
	o->secrets = cli_has(c, "secrets");
	o->hostile = hostile_of(cli_get(c, "hostile"));
	if (!cli_number(c, "hsts", 0, 2000000000, &o->hsts) || !cli_number(c, "count", 1, 1000000, &o->count) ||
	    !cli_seconds(c, "timeout", 3600, &o->timeout_ns))
		return EXIT_USAGE;
	return EXIT_YES;
}

static int run(struct cli *c, struct serve_options *o)
{
	struct served out = {0};
	struct trace t;
	char me[65] = "";

	if (gethostname(me, sizeof(me) - 1) != 0 || !me[0])
		strcpy(me, "server");
	o->actor = me;
	enum err e = cli_trace_open(c, &t, o->clock, me);
	if (e == ERR_OK) {
		setvbuf(c->out, NULL, _IOLBF, 0);
		e = serve_run(o, &t, &out);
		ev_result(&t, e, NULL, "%s", out.text);
	}
	int status = cli_trace_close(c, &t, (int)err_exit(e));
	if (e != ERR_OK && !isatty(fileno(c->out)))
		cli_fail(c, e, "%s", out.text);
	return status;
}

int verb_serve(struct cli *c)
{
	struct serve_options o = {.keylog_fd = -1, .hsts = -1, .timeout_ns = 10 * NS_PER_S, .clock = &clock_real};
	uint8_t alpn[ALPN_MAX];
	int status = sodium_init() < 0 ? cli_fail(c, ERR_INTERNAL, "libsodium cannot be set up") : EXIT_YES;

	cli_catch_interrupt();
	o.cancel_fd = cli_interrupt_fd();
	if (status == EXIT_YES)
		status = read_options(c, &o, alpn);
	if (status == EXIT_YES && cli_has(c, "keylog"))
		status = keylog_open(c, cli_get(c, "keylog"), &o.keylog_fd);
	if (status == EXIT_YES)
		status = run(c, &o);
	if (o.keylog_fd >= 0)
		close(o.keylog_fd);
	return status;
}
