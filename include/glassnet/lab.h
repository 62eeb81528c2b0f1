/* The lab as its other programs see it: finding a running mini-Internet, its facts, entering one of its hosts.
 * The lab itself is made by lab/glasslab; this is the client's side, shared by glasslab, pktview and mallory. */
#ifndef GLASSNET_LAB_H
#define GLASSNET_LAB_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "glassnet/err.h"

#define LAB_NAME_MAX     32
#define LAB_HOST_MAX     64
#define LAB_DEFAULT_NAME "glassnet"

struct lab; /* a connection to the process that holds the lab */

/* Finds the running lab of this user by name (NULL: $GLASSNET_LAB, else LAB_DEFAULT_NAME), from outside or from
 * inside it. ERR_CLOSED when none of that name runs; ERR_PERM when it is another user's. */
enum err lab_open(struct lab **out, const char *name) MUST_USE;
void lab_close(struct lab *lab); /* NULL is allowed */

/* Everything there is to know about it when it was opened (the object that `glasslab facts` prints): borrowed. */
const json_t *lab_facts(const struct lab *lab);

size_t lab_n_hosts(const struct lab *lab);
const char *lab_host_name(const struct lab *lab, size_t i); /* as in topology.conf; borrowed */
int lab_find_host(const struct lab *lab, const char *name); /* its number, -1: none */

enum lab_ns { LAB_NET = 1, LAB_MOUNT = 2, LAB_UTS = 4 };

/* The process that holds the lab, as this process sees it; a lab is gone when it has ended. */
pid_t lab_holder(const struct lab *lab);

/* Asks the holder: {"do": "move", "host": "laptop", "lan": "airport"}. On ERR_OK the caller owns *reply. ERR_NEGATIVE
 * when the holder says no: its sentence is in why. Descriptors that come with the reply are put into fds, at most
 * max_fds of them, the rest is closed; n_fds may be NULL together with fds. */
#define LAB_WHY_MAX 512
enum err lab_request(struct lab *lab, const json_t *request, json_t **reply, int *fds, size_t max_fds, size_t *n_fds,
    char why[static LAB_WHY_MAX]) MUST_USE;

/* Enters the lab's user namespace, with all capabilities in it, and makes the lab's process namespace that of the
 * children to come, so that they end with the lab (threads cannot be started any more). Must come before
 * lab_enter_host() when outside. Irreversible for this process, which must have one thread. */
enum err lab_join(struct lab *lab) MUST_USE;

/* The first half of it: the user namespace alone, for a process that wants threads and starts no program in the lab. */
enum err lab_join_user(struct lab *lab) MUST_USE;

/* Enters namespaces of host i (a mask of enum lab_ns). May be called again and again for one host after another. */
enum err lab_enter_host(struct lab *lab, size_t i, unsigned which) MUST_USE;

/* Passes all capabilities of this process on to the programs that it executes (as ambient ones), whatever its uid. */
enum err lab_keep_capabilities(void) MUST_USE;

/* Is this process inside a lab that glasslab made (namespaces compared with the holder's own records, not a
 * variable or a file that a learner could set)? ERR_OK and the host's name; ERR_NEGATIVE when not. */
enum err lab_self(char host[static LAB_HOST_MAX]) MUST_USE;

#endif
