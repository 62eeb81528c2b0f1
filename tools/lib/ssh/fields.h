/* The fields of SSH's messages, from one table. */
#ifndef GLASSNET_LIB_SSH_FIELDS_H
#define GLASSNET_LIB_SSH_FIELDS_H

#include "glassnet/trace.h"

/* Emits every field of a message (payload from its type on). Stops where it ends too early. */
void sshfields(struct trace *t, const uint8_t *payload, size_t len);

#endif
