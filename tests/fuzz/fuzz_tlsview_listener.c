// needs: tools/tlsview
/* Octets on the wire as a listener cuts them into records and reads what is in the clear. The first octet of each piece
 * says whose they are and how many: 0x80 the client's, the rest of it a length. */
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "tlsview/listener.h"
#include "tlsview/wiretap.h"

static void on_record(void *arg, bool out, const uint8_t *record, size_t len)
{
	listener_record(arg, out, record, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct listener l;
	static struct wiretap w;

	l = (struct listener){.client = "client", .server = "server", .clock = &clock_real};
	w = (struct wiretap){.on_record = on_record, .arg = &l};
	while (size > 1) {
		bool client = (data[0] & 0x80) != 0;
		size_t n = ((size_t)(data[0] & 0x7f) << 3) + 1;

		data++;
		size--;
		n = n < size ? n : size;
		uint8_t *copy = malloc(n);
		memcpy(copy, data, n);
		wiretap_feed(&w, client, copy, n);
		free(copy);
		data += n;
		size -= n;
	}
	listener_summary(&l);
	char *json = listener_json(&l);
	if (!json)
		abort();
	free(json);
	ERR_clear_error();
	return 0;
}
