// needs: tools/dhview
/* Files that a user gives: peers, key, and the bare function's hexadecimal. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "dhview/bare.h"
#include "dhview/keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct peers peers;
	uint8_t key[64];
	size_t at;
	char *text = malloc(size);

	if (sodium_init() < 0)
		abort();
	if (size > 0)
		memcpy(text, data, size);
	if (peers_parse(&peers, text, size, &at) != ERR_OK && at > size)
		abort();
	for (size_t i = 0; i < peers.n; i++)
		if (strlen(peers.at[i].name) >= PEER_NAME || peers_find(&peers, peers.at[i].key) != &peers.at[i])
			abort();
	if (key_parse(key, text, size, &at) != ERR_OK && at > size)
		abort();
	if (bare_parse(key, text, size, &at) != ERR_OK && at > size)
		abort();
	free(text);
	return 0;
}
