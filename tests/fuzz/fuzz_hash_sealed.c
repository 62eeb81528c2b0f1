// needs: tools/hashview
/* Sealed files from anybody: refused, or (with the right passphrase) opened; never anything in between. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hashview/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct seal_request q = {.passphrase = "x", .len = 1, .passes = 1, .memory_kib = 8};
	struct seal_header h;
	uint8_t cheap[] = {0, 0, 0, 1, 0, 0, 4, 0};

	if (sodium_init() < 0)
		abort();
	if (seal_header_parse(&h, data, size) == ERR_OK &&
	    (h.passes > SEAL_PASSES_MAX || h.memory_kib > SEAL_MEMORY_MAX_KIB))
		abort();
	int in = memfd_create("in", MFD_CLOEXEC), out = memfd_create("out", MFD_CLOEXEC);
	if (in < 0 || out < 0 || write(in, data, size) != (ssize_t)size)
		abort();
	/* What a guess costs is not what is looked for here. */
	if (size >= 16 && pwrite(in, cheap, sizeof(cheap), 8) != sizeof(cheap))
		abort();
	lseek(in, 0, SEEK_SET);
	(void)!open_stream(in, out, &q, size);
	close(in);
	close(out);
	return 0;
}
