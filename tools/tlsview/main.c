/* tlsview: the options. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "glassnet/cli.h"
#include "keylog_file.h"
#include "options.h"
#include "verbs.h"

#define SEND_MAX ((size_t)16 << 20)

static const struct cli_option connect_options[] = {
    {.name = "secrets", .help = "show every secret of the key schedule, not its fingerprint only"},
    {.name = "again", .help = "connect twice, and a third time resumed: what is new, what is the same, what is kept"},
    {.name = "listener", .help = "tell only what a passive listener can know"},
    {.name = "min", .arg = "VERSION", .choices = "1.2|1.3", .help = "the oldest version to offer (default 1.2)"},
    {.name = "max", .arg = "VERSION", .choices = "1.2|1.3", .help = "the newest version to offer (default 1.3)"},
    {.name = "tls", .arg = "VERSION", .choices = "1.2|1.3", .help = "offer this version only"},
    {.name = "ciphers", .arg = "LIST", .help = "the TLS 1.2 ciphers to offer, as OpenSSL writes them"},
    {.name = "groups", .arg = "LIST", .help = "the groups of the key agreement to offer, as in X25519:P-256"},
    {.name = "alpn", .arg = "LIST", .help = "what we would like to speak inside, as in h2,http/1.1"},
    {.name = "pin",
        .arg = "SHA256",
        .many = true,
        .help = "accept only this public key (or certificate): its SHA-256, hex or base64; may be repeated"},
    {.name = "hsts", .arg = "FILE", .help = "remember in FILE who insists on https, and go by it (curl's format)"},
    {.name = "insecure", .help = "go on after a refusal, to see what is lost; the exit status stays 1"},
    {.name = "send",
        .arg = "FILE",
        .help = "after the handshake send what is in FILE (- for standard input), show the reply"},
    {.name = "no-request", .help = "send nothing after the handshake (otherwise: GET /)"},
    {.name = "keylog",
        .arg = "FILE",
        .help = "append the session's secrets to FILE, for Wireshark to decrypt a capture with"},
    OPTIONS_WHERE, CLI_TRACE_OPTIONS, CLI_END};

/* Text for --send. It may hold a password: it lives in memory that is locked, and wiped at the end. */
struct secret {
	uint8_t *bytes;
	size_t len;
};

static int read_secret(struct cli *c, const char *path, struct secret *out)
{
	bool standard = strcmp(path, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC), failed = 0;
	size_t cap = 4096;
	ssize_t n = 0;

	if (fd < 0)
		return cli_fail(c, ERR_IO, "%s: %s", path, strerror(errno));
	out->bytes = sodium_malloc(cap);
	while (out->bytes && (n = read(fd, out->bytes + out->len, cap - out->len)) > 0) {
		out->len += (size_t)n;
		if (out->len < cap)
			continue;
		uint8_t *more = cap < SEND_MAX ? sodium_malloc(cap * 2) : NULL;
		if (more)
			memcpy(more, out->bytes, out->len);
		sodium_free(out->bytes);
		out->bytes = more;
		cap *= 2;
	}
	failed = n < 0 ? errno : 0;
	if (!standard)
		close(fd);
	if (!out->bytes)
		return cli_fail(c, ERR_TOO_LONG, "%s: more than %zu octets are not sent", path, SEND_MAX);
	if (failed)
		return cli_fail(c, ERR_IO, "%s: %s", path, strerror(failed));
	return EXIT_YES;
}

static int run(struct cli *c, struct connect_options *o)
{
	struct trace t;
	struct result res;
	char me[65] = "";
	int status;

	if (gethostname(me, sizeof(me) - 1) != 0 || !me[0])
		strcpy(me, "client");
	o->actor = me;
	result_init(&res);
	enum err e = cli_trace_open(c, &t, o->clock, me);
	if (e == ERR_OK)
		e = connect_run(o, &t, &res);
	status = cli_trace_close(c, &t, cli_interrupted() ? 128 + SIGINT : (int)err_exit(e));
	/* On a terminal the trace has said it already. */
	if (e != ERR_OK && e != ERR_NEGATIVE && !isatty(fileno(c->out)) && !cli_interrupted())
		cli_fail(c, e, "%s", res.text);
	result_release(&res);
	return status;
}

static int verb_connect(struct cli *c)
{
	struct connect_options o = {.timeout_ns = 10 * NS_PER_S, .keylog_fd = -1, .clock = &clock_real};
	struct option_store store = {0};
	struct secret secret = {0};
	const char *send = cli_get(c, "send"), *keylog = cli_get(c, "keylog");
	int status = sodium_init() < 0 ? cli_fail(c, ERR_INTERNAL, "libsodium cannot be set up") : EXIT_YES;

	cli_catch_interrupt();
	o.cancel_fd = cli_interrupt_fd();
	if (status == EXIT_YES)
		status = options_connect(c, &o, &store);
	if (status == EXIT_YES && send)
		status = read_secret(c, send, &secret);
	if (status == EXIT_YES && keylog)
		status = keylog_open(c, keylog, &o.keylog_fd);
	o.send = secret.bytes;
	o.send_len = secret.len;
	if (status == EXIT_YES)
		status = run(c, &o);
	if (o.keylog_fd >= 0 && close(o.keylog_fd) != 0 && status == EXIT_YES)
		status = cli_fail(c, ERR_IO, "%s: %s", keylog, strerror(errno));
	sodium_free(secret.bytes);
	return status;
}

static const struct cli_verb verbs[] = {
    {.name = "connect",
        .args = "HOST[:PORT]",
        .min_args = 1,
        .max_args = 1,
        .summary = "show a TLS handshake message by message, and every check of the certificate",
        .options = connect_options,
        .run = verb_connect},
    {.name = "diagnose",
        .args = "HOST[:PORT]",
        .min_args = 1,
        .max_args = 1,
        .summary = "why a connection is refused, who can mend it, and how",
        .options = diagnose_options,
        .run = verb_diagnose},
    {.name = "serve",
        .args = "[ADDR[:PORT]]",
        .max_args = 1,
        .summary =
            "be the server (default 127.0.0.1:4433): show any certificate, also a wrong one, and tell what comes",
        .options = serve_options,
        .run = verb_serve},
    {.name = "inside",
        .args = "",
        .summary =
            "a handshake in slow motion, client and server in one process, the same in every run; and RFC 8448's",
        .options = inside_options,
        .run = verb_inside},
    {0}};

static const struct cli_tool tool = {.name = "tlsview",
    .summary = "what happens behind https: who is at the other end, and how that is proved",
    .verbs = verbs,
    .examples = "  tlsview connect bank.example:443\n"
                "  tlsview connect bank.example:443 --ladder --no-explain\n"
                "  tlsview connect bank.example:443 --cafile root.pem --connect 192.0.2.1\n"
                "  tlsview connect bank.example:443 --send request.http\n"
                "  tlsview connect bank.example --again\n"
                "  tlsview diagnose bank.example\n"
                "  tlsview serve --save-root root.pem\n"
                "  tlsview inside --secrets",
    .notes = "Exit status: 0 the server proved its name, 1 it did not (also with --insecure), 2 usage,\n"
             "3 network or timeout, 4 what came is not TLS, 5 a file cannot be used, or an internal error."};

int main(int argc, char **argv)
{
	return cli_main(&tool, argc, argv);
}
