/* What encrypted records held, in words: their line, and their fields as a message of their own. */
#include <stdio.h>
#include <string.h>

#include "fields.h"
#include "glassnet/flow.h"
#include "glassnet/packet.h"
#include "glassnet/proto/tls.h"
#include "glassnet/wire.h"
#include "opened_ssh.h"
#include "segment_text.h"

#define HEAD 4 /* of a handshake message: type and length */

/* The handshake messages of opened octets: *at starts at 0. False at the end, and at one that is not whole. */
static bool next_message(const struct opened *o, size_t *at, uint8_t *type, size_t *len)
{
	struct rd r = rd_init(o->bytes, o->len);

	rd_skip(&r, *at);
	*type = rd_u8(&r);
	*len = rd_u24(&r);
	if (r.bad)
		return false;
	*at += HEAD;
	return *at <= o->len;
}

static void add_handshake(const struct opened *o, struct text *out)
{
	size_t at = 0, len = 0;
	uint8_t type;

	for (bool any = false; next_message(o, &at, &type, &len) && !out->cut; at += len, any = true) {
		const char *name = tls_handshake_name(type);
		text_str(out, any ? ", " : "");
		text_str(out, name ? name : "handshake message");
		if (type == TLS_CERTIFICATE) {
			text_str(out, " (");
			text_count(out, len, "byte");
			text_str(out, ")");
		}
		if (len > o->len - at)
			return;
	}
}

/* The application data as a packet of its own, for whoever reads packets. */
static void inner_packet(const struct segment *s, struct packet *out)
{
	*out = (struct packet){
	    .bytes = s->inner, .len = s->inner_len, .wire_len = s->inner_len, .ip_proto = 6, .number = 1};
	packet_add_layer(out, s->inner_proto, false, s->inner_len);
}

static void add_inner(const struct segment *s, struct text *out)
{
	char line[400];
	struct packet p;

	if (s->inner_proto == PROTO_DATA) {
		text_count(out, s->inner_len, "byte");
		text_str(out, " of data");
		return;
	}
	inner_packet(s, &p);
	text_str(out, packet_summary(&p, line, sizeof(line)));
}

static void add_ssh(const struct segment *s, struct text *out)
{
	for (unsigned i = 0; i < s->n_opened && !out->cut; i++) {
		text_str(out, i > 0 ? "; " : "");
		opened_ssh_line(&s->opened[i], out);
	}
}

void opened_line(const struct segment *s, struct text *out)
{
	bool any = false, data = false;

	if (s->proto == PROTO_SSH) {
		add_ssh(s, out);
		return;
	}
	for (unsigned i = 0; i < s->n_opened; i++) {
		const struct opened *o = &s->opened[i];
		const char *alert = o->len == 2 ? tls_alert_name(o->bytes[1]) : NULL;
		data |= o->type == TLS_APPLICATION_DATA;
		if (o->type == TLS_APPLICATION_DATA)
			continue;
		text_str(out, any ? ", " : "");
		any = true;
		if (o->type == TLS_HANDSHAKE) {
			add_handshake(o, out);
		} else {
			text_str(out, o->type == TLS_ALERT ? "alert: " : "record");
			text_str(out, o->type == TLS_ALERT && alert ? alert : "");
		}
	}
	if (s->inner_proto != PROTO_NONE) {
		text_str(out, any ? ", " : "");
		add_inner(s, out);
	} else if (data && !any) {
		text_str(out, "part of a message");
	}
}

static void describe_handshake(const struct opened *o, struct trace *t)
{
	struct fields f = {.trace = t, .layer = "TLS opened", .p = o->bytes}, d = fields_deeper(&f);
	size_t at = 0, len = 0;
	uint8_t type;

	while (next_message(o, &at, &type, &len)) {
		const char *name = tls_handshake_name(type);
		size_t here = len < o->len - at ? len : o->len - at;
		field_fmt(&f, at - HEAD, HEAD + here, name ? name : "handshake message",
		    type == TLS_CERTIFICATE          ? "who the server is: in TLS 1.3 no listener sees it"
		    : type == TLS_CERTIFICATE_VERIFY ? "shows that who sent the certificate has its private key"
		    : type == TLS_FINISHED ? "a digest of all messages so far, under the key: nobody changed one"
		    : type == TLS_ENCRYPTED_EXTENSIONS ? "answers to the ClientHello that a listener need not see"
		    : type == TLS_NEW_SESSION_TICKET   ? "lets the client come back without a new certificate"
		                                       : NULL,
		    "RFC 8446 4", "%zu octets", len);
		field_num(&d, at - HEAD, 1, "type", type, NULL, "RFC 8446 4");
		field_num(&d, at - HEAD + 1, 3, "length", len, NULL, "RFC 8446 4");
		if (here > 0)
			field_hex(&d, at, here, "body", NULL, NULL);
		if (here < len)
			return;
		at += len;
	}
}

static void describe_alert(const struct opened *o, struct trace *t)
{
	struct fields f = {.trace = t, .layer = "TLS opened", .p = o->bytes};
	const char *name = o->len == 2 ? tls_alert_name(o->bytes[1]) : NULL;

	if (o->len != 2)
		return;
	field_num(&f, 0, 1, "level", o->bytes[0], o->bytes[0] == 2 ? "fatal" : "a warning", "RFC 8446 6");
	field_fmt(&f, 1, 1, "description", tls_alert_text(o->bytes[1]), "RFC 8446 6", "%u (%s)", o->bytes[1],
	    name ? name : "unknown");
}

/* One opened message. A RECV: it is what the receiver had in the end, and who listens did not. */
static void emit_one(const struct packet *p, struct trace *t, const char *from, const char *to, const char *proto,
    const char *label, const uint8_t *bytes, size_t len)
{
	char a[ENDPOINT_TEXT], b[ENDPOINT_TEXT], line[600];

	snprintf(line, sizeof line, "opened: %s", label);
	emit(t, (struct event){.kind = EV_RECV,
	            .time = p->time,
	            .actor = to,
	            .u.msg = {.from = from,
	                .to = to,
	                .label = line,
	                .proto = proto,
	                .bytes = bytes,
	                .len = len,
	                .packet = p->number,
	                .secrecy = SECRECY_CLEAR,
	                .from_addr = endpoint_text(a, &p->src),
	                .to_addr = endpoint_text(b, &p->dst)}});
}

static void emit_ssh(
    const struct packet *p, const struct opened *o, struct trace *t, const char *from, const char *to)
{
	char line[512];
	struct text text = text_init(line, sizeof(line));

	opened_ssh_line(o, &text);
	emit_one(p, t, from, to, "SSH", line, o->bytes, o->len);
	opened_ssh_describe(o, t);
}

void packet_emit_opened(const struct packet *p, struct trace *t, const char *from, const char *to)
{
	const struct segment *s = p->segment;
	char line[512];

	if (!s || !trace_on(t))
		return;
	if (s->not_opened)
		ev_explain(t, "not opened: %s", s->not_opened);
	for (unsigned i = 0; i < s->n_opened; i++) {
		const struct opened *o = &s->opened[i];
		struct segment one = {.n_opened = 1, .opened = o};
		struct text text = text_init(line, sizeof(line));
		if (s->proto == PROTO_SSH) {
			emit_ssh(p, o, t, from, to);
			continue;
		}
		if (o->type == TLS_APPLICATION_DATA)
			continue;
		opened_line(&one, &text);
		emit_one(p, t, from, to, "TLS", line, o->bytes, o->len);
		if (o->type == TLS_HANDSHAKE)
			describe_handshake(o, t);
		else if (o->type == TLS_ALERT)
			describe_alert(o, t);
	}
	if (s->inner_proto != PROTO_NONE) {
		struct text text = text_init(line, sizeof(line));
		struct packet inner;
		add_inner(s, &text);
		emit_one(p, t, from, to, proto_name(s->inner_proto), line, s->inner, s->inner_len);
		inner_packet(s, &inner);
		packet_describe(&inner, t);
	}
}
