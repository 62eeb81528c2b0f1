/* TLS handshake messages: each in a line. */
#include "hs.h"

/* --- small texts -------------------------------------------------------------------------------------------
 */

void hs_add_named(struct line *x, const char *name, uint16_t v)
{
	if (name)
		line_add(x, "%s", name);
	else
		line_add(x, tls_is_grease(v) ? "GREASE" : "0x%04x", v);
}

static uint16_t u16_at(const uint8_t *p, struct tls_span s, size_t off)
{
	struct rd r = rd_init(p + s.off, s.len);

	rd_skip(&r, off);
	return rd_u16(&r);
}

/* "TLS 1.3, TLS 1.2" */
static void add_versions(struct line *x, const uint8_t *p, struct tls_span s)
{
	int n = 0;

	for (size_t i = 0; i + 2 <= s.len && n < 4; i += 2) {
		uint16_t v = u16_at(p, s, i);

		if (tls_is_grease(v))
			continue;
		line_add(x, "%s", n++ ? ", " : "");
		hs_add_named(x, tls_version_name(v), v);
	}
}

/* The groups of a ClientHello's key shares: each entry is group, length, key. */
static void add_shares(struct line *x, const uint8_t *p, struct tls_span s)
{
	struct rd r = rd_init(p + s.off, s.len);
	int n = 0;

	while (rd_left(&r)) {
		uint16_t group = rd_u16(&r);

		rd_skip(&r, rd_u16(&r));
		if (r.bad)
			return;
		if (tls_is_grease(group))
			continue;
		line_add(x, "%s", n++ ? ", " : "");
		hs_add_named(x, tls_group_name(group), group);
	}
}

/* --- one function a message --- */

/* msg is the whole message, of at least 4 octets. The name stands in x already. */
typedef void label_fn(struct line *x, const struct hs_context *ctx, const uint8_t *msg, size_t len);

static void label_client_hello(struct line *x, const struct hs_context *ctx, const uint8_t *msg, size_t len)
{
	struct tls_hello h;
	size_t at;
	char clean[80];

	(void)ctx;
	if (hs_hello_parse(&h, msg, len, &at) != ERR_OK) {
		line_add(x, " (malformed at octet %zu)", at);
		return;
	}
	if (h.server_name.len)
		line_add(x, " for %s", escape_text(clean, sizeof(clean), msg + h.server_name.off, h.server_name.len));
	line_add(x, ": offers ");
	if (h.versions.len)
		add_versions(x, msg, h.versions);
	else
		hs_add_named(x, tls_version_name(h.version), h.version);
	line_add(x, ", %zu cipher suites", h.ciphers.len / 2);
	if (h.key_shares.len) {
		line_add(x, ", key share ");
		add_shares(x, msg, h.key_shares);
	}
}

static void label_server_hello(struct line *x, const struct hs_context *ctx, const uint8_t *msg, size_t len)
{
	struct tls_hello h;
	size_t at;

	(void)ctx;
	if (hs_hello_parse(&h, msg, len, &at) != ERR_OK) {
		line_add(x, " (malformed at octet %zu)", at);
		return;
	}
	uint16_t group = u16_at(msg, h.key_shares, 0), cipher = u16_at(msg, h.ciphers, 0);
	if (h.retry) {
		x->len = 0;
		line_add(x, "HelloRetryRequest: ");
		if (h.key_shares.len) {
			line_add(x, "wants a key share in ");
			hs_add_named(x, tls_group_name(group), group);
		} else {
			line_add(x, "start again");
		}
		return;
	}
	line_add(x, ": ");
	hs_add_named(x, tls_version_name(h.best), h.best);
	line_add(x, ", ");
	hs_add_named(x, tls_cipher_name(cipher), cipher);
	if (h.key_shares.len) {
		line_add(x, ", key share ");
		hs_add_named(x, tls_group_name(group), group);
	}
}

static void label_extensions(struct line *x, const struct hs_context *ctx, const uint8_t *msg, size_t len)
{
	struct tls_hello h;
	struct tls_ext e;
	size_t at, pos = 0;
	int n = 0;

	(void)ctx;
	if (hs_extensions_parse(&h, msg, len, &at) != ERR_OK) {
		line_add(x, " (malformed at octet %zu)", at);
		return;
	}
	while (tls_next_extension(msg, &h, &pos, &e)) {
		line_add(x, n++ ? ", " : ": ");
		hs_add_named(x, tls_extension_name(e.type), e.type);
	}
	if (n == 0)
		line_add(x, ": nothing to add");
}

static void label_certificate(struct line *x, const struct hs_context *ctx, const uint8_t *msg, size_t len)
{
	struct hs_certificates c;
	struct span der;
	size_t at, n = 0;

	if (hs_certificates_parse(&c, ctx->version, msg + 4, len - 4, &at) != ERR_OK) {
		line_add(x, " (malformed at octet %zu)", at + 4);
		return;
	}
	while (hs_next_certificate(&c, &der))
		n++;
	line_add(x, ": %zu certificate%s, %zu octets", n, n == 1 ? "" : "s", len);
}

static void label_signature(struct line *x, const struct hs_context *ctx, const uint8_t *msg, size_t len)
{
	uint16_t scheme = u16_at(msg, (struct tls_span){4, len - 4}, 0);

	(void)ctx;
	line_add(x, ": signed with ");
	hs_add_named(x, tls_signature_name(scheme), scheme);
}

static void label_server_key(struct line *x, const struct hs_context *ctx, const uint8_t *msg, size_t len)
{
	struct hs_server_key k;
	size_t at;

	(void)ctx;
	if (hs_server_key_parse(&k, msg + 4, len - 4, &at) != ERR_OK) {
		line_add(x, " (malformed at octet %zu)", at + 4);
		return;
	}
	if (!k.named_curve) {
		line_add(x, ": %zu octets", len);
		return;
	}
	line_add(x, ": ");
	hs_add_named(x, tls_group_name(k.group), k.group);
	if (k.signature.len) {
		line_add(x, ", signed with ");
		hs_add_named(x, tls_signature_name(k.scheme), k.scheme);
	} else {
		line_add(x, ", signed by nobody");
	}
}

static void label_ticket(struct line *x, const struct hs_context *ctx, const uint8_t *msg, size_t len)
{
	struct rd r = rd_init(msg + 4, len - 4);
	uint32_t seconds = rd_u32(&r);

	(void)ctx;
	if (!r.bad)
		line_add(x, ": good for %u seconds", seconds);
}

static void label_octets(struct line *x, const struct hs_context *ctx, const uint8_t *msg, size_t len)
{
	(void)ctx;
	(void)msg;
	if (len > 4)
		line_add(x, ": %zu octets", len - 4);
}

/* --- dispatch --- */

static label_fn *label_of(uint8_t type)
{
	static label_fn *const labels[] = {
	    [TLS_CLIENT_HELLO] = label_client_hello,
	    [TLS_SERVER_HELLO] = label_server_hello,
	    [TLS_NEW_SESSION_TICKET] = label_ticket,
	    [TLS_ENCRYPTED_EXTENSIONS] = label_extensions,
	    [TLS_CERTIFICATE] = label_certificate,
	    [TLS_SERVER_KEY_EXCHANGE] = label_server_key,
	    [TLS_CERTIFICATE_VERIFY] = label_signature,
	};

	return type < sizeof(labels) / sizeof(labels[0]) && labels[type] ? labels[type] : label_octets;
}

char *hs_label(char out[static HS_LABEL], const struct hs_context *ctx, const uint8_t *msg, size_t len)
{
	struct line x = line_on(out, HS_LABEL);
	const char *name = len ? tls_handshake_name(msg[0]) : NULL;

	if (len < 4) {
		line_add(&x, "a handshake message that is cut short");
	} else if (!name) {
		line_add(&x, "handshake message of unknown type %u, %zu octets", msg[0], len);
	} else {
		line_add(&x, "%s", name);
		label_of(msg[0])(&x, ctx, msg, len);
	}
	return out;
}
