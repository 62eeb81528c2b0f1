/* Key exchange with Curve25519 (RFC 4253 7 and 8, RFC 5656 4, RFC 8731).
 *
 *     both     KEXINIT        lists; the same rule chooses on both sides
 *     client   KEX_ECDH_INIT  Q_C
 *     server   KEX_ECDH_REPLY K_S, Q_S, signature over H
 *     both     NEWKEYS        the keys made of K and H are in use */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kex.h"
#include "tell.h"

#define MACS "hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha2-256,hmac-sha2-512"

struct exchange {
	struct sshtr *tr;
	struct sshkexinit ours, theirs;
	bool first;
	uint8_t secret[32], public[32], peer_public[32];
	uint8_t k[32]; /* the shared secret */
	struct sbuf host_blob, signature;
};

/* --- KEXINIT --- */

enum err sshkex_begin(struct sshtr *tr)
{
	struct sbuf *b = &tr->kexinit[0];
	uint8_t cookie[SSHKEX_COOKIE];
	char kex[512];

	if (tr->kexinit_sent)
		return ERR_OK;
	randombytes_buf(cookie, sizeof(cookie));
	snprintf(kex, sizeof(kex), "%s%s%s%s", tr->o.offer.kex, tr->has_session || tr->o.server ? "" : ",ext-info-c",
	    tr->has_session || !tr->o.offer.strict ? "" : ",",
	    tr->has_session || !tr->o.offer.strict ? ""
	    : tr->o.server                         ? SSHKEX_STRICT_S
	                                           : SSHKEX_STRICT_C);
	sbuf_clear(b);
	sbuf_u8(b, SSHMSG_KEXINIT);
	sbuf_bytes(b, cookie, sizeof(cookie));
	sbuf_text(b, kex);
	sbuf_text(b, tr->o.offer.hostkey);
	for (int i = 0; i < 2; i++)
		sbuf_text(b, tr->o.offer.cipher);
	for (int i = 0; i < 2; i++)
		sbuf_text(b, MACS);
	for (int i = 0; i < 2; i++)
		sbuf_text(b, "none");
	for (int i = 0; i < 2; i++)
		sbuf_text(b, "");
	sbuf_bool(b, false);
	sbuf_u32(b, 0);
	tr->kexinit_sent = true;
	return sshtr_send(tr, b, false, "KEXINIT: what we can do");
}

/* Messages that were under way when we sent KEXINIT are for later: as many as fit into the windows that were given. */
static enum err keep(struct sshtr *tr)
{
	tr->pending_octets += tr->payload.cap + sizeof(tr->payload);
	if (tr->pending_octets > SSH_PENDING_MAX)
		return sshtr_fail(
		    tr, ERR_TOO_LONG, "no-kexinit", "%s goes on and on, and does not answer our KEXINIT", tr->o.peer);
	if (tr->n_pending == tr->pending_cap) {
		size_t cap = tr->pending_cap ? tr->pending_cap * 2 : 64;
		struct sbuf *more = reallocarray(tr->pending, cap, sizeof(*more));
		if (!more)
			return sshtr_fail(tr, ERR_NOMEM, "out-of-memory", "out of memory");
		tr->pending = more;
		tr->pending_cap = cap;
	}
	tr->pending[tr->n_pending++] = tr->payload;
	tr->payload = (struct sbuf){0};
	return ERR_OK;
}

static enum err out_of_order(struct exchange *x, const char *wanted)
{
	struct sshtr *tr = x->tr;

	return sshtr_fail(tr, ERR_FORMAT, x->first && tr->strict ? "strict-order" : "unexpected-message",
	    "%s sent %s where %s has to come%s", tr->o.peer, sshmsg_name(tr->payload.p[0]), wanted,
	    x->first && tr->strict ? ": under strict key exchange that ends the connection (this is how the Terrapin "
	                             "attack begins)"
	                           : "");
}

/* The next message of the exchange, which must be of that type. */
static enum err expect(struct exchange *x, uint8_t type)
{
	struct sshtr *tr = x->tr;

	for (;;) {
		enum err e = sshtr_packet(tr, true);
		if (e != ERR_OK)
			return e;
		uint8_t got = tr->payload.p[0];
		if (got == type)
			return ERR_OK;
		if (got == SSHMSG_DISCONNECT)
			return sshtr_disconnected(tr);
		if (type == SSHMSG_KEXINIT && tr->has_session && got >= SSHMSG_SERVICE_REQUEST &&
		    (got < SSHMSG_KEXINIT || got >= SSHMSG_USERAUTH_REQUEST)) {
			if ((e = keep(tr)) != ERR_OK)
				return e;
			continue;
		}
		bool harmless = got == SSHMSG_IGNORE || got == SSHMSG_DEBUG || got == SSHMSG_UNIMPLEMENTED;
		if (!harmless || (x->first && tr->strict))
			return out_of_order(x, sshmsg_name(type));
		sshtr_told(tr, NULL, false);
	}
}

static enum err parse_theirs(struct exchange *x)
{
	struct sshtr *tr = x->tr;
	struct sbuf *b = &tr->kexinit[1];
	size_t at;

	sshtr_told(tr, tr->o.server ? "KEXINIT: what the client can do" : "KEXINIT: what the server can do", false);
	sshtell_lesson(tr, LESSON_KEXINIT);
	sbuf_clear(b);
	sbuf_bytes(b, tr->payload.p, tr->payload.len);
	if (b->bad)
		return sshtr_fail(tr, ERR_NOMEM, "out-of-memory", "out of memory");
	enum err e = sshkexinit_parse(&x->theirs, b->p, b->len, &at);
	if (e != ERR_OK)
		return sshtr_fail(
		    tr, e, "bad-kexinit", "%s's KEXINIT is malformed at octet %zu: %s", tr->o.peer, at, err_text(e));
	e = sshkexinit_parse(&x->ours, tr->kexinit[0].p, tr->kexinit[0].len, &at);
	return e == ERR_OK ? ERR_OK : sshtr_fail(tr, ERR_INTERNAL, "internal", "our own KEXINIT is malformed");
}

static enum err agree_strict(struct exchange *x)
{
	struct sshtr *tr = x->tr;

	if (!x->first)
		return ERR_OK;
	tr->strict = tr->o.offer.strict &&
	             sshkexinit_has(&x->theirs, SSHLIST_KEX, tr->o.server ? SSHKEX_STRICT_C : SSHKEX_STRICT_S);
	tr->peer_wants_ext_info = sshkexinit_has(&x->theirs, SSHLIST_KEX, "ext-info-c");
	if (tr->strict && tr->in.seq != 1)
		return sshtr_fail(tr, ERR_FORMAT, "strict-order",
		    "%s sent something before its KEXINIT: under strict key exchange that ends the connection",
		    tr->o.peer);
	return ERR_OK;
}

static enum err choose(struct exchange *x)
{
	struct sshtr *tr = x->tr;
	const struct sshkexinit *client = tr->o.server ? &x->theirs : &x->ours;
	const struct sshkexinit *server = tr->o.server ? &x->ours : &x->theirs;
	char *out[4] = {tr->chosen.kex, tr->chosen.hostkey, tr->chosen.cipher_out, tr->chosen.cipher_in};
	char none[SSHALG_MAX];

	for (int i = 0; i < 4; i++) {
		const char *list = i == 0 ? tr->o.offer.kex : i == 1 ? tr->o.offer.hostkey : tr->o.offer.cipher;
		if (!sshkexinit_choose(client, server, (enum sshlist)i, out[i]) ||
		    !name_in_list(out[i], list, strlen(list))) {
			sshtell_no_choice(tr, &x->ours, &x->theirs, (enum sshlist)i);
			return tr->err;
		}
	}
	for (int i = SSHLIST_COMPRESSION_OUT; i <= SSHLIST_COMPRESSION_IN; i++)
		if (!sshkexinit_choose(client, server, (enum sshlist)i, none)) {
			sshtell_no_choice(tr, &x->ours, &x->theirs, (enum sshlist)i);
			return tr->err;
		}
	return ERR_OK;
}

/* The peer sent the first message of the exchange that it guessed. Where the guess is wrong, it does not count. */
static enum err skip_wrong_guess(struct exchange *x)
{
	bool right = true;

	if (!x->theirs.guess_follows)
		return ERR_OK;
	for (int i = SSHLIST_KEX; i <= SSHLIST_HOSTKEY; i++) {
		const char *a = x->ours.list[i].p, *b = x->theirs.list[i].p;
		size_t na = x->ours.list[i].len, nb = x->theirs.list[i].len;
		const char *ca = memchr(a, ',', na), *cb = memchr(b, ',', nb);
		na = ca ? (size_t)(ca - a) : na;
		nb = cb ? (size_t)(cb - b) : nb;
		right = right && na == nb && memcmp(a, b, na) == 0;
	}
	return right ? ERR_OK : sshtr_packet(x->tr, true);
}

/* --- the secret, and what is made of it --- */

static void key_log(struct exchange *x)
{
	struct sshtr *tr = x->tr;
	char line[2 * SSHKEX_COOKIE + 2 * 32 + 3];

	if (tr->o.keylog_fd < 0)
		return;
	sodium_bin2hex(line, 2 * SSHKEX_COOKIE + 1, tr->kexinit[0].p + 1, SSHKEX_COOKIE);
	line[2 * SSHKEX_COOKIE] = ' ';
	sodium_bin2hex(line + 2 * SSHKEX_COOKIE + 1, 65, x->secret, 32);
	line[sizeof(line) - 2] = '\n';
	if (write(tr->o.keylog_fd, line, sizeof(line) - 1) != (ssize_t)sizeof(line) - 1)
		ev_warning(tr->o.trace, "the key log cannot be written: what Wireshark gets of it is not whole");
	else
		ev_state(tr->o.trace, "key log", "this exchange", NULL, "written",
		    "our private half stands in a file now: whoever has it can read this connection");
	sodium_memzero(line, sizeof(line));
}

static void make_pair(struct exchange *x)
{
	randombytes_buf(x->secret, sizeof(x->secret));
	crypto_scalarmult_base(x->public, x->secret);
	key_log(x);
}

/* A point of small order would make a secret that everybody knows (RFC 8731 3). */
static enum err agree(struct exchange *x)
{
	if (crypto_scalarmult(x->k, x->secret, x->peer_public) == 0)
		return ERR_OK;
	return sshtr_fail(x->tr, ERR_NEGATIVE, "weak-public-key",
	    "%s's half of the key agreement is a point of small order: the secret would be known to everybody",
	    x->tr->o.peer);
}

static enum err hash_all(struct exchange *x)
{
	struct sshtr *tr = x->tr;
	int c = tr->o.server, s = !c; /* whose is whose: 0 ours, 1 the peer's */
	struct sshkex_input in[8] = {
	    {"V_C", (const uint8_t *)tr->version[c], strlen(tr->version[c])},
	    {"V_S", (const uint8_t *)tr->version[s], strlen(tr->version[s])},
	    {"I_C", tr->kexinit[c].p, tr->kexinit[c].len},
	    {"I_S", tr->kexinit[s].p, tr->kexinit[s].len},
	    {"K_S", x->host_blob.p, x->host_blob.len},
	    {"Q_C", tr->o.server ? x->peer_public : x->public, 32},
	    {"Q_S", tr->o.server ? x->public : x->peer_public, 32},
	    {"K", x->k, 32},
	};

	if (sshkex_hash(tr->hash, in, x->k) != ERR_OK)
		return sshtr_fail(tr, ERR_NOMEM, "out-of-memory", "out of memory");
	if (!tr->has_session)
		memcpy(tr->session_id, tr->hash, SSH_HASH);
	sshtell_hash(tr, in, 8);
	return ERR_OK;
}

static bool derive(const struct exchange *x, char letter, uint8_t *out, size_t n)
{
	return sshkex_derive(letter, x->k, x->tr->hash, x->tr->session_id, out, n) == ERR_OK;
}

static enum err use_keys(struct exchange *x, bool out)
{
	struct sshtr *tr = x->tr;
	struct sshdir *d = out ? &tr->out : &tr->in;
	const char *chosen = out == !tr->o.server ? tr->chosen.cipher_out : tr->chosen.cipher_in;
	bool to_server = out != tr->o.server;
	enum sshcipher c = sshcipher_of(chosen);
	uint8_t key[SSHCIPHER_KEY_MAX], iv[12];
	enum err e = ERR_INTERNAL;

	if (c < SSHCIPHERS && derive(x, to_server ? 'A' : 'B', iv, sshcipher_iv_len(c)) &&
	    derive(x, to_server ? 'C' : 'D', key, sshcipher_key_len(c)))
		e = sshdir_rekey(d, c, key, iv, out);
	sodium_memzero(key, sizeof(key));
	if (e != ERR_OK)
		return sshtr_fail(tr, e, "internal", "%s cannot be set up", chosen);
	if (tr->strict)
		d->seq = 0;
	sshtell_newkeys(tr, out, c);
	return ERR_OK;
}

/* --- the client's side --- */

static enum err send_init(struct exchange *x)
{
	struct sbuf b = {0};

	make_pair(x);
	sbuf_u8(&b, SSHMSG_ECDH_INIT);
	sbuf_string(&b, x->public, 32);
	enum err e = sshtr_send(x->tr, &b, false, "KEX_ECDH_INIT: the public half of a new key pair (Q_C)");
	sshtell_lesson(x->tr, LESSON_ECDH);
	sbuf_release(&b);
	return e;
}

static enum err parse_reply(struct exchange *x)
{
	struct sshtr *tr = x->tr;
	struct rd r = rd_init(tr->payload.p, tr->payload.len);
	size_t n_key, n_q, n_sig;

	sshtr_told(tr, "KEX_ECDH_REPLY: host key (K_S), its public half (Q_S), a signature", false);
	rd_skip(&r, 1);
	const uint8_t *key = rd_string(&r, &n_key), *q = rd_string(&r, &n_q);
	const uint8_t *sig = rd_string(&r, &n_sig);
	if (r.bad || rd_left(&r))
		return sshtr_fail(tr, ERR_FORMAT, "bad-reply",
		    "%s's KEX_ECDH_REPLY is malformed at octet %zu: a length in it does not fit", tr->o.peer, r.pos);
	if (n_q != 32)
		return sshtr_fail(tr, ERR_FORMAT, "bad-reply",
		    "%s's half of the key agreement has %zu octets in place of 32", tr->o.peer, n_q);
	memcpy(x->peer_public, q, 32);
	sbuf_bytes(&x->host_blob, key, n_key);
	sbuf_bytes(&x->signature, sig, n_sig);
	return x->host_blob.bad || x->signature.bad ? sshtr_fail(tr, ERR_NOMEM, "out-of-memory", "out of memory")
	                                            : ERR_OK;
}

static enum err parse_host_key(struct exchange *x)
{
	struct sshtr *tr = x->tr;
	struct sshkey key;
	char plain[SSHALG_MAX];
	size_t at;
	enum err e = sshkey_parse(&key, x->host_blob.p, x->host_blob.len, &at);

	if (e != ERR_OK)
		return sshtr_fail(tr, ERR_FORMAT, "bad-host-key", "%s's host key is malformed at octet %zu: %s",
		    tr->o.peer, at, err_text(e));
	sshkey_plain_alg(plain, sizeof(plain), tr->chosen.hostkey);
	bool same = !x->first && (!sshkey_equal(&key, &tr->host) || key.cert != tr->host.cert);
	sshkey_release(&tr->host);
	tr->host = key;
	if (same)
		return sshtr_fail(tr, ERR_NEGATIVE, "other-host-key",
		    "%s shows another host key than at the beginning of this connection", tr->o.peer);
	if (!sshkey_fits(key.type, plain) || key.cert != (strcmp(plain, tr->chosen.hostkey) != 0))
		return sshtr_fail(tr, ERR_FORMAT, "bad-host-key", "%s's host key is of type %s, and %s was agreed on",
		    tr->o.peer, sshkey_type_name(&tr->host), tr->chosen.hostkey);
	if (key.type == SSHKEY_RSA && key.bits < SSHKEY_RSA_MIN)
		return sshtr_fail(tr, ERR_NEGATIVE, "weak-key",
		    "%s's host key is RSA with %u bits: at least %d are needed, or others can compute its private "
		    "half",
		    tr->o.peer, key.bits, SSHKEY_RSA_MIN);
	return ERR_OK;
}

static enum err client_exchange(struct exchange *x)
{
	struct sshtr *tr = x->tr;
	const char *why = "";
	char plain[SSHALG_MAX];
	enum err e = send_init(x);

	if (e == ERR_OK)
		e = expect(x, SSHMSG_ECDH_REPLY);
	if (e == ERR_OK)
		e = parse_reply(x);
	if (e == ERR_OK)
		e = parse_host_key(x);
	if (e == ERR_OK)
		e = agree(x);
	if (e == ERR_OK)
		e = hash_all(x);
	if (e != ERR_OK)
		return e;
	sshkey_plain_alg(plain, sizeof(plain), tr->chosen.hostkey);
	e = sshkey_verify(&tr->host, plain, tr->hash, SSH_HASH, x->signature.p, x->signature.len, &why);
	sshtell_signature(tr, e == ERR_OK, why);
	if (e != ERR_OK)
		return sshtr_fail(tr, ERR_NEGATIVE, "bad-signature",
		    "%s did not prove that it holds its host key: %s", tr->o.peer, why);
	return x->first && tr->o.check_host ? tr->o.check_host(tr->o.ctx, tr, &tr->host, tr->chosen.hostkey) : ERR_OK;
}

/* --- the server's side --- */

static enum err server_exchange(struct exchange *x)
{
	struct sshtr *tr = x->tr;
	const struct sshkey *key = &tr->o.host_key->public;
	struct sbuf b = {0}, sig = {0};
	size_t n, at;
	enum err e = expect(x, SSHMSG_ECDH_INIT);

	if (e != ERR_OK)
		return e;
	sshtr_told(tr, "KEX_ECDH_INIT: the client's public half (Q_C)", false);
	struct rd r = rd_init(tr->payload.p, tr->payload.len);
	rd_skip(&r, 1);
	const uint8_t *q = rd_string(&r, &n);
	if (!q || n != 32 || rd_left(&r))
		return sshtr_fail(tr, ERR_FORMAT, "bad-init", "%s's KEX_ECDH_INIT is malformed", tr->o.peer);
	memcpy(x->peer_public, q, 32);
	sbuf_bytes(&x->host_blob, key->blob, key->len);
	make_pair(x);
	e = agree(x);
	if (e == ERR_OK)
		e = hash_all(x);
	if (e == ERR_OK)
		e = sshkey_sign(tr->o.host_key, tr->chosen.hostkey, tr->hash, SSH_HASH, &sig);
	if (e == ERR_OK && !tr->host.blob)
		e = sshkey_parse(&tr->host, key->blob, key->len, &at);
	sbuf_u8(&b, SSHMSG_ECDH_REPLY);
	sbuf_string(&b, key->blob, key->len);
	sbuf_string(&b, x->public, 32);
	sbuf_string(&b, sig.p, sig.len);
	if (e == ERR_OK)
		e = sshtr_send(
		    tr, &b, false, "KEX_ECDH_REPLY: our host key (K_S), our public half (Q_S), our signature");
	else
		sshtr_fail(tr, e, "internal", "the exchange cannot be signed: %s", err_text(e));
	sbuf_release(&sig);
	sbuf_release(&b);
	return e;
}

/* --- the whole --- */

static enum err new_keys(struct exchange *x)
{
	struct sshtr *tr = x->tr;
	struct sbuf b = {0};

	sbuf_u8(&b, SSHMSG_NEWKEYS);
	enum err e = sshtr_send(tr, &b, false, "NEWKEYS: what follows is under the new keys");
	sbuf_release(&b);
	if (e == ERR_OK)
		e = use_keys(x, true);
	if (e == ERR_OK)
		e = expect(x, SSHMSG_NEWKEYS);
	if (e != ERR_OK)
		return e;
	if (tr->payload.len != 1)
		return sshtr_fail(tr, ERR_FORMAT, "bad-newkeys", "%s's NEWKEYS has something in it", tr->o.peer);
	sshtr_told(tr, "NEWKEYS: what follows is under the new keys", false);
	return use_keys(x, false);
}

enum err sshkex_run(struct sshtr *tr, bool peer_began)
{
	struct exchange x = {.tr = tr, .first = !tr->has_session};
	enum err e = ERR_OK;

	if (!x.first)
		tr->rekeyed++;
	if (!peer_began)
		e = expect(&x, SSHMSG_KEXINIT);
	if (!x.first)
		sshtell_lesson(tr, LESSON_REKEY);
	if (e == ERR_OK && peer_began)
		e = sshkex_begin(tr);
	if (e == ERR_OK)
		e = parse_theirs(&x);
	if (e == ERR_OK)
		e = agree_strict(&x);
	if (e == ERR_OK)
		e = choose(&x);
	if (e == ERR_OK) {
		sshtell_choice(tr, &x.ours, &x.theirs);
		e = skip_wrong_guess(&x);
	}
	if (e == ERR_OK)
		e = tr->o.server ? server_exchange(&x) : client_exchange(&x);
	if (e == ERR_OK)
		e = new_keys(&x);
	if (e == ERR_OK) {
		tr->has_session = true;
		tr->kexinit_sent = false;
	}
	sbuf_release(&x.host_blob);
	sbuf_release(&x.signature);
	sodium_memzero(x.secret, sizeof(x.secret));
	sodium_memzero(x.k, sizeof(x.k));
	return e;
}
