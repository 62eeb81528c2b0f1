#include "talk.h"

#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "glassnet/wire.h"

enum { LABEL = DH_FRAME_MAX + 16 };

struct talk {
	struct session *s;
	bool we_ended, they_ended;
	uint8_t line[DH_TEXT_MAX];
	size_t len;
};

void talk_tell(struct session *s, bool sent, const uint8_t *frame, size_t len, const char *label)
{
	const char *me = s->o->self, *peer = s->o->peer;

	emit(s->t, (struct event){.kind = sent ? EV_SEND : EV_RECV,
	               .actor = me,
	               .u.msg = {.from = sent ? me : peer,
	                   .to = sent ? peer : me,
	                   .proto = "DH",
	                   .label = label,
	                   .bytes = frame,
	                   .len = len,
	                   .secrecy = SECRECY_ENCRYPTED}});
}

enum err talk_refuse(struct session *s, enum dh_refusal r, const uint8_t *frame, size_t len)
{
	static const char *const ids[] = {"fine", "malformed", "forged", "replayed", "out-of-order"};

	emit(s->t, (struct event){.kind = EV_RECV,
	               .actor = s->o->self,
	               .u.msg = {.from = s->o->peer,
	                   .to = s->o->self,
	                   .proto = "DH",
	                   .label = "a record that is refused",
	                   .bytes = frame,
	                   .len = len,
	                   .secrecy = SECRECY_TAMPERED}});
	ev_check(s->t, ids[r], VERDICT_FAIL, "RFC 8439 2.8", "is the record what the other side sent, and its turn?",
	    "no: %s", dh_refusal_text(r));
	return session_end(
	    s, r == DH_MALFORMED ? ERR_FORMAT : ERR_NEGATIVE, ids[r], "refused a record: %s", dh_refusal_text(r));
}

/* --- what we say --- */

static enum err say(struct talk *k, enum dh_kind kind)
{
	struct session *s = k->s;
	uint8_t frame[DH_FRAME_MAX];
	char label[LABEL];
	size_t len = dh_seal(&s->channel, kind, k->line, kind == DH_END ? 0 : k->len, frame);
	/* whoever does not read for so long is gone */
	enum err e =
	    len ? dh_link_send(&s->link, deadline_in(s->o->timeout_ns, s->o->cancel_fd), frame, len) : ERR_INTERNAL;

	if (e != ERR_OK)
		return session_broken(s, e, "while we were speaking");
	if (kind == DH_TEXT) {
		s->res->sent++;
		snprintf(label, sizeof(label), "\"%.*s\"", (int)k->len, (const char *)k->line);
	}
	talk_tell(s, true, frame, len, kind == DH_TEXT ? label : "END: we have said all");
	sodium_memzero(label, sizeof(label));
	k->len = 0;
	k->we_ended = kind == DH_END;
	return ERR_OK;
}

/* Takes what was typed: a record a line; a line that is too long becomes several. */
static enum err hear_input(struct talk *k)
{
	uint8_t piece[DH_TEXT_MAX];
	ssize_t n = read(k->s->o->input_fd, piece, sizeof(piece));
	enum err e = ERR_OK;

	if (n < 0)
		return errno == EINTR || errno == EAGAIN
		           ? ERR_OK
		           : session_end(k->s, ERR_IO, "input", "the input cannot be read: %s", strerror(errno));
	for (ssize_t i = 0; i < n && e == ERR_OK; i++) {
		if (piece[i] != '\n')
			k->line[k->len++] = piece[i];
		if (piece[i] == '\n' || k->len == sizeof(k->line))
			e = say(k, DH_TEXT);
	}
	if (n == 0 && k->len > 0)
		e = say(k, DH_TEXT);
	if (n == 0 && e == ERR_OK)
		e = say(k, DH_END);
	sodium_memzero(piece, sizeof(piece));
	return e;
}

/* --- what they say --- */

static enum err hear_record(struct talk *k, const uint8_t *frame, size_t len)
{
	struct session *s = k->s;
	uint8_t text[DH_FRAME_MAX];
	char label[LABEL];
	enum dh_kind kind = DH_END;
	size_t n = 0;
	enum dh_refusal r = dh_open(&s->channel, frame, len, &kind, text, &n);

	if (r != DH_FINE)
		return talk_refuse(s, r, frame, len);
	if (kind == DH_AUTH || k->they_ended)
		return session_end(s, ERR_FORMAT, "malformed", "%s sent %s", s->o->peer,
		    kind == DH_AUTH ? "a signature where none belongs" : "more after it had said that it was all");
	if (kind == DH_END) {
		k->they_ended = true;
		talk_tell(s, false, frame, len, "END: the other has said all");
		return ERR_OK;
	}
	s->res->received++;
	snprintf(label, sizeof(label), "\"%.*s\"", (int)n, (const char *)text);
	talk_tell(s, false, frame, len, label);
	sodium_memzero(text, sizeof(text));
	sodium_memzero(label, sizeof(label));
	return ERR_OK;
}

static enum err hear_frames(struct talk *k)
{
	uint8_t frame[DH_FRAME_MAX];
	size_t len;
	enum err e;

	while ((e = dh_link_take(&k->s->link, frame, &len)) == ERR_OK)
		if ((e = hear_record(k, frame, len)) != ERR_OK)
			return e;
	return e == ERR_TRUNCATED ? ERR_OK : session_broken(k->s, e, "in the conversation");
}

static enum err hear_peer(struct talk *k)
{
	enum err e = dh_link_fill(&k->s->link);

	return e == ERR_OK ? hear_frames(k) : session_broken(k->s, e, "without having said END");
}

/* --- both --- */

/* Waits for either side. *ready: bit 0 the peer, bit 1 our input. */
static enum err wait_both(struct talk *k, unsigned *ready)
{
	const struct session_options *o = k->s->o;
	struct pollfd p[3] = {{.fd = k->they_ended ? -1 : o->fd, .events = POLLIN},
	    {.fd = k->we_ended ? -1 : o->input_fd, .events = POLLIN}, {.fd = o->cancel_fd, .events = POLLIN}};
	struct timespec idle = {(time_t)(o->idle_ns / NS_PER_S), (long)(o->idle_ns % NS_PER_S)};
	int n = ppoll(p, 3, &idle, NULL);

	*ready = 0;
	if (n == 0)
		return session_end(k->s, ERR_TIMEOUT, "silence", "nobody has said anything for %lld s",
		    (long long)(o->idle_ns / NS_PER_S));
	if (n > 0 && p[2].revents) {
		errno = EINTR;
		return session_broken(k->s, ERR_NET, "in the conversation");
	}
	if (n < 0)
		return errno == EINTR ? ERR_OK : session_broken(k->s, ERR_NET, "while waiting");
	*ready = (p[0].revents ? 1u : 0) | (p[1].revents ? 2u : 0);
	return ERR_OK;
}

enum err talk(struct session *s)
{
	struct talk k = {.s = s};
	unsigned ready;
	enum err e;

	ev_heading(s->t, "The conversation, under the shared key");
	e = hear_frames(&k); /* what came along with the last message of the exchange */
	while (e == ERR_OK && !(k.we_ended && k.they_ended)) {
		e = wait_both(&k, &ready);
		if (e == ERR_OK && ready & 1)
			e = hear_peer(&k);
		if (e == ERR_OK && ready & 2)
			e = hear_input(&k);
	}
	sodium_memzero(&k, sizeof(k));
	if (e != ERR_OK)
		return e;
	return session_end(s, ERR_OK, "ended", "both ended: %zu line%s sent, %zu received; %s%s; fingerprint %s",
	    s->res->sent, s->res->sent == 1 ? "" : "s", s->res->received,
	    s->res->peer_name[0] ? "the other proved to be " : "who the other is, nobody proved", s->res->peer_name,
	    s->res->fingerprint);
}
