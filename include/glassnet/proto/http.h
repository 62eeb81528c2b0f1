/* HTTP/1.0 and HTTP/1.1 heads (RFC 9112), and the form that a browser posts
 * (application/x-www-form-urlencoded).
 *
 *     struct http h;
 *     size_t at;
 *     enum err e = http_parse(&h, buf, len, &at);
 *     if (e == ERR_TRUNCATED)
 *             ... the head is not complete: read more and call again
 *     if (e == ERR_OK && http_is_form(&h, buf) && http_form_find(password, sizeof(password), &n,
 *                 buf + h.body_off, len - h.body_off, "password"))
 *             ...
 *
 * All places are offsets in the buffer that was parsed; nothing is copied. */
#ifndef GLASSNET_PROTO_HTTP_H
#define GLASSNET_PROTO_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/err.h"
#include "glassnet/proto/text.h"
#include "glassnet/trace.h"

/* A run of octets within the parsed buffer. */
struct http_span {
	size_t off, len;
};

#define HTTP_MAX_HEAD    32768 /* octets of start line and headers; more is ERR_TOO_LONG */
#define HTTP_MAX_HEADERS 128

struct http {
	bool response;
	uint8_t minor;                   /* HTTP/1.minor */
	struct http_span start_line;     /* without the line end */
	struct http_span method, target; /* of a request */
	unsigned status;                 /* of a response */
	struct http_span reason;
	struct http_span headers; /* all header lines, with their line ends */
	unsigned n_headers;
	size_t body_off;         /* where the body begins, just behind the empty line */
	bool has_length;         /* Content-Length was given */
	uint64_t content_length; /* 0 when it was not given */
	bool chunked;            /* Transfer-Encoding: chunked; the length is then in the body (RFC 9112 7.1) */
	bool close;              /* "Connection: close", or HTTP/1.0 without keep-alive: the sender's last message */
};

/* Do these octets look like the begin of a request or a response? For protocol detection; a short prefix of
 * a method ("PO") does not count. */
bool http_looks_like(const uint8_t *p, size_t len);

/* … or may they become such a begin with more octets behind them? */
bool http_may_begin(const uint8_t *p, size_t len);

/* Reads the head at the begin of p. ERR_TRUNCATED: no empty line yet (what is complete is in *out already,
 * body_off is 0): come back with more. ERR_FORMAT, ERR_TOO_LONG, ERR_VERSION: *at is the bad octet. A line
 * may end in LF alone (RFC 9112 2.2). Conflicting Content-Length values, blanks before a header's colon and
 * folded lines are ERR_FORMAT: they are how one message is made to look different to two readers. */
enum err http_parse(struct http *out, const uint8_t *p, size_t len, size_t *at) MUST_USE;

struct http_header {
	struct http_span name, value; /* value without blanks around it */
	struct http_span line;        /* the whole line with its end: what to cut out when a relay drops the header */
};

/* The headers in order: *pos starts at 0 and belongs to the iteration. False when there are no more. */
bool http_header_next(const struct http *h, const uint8_t *p, size_t *pos, struct http_header *out);

/* The first header of that name (case does not matter). */
bool http_header_find(const struct http *h, const uint8_t *p, const char *name, struct http_header *out);

/* Is the body an application/x-www-form-urlencoded form? */
bool http_is_form(const struct http *h, const uint8_t *p);

/* Compare a span's octets with a text; the second without regard to ASCII case. */
bool http_span_is(const uint8_t *p, struct http_span s, const char *text);
bool http_span_is_nocase(const uint8_t *p, struct http_span s, const char *text);

/* --- forms (WHATWG URL, application/x-www-form-urlencoded parsing) --- */

struct http_form_field {
	struct http_span name, value; /* still encoded; offsets within the body */
};

/* The fields in order: *pos starts at 0. False when there are no more. */
bool http_form_next(const uint8_t *body, size_t len, size_t *pos, struct http_form_field *out);

/* Decodes '+' and %XX into out, which gets a NUL behind it. A '%' without two hex digits stays as it is.
 * Returns ERR_TOO_LONG when cap is too small (out is then ""), *out_len the octets without the NUL. The
 * result may hold any octet, NUL as well. */
enum err http_form_decode(char *out, size_t cap, size_t *out_len, const uint8_t *p, size_t len) MUST_USE;

/* Decodes the value of the first field with that (decoded) name. False when there is none or it does not fit.
 */
bool http_form_find(char *out, size_t cap, size_t *out_len, const uint8_t *body, size_t len, const char *name);

/* --- for packets --- */

/* One line: "HTTP POST /login (23 bytes of form data)". p is what h was parsed from, len may exceed the head.
 */
void http_summary(const struct http *h, const uint8_t *p, size_t len, struct text *out);

/* Every line and form field as EV_FIELD; base is p's offset in the packet. */
void http_describe(const struct http *h, const uint8_t *p, size_t len, size_t base, struct trace *t);

#endif
