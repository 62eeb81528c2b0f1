/* BPF filter texts, for any link type. */
#include <stdlib.h>
#include <string.h>

#include "private.h"

#define SNAPLEN 262144

/* Returns the program for this link type, compiled now if need be; NULL where there is none. */
static struct bpf_program *program_for(struct filter *f, int linktype, char *why, size_t cap)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->progs[i].linktype == linktype)
			return &f->progs[i].prog;
	if (f->n == sizeof f->progs / sizeof *f->progs) {
		snprintf(why, cap, "too many link types in one capture");
		return NULL;
	}
	pcap_t *dead = pcap_open_dead(linktype, SNAPLEN);
	if (!dead) {
		snprintf(why, cap, "out of memory");
		return NULL;
	}
	struct bpf_program *prog = &f->progs[f->n].prog;
	int bad = pcap_compile(dead, prog, f->text, 1, PCAP_NETMASK_UNKNOWN);
	if (bad)
		snprintf(why, cap, "%s", pcap_geterr(dead));
	else
		f->progs[f->n++].linktype = linktype;
	pcap_close(dead);
	return bad ? NULL : prog;
}

enum err filter_init(struct filter *f, const char *text, char msg[static 256])
{
	*f = (struct filter){0};
	if (!text || !text[strspn(text, " \t\n")])
		return ERR_OK;
	f->text = strdup(text);
	if (!f->text) {
		snprintf(msg, 256, "%s", err_text(ERR_NOMEM));
		return ERR_NOMEM;
	}
	char why[PCAP_ERRBUF_SIZE] = "";
	if (!program_for(f, DLT_EN10MB, why, sizeof why)) {
		snprintf(msg, 256, "filter '%.60s': %.120s (its language: man pcap-filter)", text, why);
		return ERR_USAGE;
	}
	return ERR_OK;
}

void filter_release(struct filter *f)
{
	for (size_t i = 0; i < f->n; i++)
		pcap_freecode(&f->progs[i].prog);
	free(f->text);
	*f = (struct filter){0};
}

bool filter_pass(struct filter *f, int linktype, const uint8_t *bytes, size_t len, size_t wire_len)
{
	if (!f->text)
		return true;
	char why[PCAP_ERRBUF_SIZE];
	/* A filter that makes no sense for a link type ("ether host" on raw IP) is true of none of its
	 * packets. */
	struct bpf_program *prog = program_for(f, linktype, why, sizeof why);
	if (!prog)
		return false;
	struct pcap_pkthdr h = {.caplen = (bpf_u_int32)len, .len = (bpf_u_int32)wire_len};
	return pcap_offline_filter(prog, &h, bytes) != 0;
}
