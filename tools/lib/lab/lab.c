#include "glassnet/lab.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "glassnet/lab_channel.h"

#define ANSWER_SECONDS    10
#define INITIAL_USER_NS   0xEFFFFFFDU /* the inode of the machine's own user namespace, always (PROC_USER_INIT_INO) */
#define HOLDER_INSIDE_PID 1

struct lab {
	int sock;
	bool inside; /* this process is in one of the lab's hosts */
	bool joined;
	pid_t holder;
	json_t *facts;
};

/* --- reaching the holder ----------------------------------------------------------------------------------
 */

static int dial(const struct sockaddr_un *addr, socklen_t len, struct ucred *peer)
{
	int s = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	socklen_t size = sizeof *peer;
	struct timeval limit = {.tv_sec = ANSWER_SECONDS};
	if (s >= 0 && (setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0 ||
	                  setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0 ||
	                  connect(s, (const struct sockaddr *)addr, len) < 0 ||
	                  getsockopt(s, SOL_SOCKET, SO_PEERCRED, peer, &size) < 0)) {
		close(s);
		s = -1;
	}
	return s;
}

/* The holder is the first process of its namespace. Outside of any lab, process 1 is the machine's own, in
 * the machine's own user namespace: nothing that a learner starts can have both marks. */
static int dial_inside(struct ucred *peer)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX, .sun_path = CHANNEL_INSIDE};
	struct stat user_ns;
	if (stat("/proc/self/ns/user", &user_ns) < 0 || user_ns.st_ino == INITIAL_USER_NS)
		return -1;
	int s = dial(&addr, sizeof addr, peer);
	if (s >= 0 && peer->pid != HOLDER_INSIDE_PID) {
		close(s);
		s = -1;
	}
	return s;
}

static enum err dial_outside(struct lab *lab, const char *name)
{
	struct sockaddr_un addr;
	struct ucred peer;
	socklen_t len = channel_address(&addr, geteuid(), name);
	lab->sock = dial(&addr, len, &peer);
	if (lab->sock < 0)
		return ERR_CLOSED;
	lab->holder = peer.pid;
	return peer.uid == geteuid() ? ERR_OK : ERR_PERM;
}

static enum err ask(struct lab *lab, const char *what, json_t **reply)
{
	char why[LAB_WHY_MAX];
	json_t *request = json_pack("{s:s}", "do", what);
	if (!request)
		return ERR_NOMEM;
	enum err e = lab_request(lab, request, reply, NULL, 0, NULL, why);
	json_decref(request);
	return e;
}

static enum err open_inside(struct lab *lab, const char *wanted)
{
	struct ucred peer;
	lab->sock = dial_inside(&peer);
	if (lab->sock < 0)
		return ERR_CLOSED;
	lab->inside = true;
	lab->holder = peer.pid;
	enum err e = ask(lab, "facts", &lab->facts);
	const char *name = json_string_value(json_object_get(lab->facts, "name"));
	if (e == ERR_OK && (!name || (wanted && strcmp(name, wanted) != 0)))
		e = ERR_CLOSED;
	return e;
}

enum err lab_open(struct lab **out, const char *name)
{
	*out = NULL;
	struct lab *lab = calloc(1, sizeof *lab);
	if (!lab)
		return ERR_NOMEM;
	if (!name)
		name = getenv("GLASSNET_LAB");
	if (name && (!*name || strlen(name) >= LAB_NAME_MAX)) {
		free(lab);
		return ERR_USAGE;
	}
	enum err e = open_inside(lab, name);
	if (e == ERR_CLOSED && lab->sock < 0) {
		e = dial_outside(lab, name ? name : LAB_DEFAULT_NAME);
		if (e == ERR_OK)
			e = ask(lab, "facts", &lab->facts);
	}
	if (e == ERR_OK && json_object_set_new(lab->facts, "holder", json_integer(lab->holder)) < 0)
		e = ERR_NOMEM;
	if (e != ERR_OK) {
		lab_close(lab);
		return e;
	}
	*out = lab;
	return ERR_OK;
}

void lab_close(struct lab *lab)
{
	if (!lab)
		return;
	if (lab->sock >= 0)
		close(lab->sock);
	json_decref(lab->facts);
	free(lab);
}

enum err lab_request(struct lab *lab, const json_t *request, json_t **reply, int *fds, size_t max_fds, size_t *n_fds,
    char why[static LAB_WHY_MAX])
{
	int got[CHANNEL_MAX_FDS];
	size_t n = 0;
	why[0] = '\0';
	enum err e = channel_send(lab->sock, request, NULL, 0);
	*reply = NULL;
	if (e == ERR_OK)
		e = channel_receive(lab->sock, reply, got, &n);
	else
		e = ERR_CLOSED;
	for (size_t i = fds ? max_fds : 0; i < n; i++)
		close(got[i]);
	if (n > max_fds)
		n = max_fds;
	if (fds && n_fds) {
		memcpy(fds, got, n * sizeof *got);
		*n_fds = n;
	}
	if (e != ERR_OK)
		return e;
	const char *no = json_string_value(json_object_get(*reply, "error"));
	if (!no)
		return ERR_OK;
	snprintf(why, LAB_WHY_MAX, "%s", no);
	json_decref(*reply);
	*reply = NULL;
	return ERR_NEGATIVE;
}

/* --- facts --- */

const json_t *lab_facts(const struct lab *lab)
{
	return lab->facts;
}

pid_t lab_holder(const struct lab *lab)
{
	return lab->holder;
}

size_t lab_n_hosts(const struct lab *lab)
{
	return json_array_size(json_object_get(lab->facts, "hosts"));
}

const char *lab_host_name(const struct lab *lab, size_t i)
{
	const char *name =
	    json_string_value(json_object_get(json_array_get(json_object_get(lab->facts, "hosts"), i), "name"));
	return name ? name : "";
}

int lab_find_host(const struct lab *lab, const char *name)
{
	for (size_t i = 0; i < lab_n_hosts(lab); i++)
		if (strcmp(lab_host_name(lab, i), name) == 0)
			return (int)i;
	return -1;
}

/* --- entering --- */

/* Asks for namespaces and gives their descriptors: exactly n of them. */
static enum err get_fds(struct lab *lab, json_t *request, int *fds, size_t n)
{
	char why[LAB_WHY_MAX];
	json_t *reply = NULL;
	size_t got = 0;
	if (!request)
		return ERR_NOMEM;
	enum err e = lab_request(lab, request, &reply, fds, n, &got, why);
	json_decref(request);
	json_decref(reply);
	if (e == ERR_OK && got != n) {
		for (size_t i = 0; i < got; i++)
			close(fds[i]);
		e = ERR_FORMAT;
	}
	return e;
}

static enum err enter(int fd, int kind)
{
	if (setns(fd, kind) == 0)
		return ERR_OK;
	return errno == EPERM ? ERR_PERM : ERR_UNSUPPORTED;
}

/* Is this the user namespace that the process is in already? Entering it again is refused. */
static bool in_user_namespace(int fd)
{
	struct stat there, here;
	return fstat(fd, &there) == 0 && stat("/proc/self/ns/user", &here) == 0 && there.st_ino == here.st_ino &&
	       there.st_dev == here.st_dev;
}

static enum err join(struct lab *lab, bool children)
{
	int fds[3]; /* user, pid, ipc */
	if (lab->inside || lab->joined)
		return ERR_OK;
	enum err e = get_fds(lab, json_pack("{s:s}", "do", "join"), fds, 3);
	if (e != ERR_OK)
		return e;
	if (!in_user_namespace(fds[0]))
		e = enter(fds[0], CLONE_NEWUSER);
	if (e == ERR_OK && children)
		e = enter(fds[1], CLONE_NEWPID);
	if (e == ERR_OK && children)
		e = enter(fds[2], CLONE_NEWIPC);
	for (size_t k = 0; k < 3; k++)
		close(fds[k]);
	lab->joined = e == ERR_OK && children;
	return e;
}

enum err lab_join(struct lab *lab)
{
	return join(lab, true);
}

enum err lab_join_user(struct lab *lab)
{
	return join(lab, false);
}

enum err lab_enter_host(struct lab *lab, size_t i, unsigned which)
{
	static const int kind[] = {CLONE_NEWNET, CLONE_NEWUTS, CLONE_NEWNS};
	static const unsigned bit[] = {LAB_NET, LAB_UTS, LAB_MOUNT};
	int fds[3];
	enum err e = get_fds(lab, json_pack("{s:s,s:s}", "do", "host", "host", lab_host_name(lab, i)), fds, 3);
	if (e != ERR_OK)
		return e;
	for (size_t k = 0; k < 3; k++) {
		if (e == ERR_OK && (which & bit[k]))
			e = enter(fds[k], kind[k]);
		close(fds[k]);
	}
	return e;
}

enum err lab_self(char host[static LAB_HOST_MAX])
{
	struct ucred peer;
	struct lab lab = {.sock = dial_inside(&peer)};
	host[0] = '\0';
	if (lab.sock < 0)
		return ERR_NEGATIVE;
	json_t *reply = NULL;
	enum err e = ask(&lab, "whoami", &reply);
	const char *name = json_string_value(json_object_get(reply, "host"));
	if (e == ERR_OK && name && strlen(name) < LAB_HOST_MAX)
		memcpy(host, name, strlen(name) + 1);
	else
		e = ERR_NEGATIVE;
	json_decref(reply);
	close(lab.sock);
	return e;
}
