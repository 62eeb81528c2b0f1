/* TLS records (RFC 8446 5.1) and the hello messages (RFC 8446 4.1).
 *
 *     record:   type 1 | version 2 | length 2 | body
 *     message:  type 1 | length 3 | body                         (in the body of handshake records)
 *     hello:    version 2 | random 32 | session id 1+n |
 *               client: cipher suites 2+n | compression 1+n      server: cipher suite 2 | compression 1
 *               extensions 2+n: type 2 | length 2 | data
 */
#include "glassnet/proto/tls.h"

#include <string.h>

#include "glassnet/wire.h"

#define RECORD_HEADER  5
#define MESSAGE_HEADER 4
#define MAX_RECORD     (16384 + 2048) /* RFC 5246 6.2.3 */
#define MAX_MESSAGE    131072         /* what OpenSSL, too, takes for a certificate chain */

static bool is_record_header(const uint8_t *p)
{
	size_t length = (size_t)p[3] << 8 | p[4];

	return p[0] >= TLS_CHANGE_CIPHER_SPEC && p[0] <= TLS_HEARTBEAT && p[1] == 3 && p[2] <= 4 && length > 0 &&
	       length <= MAX_RECORD;
}

bool tls_looks_like(const uint8_t *p, size_t len)
{
	return len >= RECORD_HEADER && is_record_header(p);
}

struct tls_cursor tls_records(const uint8_t *p, size_t len)
{
	return (struct tls_cursor){.p = p, .len = len};
}

/* A message type that is ever sent in the clear, with a length that it can have. */
static bool readable_message(uint8_t type, uint32_t length)
{
	switch (type) {
	case TLS_HELLO_REQUEST:
	case TLS_SERVER_HELLO_DONE:
		return length == 0;
	case TLS_CLIENT_HELLO:
	case TLS_SERVER_HELLO:
	case TLS_NEW_SESSION_TICKET:
	case TLS_CERTIFICATE:
	case TLS_SERVER_KEY_EXCHANGE:
	case TLS_CERTIFICATE_REQUEST:
	case TLS_CERTIFICATE_VERIFY:
	case TLS_CLIENT_KEY_EXCHANGE:
	case TLS_CERTIFICATE_STATUS:
		return length <= MAX_MESSAGE;
	default:
		return false;
	}
}

static uint32_t u24(const uint8_t *p)
{
	return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

/* Does a handshake record's body begin with a message that can be read? Without keys only its look can tell.
 */
static bool handshake_is_readable(const uint8_t *p, struct tls_span body)
{
	if (body.len < MESSAGE_HEADER)
		return body.len == 0 || readable_message(p[body.off], 0) || readable_message(p[body.off], 64);
	return readable_message(p[body.off], u24(p + body.off + 1));
}

/* How many octets the last message of a readable handshake record lacks. */
static size_t lacking(const uint8_t *p, const struct tls_record *r)
{
	struct tls_message m;
	size_t lacks = 0;

	for (size_t pos = 0; tls_next_message(p, r, &pos, &m);)
		lacks = m.length - m.body.len;
	return lacks;
}

bool tls_is_hello(const uint8_t *record, size_t len)
{
	const uint8_t *m = record + RECORD_HEADER;

	return len > RECORD_HEADER + MESSAGE_HEADER && record[0] == TLS_HANDSHAKE &&
	       (m[0] == TLS_CLIENT_HELLO || m[0] == TLS_SERVER_HELLO) &&
	       u24(m + 1) == len - RECORD_HEADER - MESSAGE_HEADER;
}

static void judge(struct tls_cursor *c, struct tls_record *r)
{
	if (c->secret && r->body.len == r->length && tls_is_hello(c->p + r->off, RECORD_HEADER + r->body.len))
		c->secret = false;
	r->encrypted = c->secret || r->type == TLS_APPLICATION_DATA || r->type == TLS_HEARTBEAT;
	if (r->type == TLS_CHANGE_CIPHER_SPEC) {
		r->encrypted = false;
		c->secret = true;
	} else if (r->type == TLS_ALERT && r->length != 2) {
		r->encrypted = true;
	} else if (r->type == TLS_HANDSHAKE && !r->encrypted && c->pending > 0) {
		r->continued = true;
		c->pending -= c->pending < r->body.len ? c->pending : r->body.len;
	} else if (r->type == TLS_HANDSHAKE && !r->encrypted) {
		r->encrypted = !handshake_is_readable(c->p, r->body);
		c->pending = r->encrypted ? 0 : lacking(c->p, r);
	}
}

bool tls_next_record(struct tls_cursor *c, struct tls_record *out)
{
	if (c->err != ERR_OK || c->pos >= c->len)
		return false;
	const uint8_t *p = c->p + c->pos;
	if (c->len - c->pos < RECORD_HEADER)
		return false; /* the header goes on in the next segment */
	if (!is_record_header(p)) {
		c->err = ERR_FORMAT;
		c->err_off = c->pos;
		return false;
	}
	*out = (struct tls_record){.type = p[0],
	    .version = (uint16_t)(p[1] << 8 | p[2]),
	    .length = (uint16_t)(p[3] << 8 | p[4]),
	    .off = c->pos,
	    .body = {c->pos + RECORD_HEADER, 0}};
	size_t here = c->len - out->body.off;
	out->body.len = out->length < here ? out->length : here;
	c->pos = out->body.off + out->body.len;
	judge(c, out);
	return true;
}

bool tls_next_message(const uint8_t *p, const struct tls_record *r, size_t *pos, struct tls_message *out)
{
	size_t off = r->body.off + *pos, left = r->body.len - *pos;

	if (left < MESSAGE_HEADER || !readable_message(p[off], u24(p + off + 1)))
		return false;
	*out = (struct tls_message){.type = p[off], .length = u24(p + off + 1), .off = off};
	out->body.off = off + MESSAGE_HEADER;
	out->body.len = out->length < left - MESSAGE_HEADER ? out->length : left - MESSAGE_HEADER;
	*pos += MESSAGE_HEADER + out->body.len;
	return true;
}

/* --- hello messages ----------------------------------------------------------------------------------------
 */

static const uint8_t retry_random[32] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e,
    0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

/* n octets at the reader; of a partial message, as many as are here. */
static struct tls_span take(struct rd *r, size_t n, bool partial)
{
	size_t left = rd_left(r);
	struct tls_span s = {r->pos, partial && n > left ? left : n};

	if (rd_bytes(r, s.len) == NULL || s.len < n)
		r->bad = true;
	return r->bad && !partial ? (struct tls_span){r->pos, 0} : s;
}

/* The list within an extension whose first octets are the list's own length. False when the two differ. */
static bool inner_list(const uint8_t *p, struct tls_span data, size_t head, struct tls_span *list)
{
	struct rd r = rd_init(p + data.off, data.len);
	size_t n = head == 1 ? rd_u8(&r) : rd_u16(&r);

	*list = (struct tls_span){data.off + head, n};
	return !r.bad && n == data.len - head;
}

static bool read_server_name(struct tls_hello *h, const uint8_t *p, struct tls_span data)
{
	struct tls_span list;

	if (h->server)
		return data.len == 0;
	if (!inner_list(p, data, 2, &list))
		return false;
	struct rd r = rd_init(p + list.off, list.len);
	uint8_t type = rd_u8(&r);
	size_t n = rd_u16(&r);
	rd_skip(&r, n);
	if (r.bad)
		return false;
	if (type == 0)
		h->server_name = (struct tls_span){list.off + 3, n};
	return true;
}

static bool read_versions(struct tls_hello *h, const uint8_t *p, struct tls_span data)
{
	h->versions = data;
	if (h->server ? data.len != 2 : !inner_list(p, data, 1, &h->versions) || h->versions.len % 2 != 0)
		return false;
	h->best = 0;
	for (size_t i = 0; i < h->versions.len; i += 2) {
		const uint8_t *v = p + h->versions.off + i;
		uint16_t version = (uint16_t)(v[0] << 8 | v[1]);
		if (!tls_is_grease(version) && version > h->best)
			h->best = version;
	}
	return true;
}

static bool read_key_shares(struct tls_hello *h, const uint8_t *p, struct tls_span data)
{
	h->key_shares = data;
	if (h->retry)
		return data.len == 2;
	if (!h->server && !inner_list(p, data, 2, &h->key_shares))
		return false;
	struct rd r = rd_init(p + h->key_shares.off, h->key_shares.len);
	while (rd_left(&r) > 0) {
		rd_skip(&r, 2);
		rd_skip(&r, rd_u16(&r));
	}
	return !r.bad;
}

static bool read_alpn(struct tls_hello *h, const uint8_t *p, struct tls_span data)
{
	if (!inner_list(p, data, 2, &h->alpn))
		return false;
	struct rd r = rd_init(p + h->alpn.off, h->alpn.len);
	while (rd_left(&r) > 0)
		rd_skip(&r, rd_u8(&r));
	return !r.bad;
}

static bool read_extension(struct tls_hello *h, const uint8_t *p, const struct tls_ext *e)
{
	switch (e->type) {
	case TLS_EXT_SERVER_NAME:
		return read_server_name(h, p, e->data);
	case TLS_EXT_VERSIONS:
		return read_versions(h, p, e->data);
	case TLS_EXT_KEY_SHARE:
		return read_key_shares(h, p, e->data);
	case TLS_EXT_ALPN:
		return read_alpn(h, p, e->data);
	case TLS_EXT_GROUPS:
		return inner_list(p, e->data, 2, &h->groups) && h->groups.len % 2 == 0;
	default:
		return true;
	}
}

bool tls_next_extension(const uint8_t *p, const struct tls_hello *h, size_t *pos, struct tls_ext *out)
{
	struct rd r = rd_init(p + h->extensions.off, h->extensions.len);

	rd_skip(&r, *pos);
	out->off = h->extensions.off + *pos;
	out->type = rd_u16(&r);
	size_t n = rd_u16(&r);
	out->data = (struct tls_span){h->extensions.off + r.pos, n};
	rd_skip(&r, n);
	*pos = r.pos;
	return !r.bad;
}

static enum err read_extensions(struct tls_hello *h, const uint8_t *p, size_t *at)
{
	struct tls_ext e;
	size_t pos = 0, done = 0;

	while (done < h->extensions.len && tls_next_extension(p, h, &pos, &e)) {
		if (!read_extension(h, p, &e)) {
			*at = e.off;
			return ERR_FORMAT;
		}
		done = pos;
	}
	*at = h->extensions.off + done;
	return done < h->extensions.len && !h->partial ? ERR_FORMAT : ERR_OK;
}

enum err tls_hello_parse(struct tls_hello *out, const uint8_t *p, const struct tls_message *m, size_t *at)
{
	struct rd r = rd_init(p, m->body.off + m->body.len);

	*out = (struct tls_hello){.server = m->type == TLS_SERVER_HELLO, .partial = m->body.len < m->length};
	rd_skip(&r, m->body.off);
	out->version = out->best = rd_u16(&r);
	out->random = take(&r, 32, out->partial);
	out->retry = out->server && !r.bad && memcmp(p + out->random.off, retry_random, 32) == 0;
	out->session = take(&r, rd_u8(&r), out->partial);
	out->ciphers = take(&r, out->server ? 2 : rd_u16(&r), out->partial);
	(void)take(&r, out->server ? 1 : rd_u8(&r), out->partial);
	*at = r.pos;
	if (r.bad)
		return out->partial ? ERR_OK : ERR_TRUNCATED;
	if (out->ciphers.len % 2 != 0) {
		*at = out->ciphers.off - 2;
		return ERR_FORMAT;
	}
	if (rd_left(&r) == 0)
		return ERR_OK; /* before TLS 1.3 extensions are optional */
	size_t n = rd_u16(&r);
	out->extensions = take(&r, n, out->partial);
	*at = r.pos;
	if (r.bad && !out->partial)
		return ERR_TRUNCATED;
	return read_extensions(out, p, at);
}

enum err tls_parse(struct tls *out, const uint8_t *p, size_t len, size_t *at)
{
	return tls_parse_on(out, false, p, len, at);
}

enum err tls_parse_on(struct tls *out, bool keyed, const uint8_t *p, size_t len, size_t *at)
{
	struct tls_cursor c = tls_records(p, len);
	struct tls_record r;

	*out = (struct tls){.keyed = keyed};
	c.secret = keyed;
	while (tls_next_record(&c, &r)) {
		struct tls_message m;
		struct tls_hello hello;
		out->n_records++;
		out->encrypted |= r.encrypted;
		if (r.type != TLS_HANDSHAKE || r.encrypted || r.continued)
			continue;
		for (size_t pos = 0; tls_next_message(p, &r, &pos, &m);) {
			if (m.type != TLS_CLIENT_HELLO && m.type != TLS_SERVER_HELLO)
				continue;
			enum err e = tls_hello_parse(&hello, p, &m, at);
			if (e != ERR_OK)
				return e;
		}
	}
	*at = c.err_off;
	return c.err;
}
