#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "glassnet/clock.h"

#define SYSTEM_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* What the machine's own network needs would lead astray in the lab; and its user's keys are for no host here. */
static const char *const not_here[] = {"http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy",
    "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_DIR", "CURL_CA_BUNDLE",
    "LOCALDOMAIN", "RES_OPTIONS", "HOSTALIASES", "SSH_AUTH_SOCK", "SSH_AGENT_PID"};

static void set_environment(const char *bin_dir, const char *lab, const char *host)
{
	char path[PATH_MAX + sizeof SYSTEM_PATH + 1];
	snprintf(path, sizeof path, "%s:%s", bin_dir, SYSTEM_PATH);
	setenv("PATH", path, 1);
	setenv("GLASSNET_LAB", lab, 1);
	setenv("GLASSNET_HOST", host, 1);
	setenv("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt", 1);
	for (size_t i = 0; i < sizeof not_here / sizeof *not_here; i++)
		unsetenv(not_here[i]);
}

bool run_find(const char *program, char *out, size_t cap)
{
	if (strchr(program, '/'))
		return snprintf(out, cap, "%s", program) < (int)cap && access(out, X_OK) == 0;
	for (const char *p = SYSTEM_PATH; *p; p += strcspn(p, ":"), p += *p == ':')
		if (snprintf(out, cap, "%.*s/%s", (int)strcspn(p, ":"), p, program) < (int)cap &&
		    access(out, X_OK) == 0)
			return true;
	return false;
}

bool run_find_own(const char *program, const char *bin_dir, char *out, size_t cap)
{
	if (!strchr(program, '/') && snprintf(out, cap, "%s/%s", bin_dir, program) < (int)cap &&
	    access(out, X_OK) == 0)
		return true;
	return run_find(program, out, cap);
}

int run_program(char *const argv[], const char *bin_dir, const char *lab, const char *host)
{
	set_environment(bin_dir, lab, host);
	execvp(argv[0], argv);
	int e = errno;
	fprintf(stderr, "glasslab: %s: %s\n", argv[0], e == ENOENT ? "no such program on this machine" : strerror(e));
	return e == ENOENT ? RUN_NOT_FOUND : RUN_CANNOT_EXECUTE;
}

/* --- children in a host --- */

static void put_fd(int fd, int as)
{
	if (fd < 0)
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd == as)
		fcntl(fd, F_SETFD, 0);
	else
		dup2(fd, as);
}

/* As a program expects to find them: whoever starts it may hold some back, and cli_main() ignores SIGPIPE. */
static void reset_signals(void)
{
	static const int ours[] = {SIGINT, SIGQUIT, SIGPIPE};
	sigset_t none;
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		signal(ours[i], SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The program's own process: everything but its descriptors and rights is as it was made. */
static int in_program(const char *cwd, const char *bin_dir, const char *lab, const char *host, char *const argv[],
    const int fds[static 3])
{
	reset_signals();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* High copies first: a descriptor may be one that another is to become. */
	int high[3];
	for (int i = 0; i < 3; i++)
		high[i] = fds[i] < 0 ? -1 : fcntl(fds[i], F_DUPFD_CLOEXEC, 10);
	for (int i = 0; i < 3; i++)
		put_fd(high[i], i);
	if (chdir(cwd) < 0 && chdir("/") < 0)
		return RUN_CANNOT_EXECUTE;
	return run_program(argv, bin_dir, lab, host);
}

/* What the process in between has to tell: the program's pid, or why there is none. */
struct started {
	pid_t pid;
	enum err err;
	struct why why;
};

/* Enters the lab, starts the program there as its own parent's child, and is done. The namespaces that a
 * process enters stay with it for good, and one that has another process namespace for its children can start
 * no threads (the sanitizers' leak check hangs, too): so it is not our caller that enters. */
static void in_between(
    struct lab *lab, size_t host, const char *bin_dir, char *const argv[], const int fds[static 3], int out)
{
	struct started s = {0};
	char cwd[PATH_MAX];
	const char *name = json_string_value(json_object_get(lab_facts(lab), "name"));
	if (!getcwd(cwd, sizeof cwd))
		memcpy(cwd, "/", 2);
	s.err = lab_join(lab);
	if (s.err == ERR_OK)
		s.err = lab_enter_host(lab, host, LAB_NET | LAB_MOUNT | LAB_UTS);
	if (s.err == ERR_OK)
		s.err = lab_keep_capabilities();
	if (s.err != ERR_OK)
		(void)why(&s.why, s.err, "%s cannot be entered: %s", lab_host_name(lab, host), err_text(s.err));
	else if ((s.pid = (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, NULL)) == 0)
		_exit(in_program(cwd, bin_dir, name ? name : "", lab_host_name(lab, host), argv, fds));
	else if (s.pid < 0)
		s.err = why_errno(&s.why, ERR_IO, "no more processes can be started");
	(void)!write(out, &s, sizeof s);
}

enum err run_start(struct run *r, struct lab *lab, size_t host, const char *bin_dir, char *const argv[],
    const int fds[static 3], struct why *w)
{
	int pipe_fds[2];
	struct started s;
	*r = (struct run){0};
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return why_errno(w, ERR_IO, "no pipe");
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		in_between(lab, host, bin_dir, argv, fds, pipe_fds[1]);
		_exit(EXIT_YES);
	}
	close(pipe_fds[1]);
	bool told = pid > 0 && read(pipe_fds[0], &s, sizeof s) == (ssize_t)sizeof s;
	close(pipe_fds[0]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	if (!told)
		return why(w, ERR_IO, "no more processes can be started");
	r->pid = s.pid;
	*w = s.why;
	return s.err;
}

static void note_end(struct run *r, int flags)
{
	if (!r->ended && waitpid(r->pid, &r->status, flags) == r->pid)
		r->ended = true;
}

enum err run_wait(struct run *r, int64_t timeout_ns)
{
	note_end(r, WNOHANG);
	if (r->ended)
		return ERR_OK;
	struct pollfd p = {.fd = (int)syscall(SYS_pidfd_open, r->pid, 0), .events = POLLIN};
	if (p.fd < 0)
		return ERR_UNSUPPORTED;
	int ms = timeout_ns < 0 ? -1 : (int)((timeout_ns + NS_PER_MS - 1) / NS_PER_MS);
	poll(&p, 1, ms);
	close(p.fd);
	note_end(r, WNOHANG);
	return r->ended ? ERR_OK : ERR_TIMEOUT;
}

void run_stop(struct run *r, int sig, int64_t grace_ns)
{
	if (r->ended || r->pid <= 0)
		return;
	kill(r->pid, sig);
	if (run_wait(r, grace_ns) == ERR_OK)
		return;
	kill(r->pid, SIGKILL);
	note_end(r, 0);
}

int run_exit(const struct run *r)
{
	return WIFSIGNALED(r->status) ? 128 + WTERMSIG(r->status) : WEXITSTATUS(r->status);
}
