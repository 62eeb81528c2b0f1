/* Reading and writing lists of checksums. */
#include <stdlib.h>
#include <string.h>

#include "list.h"

static bool is_white(char c)
{
	return c == ' ' || c == '\t';
}

static int hex_value(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
	                              : -1;
}

/* Takes back the escapes in name[0..len), in place. */
static bool unescape(char *name, size_t len)
{
	char *to = name;

	for (size_t i = 0; i < len; i++) {
		char c = name[i];
		if (c == '\0')
			return false;
		if (c == '\\') {
			if (++i == len)
				return false;
			c = name[i] == 'n' ? '\n' : name[i] == 'r' ? '\r' : name[i];
			if (c != '\n' && c != '\r' && c != '\\')
				return false;
		}
		*to++ = c;
	}
	*to = '\0';
	return true;
}

/* Hex digits up to the NUL: nothing else may follow. */
static bool read_digest(const char *hex, struct list_entry *e)
{
	size_t n = strlen(hex);

	if (n % 2 || n == 0 || n / 2 > DIGEST_MAX)
		return false;
	for (size_t i = 0; i < n; i += 2) {
		int high = hex_value(hex[i]), low = hex_value(hex[i + 1]);
		if (high < 0 || low < 0)
			return false;
		e->digest[i / 2] = (uint8_t)(high << 4 | low);
	}
	e->len = n / 2;
	return true;
}

/* "name) = hex", behind the opening parenthesis. The last closing one ends the name. */
static bool parse_tagged(char *s, size_t len, bool escaped, enum algo a, struct list_entry *e)
{
	char *close = len > 0 ? memrchr(s, ')', len) : NULL;

	if (!close)
		return false;
	e->name = s;
	char *p = close + 1;
	if (escaped && !unescape(s, (size_t)(close - s)))
		return false;
	*close = '\0';
	while (is_white(*p))
		p++;
	if (*p++ != '=')
		return false;
	while (is_white(*p))
		p++;
	e->algos = ALGO_BIT(a);
	return read_digest(p, e) && e->len == algo_info(a)->len;
}

/* "hex  name". Old BSD's form has one space only: a list must not mix both, or a name that begins with a
 * space could pass for another. */
static bool parse_plain(struct list_format *f, char *s, size_t len, bool escaped, struct list_entry *e)
{
	size_t n = 0;

	while (hex_value(s[n]) >= 0)
		n++;
	if (!is_white(s[n]) || len < n + 2)
		return false;
	s[n++] = '\0';
	if (!read_digest(s, e))
		return false;
	e->algos = algos_of_length(e->len);
	if (f->only) {
		e->algos = 0;
		for (enum algo a = 0; a < ALGO_COUNT; a++)
			if ((f->only & ALGO_BIT(a)) && algo_info(a)->len == e->len)
				e->algos |= ALGO_BIT(a);
	}
	if (!e->algos)
		return false;
	if (len - n == 1 || (s[n] != ' ' && s[n] != '*')) {
		if (f->reversed == 0)
			return false;
		f->reversed = 1;
	} else if (f->reversed != 1) {
		f->reversed = 0;
		n++;
	}
	e->name = s + n;
	return !escaped || unescape(s + n, len - n);
}

enum line_kind list_parse(struct list_format *f, char *line, size_t len, struct list_entry *e)
{
	bool escaped = false;
	enum algo a;
	size_t i = 0, tag = 0;

	if (len > 0 && line[0] == '#')
		return LINE_NONE;
	if (!f->zero && len > 0 && line[len - 1] == '\r')
		len--;
	if (len == 0)
		return LINE_NONE;
	line[len] = '\0';
	*e = (struct list_entry){0};
	while (is_white(line[i]))
		i++;
	if (line[i] == '\\' && !f->zero) {
		escaped = true;
		i++;
	}
	while (line[i + tag] && line[i + tag] != ' ' && line[i + tag] != '(')
		tag++;
	if (algo_by_tag(line + i, tag, &a) && (!f->only || (f->only & ALGO_BIT(a)))) {
		i += tag;
		i += line[i] == ' ';
		if (line[i] != '(')
			return LINE_BAD;
		i++;
		return parse_tagged(line + i, len - i, escaped, a, e) ? LINE_ENTRY : LINE_BAD;
	}
	return parse_plain(f, line + i, len - i, escaped, e) ? LINE_ENTRY : LINE_BAD;
}

bool list_read_line(FILE *in, bool zero, char **line, size_t *cap, size_t *len, bool *too_long)
{
	int end = zero ? '\0' : '\n', c;

	*len = 0;
	*too_long = false;
	while ((c = getc_unlocked(in)) != EOF && c != end) {
		if (*len == LIST_LINE_MAX) {
			*too_long = true;
			continue;
		}
		if (*len + 1 >= *cap) {
			size_t more = *cap ? *cap * 2 : 256;
			char *p = realloc(*line, more);
			if (!p)
				return false;
			*line = p;
			*cap = more;
		}
		(*line)[(*len)++] = (char)c;
	}
	if (*cap == 0 && c != EOF) { /* an empty line before any other */
		*line = malloc(256);
		if (!*line)
			return false;
		*cap = 256;
	}
	return c != EOF || *len > 0;
}

static void write_escaped(FILE *out, const char *name)
{
	for (; *name; name++) {
		if (*name == '\n')
			fputs("\\n", out);
		else if (*name == '\r')
			fputs("\\r", out);
		else if (*name == '\\')
			fputs("\\\\", out);
		else
			putc_unlocked(*name, out);
	}
}

static bool needs_escape(const char *name)
{
	return name[strcspn(name, "\\\n\r")] != '\0';
}

void list_write_name(FILE *out, const char *name)
{
	if (!strchr(name, '\n')) {
		fputs(name, out);
		return;
	}
	putc_unlocked('\\', out);
	write_escaped(out, name);
}

void list_write(FILE *out, enum list_style style, bool zero, enum algo a, const uint8_t *digest, const char *name)
{
	char hex[DIGEST_MAX * 2 + 1];
	bool escape = !zero && needs_escape(name);

	sodium_bin2hex(hex, sizeof(hex), digest, algo_info(a)->len);
	if (escape)
		putc_unlocked('\\', out);
	if (style == LIST_TAG)
		fprintf(out, "%s (", algo_info(a)->tag);
	else
		fprintf(out, "%s %c", hex, style == LIST_BINARY ? '*' : ' ');
	if (escape)
		write_escaped(out, name);
	else
		fputs(name, out);
	if (style == LIST_TAG)
		fprintf(out, ") = %s", hex);
	putc_unlocked(zero ? '\0' : '\n', out);
}
