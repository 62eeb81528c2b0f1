// needs: tools/sshview
/* What an agent answers: a list of keys, or a signature. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "sshview/agent.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct agent_key *keys = calloc(AGENT_KEYS_MAX, sizeof(*keys));
	struct sbuf sig = {0};
	size_t n;
	uint8_t *copy = malloc(size ? size : 1);

	if (sodium_init() < 0 || !keys || !copy)
		abort();
	memcpy(copy, data, size);
	enum err e = agent_parse_keys(copy, size, keys, &n);
	if (n > AGENT_KEYS_MAX || (e != ERR_OK && n))
		abort();
	for (size_t i = 0; i < n; i++)
		sshkey_release(&keys[i].key);
	if (agent_parse_signature(copy, size, &sig) == ERR_OK && sig.len > size)
		abort();
	sbuf_release(&sig);
	free(keys);
	free(copy);
	return 0;
}
