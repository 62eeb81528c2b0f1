/* TLS handshake messages: bytes to structs. RFC 8446 4, RFC 5246 7.4, RFC 8422 5. */
#include <string.h>

#include "hs.h"

/* RFC 8446 4.1.3: a ServerHello with this random is a HelloRetryRequest. It is the SHA-256 of that word. */
static const uint8_t retry_random[32] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
    0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2,
    0xc8, 0xa8, 0x33, 0x9c};

static struct span take(struct rd *r, size_t n)
{
	const uint8_t *p = rd_bytes(r, n);

	return (struct span){.p = p, .len = p ? n : 0};
}

static uint16_t first_u16(struct span s)
{
	struct rd r = rd_init(s.p, s.len);

	return rd_u16(&r);
}

/* A span that begins with its own length, in one or two octets: what is left after that. {NULL, 0} when
 * malformed. */
static struct span counted(struct span s, int octets)
{
	struct rd r = rd_init(s.p, s.len);
	size_t n = octets == 1 ? rd_u8(&r) : rd_u16(&r);
	struct span in = take(&r, n);

	return r.bad ? (struct span){0} : in;
}

bool hs_next_extension(struct rd *r, uint16_t *type, struct span *data)
{
	if (!rd_left(r))
		return false;
	*type = rd_u16(r);
	*data = take(r, rd_u16(r));
	return !r->bad;
}

/* server_name (RFC 6066 3): a list of (type, length, name), of which there is one, of type 0. */
static struct span server_name(struct span ext)
{
	struct span list = counted(ext, 2);

	if (list.len < 3 || list.p[0] != 0)
		return (struct span){0};
	return counted((struct span){list.p + 1, list.len - 1}, 2);
}

static void keep_extension(struct hs_hello *h, bool server, uint16_t type, struct span ext)
{
	switch (type) {
	case 0:
		h->server_name = server ? (struct span){0} : server_name(ext);
		break;
	case 10:
		h->groups = counted(ext, 2);
		break;
	case 13:
		h->schemes = counted(ext, 2);
		break;
	case 16:
		h->alpn = counted(ext, 2);
		break;
	case 43:
		h->versions = server ? ext : counted(ext, 1);
		if (server && ext.len == 2)
			h->chosen = first_u16(ext);
		break;
	case 51:
		h->key_share = server ? ext : counted(ext, 2);
		break;
	default:
		break;
	}
}

enum err hs_hello_parse(struct hs_hello *out, bool server, const uint8_t *body, size_t len, size_t *at)
{
	struct rd r = rd_init(body, len);

	*out = (struct hs_hello){0};
	out->version_field = take(&r, 2);
	out->random = take(&r, 32);
	out->session_id = take(&r, rd_u8(&r));
	if (server) {
		out->ciphers = take(&r, 2);
		rd_u8(&r); /* compression, always none today */
	} else {
		out->ciphers = take(&r, rd_u16(&r));
		rd_skip(&r, rd_u8(&r)); /* compression methods */
	}
	*at = r.pos;
	if (r.bad)
		return ERR_TRUNCATED;
	out->version = out->chosen = first_u16(out->version_field);
	out->retry = server && memcmp(out->random.p, retry_random, sizeof(retry_random)) == 0;
	if (!rd_left(&r)) /* before TLS 1.3 there may be no extensions at all */
		return ERR_OK;
	out->extensions = take(&r, rd_u16(&r));
	*at = r.pos;
	if (r.bad)
		return ERR_TRUNCATED;
	if (rd_left(&r))
		return ERR_TOO_LONG;

	struct rd e = rd_init(out->extensions.p, out->extensions.len);
	uint16_t type;
	struct span ext;
	while (hs_next_extension(&e, &type, &ext))
		keep_extension(out, server, type, ext);
	*at = (size_t)(out->extensions.p - body) + e.pos;
	return e.bad ? ERR_TRUNCATED : ERR_OK;
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
