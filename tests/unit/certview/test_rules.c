/* Every rule of the certificate engine, on certificates made here: one that breaks it, refused for that and nothing
 * else, beside one that does not. */
#include "bed.h"

#include <openssl/x509v3.h>

/* The leaf below mid, with these extensions in the place of the usual ones. */
static void judge_leaf(const char *const *more, struct issue_spec s, const char *subject, enum cert_profile profile,
    enum cert_use use, const char *ids)
{
	struct bed b = bed_new();
	struct pair leaf = make(subject, &mid, false, more, s);

	bed_add(&b, &root, true);
	bed_add(&b, &mid, false);
	b.rules.profile = profile;
	b.rules.use = use;
	const char *got = bed_judge(&b, leaf.cert);
	if (strcmp(got, ids) != 0)
		fail_msg("%s: refused for '%s' instead of '%s'", more ? more[0] : subject, got, ids);
	pair_release(&leaf);
	bed_free(&b);
}

static void leaf_extensions_are_judged(void **state)
{
	static const struct {
		const char *ext, *web, *rfc5280;
	} cases[] = {
	    {"basicConstraints=CA:FALSE", "", ""},
	    {"basicConstraints=", "", ""},
	    {"basicConstraints=critical,CA:TRUE", "INVALID_NON_CA", ""},
	    {"keyUsage=", "", ""},
	    {"keyUsage=critical,keyEncipherment", "", ""},
	    {"keyUsage=critical,nonRepudiation", "INVALID_PURPOSE", "INVALID_PURPOSE"},
	    {"keyUsage=critical,digitalSignature,keyCertSign", "KU_KEY_CERT_SIGN_INVALID_FOR_NON_CA", ""},
	    {"keyUsage=critical,DER:03020000", "key-usage-empty,INVALID_PURPOSE", "key-usage-empty,INVALID_PURPOSE"},
	    {"extendedKeyUsage=", "eku-missing", ""},
	    {"extendedKeyUsage=clientAuth", "INVALID_PURPOSE", "INVALID_PURPOSE"},
	    {"extendedKeyUsage=serverAuth,clientAuth", "", ""},
	    {"extendedKeyUsage=anyExtendedKeyUsage", "eku-any", ""},
	    {"extendedKeyUsage=critical,serverAuth", "eku-critical", ""},
	    {"extendedKeyUsage=DER:3000", "INVALID_EXTENSION,INVALID_PURPOSE", "INVALID_EXTENSION,INVALID_PURPOSE"},
	    {"subjectAltName=", "san-missing", ""},
	    {"subjectAltName=critical,DNS:host.example", "san-critical", ""},
	    {"subjectAltName=DNS:*.host.example", "", ""},
	    {"subjectAltName=DNS:*.example", "UNSUPPORTED_NAME_SYNTAX", ""},
	    {"subjectAltName=DNS:*", "UNSUPPORTED_NAME_SYNTAX", "UNSUPPORTED_NAME_SYNTAX"},
	    {"subjectAltName=DNS:a.*.example", "UNSUPPORTED_NAME_SYNTAX", "UNSUPPORTED_NAME_SYNTAX"},
	    {"subjectAltName=DNS:ba*.host.example", "UNSUPPORTED_NAME_SYNTAX", "UNSUPPORTED_NAME_SYNTAX"},
	    {"subjectAltName=DNS:*.*.host.example", "UNSUPPORTED_NAME_SYNTAX", "UNSUPPORTED_NAME_SYNTAX"},
	    {"subjectAltName=DNS:my_host.example", "UNSUPPORTED_NAME_SYNTAX", ""},
	    {"subjectAltName=DNS:host.example.", "UNSUPPORTED_NAME_SYNTAX", "UNSUPPORTED_NAME_SYNTAX"},
	    {"subjectAltName=DNS:a..example", "UNSUPPORTED_NAME_SYNTAX", "UNSUPPORTED_NAME_SYNTAX"},
	    {"subjectAltName=DNS:.host.example", "UNSUPPORTED_NAME_SYNTAX", "UNSUPPORTED_NAME_SYNTAX"},
	    {"subjectAltName=DNS:-a.example", "UNSUPPORTED_NAME_SYNTAX", ""},
	    {"subjectAltName=DER:300a8208f09f9880612e6578", "UNSUPPORTED_NAME_SYNTAX", "UNSUPPORTED_NAME_SYNTAX"},
	    {"subjectAltName=DER:3011820f68747470733a2f2f612e6578616d70", "UNSUPPORTED_NAME_SYNTAX",
	        "UNSUPPORTED_NAME_SYNTAX"},
	    {"subjectAltName=DER:300787057f00000118", "UNSUPPORTED_NAME_SYNTAX", "UNSUPPORTED_NAME_SYNTAX"},
	    {"subjectAltName=DNS:localhost", "", ""},
	    {"subjectAltName=DER:3000", "INVALID_EXTENSION", "INVALID_EXTENSION"},
	    {"authorityKeyIdentifier=", "MISSING_AUTHORITY_KEY_IDENTIFIER", ""},
	    {"authorityKeyIdentifier=critical,keyid", "AUTHORITY_KEY_IDENTIFIER_CRITICAL",
	        "AUTHORITY_KEY_IDENTIFIER_CRITICAL"},
	    {"authorityKeyIdentifier=DER:30058003112233", "AKID_SKID_MISMATCH", ""},
	    {"subjectKeyIdentifier=", "", ""},
	    {"subjectKeyIdentifier=critical,hash", "SUBJECT_KEY_IDENTIFIER_CRITICAL",
	        "SUBJECT_KEY_IDENTIFIER_CRITICAL"},
	    {"authorityInfoAccess=OCSP;URI:http://o.example", "", ""},
	    {"authorityInfoAccess=critical,OCSP;URI:http://o.example", "aia-critical", "aia-critical"},
	    {"authorityInfoAccess=DER:3000", "INVALID_EXTENSION", "INVALID_EXTENSION"},
	    {"authorityInfoAccess=DER:0403414243", "INVALID_EXTENSION", "INVALID_EXTENSION"},
	    {"nameConstraints=critical,permitted;DNS:example", "name-constraints-in-leaf",
	        "name-constraints-in-leaf"},
	    {"crlDistributionPoints=URI:http://c.example", "", ""},
	    {"1.2.3.4.5=DER:0500", "", ""},
	    {"1.2.3.4.5=critical,DER:0500", "UNHANDLED_CRITICAL_EXTENSION", "UNHANDLED_CRITICAL_EXTENSION"},
	    {"basicConstraints=critical,DER:3003020101", "PATHLEN_INVALID_FOR_NON_CA", "PATHLEN_INVALID_FOR_NON_CA"},
	    {"certificatePolicies=1.2.3.4", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		judge_leaf(LIST(cases[i].ext), PLAIN, "/CN=Leaf", PROFILE_WEB, USE_SERVER, cases[i].web);
		judge_leaf(LIST(cases[i].ext), PLAIN, "/CN=Leaf", PROFILE_RFC5280, USE_SERVER, cases[i].rfc5280);
	}
}

static void leaf_fields_are_judged(void **state)
{
	static const struct {
		struct issue_spec s;
		const char *subject, *web, *rfc5280;
	} cases[] = {
	    {{.serial = "00"}, "/CN=Leaf", "serial-zero", "serial-zero"},
	    {{.serial = "-11"}, "/CN=Leaf", "serial-negative", ""},
	    {{.serial = "7f112233445566778899aabbccddeeff00112233"}, "/CN=Leaf", "", ""},
	    {{.serial = "ff112233445566778899aabbccddeeff00112233"}, "/CN=Leaf", "serial-too-long",
	        "serial-too-long"},
	    {{.serial = "7f112233445566778899aabbccddeeff0011223344"}, "/CN=Leaf", "serial-too-long",
	        "serial-too-long"},
	    {{.from = NOW + 1}, "/CN=Leaf", "CERT_NOT_YET_VALID", "CERT_NOT_YET_VALID"},
	    {{.from = NOW}, "/CN=Leaf", "", ""},
	    {{.to = NOW}, "/CN=Leaf", "", ""},
	    {{.to = NOW - 1}, "/CN=Leaf", "CERT_HAS_EXPIRED", "CERT_HAS_EXPIRED"},
	    {{.key = "RSA-1024"}, "/CN=Leaf", "EE_KEY_TOO_SMALL", ""},
	    {{.key = "RSA-2048"}, "/CN=Leaf", "", ""},
	    {{.key = "P-384"}, "/CN=Leaf", "", ""},
	    {{.key = "P-192"}, "/CN=Leaf", "EE_KEY_TOO_SMALL", ""},
	    {{.key = "secp256k1"}, "/CN=Leaf", "EE_KEY_TOO_SMALL", ""},
	    {{.key = "ED25519"}, "/CN=Leaf", "key-kind", ""},
	    {{.digest = "SHA1"}, "/CN=Leaf", "CA_MD_TOO_WEAK", ""},
	    {{.digest = "SHA224"}, "/CN=Leaf", "CA_MD_TOO_WEAK", ""},
	    {{.digest = "SHA384"}, "/CN=Leaf", "", ""},
	    {{.version = 2}, "/CN=Leaf", "EXTENSIONS_REQUIRE_VERSION_3", "EXTENSIONS_REQUIRE_VERSION_3"},
	    {{0}, "", "EMPTY_SUBJECT_SAN_NOT_CRITICAL", "EMPTY_SUBJECT_SAN_NOT_CRITICAL"},
	    {{0}, "/CN=host.example", "", ""},
	    {{0}, "/CN=Host.Example", "common-name-not-in-san", ""},
	    {{0}, "/CN=192.0.2.1", "common-name-not-in-san", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		judge_leaf(
		    LIST("1.2.3=DER:0500"), cases[i].s, cases[i].subject, PROFILE_WEB, USE_SERVER, cases[i].web);
		judge_leaf(LIST("1.2.3=DER:0500"), cases[i].s, cases[i].subject, PROFILE_RFC5280, USE_SERVER,
		    cases[i].rfc5280);
	}
	judge_leaf(LIST("subjectAltName=critical,DNS:host.example"), PLAIN, "", PROFILE_WEB, USE_SERVER, "");
}

static void purpose_decides_what_is_asked(void **state)
{
	(void)state;
	judge_leaf(LIST("extendedKeyUsage=clientAuth"), PLAIN, "/CN=Leaf", PROFILE_WEB, USE_CLIENT, "");
	judge_leaf(
	    LIST("extendedKeyUsage=serverAuth"), PLAIN, "/CN=Leaf", PROFILE_WEB, USE_CLIENT, "INVALID_PURPOSE");
	judge_leaf(LIST("extendedKeyUsage=emailProtection"), PLAIN, "/CN=Leaf", PROFILE_WEB, USE_ANY, "");
	judge_leaf(LIST("extendedKeyUsage="), PLAIN, "/CN=Leaf", PROFILE_WEB, USE_ANY, "");
}

/* The leaf below an authority of its own, which differs from a good one. */
static void judge_under(
    const char *const *more, struct issue_spec s, const char *subject, enum cert_profile profile, const char *ids)
{
	struct bed b = bed_new();
	struct pair by = make(subject, &root, true, more, s), leaf = make("/CN=Leaf", &by, false, NULL, PLAIN);

	bed_add(&b, &root, true);
	bed_add(&b, &by, false);
	b.rules.profile = profile;
	const char *got = bed_judge(&b, leaf.cert);
	if (strcmp(got, ids) != 0)
		fail_msg("authority, %s: refused for '%s' instead of '%s'", more ? more[0] : subject, got, ids);
	pair_release(&by);
	pair_release(&leaf);
	bed_free(&b);
}

static void authorities_are_judged(void **state)
{
	static const struct {
		const char *ext, *web, *rfc5280;
	} cases[] = {
	    {"basicConstraints=critical,CA:FALSE", "INVALID_CA", "INVALID_CA"},
	    {"basicConstraints=", "INVALID_CA", "INVALID_CA"},
	    {"basicConstraints=CA:TRUE", "CA_BCONS_NOT_CRITICAL", ""},
	    {"basicConstraints=critical,CA:TRUE,pathlen:0", "", ""},
	    {"keyUsage=critical,cRLSign", "KEYUSAGE_NO_CERTSIGN", "KEYUSAGE_NO_CERTSIGN"},
	    {"keyUsage=", "CA_CERT_MISSING_KEY_USAGE", ""},
	    {"subjectKeyIdentifier=", "MISSING_SUBJECT_KEY_IDENTIFIER,MISSING_AUTHORITY_KEY_IDENTIFIER", NULL},
	    {"authorityKeyIdentifier=", "MISSING_AUTHORITY_KEY_IDENTIFIER", ""},
	    {"extendedKeyUsage=serverAuth", "", ""},
	    {"extendedKeyUsage=anyExtendedKeyUsage", "", ""},
	    {"extendedKeyUsage=emailProtection", "INVALID_PURPOSE", "INVALID_PURPOSE"},
	    {"nameConstraints=critical,DER:3000", "name-constraints-empty", "name-constraints-empty"},
	    {"nameConstraints=permitted;DNS:host.example", "", "name-constraints-not-critical"},
	    {"1.2.3.4.5=critical,DER:0500", "UNHANDLED_CRITICAL_EXTENSION", "UNHANDLED_CRITICAL_EXTENSION"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (!cases[i].rfc5280) /* the leaf cannot name a key that has no name */
			continue;
		judge_under(LIST(cases[i].ext), PLAIN, "/CN=By", PROFILE_WEB, cases[i].web);
		judge_under(LIST(cases[i].ext), PLAIN, "/CN=By", PROFILE_RFC5280, cases[i].rfc5280);
	}
	judge_under(NULL, (struct issue_spec){.to = NOW - 1}, "/CN=By", PROFILE_WEB, "CERT_HAS_EXPIRED");
	judge_under(NULL, (struct issue_spec){.digest = "SHA1"}, "/CN=By", PROFILE_WEB, "CA_MD_TOO_WEAK");
	judge_under(NULL, (struct issue_spec){.key = "RSA-1024"}, "/CN=By", PROFILE_WEB, "CA_KEY_TOO_SMALL");
	judge_under(NULL, (struct issue_spec){.key = "RSA-2052"}, "/CN=By", PROFILE_WEB, "rsa-size-odd");
}

/* A root that differs from a good one, trusted, above an authority and a leaf. */
static void judge_root_with(const char *const *more, struct issue_spec s, enum cert_profile profile, const char *ids)
{
	struct bed b = bed_new();
	struct pair top = make("/CN=Top", NULL, true, more, s), leaf = make("/CN=Leaf", &top, false, NULL, PLAIN);

	bed_add(&b, &top, true);
	b.rules.profile = profile;
	const char *got = bed_judge(&b, leaf.cert);
	if (strcmp(got, ids) != 0)
		fail_msg("root, %s: refused for '%s' instead of '%s'", more ? more[0] : "", got, ids);
	pair_release(&top);
	pair_release(&leaf);
	bed_free(&b);
}

static void roots_are_judged(void **state)
{
	(void)state;
	judge_root_with(NULL, PLAIN, PROFILE_WEB, "");
	judge_root_with(LIST("authorityKeyIdentifier=keyid:always"), PLAIN, PROFILE_WEB, "");
	judge_root_with(LIST("authorityKeyIdentifier=DER:30058003112233"), PLAIN, PROFILE_WEB, "root-aki-not-ski");
	judge_root_with(LIST("authorityKeyIdentifier=DER:3003820101"), PLAIN, PROFILE_WEB,
	    "root-aki-without-key,root-aki-with-issuer");
	judge_root_with(LIST("extendedKeyUsage=serverAuth"), PLAIN, PROFILE_WEB, "root-has-eku");
	judge_root_with(LIST("extendedKeyUsage=serverAuth"), PLAIN, PROFILE_RFC5280, "");
	judge_root_with(LIST("basicConstraints="), PLAIN, PROFILE_WEB, "INVALID_CA");
	judge_root_with(LIST("basicConstraints="), PLAIN, PROFILE_RFC5280, "INVALID_CA");
	judge_root_with(LIST("basicConstraints=CA:TRUE"), PLAIN, PROFILE_WEB, "CA_BCONS_NOT_CRITICAL");
	judge_root_with(LIST("keyUsage=critical,cRLSign"), PLAIN, PROFILE_WEB, "KEYUSAGE_NO_CERTSIGN");
	judge_root_with(LIST("1.2.3.4.5=critical,DER:0500"), PLAIN, PROFILE_WEB, "UNHANDLED_CRITICAL_EXTENSION");
	judge_root_with(NULL, (struct issue_spec){.to = NOW - 1}, PROFILE_WEB, "CERT_HAS_EXPIRED");
	judge_root_with(NULL, (struct issue_spec){.serial = "00"}, PROFILE_WEB, "");
	judge_root_with(NULL, (struct issue_spec){.digest = "SHA1"}, PROFILE_WEB, "");
	judge_root_with(NULL, (struct issue_spec){.key = "P-192"}, PROFILE_WEB, "CA_KEY_TOO_SMALL");
}

/* --- names --- */

static void host_is_matched_as_rfc_9525_says(void **state)
{
	static const struct {
		const char *pattern, *host;
		bool yes;
	} cases[] = {{"a.example", "a.example", true}, {"a.example", "A.EXAMPLE", true},
	    {"a.example", "a.example.", true}, {"a.example", "b.a.example", false}, {"a.example", "example", false},
	    {"*.example.org", "a.example.org", true}, {"*.example.org", "example.org", false},
	    {"*.example.org", "a.b.example.org", false}, {"*.example.org", ".example.org", false},
	    {"a*.example.org", "ab.example.org", false}, {"*", "a", false}, {"*.org", "a.org", true},
	    {"a.*.org", "a.b.org", false}, {"", "", false}, {"a", "a", true},
	    {"xn--bcher-kva.example", "xn--bcher-kva.example", true},
	    {"*.example.org", "xn--bcher-kva.example.org", true}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(
		    x509_name_matches(cases[i].pattern, strlen(cases[i].pattern), cases[i].host), cases[i].yes);
	assert_false(x509_name_matches("a\0.example", 10, "a"));
}

static void name_asked_for_must_be_in_it(void **state)
{
	struct bed b = bed_new();
	struct pair leaf = make("/CN=cn.example", &mid, false,
	    LIST(
	        "subjectAltName=DNS:cn.example,DNS:*.w.example,IP:192.0.2.1,IP:2001:db8::1,email:Alice@Mail.example"),
	    PLAIN);

	(void)state;
	bed_add(&b, &root, true);
	bed_add(&b, &mid, false);
	b.rules.host = "x.w.example";
	accepted(&b, leaf.cert);
	b.rules.host = "w.example";
	refused(&b, leaf.cert, "HOSTNAME_MISMATCH");
	b.rules.host = "192.0.2.1";
	accepted(&b, leaf.cert);
	b.rules.host = NULL;
	b.rules.ip = "192.0.2.2";
	refused(&b, leaf.cert, "IP_ADDRESS_MISMATCH");
	b.rules.ip = "2001:DB8:0::1";
	accepted(&b, leaf.cert);
	b.rules.ip = NULL;
	b.rules.email = "Alice@mail.EXAMPLE";
	accepted(&b, leaf.cert);
	b.rules.email = "alice@mail.example";
	refused(&b, leaf.cert, "EMAIL_MISMATCH");
	pair_release(&leaf);
	bed_free(&b);
}

static void common_name_is_no_name(void **state)
{
	struct bed b = bed_new();
	struct pair leaf = make("/CN=" HOST, &mid, false, LIST("subjectAltName="), PLAIN);

	(void)state;
	bed_add(&b, &root, true);
	bed_add(&b, &mid, false);
	b.rules.host = HOST;
	refused(&b, leaf.cert, "san-missing");
	b.rules.profile = PROFILE_RFC5280;
	refused(&b, leaf.cert, "HOSTNAME_MISMATCH");
	pair_release(&leaf);
	bed_free(&b);
}

/* --- name constraints --- */

static void constraints_hold_for_every_form(void **state)
{
	static const char sections[] = "[d]\nO=Good\n[e]\nO=Good\nOU=Unit\n[s]\nO=Bad\n";
	static const struct {
		const char *limit, *san, *subject, *ids;
	} cases[] = {
	    {"permitted;DNS:example", "DNS:host.example", "/CN=L", ""},
	    {"permitted;DNS:host.example", "DNS:host.example", "/CN=L", ""},
	    {"permitted;DNS:host.example", "DNS:a.host.example", "/CN=L", ""},
	    {"permitted;DNS:ost.example", "DNS:host.example", "/CN=L", "PERMITTED_VIOLATION"},
	    {"permitted;DNS:a.example,permitted;DNS:b.example", "DNS:b.example", "/CN=L", ""},
	    {"permitted;DNS:a.example,excluded;DNS:x.a.example", "DNS:x.a.example", "/CN=L", "EXCLUDED_VIOLATION"},
	    {"excluded;DNS:example", "DNS:host.example", "/CN=L", "EXCLUDED_VIOLATION"},
	    {"excluded;DNS:other", "DNS:host.example", "/CN=L", ""},
	    {"permitted;DNS:.example", "DNS:host.example", "/CN=L",
	        "UNSUPPORTED_CONSTRAINT_SYNTAX,UNSUPPORTED_NAME_SYNTAX"},
	    {"excluded;DNS:a.b.example", "DNS:*.b.example", "/CN=L", "EXCLUDED_VIOLATION"},
	    {"excluded;DNS:x.a.b.example", "DNS:*.b.example", "/CN=L", ""},
	    {"permitted;DNS:a.b.example", "DNS:*.b.example", "/CN=L", "PERMITTED_VIOLATION"},
	    {"permitted;DNS:b.example", "DNS:*.b.example", "/CN=L", ""},
	    {"permitted;IP:192.0.2.0/255.255.255.0", "IP:192.0.2.9", "/CN=L", ""},
	    {"permitted;IP:192.0.2.0/255.255.255.0", "IP:192.0.3.9", "/CN=L", "PERMITTED_VIOLATION"},
	    {"permitted;IP:192.0.2.0/255.255.255.0", "DNS:host.example", "/CN=L", ""},
	    {"excluded;IP:0.0.0.0/0.0.0.0", "IP:192.0.3.9", "/CN=L", "EXCLUDED_VIOLATION"},
	    {"excluded;IP:0.0.0.0/0.0.0.0", "IP:2001:db8::1", "/CN=L", ""},
	    {"permitted;IP:2001:db8::/ffff:ffff::", "IP:2001:db8::1", "/CN=L", ""},
	    {"permitted;IP:192.0.2.0/255.0.255.0", "DNS:host.example", "/CN=L", "UNSUPPORTED_CONSTRAINT_SYNTAX"},
	    {"permitted;email:mail.example", "email:a@mail.example,DNS:host.example", "/CN=L", ""},
	    {"permitted;email:mail.example", "email:a@x.mail.example,DNS:host.example", "/CN=L",
	        "PERMITTED_VIOLATION"},
	    {"permitted;email:.mail.example", "email:a@x.mail.example,DNS:host.example", "/CN=L", ""},
	    {"permitted;email:a@mail.example", "email:b@mail.example,DNS:host.example", "/CN=L",
	        "PERMITTED_VIOLATION"},
	    {"excluded;email:mail.example", "DNS:host.example", "/CN=L/emailAddress=a@mail.example",
	        "EXCLUDED_VIOLATION"},
	    {"permitted;URI:.web.example", "URI:https://u@a.web.example:8/x,DNS:host.example", "/CN=L", ""},
	    {"permitted;URI:web.example", "URI:https://a.web.example/,DNS:host.example", "/CN=L",
	        "PERMITTED_VIOLATION"},
	    {"permitted;URI:web.example", "URI:urn:x,DNS:host.example", "/CN=L", "UNSUPPORTED_NAME_SYNTAX"},
	    {"permitted;dirName:d", "DNS:host.example", "/O=Good/CN=L", ""},
	    {"permitted;dirName:d", "DNS:host.example", "/O= good /CN=L", ""},
	    {"permitted;dirName:d", "DNS:host.example", "/O=Bad/CN=L", "PERMITTED_VIOLATION"},
	    {"permitted;dirName:e", "DNS:host.example", "/O=Good/CN=L", "PERMITTED_VIOLATION"},
	    {"excluded;dirName:d", "DNS:host.example", "/O=Good/CN=L", "EXCLUDED_VIOLATION"},
	    {"permitted;dirName:d", "dirName:s,DNS:host.example", "/O=Good/CN=L", "PERMITTED_VIOLATION"},
	    {"permitted;otherName:1.2.3;UTF8:x", "otherName:1.2.3;UTF8:x,DNS:host.example", "/CN=L",
	        "UNSUPPORTED_NAME_SYNTAX"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char limit[200], san[200];
		struct bed b = bed_new();

		snprintf(limit, sizeof(limit), "nameConstraints=critical,%s", cases[i].limit);
		snprintf(san, sizeof(san), "subjectAltName=%s", cases[i].san);
		struct pair by = make("/CN=By", &root, true, LIST(limit), (struct issue_spec){.sections = sections});
		struct pair leaf =
		    make(cases[i].subject, &by, false, LIST(san), (struct issue_spec){.sections = sections});
		bed_add(&b, &root, true);
		bed_add(&b, &by, false);
		const char *got = bed_judge(&b, leaf.cert);
		if (strcmp(got, cases[i].ids) != 0)
			fail_msg(
			    "%s against %s: '%s' instead of '%s'", cases[i].limit, cases[i].san, got, cases[i].ids);
		pair_release(&by);
		pair_release(&leaf);
		bed_free(&b);
	}
}

static void constraints_spare_self_issued_authorities(void **state)
{
	struct bed b = bed_new();
	struct pair top = make("/O=Bad", NULL, true, LIST("nameConstraints=critical,permitted;dirName:d"),
	                (struct issue_spec){.sections = "[d]\nO=Good\n"}),
	            again = make("/O=Bad", &top, true, NULL, PLAIN),
	            leaf = make("/O=Good", &again, false, NULL, PLAIN),
	            bad = make("/O=Bad", &again, false, NULL, PLAIN);

	(void)state;
	bed_add(&b, &top, true);
	bed_add(&b, &again, false);
	accepted(&b, leaf.cert);
	refused(&b, bad.cert, "PERMITTED_VIOLATION");
	pair_release(&top);
	pair_release(&again);
	pair_release(&leaf);
	pair_release(&bad);
	bed_free(&b);
}

static void too_many_constraints_are_refused(void **state)
{
	static char limit[60000], san[60000];
	size_t n = (size_t)sprintf(limit, "nameConstraints=critical"),
	       m = (size_t)sprintf(san, "subjectAltName=DNS:a.example");
	struct bed b = bed_new();

	(void)state;
	for (int i = 0; i < 1800; i++)
		n += (size_t)sprintf(limit + n, ",excluded;DNS:x%d.example", i);
	for (int i = 0; i < 1800; i++)
		m += (size_t)sprintf(san + m, ",DNS:y%d.example", i);
	struct pair by = make("/CN=By", &root, true, LIST(limit), PLAIN),
	            leaf = make("/CN=L", &by, false, LIST(san), PLAIN);
	bed_add(&b, &root, true);
	bed_add(&b, &by, false);
	refused(&b, leaf.cert, "UNSPECIFIED");
	pair_release(&by);
	pair_release(&leaf);
	bed_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(leaf_extensions_are_judged),
	    cmocka_unit_test(leaf_fields_are_judged),
	    cmocka_unit_test(purpose_decides_what_is_asked),
	    cmocka_unit_test(authorities_are_judged),
	    cmocka_unit_test(roots_are_judged),
	    cmocka_unit_test(host_is_matched_as_rfc_9525_says),
	    cmocka_unit_test(name_asked_for_must_be_in_it),
	    cmocka_unit_test(common_name_is_no_name),
	    cmocka_unit_test(constraints_hold_for_every_form),
	    cmocka_unit_test(constraints_spare_self_issued_authorities),
	    cmocka_unit_test(too_many_constraints_are_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
