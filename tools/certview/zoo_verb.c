/* certview zoo: writes them to a folder, lists them, or serves them. */
#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "authority.h"
#include "glassnet/addr.h"
#include "glassnet/line.h"
#include "zoo.h"

const struct cli_option zoo_options[] = {{.name = "list", .help = "only say what there is"},
    {.name = "serve",
        .arg = "ADDR:PORT",
        .help = "serve them there: whoever asks for NAME." ZOO_DOMAIN " gets NAME; the HTTP answer explains it"},
    {.name = "ca",
        .arg = "DIR",
        .help = "let this authority sign (as 'certview ca init' makes it; default: a new one)"},
    {.name = "at", .arg = "EPOCH", .help = "as of this time, in seconds since 1970 (default: now)"},
    CLI_TRACE_OPTIONS, CLI_END};

struct work {
	struct cli *c;
	struct zoo zoo;
	struct trace t;
	struct trouble w;
	const char *dir;
	FILE *index;
};

static enum err write_one(struct work *k, const struct animal *a, ASN1_INTEGER **revoked)
{
	char path[4352];
	struct zoo_cage cage;
	enum err e = zoo_make(&cage, &k->zoo, a, &k->w);

	if (e == ERR_OK) {
		snprintf(path, sizeof(path), "%s/%s.pem", k->dir, a->name);
		e = issue_write_certs(path, cage.chain, cage.n, &k->w);
	}
	if (e == ERR_OK) {
		snprintf(path, sizeof(path), "%s/%s.key", k->dir, a->name);
		e = issue_write_key(path, cage.key, &k->w);
	}
	if (e == ERR_OK && a->revoked) {
		*revoked = ASN1_INTEGER_dup(X509_get0_serialNumber(cage.leaf));
		snprintf(path, sizeof(path), "%s/%s.ocsp", k->dir, a->name);
		e = cage.staple ? issue_write_text(path, cage.staple, (size_t)cage.staple_len, &k->w) : ERR_NOMEM;
	}
	zoo_cage_release(&cage);
	return e;
}

/* What the authorities have taken back. */
static enum err write_crls(struct work *k, const ASN1_INTEGER *serial)
{
	char path[4352];
	const struct revoked one = {serial, k->zoo.now - 3600, 1};
	X509_CRL *crls[2] = {
	    issue_crl(&k->zoo.mid, 2, k->zoo.now - 1800, k->zoo.now + 30 * 86400, &one, serial != NULL),
	    issue_crl(&k->zoo.root, 1, k->zoo.now - 1800, k->zoo.now + 30 * 86400, NULL, 0)};
	enum err e = crls[0] && crls[1] ? ERR_OK : issue_failed(&k->w, "a CRL cannot be made");

	snprintf(path, sizeof(path), "%s/crl.pem", k->dir);
	if (e == ERR_OK)
		e = issue_write_crls(path, crls, 2, &k->w);
	X509_CRL_free(crls[0]);
	X509_CRL_free(crls[1]);
	return e;
}

static void tell(struct work *k, const struct animal *a)
{
	ev_state(&k->t, "zoo", a->name, NULL, a->reason ? a->reason : "accepted", "%s", a->sentence);
}

static enum err write_index(struct work *k)
{
	size_t cap = zoo_count * 512;
	char path[4352], *text = malloc(cap);

	if (!text)
		return ERR_NOMEM;
	struct line x = line_on(text, cap);
	line_add(&x, "# name\treason\twhat is wrong with it\n");
	for (size_t i = 0; i < zoo_count; i++)
		line_add(&x, "%s\t%s\t%s\n", zoo_animals[i].name, zoo_animals[i].reason ? zoo_animals[i].reason : "-",
		    zoo_animals[i].sentence);
	snprintf(path, sizeof(path), "%s/zoo.tsv", k->dir);
	enum err e = issue_write_text(path, text, x.len, &k->w);
	free(text);
	return e;
}

static enum err write_all(struct work *k)
{
	char path[4352];
	ASN1_INTEGER *serial = NULL;
	enum err e = ERR_OK;

	if (mkdir(k->dir, 0755) != 0 && errno != EEXIST)
		return trouble_set(&k->w, ERR_IO, "%s: %s", k->dir, strerror(errno));
	snprintf(path, sizeof(path), "%s/root.pem", k->dir);
	e = issue_write_certs(path, &k->zoo.root.cert, 1, &k->w);
	snprintf(path, sizeof(path), "%s/authority.pem", k->dir);
	if (e == ERR_OK)
		e = issue_write_certs(path, &k->zoo.mid.cert, 1, &k->w);
	for (size_t i = 0; e == ERR_OK && i < zoo_count && !cli_interrupted(); i++) {
		e = write_one(k, &zoo_animals[i], &serial);
		if (e == ERR_OK)
			tell(k, &zoo_animals[i]);
	}
	if (e == ERR_OK)
		e = write_crls(k, serial);
	if (e == ERR_OK)
		e = write_index(k);
	ASN1_INTEGER_free(serial);
	if (e == ERR_OK)
		ev_result(&k->t, e, NULL,
		    "%zu certificates in %s, each wrong in one way; try: certview verify %s/expired.pem --roots "
		    "%s/root.pem "
		    "--host expired." ZOO_DOMAIN,
		    zoo_count, k->dir, k->dir, k->dir);
	return e;
}

/* --- serving --- */

static enum err listen_at(const struct endpoint *at, int *fd, struct trouble *w)
{
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(&sa, at);
	const int one = 1;
	char text[ENDPOINT_TEXT];

	*fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd >= 0 && setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
	    bind(*fd, (struct sockaddr *)&sa, len) == 0 && listen(*fd, 64) == 0)
		return ERR_OK;
	trouble_set(w, ERR_NET, "%s: %s", endpoint_text(text, at), strerror(errno));
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	return ERR_NET;
}

static enum err serve(struct work *k, const struct endpoint *want)
{
	struct endpoint at = *want;
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	char text[ENDPOINT_TEXT];
	int fd;
	enum err e = listen_at(want, &fd, &k->w);

	if (e != ERR_OK)
		return e;
	if (getsockname(fd, (struct sockaddr *)&sa, &len) == 0)
		e = endpoint_from_sockaddr(&at, (struct sockaddr *)&sa, len);
	ev_state(&k->t, "zoo", "open at", NULL, endpoint_text(text, &at),
	    "%zu animals, by the name that is asked for", zoo_count);
	trace_flush(&k->t);
	fflush(k->c->out);
	if (e == ERR_OK)
		e = zoo_serve(&k->zoo, fd, cli_interrupt_fd());
	close(fd);
	return e;
}

static enum err prepare(struct work *k, int64_t now)
{
	const char *ca = cli_get(k->c, "ca");
	enum err e = ca ? authority_read(&k->zoo.root, &k->zoo.mid, ca, &k->w) : ERR_OK;

	return e == ERR_OK ? zoo_init(&k->zoo, now, &k->w) : e;
}

int verb_zoo(struct cli *c)
{
	struct work k = {.c = c, .dir = c->argc ? c->argv[0] : NULL};
	const char *at = cli_get(c, "serve");
	long now = (long)(clock_now(&clock_real) / NS_PER_S);
	struct endpoint where = {0};
	bool list = cli_has(c, "list");

	if ((k.dir != NULL) + (at != NULL) + list != 1)
		return cli_usage(c, "give a folder, --list, or --serve ADDR:PORT");
	if (!cli_number(c, "at", 0, 253402300799L - 31557600L * 2, &now))
		return EXIT_USAGE;
	if (at && endpoint_parse(&where, at, 443) != ERR_OK)
		return cli_usage(c, "'%s' is no ADDR:PORT, as in 127.0.0.1:8443 or [::]:443", at);
	cli_catch_interrupt();
	enum err e = cli_trace_open(c, &k.t, &clock_real, "certview");
	if (e == ERR_OK && list) {
		for (size_t i = 0; i < zoo_count; i++)
			tell(&k, &zoo_animals[i]);
		ev_result(&k.t, ERR_OK, NULL, "%zu certificates, each wrong in one way but the first", zoo_count);
	} else if (e == ERR_OK && (e = prepare(&k, now)) == ERR_OK)
		e = at ? serve(&k, &where) : write_all(&k);
	bool stopped = cli_interrupted() && !at;
	int status = cli_trace_close(c, &k.t, stopped ? 130 : (int)err_exit(e));
	if (e != ERR_OK && !stopped)
		cli_fail(c, e, "%s", k.w.text[0] ? k.w.text : err_text(e));
	if (!at) /* threads may still be at work */
		zoo_release(&k.zoo);
	return status;
}
