/* sshview: an SSH login with every step in the open. What goes in, what comes out.
 *
 *     connect_run()   finds the address, makes the TCP connection and the transport (tools/lib/ssh),
 *     host_check()    decides whether the host key is trusted (known_hosts.c has the file's grammar),
 *     auth_run()      proves who we are: none, public key (keys from files or the agent), password
 *     channel_run()   runs one command, carries its input and output
 *
 * All of it narrates to a trace and fills a struct result; main.c and verbs_*.c have the options. */
#ifndef SSHVIEW_H
#define SSHVIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "glassnet/addr.h"
#include "glassnet/ssh_transport.h"
#include "glassnet/target.h"
#include "glassnet/trace.h"
#include "known_hosts.h"

#define KNOWN_FILES_MAX 4
#define IDENTITIES_MAX  16
#define USER_MAX        128
#define NOTE_MAX        512
#define HOST_BLOB_MAX   4400 /* an RSA key of 16384 bits fits */
#define OFFER_MAX       1024

enum strict { STRICT_YES, STRICT_ACCEPT_NEW, STRICT_ASK, STRICT_NO };

struct connect_options {
	struct target target;
	char user[USER_MAX];
	const char *command;                /* NULL: none, only the login */
	const char *known[KNOWN_FILES_MAX]; /* known_hosts files; the first is written to; borrowed */
	size_t n_known;
	enum strict strict;
	bool hash_names;                      /* new names are written hashed */
	const char *identity[IDENTITIES_MAX]; /* -i; borrowed */
	size_t n_identities;
	bool default_identities;   /* none was given: the agent's, then ~/.ssh/id_* */
	const char *agent;         /* the agent's socket; NULL: none */
	const char *password_file; /* NULL: asked for on a terminal */
	struct sshoffer offer;     /* hostkey: NULL: chosen by what is known of the host */
	bool hostkey_given;
	struct endpoint via; /* go there, whatever DNS says; ip.family 0: ask DNS */
	uint8_t family;
	uint64_t rekey_octets;
	int64_t timeout_ns;
	int keylog_fd, cancel_fd;
	bool raw;      /* the command's output goes to out_fd as it comes */
	bool no_input; /* the command gets no input */
	int in_fd, out_fd, err_fd;
	bool scan; /* end when the host key is there */
	const char *actor;
	const struct clock *clock;
};

enum host_verdict { HOST_UNSEEN, HOST_KNOWN, HOST_CERTIFIED, HOST_NEW, HOST_CHANGED, HOST_REVOKED };

struct result {
	enum err err; /* ERR_OK: the command ran (or there was none) and we are logged in */
	char text[1024];
	const char *end; /* a stable word: "done", "host-changed", "auth-refused", … */
	char peer[ENDPOINT_TEXT];
	char server[SSH_VERSION_MAX + 1];
	struct sshtr_chosen chosen;
	bool strict_kex, encrypted;
	uint64_t rekeyed;
	/* the host */
	enum host_verdict verdict;
	bool host_accepted, host_written;
	uint8_t host_blob[HOST_BLOB_MAX]; /* of the bare key */
	size_t host_blob_len;
	char offers[4][OFFER_MAX]; /* the server's lists: key exchange, host key, cipher, MAC (server to client) */
	char host_type[SSHALG_MAX], fingerprint[SSHKEY_FINGERPRINT], name[KH_NAME];
	char known_file[4096];
	size_t known_line; /* 0: none */
	enum kh_marker known_marker;
	char known_type[SSHALG_MAX];
	size_t portless_line; /* another key is on file for the name without the port */
	/* the user */
	bool logged_in;
	char method[32], user_key[SSHKEY_FINGERPRINT];
	/* the command */
	bool ran, exited, signalled;
	uint32_t exit_status;
	char signal[32];
	size_t out_octets, err_octets, in_octets;
	bool output_closed; /* nobody reads our output any more */
};

/* One run, as its parts see it. */
struct session {
	const struct connect_options *o;
	struct trace *t;
	struct result *res;
	struct sshtr tr;
	char sig_algs[512]; /* EXT_INFO's server-sig-algs; "" */
	bool unsafe;        /* the host did not prove who it is: nothing secret goes there */
	char order[512];    /* host key algorithms, those on file first */
};

void result_init(struct result *r);
/* Sets err, the word and the sentence; the first one stays. Returns err. */
enum err result_set(struct result *r, enum err err, const char *end, const char *fmt, ...) PRINTF_LIKE(4, 5);
/* The same from what the transport noted. */
enum err result_from(struct session *s);

/* Everything, from the name to the goodbye. The outcome is in res, and res->err is returned. */
enum err connect_run(const struct connect_options *o, struct trace *t, struct result *res);
/* The particulars as a JSON object; the caller frees it. NULL: out of memory. */
char *report_data(const struct result *res);
const char *host_verdict_word(enum host_verdict v);

/* The callback for the transport; ctx is the session. */
enum err host_check(void *ctx, struct sshtr *tr, const struct sshkey *key, const char *alg);
/* Host key algorithms with those first of which a key is on file. Fills s->order. */
enum err host_order(struct session *s) MUST_USE;
enum err auth_run(struct session *s) MUST_USE;
enum err channel_run(struct session *s) MUST_USE;

/* EXT_INFO in tr->payload. */
void session_ext_info(struct session *s);
/* A GLOBAL_REQUEST in tr->payload: told, and refused where a reply is wanted. */
enum err session_global_request(struct session *s) MUST_USE;
/* The next message for the layers above; EXT_INFO, banners and global requests are dealt with. */
enum err session_next(struct session *s, bool wait) MUST_USE;

#endif
