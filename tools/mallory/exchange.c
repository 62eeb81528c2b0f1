/* HTTP as a man in the middle likes it: RFC 9112 (messages), RFC 9110 7.6.1 (headers of one hop). */
#include "exchange.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "glassnet/proto/http.h"
#include "glassnet/wire.h"

#include "exchange_parts.h"
#include "hello.h"

enum { BLIND_MAX = 64 * 1024 };

void exchange_init(struct exchange *x, struct trace *trace, struct loot *loot, const struct exchange_names *names,
    unsigned connection, bool blind, bool rewrite)
{
	*x = (struct exchange){.trace = trace,
	    .loot = loot,
	    .names = *names,
	    .connection = connection,
	    .blind = blind,
	    .rewrite = rewrite,
	    .state = blind ? EXCHANGE_PASS : EXCHANGE_REQUEST};
	snprintf(x->host, sizeof x->host, "%s", names->bank);
	buf_init(&x->request, EXCHANGE_REQUEST_MAX);
	/* the head that is sent on has at most a few octets more than the victim's */
	buf_init(&x->to_bank, blind ? BLIND_MAX : EXCHANGE_REQUEST_MAX + 256);
	buf_init(&x->to_victim, blind ? BLIND_MAX : EXCHANGE_REPLY_MAX);
}

void exchange_release(struct exchange *x)
{
	buf_release(&x->request);
	buf_release(&x->to_bank);
	buf_release(&x->to_victim);
}

/* --- messages, with their parts --- */

/* For a listener outside of mallory: who speaks TLS with mallory is safe from him. */
static bool is_encrypted(const struct exchange *x, const char *peer)
{
	return strcmp(x->names.scheme, "https") == 0 || (peer == x->names.bank && x->secure);
}

void exchange_tell(
    struct exchange *x, bool sent, const char *peer, const char *label, const uint8_t *p, size_t len, bool tampered)
{
	emit(x->trace, (struct event){.kind = sent ? EV_SEND : EV_RECV,
	                   .u.msg = {.from = sent ? x->names.self : peer,
	                       .to = sent ? peer : x->names.self,
	                       .proto = "HTTP",
	                       .label = label,
	                       .bytes = p,
	                       .len = len,
	                       .secrecy = tampered                ? SECRECY_TAMPERED
	                                  : is_encrypted(x, peer) ? SECRECY_ENCRYPTED
	                                                          : SECRECY_CLEAR}});
}

void exchange_describe(struct exchange *x, const uint8_t *p, size_t len)
{
	struct http h;
	size_t at;

	if (trace_on(x->trace) && http_parse(&h, p, len, &at) == ERR_OK)
		http_describe(&h, p, len, 0, x->trace);
}

/* --- answers of mallory's own --- */

static void answer(struct exchange *x, const char *status, const char *text)
{
	char page[300];
	int n = snprintf(page, sizeof page,
	    "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s", status,
	    strlen(text), text);
	buf_release(&x->to_victim);
	if (n > 0 && (size_t)n < sizeof page && buf_text(&x->to_victim, page))
		x->err = ERR_NOMEM;
	x->state = EXCHANGE_DONE;
}

void exchange_refuse(struct exchange *x, enum err e, const char *status, const char *text)
{
	ev_decision(x->trace, "not-relayed", "RFC 9110 15.5", "connection %u: %s", x->connection, text);
	x->err = e;
	answer(x, status, text);
}

void exchange_bank_failed(struct exchange *x, enum err e, const char *why)
{
	if (x->state == EXCHANGE_DONE)
		return;
	if (x->state == EXCHANGE_PASS && x->reply_begun) { /* too late for a page, and no more than a rude goodbye */
		x->state = EXCHANGE_DONE;
		return;
	}
	ev_warning(x->trace, "connection %u: %s cannot be reached: %s", x->connection, x->names.bank, why);
	x->err = e == ERR_FORMAT ? ERR_NET : e;
	if (x->blind)
		x->state = EXCHANGE_DONE;
	else
		answer(x, "502 Bad Gateway", "The bank cannot be reached.\n");
}

/* --- the request --- */

/* Headers of the victim's hop, and those that would make the reply hard to change. */
static bool is_dropped(const uint8_t *p, struct http_span name)
{
	static const char *const dropped[] = {"Connection", "Keep-Alive", "Proxy-Connection", "TE", "Upgrade",
	    "Expect", "Accept-Encoding", "Range", "If-Range", "If-None-Match", "If-Modified-Since"};
	for (size_t i = 0; i < sizeof dropped / sizeof dropped[0]; i++)
		if (http_span_is_nocase(p, name, dropped[i]))
			return true;
	return false;
}

enum err exchange_pass_request(struct exchange *x, const struct http *h)
{
	const uint8_t *p = x->request.data;
	struct buf *out = &x->to_bank;
	enum err e = buf_append(out, p + h->method.off, h->method.len);
	if (!e)
		e = buf_text(out, " ");
	if (!e)
		e = buf_append(out, p + h->target.off, h->target.len);
	if (!e)
		e = buf_text(out, " HTTP/1.0\r\n");
	struct http_header hd;
	for (size_t pos = 0; !e && http_header_next(h, p, &pos, &hd);)
		if (!is_dropped(p, hd.name))
			e = buf_append(out, p + hd.line.off, hd.line.len);
	if (!e)
		e = buf_text(out, "Connection: close\r\n\r\n");
	if (!e)
		e = buf_append(out, p + h->body_off, (size_t)h->content_length);
	return e;
}

static void read_form(struct exchange *x, const struct http *h)
{
	const uint8_t *body = x->request.data + h->body_off;
	size_t len = (size_t)h->content_length;
	char where[EXCHANGE_LINE_MAX + 16];
	snprintf(where, sizeof where, "%s %s", x->names.scheme, x->line);
	struct http_form_field f;
	if (x->loot->n == 0)
		ev_explain(x->trace, "A form is posted as it was typed. Whoever passes it on can read it, "
		                     "unless it is encrypted "
		                     "for somebody else: for the one whose certificate the victim accepted.");
	for (size_t pos = 0; http_form_next(body, len, &pos, &f);) {
		char name[LOOT_KEY_MAX], value[LOOT_VALUE_MAX];
		size_t name_len, value_len;
		if (http_form_decode(name, sizeof name, &name_len, body + f.name.off, f.name.len) ||
		    http_form_decode(value, sizeof value, &value_len, body + f.value.off, f.value.len)) {
			ev_decision(x->trace, "field-too-long", NULL,
			    "connection %u: a form field is too long to keep", x->connection);
			continue;
		}
		x->fields++;
		loot_add(x->loot, x->trace, x->connection, where, name, name_len, value, value_len);
		sodium_memzero(value, sizeof value);
	}
}

static void take_request(struct exchange *x, const struct http *h)
{
	const uint8_t *p = x->request.data;
	char start[EXCHANGE_LINE_MAX];
	int n = snprintf(start, sizeof start, "%.*s %.*s", (int)(h->method.len < 16 ? h->method.len : 16),
	    (const char *)p + h->method.off, (int)(h->target.len < 64 ? h->target.len : 64),
	    (const char *)p + h->target.off);
	escape_text(x->line, sizeof x->line, start, n > 0 ? (size_t)n : 0);
	exchange_tell(x, false, x->names.victim, x->line, p, x->request.len, false);
	exchange_describe(x, p, x->request.len);
	if (http_is_form(h, p))
		read_form(x, h);
	struct http_header host;
	if (!http_header_find(h, p, "Host", &host) ||
	    !strip_host(x->host, p + host.value.off, host.value.len, x->names.bank))
		snprintf(x->host, sizeof x->host, "%s", x->names.bank);
	x->secure = x->strip && strip_insists(x->strip, x->host);
	enum err e = exchange_pass_request(x, h);
	if (e) {
		exchange_refuse(x, e, "500 Internal Server Error", "the request does not fit");
		return;
	}
	exchange_tell(x, true, x->names.bank, x->line, x->to_bank.data, x->to_bank.len, false);
	exchange_describe(x, x->to_bank.data, x->to_bank.len);
	x->state = EXCHANGE_REPLY;
}

/* curl and others wait for a word before they send a large body (RFC 9110 10.1.1). */
static void say_continue(struct exchange *x, const struct http *h)
{
	struct http_header hd;
	if (x->said_continue || !http_header_find(h, x->request.data, "Expect", &hd))
		return;
	x->said_continue = true;
	x->err = buf_text(&x->to_victim, "HTTP/1.1 100 Continue\r\n\r\n");
}

static void look_at_request(struct exchange *x)
{
	struct http h;
	size_t at;
	enum err e = http_parse(&h, x->request.data, x->request.len, &at);
	if (e == ERR_TRUNCATED && x->request.len < EXCHANGE_HEAD_MAX)
		return;
	if (e == ERR_TRUNCATED || e == ERR_TOO_LONG)
		exchange_refuse(
		    x, ERR_TOO_LONG, "431 Request Header Fields Too Large", "the request's head is too long\n");
	else if (e || h.response)
		exchange_refuse(x, ERR_FORMAT, "400 Bad Request", "that is no HTTP request\n");
	else if (h.chunked)
		exchange_refuse(
		    x, ERR_FORMAT, "411 Length Required", "the request does not say how long its body is\n");
	else if (h.content_length > EXCHANGE_REQUEST_MAX - h.body_off)
		exchange_refuse(x, ERR_TOO_LONG, "413 Content Too Large", "the request is too large\n");
	else if (x->request.len - h.body_off >= h.content_length)
		take_request(x, &h);
	else
		say_continue(x, &h);
}

/* What is not whole when the victim ends, or does not fit, goes as it is. */
static void weaken(struct exchange *x)
{
	enum err e = downgrade_hello(&x->to_bank, &x->downgrade);
	x->offered = e != ERR_TRUNCATED;
	if (e && e != ERR_TRUNCATED)
		x->err = e;
}

void exchange_from_victim(struct exchange *x)
{
	if (x->blind) {
		if (!x->server_name[0])
			hello_server_name(x->server_name, sizeof x->server_name, x->to_bank.data, x->to_bank.len);
		if (x->weaken && !x->offered)
			weaken(x);
	} else if (x->state == EXCHANGE_REQUEST) {
		look_at_request(x);
	}
}

void exchange_victim_end(struct exchange *x)
{
	x->victim_ended = x->offered = true;
	if (x->state == EXCHANGE_REQUEST) {
		if (x->request.len > 0)
			x->err = ERR_FORMAT; /* cut off in the middle of its request */
		x->state = EXCHANGE_DONE;
	} else if (x->blind && x->bank_ended) {
		x->state = EXCHANGE_DONE;
	}
}

/* --- buffers --- */

struct buf *exchange_victim_input(struct exchange *x)
{
	struct buf *b = x->blind ? &x->to_bank : &x->request;
	/* the "100 Continue" has to be out first */
	bool wanted = x->blind ? x->state == EXCHANGE_PASS : x->state == EXCHANGE_REQUEST && x->to_victim.len == 0;
	return wanted && buf_room(b) > 0 ? b : NULL;
}

struct buf *exchange_bank_input(struct exchange *x)
{
	bool wanted = x->state == EXCHANGE_REPLY || x->state == EXCHANGE_PASS;
	return wanted && buf_room(&x->to_victim) > 0 ? &x->to_victim : NULL;
}

struct buf *exchange_bank_output(struct exchange *x)
{
	bool held = x->weaken && !x->offered;
	return !held && x->to_bank.len > 0 ? &x->to_bank : NULL;
}

struct buf *exchange_victim_output(struct exchange *x)
{
	bool held = x->state == EXCHANGE_REPLY;
	return !held && x->to_victim.len > 0 ? &x->to_victim : NULL;
}
