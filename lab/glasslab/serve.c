/* What clients may ask of the holder. Outside and inside the same; only the lab's own user is heard. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "glassnet/lab_channel.h"
#include "holder.h"

struct answer {
	json_t *reply;
	int fd[CHANNEL_MAX_FDS];
	size_t n_fds;
};

static json_t *no(const char *sentence)
{
	return json_pack("{s:s}", "error", sentence);
}

static const char *text_of(const json_t *request, const char *key)
{
	const char *v = json_string_value(json_object_get(request, key));
	return v ? v : "";
}

/* Which host's network a process is in, by the kernel's own record. */
static int host_of(const struct holder *h, pid_t pid)
{
	char path[64];
	struct stat st;
	snprintf(path, sizeof path, "/proc/%d/ns/net", (int)pid);
	if (pid <= 0 || stat(path, &st) < 0)
		return -1;
	for (size_t i = 0; i < h->t.n_hosts; i++)
		if (h->host[i].net_inode == st.st_ino)
			return (int)i;
	return -1;
}

/* What was started since the lab came up (by a move) is looked at when somebody asks. */
static void probe_starting(struct holder *h)
{
	struct why w;
	for (size_t i = 0; i < h->t.n_hosts; i++)
		for (size_t k = 0; k < h->t.host[i].n_services; k++)
			if (h->host[i].service[k].state == SERVICE_STARTING)
				(void)!probe(h, i, k, INT64_MAX, &w);
}

static void do_facts(struct holder *h, struct answer *a)
{
	probe_starting(h);
	a->reply = facts_make(h);
}

static void do_join(struct holder *h, struct answer *a)
{
	a->reply = json_object();
	a->fd[a->n_fds++] = h->user_ns;
	a->fd[a->n_fds++] = h->pid_ns;
	a->fd[a->n_fds++] = h->ipc_ns;
}

static void do_host(struct holder *h, const json_t *request, struct answer *a)
{
	int i = topology_host(&h->t, text_of(request, "host"));
	if (i < 0) {
		a->reply = no("no host of the lab has that name");
		return;
	}
	a->reply = json_object();
	a->fd[a->n_fds++] = h->host[i].net;
	a->fd[a->n_fds++] = h->host[i].uts;
	a->fd[a->n_fds++] = h->host[i].mnt;
}

static void do_whoami(struct holder *h, const struct ucred *peer, struct answer *a)
{
	int i = host_of(h, peer->pid);
	a->reply =
	    i < 0 ? no("this process is in none of the lab's hosts") : json_pack("{s:s}", "host", h->t.host[i].name);
}

static void do_move(struct holder *h, const json_t *request, struct answer *a)
{
	struct why w = {""};
	int host = topology_host(&h->t, text_of(request, "host")), lan = topology_lan(&h->t, text_of(request, "lan"));
	if (host < 0)
		a->reply = no("no host of the lab has that name");
	else if (lan < 0)
		a->reply = no("no network of the lab has that name");
	else if (holder_move(h, (size_t)host, (size_t)lan, &w) != ERR_OK)
		a->reply = no(w.text);
	else
		a->reply = json_object();
}

bool serve(struct holder *h, int sock)
{
	struct answer a = {0};
	struct ucred peer;
	socklen_t len = sizeof peer;
	json_t *request;
	int fds[CHANNEL_MAX_FDS];
	size_t n_fds;
	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0 || peer.uid != h->uid)
		return false;
	enum err e = channel_receive(sock, &request, fds, &n_fds);
	if (e == ERR_TIMEOUT)
		return true;
	if (e != ERR_OK)
		return false;
	for (size_t i = 0; i < n_fds; i++)
		close(fds[i]);
	const char *what = text_of(request, "do");
	if (strcmp(what, "facts") == 0)
		do_facts(h, &a);
	else if (strcmp(what, "join") == 0)
		do_join(h, &a);
	else if (strcmp(what, "host") == 0)
		do_host(h, request, &a);
	else if (strcmp(what, "whoami") == 0)
		do_whoami(h, &peer, &a);
	else if (strcmp(what, "move") == 0)
		do_move(h, request, &a);
	else if (strcmp(what, "down") == 0) {
		h->stop = true;
		a.reply = json_object();
	} else
		a.reply = no("the lab does not know this request: is another version of glasslab running?");
	json_decref(request);
	e = a.reply ? channel_send(sock, a.reply, a.fd, a.n_fds) : ERR_NOMEM;
	json_decref(a.reply);
	return e == ERR_OK;
}
