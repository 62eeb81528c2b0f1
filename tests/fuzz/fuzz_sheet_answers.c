// needs: lab/glasslab
/* A learner's copy: any octets. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "glasslab/sheet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct sheet_answers a;
	char *text = malloc(len ? len : 1); /* of just that size, so that a read behind it is seen */

	memcpy(text, data, len);
	answers_parse(&a, text, len);
	for (size_t i = 0; i < a.n; i++)
		if (!*a.at[i].text || strlen(a.at[i].text) >= SHEET_TEXT ||
		    answers_find(&a, a.at[i].id) != a.at[i].text)
			abort();
	free(text);
	return 0;
}
