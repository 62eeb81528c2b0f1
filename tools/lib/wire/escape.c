/* Text from peers, made fit to show. */
#include <stdio.h>
#include <string.h>

#include "glassnet/wire.h"

static const char digits[] = "0123456789abcdef";

/* The length of the well-formed UTF-8 sequence at p (RFC 3629 4), 0 when there is none; *cp gets the code point. */
static size_t utf8_sequence(const uint8_t *p, size_t len, uint32_t *cp)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = p[0] < 0x80             ? 1
	           : (p[0] & 0xe0) == 0xc0 ? 2
	           : (p[0] & 0xf0) == 0xe0 ? 3
	           : (p[0] & 0xf8) == 0xf0 ? 4
	                                   : 0;

	if (n == 0 || n > len)
		return 0;
	*cp = n == 1 ? p[0] : p[0] & (0x7fU >> n);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*cp = *cp << 6 | (p[i] & 0x3f);
	}
	if (*cp < least[n] || *cp > 0x10ffff || (*cp >= 0xd800 && *cp <= 0xdfff))
		return 0;
	return n;
}

/* Harmless on a terminal and in a page: neither a control, nor a change of direction, nor invisible. */
static bool harmless(uint32_t cp)
{
	if (cp < 0x20 || (cp >= 0x7f && cp <= 0xa0))
		return false;
	return cp != 0xad && cp != 0x61c && !(cp >= 0x200b && cp <= 0x200f) && !(cp >= 0x2028 && cp <= 0x202e) &&
	       !(cp >= 0x2060 && cp <= 0x206f) && cp != 0xfeff && !(cp >= 0xfff0 && cp <= 0xffff) &&
	       !(cp >= 0xe0000 && cp <= 0xe0fff);
}

char *escape_text(char *out, size_t cap, const void *text, size_t len)
{
	const uint8_t *p = text;
	size_t at = 0, safe = 0; /* safe: where "..." can still be put */

	if (cap == 0)
		return out;
	for (size_t i = 0; i < len;) {
		uint32_t cp = 0;
		size_t n = utf8_sequence(p + i, len - i, &cp);
		bool shown = n > 0 && harmless(cp);
		size_t need = shown ? n : 4;

		if (at + need + 1 > cap) {
			at = safe;
			for (int k = 0; k < 3 && at + 1 < cap; k++)
				out[at++] = '.';
			break;
		}
		if (shown) {
			memcpy(out + at, p + i, n);
			i += n;
		} else {
			out[at] = '\\';
			out[at + 1] = 'x';
			out[at + 2] = digits[p[i] >> 4];
			out[at + 3] = digits[p[i] & 15];
			i++;
		}
		at += need;
		if (at + 4 <= cap)
			safe = at;
	}
	out[at] = '\0';
	return out;
}

char *hex_text(char *out, size_t cap, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	size_t at = 0;

	if (cap == 0)
		return out;
	bool fits = len <= (cap - 1) / 2;
	size_t show = fits ? len : cap > 4 ? (cap - 4) / 2 : 0;
	for (size_t i = 0; i < show; i++) {
		out[at++] = digits[p[i] >> 4];
		out[at++] = digits[p[i] & 15];
	}
	for (int k = 0; !fits && k < 3 && at + 1 < cap; k++)
		out[at++] = '.';
	out[at] = '\0';
	return out;
}
