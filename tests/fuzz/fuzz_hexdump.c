// needs: tools/dnsview
/* Any text is a hex dump or is refused at a place within it; its pieces lie one behind the other. */
#include <stdlib.h>

#include "dnsview/hexdump.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hexdump h;
	struct hexdump_error where;
	enum err e = hexdump_parse(&h, (const char *)data, size, &where);
	if (e == ERR_FORMAT && (!where.line || !where.column || where.column > size + 1 || !where.why))
		abort();
	if (e)
		return 0;
	size_t at = 0;
	for (size_t i = 0; i < h.n; i++) {
		if (h.piece[i].off != at || h.piece[i].len == 0)
			abort();
		at += h.piece[i].len;
	}
	if (at != h.len || h.len > size / 2)
		abort();
	hexdump_release(&h);
	return 0;
}
