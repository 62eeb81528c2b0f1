/* TLS handshake messages: their fields as events, each with its place. */
#include <stdio.h>

#include "hs.h"

struct fields {
	struct trace *t;
	const uint8_t *msg;
	const char *layer;
};

static void field(
    const struct fields *f, const char *name, const char *value, struct span at, const char *meaning, const char *ref)
{
	ev_field(f->t, (struct ev_field){.layer = f->layer,
	                   .name = name,
	                   .value = value,
	                   .meaning = meaning,
	                   .ref = ref,
	                   .off = at.len ? (size_t)(at.p - f->msg) : 0,
	                   .len = at.len});
}

static void field_hex(const struct fields *f, const char *name, struct span at, const char *meaning, const char *ref)
{
	char hex[140];

	field(f, name, hex_text(hex, sizeof(hex), at.p, at.len), at, meaning, ref);
}

/* A number of two octets, by its name. */
static void field_named(
    const struct fields *f, const char *name, const char *(*names)(uint16_t), struct span at, const char *ref)
{
	struct rd r = rd_init(at.p, at.len);
	char value[64];
	struct line x = line_on(value, sizeof(value));
	uint16_t v = rd_u16(&r);

	hs_add_named(&x, names(v), v);
	field(f, name, value, at, NULL, ref);
}

/* body is the message without its header. */
typedef void fields_fn(const struct fields *f, const struct hs_context *ctx, const uint8_t *body, size_t len);

static void fields_hello(const struct fields *f, const struct hs_context *ctx, const uint8_t *body, size_t len)
{
	struct tls_message m = {.type = f->msg[0], .length = (uint32_t)len, .body = {4, len}};

	(void)ctx;
	(void)body;
	tls_hello_describe(f->msg, &m, 0, f->t);
}

static void fields_extensions(const struct fields *f, const struct hs_context *ctx, const uint8_t *body, size_t len)
{
	struct tls_hello h;
	struct tls_ext e;
	size_t at, pos = 0;

	(void)ctx;
	(void)body;
	if (hs_extensions_parse(&h, f->msg, len + 4, &at) != ERR_OK)
		return;
	while (tls_next_extension(f->msg, &h, &pos, &e)) {
		char name[64];
		struct line x = line_on(name, sizeof(name));

		hs_add_named(&x, tls_extension_name(e.type), e.type);
		field_hex(f, name, (struct span){f->msg + e.data.off, e.data.len}, NULL, "RFC 8446 4.2");
	}
}

static void fields_certificate(const struct fields *f, const struct hs_context *ctx, const uint8_t *body, size_t len)
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
		field(f, name, value, der, i ? "vouches for the one before it" : "the server's own", "RFC 5280");
	}
}

static void fields_signature(const struct fields *f, const struct hs_context *ctx, const uint8_t *body, size_t len)
{
	(void)ctx;
	if (len < 4)
		return;
	field_named(f, "algorithm", tls_signature_name, (struct span){body, 2}, "RFC 8446 4.2.3");
	field_hex(f, "signature", (struct span){body + 4, len - 4},
	    "over every message so far; only the holder of the private key can make it", "RFC 8446 4.4.3");
}

static void fields_server_key(const struct fields *f, const struct hs_context *ctx, const uint8_t *body, size_t len)
{
	struct hs_server_key k;
	size_t at;

	(void)ctx;
	if (hs_server_key_parse(&k, body, len, &at) != ERR_OK || !k.named_curve)
		return;
	field_named(f, "group", tls_group_name, (struct span){body + 1, 2}, "RFC 8422 5.4");
	field_hex(f, "public key", k.point, "the server's half of the key agreement", NULL);
	if (k.signature.len)
		field_hex(f, "signature", k.signature, "by the private key of the certificate", NULL);
}

static void fields_octets(const struct fields *f, const struct hs_context *ctx, const uint8_t *body, size_t len)
{
	(void)ctx;
	if (len)
		field_hex(f, "content", (struct span){body, len}, NULL, NULL);
}

static fields_fn *fields_of(uint8_t type)
{
	static fields_fn *const all[] = {
	    [TLS_CLIENT_HELLO] = fields_hello,
	    [TLS_SERVER_HELLO] = fields_hello,
	    [TLS_ENCRYPTED_EXTENSIONS] = fields_extensions,
	    [TLS_CERTIFICATE] = fields_certificate,
	    [TLS_SERVER_KEY_EXCHANGE] = fields_server_key,
	    [TLS_CERTIFICATE_VERIFY] = fields_signature,
	};

	return type < sizeof(all) / sizeof(all[0]) && all[type] ? all[type] : fields_octets;
}

void hs_fields(struct trace *t, const struct hs_context *ctx, const uint8_t *msg, size_t len)
{
	char layer[48];

	if (len < 4 || !tls_handshake_name(msg[0]))
		return;
	snprintf(layer, sizeof(layer), "TLS %s", tls_handshake_name(msg[0]));
	fields_of(msg[0])(&(struct fields){.t = t, .msg = msg, .layer = layer}, ctx, msg + 4, len - 4);
}
