/* The scene "ssh": a login at home, mallory's host key at the airport refused and trusted, what a signature and a
 * password are worth to mallory, and host certificates; in the end TLS beside it.
 *
 * Each act runs sshview as a learner would. What is checked is what the programs report and what the packets hold; the
 * text that the command prints is drawn anew for each scene. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "demo.h"

#define SERVER   "server"
#define NAME     "alice@server.example"
#define SHELL    "alice@shell.example"
#define FOLDER   "/run/glassnet/ssh-scene"
#define KEY      FOLDER "/id_ed25519"
#define KNOWN    FOLDER "/known_hosts"
#define EMPTY    FOLDER "/known_hosts.new"
#define OTHER    FOLDER "/known_hosts.other"
#define TRUSTED  FOLDER "/known_hosts.authority"
#define PASSWORD "/run/glassnet/user/ssh.password"
#define NOTE     "/run/glassnet/home/scene-note"
#define PORT     22

struct scene_ssh {
	struct demo *d;
	char code[32], print[96]; /* what the command prints; the server's fingerprint */
	struct demo_process sshview, wifi, middle;
	int status;
	size_t packets, with_code;
	/* for the table of act 6 */
	bool first_trusted, changed_refused, tls_refused;
};

static const json_t *part(const json_t *o, const char *a, const char *b)
{
	return json_object_get(json_object_get(o, a), b);
}

static const char *text_of(const json_t *v)
{
	const char *s = json_string_value(v);

	return s ? s : "";
}

static bool goes_on(const struct scene_ssh *s)
{
	return s->d->err == ERR_OK && !cli_interrupted();
}

/* --- packets --- */

static bool look(void *ctx, const struct journey *j, const struct capture *c)
{
	struct scene_ssh *s = ctx;
	bool found = false;

	(void)c;
	if (j->n == 0)
		return false;
	s->packets++;
	for (size_t i = 0; i < j->n && !found; i++) /* on every link */
		found = memmem(j->at[i].packet.bytes, j->at[i].packet.len, s->code, strlen(s->code)) != NULL;
	s->with_code += found;
	const struct packet *p = &j->at[0].packet;
	return p->ip_proto == 6 && p->payload_len > 0 && (p->src.port == PORT || p->dst.port == PORT);
}

static size_t look_at_packets(struct scene_ssh *s, const char *title)
{
	s->packets = s->with_code = 0;
	return demo_packets(s->d, title, look, s);
}

/* --- programs --- */

/* One login. how: "--strict"; more: another option with its value, or NULL. */
static void login(struct scene_ssh *s, const char *target, const char *known, const char *how, const char *option,
    const char *value)
{
	const char *argv[] = {
	    "sshview", "connect", target, "--known-hosts", known, "--strict", how, option, value, "cat " NOTE, NULL};

	demo_process_release(&s->sshview);
	s->status = demo_run(s->d, &s->sshview, "laptop", DEMO_EVENTS, argv, NULL);
}

static const json_t *result(const struct scene_ssh *s)
{
	return s->sshview.result;
}

static const char *end_of(const struct scene_ssh *s)
{
	return text_of(json_object_get(result(s), "end"));
}

static const char *verdict_of(const struct scene_ssh *s)
{
	return text_of(part(result(s), "host", "verdict"));
}

/* Did the command's output come, with what only the server knows? */
static bool code_came(const struct scene_ssh *s)
{
	for (size_t i = 0; i < json_array_size(s->sshview.events); i++) {
		const json_t *ev = json_array_get(s->sshview.events, i);
		if (strcmp(text_of(json_object_get(ev, "kind")), "recv") == 0 &&
		    strstr(text_of(json_object_get(ev, "label")), s->code))
			return true;
	}
	return false;
}

static int in_host(struct scene_ssh *s, const char *host, const char *script, const char *arg)
{
	const char *const argv[] = {"exec", host, "--", "sh", "-c", script, "sh", arg, NULL};

	return demo_glasslab(s->d, argv);
}

/* What a program printed, without its newline; false when it failed. */
static bool text_from(struct scene_ssh *s, const char *host, const char *const argv[], char *out, size_t cap)
{
	struct demo_process p;
	bool ok = demo_run(s->d, &p, host, DEMO_TEXT, argv, NULL) == EXIT_YES && p.buf;

	snprintf(out, cap, "%s", ok ? p.buf : "");
	out[strcspn(out, "\n")] = '\0';
	demo_process_release(&p);
	return ok;
}

/* --- mallory --- */

static bool start_middle(struct scene_ssh *s)
{
	static const char *const argv[] = {"mallory", "ssh", NULL};

	demo_process_release(&s->middle);
	ev_decision(&s->d->trace, "command", NULL, "$ glasslab exec mallory -- mallory ssh");
	bool ok = demo_start(s->d, &s->middle, "mallory", DEMO_SILENT, argv, NULL) &&
	          demo_follow(s->d, &s->middle, "decision", "ready");
	if (!ok)
		demo_expect(s->d, "mallory-attacks", false, "is the attack under way?", "mallory did not start");
	return ok;
}

/* Ends mallory's part and retells its deeds; what it has of the last conversation. */
static const json_t *end_middle(struct scene_ssh *s)
{
	demo_stop(s->d, &s->middle);
	for (size_t i = 0; i < json_array_size(s->middle.events); i++) {
		const json_t *ev = json_array_get(s->middle.events, i);
		const char *table = text_of(json_object_get(ev, "table")), *id = text_of(json_object_get(ev, "id"));
		bool deed = strcmp(table, "loot") == 0 || strcmp(id, "taken") == 0 || strcmp(id, "refused") == 0 ||
		            strncmp(id, "signature", 9) == 0 || strcmp(id, "password-works") == 0;
		char *line = deed ? json_dumps(ev, JSON_COMPACT) : NULL;
		if (line)
			(void)!trace_replay(&s->d->trace, line, strlen(line));
		free(line);
	}
	const json_t *all = json_object_get(s->middle.result, "conversations");
	return json_array_get(all, json_array_size(all) - 1);
}

static bool yes(const json_t *o, const char *key)
{
	return json_is_true(json_object_get(o, key));
}

static bool go_to_the_airport(struct scene_ssh *s)
{
	static const char *const wifi[] = {"mallory", "freewifi", "--tls", "self-signed", NULL};
	static const char *const move[] = {"move", "laptop", "airport", NULL};

	ev_decision(&s->d->trace, "command", NULL, "$ glasslab exec mallory -- mallory freewifi --tls self-signed");
	bool ok = demo_start(s->d, &s->wifi, "mallory", DEMO_SILENT, wifi, NULL) &&
	          demo_follow(s->d, &s->wifi, "decision", "ready");
	ev_decision(&s->d->trace, "command", NULL, "$ glasslab move laptop airport");
	ok = ok && demo_glasslab(s->d, move) == 0 && demo_follow(s->d, &s->wifi, "state", "lease");
	demo_expect(s->d, "on-the-way", ok, "does the way to the server lead through mallory?",
	    ok ? "the laptop's lease is mallory's" : "no lease");
	return ok;
}

/* --- acts --- */

static void act_home(struct scene_ssh *s)
{
	demo_act(s->d, "home");
	login(s, NAME, KNOWN, "accept-new", "--identity", KEY);
	bool capture = look_at_packets(s, "First contact and login, at home") > 0;
	demo_expect(s->d, "right-key",
	    s->print[0] && strcmp(text_of(part(result(s), "host", "fingerprint")), s->print) == 0,
	    "is what she learned the server's own key?", "learned: %s; on the server: %s",
	    text_of(part(result(s), "host", "fingerprint")), s->print);
	demo_expect(s->d, "no-password",
	    s->status == EXIT_YES && strcmp(text_of(part(result(s), "user", "method")), "publickey") == 0,
	    "was she let in by her signature?", "method: %s; sshview's exit status is %d",
	    text_of(part(result(s), "user", "method")), s->status);
	demo_expect(s->d, "output", code_came(s), "did the command run on the server?", "what it printed came: %s",
	    code_came(s) ? s->code : "no");
	demo_expect(s->d, "not-in-packets", capture && s->with_code == 0, "is what it printed in no packet?",
	    "it is in %zu of %zu packets on all links", s->with_code, s->packets);
}

static void act_changed(struct scene_ssh *s)
{
	demo_act(s->d, "changed");
	if (!go_to_the_airport(s) || !start_middle(s))
		return;
	login(s, NAME, KNOWN, "accept-new", "--identity", KEY);
	const json_t *talk = end_middle(s);
	look_at_packets(s, "Another key: refused");
	s->changed_refused = s->status == EXIT_NO && strcmp(end_of(s), "host-changed") == 0;
	demo_expect(s->d, "refused", s->changed_refused, "did sshview refuse, because the key is another one?",
	    "exit status %d (%s), known_hosts line %lld", s->status, end_of(s),
	    (long long)json_integer_value(part(result(s), "host", "line")));
	demo_expect(s->d, "nothing-lost",
	    talk && !yes(talk, "trusted") && !*text_of(json_object_get(talk, "user")) && !yes(talk, "signature"),
	    "has mallory not even the user's name?", "mallory has: client %s, user \"%s\"",
	    text_of(json_object_get(talk, "client")), text_of(json_object_get(talk, "user")));
}

static void act_first(struct scene_ssh *s)
{
	demo_act(s->d, "first");
	if (!start_middle(s))
		return;
	login(s, NAME, EMPTY, "accept-new", "--identity", KEY);
	const json_t *talk = end_middle(s);
	s->first_trusted = yes(talk, "trusted") && json_is_true(part(result(s), "host", "written"));
	demo_expect(s->d, "trusted-wrongly",
	    s->first_trusted && strcmp(text_of(part(result(s), "host", "fingerprint")), s->print) != 0,
	    "was mallory's key trusted and written down?", "written: %s; the server's own is %s",
	    text_of(part(result(s), "host", "fingerprint")), s->print);
	demo_expect(s->d, "command-heard",
	    strstr(text_of(json_array_get(json_object_get(talk, "heard"), 0)), NOTE) != NULL,
	    "has mallory the command?", "mallory heard %s",
	    text_of(json_array_get(json_object_get(talk, "heard"), 0)));
	demo_expect(s->d, "signature-useless", yes(talk, "signature") && yes(talk, "signature_refused"),
	    "was the signature refused by the true server?", "signed for mallory: %s; the server refused it: %s",
	    yes(talk, "signature") ? "yes" : "no", yes(talk, "signature_refused") ? "yes" : "no");
	demo_expect(s->d, "nothing-ran", !code_came(s), "did nothing run on the true server?",
	    "of the server's text %s came", code_came(s) ? "all" : "nothing");
}

static void act_password(struct scene_ssh *s)
{
	static const char *const cat[] = {"cat", PASSWORD, NULL};
	char password[64];

	demo_act(s->d, "password");
	if (!text_from(s, "laptop", cat, password, sizeof(password)) || !start_middle(s))
		return;
	login(s, NAME, OTHER, "accept-new", "--password-file", PASSWORD);
	const json_t *talk = end_middle(s);
	look_at_packets(s, "A password, passed on");
	demo_expect(s->d, "has-password",
	    *password && strcmp(text_of(json_object_get(talk, "password")), password) == 0,
	    "has mallory the password?", "mallory has %s", text_of(json_object_get(talk, "password")));
	demo_expect(s->d, "is-alice", yes(talk, "password_works"),
	    "is mallory logged in to the true server as alice?",
	    yes(talk, "password_works") ? "the server let it in" : "no");
	demo_expect(s->d, "nobody-notices", s->status == EXIT_YES && code_came(s), "does all look well to Alice?",
	    "exit status %d, and the server's text came: %s", s->status, code_came(s) ? "yes" : "no");
	demo_expect(s->d, "not-on-the-wire", s->packets > 0 && s->with_code == 0,
	    "was it encrypted on every link, and still read?", "the text is in %zu of %zu packets", s->with_code,
	    s->packets);
	sodium_memzero(password, sizeof(password));
}

static void act_certificate(struct scene_ssh *s)
{
	demo_act(s->d, "certificate");
	if (!start_middle(s))
		return;
	login(s, SHELL, TRUSTED, "yes", "--identity", KEY);
	const json_t *talk = end_middle(s);
	demo_expect(s->d, "uncertified-refused",
	    s->status == EXIT_NO && strcmp(end_of(s), "host-unknown") == 0 && talk && !yes(talk, "trusted"),
	    "is mallory refused, which no authority vouches for?", "exit status %d (%s), verdict: %s", s->status,
	    end_of(s), verdict_of(s));
	login(s, SHELL, TRUSTED, "yes", "--identity", KEY);
	demo_expect(s->d, "certified", strcmp(verdict_of(s), "certified") == 0 && s->status == EXIT_YES,
	    "is shell.example recognised at first contact?", "verdict: %s; exit status %d", verdict_of(s), s->status);
}

static const char *did(bool refused)
{
	return refused ? "refused" : "TRUSTED";
}

static void act_tls(struct scene_ssh *s)
{
	static const char *const argv[] = {"tlsview", "connect", "bank.example:443", "-4", NULL};
	struct demo_process tls;

	demo_act(s->d, "tls");
	int status = demo_run(s->d, &tls, "laptop", DEMO_RESULTS, argv, NULL);
	s->tls_refused = status == EXIT_NO;
	demo_process_release(&tls);
	ev_decision(&s->d->trace, "table", NULL, "QUESTION                   TLS                       SSH");
	ev_decision(
	    &s->d->trace, "table", NULL, "who vouches for the key?   an authority              memory (known_hosts)");
	ev_decision(&s->d->trace, "table", NULL, "mallory, first contact     %-25s %s", did(s->tls_refused),
	    did(!s->first_trusted));
	ev_decision(&s->d->trace, "table", NULL, "mallory, known host        %-25s %s", did(s->tls_refused),
	    did(s->changed_refused));
	ev_decision(&s->d->trace, "table", NULL,
	    "who am I?                  a password in a form      a signature, or a password");
	demo_expect(s->d, "tls-first-contact", s->tls_refused, "does TLS refuse mallory at first contact?",
	    "tlsview's exit status is %d", status);
	demo_expect(s->d, "ssh-first-contact", s->first_trusted, "and does SSH with an empty known_hosts trust it?",
	    s->first_trusted ? "it did, in act 3" : "it did not");
	demo_expect(s->d, "ssh-known", s->changed_refused, "does SSH refuse it where it knows the host?",
	    s->changed_refused ? "it did, in act 2" : "it did not");
}

/* --- the whole --- */

/* A key for Alice, its public half on both servers, the authority's line on the laptop, and a text on the servers. */
static bool prepare(struct scene_ssh *s)
{
	static const char *const make[] = {"sshview", "keygen", KEY, "--comment", "alice", "-q", NULL};
	static const char *const line[] = {"sshview", "authorize", KEY, "-q", NULL};
	static const char *const authority[] = {"cat", "/run/glassnet/conf/ssh-ca.pub", NULL};
	static const char *const print[] = {
	    "ssh-keygen", "-l", "-f", "/run/glassnet/conf/ssh_host_ed25519_key", NULL};
	char text[1024], known[1200];
	uint8_t random[6];

	randombytes_buf(random, sizeof(random));
	sodium_bin2hex(s->code, sizeof(s->code), random, sizeof(random));
	if (in_host(s, "laptop", "rm -rf " FOLDER " && mkdir -m 700 " FOLDER, "") != 0 ||
	    !text_from(s, "laptop", make, text, sizeof(text)) || !text_from(s, "laptop", line, text, sizeof(text)))
		return false;
	for (int i = 0; i < 2; i++)
		if (in_host(s, i ? "shell" : SERVER,
		        "cd /run/glassnet/conf && cp -p authorized_keys authorized_keys.before && printf '%s "
		        "scene\\n' \"$1\" "
		        ">>authorized_keys",
		        text) != 0 ||
		    in_host(s, i ? "shell" : SERVER, "printf '%s\\n' \"$1\" >" NOTE, s->code) != 0)
			return false;
	if (!text_from(s, "shell", authority, text, sizeof(text)))
		return false;
	snprintf(known, sizeof(known), "@cert-authority shell.example %s", text);
	if (in_host(s, "laptop", "printf '%s\\n' \"$1\" >" TRUSTED, known) != 0 ||
	    !text_from(s, SERVER, print, text, sizeof(text)))
		return false;
	snprintf(s->print, sizeof(s->print), "%.*s",
	    (int)strcspn(strchr(text, ' ') ? strchr(text, ' ') + 1 : "", " "),
	    strchr(text, ' ') ? strchr(text, ' ') + 1 : "");
	return true;
}

static void play(struct demo *d)
{
	static void (*const acts[])(struct scene_ssh *) = {
	    act_home, act_changed, act_first, act_password, act_certificate, act_tls};
	struct scene_ssh s = {.d = d};

	s.sshview = s.wifi = s.middle = (struct demo_process){.pid = -1, .out = -1};
	bool ready = sodium_init() >= 0 && prepare(&s);
	demo_expect(d, "prepared", ready, "has Alice a key, and the server her public half?",
	    ready ? "made by sshview keygen; its line is in authorized_keys of both servers" : "no");
	for (size_t i = 0; ready && i < sizeof(acts) / sizeof(acts[0]) && goes_on(&s); i++)
		acts[i](&s);
	demo_stop(d, &s.middle);
	demo_stop(d, &s.wifi);
	demo_process_release(&s.sshview);
	demo_process_release(&s.middle);
	demo_process_release(&s.wifi);
}

static void clean(struct demo *d)
{
	struct scene_ssh s = {.d = d};
	static const char *const home[] = {"move", "laptop", "home", NULL};

	demo_glasslab(d, home);
	in_host(&s, "laptop", "rm -rf " FOLDER, "");
	for (int i = 0; i < 2; i++)
		in_host(&s, i ? "shell" : SERVER,
		    "rm -f " NOTE
		    "; cd /run/glassnet/conf && test -e authorized_keys.before && mv -f authorized_keys.before "
		    "authorized_keys",
		    "");
}

const struct scene scene_ssh = {.name = "ssh",
    .summary = "a login without a password; mallory's host key refused and trusted; host certificates; TLS beside it",
    .play = play,
    .clean = clean};
