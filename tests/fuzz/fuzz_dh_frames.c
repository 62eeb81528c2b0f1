/* What a peer sends: frames one after another, the first a HELLO, the others records under a fixed key. A
 * record that was not sealed must never open. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "glassnet/dh.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t secret[32] = {1}, hello_bytes[1] = {2};
	struct dh_channel ch;
	struct dh_hello h;
	size_t whole, at;

	if (sodium_init() < 0 ||
	    dh_channel_init(&ch, DH_SERVER, secret, sizeof(secret), hello_bytes, 1, hello_bytes, 1) != ERR_OK)
		abort();
	for (size_t pos = 0; pos < size; pos += whole) {
		enum err e = dh_frame(data + pos, size - pos, &whole);
		/* a copy of its own: a read past the end is a read past the heap */
		size_t len = e == ERR_OK ? whole : size - pos;
		uint8_t *frame = malloc(len), text[DH_FRAME_MAX], again[DH_FRAME_MAX];
		enum dh_kind kind;
		size_t n;
		memcpy(frame, data + pos, len);
		if (dh_hello_parse(&h, frame, len, &at) == ERR_OK) {
			if (dh_hello_write(again, sizeof(again), &h) != len || memcmp(again, frame, len) != 0)
				abort();
		} else if (at > len) {
			abort();
		}
		if (dh_open(&ch, frame, len, &kind, text, &n) == DH_FINE)
			abort();
		free(frame);
		if (e != ERR_OK)
			break;
	}
	return 0;
}
