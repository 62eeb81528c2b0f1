/* tlsview inside: the handshake of RFC 8448 3, played again. Given are both private keys and the messages that hold a
 * choice or a random number; the shared secret, every secret, both Finished messages and every encrypted record are
 * computed, and held against what the RFC says. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "glassnet/dh.h"
#include "glassnet/wire.h"
#include "hs.h"
#include "inside.h"
#include "keywatch.h"
#include "rfc8448.h"

struct play {
	const struct inside_options *opt;
	const struct rfc8448 *v;
	struct trace *t;
	const struct tls_suite *suite;
	struct tls_transcript transcript;
	struct tls_schedule k;
	uint8_t shared[DH_X25519_LEN];
	uint64_t number[2][3]; /* of the next record: by sender and epoch */
	struct hs_context ctx;
	unsigned checked, same;
};

/* --- comparing --- */

static void held_against(
    struct play *p, const char *id, const char *what, const uint8_t *got, size_t n, const char *hex)
{
	uint8_t want[1024];
	bool same = rfc8448_octets(hex, want, sizeof(want)) == n && memcmp(want, got, n) == 0;

	p->checked++;
	p->same += same;
	ev_check(p->t, id, same ? VERDICT_PASS : VERDICT_FAIL, "RFC 8448 3", "is it what RFC 8448 publishes?",
	    same ? "%s: the same %zu octets" : "%s: OTHER octets, %zu of them", what, n);
}

static void tell(struct play *p, const char *name, const uint8_t *secret, size_t n, const char *reason)
{
	char text[160];

	ev_state(p->t, "key schedule", name, NULL, secret_text(text, sizeof(text), secret, n, p->opt->secrets), "%s",
	    reason);
}

static void tell_secrets(struct play *p, enum tls_secret from, enum tls_secret to)
{
	for (enum tls_secret i = from; i <= to; i++) {
		const struct tls_secret_info *info = tls_secret_info(i);

		if (!p->k.known[i] || !p->v->secret[i])
			continue;
		tell(p, info->name, p->k.secret[i], p->suite->hash_len, info->use);
		held_against(p, info->name, info->name, p->k.secret[i], p->suite->hash_len, p->v->secret[i]);
	}
}

/* --- records and messages --- */

static enum err keys_of(const struct play *p, const struct rfc8448_record *r, struct tls_keys *out)
{
	enum tls_secret id = r->epoch == EPOCH_HANDSHAKE
	                         ? (r->client ? TLS_CLIENT_HANDSHAKE_TRAFFIC : TLS_SERVER_HANDSHAKE_TRAFFIC)
	                         : (r->client ? TLS_CLIENT_TRAFFIC_0 : TLS_SERVER_TRAFFIC_0);

	return tls_traffic_keys(out, p->suite, p->k.secret[id]);
}

static void tell_message(struct play *p, const struct rfc8448_record *r, const uint8_t *msg, size_t n)
{
	struct event ev = {.kind = r->client ? EV_SEND : EV_RECV};
	char label[HS_LABEL];

	p->ctx.from_server = !r->client;
	if (r->type == TLS_HANDSHAKE)
		hs_label(label, &p->ctx, msg, n);
	else
		snprintf(label, sizeof(label), r->type == TLS_ALERT ? "Alert: close_notify" : "application data");
	ev.u.msg = (struct ev_message){.from = r->client ? "client" : "server",
	    .to = r->client ? "server" : "client",
	    .proto = "TLS",
	    .label = label,
	    .bytes = msg,
	    .len = n,
	    .secrecy = r->epoch == EPOCH_CLEAR ? SECRECY_CLEAR : SECRECY_ENCRYPTED};
	emit(p->t, ev);
	if (r->type != TLS_HANDSHAKE)
		return;
	hs_fields(p->t, &p->ctx, msg, n);
	const char *lesson = hs_lesson(&p->ctx, msg, n);
	if (lesson)
		ev_explain(p->t, "%s", lesson);
	if (msg[0] == TLS_SERVER_HELLO)
		p->ctx.version = TLS1_3;
}

/* One after the other; those of the handshake go into the transcript. */
static enum err take_messages(struct play *p, const struct rfc8448_record *r, const uint8_t *text, size_t n)
{
	enum err e = ERR_OK;

	if (r->type != TLS_HANDSHAKE) {
		tell_message(p, r, text, n);
		return ERR_OK;
	}
	for (size_t at = 0; at + 4 <= n && e == ERR_OK;) {
		size_t len = 4 + ((size_t)text[at + 1] << 16 | (size_t)text[at + 2] << 8 | text[at + 3]);

		len = len > n - at ? n - at : len;
		tell_message(p, r, text + at, len);
		if (r->epoch != EPOCH_APPLICATION)
			e = tls_transcript_add(&p->transcript, text + at, len);
		at += len;
	}
	return e;
}

static enum err make_finished(struct play *p, const struct rfc8448_record *r, uint8_t *msg)
{
	uint8_t hash[TLS_HASH_MAX];
	enum tls_secret id = r->client ? TLS_CLIENT_HANDSHAKE_TRAFFIC : TLS_SERVER_HANDSHAKE_TRAFFIC;
	enum err e = tls_transcript_hash(&p->transcript, hash);

	memcpy(msg, (const uint8_t[]){TLS_FINISHED, 0, 0, (uint8_t)p->suite->hash_len}, 4);
	if (e == ERR_OK)
		e = tls_finished(p->suite, p->k.secret[id], hash, msg + 4);
	if (e == ERR_OK)
		held_against(p, r->client ? "client-finished" : "server-finished",
		    r->client ? "the client's Finished" : "the server's Finished", msg + 4, p->suite->hash_len,
		    r->client ? p->v->client_finished : p->v->server_finished);
	return e;
}

static enum err seal(struct play *p, const struct rfc8448_record *r, const uint8_t *text, size_t n)
{
	uint8_t record[TLS_SEALED_MAX];
	struct tls_keys keys;
	size_t len = 0;
	char what[64];
	uint64_t number = p->number[r->client][r->epoch]++;

	if (r->epoch == EPOCH_CLEAR)
		return ERR_OK;
	enum err e = keys_of(p, r, &keys);
	if (e == ERR_OK && number == 0) {
		tell(p, r->client ? "client write key" : "server write key", keys.key, tls_suite_key_len(p->suite),
		    "\"key\" from the traffic secret: what it encrypts is not to be read without it");
		held_against(p, "key", "key", keys.key, tls_suite_key_len(p->suite),
		    r->client ? p->v->client_key[r->epoch] : p->v->server_key[r->epoch]);
		held_against(p, "iv", "iv", keys.iv, TLS_IV_LEN,
		    r->client ? p->v->client_iv[r->epoch] : p->v->server_iv[r->epoch]);
	}
	if (e == ERR_OK)
		e = tls_record_seal(&keys, number, r->type, text, n, record, sizeof(record), &len);
	snprintf(what, sizeof(what), "the encrypted record, number %llu of the %s's", (unsigned long long)number,
	    r->client ? "client" : "server");
	if (e == ERR_OK)
		held_against(p, "record", what, record, len, r->record);
	tls_keys_release(&keys);
	return e;
}

/* --- the steps of the key schedule --- */

static enum err agree(struct play *p)
{
	uint8_t private_key[32], peer[32];
	enum err e;

	rfc8448_octets(p->v->server_private, private_key, sizeof(private_key));
	e = dh_x25519(peer, private_key, NULL);
	held_against(p, "server-share", "the server's key share, from its private key", peer, sizeof(peer),
	    p->v->server_public);
	rfc8448_octets(p->v->client_private, private_key, sizeof(private_key));
	tell(p, "the client's private key", private_key, sizeof(private_key),
	    "published in the RFC, so it is none any more");
	if (e == ERR_OK)
		e = dh_x25519(p->shared, private_key, peer);
	tell(p, "shared secret", p->shared, sizeof(p->shared), "Diffie-Hellman in x25519");
	held_against(p, "shared", "shared secret", p->shared, sizeof(p->shared), p->v->shared);
	return e;
}

static enum err after_record(struct play *p, size_t i)
{
	uint8_t hash[TLS_HASH_MAX], psk[TLS_HASH_MAX], nonce[2];
	enum err e = tls_transcript_hash(&p->transcript, hash);

	if (e != ERR_OK)
		return e;
	switch (i) {
	case 1: /* the ServerHello */
		e = agree(p);
		if (e == ERR_OK)
			e = tls_schedule_handshake(&p->k, p->shared, sizeof(p->shared), hash);
		tell_secrets(p, TLS_EARLY_SECRET, TLS_SERVER_HANDSHAKE_TRAFFIC);
		return e;
	case 2: /* the server's Finished */
		e = tls_schedule_master(&p->k, hash);
		tell_secrets(p, TLS_MASTER_SECRET, TLS_EXPORTER_MASTER);
		return e;
	case 3: /* the client's */
		e = tls_schedule_resumption(&p->k, hash);
		tell_secrets(p, TLS_RESUMPTION_MASTER, TLS_RESUMPTION_MASTER);
		return e;
	case 4: /* the ticket */
		rfc8448_octets(p->v->ticket_nonce, nonce, sizeof(nonce));
		e = tls_ticket_psk(p->suite, p->k.secret[TLS_RESUMPTION_MASTER], nonce, sizeof(nonce), psk);
		if (e != ERR_OK)
			return e;
		tell(p, "PSK of this ticket", psk, p->suite->hash_len, "what the next session can begin with");
		held_against(p, "psk", "PSK of this ticket", psk, p->suite->hash_len, p->v->ticket_psk);
		return ERR_OK;
	default:
		return ERR_OK;
	}
}

static enum err play_record(struct play *p, size_t i)
{
	const struct rfc8448_record *r = &p->v->records[i];
	uint8_t text[1024];
	size_t n = rfc8448_octets(r->text, text, sizeof(text) - 4 - TLS_HASH_MAX);
	enum err e = take_messages(p, r, text, n);

	if (e == ERR_OK && r->finished) {
		e = make_finished(p, r, text + n);
		if (e == ERR_OK)
			e = take_messages(p, r, text + n, 4 + p->suite->hash_len);
		n += 4 + p->suite->hash_len;
	}
	if (e == ERR_OK)
		e = seal(p, r, text, n);
	return e == ERR_OK ? after_record(p, i) : e;
}

enum err inside_rfc8448(
    const struct inside_options *opt, struct trace *t, unsigned *checked, unsigned *same, struct result *res)
{
	struct play p = {.opt = opt, .v = &rfc8448_simple, .t = t};

	p.suite = tls_suite_find(p.v->suite);
	ev_heading(t, "The handshake that RFC 8448 publishes, computed anew");
	ev_explain(t,
	    "The RFC gives both private keys, so that everybody can check the sums. All that follows from them is "
	    "computed here, and held against what is printed there.");
	enum err e = tls_transcript_init(&p.transcript, p.suite);
	if (e == ERR_OK)
		e = tls_schedule_early(&p.k, p.suite, NULL, 0, false);
	for (size_t i = 0; i < p.v->n_records && e == ERR_OK; i++) {
		e = play_record(&p, i);
		if (e == ERR_OK && !inside_pause(opt))
			e = result_set(res, ERR_NET, "interrupted");
	}
	tls_transcript_release(&p.transcript);
	tls_schedule_release(&p.k);
	*checked = p.checked;
	*same = p.same;
	if (e != ERR_OK)
		return res->err == e ? e : result_set(res, e, "the published handshake could not be computed");
	return result_set(res, p.same == p.checked ? ERR_OK : ERR_INTERNAL,
	    "RFC 8448's handshake was computed anew: of %u secrets, keys, Finished messages and records %u are what "
	    "is "
	    "published.",
	    p.checked, p.same);
}
