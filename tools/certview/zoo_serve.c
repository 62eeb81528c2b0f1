/* The zoo's server: one port, and the name that the client asks for (SNI) says which animal it gets. Each is made when
 * it is first asked for, so that starting costs nothing. A connection has a thread and ten seconds. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "glassnet/line.h"
#include "glassnet/wire.h"
#include "zoo.h"

#define CONNECTIONS_MAX 32
#define PATIENCE_S      10
#define CAGES_MAX       128

struct keeper {
	const struct zoo *zoo;
	pthread_mutex_t lock;
	SSL_CTX *cage[CAGES_MAX];        /* as in zoo_animals; NULL: not made yet */
	struct zoo_cage kept[CAGES_MAX]; /* what the contexts refer to */
	unsigned busy;
};

struct visitor {
	struct keeper *k;
	int fd;
};

/* --- one animal --- */

static int staple(SSL *ssl, void *arg)
{
	const struct zoo_cage *c = arg;
	unsigned char *copy = c->staple ? OPENSSL_memdup(c->staple, (size_t)c->staple_len) : NULL;

	if (!copy)
		return SSL_TLSEXT_ERR_NOACK;
	SSL_set_tlsext_status_ocsp_resp(ssl, copy, c->staple_len);
	return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *make_cage(const struct zoo *z, const struct animal *a, struct zoo_cage *keep)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	struct trouble w;

	if (!ctx || zoo_make(keep, z, a, &w) != ERR_OK) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	SSL_CTX_set_security_level(ctx, 0);
	SSL_CTX_set1_groups_list(ctx, INPUT_GROUPS);
	SSL_CTX_set1_sigalgs_list(ctx, "ECDSA+SHA256:ECDSA+SHA384:RSA-PSS+SHA256:RSA+SHA256:ECDSA+SHA1:RSA+SHA1");
	SSL_CTX_set_tlsext_status_cb(ctx, staple);
	SSL_CTX_set_tlsext_status_arg(ctx, keep);
	bool ok = SSL_CTX_use_certificate(ctx, keep->leaf) == 1 && SSL_CTX_use_PrivateKey(ctx, keep->key) == 1;
	for (size_t i = 1; ok && i < keep->n; i++)
		ok = SSL_CTX_add1_chain_cert(ctx, keep->chain[i]) == 1;
	ERR_clear_error();
	if (ok)
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

/* "expired.badssl.example" is "expired"; anything else is "good". */
static size_t which(const char *host)
{
	size_t n = host ? strlen(host) : 0, tail = strlen("." ZOO_DOMAIN);

	if (n <= tail || strcasecmp(host + n - tail, "." ZOO_DOMAIN) != 0)
		return 0;
	for (size_t i = 0; i < zoo_count; i++)
		if (strlen(zoo_animals[i].name) == n - tail && strncasecmp(zoo_animals[i].name, host, n - tail) == 0)
			return i;
	return 0;
}

static SSL_CTX *cage_of(struct keeper *k, size_t i)
{
	pthread_mutex_lock(&k->lock);
	if (!k->cage[i])
		k->cage[i] = make_cage(k->zoo, &zoo_animals[i], &k->kept[i]);
	SSL_CTX *ctx = k->cage[i];
	pthread_mutex_unlock(&k->lock);
	return ctx;
}

static int choose(SSL *ssl, int *alert, void *arg)
{
	SSL_CTX *ctx = cage_of(arg, which(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)));

	if (!ctx) {
		*alert = SSL_AD_INTERNAL_ERROR;
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	}
	SSL_set_SSL_CTX(ssl, ctx);
	return SSL_TLSEXT_ERR_OK;
}

/* The host in a ClientHello's server_name extension (RFC 6066 3); "" none. */
static char *asked_host(char out[static 256], SSL *ssl)
{
	const unsigned char *p;
	size_t len;

	out[0] = '\0';
	if (!SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &p, &len))
		return out;
	struct rd r = rd_init(p, len);
	rd_skip(&r, 3); /* length of the list, kind of name */
	size_t n = rd_u16(&r);
	const uint8_t *name = n < 256 ? rd_bytes(&r, n) : NULL;
	if (name && !memchr(name, 0, n)) {
		memcpy(out, name, n);
		out[n] = '\0';
	}
	return out;
}

/* TLS 1.3 has no way to sign with a key on one of the other curves. */
static int lower_version(SSL *ssl, int *alert, void *arg)
{
	char host[256];
	const char *key = zoo_animals[which(asked_host(host, ssl))].key;

	(void)alert;
	(void)arg;
	if (key && (strcmp(key, "P-192") == 0 || strcmp(key, "secp256k1") == 0))
		SSL_set_max_proto_version(ssl, TLS1_2_VERSION);
	return SSL_CLIENT_HELLO_SUCCESS;
}

/* --- one visitor --- */

static void answer(SSL *ssl)
{
	char request[2048], body[800], page[1200];
	const struct animal *a = &zoo_animals[which(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name))];
	struct line b = line_on(body, sizeof(body)), p = line_on(page, sizeof(page));

	if (SSL_read(ssl, request, sizeof(request)) <= 0)
		return;
	line_add(&b, "%s.%s\n%s\n%s%s\n", a->name, ZOO_DOMAIN, a->sentence,
	    a->reason ? "You should not be reading this: " : "", a->reason ? a->reason : "");
	line_add(&p,
	    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
	    b.len, body);
	if (SSL_write(ssl, page, (int)p.len) > 0)
		SSL_shutdown(ssl);
}

static void *receive(void *arg)
{
	struct visitor *v = arg;
	SSL_CTX *first = cage_of(v->k, 0);
	SSL *ssl = first ? SSL_new(first) : NULL;
	const struct timeval patience = {.tv_sec = PATIENCE_S};

	setsockopt(v->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(v->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (ssl && SSL_set_fd(ssl, v->fd) && SSL_accept(ssl) == 1)
		answer(ssl);
	SSL_free(ssl);
	ERR_clear_error();
	close(v->fd);
	__atomic_fetch_sub(&v->k->busy, 1, __ATOMIC_ACQ_REL);
	free(v);
	return NULL;
}

static void let_in(struct keeper *k, int fd)
{
	struct visitor *v = malloc(sizeof(*v));
	pthread_attr_t attr;
	pthread_t thread;

	if (!v || __atomic_load_n(&k->busy, __ATOMIC_ACQUIRE) >= CONNECTIONS_MAX || pthread_attr_init(&attr) != 0) {
		close(fd);
		free(v);
		return;
	}
	*v = (struct visitor){k, fd};
	__atomic_fetch_add(&k->busy, 1, __ATOMIC_ACQ_REL);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &attr, receive, v) != 0) {
		__atomic_fetch_sub(&k->busy, 1, __ATOMIC_ACQ_REL);
		close(fd);
		free(v);
	}
	pthread_attr_destroy(&attr);
}

enum err zoo_serve(const struct zoo *z, int listen_fd, int cancel_fd)
{
	static struct keeper k = {.lock = PTHREAD_MUTEX_INITIALIZER}; /* threads may outlive this call */
	struct pollfd fds[2] = {{.fd = listen_fd, .events = POLLIN}, {.fd = cancel_fd, .events = POLLIN}};

	k.zoo = z;
	if (zoo_count > CAGES_MAX || !cage_of(&k, 0))
		return ERR_INTERNAL;
	SSL_CTX_set_client_hello_cb(k.cage[0], lower_version, NULL);
	SSL_CTX_set_tlsext_servername_callback(k.cage[0], choose);
	SSL_CTX_set_tlsext_servername_arg(k.cage[0], &k);
	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return ERR_IO;
		if (cli_interrupted() || fds[1].revents)
			return ERR_OK;
		int fd = fds[0].revents ? accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC) : -1;
		if (fd >= 0)
			let_in(&k, fd);
	}
}
