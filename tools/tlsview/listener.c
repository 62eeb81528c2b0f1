/* The listener's notebook. RFC 8446 appendix E.3 (traffic analysis), RFC 6066 3 (the name in the clear). */
#include <jansson.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "glassnet/line.h"
#include "glassnet/proto/tls.h"
#include "glassnet/wire.h"
#include "hs.h"
#include "listener.h"

#define TAG_AND_TYPE 17 /* TLS 1.3: what a record has beside its text, at least */

/* --- handshake messages in the clear --- */

static void name_of(char *out, size_t cap, const char *name, uint16_t number)
{
	struct line x = line_on(out, cap);

	hs_add_named(&x, name, number);
}

static void hear_client(struct listener *l, const uint8_t *msg, const struct tls_hello *h)
{
	struct line x = line_on(l->alpn, sizeof(l->alpn));

	l->has_hello = true;
	l->offered = (unsigned)(h->ciphers.len / 2);
	escape_text(l->sni, sizeof(l->sni), msg + h->server_name.off, h->server_name.len);
	for (size_t i = 0; i < h->alpn.len; i += 1U + msg[h->alpn.off + i]) {
		char clean[64];
		size_t n = msg[h->alpn.off + i];

		if (n + 1 > h->alpn.len - i)
			break;
		line_add(&x, "%s%s", i ? ", " : "", escape_text(clean, sizeof(clean), msg + h->alpn.off + i + 1, n));
	}
}

static void hear_server(struct listener *l, const uint8_t *msg, const struct tls_hello *h)
{
	struct rd cipher = rd_init(msg + h->ciphers.off, h->ciphers.len),
	          share = rd_init(msg + h->key_shares.off, h->key_shares.len);
	uint16_t c = rd_u16(&cipher), g = rd_u16(&share);

	l->retried = l->retried || h->retry;
	if (h->retry)
		return;
	l->version = h->best;
	name_of(l->cipher, sizeof(l->cipher), tls_cipher_name(c), c);
	if (h->key_shares.len)
		name_of(l->group, sizeof(l->group), tls_group_name(g), g);
}

static void hear_certificate(struct listener *l, const uint8_t *msg, size_t len)
{
	struct hs_certificates c;
	struct span der;
	size_t at;

	if (hs_certificates_parse(&c, l->version, msg + 4, len - 4, &at) != ERR_OK || !hs_next_certificate(&c, &der))
		return;
	const uint8_t *p = der.p;
	X509 *x = d2i_X509(NULL, &p, (long)der.len);
	if (x) {
		struct x509_info info;

		x509_info_from(&info, x);
		snprintf(l->certificate, sizeof(l->certificate), "%s", info.subject);
		snprintf(l->fingerprint, sizeof(l->fingerprint), "%s", info.sha256);
	}
	X509_free(x);
	ERR_clear_error();
}

static void hear_message(struct listener *l, bool client, const uint8_t *msg, size_t len)
{
	struct tls_hello h;
	struct hs_server_key k;
	size_t at;

	if (msg[0] == TLS_CERTIFICATE && !client)
		hear_certificate(l, msg, len);
	else if (msg[0] == TLS_CERTIFICATE_REQUEST)
		l->certificate_asked = true;
	else if (msg[0] == TLS_SERVER_KEY_EXCHANGE && hs_server_key_parse(&k, msg + 4, len - 4, &at) == ERR_OK &&
	         k.named_curve)
		name_of(l->group, sizeof(l->group), tls_group_name(k.group), k.group);
	else if ((msg[0] == TLS_CLIENT_HELLO || msg[0] == TLS_SERVER_HELLO) &&
	         hs_hello_parse(&h, msg, len, &at) == ERR_OK) {
		if (client)
			hear_client(l, msg, &h);
		else
			hear_server(l, msg, &h);
	}
}

/* Handshake messages may be spread over records: they are put together first. */
static void hear(struct listener *l, bool client, const uint8_t *p, size_t n)
{
	size_t room = HEARD_MAX - l->side[client].n_heard;
	const uint8_t *heard = l->side[client].heard;

	n = n < room ? n : room;
	memcpy(l->side[client].heard + l->side[client].n_heard, p, n);
	l->side[client].n_heard += n;
	for (;;) {
		size_t at = l->side[client].n_read, left = l->side[client].n_heard - at;
		size_t len =
		    left < 4 ? 0 : 4 + ((size_t)heard[at + 1] << 16 | (size_t)heard[at + 2] << 8 | heard[at + 3]);

		if (left < 4 || len > left)
			return;
		hear_message(l, client, heard + at, len);
		l->side[client].n_read += len;
	}
}

/* --- records --- */

static void tell(struct listener *l, bool client, const uint8_t *record, size_t len, bool encrypted)
{
	char label[256];
	struct text text = text_init(label, sizeof(label));
	struct tls parsed = {0};
	struct event ev = {.kind = client ? EV_SEND : EV_RECV};
	size_t at;

	if (encrypted)
		snprintf(label, sizeof(label), "a record of %zu octets that only the two ends can open", len);
	else if (tls_parse(&parsed, record, len, &at) == ERR_OK)
		tls_summary(&parsed, record, len, &text);
	else
		snprintf(label, sizeof(label), "a TLS record of type %u", record[0]);
	ev.u.msg = (struct ev_message){.from = client ? l->client : l->server,
	    .to = client ? l->server : l->client,
	    .proto = "TLS",
	    .label = label,
	    .bytes = record,
	    .len = len,
	    .secrecy = encrypted ? SECRECY_ENCRYPTED : SECRECY_CLEAR,
	    .from_addr = client ? l->client_addr : l->server_addr,
	    .to_addr = client ? l->server_addr : l->client_addr};
	emit(l->t, ev);
	if (!encrypted)
		tls_describe(&parsed, record, len, 0, l->t);
}

void listener_record(struct listener *l, bool from_client, const uint8_t *record, size_t len)
{
	bool encrypted = record[0] == TLS_APPLICATION_DATA || l->side[from_client].sealed;

	l->last = clock_now(l->clock);
	if (!l->first)
		l->first = l->last;
	l->side[from_client].records++;
	l->side[from_client].octets += len;
	l->side[from_client].encrypted += encrypted;
	l->side[from_client].encrypted_octets += encrypted ? len : 0;
	tell(l, from_client, record, len, encrypted);
	if (record[0] == TLS_HANDSHAKE && !encrypted)
		hear(l, from_client, record + TLS_HEADER_LEN, len - TLS_HEADER_LEN);
	/* In TLS 1.3 it means nothing; there all that is encrypted is of type application data. */
	if (record[0] == TLS_CHANGE_CIPHER_SPEC && l->version && l->version < TLS1_3)
		l->side[from_client].sealed = true;
}

/* --- in the end --- */

static void knows(struct listener *l, const char *what, const char *value, const char *how)
{
	ev_state(l->t, "the listener knows", what, NULL, value, "%s", how);
}

static void knows_not(struct listener *l, const char *id, const char *question, const char *text)
{
	ev_check(l->t, id, VERDICT_FAIL, NULL, question, "%s", text);
}

static void about_certificate(struct listener *l)
{
	char text[512];

	if (l->certificate[0]) {
		snprintf(text, sizeof(text), "%s, SHA-256 %s", l->certificate, l->fingerprint);
		knows(l, "the certificate", text, "TLS 1.2 sends it in the clear");
	} else {
		knows_not(l, "listener-certificate", "does it know the certificate?",
		    l->version == TLS1_3 ? "no: in TLS 1.3 it is sent encrypted, and only its length shows"
		                         : "no: none went by in the clear");
	}
}

void listener_summary(struct listener *l)
{
	char text[256];

	ev_heading(l->t, "What a listener knows now");
	knows(l, "who talks to whom", l->server_addr ? l->server_addr : l->server,
	    "the addresses stand on every packet");
	knows(l, "the server's name (SNI)", l->sni[0] ? l->sni : "(not sent)",
	    l->sni[0] ? "the ClientHello says it in the clear" : "an address was asked for, or nothing came by");
	if (l->alpn[0])
		knows(l, "what it may speak (ALPN)", l->alpn,
		    "offered in the clear; which one was chosen is encrypted in TLS 1.3");
	if (l->version) {
		snprintf(text, sizeof(text), "%s, %s%s%s%s", tls_version_name(l->version), l->cipher,
		    l->group[0] ? ", " : "", l->group, l->retried ? ", after a HelloRetryRequest" : "");
		knows(l, "how they encrypt", text, "the ServerHello says it in the clear");
	}
	about_certificate(l);
	for (int client = 1; client >= 0; client--) {
		snprintf(text, sizeof(text), "%u records, %zu octets; %u of them encrypted, %zu octets",
		    l->side[client].records, l->side[client].octets, l->side[client].encrypted,
		    l->side[client].encrypted_octets);
		knows(l, client ? "how much the client said" : "how much the server said", text,
		    "lengths are not hidden, unless a side adds padding");
	}
	snprintf(text, sizeof(text), "%.1f ms from the first record to the last", (double)(l->last - l->first) / 1e6);
	knows(l, "when", text, "every record has its moment; many sites can be told by the rhythm alone");
	knows_not(l, "listener-content", "does it know what was said?",
	    l->side[1].encrypted || l->side[0].encrypted
	        ? "no: it has the encrypted records, and neither private half of the key agreement"
	        : "nothing was said that is encrypted");
}

char *listener_json(const struct listener *l)
{
	const char *version = l->version ? tls_version_name(l->version) : NULL;
	json_t *o = json_pack("{s:s, s:s, s:s, s:s?, s:s, s:s, s:s, s:s, s:b}", "view", "listener", "sni", l->sni,
	    "alpn_offered", l->alpn, "protocol", version, "cipher", l->cipher, "group", l->group, "certificate",
	    l->certificate, "certificate_sha256", l->fingerprint, "client_certificate_asked", l->certificate_asked);
	json_t *sizes = json_pack("{s:i, s:I, s:I, s:i, s:I, s:I}", "client_records", (int)l->side[1].records,
	    "client_octets", (json_int_t)l->side[1].octets, "client_encrypted_octets",
	    (json_int_t)l->side[1].encrypted_octets, "server_records", (int)l->side[0].records, "server_octets",
	    (json_int_t)l->side[0].octets, "server_encrypted_octets", (json_int_t)l->side[0].encrypted_octets);

	if (o && sizes)
		json_object_update(o, sizes);
	char *text = o && sizes ? json_dumps(o, JSON_COMPACT) : NULL;
	json_decref(o);
	json_decref(sizes);
	return text;
}
