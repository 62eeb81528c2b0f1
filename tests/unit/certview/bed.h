/* A small world of certificates for a test: a root, an authority, and what it needs beside them. Any step that fails
 * fails the test. */
#ifndef TEST_CERTVIEW_BED_H
#define TEST_CERTVIEW_BED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "certview/issue.h"
#include "events.h"

#define NOW  1700000000
#define DAY  86400
#define HOST "host.example"

static struct trouble trouble;

/* An authority's certificate; more replaces or adds extensions, and ends with NULL. */
static struct pair make(
    const char *subject, const struct pair *by, bool ca, const char *const *more, struct issue_spec s)
{
	static const char *const of_ca[] = {"basicConstraints=critical,CA:TRUE",
	    "keyUsage=critical,keyCertSign,cRLSign", "subjectKeyIdentifier=hash"};
	static const char *const of_leaf[] = {"basicConstraints=critical,CA:FALSE",
	    "keyUsage=critical,digitalSignature", "subjectKeyIdentifier=hash", "extendedKeyUsage=serverAuth",
	    ("subjectAltName=DNS:" HOST)};
	const char *const *usual = ca ? of_ca : of_leaf;
	size_t n = ca ? 3 : 5, i = 0;
	struct pair out;

	for (; i < n; i++)
		s.extension[i] = usual[i];
	if (by)
		s.extension[i++] = "authorityKeyIdentifier=keyid";
	for (size_t k = 0; more && more[k]; k++)
		s.extension[i++] = more[k];
	s.subject = subject;
	s.issuer = by;
	s.from = s.from ? s.from : NOW - 10 * DAY;
	s.to = s.to ? s.to : NOW + 10 * DAY;
	if (issue(&out, &s, &trouble) != ERR_OK)
		fail_msg("%s: %s (%s)", subject, trouble.text, more ? more[0] : "");
	return out;
}

#define LIST(...)                                                                                                    \
	(const char *const[])                                                                                        \
	{                                                                                                            \
		__VA_ARGS__, NULL                                                                                    \
	}
#define PLAIN                                                                                                        \
	(struct issue_spec)                                                                                          \
	{                                                                                                            \
		0                                                                                                    \
	}

static struct pair root, mid; /* the trusted root, and the authority below it */

static int setup(void **state)
{
	(void)state;
	root = make("/CN=Root", NULL, true, NULL, PLAIN);
	mid = make("/CN=Mid", &root, true, NULL, PLAIN);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	pair_release(&root);
	pair_release(&mid);
	return 0;
}

struct bed {
	struct path_store *store;
	struct path_rules rules;
};

static struct bed bed_new(void)
{
	struct bed b = {.store = path_store_new(), .rules = {.at = NOW, .max_depth = -1}};

	assert_non_null(b.store);
	return b;
}

static void bed_add(struct bed *b, const struct pair *p, bool trusted)
{
	X509 *one = p->cert;

	assert_int_equal(path_store_add(b->store, &(struct cert_set){.x = &one, .n = 1}, trusted), ERR_OK);
}

/* The failed checks, as "a,b"; "" where the leaf was accepted. */
static const char *bed_judge(struct bed *b, X509 *leaf)
{
	static char text[1024];
	struct path_result r;
	enum err e = path_verify(b->store, leaf, &b->rules, NULL, &r);

	text[0] = '\0';
	for (size_t i = 0; i < r.n_checks; i++)
		if (r.check[i].verdict == VERDICT_FAIL)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", text[0] ? "," : "",
			    strncmp(r.check[i].id, "X509_V_ERR_", 11) == 0 ? r.check[i].id + 11 : r.check[i].id);
	assert_true(e == ERR_OK || e == ERR_NEGATIVE);
	assert_int_equal(e == ERR_OK, text[0] == '\0');
	assert_int_equal(r.accepted, e == ERR_OK);
	path_result_release(&r);
	return text;
}

#define refused(bed, leaf, ids) assert_string_equal(bed_judge(bed, leaf), ids)
#define accepted(bed, leaf)     refused(bed, leaf, "")

static void bed_free(struct bed *b)
{
	path_store_free(b->store);
}

#endif
