/* One conversation in the middle: two exchanges, and what is said carried over from one key to the other. */
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "dhmiddle.h"
#include "glassnet/dh.h"
#include "glassnet/wire.h"

enum { VICTIM, TARGET };

/* mallory's end towards one of the two. */
struct half {
	const char *name;
	struct dh_link link;
	struct dh_pair pair;
	struct dh_channel channel;
	uint8_t theirs[DH_FRAME_MAX], mine[DH_FRAME_MAX]; /* HELLOs */
	size_t theirs_len, mine_len;
	struct dh_hello hello; /* of the other side; its key is in theirs */
	bool ended;
};

struct middle {
	const struct dhmiddle_options *opt;
	struct trace *t;
	struct dhmiddle_talk *out;
	struct half half[2];
};

/* --- the two exchanges
 * ------------------------------------------------------------------------------------------ */

static enum err receive_hello(struct middle *m, struct half *h)
{
	size_t at;
	enum err e =
	    dh_link_receive(&h->link, deadline_in(m->opt->limit_ns, m->opt->stop_fd), h->theirs, &h->theirs_len);

	if (e == ERR_OK)
		e = dh_hello_parse(&h->hello, h->theirs, h->theirs_len, &at);
	if (e == ERR_OK)
		ev_recv(m->t, h->name, "mallory", "DH", h->theirs, h->theirs_len, "HELLO: group %s, a public key%s",
		    dh_group_name(h->hello.group), h->hello.auth ? ", will sign" : "");
	return e;
}

static enum err send_hello(struct middle *m, struct half *h, const struct dh_hello *like, const char *as)
{
	struct dh_hello mine = {.auth = like->auth, .group = like->group};
	enum err e = dh_pair_make(&h->pair, like->group);

	if (e != ERR_OK)
		return e;
	randombytes_buf(mine.nonce, sizeof(mine.nonce));
	mine.public_key = h->pair.public_key;
	mine.len = h->pair.len;
	h->mine_len = dh_hello_write(h->mine, sizeof(h->mine), &mine);
	e = dh_link_send(&h->link, deadline_in(m->opt->limit_ns, m->opt->stop_fd), h->mine, h->mine_len);
	if (e == ERR_OK)
		ev_send(m->t, "mallory", h->name, "DH", h->mine, h->mine_len,
		    "HELLO: mallory's own public key, as if it were that of %s", as);
	return e;
}

/* The key with one of them; mallory is the server of the victim, and the target's client. */
static enum err agree(struct middle *m, int which)
{
	struct half *h = &m->half[which];
	bool server = which == VICTIM;
	uint8_t secret[DH_PUBLIC_MAX];
	const char *why;
	enum err e = dh_agree(&h->pair, h->hello.public_key, h->hello.len, secret, &why);

	if (e == ERR_OK)
		e = server ? dh_channel_init(&h->channel, DH_SERVER, secret, h->pair.len, h->theirs, h->theirs_len,
		                 h->mine, h->mine_len)
		           : dh_channel_init(&h->channel, DH_CLIENT, secret, h->pair.len, h->mine, h->mine_len,
		                 h->theirs, h->theirs_len);
	sodium_memzero(secret, sizeof(secret));
	if (e != ERR_OK)
		return e;
	dh_fingerprint_text(m->out->fingerprint[which], &h->channel);
	ev_state(m->t, "key", h->name, NULL, m->out->fingerprint[which],
	    "its fingerprint: mallory shares this key with %s", h->name);
	return ERR_OK;
}

static enum err shake_hands(struct middle *m)
{
	struct half *v = &m->half[VICTIM], *t = &m->half[TARGET];
	enum err e = receive_hello(m, v);

	if (e == ERR_OK)
		e = send_hello(m, t, &v->hello, v->name);
	if (e == ERR_OK)
		e = receive_hello(m, t);
	if (e == ERR_OK && t->hello.group != v->hello.group)
		e = ERR_FORMAT;
	if (e == ERR_OK)
		e = send_hello(m, v, &t->hello, t->name);
	if (e == ERR_OK)
		e = agree(m, VICTIM);
	if (e == ERR_OK)
		e = agree(m, TARGET);
	m->out->signs = e == ERR_OK && v->hello.auth;
	return e;
}

/* --- what is said
 * ----------------------------------------------------------------------------------------------- */

size_t dhmiddle_rewrite(uint8_t *line, size_t *len, size_t cap, const char *change, const char *into)
{
	size_t from = strlen(change), to = strlen(into), n = 0;

	for (size_t at = 0; from > 0 && at + from <= *len; at++) {
		if (memcmp(line + at, change, from) != 0)
			continue;
		if (*len - from + to > cap)
			break;
		memmove(line + at + to, line + at + from, *len - at - from);
		memcpy(line + at, into, to);
		*len = *len - from + to;
		at += to > 0 ? to - 1 : 0;
		n++;
	}
	return n;
}

static void keep_line(struct middle *m, const char *who, const uint8_t *line, size_t len)
{
	struct dhmiddle_talk *o = m->out;
	char text[96];

	o->lines++;
	escape_text(text, sizeof(text), line, len);
	ev_state(m->t, "loot", who, NULL, text, "what was said, in the clear");
	if (o->n_heard < DHMIDDLE_LINES_MAX)
		snprintf(o->heard[o->n_heard++], sizeof(o->heard[0]), "%.20s: %s", who, text);
	sodium_memzero(text, sizeof(text));
}

static enum err carry(struct middle *m, int from, const uint8_t *frame, size_t len)
{
	struct half *f = &m->half[from], *to = &m->half[from == VICTIM ? TARGET : VICTIM];
	uint8_t text[DH_FRAME_MAX], out[DH_FRAME_MAX];
	enum dh_kind kind = DH_END;
	size_t n = 0, changed = 0;

	if (dh_open(&f->channel, frame, len, &kind, text, &n) != DH_FINE)
		return ERR_FORMAT;
	if (n > DH_TEXT_MAX)
		return ERR_TOO_LONG;
	if (kind == DH_TEXT) {
		keep_line(m, f->name, text, n);
		if (m->opt->change)
			changed = dhmiddle_rewrite(text, &n, DH_TEXT_MAX, m->opt->change, m->opt->into);
		if (changed)
			ev_state(m->t, "word", f->name, m->opt->change, m->opt->into, "in what %s says to %s",
			    f->name, to->name);
		m->out->changed += changed;
	} else if (kind == DH_AUTH) {
		ev_decision(m->t, "signature", "RFC 8032",
		    "%s signed what it saw. mallory has no key that %s knows, and can only pass the "
		    "signature on: it is "
		    "for other HELLOs",
		    f->name, to->name);
	} else {
		f->ended = true;
	}
	size_t sealed = dh_seal(&to->channel, kind, text, n, out);
	enum err e = sealed ? dh_link_send(&to->link, deadline_in(m->opt->limit_ns, m->opt->stop_fd), out, sealed)
	                    : ERR_INTERNAL;
	sodium_memzero(text, sizeof(text));
	return e;
}

static enum err hear(struct middle *m, int from)
{
	uint8_t frame[DH_FRAME_MAX];
	size_t len;
	enum err e;

	while ((e = dh_link_take(&m->half[from].link, frame, &len)) == ERR_OK)
		if ((e = carry(m, from, frame, len)) != ERR_OK)
			return e;
	return e == ERR_TRUNCATED ? ERR_OK : e;
}

static enum err relay(struct middle *m)
{
	int64_t silence = 10 * m->opt->limit_ns;
	const struct timespec ts = {(time_t)(silence / NS_PER_S), (long)(silence % NS_PER_S)};
	enum err e = hear(m, VICTIM); /* what came together with the last HELLO */

	if (e == ERR_OK)
		e = hear(m, TARGET);
	while (e == ERR_OK && !(m->half[VICTIM].ended && m->half[TARGET].ended)) {
		struct pollfd p[3] = {{.fd = m->half[VICTIM].link.fd, .events = POLLIN},
		    {.fd = m->half[TARGET].link.fd, .events = POLLIN}, {.fd = m->opt->stop_fd, .events = POLLIN}};
		int n = ppoll(p, 3, &ts, NULL);
		if (n <= 0 || p[2].revents)
			return n == 0 ? ERR_TIMEOUT : ERR_NET;
		for (int i = VICTIM; i <= TARGET && e == ERR_OK; i++)
			if (p[i].revents && (e = dh_link_fill(&m->half[i].link)) == ERR_OK)
				e = hear(m, i);
	}
	return e;
}

void dhmiddle_relay(const struct dhmiddle_options *opt, struct trace *t, int victim_fd, const char *victim,
    int target_fd, const char *target, struct dhmiddle_talk *out)
{
	struct middle m = {.opt = opt,
	    .t = t,
	    .out = out,
	    .half = {{.name = victim, .link = {.fd = victim_fd}}, {.name = target, .link = {.fd = target_fd}}}};
	enum err e = shake_hands(&m);
	bool met = e == ERR_OK;

	if (e == ERR_OK)
		e = relay(&m);
	out->end = e == ERR_OK       ? "ended"
	           : !met            ? "no-exchange"
	           : e == ERR_CLOSED ? out->signs && out->lines == 0 ? "refused" : "cut"
	                             : err_name(e);
	if (strcmp(out->end, "refused") == 0)
		ev_decision(t, "refused", NULL,
		    "they hung up on each other: the signatures are not for the keys that mallory gave them. "
		    "Not a word was "
		    "said");
	else
		ev_decision(t, "relayed", NULL, "%s and %s (%s): lines heard: %zu, words changed: %zu", victim,
		    target, out->end, out->lines, out->changed);
	for (int i = 0; i < 2; i++) {
		dh_pair_release(&m.half[i].pair);
		dh_channel_release(&m.half[i].channel);
	}
	sodium_memzero(&m, sizeof(m));
}
