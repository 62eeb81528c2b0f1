/* Replies: the end of an HTTP response (RFC 9112 6.3), and the text in it. */
#include <string.h>

#include "glassnet/proto/http.h"
#include "glassnet/wire.h"
#include "glassnet/line.h"
#include "reply.h"

static bool read_head(struct http *h, const uint8_t *p, size_t len)
{
	size_t at;

	return len > 0 && http_looks_like(p, len) && http_parse(h, p, len, &at) == ERR_OK && h->response;
}

bool reply_is_whole(const uint8_t *p, size_t len)
{
	struct http h;

	if (!read_head(&h, p, len))
		return false;
	if (h.status == 204 || h.status == 304)
		return true;
	if (h.chunked) /* the last chunk is empty; trailers are rare, and a pause ends those */
		return len - h.body_off >= 5 && memcmp(p + len - 5, "0\r\n\r\n", 5) == 0;
	return h.has_length && len - h.body_off >= h.content_length;
}

/* Leaves out tags and runs of blanks. It serves the eye; it is no HTML parser. */
static size_t plain(char *out, size_t cap, const uint8_t *p, size_t len)
{
	size_t n = 0;
	bool tag = false, blank = true;

	for (size_t i = 0; i < len && n + 1 < cap; i++) {
		uint8_t c = p[i] == '\r' || p[i] == '\n' || p[i] == '\t' || p[i] == '<' || p[i] == '>' ? ' ' : p[i];

		tag = p[i] == '<' || (tag && p[i] != '>');
		if (tag || (c == ' ' && blank))
			continue;
		blank = c == ' ';
		out[n++] = (char)c;
	}
	while (n > 0 && out[n - 1] == ' ')
		n--;
	return n;
}

char *reply_text(char *out, size_t cap, const uint8_t *p, size_t len)
{
	struct line x = line_on(out, cap);
	struct http h = {.body_off = 0};
	char flat[256], clean[300];

	if (len == 0)
		return out;
	if (read_head(&h, p, len)) {
		const uint8_t *reason = p + h.reason.off;

		line_add(&x, "HTTP %u %s: ", h.status, escape_text(clean, sizeof(clean), reason, h.reason.len));
	}
	size_t n = plain(flat, sizeof(flat), p + h.body_off, len - h.body_off);
	line_add(&x, "\"%s\"", escape_text(clean, sizeof(clean), flat, n));
	return out;
}
