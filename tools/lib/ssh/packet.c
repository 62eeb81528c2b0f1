/* Packets: sealing and opening (RFC 4253 6; OpenSSH's PROTOCOL.chacha20poly1305; RFC 5647 with OpenSSH's names).
 *
 *     uint32 length | byte padding length | payload | padding | tag
 *
 * With AES-GCM the length is in the clear and covered by the tag; with ChaCha20-Poly1305 it is encrypted with a key of
 * its own. Without a cipher there is no tag. */
#include <openssl/evp.h>
#include <sodium.h>
#include <string.h>

#include "glassnet/ssh_transport.h"

static const struct {
	const char *name;
	size_t key_len, iv_len, block;
} ciphers[SSHCIPHERS] = {
    [SSHCIPHER_NONE] = {"none", 0, 0, 8},
    [SSHCIPHER_CHACHA20] = {"chacha20-poly1305@openssh.com", 64, 0, 8},
    [SSHCIPHER_AES128GCM] = {"aes128-gcm@openssh.com", 16, 12, 16},
    [SSHCIPHER_AES256GCM] = {"aes256-gcm@openssh.com", 32, 12, 16},
};

const char *sshcipher_name(enum sshcipher c)
{
	return ciphers[c].name;
}

enum sshcipher sshcipher_of(const char *name)
{
	int c = SSHCIPHER_CHACHA20;

	while (c < SSHCIPHERS && strcmp(ciphers[c].name, name) != 0)
		c++;
	return (enum sshcipher)c;
}

size_t sshcipher_key_len(enum sshcipher c)
{
	return ciphers[c].key_len;
}

size_t sshcipher_iv_len(enum sshcipher c)
{
	return ciphers[c].iv_len;
}

void sshdir_release(struct sshdir *d)
{
	EVP_CIPHER_CTX_free(d->gcm);
	sodium_memzero(d, sizeof(*d));
}

enum err sshdir_rekey(struct sshdir *d, enum sshcipher c, const uint8_t *key, const uint8_t *iv, bool encrypt)
{
	uint32_t seq = d->seq;

	sshdir_release(d);
	d->seq = seq;
	d->cipher = c;
	memcpy(d->key, key, ciphers[c].key_len);
	memcpy(d->iv, iv, ciphers[c].iv_len);
	if (c != SSHCIPHER_AES128GCM && c != SSHCIPHER_AES256GCM)
		return ERR_OK;
	const EVP_CIPHER *evp = c == SSHCIPHER_AES128GCM ? EVP_aes_128_gcm() : EVP_aes_256_gcm();
	d->gcm = EVP_CIPHER_CTX_new();
	return d->gcm && EVP_CipherInit_ex(d->gcm, evp, NULL, d->key, NULL, encrypt) == 1 ? ERR_OK : ERR_INTERNAL;
}

/* --- ChaCha20-Poly1305: the first half of the key is for the payload, the other for the length --- */

static void chacha_nonce(uint8_t nonce[8], uint32_t seq)
{
	memset(nonce, 0, 4);
	for (int i = 0; i < 4; i++)
		nonce[4 + i] = (uint8_t)(seq >> (24 - 8 * i));
}

static void chacha_length(const struct sshdir *d, uint8_t out[4], const uint8_t in[4])
{
	uint8_t nonce[8];

	chacha_nonce(nonce, d->seq);
	crypto_stream_chacha20_xor(out, in, 4, nonce, d->key + 32);
}

static void chacha_mac_key(const struct sshdir *d, uint8_t key[32])
{
	uint8_t nonce[8];

	chacha_nonce(nonce, d->seq);
	crypto_stream_chacha20(key, 32, nonce, d->key);
}

/* p: length, body (n octets), room for the tag. */
static void chacha_seal(const struct sshdir *d, uint8_t *p, size_t n)
{
	uint8_t nonce[8], key[32];

	chacha_length(d, p, p);
	chacha_nonce(nonce, d->seq);
	crypto_stream_chacha20_xor_ic(p + 4, p + 4, n, nonce, 1, d->key);
	chacha_mac_key(d, key);
	crypto_onetimeauth(p + 4 + n, p, 4 + n, key);
	sodium_memzero(key, sizeof(key));
}

static bool chacha_open(const struct sshdir *d, uint8_t *out, const uint8_t *p, size_t n)
{
	uint8_t nonce[8], key[32];

	chacha_mac_key(d, key);
	bool ok = crypto_onetimeauth_verify(p + 4 + n, p, 4 + n, key) == 0;
	sodium_memzero(key, sizeof(key));
	chacha_nonce(nonce, d->seq);
	if (ok)
		crypto_stream_chacha20_xor_ic(out, p + 4, n, nonce, 1, d->key);
	return ok;
}

/* --- AES-GCM: the nonce is four fixed octets and a counter that grows with each packet (RFC 5647 7.1) --- */

static void gcm_next(struct sshdir *d)
{
	for (int i = 11; i >= 4 && ++d->iv[i] == 0; i--)
		;
}

static bool gcm_seal(struct sshdir *d, uint8_t *p, size_t n)
{
	int done;
	bool ok = EVP_CipherInit_ex(d->gcm, NULL, NULL, NULL, d->iv, 1) == 1 &&
	          EVP_CipherUpdate(d->gcm, NULL, &done, p, 4) == 1 &&
	          EVP_CipherUpdate(d->gcm, p + 4, &done, p + 4, (int)n) == 1 &&
	          EVP_CipherFinal_ex(d->gcm, p + 4 + n, &done) == 1 &&
	          EVP_CIPHER_CTX_ctrl(d->gcm, EVP_CTRL_AEAD_GET_TAG, SSHCIPHER_TAG, p + 4 + n) == 1;

	gcm_next(d);
	return ok;
}

static bool gcm_open(struct sshdir *d, uint8_t *out, const uint8_t *p, size_t n)
{
	uint8_t tag[SSHCIPHER_TAG];
	int done;

	memcpy(tag, p + 4 + n, sizeof(tag));
	bool ok = EVP_CipherInit_ex(d->gcm, NULL, NULL, NULL, d->iv, 0) == 1 &&
	          EVP_CIPHER_CTX_ctrl(d->gcm, EVP_CTRL_AEAD_SET_TAG, SSHCIPHER_TAG, tag) == 1 &&
	          EVP_CipherUpdate(d->gcm, NULL, &done, p, 4) == 1 &&
	          EVP_CipherUpdate(d->gcm, out, &done, p + 4, (int)n) == 1 &&
	          EVP_CipherFinal_ex(d->gcm, out + n, &done) == 1;
	gcm_next(d);
	return ok;
}

/* --- packets --- */

enum err sshdir_seal(struct sshdir *d, const uint8_t *payload, size_t len, struct sbuf *out)
{
	size_t block = ciphers[d->cipher].block, head = d->cipher == SSHCIPHER_NONE ? 5 : 1;
	size_t padding = block - (head + len) % block;
	if (padding < 4)
		padding += block;
	size_t n = 1 + len + padding, tag = d->cipher == SSHCIPHER_NONE ? 0 : SSHCIPHER_TAG;
	uint8_t *p = n > SSHPACKET_MAX ? NULL : sbuf_grow(out, 4 + n + tag);

	if (!p)
		return n > SSHPACKET_MAX ? ERR_TOO_LONG : ERR_NOMEM;
	struct wr w = wr_init(p, 5);
	wr_u32(&w, (uint32_t)n);
	wr_u8(&w, (uint8_t)padding);
	memcpy(p + 5, payload, len);
	if (d->cipher == SSHCIPHER_NONE)
		memset(p + 5 + len, 0, padding); /* nobody's secret */
	else
		randombytes_buf(p + 5 + len, padding);
	bool ok = true;
	if (d->cipher == SSHCIPHER_CHACHA20)
		chacha_seal(d, p, n);
	else if (d->cipher != SSHCIPHER_NONE)
		ok = gcm_seal(d, p, n);
	d->seq++;
	d->packets++;
	d->octets += 4 + n + tag;
	return ok ? ERR_OK : ERR_INTERNAL;
}

static const char *length_wrong(const struct sshdir *d, uint32_t n)
{
	size_t block = ciphers[d->cipher].block, head = d->cipher == SSHCIPHER_NONE ? 4 : 0;

	if (n < 1 + 4 || n > SSHPACKET_MAX)
		return "a packet says that it is shorter or longer than a packet can be";
	if ((n + head) % block != 0)
		return "a packet's length is no multiple of the cipher's block";
	return NULL;
}

enum err sshdir_open(
    struct sshdir *d, const uint8_t *p, size_t len, struct sbuf *payload, size_t *whole, const char **why)
{
	uint8_t head[4];
	size_t tag = d->cipher == SSHCIPHER_NONE ? 0 : SSHCIPHER_TAG;

	*whole = 0;
	if (len < 4)
		return ERR_TRUNCATED;
	memcpy(head, p, 4);
	if (d->cipher == SSHCIPHER_CHACHA20)
		chacha_length(d, head, head);
	struct rd r = rd_init(head, 4);
	uint32_t n = rd_u32(&r);
	if ((*why = length_wrong(d, n)) != NULL)
		return ERR_FORMAT;
	*whole = 4 + n + tag;
	if (len < *whole)
		return ERR_TRUNCATED;
	sbuf_clear(payload);
	uint8_t *out = sbuf_grow(payload, n);
	if (!out)
		return ERR_NOMEM;
	*why = "the authentication tag (MAC) is wrong: somebody altered the packet, or it was not made with our key";
	if (d->cipher == SSHCIPHER_NONE)
		memcpy(out, p + 4, n);
	else if (d->cipher == SSHCIPHER_CHACHA20 ? !chacha_open(d, out, p, n) : !gcm_open(d, out, p, n))
		return ERR_NEGATIVE;
	d->seq++;
	d->packets++;
	d->octets += *whole;
	size_t padding = out[0];
	*why = "a packet's padding is shorter than four octets, or longer than the packet";
	if (padding < 4 || padding + 2 > n)
		return ERR_FORMAT;
	sbuf_drop(payload, 1);
	payload->len = n - 1 - padding;
	return ERR_OK;
}
