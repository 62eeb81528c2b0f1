/* Lists that grow. */
#ifndef NATVIEW_LIST_H
#define NATVIEW_LIST_H

#include <stddef.h>

/* A list of n entries of that size, with room for one more, which is zeroed: the list may have moved. NULL: it cannot
 * grow (out of memory, or a million entries), and is left as it is. */
void *list_room(void *list, size_t n, size_t size);

#endif
