/* nft's part, and the kernel's: connections that were meant for somebody else arrive here. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/netfilter_ipv4.h> /* after netinet/in.h, or both define the same */

#include "glassnet/clock.h"
#include "glassnet/net.h"
#include "redirect.h"

extern char **environ;

enum err redirect_rules(const char *script)
{
	char *const argv[] = {"nft", "-f", "-", NULL};
	posix_spawn_file_actions_t actions;
	int in[2], status = -1;
	pid_t pid;

	if (pipe(in) != 0)
		return ERR_INTERNAL;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
	posix_spawn_file_actions_addclose(&actions, in[0]);
	posix_spawn_file_actions_addclose(&actions, in[1]);
	bool started = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ) == 0 ||
	               posix_spawn(&pid, "/usr/sbin/nft", &actions, NULL, argv, environ) == 0;
	posix_spawn_file_actions_destroy(&actions);
	close(in[0]);
	ssize_t n = started ? write(in[1], script, strlen(script)) : -1;
	close(in[1]);
	while (started && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return started && n == (ssize_t)strlen(script) && status == 0 ? ERR_OK : ERR_UNSUPPORTED;
}

enum err redirect_start(const char *table, const char *ifname, uint16_t from, uint16_t to)
{
	char script[512];

	snprintf(script, sizeof(script),
	    "add table ip %s\n"
	    "delete table ip %s\n"
	    "table ip %s {\n"
	    "\tchain in {\n"
	    "\t\ttype nat hook prerouting priority dstnat; policy accept;\n"
	    "\t\tiifname \"%s\" tcp dport %u redirect to :%u\n"
	    "\t}\n"
	    "}\n",
	    table, table, table, ifname, from, to);
	return redirect_rules(script);
}

void redirect_end(const char *table)
{
	char script[128];

	snprintf(script, sizeof(script), "add table ip %s\ndelete table ip %s\n", table, table);
	(void)!redirect_rules(script);
}

enum err redirect_listen(const struct ip *self, uint16_t port, int *fd)
{
	struct endpoint at = {*self, port};
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(&sa, &at);

	*fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return ERR_NET;
	setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	return bind(*fd, (struct sockaddr *)&sa, len) == 0 && listen(*fd, 8) == 0 ? ERR_OK : ERR_NET;
}

enum err redirect_meant_for(int fd, struct endpoint *out)
{
	struct sockaddr_in sa;
	socklen_t len = sizeof(sa);

	if (getsockopt(fd, SOL_IP, SO_ORIGINAL_DST, &sa, &len) != 0)
		return ERR_NET;
	return endpoint_from_sockaddr(out, (struct sockaddr *)&sa, len);
}

void redirect_take(int listener, uint16_t port, int stop_fd, redirect_taker *take, void *ctx)
{
	struct deadline forever = deadline_in(INT64_C(1000000) * NS_PER_S, stop_fd);
	bool more = true;

	while (more && net_wait(listener, POLLIN, forever) == ERR_OK) {
		struct sockaddr_storage sa;
		socklen_t len = sizeof(sa);
		struct endpoint from, to;
		int fd = accept4(listener, (struct sockaddr *)&sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			continue;
		/* nobody's connection but ours, where it was not redirected */
		if (endpoint_from_sockaddr(&from, (struct sockaddr *)&sa, len) == ERR_OK &&
		    redirect_meant_for(fd, &to) == ERR_OK && to.port == port) {
			setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
			more = take(ctx, fd, &from, &to);
		}
		close(fd);
	}
}
