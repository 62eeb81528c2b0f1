/* The fields of SSH's messages (RFC 4252, 4253, 4254): a line of the table a message. */
#include <stdio.h>
#include <string.h>

#include "glassnet/ssh_transport.h"

enum form {
	F_END,
	F_COOKIE, /* 16 octets */
	F_BOOL,
	F_U32,
	F_TEXT,  /* a string, shown escaped */
	F_COUNT, /* a string, only its length is shown */
	F_HEX,   /* a string, in hex */
	F_KEY,   /* a string that is a key: its fingerprint */
	F_NAMES  /* the last: pairs of strings (EXT_INFO) */
};

struct field {
	enum form form;
	const char *name;
};

#define FIELDS_MAX 13

static const struct message {
	uint8_t type;
	const char *ref;
	struct field field[FIELDS_MAX];
} table[] = {
    {SSHMSG_DISCONNECT, "RFC 4253 11.1", {{F_U32, "reason"}, {F_TEXT, "description"}, {F_TEXT, "language"}}},
    {SSHMSG_IGNORE, "RFC 4253 11.2", {{F_COUNT, "data"}}},
    {SSHMSG_UNIMPLEMENTED, "RFC 4253 11.4", {{F_U32, "packet's number"}}},
    {SSHMSG_DEBUG, "RFC 4253 11.3", {{F_BOOL, "always display"}, {F_TEXT, "message"}, {F_TEXT, "language"}}},
    {SSHMSG_SERVICE_REQUEST, "RFC 4253 10", {{F_TEXT, "service"}}},
    {SSHMSG_SERVICE_ACCEPT, "RFC 4253 10", {{F_TEXT, "service"}}},
    {SSHMSG_EXT_INFO, "RFC 8308 2.3", {{F_U32, "extensions"}, {F_NAMES, "extension"}}},
    {SSHMSG_KEXINIT, "RFC 4253 7.1",
        {{F_COOKIE, "cookie"}, {F_TEXT, "key exchange"}, {F_TEXT, "host key"}, {F_TEXT, "cipher, client to server"},
            {F_TEXT, "cipher, server to client"}, {F_TEXT, "MAC, client to server"},
            {F_TEXT, "MAC, server to client"}, {F_TEXT, "compression, client to server"},
            {F_TEXT, "compression, server to client"}, {F_TEXT, "language, client to server"},
            {F_TEXT, "language, server to client"}, {F_BOOL, "a guess follows"}, {F_U32, "reserved"}}},
    {SSHMSG_ECDH_INIT, "RFC 5656 4", {{F_HEX, "client's public half Q_C"}}},
    {SSHMSG_ECDH_REPLY, "RFC 5656 4",
        {{F_KEY, "host key K_S"}, {F_HEX, "server's public half Q_S"}, {F_COUNT, "signature over H"}}},
    {SSHMSG_USERAUTH_REQUEST, "RFC 4252 5", {{F_TEXT, "user"}, {F_TEXT, "service"}, {F_TEXT, "method"}}},
    {SSHMSG_USERAUTH_FAILURE, "RFC 4252 5.1", {{F_TEXT, "methods that can continue"}, {F_BOOL, "partial success"}}},
    {SSHMSG_USERAUTH_BANNER, "RFC 4252 5.4", {{F_TEXT, "message"}, {F_TEXT, "language"}}},
    {SSHMSG_USERAUTH_PK_OK, "RFC 4252 7", {{F_TEXT, "algorithm"}, {F_KEY, "key"}}},
    {SSHMSG_USERAUTH_INFO_RESPONSE, "RFC 4256 3.4", {{F_U32, "answers"}, {F_TEXT, "first answer"}}},
    {SSHMSG_GLOBAL_REQUEST, "RFC 4254 4", {{F_TEXT, "request"}, {F_BOOL, "wants a reply"}}},
    {SSHMSG_CHANNEL_OPEN, "RFC 4254 5.1",
        {{F_TEXT, "type"}, {F_U32, "sender's channel"}, {F_U32, "window"}, {F_U32, "largest packet"}}},
    {SSHMSG_CHANNEL_OPEN_CONFIRMATION, "RFC 4254 5.1",
        {{F_U32, "recipient's channel"}, {F_U32, "sender's channel"}, {F_U32, "window"}, {F_U32, "largest packet"}}},
    {SSHMSG_CHANNEL_OPEN_FAILURE, "RFC 4254 5.1",
        {{F_U32, "recipient's channel"}, {F_U32, "reason"}, {F_TEXT, "description"}, {F_TEXT, "language"}}},
    {SSHMSG_CHANNEL_WINDOW_ADJUST, "RFC 4254 5.2", {{F_U32, "recipient's channel"}, {F_U32, "octets to add"}}},
    {SSHMSG_CHANNEL_DATA, "RFC 4254 5.2", {{F_U32, "recipient's channel"}, {F_COUNT, "data"}}},
    {SSHMSG_CHANNEL_EXTENDED_DATA, "RFC 4254 5.2",
        {{F_U32, "recipient's channel"}, {F_U32, "kind (1: stderr)"}, {F_COUNT, "data"}}},
    {SSHMSG_CHANNEL_EOF, "RFC 4254 5.3", {{F_U32, "recipient's channel"}}},
    {SSHMSG_CHANNEL_CLOSE, "RFC 4254 5.3", {{F_U32, "recipient's channel"}}},
    {SSHMSG_CHANNEL_REQUEST, "RFC 4254 5.4",
        {{F_U32, "recipient's channel"}, {F_TEXT, "request"}, {F_BOOL, "wants a reply"}}},
    {SSHMSG_CHANNEL_SUCCESS, "RFC 4254 5.4", {{F_U32, "recipient's channel"}}},
    {SSHMSG_CHANNEL_FAILURE, "RFC 4254 5.4", {{F_U32, "recipient's channel"}}},
};

/* What goes on after the common fields, as the method or the request says. */
static const struct {
	uint8_t type;
	const char *word;
	struct field field[4];
} more[] = {
    {SSHMSG_USERAUTH_REQUEST, "publickey",
        {{F_BOOL, "signed"}, {F_TEXT, "algorithm"}, {F_KEY, "key"}, {F_COUNT, "signature"}}},
    {SSHMSG_USERAUTH_REQUEST, "password", {{F_BOOL, "changes it"}, {F_TEXT, "password"}, {F_TEXT, "new password"}}},
    {SSHMSG_CHANNEL_REQUEST, "env", {{F_TEXT, "variable"}, {F_TEXT, "value"}}},
    {SSHMSG_CHANNEL_REQUEST, "subsystem", {{F_TEXT, "subsystem"}}},
    {SSHMSG_CHANNEL_REQUEST, "pty-req", {{F_TEXT, "terminal"}, {F_U32, "columns"}, {F_U32, "rows"}}},
    {SSHMSG_CHANNEL_REQUEST, "exec", {{F_TEXT, "command"}}},
    {SSHMSG_CHANNEL_REQUEST, "exit-status", {{F_U32, "exit status"}}},
    {SSHMSG_CHANNEL_REQUEST, "exit-signal",
        {{F_TEXT, "signal"}, {F_BOOL, "core dumped"}, {F_TEXT, "message"}, {F_TEXT, "language"}}},
};

struct telling {
	struct trace *t;
	struct rd r;
	const char *ref;
	char word[32]; /* the text that was read last */
};

static void put(struct telling *x, const char *name, const char *value, size_t from)
{
	ev_field(x->t,
	    (struct ev_field){
	        .layer = "SSH", .name = name, .value = value, .ref = x->ref, .off = from, .len = x->r.pos - from});
}

static bool put_string(struct telling *x, const struct field *f)
{
	size_t from = x->r.pos, n;
	const uint8_t *p = rd_string(&x->r, &n);
	char value[1200];

	if (!p)
		return false;
	if (f->form == F_TEXT) {
		escape_text(value, sizeof(value), p, n);
		snprintf(x->word, sizeof(x->word), "%.31s", value);
	} else if (f->form == F_HEX) {
		hex_text(value, sizeof(value), p, n);
	} else if (f->form == F_KEY) {
		sshkey_fingerprint(value, p, n);
	} else {
		snprintf(value, sizeof(value), "%zu octets", n);
	}
	put(x, f->name, value, from);
	return true;
}

static bool put_one(struct telling *x, const struct field *f)
{
	size_t from = x->r.pos;
	char value[64];

	switch (f->form) {
	case F_BOOL:
		snprintf(value, sizeof(value), "%s", rd_u8(&x->r) ? "yes" : "no");
		break;
	case F_U32:
		snprintf(value, sizeof(value), "%u", rd_u32(&x->r));
		break;
	case F_COOKIE: {
		const uint8_t *p = rd_bytes(&x->r, SSHKEX_COOKIE);
		hex_text(value, sizeof(value), p ? p : (const uint8_t *)"", p ? SSHKEX_COOKIE : 0);
		break;
	}
	case F_NAMES:
		while (rd_left(&x->r))
			if (!put_string(x, &(struct field){F_TEXT, "extension"}) ||
			    !put_string(x, &(struct field){F_TEXT, "its value"}))
				return false;
		return true;
	default:
		return put_string(x, f);
	}
	if (x->r.bad)
		return false;
	put(x, f->name, value, from);
	return true;
}

void sshfields(struct trace *t, const uint8_t *payload, size_t len)
{
	struct telling x = {.t = t, .r = rd_init(payload, len)};
	const struct message *m = table, *end = table + sizeof(table) / sizeof(table[0]);
	bool ok = true;
	char value[64];
	uint8_t type = rd_u8(&x.r);

	snprintf(value, sizeof(value), "%u (%s)", type, sshmsg_name(type));
	put(&x, "message", value, 0);
	while (m < end && m->type != type)
		m++;
	if (m == end)
		return;
	x.ref = m->ref;
	for (int i = 0; ok && i < FIELDS_MAX && m->field[i].form != F_END; i++)
		ok = put_one(&x, &m->field[i]);
	for (size_t k = 0; ok && k < sizeof(more) / sizeof(more[0]); k++) {
		if (more[k].type != type || strcmp(more[k].word, x.word) != 0)
			continue;
		for (int i = 0; ok && i < 4 && more[k].field[i].form != F_END && rd_left(&x.r); i++)
			ok = put_one(&x, &more[k].field[i]);
		break;
	}
}
