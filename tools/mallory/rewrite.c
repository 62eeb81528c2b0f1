#include "rewrite.h"

#include <string.h>
#include <strings.h>

#include "glassnet/wire.h"

static const char word[] = "account";
enum { WORD_LEN = sizeof word - 1, REACH = 200, MIN_DIGITS = 6, MAX_NUMBER = 40 };

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_group_char(uint8_t c)
{
	return is_digit(c) || (c >= 'A' && c <= 'Z');
}

static bool is_word_char(uint8_t c)
{
	return is_group_char(c) || (c >= 'a' && c <= 'z') || c == '_' || c == '#';
}

/* The length of the group that begins at p[0]; 0 if it is only the begin of a word. Counts its digits. */
static size_t group_at(const uint8_t *p, size_t len, size_t *digits)
{
	size_t n = 0;
	*digits = 0;
	while (n < len && is_group_char(p[n]))
		*digits += is_digit(p[n++]);
	return n < len && is_word_char(p[n]) ? 0 : n;
}

/* The length of the account number that begins at p[0], 0 if none does. */
static size_t number_at(const uint8_t *p, size_t len)
{
	size_t digits, n = group_at(p, len, &digits);
	while (n > 0 && n + 1 < len && (p[n] == ' ' || p[n] == '-')) {
		size_t more, next = group_at(p + n + 1, len - n - 1, &more);
		if (next == 0 || more == 0)
			break;
		n += 1 + next;
		digits += more;
	}
	if (digits < MIN_DIGITS || n > MAX_NUMBER)
		return 0;
	/* "1234567.00" is an amount */
	bool amount = n + 1 < len && (p[n] == '.' || p[n] == ',') && is_digit(p[n + 1]);
	return amount ? 0 : n;
}

static bool number_after(const uint8_t *page, size_t len, size_t from, size_t *off, size_t *n)
{
	size_t end = len - from > REACH ? from + REACH : len;
	for (size_t i = from; i < end; i++) {
		if (!is_group_char(page[i]))
			continue;
		size_t here = is_word_char(page[i - 1]) ? 0 : number_at(page + i, len - i);
		if (here > 0) {
			*off = i;
			*n = here;
			return true;
		}
		/* not from the middle of this word either */
		while (i + 1 < end && is_word_char(page[i + 1]))
			i++;
	}
	return false;
}

bool account_find(const uint8_t *page, size_t len, size_t from, size_t *off, size_t *n)
{
	for (size_t i = from; i + WORD_LEN < len; i++)
		if (strncasecmp((const char *)page + i, word, WORD_LEN) == 0 &&
		    number_after(page, len, i + WORD_LEN, off, n))
			return true;
	return false;
}

enum err rewrite_page(struct buf *page, size_t start, struct rewrite_report *out)
{
	*out = (struct rewrite_report){0};
	size_t pos = start, off, n;
	while (account_find(page->data, page->len, pos, &off, &n)) {
		if (out->changed++ == 0)
			escape_text(out->before, sizeof out->before, page->data + off, n);
		enum err e = buf_replace(page, off, n, MALLORY_ACCOUNT, strlen(MALLORY_ACCOUNT));
		if (e)
			return e;
		pos = off + strlen(MALLORY_ACCOUNT);
	}
	return ERR_OK;
}
