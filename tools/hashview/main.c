/* hashview: the options. */
#include <openssl/crypto.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "glassnet/cli.h"
#include "sum.h"

static const struct cli_option sum_options[] = {
    {.name = "algorithm",
        .letter = 'a',
        .arg = "NAME",
        .help =
            "sha3-256 (default), sha3-512, sha256, sha512, blake2b, sha1, md5, sha224, sha384, sha512-256, "
            "sha3-224, sha3-384, blake2b-256; with -c: lines of this function only (default: any)"},
    {.name = "check",
        .letter = 'c',
        .help = "read lists of checksums from FILEs and check the files in them"},
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
    {.name = "output", .letter = 'o', .arg = "FILE", .help = "write to FILE instead of standard output"},
    CLI_END};

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
	struct sum_report r = {
	    .out = c->out, .err = stderr, .terminal = isatty(fileno(c->out)), .tool = "hashview"};
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

static const struct cli_verb verbs[] = {{.name = "sum",
                                            .args = "[FILE...]",
                                            .min_args = 0,
                                            .max_args = -1,
                                            .summary = "fingerprints of files; with -c check lists of them",
                                            .options = sum_options,
                                            .run = verb_sum},
    {0}};

static const struct cli_tool tool = {.name = "hashview",
    .summary = "a fingerprint for everything: what hash functions do, and what they are good for",
    .verbs = verbs,
    .examples = "  hashview sum paper.pdf photo.jpg\n"
                "  hashview sum -a sha256 --check SHA256SUMS\n",
    .notes = "Exit status: 0 yes, 1 a valid no (a checksum that differs), 2 usage, 4 malformed input,\n"
             "5 a file cannot be used, or an internal error."};

int main(int argc, char **argv)
{
	/* The machine's openssl.cnf has nothing to say here; reading it takes longer than a small file. */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	return cli_main(&tool, argc, argv);
}
