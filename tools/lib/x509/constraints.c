/* Name constraints: an authority that may only sign for some names. RFC 5280 4.2.1.10 and 6.1.3 (b), (c).
 *
 * A name must lie in one of the permitted subtrees of its form, where there are any, and in none of the excluded ones.
 * A wildcard stands for many names: all of them must be permitted, and none excluded. Names that cannot be read, and
 * forms that are not known here, are refused where a constraint speaks of them. */
#include <stdio.h>
#include <string.h>

#include "glassnet/addr.h"
#include "glassnet/wire.h"
#include "internal.h"

#define COMPARISONS_MAX (1u << 20) /* names times subtrees, in one path */

enum fit { FIT_NO, FIT_YES, FIT_BAD }; /* bad: one of the two cannot be read */

struct text {
	const char *p;
	size_t n;
};

static struct text text_of(const ASN1_STRING *s)
{
	return (struct text){(const char *)ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s)};
}

static bool ends_with(struct text t, struct text tail)
{
	return t.n >= tail.n && strncasecmp(t.p + t.n - tail.n, tail.p, tail.n) == 0;
}

static bool same(struct text a, struct text b)
{
	return a.n == b.n && strncasecmp(a.p, b.p, a.n) == 0;
}

static bool readable(struct text t)
{
	return dns_syntax((const unsigned char *)t.p, t.n, false) == NULL;
}

/* Is host within the domain base, base itself included? */
static bool within(struct text host, struct text base)
{
	return base.n == 0 || same(host, base) ||
	       (host.n > base.n && host.p[host.n - base.n - 1] == '.' && ends_with(host, base));
}

/* --- host names --- */

static enum fit dns_fits(struct text name, struct text base, bool excluded)
{
	bool wild = name.n > 2 && name.p[0] == '*';

	if (!readable(name) || (base.n && (!readable(base) || base.p[0] == '*')))
		return FIT_BAD;
	if (!wild)
		return within(name, base) ? FIT_YES : FIT_NO;
	struct text parent = {name.p + 2, name.n - 2};
	if (within(parent, base))
		return FIT_YES;
	if (!excluded)
		return FIT_NO;
	/* "*.b" may stand for "a.b", which is what the subtree says */
	const char *dot = memchr(base.p, '.', base.n);
	struct text above = dot ? (struct text){dot + 1, base.n - (size_t)(dot + 1 - base.p)} : (struct text){"", 0};
	return dot && same(above, parent) ? FIT_YES : FIT_NO;
}

/* "host", ".domain" (what is below it) for mail and URIs. */
static bool host_fits(struct text host, struct text base)
{
	if (base.n && base.p[0] == '.')
		return host.n > base.n && ends_with(host, base);
	return same(host, base);
}

static enum fit email_fits(struct text name, struct text base)
{
	const char *at = memrchr(name.p, '@', name.n), *base_at = memrchr(base.p, '@', base.n);

	if (!at || at == name.p || at + 1 == name.p + name.n || memchr(name.p, 0, name.n))
		return FIT_BAD;
	struct text host = {at + 1, name.n - (size_t)(at + 1 - name.p)};
	if (!readable(host))
		return FIT_BAD;
	if (base.n == 0)
		return FIT_YES;
	if (!base_at) {
		struct text bare = base.p[0] == '.' ? (struct text){base.p + 1, base.n - 1} : base;
		return !readable(bare) ? FIT_BAD : host_fits(host, base) ? FIT_YES : FIT_NO;
	}
	struct text base_host = {base_at + 1, base.n - (size_t)(base_at + 1 - base.p)};
	return at - name.p == base_at - base.p && memcmp(name.p, base.p, (size_t)(at - name.p)) == 0 &&
	               same(host, base_host)
	           ? FIT_YES
	           : FIT_NO;
}

/* The host of "scheme://user@host:port/path" (RFC 3986 3.2.2). n 0: there is none, or it is an address. */
static struct text uri_host(struct text uri)
{
	const struct text none = {"", 0};
	const char *p = memmem(uri.p, uri.n, "://", 3), *end = uri.p + uri.n, *stop;
	struct ip ip;
	char host[256];

	if (!p || memchr(uri.p, 0, uri.n))
		return none;
	p += 3;
	for (stop = p; stop < end && !strchr("/?#", *stop); stop++)
		;
	end = stop;
	const char *at = memrchr(p, '@', (size_t)(end - p));
	p = at ? at + 1 : p;
	const char *colon = memchr(p, ':', (size_t)(end - p));
	end = colon ? colon : end;
	if (end == p || *p == '[' || end - p >= (ptrdiff_t)sizeof(host))
		return none;
	memcpy(host, p, (size_t)(end - p));
	host[end - p] = '\0';
	return ip_parse(&ip, host) == ERR_OK ? none : (struct text){p, (size_t)(end - p)};
}

static enum fit uri_fits(struct text name, struct text base)
{
	struct text host = uri_host(name), bare = base;

	if (base.n && base.p[0] == '.')
		bare = (struct text){base.p + 1, base.n - 1};
	if (!host.n || !readable(host) || (bare.n && !readable(bare)))
		return FIT_BAD;
	return base.n == 0 || host_fits(host, base) ? FIT_YES : FIT_NO;
}

/* --- addresses --- */

/* A mask is a run of ones and then zeros (RFC 4632). */
static bool is_mask(const unsigned char *p, size_t n)
{
	bool over = false;

	for (size_t i = 0; i < n * 8; i++) {
		bool one = (p[i / 8] >> (7 - i % 8) & 1) != 0;

		if (one && over)
			return false;
		over = over || !one;
	}
	return true;
}

static enum fit ip_fits(const ASN1_STRING *name, const ASN1_STRING *base)
{
	const unsigned char *a = ASN1_STRING_get0_data(name), *b = ASN1_STRING_get0_data(base);
	int n = ASN1_STRING_length(name), m = ASN1_STRING_length(base);

	if ((n != 4 && n != 16) || (m != 8 && m != 32) || !is_mask(b + m / 2, (size_t)m / 2))
		return FIT_BAD;
	if (m != 2 * n)
		return FIT_NO;
	for (int i = 0; i < n; i++)
		if ((a[i] ^ b[i]) & b[n + i])
			return FIT_NO;
	return FIT_YES;
}

/* --- directory names --- */

/* Does name begin with the parts of base? */
static enum fit directory_fits(const X509_NAME *name, const X509_NAME *base)
{
	int n = X509_NAME_entry_count(name), m = X509_NAME_entry_count(base);

	if (m == 0)
		return FIT_YES;
	if (n < m)
		return FIT_NO;
	X509_NAME *head = X509_NAME_new();
	enum fit f = head ? FIT_YES : FIT_BAD;
	for (int i = 0; f == FIT_YES && i < m; i++) {
		const X509_NAME_ENTRY *e = X509_NAME_get_entry(name, i);
		int set =
		    i > 0 && X509_NAME_ENTRY_set(e) == X509_NAME_ENTRY_set(X509_NAME_get_entry(name, i - 1)) ? -1 : 0;

		if (!X509_NAME_add_entry(head, e, -1, set))
			f = FIT_BAD;
	}
	/* a part of several values must be there as a whole */
	if (f == FIT_YES && n > m &&
	    X509_NAME_ENTRY_set(X509_NAME_get_entry(name, m)) ==
	        X509_NAME_ENTRY_set(X509_NAME_get_entry(name, m - 1)))
		f = FIT_NO;
	if (f == FIT_YES)
		f = X509_NAME_cmp(head, base) == 0 ? FIT_YES : FIT_NO;
	X509_NAME_free(head);
	return f;
}

/* --- one name against one subtree --- */

static enum fit fits(const GENERAL_NAME *name, const GENERAL_NAME *base, bool excluded)
{
	switch (name->type) {
	case GEN_DNS:
		return dns_fits(text_of(name->d.dNSName), text_of(base->d.dNSName), excluded);
	case GEN_EMAIL:
		return email_fits(text_of(name->d.rfc822Name), text_of(base->d.rfc822Name));
	case GEN_URI:
		return uri_fits(
		    text_of(name->d.uniformResourceIdentifier), text_of(base->d.uniformResourceIdentifier));
	case GEN_IPADD:
		return ip_fits(name->d.iPAddress, base->d.iPAddress);
	case GEN_DIRNAME:
		return directory_fits(name->d.directoryName, base->d.directoryName);
	default:
		return FIT_BAD;
	}
}

struct limits {
	struct judge *j;
	size_t by; /* the certificate with the constraints */
	const NAME_CONSTRAINTS *nc;
	unsigned *work;
};

static void name_for_people(char *out, size_t cap, const GENERAL_NAME *g)
{
	const ASN1_STRING *s = g->type == GEN_DNS     ? g->d.dNSName
	                       : g->type == GEN_EMAIL ? g->d.rfc822Name
	                       : g->type == GEN_URI   ? g->d.uniformResourceIdentifier
	                                              : NULL;
	BIO *b = s ? NULL : BIO_new(BIO_s_mem());
	char *p = NULL;

	if (s) {
		escape_text(out, cap, ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
		return;
	}
	if (b)
		GENERAL_NAME_print(b, (GENERAL_NAME *)g);
	long n = b ? BIO_get_mem_data(b, &p) : 0;
	escape_text(out, cap, p ? p : "", n > 0 ? (size_t)n : 0);
	BIO_free(b);
}

static void broken(struct limits *l, size_t i, const GENERAL_NAME *name, const char *id, const char *what)
{
	char text[120], by[96];

	name_for_people(text, sizeof(text), name);
	x509_short_name(by, sizeof(by), l->j->c[l->by]->x);
	judge_fail(l->j, Q_CONSTRAINED, (int)i, id, "RFC 5280 4.2.1.10", "%s %s (%s)", by, what, text);
}

/* False: the work is over its limit. */
static bool one_name(struct limits *l, size_t i, const GENERAL_NAME *name)
{
	bool asked = false, permitted = false, bad = false, excluded = false;

	for (int k = 0; k < sk_GENERAL_SUBTREE_num(l->nc->permittedSubtrees) && !permitted; k++) {
		const GENERAL_NAME *base = sk_GENERAL_SUBTREE_value(l->nc->permittedSubtrees, k)->base;

		if (++*l->work > COMPARISONS_MAX)
			return false;
		if (base->type != name->type)
			continue;
		enum fit f = fits(name, base, false);
		asked = true;
		permitted = f == FIT_YES;
		bad = bad || f == FIT_BAD;
	}
	for (int k = 0; k < sk_GENERAL_SUBTREE_num(l->nc->excludedSubtrees) && !excluded; k++) {
		const GENERAL_NAME *base = sk_GENERAL_SUBTREE_value(l->nc->excludedSubtrees, k)->base;

		if (++*l->work > COMPARISONS_MAX)
			return false;
		if (base->type != name->type)
			continue;
		enum fit f = fits(name, base, true);
		excluded = f == FIT_YES;
		bad = bad || f == FIT_BAD;
	}
	if (excluded)
		broken(l, i, name, "X509_V_ERR_EXCLUDED_VIOLATION", "is barred from issuing for this name");
	else if (bad)
		broken(l, i, name, "X509_V_ERR_UNSUPPORTED_NAME_SYNTAX",
		    "has limits to its names, and whether this one keeps them cannot be told");
	else if (asked && !permitted)
		broken(l, i, name, "X509_V_ERR_PERMITTED_VIOLATION", "may not issue for this name");
	return true;
}

/* RFC 5280 4.2.1.10: where there is no mail address among the alternative names, those in the subject count. */
static bool subject_mail(struct limits *l, size_t i)
{
	X509_NAME *subject = X509_get_subject_name(l->j->c[i]->x);
	int at = -1;

	while ((at = X509_NAME_get_index_by_NID(subject, NID_pkcs9_emailAddress, at)) >= 0) {
		ASN1_STRING *s = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
		GENERAL_NAME g = {.type = GEN_EMAIL, .d.rfc822Name = s};

		if (!one_name(l, i, &g))
			return false;
	}
	return true;
}

static bool names_of(struct limits *l, size_t i)
{
	const struct cert *c = l->j->c[i];
	X509_NAME *subject = X509_get_subject_name(c->x);
	GENERAL_NAME g = {.type = GEN_DIRNAME, .d.directoryName = subject};
	bool mail = false;

	if (X509_NAME_entry_count(subject) > 0 && !one_name(l, i, &g))
		return false;
	for (int k = 0; k < sk_GENERAL_NAME_num(c->names); k++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(c->names, k);

		mail = mail || name->type == GEN_EMAIL;
		if (!one_name(l, i, name))
			return false;
	}
	return mail || subject_mail(l, i);
}

/* --- the constraints themselves --- */

static const char *base_wrong(const GENERAL_NAME *g)
{
	struct text t;
	int n;

	switch (g->type) {
	case GEN_DNS:
		t = text_of(g->d.dNSName);
		if (t.n && t.p[0] == '.')
			return "a host's name that begins with a dot";
		return t.n && (t.p[0] == '*' || !readable(t)) ? "something that is no host's name" : NULL;
	case GEN_IPADD:
		n = ASN1_STRING_length(g->d.iPAddress);
		if (n != 8 && n != 32)
			return "an address without its mask";
		return is_mask(ASN1_STRING_get0_data(g->d.iPAddress) + n / 2, (size_t)n / 2)
		           ? NULL
		           : "an address with a mask with holes";
	default:
		return NULL;
	}
}

static void tree_form(struct judge *j, size_t i, const STACK_OF(GENERAL_SUBTREE) * trees)
{
	for (int k = 0; k < sk_GENERAL_SUBTREE_num(trees) && k < 1000; k++) {
		const GENERAL_SUBTREE *s = sk_GENERAL_SUBTREE_value(trees, k);
		const char *wrong = base_wrong(s->base);

		if (wrong)
			judge_fail(j, Q_CONSTRAINED, (int)i, "X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX",
			    "RFC 5280 4.2.1.10", "its name constraints hold %s", wrong);
		if (s->maximum || (s->minimum && ASN1_INTEGER_get(s->minimum) != 0))
			judge_fail(j, Q_CONSTRAINED, (int)i, "X509_V_ERR_SUBTREE_MINMAX", "RFC 5280 4.2.1.10",
			    "its name constraints count levels (minimum, maximum), which nobody uses");
	}
}

static void constraint_form(struct judge *j, size_t i)
{
	const NAME_CONSTRAINTS *nc = j->c[i]->constraints;

	if (sk_GENERAL_SUBTREE_num(nc->permittedSubtrees) <= 0 && sk_GENERAL_SUBTREE_num(nc->excludedSubtrees) <= 0)
		judge_fail(j, Q_CONSTRAINED, (int)i, "name-constraints-empty", "RFC 5280 4.2.1.10",
		    "its name constraints say nothing: neither permitted nor excluded names are in them");
	tree_form(j, i, nc->permittedSubtrees);
	tree_form(j, i, nc->excludedSubtrees);
}

void judge_constraints(struct judge *j)
{
	unsigned work = 0, constrained = 0;

	for (size_t by = j->n; by-- > 1;) {
		struct limits l = {.j = j, .by = by, .nc = j->c[by]->constraints, .work = &work};

		if (!l.nc)
			continue;
		constrained++;
		constraint_form(j, by);
		for (size_t i = 0; i < by; i++) {
			/* an authority may issue to itself, to change its key */
			if (i > 0 && j->c[i]->self_issued)
				continue;
			if (!names_of(&l, i)) {
				judge_fail(j, Q_CONSTRAINED, (int)i, "X509_V_ERR_UNSPECIFIED", "RFC 5280 4.2.1.10",
				    "so many names and so many limits to them that comparing them all would take too "
				    "long");
				return;
			}
		}
	}
	if (constrained)
		judge_pass(j, Q_CONSTRAINED, "RFC 5280 4.2.1.10",
		    "%u of the authorities may only issue for certain names, and kept to that", constrained);
	else
		judge_pass(j, Q_CONSTRAINED, "RFC 5280 4.2.1.10", "no authority in the path has such limits");
}
