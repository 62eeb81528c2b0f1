#include "session.h"

#include <errno.h>
#include <jansson.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "glassnet/wire.h"
#include "talk.h"

/* --- how it ended --- */

enum err session_end(struct session *s, enum err e, const char *id, const char *fmt, ...)
{
	va_list ap;

	s->res->err = e;
	s->res->id = id;
	va_start(ap, fmt);
	vsnprintf(s->text, sizeof(s->text), fmt, ap);
	va_end(ap);
	return e;
}

enum err session_broken(struct session *s, enum err e, const char *where)
{
	if (e == ERR_NET && errno == EINTR)
		return session_end(s, ERR_CLOSED, "interrupted", "interrupted %s", where);
	if (e == ERR_CLOSED)
		return session_end(s, e, "cut",
		    "%s ended the connection %s: it was cut, or we were refused. What came may not be all",
		    s->o->peer, where);
	if (e == ERR_FORMAT || e == ERR_TOO_LONG || e == ERR_TRUNCATED)
		return session_end(s, e, "malformed", "what %s sent %s is no frame of this protocol: %s", s->o->peer,
		    where, err_text(e));
	return session_end(s, e, err_name(e), "%s: %s", where, err_text(e));
}

/* --- the exchange --- */

static void describe_hello(struct session *s, const struct dh_hello *h)
{
	char key[80];

	ev_field(s->t, (struct ev_field){.layer = "HELLO", .name = "version", .value = "1", .off = 7, .len = 1});
	ev_field(s->t, (struct ev_field){.layer = "HELLO",
	                   .name = "signs",
	                   .value = h->auth ? "yes" : "no",
	                   .meaning = h->auth ? "the sender proves who it is, and wants that of the other" : NULL,
	                   .off = 8,
	                   .len = 1});
	ev_field(s->t, (struct ev_field){.layer = "HELLO",
	                   .name = "group",
	                   .value = dh_group_name(h->group),
	                   .ref = h->group == DH_GROUP_X25519 ? "RFC 7748" : "RFC 7919",
	                   .off = 9,
	                   .len = 2});
	ev_field(s->t, (struct ev_field){.layer = "HELLO",
	                   .name = "nonce",
	                   .value = hex_text(key, 20, h->nonce, DH_NONCE),
	                   .meaning = "new in each conversation, so that the keys are, too",
	                   .off = 11,
	                   .len = DH_NONCE});
	ev_field(s->t, (struct ev_field){.layer = "HELLO",
	                   .name = "public key",
	                   .value = hex_text(key, sizeof(key), h->public_key, h->len),
	                   .meaning = "everybody may see it",
	                   .off = 45,
	                   .len = h->len});
}

static enum err send_hello(struct session *s, uint16_t group)
{
	struct dh_hello h = {.auth = s->o->secret_key != NULL, .group = group};
	struct hello_frame *mine = &s->hello[s->o->side];
	char size[64];

	if (dh_pair_make(&s->pair, group) != ERR_OK)
		return session_end(s, ERR_INTERNAL, "internal", "no key could be made");
	randombytes_buf(h.nonce, sizeof(h.nonce));
	h.public_key = s->pair.public_key;
	h.len = s->pair.len;
	s->res->group = group;
	snprintf(size, sizeof(size), "a random number, new for this conversation");
	ev_state(s->t, "keeps", "private key", NULL, size, "it never leaves this program");
	mine->len = dh_hello_write(mine->bytes, sizeof(mine->bytes), &h);
	enum err e = mine->len ? dh_link_send(&s->link, s->deadline, mine->bytes, mine->len) : ERR_INTERNAL;
	if (e != ERR_OK)
		return session_broken(s, e, "while sending HELLO");
	ev_send(s->t, s->o->self, s->o->peer, "DH", mine->bytes, mine->len,
	    "HELLO: group %s, public key (%zu octets)%s", dh_group_name(group), h.len, h.auth ? ", will sign" : "");
	describe_hello(s, &h);
	return ERR_OK;
}

static enum err receive_hello(struct session *s, struct dh_hello *h)
{
	struct hello_frame *theirs = &s->hello[s->o->side == DH_CLIENT ? DH_SERVER : DH_CLIENT];
	enum err e = dh_link_receive(&s->link, s->deadline, theirs->bytes, &theirs->len);
	size_t at;

	if (e != ERR_OK)
		return session_broken(s, e, "before its HELLO");
	e = dh_hello_parse(h, theirs->bytes, theirs->len, &at);
	if (e != ERR_OK)
		return session_end(
		    s, e, "malformed", "the HELLO of %s is wrong at offset %zu: %s", s->o->peer, at, err_text(e));
	ev_recv(s->t, s->o->peer, s->o->self, "DH", theirs->bytes, theirs->len,
	    "HELLO: group %s, public key (%zu octets)%s", dh_group_name(h->group), h->len,
	    h->auth ? ", will sign" : "");
	describe_hello(s, h);
	if (s->o->group && h->group != s->o->group)
		return session_end(s, ERR_NEGATIVE, "other-group", "%s wants the group %s, and here it is %s",
		    s->o->peer, dh_group_name(h->group), dh_group_name(s->o->group));
	if (h->auth && !s->o->secret_key)
		return session_end(s, ERR_NEGATIVE, "signature-wanted",
		    "%s wants to know who we are, and nothing here can prove it (--auth KEYFILE)", s->o->peer);
	if (!h->auth && s->o->secret_key)
		return session_end(s, ERR_NEGATIVE, "unsigned",
		    "refused: %s does not sign. Whoever cannot prove who he is would say so", s->o->peer);
	return ERR_OK;
}

static enum err agree(struct session *s, const struct dh_hello *theirs)
{
	uint8_t secret[DH_PUBLIC_MAX];
	const char *why;
	enum err e = dh_agree(&s->pair, theirs->public_key, theirs->len, secret, &why);

	ev_check(s->t, "public-key", e == ERR_OK ? VERDICT_PASS : VERDICT_FAIL,
	    s->pair.group == DH_GROUP_X25519 ? "RFC 7748 6.1" : "RFC 7919 5.1", "may the other's public key be used?",
	    "%s", e == ERR_OK ? "it is no trap: the result depends on our secret" : why);
	if (e == ERR_NEGATIVE)
		return session_end(s, e, "bad-public-key", "refused: the public key of %s is %s", s->o->peer, why);
	if (e == ERR_OK)
		e = dh_channel_init(&s->channel, s->o->side, secret, s->pair.len, s->hello[DH_CLIENT].bytes,
		    s->hello[DH_CLIENT].len, s->hello[DH_SERVER].bytes, s->hello[DH_SERVER].len);
	sodium_memzero(secret, sizeof(secret));
	if (e != ERR_OK)
		return session_end(s, e, "internal", "the secret could not be computed");
	dh_fingerprint_text(s->res->fingerprint, &s->channel);
	ev_state(s->t, "keeps", "shared key", NULL, "computed here, and at the other end; never sent",
	    "by HKDF from the shared secret and both HELLOs: a key for each direction");
	ev_state(s->t, "keeps", "fingerprint", NULL, s->res->fingerprint,
	    "of the shared key: it may be read aloud, and tells nothing of the key");
	return ERR_OK;
}

static enum err exchange(struct session *s)
{
	struct dh_hello theirs;
	enum err e;

	ev_heading(s->t, "The exchange, in the open");
	ev_explain(s->t,
	    "Each side sends a public key and keeps the private one. From one's own private and the other's "
	    "public key both compute the same secret; who has only the two public ones cannot.");
	if (s->o->side == DH_CLIENT) {
		e = send_hello(s, s->o->group);
		if (e == ERR_OK)
			e = receive_hello(s, &theirs);
	} else {
		e = receive_hello(s, &theirs);
		if (e == ERR_OK)
			e = send_hello(s, theirs.group);
	}
	return e == ERR_OK ? agree(s, &theirs) : e;
}

/* --- who is there --- */

static enum err judge_signature(struct session *s, const uint8_t *auth, size_t n)
{
	bool fits = dh_verify(&s->channel, auth, n);
	const struct peer *p = fits ? peers_find(s->o->peers, auth) : NULL;
	char hex[65];

	ev_check(s->t, "signature", fits ? VERDICT_PASS : VERDICT_FAIL, "RFC 8032",
	    "is it signed for this very exchange?", "%s",
	    fits ? "yes: both HELLOs as we have seen them"
	         : "no: the signature is for other HELLOs, or no signature");
	if (!fits)
		return session_end(s, ERR_NEGATIVE, "bad-signature",
		    "refused: what %s shows is not signed for this exchange. Somebody in the middle cannot "
		    "do better",
		    s->o->peer);
	hex_text(hex, sizeof(hex), auth, 32);
	ev_check(s->t, "known-peer", p ? VERDICT_PASS : VERDICT_FAIL, NULL, "is the signer's key known?", "%s%s",
	    p ? "it is " : "no: ", p ? p->name : hex);
	if (!p)
		return session_end(s, ERR_NEGATIVE, "unknown-key",
		    "refused: %s signed with a key that is nobody's whom we know (%s)", s->o->peer, hex);
	snprintf(s->res->peer_name, PEER_NAME, "%s", p->name);
	return ERR_OK;
}

static enum err authenticate(struct session *s)
{
	uint8_t auth[DH_AUTH_LEN], frame[DH_FRAME_MAX], text[DH_FRAME_MAX];
	enum dh_kind kind = DH_END;
	size_t len, n = 0;

	if (!s->o->secret_key) {
		ev_warning(s->t, "Nobody has proved who he is. Read the fingerprint to each other over the "
		                 "telephone: if yours "
		                 "and theirs differ, somebody sits in the middle.");
		return ERR_OK;
	}
	ev_heading(s->t, "Who is there?");
	dh_sign(&s->channel, s->o->side, s->o->secret_key, auth);
	len = dh_seal(&s->channel, DH_AUTH, auth, sizeof(auth), frame);
	enum err e = dh_link_send(&s->link, s->deadline, frame, len);
	if (e != ERR_OK)
		return session_broken(s, e, "while we signed");
	talk_tell(s, true, frame, len, "AUTH: our key, and our signature of both HELLOs");
	e = dh_link_receive(&s->link, s->deadline, frame, &len);
	if (e != ERR_OK)
		return session_broken(s, e, "before it signed");
	enum dh_refusal r = dh_open(&s->channel, frame, len, &kind, text, &n);
	if (r != DH_FINE)
		return talk_refuse(s, r, frame, len);
	if (kind != DH_AUTH)
		return session_end(s, ERR_NEGATIVE, "unsigned", "refused: %s should have signed first", s->o->peer);
	talk_tell(s, false, frame, len, "AUTH: a key, and a signature");
	return judge_signature(s, text, n);
}

/* --- the whole --- */

static void say_result(struct session *s)
{
	const struct session_result *r = s->res;
	char name[PEER_NAME * 4];

	/* escaped, a name is UTF-8 whatever the file of peers had in it */
	escape_text(name, sizeof(name), r->peer_name, strlen(r->peer_name));
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:b, s:I, s:I}", "end", r->id, "group",
	    r->group ? dh_group_name(r->group) : "", "fingerprint", r->fingerprint, "peer", name, "authenticated",
	    r->peer_name[0] != '\0', "sent", (json_int_t)r->sent, "received", (json_int_t)r->received);
	char *data = o ? json_dumps(o, JSON_COMPACT) : NULL;
	json_decref(o);
	ev_result(s->t, r->err, data, "%s", s->text);
	free(data);
}

enum err session_run(const struct session_options *o, struct trace *t, struct session_result *res)
{
	struct session s = {
	    .o = o, .t = t, .res = res, .link = {.fd = o->fd}, .deadline = deadline_in(o->timeout_ns, o->cancel_fd)};
	enum err e;

	memset(res, 0, sizeof(*res));
	e = exchange(&s);
	if (e == ERR_OK)
		e = authenticate(&s);
	if (e == ERR_OK)
		e = talk(&s);
	say_result(&s);
	dh_pair_release(&s.pair);
	dh_channel_release(&s.channel);
	sodium_memzero(&s.link, sizeof(s.link));
	return e;
}
