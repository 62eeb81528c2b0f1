// needs: tools/certview
/* CRLs and OCSP responses. A CRL that can be read is signed anew with the authority's key, so that what stands in it is
 * looked at, too. */
#include <openssl/err.h>
#include <stdlib.h>

#include "certview/zoo.h"

static struct zoo zoo;
static struct zoo_cage good;

static void setup(void)
{
	static const struct animal plain = {
	    .name = "good", .ext = {"crlDistributionPoints=URI:http://crl.example/1"}};
	struct trouble w;

	if (!good.leaf && (zoo_init(&zoo, 1700000000, &w) != ERR_OK || zoo_make(&good, &zoo, &plain, &w) != ERR_OK))
		abort();
}

static void judge(const struct path_rules *rules, const struct crl_set *crls)
{
	struct path_store *s = path_store_new();
	struct cert_set root = {.x = &zoo.root.cert, .n = 1}, mid = {.x = &zoo.mid.cert, .n = 1};
	struct path_result r;

	if (!s || path_store_add(s, &root, true) != ERR_OK || path_store_add(s, &mid, false) != ERR_OK ||
	    path_store_add_crls(s, crls) != ERR_OK)
		abort();
	(void)!path_verify(s, good.leaf, rules, NULL, &r);
	path_result_release(&r);
	path_store_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct path_rules rules = {.at = 1700000000, .max_depth = -1, .crl_leaf_only = true};
	struct crl_set crls = {0};
	char why[X509_WHY];

	setup();
	(void)!crl_set_read(&crls, data, size, why);
	for (size_t i = 0; i < crls.n; i++) {
		X509_CRL_set_issuer_name(crls.x[i], X509_get_subject_name(zoo.mid.cert));
		X509_CRL_sign(crls.x[i], zoo.mid.key, EVP_sha256());
	}
	if (crls.n)
		judge(&rules, &crls);
	crl_set_release(&crls);
	rules.ocsp = data;
	rules.ocsp_len = size;
	judge(&rules, &crls);
	ERR_clear_error();
	return 0;
}
