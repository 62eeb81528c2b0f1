#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
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

/* What the machine's own network needs would lead astray in the lab. */
static const char *const not_here[] = {"http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy",
    "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_DIR", "CURL_CA_BUNDLE",
    "LOCALDOMAIN", "RES_OPTIONS", "HOSTALIASES"};

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

int run_program(char *const argv[], const char *bin_dir, const char *lab, const char *host)
{
	set_environment(bin_dir, lab, host);
	execvp(argv[0], argv);
	int e = errno;
	fprintf(stderr, "glasslab: %s: %s\n", argv[0],
	    e == ENOENT ? "no such program on this machine" : strerror(e));
	return e == ENOENT ? RUN_NOT_FOUND : RUN_CANNOT_EXECUTE;
}

/* --- children in a host
 * --------------------------------------------------------------------------------------- */

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

static int in_child(
    struct lab *lab, size_t host, const char *bin_dir, char *const argv[], const int fds[static 3])
{
	char cwd[PATH_MAX];
	const char *name = json_string_value(json_object_get(lab_facts(lab), "name"));
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	reset_signals();
	if (!getcwd(cwd, sizeof cwd))
		memcpy(cwd, "/", 2);
	/* High copies first: a descriptor may be one that another is to become. */
	int high[3];
	for (int i = 0; i < 3; i++)
		high[i] = fds[i] < 0 ? -1 : fcntl(fds[i], F_DUPFD_CLOEXEC, 10);
	for (int i = 0; i < 3; i++)
		put_fd(high[i], i);
	enum err e = lab_enter_host(lab, host, LAB_NET | LAB_MOUNT | LAB_UTS);
	if (e == ERR_OK)
		e = lab_keep_capabilities();
	if (e != ERR_OK || (chdir(cwd) < 0 && chdir("/") < 0)) {
		fprintf(
		    stderr, "glasslab: %s cannot be entered: %s\n", lab_host_name(lab, host), err_text(e));
		return EXIT_INTERNAL;
	}
	return run_program(argv, bin_dir, name ? name : "", lab_host_name(lab, host));
}

enum err run_start(struct run *r, struct lab *lab, size_t host, const char *bin_dir, char *const argv[],
    const int fds[static 3], struct why *w)
{
	*r = (struct run){0};
	enum err e = lab_join(lab);
	if (e != ERR_OK)
		return why(w, e, "the lab cannot be entered: %s", err_text(e));
	fflush(NULL);
	r->pid = fork();
	if (r->pid == 0)
		_exit(in_child(lab, host, bin_dir, argv, fds));
	return r->pid < 0 ? why_errno(w, ERR_IO, "no more processes can be started") : ERR_OK;
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
