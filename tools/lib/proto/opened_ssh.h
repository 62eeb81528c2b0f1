/* The words for what encrypted SSH packets held. Private. */
#ifndef PROTO_OPENED_SSH_H
#define PROTO_OPENED_SSH_H

#include "glassnet/flow.h"
#include "glassnet/proto/text.h"
#include "glassnet/trace.h"

/* "CHANNEL_REQUEST exec "uname"" */
void opened_ssh_line(const struct opened *o, struct text *out);
/* The message's fields; offsets in o->bytes. */
void opened_ssh_describe(const struct opened *o, struct trace *t);

#endif
