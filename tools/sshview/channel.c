/* One channel, one command (RFC 4254): its input goes up, its output comes down, its exit status ends it. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "glassnet/wire.h"
#include "sshview.h"

#define WINDOW      (2u << 20)    /* octets that the server may send before we say more */
#define PACKET      32768u        /* and in one message */
#define QUEUE_MAX   (256u * 1024) /* no more input is read while so much waits to go out */
#define KEEPALIVE_S 15

struct channel {
	struct session *s;
	uint32_t peer;       /* its number on the other side */
	uint32_t window_in;  /* what the server may still send */
	uint64_t window_out; /* what we may still send */
	uint32_t packet_out;
	bool eof_sent, eof_got, close_sent, close_got, input_ended;
	bool taught_window;
	int64_t heard; /* when the server last said something */
	bool asked;    /* whether it is still there */
};

static enum err unexpected(struct channel *c, const char *instead_of)
{
	struct sshtr *tr = &c->s->tr;

	return sshtr_fail(tr, ERR_FORMAT, "unexpected-message", "%s sent %s%s%s", tr->o.peer,
	    sshmsg_name(tr->payload.p[0]), instead_of ? " in place of " : ", which has no place here",
	    instead_of ? instead_of : "");
}

static enum err malformed(struct channel *c, size_t at)
{
	struct sshtr *tr = &c->s->tr;

	return sshtr_fail(tr, ERR_FORMAT, "bad-message", "%s's %s is malformed at octet %zu", tr->o.peer,
	    sshmsg_name(tr->payload.p[0]), at);
}

/* --- opening --- */

static enum err open_channel(struct channel *c)
{
	struct sshtr *tr = &c->s->tr;
	struct sbuf b = {0};

	sbuf_u8(&b, SSHMSG_CHANNEL_OPEN);
	sbuf_text(&b, "session");
	sbuf_u32(&b, 0);
	sbuf_u32(&b, WINDOW);
	sbuf_u32(&b, PACKET);
	c->window_in = WINDOW;
	enum err e = sshtr_send(tr, &b, false, "CHANNEL_OPEN session: ours is channel 0; you may send 2 MiB");
	sbuf_release(&b);
	if (e == ERR_OK)
		e = session_next(c->s, true);
	if (e != ERR_OK)
		return e;
	struct rd r = rd_init(tr->payload.p, tr->payload.len);
	uint8_t type = rd_u8(&r);
	uint32_t mine = rd_u32(&r), theirs = rd_u32(&r);
	if (type == SSHMSG_CHANNEL_OPEN_FAILURE) {
		sshtr_told(tr, NULL, false);
		return sshtr_fail(tr, ERR_NEGATIVE, "channel-refused", "%s opens no channel for us (reason %u)",
		    tr->o.peer, theirs);
	}
	if (type != SSHMSG_CHANNEL_OPEN_CONFIRMATION)
		return unexpected(c, "CHANNEL_OPEN_CONFIRMATION");
	c->peer = theirs;
	c->window_out = rd_u32(&r);
	c->packet_out = rd_u32(&r);
	if (r.bad || mine != 0)
		return malformed(c, r.pos);
	sshtr_told(tr, "CHANNEL_OPEN_CONFIRMATION", false);
	ev_explain(c->s->t,
	    "A connection carries many channels, each with a window of its own: how much may be sent before "
	    "the receiver has said that it can take more. Here there is one, for one command.");
	return ERR_OK;
}

static enum err request_exec(struct channel *c)
{
	struct sbuf b = {0};

	sbuf_u8(&b, SSHMSG_CHANNEL_REQUEST);
	sbuf_u32(&b, c->peer);
	sbuf_text(&b, "exec");
	sbuf_bool(&b, true);
	sbuf_text(&b, c->s->o->command);
	enum err e = sshtr_send(&c->s->tr, &b, false, "CHANNEL_REQUEST exec: run this command");
	sbuf_release(&b);
	return e;
}

/* --- what we send --- */

static enum err send_plain(struct channel *c, uint8_t type, const char *label)
{
	struct sbuf b = {0};

	sbuf_u8(&b, type);
	sbuf_u32(&b, c->peer);
	enum err e = sshtr_send(&c->s->tr, &b, false, label);
	sbuf_release(&b);
	return e;
}

/* Half of the window is used up: more may come. It is said only when all that came was looked at: a server that sends
 * more than it may would else be given leave while it does. */
static enum err adjust(struct channel *c)
{
	struct sbuf b = {0};
	int waiting = 0;

	if (c->window_in > WINDOW / 2 || c->eof_got || c->close_got ||
	    (ioctl(c->s->tr.o.fd, FIONREAD, &waiting) == 0 && waiting > 0))
		return ERR_OK;
	sbuf_u8(&b, SSHMSG_CHANNEL_WINDOW_ADJUST);
	sbuf_u32(&b, c->peer);
	sbuf_u32(&b, WINDOW - c->window_in);
	enum err e = sshtr_send(&c->s->tr, &b, false, "CHANNEL_WINDOW_ADJUST: you may send more");
	sbuf_release(&b);
	c->window_in = WINDOW;
	return e;
}

static enum err send_eof(struct channel *c)
{
	c->eof_sent = true;
	return c->close_sent ? ERR_OK : send_plain(c, SSHMSG_CHANNEL_EOF, "CHANNEL_EOF: no more input");
}

/* Input may be a secret: its octets are not in the trace. */
static enum err send_input(struct channel *c)
{
	uint8_t data[PACKET];
	size_t most = c->window_out < c->packet_out ? (size_t)c->window_out : c->packet_out;
	ssize_t n = read(c->s->o->in_fd, data, most < sizeof(data) ? most : sizeof(data));
	struct sbuf b = {0};
	char label[80];

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return ERR_OK;
	if (n <= 0) {
		c->input_ended = true;
		return send_eof(c);
	}
	sbuf_u8(&b, SSHMSG_CHANNEL_DATA);
	sbuf_u32(&b, c->peer);
	sbuf_string(&b, data, (size_t)n);
	snprintf(label, sizeof(label), "CHANNEL_DATA: %zd octets of input", n);
	enum err e = sshtr_send(&c->s->tr, &b, true, label);
	c->window_out -= (uint64_t)n;
	c->s->res->in_octets += (size_t)n;
	sbuf_release(&b);
	return e;
}

static enum err keepalive(struct channel *c)
{
	struct sbuf b = {0};

	if (c->asked)
		return sshtr_fail(&c->s->tr, ERR_TIMEOUT, "timeout",
		    "%s has said nothing for %d s, and does not answer when asked", c->s->tr.o.peer,
		    KEEPALIVE_S + (int)(c->s->o->timeout_ns / NS_PER_S));
	c->asked = true;
	sbuf_u8(&b, SSHMSG_GLOBAL_REQUEST);
	sbuf_text(&b, "keepalive@openssh.com");
	sbuf_bool(&b, true);
	enum err e = sshtr_send(&c->s->tr, &b, false, "GLOBAL_REQUEST keepalive@openssh.com: are you there?");
	sbuf_release(&b);
	return e;
}

/* --- what comes --- */

/* All of it, to a descriptor of ours. False: nobody reads it any more. */
static bool write_all(int fd, const uint8_t *p, size_t n)
{
	while (n) {
		ssize_t k = write(fd, p, n);
		if (k < 0 && errno == EAGAIN) {
			struct pollfd w = {.fd = fd, .events = POLLOUT};
			(void)poll(&w, 1, -1);
			continue;
		}
		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return false;
		p += k;
		n -= (size_t)k;
	}
	return true;
}

static enum err take_data(struct channel *c, struct rd *r, bool is_error)
{
	struct session *s = c->s;
	char label[420], text[300];
	size_t n;
	uint32_t kind = is_error ? rd_u32(r) : 0;
	const uint8_t *p = rd_string(r, &n);

	if (!p || rd_left(r) || (is_error && kind != 1))
		return malformed(c, r->pos);
	if (n > c->window_in)
		return sshtr_fail(&s->tr, ERR_FORMAT, "window-overflow",
		    "%s sent %zu octets, and the window had room for %u: it does not keep to what it was allowed",
		    s->tr.o.peer, n, c->window_in);
	if (n > PACKET)
		return sshtr_fail(&s->tr, ERR_FORMAT, "packet-overflow",
		    "%s sent %zu octets in one message; %u were allowed", s->tr.o.peer, n, PACKET);
	if (c->eof_got)
		return sshtr_fail(&s->tr, ERR_FORMAT, "data-after-eof",
		    "%s sent data after it had said that there is no more", s->tr.o.peer);
	c->window_in -= (uint32_t)n;
	*(is_error ? &s->res->err_octets : &s->res->out_octets) += n;
	if (trace_on(s->t)) {
		snprintf(label, sizeof(label), "%s: %zu octets%s: \"%s\"", sshmsg_name(s->tr.payload.p[0]), n,
		    is_error ? " of its diagnostics (stderr)" : "", escape_text(text, sizeof(text), p, n));
		sshtr_told(&s->tr, label, false);
	}
	if (s->o->raw && !s->res->output_closed && !write_all(is_error ? s->o->err_fd : s->o->out_fd, p, n))
		s->res->output_closed = true;
	return ERR_OK;
}

static enum err take_request(struct channel *c, struct rd *r)
{
	struct result *res = c->s->res;
	char name[64], label[120], why[64];

	if (!rd_text(r, name, sizeof(name)))
		return malformed(c, r->pos);
	bool wants_reply = rd_u8(r) != 0;
	snprintf(label, sizeof(label), "CHANNEL_REQUEST %s", name);
	if (strcmp(name, "exit-status") == 0) {
		res->exit_status = rd_u32(r);
		res->exited = !r->bad;
		snprintf(
		    label, sizeof(label), "CHANNEL_REQUEST exit-status: the command ended with %u", res->exit_status);
	} else if (strcmp(name, "exit-signal") == 0) {
		if (!rd_text(r, why, sizeof(why)))
			return malformed(c, r->pos);
		snprintf(res->signal, sizeof(res->signal), "%.31s", why);
		res->signalled = true;
		snprintf(label, sizeof(label), "CHANNEL_REQUEST exit-signal: the command was killed by SIG%s",
		    res->signal);
	}
	if (r->bad)
		return malformed(c, r->pos);
	sshtr_told(&c->s->tr, label, false);
	return wants_reply ? send_plain(c, SSHMSG_CHANNEL_FAILURE, "CHANNEL_FAILURE: not known here") : ERR_OK;
}

static enum err take_adjust(struct channel *c, struct rd *r)
{
	c->window_out += rd_u32(r);
	if (r->bad || rd_left(r))
		return malformed(c, r->pos);
	sshtr_told(&c->s->tr, NULL, false);
	return c->window_out > UINT32_MAX ? sshtr_fail(&c->s->tr, ERR_FORMAT, "window-overflow",
	                                        "%s opens its window beyond 4 GiB", c->s->tr.o.peer)
	                                  : ERR_OK;
}

static enum err take_close(struct channel *c)
{
	c->close_got = true;
	sshtr_told(&c->s->tr, NULL, false);
	if (c->close_sent)
		return ERR_OK;
	c->close_sent = true;
	return send_plain(c, SSHMSG_CHANNEL_CLOSE, NULL);
}

static enum err take(struct channel *c)
{
	struct sshtr *tr = &c->s->tr;
	struct rd r = rd_init(tr->payload.p, tr->payload.len);
	uint8_t type = rd_u8(&r);

	c->heard = net_now();
	c->asked = false;
	if (type == SSHMSG_REQUEST_SUCCESS || type == SSHMSG_REQUEST_FAILURE) {
		sshtr_told(tr, NULL, false);
		return ERR_OK; /* to our keepalive */
	}
	if (type < SSHMSG_CHANNEL_WINDOW_ADJUST || type > SSHMSG_CHANNEL_FAILURE)
		return unexpected(c, NULL);
	if (rd_u32(&r) != 0 || r.bad)
		return sshtr_fail(tr, ERR_FORMAT, "bad-channel", "%s's %s is for a channel that we do not have",
		    tr->o.peer, sshmsg_name(type));
	if (c->close_got)
		return unexpected(c, NULL);
	switch (type) {
	case SSHMSG_CHANNEL_DATA:
	case SSHMSG_CHANNEL_EXTENDED_DATA:
		return take_data(c, &r, type == SSHMSG_CHANNEL_EXTENDED_DATA);
	case SSHMSG_CHANNEL_REQUEST:
		return take_request(c, &r);
	case SSHMSG_CHANNEL_WINDOW_ADJUST:
		return take_adjust(c, &r);
	case SSHMSG_CHANNEL_CLOSE:
		return take_close(c);
	case SSHMSG_CHANNEL_EOF:
		c->eof_got = true;
		sshtr_told(tr, "CHANNEL_EOF: no more output", false);
		return ERR_OK;
	case SSHMSG_CHANNEL_FAILURE:
		sshtr_told(tr, NULL, false);
		return sshtr_fail(
		    tr, ERR_NEGATIVE, "command-refused", "%s does not run that command for us", tr->o.peer);
	default: /* CHANNEL_SUCCESS */
		sshtr_told(tr, "CHANNEL_SUCCESS: it is started", false);
		c->s->res->ran = true;
		return ERR_OK;
	}
}

/* --- the loop --- */

static int64_t wait_ns(const struct channel *c)
{
	int64_t limit = c->asked ? c->s->o->timeout_ns : KEEPALIVE_S * NS_PER_S, left = c->heard + limit - net_now();

	return left > 0 ? left : 0;
}

static enum err wait_for_something(struct channel *c)
{
	struct session *s = c->s;
	struct sshtr *tr = &s->tr;
	bool input =
	    !s->o->no_input && !c->input_ended && !c->close_sent && c->window_out > 0 && tr->queue.len < QUEUE_MAX;
	struct pollfd p[3] = {{.fd = tr->o.fd, .events = (short)(POLLIN | (tr->queue.len ? POLLOUT : 0))},
	    {.fd = s->o->cancel_fd, .events = POLLIN}, {.fd = input ? s->o->in_fd : -1, .events = POLLIN}};
	int64_t ns = wait_ns(c);
	const struct timespec ts = {(time_t)(ns / NS_PER_S), (long)(ns % NS_PER_S)};
	int n = ppoll(p, 3, &ts, NULL);

	if (p[1].revents || (n < 0 && errno == EINTR)) {
		errno = EINTR;
		return sshtr_fail(tr, ERR_NET, "interrupted", "interrupted");
	}
	if (n == 0)
		return keepalive(c);
	tr->o.deadline = deadline_in(s->o->timeout_ns, s->o->cancel_fd);
	enum err e = sshtr_flush(tr, false);
	if (e == ERR_OK && p[0].revents & (POLLIN | POLLHUP | POLLERR))
		e = sshtr_fill(tr);
	if (e == ERR_OK && p[2].revents)
		e = send_input(c);
	return e;
}

/* A server that has said how the command ended may go without another word. */
static enum err run(struct channel *c)
{
	enum err e = ERR_OK;

	while (e == ERR_OK && !c->close_got && !c->s->res->output_closed) {
		e = session_next(c->s, false);
		if (e == ERR_OK) {
			e = take(c);
		} else if (e == ERR_TIMEOUT && c->s->tr.err == ERR_OK) {
			e = adjust(c);
			if (e == ERR_OK)
				e = wait_for_something(c);
		}
	}
	return e;
}

enum err channel_run(struct session *s)
{
	struct channel c = {.s = s, .heard = net_now(), .input_ended = s->o->no_input};

	ev_heading(s->t, "The command: %s", s->o->command);
	enum err e = open_channel(&c);
	if (e == ERR_OK)
		e = request_exec(&c);
	if (e == ERR_OK && s->o->no_input)
		e = send_eof(&c);
	if (e == ERR_OK)
		e = run(&c);
	return e == ERR_OK ? ERR_OK : result_from(s);
}
