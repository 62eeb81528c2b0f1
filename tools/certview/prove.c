/* Proving a name: whoever can put a file on the web server of a name, holds it, or has broken into it. The idea is
 * ACME's (RFC 8555 8.3). */
#include <ctype.h>
#include <errno.h>
#include <openssl/rand.h>
#include <poll.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "authority.h"
#include "glassnet/net.h"
#include "glassnet/resolve.h"
#include "glassnet/target.h"
#include "glassnet/wire.h"

#define TOKEN_TEXT 33
#define ANSWER_MAX 8192
#define PROOF_TEXT (TOKEN_TEXT + 65)
#define PATH_TEXT  4400
#define CHALLENGE  "/.well-known/glassnet-challenge/"

static bool key_fingerprint(char out[static 65], EVP_PKEY *key)
{
	unsigned char *der = NULL, sum[32];
	unsigned n = 0;
	int len = i2d_PUBKEY(key, &der);
	bool ok = len > 0 && EVP_Digest(der, (size_t)len, sum, &n, EVP_sha256(), NULL) == 1;

	if (ok)
		hex_text(out, 65, sum, n);
	OPENSSL_free(der);
	return ok;
}

/* The token for this name and key: drawn once, then kept until it is used. */
static enum err get_token(char out[static TOKEN_TEXT], char path[static PATH_TEXT], const char *dir, const char *name,
    const char *fingerprint, struct trouble *w)
{
	unsigned char bytes[16];
	size_t len = 0;
	uint8_t *old = NULL;

	snprintf(path, PATH_TEXT, "%s/challenge-%.200s-%.16s", dir, name, fingerprint);
	if (x509_read_file(path, TOKEN_TEXT, &old, &len) == ERR_OK && len == TOKEN_TEXT - 1) {
		memcpy(out, old, len);
		out[len] = '\0';
		free(old);
		return ERR_OK;
	}
	free(old);
	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return issue_failed(w, "no random number");
	hex_text(out, TOKEN_TEXT, bytes, sizeof(bytes));
	return issue_write_text(path, out, TOKEN_TEXT - 1, w);
}

static enum err connect_to(int *fd, const char *name, const char *at, struct deadline d, struct trouble *w)
{
	struct endpoint to;
	struct resolved found;
	enum err e;

	*fd = -1;
	if (at) {
		if (endpoint_parse(&to, at, 80) != ERR_OK)
			return trouble_set(
			    w, ERR_USAGE, "--connect %s: an address is needed, as in 192.0.2.1:80", at);
		e = dial(&to, d, fd);
		return e == ERR_OK ? e
		                   : trouble_set(w, e, "%s: %s", at, e == ERR_NET ? strerror(errno) : err_text(e));
	}
	e = resolve(name, 80, 0, d, &found);
	if (e != ERR_OK)
		return trouble_set(w, e, "%s: %s", name, found.why[0] ? found.why : err_text(e));
	for (size_t i = 0; *fd < 0 && i < found.n; i++)
		e = dial(&found.at[i], d, fd);
	return e == ERR_OK ? e
	                   : trouble_set(w, e, "http://%s: %s", name, e == ERR_NET ? strerror(errno) : err_text(e));
}

/* Until the other side closes, or the buffer is full. */
static enum err read_answer(int fd, char *out, size_t cap, struct deadline d)
{
	size_t n = 0;

	for (;;) {
		enum err e = net_wait(fd, POLLIN, d);
		ssize_t got = e == ERR_OK ? read(fd, out + n, cap - 1 - n) : -1;

		if (e != ERR_OK)
			return e;
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (got <= 0 || n + (size_t)got == cap - 1) {
			out[n + (got > 0 ? (size_t)got : 0)] = '\0';
			return got < 0 ? ERR_NET : ERR_OK;
		}
		n += (size_t)got;
	}
}

static enum err fetch(char *out, const char *name, const char *token, const char *at, struct deadline d,
    struct trace *t, struct trouble *w)
{
	char request[512];
	int fd;
	enum err e = connect_to(&fd, name, at, d, w);

	if (e != ERR_OK)
		return e;
	int n =
	    snprintf(request, sizeof(request), "GET " CHALLENGE "%s HTTP/1.0\r\nHost: %.255s\r\n\r\n", token, name);
	ev_send(t, "the authority", name, "HTTP", request, (size_t)n, "GET " CHALLENGE "%s", token);
	if (send(fd, request, (size_t)n, MSG_NOSIGNAL) != n)
		e = trouble_set(w, ERR_NET, "http://%s: %s", name, strerror(errno));
	else if ((e = read_answer(fd, out, ANSWER_MAX, d)) != ERR_OK)
		trouble_set(w, e, "http://%s: %s", name, err_text(e));
	else
		ev_recv(t, name, "the authority", "HTTP", out, strlen(out), "%.*s", (int)strcspn(out, "\r\n"), out);
	close(fd);
	return e;
}

/* Is the body of the answer the proof? */
static bool is_proof(char *answer, const char *proof)
{
	char *body = strstr(answer, "\r\n\r\n");

	if (!body || strncmp(answer, "HTTP/1.", 7) != 0 || strncmp(answer + 8, " 200", 4) != 0)
		return false;
	body += 4;
	size_t n = strlen(body);
	while (n && isspace((unsigned char)body[n - 1]))
		n--;
	return n == strlen(proof) && sodium_memcmp(body, proof, n) == 0;
}

enum err prove_name(const char *dir, const char *name, EVP_PKEY *key, const char *at, int64_t timeout_ns,
    struct trace *t, struct trouble *w)
{
	char token[TOKEN_TEXT], fingerprint[65], proof[PROOF_TEXT + 1], path[PATH_TEXT], *answer = malloc(ANSWER_MAX);
	struct trouble ignored;
	const char *why;
	enum err e = ERR_NOMEM;

	if (answer && !target_is_name(name, &why))
		e = trouble_set(w, ERR_NEGATIVE, "%.200s cannot be proved: %s", name, why);
	else if (answer && key_fingerprint(fingerprint, key))
		e = get_token(token, path, dir, name, fingerprint, w);
	if (e == ERR_OK) {
		snprintf(proof, sizeof(proof), "%s.%s", token, fingerprint);
		e = fetch(answer, name, token, at, deadline_in(timeout_ns, cli_interrupt_fd()), t, &ignored);
		bool good = e == ERR_OK && is_proof(answer, proof);

		ev_check(t, good ? "name-proved" : "name-not-proved", good ? VERDICT_PASS : VERDICT_FAIL,
		    "RFC 8555 8.3", "does whoever asks hold the name?", "%s",
		    good          ? "its web server shows what was asked for"
		    : e == ERR_OK ? "its web server shows something else"
		                  : ignored.text);
		if (good)
			unlink(path);
		e = good ? ERR_OK
		         : trouble_set(w, ERR_NEGATIVE,
		               "%s is not proved yet. Let http://%s" CHALLENGE
		               "%s answer with this line, and ask again: %s",
		               name, name, token, proof);
	}
	free(answer);
	return e;
}
