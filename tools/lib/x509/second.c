/* The second opinion: OpenSSL's X509_verify_cert() on the one path that the rules here have found no fault with. It is
 * given nothing but that path, so it cannot take another way; what is judged here by stricter or newer rules (dates,
 * name constraints, policies, CRLs, names) it is not asked. */
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>

#include "internal.h"

#define CODE(name)                                                                                                   \
	{                                                                                                            \
		X509_V_##name, "X509_V_" #name                                                                       \
	}

static const struct {
	int code;
	const char *name;
} codes[] = {
    CODE(OK),
    CODE(ERR_UNSPECIFIED),
    CODE(ERR_UNABLE_TO_GET_ISSUER_CERT),
    CODE(ERR_UNABLE_TO_GET_CRL),
    CODE(ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE),
    CODE(ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE),
    CODE(ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY),
    CODE(ERR_CERT_SIGNATURE_FAILURE),
    CODE(ERR_CRL_SIGNATURE_FAILURE),
    CODE(ERR_CERT_NOT_YET_VALID),
    CODE(ERR_CERT_HAS_EXPIRED),
    CODE(ERR_CRL_NOT_YET_VALID),
    CODE(ERR_CRL_HAS_EXPIRED),
    CODE(ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD),
    CODE(ERR_ERROR_IN_CERT_NOT_AFTER_FIELD),
    CODE(ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD),
    CODE(ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD),
    CODE(ERR_OUT_OF_MEM),
    CODE(ERR_DEPTH_ZERO_SELF_SIGNED_CERT),
    CODE(ERR_SELF_SIGNED_CERT_IN_CHAIN),
    CODE(ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY),
    CODE(ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE),
    CODE(ERR_CERT_CHAIN_TOO_LONG),
    CODE(ERR_CERT_REVOKED),
    CODE(ERR_NO_ISSUER_PUBLIC_KEY),
    CODE(ERR_PATH_LENGTH_EXCEEDED),
    CODE(ERR_INVALID_PURPOSE),
    CODE(ERR_CERT_UNTRUSTED),
    CODE(ERR_CERT_REJECTED),
    CODE(ERR_SUBJECT_ISSUER_MISMATCH),
    CODE(ERR_AKID_SKID_MISMATCH),
    CODE(ERR_AKID_ISSUER_SERIAL_MISMATCH),
    CODE(ERR_KEYUSAGE_NO_CERTSIGN),
    CODE(ERR_UNABLE_TO_GET_CRL_ISSUER),
    CODE(ERR_UNHANDLED_CRITICAL_EXTENSION),
    CODE(ERR_KEYUSAGE_NO_CRL_SIGN),
    CODE(ERR_UNHANDLED_CRITICAL_CRL_EXTENSION),
    CODE(ERR_INVALID_NON_CA),
    CODE(ERR_PROXY_PATH_LENGTH_EXCEEDED),
    CODE(ERR_KEYUSAGE_NO_DIGITAL_SIGNATURE),
    CODE(ERR_PROXY_CERTIFICATES_NOT_ALLOWED),
    CODE(ERR_INVALID_EXTENSION),
    CODE(ERR_INVALID_POLICY_EXTENSION),
    CODE(ERR_NO_EXPLICIT_POLICY),
    CODE(ERR_DIFFERENT_CRL_SCOPE),
    CODE(ERR_UNSUPPORTED_EXTENSION_FEATURE),
    CODE(ERR_UNNESTED_RESOURCE),
    CODE(ERR_PERMITTED_VIOLATION),
    CODE(ERR_EXCLUDED_VIOLATION),
    CODE(ERR_SUBTREE_MINMAX),
    CODE(ERR_APPLICATION_VERIFICATION),
    CODE(ERR_UNSUPPORTED_CONSTRAINT_TYPE),
    CODE(ERR_UNSUPPORTED_CONSTRAINT_SYNTAX),
    CODE(ERR_UNSUPPORTED_NAME_SYNTAX),
    CODE(ERR_CRL_PATH_VALIDATION_ERROR),
    CODE(ERR_PATH_LOOP),
    CODE(ERR_HOSTNAME_MISMATCH),
    CODE(ERR_EMAIL_MISMATCH),
    CODE(ERR_IP_ADDRESS_MISMATCH),
    CODE(ERR_EE_KEY_TOO_SMALL),
    CODE(ERR_CA_KEY_TOO_SMALL),
    CODE(ERR_CA_MD_TOO_WEAK),
    CODE(ERR_INVALID_CALL),
    CODE(ERR_STORE_LOOKUP),
    CODE(ERR_PROXY_SUBJECT_NAME_VIOLATION),
    CODE(ERR_OCSP_VERIFY_NEEDED),
    CODE(ERR_OCSP_VERIFY_FAILED),
    CODE(ERR_OCSP_CERT_UNKNOWN),
    CODE(ERR_UNSUPPORTED_SIGNATURE_ALGORITHM),
    CODE(ERR_SIGNATURE_ALGORITHM_MISMATCH),
    CODE(ERR_SIGNATURE_ALGORITHM_INCONSISTENCY),
    CODE(ERR_INVALID_CA),
    CODE(ERR_PATHLEN_INVALID_FOR_NON_CA),
    CODE(ERR_PATHLEN_WITHOUT_KU_KEY_CERT_SIGN),
    CODE(ERR_KU_KEY_CERT_SIGN_INVALID_FOR_NON_CA),
    CODE(ERR_ISSUER_NAME_EMPTY),
    CODE(ERR_SUBJECT_NAME_EMPTY),
    CODE(ERR_MISSING_AUTHORITY_KEY_IDENTIFIER),
    CODE(ERR_MISSING_SUBJECT_KEY_IDENTIFIER),
    CODE(ERR_EMPTY_SUBJECT_ALT_NAME),
    CODE(ERR_EMPTY_SUBJECT_SAN_NOT_CRITICAL),
    CODE(ERR_CA_BCONS_NOT_CRITICAL),
    CODE(ERR_AUTHORITY_KEY_IDENTIFIER_CRITICAL),
    CODE(ERR_SUBJECT_KEY_IDENTIFIER_CRITICAL),
    CODE(ERR_CA_CERT_MISSING_KEY_USAGE),
    CODE(ERR_EXTENSIONS_REQUIRE_VERSION_3),
    CODE(ERR_EC_KEY_EXPLICIT_PARAMS),
};

const char *x509_error_name(int code)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].code == code)
			return codes[i].name;
	return "X509_V_ERR_UNSPECIFIED";
}

/* Judged here, and otherwise than OpenSSL 3.0 does. */
static bool is_ours(int code)
{
	switch (code) {
	case X509_V_ERR_PERMITTED_VIOLATION:
	case X509_V_ERR_EXCLUDED_VIOLATION:
	case X509_V_ERR_SUBTREE_MINMAX:
	case X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE:
	case X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX:
	case X509_V_ERR_UNSUPPORTED_NAME_SYNTAX:
		return true;
	default:
		return false;
	}
}

struct opinion {
	struct judge *j;
	bool against;
};

static int hear(int ok, X509_STORE_CTX *ctx)
{
	struct opinion *o = X509_STORE_CTX_get_app_data(ctx);
	int code = X509_STORE_CTX_get_error(ctx);

	if (!ok && !is_ours(code)) {
		o->against = true;
		judge_fail(o->j, Q_SECOND, X509_STORE_CTX_get_error_depth(ctx), x509_error_name(code),
		    "X509_verify_cert(3)", "OpenSSL found what was not found here: %s",
		    X509_verify_cert_error_string(code));
	}
	return 1;
}

/* Nobody has issued a certificate but the one above it in this path. */
static int next_in_path(X509_STORE_CTX *ctx, X509 *x, X509 *issuer)
{
	const struct opinion *o = X509_STORE_CTX_get_app_data(ctx);
	const struct judge *j = o->j;

	for (size_t i = 0; i < j->n; i++) {
		if (j->c[i]->x != x)
			continue;
		if (i + 1 < j->n)
			return j->c[i + 1]->x == issuer;
		return j->c[i]->self_issued && x == issuer;
	}
	return 0;
}

static int verify(struct opinion *o, X509_STORE *store, X509_STORE_CTX *ctx, STACK_OF(X509) * between)
{
	const struct judge *j = o->j;
	struct cert *anchor = j->c[j->n - 1];

	for (size_t i = 1; i + 1 < j->n; i++)
		if (!sk_X509_push(between, j->c[i]->x))
			return -1;
	if (!X509_STORE_add_cert(store, anchor->x))
		return -1;
	X509_STORE_set_check_issued(store, next_in_path);
	X509_STORE_set_flags(
	    store, X509_V_FLAG_NO_CHECK_TIME | (anchor->self_issued ? 0 : X509_V_FLAG_PARTIAL_CHAIN));
	if (!X509_STORE_CTX_init(ctx, store, j->c[0]->x, between) || !X509_STORE_CTX_set_app_data(ctx, o))
		return -1;
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_auth_level(param, 0);
	X509_VERIFY_PARAM_set_depth(param, PATH_CERTS_MAX);
	X509_STORE_CTX_set_verify_cb(ctx, hear);
	return X509_verify_cert(ctx);
}

void judge_second(struct judge *j)
{
	struct opinion o = {.j = j};

	for (size_t i = 0; i < j->n; i++)
		if (cert_inherits(j->c[i])) {
			judge_skip(j, Q_SECOND, "RFC 3279 2.3.2",
			    "OpenSSL 3.0 cannot read a DSA key whose parameters are its issuer's");
			return;
		}
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *between = sk_X509_new_null();
	int done = store && ctx && between ? verify(&o, store, ctx, between) : -1;

	if (done <= 0 && !o.against)
		judge_fail(j, Q_SECOND, -1,
		    x509_error_name(ctx ? X509_STORE_CTX_get_error(ctx) : X509_V_ERR_OUT_OF_MEM),
		    "X509_verify_cert(3)", "OpenSSL could not come to an end");
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	sk_X509_free(between);
	ERR_clear_error();
	judge_pass(j, Q_SECOND, "X509_verify_cert(3)", "X509_V_OK for the same path");
}
