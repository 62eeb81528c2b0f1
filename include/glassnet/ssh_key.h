/* SSH's keys: what they look like on the wire, their fingerprints, signing and checking signatures.
 *
 * A key's blob begins with the name of its type (RFC 4253 6.6, RFC 5656 3.1, RFC 8709 4). A certificate is a blob, too
 * (OpenSSH's PROTOCOL.certkeys): a key, the names that it is good for, dates, and an authority's signature. */
#ifndef GLASSNET_SSH_KEY_H
#define GLASSNET_SSH_KEY_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/err.h"
#include "glassnet/ssh_wire.h"

enum sshkey_type {
	SSHKEY_UNKNOWN,
	SSHKEY_ED25519,
	SSHKEY_ECDSA256,
	SSHKEY_ECDSA384,
	SSHKEY_ECDSA521,
	SSHKEY_RSA,
	/* recognised in files, never used by us */
	SSHKEY_DSS,
	SSHKEY_SK_ED25519,
	SSHKEY_SK_ECDSA,
	SSHKEY_TYPES
};

#define SSHKEY_PRINCIPALS_MAX 256
#define SSHKEY_RSA_READ_MIN   1024 /* bits: what OpenSSH reads at all */
#define SSHKEY_RSA_MIN        2048 /* bits: what we trust a signature of */
#define SSHKEY_RSA_MAX        16384
#define SSHKEY_FINGERPRINT    52 /* "SHA256:" and 43 characters, and a NUL */

struct sshkey {
	enum sshkey_type type;
	uint8_t *blob; /* all of it, as on the wire */
	size_t len;
	uint8_t *plain; /* the blob of the bare key; the same octets where it is no certificate */
	size_t plain_len;
	unsigned bits;
	uint8_t ed25519[32]; /* of that type */
	EVP_PKEY *evp;       /* ECDSA, RSA */

	/* of a certificate; offsets in blob */
	bool cert, host_cert;
	uint64_t serial, valid_after, valid_before; /* seconds since 1970 */
	size_t id_off, id_len, principals_off, principals_len, critical_off, critical_len;
	size_t ca_off, ca_len; /* blob of the authority's key */
	size_t signed_len;     /* octets from the start that the signature covers */
	size_t sig_off, sig_len;
};

/* Takes a blob apart, all of it. On ERR_OK the caller releases *out; otherwise *out is empty and *at is the offset of
 * the octet that does not fit. ERR_VERSION: a type that is not known here. */
enum err sshkey_parse(struct sshkey *out, const uint8_t *blob, size_t len, size_t *at) MUST_USE;
void sshkey_release(struct sshkey *k);

/* "ssh-ed25519"; with the certificate's suffix for one. */
const char *sshkey_type_name(const struct sshkey *k);
const char *sshkey_name_of(enum sshkey_type type, bool cert);
/* "ED25519", as OpenSSH's messages say it. */
const char *sshkey_short_name(const struct sshkey *k);
/* The type by its name, len octets; SSHKEY_UNKNOWN where there is none. cert may be NULL: then no certificate's. */
enum sshkey_type sshkey_type_of(const char *name, size_t len, bool *cert);
/* Is it the same bare key? */
bool sshkey_equal(const struct sshkey *a, const struct sshkey *b);

/* --- certificates --- */

/* Is this host certificate good for that name now (seconds since 1970)? *why says what is wrong. The authority's
 * signature is checked; whether the authority is trusted is for the caller to say. */
bool sshkey_cert_valid(const struct sshkey *k, const char *host, uint64_t now, const char **why);
/* The authority's key. Same rules as sshkey_parse(). */
enum err sshkey_cert_authority(const struct sshkey *k, struct sshkey *out) MUST_USE;
/* The names it is good for, as text with ", " between them. */
void sshkey_cert_names(const struct sshkey *k, char *out, size_t cap);

/* --- fingerprints --- */

/* "SHA256:" and the hash in Base64. Returns out. */
char *sshkey_fingerprint(char out[static SSHKEY_FINGERPRINT], const uint8_t *blob, size_t len);
/* The drunken bishop's walk over a field of 17 by 9: eleven lines, each with a newline. Returns out. */
#define SSHKEY_RANDOMART 256
char *sshkey_randomart(char out[static SSHKEY_RANDOMART], const struct sshkey *k);

/* --- signatures --- */

/* Checks a signature blob over data. alg is the algorithm that was agreed on ("rsa-sha2-512"). ERR_NEGATIVE: it is
 * not this key's signature over these octets; ERR_FORMAT: it is no signature of that algorithm. *why says it. */
enum err sshkey_verify(const struct sshkey *k, const char *alg, const uint8_t *data, size_t len, const uint8_t *sig,
    size_t sig_len, const char **why) MUST_USE;
/* Can a signature of this algorithm be made with this type of key? */
bool sshkey_fits(enum sshkey_type type, const char *alg);
/* An algorithm's name without the certificate's suffix: "rsa-sha2-512" of "rsa-sha2-512-cert-v01@openssh.com". */
void sshkey_plain_alg(char *out, size_t cap, const char *alg);

struct sshkey_private {
	struct sshkey public;
	uint8_t ed25519[64]; /* libsodium's form: seed and public half */
	EVP_PKEY *evp;       /* ECDSA, RSA */
	char comment[256];
};

void sshkey_private_release(struct sshkey_private *k);
/* A signature blob over data, appended to out. */
enum err sshkey_sign(
    const struct sshkey_private *k, const char *alg, const uint8_t *data, size_t len, struct sbuf *out) MUST_USE;
/* A new Ed25519 key; from seed (32 octets) where it is not NULL. */
enum err sshkey_generate(struct sshkey_private *out, const uint8_t *seed, const char *comment) MUST_USE;

/* --- files --- */

enum sshkey_file {
	SSHKEY_FILE_FINE,
	SSHKEY_FILE_ENCRYPTED, /* the public half alone is in out */
	SSHKEY_FILE_BAD,
};

/* A private key in OpenSSH's format (PROTOCOL.key). On SSHKEY_FILE_BAD *why says what is wrong and *at where (an
 * offset in the text, or in what its Base64 holds), and out is empty. */
enum sshkey_file sshkey_private_read(
    struct sshkey_private *out, const char *text, size_t len, const char **why, size_t *at);
/* The same, written: an allocated text that the caller wipes and frees. Ed25519 only. */
enum err sshkey_private_text(const struct sshkey_private *k, char **out) MUST_USE;

/* "ssh-ed25519 AAAA… comment" from a line of text: the key, and where the comment begins (at most len). */
enum err sshkey_line_read(struct sshkey *out, const char *line, size_t len, size_t *comment) MUST_USE;

#endif
