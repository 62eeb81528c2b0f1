/* SSH's transport (RFC 4253): version lines, packets, key exchange, keys in use, and keys exchanged anew.
 *
 *     sshtr_init()      a connected stream socket becomes a transport; role client or server
 *     sshtr_start()     version lines and the first key exchange; afterwards everything is encrypted
 *     sshtr_send()      one message; sshtr_recv() the next one that is for the layers above
 *
 * Key exchanges after the first happen inside sshtr_recv() and sshtr_send(). Everything is told to a trace. Both roles
 * are here: sshview is a client; mallory is a server to its victim and a client to the true server. */
#ifndef GLASSNET_SSH_TRANSPORT_H
#define GLASSNET_SSH_TRANSPORT_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/addr.h"
#include "glassnet/err.h"
#include "glassnet/net.h"
#include "glassnet/ssh_key.h"
#include "glassnet/ssh_wire.h"
#include "glassnet/trace.h"

enum sshmsg {
	SSHMSG_DISCONNECT = 1,
	SSHMSG_IGNORE = 2,
	SSHMSG_UNIMPLEMENTED = 3,
	SSHMSG_DEBUG = 4,
	SSHMSG_SERVICE_REQUEST = 5,
	SSHMSG_SERVICE_ACCEPT = 6,
	SSHMSG_EXT_INFO = 7, /* RFC 8308 */
	SSHMSG_KEXINIT = 20,
	SSHMSG_NEWKEYS = 21,
	SSHMSG_ECDH_INIT = 30, /* RFC 5656 4, RFC 8731 */
	SSHMSG_ECDH_REPLY = 31,
	SSHMSG_USERAUTH_REQUEST = 50, /* RFC 4252 */
	SSHMSG_USERAUTH_FAILURE = 51,
	SSHMSG_USERAUTH_SUCCESS = 52,
	SSHMSG_USERAUTH_BANNER = 53,
	SSHMSG_USERAUTH_PK_OK = 60,
	SSHMSG_USERAUTH_INFO_RESPONSE = 61, /* RFC 4256 3.4 */
	SSHMSG_GLOBAL_REQUEST = 80,         /* RFC 4254 */
	SSHMSG_REQUEST_SUCCESS = 81,
	SSHMSG_REQUEST_FAILURE = 82,
	SSHMSG_CHANNEL_OPEN = 90,
	SSHMSG_CHANNEL_OPEN_CONFIRMATION = 91,
	SSHMSG_CHANNEL_OPEN_FAILURE = 92,
	SSHMSG_CHANNEL_WINDOW_ADJUST = 93,
	SSHMSG_CHANNEL_DATA = 94,
	SSHMSG_CHANNEL_EXTENDED_DATA = 95,
	SSHMSG_CHANNEL_EOF = 96,
	SSHMSG_CHANNEL_CLOSE = 97,
	SSHMSG_CHANNEL_REQUEST = 98,
	SSHMSG_CHANNEL_SUCCESS = 99,
	SSHMSG_CHANNEL_FAILURE = 100,
};

/* "CHANNEL_DATA"; never NULL. */
const char *sshmsg_name(uint8_t type);
/* Emits every field of a message (payload from its type on). Stops where it ends too early. */
void sshfields(struct trace *t, const uint8_t *payload, size_t len);

/* --- KEXINIT: the lists, and what is chosen of them (RFC 4253 7.1) --- */

enum sshlist {
	SSHLIST_KEX,
	SSHLIST_HOSTKEY,
	SSHLIST_CIPHER_OUT, /* client to server */
	SSHLIST_CIPHER_IN,
	SSHLIST_MAC_OUT,
	SSHLIST_MAC_IN,
	SSHLIST_COMPRESSION_OUT,
	SSHLIST_COMPRESSION_IN,
	SSHLIST_LANGUAGE_OUT,
	SSHLIST_LANGUAGE_IN,
	SSHLISTS
};

#define SSHKEX_COOKIE 16
#define SSHALG_MAX    64 /* octets of an algorithm's name (RFC 4251 6), and a NUL */

struct sshkexinit {
	const uint8_t *payload; /* borrowed; from the message's type on */
	size_t len;
	struct {
		const char *p; /* borrowed; no NUL at the end */
		size_t len;
	} list[SSHLISTS];
	bool guess_follows;
};

/* ERR_TRUNCATED, ERR_FORMAT, and *at where. Names are at most 64 printable octets, without blanks. */
enum err sshkexinit_parse(struct sshkexinit *out, const uint8_t *payload, size_t len, size_t *at) MUST_USE;
/* Is name in that list? */
bool sshkexinit_has(const struct sshkexinit *k, enum sshlist which, const char *name);
/* The first name of the client's list that is also in the server's. False: there is none. */
bool sshkexinit_choose(const struct sshkexinit *client, const struct sshkexinit *server, enum sshlist which,
    char out[static SSHALG_MAX]);
const char *sshlist_name(enum sshlist which);

/* --- one direction of the packets --- */

enum sshcipher { SSHCIPHER_NONE, SSHCIPHER_CHACHA20, SSHCIPHER_AES128GCM, SSHCIPHER_AES256GCM, SSHCIPHERS };

#define SSHCIPHER_KEY_MAX 64
#define SSHCIPHER_TAG     16
#define SSHPACKET_MAX     (256u * 1024) /* octets that a packet's length may say, as in OpenSSH */

struct sshdir {
	enum sshcipher cipher;
	uint8_t key[SSHCIPHER_KEY_MAX], iv[12];
	EVP_CIPHER_CTX *gcm;
	uint32_t seq;             /* of the next packet */
	uint64_t octets, packets; /* since these keys are in use */
};

const char *sshcipher_name(enum sshcipher c);
enum sshcipher sshcipher_of(const char *name); /* SSHCIPHERS: none of that name */
size_t sshcipher_key_len(enum sshcipher c);
size_t sshcipher_iv_len(enum sshcipher c);

/* New keys; seq stays. */
enum err sshdir_rekey(
    struct sshdir *d, enum sshcipher c, const uint8_t *key, const uint8_t *iv, bool encrypt) MUST_USE;
void sshdir_release(struct sshdir *d);
/* Appends one packet with that payload. */
enum err sshdir_seal(struct sshdir *d, const uint8_t *payload, size_t len, struct sbuf *out) MUST_USE;
/* The packet at the begin of p: *whole is its length, the payload replaces *payload. ERR_TRUNCATED: not all of it is
 * there; else it can't be a packet, and *why says why: ERR_FORMAT, or ERR_NEGATIVE for a wrong authentication tag. */
enum err sshdir_open(
    struct sshdir *d, const uint8_t *p, size_t len, struct sbuf *payload, size_t *whole, const char **why) MUST_USE;

/* --- what is made of the shared secret (RFC 4253 7.2 and 8) --- */

#define SSH_HASH        32
#define SSHKEX_SECRET   32 /* octets of K with Curve25519 */
#define SSHKEX_INPUTS   7  /* V_C, V_S, I_C, I_S, K_S, Q_C, Q_S: what the exchange hash is over, with K behind */
#define SSHKEX_STRICT_C "kex-strict-c-v00@openssh.com"
#define SSHKEX_STRICT_S "kex-strict-s-v00@openssh.com"

struct sshkex_input {
	const char *name;
	const uint8_t *p; /* borrowed */
	size_t len;
};

/* The exchange hash H. ERR_NOMEM. */
enum err sshkex_hash(uint8_t out[static SSH_HASH], const struct sshkex_input in[static SSHKEX_INPUTS],
    const uint8_t k[static SSHKEX_SECRET]) MUST_USE;
/* A key of n octets, at most SSHCIPHER_KEY_MAX: HASH(K, H, letter, session id), and further HASH(K, H, all before). The
 * letters: 'A' and 'B' the nonce to the server and to the client, 'C' and 'D' the key. ERR_NOMEM. */
enum err sshkex_derive(char letter, const uint8_t k[static SSHKEX_SECRET], const uint8_t hash[static SSH_HASH],
    const uint8_t session_id[static SSH_HASH], uint8_t *out, size_t n) MUST_USE;

/* --- the transport --- */

/* What is offered: comma-separated lists, best first. */
struct sshoffer {
	const char *kex, *hostkey, *cipher;
	bool strict; /* offer strict key exchange */
};

#define SSH_OFFER_KEX     "curve25519-sha256,curve25519-sha256@libssh.org"
#define SSH_OFFER_CIPHER  "chacha20-poly1305@openssh.com,aes256-gcm@openssh.com,aes128-gcm@openssh.com"
#define SSH_OFFER_HOSTKEY "ssh-ed25519,ecdsa-sha2-nistp256,rsa-sha2-512,rsa-sha2-256"

#define SSH_VERSION_MAX 255 /* octets of the version line with CR LF (RFC 4253 4.2) */
#define SSH_BANNER_MAX  64  /* lines before it */
#define SSH_WHY         320
#define SSH_PENDING_MAX ((size_t)16 << 20) /* octets, of messages that are under way when keys are exchanged anew */

struct sshtr;

/* What a client asks before it trusts a host key: ERR_OK goes on; anything else ends the connection, after the
 * callback has called sshtr_fail(). The signature has been checked. */
typedef enum err sshtr_check_host(void *ctx, struct sshtr *tr, const struct sshkey *key, const char *alg);

struct sshtr_options {
	int fd; /* connected, non-blocking; borrowed */
	bool server;
	struct deadline deadline; /* for the handshake, and for every wait inside sshtr_send() */
	struct trace *trace;
	const char *me, *peer;    /* roles in the trace */
	const char *here, *there; /* endpoints as text, or NULL */
	const char *software;     /* of the version line; NULL: Glassnet's */
	struct sshoffer offer;
	uint64_t rekey_octets;        /* exchange keys anew after so many; 0: 1 GiB */
	int keylog_fd;                /* Wireshark's key log; -1: none */
	sshtr_check_host *check_host; /* client */
	void *ctx;
	const struct sshkey_private *host_key; /* server */
};

struct sshtr_chosen {
	char kex[SSHALG_MAX], hostkey[SSHALG_MAX], cipher_out[SSHALG_MAX], cipher_in[SSHALG_MAX];
};

struct sshtr {
	struct sshtr_options o;
	struct sshdir out, in;
	struct sbuf raw, queue; /* octets that came; octets that are to go */
	size_t raw_pos;
	struct sbuf payload;                  /* of the last message that sshtr_recv() gave */
	struct sbuf kexinit[2];               /* payloads: ours, the peer's */
	char version[2][SSH_VERSION_MAX + 1]; /* ours, the peer's; without CR LF */
	struct sshtr_chosen chosen;
	struct sshkey host; /* the server's key; a client has it after the first exchange */
	uint8_t session_id[SSH_HASH], hash[SSH_HASH];
	bool has_session, strict, peer_wants_ext_info, kexinit_sent, in_kex, eof;
	uint64_t rekeyed; /* exchanges after the first */
	size_t wire_in, wire_out;
	unsigned taught;      /* lessons that were given */
	struct sbuf *pending; /* messages for later; the first pending_at of n_pending are given out */
	size_t n_pending, pending_at, pending_cap, pending_octets;
	/* why it ended */
	enum err err;
	const char *why_id; /* a stable word: "bad-signature" */
	char why[SSH_WHY];
};

void sshtr_init(struct sshtr *tr, const struct sshtr_options *o);
void sshtr_release(struct sshtr *tr);

/* Version lines and the first key exchange. */
enum err sshtr_start(struct sshtr *tr) MUST_USE;

/* Sends a message. label is what the trace says of it, meaning a sentence or NULL; secret: its octets stay out of
 * the trace. What the socket does not take at once waits in the queue. */
enum err sshtr_send(struct sshtr *tr, const struct sbuf *payload, bool secret, const char *label) MUST_USE;
/* Sends what waits; blocking: until all is gone. */
enum err sshtr_flush(struct sshtr *tr, bool blocking) MUST_USE;

/* The next message for the layers above, in tr->payload. wait: until the deadline; else ERR_TIMEOUT where none is
 * whole yet. It is the caller who tells the trace of it (sshtr_told()). ERR_CLOSED: the peer is gone. */
enum err sshtr_recv(struct sshtr *tr, bool wait) MUST_USE;
void sshtr_told(struct sshtr *tr, const char *label, bool secret);
/* Reads what the socket has, without waiting. */
enum err sshtr_fill(struct sshtr *tr) MUST_USE;

/* Exchanges keys anew, now. */
enum err sshtr_rekey(struct sshtr *tr) MUST_USE;

/* Notes why it ended; the first note stays. Returns e. */
enum err sshtr_fail(struct sshtr *tr, enum err e, const char *id, const char *fmt, ...) PRINTF_LIKE(4, 5);
/* DISCONNECT with that reason (RFC 4253 11.1), as far as the socket takes it. */
void sshtr_disconnect(struct sshtr *tr, uint32_t reason, const char *text);

#endif
