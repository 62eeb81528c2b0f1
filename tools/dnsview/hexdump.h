/* Octets written as text: xxd, hexdump -C, od -A x -t x1, tcpdump -X, Wireshark's "as hex dump", an array of C, or plain
 * digits. Several messages may stand one behind the other: an empty line, another line of text, or an offset that begins
 * anew parts them. Pure: text in, octets out. */
#ifndef DNSVIEW_HEXDUMP_H
#define DNSVIEW_HEXDUMP_H

#include <stddef.h>
#include <stdint.h>

#include "glassnet/err.h"

#define HEXDUMP_MESSAGES_MAX 10000

struct hex_piece {
	size_t off, len; /* in bytes */
	unsigned line;   /* where it begins, from 1 */
};

struct hexdump {
	uint8_t *bytes;
	size_t len;
	size_t n;
	struct hex_piece *piece;
};

struct hexdump_error {
	unsigned line, column; /* from 1 */
	const char *why;       /* static text */
};

/* On ERR_OK the caller releases *out. ERR_FORMAT: *where says what is wrong; ERR_TOO_LONG, ERR_NOMEM. A text without any
 * hex digits gives no pieces. */
enum err hexdump_parse(struct hexdump *out, const char *text, size_t len, struct hexdump_error *where) MUST_USE;
void hexdump_release(struct hexdump *h);

#endif
