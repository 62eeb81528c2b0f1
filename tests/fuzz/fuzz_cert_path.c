/* The search and the rules: the first certificate is the leaf, the others may lead on, the last is trusted. Whatever
 * they say, there is an end, and no path is accepted that is none. */
#include <stdlib.h>

#include "glassnet/x509.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cert_set set = {0};
	char why[X509_WHY];

	(void)!cert_set_read(&set, data, size, why);
	for (unsigned k = 0; set.n && k < 4; k++) {
		struct path_store *s = path_store_new();
		struct cert_set last = {.x = set.x + set.n - 1, .n = 1}, rest = {.x = set.x, .n = set.n - 1};
		const struct path_rules rules = {.profile = k & 1 ? PROFILE_RFC5280 : PROFILE_WEB,
		    .use = k & 2 ? USE_ANY : USE_SERVER,
		    .at = 1700000000,
		    .host = "host.example",
		    .max_depth = -1,
		    .work = 500,
		    .explicit_policy = k & 1,
		    .sent = &set};
		struct path_result r;

		if (!s || path_store_add(s, &last, true) != ERR_OK || path_store_add(s, &rest, false) != ERR_OK)
			abort();
		enum err e = path_verify(s, set.x[0], &rules, NULL, &r);
		if ((e == ERR_OK) != r.accepted || (r.accepted && (!r.anchored || r.n_failed)))
			abort();
		if (e == ERR_NEGATIVE && !path_first_failed(&r))
			abort();
		free(path_result_json(&r));
		path_result_release(&r);
		path_store_free(s);
	}
	cert_set_release(&set);
	return 0;
}
