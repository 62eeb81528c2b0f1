/* All octets of a packet:
 *
 *       @0    02 00 00 00 00 02 02 00  00 00 00 01 08 00 45 00  ..............E.
 */
#include "view.h"

#define PER_LINE 16

enum err octets_write(FILE *out, const uint8_t *p, size_t len)
{
	for (size_t at = 0; at < len; at += PER_LINE) {
		size_t n = len - at < PER_LINE ? len - at : PER_LINE;
		fprintf(out, "    @%-5zu", at);
		for (size_t i = 0; i < PER_LINE; i++) {
			if (i < n)
				fprintf(out, "%s%02x", i == PER_LINE / 2 ? "  " : " ", p[at + i]);
			else
				fprintf(out, "%s", i == PER_LINE / 2 ? "    " : "   ");
		}
		fputs("  ", out);
		for (size_t i = 0; i < n; i++)
			fputc(p[at + i] >= 0x20 && p[at + i] < 0x7f ? p[at + i] : '.', out);
		fputc('\n', out);
	}
	return ferror(out) ? ERR_IO : ERR_OK;
}
