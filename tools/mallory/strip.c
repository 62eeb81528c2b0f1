#include "strip.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "glassnet/wire.h"

static const char https[] = "https";
static const char slashes[] = "://";
static const char https_port[] = ":443";
enum { SCHEME_LEN = sizeof https - 1, SLASHES_LEN = sizeof slashes - 1, PORT_LEN = sizeof https_port - 1 };

bool strip_insists(const struct strip *s, const char *host)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->host[i], host) == 0)
			return true;
	return false;
}

void strip_remember(struct strip *s, const char *host)
{
	if (s->n < STRIP_HOSTS && !strip_insists(s, host))
		snprintf(s->host[s->n++], STRIP_HOST_MAX, "%s", host);
}

/* --- names and links --- */

/* ASCII only, whatever the locale is; 0 for what no host name has. */
static char host_letter(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c + ('a' - 'A'));
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ? (char)c : '\0';
}

static size_t read_host(char out[static STRIP_HOST_MAX], const uint8_t *p, size_t len)
{
	size_t n = 0;
	while (n < len && n < STRIP_HOST_MAX - 1 && host_letter(p[n])) {
		out[n] = host_letter(p[n]);
		n++;
	}
	out[n] = '\0';
	return n < len && host_letter(p[n]) ? 0 : n; /* longer than any of the bank's */
}

static bool is_of(const char *host, const char *bank)
{
	size_t n = strlen(host), m = strlen(bank);
	return n >= m && strcmp(host + n - m, bank) == 0 && (n == m || host[n - m - 1] == '.');
}

bool strip_host(char out[static STRIP_HOST_MAX], const uint8_t *p, size_t len, const char *bank)
{
	size_t n = read_host(out, p, len);
	return n > 0 && (n == len || p[n] == ':') && is_of(out, bank);
}

static bool link_at(const uint8_t *p, size_t len, const char *bank, struct strip_link *out)
{
	if (len <= SCHEME_LEN + SLASHES_LEN || strncasecmp((const char *)p, https, SCHEME_LEN) != 0 ||
	    memcmp(p + SCHEME_LEN, slashes, SLASHES_LEN) != 0)
		return false;
	size_t at = SCHEME_LEN + SLASHES_LEN, n = read_host(out->host, p + at, len - at);
	if (n == 0 || !is_of(out->host, bank))
		return false;
	at += n;
	out->scheme_len = SCHEME_LEN;
	out->name_len = at;
	if (len - at >= PORT_LEN && memcmp(p + at, https_port, PORT_LEN) == 0)
		at += PORT_LEN;
	out->len = at;
	/* another port, or the name was only a user's ("https://bank.example:x@elsewhere/") */
	return at == len || (p[at] != ':' && p[at] != '@' && (p[at] < '0' || p[at] > '9'));
}

bool strip_find(const uint8_t *p, size_t len, size_t from, const char *bank, struct strip_link *out)
{
	for (size_t i = from; i < len; i++)
		if ((p[i] | 0x20) == 'h' && link_at(p + i, len - i, bank, out)) {
			out->off = i;
			return true;
		}
	return false;
}

bool strip_is_redirect(const struct http *h, const uint8_t *p, const char *bank, struct strip_link *out)
{
	struct http_header hd;
	bool status =
	    h->status == 301 || h->status == 302 || h->status == 303 || h->status == 307 || h->status == 308;
	if (!h->response || !status || !http_header_find(h, p, "Location", &hd))
		return false;
	if (!link_at(p + hd.value.off, hd.value.len, bank, out))
		return false;
	out->off = hd.value.off;
	return true;
}

/* --- changes --- */

static enum err cut_headers(struct buf *reply, struct strip_report *out)
{
	struct http h;
	struct http_header hd;
	size_t at;
	enum err e;

	while ((e = http_parse(&h, reply->data, reply->len, &at)) == ERR_OK && h.response &&
	       http_header_find(&h, reply->data, "Strict-Transport-Security", &hd)) {
		e = buf_replace(reply, hd.line.off, hd.line.len, "", 0);
		if (e)
			return e;
		out->headers++;
	}
	return !e && !h.response ? ERR_FORMAT : e;
}

/* The attribute "; Secure" in a cookie's header, from the semicolon on. */
static bool find_secure(const uint8_t *p, struct http_span value, size_t *off, size_t *len)
{
	static const char secure[] = "secure";
	size_t end = value.off + value.len;
	for (size_t i = value.off; i < end; i++) {
		if (p[i] != ';')
			continue;
		size_t from = i + 1;
		while (from < end && (p[from] == ' ' || p[from] == '\t'))
			from++;
		size_t to = from;
		while (to < end && p[to] != ';')
			to++;
		struct http_span word = {from, to - from};
		while (word.len > 0 && (p[word.off + word.len - 1] == ' ' || p[word.off + word.len - 1] == '\t'))
			word.len--;
		if (http_span_is_nocase(p, word, secure)) {
			*off = i;
			*len = to - i;
			return true;
		}
	}
	return false;
}

static bool next_secure(const struct buf *reply, size_t *off, size_t *len)
{
	struct http h;
	struct http_header hd;
	size_t at;

	if (http_parse(&h, reply->data, reply->len, &at) != ERR_OK)
		return false;
	for (size_t pos = 0; http_header_next(&h, reply->data, &pos, &hd);)
		if (http_span_is_nocase(reply->data, hd.name, "Set-Cookie") &&
		    find_secure(reply->data, hd.value, off, len))
			return true;
	return false;
}

static enum err open_cookies(struct buf *reply, struct strip_report *out)
{
	size_t off, len;
	while (next_secure(reply, &off, &len)) {
		enum err e = buf_replace(reply, off, len, "", 0);
		if (e)
			return e;
		out->cookies++;
	}
	return ERR_OK;
}

static enum err lower_links(struct buf *reply, const char *bank, size_t end, struct strip_report *out)
{
	struct strip_link l;
	for (size_t pos = 0; strip_find(reply->data, end, pos, bank, &l); pos = l.off) {
		if (out->links++ == 0)
			escape_text(out->link, sizeof out->link, reply->data + l.off, l.len);
		enum err e = buf_replace(reply, l.off + l.name_len, l.len - l.name_len, "", 0);
		if (!e)
			e = buf_replace(reply, l.off, l.scheme_len, "http", 4);
		if (e)
			return e;
		end -= l.len - l.name_len + l.scheme_len - 4;
	}
	return ERR_OK;
}

enum err strip_reply(struct buf *reply, const char *bank, bool page, struct strip_report *out)
{
	struct http h;
	size_t at;
	enum err e = cut_headers(reply, out);
	if (!e)
		e = open_cookies(reply, out);
	if (!e)
		e = http_parse(&h, reply->data, reply->len, &at);
	return e ? e : lower_links(reply, bank, page ? reply->len : h.body_off, out);
}
