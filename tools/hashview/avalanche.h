/* hashview avalanche: one bit of the input changes, and what of the output does. */
#ifndef HASHVIEW_AVALANCHE_H
#define HASHVIEW_AVALANCHE_H

#include "algo.h"
#include "glassnet/trace.h"

struct avalanche_result {
	size_t bits, changed; /* of the digest, for the bit that is shown */
	size_t least, most;   /* over all bits of the input */
	double mean;
	size_t flips; /* how many input bits were tried */
};

/* bit: counted from the most significant one of the first octet. The picture has '#' where an output bit
 * changed. */
enum err avalanche_run(
    enum algo a, const uint8_t *text, size_t len, size_t bit, struct trace *t, struct avalanche_result *res) MUST_USE;

#endif
