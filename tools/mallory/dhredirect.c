/* nft's part: connections that were meant for somebody else arrive here. */
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <errno.h>

#include "dhmiddle.h"

extern char **environ;

/* Hands a script to nft. */
static enum err nft(const char *script)
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

enum err dhmiddle_redirect(const char *ifname)
{
	char script[512];

	/* what an earlier mallory left behind goes first */
	snprintf(script, sizeof(script),
	    "add table ip mallory_dh\n"
	    "delete table ip mallory_dh\n"
	    "table ip mallory_dh {\n"
	    "\tchain in {\n"
	    "\t\ttype nat hook prerouting priority dstnat; policy accept;\n"
	    "\t\tiifname \"%s\" tcp dport %d redirect to :%d\n"
	    "\t}\n"
	    "}\n",
	    ifname, DHMIDDLE_PORT, DHMIDDLE_OWN_PORT);
	return nft(script);
}

void dhmiddle_unredirect(void)
{
	(void)!nft("add table ip mallory_dh\ndelete table ip mallory_dh\n");
}
