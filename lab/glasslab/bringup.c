/* Bringing the lab up: everything at once, as far as one thing does not need another. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "glassnet/clock.h"
#include "glassnet/lab_channel.h"
#include "holder.h"
#include "isolate.h"

#define TURN_MS 2 /* how long to wait for hosts between two looks at the servers */

static int64_t monotonic(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/* --- switches --- */

/* Switches are bridges in the holder's own network namespace, the cupboard: no host sees them, they have no
 * addresses, and they say nothing of their own. */
static enum err cupboard(struct holder *h, struct why *w)
{
	enum err e = isolate_write("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1", w);
	if (e == ERR_OK)
		e = isolate_write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1", w);
	if (e == ERR_OK)
		e = netlink_open(&h->nl, w);
	for (size_t i = 0; e == ERR_OK && i < h->t.n_lans; i++) {
		char name[TOPO_IFNAME];
		snprintf(name, sizeof name, "switch%u", (unsigned)(i & 0xff));
		if ((e = netlink_bridge(&h->nl, name, w)) != ERR_OK)
			break;
		h->bridge[i] = netlink_index(&h->nl, name);
		e = netlink_up(&h->nl, h->bridge[i], true, w);
	}
	return e;
}

/* --- hosts --- */

static void unblock_signals(void)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
}

static enum err fork_host(struct holder *h, size_t i, struct why *w)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return why_errno(w, ERR_IO, "no socket pair");
	pid_t pid = fork();
	if (pid == 0) {
		close(pair[0]);
		unblock_signals();
		_exit(host_setup(h, i, pair[1]));
	}
	close(pair[1]);
	h->host[i].talk = pair[0];
	h->host[i].setup = pid;
	return pid < 0 ? why_errno(w, ERR_IO, "no more processes can be started") : ERR_OK;
}

/* Takes the next word of a host's child; ERR_OK only when it is the one expected. */
static enum err hear(struct holder *h, size_t i, enum setup_word expected, struct why *w)
{
	struct setup_message m;
	ssize_t n = recv(h->host[i].talk, &m, sizeof m, 0);
	if (n != (ssize_t)sizeof m)
		return why(w, ERR_INTERNAL, "%s: the process that sets it up ended", h->t.host[i].name);
	if (m.word == (uint8_t)expected)
		return ERR_OK;
	*w = m.why;
	return m.err ? (enum err)m.err : ERR_INTERNAL;
}

static int open_ns(pid_t pid, const char *kind)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)pid, kind);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static enum err take_namespaces(struct holder *h, size_t i, struct why *w)
{
	struct holder_host *host = &h->host[i];
	enum err e = hear(h, i, SETUP_READY, w);
	if (e != ERR_OK)
		return e;
	host->net = open_ns(host->setup, "net");
	host->mnt = open_ns(host->setup, "mnt");
	host->uts = open_ns(host->setup, "uts");
	struct stat st;
	if (host->net < 0 || host->mnt < 0 || host->uts < 0 || fstat(host->net, &st) < 0)
		return why_errno(w, ERR_UNSUPPORTED, "%s: its namespaces cannot be opened", h->t.host[i].name);
	host->net_inode = st.st_ino;
	return ERR_OK;
}

/* --- cables --- */

static enum err cable_to_switch(struct holder *h, size_t i, size_t k, struct why *w)
{
	const struct topo_iface *f = &h->t.host[i].iface[k];
	char port[TOPO_IFNAME];
	snprintf(port, sizeof port, "p%u.%u", (unsigned)(i & 0xff), (unsigned)(k & 0xff));
	struct cable_end a = {h->host[i].net, f->name, &f->mac}, b = {h->own_net, port, NULL};
	enum err e = netlink_cable(&h->nl, &a, &b, w);
	if (e != ERR_OK)
		return e;
	h->host[i].port[k] = netlink_index(&h->nl, port);
	h->host[i].lan[k] = f->lan;
	e = netlink_plug(&h->nl, h->host[i].port[k], h->bridge[f->lan], w);
	return e == ERR_OK ? netlink_up(&h->nl, h->host[i].port[k], true, w) : e;
}

static enum err cables(struct holder *h, struct why *w)
{
	enum err e = ERR_OK;
	for (size_t i = 0; i < h->t.n_hosts; i++) {
		for (size_t k = 0; e == ERR_OK && k < h->t.host[i].n_ifaces; k++) {
			const struct topo_iface *f = &h->t.host[i].iface[k];
			h->host[i].lan[k] = -1;
			if (f->lan >= 0) {
				e = cable_to_switch(h, i, k, w);
			} else if (f->peer_host > (int)i) {
				const struct topo_iface *g = &h->t.host[f->peer_host].iface[f->peer_iface];
				struct cable_end a = {h->host[i].net, f->name, &f->mac},
				                 b = {h->host[f->peer_host].net, g->name, &g->mac};
				e = netlink_cable(&h->nl, &a, &b, w);
			}
		}
	}
	return e;
}

/* --- servers --- */

/* The holder's own socket in the host, for programs inside. */
static enum err listen_inside(struct holder_host *host, struct why *w)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	snprintf(addr.sun_path, sizeof addr.sun_path, "/proc/self/fd/%d/socket", host->run);
	host->listen = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (host->listen < 0 || bind(host->listen, (struct sockaddr *)&addr, sizeof addr) < 0 ||
	    listen(host->listen, 16) < 0)
		return why_errno(w, ERR_IO, "the lab's socket for programs inside cannot be made");
	return ERR_OK;
}

static enum err open_netlink(struct holder *h, struct holder_host *host, struct why *w)
{
	if (setns(host->net, CLONE_NEWNET) < 0)
		return why_errno(w, ERR_UNSUPPORTED, "a host's network cannot be entered");
	enum err e = netlink_open(&host->nl, w);
	if (setns(h->own_net, CLONE_NEWNET) < 0 && e == ERR_OK)
		e = why_errno(w, ERR_UNSUPPORTED, "the own network cannot be entered");
	return e;
}

/* The host's child has done its work: keep what it made, let it go. */
static enum err finish_host(struct holder *h, size_t i, struct why *w)
{
	struct holder_host *host = &h->host[i];
	enum err e = hear(h, i, SETUP_DONE, w);
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/root/run/glassnet", (int)host->setup);
	if (e == ERR_OK && (host->run = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
		e = why_errno(w, ERR_UNSUPPORTED, "%s: its /run/glassnet cannot be opened", h->t.host[i].name);
	if (e == ERR_OK)
		e = listen_inside(host, w);
	if (e == ERR_OK)
		e = open_netlink(h, host, w);
	shutdown(host->talk, SHUT_RDWR); /* close() would not do: later children have copies */
	close(host->talk);
	host->talk = -1;
	if (e == ERR_OK)
		waitpid(host->setup, NULL, 0);
	host->setup = 0;
	for (size_t s = 0; s < h->t.host[i].n_services; s++)
		if (host->service[s].program->ready == READY_EXITED)
			host->service[s].state = SERVICE_READY;
	return e;
}

/* Starts what may start, and looks at what has started. *missing counts what is not ready yet. */
static enum err servers(struct holder *h, size_t *missing, struct why *w)
{
	enum err e = ERR_OK;
	service_reap(h);
	for (size_t i = 0; i < h->t.n_hosts; i++) {
		if (h->host[i].setup) {
			++*missing;
			continue;
		}
		for (size_t k = 0; e == ERR_OK && k < h->t.host[i].n_services; k++) {
			struct service *s = &h->host[i].service[k];
			if (s->state == SERVICE_OFF && service_may_start(h, s))
				e = service_start(h, i, k, w);
			if (e == ERR_OK && s->state == SERVICE_STARTING)
				e = probe(h, i, k, monotonic(), w);
			*missing += s->state != SERVICE_READY;
			if (e == ERR_OK && s->state == SERVICE_ENDED) {
				char last[256];
				service_last_words(h, i, k, last, sizeof last);
				return why(w, ERR_UNSUPPORTED, "%s: %s ended at once%s%s", h->t.host[i].name,
				    s->program->name, *last ? ": " : "", last);
			}
		}
	}
	return e;
}

static enum err too_late(const struct holder *h, struct why *w)
{
	for (size_t i = 0; i < h->t.n_hosts; i++) {
		if (h->host[i].setup)
			return why(w, ERR_TIMEOUT, "%s was not set up in time", h->t.host[i].name);
		for (size_t k = 0; k < h->t.host[i].n_services; k++)
			if (h->host[i].service[k].state != SERVICE_READY)
				return why(w, ERR_TIMEOUT, "%s: %s does not answer", h->t.host[i].name,
				    h->host[i].service[k].program->name);
	}
	return why(w, ERR_TIMEOUT, "the lab did not come up in time");
}

/* --- all together --- */

/* Waits a moment for children to say that they are done. */
static enum err finish_hosts(struct holder *h, struct why *w)
{
	struct pollfd p[TOPO_MAX_HOSTS];
	for (size_t i = 0; i < h->t.n_hosts; i++)
		p[i] = (struct pollfd){.fd = h->host[i].setup ? h->host[i].talk : -1, .events = POLLIN};
	if (poll(p, (nfds_t)h->t.n_hosts, TURN_MS) <= 0)
		return ERR_OK;
	for (size_t i = 0; i < h->t.n_hosts; i++) {
		enum err e = p[i].revents ? finish_host(h, i, w) : ERR_OK;
		if (e != ERR_OK)
			return e;
	}
	return ERR_OK;
}

enum err bringup(struct holder *h, int64_t timeout_ns, struct why *w)
{
	static const struct setup_message go = {.word = SETUP_GO};
	int64_t deadline = monotonic() + timeout_ns;
	enum err e = ERR_OK;
	for (size_t i = 0; i < h->t.n_hosts; i++) {
		h->host[i].listen = h->host[i].talk = -1;
		for (size_t k = 0; k < h->t.host[i].n_services; k++)
			h->host[i].service[k] =
			    (struct service){.program = &h->t.program[h->t.host[i].service[k]], .probe = -1};
	}
	for (size_t i = 0; e == ERR_OK && i < h->t.n_hosts; i++)
		e = fork_host(h, i, w);
	if (e == ERR_OK)
		e = cupboard(h, w);
	for (size_t i = 0; e == ERR_OK && i < h->t.n_hosts; i++)
		e = take_namespaces(h, i, w);
	if (e == ERR_OK)
		e = cables(h, w);
	for (size_t i = 0; e == ERR_OK && i < h->t.n_hosts; i++)
		if (send(h->host[i].talk, &go, sizeof go, MSG_NOSIGNAL) < 0)
			e = why(w, ERR_INTERNAL, "%s: the process that sets it up ended", h->t.host[i].name);
	for (size_t missing = 1; e == ERR_OK && missing;) {
		missing = 0;
		if ((e = finish_hosts(h, w)) == ERR_OK)
			e = servers(h, &missing, w);
		if (e == ERR_OK && missing && monotonic() > deadline)
			e = too_late(h, w);
	}
	return e;
}
