/* Opening the SSH packets of a connection. The key exchange is in the clear but for one number: with one side's private
 * half, or the shared secret itself, everything is computed as the two ends did (RFC 4253 7.2 and 8, RFC 8731).
 *
 *     version lines, KEXINITs, Q_C, K_S, Q_S   from the wire, and K from the key log
 *     -> H -> the keys of each side, in use behind its NEWKEYS
 *
 * A further exchange inside of what was opened is learned in the same way: it needs a line of its own in the key log. */
#include "ssh_opener.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "glassnet/proto/ssh.h"

#define CURVE      "curve25519-sha256"
#define CURVE_LONG "curve25519-sha256@libssh.org"

struct ssh_side {
	struct sbuf version, kexinit;
	struct sbuf raw;    /* encrypted octets that wait for the rest of their packet */
	struct sshdir dir;  /* keys of what this side sends */
	uint32_t next;      /* the sequence number that is due next */
	bool begun, keyed;  /* keyed: NEWKEYS was sent */
	const char *closed; /* why nothing of this side can be opened any more; or NULL */
};

struct ssh_opener {
	struct ssh_side side[2];
	int client; /* which side; -1: not known yet */
	uint8_t q[2][SSHKEX_SECRET];
	bool has_q[2]; /* 0: the client's half, 1: the server's */
	struct sbuf host_key;
	uint8_t session_id[SSH_HASH];
	bool has_session, strict;
	struct opened list[SEGMENT_MAX_OPENED];
	struct sbuf payload, text, inner; /* of the last call */
};

/* --- octets that are kept, and counted */

static void drop(struct sbuf *b, struct account *a)
{
	a->octets -= b->len;
	sbuf_release(b);
}

/* False: there is no room for them. */
static bool keep(struct sbuf *b, struct account *a, const uint8_t *p, size_t n)
{
	if (b->len + n > a->limits.stream || a->octets + n > a->limits.octets)
		return false;
	sbuf_bytes(b, p, n);
	if (b->bad)
		return false;
	a->octets += n;
	return true;
}

void ssh_opener_free(struct ssh_opener *o, struct account *a)
{
	if (!o)
		return;
	for (int i = 0; i < 2; i++) {
		drop(&o->side[i].version, a);
		drop(&o->side[i].kexinit, a);
		drop(&o->side[i].raw, a);
		sshdir_release(&o->side[i].dir);
	}
	drop(&o->host_key, a);
	sbuf_release(&o->payload);
	sbuf_release(&o->text);
	sbuf_release(&o->inner);
	sodium_memzero(o, sizeof *o);
	free(o);
}

void ssh_opener_settle(struct flow *f)
{
	if (!f->ssh)
		return;
	sbuf_release(&f->ssh->payload);
	sbuf_release(&f->ssh->text);
	sbuf_release(&f->ssh->inner);
}

/* Nothing more of this side can be opened, and why. */
static void close_side(struct ssh_side *s, struct account *a, const char *why)
{
	s->closed = why;
	drop(&s->raw, a);
	sshdir_release(&s->dir);
}

/* --- the key exchange */

/* The shared secret K. A sentence where it cannot be had; else NULL. */
static const char *agree(const struct ssh_opener *o, struct ssh_keys *keys, uint8_t k[static SSHKEX_SECRET])
{
	const struct sbuf *client = &o->side[o->client].kexinit, *server = &o->side[1 - o->client].kexinit;
	const struct ssh_logged *l = ssh_keys_find(keys, client->p + 1);
	uint8_t public[SSHKEX_SECRET];

	if (!l)
		l = ssh_keys_find(keys, server->p + 1);
	if (!l)
		return "the key log has no secret of this key exchange (it is found by the cookie of KEXINIT)";
	if (l->shared) {
		memcpy(k, l->secret, SSHKEX_SECRET);
		return NULL;
	}
	crypto_scalarmult_base(public, l->secret);
	for (int i = 0; i < 2; i++)
		if (memcmp(public, o->q[i], sizeof public) == 0)
			return crypto_scalarmult(k, l->secret, o->q[1 - i]) == 0
			           ? NULL
			           : "a half of its key exchange is a point of small order";
	return "the secret of the key log does not fit: it is not the private half of a key that went over the wire";
}

/* What is agreed on for what that side sends. A sentence where it cannot be opened; else NULL. */
static const char *choose(
    const struct ssh_opener *o, unsigned side, const struct sshkexinit *c, const struct sshkexinit *s, char *cipher)
{
	bool out = (int)side == o->client;
	char name[SSHALG_MAX];

	if (!sshkexinit_choose(c, s, SSHLIST_KEX, name) ||
	    (strcmp(name, CURVE) != 0 && strcmp(name, CURVE_LONG) != 0))
		return "its key exchange is none that can be followed here (" CURVE " alone)";
	if (!sshkexinit_choose(c, s, out ? SSHLIST_CIPHER_OUT : SSHLIST_CIPHER_IN, cipher) ||
	    sshcipher_of(cipher) == SSHCIPHERS)
		return "its cipher is none that can be opened here (chacha20-poly1305, aes128-gcm, aes256-gcm alone)";
	if (!sshkexinit_choose(c, s, out ? SSHLIST_COMPRESSION_OUT : SSHLIST_COMPRESSION_IN, name) ||
	    strcmp(name, "none") != 0)
		return "it is compressed, which is not read here";
	return NULL;
}

static enum err use_keys(
    struct ssh_opener *o, unsigned side, const uint8_t *k, const uint8_t *hash, const char *cipher)
{
	bool out = (int)side == o->client;
	enum sshcipher c = sshcipher_of(cipher);
	uint8_t key[SSHCIPHER_KEY_MAX], iv[12] = {0};
	enum err e = sshkex_derive(out ? 'A' : 'B', k, hash, o->session_id, iv, sshcipher_iv_len(c));

	if (!e)
		e = sshkex_derive(out ? 'C' : 'D', k, hash, o->session_id, key, sshcipher_key_len(c));
	if (!e)
		e = sshdir_rekey(&o->side[side].dir, c, key, iv, false);
	sodium_memzero(key, sizeof key);
	if (!e && o->strict)
		o->side[side].dir.seq = 0;
	return e;
}

/* NEWKEYS: the keys of that side. */
static enum err new_keys(struct ssh_opener *o, struct ssh_keys *keys, struct account *a, unsigned side)
{
	struct ssh_side *me = &o->side[side];
	struct sshkexinit c, s;
	uint8_t k[SSHKEX_SECRET] = {0}, hash[SSH_HASH];
	char cipher[SSHALG_MAX];
	size_t at;

	me->keyed = true;
	if (o->client < 0 || !o->has_q[0] || !o->has_q[1] || !o->host_key.len || !o->side[0].version.len ||
	    !o->side[1].version.len) {
		close_side(me, a, "the capture lacks a part of the key exchange, or it is none with Curve25519");
		return ERR_OK;
	}
	const struct ssh_side *client = &o->side[o->client], *server = &o->side[1 - o->client];
	if (sshkexinit_parse(&c, client->kexinit.p, client->kexinit.len, &at) != ERR_OK ||
	    sshkexinit_parse(&s, server->kexinit.p, server->kexinit.len, &at) != ERR_OK) {
		close_side(me, a, "the capture lacks a KEXINIT, or it is malformed");
		return ERR_OK;
	}
	const char *why = choose(o, side, &c, &s, cipher);
	if (!why)
		why = agree(o, keys, k);
	if (why) {
		close_side(me, a, why);
		return ERR_OK;
	}
	struct sshkex_input in[SSHKEX_INPUTS] = {
	    {"V_C", client->version.p, client->version.len},
	    {"V_S", server->version.p, server->version.len},
	    {"I_C", client->kexinit.p, client->kexinit.len},
	    {"I_S", server->kexinit.p, server->kexinit.len},
	    {"K_S", o->host_key.p, o->host_key.len},
	    {"Q_C", o->q[0], sizeof o->q[0]},
	    {"Q_S", o->q[1], sizeof o->q[1]},
	};
	enum err e = sshkex_hash(hash, in, k);
	if (!e && !o->has_session) {
		memcpy(o->session_id, hash, sizeof hash);
		o->has_session = true;
		o->strict = sshkexinit_has(&c, SSHLIST_KEX, SSHKEX_STRICT_C) &&
		            sshkexinit_has(&s, SSHLIST_KEX, SSHKEX_STRICT_S);
	}
	if (!e)
		e = use_keys(o, side, k, hash, cipher);
	sodium_memzero(k, sizeof k);
	return e;
}

/* One side's half of the agreement, a string of 32 octets. */
static void learn_half(struct ssh_opener *o, struct rd *r, int whose)
{
	size_t n;
	const uint8_t *q = rd_string(r, &n);

	o->has_q[whose] = q && n == SSHKEX_SECRET && rd_left(r) == 0;
	if (o->has_q[whose])
		memcpy(o->q[whose], q, n);
}

static void learn_reply(struct ssh_opener *o, struct account *a, struct rd *r)
{
	size_t n_key, n_q, n_sig;
	const uint8_t *key = rd_string(r, &n_key), *q = rd_string(r, &n_q);

	(void)rd_string(r, &n_sig);
	o->has_q[1] = !r->bad && rd_left(r) == 0 && n_q == SSHKEX_SECRET;
	if (!o->has_q[1])
		return;
	memcpy(o->q[1], q, n_q);
	drop(&o->host_key, a);
	(void)keep(&o->host_key, a, key, n_key); /* no room: then it is said at NEWKEYS */
}

/* A message of the key exchange, in the clear or opened. */
static enum err learn(
    struct ssh_opener *o, struct ssh_keys *keys, struct account *a, unsigned side, const uint8_t *p, size_t len)
{
	struct rd r = rd_init(p, len);
	uint8_t type = rd_u8(&r);

	switch (type) {
	case SSH_KEXINIT:
		drop(&o->side[side].kexinit, a);
		(void)keep(&o->side[side].kexinit, a, p, len);
		return ERR_OK;
	case SSH_KEX_INIT:
		o->client = (int)side;
		learn_half(o, &r, 0);
		return ERR_OK;
	case SSH_KEX_REPLY:
		o->client = 1 - (int)side;
		learn_reply(o, a, &r);
		return ERR_OK;
	case SSH_NEWKEYS:
		return new_keys(o, keys, a, side);
	default:
		return ERR_OK;
	}
}

/* --- packets */

/* What the channels carry: it is what a conversation is about. */
static void add_inner(struct ssh_opener *o, const uint8_t *p, size_t len)
{
	struct rd r = rd_init(p, len);
	uint8_t type = rd_u8(&r);
	size_t n;

	if (type != SSHMSG_CHANNEL_DATA && type != SSHMSG_CHANNEL_EXTENDED_DATA)
		return;
	rd_skip(&r, type == SSHMSG_CHANNEL_DATA ? 4 : 8);
	const uint8_t *data = rd_string(&r, &n);
	if (data)
		sbuf_bytes(&o->inner, data, n);
}

/* Keeps an opened payload; from, n: its packet, in what waited and came; before: octets of it that waited. */
static void give(struct ssh_opener *o, struct segment *s, size_t off, size_t before, size_t from, size_t n)
{
	size_t skip = from < before ? before - from : 0; /* they came with earlier segments */

	s->opened = o->list;
	o->list[s->n_opened++] = (struct opened){.type = o->payload.p[0],
	    .record_off = off + (from > before ? from - before : 0),
	    .record_len = n > skip ? n - skip : 0,
	    .bytes = o->text.p + o->text.len,
	    .len = o->payload.len};
	sbuf_bytes(&o->text, o->payload.p, o->payload.len);
	add_inner(o, o->payload.p, o->payload.len);
}

static enum err open_packets(struct ssh_opener *o, struct ssh_keys *keys, struct account *a, unsigned side,
    struct segment *s, size_t off, size_t before)
{
	struct ssh_side *me = &o->side[side];
	size_t pos = 0, whole = 0;
	enum err e = ERR_OK;

	/* so that what points into them stays: all payloads together are shorter than their packets */
	if (!sbuf_room(&o->text, me->raw.len + 1) || !sbuf_room(&o->inner, me->raw.len + 1))
		return ERR_NOMEM;
	while (!me->closed && s->n_opened < SEGMENT_MAX_OPENED) {
		const char *why;
		e = sshdir_open(&me->dir, me->raw.p + pos, me->raw.len - pos, &o->payload, &whole, &why);
		if (e == ERR_TRUNCATED && whole > a->limits.stream)
			close_side(me, a, "its packet is longer than what is kept of a stream");
		if (e == ERR_FORMAT || e == ERR_NEGATIVE || (!e && o->payload.len == 0))
			close_side(
			    me, a, "the secret of the key log does not fit, or a packet was altered on the way");
		if (e || me->closed)
			break;
		give(o, s, off, before, pos, whole);
		pos += whole;
		if ((e = learn(o, keys, a, side, o->payload.p, o->payload.len)) != ERR_OK)
			return e;
	}
	if (me->closed) {
		s->not_opened = me->closed;
	} else {
		a->octets -= pos;
		sbuf_drop(&me->raw, pos);
	}
	s->inner = o->inner.p;
	s->inner_len = o->inner.len;
	return e == ERR_NOMEM ? e : ERR_OK;
}

static enum err take_encrypted(struct ssh_opener *o, struct ssh_keys *keys, struct account *a, unsigned side,
    struct segment *s, size_t off, size_t len)
{
	struct ssh_side *me = &o->side[side];
	size_t before = me->raw.len;

	if (!me->closed && !me->keyed)
		close_side(me, a, "the capture lacks the begin of the connection, and with it the key exchange");
	if (!me->closed && !keep(&me->raw, a, s->data + off, len))
		close_side(me, a, "more of it waits than there is room for");
	if (me->closed) {
		s->not_opened = me->closed;
		return ERR_OK;
	}
	return open_packets(o, keys, a, side, s, off, before);
}

/* Without its line's end. */
static void learn_version(struct ssh_side *me, struct account *a, const uint8_t *p, size_t n)
{
	while (n > 0 && (p[n - 1] == '\n' || p[n - 1] == '\r'))
		n--;
	drop(&me->version, a);
	(void)keep(&me->version, a, p, n);
}

/* Octets of this side are missing before s: nothing can be opened behind the hole, for each packet's place counts. */
static void check_place(
    const struct flow *f, unsigned side, struct ssh_side *me, struct account *a, const struct segment *s)
{
	uint32_t end = f->half[side].next - (uint32_t)s->waiting;

	if (me->begun && !me->closed && end - (uint32_t)s->len != me->next)
		close_side(
		    me, a, "octets before it are missing in the capture: the packets cannot be counted any more");
	me->begun = true;
	me->next = end;
}

enum err ssh_opener_take(struct flow *f, unsigned side, struct ssh_keys *keys, struct account *a, struct segment *s)
{
	struct ssh_cursor c = ssh_items(s->data, s->len);
	struct ssh_item item;
	enum err e = ERR_OK;

	if (keys->n == 0)
		return ERR_OK;
	if (!f->ssh && !(f->ssh = calloc(1, sizeof *f->ssh)))
		return ERR_NOMEM;
	struct ssh_opener *o = f->ssh;
	struct ssh_side *me = &o->side[side];
	if (!me->begun && !o->side[1 - side].begun)
		o->client = -1;
	check_place(f, side, me, a, s);
	c.secret = s->keyed;
	while (!e && ssh_next(&c, &item)) {
		if (item.kind == SSH_ITEM_VERSION) {
			learn_version(me, a, s->data + item.off, item.len);
		} else if (item.kind == SSH_ITEM_ENCRYPTED) {
			e = take_encrypted(o, keys, a, side, s, item.off, item.len);
		} else {
			me->dir.seq++;
			e = learn(o, keys, a, side, s->data + item.payload_off, item.payload_len);
		}
	}
	return e;
}
