/* certview: certificates shown, judged, issued, and made wrong on purpose.
 *
 *     show.c     a certificate as people need it, and the tree of who signed whom; fields.c walks the DER
 *     judge.c    verify: one leaf, or thousands, through the engine of glassnet/x509.h
 *     issue.c    the certification authority: keys, requests, certificates, CRLs, OCSP answers (ca.c has the verbs)
 *     zoo.c      certificates that are wrong in one way each; zoo_serve.c serves them
 *     input.c    files and servers that certificates are read from
 */
#ifndef CERTVIEW_H
#define CERTVIEW_H

#include "glassnet/cli.h"
#include "glassnet/x509.h"

/* --- input.c --- */

/* What went wrong with an input, for people. */
struct trouble {
	enum err err;
	char text[480];
};
enum err trouble_set(struct trouble *w, enum err e, const char *fmt, ...) PRINTF_LIKE(3, 4);

enum err input_certs(struct cert_set *out, const char *path, struct trouble *w) MUST_USE;
enum err input_crls(struct crl_set *out, const char *path, struct trouble *w) MUST_USE;
enum err input_bytes(uint8_t **out, size_t *len, const char *path, size_t max, struct trouble *w) MUST_USE;

/* The curves that are offered to servers: unusual ones, too, for they are to be seen. */
#define INPUT_GROUPS "X25519:P-256:P-384:P-521:secp256k1:P-192"

/* Is text HOST:PORT, and no file of that name? */
bool input_is_server(const char *text);
/* The certificates that the server shows, in its order, and its OCSP staple (freed by the caller; NULL: none). */
struct fetched {
	struct cert_set certs;
	uint8_t *staple;
	size_t staple_len;
	char host[256];
	char peer[64];
};
/* at: go to this address, whatever DNS says; or NULL. */
enum err input_fetch(struct fetched *out, const char *target, const char *at, int64_t timeout_ns, struct trace *t,
    struct trouble *w) MUST_USE;
void fetched_release(struct fetched *f);

/* --- show.c, fields.c --- */

/* Shows every certificate of the set, and which signed which. now: seconds since 1970. */
void show_certs(struct trace *t, const struct cert_set *set, int64_t now);
/* Walks DER byte by byte, as FIELD events. ERR_FORMAT, ERR_TRUNCATED: *at is the offset. */
enum err show_fields(struct trace *t, const uint8_t *der, size_t len, size_t *at) MUST_USE;

/* --- judge.c --- */

/* The sentence that says what came of it. Returns out. */
char *judge_sentence(char *out, size_t cap, const struct path_result *r, X509 *leaf);

#define CONNECT_OPTION                                                                                               \
	{                                                                                                            \
		.name = "connect", .arg = "ADDR[:PORT]", .help = "HOST:PORT: go to this address, whatever DNS says"  \
	}

/* --- verbs, each in its own file --- */
int verb_show(struct cli *c);
int verb_verify(struct cli *c);
int verb_request(struct cli *c);
int verb_ca(struct cli *c);
int verb_zoo(struct cli *c);

extern const struct cli_option show_options[], verify_options[], request_options[], ca_options[], zoo_options[];

#endif
