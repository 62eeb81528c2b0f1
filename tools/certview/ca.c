/* certview request and certview ca: a certificate from the beginning to its end, step by step. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "authority.h"
#include "glassnet/addr.h"
#include "glassnet/line.h"
#include "glassnet/target.h"
#include "glassnet/wire.h"

#define DAY 86400

const struct cli_option request_options[] = {
    {.name = "host", .arg = "NAME", .many = true, .help = "a name that the certificate shall be for"},
    {.name = "ip", .arg = "ADDR", .many = true, .help = "an address that it shall be for"},
    {.name = "key", .arg = "FILE", .help = "the private key; made (0600) where there is none (default: REQUEST.key)"},
    {.name = "kind",
        .arg = "KIND",
        .choices = "P-256|P-384|RSA-2048|RSA-3072|RSA-4096|ED25519",
        .help = "what key to make (default P-256)"},
    CLI_TRACE_OPTIONS, CLI_END};

const struct cli_option ca_options[] = {
    {.name = "name", .arg = "NAME", .help = "init: the authority's name (default: Glassnet Lab)"},
    {.name = "days", .arg = "N", .help = "how long it holds (issue: 90, init: 1825, crl: 30)"},
    {.name = "cert", .arg = "FILE", .help = "issue: where the certificate and its chain go (default: REQUEST.pem)"},
    {.name = "purpose", .arg = "USE", .choices = "server|client", .help = "issue: what it is for (default server)"},
    {.name = "connect", .arg = "ADDR[:PORT]", .help = "issue: look for the proof there, whatever DNS says"},
    {.name = "vouch", .help = "issue: the names are known to be the applicant's; no proof is asked for"},
    {.name = "reason",
        .arg = "WHY",
        .choices = "unspecified|key-compromise|affiliation-changed|superseded|cessation|on-hold",
        .help = "revoke: why"},
    {.name = "response", .arg = "FILE", .help = "ocsp: where the response goes (default: CERT.ocsp)"},
    CLI_TIMEOUT_OPTION, CLI_TRACE_OPTIONS, CLI_END};

struct desk {
	struct cli *c;
	struct trace t;
	struct trouble w;
	const char *dir;
	struct pair root, mid;
	struct register_book book;
	int lock;
	int64_t now, timeout_ns;
	long days; /* 0: not given */
};

static void path_with(char *out, size_t cap, const char *path, const char *tail)
{
	size_t n = strlen(path);
	const char *dot = strrchr(path, '.'), *slash = strrchr(path, '/');

	if (dot && dot != path && (!slash || dot > slash + 1))
		n = (size_t)(dot - path);
	snprintf(out, cap, "%.*s%s", (int)n, path, tail);
}

/* --- request --- */

static enum err get_key(struct desk *d, EVP_PKEY **key, const char *path)
{
	const char *kind = cli_get(d->c, "kind");

	if (access(path, F_OK) == 0) {
		enum err e = issue_read_key(key, path, &d->w);
		if (e == ERR_OK)
			ev_state(&d->t, "files", path, "a private key", "the same",
			    "it was there already, and nobody else may read it");
		return e;
	}
	*key = issue_key(kind ? kind : "P-256");
	if (!*key)
		return issue_failed(&d->w, "no key can be made");
	ev_state(
	    &d->t, "files", path, NULL, "a new private key", "made here; it never leaves this machine (mode 0600)");
	return issue_write_key(path, *key, &d->w);
}

/* "DNS:a,IP:b" */
static bool names_text(const struct cli *c, char *out, size_t cap)
{
	struct line x = line_on(out, cap);
	const char *name;

	for (int i = 0; (name = cli_get_nth(c, "host", i)); i++)
		line_add(&x, "%sDNS:%s", x.len ? "," : "", name);
	for (int i = 0; (name = cli_get_nth(c, "ip", i)); i++)
		line_add(&x, "%sIP:%s", x.len ? "," : "", name);
	return x.len > 0 && x.len + 1 < cap;
}

static X509_REQ *make_request(EVP_PKEY *key, const char *names, const char *subject)
{
	X509_REQ *req = X509_REQ_new();
	STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();
	X509_EXTENSION *san = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
	bool ok = req && list && san && sk_X509_EXTENSION_push(list, san) &&
	          X509_REQ_set_version(req, X509_REQ_VERSION_1) &&
	          issue_subject(X509_REQ_get_subject_name(req), subject) && X509_REQ_set_pubkey(req, key) &&
	          X509_REQ_add_extensions(req, list) &&
	          X509_REQ_sign(req, key, EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? NULL : EVP_sha256()) > 0;

	sk_X509_EXTENSION_free(list);
	X509_EXTENSION_free(san);
	if (ok)
		return req;
	X509_REQ_free(req);
	return NULL;
}

static enum err write_request(struct desk *d, X509_REQ *req, const char *path)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *text = NULL;
	long len = b && PEM_write_bio_X509_REQ(b, req) ? BIO_get_mem_data(b, &text) : 0;
	enum err e = len > 0 ? issue_write_text(path, text, (size_t)len, &d->w)
	                     : issue_failed(&d->w, "the request cannot be written");

	BIO_free(b);
	return e;
}

static enum err run_request(struct desk *d, const char *path, const char *key_path)
{
	char names[4096];
	EVP_PKEY *key = NULL;
	X509_REQ *req = NULL;
	const char *first = cli_get_nth(d->c, "host", 0);

	if (!names_text(d->c, names, sizeof(names)))
		return trouble_set(&d->w, ERR_USAGE, "too many names");
	enum err e = get_key(d, &key, key_path);
	if (e == ERR_OK && !(req = make_request(key, names, first ? first : "")))
		e = issue_failed(&d->w, "the request cannot be made");
	if (e == ERR_OK)
		e = write_request(d, req, path);
	if (e == ERR_OK) {
		ev_explain(&d->t,
		    "The request holds the public key and the names, and is signed with the private key: so the "
		    "authority can see that whoever asks holds the key (proof of possession). It is no secret.");
		ev_state(&d->t, "files", path, NULL, "a request",
		    "for %s, signed with its own key (PKCS #10, RFC 2986)", names);
		ev_result(&d->t, e, NULL,
		    "the request is in %s, the key in %s: send the request to the authority, keep the key", path,
		    key_path);
	}
	X509_REQ_free(req);
	EVP_PKEY_free(key);
	return e;
}

int verb_request(struct cli *c)
{
	struct desk d = {.c = c};
	char key[4352];
	const char *why, *name;
	struct ip ip;

	if (!cli_has(c, "host") && !cli_has(c, "ip"))
		return cli_usage(c, "request needs a name: --host NAME or --ip ADDR");
	for (int i = 0; (name = cli_get_nth(c, "host", i)); i++)
		if (!target_is_name(strncmp(name, "*.", 2) == 0 ? name + 2 : name, &why))
			return cli_usage(c, "--host %s: %s", name, why);
	for (int i = 0; (name = cli_get_nth(c, "ip", i)); i++)
		if (ip_parse(&ip, name) != ERR_OK)
			return cli_usage(c, "--ip %s: that is no address", name);
	path_with(key, sizeof(key), c->argv[0], ".key");
	enum err e = cli_trace_open(c, &d.t, &clock_real, "bob");
	if (e == ERR_OK)
		e = run_request(&d, c->argv[0], cli_get(c, "key") ? cli_get(c, "key") : key);
	int status = cli_trace_close(c, &d.t, (int)err_exit(e));
	return e == ERR_OK ? status : cli_fail(c, e, "%s", d.w.text[0] ? d.w.text : err_text(e));
}

/* --- ca init --- */

static enum err do_init(struct desk *d)
{
	const char *name = cli_get(d->c, "name") ? cli_get(d->c, "name") : "Glassnet Lab";
	enum err e = authority_make(d->dir, name, d->now, d->days ? d->days : 1825, &d->w);

	if (e != ERR_OK)
		return e;
	ev_state(&d->t, "files", "root.pem, root.key", NULL, "the root",
	    "it signs itself; others trust it because somebody put it on their machine, and for no other reason");
	ev_state(&d->t, "files", "intermediate.pem, intermediate.key", NULL, "the one that does the work",
	    "signed by the root, whose key can then be locked away");
	ev_result(&d->t, e, NULL,
	    "%s is an authority now. Whoever puts %s/root.pem among his trusted roots believes all that it signs; "
	    "the two keys "
	    "are readable by you alone",
	    name, d->dir);
	return e;
}

/* --- ca issue --- */

static enum err read_request(struct desk *d, X509_REQ **out, const char *path)
{
	uint8_t *bytes;
	size_t len;
	enum err e = input_bytes(&bytes, &len, path, CERT_DER_MAX, &d->w);

	if (e != ERR_OK)
		return e;
	BIO *b = BIO_new_mem_buf(bytes, (int)len);
	const unsigned char *p = bytes;
	*out = len && bytes[0] == 0x30 ? d2i_X509_REQ(NULL, &p, (long)len)
	       : b                     ? PEM_read_bio_X509_REQ(b, NULL, NULL, "")
	                               : NULL;
	BIO_free(b);
	free(bytes);
	ERR_clear_error();
	return *out ? ERR_OK : trouble_set(&d->w, ERR_FORMAT, "%s: offset 0: that is no certificate request", path);
}

/* The names asked for; NULL: none, or one that is no host's name. "DNS:a,IP:b" in out. */
static GENERAL_NAMES *asked_names(struct desk *d, X509_REQ *req, char *out, size_t cap)
{
	STACK_OF(X509_EXTENSION) *list = X509_REQ_get_extensions(req);
	GENERAL_NAMES *names = X509V3_get_d2i(list, NID_subject_alt_name, NULL, NULL);
	struct line x = line_on(out, cap);

	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);
		char text[256], ip[IP_TEXT];
		const char *why;
		int n = g->type == GEN_IPADD ? ASN1_STRING_length(g->d.iPAddress) : 0;

		if (g->type == GEN_DNS) {
			escape_text(text, sizeof(text), ASN1_STRING_get0_data(g->d.dNSName),
			    (size_t)ASN1_STRING_length(g->d.dNSName));
			if (target_is_name(strncmp(text, "*.", 2) == 0 ? text + 2 : text, &why) &&
			    !strchr(text, '_')) {
				line_add(&x, "%sDNS:%s", x.len ? "," : "", text);
				continue;
			}
		} else if (n == 4 || n == 16) {
			struct ip a = ip_from(n == 4 ? 4 : 6, ASN1_STRING_get0_data(g->d.iPAddress));
			line_add(&x, "%sIP:%s", x.len ? "," : "", ip_text(ip, &a));
			continue;
		}
		x.len = cap;
		break;
	}
	if (x.len > 0 && x.len + 1 < cap)
		return names;
	GENERAL_NAMES_free(names);
	trouble_set(&d->w, ERR_NEGATIVE, "the request asks for no name, or for one that no certificate can be for");
	return NULL;
}

static enum err prove_all(struct desk *d, const GENERAL_NAMES *names, EVP_PKEY *key)
{
	enum err e = ERR_OK;

	if (cli_has(d->c, "vouch")) {
		ev_check(&d->t, "name-vouched", VERDICT_SKIP, "BR 3.2.2.4", "does whoever asks hold the names?",
		    "nobody looked: the clerk vouches for it");
		return e;
	}
	for (int i = 0; e == ERR_OK && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);
		char host[256];

		if (g->type == GEN_DNS)
			escape_text(host, sizeof(host), ASN1_STRING_get0_data(g->d.dNSName),
			    (size_t)ASN1_STRING_length(g->d.dNSName));
		if (g->type != GEN_DNS || host[0] == '*')
			e = trouble_set(&d->w, ERR_NEGATIVE,
			    "an address or a wildcard cannot be proved this way: --vouch, if you know it");
		else
			e = prove_name(d->dir, host, key, cli_get(d->c, "connect"), d->timeout_ns, &d->t, &d->w);
	}
	return e;
}

static enum err sign_and_write(
    struct desk *d, EVP_PKEY *key, const char *names, const char *subject, const char *path)
{
	char san[4200];
	const char *use = cli_get(d->c, "purpose");
	struct pair leaf = {0};
	struct x509_info info;
	struct issued line = {0};

	snprintf(san, sizeof(san), "subjectAltName=%s%s", subject[0] ? "" : "critical,", names);
	struct issue_spec s = {.subject = subject,
	    .issuer = &d->mid,
	    .given_key = key,
	    .from = d->now - 3600,
	    .to = d->now + (d->days ? d->days : 90) * (int64_t)DAY,
	    .extension = {"basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature",
	        use && strcmp(use, "client") == 0 ? "extendedKeyUsage=clientAuth" : "extendedKeyUsage=serverAuth",
	        "subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid", san}};
	enum err e = issue(&leaf, &s, &d->w);
	if (e == ERR_OK) {
		x509_info_from(&info, leaf.cert);
		snprintf(line.serial, sizeof(line.serial), "%.63s", info.serial);
		snprintf(line.subject, sizeof(line.subject), "%.255s", info.subject);
		line.to = s.to;
		e = book_add(&d->book, &line);
	}
	if (e == ERR_OK) /* the book first: what is not in it cannot be revoked */
		e = book_write(&d->book, d->dir, &d->w);
	X509 *const chain[] = {leaf.cert, d->mid.cert};
	if (e == ERR_OK)
		e = issue_write_certs(path, chain, 2, &d->w);
	if (e == ERR_OK) {
		ev_state(&d->t, "book", line.serial, NULL, "good",
		    "every certificate is written down, so that it can be taken back");
		ev_result(&d->t, e, NULL,
		    "%s certifies: this key is %s's, until %s UTC. Certificate and chain are in %s. Anyone who "
		    "trusts the root can "
		    "check that without asking",
		    "the authority", names, info.not_after, path);
	}
	pair_release(&leaf);
	return e;
}

static enum err do_issue(struct desk *d)
{
	char names[4096], out[4352], subject[256] = "";
	X509_REQ *req = NULL;
	const char *path = cli_get(d->c, "cert");

	if (d->c->argc < 3)
		return trouble_set(&d->w, ERR_USAGE, "ca issue needs a folder and a request");
	enum err e = read_request(d, &req, d->c->argv[2]);
	if (e != ERR_OK)
		return e;
	EVP_PKEY *key = X509_REQ_get0_pubkey(req);
	bool holds = key && X509_REQ_verify(req, key) == 1;
	ERR_clear_error();
	ev_check(&d->t, holds ? "key-proved" : "key-not-proved", holds ? VERDICT_PASS : VERDICT_FAIL, "RFC 2986 3",
	    "does whoever asks hold the private key?",
	    holds ? "the request is signed with it" : "the signature under the request does not fit the key in it");
	GENERAL_NAMES *list = holds ? asked_names(d, req, names, sizeof(names)) : NULL;
	if (!holds)
		e = trouble_set(&d->w, ERR_NEGATIVE, "whoever asks does not hold the private key: nothing is signed");
	else if (!list)
		e = ERR_NEGATIVE;
	else if ((e = prove_all(d, list, key)) == ERR_OK) {
		char *dns = strstr(names, "DNS:");
		if (dns)
			snprintf(subject, sizeof(subject), "%.*s", (int)strcspn(dns + 4, ","), dns + 4);
		if (strlen(subject) > 64) /* a common name has no more (RFC 5280 A.1) */
			subject[0] = '\0';
		path_with(out, sizeof(out), d->c->argv[2], ".pem");
		e = sign_and_write(d, key, names, subject, path ? path : out);
	}
	GENERAL_NAMES_free(list);
	X509_REQ_free(req);
	return e;
}

/* --- ca revoke, crl, ocsp --- */

static const struct {
	const char *word;
	int code;
} reasons[] = {{"unspecified", 0}, {"key-compromise", 1}, {"affiliation-changed", 3}, {"superseded", 4},
    {"cessation", 5}, {"on-hold", 6}};

/* The line in the book for a certificate's file, or for a number. */
static enum err find_line(struct desk *d, struct issued **line, X509 **cert)
{
	struct cert_set set = {0};
	struct x509_info info;
	const char *what = d->c->argv[2];
	bool number = strspn(what, "0123456789abcdefABCDEF") == strlen(what) && access(what, F_OK) != 0;
	enum err e = ERR_OK;

	*cert = NULL;
	if (number) {
		*line = book_find(&d->book, what);
	} else if ((e = input_certs(&set, what, &d->w)) == ERR_OK) {
		x509_info_from(&info, set.x[0]);
		*line = book_find(&d->book, info.serial);
		if (X509_up_ref(set.x[0]))
			*cert = set.x[0];
	}
	cert_set_release(&set);
	if (e == ERR_OK && !*line)
		e = trouble_set(&d->w, ERR_NEGATIVE, "%s: this authority has not issued it", what);
	return e;
}

static enum err do_crl(struct desk *d)
{
	char path[4352], text[32];
	uint8_t *old = NULL;
	size_t len = 0, n = 0;
	struct revoked *list = calloc(d->book.n + 1, sizeof(*list));
	int64_t to = d->now + (d->days ? d->days : 30) * (int64_t)DAY;
	long number = 1;

	if (!list)
		return ERR_NOMEM;
	snprintf(path, sizeof(path), "%s/crl-number", d->dir);
	if (x509_read_file(path, 20, &old, &len) == ERR_OK && len) {
		snprintf(text, sizeof(text), "%.*s", (int)len, (const char *)old);
		number = strtol(text, NULL, 10) + 1;
	}
	free(old);
	for (size_t i = 0; i < d->book.n; i++) {
		BIGNUM *bn = NULL;

		if (!d->book.line[i].revoked || !BN_hex2bn(&bn, d->book.line[i].serial))
			continue;
		list[n++] =
		    (struct revoked){BN_to_ASN1_INTEGER(bn, NULL), d->book.line[i].revoked, d->book.line[i].reason};
		BN_free(bn);
	}
	X509_CRL *crls[2] = {
	    issue_crl(&d->mid, number, d->now, to, list, n), issue_crl(&d->root, number, d->now, to, NULL, 0)};
	enum err e = crls[0] && crls[1] ? ERR_OK : issue_failed(&d->w, "the CRL cannot be made");
	snprintf(text, sizeof(text), "%ld\n", number);
	if (e == ERR_OK)
		e = issue_write_text(path, text, strlen(text), &d->w);
	snprintf(path, sizeof(path), "%s/crl.pem", d->dir);
	if (e == ERR_OK)
		e = issue_write_crls(path, crls, 2, &d->w);
	if (e == ERR_OK)
		ev_result(&d->t, e, NULL,
		    "CRL number %ld is in %s: %zu revoked. It holds for %ld days; until a client fetches it, it "
		    "knows nothing of it",
		    number, path, n, d->days ? d->days : 30);
	for (size_t i = 0; i < n; i++)
		ASN1_INTEGER_free((ASN1_INTEGER *)list[i].serial);
	X509_CRL_free(crls[0]);
	X509_CRL_free(crls[1]);
	free(list);
	return e;
}

static enum err do_revoke(struct desk *d)
{
	const char *why = cli_get(d->c, "reason");
	struct issued *line = NULL;
	X509 *cert;

	if (d->c->argc < 3)
		return trouble_set(&d->w, ERR_USAGE, "ca revoke needs a folder and a certificate, or its number");
	enum err e = find_line(d, &line, &cert);
	X509_free(cert);
	if (e != ERR_OK)
		return e;
	if (line->revoked)
		return trouble_set(&d->w, ERR_NEGATIVE, "%s is revoked already", line->serial);
	line->revoked = d->now;
	for (size_t i = 0; why && i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (strcmp(reasons[i].word, why) == 0)
			line->reason = reasons[i].code;
	e = book_write(&d->book, d->dir, &d->w);
	if (e != ERR_OK)
		return e;
	ev_state(&d->t, "book", line->serial, "good", "revoked", "%s", why ? why : "no reason given");
	ev_explain(&d->t,
	    "The certificate itself has not changed, and still looks good to everybody. Only the next list, or an "
	    "answer to a question (OCSP), tells.");
	return do_crl(d);
}

static enum err do_ocsp(struct desk *d)
{
	char path[4352];
	const char *to = cli_get(d->c, "response");
	struct issued *line = NULL;
	X509 *cert = NULL;
	int len = 0;

	if (d->c->argc < 3)
		return trouble_set(&d->w, ERR_USAGE, "ca ocsp needs a folder and a certificate");
	enum err e = find_line(d, &line, &cert);
	if (e == ERR_OK && !cert)
		e = trouble_set(&d->w, ERR_USAGE, "ca ocsp needs the certificate's file, not its number");
	unsigned char *der =
	    e == ERR_OK ? issue_ocsp(cert, &d->mid, d->now, line->revoked, line->reason, &len) : NULL;
	path_with(path, sizeof(path), d->c->argv[2], ".ocsp");
	if (e == ERR_OK)
		e = der ? issue_write_text(to ? to : path, der, (size_t)len, &d->w)
		        : issue_failed(&d->w, "the response cannot be made");
	if (e == ERR_OK)
		ev_result(&d->t, e, NULL, "the authority's signed word of now is in %s: %s", to ? to : path,
		    line->revoked ? "revoked" : "good");
	OPENSSL_free(der);
	X509_free(cert);
	return e;
}

static const struct {
	const char *name;
	enum err (*run)(struct desk *d);
} actions[] = {{"init", do_init}, {"issue", do_issue}, {"revoke", do_revoke}, {"crl", do_crl}, {"ocsp", do_ocsp}};

static enum err run_action(struct desk *d, size_t i)
{
	enum err e = ERR_OK;

	d->lock = -1;
	if (i > 0) {
		if ((e = authority_lock(d->dir, &d->lock, &d->w)) == ERR_OK &&
		    (e = book_read(&d->book, d->dir, &d->w)) == ERR_OK)
			e = authority_read(&d->root, &d->mid, d->dir, &d->w);
	}
	if (e == ERR_OK)
		e = actions[i].run(d);
	pair_release(&d->root);
	pair_release(&d->mid);
	book_release(&d->book);
	if (d->lock >= 0)
		close(d->lock);
	return e;
}

int verb_ca(struct cli *c)
{
	struct desk d = {.c = c, .now = clock_now(&clock_real) / NS_PER_S, .timeout_ns = 10 * NS_PER_S};
	size_t i = 0, n = sizeof(actions) / sizeof(actions[0]);

	while (i < n && strcmp(c->argv[0], actions[i].name) != 0)
		i++;
	if (i == n)
		return cli_usage(c, "'ca %s': it can init, issue, revoke, crl and ocsp", c->argv[0]);
	d.dir = c->argv[1];
	if (!cli_number(c, "days", 1, 36500, &d.days) || !cli_seconds(c, "timeout", 3600, &d.timeout_ns))
		return EXIT_USAGE;
	cli_catch_interrupt();
	enum err e = cli_trace_open(c, &d.t, &clock_real, "the authority");
	if (e == ERR_OK)
		e = run_action(&d, i);
	if (e == ERR_NEGATIVE)
		ev_result(&d.t, e, NULL, "%s", d.w.text);
	int status = cli_trace_close(c, &d.t, cli_interrupted() ? 130 : (int)err_exit(e));
	if (e == ERR_USAGE)
		return cli_usage(c, "%s", d.w.text);
	if (e != ERR_OK && e != ERR_NEGATIVE && !cli_interrupted())
		cli_fail(c, e, "%s", d.w.text[0] ? d.w.text : err_text(e));
	return status;
}
