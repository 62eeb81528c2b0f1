#include "list.h"

#include <stdlib.h>
#include <string.h>

#define ENTRIES_MAX 1000000

void *list_room(void *list, size_t n, size_t size)
{
	if (n >= ENTRIES_MAX)
		return NULL;
	if ((n & (n - 1)) == 0) /* a power of two, or none: full */
		list = realloc(list, (n ? n * 2 : 1) * size);
	if (list)
		memset((char *)list + n * size, 0, size);
	return list;
}
