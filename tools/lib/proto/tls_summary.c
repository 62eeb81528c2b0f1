/* The TLS records of a segment in one line. */
#include "glassnet/proto/tls.h"

static void add_version(struct text *out, uint16_t version)
{
	const char *name = tls_version_name(version);

	text_str(out, name ? name : "version 0x");
	if (!name)
		text_hex(out, version, 4);
}

static void add_hello(struct text *out, const uint8_t *p, const struct tls_message *m)
{
	struct tls_hello h;
	size_t at;

	if (tls_hello_parse(&h, p, m, &at) != ERR_OK) {
		text_str(out, m->type == TLS_CLIENT_HELLO ? "ClientHello" : "ServerHello");
		return;
	}
	text_str(out, h.retry ? "HelloRetryRequest" : h.server ? "ServerHello" : "ClientHello");
	if (h.server_name.len > 0) {
		text_str(out, " server name ");
		text_peer(out, p + h.server_name.off, h.server_name.len);
	}
	if (h.best == 0)
		return;
	text_str(out, h.server_name.len > 0 ? ", " : " ");
	add_version(out, h.best);
	if (!h.server) {
		text_str(out, " offered");
		return;
	}
	if (h.ciphers.len == 2) {
		uint16_t cipher = (uint16_t)(p[h.ciphers.off] << 8 | p[h.ciphers.off + 1]);
		const char *name = tls_cipher_name(cipher);
		text_str(out, ", ");
		text_str(out, name ? name : "cipher suite 0x");
		if (!name)
			text_hex(out, cipher, 4);
	}
}

static void add_messages(struct text *out, const uint8_t *p, const struct tls_record *r)
{
	struct tls_message m;
	bool any = false;

	for (size_t pos = 0; tls_next_message(p, r, &pos, &m) && !out->cut; any = true) {
		const char *name = tls_handshake_name(m.type);
		text_str(out, any ? ", " : "");
		if (m.type == TLS_CLIENT_HELLO || m.type == TLS_SERVER_HELLO)
			add_hello(out, p, &m);
		else
			text_str(out, name ? name : "handshake message");
		if (m.type == TLS_CERTIFICATE) {
			text_str(out, " (");
			text_count(out, m.length, "byte");
			text_str(out, ")");
		}
		if (m.body.len < m.length)
			text_str(out, " (goes on in the next segment)");
	}
}

static void add_alert(struct text *out, const uint8_t *p, const struct tls_record *r)
{
	text_str(out, "alert");
	if (r->body.len < 2)
		return;
	const char *name = tls_alert_name(p[r->body.off + 1]);
	text_str(out, p[r->body.off] == 2 ? " (fatal): " : " (warning): ");
	text_str(out, name ? name : "number ");
	if (!name)
		text_num(out, p[r->body.off + 1]);
}

static void add_record(struct text *out, const uint8_t *p, const struct tls_record *r)
{
	switch (r->type) {
	case TLS_CHANGE_CIPHER_SPEC:
		text_str(out, "change cipher spec");
		break;
	case TLS_ALERT:
		if (r->encrypted)
			text_str(out, "encrypted alert");
		else
			add_alert(out, p, r);
		break;
	case TLS_HANDSHAKE:
		if (r->encrypted)
			text_str(out, "encrypted handshake message");
		else if (r->continued)
			text_str(out, "handshake message continued");
		else
			add_messages(out, p, r);
		break;
	case TLS_HEARTBEAT:
		text_str(out, "heartbeat");
		break;
	default:
		break;
	}
}

static void add_application(struct text *out, unsigned records, size_t octets, bool more)
{
	text_str(out, "application data, ");
	text_count(out, octets, "byte");
	text_str(out, " encrypted");
	if (records > 1) {
		text_str(out, " in ");
		text_num(out, records);
		text_str(out, " records");
	}
	text_str(out, more ? " (goes on in the next segment)" : "");
}

void tls_summary(const struct tls *h, const uint8_t *p, size_t len, struct text *out)
{
	struct tls_cursor c = tls_records(p, len);
	struct tls_record r;
	unsigned records = 0; /* of application data, in a row: they are one piece of the line */
	size_t octets = 0;
	bool any = false, more = false;

	c.secret = h->keyed;
	text_str(out, "TLS ");
	while (tls_next_record(&c, &r) && !out->cut) {
		if (r.type == TLS_APPLICATION_DATA) {
			records++;
			octets += r.length;
			more = r.body.len < r.length;
			continue;
		}
		if (records > 0) {
			text_str(out, any ? "; " : "");
			add_application(out, records, octets, more);
			any = true;
		}
		records = 0;
		octets = 0;
		text_str(out, any ? "; " : "");
		add_record(out, p, &r);
		any = true;
	}
	if (records > 0) {
		text_str(out, any ? "; " : "");
		add_application(out, records, octets, more);
	}
}
