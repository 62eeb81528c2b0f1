/* The animals, and how they are made: each is a good certificate but for one thing. */
#include "zoo.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#define DAY 86400

#define SAN_AND(more) "subjectAltName=DNS:@," more

const struct animal zoo_animals[] = {
    {.name = "good", .sentence = "Nothing is wrong with this one: the others are measured against it."},
    {.name = "expired",
        .reason = "X509_V_ERR_CERT_HAS_EXPIRED",
        .sentence =
            "Its last day is over. Nobody keeps watch over a key for ever: after the last day a stolen one is not "
            "even on the list of those taken back.",
        .from_days = -90,
        .to_days = -2},
    {.name = "not-yet-valid",
        .reason = "X509_V_ERR_CERT_NOT_YET_VALID",
        .sentence = "Its first day is still to come. Often it is the clock of the client that is wrong.",
        .from_days = 5,
        .to_days = 95},
    {.name = "wrong-host",
        .reason = "X509_V_ERR_HOSTNAME_MISMATCH",
        .sentence = "It is a good certificate, for somebody else. Anyone can have one for a name of his own.",
        .subject = "other." ZOO_DOMAIN,
        .ext = {"subjectAltName=DNS:other." ZOO_DOMAIN}},
    {.name = "self-signed",
        .reason = "X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT",
        .sentence = "It is signed with its own key: nobody vouches for it but itself.",
        .under = UNDER_NOBODY},
    {.name = "untrusted-root",
        .reason = "X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN",
        .sentence = "It leads to a root that nobody has agreed to trust. Anyone can make a root.",
        .under = UNDER_STRANGER,
        .sends = SEND_ROOT_TOO},
    {.name = "incomplete-chain",
        .reason = "X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
        .sentence =
            "The server does not send the certificate of the authority in between. It works where a client has "
            "seen that one before, and nowhere else.",
        .sends = SEND_LEAF},
    {.name = "reversed",
        .reason = "chain-order",
        .sentence =
            "The server sends its chain in the wrong order: each certificate has to be followed by the one that "
            "signed it. Some clients sort it, others give up.",
        .sends = SEND_REVERSED},
    {.name = "revoked",
        .reason = "X509_V_ERR_CERT_REVOKED",
        .sentence =
            "The authority has taken it back: its key was stolen. Only a client that asks (a CRL, OCSP) learns "
            "that.",
        .revoked = true},
    {.name = "leaf-as-ca",
        .reason = "X509_V_ERR_INVALID_CA",
        .sentence = "It is signed by the owner of an ordinary certificate. If that counted, everybody with a "
                    "certificate could make one for any name.",
        .under = UNDER_LEAF},
    {.name = "ca-as-leaf",
        .reason = "X509_V_ERR_INVALID_NON_CA",
        .sentence = "A server has an authority's certificate: whoever breaks into the server can issue for any name.",
        .ext = {"basicConstraints=critical,CA:TRUE", "keyUsage=critical,digitalSignature,keyCertSign"}},
    {.name = "not-permitted",
        .reason = "X509_V_ERR_PERMITTED_VIOLATION",
        .sentence = "Its authority may issue for names below shop.example only (name constraints), and this is none.",
        .under = UNDER_OTHER_MID,
        .mid_ext = {"nameConstraints=critical,permitted;DNS:shop.example"}},
    {.name = "excluded",
        .reason = "X509_V_ERR_EXCLUDED_VIOLATION",
        .sentence = "Its authority may issue for any name but those below " ZOO_DOMAIN " (name constraints).",
        .under = UNDER_OTHER_MID,
        .mid_ext = {"nameConstraints=critical,excluded;DNS:" ZOO_DOMAIN}},
    {.name = "excluded-by-wildcard",
        .reason = "X509_V_ERR_EXCLUDED_VIOLATION",
        .sentence =
            "Its authority is barred from secret." ZOO_DOMAIN ", and a wildcard in it would stand for just that.",
        .under = UNDER_OTHER_MID,
        .mid_ext = {"nameConstraints=critical,excluded;DNS:secret." ZOO_DOMAIN},
        .ext = {SAN_AND("DNS:*." ZOO_DOMAIN)}},
    {.name = "empty-constraints",
        .reason = "name-constraints-empty",
        .sentence = "Its authority has name constraints that say nothing: a limit was meant, and nobody knows which.",
        .under = UNDER_OTHER_MID,
        .mid_ext = {"nameConstraints=critical,DER:3000"}},
    {.name = "constraints-in-leaf",
        .reason = "name-constraints-in-leaf",
        .sentence = "It limits the names that it may issue for, and it may not issue at all.",
        .ext = {"nameConstraints=critical,permitted;DNS:" ZOO_DOMAIN}},
    {.name = "rsa-1024",
        .reason = "X509_V_ERR_EE_KEY_TOO_SMALL",
        .sentence = "Its RSA key has 1024 bits: those who can spend a lot can break it.",
        .key = "RSA-1024"},
    {.name = "rsa-odd-size",
        .reason = "rsa-size-odd",
        .sentence = "Its RSA key has 2052 bits, no multiple of 8: a sign that the key was made carelessly.",
        .key = "RSA-2052"},
    {.name = "weak-curve",
        .reason = "X509_V_ERR_EE_KEY_TOO_SMALL",
        .sentence = "Its key lies on a curve of 192 bits, which is too small.",
        .key = "P-192"},
    {.name = "other-curve",
        .reason = "X509_V_ERR_EE_KEY_TOO_SMALL",
        .sentence = "Its key lies on a curve that is not among those agreed on for the web.",
        .key = "secp256k1"},
    {.name = "sha1",
        .reason = "X509_V_ERR_CA_MD_TOO_WEAK",
        .sentence = "It is signed over SHA-1, for which two texts with one fingerprint have been made.",
        .digest = "SHA1"},
    {.name = "md5",
        .reason = "X509_V_ERR_CA_MD_TOO_WEAK",
        .sentence = "It is signed over MD5. In 2008 a false authority was made that way.",
        .digest = "MD5",
        .under = UNDER_OTHER_MID,
        .mid_ext = {"key=RSA-2048"}}, /* there is no ECDSA over MD5 */
    {.name = "wrong-purpose",
        .reason = "X509_V_ERR_INVALID_PURPOSE",
        .sentence = "It was issued for clients, not for servers (extended key usage).",
        .ext = {"extendedKeyUsage=clientAuth"}},
    {.name = "no-purpose",
        .reason = "eku-missing",
        .sentence = "It does not say what it is for. On the web it has to.",
        .ext = {"extendedKeyUsage="}},
    {.name = "any-purpose",
        .reason = "eku-any",
        .sentence = "It says that it is for anything, which is no limit at all.",
        .ext = {"extendedKeyUsage=serverAuth,anyExtendedKeyUsage"}},
    {.name = "critical-purpose",
        .reason = "eku-critical",
        .sentence = "Its extended key usage is marked critical, which the rules of the web forbid.",
        .ext = {"extendedKeyUsage=critical,serverAuth"}},
    {.name = "wrong-key-usage",
        .reason = "X509_V_ERR_INVALID_PURPOSE",
        .sentence = "Its key may sign lists of revoked certificates, and nothing else (key usage).",
        .ext = {"keyUsage=critical,cRLSign"}},
    {.name = "no-names",
        .reason = "san-missing",
        .sentence =
            "It has a name in its subject only (common name). That has not counted since 2000, and no browser has "
            "looked at it since 2017.",
        .ext = {"subjectAltName="}},
    {.name = "common-name-only",
        .reason = "common-name-not-in-san",
        .sentence = "Its common name claims a host that is not among the names that it is for.",
        .subject = "elsewhere." ZOO_DOMAIN},
    {.name = "partial-wildcard",
        .reason = "X509_V_ERR_UNSUPPORTED_NAME_SYNTAX",
        .sentence = "One of its names is w*." ZOO_DOMAIN ". A wildcard has to be the whole first part.",
        .ext = {SAN_AND("DNS:w*." ZOO_DOMAIN)}},
    {.name = "top-wildcard",
        .reason = "X509_V_ERR_UNSUPPORTED_NAME_SYNTAX",
        .sentence = "One of its names is *.example: that is everybody's.",
        .ext = {SAN_AND("DNS:*.example")}},
    {.name = "deep.wildcard",
        .reason = "X509_V_ERR_HOSTNAME_MISMATCH",
        .sentence = "It is for *." ZOO_DOMAIN ". A wildcard stands for one part of a name, not for two.",
        .subject = "Wildcard",
        .ext = {"subjectAltName=DNS:*." ZOO_DOMAIN}},
    {.name = "underscore",
        .reason = "X509_V_ERR_UNSUPPORTED_NAME_SYNTAX",
        .sentence = "One of its names has an underscore, which no host's name may have.",
        .ext = {SAN_AND("DNS:my_host." ZOO_DOMAIN)}},
    {.name = "nul-byte",
        .reason = "X509_V_ERR_UNSUPPORTED_NAME_SYNTAX",
        .sentence =
            "One of its names has a byte of value zero in it. Programs that stop reading there see another name "
            "than the authority did.",
        .tweak = TWEAK_NUL,
        .ext = {SAN_AND("DNS:bank.example.X." ZOO_DOMAIN)}},
    {.name = "serial-zero",
        .reason = "serial-zero",
        .sentence = "Its serial number is zero. A number that is no number cannot be put on a list of revoked ones.",
        .serial = "00"},
    {.name = "serial-too-long",
        .reason = "serial-too-long",
        .sentence = "Its serial number has more than 20 octets.",
        .serial = "112233445566778899aabbccddeeff00112233445566"},
    {.name = "serial-negative",
        .reason = "serial-negative",
        .sentence = "Its serial number is below zero.",
        .serial = "-1122334455667788"},
    {.name = "version-1",
        .reason = "version-not-3",
        .sentence = "It is of version 1, from before certificates could say what they may be used for.",
        .version = 1,
        .ext = {"basicConstraints=", "keyUsage=", "extendedKeyUsage=", "subjectKeyIdentifier=",
            "authorityKeyIdentifier=", "subjectAltName="}},
    {.name = "unknown-condition",
        .reason = "X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION",
        .sentence = "It has a condition that nobody here understands, and says that it must not be passed over.",
        .ext = {"1.3.6.1.4.1.55555.1=critical,DER:0500"}},
    {.name = "extension-twice",
        .reason = "extension-twice",
        .sentence = "It has the same extension twice: one program reads the first, another one the second.",
        .ext = {"+1.3.6.1.4.1.55555.2=DER:0500", "+1.3.6.1.4.1.55555.2=DER:0101ff"}},
    {.name = "malformed-aia",
        .reason = "X509_V_ERR_INVALID_EXTENSION",
        .sentence = "The place where its issuer's certificate can be had is written in no way that can be read.",
        .ext = {"authorityInfoAccess=DER:040548656c6c6f"}},
    {.name = "critical-aia",
        .reason = "aia-critical",
        .sentence = "What only helps to find things is marked as a condition.",
        .ext = {"authorityInfoAccess=critical,OCSP;URI:http://ocsp." ZOO_DOMAIN}},
    {.name = "critical-names",
        .reason = "san-critical",
        .sentence = "Its names are marked critical, although its subject is not empty.",
        .ext = {"subjectAltName=critical,DNS:@"}},
    {.name = "no-issuer-key-id",
        .reason = "X509_V_ERR_MISSING_AUTHORITY_KEY_IDENTIFIER",
        .sentence = "It does not say which of its issuer's keys signed it.",
        .ext = {"authorityKeyIdentifier="}},
    {.name = "other-issuer-key-id",
        .reason = "X509_V_ERR_AKID_SKID_MISMATCH",
        .sentence = "It names another key than its issuer's as the one that signed it.",
        .ext = {"authorityKeyIdentifier=DER:3016801400112233445566778899aabbccddeeff00112233"}},
    {.name = "length-without-ca",
        .reason = "X509_V_ERR_PATHLEN_INVALID_FOR_NON_CA",
        .sentence = "It says how many authorities may follow it, and is no authority's.",
        .ext = {"basicConstraints=critical,DER:3003020100"}},
    {.name = "forged",
        .reason = "X509_V_ERR_CERT_SIGNATURE_FAILURE",
        .sentence = "One bit of its signature is another than the authority made: it is forged, or damaged.",
        .tweak = TWEAK_SIGNATURE},
    {.name = "two-algorithms",
        .reason = "X509_V_ERR_SIGNATURE_ALGORITHM_INCONSISTENCY",
        .sentence = "It names one kind of signature where it is signed, and another one outside.",
        .tweak = TWEAK_ALGORITHM},
    {.name = "expired-authority",
        .reason = "X509_V_ERR_CERT_HAS_EXPIRED",
        .sentence = "It is in order, but the certificate of the authority in between has run out.",
        .under = UNDER_OTHER_MID,
        .mid_from_days = -365,
        .mid_to_days = -3},
    {.name = "authority-without-ca",
        .reason = "X509_V_ERR_INVALID_CA",
        .sentence = "The one in between is not marked as an authority.",
        .under = UNDER_OTHER_MID,
        .mid_ext = {"basicConstraints=critical,CA:FALSE"}},
    {.name = "authority-may-not-sign",
        .reason = "X509_V_ERR_KEYUSAGE_NO_CERTSIGN",
        .sentence = "The key of the authority in between may sign CRLs, but no certificates.",
        .under = UNDER_OTHER_MID,
        .mid_ext = {"keyUsage=critical,cRLSign", "basicConstraints=critical,CA:TRUE"}},
    {.name = "authority-not-critical",
        .reason = "X509_V_ERR_CA_BCONS_NOT_CRITICAL",
        .sentence =
            "That the one in between is an authority is not marked critical, so old programs may overlook its "
            "limits.",
        .under = UNDER_OTHER_MID,
        .mid_ext = {"basicConstraints=CA:TRUE,pathlen:0"}},
    {.name = "authority-for-mail",
        .reason = "X509_V_ERR_INVALID_PURPOSE",
        .sentence = "The authority in between was made for mail, and it signs for a server.",
        .under = UNDER_OTHER_MID,
        .mid_ext = {"extendedKeyUsage=emailProtection"}},
    {.name = "weak-authority",
        .reason = "X509_V_ERR_CA_MD_TOO_WEAK",
        .sentence = "The certificate of the authority in between is signed over SHA-1.",
        .under = UNDER_OTHER_MID,
        .mid_ext = {"digest=SHA1"}},
    {.name = "path-too-long",
        .reason = "X509_V_ERR_PATH_LENGTH_EXCEEDED",
        .sentence = "An authority that may only issue to servers made another authority.",
        .under = UNDER_TWO},
};

const size_t zoo_count = sizeof(zoo_animals) / sizeof(zoo_animals[0]);

const struct animal *zoo_find(const char *name)
{
	for (size_t i = 0; i < zoo_count; i++)
		if (strcmp(zoo_animals[i].name, name) == 0)
			return &zoo_animals[i];
	return NULL;
}

/* --- authorities --- */

static enum err make_ca(struct pair *out, const struct pair *by, const char *name, const char *basic, int64_t now,
    const struct animal *a, struct trouble *w)
{
	struct issue_spec s = {.subject = name,
	    .issuer = by,
	    .from = now - 30 * DAY,
	    .to = now + 365 * (int64_t)DAY,
	    .extension = {basic, "keyUsage=critical,keyCertSign,cRLSign", "subjectKeyIdentifier=hash",
	        by ? "authorityKeyIdentifier=keyid" : "authorityKeyIdentifier="}};
	size_t n = 4;

	if (a && (a->mid_from_days || a->mid_to_days)) {
		s.from = now + (int64_t)a->mid_from_days * DAY;
		s.to = now + (int64_t)a->mid_to_days * DAY;
	}
	for (size_t i = 0; a && i < 6 && a->mid_ext[i]; i++) {
		if (strncmp(a->mid_ext[i], "digest=", 7) == 0)
			s.digest = a->mid_ext[i] + 7;
		else if (strncmp(a->mid_ext[i], "key=", 4) == 0)
			s.key = a->mid_ext[i] + 4;
		else
			s.extension[n++] = a->mid_ext[i];
	}
	return issue(out, &s, w);
}

enum err zoo_init(struct zoo *z, int64_t now, struct trouble *w)
{
	enum err e = ERR_OK;

	z->now = now;
	if (!z->root.cert)
		e = make_ca(
		    &z->root, NULL, "/O=Glassnet zoo/CN=Zoo Root", "basicConstraints=critical,CA:TRUE", now, NULL, w);
	if (e == ERR_OK && !z->mid.cert)
		e = make_ca(&z->mid, &z->root, "/O=Glassnet zoo/CN=Zoo Authority",
		    "basicConstraints=critical,CA:TRUE,pathlen:0", now, NULL, w);
	if (e == ERR_OK && !z->stranger.cert)
		e = make_ca(&z->stranger, NULL, "/O=Nobody in particular/CN=Unknown Root",
		    "basicConstraints=critical,CA:TRUE", now, NULL, w);
	return e;
}

void zoo_release(struct zoo *z)
{
	pair_release(&z->root);
	pair_release(&z->mid);
	pair_release(&z->stranger);
}

/* --- one of them --- */

struct names {
	char host[128], text[8][256];
};

/* "@" in an extension stands for the animal's own host. */
static const char *fill_in(struct names *n, size_t i, const char *ext)
{
	const char *at = strchr(ext, '@');

	if (!at)
		return ext;
	snprintf(n->text[i], sizeof(n->text[i]), "%.*s%s%s", (int)(at - ext), ext, n->host, at + 1);
	return n->text[i];
}

static enum err make_leaf(
    struct pair *out, const struct zoo *z, const struct animal *a, const struct pair *by, struct trouble *w)
{
	struct names n;
	char san[160];
	snprintf(n.host, sizeof(n.host), "%s.%s", a->name, ZOO_DOMAIN);
	snprintf(san, sizeof(san), "subjectAltName=DNS:%s", n.host);
	struct issue_spec s = {.subject = a->subject ? a->subject : n.host,
	    .issuer = by,
	    .key = a->key,
	    .digest = a->digest,
	    .serial = a->serial,
	    .version = a->version,
	    .from = z->now - DAY,
	    .to = z->now + 89 * DAY,
	    .extension = {"basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature",
	        "extendedKeyUsage=serverAuth", "subjectKeyIdentifier=hash",
	        by ? "authorityKeyIdentifier=keyid" : "authorityKeyIdentifier=", san}};

	if (a->from_days || a->to_days) {
		s.from = z->now + (int64_t)a->from_days * DAY;
		s.to = z->now + (int64_t)a->to_days * DAY;
	}
	for (size_t i = 0; i < 8 && a->ext[i]; i++)
		s.extension[6 + i] = fill_in(&n, i, a->ext[i]);
	return issue(out, &s, w);
}

/* Octets of the finished certificate are changed, and read anew. by: signs the changed one; NULL: nobody does. */
static enum err reread(X509 **x, unsigned char *der, int len, struct trouble *w)
{
	const unsigned char *p = der;
	X509 *changed = d2i_X509(NULL, &p, len);

	OPENSSL_free(der);
	if (!changed)
		return issue_failed(w, "the changed certificate cannot be read");
	X509_free(*x);
	*x = changed;
	return ERR_OK;
}

static enum err tweak_signature(X509 **x, struct trouble *w)
{
	unsigned char *der = NULL;
	int len = i2d_X509(*x, &der);

	if (len <= 0)
		return issue_failed(w, "the certificate cannot be written");
	der[len - 1] ^= 1;
	return reread(x, der, len, w);
}

/* The outer name of the algorithm, ecdsa-with-SHA256, becomes ecdsa-with-SHA384. */
static enum err tweak_algorithm(X509 **x, struct trouble *w)
{
	static const unsigned char oid[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
	unsigned char *der = NULL, *last = NULL;
	int len = i2d_X509(*x, &der);

	for (int i = 0; der && i + (int)sizeof(oid) <= len; i++)
		if (memcmp(der + i, oid, sizeof(oid)) == 0)
			last = der + i;
	if (!last) {
		OPENSSL_free(der);
		return issue_failed(w, "the algorithm is not found");
	}
	last[sizeof(oid) - 1] = 3;
	return reread(x, der, len, w);
}

/* The X in one of its names becomes a byte of value zero, before it is signed. */
static enum err tweak_nul(X509 *x, EVP_PKEY *by, struct trouble *w)
{
	int i = X509_get_ext_by_NID(x, NID_subject_alt_name, -1);
	ASN1_OCTET_STRING *s = i < 0 ? NULL : X509_EXTENSION_get_data(X509_get_ext(x, i));
	unsigned char *p = s ? memchr(ASN1_STRING_get0_data(s), 'X', (size_t)ASN1_STRING_length(s)) : NULL;

	if (p)
		*p = 0;
	return p && X509_sign(x, by, EVP_sha256()) > 0 ? ERR_OK : issue_failed(w, "the name cannot be changed");
}

static enum err tweak(X509 **x, const struct animal *a, const struct pair *by, struct trouble *w)
{
	switch (a->tweak) {
	case TWEAK_NONE:
		return ERR_OK;
	case TWEAK_SIGNATURE:
		return tweak_signature(x, w);
	case TWEAK_ALGORITHM:
		return tweak_algorithm(x, w);
	case TWEAK_NUL:
		return tweak_nul(*x, by->key, w);
	}
	return ERR_INTERNAL;
}

/* Its authority, and those above that one but for the root. */
struct family {
	struct pair own[2];
	const struct pair *by, *above; /* above: NULL, or the next one */
	const struct pair *root;
};

static enum err make_family(struct family *f, const struct zoo *z, const struct animal *a, struct trouble *w)
{
	static const struct animal plain = {.name = "shop"};
	enum err e = ERR_OK;

	*f = (struct family){.by = &z->mid, .root = &z->root};
	switch (a->under) {
	case UNDER_MID:
		break;
	case UNDER_NOBODY:
		f->by = f->root = NULL;
		break;
	case UNDER_STRANGER:
		f->by = f->root = &z->stranger;
		break;
	case UNDER_OTHER_MID:
		e = make_ca(&f->own[0], &z->root, "/O=Glassnet zoo/CN=Another Zoo Authority",
		    "basicConstraints=critical,CA:TRUE,pathlen:0", z->now, a, w);
		f->by = &f->own[0];
		break;
	case UNDER_LEAF:
		e = make_leaf(&f->own[0], z, &plain, &z->mid, w);
		f->by = &f->own[0];
		f->above = &z->mid;
		break;
	case UNDER_TWO:
		e = make_ca(&f->own[0], &z->mid, "/O=Glassnet zoo/CN=One Zoo Authority Too Many",
		    "basicConstraints=critical,CA:TRUE", z->now, NULL, w);
		f->by = &f->own[0];
		f->above = &z->mid;
		break;
	}
	return e;
}

static void send(struct zoo_cage *c, X509 *x)
{
	if (x && X509_up_ref(x))
		c->chain[c->n++] = x;
}

static void fill_chain(struct zoo_cage *c, const struct animal *a, const struct family *f)
{
	X509 *mid = f->by && f->by != f->root ? f->by->cert : NULL, *above = f->above ? f->above->cert : NULL;
	X509 *root = f->root ? f->root->cert : NULL;

	send(c, c->leaf);
	if (a->sends == SEND_LEAF)
		return;
	if (a->sends == SEND_REVERSED)
		send(c, root);
	send(c, mid);
	send(c, above);
	if (a->sends == SEND_ROOT_TOO)
		send(c, root);
}

enum err zoo_make(struct zoo_cage *out, const struct zoo *z, const struct animal *a, struct trouble *w)
{
	struct pair leaf = {0};
	struct family f;
	enum err e = make_family(&f, z, a, w);

	*out = (struct zoo_cage){0};
	if (e == ERR_OK)
		e = make_leaf(&leaf, z, a, f.by, w);
	if (e == ERR_OK)
		e = tweak(&leaf.cert, a, f.by, w);
	if (e == ERR_OK && a->revoked)
		out->staple = issue_ocsp(
		    leaf.cert, f.by, z->now, z->now - 3600, OCSP_REVOKED_STATUS_KEYCOMPROMISE, &out->staple_len);
	if (e == ERR_OK) {
		out->leaf = leaf.cert;
		out->key = leaf.key;
		leaf.key = NULL;
		fill_chain(out, a, &f);
	}
	pair_release(&leaf); /* the chain has a reference of its own */
	pair_release(&f.own[0]);
	pair_release(&f.own[1]);
	return e;
}

void zoo_cage_release(struct zoo_cage *c)
{
	for (size_t i = 0; i < c->n; i++)
		X509_free(c->chain[i]);
	EVP_PKEY_free(c->key);
	OPENSSL_free(c->staple);
	*c = (struct zoo_cage){0};
}
