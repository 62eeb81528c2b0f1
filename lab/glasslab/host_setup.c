/* What the child of one host does: its namespaces, then its mounts and files, then, when the cables are
 * there, its addresses and routes and the programs that run once. Nothing of it stays but the namespaces. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "glassnet/wire.h"
#include "holder.h"
#include "isolate.h"
#include "run.h"
#include "signer.h"
#include "template.h"

#define FILE_LIMIT (1U << 20) /* octets of a template */

struct setup {
	const struct holder *h;
	const struct topo_host *host;
	size_t number;
	struct template_ctx ctx;
	struct why *w;
};

/* --- the kernel's settings of a new network namespace --- */

static enum err settings(const struct setup *s)
{
	char gids[64];
	snprintf(gids, sizeof gids, "%ju %ju", (uintmax_t)getegid(), (uintmax_t)getegid());
	bool guest = false; /* the network configures it: over IPv6 it is no router then (RFC 4861 6.2.2) */
	for (size_t i = 0; i < s->host->n_ifaces; i++)
		guest = guest || s->host->iface[i].dhcp;
	const char *forward = s->host->forward ? "1" : "0", *forward6 = s->host->forward && !guest ? "1" : "0",
	           *listen_ra = *forward6 == '1' ? "0" : "1";
	const struct {
		const char *path, *value;
	} list[] = {
	    {"/proc/sys/net/ipv4/ip_forward", forward},
	    {"/proc/sys/net/ipv4/conf/all/rp_filter", "0"},
	    {"/proc/sys/net/ipv4/conf/default/rp_filter", "0"},
	    {"/proc/sys/net/ipv4/ping_group_range", gids},
	    {"/proc/sys/net/ipv4/icmp_ratelimit", "0"}, /* every refusal is told, not one a second */
	    {"/proc/sys/net/ipv6/icmp/ratelimit", "0"},
	    {"/proc/sys/net/ipv6/conf/all/forwarding", forward6},
	    {"/proc/sys/net/ipv6/conf/default/forwarding", forward6},
	    /* Nobody else can have our addresses: no second of waiting for objections (RFC 4862 5.4). */
	    {"/proc/sys/net/ipv6/conf/all/accept_dad", "0"},
	    {"/proc/sys/net/ipv6/conf/default/accept_dad", "0"},
	    {"/proc/sys/net/ipv6/conf/default/accept_ra", listen_ra},
	    {"/proc/sys/net/ipv6/conf/default/router_solicitation_delay", "0"},
	    {"/proc/sys/net/ipv6/conf/default/use_tempaddr", "0"},
	};
	for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
		enum err e = isolate_write(list[i].path, list[i].value, s->w);
		if (e != ERR_OK)
			return e;
	}
	return ERR_OK;
}

static enum err make_namespaces(const struct setup *s)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS) < 0)
		return why_errno(s->w, ERR_UNSUPPORTED, "%s: its namespaces cannot be made", s->host->name);
	if (sethostname(s->host->name, strlen(s->host->name)) < 0)
		return why_errno(s->w, ERR_UNSUPPORTED, "%s: the host name cannot be set", s->host->name);
	return settings(s);
}

/* --- files -----------------------------------------------------------------------------------------------
 */

static enum err make_dir(const struct setup *s, const char *path, mode_t mode)
{
	if (mkdir(path, mode) < 0 && errno != EEXIST)
		return why_errno(s->w, ERR_IO, "%s: %s cannot be made", s->host->name, path);
	return ERR_OK;
}

static enum err put_file(const struct setup *s, const char *path, mode_t mode, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	size_t len = strlen(text);
	bool ok = fd >= 0 && write(fd, text, len) == (ssize_t)len;
	enum err e = ok ? ERR_OK : why_errno(s->w, ERR_IO, "%s: %s cannot be written", s->host->name, path);
	if (fd >= 0)
		close(fd);
	return e;
}

/* Fills in one template. All files are the owner's alone: some hold passwords. */
static enum err fill(const struct setup *s, const char *from, const char *to)
{
	static const mode_t owner = 0700;
	struct stat st;
	FILE *in = fopen(from, "re");
	char *text =
	    in && fstat(fileno(in), &st) == 0 && st.st_size < FILE_LIMIT ? malloc((size_t)st.st_size + 1) : NULL;
	if (!text) {
		enum err e = why_errno(s->w, ERR_IO, "%s cannot be read", from);
		if (in)
			fclose(in);
		return e;
	}
	text[fread(text, 1, (size_t)st.st_size, in)] = '\0';
	fclose(in);
	unlink(to); /* the host's own file goes before the common one */
	int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, st.st_mode & owner);
	FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
	enum err e =
	    out ? template_fill(out, text, from, &s->ctx, s->w) : why_errno(s->w, ERR_IO, "%s cannot be made", to);
	if (out && fclose(out) != 0 && e == ERR_OK)
		e = why_errno(s->w, ERR_IO, "%s cannot be written", to);
	free(text);
	return e;
}

/* Fills in every file of a folder; folders in it become folders of /run/glassnet. No folder: nothing to do.
 */
static enum err fill_all(const struct setup *s, const char *from, const char *to)
{
	DIR *d = opendir(from);
	if (!d)
		return errno == ENOENT ? ERR_OK : why_errno(s->w, ERR_IO, "%s cannot be read", from);
	enum err e = make_dir(s, to, 0700);
	for (struct dirent *f; e == ERR_OK && (f = readdir(d));) {
		char src[PATH_MAX], dst[PATH_MAX];
		struct stat st;
		if (f->d_name[0] == '.')
			continue;
		if (snprintf(src, sizeof src, "%s/%s", from, f->d_name) >= (int)sizeof src || stat(src, &st) < 0)
			e = why_errno(s->w, ERR_IO, "%s/%s cannot be read", from, f->d_name);
		else if (S_ISDIR(st.st_mode) &&
		         snprintf(dst, sizeof dst, HOST_RUN "/%s", f->d_name) < (int)sizeof dst)
			e = fill_all(s, src, dst);
		else if (S_ISREG(st.st_mode) && snprintf(dst, sizeof dst, "%s/%s", to, f->d_name) < (int)sizeof dst)
			e = fill(s, src, dst);
	}
	closedir(d);
	return e;
}

/* Each server gets a path of the lab's own. AppArmor goes by paths, and its profiles for the distribution's
 * servers (unbound has one) would not let them read the lab's files. */
static enum err bind_program(const struct setup *s, const char *name)
{
	char from[PATH_MAX], to[PATH_MAX];
	if (!run_find_own(name, s->h->bin_dir, from, sizeof from))
		return why(s->w, ERR_UNSUPPORTED, "%s is not installed: `make deps` installs it", name);
	if (strchr(name, '/'))
		return ERR_OK;
	snprintf(to, sizeof to, HOST_RUN "/bin/%s", name);
	if (access(to, X_OK) == 0) /* for another service of this host already */
		return ERR_OK;
	enum err e = put_file(s, to, 0700, "");
	if (e == ERR_OK && mount(from, to, NULL, MS_BIND, NULL) < 0)
		e = why_errno(s->w, ERR_UNSUPPORTED, "%s: %s cannot be bound to %s", s->host->name, from, to);
	return e;
}

static enum err service_files(const struct setup *s)
{
	char dir[PATH_MAX];
	enum err e = make_dir(s, HOST_RUN "/conf", 0700);
	if (e == ERR_OK)
		e = make_dir(s, HOST_RUN "/bin", 0755);
	for (size_t i = 0; e == ERR_OK && i < s->host->n_services; i++) {
		const char *program = s->h->t.program[s->host->service[i]].name;
		if ((e = bind_program(s, s->h->t.program[s->host->service[i]].args[0])) != ERR_OK)
			break;
		snprintf(dir, sizeof dir, "%s/hosts/common/%s", s->h->data_dir, program);
		if ((e = fill_all(s, dir, HOST_RUN "/conf")) != ERR_OK)
			break;
		snprintf(dir, sizeof dir, HOST_RUN "/%s", program); /* where the program may keep its state */
		e = make_dir(s, dir, 0700);
	}
	snprintf(dir, sizeof dir, "%s/hosts/%s", s->h->data_dir, s->host->name);
	return e == ERR_OK ? fill_all(s, dir, HOST_RUN "/conf") : e;
}

/* Signs the host's zones, those that have keys. */
static enum err sign_zones(const struct setup *s)
{
	enum err e = ERR_OK;
	for (size_t i = 0; e == ERR_OK && i < s->host->n_zones; i++) {
		const char *zone = s->host->zone[i];
		char path[PATH_MAX];
		snprintf(path, sizeof path, HOST_RUN "/conf/%s.zone", strcmp(zone, ".") == 0 ? "root" : zone);
		e = signer_sign(path, &s->h->seed, zone, (int64_t)time(NULL), s->w);
	}
	return e;
}

/* What a validating resolver must know beforehand: the root zone's key, as a DS record. */
static enum err trust_anchor(const struct setup *s)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	bool ok = f && fputs(".\tIN\tDS\t", f) >= 0 && signer_put_ds(f, &s->h->seed, ".") && fputs("\n", f) >= 0;
	if (f && fclose(f) != 0)
		ok = false;
	enum err e = ok ? put_file(s, HOST_RUN "/root.ds", 0644, text)
	                : why(s->w, ERR_INTERNAL, "%s: the DNSSEC trust anchor cannot be made", s->host->name);
	free(text);
	return e;
}

/* The files of /etc in which a host differs from this machine. They lie over the machine's own /etc
 * (overlayfs), so a file that is replaced on the machine while the lab runs does not show through. */
static enum err etc_files(const struct setup *s)
{
	char hosts[LAB_HOST_MAX * 2 + 128], resolv[2 * (IP_TEXT + 16)] = "", addr[IP_TEXT];
	snprintf(hosts, sizeof hosts, "127.0.0.1\tlocalhost\n::1\tlocalhost\n127.0.1.1\t%s\n", s->host->name);
	for (size_t i = 0; i < 2; i++)
		if (s->h->t.resolver[i].family)
			snprintf(resolv + strlen(resolv), sizeof resolv - strlen(resolv), "nameserver %s\n",
			    ip_text(addr, &s->h->t.resolver[i]));
	bool dhcp = false;
	for (size_t i = 0; i < s->host->n_ifaces; i++)
		dhcp = dhcp || s->host->iface[i].dhcp;
	char prompt[LAB_HOST_MAX + 64];
	snprintf(prompt, sizeof prompt, "PS1='%s:\\w\\$ '\n", s->host->name);
	const struct {
		const char *path, *text;
	} files[] = {{HOST_RUN "/etc/hosts", hosts}, {HOST_RUN "/etc/hostname", s->host->name},
	    {HOST_RUN "/etc/nsswitch.conf",
	        "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nnetworks: files\n"
	        "protocols: files\nservices: files\nethers: files\n"},
	    {HOST_RUN "/resolv.conf", dhcp ? "" : resolv}, {HOST_RUN "/shellrc", prompt}};
	static const char *const dirs[] = {"/etc", "/etc/ssl", "/etc/ssl/certs", "/certs", "/pki", "/log"};
	enum err e = ERR_OK;
	for (size_t i = 0; e == ERR_OK && i < sizeof dirs / sizeof *dirs; i++) {
		char path[64];
		snprintf(path, sizeof path, HOST_RUN "%s", dirs[i]);
		e = make_dir(s, path, 0755);
	}
	for (size_t i = 0; e == ERR_OK && i < sizeof files / sizeof *files; i++)
		e = put_file(s, files[i].path, 0644, files[i].text);
	if (e == ERR_OK && symlink(HOST_RUN "/resolv.conf", HOST_RUN "/etc/resolv.conf") < 0)
		e = why_errno(s->w, ERR_IO, "%s: /etc/resolv.conf cannot be made", s->host->name);
	return e;
}

static enum err pki_files(const struct setup *s)
{
	int pki = open(HOST_RUN "/pki", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int certs = open(HOST_RUN "/certs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum err e =
	    pki < 0 || certs < 0 ? why_errno(s->w, ERR_IO, "%s: pki cannot be opened", s->host->name) : ERR_OK;
	if (e == ERR_OK)
		e = lab_pki_write(&s->h->pki, &s->h->t, s->number, pki, s->w);
	if (e == ERR_OK)
		e = lab_pki_write_trust(&s->h->pki, certs, s->w);
	if (pki >= 0)
		close(pki);
	if (certs >= 0)
		close(certs);
	return e;
}

static enum err mounts(const struct setup *s)
{
	if (mount("overlay", "/etc", "overlay", MS_NOSUID | MS_NODEV, "lowerdir=" HOST_RUN "/etc:/etc") < 0)
		return why_errno(s->w, ERR_UNSUPPORTED,
		    "%s: its own /etc cannot be laid over the machine's (overlayfs; Linux 5.11 or later)",
		    s->host->name);
	/* Bound over it, not merged: the machine's own authorities must not be trusted in the lab. */
	if (mount(HOST_RUN "/certs", "/etc/ssl/certs", NULL, MS_BIND, NULL) < 0)
		return why_errno(s->w, ERR_UNSUPPORTED, "%s: its trust store cannot be mounted", s->host->name);
	return ERR_OK;
}

static enum err files(const struct setup *s)
{
	umask(0022);
	enum err e = isolate_tmpfs("/run", s->w);
	if (e == ERR_OK)
		e = make_dir(s, HOST_RUN, 0755);
	if (e == ERR_OK)
		e = etc_files(s);
	if (e == ERR_OK)
		e = pki_files(s);
	if (e == ERR_OK)
		e = service_files(s);
	if (e == ERR_OK)
		e = sign_zones(s);
	if (e == ERR_OK)
		e = trust_anchor(s);
	return e == ERR_OK ? mounts(s) : e;
}

/* --- addresses, routes, programs that run once -------------------------------------------------------------
 */

static enum err no_ipv6_yet(const struct setup *s, const char *ifname)
{
	char path[128];
	snprintf(path, sizeof path, "/proc/sys/net/ipv6/conf/%s/disable_ipv6", ifname);
	return isolate_write(path, "1", s->w);
}

static enum err addresses(const struct setup *s, struct netlink *nl)
{
	unsigned lo = netlink_index(nl, "lo");
	enum err e = lo ? netlink_up(nl, lo, true, s->w) : why(s->w, ERR_UNSUPPORTED, "there is no lo");
	for (size_t i = 0; e == ERR_OK && i < s->host->n_ifaces; i++) {
		const struct topo_iface *f = &s->host->iface[i];
		unsigned index = netlink_index(nl, f->name);
		if (!index)
			return why(s->w, ERR_INTERNAL, "%s: %s is not there", s->host->name, f->name);
		e = netlink_no_offload(f->name, s->w);
		for (size_t a = 0; e == ERR_OK && a < f->n_addrs; a++)
			e = netlink_add_addr(nl, index, &f->addr[a], s->w);
		if (e == ERR_OK && f->dhcp) /* is plugged in when its DHCP client starts */
			e = no_ipv6_yet(s, f->name);
		else if (e == ERR_OK)
			e = netlink_up(nl, index, true, s->w);
	}
	/* A static IPv6 address has no route before its link is up. */
	for (size_t i = 0; e == ERR_OK && i < s->host->n_routes; i++)
		e = netlink_add_route(nl, &s->host->route[i], s->w);
	return e;
}

static enum err failed_once(const struct setup *s, const char *program, const char *log)
{
	char line[256] = "", safe[512];
	FILE *f = fopen(log, "re");
	if (f && !fgets(line, sizeof line, f))
		line[0] = '\0';
	if (f)
		fclose(f);
	escape_text(safe, sizeof safe, line, strcspn(line, "\n"));
	return why(s->w, ERR_UNSUPPORTED, "%s: %s failed%s%s", s->host->name, program, *safe ? ": " : "", safe);
}

static enum err run_once(const struct setup *s, const struct topo_program *p)
{
	struct command c;
	char log[PATH_MAX];
	enum err e = service_command(s->h, s->number, p, &c, s->w);
	if (e != ERR_OK)
		return e;
	snprintf(log, sizeof log, HOST_RUN "/log/%s.log", p->name);
	int out = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	pid_t pid = out < 0 ? -1 : fork();
	if (pid == 0) {
		dup2(out, STDOUT_FILENO);
		dup2(out, STDERR_FILENO);
		_exit(run_program(c.argv, s->h->bin_dir, s->h->name, s->host->name));
	}
	if (out >= 0)
		close(out);
	int status = -1;
	if (pid > 0)
		waitpid(pid, &status, 0);
	return pid > 0 && status == 0 ? ERR_OK : failed_once(s, p->name, log);
}

static enum err network(const struct setup *s)
{
	struct netlink nl;
	enum err e = netlink_open(&nl, s->w);
	if (e != ERR_OK)
		return e;
	e = addresses(s, &nl);
	netlink_close(&nl);
	for (size_t i = 0; e == ERR_OK && i < s->host->n_services; i++) {
		const struct topo_program *p = &s->h->t.program[s->host->service[i]];
		if (p->ready == READY_EXITED)
			e = run_once(s, p);
	}
	return e;
}

/* --- the conversation --- */

static bool say(int talk, enum setup_word word, enum err e, const struct why *w)
{
	struct setup_message m = {.word = (uint8_t)word, .err = (uint8_t)e, .why = *w};
	return send(talk, &m, sizeof m, MSG_NOSIGNAL) == (ssize_t)sizeof m;
}

/* Waits for a word of the holder's; false when it has gone. */
static bool hear(int talk)
{
	struct setup_message m;
	return recv(talk, &m, sizeof m, 0) == (ssize_t)sizeof m;
}

int host_setup(const struct holder *h, size_t host, int talk)
{
	struct why w = {""};
	struct setup s = {h, &h->t.host[host], host, {&h->t, &h->t.host[host], &h->seed}, &w};
	enum err e = make_namespaces(&s);
	if (e == ERR_OK && !say(talk, SETUP_READY, e, &w))
		return EXIT_INTERNAL;
	if (e == ERR_OK)
		e = files(&s);
	if (e == ERR_OK && !hear(talk))
		return EXIT_INTERNAL;
	if (e == ERR_OK)
		e = network(&s);
	say(talk, e == ERR_OK ? SETUP_DONE : SETUP_FAILED, e, &w);
	(void)hear(talk); /* stays until the holder has its descriptors */
	return e == ERR_OK ? EXIT_YES : EXIT_INTERNAL;
}
