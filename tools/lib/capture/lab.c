/* Capture on every host of a lab from one process: enter a host's network namespace, open its interfaces, go
 * on to the next. A packet socket belongs to the namespace that it was opened in, wherever its process goes.
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "private.h"

#define BUFFER (1 << 20) /* octets an interface: some hundred full packets, far more than wait at a time */

static bool chosen(size_t host, const size_t *hosts, size_t n_hosts)
{
	for (size_t i = 0; i < n_hosts; i++)
		if (hosts[i] == host)
			return true;
	return n_hosts == 0;
}

static enum err scan(struct capture *c, struct lab *lab, const size_t *hosts, size_t n_hosts, char msg[static 256])
{
	for (size_t i = 0; i < lab_n_hosts(lab); i++) {
		enum err e = lab_enter_host(lab, i, LAB_NET);
		if (e) {
			snprintf(
			    msg, 256, "host %s of the lab cannot be entered: %s", lab_host_name(lab, i), err_text(e));
			return e;
		}
		/* The other hosts' names are wanted all the same: their addresses are in the packets. */
		enum live_scan what = chosen(i, hosts, n_hosts) ? LIVE_OPEN : LIVE_NAMES_ONLY;
		if ((e = live_scan_here(c, lab_host_name(lab, i), NULL, what, msg)))
			return e;
	}
	return live_open(c, msg);
}

enum err capture_open_lab(struct capture **out, struct lab *lab, const size_t *hosts, size_t n_hosts,
    const char *filter, char msg[static 256])
{
	enum err e = live_new(out, filter, BUFFER, msg);
	if (e)
		return e;
	/* A process of another user cannot be had so; then the capture does not know when the lab ends. */
	live_ends_with(*out, (int)syscall(SYS_pidfd_open, lab_holder(lab), 0));
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	e = lab_join_user(lab); /* not lab_join(): threads are wanted */
	if (e)
		snprintf(msg, 256, "the lab cannot be entered: %s", err_text(e));
	else
		e = scan(*out, lab, hosts, n_hosts, msg);
	/* An ordinary user who came from outside has given up the right to go back; a capture needs no
	 * network. */
	if (home >= 0) {
		(void)setns(home, CLONE_NEWNET);
		close(home);
	}
	if (e) {
		capture_close(*out);
		*out = NULL;
	}
	return e;
}
