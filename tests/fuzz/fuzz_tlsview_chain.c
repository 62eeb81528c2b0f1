// needs: tools/tlsview
/* Certificates put into words: whatever OpenSSL takes for one must come out as clean text that fits. */
#include <ctype.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "tlsview/chain.h"

static void clean(const char *text, size_t cap)
{
	size_t n = strnlen(text, cap);

	if (n == cap)
		abort();
	for (size_t i = 0; i < n; i++)
		if (iscntrl((unsigned char)text[i]))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const unsigned char *p = data;
	X509 *cert = d2i_X509(NULL, &p, (long)size);
	struct cert_info info;
	char name[64];

	if (cert) {
		cert_info_from(&info, cert);
		clean(info.subject, sizeof(info.subject));
		clean(info.issuer, sizeof(info.issuer));
		clean(info.names, sizeof(info.names));
		clean(info.key, sizeof(info.key));
		clean(info.signature, sizeof(info.signature));
		clean(info.sha256, sizeof(info.sha256));
		clean(info.serial, sizeof(info.serial));
		clean(cert_short_name(name, sizeof(name), cert), sizeof(name));
		struct chain chain = {0};
		chain_add(&chain, NULL, cert, true);
	}
	X509_free(cert);
	ERR_clear_error();
	return 0;
}
