/* What encrypted SSH packets held, in words: the message's name, and what of it people want to know. */
#include "opened_ssh.h"

#include <string.h>

#include "glassnet/ssh_transport.h"

#define SHOWN 60 /* octets of a channel's data in a line */

static void add_quoted(struct text *out, const uint8_t *p, size_t n)
{
	text_str(out, "\"");
	text_peer(out, p, n < SHOWN ? n : SHOWN);
	text_str(out, n > SHOWN ? "…\"" : "\"");
}

/* " what "TEXT"" of the next string. */
static void add_string(struct text *out, struct rd *r, const char *what)
{
	size_t n;
	const uint8_t *p = rd_string(r, &n);

	if (!p)
		return;
	text_str(out, what);
	add_quoted(out, p, n);
}

static bool is(const uint8_t *p, size_t n, const char *word)
{
	return p && n == strlen(word) && memcmp(p, word, n) == 0;
}

/* RFC 4252 5, 7 and 8 */
static void add_request(struct text *out, struct rd r)
{
	size_t n;

	add_string(out, &r, " user ");
	(void)rd_string(&r, &n); /* the service */
	const uint8_t *method = rd_string(&r, &n);
	if (!method)
		return;
	text_str(out, ", method ");
	text_peer(out, method, n);
	if (is(method, n, "password")) {
		bool changes = rd_u8(&r);
		add_string(out, &r, changes ? ", old password " : ", password ");
		if (changes)
			add_string(out, &r, ", new password ");
	} else if (is(method, n, "publickey")) {
		bool has_signature = rd_u8(&r);
		add_string(out, &r, ", algorithm ");
		if (!r.bad)
			text_str(out, has_signature ? ", signed" : ", asks whether the key would do");
	}
}

/* RFC 4256 3.4 */
static void add_answers(struct text *out, struct rd r)
{
	rd_skip(&r, 4);
	while (!r.bad && rd_left(&r) && !out->cut)
		add_string(out, &r, " answer ");
}

/* RFC 4254 6 */
static void add_channel_request(struct text *out, struct rd r)
{
	size_t n;

	rd_skip(&r, 4);
	const uint8_t *kind = rd_string(&r, &n);
	rd_skip(&r, 1);
	if (!kind || r.bad)
		return;
	text_str(out, " ");
	text_peer(out, kind, n);
	if (is(kind, n, "exit-status")) {
		uint32_t status = rd_u32(&r);
		text_str(out, " ");
		if (!r.bad)
			text_num(out, status);
	} else if (is(kind, n, "env")) {
		add_string(out, &r, " ");
		add_string(out, &r, " = ");
	} else if (is(kind, n, "exec") || is(kind, n, "subsystem") || is(kind, n, "pty-req") ||
	           is(kind, n, "exit-signal")) {
		add_string(out, &r, " ");
	}
}

static void add_data(struct text *out, struct rd r, bool extended)
{
	size_t n;

	rd_skip(&r, 4);
	if (extended)
		text_str(out, rd_u32(&r) == 1 ? " stderr" : "");
	const uint8_t *data = rd_string(&r, &n);
	if (!data)
		return;
	text_str(out, " ");
	text_count(out, n, "byte");
	text_str(out, " ");
	add_quoted(out, data, n);
}

/* 60 is a key that would do, or prompts: it depends on the method that was asked for (RFC 4252 7 and 8, RFC 4256). A key's
 * algorithm stands in the key again, or its base does. */
static bool is_prompt(struct rd r)
{
	size_t n, n_key;
	const uint8_t *name = rd_string(&r, &n), *key = rd_string(&r, &n_key);

	if (!name || !key || n == 0 || rd_left(&r))
		return true;
	r = rd_init(key, n_key);
	return !rd_string(&r, &n) || n == 0;
}

void opened_ssh_line(const struct opened *o, struct text *out)
{
	struct rd r = rd_init(o->bytes, o->len);
	uint8_t type = rd_u8(&r);

	if (type == SSHMSG_USERAUTH_PK_OK && is_prompt(r)) {
		text_str(out, "prompts of the server (message 60)");
		return;
	}
	text_str(out, sshmsg_name(type));
	switch (type) {
	case SSHMSG_SERVICE_REQUEST:
	case SSHMSG_SERVICE_ACCEPT:
	case SSHMSG_GLOBAL_REQUEST:
	case SSHMSG_CHANNEL_OPEN:
	case SSHMSG_USERAUTH_BANNER:
		add_string(out, &r, " ");
		break;
	case SSHMSG_USERAUTH_FAILURE:
		add_string(out, &r, ", what may go on: ");
		break;
	case SSHMSG_DISCONNECT:
		rd_skip(&r, 4);
		add_string(out, &r, " ");
		break;
	case SSHMSG_USERAUTH_REQUEST:
		add_request(out, r);
		break;
	case SSHMSG_USERAUTH_INFO_RESPONSE:
		add_answers(out, r);
		break;
	case SSHMSG_CHANNEL_REQUEST:
		add_channel_request(out, r);
		break;
	case SSHMSG_CHANNEL_DATA:
	case SSHMSG_CHANNEL_EXTENDED_DATA:
		add_data(out, r, type == SSHMSG_CHANNEL_EXTENDED_DATA);
		break;
	default:
		break;
	}
}

void opened_ssh_describe(const struct opened *o, struct trace *t)
{
	struct rd r = rd_init(o->bytes, o->len);

	if (rd_u8(&r) != SSHMSG_USERAUTH_PK_OK || !is_prompt(r))
		sshfields(t, o->bytes, o->len);
}
