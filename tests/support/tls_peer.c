#include "tls_peer.h"

#include <openssl/err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* --- a BIO that lets the test alter what goes out --- */

static int altered_write(BIO *b, const char *bytes, size_t len, size_t *written)
{
	struct tls_peer *p = BIO_get_data(b);
	uint8_t *copy = malloc(len);

	memcpy(copy, bytes, len);
	p->alter(copy, len, p->raw_arg);
	ssize_t n = write(p->own_fd, copy, len);
	free(copy);
	if (n < 0)
		return 0;
	*written = (size_t)n;
	return 1;
}

static int plain_read(BIO *b, char *bytes, size_t len, size_t *got)
{
	struct tls_peer *p = BIO_get_data(b);
	ssize_t n = read(p->own_fd, bytes, len);

	*got = n > 0 ? (size_t)n : 0;
	return n > 0;
}

static long control(BIO *b, int cmd, long num, void *ptr)
{
	(void)b;
	(void)num;
	(void)ptr;
	return cmd == BIO_CTRL_FLUSH;
}

static BIO *altering_bio(struct tls_peer *p, BIO_METHOD **m)
{
	*m = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "altering");
	BIO_meth_set_write_ex(*m, altered_write);
	BIO_meth_set_read_ex(*m, plain_read);
	BIO_meth_set_ctrl(*m, control);
	BIO *b = BIO_new(*m);
	BIO_set_data(b, p);
	BIO_set_init(b, 1);
	return b;
}

/* --- the server --- */

static void on_message(int out, int version, int type, const void *buf, size_t len, SSL *ssl, void *arg)
{
	struct tls_peer *p = arg;

	(void)version;
	(void)ssl;
	if (!out && type == SSL3_RT_ALERT && len == 2)
		p->alert = ((const uint8_t *)buf)[1];
}

static void set_up(struct tls_peer *p, SSL_CTX *ctx)
{
	bool ok = true;

	if (p->version) {
		SSL_CTX_set_min_proto_version(ctx, p->version);
		SSL_CTX_set_max_proto_version(ctx, p->version);
	}
	if (p->tickets)
		SSL_CTX_set_num_tickets(ctx, p->tickets);
	SSL_CTX_set_security_level(ctx, 0);
	if (p->ciphers)
		ok = ok && SSL_CTX_set_cipher_list(ctx, p->ciphers);
	if (p->groups)
		ok = ok && SSL_CTX_set1_groups_list(ctx, p->groups);
	if (p->leaf)
		ok = ok && SSL_CTX_use_certificate(ctx, p->leaf->cert) &&
		     SSL_CTX_use_PrivateKey(ctx, p->key ? p->key : p->leaf->key);
	SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);
	for (size_t i = 0; i < p->n_chain; i++)
		ok = ok && SSL_CTX_add1_chain_cert(ctx, p->chain[i]->cert);
	if (!ok) {
		ERR_print_errors_fp(stderr);
		abort();
	}
}

static void serve(struct tls_peer *p)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	BIO_METHOD *m = NULL;
	size_t n;

	set_up(p, ctx);
	SSL *ssl = SSL_new(ctx);
	BIO *b = p->alter ? altering_bio(p, &m) : BIO_new_socket(p->own_fd, BIO_NOCLOSE);
	SSL_set_bio(ssl, b, b);
	SSL_set_msg_callback(ssl, on_message);
	SSL_set_msg_callback_arg(ssl, p);
	p->handshake_done = SSL_accept(ssl) == 1;
	while (p->handshake_done && p->n_got < sizeof(p->got) &&
	       SSL_read_ex(ssl, p->got + p->n_got, sizeof(p->got) - p->n_got, &n) == 1) {
		if (p->n_got == 0 && p->reply)
			SSL_write(ssl, p->reply, (int)strlen(p->reply));
		p->n_got += n;
	}
	/* A server that has sent its last message is done before it sees the client's alert: read that, too.
	 */
	if (!p->handshake_done && p->alert < 0)
		(void)SSL_read_ex(ssl, p->got, 1, &n);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	BIO_meth_free(m);
}

static void *run(void *arg)
{
	struct tls_peer *p = arg;

	if (p->raw)
		p->raw(p->own_fd, p->raw_arg);
	else
		serve(p);
	close(p->own_fd);
	ERR_clear_error();
	return NULL;
}

void tls_peer_start(struct tls_peer *p)
{
	struct timeval limit = {.tv_sec = 10};
	int fds[2];

	signal(SIGPIPE, SIG_IGN);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
		abort();
	setsockopt(fds[1], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	p->fd = fds[0];
	p->own_fd = fds[1];
	p->alert = -1;
	if (pthread_create(&p->thread, NULL, run, p) != 0)
		abort();
}

void tls_peer_join(struct tls_peer *p)
{
	close(p->fd);
	pthread_join(p->thread, NULL);
}
