/* What the learner wrote: lines "Answer 2.1: text", wherever they stand in the copy. */
#include "sheet.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COPY_MAX (1L << 20)

/* How many octets the character at p has (RFC 3629 4); 0: it is none. */
static size_t utf8_length(const unsigned char *p)
{
	static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = *p < 0x80 ? 1 : *p >= 0xf0 && *p < 0xf5 ? 4 : *p >= 0xe0 ? 3 : *p >= 0xc2 ? 2 : 0;
	unsigned c = n == 1 ? *p : *p & (0x7fU >> n);

	if (*p >= 0xf5)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3fU);
	}
	return n > 1 && (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) ? 0 : n;
}

void text_clean(char *text)
{
	for (char *p = text; *p;) {
		size_t n = utf8_length((const unsigned char *)p);
		if (n == 0)
			*p = '?';
		p += n ? n : 1;
	}
}

/* The id behind "Answer ", moving *p behind its colon. False: this is no such line. */
static bool read_id(const char **p, const char *end, char id[static SHEET_ID])
{
	static const char word[] = "Answer ";
	size_t n = 0;

	while (*p < end && strchr(" \t>*-", **p))
		++*p;
	if ((size_t)(end - *p) < sizeof word - 1 || strncasecmp(*p, word, sizeof word - 1) != 0)
		return false;
	*p += sizeof word - 1;
	while (*p < end && (isdigit((unsigned char)**p) || **p == '.') && n + 1 < SHEET_ID)
		id[n++] = *(*p)++;
	id[n] = '\0';
	while (*p < end && **p == '*')
		++*p;
	if (n == 0 || *p == end || **p != ':')
		return false;
	++*p;
	return true;
}

static bool is_frame(char c)
{
	return isspace((unsigned char)c) || iscntrl((unsigned char)c) || c == '_' || c == '*' || c == '`' || c == '"';
}

static void put_answer(struct sheet_answers *out, const char *id, const char *p, const char *end)
{
	size_t i = 0;

	while (p < end && is_frame(*p))
		p++;
	while (end > p && is_frame(end[-1]))
		end--;
	if (p == end)
		return;
	while (i < out->n && strcmp(out->at[i].id, id) != 0)
		i++;
	if (i == SHEET_MAX_STEPS)
		return;
	out->n = i == out->n ? i + 1 : out->n;
	snprintf(out->at[i].id, SHEET_ID, "%s", id);
	size_t n = (size_t)(end - p) < SHEET_TEXT ? (size_t)(end - p) : SHEET_TEXT - 1;
	for (size_t k = 0; k < n; k++)
		out->at[i].text[k] = iscntrl((unsigned char)p[k]) ? ' ' : p[k];
	out->at[i].text[n] = '\0';
	text_clean(out->at[i].text);
}

void answers_parse(struct sheet_answers *out, const char *text, size_t len)
{
	const char *p = text, *end = text + len;

	out->n = 0;
	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p)), *stop = nl ? nl : end;
		char id[SHEET_ID];
		if (read_id(&p, stop, id))
			put_answer(out, id, p, stop);
		p = stop + 1;
	}
}

enum err answers_read(struct sheet_answers *out, const char *path, struct why *w)
{
	char *text = malloc(COPY_MAX);
	FILE *in = fopen(path, "re");

	out->n = 0;
	if (!text || !in) {
		enum err e = text ? why_errno(w, ERR_IO, "your copy, %s", path) : why(w, ERR_NOMEM, "out of memory");
		free(text);
		if (in)
			fclose(in);
		return e;
	}
	answers_parse(out, text, fread(text, 1, COPY_MAX, in));
	fclose(in);
	free(text);
	return ERR_OK;
}

const char *answers_find(const struct sheet_answers *a, const char *id)
{
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->at[i].id, id) == 0)
			return a->at[i].text;
	return NULL;
}
