/* tlsview diagnose: its options are some of connect's. */
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "diagnose.h"
#include "options.h"
#include "verbs.h"

const struct cli_option diagnose_options[] = {
    {.name = "pin", .arg = "SHA256", .many = true, .help = "the public key (or certificate) that it should have"},
    {.name = "alpn", .arg = "LIST", .help = "what we would like to speak inside, as in h2,http/1.1"},
    {.name = "min", .arg = "VERSION", .choices = "1.2|1.3", .help = "the oldest version to offer (default 1.2)"},
    {.name = "max", .arg = "VERSION", .choices = "1.2|1.3", .help = "the newest version to offer (default 1.3)"},
    {.name = "ciphers", .arg = "LIST", .help = "the TLS 1.2 ciphers to offer, as OpenSSL writes them"},
    {.name = "groups", .arg = "LIST", .help = "the groups of the key agreement to offer, as in X25519:P-256"},
    OPTIONS_WHERE, CLI_TRACE_OPTIONS, CLI_END};

int verb_diagnose(struct cli *c)
{
	struct connect_options o = {.timeout_ns = 10 * NS_PER_S, .keylog_fd = -1, .clock = &clock_real};
	struct option_store store = {0};
	struct diagnosis d;
	struct result res;
	struct trace t;
	char me[65] = "";
	int status = sodium_init() < 0 ? cli_fail(c, ERR_INTERNAL, "libsodium cannot be set up") : EXIT_YES;

	cli_catch_interrupt();
	o.cancel_fd = cli_interrupt_fd();
	if (status == EXIT_YES)
		status = options_connect(c, &o, &store);
	if (status != EXIT_YES)
		return status;
	o.ask = ASK_NOTHING;
	o.quick = !cli_has(c, "verbose");
	if (gethostname(me, sizeof(me) - 1) != 0 || !me[0])
		strcpy(me, "client");
	o.actor = me;
	result_init(&res);
	enum err e = cli_trace_open(c, &t, o.clock, me);
	if (e == ERR_OK) {
		e = diagnose_run(&o, &t, &res, &d);
		char *data = diagnose_json(&d, &res);
		ev_result(&t, e, data, "%s", res.text);
		free(data);
	}
	status = cli_trace_close(c, &t, cli_interrupted() ? 128 + SIGINT : (int)err_exit(e));
	if (e != ERR_OK && e != ERR_NEGATIVE && !isatty(fileno(c->out)) && !cli_interrupted())
		cli_fail(c, e, "%s", res.text);
	result_release(&res);
	return status;
}
