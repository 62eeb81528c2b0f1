// needs: tools/natview
/* What comes to a STUN server: whatever it is, the answer is a sound STUN message with the question's ID, and goes to the
 * host that asked. */
#include "glassnet/proto/stun.h"

#include <string.h>

#include "natview/stun_site.h"

static void must(bool promise)
{
	if (!promise)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stun_site s = {.port = {3478, 3479}};
	struct endpoint from = {.port = 40000};
	struct stun_answer a;
	struct stun h;
	size_t off = 0;
	must(ip_parse(&s.ip[0], "192.0.2.82") == ERR_OK && ip_parse(&from.ip, "203.0.113.10") == ERR_OK);
	if (size && data[0] & 0x80) /* no STUN begins so: the bit chooses the site */
		must(ip_parse(&s.ip[1], "192.0.2.83") == ERR_OK);
	enum err e =
	    stun_site_answer(&s, (struct stun_place){0, 0}, &from, data + (size > 0), size - (size > 0), &a, &off);
	must(off <= size);
	if (e != ERR_OK)
		return 0;
	must(stun_parse(&h, a.bytes, a.len, &off) == ERR_OK && memcmp(a.bytes + 4, data + 5, STUN_ID) == 0);
	must(h.class == STUN_SUCCESS || h.class == STUN_ERROR);
	must(ip_equal(&a.to.ip, &from.ip) && a.from.ip < 2 && a.from.port < 2 && s.ip[a.from.ip].family);
	(void)stun_integrity_right(data + 1, size - 1, "key", 3);
	return 0;
}
