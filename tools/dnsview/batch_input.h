/* The names of a batch, one a line: "NAME [TYPE]"; blank lines and those that begin with # or ; are left out.
 * Lines come as they are there, and no more of the input is held than a buffer. */
#ifndef DNSVIEW_BATCH_INPUT_H
#define DNSVIEW_BATCH_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dname.h"
#include "glassnet/err.h"

#define BATCH_LINE_MAX 2048 /* octets; the longest name with every octet escaped has half of it */

struct batch_line {
	uint64_t number; /* from 1 */
	struct dname name;
	uint16_t type;
	const char *why; /* of a bad line: what is wrong, in words (static) */
};

/* Reads one line, without its newline. ERR_OK; ERR_FORMAT: out->why says what is wrong; ERR_NEGATIVE: there is
 * nothing on it. */
enum err batch_line_parse(struct batch_line *out, const char *text, size_t len, uint16_t type) MUST_USE;

struct batch_input {
	int fd;
	bool waits; /* it is no file: reading it may have to wait */
	bool ready; /* … but not now: one read may be made */
	bool ended;
	bool too_long; /* within a line that is longer than the buffer */
	int error;     /* errno of a failed read */
	uint16_t type; /* where a line has none */
	uint64_t lines;
	size_t begin, end;
	char buffer[2 * BATCH_LINE_MAX];
};

/* path "-": standard input. ERR_IO: errno tells. */
enum err batch_input_open(struct batch_input *in, const char *path, uint16_t type) MUST_USE;
void batch_input_close(struct batch_input *in);

enum batch_next {
	BATCH_LINE, /* *out is the next name */
	BATCH_BAD,  /* … or a line that has none */
	BATCH_WAIT, /* nothing is there yet: set ready once the descriptor is readable */
	BATCH_END,
};
enum batch_next batch_input_next(struct batch_input *in, struct batch_line *out);

#endif
