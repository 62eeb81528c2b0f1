/* Who talked to whom: pairs of ends with what went each way. */
#ifndef PKTVIEW_HOSTS_H
#define PKTVIEW_HOSTS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "glassnet/packet.h"

struct hosts;

enum err hosts_new(struct hosts **out, size_t max_pairs) MUST_USE; /* at most 2^31 */
void hosts_free(struct hosts *h);                                  /* NULL is allowed */

/* One packet. Of pairs beyond the bound only the number of packets is kept. */
enum err hosts_add(struct hosts *h, const char *from, const char *to, enum proto proto, uint64_t octets) MUST_USE;

/* A line a pair, the one with the most octets first; the side that spoke first stands left. */
enum err hosts_write(const struct hosts *h, FILE *out, bool utf8) MUST_USE;

/* The same as JSON lines: {"a":…,"b":…,"packets":[from a, from b],"bytes":[…],"protocols":[…]} */
enum err hosts_write_json(const struct hosts *h, FILE *out) MUST_USE;

#endif
