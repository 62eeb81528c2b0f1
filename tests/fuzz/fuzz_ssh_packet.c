/* Packets as a peer sends them: before NEWKEYS, and under each cipher. What was not sealed must never open. The first octet
 * chooses the cipher. What opens is taken apart for the trace. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "glassnet/ssh_transport.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t key[SSHCIPHER_KEY_MAX] = {1}, iv[12] = {2};
	struct sshdir d = {0};
	struct sbuf payload = {0};
	struct sshkexinit k;
	size_t whole, at;

	if (sodium_init() < 0 || size < 1)
		return 0;
	enum sshcipher c = (enum sshcipher)(data[0] % SSHCIPHERS);
	if (c != SSHCIPHER_NONE && sshdir_rekey(&d, c, key, iv, false) != ERR_OK)
		abort();
	for (size_t pos = 1; pos < size; pos += whole) {
		const char *why = NULL;
		/* a copy of its own: a read past the end is a read past the heap */
		uint8_t *copy = malloc(size - pos);
		memcpy(copy, data + pos, size - pos);
		enum err e = sshdir_open(&d, copy, size - pos, &payload, &whole, &why);
		free(copy);
		if (e == ERR_OK && c != SSHCIPHER_NONE)
			abort();
		if (e == ERR_OK && (whole < 9 || whole > size - pos || payload.len > whole))
			abort();
		if (e == ERR_OK && payload.len && sshkexinit_parse(&k, payload.p, payload.len, &at) != ERR_OK &&
		    at > payload.len)
			abort();
		if (e != ERR_OK) {
			if (e != ERR_TRUNCATED && !why)
				abort();
			break;
		}
	}
	sbuf_release(&payload);
	sshdir_release(&d);
	return 0;
}
