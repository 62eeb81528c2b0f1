/* Opening the TLS records of a connection: which secrets it has is found by its client random; which of them a record
 * needs follows from the messages (RFC 8446 5.2, 7.3; RFC 5246 6.2.3.3).
 *
 *     TLS 1.3   clear -- ServerHello --> handshake keys -- own Finished --> application keys, next with each KeyUpdate
 *               of the client before ServerHello: early data's
 *     TLS 1.2   clear -- ChangeCipherSpec --> the keys */
#include "opener.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "glassnet/proto/http.h"
#include "glassnet/proto/tls.h"

#define TRIES         16    /* records that the capture may lack in one place */
#define MAX_HANDSHAKE 65536 /* octets of one message, to find the Finished behind it */

enum phase { CLEAR, EARLY, HANDSHAKE, APPLICATION, PHASES };

struct side {
	enum phase phase;
	bool keyed; /* keys are those of phase */
	bool is_client;
	struct tls_keys keys;
	uint64_t number; /* of the next record under these keys */
	uint8_t secret[TLS_HASH_MAX];
	uint8_t *messages; /* the begin of a handshake message that goes on in the next record */
	size_t n_messages;
	uint8_t *inner; /* application data that waits for the rest of its message */
	size_t n_inner, cap_inner, used_inner;
};

struct opener {
	uint8_t client_random[TLS_RANDOM_LEN], server_random[TLS_RANDOM_LEN];
	bool has_client, has_server, head_asked;
	const struct tls_suite *suite;
	bool tls13;
	struct side side[2];
	struct opened list[SEGMENT_MAX_OPENED];
	uint8_t *text; /* of the records that were opened at the last call */
	size_t text_cap;
};

static void wipe_free(uint8_t *p, size_t n)
{
	if (p)
		sodium_memzero(p, n);
	free(p);
}

static void drop_inner(struct side *s, struct account *a)
{
	a->octets -= s->n_inner;
	wipe_free(s->inner, s->cap_inner);
	s->inner = NULL;
	s->n_inner = s->cap_inner = s->used_inner = 0;
}

static void drop_messages(struct side *s, struct account *a)
{
	a->octets -= s->n_messages;
	wipe_free(s->messages, s->n_messages);
	s->messages = NULL;
	s->n_messages = 0;
}

void opener_free(struct opener *o, struct account *a)
{
	if (!o)
		return;
	for (int i = 0; i < 2; i++) {
		drop_inner(&o->side[i], a);
		drop_messages(&o->side[i], a);
		tls_keys_release(&o->side[i].keys);
	}
	wipe_free(o->text, o->text_cap);
	sodium_memzero(o, sizeof *o);
	free(o);
}

/* --- secrets */

static int compare(const void *a, const void *b)
{
	const struct tls_logged *x = a, *y = b;
	int d = memcmp(x->client_random, y->client_random, sizeof x->client_random);
	if (d)
		return d;
	if (x->master != y->master)
		return x->master ? -1 : 1;
	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return (x->generation > y->generation) - (x->generation < y->generation);
}

static const struct tls_logged *find_secret(
    struct keys *k, const uint8_t *client_random, bool master, enum tls_secret id)
{
	struct tls_logged want = {.master = master, .id = master ? 0 : id};
	if (k->n == 0)
		return NULL;
	if (!k->sorted)
		qsort(k->at, k->n, sizeof *k->at, compare);
	k->sorted = true;
	memcpy(want.client_random, client_random, sizeof want.client_random);
	return bsearch(&want, k->at, k->n, sizeof *k->at, compare);
}

static enum tls_secret secret_of(enum phase phase, bool client)
{
	switch (phase) {
	case EARLY:
		return TLS_CLIENT_EARLY_TRAFFIC;
	case HANDSHAKE:
		return client ? TLS_CLIENT_HANDSHAKE_TRAFFIC : TLS_SERVER_HANDSHAKE_TRAFFIC;
	default:
		return client ? TLS_CLIENT_TRAFFIC_0 : TLS_SERVER_TRAFFIC_0;
	}
}

/* The keys of a phase, in a TLS 1.3 connection. False: the key log does not have them. */
static bool keys_13(struct opener *o, struct keys *k, struct side *s, enum phase phase, struct tls_keys *out)
{
	const struct tls_logged *l = find_secret(k, o->client_random, false, secret_of(phase, s->is_client));
	if (!l || !o->suite || !o->suite->tls13 || l->len != o->suite->hash_len)
		return false;
	memcpy(s->secret, l->secret, l->len);
	return tls_traffic_keys(out, o->suite, l->secret) == ERR_OK;
}

static bool keys_12(struct opener *o, struct keys *k, struct side *s, struct tls_keys *out)
{
	const struct tls_logged *l = find_secret(k, o->client_random, true, 0);
	struct tls_keys client, server;
	if (!l || !o->suite || o->suite->tls13 || l->len != TLS_MASTER_LEN ||
	    tls12_keys(&client, &server, o->suite, l->secret, o->client_random, o->server_random) != ERR_OK)
		return false;
	*out = s->is_client ? client : server;
	tls_keys_release(&client);
	tls_keys_release(&server);
	return true;
}

/* --- what the messages change */

static void enter(struct opener *o, struct keys *k, struct side *s, enum phase phase)
{
	struct tls_keys keys;
	s->phase = phase;
	s->number = 0;
	s->keyed = o->tls13 || phase == EARLY ? keys_13(o, k, s, phase, &keys) : keys_12(o, k, s, &keys);
	if (s->keyed)
		s->keys = keys;
	sodium_memzero(&keys, sizeof keys);
}

static void on_hello(struct opener *o, struct keys *k, unsigned side, const uint8_t *record, size_t len)
{
	struct tls_cursor c = tls_records(record, len);
	struct tls_record r;
	struct tls_message m;
	struct tls_hello h;
	size_t pos = 0, at;
	while (tls_next_record(&c, &r) && r.type == TLS_HANDSHAKE && tls_next_message(record, &r, &pos, &m)) {
		if ((m.type != TLS_CLIENT_HELLO && m.type != TLS_SERVER_HELLO) ||
		    tls_hello_parse(&h, record, &m, &at) != ERR_OK || h.random.len != TLS_RANDOM_LEN)
			return;
		if (!h.server) {
			memcpy(o->client_random, record + h.random.off, TLS_RANDOM_LEN);
			o->has_client = true;
			o->side[side].is_client = true;
			o->side[1 - side].is_client = false;
		} else if (!h.retry && h.ciphers.len == 2) {
			memcpy(o->server_random, record + h.random.off, TLS_RANDOM_LEN);
			o->suite = tls_suite_find((uint16_t)(record[h.ciphers.off] << 8 | record[h.ciphers.off + 1]));
			o->has_server = true;
			o->tls13 = h.best == 0x0304;
			if (o->tls13) {
				enter(o, k, &o->side[side], HANDSHAKE);
				if (o->side[1 - side].phase != EARLY)
					enter(o, k, &o->side[1 - side], HANDSHAKE);
			}
		}
		return;
	}
}

/* Looks through opened handshake messages for those that change keys. */
static void on_messages(struct opener *o, struct keys *k, struct side *s, const uint8_t *p, size_t len)
{
	for (size_t at = 0; len - at >= 4;) {
		size_t n = 4 + ((size_t)p[at + 1] << 16 | (size_t)p[at + 2] << 8 | p[at + 3]);
		if (n > len - at)
			return;
		if (p[at] == TLS_FINISHED && s->phase == HANDSHAKE)
			enter(o, k, s, APPLICATION);
		else if (p[at] == TLS_END_OF_EARLY_DATA && s->phase == EARLY)
			enter(o, k, s, HANDSHAKE);
		else if (p[at] == TLS_KEY_UPDATE && s->phase == APPLICATION && s->keyed) {
			s->keyed = tls_next_traffic_secret(o->suite, s->secret, s->secret) == ERR_OK &&
			           tls_traffic_keys(&s->keys, o->suite, s->secret) == ERR_OK;
			s->number = 0;
		}
		at += n;
	}
}

/* A record's messages, behind what waits of the last one. */
static enum err add_messages(
    struct opener *o, struct keys *k, struct side *s, struct account *a, const uint8_t *p, size_t len)
{
	size_t whole = 0, n = s->n_messages + len;
	uint8_t *all = (uint8_t *)(uintptr_t)p;
	if (s->n_messages) {
		if (n > MAX_HANDSHAKE || !(all = malloc(n))) {
			drop_messages(s, a);
			return n > MAX_HANDSHAKE ? ERR_OK : ERR_NOMEM;
		}
		memcpy(all, s->messages, s->n_messages);
		memcpy(all + s->n_messages, p, len);
	}
	on_messages(o, k, s, all, n);
	while (n - whole >= 4) {
		size_t m = 4 + ((size_t)all[whole + 1] << 16 | (size_t)all[whole + 2] << 8 | all[whole + 3]);
		if (m > n - whole)
			break;
		whole += m;
	}
	drop_messages(s, a);
	enum err e = ERR_OK;
	if (whole < n && n - whole <= MAX_HANDSHAKE && a->octets + n - whole <= a->limits.octets) {
		s->messages = malloc(n - whole);
		if (s->messages) {
			memcpy(s->messages, all + whole, n - whole);
			s->n_messages = n - whole;
			a->octets += s->n_messages;
		} else {
			e = ERR_NOMEM;
		}
	}
	if (all != p)
		wipe_free(all, n);
	return e;
}

/* --- a record */

/* Under the keys that are in use, then under those that come next: records may be missing in the capture. */
static bool open_record(struct opener *o, struct keys *k, struct side *s, const uint8_t *record, size_t len,
    uint8_t *out, size_t cap, struct tls_opened *what)
{
	for (uint64_t n = s->number; s->keyed && n < s->number + TRIES; n++)
		if (tls_record_open(&s->keys, n, record, len, out, cap, what) == ERR_OK) {
			s->number = n + 1;
			return true;
		}
	for (enum phase next = s->phase + 1; o->tls13 && next < PHASES; next++) {
		struct side probe = {.is_client = s->is_client};
		if (!keys_13(o, k, &probe, next, &probe.keys))
			continue;
		bool fits = tls_record_open(&probe.keys, 0, record, len, out, cap, what) == ERR_OK;
		if (fits)
			enter(o, k, s, next);
		tls_keys_release(&probe.keys);
		sodium_memzero(probe.secret, sizeof probe.secret);
		if (fits) {
			s->number = 1;
			return true;
		}
	}
	return false;
}

static enum err add_inner(struct side *s, struct account *a, const uint8_t *p, size_t len)
{
	if (s->n_inner + len > s->cap_inner) {
		size_t cap = 2 * (s->n_inner + len);
		uint8_t *grown = malloc(cap);
		if (!grown)
			return ERR_NOMEM;
		if (s->n_inner)
			memcpy(grown, s->inner, s->n_inner);
		wipe_free(s->inner, s->cap_inner);
		s->inner = grown;
		s->cap_inner = cap;
	}
	if (len)
		memcpy(s->inner + s->n_inner, p, len);
	s->n_inner += len;
	a->octets += len;
	return ERR_OK;
}

/* What of the application data is whole. */
static void give_inner(struct opener *o, struct side *s, const struct account *a, struct segment *out)
{
	struct framing fr = {.proto = PROTO_DATA, .whole = s->n_inner};
	if (s->n_inner == 0)
		return;
	if (http_looks_like(s->inner, s->n_inner) || http_may_begin(s->inner, s->n_inner))
		fr = http_messages_find(&o->head_asked, s->inner, s->n_inner);
	if (s->n_inner - fr.whole > a->limits.stream || a->octets > a->limits.octets)
		fr.whole = s->n_inner;
	s->used_inner = fr.whole;
	out->inner = s->inner;
	out->inner_len = fr.whole;
	out->inner_proto = fr.whole ? fr.proto : PROTO_NONE;
}

void opener_settle(struct flow *f, unsigned side, struct account *a)
{
	struct side *s = f->opener ? &f->opener->side[side] : NULL;
	if (!s || s->used_inner == 0)
		return;
	if (s->used_inner == s->n_inner) {
		drop_inner(s, a);
		return;
	}
	memmove(s->inner, s->inner + s->used_inner, s->n_inner - s->used_inner);
	a->octets -= s->used_inner;
	s->n_inner -= s->used_inner;
	s->used_inner = 0;
}

static const char *why_not(const struct opener *o, struct keys *k, const struct side *s)
{
	if (!o->has_client || !o->has_server)
		return "the capture lacks the hellos that say which keys it needs";
	if (!o->suite)
		return "its cipher suite is none that can be opened here (AEAD suites alone)";
	bool any = false;
	for (enum tls_secret id = 0; id < TLS_SECRET_COUNT && !any; id++)
		any = find_secret(k, o->client_random, false, id) != NULL;
	if (!any && !find_secret(k, o->client_random, true, 0))
		return "the key log has no secret of this connection";
	return s->keyed ? "the secrets of the key log do not fit: another key, or altered on the way"
	                : "the key log lacks the secret that this record needs";
}

struct walk {
	struct opener *o;
	struct keys *k;
	struct account *a;
	unsigned side;
	struct segment *s;
	size_t text; /* octets of o->text that are in use */
};

static enum err take_record(struct walk *w, size_t off, size_t len)
{
	struct opener *o = w->o;
	struct side *me = &o->side[w->side];
	const uint8_t *record = w->s->data + off;
	struct tls_opened what = {0};
	bool secret = o->tls13 || me->phase == EARLY ? record[0] == TLS_APPLICATION_DATA : me->phase != CLEAR;

	if (tls_is_hello(record, len) || (record[0] == TLS_HANDSHAKE && !secret)) {
		on_hello(o, w->k, w->side, record, len);
		return ERR_OK;
	}
	if (record[0] == TLS_CHANGE_CIPHER_SPEC) {
		if (!o->tls13 && o->has_server)
			enter(o, w->k, me, APPLICATION);
		return ERR_OK;
	}
	if (!secret && record[0] == TLS_APPLICATION_DATA && me->is_client && !o->has_server) {
		/* before the answer: data of the first flight (0-RTT). Its suite is the one of the session: 1.3's first */
		o->suite = tls_suite_find(0x1301);
		enter(o, w->k, me, EARLY);
		secret = true;
	}
	if (!secret)
		return ERR_OK;
	if (w->s->n_opened == SEGMENT_MAX_OPENED)
		return ERR_OK;
	uint8_t *text = o->text + w->text;
	struct opened *out = &o->list[w->s->n_opened];
	*out = (struct opened){.record_off = off, .record_len = len, .bytes = text};
	if (!open_record(o, w->k, me, record, len, text, o->text_cap - w->text, &what)) {
		w->s->not_opened = why_not(o, w->k, me);
		return ERR_OK;
	}
	out->type = what.type;
	out->len = what.len;
	w->s->n_opened++;
	w->text += what.len;
	if (what.type == TLS_HANDSHAKE)
		return add_messages(o, w->k, me, w->a, text, what.len);
	return what.type == TLS_APPLICATION_DATA ? add_inner(me, w->a, text, what.len) : ERR_OK;
}

/* Room for the text of all records: it is shorter than they are. */
static enum err make_room(struct opener *o, size_t len)
{
	if (len <= o->text_cap)
		return ERR_OK;
	uint8_t *p = malloc(len);
	if (!p)
		return ERR_NOMEM;
	wipe_free(o->text, o->text_cap);
	o->text = p;
	o->text_cap = len;
	return ERR_OK;
}

enum err opener_take(struct flow *f, unsigned side, struct keys *keys, struct account *a, struct segment *s)
{
	enum err e = ERR_OK;
	if (keys->n == 0)
		return ERR_OK;
	if (!f->opener && !(f->opener = calloc(1, sizeof *f->opener)))
		return ERR_NOMEM;
	struct opener *o = f->opener;
	struct walk w = {.o = o, .k = keys, .a = a, .side = side, .s = s};
	e = make_room(o, s->len);
	for (size_t off = 0; !e && s->len - off >= TLS_HEADER_LEN && tls_looks_like(s->data + off, s->len - off);) {
		size_t n = TLS_HEADER_LEN + ((size_t)s->data[off + 3] << 8 | s->data[off + 4]);
		if (n > s->len - off)
			break;
		e = take_record(&w, off, n);
		off += n;
	}
	s->opened = o->list;
	give_inner(o, &o->side[side], a, s);
	return e;
}
