/* What to do about a machine that does not let the lab be made: the exact commands, for this machine as it
 * is. */
#ifndef GLASSLAB_REMEDY_H
#define GLASSLAB_REMEDY_H

#include <stddef.h>

enum remedy {
	REMEDY_NAMESPACE, /* namespaces, or the capabilities in them */
	REMEDY_MOUNT,
	REMEDY_OVERLAY,
	REMEDY_IPV6,
	REMEDY_VETH,
	REMEDY_BRIDGE,
	REMEDY_NAT,
};

/* Writes lines of text, without a newline at the end. */
void remedy_text(enum remedy r, char *out, size_t cap);

#endif
