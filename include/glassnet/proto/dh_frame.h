/* dhview's messages on the wire, as a listener sees them: what glassnet/dh.h says of frames. */
#ifndef GLASSNET_PROTO_DH_FRAME_H
#define GLASSNET_PROTO_DH_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/err.h"
#include "glassnet/proto/text.h"
#include "glassnet/trace.h"

struct dh_frames {
	unsigned hellos, records;
	bool partial; /* the last frame goes on in the next segment */
};

/* Does the data begin with a HELLO? Records look like nothing: the connection tells. */
bool dh_frame_looks_like(const uint8_t *p, size_t len);

/* All frames of the data. On an error *at is the offset in p of the bad octet. */
enum err dh_frames_parse(struct dh_frames *out, const uint8_t *p, size_t len, size_t *at) MUST_USE;
void dh_frames_summary(const struct dh_frames *h, const uint8_t *p, size_t len, struct text *out);

/* base: p's offset in the packet. Stops at what is malformed. */
void dh_frames_describe(const struct dh_frames *h, const uint8_t *p, size_t len, size_t base, struct trace *t);

#endif
