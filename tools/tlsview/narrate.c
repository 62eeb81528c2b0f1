/* OpenSSL's message callback, turned into events. SSL_CTX_set_msg_callback(3). */
#include <stdio.h>
#include <string.h>

#include "glassnet/wire.h"
#include "narrate.h"

enum { LESSON_RETRY = 60, LESSON_CCS = 61, LESSON_ALERT = 62 };

static bool first_time(struct narrator *n, unsigned lesson)
{
	uint64_t bit = UINT64_C(1) << (lesson & 63);
	bool first = !(n->taught & bit);

	n->taught |= bit;
	return first;
}

static void note_sent(struct narrator *n, const char *what)
{
	struct result *r = n->res;

	if (r->n_sent < SENT_LIST_MAX)
		snprintf(r->sent[r->n_sent++], sizeof(r->sent[0]), "%s", what);
}

static void message(struct narrator *n, bool out, const char *label, const uint8_t *bytes, size_t len, bool encrypted)
{
	struct result *r = n->res;
	struct event ev = {.kind = out ? EV_SEND : EV_RECV};

	ev.u.msg = (struct ev_message){.from = out ? n->me : r->role,
	    .to = out ? r->role : n->me,
	    .proto = "TLS",
	    .label = label,
	    .bytes = bytes,
	    .len = len,
	    .secrecy = encrypted ? SECRECY_ENCRYPTED : SECRECY_CLEAR,
	    .from_addr = out ? n->here : r->peer,
	    .to_addr = out ? r->peer : n->here};
	emit(n->t, ev);
}

static bool is_encrypted(const struct narrator *n, bool out)
{
	return n->outer[out] == SSL3_RT_APPLICATION_DATA || n->sealed[out];
}

/* --- verdicts that only the order of messages shows --- */

void narrate_key_verdict(struct narrator *n, enum verdict v, const char *text)
{
	if (!n->key_told)
		checks_add(&n->res->checks, n->t, Q_KEY, question_id(Q_KEY), v, 0, "%s", text);
	n->key_told = true;
}

void narrate_finished_verdict(struct narrator *n, enum verdict v, const char *text)
{
	if (!n->finish_told)
		checks_add(&n->res->checks, n->t, Q_FINISHED, question_id(Q_FINISHED), v, -1, "%s", text);
	n->finish_told = true;
}

#define KEY_PROVED "its signature fits the certificate that it showed: it holds that certificate's private key"
#define KEY_KEPT                                                                                                     \
	"it knows the secret of the session that we resume: in that one it showed its certificate and proved it"
#define FINISHED_FITS "its Finished fits every message that we sent and got: nobody altered any of them on the way"

/* OpenSSL goes on to the next message only when it has accepted the one before. */
static void conclude(struct narrator *n, bool out, uint8_t type)
{
	if (n->serving)
		return;
	if (n->version == TLS1_3 && !out && type == TLS_FINISHED)
		narrate_key_verdict(n, VERDICT_PASS, n->server_signed ? KEY_PROVED : KEY_KEPT);
	if (n->version == TLS1_3 && !out && type == TLS_CERTIFICATE_VERIFY)
		n->server_signed = true;
	if (n->version == TLS1_3 && out && type == TLS_FINISHED)
		narrate_finished_verdict(n, VERDICT_PASS, FINISHED_FITS);
	if (n->version == TLS1_2 && !out && n->server_signed &&
	    (type == TLS_SERVER_HELLO_DONE || type == TLS_CERTIFICATE_REQUEST))
		narrate_key_verdict(n, VERDICT_PASS, KEY_PROVED);
}

void narrate_handshake_done(struct narrator *n, SSL *ssl)
{
	const SSL_CIPHER *c = SSL_get_current_cipher(ssl);

	if (c && SSL_CIPHER_get_kx_nid(c) == NID_kx_rsa && SSL_get0_peer_certificate(ssl))
		narrate_key_verdict(
		    n, VERDICT_PASS, "it could decrypt the secret that we encrypted to the certificate's key");
	narrate_finished_verdict(n, VERDICT_PASS, FINISHED_FITS);
}

/* --- messages ----------------------------------------------------------------------------------------------
 */

/* What the messages after this one depend on. */
static void learn(struct narrator *n, bool out, const uint8_t *msg, size_t len)
{
	struct tls_hello h;
	struct hs_server_key k;
	uint16_t group = 0;
	size_t at;

	if (out != n->serving || len < 4)
		return;
	if (msg[0] == TLS_SERVER_HELLO && hs_hello_parse(&h, msg, len, &at) == ERR_OK) {
		n->version = h.best;
		struct rd share = rd_init(msg + h.key_shares.off, h.key_shares.len);
		group = rd_u16(&share);
	}
	if (msg[0] == TLS_SERVER_KEY_EXCHANGE && hs_server_key_parse(&k, msg + 4, len - 4, &at) == ERR_OK) {
		n->server_signed = !k.named_curve || k.signature.len > 0;
		group = k.named_curve ? k.group : 0;
	}
	if (group && tls_group_name(group))
		snprintf(n->res->group, sizeof(n->res->group), "%s", tls_group_name(group));
}

static void teach_handshake(struct narrator *n, const struct hs_context *ctx, const uint8_t *msg, size_t len)
{
	struct tls_hello h;
	size_t at;
	unsigned lesson = len ? msg[0] : 0;
	const char *text = hs_lesson(ctx, msg, len);

	if (lesson == TLS_SERVER_HELLO && hs_hello_parse(&h, msg, len, &at) == ERR_OK && h.retry)
		lesson = LESSON_RETRY;
	if (text && first_time(n, lesson))
		ev_explain(n->t, "%s", text);
}

/* A server that could do better says so in the last octets of its random, where nobody can take it out again
 * (RFC 8446 4.1.3). */
static void tell_sentinel(struct narrator *n, const uint8_t *msg, size_t len)
{
	static const uint8_t sentinel[7] = {0x44, 0x4f, 0x57, 0x4e, 0x47, 0x52, 0x44}; /* "DOWNGRD" */
	struct tls_hello h;
	size_t at;

	if (len < 4 || msg[0] != TLS_SERVER_HELLO || hs_hello_parse(&h, msg, len, &at) != ERR_OK ||
	    h.random.len != 32 || h.best >= TLS1_3)
		return;
	const uint8_t *end = msg + h.random.off + 24;
	if (memcmp(end, sentinel, sizeof(sentinel)) != 0 || end[7] > 1)
		return;
	n->could_do_better = true;
	ev_decision(n->t, "downgrade-sentinel", "RFC 8446 4.1.3",
	    "the server's random ends with \"DOWNGRD\" and %u: it can do %s, and chose %s because that is what "
	    "reached it. Had "
	    "somebody taken the newer version out of our offer, this would give it away.",
	    end[7], end[7] ? "TLS 1.3" : "TLS 1.2 or newer",
	    tls_version_name(h.best) ? tls_version_name(h.best) : "an old one");
}

static void on_handshake(struct narrator *n, bool out, const uint8_t *msg, size_t len)
{
	struct hs_context ctx;
	char label[HS_LABEL];

	if (len == 0)
		return;
	conclude(n, out, msg[0]);
	learn(n, out, msg, len);
	ctx = (struct hs_context){.version = n->version, .from_server = out == n->serving};
	message(n, out, hs_label(label, &ctx, msg, len), msg, len, is_encrypted(n, out));
	if (out)
		note_sent(n, tls_handshake_name(msg[0]) ? tls_handshake_name(msg[0]) : "handshake message");
	hs_fields(n->t, &ctx, msg, len);
	teach_handshake(n, &ctx, msg, len);
	if (out == n->serving)
		tell_sentinel(n, msg, len);
	if (n->keys)
		keywatch_message(n->keys, out, msg, len);
	n->res->asked_for_certificate |= out == n->serving && msg[0] == TLS_CERTIFICATE_REQUEST;
}

static void on_change_cipher_spec(struct narrator *n, bool out, const uint8_t *msg, size_t len)
{
	message(n, out, "ChangeCipherSpec", msg, len, is_encrypted(n, out));
	if (out)
		note_sent(n, "ChangeCipherSpec");
	if (n->version != TLS1_3)
		n->sealed[out] = true;
	if (first_time(n, LESSON_CCS))
		ev_explain(n->t, "%s",
		    n->version == TLS1_3 ? "An empty gesture: it makes TLS 1.3 look like 1.2 to old boxes on the way."
		                         : "All that this side sends from here on is encrypted with the new keys.");
}

/* OpenSSL gives no message for a ChangeCipherSpec that comes in, only its record. */
static void on_record(struct narrator *n, bool out, const uint8_t *header, size_t len)
{
	if (len < 5)
		return;
	n->outer[out] = header[0];
	if (!out && header[0] == SSL3_RT_CHANGE_CIPHER_SPEC && n->messages <= MESSAGES_MAX)
		on_change_cipher_spec(n, false, NULL, (size_t)(header[3] << 8 | header[4]));
}

static void on_alert(struct narrator *n, bool out, const uint8_t *msg, size_t len)
{
	char label[96], sent[40], number[16];
	const char *name, *meaning;

	if (len < 2)
		return;
	name = tls_alert_name(msg[1]);
	meaning = tls_alert_text(msg[1]);
	if (!name)
		snprintf(number, sizeof(number), "number %u", msg[1]);
	snprintf(label, sizeof(label), "Alert: %s%s", msg[0] == 2 ? "fatal, " : "", name ? name : number);
	message(n, out, label, msg, len, is_encrypted(n, out));
	if (out) {
		snprintf(sent, sizeof(sent), "Alert %s", name ? name : number);
		note_sent(n, sent);
		n->alert_out = msg[1];
		n->has_alert_out = true;
	} else {
		n->alert_in = msg[1];
		n->has_alert_in = true;
	}
	if (meaning && (msg[1] != 0 || first_time(n, LESSON_ALERT)))
		ev_explain(n->t, "%s says: %s.", out ? "Our alert" : "The alert", meaning);
}

static void on_message(int write_p, int version, int type, const void *buf, size_t len, SSL *ssl, void *arg)
{
	struct narrator *n = arg;
	bool out = write_p != 0;
	const uint8_t *msg = buf;

	(void)version;
	(void)ssl;
	if (type == SSL3_RT_HEADER) {
		on_record(n, out, msg, len);
		return;
	}
	if (type == SSL3_RT_INNER_CONTENT_TYPE)
		return;
	if (n->messages++ == MESSAGES_MAX)
		ev_warning(n->t, "More than %d messages: the others are not shown.", MESSAGES_MAX);
	if (n->messages > MESSAGES_MAX)
		return;
	if (type == SSL3_RT_HANDSHAKE)
		on_handshake(n, out, msg, len);
	else if (type == SSL3_RT_CHANGE_CIPHER_SPEC)
		on_change_cipher_spec(n, out, msg, len);
	else if (type == SSL3_RT_ALERT)
		on_alert(n, out, msg, len);
}

/* "GET / HTTP/1.1": the first line, escaped. */
static char *first_line(char *out, size_t cap, const uint8_t *p, size_t len)
{
	size_t n = 0;

	while (n < len && n < 100 && p[n] != '\r' && p[n] != '\n')
		n++;
	return escape_text(out, cap, p, n);
}

/* The record's parts, as on the wire. */
static void record_fields(struct narrator *n, const struct opener *o)
{
	const uint8_t *p = o->record;
	char value[64], hex[80];
	size_t body = o->record_len - TLS_HEADER_LEN;

	ev_field(n->t, (struct ev_field){.layer = "TLS record",
	                   .name = "type",
	                   .value = "application data (23)",
	                   .len = 1,
	                   .meaning = "all that is encrypted looks like this from outside",
	                   .ref = "RFC 8446 5.2"});
	snprintf(value, sizeof(value), "0x%02x%02x", p[1], p[2]);
	ev_field(
	    n->t, (struct ev_field){.layer = "TLS record", .name = "version", .value = value, .off = 1, .len = 2});
	snprintf(value, sizeof(value), "%zu octets", body);
	ev_field(n->t, (struct ev_field){.layer = "TLS record",
	                   .name = "length",
	                   .value = value,
	                   .off = 3,
	                   .len = 2,
	                   .meaning = "a listener reads this, and nothing behind it"});
	ev_field(n->t, (struct ev_field){.layer = "TLS record",
	                   .name = "encrypted",
	                   .value = hex_text(hex, sizeof(hex), p + TLS_HEADER_LEN, body),
	                   .off = TLS_HEADER_LEN,
	                   .len = body,
	                   .ref = "RFC 8446 5.2"});
}

/* The record opened with the keys that were computed here, beside what OpenSSL made of it. */
static void tell_opened(struct narrator *n, const struct opener *o, const uint8_t *text, size_t len, bool secret)
{
	char line[128], says[160] = "";
	bool same = o->opened && o->text_len == len && memcmp(o->text, text, len) == 0;

	if (!secret && same)
		snprintf(says, sizeof(says), ": \"%s\"", first_line(line, sizeof(line), o->text, o->text_len));
	ev_check(n->t, "record-opened", same ? VERDICT_PASS : VERDICT_FAIL, "RFC 8446 5.2", "do the keys open it?",
	    same ? "with the key computed above, the %zu octets on the wire give %zu of text%s"
	         : "the %zu octets on the wire do NOT give the %zu of text%s",
	    o->record_len, len, says);
}

void narrate_data(struct narrator *n, bool out, const uint8_t *text, size_t len, bool secret)
{
	const struct opener *o = n->keys ? &n->keys->dir[out] : NULL;
	char label[160], line[128], hex[49];

	if (secret)
		snprintf(label, sizeof(label), "application data");
	else
		snprintf(label, sizeof(label), "application data: %s", first_line(line, sizeof(line), text, len));
	if (out)
		note_sent(n, "application data");
	if (!o || o->record_len <= TLS_HEADER_LEN) {
		message(n, out, label, NULL, len, true);
		return;
	}
	message(n, out, label, o->record, o->record_len, true);
	record_fields(n, o);
	ev_state(n->t, "a listener", out ? "has of the request" : "has of the answer", NULL,
	    hex_text(hex, sizeof(hex), o->record, o->record_len),
	    "%zu octets, and when they came; %zu of them are the text", o->record_len, len);
	if (o->ready && !n->keys->broken)
		tell_opened(n, o, text, len, secret);
}

void narrate(SSL *ssl, struct narrator *n)
{
	SSL_set_msg_callback(ssl, on_message);
	SSL_set_msg_callback_arg(ssl, n);
}
