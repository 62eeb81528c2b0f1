/* KEXINIT: what parses can be chosen from, and every name chosen is in both lists. */
#include <stdlib.h>
#include <string.h>

#include "glassnet/ssh_transport.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sshkexinit a, b;
	size_t at, half = size / 2;
	char chosen[SSHALG_MAX];
	uint8_t *x = malloc(half + 1), *y = malloc(size - half + 1);

	memcpy(x, data, half);
	memcpy(y, data + half, size - half);
	enum err e = sshkexinit_parse(&a, x, half, &at), f = sshkexinit_parse(&b, y, size - half, &at);
	if (e != ERR_OK || f != ERR_OK)
		e = sshkexinit_parse(&a, data, size, &at), f = e, b = a;
	for (int i = 0; e == ERR_OK && f == ERR_OK && i < SSHLISTS; i++)
		if (sshkexinit_choose(&a, &b, (enum sshlist)i, chosen) &&
		    (!sshkexinit_has(&a, (enum sshlist)i, chosen) || !sshkexinit_has(&b, (enum sshlist)i, chosen)))
			abort();
	if (at > size)
		abort();
	free(x);
	free(y);
	return 0;
}
