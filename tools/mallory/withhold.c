#include "withhold.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "redirect.h"

#define TABLE "mallory_crl"

static void hang_up(struct withhold *w, int fd, const struct sockaddr_storage *sa, socklen_t len)
{
	struct endpoint from, to;
	char addr[IP_TEXT] = "?", victim[64], ca[IP_TEXT];

	if (redirect_meant_for(fd, &to) != ERR_OK || to.port != WITHHOLD_PORT)
		return; /* it was not redirected */
	if (endpoint_from_sockaddr(&from, (const struct sockaddr *)sa, len) == ERR_OK)
		ip_text(addr, &from.ip);
	snprintf(victim, sizeof victim, "%s", addr);
	if (w->ap)
		accesspoint_name(w->ap, addr, victim, sizeof victim);
	if (w->n++ == 0)
		ev_explain(w->trace,
		    "A list that is signed cannot be changed by whoever carries it; but that it did not come says "
		    "nothing. Whoever goes on without it has asked for nothing.");
	ev_decision(w->trace, "crl-withheld", "RFC 5280 8",
	    "%s wants to ask the CA (%s) over http what it has taken back: mallory hangs up, as it cannot forge the "
	    "answer",
	    victim, ip_text(ca, &to.ip));
	/* with a reset, so that the victim need not wait */
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof(struct linger));
}

static void on_incoming(uv_poll_t *h, int status, int events)
{
	(void)events;
	struct withhold *w = h->data;
	for (int i = 0; !status && i < 32; i++) {
		struct sockaddr_storage sa;
		socklen_t len = sizeof sa;
		int fd = accept4(w->fd, (struct sockaddr *)&sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			break;
		hang_up(w, fd, &sa, len);
		close(fd);
	}
	trace_flush(w->trace);
}

enum err withhold_start(struct withhold *w, uv_loop_t *loop, const struct lan *lan, const struct ip *ca)
{
	char rules[512], addr[IP_TEXT];

	snprintf(rules, sizeof rules,
	    "add table ip " TABLE "\ndelete table ip " TABLE "\ntable ip " TABLE " {\n\tchain in {\n"
	    "\t\ttype nat hook prerouting priority dstnat; policy accept;\n"
	    "\t\tiifname \"%s\" ip daddr %s tcp dport %d redirect to :%d\n\t}\n}\n",
	    lan->ifname, ip_text(addr, ca), WITHHOLD_PORT, WITHHOLD_OWN_PORT);
	enum err e = redirect_listen(&lan->self, WITHHOLD_OWN_PORT, &w->fd);
	if (!e)
		e = redirect_rules(rules);
	w->ruled = !e;
	if (!e && uv_poll_init(loop, &w->poll, w->fd))
		e = ERR_INTERNAL;
	if (e)
		return e;
	w->polled = true;
	w->poll.data = w;
	return uv_poll_start(&w->poll, UV_READABLE, on_incoming) ? ERR_INTERNAL : ERR_OK;
}

void withhold_stop(struct withhold *w)
{
	if (w->polled)
		uv_close((uv_handle_t *)&w->poll, NULL);
	if (w->ruled)
		redirect_end(TABLE);
	if (w->fd >= 0)
		close(w->fd);
	w->polled = w->ruled = false;
	w->fd = -1;
}
