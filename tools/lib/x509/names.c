/* The names that a certificate is for: how they must be written, and whether one is the name that was asked for.
 * RFC 5280 4.2.1.6, RFC 9525 6, BR 7.1.2.7.12 and 7.1.4.3. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "glassnet/addr.h"
#include "glassnet/wire.h"
#include "internal.h"

/* What is wrong with one label; NULL: nothing. strict: as RFC 1123 2.1 has it; otherwise an underscore does no harm. */
static const char *label_syntax(const unsigned char *p, size_t len, bool strict)
{
	if (len == 0)
		return "between two of its dots there is nothing";
	if (len > 63)
		return "one of its parts has more than 63 characters";
	for (size_t i = 0; i < len; i++) {
		if (p[i] == '_' && strict)
			return "it has an underscore, which no host's name may have";
		if (p[i] == '*')
			return "it has a * that is not a whole first part";
		if (p[i] >= 0x80)
			return "it has letters that must be written in ASCII (xn--...)";
		if (!isalnum(p[i]) && p[i] != '-' && p[i] != '_')
			return "it has characters that no host's name may have";
	}
	return strict && (p[0] == '-' || p[len - 1] == '-') ? "one of its parts begins or ends with a hyphen" : NULL;
}

const char *dns_syntax(const unsigned char *p, size_t len, bool strict)
{
	const unsigned char *end = p + len;

	if (len == 0)
		return "it is empty";
	if (len > 253)
		return "it has more than 253 characters";
	if (end[-1] == '.')
		return "it ends with a dot";
	if (p[0] == '*' && (len == 1 || p[1] == '.')) {
		if (len < 3)
			return "it is a * alone, which would be every name";
		p += 2;
		if (strict && !memchr(p, '.', (size_t)(end - p)))
			return "its * stands for everything below a top-level domain";
	}
	for (;;) {
		const unsigned char *dot = memchr(p, '.', (size_t)(end - p)), *stop = dot ? dot : end;
		const char *wrong = label_syntax(p, (size_t)(stop - p), strict);

		if (wrong || !dot)
			return wrong;
		p = dot + 1;
	}
}

bool x509_name_matches(const char *pattern, size_t len, const char *host)
{
	size_t n = strlen(host);

	if (n > 1 && host[n - 1] == '.') /* as DNS writes a whole name */
		n--;
	if (len == 0 || n == 0 || dns_syntax((const unsigned char *)pattern, len, false))
		return false;
	if (pattern[0] == '*') {
		const char *dot = memchr(host, '.', n);

		if (!dot || dot == host)
			return false;
		n -= (size_t)(dot - host);
		host = dot;
		pattern++;
		len--;
	}
	return n == len && strncasecmp(pattern, host, n) == 0;
}

/* --- how they must be written --- */

static void dns_rules(struct judge *j, const ASN1_STRING *s)
{
	const char *wrong = dns_syntax(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s), web(j));
	char text[128];

	if (!wrong)
		return;
	escape_text(text, sizeof(text), ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
	judge_fail(j, Q_FORM, 0, "X509_V_ERR_UNSUPPORTED_NAME_SYNTAX", "RFC 5280 4.2.1.6",
	    "the name \"%s\" in it is no host's name: %s", text, wrong);
}

/* A common name that reads like a host's name or an address. */
static bool reads_like_host(const char *cn, size_t len)
{
	bool dotted = memchr(cn, '.', len) != NULL, colon = memchr(cn, ':', len) != NULL, hex = true;

	size_t digits = strspn(cn, "0123456789"), x = len > 2 && cn[0] == '0' && (cn[1] | 32) == 'x' ? 2 : 0;
	if (digits == len ||
	    (x && strspn(cn + x, "0123456789abcdefABCDEF") == len - x)) /* an address as one number */
		return true;
	if (memchr(cn, ' ', len) || (!dotted && !colon))
		return false;
	for (size_t i = 0; i < len; i++)
		hex = hex && (isxdigit((unsigned char)cn[i]) || cn[i] == ':' || cn[i] == '.');
	return colon ? hex : true;
}

static bool same_name(const GENERAL_NAME *g, const char *cn, size_t len)
{
	char ip[IP_TEXT];

	if (g->type == GEN_DNS)
		return (size_t)ASN1_STRING_length(g->d.dNSName) == len &&
		       memcmp(ASN1_STRING_get0_data(g->d.dNSName), cn, len) == 0;
	if (g->type == GEN_EMAIL)
		return (size_t)ASN1_STRING_length(g->d.rfc822Name) == len &&
		       memcmp(ASN1_STRING_get0_data(g->d.rfc822Name), cn, len) == 0;
	if (g->type != GEN_IPADD)
		return false;
	int n = ASN1_STRING_length(g->d.iPAddress);
	if (n != 4 && n != 16)
		return false;
	struct ip a = ip_from(n == 4 ? 4 : 6, ASN1_STRING_get0_data(g->d.iPAddress));
	ip_text(ip, &a);
	return strlen(ip) == len && memcmp(ip, cn, len) == 0;
}

/* BR 7.1.4.3: where the common name still claims a host's name, that name is one of the alternative names, to the
 * letter. It is never used to prove a name. */
static void common_name_rule(struct judge *j)
{
	X509_NAME *subject = X509_get_subject_name(j->c[0]->x);
	int i = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
	unsigned char *cn = NULL;
	bool found = false;
	char text[128];

	if (i < 0)
		return;
	int n = ASN1_STRING_to_UTF8(&cn, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, i)));
	if (n > 0 && reads_like_host((const char *)cn, (size_t)n)) {
		for (int k = 0; k < sk_GENERAL_NAME_num(j->c[0]->names) && !found; k++)
			found = same_name(sk_GENERAL_NAME_value(j->c[0]->names, k), (const char *)cn, (size_t)n);
		if (!found)
			judge_fail(j, Q_FORM, 0, "common-name-not-in-san", "BR 7.1.4.3",
			    "its common name claims %s, which is, to the letter, none of the names that it is for",
			    escape_text(text, sizeof(text), cn, (size_t)n));
	}
	OPENSSL_free(cn);
}

#define ALT_NAMES_MAX 20000

void judge_alt_names(struct judge *j)
{
	const struct cert *c = j->c[0];
	int n = sk_GENERAL_NAME_num(c->names);

	if (!cert_has(c, EXT_ALT_NAME)) {
		if (web(j) && !cert_is_old(c) && j->rules->use == USE_SERVER)
			judge_fail(j, Q_FORM, 0, "san-missing", "BR 7.1.2.7.12",
			    "it names no host at all (no subject alternative name); the common name in its subject "
			    "does not "
			    "count");
		return;
	}
	for (int i = 0; i < n && i < ALT_NAMES_MAX; i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(c->names, i);

		if (g->type == GEN_DNS)
			dns_rules(j, g->d.dNSName);
		else if (g->type == GEN_IPADD && ASN1_STRING_length(g->d.iPAddress) != 4 &&
		         ASN1_STRING_length(g->d.iPAddress) != 16)
			judge_fail(j, Q_FORM, 0, "X509_V_ERR_UNSUPPORTED_NAME_SYNTAX", "RFC 5280 4.2.1.6",
			    "an address in it has %d octets; there are 4 or 16", ASN1_STRING_length(g->d.iPAddress));
	}
	if (n > ALT_NAMES_MAX)
		judge_fail(j, Q_FORM, 0, "too-many-names", "RFC 5280 4.2.1.6",
		    "it has %d names, more than are looked at", n);
	if (!web(j))
		return;
	if (cert_critical(c, EXT_ALT_NAME) && X509_NAME_entry_count(X509_get_subject_name(c->x)) > 0)
		judge_fail(j, Q_CRITICALS, 0, "san-critical", "BR 7.1.2.7.12",
		    "its names are marked critical, which is for certificates with an empty subject");
	if (j->rules->use == USE_SERVER)
		common_name_rule(j);
}

/* --- the name that was asked for --- */

static bool ip_listed(const struct cert *c, const struct ip *ip)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(c->names); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(c->names, i);
		int n = ip->family == 4 ? 4 : 16;

		if (g->type == GEN_IPADD && ASN1_STRING_length(g->d.iPAddress) == n &&
		    memcmp(ASN1_STRING_get0_data(g->d.iPAddress), ip->b, (size_t)n) == 0)
			return true;
	}
	return false;
}

static bool host_listed(const struct cert *c, const char *host)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(c->names); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(c->names, i);

		if (g->type == GEN_DNS && x509_name_matches((const char *)ASN1_STRING_get0_data(g->d.dNSName),
		                              (size_t)ASN1_STRING_length(g->d.dNSName), host))
			return true;
	}
	return false;
}

/* RFC 5280 4.2.1.6: what stands before the @ counts to the letter, the host does not. */
static bool same_mailbox(const char *a, size_t n, const char *b)
{
	const char *at = memrchr(a, '@', n), *bt = strrchr(b, '@');

	return at && bt && n == strlen(b) && at - a == bt - b && memcmp(a, b, (size_t)(at - a)) == 0 &&
	       strncasecmp(at, bt, n - (size_t)(at - a)) == 0;
}

static bool email_listed(const struct cert *c, const char *email)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(c->names); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(c->names, i);

		if (g->type == GEN_EMAIL && same_mailbox((const char *)ASN1_STRING_get0_data(g->d.rfc822Name),
		                                (size_t)ASN1_STRING_length(g->d.rfc822Name), email))
			return true;
	}
	return false;
}

static void name_verdict(struct judge *j, bool yes, const char *asked, const char *id, const struct x509_info *info)
{
	if (yes)
		judge_pass(j, Q_FOR_NAME, "RFC 9525 6", "asked for %s, and it is for %s", asked, info->names);
	else if (!info->names[0])
		judge_fail(j, Q_FOR_NAME, 0, id, "RFC 9525 6.3",
		    "asked for %s; the certificate names no host at all (the common name in its subject, %s, does "
		    "not count)",
		    asked, info->name);
	else
		judge_fail(j, Q_FOR_NAME, 0, id, "RFC 9525 6.3",
		    "asked for %s, but it is a certificate for someone else: it is for %s", asked, info->names);
}

void judge_names(struct judge *j)
{
	const struct path_rules *r = j->rules;
	const struct cert *c = j->c[0];
	const char *address = r->ip;
	struct x509_info info;
	struct ip ip;

	if (web(j) && !cert_has(c, EXT_ALT_NAME) && r->use == USE_SERVER && (r->host || r->ip || r->email)) {
		judge_skip(j, Q_FOR_NAME, "RFC 9525 6", "it is for no name at all");
		return;
	}
	if (r->host || r->ip || r->email)
		x509_info_from(&info, c->x);
	if (r->host && ip_parse(&ip, r->host) == ERR_OK)
		address = r->host;
	else if (r->host)
		name_verdict(j, host_listed(c, r->host), r->host, "X509_V_ERR_HOSTNAME_MISMATCH", &info);
	if (address)
		name_verdict(j, ip_parse(&ip, address) == ERR_OK && ip_listed(c, &ip), address,
		    "X509_V_ERR_IP_ADDRESS_MISMATCH", &info);
	if (r->email)
		name_verdict(j, email_listed(c, r->email), r->email, "X509_V_ERR_EMAIL_MISMATCH", &info);
	if (!r->host && !r->ip && !r->email)
		judge_skip(j, Q_FOR_NAME, "RFC 9525 6", "nobody asked for a certain name");
}
