/* application/x-www-form-urlencoded (WHATWG URL Standard, 5.1): what a browser sends when a form is posted.
 *
 *     user=alice&password=caf%C3%A9+au+lait
 *     name "=" value, joined by "&"; '+' is a blank, %XX an octet
 */
#include <string.h>

#include "glassnet/proto/http.h"

bool http_form_next(const uint8_t *body, size_t len, size_t *pos, struct http_form_field *out)
{
	while (*pos < len && body[*pos] == '&')
		++*pos;
	if (*pos >= len)
		return false;
	size_t start = *pos;
	const uint8_t *amp = memchr(body + start, '&', len - start);
	size_t end = amp ? (size_t)(amp - body) : len;
	const uint8_t *eq = memchr(body + start, '=', end - start);
	size_t name_end = eq ? (size_t)(eq - body) : end;
	size_t value = eq ? name_end + 1 : end;

	out->name = (struct http_span){start, name_end - start};
	out->value = (struct http_span){value, end - value};
	*pos = amp ? end + 1 : end;
	return true;
}

static int hex_digit(uint8_t c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
	                              : -1;
}

/* The octet that the text at *i stands for; *i goes on behind it. */
static uint8_t decode_one(const uint8_t *p, size_t len, size_t *i)
{
	uint8_t c = p[(*i)++];

	if (c == '+')
		return ' ';
	if (c != '%' || len - *i < 2)
		return c;
	int high = hex_digit(p[*i]), low = hex_digit(p[*i + 1]);
	if (high < 0 || low < 0)
		return c;
	*i += 2;
	return (uint8_t)(high << 4 | low);
}

enum err http_form_decode(char *out, size_t cap, size_t *out_len, const uint8_t *p, size_t len)
{
	size_t n = 0;

	*out_len = 0;
	if (cap == 0)
		return ERR_TOO_LONG;
	for (size_t i = 0; i < len;) {
		if (n + 1 >= cap) {
			out[0] = '\0';
			return ERR_TOO_LONG;
		}
		out[n++] = (char)decode_one(p, len, &i);
	}
	out[n] = '\0';
	*out_len = n;
	return ERR_OK;
}

/* Is the encoded text p, decoded, the same as name? Without a buffer, so of any length. */
static bool decodes_to(const uint8_t *p, size_t len, const char *name)
{
	size_t i = 0;

	while (i < len && *name)
		if (decode_one(p, len, &i) != (uint8_t)*name++)
			return false;
	return i == len && !*name;
}

bool http_form_find(char *out, size_t cap, size_t *out_len, const uint8_t *body, size_t len, const char *name)
{
	struct http_form_field f;

	*out_len = 0;
	if (cap > 0)
		out[0] = '\0';
	for (size_t pos = 0; http_form_next(body, len, &pos, &f);)
		if (decodes_to(body + f.name.off, f.name.len, name))
			return http_form_decode(out, cap, out_len, body + f.value.off, f.value.len) == ERR_OK;
	return false;
}
