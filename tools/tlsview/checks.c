/* Which question each of OpenSSL's verdicts answers, and what it means. */
#include <openssl/x509_vfy.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "checks.h"

static const struct {
	const char *id, *question, *ref;
} questions[Q_COUNT] = {
    [Q_SHOWN] = {"certificate", "did the server show a certificate?", "RFC 8446 4.4.2"},
    [Q_SIGNATURE] = {"signature", "is each certificate signed with the key of the next one?", "RFC 5280 6.1.3"},
    [Q_ANCHOR] = {"trusted-root", "does the chain end at a root that is trusted here?", "RFC 5280 6.1.1"},
    [Q_DATES] = {"dates", "is today within its dates?", "RFC 5280 4.1.2.5"},
    [Q_NAME] = {"name", "is it for the name that was asked for?", "RFC 9525 6"},
    [Q_PURPOSE] = {"purpose", "may it be used by a server?", "RFC 5280 4.2.1.12"},
    [Q_CA] = {"ca", "may those who signed, sign?", "RFC 5280 4.2.1.9"},
    [Q_STRENGTH] = {"strength", "are keys and hashes strong enough?", NULL},
    [Q_OTHER] = {"rules", "are the other rules kept?", "RFC 5280 6.1"},
    [Q_REVOKED] = {"revocation", "has it been taken back since?", "RFC 6960"},
    [Q_KEY] = {"certificate-verify", "does the server hold the private key?", "RFC 8446 4.4.3"},
    [Q_FINISHED] = {"finished", "did both sides see the same handshake?", "RFC 8446 4.4.4"},
    [Q_KEYS] = {"keys", "is that what we compute, too?", "RFC 8446 7.1"},
    [Q_PIN] = {"pin", "is it a key that was pinned?", "RFC 7469 2.6"},
    [Q_HSTS] = {"hsts", "does the host insist on https?", "RFC 6797 8"},
    [Q_VERSION] = {"version", "is there a safe version of TLS that both speak?", "RFC 8996"},
};

const char *question_text(enum question q)
{
	return questions[q].question;
}

const char *question_id(enum question q)
{
	return questions[q].id;
}

#define CODE(name, question, meaning)                                                                                \
	{                                                                                                            \
		X509_V_##name, "X509_V_" #name, question, meaning                                                    \
	}

static const struct x509_code codes[] = {
    CODE(ERR_UNSPECIFIED, Q_OTHER, "the check could not be carried out"),
    CODE(OK, Q_OTHER, "all is well"),
    CODE(ERR_UNABLE_TO_GET_ISSUER_CERT, Q_ANCHOR, "the certificate of an authority above it is missing"),
    CODE(ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE, Q_SIGNATURE, "its signature cannot be read"),
    CODE(ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY, Q_SIGNATURE, "the key of its issuer cannot be read"),
    CODE(ERR_CERT_SIGNATURE_FAILURE, Q_SIGNATURE,
        "the issuer's key did not make this signature: it is forged or damaged"),
    CODE(ERR_CERT_NOT_YET_VALID, Q_DATES, "its first day is still to come"),
    CODE(ERR_CERT_HAS_EXPIRED, Q_DATES, "its last day is over"),
    CODE(ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD, Q_DATES, "its first day is no date"),
    CODE(ERR_ERROR_IN_CERT_NOT_AFTER_FIELD, Q_DATES, "its last day is no date"),
    CODE(ERR_OUT_OF_MEM, Q_OTHER, "there was not enough memory to check it"),
    CODE(
        ERR_DEPTH_ZERO_SELF_SIGNED_CERT, Q_ANCHOR, "it is signed with its own key: nobody vouches for it but itself"),
    CODE(ERR_SELF_SIGNED_CERT_IN_CHAIN, Q_ANCHOR, "the chain ends at a root that nobody here has agreed to trust"),
    CODE(ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, Q_ANCHOR,
        "who issued it is not known here: no trusted root, and no intermediate certificate that leads to "
        "one"),
    CODE(ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, Q_ANCHOR, "there is no key at hand to check its signature with"),
    CODE(ERR_CERT_CHAIN_TOO_LONG, Q_OTHER, "the chain is too long"),
    CODE(ERR_CERT_REVOKED, Q_REVOKED, "its issuer has taken it back"),
    CODE(ERR_NO_ISSUER_PUBLIC_KEY, Q_SIGNATURE, "its issuer's certificate has no key in it"),
    CODE(ERR_PATH_LENGTH_EXCEEDED, Q_CA, "an authority made another one although it may not"),
    CODE(ERR_INVALID_PURPOSE, Q_PURPOSE, "it was issued for another use than being a server"),
    CODE(ERR_CERT_UNTRUSTED, Q_ANCHOR, "it is not trusted for this use"),
    CODE(ERR_CERT_REJECTED, Q_ANCHOR, "it is marked as rejected for this use"),
    CODE(ERR_SUBJECT_ISSUER_MISMATCH, Q_SIGNATURE, "its issuer has another name"),
    CODE(ERR_AKID_SKID_MISMATCH, Q_SIGNATURE, "its issuer has another key"),
    CODE(ERR_AKID_ISSUER_SERIAL_MISMATCH, Q_SIGNATURE, "it was issued with another certificate"),
    CODE(ERR_KEYUSAGE_NO_CERTSIGN, Q_CA, "the certificate that signed it may not sign certificates (key usage)"),
    CODE(ERR_UNHANDLED_CRITICAL_EXTENSION, Q_OTHER,
        "it has a condition, marked critical, that is not understood here"),
    CODE(ERR_INVALID_NON_CA, Q_CA, "an authority's certificate stands where a server's belongs"),
    CODE(ERR_KEYUSAGE_NO_DIGITAL_SIGNATURE, Q_PURPOSE, "its key may not make signatures"),
    CODE(ERR_PROXY_CERTIFICATES_NOT_ALLOWED, Q_OTHER, "it is a proxy certificate"),
    CODE(ERR_INVALID_EXTENSION, Q_OTHER, "an extension in it is malformed"),
    CODE(ERR_INVALID_POLICY_EXTENSION, Q_OTHER, "its policies are malformed"),
    CODE(ERR_NO_EXPLICIT_POLICY, Q_OTHER, "it names no policy although it must"),
    CODE(ERR_UNNESTED_RESOURCE, Q_OTHER, "its resources are not within its issuer's"),
    CODE(ERR_PERMITTED_VIOLATION, Q_OTHER, "its issuer may not issue for this name (name constraints)"),
    CODE(ERR_EXCLUDED_VIOLATION, Q_OTHER, "its issuer is barred from issuing for this name (name constraints)"),
    CODE(ERR_SUBTREE_MINMAX, Q_OTHER, "its name constraints are of a kind that is not supported"),
    CODE(ERR_UNSUPPORTED_CONSTRAINT_TYPE, Q_OTHER, "its name constraints are of a kind that is not supported"),
    CODE(ERR_UNSUPPORTED_CONSTRAINT_SYNTAX, Q_OTHER, "its name constraints cannot be read"),
    CODE(ERR_UNSUPPORTED_NAME_SYNTAX, Q_OTHER, "a name in it cannot be read"),
    CODE(ERR_PATH_LOOP, Q_OTHER, "the chain runs in a circle"),
    CODE(ERR_HOSTNAME_MISMATCH, Q_NAME, "it is a certificate for someone else"),
    CODE(ERR_IP_ADDRESS_MISMATCH, Q_NAME, "it is a certificate for someone else"),
    CODE(ERR_EE_KEY_TOO_SMALL, Q_STRENGTH, "the server's key is too short to be safe"),
    CODE(ERR_CA_KEY_TOO_SMALL, Q_STRENGTH, "the key of an authority is too short to be safe"),
    CODE(ERR_CA_MD_TOO_WEAK, Q_STRENGTH, "the signature uses a hash for which forgeries can be made"),
    CODE(ERR_INVALID_CALL, Q_OTHER, "the check could not be carried out"),
    CODE(ERR_STORE_LOOKUP, Q_OTHER, "the trusted roots could not be looked up"),
    CODE(ERR_UNSUPPORTED_SIGNATURE_ALGORITHM, Q_SIGNATURE, "its signature is of a kind that is not known here"),
    CODE(ERR_SIGNATURE_ALGORITHM_MISMATCH, Q_SIGNATURE, "its issuer's key is of another kind than the signature"),
    CODE(ERR_SIGNATURE_ALGORITHM_INCONSISTENCY, Q_SIGNATURE, "it names two different kinds of signature"),
    CODE(ERR_INVALID_CA, Q_CA, "a certificate that is no authority's has signed another one"),
    CODE(ERR_PATHLEN_INVALID_FOR_NON_CA, Q_CA, "a certificate that is no authority's says how many may follow"),
    CODE(ERR_EC_KEY_EXPLICIT_PARAMS, Q_OTHER, "its key lies on a curve of its own making"),
};

const struct x509_code *x509_code(int code)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].code == code)
			return &codes[i];
	return &codes[0];
}

void checks_add(struct checks *c, struct trace *t, enum question q, const char *id, enum verdict v, int depth,
    const char *fmt, ...)
{
	struct check one = {.question = q, .id = id, .verdict = v, .depth = depth};
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(one.text, sizeof(one.text), fmt, ap);
	va_end(ap);
	/* A chain may have more faults than there is room; a failure never makes way for that. */
	if (c->n < CHECKS_MAX)
		c->item[c->n++] = one;
	else
		c->full = true;
	ev_check(t, id, v, questions[q].ref, questions[q].question, "%s", one.text);
}

const struct check *checks_first_failed(const struct checks *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->item[i].verdict == VERDICT_FAIL)
			return &c->item[i];
	return NULL;
}

size_t checks_failed(const struct checks *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++)
		n += c->item[i].verdict == VERDICT_FAIL;
	return n;
}

bool checks_has(const struct checks *c, const char *id)
{
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->item[i].id, id) == 0)
			return true;
	return false;
}

bool checks_said_no(const struct checks *c, enum question q)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->item[i].question == q && c->item[i].verdict == VERDICT_FAIL)
			return true;
	return false;
}
