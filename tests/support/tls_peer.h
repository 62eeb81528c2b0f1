/* The other end of a TLS connection, in a thread, over a socketpair: an honest OpenSSL server with whatever
 * certificate the test likes, or a function that writes whatever it likes. */
#ifndef GLASSNET_TEST_TLS_PEER_H
#define GLASSNET_TEST_TLS_PEER_H

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "pki.h"

struct tls_peer {
	/* set by the test before tls_peer_start() */
	const struct pki_cert *leaf;         /* NULL: no certificate (anonymous suites) */
	EVP_PKEY *key;                       /* instead of the leaf's own */
	const struct pki_cert *const *chain; /* sent behind the leaf */
	size_t n_chain;
	const char *ciphers, *groups;
	int version;                    /* only this one; 0: 1.2 and 1.3 */
	const char *reply;              /* said when the first data came */
	unsigned tickets;               /* so many session tickets are sent; 0: as usual */
	void (*raw)(int fd, void *arg); /* instead of TLS: talk as you like; the fd is closed afterwards */
	void *raw_arg;
	/* alters what the server sends, before it is on the wire: called with each write */
	void (*alter)(uint8_t *bytes, size_t len, void *arg);

	/* the test's end */
	int fd;

	/* to be looked at after tls_peer_join() */
	bool handshake_done;
	int alert; /* the alert that came; -1: none */
	char got[4096];
	size_t n_got; /* octets of application data that came */

	/* its own */
	int own_fd;
	pthread_t thread;
};

void tls_peer_start(struct tls_peer *p);
/* Closes the test's end, waits for the thread. */
void tls_peer_join(struct tls_peer *p);

#endif
