/* PEM and DER of certificates and CRLs: what is read must come out as clean text that fits. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "glassnet/x509.h"

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
	struct cert_set certs = {0};
	struct crl_set crls = {0};
	char why[X509_WHY];
	struct x509_info c;

	if (cert_set_read(&certs, data, size, why) != ERR_OK && !why[0])
		abort();
	clean(why, sizeof(why));
	if (crl_set_read(&crls, data, size, why) != ERR_OK && !why[0])
		abort();
	for (size_t i = 0; i < certs.n; i++) {
		x509_info_from(&c, certs.x[i]);
		clean(c.subject, sizeof(c.subject));
		clean(c.issuer, sizeof(c.issuer));
		clean(c.name, sizeof(c.name));
		clean(c.names, sizeof(c.names));
		clean(c.key, sizeof(c.key));
		clean(c.signature, sizeof(c.signature));
		clean(c.may, sizeof(c.may));
		clean(c.serial, sizeof(c.serial));
		clean(c.key_id, sizeof(c.key_id));
	}
	cert_set_release(&certs);
	crl_set_release(&crls);
	return 0;
}
