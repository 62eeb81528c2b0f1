/* Columns, wrapping and times for the terminal sinks. */
#include "text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

#include "glassnet/wire.h"

unsigned char_columns(const char *s, size_t *len)
{
	wchar_t wc;
	mbstate_t state = {0};
	size_t n = mbrtowc(&wc, s, strlen(s), &state);

	if (n != (size_t)-1 && n != (size_t)-2 && n > 0) {
		int w = wcwidth(wc);
		*len = n;
		return w < 0 ? 1 : (unsigned)w;
	}
	/* A locale without UTF-8: count characters by their first octet. */
	for (*len = 1; (s[*len] & 0xc0) == 0x80; ++*len)
		;
	return 1;
}

unsigned text_columns(const char *s)
{
	unsigned columns = 0;

	for (size_t len; *s; s += len)
		columns += char_columns(s, &len);
	return columns;
}

char *span_text(char out[static TIME_TEXT], int64_t ns)
{
	double ms = (double)ns / (double)NS_PER_MS;

	if (ms < 999.95 && ms > -999.95)
		snprintf(out, TIME_TEXT, "%.1f ms", ms);
	else
		snprintf(out, TIME_TEXT, "%.2f s", ms / 1000);
	return out;
}

char *moment_text(char out[static TIME_TEXT + 8], int64_t ns)
{
	time_t s = (time_t)(ns / NS_PER_S);
	struct tm tm;
	char date[24];

	if (!gmtime_r(&s, &tm) || strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		snprintf(date, sizeof(date), "?");
	snprintf(out, TIME_TEXT + 8, "%.19s.%06dZ", date, (int)(ns % NS_PER_S / 1000));
	return out;
}

char *escaped(const char *text)
{
	size_t len = text ? strlen(text) : 0, cap = len * 4 + 1;
	char *out = malloc(cap);

	return out ? escape_text(out, cap, text ? text : "", len) : NULL;
}

/* Octets of the next word, the blanks before it included, and its columns. */
static size_t next_word(const char *s, unsigned *columns, size_t *blanks)
{
	size_t at = strspn(s, " ");

	*blanks = at;
	*columns = (unsigned)at;
	for (size_t len; s[at] && s[at] != ' '; at += len)
		*columns += char_columns(s + at, &len);
	return at;
}

/* As much of a word that is too long for a line as has room there: up to a comma, if there is one. */
static size_t part_of_word(const char *word, size_t len, unsigned room, unsigned *columns)
{
	size_t at = 0, best = 0;
	unsigned used = 0, at_best = 0;

	for (size_t n; at < len; at += n) {
		unsigned c = char_columns(word + at, &n);
		if (used + c > room && at > 0)
			break;
		used += c;
		if (word[at] == ',') {
			best = at + n;
			at_best = used;
		}
	}
	*columns = best ? at_best : used;
	return best ? best : at;
}

void write_wrapped(FILE *out, const char *text, unsigned at, unsigned indent, unsigned width)
{
	bool fresh = true; /* nothing written on this line yet */

	if (width > 0 && indent + 16 > width)
		indent = 2;
	while (*text) {
		unsigned columns;
		size_t blanks, len = next_word(text, &columns, &blanks);

		if (width > 0 && !fresh && at + columns > width) {
			fprintf(out, "\n%*s", (int)indent, "");
			at = indent;
			fresh = true;
		}
		if (fresh) {
			text += blanks;
			len -= blanks;
			columns -= (unsigned)blanks;
			if (width > 0 && at + columns > width)
				len = part_of_word(text, len, width > at ? width - at : 1, &columns);
		}
		if (len == 0)
			break;
		fwrite(text, 1, len, out);
		text += len;
		at += columns;
		fresh = false;
	}
	fputc('\n', out);
}
