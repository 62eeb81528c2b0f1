/* Texts of addresses, and escaping: no read or write out of bounds, and what is shown is always harmless. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "glassnet/addr.h"
#include "glassnet/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t cap = size ? 1 + data[0] % 96u : 1;
	char *out = malloc(cap), *text = malloc(size + 1), back[ENDPOINT_TEXT];
	struct endpoint e, again;

	if (!out || !text)
		abort();
	escape_text(out, cap, data, size);
	for (size_t i = 0; i < strlen(out); i++)
		if ((uint8_t)out[i] < 0x20 || out[i] == 0x7f)
			abort();
	hex_text(out, cap, data, size);
	memcpy(text, data, size);
	text[size] = '\0';
	if (endpoint_parse(&e, text, 53) == ERR_OK && (endpoint_parse(&again, endpoint_text(back, &e), 1) != ERR_OK ||
	                                                  again.port != e.port || !ip_equal(&again.ip, &e.ip)))
		abort();
	free(text);
	free(out);
	return 0;
}
