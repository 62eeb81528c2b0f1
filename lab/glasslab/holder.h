/* The holder: process 1 of the lab. Everything that the lab is hangs on it: namespaces by descriptors that it
 * keeps, servers as its children. When it ends, however it ends, the kernel takes all the rest away.
 *
 * The order of things, as `glasslab up` does them:
 *
 *     holder.c      up: the socket, the namespaces, then as process 1: bring up, tell `up` so, serve
 *     bringup.c     a child for each host makes its namespaces; cables; then servers; then waits until all
 * answer host_setup.c  what that child does: mounts, files, addresses, routes service.c     starting a server
 * in a host, noticing that it ended probe.c       does it answer? serve.c       requests of clients: facts,
 * join, host, whoami, move, down facts.c       the lab as JSON */
#ifndef GLASSLAB_HOLDER_H
#define GLASSLAB_HOLDER_H

#include <jansson.h>
#include <stdint.h>
#include <sys/types.h>

#include "netlink.h"
#include "pki.h"
#include "seed.h"
#include "topology.h"

enum service_state { SERVICE_OFF, SERVICE_STARTING, SERVICE_READY, SERVICE_ENDED };

struct service {
	const struct topo_program *program;
	enum service_state state;
	pid_t pid;      /* 0: none */
	int status;     /* as waitpid tells, when ended */
	int probe;      /* a socket in the host's network namespace, or -1 */
	int64_t probed; /* when, ns */
};

struct holder_host {
	pid_t setup;       /* the child that sets it up; 0: done */
	int talk;          /* to that child */
	int net, mnt, uts; /* namespaces */
	uint64_t net_inode;
	int run;    /* its /run/glassnet (O_PATH) */
	int listen; /* the holder's socket in it */
	struct netlink nl;
	struct service service[TOPO_MAX_SERVICES];
	int lan[TOPO_MAX_IFACES];       /* where an interface is plugged in now */
	unsigned port[TOPO_MAX_IFACES]; /* the switch's end of its cable; 0: none */
};

struct holder {
	const char *name;      /* of the lab */
	const char *data_dir;  /* with topology.conf and hosts/ */
	const char *bin_dir;   /* where Glassnet's programs are */
	const char *seed_name; /* NULL: drawn by chance */
	uid_t uid;
	struct topology t;
	struct seed seed;
	struct lab_pki pki;
	json_t *pki_facts;
	int own_net, user_ns, pid_ns, ipc_ns;
	struct netlink nl; /* the cupboard with the switches: the holder's own network namespace */
	unsigned bridge[TOPO_MAX_LANS];
	struct holder_host *host; /* t.n_hosts of them */
	int listen;               /* for clients outside */
	int signals;              /* a signalfd */
	bool stop;
};

/* What `up` asks for. */
struct holder_options {
	const char *name, *data_dir, *bin_dir;
	const char *seed; /* NULL: random */
	int64_t timeout_ns;
};

/* Makes a lab and leaves it running. ERR_NEGATIVE: one of that name runs. */
enum err holder_up(const struct holder_options *o, const struct topology *t, struct why *w) MUST_USE;

enum err bringup(struct holder *h, int64_t timeout_ns, struct why *w) MUST_USE;

/* The child of one host; the socket leads to the holder. Returns its exit status. */
int host_setup(const struct holder *h, size_t host, int talk);
/* What goes over that socket: the child says READY (namespaces made), then DONE or FAILED and the sentence;
 * the holder says GO (cables are there), and closes when it needs the child no more. */
enum setup_word { SETUP_READY = 'r', SETUP_GO = 'g', SETUP_DONE = 'd', SETUP_FAILED = 'f' };
struct setup_message {
	uint8_t word; /* enum setup_word */
	uint8_t err;  /* enum err */
	struct why why;
};

/* Runs argv in a host's namespaces with that descriptor as its output. The pid, or -1 with *w set. */
pid_t service_spawn(const struct holder *h, size_t host, char *const argv[], int out, struct why *w);

/* A program's command line for one host, filled in; the program itself by the path that the lab gave it. */
#define COMMAND_ARG 1024 /* octets of an argument */
struct command {
	char text[TOPO_MAX_ARGS][COMMAND_ARG];
	char *argv[TOPO_MAX_ARGS + 1];
};
enum err service_command(
    const struct holder *h, size_t host, const struct topo_program *p, struct command *out, struct why *w) MUST_USE;
enum err service_start(struct holder *h, size_t host, size_t service, struct why *w) MUST_USE;
void service_stop(struct holder *h, size_t host, size_t service);
void service_reap(struct holder *h); /* notes which children ended */
/* Is everything ready that the topology wants ready before this program? */
bool service_may_start(const struct holder *h, const struct service *s);
const char *service_state_name(enum service_state s);
/* The last line that a server wrote to its log, fit to show. */
void service_last_words(const struct holder *h, size_t host, size_t service, char *out, size_t cap);

/* Looks once whether a started service is ready; sets its state. Never waits. */
enum err probe(struct holder *h, size_t host, size_t service, int64_t now, struct why *w) MUST_USE;

json_t *facts_make(struct holder *h);
json_t *facts_pki(const struct holder *h);

/* Answers one request on a connected socket; false when the client has gone or talks nonsense. */
bool serve(struct holder *h, int sock);

/* Brings up the interfaces of a host that the network configures; returns when its switch passes frames on.
 */
enum err holder_plug_in(struct holder *h, size_t host, struct why *w) MUST_USE;

/* Unplugs what host has in a switch and plugs it into that lan. */
enum err holder_move(struct holder *h, size_t host, size_t lan, struct why *w) MUST_USE;

#endif
