/* From libconfig's settings to struct topology: one function a kind of entry. Private to topology.c. */
#ifndef GLASSLAB_TOPOLOGY_READ_H
#define GLASSLAB_TOPOLOGY_READ_H

#include <libconfig.h>

#include "topology.h"

/* Fills *out, which is empty; on an error *out may be filled in part. */
enum err topology_read(struct topology *out, config_setting_t *root, const char *file, struct why *w) MUST_USE;

#endif
