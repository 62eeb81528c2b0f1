/* Servers as the holder's children, each in the namespaces of its host. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "glassnet/wire.h"
#include "holder.h"
#include "run.h"
#include "template.h"

/* What the child of the fork does. The holder blocks signals, for its signalfd; the server must not. */
static int become_server(const struct holder *h, size_t host, char *const argv[], int out)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setsid();
	umask(0022);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	const struct holder_host *hh = &h->host[host];
	if (setns(hh->net, CLONE_NEWNET) < 0 || setns(hh->uts, CLONE_NEWUTS) < 0 || setns(hh->mnt, CLONE_NEWNS) < 0 ||
	    chdir(HOST_RUN) < 0) {
		perror("entering the host");
		return RUN_CANNOT_EXECUTE;
	}
	return run_program(argv, h->bin_dir, h->name, h->t.host[host].name);
}

pid_t service_spawn(const struct holder *h, size_t host, char *const argv[], int out, struct why *w)
{
	pid_t pid = fork();
	if (pid == 0)
		_exit(become_server(h, host, argv, out));
	if (pid < 0)
		(void)why_errno(w, ERR_IO, "%s: %s cannot be started", h->t.host[host].name, argv[0]);
	return pid;
}

enum err service_command(
    const struct holder *h, size_t host, const struct topo_program *p, struct command *out, struct why *w)
{
	struct template_ctx ctx = {&h->t, &h->t.host[host], &h->seed};
	*out = (struct command){0};
	for (size_t i = 0; i < p->n_args; i++) {
		enum err e = ERR_OK;
		if (i == 0 && !strchr(p->args[0], '/'))
			snprintf(out->text[0], COMMAND_ARG, HOST_RUN "/bin/%s", p->args[0]);
		else
			e = template_text(out->text[i], COMMAND_ARG, p->args[i], p->name, &ctx, w);
		if (e != ERR_OK)
			return e;
		out->argv[i] = out->text[i];
	}
	return ERR_OK;
}

enum err service_start(struct holder *h, size_t host, size_t service, struct why *w)
{
	struct service *s = &h->host[host].service[service];
	const struct topo_program *p = s->program;
	struct command c;
	enum err e = service_command(h, host, p, &c, w);
	if (e == ERR_OK && p->ready == READY_LEASE)
		e = holder_plug_in(h, host, w);
	if (e != ERR_OK)
		return e;
	char log[TOPO_NAME + 16];
	snprintf(log, sizeof log, "log/%s.log", p->name);
	int out = openat(h->host[host].run, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (out < 0)
		return why_errno(w, ERR_IO, "%s: %s cannot be written", h->t.host[host].name, log);
	s->pid = service_spawn(h, host, c.argv, out, w);
	close(out);
	if (s->pid < 0) {
		s->pid = 0;
		return ERR_IO;
	}
	s->state = SERVICE_STARTING;
	s->probed = 0;
	return ERR_OK;
}

void service_stop(struct holder *h, size_t host, size_t service)
{
	struct service *s = &h->host[host].service[service];
	if (s->pid) {
		kill(-s->pid, SIGKILL); /* its session: a DHCP client's script may be at work */
		kill(s->pid, SIGKILL);
		waitpid(s->pid, &s->status, 0);
		while (waitpid(-s->pid, NULL, 0) > 0 || errno == EINTR) /* orphans are ours */
			;
	}
	if (s->probe >= 0)
		close(s->probe);
	s->pid = 0;
	s->probe = -1;
	s->state = SERVICE_OFF;
}

static void note_end(struct holder *h, pid_t pid, int status)
{
	for (size_t i = 0; i < h->t.n_hosts; i++)
		for (size_t k = 0; k < h->t.host[i].n_services; k++) {
			struct service *s = &h->host[i].service[k];
			if (s->pid != pid)
				continue;
			s->pid = 0;
			s->status = status;
			s->state = SERVICE_ENDED;
		}
}

/* Process 1 also inherits every orphan of the lab. A host's setup child is waited for where it is expected.
 */
void service_reap(struct holder *h)
{
	siginfo_t info = {0};
	while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid) {
		for (size_t i = 0; i < h->t.n_hosts; i++)
			if (h->host[i].setup == info.si_pid)
				return;
		int status;
		if (waitpid(info.si_pid, &status, 0) == info.si_pid)
			note_end(h, info.si_pid, status);
		info.si_pid = 0;
	}
}

bool service_may_start(const struct holder *h, const struct service *s)
{
	if (s->program->after < 0)
		return true;
	const struct topo_program *before = &h->t.program[s->program->after];
	for (size_t i = 0; i < h->t.n_hosts; i++)
		for (size_t k = 0; k < h->t.host[i].n_services; k++)
			if (h->host[i].service[k].program == before && h->host[i].service[k].state != SERVICE_READY)
				return false;
	return true;
}

const char *service_state_name(enum service_state s)
{
	switch (s) {
	case SERVICE_OFF:
		return "off";
	case SERVICE_STARTING:
		return "starting";
	case SERVICE_READY:
		return "ready";
	case SERVICE_ENDED:
		return "ended";
	}
	return "";
}

void service_last_words(const struct holder *h, size_t host, size_t service, char *out, size_t cap)
{
	char log[TOPO_NAME + 16], line[512] = "", last[512] = "";
	snprintf(log, sizeof log, "log/%s.log", h->host[host].service[service].program->name);
	int fd = openat(h->host[host].run, log, O_RDONLY | O_CLOEXEC);
	FILE *f = fd >= 0 ? fdopen(fd, "r") : NULL;
	while (f && fgets(line, sizeof line, f))
		if (line[strspn(line, " \t\n")])
			memcpy(last, line, sizeof last);
	if (f)
		fclose(f);
	else if (fd >= 0)
		close(fd);
	escape_text(out, cap, last, strcspn(last, "\n"));
}
