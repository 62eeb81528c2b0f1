/* Where certificates come from: files, standard input, servers. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "certview.h"
#include "glassnet/net.h"
#include "glassnet/resolve.h"
#include "glassnet/target.h"

enum err trouble_set(struct trouble *w, enum err e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(w->text, sizeof(w->text), fmt, ap);
	va_end(ap);
	w->err = e;
	return e;
}

enum err input_bytes(uint8_t **out, size_t *len, const char *path, size_t max, struct trouble *w)
{
	enum err e = x509_read_file(path, max, out, len);

	if (e == ERR_IO)
		return trouble_set(w, e, "%s: %s", path, strerror(errno));
	if (e == ERR_TOO_LONG)
		return trouble_set(w, e, "%s: more than %zu octets are not read", path, max);
	return e == ERR_OK ? e : trouble_set(w, e, "%s: %s", path, err_text(e));
}

static enum err parse_bytes(const char *path, struct cert_set *certs, struct crl_set *crls, struct trouble *w)
{
	char why[X509_WHY];
	uint8_t *bytes;
	size_t len;
	enum err e = input_bytes(&bytes, &len, path, X509_FILE_MAX, w);

	if (e != ERR_OK)
		return e;
	e = certs ? cert_set_read(certs, bytes, len, why) : crl_set_read(crls, bytes, len, why);
	free(bytes);
	return e == ERR_OK ? e : trouble_set(w, e, "%s: %s", path, why);
}

enum err input_certs(struct cert_set *out, const char *path, struct trouble *w)
{
	return parse_bytes(path, out, NULL, w);
}

enum err input_crls(struct crl_set *out, const char *path, struct trouble *w)
{
	return parse_bytes(path, NULL, out, w);
}

/* --- servers --- */

bool input_is_server(const char *text)
{
	struct target target;
	const char *why;

	return strcmp(text, "-") != 0 && strchr(text, ':') && !strchr(text, '/') && access(text, F_OK) != 0 &&
	       target_parse(&target, text, &why) == ERR_OK;
}

void fetched_release(struct fetched *f)
{
	cert_set_release(&f->certs);
	free(f->staple);
	*f = (struct fetched){0};
}

static int take_all(X509_STORE_CTX *ctx, void *arg)
{
	(void)ctx;
	(void)arg;
	return 1; /* the engine judges what comes; here it is only fetched */
}

static enum err shake_hands(SSL *ssl, int fd, struct deadline d)
{
	for (;;) {
		int r = SSL_connect(ssl);
		if (r == 1)
			return ERR_OK;
		int why = SSL_get_error(ssl, r);
		if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
			return ERR_FORMAT;
		enum err e = net_wait(fd, why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, d);
		if (e != ERR_OK)
			return e;
	}
}

static enum err take_chain(struct fetched *f, SSL *ssl)
{
	STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
	const unsigned char *staple = NULL;
	long n = SSL_get_tlsext_status_ocsp_resp(ssl, &staple);
	enum err e = ERR_OK;

	for (int i = 0; e == ERR_OK && i < sk_X509_num(chain); i++)
		e = cert_set_add(&f->certs, sk_X509_value(chain, i));
	if (e == ERR_OK && staple && n > 0 && (f->staple = malloc((size_t)n))) {
		memcpy(f->staple, staple, (size_t)n);
		f->staple_len = (size_t)n;
	}
	return e;
}

static enum err talk(struct fetched *f, int fd, struct deadline d, struct trouble *w)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = ctx ? SSL_new(ctx) : NULL;
	struct ip ip;
	enum err e = ERR_NOMEM;

	if (ssl) {
		SSL_CTX_set_cert_verify_callback(ctx, take_all, NULL);
		SSL_set_security_level(ssl, 0); /* weak certificates are to be seen, too */
		SSL_set1_groups_list(ssl, INPUT_GROUPS);
		SSL_set_max_cert_list(ssl, (long)CERT_DER_MAX);
		SSL_set_tlsext_status_type(ssl, TLSEXT_STATUSTYPE_ocsp);
		if (ip_parse(&ip, f->host) != ERR_OK)
			SSL_set_tlsext_host_name(ssl, f->host);
		SSL_set_fd(ssl, fd);
		e = shake_hands(ssl, fd, d);
		unsigned long code = ERR_peek_last_error();
		if (sk_X509_num(SSL_get_peer_cert_chain(ssl)) > 0)
			e = take_chain(f, ssl);
		else if (e == ERR_OK)
			trouble_set(w, e = ERR_REFUSED, "%s showed no certificate", f->peer);
		else if (e == ERR_FORMAT)
			trouble_set(w, e, "%s: the TLS handshake failed: %s", f->peer,
			    code && ERR_reason_error_string(code) ? ERR_reason_error_string(code)
			                                          : "the server closed the connection");
		else
			trouble_set(w, e, "%s: %s", f->peer, err_text(e));
	}
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	ERR_clear_error();
	return e;
}

/* Where the host is: told, or looked up. */
static enum err find(
    struct resolved *out, const struct target *target, const char *at, struct deadline d, struct trouble *w)
{
	*out = (struct resolved){.n = 1};
	if (!at) {
		enum err e = resolve(target->host, target->port, 0, d, out);
		return e == ERR_OK ? e
		                   : trouble_set(w, e, "%s: %s", target->host, out->why[0] ? out->why : err_text(e));
	}
	if (endpoint_parse(&out->at[0], at, target->port) == ERR_OK)
		return ERR_OK;
	return trouble_set(
	    w, ERR_USAGE, "--connect %s: an address is needed, as in 192.0.2.1:443 or [2001:db8::1]:443", at);
}

enum err input_fetch(
    struct fetched *f, const char *text, const char *to, int64_t timeout_ns, struct trace *t, struct trouble *w)
{
	struct deadline d = deadline_in(timeout_ns, cli_interrupt_fd());
	struct resolved at;
	struct target target;
	const char *why;
	int fd = -1;

	*f = (struct fetched){0};
	if (target_parse(&target, text, &why) != ERR_OK)
		return trouble_set(w, ERR_USAGE, "'%s' is no HOST:PORT: %s", text, why);
	memcpy(f->host, target.host, sizeof(f->host));
	enum err e = find(&at, &target, to, d, w);
	if (e != ERR_OK)
		return e;
	for (size_t i = 0; fd < 0 && i < at.n; i++) {
		endpoint_text(f->peer, &at.at[i]);
		e = dial(&at.at[i], i + 1 < at.n ? deadline_within(d, timeout_ns / 2) : d, &fd);
	}
	if (e != ERR_OK)
		return trouble_set(w, e, "%s: %s", f->peer, e == ERR_NET ? strerror(errno) : err_text(e));
	e = talk(f, fd, d, w);
	close(fd);
	if (e == ERR_OK)
		ev_recv(t, f->peer, "certview", "TLS", NULL, f->certs.n, "Certificate: %zu of them%s", f->certs.n,
		    f->staple ? ", and an OCSP response" : "");
	return e;
}
