/* TLS handshake messages: a label, fields with their places, and what the message is for. */
#include <stdio.h>
#include <string.h>

#include "hs.h"
#include "line.h"

/* --- small texts -------------------------------------------------------------------------------------------
 */

/* A name, or the number where there is none. */
static void add_named(struct line *x, const char *name, uint16_t v)
{
	if (name)
		line_add(x, "%s", name);
	else
		line_add(x, tls_is_grease(v) ? "GREASE" : "0x%04x", v);
}

/* "a, b, c" of a list of two-octet numbers; at most max of them. */
static void add_list(struct line *x, struct span s, const char *(*name)(uint16_t), size_t max)
{
	struct rd r = rd_init(s.p, s.len);

	for (size_t i = 0; rd_left(&r) >= 2; i++) {
		uint16_t v = rd_u16(&r);

		if (i == max) {
			line_add(x, " and %zu more", rd_left(&r) / 2 + 1);
			return;
		}
		line_add(x, "%s", i ? ", " : "");
		add_named(x, name(v), v);
	}
}

static void add_peer_text(struct line *x, struct span s)
{
	char clean[128];

	line_add(x, "%s", escape_text(clean, sizeof(clean), s.p, s.len));
}

/* The protocols of an ALPN list: each with its length in front. */
static void add_alpn(struct line *x, struct span s)
{
	struct rd r = rd_init(s.p, s.len);

	for (int i = 0; rd_left(&r); i++) {
		size_t n = rd_u8(&r);
		const uint8_t *p = rd_bytes(&r, n);

		if (!p)
			return;
		line_add(x, "%s", i ? ", " : "");
		add_peer_text(x, (struct span){p, n});
	}
}

/* The groups of a ClientHello's key shares: each entry is group, length, key. */
static void add_shares(struct line *x, struct span s)
{
	struct rd r = rd_init(s.p, s.len);

	for (int i = 0; rd_left(&r); i++) {
		uint16_t group = rd_u16(&r);
		rd_skip(&r, rd_u16(&r));
		if (r.bad)
			return;
		line_add(x, "%s", i ? ", " : "");
		add_named(x, tls_group_name(group), group);
	}
}

static uint16_t u16_at(struct span s, size_t off)
{
	struct rd r = rd_init(s.p, s.len);

	rd_skip(&r, off);
	return rd_u16(&r);
}

/* --- labels ------------------------------------------------------------------------------------------------
 */

static void label_client_hello(struct line *x, const struct hs_context *ctx, const uint8_t *body, size_t len)
{
	struct hs_hello h;
	size_t at;

	(void)ctx;
	if (hs_hello_parse(&h, false, body, len, &at) != ERR_OK) {
		line_add(x, " (malformed at octet %zu)", at + 4);
		return;
	}
	if (h.server_name.len) {
		line_add(x, " for ");
		add_peer_text(x, h.server_name);
	}
	line_add(x, ": offers ");
	if (h.versions.len)
		add_list(x, h.versions, tls_version_name, 4);
	else
		add_named(x, tls_version_name(h.version), h.version);
	line_add(x, ", %zu cipher suites", h.ciphers.len / 2);
	if (h.key_share.len) {
		line_add(x, ", key share ");
		add_shares(x, h.key_share);
	}
}

static void label_server_hello(struct line *x, const struct hs_context *ctx, const uint8_t *body, size_t len)
{
	struct hs_hello h;
	size_t at;

	(void)ctx;
	if (hs_hello_parse(&h, true, body, len, &at) != ERR_OK) {
		line_add(x, " (malformed at octet %zu)", at + 4);
		return;
	}
	if (h.retry) {
		uint16_t group = u16_at(h.key_share, 0);

		x->len = 0;
		line_add(x, "HelloRetryRequest: ");
		if (h.key_share.len) {
			line_add(x, "wants a key share in ");
			add_named(x, tls_group_name(group), group);
		} else {
			line_add(x, "start again");
		}
		return;
	}
	line_add(x, ": ");
	add_named(x, tls_version_name(h.chosen), h.chosen);
	line_add(x, ", ");
	add_named(x, tls_cipher_name(u16_at(h.ciphers, 0)), u16_at(h.ciphers, 0));
	if (h.key_share.len) {
		uint16_t group = u16_at(h.key_share, 0);

		line_add(x, ", key share ");
		add_named(x, tls_group_name(group), group);
	}
}

static void label_extensions(struct line *x, const struct hs_context *ctx, const uint8_t *body, size_t len)
{
	struct rd r = rd_init(body, len), e = rd_sub(&r, rd_u16(&r));
	uint16_t type;
	struct span ext;
	int n = 0;

	(void)ctx;
	while (hs_next_extension(&e, &type, &ext)) {
		line_add(x, n++ ? ", " : ": ");
		add_named(x, tls_extension_name(type, NULL), type);
	}
	if (n == 0 && !e.bad)
		line_add(x, ": nothing to add");
}

static void label_certificate(struct line *x, const struct hs_context *ctx, const uint8_t *body, size_t len)
{
	struct hs_certificates c;
	struct span der;
	size_t at, n = 0;

	if (hs_certificates_parse(&c, ctx->version, body, len, &at) != ERR_OK) {
		line_add(x, " (malformed at octet %zu)", at + 4);
		return;
	}
	while (hs_next_certificate(&c, &der))
		n++;
	line_add(x, ": %zu certificate%s, %zu octets", n, n == 1 ? "" : "s", len + 4);
}

static void label_signature(struct line *x, const struct hs_context *ctx, const uint8_t *body, size_t len)
{
	uint16_t scheme = u16_at((struct span){body, len}, 0);

	(void)ctx;
	line_add(x, ": signed with ");
	add_named(x, tls_scheme_name(scheme), scheme);
}

static void label_server_key(struct line *x, const struct hs_context *ctx, const uint8_t *body, size_t len)
{
	struct hs_server_key k;
	size_t at;

	(void)ctx;
	if (hs_server_key_parse(&k, body, len, &at) != ERR_OK) {
		line_add(x, " (malformed at octet %zu)", at + 4);
		return;
	}
	if (!k.named_curve) {
		line_add(x, ": %zu octets", len + 4);
		return;
	}
	line_add(x, ": ");
	add_named(x, tls_group_name(k.group), k.group);
	if (k.signature.len) {
		line_add(x, ", signed with ");
		add_named(x, tls_scheme_name(k.scheme), k.scheme);
	} else {
		line_add(x, ", signed by nobody");
	}
}

static void label_ticket(struct line *x, const struct hs_context *ctx, const uint8_t *body, size_t len)
{
	struct rd r = rd_init(body, len);
	uint32_t seconds = rd_u32(&r);

	(void)ctx;
	if (!r.bad)
		line_add(x, ": good for %u seconds", seconds);
}

static void label_octets(struct line *x, const struct hs_context *ctx, const uint8_t *body, size_t len)
{
	(void)ctx;
	(void)body;
	if (len)
		line_add(x, ": %zu octets", len);
}

/* --- fields ------------------------------------------------------------------------------------------------
 */

struct fields {
	struct trace *t;
	const uint8_t *msg;
	const char *layer;
};

static void field(const struct fields *f, unsigned depth, const char *name, const char *value, struct span at,
    const char *meaning, const char *ref)
{
	ev_field(f->t, (struct ev_field){.layer = f->layer,
	                   .name = name,
	                   .value = value,
	                   .meaning = meaning,
	                   .ref = ref,
	                   .off = at.len ? (size_t)(at.p - f->msg) : 0,
	                   .len = at.len,
	                   .depth = depth});
}

static void field_hex(const struct fields *f, unsigned depth, const char *name, struct span at,
    const char *meaning, const char *ref)
{
	char hex[140];

	field(f, depth, name, hex_text(hex, sizeof(hex), at.p, at.len), at, meaning, ref);
}

static void field_list(const struct fields *f, unsigned depth, const char *name, struct span at,
    const char *(*names)(uint16_t), const char *meaning, const char *ref)
{
	char buf[1024];
	struct line x = line_on(buf, sizeof(buf));

	add_list(&x, at, names, 64);
	field(f, depth, name, buf, at, meaning, ref);
}

/* What stands in an extension, where it is worth more than its octets. */
static void extension_value(
    struct line *x, const struct hs_hello *h, bool server, uint16_t type, struct span ext)
{
	if (type == 0 && h->server_name.len)
		add_peer_text(x, h->server_name);
	else if (type == 10 && h->groups.len)
		add_list(x, h->groups, tls_group_name, 16);
	else if (type == 13 && h->schemes.len)
		add_list(x, h->schemes, tls_scheme_name, 32);
	else if (type == 16 && h->alpn.len)
		add_alpn(x, h->alpn);
	else if (type == 43 && h->versions.len)
		add_list(x, h->versions, tls_version_name, 8);
	else if (type == 51 && server)
		add_named(x, tls_group_name(u16_at(ext, 0)), u16_at(ext, 0));
	else if (type == 51)
		add_shares(x, h->key_share);
	else if (ext.len)
		line_add(x, "%zu octets", ext.len);
	else
		line_add(x, "empty");
}

static void extension_fields(const struct fields *f, const struct hs_hello *h, bool server, struct span list)
{
	struct rd e = rd_init(list.p, list.len);
	uint16_t type;
	struct span ext;

	while (hs_next_extension(&e, &type, &ext)) {
		char value[1024], name[64];
		struct line x = line_on(value, sizeof(value)), n = line_on(name, sizeof(name));
		const char *meaning;
		const char *known = tls_extension_name(type, &meaning);

		add_named(&n, known, type);
		extension_value(&x, h, server, type, ext);
		/* type and length belong to it */
		field(f, 1, name, value, (struct span){ext.p - 4, ext.len + 4}, meaning, NULL);
	}
}

static void fields_hello(
    const struct fields *f, const struct hs_context *ctx, const uint8_t *body, size_t len)
{
	struct hs_hello h;
	size_t at;
	char version[32];
	struct line v = line_on(version, sizeof(version));

	bool server = ctx->from_server;
	if (hs_hello_parse(&h, server, body, len, &at) != ERR_OK)
		return;
	add_named(&v, tls_version_name(h.version), h.version);
	field(f, 0, "legacy version", version, h.version_field,
	    "TLS 1.3 says 1.2 here, for boxes on the way that know no other", "RFC 8446 4.1.2");
	field_hex(f, 0, "random", h.random,
	    "fresh for every connection, so that no old handshake can be replayed", NULL);
	if (h.session_id.len)
		field_hex(f, 0, "session id", h.session_id, NULL, NULL);
	field_list(f, 0, server ? "cipher suite" : "cipher suites", h.ciphers, tls_cipher_name,
	    server ? "the server's choice" : "in the client's order of preference", "RFC 8446 B.4");
	extension_fields(f, &h, server, h.extensions);
}

static void fields_extensions(
    const struct fields *f, const struct hs_context *ctx, const uint8_t *body, size_t len)
{
	struct rd r = rd_init(body, len);
	size_t n = rd_u16(&r);
	const uint8_t *p = rd_bytes(&r, n);
	struct hs_hello none = {0};

	if (p && n)
		extension_fields(f, &none, ctx->from_server, (struct span){p, n});
}

static void fields_certificate(
    const struct fields *f, const struct hs_context *ctx, const uint8_t *body, size_t len)
{
	struct hs_certificates c;
	struct span der;
	size_t at;

	if (hs_certificates_parse(&c, ctx->version, body, len, &at) != ERR_OK)
		return;
	for (unsigned i = 0; i < 64 && hs_next_certificate(&c, &der); i++) {
		char name[32], value[32];

		snprintf(name, sizeof(name), "certificate %u", i);
		snprintf(value, sizeof(value), "%zu octets", der.len);
		field(f, 0, name, value, der, i ? "vouches for the one before it" : "the server's own",
		    "RFC 5280");
	}
}

static void fields_signature(
    const struct fields *f, const struct hs_context *ctx, const uint8_t *body, size_t len)
{
	(void)ctx;
	if (len < 4)
		return;
	field_list(f, 0, "algorithm", (struct span){body, 2}, tls_scheme_name, NULL, "RFC 8446 4.2.3");
	field_hex(f, 0, "signature", (struct span){body + 4, len - 4},
	    "over every message so far; only the holder of the private key can make it", "RFC 8446 4.4.3");
}

static void fields_server_key(
    const struct fields *f, const struct hs_context *ctx, const uint8_t *body, size_t len)
{
	struct hs_server_key k;
	size_t at;

	(void)ctx;
	if (hs_server_key_parse(&k, body, len, &at) != ERR_OK || !k.named_curve)
		return;
	field_list(f, 0, "group", (struct span){body + 1, 2}, tls_group_name, NULL, "RFC 8422 5.4");
	field_hex(f, 0, "public key", k.point, "the server's half of the key agreement", NULL);
	if (k.signature.len)
		field_hex(f, 0, "signature", k.signature, "by the private key of the certificate", NULL);
}

static void fields_octets(
    const struct fields *f, const struct hs_context *ctx, const uint8_t *body, size_t len)
{
	(void)ctx;
	if (len)
		field_hex(f, 0, "content", (struct span){body, len}, NULL, NULL);
}

/* --- one row a message -------------------------------------------------------------------------------------
 */

static const struct row {
	enum hs_type type;
	void (*label)(struct line *x, const struct hs_context *ctx, const uint8_t *body, size_t len);
	void (*fields)(const struct fields *f, const struct hs_context *ctx, const uint8_t *body, size_t len);
	const char *lesson, *lesson12; /* lesson12: where TLS 1.2 differs */
} rows[] = {
    {HS_CLIENT_HELLO, label_client_hello, fields_hello,
        "The client opens. It says what it can do, and sends its half of a key agreement (the key share). "
        "Nothing is "
        "encrypted yet: a listener reads all of it, also the name of the server (the SNI).",
        NULL},
    {HS_SERVER_HELLO, label_server_hello, fields_hello,
        "The server chooses, and sends its half of the key agreement. Both sides can now compute the same "
        "secret "
        "from the two halves; a listener who saw both halves cannot. Everything after this is encrypted.",
        "The server chooses the version and the ciphers. Nothing is encrypted yet; in TLS 1.2 the "
        "certificate comes in "
        "the clear, too: a listener reads it."},
    {HS_ENCRYPTED_EXTENSIONS, label_extensions, fields_extensions,
        "What else the server has to say about the offer. This is the first encrypted message: a listener "
        "sees its "
        "length and no more. But encrypted to whom? That is not shown yet.",
        NULL},
    {HS_CERTIFICATE_REQUEST, label_octets, fields_octets,
        "The server asks the client to prove who it is, too. We have no certificate and say so.", NULL},
    {HS_CERTIFICATE, label_certificate, fields_certificate,
        "The server says who it is: its certificate, and those of the authorities that vouch for it. A "
        "certificate "
        "is public, anyone can copy one: it proves nothing before its checks and the proof of the key.",
        NULL},
    {HS_CERTIFICATE_VERIFY, label_signature, fields_signature,
        "The proof: a signature over all messages so far, made with the private key that belongs to the "
        "certificate. "
        "Whoever only copied the certificate cannot make it.",
        NULL},
    {HS_SERVER_KEY_EXCHANGE, label_server_key, fields_server_key,
        "The server's half of the key agreement, signed with the private key of its certificate: that is TLS "
        "1.2's "
        "proof that it holds the key.",
        NULL},
    {HS_SERVER_HELLO_DONE, label_octets, fields_octets, "The server has said all that it wants to say first.",
        NULL},
    {HS_CLIENT_KEY_EXCHANGE, label_octets, fields_octets,
        "The client's half of the key agreement. Now both can compute the same secret.", NULL},
    {HS_FINISHED, label_octets, fields_octets,
        "A checksum with a key over the whole handshake. Had anyone altered one octet of it on the way, also "
        "of the part "
        "in the clear, the two ends would disagree here.",
        NULL},
    {HS_NEW_SESSION_TICKET, label_ticket, fields_octets,
        "A ticket to come back with: the next connection can skip the certificate.", NULL},
    {HS_KEY_UPDATE, label_octets, fields_octets, "The sender changes its key.", NULL},
    {HS_CERTIFICATE_STATUS, label_octets, fields_octets,
        "A fresh statement by the CA that the certificate has not been revoked (OCSP).", NULL},
    {HS_HELLO_REQUEST, label_octets, fields_octets, "The server asks for a new handshake.", NULL},
    {HS_END_OF_EARLY_DATA, label_octets, fields_octets, NULL, NULL},
};

static const struct row *row_of(uint8_t type)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].type == type)
			return &rows[i];
	return NULL;
}

char *hs_label(char out[static HS_LABEL], const struct hs_context *ctx, const uint8_t *msg, size_t len)
{
	struct line x = line_on(out, HS_LABEL);
	const struct row *row = len >= 4 ? row_of(msg[0]) : NULL;

	if (len < 4) {
		line_add(&x, "a handshake message that is cut short");
	} else if (!row) {
		line_add(&x, "handshake message of unknown type %u, %zu octets", msg[0], len);
	} else {
		line_add(&x, "%s", hs_type_name(msg[0]));
		row->label(&x, ctx, msg + 4, len - 4);
	}
	return out;
}

void hs_fields(struct trace *t, const struct hs_context *ctx, const uint8_t *msg, size_t len)
{
	const struct row *row = len >= 4 ? row_of(msg[0]) : NULL;

	if (!row)
		return;
	char layer[48];
	snprintf(layer, sizeof(layer), "TLS %s", hs_type_name(msg[0]));
	row->fields(&(struct fields){.t = t, .msg = msg, .layer = layer}, ctx, msg + 4, len - 4);
}

const char *hs_lesson(const struct hs_context *ctx, const uint8_t *msg, size_t len)
{
	const struct row *row = len >= 4 ? row_of(msg[0]) : NULL;
	struct hs_hello h;
	size_t at;

	if (!row)
		return NULL;
	if (row->type == HS_SERVER_HELLO && hs_hello_parse(&h, true, msg + 4, len - 4, &at) == ERR_OK) {
		if (h.retry)
			return "The server cannot use the key share that came. It asks the client to begin "
			       "again with another "
			       "one; this costs a round trip.";
		return h.chosen == TLS1_3 ? row->lesson : row->lesson12;
	}
	return row->lesson12 && ctx->version && ctx->version < TLS1_3 ? row->lesson12 : row->lesson;
}
