#include "accesspoint.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "glassnet/wire.h"

/* --- dnsmasq's log, line by line --- */

struct words {
	const char *w[8];
	size_t n[8];
	size_t count;
};

static struct words split(const char *line, size_t len)
{
	struct words s = {.count = 0};
	for (size_t i = 0; i < len && s.count < 8;) {
		while (i < len && line[i] == ' ')
			i++;
		size_t from = i;
		while (i < len && line[i] != ' ')
			i++;
		if (i > from) {
			s.w[s.count] = line + from;
			s.n[s.count++] = i - from;
		}
	}
	return s;
}

static bool word_is(const struct words *s, size_t i, const char *text)
{
	return i < s->count && s->n[i] == strlen(text) && memcmp(s->w[i], text, s->n[i]) == 0;
}

static bool word_begins(const struct words *s, size_t i, const char *text)
{
	size_t n = strlen(text);
	return i < s->count && s->n[i] >= n && memcmp(s->w[i], text, n) == 0;
}

/* The bank's name, or one below it: dnsmasq lies about those, too. */
static bool word_is_of(const struct words *s, size_t i, const char *name)
{
	size_t n = strlen(name);
	if (i >= s->count || s->n[i] < n)
		return false;
	const char *tail = s->w[i] + s->n[i] - n;
	return memcmp(tail, name, n) == 0 && (s->n[i] == n || tail[-1] == '.');
}

static void word_copy(char *out, size_t cap, const struct words *s, size_t i)
{
	if (i < s->count)
		escape_text(out, cap, s->w[i], s->n[i]);
	else
		out[0] = '\0';
}

/* The place of the lease of that address; n_leases where there is none. */
static size_t find_lease(const struct accesspoint *a, const char *addr)
{
	size_t i = 0;
	while (i < a->n_leases && strcmp(a->leases[i].addr, addr) != 0)
		i++;
	return i;
}

static void keep_lease(struct accesspoint *a, const struct lease *l)
{
	size_t i = find_lease(a, l->addr);
	if (i == ACCESSPOINT_MAX_LEASES)
		return;
	a->leases[i] = *l;
	if (i == a->n_leases)
		a->n_leases++;
}

void accesspoint_read_leases(struct accesspoint *a)
{
	FILE *f = fopen(a->lease_file, "re");
	if (!f)
		return;
	char line[512];
	while (fgets(line, sizeof line, f)) {
		struct words s = split(line, strcspn(line, "\n"));
		struct lease l;
		if (s.count < 4)
			continue;
		word_copy(l.mac, sizeof l.mac, &s, 1);
		word_copy(l.addr, sizeof l.addr, &s, 2);
		word_copy(l.name, sizeof l.name, &s, word_is(&s, 3, "*") ? s.count : 3);
		keep_lease(a, &l);
	}
	fclose(f);
}

/* "DHCPACK(lan) 10.66.0.187 4a:03:33:7b:78:76 laptop" */
static void note_lease(struct accesspoint *a, const struct words *s)
{
	struct lease l;
	word_copy(l.addr, sizeof l.addr, s, 2);
	word_copy(l.mac, sizeof l.mac, s, 3);
	word_copy(l.name, sizeof l.name, s, 4);
	size_t i = find_lease(a, l.addr);
	const char *before = i < a->n_leases ? a->leases[i].mac : NULL;
	ev_state(a->trace, "lease", l.addr, before, l.mac, "%s is told: the way out and the name server are mallory",
	    l.name[0] ? l.name : "the new machine");
	if (a->n_leases == 0)
		ev_explain(a->trace,
		    "Who joins a network asks everybody on it for an address, a way out and a name server "
		    "(DHCP), and believes whoever answers. Nothing in the answer proves who that is.");
	keep_lease(a, &l);
}

void accesspoint_log_line(struct accesspoint *a, const char *line, size_t len)
{
	escape_text(a->last_line, sizeof a->last_line, line, len);
	struct words s = split(line, len);
	if (word_begins(&s, 0, "dnsmasq-dhcp") && word_begins(&s, 1, "DHCPACK(") && s.count >= 4) {
		note_lease(a, &s);
	} else if (word_begins(&s, 0, "dnsmasq") && word_is(&s, 1, "config") && word_is_of(&s, 2, a->bank_name) &&
	           word_is(&s, 3, "is") && s.count == 5 && !word_begins(&s, 4, "NODATA")) {
		char self[IP_TEXT], name[128];
		word_copy(self, sizeof self, &s, 4);
		word_copy(name, sizeof name, &s, 2);
		a->lies++;
		ev_decision(a->trace, "dns-lie", "RFC 3833 2.1",
		    "asked for %s, mallory answers with its own address %s", name, self);
	} else if (word_begins(&s, 0, "dnsmasq") && word_begins(&s, 1, "started") && !a->ready) {
		a->ready = true;
		a->on_change(a->ctx);
	}
}

void accesspoint_name(const void *accesspoint, const char *addr, char *out, size_t cap)
{
	const struct accesspoint *a = accesspoint;
	size_t i = find_lease(a, addr);
	if (i < a->n_leases && a->leases[i].name[0])
		snprintf(out, cap, "%s", a->leases[i].name);
	else
		escape_text(out, cap, addr, strlen(addr));
}

/* --- its process --- */

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
	(void)suggested;
	struct accesspoint *a = h->data;
	if (a->line_len == sizeof a->line) { /* no line is so long: pass over it */
		a->line_len = 0;
		a->line_too_long = true;
	}
	*buf = uv_buf_init(a->line + a->line_len, (unsigned)(sizeof a->line - a->line_len));
}

static void on_log(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	(void)buf;
	struct accesspoint *a = stream->data;
	if (n < 0) {
		uv_read_stop(stream);
		return;
	}
	a->line_len += (size_t)n;
	char *end;
	while ((end = memchr(a->line, '\n', a->line_len)) != NULL) {
		size_t len = (size_t)(end - a->line);
		if (!a->line_too_long)
			accesspoint_log_line(a, a->line, len);
		a->line_too_long = false;
		a->line_len -= len + 1;
		memmove(a->line, end + 1, a->line_len);
	}
}

static void on_child(uv_signal_t *h, int signum)
{
	(void)signum;
	struct accesspoint *a = h->data;
	if (a->pid > 0 && waitpid(a->pid, NULL, WNOHANG) == a->pid) {
		a->pid = 0;
		a->ended = true;
		a->on_change(a->ctx);
	}
}

static void exec_dnsmasq(const struct accesspoint *a, const struct lan *lan, int log_fd, pid_t parent)
{
	char self[IP_TEXT], interface[64], range[128], router[96], server[96], lie[300], local[300], leases[300];
	ip_text(self, &lan->self);
	const uint8_t *b = lan->self.b;
	uint32_t mask = lan->prefix ? ~(uint32_t)0 << (32 - lan->prefix) : 0;
	snprintf(interface, sizeof interface, "--interface=%s", lan->ifname);
	snprintf(range, sizeof range, "--dhcp-range=%u.%u.%u.100,%u.%u.%u.199,%u.%u.%u.%u,1h", b[0], b[1], b[2], b[0],
	    b[1], b[2], mask >> 24, mask >> 16 & 255, mask >> 8 & 255, mask & 255);
	snprintf(router, sizeof router, "--dhcp-option=option:router,%s", self);
	snprintf(server, sizeof server, "--dhcp-option=option:dns-server,%s", self);
	snprintf(lie, sizeof lie, "--address=/%s/%s", a->bank_name, self);
	snprintf(local, sizeof local, "--local=/%s/", a->bank_name); /* what is no A is not asked elsewhere */
	snprintf(leases, sizeof leases, "--dhcp-leasefile=%s", a->lease_file);
	char *argv[] = {"dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", interface,
	    "--except-interface=lo", "--bind-interfaces", "--dhcp-authoritative", "--no-ping", leases, range, router,
	    server, lie, local, "--local-ttl=60", "--no-hosts", "--no-poll",
	    "--user=", "--group=", "--pid-file=", "--log-queries", "--log-facility=-", NULL};
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(log_fd, STDERR_FILENO);
	execvp(argv[0], argv);
	execv("/usr/sbin/dnsmasq", argv); /* not on an ordinary user's PATH */
	dprintf(
	    STDERR_FILENO, "dnsmasq cannot be run: %s (is the package dnsmasq-base installed?)\n", strerror(errno));
	_exit(127);
}

enum err accesspoint_start(struct accesspoint *a, uv_loop_t *loop, const struct lan *lan)
{
	int fds[2];
	uv_pipe_init(loop, &a->log, 0);
	uv_signal_init(loop, &a->child);
	a->log.data = a->child.data = a;
	if (pipe2(fds, O_CLOEXEC))
		return ERR_INTERNAL;
	uv_signal_start(&a->child, on_child, SIGCHLD);
	pid_t parent = getpid();
	a->pid = fork();
	if (a->pid == 0)
		exec_dnsmasq(a, lan, fds[1], parent);
	close(fds[1]);
	if (a->pid < 0 || uv_pipe_open(&a->log, fds[0])) {
		close(fds[0]);
		a->pid = 0;
		return ERR_INTERNAL;
	}
	return uv_read_start((uv_stream_t *)&a->log, on_alloc, on_log) ? ERR_INTERNAL : ERR_OK;
}

void accesspoint_stop(struct accesspoint *a)
{
	if (a->pid > 0) {
		kill(a->pid, SIGTERM);
		for (int i = 0; i < 100 && waitpid(a->pid, NULL, WNOHANG) == 0; i++) {
			if (i == 50)
				kill(a->pid, SIGKILL);
			nanosleep(&(struct timespec){.tv_nsec = 10 * 1000 * 1000}, NULL);
		}
		a->pid = 0;
	}
	uv_close((uv_handle_t *)&a->log, NULL);
	uv_close((uv_handle_t *)&a->child, NULL);
}
