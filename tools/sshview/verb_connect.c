/* `sshview connect`: from the options to a run. */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "home.h"
#include "identity.h"
#include "verbs.h"

static bool set_user(struct connect_options *o, const char *user, size_t len)
{
	const struct passwd *pw;

	if (!user && (pw = getpwuid(getuid())))
		len = strlen(user = pw->pw_name);
	if (!user || !len || len >= sizeof(o->user))
		return false;
	memcpy(o->user, user, len);
	o->user[len] = '\0';
	return true;
}

/* [USER@]HOST[:PORT]: the last @ counts, a name may have others. */
int options_target(struct cli *c, struct connect_options *o, const char *text)
{
	const char *at = strrchr(text, '@'), *why = "", *login = cli_get(c, "login");
	long port = 22;

	if (!cli_number(c, "port", 1, 65535, &port))
		return EXIT_USAGE;
	if (!set_user(o, login ? login : at ? text : NULL, login ? strlen(login) : at ? (size_t)(at - text) : 0))
		return cli_usage(c, "'%s': the name of a user has 1 to %d characters", text, USER_MAX - 1);
	if (target_parse_port(&o->target, at ? at + 1 : text, (uint16_t)port, &why) != ERR_OK)
		return cli_usage(c, "'%s' is no [USER@]HOST[:PORT]: %s", text, why);
	return EXIT_YES;
}

static bool all_known(const char *list, const char *offered)
{
	char name[SSHALG_MAX];

	for (const char *p = list; *p; p += *p == ',') {
		size_t n = strcspn(p, ",");
		if (n == 0 || n >= sizeof(name))
			return false;
		memcpy(name, p, n);
		name[n] = '\0';
		if (!name_in_list(name, offered, strlen(offered)))
			return false;
		p += n;
	}
	return *list != '\0';
}

#define CERT_ALGS                                                                                                    \
	"ssh-ed25519-cert-v01@openssh.com,ecdsa-sha2-nistp256-cert-v01@openssh.com,"                                 \
	"rsa-sha2-512-cert-v01@openssh.com,rsa-sha2-256-cert-v01@openssh.com"

int options_offer(struct cli *c, struct sshoffer *offer, bool *hostkey_given)
{
	const struct {
		const char *option, *can;
		const char **out;
	} list[] = {{"kex", SSH_OFFER_KEX, &offer->kex}, {"ciphers", SSH_OFFER_CIPHER, &offer->cipher},
	    {"host-key-algorithms", SSH_OFFER_HOSTKEY "," CERT_ALGS, &offer->hostkey}};

	*offer = (struct sshoffer){.kex = SSH_OFFER_KEX,
	    .cipher = SSH_OFFER_CIPHER,
	    .hostkey = SSH_OFFER_HOSTKEY,
	    .strict = !cli_has(c, "no-strict-kex")};
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		const char *v = cli_get(c, list[i].option);
		if (v && !all_known(v, list[i].can))
			return cli_usage(c, "--%s takes a list of %s", list[i].option, list[i].can);
		if (v)
			*list[i].out = v;
	}
	*hostkey_given = cli_has(c, "host-key-algorithms");
	return EXIT_YES;
}

/* "64K", "1M", "1G". */
static bool read_size(struct cli *c, const char *option, uint64_t *out)
{
	const char *v = cli_get(c, option);
	char *end;

	if (!v)
		return true;
	errno = 0;
	unsigned long long n = strtoull(v, &end, 10);
	unsigned shift = *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;
	if (errno || end == v || *v == '-' || end[shift != 0] || n << shift < 1024 ||
	    n << shift > (uint64_t)1 << 30) {
		cli_usage(c, "--%s takes 1K to 1G, not '%s'", option, v);
		return false;
	}
	*out = n << shift;
	return true;
}

int options_known(struct cli *c, struct connect_options *o, char own[static 4096])
{
	const char *strict = cli_get(c, "strict");

	for (int i = 0; cli_get_nth(c, "known-hosts", i); i++) {
		if (o->n_known == KNOWN_FILES_MAX)
			return cli_usage(c, "--known-hosts can be given %d times", KNOWN_FILES_MAX);
		o->known[o->n_known++] = cli_get_nth(c, "known-hosts", i);
	}
	if (!o->n_known) {
		if (home_ssh_file(own, 4096, "known_hosts"))
			o->known[o->n_known++] = own;
		o->known[o->n_known++] = "/etc/ssh/ssh_known_hosts";
	}
	o->strict = !strict || strcmp(strict, "ask") == 0 ? STRICT_ASK
	            : strcmp(strict, "yes") == 0          ? STRICT_YES
	            : strcmp(strict, "no") == 0           ? STRICT_NO
	                                                  : STRICT_ACCEPT_NEW;
	o->hash_names = cli_has(c, "hash");
	return EXIT_YES;
}

static int open_keylog(struct cli *c, const char *path, int *fd)
{
	struct stat st;

	*fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (*fd < 0)
		return cli_fail(c, ERR_IO, "%s: %s", path, strerror(errno));
	if (fstat(*fd, &st) == 0 && S_ISREG(st.st_mode) && fchmod(*fd, 0600) == 0)
		return EXIT_YES;
	close(*fd);
	*fd = -1;
	return cli_fail(c, ERR_PERM, "%s: secrets are only written to a regular file of your own", path);
}

/* The words of the command, with blanks between them, as ssh does. */
static char *join(char *const *argv, int n)
{
	size_t len = 1;
	char *out;

	for (int i = 0; i < n; i++)
		len += strlen(argv[i]) + 1;
	out = malloc(len);
	if (!out)
		return NULL;
	*out = '\0';
	for (int i = 0; i < n; i++) {
		if (i)
			strcat(out, " ");
		strcat(out, argv[i]);
	}
	return out;
}

static int read_options(struct cli *c, struct connect_options *o, char own[static 4096])
{
	const char *via = cli_get(c, "connect");
	int status = options_target(c, o, c->argv[0]);

	if (status == EXIT_YES)
		status = options_offer(c, &o->offer, &o->hostkey_given);
	if (status == EXIT_YES)
		status = options_known(c, o, own);
	if (status != EXIT_YES)
		return status;
	if (via && endpoint_parse(&o->via, via, o->target.port) != ERR_OK)
		return cli_usage(
		    c, "--connect %s: an address is needed, as in 192.0.2.1:22 or [2001:db8::1]:22", via);
	if (cli_has(c, "ipv4") && cli_has(c, "ipv6"))
		return cli_usage(c, "-4 and -6 exclude each other");
	o->family = cli_has(c, "ipv4") ? 4 : cli_has(c, "ipv6") ? 6 : 0;
	for (; cli_get_nth(c, "identity", (int)o->n_identities); o->n_identities++)
		o->identity[o->n_identities] = cli_get_nth(c, "identity", (int)o->n_identities);
	o->default_identities = o->n_identities == 0;
	o->agent = getenv("SSH_AUTH_SOCK");
	o->password_file = cli_get(c, "password-file");
	o->no_input = cli_has(c, "no-input");
	return read_size(c, "rekey", &o->rekey_octets) && cli_seconds(c, "timeout", 3600, &o->timeout_ns)
	           ? EXIT_YES
	           : EXIT_USAGE;
}

/* With -q the command's output stands alone on standard output, so there is no narrative. */
static enum err open_trace(struct cli *c, struct trace *t, const char *actor, bool raw)
{
	if (!raw)
		return cli_trace_open(c, t, &clock_real, actor);
	trace_init(t, &clock_real, actor);
	enum err e = cli_page_open(c);
	return e == ERR_OK && cli_page(c) ? trace_add(t, sink_tee(cli_page(c))) : e;
}

static int signal_number(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} all[] = {{"ABRT", SIGABRT}, {"ALRM", SIGALRM}, {"FPE", SIGFPE}, {"HUP", SIGHUP}, {"ILL", SIGILL},
	    {"INT", SIGINT}, {"KILL", SIGKILL}, {"PIPE", SIGPIPE}, {"QUIT", SIGQUIT}, {"SEGV", SIGSEGV},
	    {"TERM", SIGTERM}, {"USR1", SIGUSR1}, {"USR2", SIGUSR2}};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i].name, name) == 0)
			return all[i].number;
	return 127;
}

/* The command's own exit status is ours, as with ssh. */
static int status_of(const struct result *r)
{
	if (cli_interrupted())
		return 128 + SIGINT;
	if (r->output_closed)
		return EXIT_INTERNAL;
	if (r->err == ERR_OK && r->exited)
		return (int)(r->exit_status & 255);
	if (r->err == ERR_OK && r->signalled)
		return 128 + signal_number(r->signal);
	return (int)err_exit(r->err);
}

static int run(struct cli *c, struct connect_options *o)
{
	struct trace t;
	struct result *res = malloc(sizeof(*res));
	char me[65] = "";

	if (!res)
		return cli_fail(c, ERR_NOMEM, "out of memory");
	if (gethostname(me, sizeof(me) - 1) != 0 || !me[0])
		strcpy(me, "client");
	o->actor = me;
	o->raw = cli_has(c, "quiet") && !cli_has(c, "json");
	o->in_fd = STDIN_FILENO;
	o->out_fd = fileno(c->out);
	o->err_fd = STDERR_FILENO;
	result_init(res);
	enum err e = open_trace(c, &t, me, o->raw);
	if (e == ERR_OK) {
		e = connect_run(o, &t, res);
		char *data = report_data(res);
		ev_result(&t, res->err, data, "%s", res->text);
		free(data);
	}
	int status = cli_trace_close(c, &t, e == ERR_OK || res->err != ERR_OK ? status_of(res) : (int)err_exit(e));
	/* On a terminal the trace has said it already. */
	if (res->err != ERR_OK && !cli_interrupted() && !res->output_closed && !cli_has(c, "json") &&
	    (o->raw || (res->err != ERR_NEGATIVE && !isatty(fileno(c->out)))))
		cli_fail(c, res->err, "%s", res->text);
	free(res);
	return status;
}

int verb_connect(struct cli *c)
{
	struct connect_options o = {.timeout_ns = 10 * NS_PER_S, .keylog_fd = -1, .clock = &clock_real};
	char own[4096], *command = NULL;
	const char *keylog = cli_get(c, "keylog");
	int status = sodium_init() < 0 ? cli_fail(c, ERR_INTERNAL, "libsodium cannot be set up") : EXIT_YES;

	cli_catch_interrupt();
	o.cancel_fd = cli_interrupt_fd();
	if (status == EXIT_YES)
		status = read_options(c, &o, own);
	if (status == EXIT_YES && c->argc > 1) {
		o.command = command = join(c->argv + 1, c->argc - 1);
		if (!command)
			status = cli_fail(c, ERR_NOMEM, "out of memory");
	}
	if (status == EXIT_YES && keylog)
		status = open_keylog(c, keylog, &o.keylog_fd);
	if (status == EXIT_YES)
		status = run(c, &o);
	if (o.keylog_fd >= 0 && close(o.keylog_fd) != 0)
		status = cli_fail(c, ERR_IO, "%s: %s", keylog, strerror(errno));
	free(command);
	return status;
}
