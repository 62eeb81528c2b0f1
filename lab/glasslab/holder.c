/* `glasslab up`: the socket first (so that two at once cannot both win), then the namespaces, then, as
 * process 1 in them, the lab itself. The holder tells the waiting parent how it went and stays. */
#include "holder.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "glassnet/clock.h"
#include "glassnet/lab_channel.h"
#include "isolate.h"

#define BACKLOG     64
#define CLIENTS_MAX 128 /* connections at once */

/* --- serving --- */

struct clients {
	size_t n;
	int sock[CLIENTS_MAX];
};

static void take_client(struct clients *c, int listener)
{
	int sock = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (sock < 0)
		return;
	if (c->n == CLIENTS_MAX)
		close(sock);
	else
		c->sock[c->n++] = sock;
}

static void hear_signals(struct holder *h)
{
	struct signalfd_siginfo s;
	while (read(h->signals, &s, sizeof s) == (ssize_t)sizeof s)
		if (s.ssi_signo != SIGCHLD)
			h->stop = true;
	service_reap(h);
}

/* Waits until something happens, and answers it. */
static void one_turn(struct holder *h, struct clients *c)
{
	struct pollfd p[2 + TOPO_MAX_HOSTS + CLIENTS_MAX];
	nfds_t n = 0;
	p[n++] = (struct pollfd){.fd = h->signals, .events = POLLIN};
	p[n++] = (struct pollfd){.fd = h->listen, .events = POLLIN};
	for (size_t i = 0; i < h->t.n_hosts; i++)
		p[n++] = (struct pollfd){.fd = h->host[i].listen, .events = POLLIN};
	nfds_t first = n;
	for (size_t i = 0; i < c->n; i++)
		p[n++] = (struct pollfd){.fd = c->sock[i], .events = POLLIN};
	if (poll(p, n, -1) < 0)
		return;
	if (p[0].revents)
		hear_signals(h);
	size_t kept = 0;
	for (size_t i = 0; i < c->n; i++) {
		if (p[first + i].revents && !serve(h, c->sock[i]))
			close(c->sock[i]);
		else
			c->sock[kept++] = c->sock[i];
	}
	c->n = kept;
	for (nfds_t i = 1; i < first; i++)
		if (p[i].revents)
			take_client(c, p[i].fd);
}

/* --- becoming the holder --- */

static enum err catch_signals(struct holder *h, struct why *w)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	h->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return h->signals < 0 ? why_errno(w, ERR_UNSUPPORTED, "no signalfd") : ERR_OK;
}

/* Whoever started `up` may wait for the end of a pipe that would otherwise stay open with us. */
static void close_all_but(int a, int b)
{
	int low = a < b ? a : b, high = a < b ? b : a;
	if (low > 3)
		close_range(3, (unsigned)low - 1, 0);
	if (high > low + 1)
		close_range((unsigned)low + 1, (unsigned)high - 1, 0);
	close_range((unsigned)high + 1, ~0U, 0);
}

static void leave_terminal(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	close(null);
}

static enum err own_namespaces(struct holder *h, struct why *w)
{
	enum err e = isolate_mounts(w);
	if (e == ERR_OK)
		e = isolate_etc(w);
	if (e != ERR_OK)
		return e;
	h->own_net = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	h->user_ns = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
	h->pid_ns = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	h->ipc_ns = open("/proc/self/ns/ipc", O_RDONLY | O_CLOEXEC);
	if (h->own_net < 0 || h->user_ns < 0 || h->pid_ns < 0 || h->ipc_ns < 0)
		return why_errno(w, ERR_UNSUPPORTED, "the namespaces cannot be opened");
	if (lab_keep_capabilities() != ERR_OK)
		return why(w, ERR_UNSUPPORTED, "the capabilities of the lab cannot be kept (ambient capabilities)");
	return ERR_OK;
}

static enum err become(struct holder *h, int64_t timeout_ns, struct why *w)
{
	setsid();
	umask(0077);
	if (chdir("/") < 0)
		return why_errno(w, ERR_IO, "the root directory cannot be entered");
	enum err e = catch_signals(h, w);
	if (e == ERR_OK && listen(h->listen, BACKLOG) < 0) /* here: clients see who listens by this call */
		e = why_errno(w, ERR_IO, "the lab's socket cannot be used");
	if (e == ERR_OK)
		e = own_namespaces(h, w);
	if (e == ERR_OK)
		e = lab_pki_make(&h->pki, &h->t, clock_now(&clock_real) / NS_PER_S, w);
	if (e == ERR_OK)
		e = bringup(h, timeout_ns, w);
	if (e != ERR_OK)
		return e;
	h->pki_facts = facts_pki(h);
	lab_pki_release(&h->pki); /* the hosts have what they need */
	sodium_memzero(&h->seed, sizeof h->seed);
	return h->pki_facts ? ERR_OK : why(w, ERR_NOMEM, "out of memory");
}

/* Process 1. Returns when the lab is over; the kernel then ends everything that is left in it. */
static int hold(struct holder *h, int report, int64_t timeout_ns)
{
	struct setup_message m = {.word = SETUP_DONE};
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* until it is up: Ctrl-C on `up` leaves nothing */
	close_all_but(h->listen, report);
	enum err e = become(h, timeout_ns, &m.why);
	m.err = (uint8_t)e;
	if (e != ERR_OK)
		m.word = SETUP_FAILED;
	else
		leave_terminal();
	prctl(PR_SET_PDEATHSIG, 0);
	if (write(report, &m, sizeof m) != (ssize_t)sizeof m || e != ERR_OK)
		return EXIT_INTERNAL;
	close(report);
	struct clients clients = {0};
	while (!h->stop)
		one_turn(h, &clients);
	return EXIT_YES;
}

/* --- the parent --- */

static enum err claim_name(struct holder *h, struct why *w)
{
	struct sockaddr_un addr;
	socklen_t len = channel_address(&addr, geteuid(), h->name);
	h->listen = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (h->listen < 0)
		return why_errno(w, ERR_IO, "no unix socket");
	if (bind(h->listen, (struct sockaddr *)&addr, len) == 0)
		return ERR_OK;
	if (errno == EADDRINUSE)
		return why(w, ERR_NEGATIVE, "a lab called \"%s\" runs already", h->name);
	return why_errno(w, ERR_IO, "the lab's socket cannot be named");
}

static enum err wait_for_report(pid_t holder, int report, int64_t timeout_ns, struct why *w)
{
	struct setup_message m;
	struct pollfd p = {.fd = report, .events = POLLIN};
	int r;
	do /* a little longer than the holder itself waits: it knows better what was missing */
		r = poll(&p, 1, (int)(timeout_ns / NS_PER_MS) + 1000);
	while (r < 0 && errno == EINTR);
	bool told = r > 0 && read(report, &m, sizeof m) == (ssize_t)sizeof m;
	if (told && m.word == SETUP_DONE)
		return ERR_OK;
	kill(holder, SIGKILL);
	waitpid(holder, NULL, 0);
	if (!told)
		return why(w, r == 0 ? ERR_TIMEOUT : ERR_INTERNAL, "the lab did not come up: %s",
		    r == 0 ? "it did not say why in time" : "its first process ended");
	*w = m.why;
	return (enum err)m.err;
}

static enum err fill_in(struct holder *h, const struct holder_options *o, struct why *w)
{
	h->name = o->name;
	h->data_dir = o->data_dir;
	h->bin_dir = o->bin_dir;
	h->uid = geteuid();
	h->seed_name = o->seed;
	if (o->seed)
		seed_from_name(&h->seed, o->seed);
	else
		seed_random(&h->seed);
	h->host = calloc(h->t.n_hosts, sizeof *h->host);
	return h->host ? ERR_OK : why(w, ERR_NOMEM, "out of memory");
}

enum err holder_up(const struct holder_options *o, const struct topology *t, struct why *w)
{
	struct holder h = {.t = *t, .listen = -1};
	int report[2];
	enum err e = fill_in(&h, o, w);
	if (e == ERR_OK)
		e = claim_name(&h, w);
	if (e == ERR_OK && pipe2(report, O_CLOEXEC) < 0)
		e = why_errno(w, ERR_IO, "no pipe");
	if (e != ERR_OK)
		goto out;
	pid_t pid = isolate_fork(&e, w);
	if (pid == 0)
		_exit(hold(&h, report[1], o->timeout_ns));
	close(report[1]);
	if (pid > 0)
		e = wait_for_report(pid, report[0], o->timeout_ns, w);
	close(report[0]);
out:
	if (h.listen >= 0)
		close(h.listen);
	sodium_memzero(&h.seed, sizeof h.seed);
	free(h.host);
	return e;
}
