/* What is made of the shared secret: the exchange hash and the keys (RFC 4253 7.2 and 8, RFC 8731 3.1). */
#include <sodium.h>
#include <string.h>

#include "glassnet/ssh_transport.h"

enum err sshkex_hash(uint8_t out[static SSH_HASH], const struct sshkex_input in[static SSHKEX_INPUTS],
    const uint8_t k[static SSHKEX_SECRET])
{
	struct sbuf b = {0};

	for (int i = 0; i < SSHKEX_INPUTS; i++)
		sbuf_string(&b, in[i].p, in[i].len);
	sbuf_mpint(&b, k, SSHKEX_SECRET);
	bool bad = b.bad;
	if (!bad)
		crypto_hash_sha256(out, b.p, b.len);
	sbuf_release(&b);
	return bad ? ERR_NOMEM : ERR_OK;
}

enum err sshkex_derive(char letter, const uint8_t k[static SSHKEX_SECRET], const uint8_t hash[static SSH_HASH],
    const uint8_t session_id[static SSH_HASH], uint8_t *out, size_t n)
{
	uint8_t done[SSHCIPHER_KEY_MAX + SSH_HASH];
	bool bad = n > SSHCIPHER_KEY_MAX;

	for (size_t have = 0; have < n && !bad; have += SSH_HASH) {
		struct sbuf b = {0};
		sbuf_mpint(&b, k, SSHKEX_SECRET);
		sbuf_bytes(&b, hash, SSH_HASH);
		if (have == 0) {
			sbuf_u8(&b, (uint8_t)letter);
			sbuf_bytes(&b, session_id, SSH_HASH);
		} else {
			sbuf_bytes(&b, done, have);
		}
		bad = b.bad;
		if (!bad)
			crypto_hash_sha256(done + have, b.p, b.len);
		sbuf_release(&b);
	}
	if (!bad)
		memcpy(out, done, n);
	sodium_memzero(done, sizeof(done));
	return bad ? ERR_NOMEM : ERR_OK;
}
