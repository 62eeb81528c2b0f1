/* Certificates and CRLs from files: PEM (RFC 7468) or DER. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "glassnet/x509.h"

enum err cert_set_add(struct cert_set *s, X509 *x)
{
	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 8;
		X509 **more = realloc(s->x, cap * sizeof(X509 *));

		if (!more)
			return ERR_NOMEM;
		s->x = more;
		s->cap = cap;
	}
	if (!X509_up_ref(x))
		return ERR_NOMEM;
	s->x[s->n++] = x;
	return ERR_OK;
}

void cert_set_release(struct cert_set *s)
{
	for (size_t i = 0; i < s->n; i++)
		X509_free(s->x[i]);
	free(s->x);
	*s = (struct cert_set){0};
}

static enum err crl_set_add(struct crl_set *s, X509_CRL *x)
{
	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 8;
		X509_CRL **more = realloc(s->x, cap * sizeof(X509_CRL *));

		if (!more)
			return ERR_NOMEM;
		s->x = more;
		s->cap = cap;
	}
	s->x[s->n++] = x;
	return ERR_OK;
}

void crl_set_release(struct crl_set *s)
{
	for (size_t i = 0; i < s->n; i++)
		X509_CRL_free(s->x[i]);
	free(s->x);
	*s = (struct crl_set){0};
}

/* --- one object --- */

struct reader {
	const char *what, *label; /* "certificate", "CERTIFICATE" */
	size_t max;
	enum err (*take)(void *set, const uint8_t *der, size_t len, size_t *used);
	void *set;
};

static enum err take_cert(void *set, const uint8_t *der, size_t len, size_t *used)
{
	const unsigned char *p = der;
	X509 *x = d2i_X509(NULL, &p, (long)len);

	*used = (size_t)(p - der);
	if (!x)
		return ERR_FORMAT;
	enum err e = cert_set_add(set, x);
	X509_free(x);
	return e;
}

static enum err take_crl(void *set, const uint8_t *der, size_t len, size_t *used)
{
	const unsigned char *p = der;
	X509_CRL *x = d2i_X509_CRL(NULL, &p, (long)len);

	*used = (size_t)(p - der);
	if (!x)
		return ERR_FORMAT;
	enum err e = crl_set_add(set, x);
	if (e != ERR_OK)
		X509_CRL_free(x);
	return e;
}

/* What OpenSSL's last word on bad DER was. */
static const char *reason(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_error());

	return text ? text : "it is not DER";
}

static enum err read_der(const struct reader *r, const uint8_t *der, size_t len, size_t at, char *why)
{
	size_t used = 0;

	if (len > r->max) {
		snprintf(why, X509_WHY, "offset %zu: a %s of %zu octets is not read: no honest one is that large", at,
		    r->what, len);
		return ERR_TOO_LONG;
	}
	ERR_clear_error();
	enum err e = r->take(r->set, der, len, &used);
	if (e == ERR_FORMAT)
		snprintf(why, X509_WHY, "offset %zu: that is no %s: %s", at, r->what, reason());
	else if (e == ERR_OK && used < len) {
		snprintf(why, X509_WHY, "offset %zu: %zu octets stand behind the %s", at + used, len - used, r->what);
		e = ERR_FORMAT;
	} else if (e != ERR_OK)
		snprintf(why, X509_WHY, "%s", err_text(e));
	ERR_clear_error();
	return e;
}

/* --- PEM --- */

/* The base64 text from p to end, decoded; the caller frees it. NULL: it is not base64, or memory is short. */
static uint8_t *from_base64(const uint8_t *p, size_t n, size_t *len)
{
	EVP_ENCODE_CTX *ctx = EVP_ENCODE_CTX_new();
	uint8_t *out = malloc(n + 4);
	int some = 0, rest = 0;

	if (ctx)
		EVP_DecodeInit(ctx);
	if (!ctx || !out || EVP_DecodeUpdate(ctx, out, &some, p, (int)n) < 0 ||
	    EVP_DecodeFinal(ctx, out + some, &rest) < 0) {
		free(out);
		out = NULL;
	}
	EVP_ENCODE_CTX_free(ctx);
	*len = (size_t)(some + rest);
	return out;
}

static const uint8_t *find(const uint8_t *p, const uint8_t *end, const char *text)
{
	return p < end ? memmem(p, (size_t)(end - p), text, strlen(text)) : NULL;
}

/* Does the label that starts at p fit? "TRUSTED CERTIFICATE" and "X509 CERTIFICATE" are OpenSSL's others. */
static bool is_label(const struct reader *r, const uint8_t *p, size_t n)
{
	size_t want = strlen(r->label);
	bool old = n == want + 5 && memcmp(p, "X509 ", 5) == 0;

	return (n == want && memcmp(p, r->label, want) == 0) || (old && memcmp(p + 5, r->label, want) == 0);
}

static enum err read_block(const struct reader *r, const uint8_t *base, const uint8_t *text, size_t n, char *why)
{
	size_t len, at = (size_t)(text - base);

	if (n > r->max * 2) {
		snprintf(why, X509_WHY, "offset %zu: a %s of %zu octets of text is not read", at, r->what, n);
		return ERR_TOO_LONG;
	}
	uint8_t *der = from_base64(text, n, &len);
	if (!der) {
		snprintf(why, X509_WHY, "offset %zu: what stands between BEGIN and END is not base64", at);
		return ERR_FORMAT;
	}
	enum err e = read_der(r, der, len, at, why);
	free(der);
	return e;
}

static enum err read_pem(const struct reader *r, const uint8_t *p, size_t len, char *why)
{
	static const char begin[] = "-----BEGIN ", tail[] = "-----";
	const uint8_t *end = p + len, *at = p;
	size_t found = 0;
	enum err e = ERR_OK;

	while (e == ERR_OK && (at = find(at, end, begin))) {
		const uint8_t *label = at + strlen(begin), *stop = find(label, end, tail);
		const uint8_t *close = stop ? find(stop, end, "-----END ") : NULL;

		if (!close || stop - label > 64) {
			snprintf(
			    why, X509_WHY, "offset %zu: the block that begins here has no end", (size_t)(at - p));
			return ERR_TRUNCATED;
		}
		if (is_label(r, label, (size_t)(stop - label))) {
			stop += strlen(tail);
			e = read_block(r, p, stop, (size_t)(close - stop), why);
			found++;
		}
		at = close + 1;
	}
	if (e == ERR_OK && !found) {
		snprintf(
		    why, X509_WHY, "no %s is in it (what is needed: -----BEGIN %s-----, or DER)", r->what, r->label);
		e = ERR_FORMAT;
	}
	return e;
}

static enum err read_any(const struct reader *r, const uint8_t *p, size_t len, char *why)
{
	why[0] = '\0';
	if (len == 0) {
		snprintf(why, X509_WHY, "it is empty");
		return ERR_FORMAT;
	}
	return p[0] == 0x30 ? read_der(r, p, len, 0, why) : read_pem(r, p, len, why);
}

enum err cert_set_read(struct cert_set *s, const uint8_t *bytes, size_t len, char why[static X509_WHY])
{
	const struct reader r = {"certificate", "CERTIFICATE", CERT_DER_MAX, take_cert, s};

	return read_any(&r, bytes, len, why);
}

enum err crl_set_read(struct crl_set *s, const uint8_t *bytes, size_t len, char why[static X509_WHY])
{
	const struct reader r = {"CRL", "X509 CRL", X509_FILE_MAX, take_crl, s};

	return read_any(&r, bytes, len, why);
}

/* --- files --- */

static enum err read_all(int fd, size_t max, uint8_t **out, size_t *len)
{
	size_t cap = 16384, n = 0;
	uint8_t *p = malloc(cap);
	ssize_t got = 0;

	while (p && (got = read(fd, p + n, cap - n)) > 0) {
		n += (size_t)got;
		if (n > max) {
			free(p);
			return ERR_TOO_LONG;
		}
		if (n < cap)
			continue;
		uint8_t *more = realloc(p, cap * 2);
		if (!more) {
			free(p);
			return ERR_NOMEM;
		}
		p = more;
		cap *= 2;
	}
	if (!p)
		return ERR_NOMEM;
	if (got < 0) {
		free(p);
		return ERR_IO;
	}
	*out = p;
	*len = n;
	return ERR_OK;
}

enum err x509_read_file(const char *path, size_t max, uint8_t **out, size_t *len)
{
	bool standard = strcmp(path, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);

	*out = NULL;
	*len = 0;
	if (fd < 0)
		return ERR_IO;
	enum err e = read_all(fd, max, out, len);
	int kept = errno;
	if (!standard)
		close(fd);
	errno = kept;
	return e;
}
