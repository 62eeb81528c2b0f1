// needs: tools/hashview
/* Keys and signatures in minisign's format from anybody: read within bounds, and never good for this file. */
#include <stdlib.h>

#include "hashview/minisign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct minisign_key k;
	struct minisign_signature s;
	const char *why;

	(void)!minisign_key_parse(&k, (const char *)data, size);
	if (minisign_signature_parse(&s, (const char *)data, size) == ERR_OK &&
	    minisign_verify(&k, &s, (const uint8_t *)"glassnet", 8, &why) == ERR_OK)
		abort();
	return 0;
}
