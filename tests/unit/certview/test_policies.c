/* Policies along a path (RFC 5280 6.1), and the bound on their number. */
#include "bed.h"


/* --- policies --- */

struct policy_case {
	const char *upper[4], *lower[4], *leaf[4];
	const char *accept; /* user's policy */
	bool explicit_policy, inhibit_mapping, inhibit_any;
	bool yes;
};

static void policies_follow_rfc_5280(void **state)
{
#define CP(x) "certificatePolicies=" x
#define ANY   "2.5.29.32.0"
	static const struct policy_case cases[] = {
	    {.upper = {CP("1.1.1")},
	        .lower = {CP("1.1.1")},
	        .leaf = {CP("1.1.1")},
	        .explicit_policy = true,
	        .yes = true},
	    {.upper = {CP("1.1.1")},
	        .lower = {CP("1.1.1")},
	        .leaf = {CP("1.1.2")},
	        .explicit_policy = true,
	        .yes = false},
	    {.upper = {CP("1.1.1")}, .lower = {CP("1.1.1")}, .leaf = {CP("1.1.2")}, .yes = true},
	    {.upper = {CP("1.1.1")}, .lower = {CP("1.1.1")}, .leaf = {NULL}, .explicit_policy = true, .yes = false},
	    {.upper = {CP("1.1.1")},
	        .lower = {CP("1.1.1")},
	        .leaf = {CP("1.1.1")},
	        .accept = "1.1.1",
	        .explicit_policy = true,
	        .yes = true},
	    {.upper = {CP("1.1.1")},
	        .lower = {CP("1.1.1")},
	        .leaf = {CP("1.1.1")},
	        .accept = "1.1.2",
	        .explicit_policy = true,
	        .yes = false},
	    {.upper = {CP("1.1.1")}, .lower = {CP("1.1.1")}, .leaf = {CP("1.1.1")}, .accept = "1.1.2", .yes = true},
	    {.upper = {CP(ANY)},
	        .lower = {CP(ANY)},
	        .leaf = {CP("1.1.1")},
	        .accept = "1.1.1",
	        .explicit_policy = true,
	        .yes = true},
	    {.upper = {CP(ANY)},
	        .lower = {CP(ANY)},
	        .leaf = {CP(ANY)},
	        .accept = "1.1.1",
	        .explicit_policy = true,
	        .yes = true},
	    {.upper = {CP(ANY)},
	        .lower = {CP("1.1.1")},
	        .leaf = {CP("1.1.1")},
	        .explicit_policy = true,
	        .inhibit_any = true,
	        .yes = false},
	    {.upper = {CP("1.1.1")}, .lower = {CP(ANY)}, .leaf = {CP("1.1.1")}, .explicit_policy = true, .yes = true},
	    {.upper = {CP("1.1.1")},
	        .lower = {CP("1.1.1"), "policyMappings=1.1.1:1.1.2"},
	        .leaf = {CP("1.1.2")},
	        .explicit_policy = true,
	        .accept = "1.1.1",
	        .yes = true},
	    {.upper = {CP("1.1.1")},
	        .lower = {CP("1.1.1"), "policyMappings=1.1.1:1.1.2"},
	        .leaf = {CP("1.1.2")},
	        .explicit_policy = true,
	        .accept = "1.1.2",
	        .yes = false},
	    {.upper = {CP("1.1.1")},
	        .lower = {CP("1.1.1"), "policyMappings=1.1.1:1.1.2"},
	        .leaf = {CP("1.1.1")},
	        .explicit_policy = true,
	        .yes = false},
	    {.upper = {CP("1.1.1")},
	        .lower = {CP("1.1.1"), "policyMappings=1.1.1:1.1.2"},
	        .leaf = {CP("1.1.2")},
	        .explicit_policy = true,
	        .inhibit_mapping = true,
	        .yes = false},
	    {.upper = {CP("1.1.1"), "policyConstraints=critical,inhibitPolicyMapping:0"},
	        .lower = {CP("1.1.1"), "policyMappings=1.1.1:1.1.2"},
	        .leaf = {CP("1.1.2")},
	        .explicit_policy = true,
	        .yes = false},
	    {.upper = {CP("1.1.1")},
	        .lower = {CP("1.1.1"), "policyMappings=1.1.1:" ANY},
	        .leaf = {CP("1.1.1")},
	        .yes = false},
	    {.upper = {CP("1.1.1"), "policyConstraints=critical,requireExplicitPolicy:0"},
	        .lower = {CP("1.1.1")},
	        .leaf = {CP("1.1.2")},
	        .yes = false},
	    {.upper = {CP("1.1.1"), "policyConstraints=critical,requireExplicitPolicy:4"},
	        .lower = {CP("1.1.1")},
	        .leaf = {CP("1.1.2")},
	        .yes = true},
	    {.upper = {CP("1.1.1")},
	        .lower = {CP("1.1.1"), "policyConstraints=critical,requireExplicitPolicy:1"},
	        .leaf = {CP("1.1.2")},
	        .yes = false},
	    {.upper = {CP("1.1.1"), "inhibitAnyPolicy=critical,0"},
	        .lower = {CP(ANY)},
	        .leaf = {CP("1.1.1")},
	        .explicit_policy = true,
	        .yes = false},
	    {.upper = {CP("1.1.1"), "inhibitAnyPolicy=critical,1"},
	        .lower = {CP(ANY)},
	        .leaf = {CP("1.1.1")},
	        .explicit_policy = true,
	        .yes = true},
	    {.upper = {CP(ANY)},
	        .lower = {CP(ANY), "policyMappings=1.1.1:1.1.2"},
	        .leaf = {CP("1.1.2")},
	        .explicit_policy = true,
	        .accept = "1.1.1",
	        .yes = true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct policy_case *k = &cases[i];
		struct bed b = bed_new();
		struct pair upper = make("/CN=Upper", &root, true, k->upper, PLAIN),
		            lower = make("/CN=Lower", &upper, true, k->lower, PLAIN),
		            leaf = make("/CN=Leaf", &lower, false, k->leaf, PLAIN);

		bed_add(&b, &root, true);
		bed_add(&b, &upper, false);
		bed_add(&b, &lower, false);
		b.rules.explicit_policy = k->explicit_policy;
		b.rules.inhibit_mapping = k->inhibit_mapping;
		b.rules.inhibit_any = k->inhibit_any;
		b.rules.policies = &k->accept;
		b.rules.n_policies = k->accept != NULL;
		const char *got = bed_judge(&b, leaf.cert);
		if ((got[0] == '\0') != k->yes)
			fail_msg("policy case %zu: '%s'", i, got);
		pair_release(&upper);
		pair_release(&lower);
		pair_release(&leaf);
		bed_free(&b);
	}
}

/* Each of many policies mapped to each of many, at each of several depths: a tree would have thousands of millions of
 * leaves (RFC 9618 3). */
static void mappings_do_not_grow_without_bound(void **state)
{
	static char policies[8192], mappings[65536];
	size_t n = (size_t)sprintf(policies, "certificatePolicies="),
	       m = (size_t)sprintf(mappings, "policyMappings=");
	struct pair chain[8];
	struct bed b = bed_new();

	(void)state;
	for (int i = 0; i < 16; i++) {
		n += (size_t)sprintf(policies + n, "%s1.2.3.%d", i ? "," : "", i);
		for (int k = 0; k < 16; k++)
			m += (size_t)sprintf(mappings + m, "%s1.2.3.%d:1.2.3.%d", i || k ? "," : "", i, k);
	}
	bed_add(&b, &root, true);
	for (int i = 0; i < 8; i++) {
		char name[16];

		snprintf(name, sizeof(name), "/CN=P%d", i);
		chain[i] = make(name, i ? &chain[i - 1] : &root, true, LIST(policies, mappings), PLAIN);
		bed_add(&b, &chain[i], false);
	}
	struct pair leaf = make("/CN=Leaf", &chain[7], false, LIST(policies), PLAIN);
	b.rules.explicit_policy = true;
	accepted(&b, leaf.cert);
	for (int i = 0; i < 8; i++)
		pair_release(&chain[i]);
	pair_release(&leaf);
	bed_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(policies_follow_rfc_5280),
	    cmocka_unit_test(mappings_do_not_grow_without_bound),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
