/* hashview: the options. */
#include <errno.h>
#include <openssl/crypto.h>
#include <sched.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "avalanche.h"
#include "compare.h"
#include "cputime.h"
#include "crack.h"
#include "download.h"
#include "glassnet/cli.h"
#include "minisign.h"
#include "password.h"
#include "seal.h"
#include "secret.h"
#include "step.h"
#include "sum.h"

static const struct cli_option sum_options[] = {
    {.name = "algorithm",
        .letter = 'a',
        .arg = "NAME",
        .help = "sha3-256 (default), sha3-512, sha256, sha512, blake2b, sha1, md5, sha224, sha384, sha512-256, "
                "sha3-224, sha3-384, blake2b-256; with -c: lines of this function only (default: any)"},
    {.name = "check", .letter = 'c', .help = "read lists of checksums from FILEs and check the files in them"},
    {.name = "binary", .letter = 'b', .help = "write * before each name, as sha256sum -b does"},
    {.name = "text", .letter = 't', .help = "write a space there (the default)"},
    {.name = "tag", .help = "write lines that name the function, as BSD does"},
    {.name = "zero", .letter = 'z', .help = "lines end with NUL, and names are written as they are"},
    {.name = "ignore-missing", .help = "with -c: a file that is not there is no failure"},
    {.name = "quiet", .letter = 'q', .help = "with -c: say nothing of files that are as they were"},
    {.name = "status", .help = "with -c: say nothing; the exit status tells"},
    {.name = "strict", .help = "with -c: a line that is no checksum line is a failure"},
    {.name = "warn", .letter = 'w', .help = "with -c: name each line that is no checksum line"},
    {.name = "jobs",
        .letter = 'j',
        .arg = "N",
        .help = "read N files at once (default: as many as there are processors)"},
    {.name = "json", .help = "print events as JSON lines (schema glassnet-trace, versioned)"},
    {.name = "output", .letter = 'o', .arg = "FILE", .help = "write to FILE instead of standard output"}, CLI_END};

static unsigned processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

static int read_sum(struct cli *c, struct sum_options *o)
{
	static const char *const checking[] = {"ignore-missing", "quiet", "status", "strict", "warn"};
	const char *name = cli_get(c, "algorithm");
	long threads = (long)processors();
	bool check = cli_has(c, "check");

	if (name && !algo_by_name(name, &o->algo))
		return cli_usage(c, "there is no function '%s' here", name);
	for (size_t i = 0; !check && i < sizeof(checking) / sizeof(checking[0]); i++)
		if (cli_has(c, checking[i]))
			return cli_usage(c, "--%s has a meaning with --check only", checking[i]);
	if (check && (cli_has(c, "tag") || cli_has(c, "binary") || cli_has(c, "text")))
		return cli_usage(c, "--tag, --binary and --text say how lists are written: not with --check");
	if (!cli_number(c, "jobs", 1, 64, &threads))
		return EXIT_USAGE;
	o->algo_given = name != NULL;
	o->style = cli_has(c, "tag") ? LIST_TAG : cli_has(c, "binary") ? LIST_BINARY : LIST_TEXT;
	o->zero = cli_has(c, "zero");
	o->ignore_missing = cli_has(c, "ignore-missing");
	o->quiet = cli_has(c, "quiet");
	o->status = cli_has(c, "status");
	o->strict = cli_has(c, "strict");
	o->warn = cli_has(c, "warn");
	o->threads = (unsigned)threads;
	return EXIT_YES;
}

static void show_progress(void *ctx, uint64_t octets)
{
	const uint64_t *total = ctx;

	if (*total)
		cli_progress("%.1f of %.1f MB", (double)octets / 1e6, (double)*total / 1e6);
	else
		cli_progress("%.1f MB", (double)octets / 1e6);
}

static uint64_t total_size(char *const files[], int n)
{
	uint64_t total = 0;
	struct stat st;

	for (int i = 0; i < n; i++)
		if (stat(files[i], &st) == 0 && S_ISREG(st.st_mode))
			total += (uint64_t)st.st_size;
	return total;
}

static int verb_sum(struct cli *c)
{
	char dash[] = "-", *standard[] = {dash, NULL};
	struct sum_options o = {.algo = ALGO_SHA3_256};
	struct sum_report r = {.out = c->out, .err = stderr, .terminal = isatty(fileno(c->out)), .tool = "hashview"};
	char *const *files = c->argc ? c->argv : standard;
	size_t n = c->argc ? (size_t)c->argc : 1;
	struct sum_counts counts;
	struct trace t;
	uint64_t total = 0;
	int status = read_sum(c, &o);

	if (status != EXIT_YES)
		return status;
	if (isatty(STDERR_FILENO)) {
		total = cli_has(c, "check") ? 0 : total_size(c->argv, c->argc);
		o.progress = show_progress;
		o.progress_ctx = &total;
	}
	if (cli_has(c, "json")) {
		enum err e = cli_trace_open(c, &t, &clock_real, "hashview");
		if (e != ERR_OK)
			return cli_fail(c, e, "%s", err_text(e));
		r.trace = &t;
	}
	status = (cli_has(c, "check") ? sum_check : sum_make)(&o, &r, files, n, &counts);
	return r.trace ? cli_trace_close(c, &t, status) : status;
}

/* --- what needs a secret
 * ------------------------------------------------------------------------------------------ */

#define COST_OPTIONS                                                                                                 \
	{.name = "memory", .arg = "MIB", .help = "memory that each guess shall cost, in MiB"},                       \
	{                                                                                                            \
		.name = "passes", .arg = "N", .help = "passes over it"                                               \
	}

static const struct cli_option password_options[] = {
    {.name = "file", .letter = 'f', .arg = "FILE", .help = "the password file (default: passwords.argon2id)"},
    {.name = "replace", .help = "add: give a user who is there already another password"}, COST_OPTIONS,
    CLI_TRACE_OPTIONS, CLI_END};

static bool read_cost(struct cli *c, long max_mib, long max_passes, uint32_t *memory_kib, uint32_t *passes)
{
	long mib = *memory_kib / 1024, n = *passes;

	if (!cli_number(c, "memory", 1, max_mib, &mib) || !cli_number(c, "passes", 1, max_passes, &n))
		return false;
	*memory_kib = (uint32_t)mib * 1024;
	*passes = (uint32_t)n;
	return true;
}

static int get_secret(struct cli *c, char **out, size_t *len, const char *prompt, bool twice)
{
	const char *why = "";

	if (sodium_init() < 0)
		return cli_fail(c, ERR_INTERNAL, "libsodium cannot be set up");
	cli_catch_interrupt();
	enum err e = secret_read(out, len, prompt, twice, &why);
	if (e == ERR_OK)
		return EXIT_YES;
	if (cli_interrupted())
		return 128 + SIGINT;
	return e == ERR_FORMAT ? cli_fail(c, e, "the %s can't be used: %s", prompt, why)
	                       : cli_fail(c, e, "no %s could be read: %s", prompt, strerror(errno));
}

static int verb_password(struct cli *c)
{
	struct password_request q = {.file = cli_get(c, "file") ? cli_get(c, "file") : "passwords.argon2id",
	    .user = c->argv[1],
	    .replace = cli_has(c, "replace"),
	    .memory_kib = 65536,
	    .passes = 3};
	bool add = strcmp(c->argv[0], "add") == 0;
	struct trace t;
	char *secret = NULL;

	if (!add && strcmp(c->argv[0], "check") != 0)
		return cli_usage(c, "'%s' is neither add nor check", c->argv[0]);
	if (!password_user_is_good(q.user))
		return cli_usage(c, "a user's name has 1 to %d characters, and neither spaces nor ':'", USER_MAX);
	if (!read_cost(c, PASSWORD_MEMORY_MAX_KIB / 1024, PASSWORD_PASSES_MAX, &q.memory_kib, &q.passes))
		return EXIT_USAGE;
	int status = get_secret(c, &secret, &q.len, "password", add);
	if (status != EXIT_YES)
		return status;
	q.password = secret;
	enum err e = cli_trace_open(c, &t, &clock_real, "hashview");
	if (e == ERR_OK)
		e = (add ? password_add : password_check)(&q, &t);
	sodium_free(secret);
	return cli_trace_close(c, &t, (int)err_exit(e));
}

static const struct cli_option seal_options[] = {
    {.name = "to", .arg = "FILE", .help = "make FILE (default: with .sealed at the end, or without it)"},
    {.name = "keep", .letter = 'k', .help = "leave the old file where it is"}, COST_OPTIONS, CLI_TRACE_OPTIONS,
    CLI_END};
static const struct cli_option open_options[] = {
    {.name = "to", .arg = "FILE", .help = "make FILE (default: the name without .sealed)"},
    {.name = "keep", .letter = 'k', .help = "leave the sealed file where it is"}, CLI_TRACE_OPTIONS, CLI_END};

/* The name of the file to make, in room. NULL: it can't be told from the old one's. */
static const char *other_name(const char *from, bool seal, char *room, size_t cap)
{
	size_t n = strlen(from), s = strlen(SEAL_SUFFIX);

	if (n + s >= cap)
		return NULL;
	if (seal)
		return strcat(strcpy(room, from), SEAL_SUFFIX);
	if (n <= s || strcmp(from + n - s, SEAL_SUFFIX) != 0)
		return NULL;
	memcpy(room, from, n - s);
	room[n - s] = '\0';
	return room;
}

static void show_share(uint64_t done, uint64_t all)
{
	cli_progress("%.0f of %.0f MB", (double)done / 1e6, (double)all / 1e6);
}

static int seal_or_open(struct cli *c, bool seal)
{
	char room[4096 + sizeof(SEAL_SUFFIX)], *secret = NULL;
	struct seal_request q = {.from = c->argv[0],
	    .to = cli_get(c, "to"),
	    .keep = cli_has(c, "keep"),
	    .memory_kib = 262144,
	    .passes = 3,
	    .progress = isatty(STDERR_FILENO) ? show_share : NULL};
	struct trace t;

	if (!q.to)
		q.to = other_name(q.from, seal, room, sizeof(room));
	if (!q.to)
		return cli_usage(
		    c, "%s does not end in %s: say with --to what to call the opened file", q.from, SEAL_SUFFIX);
	if (seal && !read_cost(c, SEAL_MEMORY_MAX_KIB / 1024, SEAL_PASSES_MAX, &q.memory_kib, &q.passes))
		return EXIT_USAGE;
	int status = get_secret(c, &secret, &q.len, "passphrase", seal);
	if (status != EXIT_YES)
		return status;
	signal(SIGINT, SIG_DFL); /* from here on a Ctrl-C just ends it: what is half made has no name yet */
	signal(SIGTERM, SIG_DFL);
	q.passphrase = secret;
	enum err e = cli_trace_open(c, &t, &clock_real, "hashview");
	if (e == ERR_OK)
		e = (seal ? seal_file : open_file)(&q, &t);
	sodium_free(secret);
	return cli_trace_close(c, &t, (int)err_exit(e));
}

static int verb_seal(struct cli *c)
{
	return seal_or_open(c, true);
}

static int verb_open(struct cli *c)
{
	return seal_or_open(c, false);
}

/* --- experiments
 * -------------------------------------------------------------------------------------------------- */

static const struct cli_option crack_options[] = {
    {.name = "words", .arg = "FILE", .help = "guess the words of FILE, one a line (default: a list of its own)"},
    {.name = "no-table", .help = "leave the rainbow table out"}, COST_OPTIONS, CLI_TRACE_OPTIONS, CLI_END};

static int read_words(struct cli *c, struct words *w)
{
	const char *path = cli_get(c, "words");
	FILE *in = path ? fopen(path, "re") : NULL;

	if (path && !in)
		return cli_fail(c, ERR_IO, "%s: %s", path, strerror(errno));
	enum err e = in ? words_read(w, in) : words_builtin(w);
	if (in)
		fclose(in);
	if (e == ERR_OK && w->n == 0)
		return cli_fail(c, ERR_FORMAT, "%s: there is no word in it", path);
	return e == ERR_OK ? EXIT_YES : cli_fail(c, e, "%s: %s", path ? path : "word list", err_text(e));
}

static int verb_crack(struct cli *c)
{
	struct crack_options o = {.clock = &clock_cpu,
	    .memory_kib = 65536,
	    .passes = 3,
	    .argon_ns = NS_PER_S,
	    .random = randombytes_uniform,
	    .interrupted = cli_interrupted,
	    .rainbow = !cli_has(c, "no-table")};
	struct words w = {0};
	struct crack_result res;
	struct trace t;

	if (!read_cost(c, PASSWORD_MEMORY_MAX_KIB / 1024, PASSWORD_PASSES_MAX, &o.memory_kib, &o.passes))
		return EXIT_USAGE;
	if (sodium_init() < 0)
		return cli_fail(c, ERR_INTERNAL, "libsodium cannot be set up");
	cli_catch_interrupt();
	int status = read_words(c, &w);
	if (status == EXIT_YES) {
		enum err e = cli_trace_open(c, &t, &clock_real, "mallory");
		if (e == ERR_OK)
			e = crack_run(&w, &o, &t, &res);
		status = cli_trace_close(c, &t, cli_interrupted() ? 128 + SIGINT : (int)err_exit(e));
	}
	words_release(&w);
	return status;
}

static const struct cli_option avalanche_options[] = {
    {.name = "algorithm", .letter = 'a', .arg = "NAME", .help = "a function of hashview sum (default: sha3-256)"},
    {.name = "bit", .arg = "N", .help = "change bit N of the text (default: the last one)"}, CLI_TRACE_OPTIONS,
    CLI_END};

static int verb_avalanche(struct cli *c)
{
	const char *text = c->argv[0], *name = cli_get(c, "algorithm");
	size_t len = strlen(text);
	long bit = (long)(len * 8) - 1;
	enum algo a = ALGO_SHA3_256;
	struct avalanche_result res;
	struct trace t;

	if (name && !algo_by_name(name, &a))
		return cli_usage(c, "there is no function '%s' here", name);
	if (len == 0)
		return cli_usage(c, "an empty text has no bit to change");
	if (!cli_number(c, "bit", 0, bit, &bit))
		return EXIT_USAGE;
	enum err e = cli_trace_open(c, &t, &clock_real, "hashview");
	if (e == ERR_OK)
		e = avalanche_run(a, (const uint8_t *)text, len, (size_t)bit, &t, &res);
	return cli_trace_close(c, &t, (int)err_exit(e));
}

static const struct cli_option step_options[] = {{.name = "algorithm",
                                                     .letter = 'a',
                                                     .arg = "NAME",
                                                     .choices = "sha256|sha3-256",
                                                     .help = "sha256 (the default) or sha3-256"},
    CLI_TRACE_OPTIONS, CLI_END};

static int verb_step(struct cli *c)
{
	const char *name = cli_get(c, "algorithm");
	struct trace t;

	if (strlen(c->argv[0]) > STEP_TEXT_MAX)
		return cli_usage(c, "a text of up to %d octets can be watched", STEP_TEXT_MAX);
	enum err e = cli_trace_open(c, &t, &clock_real, "hashview");
	if (e == ERR_OK)
		e = step_run(
		    name && strcmp(name, "sha3-256") == 0, (const uint8_t *)c->argv[0], strlen(c->argv[0]), &t);
	return cli_trace_close(c, &t, (int)err_exit(e));
}

static const struct cli_option compare_options[] = {
    {.name = "seconds", .arg = "S", .help = "measure each operation for S seconds (default 0.1)"},
    {.name = "rsa",
        .arg = "BITS",
        .choices = "2048|3072|4096",
        .help = "the longest RSA key: making one takes long (default 4096)"},
    CLI_TRACE_OPTIONS, CLI_END};

static void show_what(const char *what)
{
	cli_progress("measuring %s", what);
}

static int verb_compare(struct cli *c)
{
	struct compare_options o = {.clock = &clock_cpu,
	    .each_ns = NS_PER_S / 10,
	    .rsa_bits = 4096,
	    .interrupted = cli_interrupted,
	    .progress = show_what};
	const char *bits = cli_get(c, "rsa");
	struct compare_result res;
	struct trace t;

	if (!cli_seconds(c, "seconds", 60, &o.each_ns))
		return EXIT_USAGE;
	if (bits)
		o.rsa_bits = (unsigned)strtoul(bits, NULL, 10);
	cli_catch_interrupt();
	enum err e = cli_trace_open(c, &t, &clock_real, "hashview");
	if (e == ERR_OK)
		e = compare_run(&o, &t, &res);
	return cli_trace_close(c, &t, cli_interrupted() ? 128 + SIGINT : (int)err_exit(e));
}

/* --- download
 * ------------------------------------------------------------------------------------------ */

static const struct cli_option download_options[] = {
    {.name = "checksum", .arg = "URL", .help = "hold the file against the list of checksums at URL"},
    {.name = "signature", .arg = "URL", .help = "verify it with the minisign signature at URL"},
    {.name = "key", .arg = "FILE", .help = "the publisher's public key, in minisign's format; with --signature"},
    {.name = "to", .arg = "FILE", .help = "keep it as FILE (default: the last part of the URL, here)"},
    CLI_TIMEOUT_OPTION, CLI_TRACE_OPTIONS, CLI_END};

static int verb_download(struct cli *c)
{
	char name[256], key[MINISIGN_TEXT_MAX], self[65] = "";
	struct download_request q = {.url = c->argv[0],
	    .to = cli_get(c, "to"),
	    .checksum = cli_get(c, "checksum"),
	    .signature = cli_get(c, "signature"),
	    .key = key,
	    .self = gethostname(self, sizeof(self) - 1) == 0 && *self ? self : "here"};
	struct curl_options curl = {.timeout_s = 30};
	struct download_fetch fetch = {.get = curl_get, .ctx = &curl};
	int64_t timeout = 30 * NS_PER_S;
	struct trace t;

	if (!q.to)
		q.to = download_name(q.url, name, sizeof(name));
	if (!*q.to)
		return cli_usage(c, "say with --to what to call it: '%s' ends without a name", q.url);
	if (!q.signature != !cli_has(c, "key"))
		return cli_usage(c, "--signature needs --key, and --key needs --signature");
	if (!cli_seconds(c, "timeout", 3600, &timeout))
		return EXIT_USAGE;
	curl.timeout_s = (unsigned)((timeout + NS_PER_S - 1) / NS_PER_S);
	if (q.signature) {
		FILE *in = fopen(cli_get(c, "key"), "re");
		if (!in)
			return cli_fail(c, ERR_IO, "%s: %s", cli_get(c, "key"), strerror(errno));
		q.key_len = fread(key, 1, sizeof(key), in);
		fclose(in);
	}
	enum err e = cli_trace_open(c, &t, &clock_real, "hashview");
	if (e == ERR_OK)
		e = download_run(&q, &fetch, &t);
	return cli_trace_close(c, &t, (int)err_exit(e));
}

static const struct cli_verb verbs[] = {
    {"sum", "[FILE...]", 0, -1, "fingerprints of files; with -c check lists of them", sum_options, verb_sum, false,
        false},
    {"avalanche", "TEXT", 1, 1, "one bit of the text changes: what of the fingerprint does", avalanche_options,
        verb_avalanche, false, false},
    {"step", "TEXT", 1, 1, "SHA-256 round by round, SHA-3 step by step", step_options, verb_step, false, false},
    {"password", "add|check USER", 2, 2, "keep passwords as they should be kept, and check them", password_options,
        verb_password, false, false},
    {"crack", "", 0, 0, "what a stolen password file is worth: plain, salted, Argon2id; a rainbow table",
        crack_options, verb_crack, false, false},
    {"compare", "", 0, 0, "symmetric, asymmetric and hash functions, measured on this machine", compare_options,
        verb_compare, false, false},
    {"download", "URL", 1, 1, "a file from a mirror, and who vouches for it", download_options, verb_download, false,
        false},
    {"seal", "FILE", 1, 1, "encrypt a file with a passphrase", seal_options, verb_seal, false, false},
    {"open", "FILE", 1, 1, "open a sealed file, if nothing of it was changed", open_options, verb_open, false, false},
    {0}};

static const struct cli_tool tool = {.name = "hashview",
    .summary = "a fingerprint for everything: what hash functions do, and what they are good for",
    .verbs = verbs,
    .examples = "  hashview sum paper.pdf photo.jpg\n"
                "  hashview sum -a sha256 --check SHA256SUMS\n"
                "  hashview password add alice\n"
                "  hashview crack\n"
                "  hashview seal diary.txt\n",
    .notes = "Passwords and passphrases are asked for, or are the first line of standard input.\n"
             "Exit status: 0 yes, 1 a valid no (a checksum that differs, a wrong password), 2 usage,\n"
             "4 malformed input, 5 a file cannot be used, or an internal error."};

int main(int argc, char **argv)
{
	/* The machine's openssl.cnf has nothing to say here; reading it takes longer than a small file. */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	return cli_main(&tool, argc, argv);
}
