/* Every readable field of the TLS records of a segment. */
#include <stdio.h>

#include "fields.h"
#include "glassnet/proto/tls.h"

typedef const char *(*name_fn)(uint16_t v);

static uint16_t u16_at(const uint8_t *p, size_t off)
{
	return (uint16_t)(p[off] << 8 | p[off + 1]);
}

static void add_name(struct text *out, name_fn name, uint16_t v)
{
	const char *text = name(v);

	text_str(out, text ? text : tls_is_grease(v) ? "GREASE 0x" : "0x");
	if (!text)
		text_hex(out, v, 4);
}

/* One field for each number of a list. */
static void describe_list(
    const struct fields *f, struct tls_span list, const char *what, name_fn name, const char *ref)
{
	for (size_t i = 0; i + 2 <= list.len; i += 2) {
		char value[64];
		struct text t = text_init(value, sizeof(value));
		uint16_t v = u16_at(f->p, list.off + i);
		add_name(&t, name, v);
		field_text(f, list.off + i, 2, what, value,
		    tls_is_grease(v) ? "means nothing: it keeps servers used to values they do not know" : NULL, ref);
	}
}

static void describe_key_shares(const struct fields *f, const struct tls_hello *h)
{
	size_t end = h->key_shares.off + h->key_shares.len;

	for (size_t i = h->key_shares.off; i + 2 <= end;) {
		size_t n = i + 4 <= end ? u16_at(f->p, i + 2) : 0;
		char value[64];
		struct text t = text_init(value, sizeof(value));
		add_name(&t, tls_group_name, u16_at(f->p, i));
		if (!h->retry) {
			text_str(&t, ", ");
			text_count(&t, n, "byte");
		}
		field_text(f, i, h->retry ? 2 : 4 + n, "key share", value,
		    h->retry ? "the server wants a key for this group"
		             : "the public half of a fresh key pair: from both sides' halves the two compute "
		               "one secret",
		    "RFC 8446 4.2.8");
		i += 4 + n;
	}
}

static void describe_alpn(const struct fields *f, const struct tls_hello *h)
{
	size_t end = h->alpn.off + h->alpn.len;

	for (size_t i = h->alpn.off; i < end && f->p[i] <= end - i - 1; i += 1U + f->p[i])
		field_peer(f, i + 1, f->p[i], "protocol", "what will be spoken inside", "RFC 7301 3.1");
}

static const char *extension_meaning(uint16_t type)
{
	switch (type) {
	case TLS_EXT_SERVER_NAME:
		return "which site is wanted, in the clear: a listener knows where the user goes";
	case TLS_EXT_VERSIONS:
		return "the versions; the older field no longer counts";
	case TLS_EXT_GROUPS:
		return "the groups in which keys may be agreed";
	case TLS_EXT_SIGNATURES:
		return "the signatures that the client can check";
	case 35:
	case 41:
		return "takes up an earlier connection";
	case 65037:
		return "hides the true ClientHello inside";
	default:
		return NULL;
	}
}

static void describe_extension(const struct fields *f, const struct tls_hello *h, const struct tls_ext *e)
{
	struct fields d = fields_deeper(f);
	char value[64];
	struct text t = text_init(value, sizeof(value));

	add_name(&t, tls_extension_name, e->type);
	field_text(f, e->off, 4 + e->data.len, "extension", value, extension_meaning(e->type), "RFC 8446 4.2");
	switch (e->type) {
	case TLS_EXT_SERVER_NAME:
		if (h->server_name.len > 0)
			field_peer(&d, h->server_name.off, h->server_name.len, "server name", NULL, "RFC 6066 3");
		break;
	case TLS_EXT_VERSIONS:
		describe_list(&d, h->versions, "version", tls_version_name, "RFC 8446 4.2.1");
		break;
	case TLS_EXT_GROUPS:
		describe_list(&d, h->groups, "group", tls_group_name, "RFC 8446 4.2.7");
		break;
	case TLS_EXT_SIGNATURES:
		if (e->data.len > 2)
			describe_list(&d, (struct tls_span){e->data.off + 2, e->data.len - 2}, "signature",
			    tls_signature_name, "RFC 8446 4.2.3");
		break;
	case TLS_EXT_KEY_SHARE:
		describe_key_shares(&d, h);
		break;
	case TLS_EXT_ALPN:
		describe_alpn(&d, h);
		break;
	default:
		break;
	}
}

static void describe_hello(const struct fields *f, const struct tls_message *m)
{
	struct tls_hello h;
	struct tls_ext e;
	char value[64];
	struct text t = text_init(value, sizeof(value));
	size_t at;

	if (tls_hello_parse(&h, f->p, m, &at) != ERR_OK || h.random.len == 0)
		return;
	add_name(&t, tls_version_name, h.version);
	field_text(f, m->body.off, 2, "version", value,
	    h.best > h.version
	        ? "kept at an old value for old machines on the path; the true ones are in an extension"
	        : NULL,
	    "RFC 8446 4.1.2");
	field_hex(f, h.random.off, h.random.len, "random",
	    h.retry ? "this very value says: ask again, with another key" : "makes every handshake a new one",
	    "RFC 8446 4.1.2");
	if (h.session.len > 0)
		field_hex(f, h.session.off, h.session.len, "session ID", NULL, "RFC 8446 4.1.2");
	describe_list(
	    f, h.ciphers, h.server ? "chosen cipher suite" : "cipher suite", tls_cipher_name, "RFC 8446 B.4");
	for (size_t pos = 0; tls_next_extension(f->p, &h, &pos, &e);)
		describe_extension(f, &h, &e);
}

void tls_hello_describe(const uint8_t *p, const struct tls_message *m, size_t base, struct trace *t)
{
	struct fields f = {.trace = t, .layer = "TLS", .base = base, .p = p};

	describe_hello(&f, m);
}

/* Certificate of TLS 1.2 (RFC 5246 7.4.2): the list's length, then each certificate's length and octets. */
static void describe_certificates(const struct fields *f, const struct tls_message *m)
{
	const uint8_t *p = f->p;
	size_t end = m->body.off + m->body.len;

	for (size_t i = m->body.off + 3; i + 3 <= end;) {
		size_t n = (size_t)p[i] << 16 | (size_t)p[i + 1] << 8 | p[i + 2];
		size_t here = n < end - i - 3 ? n : end - i - 3;
		field_fmt(f, i, 3 + here, "certificate",
		    "in TLS 1.2 a listener can read it; in TLS 1.3 it is encrypted", "RFC 5246 7.4.2", "%zu bytes%s",
		    n, here < n ? ", the rest in later segments" : "");
		i += 3 + here;
	}
}

static const char *message_meaning(uint8_t type)
{
	switch (type) {
	case TLS_CLIENT_HELLO:
		return "the client begins: what it can do, and a fresh key";
	case TLS_SERVER_HELLO:
		return "the server chooses";
	case TLS_CERTIFICATE:
		return "who the sender claims to be, and who vouches for it";
	case TLS_SERVER_KEY_EXCHANGE:
		return "the server's fresh key, signed";
	case TLS_CLIENT_KEY_EXCHANGE:
		return "the client's fresh key";
	case TLS_NEW_SESSION_TICKET:
		return "lets the client come back faster";
	default:
		return NULL;
	}
}

static void describe_messages(const struct fields *f, const struct tls_record *r)
{
	struct fields d = fields_deeper(f);
	struct tls_message m;

	for (size_t pos = 0; tls_next_message(f->p, r, &pos, &m);) {
		const char *name = tls_handshake_name(m.type);
		field_fmt(f, m.off, 4 + m.body.len, "handshake message", message_meaning(m.type), "RFC 8446 4",
		    "%s, %u bytes%s", name ? name : "unknown", m.length,
		    m.body.len < m.length ? ", the rest in later segments" : "");
		if (m.type == TLS_CLIENT_HELLO || m.type == TLS_SERVER_HELLO)
			describe_hello(&d, &m);
		else if (m.type == TLS_CERTIFICATE)
			describe_certificates(&d, &m);
	}
}

static void describe_alert(const struct fields *f, const struct tls_record *r)
{
	uint8_t level, number;

	if (r->body.len < 2)
		return;
	level = f->p[r->body.off];
	number = f->p[r->body.off + 1];
	const char *name = tls_alert_name(number);
	field_fmt(f, r->body.off, 1, "level", NULL, "RFC 8446 6", "%u (%s)", level, level == 2 ? "fatal" : "warning");
	field_fmt(f, r->body.off + 1, 1, "alert", tls_alert_text(number), "RFC 8446 6.2", "%u (%s)", number,
	    name ? name : "unknown");
}

static const char *content_name(uint8_t type)
{
	static const char *const names[] = {
	    "change cipher spec", "alert", "handshake", "application data", "heartbeat"};

	return names[type - TLS_CHANGE_CIPHER_SPEC];
}

static void describe_record(const struct fields *f, const struct tls_record *r)
{
	struct fields d = fields_deeper(f);
	const char *version = tls_version_name(r->version);

	field_fmt(f, r->off, 5 + r->body.len, "record", r->encrypted ? "a listener sees only its length" : NULL,
	    "RFC 8446 5.1", "%s%s, %u bytes%s", r->encrypted && r->type != TLS_APPLICATION_DATA ? "encrypted " : "",
	    content_name(r->type), r->length, r->body.len < r->length ? ", the rest in later segments" : "");
	field_fmt(&d, r->off, 1, "type",
	    r->type == TLS_APPLICATION_DATA ? "in TLS 1.3 handshake messages, too, hide behind this type"
	    : r->type == TLS_CHANGE_CIPHER_SPEC
	        ? "in TLS 1.2: all that follows is encrypted; in TLS 1.3 it means nothing"
	        : NULL,
	    "RFC 8446 5.1", "%u (%s)", r->type, content_name(r->type));
	field_fmt(&d, r->off + 1, 2, "version", "no longer means anything in TLS 1.3", "RFC 8446 5.1", "0x%04x (%s)",
	    r->version, version ? version : "unknown");
	field_num(&d, r->off + 3, 2, "length", r->length, NULL, "RFC 8446 5.1");
	if (r->encrypted || r->continued)
		return;
	if (r->type == TLS_ALERT)
		describe_alert(&d, r);
	else if (r->type == TLS_HANDSHAKE)
		describe_messages(&d, r);
}

void tls_describe(const struct tls *h, const uint8_t *p, size_t len, size_t base, struct trace *t)
{
	struct fields f = {.trace = t, .layer = "TLS", .base = base, .p = p, .depth = 1};
	struct tls_cursor c = tls_records(p, len);
	struct tls_record r;

	c.secret = h->keyed;
	while (tls_next_record(&c, &r))
		describe_record(&f, &r);
}
