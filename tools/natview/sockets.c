#include "sockets.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "glassnet/addr_kind.h"
#include "glassnet/wire.h"
#include "list.h"

#define ANSWER_MAX 65536

const char *protocol_name(uint8_t protocol)
{
	return protocol == IPPROTO_TCP ? "TCP" : protocol == IPPROTO_UDP ? "UDP" : "?";
}

/* --- sockets (sock_diag) ----------------------------------------------------------------------------------------- */

struct dump {
	struct sockets *out;
	uint8_t protocol;
};

static int find_six_only(const struct nlattr *a, void *ctx)
{
	if (mnl_attr_get_type(a) == INET_DIAG_SKV6ONLY && mnl_attr_get_payload_len(a) >= 1)
		*(bool *)ctx = mnl_attr_get_u8(a) != 0;
	return MNL_CB_OK;
}

/* An IPv4 connection of an IPv6 socket has addresses like ::ffff:192.0.2.1. */
static struct endpoint end_of(int family, const void *bytes, uint16_t port)
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	struct endpoint e = {.port = ntohs(port)};
	if (family == AF_INET6 && memcmp(bytes, mapped, sizeof mapped) == 0)
		e.ip = ip_from(4, (const uint8_t *)bytes + sizeof mapped);
	else
		e.ip = ip_from(family == AF_INET ? 4 : 6, bytes);
	return e;
}

static int take_socket(const struct nlmsghdr *h, void *ctx)
{
	struct dump *d = ctx;
	const struct inet_diag_msg *m = mnl_nlmsg_get_payload(h);
	if (mnl_nlmsg_get_payload_len(h) < sizeof *m)
		return MNL_CB_OK;
	struct open_socket *list = list_room(d->out->at, d->out->n, sizeof *list);
	if (!list)
		return MNL_CB_OK;
	d->out->at = list;
	struct open_socket *s = &list[d->out->n++];
	*s = (struct open_socket){.protocol = d->protocol,
	    .state = m->idiag_state,
	    .local = end_of(m->idiag_family, m->id.idiag_src, m->id.idiag_sport),
	    .remote = end_of(m->idiag_family, m->id.idiag_dst, m->id.idiag_dport),
	    .six_only = m->idiag_family == AF_INET6,
	    .index = m->id.idiag_if,
	    .inode = m->idiag_inode,
	    .uid = m->idiag_uid};
	if (s->six_only) {
		s->six_only = false;
		mnl_attr_parse(h, sizeof *m, find_six_only, &s->six_only);
	}
	return MNL_CB_OK;
}

static bool ask_kernel(struct mnl_socket *nl, int family, struct dump *d)
{
	char buf[256] = {0}, *answer = malloc(ANSWER_MAX);
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	h->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	h->nlmsg_seq = 1;
	struct inet_diag_req_v2 *q = mnl_nlmsg_put_extra_header(h, sizeof *q);
	q->sdiag_family = (uint8_t)family;
	q->sdiag_protocol = d->protocol;
	q->idiag_states = UINT32_MAX;
	bool good = answer && mnl_socket_sendto(nl, h, h->nlmsg_len) >= 0;
	for (int r = MNL_CB_OK; good && r > 0;) {
		ssize_t n = mnl_socket_recvfrom(nl, answer, ANSWER_MAX);
		if (n < 0 && errno == EINTR)
			continue;
		r = n < 0 ? -1 : mnl_cb_run(answer, (size_t)n, 1, mnl_socket_get_portid(nl), take_socket, d);
		good = r >= 0 || errno == ENOENT; /* a kernel without that family or protocol */
	}
	int keep = errno;
	free(answer);
	errno = keep;
	return good;
}

static bool load_sockets(struct sockets *out)
{
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP};
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
	bool good = nl && mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) == 0;
	for (size_t i = 0; good && i < sizeof protocols; i++) {
		struct dump d = {out, protocols[i]};
		good = ask_kernel(nl, AF_INET, &d) && ask_kernel(nl, AF_INET6, &d);
	}
	int keep = errno;
	if (nl)
		mnl_socket_close(nl);
	errno = keep;
	return good;
}

/* --- processes (/proc) -------------------------------------------------------------------------------------------- */

static void read_name(pid_t pid, char out[static PROCESS_NAME])
{
	char path[64], raw[32] = "";
	snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(raw, 1, sizeof raw - 1, f) : 0;
	if (f)
		fclose(f);
	raw[n] = '\0';
	raw[strcspn(raw, "\n")] = '\0';
	escape_text(out, PROCESS_NAME, raw, strlen(raw)); /* a process calls itself what it likes */
}

static void take_process(struct sockets *out, pid_t pid)
{
	char path[64], link[64], name[PROCESS_NAME] = "";
	snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	DIR *d = opendir(path);
	if (!d)
		return;
	for (struct dirent *f; (f = readdir(d));) {
		unsigned long inode;
		ssize_t n = readlinkat(dirfd(d), f->d_name, link, sizeof link - 1);
		if (n <= 0)
			continue;
		link[n] = '\0';
		if (sscanf(link, "socket:[%lu]", &inode) != 1)
			continue;
		if (!*name)
			read_name(pid, name);
		struct holder *list = list_room(out->holders, out->n_holders, sizeof *list);
		if (!list)
			break;
		out->holders = list;
		struct holder *h = &list[out->n_holders++];
		*h = (struct holder){.inode = inode, .pid = pid};
		memcpy(h->name, name, sizeof h->name);
	}
	closedir(d);
}

static int by_inode(const void *a, const void *b)
{
	const struct holder *x = a, *y = b;
	if (x->inode != y->inode)
		return x->inode < y->inode ? -1 : 1;
	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

static void load_processes(struct sockets *out)
{
	DIR *d = opendir("/proc");
	for (struct dirent *e; d && (e = readdir(d));)
		if (isdigit((unsigned char)e->d_name[0]))
			take_process(out, (pid_t)strtol(e->d_name, NULL, 10));
	if (d)
		closedir(d);
	if (out->n_holders)
		qsort(out->holders, out->n_holders, sizeof *out->holders, by_inode);
}

enum err sockets_load(struct sockets *out)
{
	*out = (struct sockets){0};
	if (!load_sockets(out)) {
		int keep = errno;
		sockets_release(out);
		errno = keep;
		return ERR_NET;
	}
	load_processes(out);
	return ERR_OK;
}

void sockets_release(struct sockets *s)
{
	free(s->at);
	free(s->holders);
	*s = (struct sockets){0};
}

/* --- looking things up ---------------------------------------------------------------------------------------------- */

bool socket_listens(const struct open_socket *s)
{
	return s->protocol == IPPROTO_TCP ? s->state == TCP_LISTEN : s->state == TCP_CLOSE && s->local.port != 0;
}

const struct holder *socket_holder(const struct sockets *s, const struct open_socket *o, size_t *n)
{
	size_t first = 0, end = s->n_holders;
	while (first < end) {
		size_t mid = first + (end - first) / 2;
		if (s->holders[mid].inode < o->inode)
			first = mid + 1;
		else
			end = mid;
	}
	for (end = first; end < s->n_holders && s->holders[end].inode == o->inode; end++)
		;
	*n = end - first;
	return *n ? &s->holders[first] : NULL;
}

static bool is_wildcard(const struct ip *a)
{
	return strcmp(addr_kind(a)->name, "unspecified") == 0;
}

/* How special the socket is for that packet: 0, not for it; an IPv6 socket on :: takes IPv4 where it is not set
 * IPV6_V6ONLY. A connected UDP socket is for one peer alone. */
static unsigned fits(const struct open_socket *o, uint8_t protocol, const struct endpoint *to)
{
	if (o->protocol != protocol || !socket_listens(o) || o->local.port != to->port)
		return 0;
	if (ip_equal(&o->local.ip, &to->ip))
		return 4;
	if (!is_wildcard(&o->local.ip))
		return 0;
	if (o->local.ip.family == to->ip.family)
		return 3;
	return o->local.ip.family == 6 && !o->six_only ? 2 : 0;
}

const struct open_socket *sockets_find(const struct sockets *s, uint8_t protocol, const struct endpoint *to)
{
	const struct open_socket *best = NULL;
	unsigned most = 0;
	for (size_t i = 0; i < s->n; i++) {
		unsigned f = fits(&s->at[i], protocol, to);
		if (f > most) {
			most = f;
			best = &s->at[i];
		}
	}
	return best;
}

char *holder_text(char out[static HOLDER_TEXT], const struct sockets *s, const struct open_socket *o)
{
	size_t n;
	const struct holder *h = socket_holder(s, o, &n);
	if (!h)
		snprintf(out, HOLDER_TEXT, "a process that is not ours to see (uid %u)", (unsigned)o->uid);
	else if (n == 1)
		snprintf(out, HOLDER_TEXT, "%s, pid %d", h->name, (int)h->pid);
	else
		snprintf(
		    out, HOLDER_TEXT, "%s, pid %d (and %zu more that share the socket)", h->name, (int)h->pid, n - 1);
	return out;
}
