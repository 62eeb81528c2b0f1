#include "downgrade.h"

#include <stdio.h>
#include <string.h>

#include "glassnet/proto/tls.h"

enum { TLS12 = 0x0303, TLS13 = 0x0304, RANDOM_LEN = 32, SENTINEL_LEN = 8, RECORD_HEADER = 5, MESSAGE_HEADER = 4 };

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* --- the offer --- */

/* Takes an extension out, and corrects the three lengths around it. */
static enum err cut_extension(struct buf *b, const struct tls_record *r, const struct tls_message *m,
    const struct tls_hello *h, struct tls_ext *e)
{
	size_t n = MESSAGE_HEADER + e->data.len, length = m->length - n;

	put16(b->data + r->off + 3, r->length - n);
	b->data[m->off + 1] = (uint8_t)(length >> 16);
	put16(b->data + m->off + 2, length);
	put16(b->data + h->extensions.off - 2, h->extensions.len - n);
	return buf_replace(b, e->off, n, "", 0);
}

static enum err cut_versions(
    struct buf *b, const struct tls_record *r, const struct tls_message *m, const struct tls_hello *h)
{
	struct tls_ext e;
	for (size_t pos = 0; tls_next_extension(b->data, h, &pos, &e);)
		if (e.type == TLS_EXT_VERSIONS)
			return cut_extension(b, r, m, h, &e);
	return ERR_FORMAT;
}

static void turn_suites(uint8_t *p, size_t n)
{
	for (size_t i = 0, k = n / 2; k > i + 1; i++) {
		k--;
		uint16_t a = get16(p + 2 * i);
		put16(p + 2 * i, get16(p + 2 * k));
		put16(p + 2 * k, a);
	}
}

enum err downgrade_hello(struct buf *hello, struct downgrade *d)
{
	const uint8_t *p = hello->data;
	struct tls_record r;
	struct tls_message m;
	struct tls_hello h;
	size_t pos = 0, at;

	if (hello->len < RECORD_HEADER)
		return hello->len > 0 && p[0] != TLS_HANDSHAKE ? ERR_OK : ERR_TRUNCATED;
	if (p[0] != TLS_HANDSHAKE || p[1] != 3)
		return ERR_OK;
	size_t whole = RECORD_HEADER + (size_t)get16(p + 3);
	if (whole > DOWNGRADE_SEEN_MAX)
		return ERR_OK;
	if (hello->len < whole)
		return ERR_TRUNCATED;
	struct tls_cursor c = tls_records(p, whole);
	if (!tls_next_record(&c, &r) || !tls_next_message(p, &r, &pos, &m) || m.type != TLS_CLIENT_HELLO ||
	    m.body.len != m.length || tls_hello_parse(&h, p, &m, &at) || h.partial || h.ciphers.len < 2)
		return ERR_OK;
	d->offered = h.best;
	d->first = get16(p + h.ciphers.off);
	if (h.best >= TLS13 && h.versions.len > 0) {
		enum err e = cut_versions(hello, &r, &m, &h);
		d->edit = e ? DOWNGRADE_NOTHING : DOWNGRADE_VERSION;
		return e == ERR_FORMAT ? ERR_OK : e;
	}
	turn_suites(hello->data + h.ciphers.off, h.ciphers.len);
	d->edit = h.ciphers.len > 2 ? DOWNGRADE_SUITES : DOWNGRADE_NOTHING;
	return ERR_OK;
}

/* --- what became of it --- */

static void look_at_server_hello(struct downgrade *d, const uint8_t *p, const struct tls_record *r)
{
	static const uint8_t sentinel[] = {'D', 'O', 'W', 'N', 'G', 'R', 'D'}; /* and 1, or 0 for older versions */
	struct tls_message m;
	struct tls_hello h;
	size_t pos = 0, at;

	if (!tls_next_message(p, r, &pos, &m) || m.type != TLS_SERVER_HELLO || tls_hello_parse(&h, p, &m, &at) ||
	    h.random.len != RANDOM_LEN || h.ciphers.len != 2)
		return;
	d->chosen = h.best;
	d->suite = get16(p + h.ciphers.off);
	const uint8_t *end = p + h.random.off + RANDOM_LEN - SENTINEL_LEN;
	d->sentinel = memcmp(end, sentinel, sizeof sentinel) == 0 && end[SENTINEL_LEN - 1] <= 1;
}

static void look_at_side(struct downgrade *d, const struct buf *b, enum downgrade_side side)
{
	struct tls_cursor c = tls_records(b->data, b->len);
	struct tls_record r;

	while (tls_next_record(&c, &r)) {
		const uint8_t *body = b->data + r.body.off;
		if (side == SIDE_BANK && r.type == TLS_HANDSHAKE && !r.encrypted && d->chosen == 0)
			look_at_server_hello(d, b->data, &r);
		if (side == SIDE_VICTIM && r.type == TLS_CHANGE_CIPHER_SPEC)
			d->after_finished = true; /* which is the next that it sends (RFC 5246 7.4.9) */
		/* close_notify is a goodbye, whoever says it */
		if (r.type == TLS_ALERT && !r.encrypted && r.body.len == 2 && body[1] != 0 &&
		    d->alert_by == SIDE_NONE) {
			d->alert_by = side;
			d->alert = body[1];
		}
	}
}

void downgrade_outcome(struct downgrade *d, const struct buf *victim, const struct buf *bank)
{
	look_at_side(d, victim, SIDE_VICTIM);
	look_at_side(d, bank, SIDE_BANK);
}

/* How an end noticed, by what it had seen when it said so. */
enum notice { NOT_NOTICED, BY_OFFER, BY_SENTINEL, BY_ANSWER, BY_KEYS, BY_FINISHED };

static const struct {
	const char *name, *ref, *text;
} notices[] = {
    [BY_OFFER] = {"offer", NULL, ": what is left of the offer is nothing that it speaks"},
    [BY_SENTINEL] = {"sentinel", "RFC 8446 4.1.3",
        ": it has read the bank's hint, which mallory cannot take out, because the bank signs it"},
    [BY_ANSWER] = {"answer", NULL, ": that is no answer to what it offered"},
    [BY_KEYS] = {"keys", "RFC 7627 4",
        ": both made their keys from the messages that they saw, which were not the same, and so are the keys"},
    [BY_FINISHED] = {"finished", "RFC 5246 7.4.9",
        ": the Finished that came does not cover the messages that it saw"},
};

static enum notice noticed_by(const struct downgrade *d)
{
	enum { BAD_RECORD_MAC = 20 };
	if (d->edit == DOWNGRADE_NOTHING || d->alert_by == SIDE_NONE)
		return NOT_NOTICED;
	if (d->after_finished)
		return d->alert == BAD_RECORD_MAC ? BY_KEYS : BY_FINISHED;
	if (d->alert_by == SIDE_BANK)
		return BY_OFFER;
	return d->sentinel ? BY_SENTINEL : BY_ANSWER;
}

static const char *const edits[] = {
    [DOWNGRADE_NOTHING] = "nothing", [DOWNGRADE_VERSION] = "version", [DOWNGRADE_SUITES] = "suites"};

static const char *or_none(const char *name)
{
	return name ? name : "none";
}

static void emit_edit(const struct downgrade *d, struct trace *t, unsigned connection, const char *victim)
{
	if (d->edit == DOWNGRADE_VERSION)
		ev_decision(t, "downgrade", "RFC 8446 4.2.1",
		    "connection %u: %s offers %s; what the bank gets to see offers no more than TLS 1.2", connection,
		    victim, or_none(tls_version_name(d->offered)));
	else if (d->edit == DOWNGRADE_SUITES)
		ev_decision(t, "downgrade", "RFC 5246 7.4.1.2",
		    "connection %u: %s would like %s best; what the bank gets to see has the order turned round",
		    connection, victim, or_none(tls_cipher_name(d->first)));
	else
		ev_decision(t, "no-downgrade", NULL, "connection %u: %s", connection,
		    d->offered ? "there is nothing to weaken in what the victim offers"
		               : "the victim sent no ClientHello");
}

bool downgrade_emit(
    const struct downgrade *d, struct trace *t, unsigned connection, const char *victim, const char *bank)
{
	enum notice how = noticed_by(d);

	emit_edit(d, t, connection, victim);
	if (d->chosen)
		ev_decision(t, "downgraded-answer", d->sentinel ? "RFC 8446 4.1.3" : NULL,
		    "connection %u: %s takes %s, %s%s", connection, bank, or_none(tls_version_name(d->chosen)),
		    or_none(tls_cipher_name(d->suite)),
		    d->sentinel ? "; its random ends with DOWNGRD: it could have done better" : "");
	if (how != NOT_NOTICED)
		ev_decision(t, "downgrade-noticed", notices[how].ref, "connection %u: %s ends it with the alert %s%s",
		    connection, d->alert_by == SIDE_VICTIM ? victim : bank, or_none(tls_alert_name(d->alert)),
		    notices[how].text);
	return how != NOT_NOTICED;
}

json_t *downgrade_json(const struct downgrade *d)
{
	static const char *const sides[] = {[SIDE_VICTIM] = "victim", [SIDE_BANK] = "bank"};
	return json_pack("{s:s, s:s?, s:s?, s:s?, s:b, s:s?, s:s?, s:s?}", "edit", edits[d->edit], "offered",
	    tls_version_name(d->offered), "chosen", tls_version_name(d->chosen), "suite", tls_cipher_name(d->suite),
	    "sentinel", d->sentinel, "alert_by", sides[d->alert_by], "alert",
	    d->alert_by ? tls_alert_name(d->alert) : NULL, "noticed_by", notices[noticed_by(d)].name);
}
