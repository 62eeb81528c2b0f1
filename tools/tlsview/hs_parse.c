/* TLS handshake messages: bytes to structs. RFC 8446 4, RFC 5246 7.4, RFC 8422 5. */
#include "hs.h"

static struct span take(struct rd *r, size_t n)
{
	const uint8_t *p = rd_bytes(r, n);

	return (struct span){.p = p, .len = p ? n : 0};
}

enum err hs_hello_parse(struct tls_hello *out, const uint8_t *msg, size_t len, size_t *at)
{
	struct rd r = rd_init(msg, len);
	struct tls_message m = {.type = rd_u8(&r), .length = rd_u24(&r), .body = {4, rd_left(&r)}};

	*at = r.pos;
	if (r.bad || m.body.len < m.length)
		return ERR_TRUNCATED;
	return tls_hello_parse(out, msg, &m, at);
}

enum err hs_extensions_parse(struct tls_hello *out, const uint8_t *msg, size_t len, size_t *at)
{
	struct rd r = rd_init(msg, len);

	rd_skip(&r, 4);
	size_t n = rd_u16(&r);
	*at = r.pos;
	*out = (struct tls_hello){.server = true, .extensions = {6, n}};
	rd_skip(&r, n);
	if (r.bad)
		return ERR_TRUNCATED;
	return rd_left(&r) ? ERR_TOO_LONG : ERR_OK;
}

enum err hs_certificates_parse(
    struct hs_certificates *out, uint16_t version, const uint8_t *body, size_t len, size_t *at)
{
	struct rd r = rd_init(body, len);

	out->tls13 = version == TLS1_3;
	if (out->tls13)
		rd_skip(&r, rd_u8(&r)); /* request context: empty in a server's */
	out->list = rd_sub(&r, rd_u24(&r));
	*at = r.pos;
	if (r.bad || out->list.bad)
		return ERR_TRUNCATED;
	return rd_left(&r) ? ERR_TOO_LONG : ERR_OK;
}

bool hs_next_certificate(struct hs_certificates *c, struct span *der)
{
	if (!rd_left(&c->list))
		return false;
	*der = take(&c->list, rd_u24(&c->list));
	if (c->tls13)
		rd_skip(&c->list, rd_u16(&c->list));
	return !c->list.bad;
}

enum err hs_server_key_parse(struct hs_server_key *out, const uint8_t *body, size_t len, size_t *at)
{
	struct rd r = rd_init(body, len);

	*out = (struct hs_server_key){0};
	*at = 0;
	if (rd_u8(&r) != 3) /* named_curve; finite fields begin with the length of the prime */
		return ERR_OK;
	out->named_curve = true;
	out->group = rd_u16(&r);
	out->point = take(&r, rd_u8(&r));
	*at = r.pos;
	if (r.bad)
		return ERR_TRUNCATED;
	if (!rd_left(&r)) /* anonymous: nobody signs */
		return ERR_OK;
	out->scheme = rd_u16(&r);
	out->signature = take(&r, rd_u16(&r));
	*at = r.pos;
	return r.bad ? ERR_TRUNCATED : ERR_OK;
}
