/* The key schedule beside OpenSSL's. RFC 8446 7.1, 4.4; RFC 5246 8.1. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "glassnet/line.h"
#include "glassnet/wire.h"
#include "hs.h"
#include "keywatch.h"
#include "signature.h"

#define OURS_TOO "is that what we compute, too?"

char *secret_text(char *out, size_t cap, const uint8_t *secret, size_t n, bool show)
{
	uint8_t hash[crypto_hash_sha256_BYTES];
	char hex[17];

	if (show)
		return hex_text(out, cap, secret, n);
	crypto_hash_sha256(hash, secret, n);
	snprintf(out, cap, "(%zu octets, fingerprint %s)", n, hex_text(hex, sizeof(hex), hash, 8));
	return out;
}

static void tell_secret(struct keywatch *k, const char *name, const uint8_t *secret, size_t n, const char *reason)
{
	char text[2 * SHARED_MAX + 40];

	ev_state(k->t, "key schedule", name, NULL, secret_text(text, sizeof(text), secret, n, k->show), "%s", reason);
	sodium_memzero(text, sizeof(text));
}

static void tell_derived(struct keywatch *k, enum tls_secret id)
{
	const struct tls_secret_info *i = tls_secret_info(id);
	char reason[256];

	if (!k->sum.schedule.known[id])
		return;
	k->sum.computed++;
	if (i->label)
		snprintf(reason, sizeof(reason), "from the %s, \"%s\" and the hash of %s: %s",
		    tls_secret_info(i->from)->name, i->label, i->covers, i->use);
	else
		snprintf(reason, sizeof(reason), "extracted: %s", i->use);
	tell_secret(k, i->name, k->sum.schedule.secret[id], k->suite->hash_len, reason);
}

/* --- the key agreement --- */

static void tell_private(struct keywatch *k, EVP_PKEY *own)
{
	uint8_t raw[SHARED_MAX];
	size_t n = 0;
	BIGNUM *number = NULL;

	if (EVP_PKEY_get_octet_string_param(own, OSSL_PKEY_PARAM_PRIV_KEY, raw, sizeof(raw), &n) != 1 &&
	    EVP_PKEY_get_bn_param(own, OSSL_PKEY_PARAM_PRIV_KEY, &number) == 1)
		n = BN_num_bytes(number) <= (int)sizeof(raw) ? (size_t)BN_bn2bin(number, raw) : 0;
	if (n)
		tell_secret(k, "our private key", raw, n,
		    "made for this one connection; only its public half, the key share, went out");
	BN_clear_free(number);
	sodium_memzero(raw, sizeof(raw));
}

/* The peer's half, with the parameters of ours. */
static EVP_PKEY *peer_key(EVP_PKEY *own, const uint8_t *share, size_t n)
{
	EVP_PKEY *peer = EVP_PKEY_new();

	if (peer && EVP_PKEY_copy_parameters(peer, own) == 1 && EVP_PKEY_set1_encoded_public_key(peer, share, n) == 1)
		return peer;
	EVP_PKEY_free(peer);
	return NULL;
}

static bool agree(struct keywatch *k, EVP_PKEY *own, const uint8_t *share, size_t n)
{
	EVP_PKEY *peer = peer_key(own, share, n);
	EVP_PKEY_CTX *ctx = peer ? EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL) : NULL;
	size_t len = sizeof(k->sum.shared);
	bool ok = ctx && EVP_PKEY_derive_init(ctx) == 1;

	if (ok && EVP_PKEY_is_a(own, "DH")) /* RFC 8446 7.4.1: with its leading zeros */
		ok = EVP_PKEY_CTX_set_dh_pad(ctx, 1) == 1;
	ok = ok && EVP_PKEY_derive_set_peer(ctx, peer) == 1 && EVP_PKEY_derive(ctx, k->sum.shared, &len) == 1;
	k->sum.shared_len = ok ? len : 0;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(peer);
	return ok;
}

/* Returns false where the shared secret cannot be had. */
static bool agree_with(struct keywatch *k, const uint8_t *msg, const struct tls_hello *h)
{
	struct rd r = rd_init(msg + h->key_shares.off, h->key_shares.len);
	uint16_t group = rd_u16(&r), n = rd_u16(&r);
	const uint8_t *share = rd_bytes(&r, n);
	EVP_PKEY *own = NULL;
	char reason[160];

	if (!share || SSL_get_tmp_key(k->ssl, &own) != 1)
		return false;
	tell_private(k, own);
	bool ok = agree(k, own, share, n);
	EVP_PKEY_free(own);
	if (!ok)
		return false;
	snprintf(reason, sizeof(reason),
	    "Diffie-Hellman in %s: our private key with the server's key share; a listener has both shares, and not "
	    "this",
	    tls_group_name(group) ? tls_group_name(group) : "a group");
	tell_secret(k, "shared secret", k->sum.shared, k->sum.shared_len, reason);
	return true;
}

/* --- TLS 1.3, step by step --- */

static enum err set_opener(struct keywatch *k, bool out, enum tls_secret id)
{
	struct opener *o = &k->dir[out];

	memcpy(o->secret, k->sum.schedule.secret[id], TLS_HASH_MAX);
	o->number = 0;
	o->ready = true;
	return tls_traffic_keys(&o->keys, k->suite, o->secret);
}

static enum err after_server_hello(struct keywatch *k, const uint8_t *msg, const struct tls_hello *h)
{
	struct tls_schedule *s = &k->sum.schedule;
	uint8_t hash[TLS_HASH_MAX], psk[SSL_MAX_MASTER_KEY_LENGTH];
	size_t n_psk = 0, pos = 0;
	struct tls_ext e;

	while (tls_next_extension(msg, h, &pos, &e))
		if (e.type == TLSEXT_TYPE_psk && SSL_get0_session(k->ssl))
			n_psk = SSL_SESSION_get_master_key(SSL_get0_session(k->ssl), psk, sizeof(psk));
	k->sum.resumed = n_psk > 0;
	bool fresh = agree_with(k, msg, h);
	if (!fresh && !n_psk)
		return ERR_UNSUPPORTED;
	enum err err = tls_schedule_early(s, k->suite, n_psk ? psk : NULL, n_psk, false);
	if (n_psk && n_psk <= sizeof(k->sum.used_psk)) {
		memcpy(k->sum.used_psk, psk, n_psk);
		k->sum.psk_len = n_psk;
	}
	if (n_psk)
		tell_secret(k, "PSK", psk, n_psk, "kept from the session before: its ticket stands for it");
	sodium_memzero(psk, sizeof(psk));
	if (err == ERR_OK)
		err = tls_transcript_hash(&k->transcript, hash);
	if (err == ERR_OK)
		err = tls_schedule_handshake(s, fresh ? k->sum.shared : NULL, k->sum.shared_len, hash);
	if (err == ERR_OK)
		err = set_opener(k, false, TLS_SERVER_HANDSHAKE_TRAFFIC);
	if (err == ERR_OK)
		err = set_opener(k, true, TLS_CLIENT_HANDSHAKE_TRAFFIC);
	for (enum tls_secret i = TLS_EARLY_SECRET; i <= TLS_SERVER_HANDSHAKE_TRAFFIC && err == ERR_OK; i++)
		tell_derived(k, i);
	return err;
}

static enum err after_server_finished(struct keywatch *k)
{
	uint8_t hash[TLS_HASH_MAX];
	enum err e = tls_transcript_hash(&k->transcript, hash);

	if (e == ERR_OK)
		e = tls_schedule_master(&k->sum.schedule, hash);
	for (enum tls_secret i = TLS_MASTER_SECRET; i <= TLS_EXPORTER_MASTER && e == ERR_OK; i++)
		tell_derived(k, i);
	if (e == ERR_OK)
		e = set_opener(k, false, TLS_SERVER_TRAFFIC_0);
	k->dir[0].data = true;
	return e;
}

static enum err after_client_finished(struct keywatch *k)
{
	uint8_t hash[TLS_HASH_MAX];
	enum err e = tls_transcript_hash(&k->transcript, hash);

	if (e == ERR_OK)
		e = tls_schedule_resumption(&k->sum.schedule, hash);
	tell_derived(k, TLS_RESUMPTION_MASTER);
	return e;
}

/* struct { uint32 lifetime; uint32 age_add; opaque nonce<0..255>; opaque ticket<1..2^16-1>; ... } (RFC 8446 4.6.1) */
static enum err on_ticket(struct keywatch *k, const uint8_t *msg, size_t len)
{
	struct rd r = rd_init(msg, len);

	rd_skip(&r, 4 + 8);
	uint8_t n = rd_u8(&r);
	const uint8_t *nonce = rd_bytes(&r, n);
	if (!nonce || !k->sum.schedule.known[TLS_RESUMPTION_MASTER])
		return ERR_OK;
	enum err e = tls_ticket_psk(k->suite, k->sum.schedule.secret[TLS_RESUMPTION_MASTER], nonce, n, k->sum.psk);
	k->sum.has_psk = e == ERR_OK;
	if (e == ERR_OK)
		tell_secret(k, "PSK of this ticket", k->sum.psk, k->suite->hash_len,
		    "from the resumption_master_secret and the ticket's nonce: the next session can begin with it");
	return e;
}

/* --- the Finished messages --- */

/* Is the Finished the one that we compute? */
static void check_finished(struct keywatch *k, bool out, const uint8_t *msg, size_t len)
{
	uint8_t hash[TLS_HASH_MAX], want[TLS_HASH_MAX];
	size_t n = k->suite->tls13 ? k->suite->hash_len : TLS12_FINISHED_LEN;
	enum err e = tls_transcript_hash(&k->transcript, hash);

	if (e == ERR_OK && k->suite->tls13)
		e = tls_finished(k->suite,
		    k->sum.schedule.secret[out ? TLS_CLIENT_HANDSHAKE_TRAFFIC : TLS_SERVER_HANDSHAKE_TRAFFIC], hash,
		    want);
	else if (e == ERR_OK)
		e = k->sum.has_master ? tls12_finished(k->suite, k->sum.master, out, hash, want) : ERR_UNSUPPORTED;
	if (e != ERR_OK)
		return;
	bool same = len == 4 + n && sodium_memcmp(want, msg + 4, n) == 0;
	ev_check(k->t, out ? "client-finished" : "server-finished", same ? VERDICT_PASS : VERDICT_FAIL,
	    "RFC 8446 4.4.4", OURS_TOO, "%s Finished, %zu octets, computed here from %s and the messages so far: %s",
	    out ? "our" : "the server's", n,
	    !k->suite->tls13 ? "the master secret"
	    : out            ? "the client_handshake_traffic_secret"
	                     : "the server_handshake_traffic_secret",
	    same ? "the same" : "NOT the same");
	sodium_memzero(want, sizeof(want));
}

/* --- the messages --- */

static enum err begin(struct keywatch *k, const struct tls_hello *h, const uint8_t *msg)
{
	struct rd cipher = rd_init(msg + h->ciphers.off, h->ciphers.len);

	k->suite = tls_suite_find(rd_u16(&cipher));
	if (!k->suite || !k->hello)
		return ERR_UNSUPPORTED;
	k->sum.tls13 = k->suite->tls13;
	enum err e = tls_transcript_init(&k->transcript, k->suite);
	if (e == ERR_OK)
		e = tls_transcript_add(&k->transcript, k->hello, k->hello_len);
	return e == ERR_OK && h->retry ? tls_transcript_retry(&k->transcript) : e;
}

/* TLS 1.2: the master secret opens everything. */
static void use_master(struct keywatch *k, const uint8_t *master, const char *reason)
{
	memcpy(k->sum.master, master, sizeof(k->sum.master));
	k->sum.has_master = true;
	tell_secret(k, "master_secret", k->sum.master, sizeof(k->sum.master), reason);
	if (tls12_keys(&k->dir[1].keys, &k->dir[0].keys, k->suite, k->sum.master, k->random[1], k->random[0]) !=
	    ERR_OK)
		return;
	k->dir[0].ready = k->dir[1].ready = true;
	tell_secret(k, "client_write_key", k->dir[1].keys.key, tls_suite_key_len(k->suite),
	    "from the master_secret and both randoms, \"key expansion\": encrypts what the client says");
	tell_secret(k, "server_write_key", k->dir[0].keys.key, tls_suite_key_len(k->suite),
	    "the same for what the server says");
}

/* The server takes a session up by saying its number again (RFC 5246 7.4.1.3): its master secret holds again. */
static void resume_tls12(struct keywatch *k, const uint8_t *msg, const struct tls_hello *h)
{
	uint8_t master[SSL_MAX_MASTER_KEY_LENGTH];
	SSL_SESSION *session = SSL_get0_session(k->ssl);
	size_t n = session ? SSL_SESSION_get_master_key(session, master, sizeof(master)) : 0;
	const uint8_t *offered = k->hello + 4 + 2 + TLS_RANDOM_LEN;

	if (n == TLS_MASTER_LEN && h->session.len && k->hello_len > 39 + h->session.len &&
	    offered[0] == h->session.len && memcmp(offered + 1, msg + h->session.off, h->session.len) == 0) {
		k->sum.resumed = true;
		use_master(k, master, "kept from the session before; only the randoms are new");
	}
	sodium_memzero(master, sizeof(master));
}

static enum err on_server_hello(struct keywatch *k, const uint8_t *msg, size_t len)
{
	struct tls_hello h;
	size_t at;
	enum err e = hs_hello_parse(&h, msg, len, &at);

	if (e == ERR_OK && !k->suite)
		e = begin(k, &h, msg);
	if (e == ERR_OK)
		e = tls_transcript_add(&k->transcript, msg, len);
	if (e != ERR_OK || h.retry)
		return e;
	if (h.random.len == TLS_RANDOM_LEN)
		memcpy(k->random[0], msg + h.random.off, TLS_RANDOM_LEN);
	if (k->suite->tls13)
		return after_server_hello(k, msg, &h);
	resume_tls12(k, msg, &h);
	return ERR_OK;
}

static enum err on_client_hello(struct keywatch *k, const uint8_t *msg, size_t len)
{
	if (len >= 6 + TLS_RANDOM_LEN)
		memcpy(k->random[1], msg + 6, TLS_RANDOM_LEN);
	if (k->suite) /* the second one, after a HelloRetryRequest */
		return tls_transcript_add(&k->transcript, msg, len);
	free(k->hello);
	k->hello = malloc(len);
	k->hello_len = len;
	if (!k->hello)
		return ERR_NOMEM;
	memcpy(k->hello, msg, len);
	return ERR_OK;
}

static enum err on_finished(struct keywatch *k, bool out, const uint8_t *msg, size_t len)
{
	check_finished(k, out, msg, len);
	enum err e = tls_transcript_add(&k->transcript, msg, len);
	k->finished[out] = true;
	if (e != ERR_OK || !k->suite->tls13)
		return e;
	return out ? after_client_finished(k) : after_server_finished(k);
}

void keywatch_message(struct keywatch *k, bool out, const uint8_t *msg, size_t len)
{
	bool over = k->finished[0] && k->finished[1];
	enum err e = ERR_OK;

	if (k->broken || len < 4 || msg[0] == TLS_HELLO_REQUEST)
		return;
	if (over) /* what comes after the handshake is in no transcript (RFC 8446 4.4.1) */
		e = !out && msg[0] == TLS_NEW_SESSION_TICKET && k->suite->tls13 ? on_ticket(k, msg, len) : ERR_OK;
	else if (msg[0] == TLS_CLIENT_HELLO)
		e = on_client_hello(k, msg, len);
	else if (msg[0] == TLS_SERVER_HELLO)
		e = on_server_hello(k, msg, len);
	else if (!k->suite)
		e = ERR_UNSUPPORTED;
	else if (msg[0] == TLS_FINISHED)
		e = on_finished(k, out, msg, len);
	else {
		if (msg[0] == TLS_CERTIFICATE_VERIFY && !out && k->suite->tls13)
			signature_check(k, msg, len);
		if (msg[0] == TLS_SERVER_KEY_EXCHANGE && !out && !k->suite->tls13)
			signature_check_server_key(k, msg, len);
		e = tls_transcript_add(&k->transcript, msg, len);
	}
	k->broken = e != ERR_OK;
	if (e == ERR_UNSUPPORTED)
		ev_decision(k->t, "keys-not-computed", NULL,
		    "The keys of this connection cannot be computed here: the cipher suite has no authenticated "
		    "encryption, or "
		    "OpenSSL does not hand out its half of the key agreement.");
}

/* --- what OpenSSL logs --- */

static void compare(struct keywatch *k, const struct tls_logged *l)
{
	const struct tls_secret_info *i = tls_secret_info(l->id);
	const struct tls_schedule *s = &k->sum.schedule;

	if (!s->known[l->id] || l->generation)
		return;
	bool same = l->len == k->suite->hash_len && sodium_memcmp(l->secret, s->secret[l->id], l->len) == 0;
	k->sum.same += same;
	k->sum.differs = k->sum.differs || !same;
	ev_check(k->t, i->name, same ? VERDICT_PASS : VERDICT_FAIL, "RFC 8446 7.1", OURS_TOO,
	    same ? "%s: OpenSSL logs the same %zu octets" : "%s: OpenSSL logs OTHER octets than those computed here",
	    i->name, l->len);
}

/* TLS 1.2's comes with the key exchange, or was there already. */
static void take_master(struct keywatch *k, const struct tls_logged *l)
{
	if (!k->sum.has_master) {
		use_master(k, l->secret,
		    "what both computed from the two halves of the key agreement, as OpenSSL logs it: TLS 1.2's one "
		    "secret");
		return;
	}
	bool same = l->len == sizeof(k->sum.master) && sodium_memcmp(l->secret, k->sum.master, l->len) == 0;
	k->sum.differs = k->sum.differs || !same;
	ev_check(k->t, "master_secret", same ? VERDICT_PASS : VERDICT_FAIL, "RFC 5246 8.1", OURS_TOO,
	    same ? "master_secret: OpenSSL logs the same %zu octets" : "master_secret: OpenSSL logs OTHER octets",
	    l->len);
}

void keywatch_logged(struct keywatch *k, const char *line)
{
	struct tls_logged l;
	size_t at;

	if (k->broken || !k->suite || tls_keylog_parse(&l, line, strlen(line), &at) != ERR_OK)
		return;
	k->sum.logged++;
	if (!l.master)
		compare(k, &l);
	else if (!k->suite->tls13)
		take_master(k, &l);
	sodium_memzero(&l, sizeof(l));
}

/* --- records --- */

/* The keys change within a direction: after our Finished, and after a KeyUpdate. */
static void turn(struct keywatch *k, bool out)
{
	struct opener *o = &k->dir[out];

	if (!o->data && out && o->text[0] == TLS_FINISHED && k->sum.schedule.known[TLS_CLIENT_TRAFFIC_0]) {
		o->data = true;
		(void)!set_opener(k, true, TLS_CLIENT_TRAFFIC_0);
	} else if (o->data && o->text[0] == TLS_KEY_UPDATE &&
	           tls_next_traffic_secret(k->suite, o->secret, o->secret) == ERR_OK) {
		o->number = 0;
		(void)!tls_traffic_keys(&o->keys, k->suite, o->secret);
	}
}

void keywatch_record(struct keywatch *k, bool out, const uint8_t *record, size_t len)
{
	struct opener *o = &k->dir[out];
	bool secret = k->suite && k->suite->tls13 ? record[0] == TLS_APPLICATION_DATA : o->sealed;
	struct tls_opened what = {0};

	if (record[0] == TLS_CHANGE_CIPHER_SPEC && len > TLS_HEADER_LEN)
		o->sealed = true;
	if (record[0] == TLS_APPLICATION_DATA && len <= sizeof(o->record)) {
		memcpy(o->record, record, len);
		o->record_len = len;
	}
	o->opened = false;
	if (!secret || k->broken || !o->ready)
		return;
	o->opened = tls_record_open(&o->keys, o->number++, record, len, o->text, sizeof(o->text), &what) == ERR_OK;
	o->text_len = o->opened ? what.len : 0;
	if (o->opened && k->suite->tls13 && what.type == TLS_HANDSHAKE && what.len)
		turn(k, out);
}

/* --- lifecycle --- */

void key_summary_release(struct key_summary *s)
{
	sodium_memzero(s, sizeof(*s));
}

struct keywatch *keywatch_new(SSL *ssl, struct trace *t, bool show)
{
	struct keywatch *k = calloc(1, sizeof(*k));

	if (k) {
		k->t = t;
		k->ssl = ssl;
		k->show = show;
	}
	return k;
}

void keywatch_free(struct keywatch *k)
{
	if (!k)
		return;
	tls_transcript_release(&k->transcript);
	free(k->hello);
	sodium_memzero(k, sizeof(*k));
	free(k);
}
