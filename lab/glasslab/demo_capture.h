/* The capture of a whole scene: a process of its own enters the lab and writes every packet to a pcapng file.
 */
#ifndef GLASSLAB_DEMO_CAPTURE_H
#define GLASSLAB_DEMO_CAPTURE_H

#include "glassnet/capture.h"

struct demo_capture;

/* Captures on every host of the lab. path: the file, or NULL for one without a name. On an error *msg says
 * why. */
enum err demo_capture_start(
    struct demo_capture **out, const char *lab_name, const char *path, char msg[static 256]) MUST_USE;
void demo_capture_stop(struct demo_capture *c); /* NULL is allowed */

/* Calls on_packet for each packet since the last call; all that were sent before the call are there. The
 * capture that is handed over knows the vantages, and lives until the next call. */
enum err demo_capture_drain(struct demo_capture *c,
    void (*on_packet)(void *ctx, const struct capture *capture, const struct capture_packet *p), void *ctx) MUST_USE;

#endif
