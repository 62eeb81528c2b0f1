/* mallory: the attacker at freewifi. Options only; the attack is in freewifi.c. */
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "glassnet/cli.h"
#include "glassnet/lab.h"

#include "dhmiddle.h"
#include "freewifi.h"
#include "sshmiddle.h"

static const struct cli_option freewifi_options[] = {
    {.name = "tls",
        .arg = "HOW",
        .choices = "none|self-signed|own-ca|other-name|expired|leaf-ca|compromised-ca|anonymous|downgrade",
        .help = "the certificate shown in the bank's place; none (the default): https passes untouched"},
    {.name = "rewrite", .help = "change the account number in pages (the default)"},
    {.name = "no-rewrite", .help = "only listen"},
    {.name = "strip", .help = "keep on http who comes by http, and speak the https that the bank wants in his place"},
    {.name = "dns-spoof",
        .help = "answer for the bank in every name server's place, not only as the one that DHCP gave"},
    {.name = "withhold-crl", .help = "let nobody fetch the lists of what the CA has taken back"},
    {.name = "loot", .arg = "FILE", .help = "at the end, write what was read to FILE (JSON, mode 0600)"},
    CLI_TIMEOUT_OPTION, CLI_TRACE_OPTIONS, CLI_END};

/* mallory attacks. It does so only where every host belongs to the lab, and only from the host that is its
 * own. */
static bool may_attack(const struct cli *c)
{
	char host[LAB_HOST_MAX] = "";
	enum err e = lab_self(host);
	if (e == ERR_OK && strcmp(host, FREEWIFI_SELF) == 0)
		return true;
	cli_fail(c, ERR_NEGATIVE,
	    "this program attacks its guests, so it runs only in the lab, on the host mallory; this is %s%s "
	    "(glasslab exec mallory -- mallory freewifi)",
	    e ? "no host of a lab" : "the host ", host);
	return false;
}

/* A pipe or socket as standard input tells us to end by closing. A terminal has Ctrl-C for that, and
 * /dev/null would end us at once. */
static int watched_stdin(void)
{
	struct stat st;
	return fstat(STDIN_FILENO, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)) ? STDIN_FILENO : -1;
}

/* Readable when it is time to end: Ctrl-C, SIGTERM, or nobody writes to the pipe any more that is standard input.
 * It lives as long as the program. */
static int stop_fd(void)
{
	int interrupt = cli_interrupt_fd(), input = watched_stdin(),
	    both = input < 0 ? -1 : epoll_create1(EPOLL_CLOEXEC);

	if (both < 0)
		return interrupt;
	if (epoll_ctl(both, EPOLL_CTL_ADD, interrupt, &(struct epoll_event){.events = EPOLLIN}) != 0 ||
	    epoll_ctl(both, EPOLL_CTL_ADD, input, &(struct epoll_event){.events = EPOLLRDHUP}) != 0) {
		close(both);
		return interrupt;
	}
	return both;
}

/* What all attacks begin with. EXIT_YES: go on, for limit_ns each, until stop is readable. */
static int begin(struct cli *c, int64_t *limit_ns, int *stop)
{
	if (!cli_seconds(c, "timeout", 600, limit_ns))
		return EXIT_USAGE;
	if (!may_attack(c))
		return EXIT_NO;
	cli_catch_interrupt();
	*stop = stop_fd();
	return EXIT_YES;
}

/* … and what they are between the begin and the end of the trace. opt is theirs. */
typedef enum err attack(const void *opt, struct trace *t, char msg[static 256]);

static int play(struct cli *c, attack *run, const void *opt)
{
	struct trace t;
	char msg[256];
	enum err e = cli_trace_open(c, &t, &clock_real, FREEWIFI_SELF);

	if (e == ERR_OK) {
		e = run(opt, &t, msg);
		if (e != ERR_OK && e != ERR_NEGATIVE)
			cli_fail(c, e, "%s", msg);
	}
	return cli_trace_close(c, &t, (int)err_exit(e));
}

static enum err run_freewifi(const void *opt, struct trace *t, char msg[static 256])
{
	return freewifi_run(opt, t, msg);
}

static int verb_freewifi(struct cli *c)
{
	struct freewifi_options opt = {.tls = TLS_NONE,
	    .rewrite = !cli_has(c, "no-rewrite"),
	    .strip = cli_has(c, "strip"),
	    .dns = cli_has(c, "dns-spoof"),
	    .withhold = cli_has(c, "withhold-crl"),
	    .limit_ns = 20 * NS_PER_S,
	    .loot_file = cli_get(c, "loot"),
	    .clock = &clock_real};
	if (cli_has(c, "rewrite") && cli_has(c, "no-rewrite"))
		return cli_usage(c, "--rewrite and --no-rewrite exclude each other");
	if (cli_get(c, "tls") && tls_attack_parse(&opt.tls, cli_get(c, "tls")))
		return cli_usage(c, "--tls: no such attack");
	int status = begin(c, &opt.limit_ns, &opt.stop_fd);
	return status == EXIT_YES ? play(c, run_freewifi, &opt) : status;
}

static const struct cli_option dh_options[] = {
    {.name = "change", .arg = "WORD", .help = "put another word in its place, wherever it is said (with --into)"},
    {.name = "into", .arg = "WORD", .help = "that other word"}, CLI_TIMEOUT_OPTION, CLI_TRACE_OPTIONS, CLI_END};

static enum err run_dh(const void *opt, struct trace *t, char msg[static 256])
{
	return dhmiddle_run(opt, t, msg);
}

static int verb_dh(struct cli *c)
{
	struct dhmiddle_options opt = {
	    .change = cli_get(c, "change"), .into = cli_get(c, "into"), .limit_ns = 10 * NS_PER_S};

	if (!opt.change != !opt.into || (opt.change && !*opt.change))
		return cli_usage(c, "--change WORD and --into WORD belong together");
	int status = begin(c, &opt.limit_ns, &opt.stop_fd);
	return status == EXIT_YES ? play(c, run_dh, &opt) : status;
}

static const struct cli_option ssh_options[] = {CLI_TIMEOUT_OPTION, CLI_TRACE_OPTIONS, CLI_END};

static enum err run_ssh(const void *opt, struct trace *t, char msg[static 256])
{
	return sshmiddle_run(opt, t, msg);
}

static int verb_ssh(struct cli *c)
{
	struct sshmiddle_options opt = {.limit_ns = 10 * NS_PER_S};
	int status = begin(c, &opt.limit_ns, &opt.stop_fd);

	return status == EXIT_YES ? play(c, run_ssh, &opt) : status;
}

static const struct cli_verb verbs[] = {
    {.name = "freewifi",
        .args = "",
        .summary = "lease addresses at the airport, answer for the bank, relay, read and change",
        .options = freewifi_options,
        .run = verb_freewifi},
    {.name = "dh",
        .args = "",
        .summary = "sit in the middle of dhview's exchanges: two keys, every word, and one changed",
        .options = dh_options,
        .run = verb_dh},
    {.name = "ssh",
        .args = "",
        .summary = "answer ssh in every server's place, with a host key of its own",
        .options = ssh_options,
        .run = verb_ssh},
    {0}};

static const struct cli_tool tool = {
    .name = "mallory",
    .summary = "the attacker in the middle at freewifi; runs inside the lab only",
    .verbs = verbs,
    .examples = "  glasslab exec mallory -- mallory freewifi                    read and change http\n"
                "  glasslab exec mallory -- mallory freewifi --tls self-signed  try https as well\n"
                "  glasslab exec mallory -- mallory dh --change noon --into nine\n"
                "  glasslab exec mallory -- mallory ssh\n"
                "  glasslab move laptop airport                                 the victim arrives\n",
    .notes = "mallory attacks, so it runs only inside the lab, on the lab's host of that name; no option\n"
             "points it elsewhere. It ends on Ctrl-C, on SIGTERM, or when a pipe that is its standard\n"
             "input is closed. Exit status: 0 it holds something, 1 it holds nothing or may not run here.\n",
};

int main(int argc, char **argv)
{
	return cli_main(&tool, argc, argv);
}
