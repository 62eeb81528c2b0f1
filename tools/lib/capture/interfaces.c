/* Opening interfaces: those of the network namespace that the process is in. */
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "live.h"

#define SNAPLEN 65535

static enum err say(char msg[static 256], enum err e, const char *text)
{
	snprintf(msg, 256, "%s", text);
	return e;
}

static enum err refused(char msg[static 256], const char *ifname)
{
	char self[101] = "";
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	self[n > 0 ? n : 0] = '\0';
	snprintf(msg, 256,
	    "%.15s: listening needs a permission. Once: sudo setcap cap_net_raw=ep %s - or, without any, "
	    "in the "
	    "lab: glasslab exec laptop -- pktview live",
	    ifname, self);
	return ERR_PERM;
}

static enum err no_such(char msg[static 256], const char *ifname)
{
	int n = snprintf(msg, 256, "%.60s: there is no such interface; there is", ifname);
	struct if_nameindex *all = if_nameindex();
	for (struct if_nameindex *i = all; i && i->if_index && n < 220; i++)
		n += snprintf(msg + n, 256 - (size_t)n, "%s %s", i == all ? "" : ",", i->if_name);
	if_freenameindex(all);
	return ERR_USAGE;
}

static enum err why_not(char msg[static 256], const char *ifname, int status, pcap_t *p)
{
	/* Without the permission libpcap says "no permission" of an interface that does not exist, too. */
	if (strcmp(ifname, "any") != 0 && if_nametoindex(ifname) == 0)
		return no_such(msg, ifname);
	if (status == PCAP_ERROR_PERM_DENIED || status == PCAP_ERROR_PROMISC_PERM_DENIED)
		return refused(msg, ifname);
	if (status == PCAP_ERROR_IFACE_NOT_UP) {
		snprintf(msg, 256, "%.31s is down: sudo ip link set %.31s up", ifname, ifname);
		return ERR_NET;
	}
	snprintf(msg, 256, "%.31s: %s: %.120s", ifname, pcap_statustostr(status), pcap_geterr(p));
	return ERR_NET;
}

static enum err set_filter(pcap_t *p, const char *text, char msg[static 256])
{
	struct bpf_program prog;
	if (!text)
		return ERR_OK;
	bool bad = pcap_compile(p, &prog, text, 1, PCAP_NETMASK_UNKNOWN) != 0;
	if (!bad) {
		bad = pcap_setfilter(p, &prog) != 0;
		pcap_freecode(&prog);
	}
	if (bad)
		snprintf(msg, 256, "filter '%.60s': %.120s (its language: man pcap-filter)", text, pcap_geterr(p));
	return bad ? ERR_USAGE : ERR_OK;
}

static enum err open_pcap(pcap_t **out, const char *ifname, const char *filter, int buffer, char msg[static 256])
{
	char why[PCAP_ERRBUF_SIZE] = "";
	pcap_t *p = pcap_create(ifname, why);
	*out = NULL;
	if (!p)
		return say(msg, ERR_NET, why);
	/* Not promiscuous: what is for others is none of our business. Immediate: a packet is there at once.
	 */
	pcap_set_snaplen(p, SNAPLEN);
	pcap_set_immediate_mode(p, 1);
	pcap_set_buffer_size(p, buffer);
	pcap_set_tstamp_precision(p, PCAP_TSTAMP_PRECISION_NANO);
	int status = pcap_activate(p);
	enum err e = status < 0 ? why_not(msg, ifname, status, p) : set_filter(p, filter, msg);
	if (!e && pcap_setnonblock(p, 1, why))
		e = say(msg, ERR_NET, why);
	if (e) {
		pcap_close(p);
		return e;
	}
	*out = p;
	return ERR_OK;
}

/* --- opening, in parallel */

static void open_job(void *ctx, size_t i)
{
	struct capture *c = ctx;
	struct live *s = c->source;
	struct live_job *j = &s->jobs[i];
	int netns = s->hosts[j->host].netns;
	if (netns >= 0 && setns(netns, CLONE_NEWNET))
		j->err = say(j->msg, ERR_PERM, "the network namespace of a host cannot be entered");
	else
		j->err = open_pcap(&j->pcap, j->ifname, c->filter.text, s->buffer, j->msg);
}

/* Makes the opened interface of a job one of the capture's, which then has its handle. */
static enum err add_interface(struct capture *c, struct live_job *j)
{
	struct live *s = c->source;
	struct live_if *ifs = realloc(s->ifs, (s->n_ifs + 1) * sizeof *ifs);
	s->ifs = ifs ? ifs : s->ifs;
	struct pollfd *fds = realloc(s->fds, (FD_IFS + s->n_ifs + 1) * sizeof *fds);
	s->fds = fds ? fds : s->fds;
	enum err e = ifs && fds ? ERR_OK : ERR_NOMEM;
	if (!e)
		e = capture_add_vantage(c, s->hosts[j->host].name, j->ifname, pcap_datalink(j->pcap));
	if (e)
		return say(j->msg, e, err_text(e));
	s->ifs[s->n_ifs] = (struct live_if){.pcap = j->pcap,
	    .vantage = c->n_vantages - 1,
	    .host = j->host,
	    .ether = pcap_datalink(j->pcap) == DLT_EN10MB};
	s->fds[FD_IFS + s->n_ifs++] = (struct pollfd){.fd = pcap_get_selectable_fd(j->pcap), .events = POLLIN};
	s->n_open++;
	j->pcap = NULL;
	return ERR_OK;
}

enum err live_open(struct capture *c, char msg[static 256])
{
	struct live *s = c->source;
	enum err e = ERR_OK;
	in_parallel(s->n_jobs, open_job, c);
	for (size_t i = 0; i < s->n_jobs; i++) {
		struct live_job *j = &s->jobs[i];
		if (!e && (e = j->err ? j->err : add_interface(c, j)))
			memcpy(msg, j->msg, sizeof j->msg);
		if (j->pcap)
			pcap_close(j->pcap);
	}
	s->n_jobs = 0;
	for (size_t i = 0; i < s->n_hosts; i++) {
		if (s->hosts[i].netns >= 0)
			close(s->hosts[i].netns);
		s->hosts[i].netns = -1;
	}
	return e;
}

/* --- finding them */

static enum err add_job(struct live *s, const char *ifname)
{
	struct live_job *grown = realloc(s->jobs, (s->n_jobs + 1) * sizeof *grown);
	if (!grown)
		return ERR_NOMEM;
	s->jobs = grown;
	s->jobs[s->n_jobs] = (struct live_job){.host = s->n_hosts - 1};
	snprintf(s->jobs[s->n_jobs++].ifname, sizeof s->jobs->ifname, "%s", ifname);
	return ERR_OK;
}

static void learn(struct capture *c, struct live_host *h, const char *host, const struct ifaddrs *i)
{
	struct endpoint e;
	if (i->ifa_addr->sa_family == AF_PACKET && !(i->ifa_flags & IFF_LOOPBACK)) {
		const struct sockaddr_ll *ll = (const struct sockaddr_ll *)(const void *)i->ifa_addr;
		struct mac *grown = ll->sll_halen == 6 ? realloc(h->macs, (h->n_macs + 1) * sizeof *grown) : NULL;
		if (!grown)
			return;
		h->macs = grown;
		memcpy(h->macs[h->n_macs++].b, ll->sll_addr, 6);
	} else if (host[0] && !(i->ifa_flags & IFF_LOOPBACK) &&
	           !endpoint_from_sockaddr(&e, i->ifa_addr, sizeof(struct sockaddr_in6))) {
		capture_add_name(c, &e.ip, host, strlen(host));
	}
}

enum err live_scan_here(
    struct capture *c, const char *host, const char *only, enum live_scan what, char msg[static 256])
{
	struct live *s = c->source;
	struct live_host *hosts = realloc(s->hosts, (s->n_hosts + 1) * sizeof *hosts);
	struct ifaddrs *all = NULL;
	if (!hosts)
		return say(msg, ERR_NOMEM, err_text(ERR_NOMEM));
	s->hosts = hosts;
	struct live_host *h = &s->hosts[s->n_hosts++];
	*h = (struct live_host){.netns = -1};
	snprintf(h->name, sizeof h->name, "%s", host);
	if (getifaddrs(&all))
		return say(msg, ERR_NET, "the interfaces cannot be listed");
	enum err e = ERR_OK;
	for (const struct ifaddrs *i = all; i; i = i->ifa_next)
		if (i->ifa_addr)
			learn(c, h, host, i);
	for (const struct ifaddrs *i = all; !e && !only && what == LIVE_OPEN && i; i = i->ifa_next) {
		bool link = i->ifa_addr && i->ifa_addr->sa_family == AF_PACKET;
		if (link && (i->ifa_flags & IFF_UP) && !(i->ifa_flags & IFF_LOOPBACK))
			e = add_job(s, i->ifa_name);
	}
	freeifaddrs(all);
	if (only) /* here: that needs no right to enter a namespace */
		return (e = add_job(s, only)) ? say(msg, e, err_text(e)) : ERR_OK;
	h->netns = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (!e && h->netns < 0)
		return say(msg, ERR_IO, "the network namespace has no name: is /proc mounted?");
	return e ? say(msg, e, err_text(e)) : ERR_OK;
}

/* The one that a learner means who names none: the first that is up and leads out of this machine. */
static void pick_interface(char name[static IF_NAMESIZE])
{
	struct ifaddrs *all = NULL;
	snprintf(name, IF_NAMESIZE, "lo");
	if (getifaddrs(&all))
		return;
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		unsigned want = IFF_UP | IFF_RUNNING;
		if (i->ifa_addr && i->ifa_addr->sa_family == AF_PACKET && (i->ifa_flags & want) == want &&
		    !(i->ifa_flags & IFF_LOOPBACK)) {
			snprintf(name, IF_NAMESIZE, "%s", i->ifa_name);
			break;
		}
	}
	freeifaddrs(all);
}

enum err capture_open_live(struct capture **out, const char *ifname, const char *filter, char msg[static 256])
{
	char picked[IF_NAMESIZE], host[LAB_HOST_MAX] = "";
	if (!ifname) {
		pick_interface(picked);
		ifname = picked;
	}
	enum err e = live_new(out, filter, 8 << 20, msg);
	if (e)
		return e;
	if (lab_self(host))
		host[0] = '\0';
	e = live_scan_here(*out, host, ifname, LIVE_OPEN, msg);
	if (!e)
		e = live_open(*out, msg);
	if (e) {
		capture_close(*out);
		*out = NULL;
	}
	return e;
}
