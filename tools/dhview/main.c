/* dhview: the options. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "glassnet/cli.h"

#include "bare.h"
#include "paint.h"
#include "reach.h"
#include "session.h"
#include "toy.h"

static int end(struct cli *c, struct trace *t, enum err e)
{
	return cli_trace_close(c, t, cli_interrupted() ? 128 + SIGINT : (int)err_exit(e));
}

/* --- colors --- */

static const struct cli_option colors_options[] = {
    {.name = "common", .arg = "RRGGBB", .help = "the common paint (default fad73c)"},
    {.name = "alice", .arg = "RRGGBB", .help = "Alice's secret paint (default c81e1e)"},
    {.name = "bob", .arg = "RRGGBB", .help = "Bob's secret paint (default 1e50c8)"}, CLI_TRACE_OPTIONS, CLI_END};

static bool read_colour(struct cli *c, const char *option, struct rgb *out)
{
	const char *text = cli_get(c, option);

	if (!text)
		return true;
	if (strlen(text) != 6 || strspn(text, "0123456789abcdefABCDEF") != 6) {
		cli_usage(
		    c, "--%s takes six hexadecimal digits, two each of red, green and blue, not '%s'", option, text);
		return false;
	}
	unsigned long v = strtoul(text, NULL, 16);
	*out = (struct rgb){(uint8_t)(v >> 16), (uint8_t)(v >> 8 & 255), (uint8_t)(v & 255)};
	return true;
}

static struct paint_canvas canvas_of(struct cli *c)
{
	struct term_style s = cli_style(c);
	const char *depth = getenv("COLORTERM");
	bool full = depth && (strcmp(depth, "truecolor") == 0 || strcmp(depth, "24bit") == 0);

	if (cli_has(c, "json") || s.quiet)
		return (struct paint_canvas){0};
	return (struct paint_canvas){.out = c->out, .depth = !s.colour ? PAINT_NAMES : full ? PAINT_TRUE : PAINT_256};
}

static int verb_colors(struct cli *c)
{
	struct paint_story s = {.common = {250, 215, 60}, .alice = {200, 30, 30}, .bob = {30, 80, 200}};
	struct trace t;

	if (!read_colour(c, "common", &s.common) || !read_colour(c, "alice", &s.alice) ||
	    !read_colour(c, "bob", &s.bob))
		return EXIT_USAGE;
	struct paint_canvas canvas = canvas_of(c);
	enum err e = cli_trace_open(c, &t, &clock_real, "dhview");
	if (e == ERR_OK) {
		paint_mix(&s);
		paint_tell(&s, &t, &canvas);
	}
	return end(c, &t, e);
}

/* --- toy --- */

static const struct cli_option toy_options[] = {{.name = "p", .arg = "P", .help = "the modulus (default 23)"},
    {.name = "g", .arg = "G", .help = "whose powers are taken (default 5)"},
    {.name = "alice", .arg = "A", .help = "Alice's secret number (default: drawn)"},
    {.name = "bob", .arg = "B", .help = "Bob's secret number (default: drawn)"},
    {.name = "crack", .help = "let Eve try three ways, and measure how the time grows with the size"},
    CLI_TRACE_OPTIONS, CLI_END};

static int64_t monotonic(void *ctx)
{
	struct timespec ts;

	(void)ctx;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static bool interrupted(void *ctx)
{
	(void)ctx;
	return cli_interrupted();
}

static void say_size(void *ctx, enum crack_method m, unsigned bits)
{
	(void)ctx;
	cli_progress("measuring %s, %u bits", crack_name(m), bits);
}

static bool read_number(struct cli *c, const char *option, uint64_t min, uint64_t max, uint64_t *out)
{
	const char *text = cli_get(c, option);
	char *rest;

	if (!text)
		return true;
	errno = 0;
	unsigned long long v = strtoull(text, &rest, 10);
	if (errno || *rest || rest == text || !strchr("0123456789", text[0]) || v < min || v > max) {
		cli_usage(c, "--%s takes a whole number from %llu to %llu, not '%s'", option, (unsigned long long)min,
		    (unsigned long long)max, text);
		return false;
	}
	*out = v;
	return true;
}

/* A secret from 1 to p - 2. */
static uint64_t draw(uint64_t p)
{
	uint64_t v;

	do
		randombytes_buf(&v, sizeof(v));
	while (v >= UINT64_MAX - UINT64_MAX % (p - 2));
	return v % (p - 2) + 1;
}

static int verb_toy(struct cli *c)
{
	const struct curve_measure measure = {
	    .now_ns = monotonic, .stop = interrupted, .progress = say_size, .max_bits = {24, 36, 40}};
	struct toy_options o = {.p = 23, .g = 5, .crack = cli_has(c, "crack"), .measure = &measure};
	struct toy toy = {0};
	struct trace t;

	if (sodium_init() < 0)
		return cli_fail(c, ERR_INTERNAL, "libsodium cannot be set up");
	if (!read_number(c, "p", 3, MODULUS_MAX - 1, &o.p) || !read_number(c, "g", 0, o.p - 1, &o.g))
		return EXIT_USAGE;
	o.a = draw(o.p);
	o.b = draw(o.p);
	if (!read_number(c, "alice", 1, o.p - 1, &o.a) || !read_number(c, "bob", 1, o.p - 1, &o.b))
		return EXIT_USAGE;
	cli_catch_interrupt();
	enum err e = cli_trace_open(c, &t, &clock_real, "dhview");
	if (e == ERR_OK)
		e = toy_run(&o, &t, &toy);
	cli_progress_end();
	if (!cli_has(c, "json") && !cli_has(c, "quiet"))
		curve_draw(&toy.curve, c->out, cli_style(c).width);
	return end(c, &t, e);
}

/* --- x25519 --- */

static const struct cli_option x25519_options[] = {
    {.name = "private-file",
        .arg = "FILE",
        .help = "the private number: 64 hexadecimal digits in FILE (- for standard input)"},
    {.name = "public",
        .arg = "HEX",
        .help = "the point to multiply (default: the base point, which gives the public key)"},
    {.name = "self-test", .help = "compute the vectors of RFC 7748 and the iterated test, and compare"},
    {.name = "iterations",
        .arg = "N",
        .choices = "1|1000|1000000",
        .help = "of the iterated test (default 1000; a million take a minute)"},
    CLI_TRACE_OPTIONS, CLI_END};

static bool say_done(void *ctx, long done)
{
	(void)ctx;
	cli_progress("iterated test: %ld", done);
	return cli_interrupted();
}

static int read_private(struct cli *c, const char *path, uint8_t out[static X25519_LEN])
{
	char text[256];
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC), status = EXIT_YES;
	size_t len = 0, at;
	ssize_t n = -1;

	while (fd >= 0 && len < sizeof(text) && (n = read(fd, text + len, sizeof(text) - len)) > 0)
		len += (size_t)n;
	if (fd < 0 || n < 0)
		status = cli_fail(c, ERR_IO, "%s: %s", path, strerror(errno));
	else if (bare_parse(out, text, len, &at) != ERR_OK)
		status = cli_fail(
		    c, ERR_FORMAT, "%s: offset %zu: 64 hexadecimal digits and nothing else are needed", path, at);
	if (fd > STDIN_FILENO)
		close(fd);
	sodium_memzero(text, sizeof(text));
	return status;
}

static int run_x25519(struct cli *c, const uint8_t *private_key, const uint8_t *public_key, long iterations)
{
	uint8_t out[X25519_LEN];
	struct trace t;
	enum err e = cli_trace_open(c, &t, &clock_real, "dhview");

	if (e == ERR_OK && private_key)
		e = bare_run(private_key, public_key, &t, out);
	else if (e == ERR_OK)
		e = bare_self_test(&t, iterations, say_done, NULL);
	cli_progress_end();
	sodium_memzero(out, sizeof(out));
	return end(c, &t, e);
}

static int verb_x25519(struct cli *c)
{
	uint8_t private_key[X25519_LEN], public_key[X25519_LEN];
	const char *file = cli_get(c, "private-file"), *hex = cli_get(c, "public"), *n = cli_get(c, "iterations");
	bool test = cli_has(c, "self-test");
	size_t at;

	if (sodium_init() < 0)
		return cli_fail(c, ERR_INTERNAL, "libsodium cannot be set up");
	if (test == (file != NULL))
		return cli_usage(c, "give --private-file FILE, or --self-test");
	if ((test && hex) || (!test && n))
		return cli_usage(c, "--public belongs to --private-file, --iterations to --self-test");
	if (hex && bare_parse(public_key, hex, strlen(hex), &at) != ERR_OK)
		return cli_usage(c, "--public takes 64 hexadecimal digits");
	cli_catch_interrupt();
	int status = file ? read_private(c, file, private_key) : EXIT_YES;
	if (status == EXIT_YES)
		status =
		    run_x25519(c, file ? private_key : NULL, hex ? public_key : NULL, n ? strtol(n, NULL, 10) : 1000);
	sodium_memzero(private_key, sizeof(private_key));
	return status;
}

/* --- connect, listen, keygen --- */

#define DEFAULT_PORT 7748

#define TALK_OPTIONS                                                                                                 \
	{.name = "auth", .arg = "KEYFILE", .help = "sign with this Ed25519 key, and talk to known peers only"},      \
	    {.name = "peers",                                                                                        \
	        .arg = "FILE",                                                                                       \
	        .help = "the known peers, a line each: NAME ed25519 HEX (with --auth)"},                             \
	    {.name = "idle", .arg = "SECONDS", .help = "end after so long a silence (default 600)"},                 \
	{                                                                                                            \
		.name = "timeout", .arg = "SECONDS",                                                                 \
		.help = "give up on the connection and on the exchange after SECONDS (default 10)"                   \
	}

static const struct cli_option connect_options[] = {
    {.name = "group", .arg = "GROUP", .choices = DH_GROUPS, .help = "the group to use (default x25519)"},
    TALK_OPTIONS, CLI_TRACE_OPTIONS, CLI_END};

static const struct cli_option listen_options[] = {
    {.name = "group", .arg = "GROUP", .choices = DH_GROUPS, .help = "take this group only (default: any)"},
    TALK_OPTIONS,
    {.name = "wait", .arg = "SECONDS", .help = "give up when nobody has come after SECONDS (default 600)"},
    CLI_TRACE_OPTIONS, CLI_END};

struct talk_setup {
	struct session_options o;
	struct endpoint at;
	int64_t wait_ns;
	uint8_t secret_key[64];
	struct peers peers;
	char self[65], peer[ENDPOINT_TEXT];
};

static int read_keys(struct cli *c, struct talk_setup *s)
{
	const char *key = cli_get(c, "auth"), *peers = cli_get(c, "peers");
	char why[256];
	enum err e = ERR_OK;

	if (!key != !peers)
		return cli_usage(c, "--auth and --peers belong together: who one is, and whom one knows");
	if (!key)
		return EXIT_YES;
	if ((e = key_read(s->secret_key, key, why)) != ERR_OK || (e = peers_read(&s->peers, peers, why)) != ERR_OK)
		return cli_fail(c, e, "%s", why);
	s->o.secret_key = s->secret_key;
	s->o.peers = &s->peers;
	return EXIT_YES;
}

static int read_talk(struct cli *c, struct talk_setup *s)
{
	const char *group = cli_get(c, "group");

	s->o.timeout_ns = 10 * NS_PER_S;
	s->o.idle_ns = s->wait_ns = 600 * NS_PER_S;
	if (sodium_init() < 0)
		return cli_fail(c, ERR_INTERNAL, "libsodium cannot be set up");
	if (endpoint_parse(&s->at, c->argv[0], DEFAULT_PORT) != ERR_OK)
		return cli_usage(c, "'%s' is no ADDR:PORT, as in 192.0.2.1:7748 or [2001:db8::1]:7748", c->argv[0]);
	if (group && dh_group_parse(&s->o.group, group) != ERR_OK)
		return cli_usage(c, "there is no group '%s'", group);
	if (!cli_seconds(c, "timeout", 3600, &s->o.timeout_ns) || !cli_seconds(c, "idle", 86400, &s->o.idle_ns) ||
	    !cli_seconds(c, "wait", 86400, &s->wait_ns))
		return EXIT_USAGE;
	if (gethostname(s->self, sizeof(s->self) - 1) != 0 || !s->self[0])
		strcpy(s->self, s->o.side == DH_CLIENT ? "client" : "server");
	return read_keys(c, s);
}

static enum err reach(struct talk_setup *s, struct trace *t)
{
	struct endpoint peer = s->at;
	enum err e = s->o.side == DH_CLIENT
	                 ? dial(&s->at, deadline_in(s->o.timeout_ns, s->o.cancel_fd), &s->o.fd)
	                 : reach_listen(&s->at, deadline_in(s->wait_ns, s->o.cancel_fd), t, &s->o.fd, &peer);

	s->o.peer = ip_text(s->peer, &peer.ip);
	return e;
}

static int run_talk(struct cli *c, struct talk_setup *s)
{
	struct session_result res = {0};
	struct trace t;
	char at[ENDPOINT_TEXT];

	cli_catch_interrupt();
	s->o.cancel_fd = cli_interrupt_fd();
	s->o.self = s->self;
	s->o.input_fd = STDIN_FILENO;
	s->o.fd = -1;
	enum err e = cli_trace_open(c, &t, &clock_real, s->self);
	if (e == ERR_OK && (e = reach(s, &t)) != ERR_OK) {
		if (!cli_interrupted())
			cli_fail(c, e, "%s: %s", endpoint_text(at, &s->at),
			    e == ERR_TIMEOUT ? "nobody there in time"
			    : e == ERR_NET   ? strerror(errno)
			                     : err_text(e));
	} else if (e == ERR_OK) {
		e = session_run(&s->o, &t, &res);
	}
	if (s->o.fd >= 0)
		close(s->o.fd);
	sodium_memzero(s->secret_key, sizeof(s->secret_key));
	return end(c, &t, e);
}

static int verb_connect(struct cli *c)
{
	struct talk_setup s = {.o = {.side = DH_CLIENT, .group = DH_GROUP_X25519}};
	int status = read_talk(c, &s);

	return status == EXIT_YES ? run_talk(c, &s) : status;
}

static int verb_listen(struct cli *c)
{
	struct talk_setup s = {.o = {.side = DH_SERVER}};
	int status = read_talk(c, &s);

	return status == EXIT_YES ? run_talk(c, &s) : status;
}

static const struct cli_option keygen_options[] = {
    {.name = "name", .arg = "NAME", .help = "how others shall call this key (default: the host's name)"}, CLI_END};

static int verb_keygen(struct cli *c)
{
	const char *name = cli_get(c, "name");
	char host[65] = "", line[PEER_LINE], why[256];

	if (sodium_init() < 0)
		return cli_fail(c, ERR_INTERNAL, "libsodium cannot be set up");
	if (!name && gethostname(host, sizeof(host) - 1) == 0)
		name = host;
	if (!name || !name[0] || strlen(name) >= PEER_NAME || strpbrk(name, " \t\r\n") || name[0] == '#')
		return cli_usage(c, "--name takes one word of at most %d octets", PEER_NAME - 1);
	enum err e = key_make(c->argv[0], name, line, why);
	if (e != ERR_OK)
		return cli_fail(c, e, "%s", why);
	fprintf(c->out, "%s\n", line);
	return EXIT_YES;
}

/* --- the tool --- */

static const struct cli_verb verbs[] = {
    {.name = "colors",
        .args = "",
        .summary = "the idea as a story with paint, and why paint is only a picture",
        .options = colors_options,
        .run = verb_colors},
    {.name = "toy",
        .args = "",
        .summary = "the exchange with small numbers, checked by hand; Eve tries to break it",
        .options = toy_options,
        .run = verb_toy},
    {.name = "connect",
        .args = "ADDR[:PORT]",
        .min_args = 1,
        .max_args = 1,
        .summary = "agree on a key with whoever listens there, then talk under it, line by line",
        .options = connect_options,
        .run = verb_connect},
    {.name = "listen",
        .args = "ADDR[:PORT]",
        .min_args = 1,
        .max_args = 1,
        .summary = "wait there for one who connects, then the same",
        .options = listen_options,
        .run = verb_listen},
    {.name = "keygen",
        .args = "KEYFILE",
        .min_args = 1,
        .max_args = 1,
        .summary = "make an Ed25519 key, and print its line for the others' file of known peers",
        .options = keygen_options,
        .run = verb_keygen},
    {.name = "x25519",
        .args = "",
        .summary = "the bare function of RFC 7748, for vectors",
        .options = x25519_options,
        .run = verb_x25519},
    {0}};

static const struct cli_tool tool = {.name = "dhview",
    .summary = "how two agree on a secret while everybody listens (Diffie and Hellman)",
    .verbs = verbs,
    .examples = "  dhview colors\n"
                "  dhview toy\n"
                "  dhview toy --p 2147483579 --g 4 --crack\n"
                "  dhview toy --p 31 --g 2\n"
                "  dhview listen 0.0.0.0:7748        and on another host: dhview connect 192.0.2.1:7748\n"
                "  dhview keygen alice.key >>bobs-peers\n"
                "  dhview connect 192.0.2.1 --auth alice.key --peers peers\n"
                "  dhview x25519 --self-test",
    .notes = "Exit status: 0 yes, 1 refused (unsafe parameters, a point of small order, a peer who does not "
             "prove\n"
             "who he is), 2 usage, 3 network or timeout, 4 malformed input, 5 a file cannot be used, or "
             "internal."};

int main(int argc, char **argv)
{
	return cli_main(&tool, argc, argv);
}
