/* SSH-2 before its keys are in use (RFC 4253 4.2, 6 and 7.1).
 *
 *     version line:  SSH-2.0-softwareversion [SP comments] CR LF
 *     packet:        length 4 | padding length 1 | payload: type 1 ... | padding  (4 + length is a multiple
 * of 8) KEXINIT:       20 | cookie 16 | ten name-lists: length 4, names with commas between | guessed 1 |
 * reserved 4
 */
#include "glassnet/proto/ssh.h"

#include <string.h>

#include "glassnet/wire.h"

#define LENGTH_FIELD 4
#define MIN_LENGTH   12    /* RFC 4253 6: a packet has at least 16 octets */
#define MAX_LENGTH   35000 /* RFC 4253 6.1 */
#define MIN_PADDING  4
#define MAX_LINE     255 /* RFC 4253 4.2, CR LF included */
#define COOKIE       16

bool ssh_looks_like(const uint8_t *p, size_t len)
{
	return len >= 5 && (memcmp(p, "SSH-2", 5) == 0 || memcmp(p, "SSH-1", 5) == 0);
}

struct ssh_cursor ssh_items(const uint8_t *p, size_t len)
{
	return (struct ssh_cursor){.p = p, .len = len};
}

/* n strings that fill the rest. */
static bool are_strings(struct rd r, unsigned n)
{
	while (n-- > 0)
		rd_skip(&r, rd_u32(&r));
	return !r.bad && rd_left(&r) == 0;
}

/* Has a whole payload the form that its type says? The first octet is the type. */
static bool has_form(const uint8_t *payload, size_t len)
{
	struct rd r = rd_init(payload, len);
	uint8_t type = rd_u8(&r);

	switch (type) {
	case SSH_DISCONNECT:
		return rd_u32(&r) <= 32 && are_strings(r, 2);
	case SSH_IGNORE:
	case SSH_KEX_INIT:
	case SSH_GEX_INIT:
		return are_strings(r, 1) || (type == SSH_KEX_INIT && len == 5);
	case SSH_UNIMPLEMENTED:
		return len == 5;
	case SSH_DEBUG:
		return rd_u8(&r) <= 1 && are_strings(r, 2);
	case SSH_NEWKEYS:
		return len == 1;
	case SSH_KEX_REPLY:
		return are_strings(r, 3) || are_strings(r, 2);
	case SSH_GEX_REPLY:
		return are_strings(r, 3);
	case SSH_GEX_REQUEST:
		return len == 13;
	default:
		return false;
	}
}

/* A type whose beginning can be told from chance when the rest is not here: its first string is one that a
 * listener can read. */
static bool begins_well(const uint8_t *payload, size_t len, uint32_t length)
{
	struct rd r = rd_init(payload, len);
	uint8_t type = rd_u8(&r);

	if (type != SSH_KEXINIT && type != SSH_KEX_REPLY)
		return false;
	rd_skip(&r, type == SSH_KEXINIT ? COOKIE : 4); /* of the reply: the length of the host key */
	uint32_t n = rd_u32(&r);
	if (r.bad || n == 0 || n > length)
		return false;
	size_t here = n < rd_left(&r) ? n : rd_left(&r);
	const uint8_t *name = rd_bytes(&r, here);
	for (size_t i = 0; i < here; i++)
		if (name[i] <= ' ' || name[i] >= 0x7f)
			return false;
	return true;
}

/* A packet at the cursor that can be read: its form says so, or, where not all of it is here, its beginning.
 */
static bool read_packet(const struct ssh_cursor *c, struct ssh_item *out)
{
	struct rd r = rd_init(c->p + c->pos, c->len - c->pos);
	uint32_t length = rd_u32(&r);
	uint8_t padding = rd_u8(&r);

	if (r.bad || length < MIN_LENGTH || length > MAX_LENGTH || (length + LENGTH_FIELD) % 8 != 0 ||
	    padding < MIN_PADDING || padding + 2u > length || rd_left(&r) == 0)
		return false;
	size_t whole = length - 1 - padding, here = whole < rd_left(&r) ? whole : rd_left(&r);
	const uint8_t *payload = c->p + c->pos + LENGTH_FIELD + 1;
	*out = (struct ssh_item){.kind = SSH_ITEM_PACKET,
	    .off = c->pos,
	    .length = length,
	    .padding = padding,
	    .type = payload[0],
	    .payload_off = c->pos + LENGTH_FIELD + 1,
	    .payload_len = here,
	    .len = LENGTH_FIELD + (size_t)length};
	if (out->len > c->len - c->pos) {
		out->partial = true;
		out->len = c->len - c->pos;
	}
	return (here == whole && has_form(payload, here)) || begins_well(payload, here, length);
}

static bool read_version(struct ssh_cursor *c, struct ssh_item *out)
{
	const uint8_t *p = c->p + c->pos;
	size_t left = c->len - c->pos;
	const uint8_t *end = memchr(p, '\n', left < MAX_LINE ? left : MAX_LINE);

	*out = (struct ssh_item){.kind = SSH_ITEM_VERSION, .off = c->pos, .len = end ? (size_t)(end - p) + 1 : left};
	out->partial = !end;
	if (!end && left >= MAX_LINE) {
		c->err = ERR_TOO_LONG;
		c->err_off = c->pos + MAX_LINE;
		return false;
	}
	return true;
}

void ssh_kexinit_read(struct ssh_kexinit *out, const uint8_t *p, const struct ssh_item *item)
{
	struct rd r = rd_init(p + item->payload_off, item->payload_len);

	*out = (struct ssh_kexinit){0};
	rd_skip(&r, 1 + COOKIE);
	for (; out->n < SSH_LISTS; out->n++) {
		uint32_t n = rd_u32(&r);
		size_t off = r.pos;
		rd_skip(&r, n);
		if (r.bad)
			return;
		out->lists[out->n].off = item->payload_off + off;
		out->lists[out->n].len = n;
	}
	out->guessed = rd_u8(&r) != 0;
}

/* A KEXINIT that is all here has ten lists, a flag and four octets more. */
static bool kexinit_is_right(struct ssh_cursor *c, const struct ssh_item *item)
{
	struct ssh_kexinit k;

	if (item->type != SSH_KEXINIT || item->partial)
		return true;
	ssh_kexinit_read(&k, c->p, item);
	size_t end = k.n > 0 ? k.lists[k.n - 1].off + k.lists[k.n - 1].len : item->payload_off + 1 + COOKIE;
	if (k.n == SSH_LISTS && end + 5 == item->payload_off + item->payload_len)
		return true;
	c->err = ERR_FORMAT;
	c->err_off = end;
	return false;
}

bool ssh_next(struct ssh_cursor *c, struct ssh_item *out)
{
	if (c->pos >= c->len || c->err != ERR_OK)
		return false;
	if (c->pos == 0 && ssh_looks_like(c->p, c->len)) {
		if (!read_version(c, out))
			return false;
	} else if (c->secret || !read_packet(c, out)) {
		*out = (struct ssh_item){.kind = SSH_ITEM_ENCRYPTED, .off = c->pos, .len = c->len - c->pos};
	} else if (!kexinit_is_right(c, out)) {
		return false;
	}
	c->secret |= out->kind == SSH_ITEM_PACKET && out->type == SSH_NEWKEYS;
	c->pos += out->len;
	return true;
}

enum err ssh_parse(struct ssh *out, const uint8_t *p, size_t len, size_t *at)
{
	return ssh_parse_on(out, false, p, len, at);
}

enum err ssh_parse_on(struct ssh *out, bool keyed, const uint8_t *p, size_t len, size_t *at)
{
	struct ssh_cursor c = ssh_items(p, len);
	struct ssh_item item;

	*out = (struct ssh){.keyed = keyed};
	c.secret = keyed;
	while (ssh_next(&c, &item))
		out->encrypted |= item.kind == SSH_ITEM_ENCRYPTED;
	out->newkeys = c.secret;
	*at = c.err == ERR_OK ? c.pos : c.err_off;
	return c.err;
}

const char *ssh_message_name(uint8_t type)
{
	switch (type) {
	case SSH_DISCONNECT:
		return "DISCONNECT";
	case SSH_IGNORE:
		return "IGNORE";
	case SSH_UNIMPLEMENTED:
		return "UNIMPLEMENTED";
	case SSH_DEBUG:
		return "DEBUG";
	case SSH_KEXINIT:
		return "KEXINIT";
	case SSH_NEWKEYS:
		return "NEWKEYS";
	case SSH_KEX_INIT:
		return "KEX_ECDH_INIT";
	case SSH_KEX_REPLY:
		return "KEX_ECDH_REPLY";
	case SSH_GEX_INIT:
		return "KEX_DH_GEX_INIT";
	case SSH_GEX_REPLY:
		return "KEX_DH_GEX_REPLY";
	case SSH_GEX_REQUEST:
		return "KEX_DH_GEX_REQUEST";
	default:
		return NULL;
	}
}
