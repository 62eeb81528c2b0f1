/* Reading a large file ahead: one thread copies from the kernel while another hashes. */
#ifndef HASHVIEW_AHEAD_H
#define HASHVIEW_AHEAD_H

#include <stdint.h>
#include <sys/types.h>

struct ahead;

/* Starts to read fd from where it stands; fd is borrowed until ahead_free(). It has to be a regular file: a read that
 * could wait for ever could not be called off. NULL: no memory or no thread; read it yourself then. */
struct ahead *ahead_new(int fd);

/* The next octets, in *data until the next call: how many; 0 at the end; -1 and errno, as read(2). */
ssize_t ahead_next(struct ahead *a, const uint8_t **data);

void ahead_free(struct ahead *a);

#endif
