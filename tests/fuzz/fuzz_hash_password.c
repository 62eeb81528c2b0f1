// needs: tools/hashview
/* Lines of a password file: what is taken is text of the right form, and asks for no more than the bounds. */
#include <stdlib.h>
#include <string.h>

#include "hashview/password.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct password_line l;

	if (password_line_parse(&l, (const char *)data, size) != ERR_OK)
		return 0;
	if (strlen(l.user) + 1 + strlen(l.hash) != size || !password_user_is_good(l.user) ||
	    l.memory_kib > PASSWORD_MEMORY_MAX_KIB || l.passes > PASSWORD_PASSES_MAX)
		abort();
	return 0;
}
