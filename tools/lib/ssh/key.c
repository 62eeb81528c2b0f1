/* Taking keys and certificates apart (RFC 4253 6.6, RFC 5656 3.1, RFC 8709 4, OpenSSH's PROTOCOL.certkeys). */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <stdlib.h>
#include <string.h>

#include "private.h"

static const struct {
	const char *name, *cert, *brief, *curve, *group;
	unsigned bits;
} types[SSHKEY_TYPES] = {
    [SSHKEY_UNKNOWN] = {"unknown", "unknown", "UNKNOWN", NULL, NULL, 0},
    [SSHKEY_ED25519] = {"ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com", "ED25519", NULL, NULL, 256},
    [SSHKEY_ECDSA256] = {"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256-cert-v01@openssh.com", "ECDSA", "nistp256",
        "P-256", 256},
    [SSHKEY_ECDSA384] = {"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384-cert-v01@openssh.com", "ECDSA", "nistp384",
        "P-384", 384},
    [SSHKEY_ECDSA521] = {"ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521-cert-v01@openssh.com", "ECDSA", "nistp521",
        "P-521", 521},
    [SSHKEY_RSA] = {"ssh-rsa", "ssh-rsa-cert-v01@openssh.com", "RSA", NULL, NULL, 0},
    [SSHKEY_DSS] = {"ssh-dss", "ssh-dss-cert-v01@openssh.com", "DSA", NULL, NULL, 1024},
    [SSHKEY_SK_ED25519] = {"sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519-cert-v01@openssh.com", "ED25519-SK", NULL,
        NULL, 256},
    [SSHKEY_SK_ECDSA] = {"sk-ecdsa-sha2-nistp256@openssh.com", "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
        "ECDSA-SK", "nistp256", "P-256", 256},
};

const char *sshkey_name_of(enum sshkey_type type, bool cert)
{
	return cert ? types[type].cert : types[type].name;
}

const char *sshkey_type_name(const struct sshkey *k)
{
	return sshkey_name_of(k->type, k->cert);
}

const char *sshkey_short_name(const struct sshkey *k)
{
	return types[k->type].brief;
}

enum sshkey_type sshkey_type_of(const char *name, size_t len, bool *cert)
{
	for (int t = SSHKEY_UNKNOWN + 1; t < SSHKEY_TYPES; t++)
		for (int c = 0; c <= (cert != NULL); c++) {
			const char *n = sshkey_name_of((enum sshkey_type)t, c);
			if (strlen(n) != len || memcmp(n, name, len) != 0)
				continue;
			if (cert)
				*cert = c;
			return (enum sshkey_type)t;
		}
	return SSHKEY_UNKNOWN;
}

bool sshkey_equal(const struct sshkey *a, const struct sshkey *b)
{
	return a->plain_len == b->plain_len && memcmp(a->plain, b->plain, a->plain_len) == 0;
}

void sshkey_release(struct sshkey *k)
{
	free(k->blob);
	free(k->plain);
	EVP_PKEY_free(k->evp);
	*k = (struct sshkey){0};
}

/* --- the parts of a key --- */

EVP_PKEY *sshkey_evp(const char *kind, OSSL_PARAM_BLD *bld, int selection)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
	EVP_PKEY_CTX *ctx = params ? EVP_PKEY_CTX_new_from_name(NULL, kind, NULL) : NULL;
	EVP_PKEY *key = NULL;

	if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 || EVP_PKEY_fromdata(ctx, &key, selection, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	return key;
}

const char *sshkey_group(enum sshkey_type type)
{
	return types[type].group;
}

const char *sshkey_curve(enum sshkey_type type)
{
	return types[type].curve;
}

/* The point must be on the curve: fromdata checks it. */
static enum err take_ecdsa(struct sshkey *k, struct rd *r)
{
	size_t n, q_len;
	const uint8_t *curve = rd_string(r, &n);
	size_t at = r->pos;
	const uint8_t *q = rd_string(r, &q_len);

	if (r->bad)
		return ERR_TRUNCATED;
	if (n != strlen(types[k->type].curve) || memcmp(curve, types[k->type].curve, n) != 0)
		return ERR_FORMAT;
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	if (bld && OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, types[k->type].group, 0) == 1 &&
	    q_len > 1 && q[0] == 4 && OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, q, q_len) == 1)
		k->evp = sshkey_evp("EC", bld, EVP_PKEY_PUBLIC_KEY);
	OSSL_PARAM_BLD_free(bld);
	if (!k->evp)
		r->pos = at;
	return k->evp ? ERR_OK : ERR_FORMAT;
}

static enum err take_rsa(struct sshkey *k, struct rd *r)
{
	size_t at = r->pos, e_len, n_len;
	const uint8_t *e = rd_mpint(r, &e_len), *n = rd_mpint(r, &n_len);

	if (r->bad)
		return ERR_TRUNCATED;
	BIGNUM *bn = BN_bin2bn(n, (int)n_len, NULL), *be = BN_bin2bn(e, (int)e_len, NULL);
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	k->bits = bn ? (unsigned)BN_num_bits(bn) : 0;
	bool fits = k->bits >= SSHKEY_RSA_READ_MIN && k->bits <= SSHKEY_RSA_MAX && be && BN_is_odd(be) &&
	            BN_num_bits(be) <= 64 && BN_num_bits(be) > 1;
	if (fits && bld && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, bn) == 1 &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, be) == 1)
		k->evp = sshkey_evp("RSA", bld, EVP_PKEY_PUBLIC_KEY);
	OSSL_PARAM_BLD_free(bld);
	BN_free(bn);
	BN_free(be);
	if (!k->evp)
		r->pos = at;
	return k->evp ? ERR_OK : ERR_FORMAT;
}

static enum err take_ed25519(struct sshkey *k, struct rd *r)
{
	size_t n, at = r->pos;
	const uint8_t *p = rd_string(r, &n);

	if (!p)
		return ERR_TRUNCATED;
	if (n != sizeof(k->ed25519)) {
		r->pos = at;
		return ERR_FORMAT;
	}
	memcpy(k->ed25519, p, n);
	return ERR_OK;
}

/* The parts of types that we only recognise. */
static enum err take_strings(struct rd *r, unsigned count)
{
	size_t n;

	while (count--)
		if (!rd_string(r, &n))
			return ERR_TRUNCATED;
	return ERR_OK;
}

static enum err take_parts(struct sshkey *k, struct rd *r)
{
	k->bits = types[k->type].bits;
	switch (k->type) {
	case SSHKEY_ED25519:
		return take_ed25519(k, r);
	case SSHKEY_ECDSA256:
	case SSHKEY_ECDSA384:
	case SSHKEY_ECDSA521:
		return take_ecdsa(k, r);
	case SSHKEY_RSA:
		return take_rsa(k, r);
	case SSHKEY_DSS:
		return take_strings(r, 4);
	case SSHKEY_SK_ED25519:
		return take_strings(r, 2);
	case SSHKEY_SK_ECDSA:
		return take_strings(r, 3);
	case SSHKEY_UNKNOWN:
	case SSHKEY_TYPES:
		break;
	}
	return ERR_VERSION;
}

/* --- certificates --- */

/* A string within the blob: where its octets are. */
static void take_place(struct rd *r, size_t *off, size_t *len)
{
	const uint8_t *p = rd_string(r, len);

	*off = p ? r->pos - *len : 0; /* not by p: an empty string has no place of its own */
}

static enum err take_cert(struct sshkey *k, struct rd *r)
{
	size_t n;

	k->serial = rd_u64(r);
	uint32_t kind = rd_u32(r);
	k->host_cert = kind == 2;
	take_place(r, &k->id_off, &k->id_len);
	take_place(r, &k->principals_off, &k->principals_len);
	k->valid_after = rd_u64(r);
	k->valid_before = rd_u64(r);
	take_place(r, &k->critical_off, &k->critical_len);
	(void)rd_string(r, &n); /* extensions */
	(void)rd_string(r, &n); /* reserved */
	take_place(r, &k->ca_off, &k->ca_len);
	k->signed_len = r->pos;
	take_place(r, &k->sig_off, &k->sig_len);
	if (r->bad)
		return ERR_TRUNCATED;
	return kind == 1 || kind == 2 ? ERR_OK : ERR_FORMAT;
}

/* The bare key's blob of a certificate: its own type's name, then the parts. */
static bool make_plain(struct sshkey *k, size_t parts, size_t parts_len)
{
	struct sbuf b = {0};

	if (k->cert)
		sbuf_text(&b, types[k->type].name);
	else
		parts_len += parts;
	sbuf_bytes(&b, k->blob + (k->cert ? parts : 0), parts_len);
	k->plain = b.p;
	k->plain_len = b.len;
	return !b.bad;
}

static enum err take(struct sshkey *k, struct rd *r)
{
	size_t n;
	const uint8_t *name = rd_string(r, &n);

	if (!name)
		return ERR_TRUNCATED;
	k->type = sshkey_type_of((const char *)name, n, &k->cert);
	if (k->type == SSHKEY_UNKNOWN) {
		r->pos = 0;
		return ERR_VERSION;
	}
	if (k->cert)
		(void)rd_string(r, &n); /* the nonce */
	size_t parts = r->pos;
	enum err e = r->bad ? ERR_TRUNCATED : take_parts(k, r);
	if (e == ERR_OK && !make_plain(k, parts, r->pos - parts))
		e = ERR_NOMEM;
	if (e == ERR_OK && k->cert)
		e = take_cert(k, r);
	if (e == ERR_OK && rd_left(r))
		e = ERR_FORMAT;
	return e;
}

enum err sshkey_parse(struct sshkey *out, const uint8_t *blob, size_t len, size_t *at)
{
	*out = (struct sshkey){0};
	*at = 0;
	out->blob = malloc(len ? len : 1);
	if (!out->blob)
		return ERR_NOMEM;
	if (len)
		memcpy(out->blob, blob, len);
	out->len = len;
	struct rd r = rd_init(out->blob, len);
	enum err e = take(out, &r);
	if (e != ERR_OK) {
		*at = r.pos;
		sshkey_release(out);
	}
	return e;
}

enum err sshkey_cert_authority(const struct sshkey *k, struct sshkey *out)
{
	size_t at;

	*out = (struct sshkey){0};
	if (!k->cert)
		return ERR_FORMAT;
	enum err e = sshkey_parse(out, k->blob + k->ca_off, k->ca_len, &at);
	if (e == ERR_OK && out->cert) { /* no chains */
		sshkey_release(out);
		e = ERR_FORMAT;
	}
	return e;
}

void sshkey_cert_names(const struct sshkey *k, char *out, size_t cap)
{
	struct rd r = rd_init(k->blob + k->principals_off, k->principals_len);
	size_t at = 0, n;

	out[0] = '\0';
	while (k->cert && rd_left(&r) && at + 3 < cap) {
		const uint8_t *p = rd_string(&r, &n);
		if (!p)
			return;
		if (at)
			at += (size_t)snprintf(out + at, cap - at, ", ");
		escape_text(out + at, cap - at, p, n);
		at += strlen(out + at);
	}
}

/* Is host one of the certificate's names? Wildcards in them count for nothing in OpenSSH's host certificates. */
static bool names_host(const struct sshkey *k, const char *host)
{
	struct rd r = rd_init(k->blob + k->principals_off, k->principals_len);
	size_t n;

	while (rd_left(&r)) {
		const uint8_t *p = rd_string(&r, &n);
		if (!p)
			return false;
		if (n == strlen(host) && memcmp(p, host, n) == 0)
			return true;
	}
	return false;
}

static bool authority_signed(const struct sshkey *k, const char **why)
{
	struct sshkey ca;
	struct rd r = rd_init(k->blob + k->sig_off, k->sig_len);
	char alg[64];

	*why = "its authority's key cannot be used";
	if (!rd_text(&r, alg, sizeof(alg)) || sshkey_cert_authority(k, &ca) != ERR_OK)
		return false;
	enum err e = strcmp(alg, "ssh-rsa") == 0
	                 ? ERR_FORMAT
	                 : sshkey_verify(&ca, alg, k->blob, k->signed_len, k->blob + k->sig_off, k->sig_len, why);
	if (e != ERR_OK)
		*why = "its authority's signature is not right";
	sshkey_release(&ca);
	return e == ERR_OK;
}

bool sshkey_cert_valid(const struct sshkey *k, const char *host, uint64_t now, const char **why)
{
	*why = "it is no host's certificate";
	if (!k->cert || !k->host_cert)
		return false;
	*why = "it is not valid yet";
	if (now < k->valid_after)
		return false;
	*why = "it has expired";
	if (now >= k->valid_before)
		return false;
	*why = "it has no names: it would be good for any host";
	if (!k->principals_len)
		return false;
	*why = "it is for another name";
	if (!names_host(k, host))
		return false;
	*why = "it has a critical option, and there is none for hosts";
	if (k->critical_len)
		return false;
	return authority_signed(k, why);
}
