#include "hexdump.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct line {
	const char *s;
	size_t n;
	unsigned number;
};

struct reader {
	struct hexdump *out;
	bool offsets; /* the dump's lines begin with offsets */
	bool open;    /* a piece is being read */
	struct hexdump_error *where;
};

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static size_t digits(const struct line *l, size_t at)
{
	size_t n = 0;
	while (at + n < l->n && digit(l->s[at + n]) >= 0)
		n++;
	return n;
}

static size_t blanks(const struct line *l, size_t at)
{
	size_t n = 0;
	while (at + n < l->n && (l->s[at + n] == ' ' || l->s[at + n] == '\t'))
		n++;
	return n;
}

/* --- pieces ------------------------------------------------------------------------------------ */

static enum err bad(struct reader *r, const struct line *l, size_t at, const char *why)
{
	*r->where = (struct hexdump_error){.line = l->number, .column = (unsigned)at + 1, .why = why};
	return ERR_FORMAT;
}

static void close_piece(struct reader *r)
{
	r->open = false;
}

static enum err put(struct reader *r, const struct line *l, uint8_t byte)
{
	struct hexdump *h = r->out;
	if (!r->open) {
		if (h->n == HEXDUMP_MESSAGES_MAX)
			return ERR_TOO_LONG;
		if (h->n % 64 == 0) {
			struct hex_piece *more = reallocarray(h->piece, h->n + 64, sizeof(*more));
			if (!more)
				return ERR_NOMEM;
			h->piece = more;
		}
		h->piece[h->n++] = (struct hex_piece){.off = h->len, .line = l->number};
		r->open = true;
	}
	h->bytes[h->len++] = byte; /* two digits of the text make one octet: there is room */
	h->piece[h->n - 1].len++;
	return ERR_OK;
}

static size_t so_far(const struct reader *r)
{
	return r->open ? r->out->piece[r->out->n - 1].len : 0;
}

static enum err put_digits(struct reader *r, const struct line *l, size_t at, size_t n)
{
	if (n % 2)
		return bad(r, l, at, "an odd number of hex digits: two make an octet");
	enum err e = ERR_OK;
	for (size_t i = 0; i < n && !e; i += 2)
		e = put(r, l, (uint8_t)(digit(l->s[at + i]) << 4 | digit(l->s[at + i + 1])));
	return e;
}

/* --- lines with an offset ---------------------------------------------------------------------- */

struct offset {
	bool is, colon;
	size_t hex, oct; /* od counts in octal */
	size_t end;      /* where the octets begin */
};

static struct offset read_offset(const struct line *l)
{
	struct offset o = {0};
	size_t at = blanks(l, 0);
	if (at + 2 < l->n && l->s[at] == '0' && l->s[at + 1] == 'x')
		at += 2;
	size_t n = digits(l, at);
	if (n < 4 || n > 16)
		return o;
	for (size_t i = 0; i < n; i++) {
		o.hex = o.hex << 4 | (size_t)digit(l->s[at + i]);
		o.oct = o.oct << 3 | (size_t)(digit(l->s[at + i]) & 7);
	}
	at += n;
	o.colon = at < l->n && l->s[at] == ':';
	at += o.colon;
	size_t gap = blanks(l, at);
	o.end = at + gap;
	bool alone = o.end == l->n;
	bool pairs = gap >= (n < 6 ? 2u : 1u) && digits(l, o.end) == 2;
	o.is = o.colon ? digits(l, o.end) >= 2 || alone : alone || pairs;
	return o;
}

/* Groups of digits with single blanks between; two blanks and more lead to the column of characters. Of pairs without
 * a colon two blanks may stand in the middle (hexdump -C). */
static enum err read_groups(struct reader *r, const struct line *l, const struct offset *o)
{
	size_t at = o->end;
	for (unsigned groups = 0; at < l->n; groups++) {
		size_t n = digits(l, at), gap;
		bool whole = at + n == l->n || l->s[at + n] == ' ' || l->s[at + n] == '\t';
		if (n == 0 || n % 2 || !whole || (!o->colon && (n != 2 || groups == 16)))
			return ERR_OK;
		enum err e = put_digits(r, l, at, n);
		if (e)
			return e;
		at += n;
		gap = blanks(l, at);
		if (gap > (!o->colon && groups == 7 ? 2u : 1u))
			return ERR_OK;
		at += gap;
	}
	return ERR_OK;
}

static enum err read_offset_line(struct reader *r, const struct line *l)
{
	struct offset o = read_offset(l);
	if (l->n == 1 && l->s[0] == '*')
		return bad(r, l, 0, "a * stands for lines that were left out: dump all of them (hexdump -v, od -v)");
	if (!o.is) {
		close_piece(r);
		return ERR_OK;
	}
	if (o.end == l->n) /* the total at the end */
		return ERR_OK;
	if (o.hex == 0)
		close_piece(r);
	if (o.hex != so_far(r) && (o.colon || o.oct != so_far(r)))
		return bad(r, l, 0, "the offset is not the number of octets before it: lines are missing");
	return read_groups(r, l, &o);
}

/* --- plain digits ------------------------------------------------------------------------------ */

static bool is_comment(const struct line *l)
{
	size_t at = blanks(l, 0);
	return at < l->n &&
	       (l->s[at] == '#' || l->s[at] == ';' || (l->n - at > 1 && memcmp(l->s + at, "//", 2) == 0));
}

static enum err read_plain_line(struct reader *r, const struct line *l)
{
	enum err e = ERR_OK;
	if (blanks(l, 0) == l->n) {
		close_piece(r);
		return ERR_OK;
	}
	if (is_comment(l))
		return ERR_OK;
	for (size_t at = 0; at < l->n && !e;) {
		bool prefix = at + 1 < l->n && (l->s[at] == '0' || l->s[at] == '\\') && (l->s[at + 1] | 0x20) == 'x';
		if (prefix) {
			at += 2;
			if (digits(l, at) == 0)
				return bad(r, l, at, "no hex digits behind the x");
		}
		size_t n = digits(l, at);
		if (n) {
			e = put_digits(r, l, at, n);
			at += n;
		} else if (strchr(" \t,:-{}()[]\"';", l->s[at]) && l->s[at]) {
			at++;
		} else {
			return bad(r, l, at, "this is no hex digit");
		}
	}
	return e;
}

/* --- the text ---------------------------------------------------------------------------------- */

static bool next_line(struct line *l, const char *text, size_t len, size_t *at)
{
	if (*at >= len)
		return false;
	const char *nl = memchr(text + *at, '\n', len - *at);
	l->s = text + *at;
	l->n = nl ? (size_t)(nl - l->s) : len - *at;
	l->number++;
	*at += l->n + (nl != NULL);
	while (l->n && isspace((unsigned char)l->s[l->n - 1]))
		l->n--;
	return true;
}

/* Dumps with offsets begin at 0. */
static bool has_offsets(const char *text, size_t len)
{
	struct line l = {0};
	for (size_t at = 0; next_line(&l, text, len, &at);) {
		struct offset o = read_offset(&l);
		if (o.is && o.hex == 0 && o.end < l.n)
			return true;
	}
	return false;
}

enum err hexdump_parse(struct hexdump *out, const char *text, size_t len, struct hexdump_error *where)
{
	struct reader r = {.out = out, .where = where};
	struct line l = {0};
	enum err e = ERR_OK;
	*out = (struct hexdump){.bytes = malloc(len / 2 + 1)};
	*where = (struct hexdump_error){0};
	if (!out->bytes)
		return ERR_NOMEM;
	r.offsets = has_offsets(text, len);
	for (size_t at = 0; !e && next_line(&l, text, len, &at);)
		e = r.offsets ? read_offset_line(&r, &l) : read_plain_line(&r, &l);
	if (e)
		hexdump_release(out);
	return e;
}

void hexdump_release(struct hexdump *h)
{
	free(h->bytes);
	free(h->piece);
	*h = (struct hexdump){0};
}
