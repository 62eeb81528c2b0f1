#include "remedy.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- what kind of machine is this? --- */

/* The number in a file of /proc/sys; -1 when there is no such file. */
static long setting(const char *path)
{
	long v = -1;
	FILE *f = fopen(path, "re");
	if (f && fscanf(f, "%ld", &v) != 1)
		v = -1;
	if (f)
		fclose(f);
	return v;
}

static bool file_says(const char *path, const char *text)
{
	char line[256];
	bool found = false;
	FILE *f = fopen(path, "re");
	while (f && !found && fgets(line, sizeof line, f))
		found = strstr(line, text) != NULL;
	if (f)
		fclose(f);
	return found;
}

static bool in_container(void)
{
	return access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0 ||
	       file_says("/proc/self/status", "Seccomp:\t2");
}

static bool in_wsl(void)
{
	return file_says("/proc/version", "icrosoft");
}

/* --- words --- */

/* Ubuntu 23.10 and later: AppArmor takes the capabilities away from namespaces of programs without a profile.
 */
static void apparmor(char *out, size_t cap)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	self[n > 0 ? n : 0] = '\0';
	snprintf(out, cap,
	    "AppArmor takes the capabilities of new user namespaces away. Allow them for this program:\n"
	    "printf 'abi <abi/4.0>,\\ninclude <tunables/global>\\nprofile glasslab \"%s\" flags=(unconfined) "
	    "{ userns, }\\n' | sudo tee /etc/apparmor.d/glasslab\n"
	    "sudo apparmor_parser -r /etc/apparmor.d/glasslab",
	    self);
}

static void namespaces(char *out, size_t cap)
{
	if (setting("/proc/sys/user/max_user_namespaces") == 0)
		snprintf(out, cap, "sudo sysctl -w user.max_user_namespaces=15000");
	else if (setting("/proc/sys/kernel/unprivileged_userns_clone") == 0)
		snprintf(out, cap, "sudo sysctl -w kernel.unprivileged_userns_clone=1");
	else if (setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1 && geteuid() != 0)
		apparmor(out, cap);
	else if (in_container())
		snprintf(out, cap,
		    "This is a container that does not permit namespaces. Start it with:\n"
		    "docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined "
		    "--security-opt systempaths=unconfined ...");
	else
		snprintf(out, cap,
		    "Nothing known forbids it: is this program in a chroot, or confined by SELinux or "
		    "AppArmor?");
}

static void modules(char *out, size_t cap, const char *names, const char *config)
{
	if (in_wsl())
		snprintf(out, cap, "This WSL kernel is too old for it. In a Windows terminal: wsl --update");
	else
		snprintf(out, cap, "sudo modprobe -a %s\nor a kernel with %s", names, config);
}

void remedy_text(enum remedy r, char *out, size_t cap)
{
	switch (r) {
	case REMEDY_NAMESPACE:
		namespaces(out, cap);
		return;
	case REMEDY_MOUNT:
		if (in_container() || setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") != 1)
			snprintf(out, cap,
			    "Parts of /proc are hidden here, as containers do it; then no other /proc may be "
			    "mounted. "
			    "Start the container with:\n"
			    "docker run --security-opt systempaths=unconfined --security-opt "
			    "seccomp=unconfined ...");
		else
			apparmor(out, cap);
		return;
	case REMEDY_OVERLAY:
		modules(out, cap, "overlay", "CONFIG_OVERLAY_FS, Linux 5.11 or later");
		return;
	case REMEDY_IPV6:
		snprintf(out, cap, "Start the kernel without ipv6.disable=1 on its command line");
		return;
	case REMEDY_VETH:
		modules(out, cap, "veth", "CONFIG_VETH");
		return;
	case REMEDY_BRIDGE:
		modules(out, cap, "bridge", "CONFIG_BRIDGE");
		return;
	case REMEDY_NAT:
		modules(out, cap, "nf_tables nft_masq nft_chain_nat nf_conntrack",
		    "CONFIG_NF_TABLES, CONFIG_NFT_MASQ, CONFIG_NFT_NAT");
		return;
	}
}
