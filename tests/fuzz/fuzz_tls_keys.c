/* Records to be opened and key logs to be read: both come from files that anybody may have written. The first octet
 * chooses the suite; what remains is a record, and a line. */
#include <stdlib.h>
#include <string.h>

#include "glassnet/tls_keys.h"

static void open_record(const struct tls_suite *s, const uint8_t *data, size_t size)
{
	static uint8_t out[TLS_RECORD_MAX];
	struct tls_keys k = {.suite = s, .key = {1}, .iv = {2}};
	struct tls_opened what;
	enum err e = tls_record_open(&k, 3, data, size, out, sizeof(out), &what);

	if (e == ERR_OK && what.len + what.padding > size)
		abort();
	/* what is sealed opens again */
	uint8_t sealed[TLS_SEALED_MAX];
	size_t n;
	if (size <= 64 && tls_record_seal(&k, 3, 22, data, size, sealed, sizeof(sealed), &n) == ERR_OK &&
	    (tls_record_open(&k, 3, sealed, n, out, sizeof(out), &what) != ERR_OK || what.len != size ||
	        what.type != 22))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t ids[] = {0x1301, 0x1303, 0x1305, 0xc02f, 0xc0ae, 0xcca8};
	struct tls_logged line;
	size_t at = 0;

	if (size == 0)
		return 0;
	uint8_t *copy = malloc(size - 1); /* a read past the end is a read past the heap */
	if (size > 1)
		memcpy(copy, data + 1, size - 1);
	open_record(tls_suite_find(ids[data[0] % (sizeof(ids) / sizeof(ids[0]))]), copy, size - 1);
	if (tls_keylog_parse(&line, (const char *)copy, size - 1, &at) == ERR_FORMAT && at > size - 1)
		abort();
	free(copy);
	return 0;
}
