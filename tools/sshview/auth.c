/* Who are we? RFC 4252: the method "none", public keys, a password. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "identity.h"

#define PASSWORD_MAX 256

struct auth {
	struct session *s;
	struct identities ids;
	char methods[256]; /* that can continue, as the server said last */
	bool taught_query, taught_sign;
};

/* --- one message, and what comes back --- */

static enum err begin(struct sbuf *b, const struct auth *a, const char *method)
{
	sbuf_u8(b, SSHMSG_USERAUTH_REQUEST);
	sbuf_text(b, a->s->o->user);
	sbuf_text(b, "ssh-connection");
	sbuf_text(b, method);
	return b->bad ? ERR_NOMEM : ERR_OK;
}

static enum err take_failure(struct auth *a)
{
	struct sshtr *tr = &a->s->tr;
	struct rd r = rd_init(tr->payload.p, tr->payload.len);
	char label[320];

	rd_skip(&r, 1);
	if (!rd_text(&r, a->methods, sizeof(a->methods)))
		return sshtr_fail(tr, ERR_FORMAT, "bad-message", "USERAUTH_FAILURE is malformed at octet %zu", r.pos);
	bool partial = rd_u8(&r) != 0;
	snprintf(label, sizeof(label), "USERAUTH_FAILURE%s: what can continue: %s",
	    partial ? " (but that much was right)" : "", a->methods);
	sshtr_told(tr, label, false);
	return ERR_OK;
}

/* The type of the answer; 0 on an error. */
static uint8_t answer(struct auth *a)
{
	struct sshtr *tr = &a->s->tr;

	if (session_next(a->s, true) != ERR_OK)
		return 0;
	uint8_t type = tr->payload.p[0];
	switch (type) {
	case SSHMSG_USERAUTH_FAILURE:
		return take_failure(a) == ERR_OK ? type : 0;
	case SSHMSG_USERAUTH_SUCCESS:
		sshtr_told(tr, "USERAUTH_SUCCESS: logged in", false);
		a->s->res->logged_in = true;
		return type;
	case SSHMSG_USERAUTH_PK_OK:
		return type;
	default:
		sshtr_fail(tr, ERR_FORMAT, "unexpected-message", "%s sent %s in place of an answer to who we are",
		    tr->o.peer, sshmsg_name(type));
		return 0;
	}
}

/* --- service, none --- */

static enum err ask_service(struct session *s)
{
	struct sbuf b = {0};

	sbuf_u8(&b, SSHMSG_SERVICE_REQUEST);
	sbuf_text(&b, "ssh-userauth");
	enum err e = sshtr_send(&s->tr, &b, false, "SERVICE_REQUEST: we want to log in (ssh-userauth)");
	sbuf_release(&b);
	if (e == ERR_OK)
		e = session_next(s, true);
	if (e == ERR_OK && s->tr.payload.p[0] != SSHMSG_SERVICE_ACCEPT)
		return sshtr_fail(&s->tr, ERR_FORMAT, "unexpected-message", "%s sent %s in place of SERVICE_ACCEPT",
		    s->tr.o.peer, sshmsg_name(s->tr.payload.p[0]));
	if (e == ERR_OK)
		sshtr_told(&s->tr, "SERVICE_ACCEPT", false);
	return e;
}

static uint8_t try_none(struct auth *a)
{
	struct sbuf b = {0};
	char label[USER_MAX + 80];
	enum err e = begin(&b, a, "none");

	snprintf(label, sizeof(label), "USERAUTH_REQUEST none: we are %s; which methods are there?", a->s->o->user);
	if (e == ERR_OK)
		e = sshtr_send(&a->s->tr, &b, false, label);
	sbuf_release(&b);
	return e == ERR_OK ? answer(a) : 0;
}

/* --- public keys --- */

/* The algorithm to sign with: the key's own; for RSA one of SHA-2 that the server takes (RFC 8332). */
static const char *algorithm(const struct session *s, const struct sshkey *key)
{
	if (key->type != SSHKEY_RSA)
		return sshkey_name_of(key->type, false);
	size_t n = strlen(s->sig_algs);
	return n && !name_in_list("rsa-sha2-512", s->sig_algs, n) ? "rsa-sha2-256" : "rsa-sha2-512";
}

static void put_key(struct sbuf *b, bool with_signature, const char *alg, const struct sshkey *key)
{
	sbuf_bool(b, with_signature);
	sbuf_text(b, alg);
	sbuf_string(b, key->blob, key->len);
}

static uint8_t query(struct auth *a, const struct identity *id, const char *alg)
{
	struct sbuf b = {0};
	char label[160], print[SSHKEY_FINGERPRINT];
	enum err e = begin(&b, a, "publickey");

	sshkey_fingerprint(print, id->key.public.blob, id->key.public.len);
	snprintf(label, sizeof(label), "USERAUTH_REQUEST publickey, not signed yet: would %s do?", print);
	put_key(&b, false, alg, &id->key.public);
	if (e == ERR_OK)
		e = sshtr_send(&a->s->tr, &b, false, label);
	sbuf_release(&b);
	if (e == ERR_OK && !a->taught_query)
		ev_explain(a->s->t,
		    "First the question, without a signature: signing may cost a touch or a passphrase, and most "
		    "keys are not wanted by most servers. The server looks into its list for this user "
		    "(authorized_keys).");
	a->taught_query = true;
	return e == ERR_OK ? answer(a) : 0;
}

static void teach_signature(struct auth *a, size_t len)
{
	ev_state(a->s->t, "to be signed", "by the user's key", NULL,
	    "session id, 50, user, service, method, algorithm, key", "%zu octets, the session id first [RFC 4252 7]",
	    len);
	if (!a->taught_sign)
		ev_explain(a->s->t,
		    "What is signed begins with the session id: the hash of this very key exchange. A man in the "
		    "middle has one session with us and another with the server, with other ids; our signature "
		    "does not fit his. It can be neither passed on nor replayed. A password could be.");
	a->taught_sign = true;
}

static uint8_t sign(struct auth *a, const struct identity *id, const char *alg)
{
	struct session *s = a->s;
	struct sbuf request = {0}, data = {0}, sig = {0};
	enum err e = begin(&request, a, "publickey");

	put_key(&request, true, alg, &id->key.public);
	sbuf_string(&data, s->tr.session_id, SSH_HASH);
	sbuf_bytes(&data, request.p, request.len);
	teach_signature(a, data.len);
	if (e == ERR_OK && !request.bad && !data.bad)
		e = identity_sign(&a->ids, id, alg, data.p, data.len, &sig);
	uint8_t got = SSHMSG_USERAUTH_FAILURE;
	if (e == ERR_OK) {
		sbuf_string(&request, sig.p, sig.len);
		e = sshtr_send(&s->tr, &request, false, "USERAUTH_REQUEST publickey, signed");
		got = e == ERR_OK ? answer(a) : 0;
	} else {
		ev_decision(s->t, "cannot-sign", NULL, "%s does not sign: %s", id->from, err_text(e));
	}
	sbuf_release(&request);
	sbuf_release(&data);
	sbuf_release(&sig);
	return got;
}

static uint8_t try_key(struct auth *a, const struct identity *id)
{
	struct result *r = a->s->res;
	const char *alg = algorithm(a->s, &id->key.public);
	char print[SSHKEY_FINGERPRINT];

	ev_decision(a->s->t, "key-tried", "RFC 4252 7", "the key from %s: %s %s, to sign with %s", id->from,
	    sshkey_type_name(&id->key.public), sshkey_fingerprint(print, id->key.public.blob, id->key.public.len),
	    alg);
	uint8_t got = query(a, id, alg);
	if (got == SSHMSG_USERAUTH_PK_OK) {
		sshtr_told(&a->s->tr, "USERAUTH_PK_OK: that key would do, prove that you hold it", false);
		got = sign(a, id, alg);
		if (got == SSHMSG_USERAUTH_PK_OK) {
			sshtr_fail(&a->s->tr, ERR_FORMAT, "unexpected-message", "%s answers a signature with PK_OK",
			    a->s->tr.o.peer);
			return 0;
		}
	}
	if (got == SSHMSG_USERAUTH_SUCCESS) {
		snprintf(r->method, sizeof(r->method), "publickey");
		memcpy(r->user_key, print, sizeof(print));
	}
	return got;
}

/* --- password --- */

static void ask_password(struct session *s, char *out)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
	struct termios old, quiet;

	out[0] = '\0';
	if (fd < 0)
		return;
	trace_flush(s->t);
	fflush(NULL);
	dprintf(fd, "Password of %s at %s: ", s->o->user, s->res->name);
	bool terminal = tcgetattr(fd, &old) == 0;
	if (terminal) {
		quiet = old;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(fd, TCSAFLUSH, &quiet);
	}
	struct pollfd p[2] = {{.fd = fd, .events = POLLIN}, {.fd = s->o->cancel_fd, .events = POLLIN}};
	ssize_t n = poll(p, 2, -1) > 0 && !p[1].revents ? read(fd, out, PASSWORD_MAX - 1) : 0;
	out[n > 0 ? n : 0] = '\0';
	if (terminal)
		tcsetattr(fd, TCSAFLUSH, &old);
	dprintf(fd, "\n");
	close(fd);
}

static bool get_password(struct session *s, char out[static PASSWORD_MAX])
{
	const char *path = s->o->password_file;

	out[0] = '\0';
	if (path) {
		int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = fd >= 0 ? read(fd, out, PASSWORD_MAX - 1) : -1;
		if (n < 0)
			result_set(s->res, ERR_IO, "password-file", "%s: %s", path, strerror(errno));
		out[n > 0 ? n : 0] = '\0';
		if (fd > STDIN_FILENO)
			close(fd);
	} else {
		ask_password(s, out);
	}
	out[strcspn(out, "\r\n")] = '\0';
	return out[0] != '\0';
}

static uint8_t try_password(struct auth *a)
{
	struct session *s = a->s;
	struct sbuf b = {0};
	char password[PASSWORD_MAX];
	uint8_t got = SSHMSG_USERAUTH_FAILURE;

	if (s->unsafe) {
		ev_decision(s->t, "no-password", NULL,
		    "a password would do here, and none is sent: the host did not prove who it is, and a password "
		    "can be "
		    "passed on");
		return got;
	}
	if (!get_password(s, password))
		return s->res->err == ERR_OK ? got : 0;
	enum err e = begin(&b, a, "password");
	sbuf_bool(&b, false);
	sbuf_text(&b, password);
	sodium_memzero(password, sizeof(password));
	if (e == ERR_OK)
		e = sshtr_send(
		    &s->tr, &b, true, "USERAUTH_REQUEST password (encrypted on the way; the server reads it)");
	ev_explain(s->t,
	    "The encryption keeps a password from listeners. The server reads it: whoever the server is. That is "
	    "why the host key comes first.");
	sbuf_release(&b);
	got = e == ERR_OK ? answer(a) : 0;
	if (got == SSHMSG_USERAUTH_SUCCESS)
		snprintf(s->res->method, sizeof(s->res->method), "password");
	return got;
}

/* --- the order --- */

static bool can(const struct auth *a, const char *method)
{
	return name_in_list(method, a->methods, strlen(a->methods));
}

static uint8_t try_all(struct auth *a)
{
	struct session *s = a->s;
	uint8_t got = try_none(a);

	if (got == SSHMSG_USERAUTH_SUCCESS)
		snprintf(s->res->method, sizeof(s->res->method), "none");
	if (got != SSHMSG_USERAUTH_FAILURE)
		return got;
	if (can(a, "publickey") && identities_find(s, &a->ids) != ERR_OK)
		return 0;
	for (size_t i = 0; got == SSHMSG_USERAUTH_FAILURE && i < a->ids.n && can(a, "publickey"); i++)
		got = try_key(a, &a->ids.at[i]);
	if (got == SSHMSG_USERAUTH_FAILURE && can(a, "password"))
		got = try_password(a);
	return got;
}

enum err auth_run(struct session *s)
{
	struct auth *a = calloc(1, sizeof(*a));

	if (!a)
		return result_set(s->res, ERR_NOMEM, "out-of-memory", "out of memory");
	*a = (struct auth){.s = s, .ids = {.agent = {.fd = -1}}};
	ev_heading(s->t, "Who are we? %s", s->o->user);
	enum err e = ask_service(s);
	uint8_t got = e == ERR_OK ? try_all(a) : 0;
	if (got == SSHMSG_USERAUTH_SUCCESS)
		e = ERR_OK;
	else if (got == SSHMSG_USERAUTH_FAILURE)
		e = result_set(s->res, ERR_NEGATIVE, "auth-refused",
		    "%s did not let %s in: %zu key%s tried; what it takes: %s", s->res->name, s->o->user, a->ids.n,
		    a->ids.n == 1 ? "" : "s", a->methods);
	else if (got == SSHMSG_USERAUTH_PK_OK)
		e = result_set(
		    s->res, ERR_FORMAT, "unexpected-message", "%s answers \"none\" with PK_OK", s->res->name);
	else
		e = s->res->err != ERR_OK ? s->res->err : result_from(s);
	identities_release(&a->ids);
	sodium_memzero(a, sizeof(*a));
	free(a);
	return e;
}
