/* What a connection's history says of a segment, in words. Private. */
#ifndef PROTO_SEGMENT_TEXT_H
#define PROTO_SEGMENT_TEXT_H

#include "glassnet/flow.h"
#include "glassnet/proto/transport.h"

/* What comes behind tcp_summary(): "…, seq 1 (retransmission of #4)". */
void segment_line(const struct segment *s, const struct tcp *h, struct text *out);

/* What comes behind the line of a message: what was opened, how many segments carried it, marks. */
void segment_message_line(const struct segment *s, struct text *out);

/* What was inside of the records: "EncryptedExtensions, Finished", "HTTP GET /". */
void opened_line(const struct segment *s, struct text *out);

/* The fields; p is the segment from its header on. */
void segment_describe(const struct segment *s, const struct tcp *h, const uint8_t *p, size_t base, struct trace *t);

#endif
