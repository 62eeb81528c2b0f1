/* Key files: OpenSSH's private keys (PROTOCOL.key) and the lines of public ones. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "private.h"

#define BEGIN "-----BEGIN OPENSSH PRIVATE KEY-----"
#define END   "-----END OPENSSH PRIVATE KEY-----"
#define MAGIC "openssh-key-v1" /* with its NUL */

/* --- one private key among the decrypted ones --- */

static bool take_ed25519(struct sshkey_private *k, struct rd *r)
{
	size_t n_public, n;
	const uint8_t *public = rd_string(r, &n_public), *secret = rd_string(r, &n);

	if (r->bad || n_public != 32 || n != 64 || memcmp(secret + 32, public, 32) != 0)
		return false;
	memcpy(k->ed25519, secret, 64);
	return memcmp(public, k->public.ed25519, 32) == 0;
}

static bool take_ecdsa(struct sshkey_private *k, struct rd *r)
{
	size_t n, q_len, d_len;

	(void)rd_string(r, &n); /* the curve; the public half has it, too */
	const uint8_t *q = rd_string(r, &q_len), *d = rd_mpint(r, &d_len);
	if (r->bad || d_len == 0 || d_len > 66)
		return false;
	BIGNUM *bd = BN_secure_new();
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	if (bd && bld && BN_bin2bn(d, (int)d_len, bd) &&
	    OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, sshkey_group(k->public.type), 0) == 1 &&
	    OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, q, q_len) == 1 &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PRIV_KEY, bd) == 1)
		k->evp = sshkey_evp("EC", bld, EVP_PKEY_KEYPAIR);
	OSSL_PARAM_BLD_free(bld);
	BN_clear_free(bd);
	return k->evp && EVP_PKEY_eq(k->evp, k->public.evp) == 1;
}

/* n, e, d, iqmp, p, q; OpenSSL also wants d mod (p-1) and d mod (q-1). */
static bool rsa_numbers(struct rd *r, BIGNUM *bn[8])
{
	static const int order[6] = {0, 1, 2, 5, 3, 4}; /* as n, e, d, p, q, iqmp */
	size_t len;

	for (int i = 0; i < 6; i++) {
		const uint8_t *p = rd_mpint(r, &len);
		if (!p || len > SSHKEY_RSA_MAX / 8 || !BN_bin2bn(p, (int)len, bn[order[i]]))
			return false;
		if (i > 1)
			BN_set_flags(bn[order[i]], BN_FLG_CONSTTIME);
	}
	BN_CTX *ctx = BN_CTX_secure_new();
	BIGNUM *less = BN_secure_new();
	bool ok = ctx && less && !BN_is_zero(bn[3]) && !BN_is_one(bn[3]) && !BN_is_zero(bn[4]) && !BN_is_one(bn[4]) &&
	          BN_sub(less, bn[3], BN_value_one()) && BN_mod(bn[6], bn[2], less, ctx) &&
	          BN_sub(less, bn[4], BN_value_one()) && BN_mod(bn[7], bn[2], less, ctx);
	BN_clear_free(less);
	BN_CTX_free(ctx);
	return ok;
}

static bool take_rsa(struct sshkey_private *k, struct rd *r)
{
	static const char *const name[8] = {OSSL_PKEY_PARAM_RSA_N, OSSL_PKEY_PARAM_RSA_E, OSSL_PKEY_PARAM_RSA_D,
	    OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2, OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
	    OSSL_PKEY_PARAM_RSA_EXPONENT1, OSSL_PKEY_PARAM_RSA_EXPONENT2};
	BIGNUM *bn[8];
	bool ok = true;

	for (int i = 0; i < 8; i++) {
		bn[i] = i < 2 ? BN_new() : BN_secure_new();
		ok = ok && bn[i];
	}
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	ok = ok && bld && rsa_numbers(r, bn);
	for (int i = 0; ok && i < 8; i++)
		ok = OSSL_PARAM_BLD_push_BN(bld, name[i], bn[i]) == 1;
	if (ok)
		k->evp = sshkey_evp("RSA", bld, EVP_PKEY_KEYPAIR);
	OSSL_PARAM_BLD_free(bld);
	for (int i = 0; i < 8; i++)
		BN_clear_free(bn[i]);
	return k->evp && EVP_PKEY_eq(k->evp, k->public.evp) == 1;
}

/* What is inside: twice the same number, the key, its comment, and padding 1, 2, 3 … */
static const char *take_private(struct sshkey_private *k, const uint8_t *p, size_t len, size_t *at)
{
	struct rd r = rd_init(p, len);
	char type[64];
	bool ok;

	if (rd_u32(&r) != rd_u32(&r) || r.bad)
		return "its two check numbers differ";
	if (!rd_text(&r, type, sizeof(type)) || strcmp(type, sshkey_type_name(&k->public)) != 0)
		return "the private half is of another type than the public one";
	*at = r.pos;
	switch (k->public.type) {
	case SSHKEY_ED25519:
		ok = take_ed25519(k, &r);
		break;
	case SSHKEY_ECDSA256:
	case SSHKEY_ECDSA384:
	case SSHKEY_ECDSA521:
		ok = take_ecdsa(k, &r);
		break;
	case SSHKEY_RSA:
		ok = take_rsa(k, &r);
		break;
	default:
		return "a private key of this type cannot be used here (ed25519, ecdsa and rsa can)";
	}
	if (!ok)
		return "its private half is damaged, or does not belong to the public one";
	size_t n;
	const uint8_t *comment = rd_string(&r, &n);
	if (!comment)
		return "it has no comment";
	escape_text(k->comment, sizeof(k->comment), comment, n);
	*at = r.pos;
	for (uint8_t i = 1; rd_left(&r); i++)
		if (rd_u8(&r) != i)
			return "its padding is not 1, 2, 3 and so on";
	return NULL;
}

/* --- the whole --- */

static enum sshkey_file take_file(
    struct sshkey_private *k, const uint8_t *p, size_t len, const char **why, size_t *at)
{
	struct rd r = rd_init(p, len);
	size_t n_public, n_private, n, inner = 0;
	char cipher[64], kdf[64];
	const uint8_t *magic = rd_bytes(&r, sizeof(MAGIC));

	*at = 0;
	*why = "it does not begin with \"" MAGIC "\"";
	if (!magic || memcmp(magic, MAGIC, sizeof(MAGIC)) != 0)
		return SSHKEY_FILE_BAD;
	*why = "its header is not whole";
	if (!rd_text(&r, cipher, sizeof(cipher)) || !rd_text(&r, kdf, sizeof(kdf)))
		return SSHKEY_FILE_BAD;
	(void)rd_string(&r, &n); /* the KDF's options */
	uint32_t count = rd_u32(&r);
	const uint8_t *public = rd_string(&r, &n_public);
	size_t private_at = r.pos + 4;
	const uint8_t *private = rd_string(&r, &n_private);
	*at = r.pos;
	if (r.bad)
		return SSHKEY_FILE_BAD;
	*why = "it holds another number of keys than one";
	if (count != 1)
		return SSHKEY_FILE_BAD;
	*why = "its public half is no key that is known here";
	if (sshkey_parse(&k->public, public, n_public, at) != ERR_OK)
		return SSHKEY_FILE_BAD;
	*why = "the public half in it is a certificate";
	if (k->public.cert)
		return SSHKEY_FILE_BAD;
	*why = "it is encrypted with a passphrase";
	if (strcmp(cipher, "none") != 0)
		return SSHKEY_FILE_ENCRYPTED;
	*why = take_private(k, private, n_private, &inner);
	*at = private_at + inner;
	return *why ? SSHKEY_FILE_BAD : SSHKEY_FILE_FINE;
}

enum sshkey_file sshkey_private_read(
    struct sshkey_private *out, const char *text, size_t len, const char **why, size_t *at)
{
	const char *begin = memmem(text, len, BEGIN, strlen(BEGIN));
	struct sbuf b = {0};

	*out = (struct sshkey_private){0};
	*at = 0;
	*why = "it is no private key in OpenSSH's format (ssh-keygen -p -f FILE rewrites an older one)";
	if (!begin)
		return SSHKEY_FILE_BAD;
	begin += strlen(BEGIN);
	*at = (size_t)(begin - text);
	const char *end = memmem(begin, len - *at, END, strlen(END));
	*why = "its last line is missing";
	if (!end)
		return SSHKEY_FILE_BAD;
	*why = "what stands between its first and its last line is not Base64";
	enum sshkey_file r = SSHKEY_FILE_BAD;
	if (sbuf_base64(&b, begin, (size_t)(end - begin)))
		r = take_file(out, b.p, b.len, why, at);
	sbuf_release(&b);
	if (r == SSHKEY_FILE_BAD)
		sshkey_private_release(out);
	return r;
}

static void put_private(struct sbuf *b, const struct sshkey_private *k)
{
	uint32_t check = randombytes_random();

	sbuf_u32(b, check);
	sbuf_u32(b, check);
	sbuf_text(b, "ssh-ed25519");
	sbuf_string(b, k->public.ed25519, 32);
	sbuf_string(b, k->ed25519, 64);
	sbuf_text(b, k->comment);
	for (uint8_t i = 1; b->len % 8; i++)
		sbuf_u8(b, i);
}

enum err sshkey_private_text(const struct sshkey_private *k, char **out)
{
	struct sbuf b = {0}, inner = {0}, text = {0};
	enum { LINE = 70 };

	*out = NULL;
	if (k->public.type != SSHKEY_ED25519)
		return ERR_UNSUPPORTED;
	put_private(&inner, k);
	sbuf_bytes(&b, MAGIC, sizeof(MAGIC));
	sbuf_text(&b, "none");
	sbuf_text(&b, "none");
	sbuf_text(&b, "");
	sbuf_u32(&b, 1);
	sbuf_string(&b, k->public.blob, k->public.len);
	sbuf_string(&b, inner.p, inner.len);
	char *base64 = b.bad || inner.bad ? NULL : base64_text(b.p, b.len, true);
	size_t n = base64 ? strlen(base64) : 0;
	sbuf_bytes(&text, BEGIN "\n", strlen(BEGIN) + 1);
	for (size_t at = 0; at < n; at += LINE) {
		sbuf_bytes(&text, base64 + at, n - at < LINE ? n - at : LINE);
		sbuf_u8(&text, '\n');
	}
	sbuf_bytes(&text, END "\n", strlen(END) + 2); /* with the NUL */
	bool ok = base64 && !text.bad;
	if (base64)
		sodium_memzero(base64, n);
	free(base64);
	sbuf_release(&b);
	sbuf_release(&inner);
	if (ok)
		*out = (char *)text.p;
	else
		sbuf_release(&text);
	return ok ? ERR_OK : ERR_NOMEM;
}

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

enum err sshkey_line_read(struct sshkey *out, const char *line, size_t len, size_t *comment)
{
	size_t name = 0, from, to, at;
	struct sbuf b = {0};
	bool cert = false;

	*out = (struct sshkey){0};
	while (name < len && !blank(line[name]))
		name++;
	for (from = name; from < len && blank(line[from]); from++)
		;
	for (to = from; to < len && !blank(line[to]); to++)
		;
	*comment = to;
	while (*comment < len && blank(line[*comment]))
		(*comment)++;
	enum sshkey_type type = sshkey_type_of(line, name, &cert);
	if (type == SSHKEY_UNKNOWN)
		return ERR_VERSION;
	enum err e =
	    to > from && sbuf_base64(&b, line + from, to - from) ? sshkey_parse(out, b.p, b.len, &at) : ERR_FORMAT;
	sbuf_release(&b);
	if (e == ERR_OK && (out->type != type || out->cert != cert)) {
		sshkey_release(out);
		e = ERR_FORMAT;
	}
	return e;
}
