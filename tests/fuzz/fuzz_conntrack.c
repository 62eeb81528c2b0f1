// needs: tools/natview
/* Messages of the connection table (ctnetlink), from arbitrary bytes: texts stay within their buffers. */
#include <linux/netlink.h>
#include <string.h>

#include "natview/conntrack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_Alignas(8) char buf[4096];
	char key[CT_TEXT], value[CT_TEXT];
	struct ct_entry e;
	enum ct_change change;
	if (size < 4 || size > sizeof buf - NLMSG_HDRLEN)
		return 0;
	struct nlmsghdr h = {.nlmsg_len = (uint32_t)(NLMSG_HDRLEN + size - 4)};
	memcpy(&h.nlmsg_type, data, 2);
	memcpy(&h.nlmsg_flags, data + 2, 2);
	memcpy(buf, &h, sizeof h);
	memcpy(buf + NLMSG_HDRLEN, data + 4, size - 4);
	if (!ct_parse(&e, &change, (const struct nlmsghdr *)buf))
		return 0;
	if (strlen(ct_key(key, &e)) >= CT_TEXT || strlen(ct_value(value, &e)) >= CT_TEXT)
		__builtin_trap();
	return 0;
}
