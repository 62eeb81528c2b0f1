/* tlsview: the options. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "glassnet/cli.h"
#include "glassnet/target.h"
#include "tlsview.h"

#define SEND_MAX ((size_t)16 << 20)

static const struct cli_option connect_options[] = {
    {.name = "cafile", .arg = "FILE", .help = "trust the certificates in FILE and no others (default: the system's)"},
    {.name = "name",
        .arg = "NAME",
        .help = "the name that the server must prove, and that it is asked for (default: HOST)"},
    {.name = "connect", .arg = "ADDR[:PORT]", .help = "go to this address, whatever DNS says"},
    {.name = "insecure", .help = "go on after a refusal, to see what is lost; the exit status stays 1"},
    {.name = "send",
        .arg = "FILE",
        .help = "after the handshake send what is in FILE (- for standard input), show the reply"},
    {.name = "keylog",
        .arg = "FILE",
        .help = "append the session's secrets to FILE, for Wireshark to decrypt a capture with"},
    {.name = "tls", .arg = "VERSION", .choices = "1.2|1.3", .help = "offer this version only (default: both)"},
    {.name = "min", .arg = "VERSION", .choices = "1.2|1.3", .help = "the oldest version to offer (default 1.2)"},
    {.name = "max", .arg = "VERSION", .choices = "1.2|1.3", .help = "the newest version to offer (default 1.3)"},
    {.name = "secrets", .help = "show every secret of the key schedule, not its fingerprint only"},
    {.name = "no-request", .help = "send nothing after the handshake (otherwise: GET /)"},
    {.name = "ciphers", .arg = "LIST", .help = "the TLS 1.2 ciphers to offer, as OpenSSL writes them"},
    {.name = "ipv4", .letter = '4', .help = "use IPv4 only"},
    {.name = "ipv6", .letter = '6', .help = "use IPv6 only"},
    {.name = "timeout", .arg = "SECONDS", .help = "give up after SECONDS, all in all (default 10)"},
    CLI_TRACE_OPTIONS, CLI_END};

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

/* The file with the session's secrets: nobody else may read it, not even for a moment. */
static int open_keylog(struct cli *c, const char *path, int *fd)
{
	struct stat st;

	*fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (*fd < 0)
		return cli_fail(c, ERR_IO, "%s: %s", path, strerror(errno));
	if (fstat(*fd, &st) == 0 && S_ISREG(st.st_mode) && fchmod(*fd, 0600) == 0)
		return EXIT_YES;
	close(*fd);
	*fd = -1;
	return cli_fail(c, ERR_PERM, "%s: secrets are only written to a regular file of your own", path);
}

static uint16_t version_of(const char *text, uint16_t otherwise)
{
	return (uint16_t)(!text ? otherwise : strcmp(text, "1.2") == 0 ? 0x0303 : 0x0304);
}

static int read_connect(struct cli *c, struct connect_options *o, struct target *target)
{
	const char *via = cli_get(c, "connect"), *why;

	if (target_parse(target, c->argv[0], &why) != ERR_OK)
		return cli_usage(c, "'%s' is no HOST:PORT: %s", c->argv[0], why);
	o->host = target->host;
	o->port = target->port;
	o->name = cli_get(c, "name");
	struct ip ip;
	if (o->name && ip_parse(&ip, o->name) != ERR_OK && !target_is_name(o->name, &why))
		return cli_usage(c, "--name %s: %s", o->name, why);
	if (via && endpoint_parse(&o->via, via, o->port) != ERR_OK)
		return cli_usage(
		    c, "--connect %s: an address is needed, as in 192.0.2.1:443 or [2001:db8::1]:443", via);
	if (cli_has(c, "ipv4") && cli_has(c, "ipv6"))
		return cli_usage(c, "-4 and -6 exclude each other");
	o->family = cli_has(c, "ipv4") ? 4 : cli_has(c, "ipv6") ? 6 : 0;
	if (via && o->family && o->via.ip.family != o->family)
		return cli_usage(c, "--connect %s is not an IPv%d address", via, o->family);
	o->cafile = cli_get(c, "cafile");
	o->ciphers = cli_get(c, "ciphers");
	o->insecure = cli_has(c, "insecure");
	const char *tls = cli_get(c, "tls");
	o->min = version_of(tls ? tls : cli_get(c, "min"), 0x0303);
	o->max = version_of(tls ? tls : cli_get(c, "max"), 0x0304);
	if (o->min > o->max)
		return cli_usage(c, "--min is newer than --max: no version is left to offer");
	o->secrets = cli_has(c, "secrets");
	o->quick = cli_has(c, "quiet") && !cli_has(c, "json") && !cli_has(c, "html") && !cli_has(c, "ladder");
	o->ask = cli_has(c, "send") ? ASK_GIVEN : cli_has(c, "no-request") || o->quick ? ASK_NOTHING : ASK_USUAL;
	return cli_seconds(c, "timeout", 3600, &o->timeout_ns) ? EXIT_YES : EXIT_USAGE;
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
	struct target target;
	struct secret secret = {0};
	const char *send = cli_get(c, "send"), *keylog = cli_get(c, "keylog");
	int status = sodium_init() < 0 ? cli_fail(c, ERR_INTERNAL, "libsodium cannot be set up") : EXIT_YES;

	cli_catch_interrupt();
	o.cancel_fd = cli_interrupt_fd();
	if (status == EXIT_YES)
		status = read_connect(c, &o, &target);
	if (status == EXIT_YES && send)
		status = read_secret(c, send, &secret);
	if (status == EXIT_YES && keylog)
		status = open_keylog(c, keylog, &o.keylog_fd);
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
        .args = "HOST:PORT",
        .min_args = 1,
        .max_args = 1,
        .summary = "show a TLS handshake message by message, and every check of the certificate",
        .options = connect_options,
        .run = verb_connect},
    {0}};

static const struct cli_tool tool = {.name = "tlsview",
    .summary = "what happens behind https: who is at the other end, and how that is proved",
    .verbs = verbs,
    .examples = "  tlsview connect bank.example:443\n"
                "  tlsview connect bank.example:443 --ladder --no-explain\n"
                "  tlsview connect bank.example:443 --cafile root.pem --connect 192.0.2.1\n"
                "  tlsview connect bank.example:443 --send request.http",
    .notes = "Exit status: 0 the server proved its name, 1 it did not (also with --insecure), 2 usage,\n"
             "3 network or timeout, 4 what came is not TLS, 5 a file cannot be used, or an internal error."};

int main(int argc, char **argv)
{
	return cli_main(&tool, argc, argv);
}
