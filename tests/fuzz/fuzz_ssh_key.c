/* Keys as anybody may send or keep them: a blob, a private key's file, a line of text. What parses is its own blob again. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "glassnet/ssh_key.h"

static void check(const struct sshkey *k)
{
	struct sshkey again;
	char print[SSHKEY_FINGERPRINT], art[SSHKEY_RANDOMART], names[100];
	const char *why;
	size_t at;

	if (sshkey_parse(&again, k->blob, k->len, &at) != ERR_OK || !sshkey_equal(&again, k))
		abort();
	sshkey_release(&again);
	if (sshkey_parse(&again, k->plain, k->plain_len, &at) != ERR_OK || again.cert)
		abort();
	sshkey_release(&again);
	sshkey_fingerprint(print, k->blob, k->len);
	sshkey_randomart(art, k);
	if (k->cert) {
		sshkey_cert_names(k, names, sizeof(names));
		(void)sshkey_cert_valid(k, "server.example", 1, &why);
	}
	if (sshkey_verify(k, "ssh-ed25519", k->blob, k->len, k->blob, k->len, &why) == ERR_OK)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sshkey k;
	struct sshkey_private p;
	const char *why;
	size_t at;
	char *text = malloc(size + 1);

	if (sodium_init() < 0 || !text)
		abort();
	memcpy(text, data, size);
	if (sshkey_parse(&k, (const uint8_t *)text, size, &at) == ERR_OK) {
		check(&k);
		sshkey_release(&k);
	} else if (at > size) {
		abort();
	}
	if (sshkey_private_read(&p, text, size, &why, &at) != SSHKEY_FILE_BAD) {
		check(&p.public);
		sshkey_private_release(&p);
	}
	if (sshkey_line_read(&k, text, size, &at) == ERR_OK) {
		check(&k);
		sshkey_release(&k);
	}
	free(text);
	return 0;
}
