/* Live capture on any number of interfaces, which may be in different network namespaces: each has a libpcap
 * handle that stays where it was opened. Packets wait in a queue for a few milliseconds, so that those of all
 * interfaces come out in time order: between the kernel's taking of the time and the packet's standing in the
 * ring another interface's packet may overtake it. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "glassnet/clock.h"
#include "private.h"
#include "live.h"

#define HOLD_NS    (3 * NS_PER_MS)
#define MAX_HELD   (128u << 20) /* octets; then packets stay in the kernel's rings, which drop and count */
#define GIVE_RUN   64           /* packets given out before the rings are looked at again: they are small */
#define FAR_FUTURE INT64_MAX

/* --- from the rings to the queue */

struct drain {
	struct live *s;
	const struct live_if *i;
};

static void on_packet(u_char *user, const struct pcap_pkthdr *h, const u_char *bytes)
{
	struct drain *d = (struct drain *)(void *)user;
	struct live *s = d->s;
	struct held held = {.time = h->ts.tv_sec * NS_PER_S + h->ts.tv_usec, /* nanoseconds, as asked */
	    .seq = s->seq++,
	    .vantage = d->i->vantage,
	    .len = h->caplen,
	    .wire_len = h->len < h->caplen ? h->caplen : h->len,
	    .bytes = malloc(h->caplen ? h->caplen : 1)};
	if (!held.bytes) {
		s->lost++;
		return;
	}
	memcpy(held.bytes, bytes, h->caplen);
	/* Sent here or received? The kernel knows, but libpcap tells only with a link header that lacks the
	 * receiver's address. What carries an address of this host as its source was sent by it. */
	const struct live_host *host = &s->hosts[d->i->host];
	held.has_direction = host->n_macs > 0 && d->i->ether && h->caplen >= 14;
	for (size_t m = 0; held.has_direction && !held.outgoing && m < host->n_macs; m++)
		held.outgoing = memcmp(bytes + 6, host->macs[m].b, 6) == 0;
	if (queue_push(&s->queue, &held)) {
		free(held.bytes);
		s->lost++;
		return;
	}
	s->held_octets += held.len + sizeof held;
}

static void close_interface(struct live *s, size_t i)
{
	struct pcap_stat st;
	if (pcap_stats(s->ifs[i].pcap, &st) == 0)
		s->lost += st.ps_drop;
	pcap_close(s->ifs[i].pcap);
	s->ifs[i].pcap = NULL;
	s->fds[FD_IFS + i].fd = -1;
	s->n_open--;
}

/* Empties the rings. Waits at most wait_ns for the first packet. */
static enum err drain(struct capture *c, int64_t wait_ns, int stop_fd)
{
	struct live *s = c->source;
	struct timespec ts = {.tv_sec = wait_ns / NS_PER_S, .tv_nsec = wait_ns % NS_PER_S};
	s->fds[FD_STOP] = (struct pollfd){.fd = stop_fd, .events = POLLIN};
	int n = ppoll(s->fds, FD_IFS + s->n_ifs, &ts, NULL);
	if (n < 0 || s->fds[FD_STOP].revents)
		return n < 0 && errno != EINTR ? ERR_NET : ERR_TIMEOUT;
	if (s->fds[FD_END].revents && !s->ended) {
		capture_set_error(c, "the lab has ended");
		s->ended = true;
	}
	for (size_t i = 0; i < s->n_ifs && s->held_octets < MAX_HELD; i++) {
		if (!s->ifs[i].pcap || !s->fds[FD_IFS + i].revents)
			continue;
		struct drain d = {s, &s->ifs[i]};
		if (pcap_dispatch(s->ifs[i].pcap, -1, on_packet, (u_char *)&d) < 0) {
			capture_set_error(c, "%s: %.150s", capture_vantage(c, s->ifs[i].vantage)->ifname,
			    pcap_geterr(s->ifs[i].pcap));
			close_interface(s, i);
		}
	}
	return ERR_OK;
}

static enum err wait_for_stop(int64_t wait_ns, int stop_fd)
{
	struct timespec ts = {.tv_sec = wait_ns / NS_PER_S, .tv_nsec = wait_ns % NS_PER_S};
	struct pollfd p = {.fd = stop_fd, .events = POLLIN};
	return ppoll(&p, 1, &ts, NULL) == 0 ? ERR_OK : ERR_TIMEOUT;
}

/* --- from the queue to the caller */

static bool give(struct capture *c, struct capture_packet *out)
{
	struct live *s = c->source;
	if (!s->queue.n || s->queue.at[0].time > s->complete_until)
		return false;
	s->given = queue_pop(&s->queue);
	s->held_octets -= s->given.len + sizeof s->given;
	out->packet = (struct packet){.time = s->given.time,
	    .number = ++c->number,
	    .bytes = s->given.bytes,
	    .len = s->given.len,
	    .wire_len = s->given.wire_len,
	    .linktype = c->vantages[s->given.vantage]->linktype};
	out->vantage = s->given.vantage;
	out->outgoing = s->given.outgoing;
	out->has_direction = s->given.has_direction;
	return true;
}

static bool exhausted(const struct live *s)
{
	return s->n_open == 0 || s->ended;
}

/* Everything that was sent before now. Two passes: what was on its way into a ring during the first is there
 * at the second. */
static enum err live_now(struct capture *c, struct capture_packet *out)
{
	struct live *s = c->source;
	int64_t now = clock_now(&clock_real);
	enum err e = drain(c, 0, -1);
	if (!e)
		e = drain(c, 0, -1);
	s->complete_until = now;
	if (give(c, out))
		return ERR_OK;
	return e ? e : exhausted(s) ? ERR_CLOSED : ERR_TIMEOUT;
}

static enum err live_next(struct capture *c, struct capture_packet *out, int64_t timeout_ns, int stop_fd)
{
	struct live *s = c->source;
	free(s->given.bytes);
	s->given.bytes = NULL;
	if (++s->given_in_a_row % GIVE_RUN == 0)
		(void)drain(c, 0, -1); /* a consumer that takes its time must not cost packets */
	if (give(c, out))
		return ERR_OK;
	if (timeout_ns == 0)
		return live_now(c, out);
	int64_t start = clock_now(&clock_real);
	int64_t deadline = timeout_ns < FAR_FUTURE - start ? start + timeout_ns : FAR_FUTURE;
	for (;;) {
		int64_t now = clock_now(&clock_real);
		enum err e = drain(c, s->queue.n || exhausted(s) ? 0 : deadline > now ? deadline - now : 0, stop_fd);
		if (e)
			return e;
		/* Counted from before the rings were read: however long the reading took, what came into a ring behind its
		 * turn is later than this, so no packet is given out ahead of one that is still to be read. */
		int64_t complete = now - HOLD_NS;
		if (complete > s->complete_until)
			s->complete_until = complete;
		if (exhausted(s))
			s->complete_until = FAR_FUTURE;
		if (give(c, out))
			return ERR_OK;
		now = clock_now(&clock_real);
		if (exhausted(s))
			return ERR_CLOSED;
		if (now >= deadline)
			return ERR_TIMEOUT;
		if (s->queue.n) {
			int64_t ripe = s->queue.at[0].time + HOLD_NS - now;
			int64_t wait = ripe < deadline - now ? ripe : deadline - now;
			if ((e = wait_for_stop(wait > HOLD_NS ? HOLD_NS : wait > 0 ? wait : 0, stop_fd)))
				return e;
		}
	}
}

static uint64_t live_dropped(const struct capture *c)
{
	const struct live *s = c->source;
	uint64_t n = s->lost;
	for (size_t i = 0; i < s->n_ifs; i++) {
		struct pcap_stat st;
		if (s->ifs[i].pcap && pcap_stats(s->ifs[i].pcap, &st) == 0)
			n += st.ps_drop;
	}
	return n;
}

static void close_pcap(void *ctx, size_t i)
{
	struct live *s = ctx;
	if (s->ifs[i].pcap)
		pcap_close(s->ifs[i].pcap);
}

static void live_close(struct capture *c)
{
	struct live *s = c->source;
	in_parallel(s->n_ifs, close_pcap, s);
	for (size_t i = 0; i < s->n_hosts; i++) {
		free(s->hosts[i].macs);
		if (s->hosts[i].netns >= 0)
			close(s->hosts[i].netns);
	}
	if (s->fds && s->fds[FD_END].fd >= 0)
		close(s->fds[FD_END].fd);
	queue_release(&s->queue);
	free(s->given.bytes);
	free(s->ifs);
	free(s->hosts);
	free(s->jobs);
	free(s->fds);
	free(s);
}

static const struct capture_ops live_ops = {.next = live_next, .dropped = live_dropped, .close = live_close};

void live_ends_with(struct capture *c, int fd)
{
	struct live *s = c->source;
	s->fds[FD_END] = (struct pollfd){.fd = fd, .events = POLLIN};
}

enum err live_new(struct capture **out, const char *filter, int buffer, char msg[static 256])
{
	enum err e = capture_new(out, &live_ops, filter, msg);
	if (e)
		return e;
	struct live *s = (*out)->source = calloc(1, sizeof *s);
	if (s && (s->fds = calloc(FD_IFS, sizeof *s->fds))) {
		s->fds[FD_END].fd = -1;
		s->buffer = buffer;
		return ERR_OK;
	}
	capture_close(*out);
	*out = NULL;
	snprintf(msg, 256, "%s", err_text(ERR_NOMEM));
	return ERR_NOMEM;
}
