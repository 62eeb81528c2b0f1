/* RFC 8446 4.1.2, in a record of RFC 8446 5.1:
 *
 *     22 | version 2 | length 2 || 1 | length 3 | version 2 | random 32 | session id <0..32> | cipher suites
 * <2..> | compression methods <1..> | extensions <..>: { type 2 | data <..> } server_name (0): list <..>: {
 * type 1 (0: host name) | name <1..> } */
#include "hello.h"

#include "glassnet/wire.h"

enum { RECORD_HANDSHAKE = 22, CLIENT_HELLO = 1, EXT_SERVER_NAME = 0, NAME_HOST = 0 };

static bool host_name(struct rd list, char *out, size_t cap)
{
	struct rd names = rd_sub(&list, rd_u16(&list));
	if (rd_u8(&names) != NAME_HOST)
		return false;
	uint16_t len = rd_u16(&names);
	const uint8_t *name = rd_bytes(&names, len);
	if (names.bad || len == 0)
		return false;
	escape_text(out, cap, name, len);
	return true;
}

bool hello_server_name(char *out, size_t cap, const uint8_t *bytes, size_t len)
{
	out[0] = '\0';
	struct rd r = rd_init(bytes, len);
	bool handshake = rd_u8(&r) == RECORD_HANDSHAKE;
	rd_skip(&r, 2 + 2);
	bool hello = rd_u8(&r) == CLIENT_HELLO;
	rd_skip(&r, 3 + 2 + 32);
	rd_skip(&r, rd_u8(&r));  /* session id */
	rd_skip(&r, rd_u16(&r)); /* cipher suites */
	rd_skip(&r, rd_u8(&r));  /* compression methods */
	struct rd exts = rd_sub(&r, rd_u16(&r));
	if (!handshake || !hello)
		return false;
	while (!exts.bad && rd_left(&exts) > 0) {
		uint16_t type = rd_u16(&exts);
		struct rd data = rd_sub(&exts, rd_u16(&exts));
		if (type == EXT_SERVER_NAME)
			return !data.bad && host_name(data, out, cap);
	}
	return false;
}
