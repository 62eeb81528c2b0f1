/* nat: makes a router of the lab translate addresses in another way. What kinds there are is data: each is a file
 * /run/glassnet/nat/KIND.nft of that host, whose first line says what it is. Which one is in force is asked of the
 * kernel, where the rules carry its name as a comment. */
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "glassnet/clock.h"
#include "glassnet/wire.h"
#include "run.h"
#include "verbs.h"

#define KINDS_MAX 32
#define KIND_MAX  48   /* octets of a kind's name, with the NUL */
#define SAID_MAX  8192 /* octets of what nft prints */
#define NFT_NS    (10 * NS_PER_S)
#define MARK      "comment \"kind: "

struct kind {
	char name[KIND_MAX];
	char title[160];
};

/* What people call them, beside the names of the files (RFC 3489 5 and RFC 4787 4, 5). */
static const struct {
	const char *alias, *name;
} aliases[] = {{"symmetric", "fully-random"}, {"port-restricted", "masquerade"},
    {"port-restricted-cone", "masquerade"}, {"restricted-cone", "address-restricted"},
    {"address-restricted-cone", "address-restricted"}, {"address-dependent", "address-restricted"},
    {"address-dependent-filtering", "address-restricted"}, {"endpoint-independent-filtering", "full-cone"},
    {"address-and-port-dependent-mapping", "fully-random"}, {"endpoint-independent", "full-cone"},
    {"address-and-port-dependent", "fully-random"}};

struct router {
	struct cli *c;
	struct lab *lab;
	size_t host;
	const char *name;
	char bin[PATH_MAX];
	size_t n;
	struct kind kind[KINDS_MAX];
};

/* Runs a program in the router, its output in said. EXIT_INTERNAL with a message where it cannot be run. */
static int in_router(struct router *r, char *const argv[], char *said, size_t cap)
{
	int out[2];
	struct why w = {""};
	struct run run;
	size_t len = 0;
	if (pipe2(out, O_CLOEXEC) < 0)
		return cli_fail(r->c, ERR_IO, "no pipe: %s", strerror(errno));
	const int fds[3] = {-1, out[1], out[1]};
	enum err e = run_start(&run, r->lab, r->host, r->bin, argv, fds, &w);
	close(out[1]);
	for (ssize_t n; e == ERR_OK && (n = read(out[0], said + len, cap - 1 - len)) > 0;)
		len += (size_t)n;
	said[len] = '\0';
	close(out[0]); /* a program that has more to say is cut short */
	if (e == ERR_OK && (e = run_wait(&run, NFT_NS)) != ERR_OK)
		run_stop(&run, SIGKILL, 0);
	return e == ERR_OK ? run_exit(&run) : cli_fail(r->c, e, "%s", *w.text ? w.text : err_text(e));
}

/* One line of grep's output: "/run/glassnet/nat/KIND.nft:# title". */
static void note_kind(struct router *r, char *line)
{
	char *name = strrchr(line, '/'), *end = name ? strstr(name, ".nft:# ") : NULL;
	if (!end || r->n == KINDS_MAX || (size_t)(end - name) > KIND_MAX)
		return;
	*end = '\0';
	snprintf(r->kind[r->n].name, KIND_MAX, "%s", name + 1);
	snprintf(r->kind[r->n++].title, sizeof r->kind[0].title, "%s", end + strlen(".nft:# "));
}

static int read_kinds(struct router *r)
{
	char said[SAID_MAX];
	char *argv[] = {"sh", "-c", "exec grep -m1 -H '^# ' /run/glassnet/nat/*.nft", NULL};
	int status = in_router(r, argv, said, sizeof said);
	if (status > 2)
		return status;
	char *save = NULL;
	for (char *line = strtok_r(said, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		note_kind(r, line);
	if (r->n == 0)
		return cli_usage(
		    r->c, "%s has only one way to translate: home-router is the one that can change", r->name);
	return EXIT_YES;
}

/* The kind whose rules the kernel has; "" where none has its mark. */
static int present(struct router *r, char out[static KIND_MAX])
{
	char said[SAID_MAX];
	char *argv[] = {"nft", "list", "table", "ip", "nat", NULL};
	out[0] = '\0';
	int status = in_router(r, argv, said, sizeof said);
	const char *at = strstr(said, MARK);
	if (status == EXIT_YES && at)
		snprintf(out, KIND_MAX, "%.*s", (int)strcspn(at + strlen(MARK), "\""), at + strlen(MARK));
	return status > 1 ? status : EXIT_YES;
}

static int list(struct router *r)
{
	char now[KIND_MAX];
	int status = present(r, now);
	if (status != EXIT_YES)
		return status;
	for (size_t i = 0; i < r->n; i++)
		fprintf(r->c->out, "%s %-26s %s\n", strcmp(r->kind[i].name, now) == 0 ? "*" : " ", r->kind[i].name,
		    r->kind[i].title);
	if (!cli_has(r->c, "quiet"))
		fprintf(r->c->out, "%s\n", *now ? "(* in force now)" : "(none of these is in force)");
	return EXIT_YES;
}

static const struct kind *find(const struct router *r, const char *name)
{
	for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
		if (strcmp(aliases[i].alias, name) == 0)
			name = aliases[i].name;
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->kind[i].name, name) == 0)
			return &r->kind[i];
	return NULL;
}

static int no_such_kind(const struct router *r, const char *name)
{
	char known[512] = "";
	for (size_t i = 0; i < r->n; i++)
		snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", i ? ", " : "", r->kind[i].name);
	return cli_usage(r->c, "%s knows no NAT called '%s'; it can do %s", r->name, name, known);
}

/* Takes every entry out of the connection table of the network that this process is in (ctnetlink). */
static enum err flush_table(void)
{
	char buf[256], reply[1024];
	struct mnl_socket *sock = mnl_socket_open(NETLINK_NETFILTER);
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	h->nlmsg_type = (NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_DELETE;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	struct nfgenmsg *g = mnl_nlmsg_put_extra_header(h, sizeof *g);
	*g = (struct nfgenmsg){.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0};
	bool done =
	    sock && mnl_socket_bind(sock, 0, MNL_SOCKET_AUTOPID) == 0 && mnl_socket_sendto(sock, h, h->nlmsg_len) > 0;
	ssize_t n = done ? mnl_socket_recvfrom(sock, reply, sizeof reply) : -1;
	done = n > 0 && mnl_cb_run(reply, (size_t)n, 0, mnl_socket_get_portid(sock), NULL, NULL) >= 0;
	if (sock)
		mnl_socket_close(sock);
	return done ? ERR_OK : ERR_NET;
}

/* In a child: whoever enters a host stays there. */
static enum err forget_translations(struct router *r)
{
	int status = 0;
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		enum err e = lab_join_user(r->lab);
		if (e == ERR_OK)
			e = lab_enter_host(r->lab, r->host, LAB_NET);
		if (e == ERR_OK)
			e = flush_table();
		_exit(e == ERR_OK ? EXIT_YES : EXIT_INTERNAL);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return ERR_IO;
	return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_YES ? ERR_OK : ERR_UNSUPPORTED;
}

/* The rules are replaced in one step, and what the old ones had translated is forgotten. */
static int change(struct router *r, const struct kind *k)
{
	char said[SAID_MAX], path[128], safe[512], now[KIND_MAX];
	snprintf(path, sizeof path, "/run/glassnet/nat/%s.nft", k->name);
	char *load[] = {"nft", "-f", path, NULL};
	int status = in_router(r, load, said, sizeof said);
	if (status != EXIT_YES)
		return cli_fail(r->c, ERR_UNSUPPORTED, "%s: nft does not take the rules: %s", r->name,
		    escape_text(safe, sizeof safe, said, strcspn(said, "\n")));
	enum err e = forget_translations(r);
	if (e != ERR_OK)
		return cli_fail(r->c, e, "%s: what it has translated before cannot be forgotten", r->name);
	if ((status = present(r, now)) != EXIT_YES)
		return status;
	if (strcmp(now, k->name) != 0)
		return cli_fail(r->c, ERR_INTERNAL, "%s: the kernel has other rules than these", r->name);
	if (!cli_has(r->c, "quiet"))
		fprintf(r->c->out, "%s is %s now: %s\n", r->name, now, k->title);
	return EXIT_YES;
}

int verb_nat(struct cli *c)
{
	struct why w = {""};
	int status;
	struct router r = {.c = c, .name = c->argv[0]};
	enum err e = places_bin(r.bin, &w);
	if (e != ERR_OK)
		return cli_fail(c, e, "%s", w.text);
	if (!(r.lab = open_lab(c, &status)))
		return status;
	int host = find_host(c, r.lab, r.name);
	r.host = (size_t)host;
	status = host < 0 ? EXIT_USAGE : read_kinds(&r);
	if (status == EXIT_YES && c->argc == 1)
		status = list(&r);
	else if (status == EXIT_YES) {
		const struct kind *k = find(&r, c->argv[1]);
		status = k ? change(&r, k) : no_such_kind(&r, c->argv[1]);
	}
	lab_close(r.lab);
	return status;
}
