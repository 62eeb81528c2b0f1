#include "hello.h"

#include "glassnet/proto/tls.h"
#include "glassnet/wire.h"

bool hello_server_name(char *out, size_t cap, const uint8_t *bytes, size_t len)
{
	struct tls_cursor c = tls_records(bytes, len);
	struct tls_record r;
	struct tls_message m;
	struct tls_hello h;
	size_t pos = 0, at;

	out[0] = '\0';
	if (!tls_next_record(&c, &r) || r.encrypted || !tls_next_message(bytes, &r, &pos, &m) ||
	    m.type != TLS_CLIENT_HELLO || tls_hello_parse(&h, bytes, &m, &at) || h.server_name.len == 0)
		return false;
	escape_text(out, cap, bytes + h.server_name.off, h.server_name.len);
	return true;
}
