/* exec and shell: a program in one of the lab's hosts, on this terminal. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run.h"
#include "verbs.h"

/* Signals for this process alone are the program's. What the terminal sends (Ctrl-C) reaches both by itself;
 * here it is ignored, so that the program decides. */
static const int passed_on[] = {SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};

static void hold_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGCHLD);
	for (size_t i = 0; i < sizeof passed_on / sizeof *passed_on; i++)
		sigaddset(set, passed_on[i]);
	sigprocmask(SIG_BLOCK, set, NULL);
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
}

/* Ends as the program ended: by the same signal, too. */
static int end_like(const struct run *r)
{
	if (!WIFSIGNALED(r->status))
		return WEXITSTATUS(r->status);
	int sig = WTERMSIG(r->status);
	struct rlimit no_core = {0, 0};
	sigset_t set;
	setrlimit(RLIMIT_CORE, &no_core);
	signal(sig, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(sig);
	return run_exit(r);
}

static int run_here(struct cli *c, struct lab *lab, size_t host, char *const argv[])
{
	static const int fds[3] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
	struct why w = {""};
	char bin[PATH_MAX];
	struct run r;
	sigset_t set;
	enum err e = places_bin(bin, &w);
	if (e != ERR_OK)
		return cli_fail(c, e, "%s", w.text);
	hold_signals(&set);
	if ((e = run_start(&r, lab, host, bin, argv, fds, &w)) != ERR_OK)
		return cli_fail(c, e, "%s", w.text);
	while (run_wait(&r, 0) != ERR_OK) {
		siginfo_t info;
		if (sigwaitinfo(&set, &info) < 0)
			continue;
		if (info.si_signo != SIGCHLD)
			kill(r.pid, info.si_signo);
	}
	return end_like(&r);
}

static int in_host(struct cli *c, const char *name, char *const argv[])
{
	int status;
	struct lab *lab = open_lab(c, &status);
	if (!lab)
		return status;
	int host = find_host(c, lab, name);
	status = host < 0 ? EXIT_USAGE : run_here(c, lab, (size_t)host, argv);
	lab_close(lab);
	return status;
}

int verb_exec(struct cli *c)
{
	return in_host(c, c->argv[0], c->argv + 1);
}

int verb_shell(struct cli *c)
{
	/* The prompt names the host; it is set by a file that every host has. */
	char *with_bash[] = {"bash", "--rcfile", "/run/glassnet/shellrc", "-i", NULL};
	char *without[] = {"sh", "-i", NULL};
	setenv("ENV", "/run/glassnet/shellrc", 1);
	return in_host(c, c->argv[0], access("/bin/bash", X_OK) == 0 ? with_bash : without);
}
