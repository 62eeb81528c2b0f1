/* hashview seal and open: a file under a passphrase.
 *
 *     0   8  "GNSEAL1\n"
 *     8   4  Argon2id passes        12  4  Argon2id memory in KiB (both big endian)
 *     16 16  salt                   32 24  secretstream header
 *     56     chunks of 65,536 octets + 17 each (XChaCha20-Poly1305); the last, which may be shorter, is
 * marked as such
 *
 * The first 56 octets are authenticated with the first chunk. A chunk that is changed, missing, twice or out
 * of order fails; so does a file that was cut, even between two chunks. */
#ifndef HASHVIEW_SEAL_H
#define HASHVIEW_SEAL_H

#include <stdint.h>

#include "glassnet/trace.h"

#define SEAL_CHUNK          ((size_t)65536)
#define SEAL_HEADER         56
#define SEAL_MEMORY_MAX_KIB (UINT32_C(1) << 21)
#define SEAL_PASSES_MAX     UINT32_C(32)
#define SEAL_SUFFIX         ".sealed"

struct seal_header {
	uint32_t passes, memory_kib;
	uint8_t salt[16], stream[24];
};

/* ERR_FORMAT: not a sealed file; ERR_VERSION: another version; ERR_BUDGET: asks for more than is given. */
enum err seal_header_parse(struct seal_header *h, const uint8_t *data, size_t len) MUST_USE;
void seal_header_write(const struct seal_header *h, uint8_t out[static SEAL_HEADER]);

struct seal_request {
	const char *from, *to;
	const char *passphrase;
	size_t len;
	uint32_t passes, memory_kib;                   /* seal: what one guess shall cost */
	bool keep;                                     /* leave `from` where it is */
	void (*progress)(uint64_t done, uint64_t all); /* or NULL */
};

/* Each makes `to`, which must not exist, and then, unless keep is set, removes `from`. Before `to` is whole
 * and on the disk there is no file of that name, and `from` is untouched. What happened is said to t.
 * ERR_NEGATIVE: (open) the passphrase is wrong or the file was changed; nothing of it was used. */
enum err seal_file(const struct seal_request *q, struct trace *t) MUST_USE;
enum err open_file(const struct seal_request *q, struct trace *t) MUST_USE;

/* The heart of it, between two descriptors. What open_stream() wrote is not to be used unless it returns
 * ERR_OK. */
enum err seal_stream(int in, int out, const struct seal_request *q, uint64_t all) MUST_USE;
enum err open_stream(int in, int out, const struct seal_request *q, uint64_t all) MUST_USE;

#endif
