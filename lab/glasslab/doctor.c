#include "doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/ethernet.h>
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "glassnet/lab.h"
#include "isolate.h"
#include "netlink.h"
#include "remedy.h"
#include "run.h"
#include "verbs.h"

struct doctor {
	const struct topology *t;
	void (*on_finding)(void *ctx, const struct finding *f);
	void *ctx;
	bool all_good;
};

static void tell(struct doctor *d, const struct finding *f)
{
	d->all_good = d->all_good && f->good;
	d->on_finding(d->ctx, f);
}

/* --- inside new namespaces --- */

static enum err try_mounts(struct why *w)
{
	return isolate_mounts(w);
}

static enum err try_overlay(struct why *w)
{
	enum err e = isolate_etc(w);
	if (e != ERR_OK)
		return e;
	if (mkdir("/run/etc", 0755) < 0 ||
	    mount("overlay", "/etc", "overlay", MS_NOSUID | MS_NODEV, "lowerdir=/run/etc:/etc") < 0)
		return why_errno(w, ERR_UNSUPPORTED, "an overlay cannot be mounted on /etc");
	return ERR_OK;
}

/* Ubuntu 24.04 lets the namespace be made and takes the capabilities away: this is where it shows. */
static enum err try_loopback(struct why *w)
{
	struct netlink nl;
	enum err e = netlink_open(&nl, w);
	if (e != ERR_OK)
		return e;
	e = netlink_up(&nl, netlink_index(&nl, "lo"), true, w);
	netlink_close(&nl);
	return e == ERR_OK ? e : why_errno(w, e, "lo cannot be brought up in a new network namespace");
}

static enum err try_ipv6(struct why *w)
{
	return access("/proc/sys/net/ipv6", F_OK) == 0 ? ERR_OK : why(w, ERR_UNSUPPORTED, "this kernel has no IPv6");
}

static enum err try_cable(struct why *w)
{
	struct netlink nl;
	int self = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	struct cable_end a = {self, "left", NULL}, b = {self, "right", NULL};
	enum err e = netlink_open(&nl, w);
	if (e == ERR_OK) {
		e = netlink_cable(&nl, &a, &b, w);
		netlink_close(&nl);
	}
	close(self);
	return e;
}

static enum err try_switch(struct why *w)
{
	struct netlink nl;
	enum err e = netlink_open(&nl, w);
	if (e == ERR_OK) {
		e = netlink_bridge(&nl, "switch", w);
		netlink_close(&nl);
	}
	return e;
}

static enum err try_nat(struct why *w)
{
	static const char rules[] = "table ip probe {\n\tchain c {\n\t\ttype nat hook postrouting priority srcnat\n"
	                            "\t\tmasquerade\n\t}\n}\n";
	int fd = open("/run/probe.nft", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, rules, sizeof rules - 1) != (ssize_t)sizeof rules - 1)
		return why_errno(w, ERR_IO, "/run/probe.nft cannot be written");
	close(fd);
	char nft[PATH_MAX]; /* not by the user's PATH, which need not have sbin */
	if (!run_find("nft", nft, sizeof nft))
		return why(w, ERR_UNSUPPORTED, "nft is not installed");
	pid_t pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
		dup2(null, STDERR_FILENO);
		execl(nft, nft, "-f", "/run/probe.nft", (char *)NULL);
		_exit(126);
	}
	int status = -1;
	if (pid > 0)
		waitpid(pid, &status, 0);
	if (status == 0)
		return ERR_OK;
	return why(w, ERR_UNSUPPORTED, "a masquerade rule cannot be loaded");
}

static enum err try_packets(struct why *w)
{
	int s = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
	if (s < 0)
		return why_errno(w, ERR_UNSUPPORTED, "a packet socket cannot be opened");
	close(s);
	return ERR_OK;
}

static enum err try_capabilities(struct why *w)
{
	return lab_keep_capabilities() == ERR_OK
	           ? ERR_OK
	           : why_errno(w, ERR_UNSUPPORTED, "capabilities cannot be made ambient");
}

static const struct inside_probe {
	const char *what;
	enum err (*try)(struct why *w);
	enum remedy remedy;
	bool vital; /* what follows makes no sense without it */
} inside[] = {
    {"mount /proc and a tmpfs of its own", try_mounts, REMEDY_MOUNT, true},
    {"bring up lo in a network namespace", try_loopback, REMEDY_NAMESPACE, true},
    {"lay an /etc of its own over the machine's", try_overlay, REMEDY_OVERLAY, false},
    {"use IPv6", try_ipv6, REMEDY_IPV6, false},
    {"lay a cable (veth)", try_cable, REMEDY_VETH, false},
    {"plug it into a switch (bridge)", try_switch, REMEDY_BRIDGE, false},
    {"let programs keep capabilities", try_capabilities, REMEDY_NAMESPACE, false},
    {"translate addresses (nftables masquerade)", try_nat, REMEDY_NAT, false},
    {"see packets (packet socket)", try_packets, REMEDY_NAMESPACE, false},
};
#define N_INSIDE (sizeof inside / sizeof *inside)

/* The child: process 1 of new namespaces, where everything may be tried. */
static int examine_inside(int out)
{
	bool go_on = true;
	for (size_t i = 0; i < N_INSIDE; i++) {
		struct finding f = {.skipped = !go_on};
		struct why w = {""};
		snprintf(f.what, sizeof f.what, "%s", inside[i].what);
		if (go_on) {
			f.good = inside[i].try(&w) == ERR_OK;
			snprintf(f.text, sizeof f.text, "%.500s", w.text);
			go_on = f.good || !inside[i].vital;
		}
		if (write(out, &f, sizeof f) != (ssize_t)sizeof f)
			return EXIT_INTERNAL;
	}
	return EXIT_YES;
}

static void examine_namespaces(struct doctor *d)
{
	int fds[2];
	enum err e = ERR_OK;
	struct why w = {""};
	struct finding f = {.what = "make a user namespace and map ids"};
	if (pipe2(fds, O_CLOEXEC) < 0)
		return;
	pid_t pid = isolate_fork(&e, &w);
	if (pid == 0)
		_exit(examine_inside(fds[1]));
	close(fds[1]);
	f.good = e == ERR_OK;
	if (!f.good) {
		snprintf(f.text, sizeof f.text, "%.500s", w.text);
		remedy_text(REMEDY_NAMESPACE, f.remedy, sizeof f.remedy);
	}
	tell(d, &f);
	for (size_t i = 0; i < N_INSIDE; i++) {
		if (pid < 0 || read(fds[0], &f, sizeof f) != (ssize_t)sizeof f) {
			f = (struct finding){.skipped = true};
			snprintf(f.what, sizeof f.what, "%s", inside[i].what);
		}
		if (!f.good && !f.skipped)
			remedy_text(inside[i].remedy, f.remedy, sizeof f.remedy);
		tell(d, &f);
	}
	close(fds[0]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

/* --- programs --- */

/* Beside the topology's: ip for the DHCP client's script, curl and dig for learners. */
static const struct {
	const char *program, *package;
} packages[] = {{"knotd", "knot"}, {"unbound", "unbound"}, {"nginx", "nginx-light"}, {"dnsmasq", "dnsmasq-base"},
    {"busybox", "busybox"}, {"nft", "nftables"}, {"ip", "iproute2"}, {"curl", "curl"}};
#define N_PACKAGES (sizeof packages / sizeof *packages)

static bool installed(const char *program)
{
	char path[PATH_MAX], bin[PATH_MAX];
	struct why w;
	if (places_bin(bin, &w) == ERR_OK && run_find_own(program, bin, path, sizeof path))
		return true;
	return run_find(program, path, sizeof path);
}

static void note_missing(struct finding *f, char *apt, size_t cap, const char *program)
{
	const char *package = program;
	for (size_t i = 0; i < N_PACKAGES; i++)
		if (strcmp(packages[i].program, program) == 0)
			package = packages[i].package;
	if (strstr(f->text, program))
		return;
	snprintf(f->text + strlen(f->text), sizeof f->text - strlen(f->text), "%s%s",
	    *f->text ? ", " : "missing: ", program);
	snprintf(apt + strlen(apt), cap - strlen(apt), " %s", package);
	f->good = false;
}

static void examine_programs(struct doctor *d)
{
	struct finding f = {.what = "find every program that the lab runs", .good = true};
	char apt[512] = "";
	for (size_t i = 0; i < N_PACKAGES; i++)
		if (!installed(packages[i].program))
			note_missing(&f, apt, sizeof apt, packages[i].program);
	for (size_t i = 0; d->t && i < d->t->n_programs; i++)
		if (!installed(d->t->program[i].args[0]))
			note_missing(&f, apt, sizeof apt, d->t->program[i].args[0]);
	if (!f.good)
		snprintf(f.remedy, sizeof f.remedy,
		    "In Glassnet's folder: make deps\nor: sudo apt-get install --no-install-recommends%s", apt);
	tell(d, &f);
}

bool doctor_examine(const struct topology *t, void (*on_finding)(void *ctx, const struct finding *f), void *ctx)
{
	struct doctor d = {t, on_finding, ctx, true};
	examine_namespaces(&d);
	examine_programs(&d);
	return d.all_good;
}

static void keep_first(void *ctx, const struct finding *f)
{
	struct finding *first = ctx;
	if (!f->good && !f->skipped && !*first->what)
		*first = *f;
}

bool doctor_first_failure(const struct topology *t, struct finding *out)
{
	*out = (struct finding){0};
	return !doctor_examine(t, keep_first, out) && *out->what;
}
