/* The key schedule, records, signatures. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "glassnet/dh.h"
#include "glassnet/wire.h"

enum { HEADER = 2 + 1 + 8, TAG = crypto_aead_chacha20poly1305_ietf_ABYTES };

/* --- keys --- */

/* HKDF with SHA-256 (RFC 5869): the transcript is the salt, the label the info. */
static bool derive(
    const struct dh_channel *ch, const uint8_t *secret, size_t n, const char *label, uint8_t *out, size_t len)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t) "SHA256", 0),
	    OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)secret, n),
	    OSSL_PARAM_construct_octet_string(
	        OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)ch->transcript, sizeof(ch->transcript)),
	    OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)label, strlen(label)),
	    OSSL_PARAM_END};
	bool ok = ctx && EVP_KDF_derive(ctx, out, len, params) == 1;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return ok;
}

enum err dh_channel_init(struct dh_channel *ch, enum dh_side side, const uint8_t *secret, size_t n,
    const uint8_t *client_hello, size_t client_len, const uint8_t *server_hello, size_t server_len)
{
	crypto_hash_sha256_state hash;

	memset(ch, 0, sizeof(*ch));
	ch->side = side;
	crypto_hash_sha256_init(&hash);
	crypto_hash_sha256_update(&hash, client_hello, client_len);
	crypto_hash_sha256_update(&hash, server_hello, server_len);
	crypto_hash_sha256_final(&hash, ch->transcript);
	if (derive(ch, secret, n, "glassnet dh 1 client key", ch->key[DH_CLIENT], sizeof(ch->key[0])) &&
	    derive(ch, secret, n, "glassnet dh 1 client iv", ch->iv[DH_CLIENT], sizeof(ch->iv[0])) &&
	    derive(ch, secret, n, "glassnet dh 1 server key", ch->key[DH_SERVER], sizeof(ch->key[0])) &&
	    derive(ch, secret, n, "glassnet dh 1 server iv", ch->iv[DH_SERVER], sizeof(ch->iv[0])) &&
	    derive(ch, secret, n, "glassnet dh 1 fingerprint", ch->fingerprint, DH_FINGERPRINT))
		return ERR_OK;
	dh_channel_release(ch);
	return ERR_INTERNAL;
}

void dh_channel_release(struct dh_channel *ch)
{
	sodium_memzero(ch, sizeof(*ch));
}

char *dh_fingerprint_text(char out[static DH_FINGERPRINT_TEXT], const struct dh_channel *ch)
{
	const uint8_t *f = ch->fingerprint;

	for (size_t i = 0; i < DH_FINGERPRINT / 2; i++)
		snprintf(out + 6 * i, DH_FINGERPRINT_TEXT - 6 * i, "%05u%s", f[2 * i] << 8 | f[2 * i + 1],
		    i + 1 < DH_FINGERPRINT / 2 ? " " : "");
	return out;
}

/* --- records --- */

const char *dh_refusal_text(enum dh_refusal r)
{
	switch (r) {
	case DH_FINE:
		return "it is as it was sent";
	case DH_MALFORMED:
		return "it is no record";
	case DH_FORGED:
		return "it was not made, or not left, by the one who has the key: its tag does not fit";
	case DH_REPLAYED:
		return "it came before: somebody sent it again";
	case DH_OUT_OF_ORDER:
		return "it came too early: one before it is missing, or was moved";
	}
	return "";
}

/* Each number makes another nonce (as in RFC 8446 5.3). */
static void nonce_for(const struct dh_channel *ch, enum dh_side from, uint64_t number, uint8_t out[static 12])
{
	memcpy(out, ch->iv[from], 12);
	for (size_t i = 0; i < 8; i++)
		out[11 - i] ^= (uint8_t)(number >> 8 * i);
}

size_t dh_seal(struct dh_channel *ch, enum dh_kind kind, const void *text, size_t n, uint8_t out[static DH_FRAME_MAX])
{
	uint8_t plain[DH_TEXT_MAX + 1], nonce[12];
	uint64_t number = ch->next[ch->side];
	unsigned long long sealed;
	struct wr w = wr_init(out, DH_FRAME_MAX);

	if (n > DH_TEXT_MAX || number == UINT64_MAX)
		return 0;
	plain[0] = (uint8_t)kind;
	if (n > 0)
		memcpy(plain + 1, text, n);
	wr_u16(&w, (uint16_t)(HEADER - 2 + 1 + n + TAG));
	wr_u8(&w, DH_RECORD);
	wr_u32(&w, (uint32_t)(number >> 32));
	wr_u32(&w, (uint32_t)number);
	nonce_for(ch, ch->side, number, nonce);
	crypto_aead_chacha20poly1305_ietf_encrypt(
	    out + HEADER, &sealed, plain, n + 1, out, HEADER, NULL, nonce, ch->key[ch->side]);
	ch->next[ch->side]++;
	sodium_memzero(plain, sizeof(plain));
	return HEADER + (size_t)sealed;
}

enum dh_refusal dh_open(struct dh_channel *ch, const uint8_t *frame, size_t len, enum dh_kind *kind,
    uint8_t text[static DH_FRAME_MAX], size_t *n)
{
	enum dh_side from = ch->side == DH_CLIENT ? DH_SERVER : DH_CLIENT;
	struct rd r = rd_init(frame, len);
	uint16_t rest = rd_u16(&r);
	uint8_t type = rd_u8(&r), nonce[12];
	uint64_t number = rd_u64(&r);
	size_t sealed = rd_left(&r);
	unsigned long long plain;

	if (r.bad || type != DH_RECORD || len != rest + 2u || len > DH_FRAME_MAX || sealed < TAG + 1)
		return DH_MALFORMED;
	nonce_for(ch, from, number, nonce);
	if (crypto_aead_chacha20poly1305_ietf_decrypt(
	        text, &plain, NULL, frame + HEADER, sealed, frame, HEADER, nonce, ch->key[from]) != 0)
		return DH_FORGED;
	/* the number is what its sender gave it: now it can be believed */
	if (number != ch->next[from]) {
		sodium_memzero(text, (size_t)plain);
		return number < ch->next[from] ? DH_REPLAYED : DH_OUT_OF_ORDER;
	}
	uint8_t what = text[0];
	if (what < DH_AUTH || what > DH_END)
		return DH_MALFORMED;
	ch->next[from]++;
	*kind = (enum dh_kind)what;
	*n = (size_t)plain - 1;
	memmove(text, text + 1, *n);
	return DH_FINE;
}

/* --- signatures --- */

enum { SIGNED = 24 + 1 + 32 + 32 };

/* What is signed: for what, by which side, under which two HELLOs, by whose key. */
static void to_be_signed(
    const struct dh_channel *ch, enum dh_side side, const uint8_t public_key[static 32], uint8_t out[static SIGNED])
{
	memcpy(out, "glassnet dh 1 signature ", 24);
	out[24] = (uint8_t)side;
	memcpy(out + 25, ch->transcript, 32);
	memcpy(out + 57, public_key, 32);
}

void dh_sign(const struct dh_channel *ch, enum dh_side side, const uint8_t secret_key[static 64],
    uint8_t out[static DH_AUTH_LEN])
{
	uint8_t text[SIGNED];

	crypto_sign_ed25519_sk_to_pk(out, secret_key);
	to_be_signed(ch, side, out, text);
	crypto_sign_detached(out + 32, NULL, text, sizeof(text), secret_key);
}

bool dh_verify(const struct dh_channel *ch, const uint8_t *auth, size_t len)
{
	uint8_t text[SIGNED];

	if (len != DH_AUTH_LEN)
		return false;
	to_be_signed(ch, ch->side == DH_CLIENT ? DH_SERVER : DH_CLIENT, auth, text);
	return crypto_sign_verify_detached(auth + 32, text, sizeof(text), auth) == 0;
}
