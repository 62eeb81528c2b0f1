/* HTTP in words: the summary's line, and every part as a field. */
#include <string.h>

#include "fields.h"
#include "glassnet/proto/http.h"

/* How many octets of the body are here, and of how many when that is known. */
static size_t body_here(const struct http *h, size_t len)
{
	return h->body_off == 0 || h->body_off >= len ? 0 : len - h->body_off;
}

static void add_body(const struct http *h, const uint8_t *p, size_t len, struct text *out)
{
	size_t here = body_here(h, len);
	bool form = !h->response && http_is_form(h, p);

	if (h->body_off == 0) {
		text_str(out, " (head goes on in the next segment)");
		return;
	}
	if (here == 0 && h->content_length == 0 && !h->chunked)
		return;
	text_str(out, " (");
	text_count(out, h->has_length && !h->chunked ? h->content_length : here, "byte");
	text_str(out, form ? " of form data" : h->chunked ? " of the body, in chunks" : " of body");
	if (h->has_length && !h->chunked && here < h->content_length) {
		text_str(out, here == 0 ? ", still to come" : ", ");
		if (here > 0) {
			text_num(out, here);
			text_str(out, " of them here");
		}
	}
	text_str(out, ")");
}

void http_summary(const struct http *h, const uint8_t *p, size_t len, struct text *out)
{
	struct http_header hd;

	text_str(out, "HTTP ");
	if (h->response ? h->status == 0 : h->target.len == 0) {
		text_str(out, "begin of a message");
		return;
	}
	if (h->response) {
		text_num(out, h->status);
		text_str(out, h->reason.len > 0 ? " " : "");
		text_peer(out, p + h->reason.off, h->reason.len);
		if (http_header_find(h, p, "location", &hd)) {
			text_str(out, ", go to ");
			text_peer(out, p + hd.value.off, hd.value.len);
		}
	} else {
		text_peer(out, p + h->method.off, h->method.len);
		text_str(out, " ");
		text_peer(out, p + h->target.off, h->target.len);
	}
	add_body(h, p, len, out);
}

/* What matters about the headers that teach something. */
static const struct {
	const char *name, *meaning, *ref;
} header_meanings[] = {
    {"host", "which of the sites at this address is wanted", "RFC 9110 7.2"},
    {"content-length", "how many bytes of body follow the empty line", "RFC 9110 8.6"},
    {"transfer-encoding", "the body comes in pieces, each with its own length", "RFC 9112 6.1"},
    {"content-type", "what kind of data the body is", "RFC 9110 8.3"},
    {"content-encoding", "the body is compressed this way", "RFC 9110 8.4"},
    {"cookie", "what the site told the browser to remember: often enough to be taken for the user", "RFC 6265 4.2"},
    {"set-cookie", "the browser shall remember this and send it with every request to the site", "RFC 6265 4.1"},
    {"authorization", "the user's credentials, readable by everyone on the path without TLS", "RFC 9110 11.6.2"},
    {"location", "the browser shall ask there instead", "RFC 9110 10.2.2"},
    {"user-agent", "the program that asks", "RFC 9110 10.1.5"},
    {"server", "the program that answers", "RFC 9110 10.2.4"},
    {"referer", "the page whose link was followed", "RFC 9110 10.1.3"},
    {"connection", "whether the connection stays open for the next request", "RFC 9112 9.3"},
    {"strict-transport-security", "the browser shall never again use this site without TLS", "RFC 6797 6.1"},
};

static void describe_headers(const struct http *h, const struct fields *f)
{
	struct http_header hd;

	for (size_t pos = 0; http_header_next(h, f->p, &pos, &hd);) {
		const char *meaning = NULL, *ref = NULL;
		char name[64];
		struct text t = text_init(name, sizeof(name));

		for (size_t i = 0; i < sizeof(header_meanings) / sizeof(header_meanings[0]); i++)
			if (http_span_is_nocase(f->p, hd.name, header_meanings[i].name)) {
				meaning = header_meanings[i].meaning;
				ref = header_meanings[i].ref;
			}
		text_peer(&t, f->p + hd.name.off, hd.name.len);
		/* the place is the whole line's, the value the value's */
		char value[1024];
		struct text v = text_init(value, sizeof(value));
		text_peer(&v, f->p + hd.value.off, hd.value.len);
		field_text(f, hd.line.off, hd.line.len, name, value, meaning, ref);
	}
}

static void describe_form(const struct fields *f, size_t body, size_t len)
{
	struct http_form_field field;

	for (size_t pos = 0; http_form_next(f->p + body, len, &pos, &field);) {
		char raw[512], name[64], value[1024];
		size_t n = 0;
		struct text tn = text_init(name, sizeof(name)), tv = text_init(value, sizeof(value));

		if (http_form_decode(raw, sizeof(raw), &n, f->p + body + field.name.off, field.name.len) != ERR_OK)
			n = 0;
		text_str(&tn, "form field ");
		text_peer(&tn, raw, n);
		if (http_form_decode(raw, sizeof(raw), &n, f->p + body + field.value.off, field.value.len) == ERR_OK)
			text_peer(&tv, raw, n);
		else
			text_str(&tv, "(too long to show)");
		field_text(f, body + field.name.off, field.value.off + field.value.len - field.name.off, name, value,
		    "typed into the page's form; without TLS everyone on the path reads it", "WHATWG URL 5.1");
	}
}

static void describe_start(const struct http *h, const struct fields *f)
{
	if (h->response) {
		field_num(f, h->start_line.off + 9, 3, "status", h->status,
		    h->status < 200   ? "not the answer yet"
		    : h->status < 300 ? "it worked"
		    : h->status < 400 ? "look elsewhere"
		    : h->status < 500 ? "the request was not right"
		                      : "the server failed",
		    "RFC 9110 15");
		field_peer(f, h->reason.off, h->reason.len, "reason", NULL, "RFC 9112 4");
		return;
	}
	field_peer(f, h->method.off, h->method.len, "method",
	    http_span_is(f->p, h->method, "GET")    ? "asks for a page"
	    : http_span_is(f->p, h->method, "POST") ? "sends data to the server"
	                                            : NULL,
	    "RFC 9110 9");
	field_peer(f, h->target.off, h->target.len, "target", "what is asked for", "RFC 9112 3.2");
}

void http_describe(const struct http *h, const uint8_t *p, size_t len, size_t base, struct trace *t)
{
	struct fields f = {.trace = t, .layer = "HTTP", .base = base, .p = p, .depth = 1};
	size_t here = body_here(h, len);

	if (h->response ? h->status == 0 : h->target.len == 0)
		return; /* not even a start line */
	describe_start(h, &f);
	describe_headers(h, &f);
	if (here == 0)
		return;
	if (http_is_form(h, p))
		describe_form(&f, h->body_off, here);
	else
		field_peer(&f, h->body_off, here, "body",
		    here < h->content_length ? "the rest comes in later segments" : NULL, "RFC 9112 6");
}
