/* The zoo: certificates that are wrong in one way each. badssl.com, offline. */
#ifndef CERTVIEW_ZOO_H
#define CERTVIEW_ZOO_H

#include "issue.h"

#define ZOO_DOMAIN "badssl.example"

enum zoo_sends { SEND_CHAIN, SEND_LEAF, SEND_ROOT_TOO, SEND_REVERSED };
enum zoo_tweak { TWEAK_NONE, TWEAK_SIGNATURE, TWEAK_ALGORITHM, TWEAK_NUL };
enum zoo_under { UNDER_MID, UNDER_NOBODY, UNDER_STRANGER, UNDER_OTHER_MID, UNDER_LEAF, UNDER_TWO };

struct animal {
	const char *name;     /* its host is NAME.badssl.example */
	const char *reason;   /* the check that it fails, by name; NULL: it is all right */
	const char *sentence; /* what is wrong with it, and why that matters */
	enum zoo_under under;
	enum zoo_sends sends;
	enum zoo_tweak tweak;
	const char *key, *digest, *serial, *subject;
	long version;
	int from_days, to_days;         /* from today; 0, 0: -1 to 89 */
	const char *ext[8];             /* of the leaf, in the place of the usual ones */
	int mid_from_days, mid_to_days; /* of its own authority (UNDER_OTHER_MID); 0, 0: -30 to 365 */
	const char *mid_ext[6];
	bool revoked;
};

extern const struct animal zoo_animals[];
extern const size_t zoo_count;
const struct animal *zoo_find(const char *name);

/* Who signs: the root is trusted, the stranger is another root. */
struct zoo {
	struct pair root, mid, stranger;
	int64_t now;
};
/* Makes what is missing in z; pairs that are there already stay. */
enum err zoo_init(struct zoo *z, int64_t now, struct trouble *w) MUST_USE;
void zoo_release(struct zoo *z);

/* One of them: its key, and the certificates in the order in which its server sends them. */
struct zoo_cage {
	EVP_PKEY *key;
	X509 *leaf; /* borrowed from chain */
	X509 *chain[5];
	size_t n;
	unsigned char *staple; /* an OCSP response (OPENSSL_free), for the one that is revoked; NULL: none */
	int staple_len;
};
enum err zoo_make(struct zoo_cage *out, const struct zoo *z, const struct animal *a, struct trouble *w) MUST_USE;
void zoo_cage_release(struct zoo_cage *c);

/* Serves all of them at listen_fd by the name that the client asks for (SNI), until cancel_fd is readable. */
enum err zoo_serve(const struct zoo *z, int listen_fd, int cancel_fd) MUST_USE;

#endif
