/* HTTP/1.1 (RFC 9112): the head of a message.
 *
 *     POST /login HTTP/1.1 CRLF                       method SP target SP version, or
 *     HTTP/1.1 200 OK CRLF                            version SP status SP reason
 *     Host: bank.example CRLF                         name ":" blanks value blanks
 *     Content-Length: 23 CRLF
 *     CRLF
 *     user=alice&password=...                         body: its length is Content-Length, or chunked, or
 * until close
 */
#include "glassnet/proto/http.h"

#include <string.h>
#include <strings.h>

static const char *const methods[] = {
    "GET ", "POST ", "HEAD ", "PUT ", "DELETE ", "OPTIONS ", "CONNECT ", "TRACE ", "PATCH "};

bool http_looks_like(const uint8_t *p, size_t len)
{
	if (len >= 7 && memcmp(p, "HTTP/1.", 7) == 0)
		return true;
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		size_t n = strlen(methods[i]);
		if (len > n && memcmp(p, methods[i], n) == 0)
			return true;
	}
	return false;
}

bool http_may_begin(const uint8_t *p, size_t len)
{
	if (len < 7 && memcmp(p, "HTTP/1.", len) == 0)
		return true;
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (len <= strlen(methods[i]) && memcmp(p, methods[i], len) == 0)
			return true;
	return false;
}

bool http_span_is(const uint8_t *p, struct http_span s, const char *text)
{
	return s.len == strlen(text) && (s.len == 0 || memcmp(p + s.off, text, s.len) == 0);
}

bool http_span_is_nocase(const uint8_t *p, struct http_span s, const char *text)
{
	return s.len == strlen(text) && (s.len == 0 || strncasecmp((const char *)p + s.off, text, s.len) == 0);
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* tchar of RFC 9110 5.6.2: what a method or a header's name may consist of. */
static bool is_tchar(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) ||
	       (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* The line at pos: *line without its end; *next behind it. False when no LF comes before len. */
static bool take_line(const uint8_t *p, size_t len, size_t pos, struct http_span *line, size_t *next)
{
	const uint8_t *lf = pos < len ? memchr(p + pos, '\n', len - pos) : NULL;

	if (!lf)
		return false;
	size_t end = (size_t)(lf - p);
	*next = end + 1;
	if (end > pos && p[end - 1] == '\r')
		end--;
	*line = (struct http_span){pos, end - pos};
	return true;
}

static enum err bad_at(size_t *at, size_t where, enum err e)
{
	*at = where;
	return e;
}

/* "HTTP/1.1" at s. */
static enum err read_version(struct http *h, const uint8_t *p, size_t off, size_t len, size_t *at)
{
	if (len != 8 || memcmp(p + off, "HTTP/", 5) != 0 || !is_digit(p[off + 5]) || p[off + 6] != '.' ||
	    !is_digit(p[off + 7]))
		return bad_at(at, off, ERR_FORMAT);
	if (p[off + 5] != '1')
		return bad_at(at, off + 5, ERR_VERSION);
	h->minor = (uint8_t)(p[off + 7] - '0');
	return ERR_OK;
}

static enum err read_status_line(struct http *h, const uint8_t *p, struct http_span line, size_t *at)
{
	enum err e = read_version(h, p, line.off, line.len < 8 ? line.len : 8, at);

	if (e != ERR_OK)
		return e;
	/* "HTTP/1.1 200" is the least; the reason may be empty, and its blank is often forgotten */
	const uint8_t *s = p + line.off;
	if (line.len < 12 || s[8] != ' ' || !is_digit(s[9]) || !is_digit(s[10]) || !is_digit(s[11]) ||
	    (line.len > 12 && s[12] != ' '))
		return bad_at(at, line.off + 8, ERR_FORMAT);
	h->status = (unsigned)(s[9] - '0') * 100 + (unsigned)(s[10] - '0') * 10 + (unsigned)(s[11] - '0');
	if (line.len > 13)
		h->reason = (struct http_span){line.off + 13, line.len - 13};
	return ERR_OK;
}

static enum err read_request_line(struct http *h, const uint8_t *p, struct http_span line, size_t *at)
{
	size_t end = line.off + line.len, i = line.off;

	while (i < end && is_tchar(p[i]))
		i++;
	h->method = (struct http_span){line.off, i - line.off};
	if (h->method.len == 0 || i == end || p[i] != ' ')
		return bad_at(at, i, ERR_FORMAT);
	size_t target = ++i;
	while (i < end && p[i] > ' ' && p[i] != 0x7f)
		i++;
	h->target = (struct http_span){target, i - target};
	if (h->target.len == 0 || i == end || p[i] != ' ')
		return bad_at(at, i, ERR_FORMAT);
	return read_version(h, p, i + 1, end - (i + 1), at);
}

/* Splits a header line. False when it has no proper name and colon. */
static bool split_header(const uint8_t *p, struct http_span line, struct http_header *out, size_t *bad)
{
	size_t end = line.off + line.len, i = line.off;

	while (i < end && is_tchar(p[i]))
		i++;
	out->name = (struct http_span){line.off, i - line.off};
	*bad = i;
	if (out->name.len == 0 || i == end || p[i] != ':')
		return false;
	for (i++; i < end && is_blank(p[i]);)
		i++;
	while (end > i && is_blank(p[end - 1]))
		end--;
	out->value = (struct http_span){i, end - i};
	return true;
}

static enum err read_content_length(struct http *h, const uint8_t *p, struct http_span v, size_t *at)
{
	uint64_t n = 0;

	if (v.len == 0 || v.len > 18)
		return bad_at(at, v.off, ERR_FORMAT);
	for (size_t i = 0; i < v.len; i++) {
		if (!is_digit(p[v.off + i]))
			return bad_at(at, v.off + i, ERR_FORMAT);
		n = n * 10 + (uint64_t)(p[v.off + i] - '0');
	}
	if (h->has_length && h->content_length != n)
		return bad_at(at, v.off, ERR_FORMAT); /* RFC 9112 6.3: two lengths, two readers, two messages */
	h->has_length = true;
	h->content_length = n;
	return ERR_OK;
}

/* The last element of a comma-separated list. */
static struct http_span last_element(const uint8_t *p, struct http_span v)
{
	size_t end = v.off + v.len, i = end;

	while (i > v.off && p[i - 1] != ',')
		i--;
	while (i < end && is_blank(p[i]))
		i++;
	return (struct http_span){i, end - i};
}

/* What a header says about where the message ends. */
static enum err read_framing(struct http *h, const uint8_t *p, const struct http_header *hd, size_t *at)
{
	if (http_span_is_nocase(p, hd->name, "content-length"))
		return read_content_length(h, p, hd->value, at);
	if (http_span_is_nocase(p, hd->name, "transfer-encoding"))
		h->chunked = http_span_is_nocase(p, last_element(p, hd->value), "chunked");
	else if (http_span_is_nocase(p, hd->name, "connection"))
		h->close = http_span_is_nocase(p, hd->value, "close") ||
		           (h->close && !http_span_is_nocase(p, hd->value, "keep-alive"));
	return ERR_OK;
}

static enum err read_start_line(struct http *h, const uint8_t *p, struct http_span line, size_t *at)
{
	h->start_line = line;
	h->response = line.len >= 5 && memcmp(p + line.off, "HTTP/", 5) == 0;
	enum err e = h->response ? read_status_line(h, p, line, at) : read_request_line(h, p, line, at);
	h->close = h->minor == 0;
	return e;
}

enum err http_parse(struct http *out, const uint8_t *p, size_t len, size_t *at)
{
	size_t bound = len < HTTP_MAX_HEAD ? len : HTTP_MAX_HEAD, next = 0;
	struct http_span line = {0, 0};
	struct http_header hd;
	enum err e;

	*out = (struct http){0};
	*at = 0;
	if (!take_line(p, bound, 0, &line, &next))
		return bad_at(at, bound, len >= HTTP_MAX_HEAD ? ERR_TOO_LONG : ERR_TRUNCATED);
	if ((e = read_start_line(out, p, line, at)) != ERR_OK)
		return e;
	out->headers = (struct http_span){next, 0};
	for (size_t pos = next; take_line(p, bound, pos, &line, &next); pos = next) {
		if (line.len == 0) {
			out->body_off = next;
			return ERR_OK;
		}
		if (!split_header(p, line, &hd, at))
			return ERR_FORMAT;
		if ((e = read_framing(out, p, &hd, at)) != ERR_OK)
			return e;
		if (++out->n_headers > HTTP_MAX_HEADERS)
			return bad_at(at, line.off, ERR_TOO_LONG);
		out->headers.len = next - out->headers.off;
	}
	return bad_at(at, bound, len >= HTTP_MAX_HEAD ? ERR_TOO_LONG : ERR_TRUNCATED);
}

bool http_header_next(const struct http *h, const uint8_t *p, size_t *pos, struct http_header *out)
{
	size_t start = h->headers.off + *pos, next = 0, bad = 0;
	struct http_span line;

	if (*pos >= h->headers.len || !take_line(p, h->headers.off + h->headers.len, start, &line, &next) ||
	    !split_header(p, line, out, &bad))
		return false;
	out->line = (struct http_span){start, next - start};
	*pos += next - start;
	return true;
}

bool http_header_find(const struct http *h, const uint8_t *p, const char *name, struct http_header *out)
{
	for (size_t pos = 0; http_header_next(h, p, &pos, out);)
		if (http_span_is_nocase(p, out->name, name))
			return true;
	return false;
}

bool http_is_form(const struct http *h, const uint8_t *p)
{
	static const char type[] = "application/x-www-form-urlencoded";
	struct http_header hd;

	if (!http_header_find(h, p, "content-type", &hd))
		return false;
	struct http_span v = hd.value;
	if (v.len > strlen(type) && (p[v.off + strlen(type)] == ';' || is_blank(p[v.off + strlen(type)])))
		v.len = strlen(type);
	return http_span_is_nocase(p, v, type);
}
