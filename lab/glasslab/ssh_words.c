#include "ssh_words.h"

#include <crypt.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "glassnet/ssh_key.h"
#include "template.h"

/* An Ed25519 key for that purpose: the same seed gives the same key. */
static bool make_key(const struct seed *seed, const char *what, struct sshkey_private *out)
{
	uint8_t secret[SEED_BYTES];
	char name[TOPO_DOMAIN + 8];

	snprintf(name, sizeof name, "ssh/%s", what);
	seed_bytes(seed, name, secret);
	enum err e = sshkey_generate(out, secret, what);
	sodium_memzero(secret, sizeof secret);
	return e == ERR_OK;
}

static bool put_base64(FILE *out, const char *type, const uint8_t *blob, size_t len, const char *comment)
{
	char *text = base64_text(blob, len, true);
	if (text)
		fprintf(out, "%s %s %s", type, text, comment);
	free(text);
	return text != NULL;
}

static bool put_private(FILE *out, const struct sshkey_private *k)
{
	char *text = NULL;
	if (sshkey_private_text(k, &text) != ERR_OK)
		return false;
	fputs(text, out);
	sodium_memzero(text, strlen(text));
	free(text);
	return true;
}

/* A host certificate (OpenSSH's PROTOCOL.certkeys) for one name, good for ever. */
static bool put_certificate(
    FILE *out, const struct sshkey_private *k, const struct sshkey_private *ca, const char *name)
{
	static const char type[] = "ssh-ed25519-cert-v01@openssh.com";
	struct sbuf b = {0}, names = {0}, sig = {0};
	uint8_t nonce[32];
	randombytes_buf(nonce, sizeof nonce);
	sbuf_text(&names, name);
	sbuf_text(&b, type);
	sbuf_string(&b, nonce, sizeof nonce);
	sbuf_string(&b, k->public.ed25519, sizeof k->public.ed25519);
	sbuf_u64(&b, 1); /* serial */
	sbuf_u32(&b, 2); /* a host's */
	sbuf_text(&b, name);
	sbuf_string(&b, names.p, names.len);
	sbuf_u64(&b, 0);
	sbuf_u64(&b, UINT64_MAX);
	sbuf_text(&b, ""); /* critical options */
	sbuf_text(&b, ""); /* extensions */
	sbuf_text(&b, ""); /* reserved */
	sbuf_string(&b, ca->public.blob, ca->public.len);
	bool ok = !b.bad && sshkey_sign(ca, "ssh-ed25519", b.p, b.len, &sig) == ERR_OK;
	sbuf_string(&b, sig.p, sig.len);
	ok = ok && !b.bad && put_base64(out, type, b.p, b.len, name);
	sbuf_release(&b);
	sbuf_release(&names);
	sbuf_release(&sig);
	return ok;
}

static bool put_key_word(FILE *out, const struct seed *seed, size_t n, char *const word[])
{
	struct sshkey_private k, ca = {0};
	bool ok = make_key(seed, word[1], &k);
	if (ok && strcmp(word[0], "ssh-private") == 0 && n == 2)
		ok = put_private(out, &k);
	else if (ok && strcmp(word[0], "ssh-public") == 0 && n == 2)
		ok = put_base64(out, "ssh-ed25519", k.public.blob, k.public.len, word[1]);
	else if (ok && strcmp(word[0], "ssh-certificate") == 0 && n == 4)
		ok = make_key(seed, word[2], &ca) && put_certificate(out, &k, &ca, word[3]);
	else
		ok = false;
	sshkey_private_release(&k);
	sshkey_private_release(&ca);
	return ok;
}

/* A password as /etc/shadow keeps it. */
static bool put_crypt(FILE *out, const struct seed *seed, const char *what)
{
	char word[WORD_CHARS + 1], salt[CRYPT_GENSALT_OUTPUT_SIZE];
	struct crypt_data *data = calloc(1, sizeof *data);
	seed_word(seed, what, word, WORD_CHARS);
	const char *hash =
	    data && crypt_gensalt_rn("$6$", 1000, NULL, 0, salt, sizeof salt) ? crypt_r(word, salt, data) : NULL;
	bool ok = hash && hash[0] == '$';
	if (ok)
		fputs(hash, out);
	sodium_memzero(word, sizeof word);
	if (data)
		sodium_memzero(data, sizeof *data);
	free(data);
	return ok;
}

bool ssh_words_put(FILE *out, const struct seed *seed, size_t n, char *const word[])
{
	if (strcmp(word[0], "uid") == 0 && n == 1)
		return fprintf(out, "%ju", (uintmax_t)geteuid()) > 0;
	if (strcmp(word[0], "gid") == 0 && n == 1)
		return fprintf(out, "%ju", (uintmax_t)getegid()) > 0;
	if (strcmp(word[0], "crypt") == 0 && n == 2)
		return put_crypt(out, seed, word[1]);
	return n >= 2 && put_key_word(out, seed, n, word);
}
