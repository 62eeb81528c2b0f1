/* KEXINIT: both sides' lists, and the rule that chooses (RFC 4253 7.1). */
#include <string.h>

#include "glassnet/ssh_transport.h"

static const char *const list_names[SSHLISTS] = {"key exchange", "host key", "cipher, client to server",
    "cipher, server to client", "MAC, client to server", "MAC, server to client", "compression, client to server",
    "compression, server to client", "language, client to server", "language, server to client"};

const char *sshlist_name(enum sshlist which)
{
	return list_names[which];
}

/* Names of 1 to 64 printable octets with commas between them; an empty list is one, too. */
static bool is_name_list(const uint8_t *p, size_t len)
{
	size_t name = 0;

	for (size_t i = 0; i < len; i++) {
		if (p[i] == ',' && name == 0)
			return false;
		if (p[i] <= 0x20 || p[i] > 0x7e)
			return false;
		name = p[i] == ',' ? 0 : name + 1;
		if (name >= SSHALG_MAX)
			return false;
	}
	return len == 0 || name > 0;
}

enum err sshkexinit_parse(struct sshkexinit *out, const uint8_t *payload, size_t len, size_t *at)
{
	struct rd r = rd_init(payload, len);

	*out = (struct sshkexinit){.payload = payload, .len = len};
	*at = 0;
	if (rd_u8(&r) != SSHMSG_KEXINIT && !r.bad)
		return ERR_FORMAT;
	rd_skip(&r, SSHKEX_COOKIE);
	for (int i = 0; i < SSHLISTS; i++) {
		*at = r.pos;
		const uint8_t *p = rd_string(&r, &out->list[i].len);
		out->list[i].p = (const char *)p;
		if (p && !is_name_list(p, out->list[i].len))
			return ERR_FORMAT;
	}
	out->guess_follows = rd_u8(&r) != 0;
	(void)rd_u32(&r);
	*at = r.pos;
	return r.bad ? ERR_TRUNCATED : rd_left(&r) ? ERR_FORMAT : ERR_OK;
}

bool sshkexinit_has(const struct sshkexinit *k, enum sshlist which, const char *name)
{
	return name_in_list(name, k->list[which].p, k->list[which].len);
}

bool sshkexinit_choose(
    const struct sshkexinit *client, const struct sshkexinit *server, enum sshlist which, char out[static SSHALG_MAX])
{
	const char *p = client->list[which].p, *end = p + client->list[which].len;

	while (p < end) {
		const char *comma = memchr(p, ',', (size_t)(end - p));
		size_t n = (size_t)((comma ? comma : end) - p);
		memcpy(out, p, n);
		out[n] = '\0';
		if (sshkexinit_has(server, which, out))
			return true;
		p += n + 1;
	}
	out[0] = '\0';
	return false;
}
