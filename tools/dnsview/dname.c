#include "dname.h"

#include <string.h>

struct dname dname_root(void)
{
	return (struct dname){.len = 1};
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

/* --- from text --------------------------------------------------------------------------------- */

/* One octet of a label, escapes undone; *p goes past it. */
static bool label_octet(const char **p, uint8_t *out)
{
	const char *s = *p;
	if (*s != '\\') {
		*out = (uint8_t)*s;
		*p = s + 1;
		return true;
	}
	s++;
	if (*s >= '0' && *s <= '9') {
		unsigned v = 0;
		for (int i = 0; i < 3; i++, s++) {
			if (*s < '0' || *s > '9')
				return false;
			v = v * 10 + (unsigned)(*s - '0');
		}
		*out = (uint8_t)v;
		*p = s;
		return v <= 255;
	}
	if (!*s)
		return false;
	*out = (uint8_t)*s;
	*p = s + 1;
	return true;
}

/* One label to *out; *p goes past it. */
static enum err parse_label(struct dname *out, const char **p, const char **why)
{
	size_t start = out->len, n = 0;
	while (**p && **p != '.') {
		uint8_t c;
		if ((uint8_t) * *p >= 0x80) {
			*why = "only ASCII can be asked for: spell an international name in its \"xn--\" "
			       "form (RFC 5890)";
			return ERR_FORMAT;
		}
		if (!label_octet(p, &c)) {
			*why = "a backslash must be followed by one character or by three digits up to 255";
			return ERR_FORMAT;
		}
		if (++n > 63) {
			*why = "a label (the part between two dots) has at most 63 octets";
			return ERR_TOO_LONG;
		}
		if (start + 1 + n + 1 > DNAME_MAX) {
			*why = "a name has at most 255 octets";
			return ERR_TOO_LONG;
		}
		out->b[start + n] = c;
	}
	if (n == 0) {
		*why = "there is nothing between two dots";
		return ERR_FORMAT;
	}
	out->b[start] = (uint8_t)n;
	out->len = (uint8_t)(start + 1 + n);
	return ERR_OK;
}

enum err dname_parse(struct dname *out, const char *text, const char **why)
{
	*why = "the name is empty; the root is called \".\"";
	*out = (struct dname){0};
	if (!*text)
		return ERR_FORMAT;
	const char *p = text;
	if (strcmp(text, ".") == 0)
		p++;
	while (*p) {
		enum err e = parse_label(out, &p, why);
		if (e)
			return e;
		if (*p == '.')
			p++;
	}
	out->b[out->len++] = 0;
	return ERR_OK;
}

/* --- from the wire ----------------------------------------------------------------------------- */

enum err dname_read(struct dname *out, struct rd *r)
{
	size_t pos = r->pos, before = r->pos, end = 0, n = 0;
	enum err e = ERR_TRUNCATED;
	*out = (struct dname){0};
	while (!r->bad && pos < r->len) {
		uint8_t c = r->buf[pos];
		if (c >= 0xc0) {
			if (pos + 1 >= r->len)
				break;
			size_t target = (size_t)(c & 0x3f) << 8 | r->buf[pos + 1];
			e = ERR_LOOP;
			if (target >= before)
				break;
			e = ERR_TRUNCATED;
			end = end ? end : pos + 2;
			pos = before = target;
			continue;
		}
		e = ERR_FORMAT;
		if (c > 63)
			break;
		e = ERR_TOO_LONG;
		if (n + 1 + c + (c ? 1 : 0) > DNAME_MAX)
			break;
		e = ERR_TRUNCATED;
		if (pos + 1 + c > r->len)
			break;
		memcpy(out->b + n, r->buf + pos, (size_t)c + 1);
		n += (size_t)c + 1;
		pos += (size_t)c + 1;
		if (c == 0) {
			out->len = (uint8_t)n;
			r->pos = end ? end : pos;
			return ERR_OK;
		}
	}
	r->bad = true;
	return e;
}

/* --- to text ----------------------------------------------------------------------------------- */

static char *put_octet(char *p, uint8_t c)
{
	if (c < 0x21 || c > 0x7e) {
		*p++ = '\\';
		*p++ = (char)('0' + c / 100);
		*p++ = (char)('0' + c / 10 % 10);
		*p++ = (char)('0' + c % 10);
		return p;
	}
	if (strchr(".\\\"();@$", c))
		*p++ = '\\';
	*p++ = (char)c;
	return p;
}

char *dname_text(char out[static DNAME_TEXT], const struct dname *n)
{
	char *p = out;
	size_t i = 0;
	while (i < n->len && n->b[i]) {
		for (size_t end = i + n->b[i]; i++ < end;)
			p = put_octet(p, n->b[i]);
		*p++ = '.';
	}
	if (p == out)
		*p++ = '.';
	*p = '\0';
	return out;
}

/* --- relations --------------------------------------------------------------------------------- */

bool dname_is_root(const struct dname *n)
{
	return n->len == 1;
}

bool dname_same_case(const struct dname *a, const struct dname *b)
{
	return a->len == b->len && memcmp(a->b, b->b, a->len) == 0;
}

/* Length octets are below 'A', so the whole wire form may be compared in lower case. */
bool dname_octets_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (lower(a[i]) != lower(b[i]))
			return false;
	return true;
}

bool dname_equal(const struct dname *a, const struct dname *b)
{
	return a->len == b->len && dname_octets_equal(a->b, b->b, a->len);
}

bool dname_at_or_below(const struct dname *n, const struct dname *zone)
{
	size_t i = 0;
	if (n->len < zone->len || !zone->len)
		return false;
	while (n->len - i > zone->len)
		i += (size_t)n->b[i] + 1;
	return n->len - i == zone->len && dname_octets_equal(n->b + i, zone->b, zone->len);
}

bool dname_below(const struct dname *n, const struct dname *zone)
{
	return n->len > zone->len && dname_at_or_below(n, zone);
}

unsigned dname_labels(const struct dname *n)
{
	unsigned labels = 0;
	for (size_t i = 0; i < n->len && n->b[i]; i += (size_t)n->b[i] + 1)
		labels++;
	return labels;
}

uint32_t dname_hash(const struct dname *n)
{
	uint32_t h = 2166136261u; /* FNV-1a */
	for (size_t i = 0; i < n->len; i++)
		h = (h ^ lower(n->b[i])) * 16777619u;
	return h;
}

struct dname dname_lower(const struct dname *n)
{
	struct dname low = {.len = n->len};
	for (size_t i = 0; i < n->len; i++)
		low.b[i] = lower(n->b[i]);
	return low;
}

struct dname dname_parent(const struct dname *n)
{
	struct dname p = dname_root();
	if (n->len <= 1)
		return p;
	size_t skip = (size_t)n->b[0] + 1;
	p.len = (uint8_t)(n->len - skip);
	memcpy(p.b, n->b + skip, p.len);
	return p;
}

enum err dname_move(struct dname *out, const struct dname *n, const struct dname *owner, const struct dname *target)
{
	size_t prefix = (size_t)n->len - owner->len;
	if (prefix + target->len > DNAME_MAX)
		return ERR_TOO_LONG;
	struct dname moved = {.len = (uint8_t)(prefix + target->len)};
	memcpy(moved.b, n->b, prefix);
	memcpy(moved.b + prefix, target->b, target->len);
	*out = moved;
	return ERR_OK;
}
