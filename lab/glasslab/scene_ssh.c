/* The scene "ssh": a login at home, mallory's host key at the airport refused and trusted, what a signature and a
 * password are worth to mallory, and host certificates; in the end TLS beside it.
 *
 * Each act runs sshview as a learner would. What is checked is what the programs report and what the packets hold; the
 * text that the command prints is drawn anew for each scene. */
#include <sodium.h>
#include <string.h>

#include "scene_ssh.h"

#define KNOWN SSH_FOLDER "/known_hosts"
#define EMPTY SSH_FOLDER "/known_hosts.new"
#define OTHER SSH_FOLDER "/known_hosts.other"

struct scene_ssh {
	struct demo *d;
	struct ssh_cast cast;
	struct demo_process wifi;
	struct demo_search found; /* the code, in the packets of an act */
	/* for the table of act 6 */
	bool first_trusted, changed_refused, tls_refused;
};

static bool goes_on(const struct scene_ssh *s)
{
	return s->d->err == ERR_OK && !cli_interrupted();
}

/* --- packets --- */

static size_t look_at_packets(struct scene_ssh *s, const char *title)
{
	s->found = (struct demo_search){.text = s->cast.code, .port = SSH_PORT};
	return demo_search(s->d, title, &s->found);
}

/* --- mallory --- */

static bool start_middle(struct scene_ssh *s)
{
	bool ok = ssh_start_middle(&s->cast);

	if (!ok)
		demo_expect(s->d, "mallory-attacks", false, "is the attack under way?", "mallory did not start");
	return ok;
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
	ssh_login(&s->cast, SSH_NAME, KNOWN, "accept-new", "--identity", SSH_KEY);
	bool capture = look_at_packets(s, "First contact and login, at home") > 0;
	demo_expect(s->d, "right-key",
	    s->cast.print[0] && strcmp(ssh_said(&s->cast, "host", "fingerprint"), s->cast.print) == 0,
	    "is what she learned the server's own key?", "learned: %s; on the server: %s",
	    ssh_said(&s->cast, "host", "fingerprint"), s->cast.print);
	demo_expect(s->d, "no-password",
	    s->cast.status == EXIT_YES && strcmp(ssh_said(&s->cast, "user", "method"), "publickey") == 0,
	    "was she let in by her signature?", "method: %s; sshview's exit status is %d",
	    ssh_said(&s->cast, "user", "method"), s->cast.status);
	demo_expect(s->d, "output", ssh_note_came(&s->cast), "did the command run on the server?",
	    "what it printed came: %s", ssh_note_came(&s->cast) ? s->cast.code : "no");
	demo_expect(s->d, "not-in-packets", capture && s->found.with_text == 0, "is what it printed in no packet?",
	    "it is in %zu of %zu packets on all links", s->found.with_text, s->found.packets);
}

static void act_changed(struct scene_ssh *s)
{
	demo_act(s->d, "changed");
	if (!go_to_the_airport(s) || !start_middle(s))
		return;
	ssh_login(&s->cast, SSH_NAME, KNOWN, "accept-new", "--identity", SSH_KEY);
	const json_t *talk = ssh_end_middle(&s->cast);
	look_at_packets(s, "Another key: refused");
	s->changed_refused = s->cast.status == EXIT_NO && strcmp(ssh_end(&s->cast), "host-changed") == 0;
	demo_expect(s->d, "refused", s->changed_refused, "did sshview refuse, because the key is another one?",
	    "exit status %d (%s), known_hosts line %lld", s->cast.status, ssh_end(&s->cast),
	    (long long)json_integer_value(json_object_get(json_object_get(s->cast.sshview.result, "host"), "line")));
	demo_expect(s->d, "nothing-lost",
	    talk && !ssh_yes(talk, "trusted") && !*ssh_text(talk, "user") && !ssh_yes(talk, "signature"),
	    "has mallory not even the user's name?", "mallory has: client %s, user \"%s\"", ssh_text(talk, "client"),
	    ssh_text(talk, "user"));
}

static void act_first(struct scene_ssh *s)
{
	demo_act(s->d, "first");
	if (!start_middle(s))
		return;
	ssh_login(&s->cast, SSH_NAME, EMPTY, "accept-new", "--identity", SSH_KEY);
	const json_t *talk = ssh_end_middle(&s->cast);
	s->first_trusted =
	    ssh_yes(talk, "trusted") && ssh_yes(json_object_get(s->cast.sshview.result, "host"), "written");
	demo_expect(s->d, "trusted-wrongly",
	    s->first_trusted && strcmp(ssh_said(&s->cast, "host", "fingerprint"), s->cast.print) != 0,
	    "was mallory's key trusted and written down?", "written: %s; the server's own is %s",
	    ssh_said(&s->cast, "host", "fingerprint"), s->cast.print);
	demo_expect(s->d, "command-heard", strstr(ssh_heard(talk), SSH_NOTE) != NULL, "has mallory the command?",
	    "mallory heard %s", ssh_heard(talk));
	demo_expect(s->d, "signature-useless", ssh_yes(talk, "signature") && ssh_yes(talk, "signature_refused"),
	    "was the signature refused by the true server?", "signed for mallory: %s; the server refused it: %s",
	    ssh_yes(talk, "signature") ? "yes" : "no", ssh_yes(talk, "signature_refused") ? "yes" : "no");
	demo_expect(s->d, "nothing-ran", !ssh_note_came(&s->cast), "did nothing run on the true server?",
	    "of the server's text %s came", ssh_note_came(&s->cast) ? "all" : "nothing");
}

static void act_password(struct scene_ssh *s)
{
	static const char *const cat[] = {"cat", SSH_PASSWORD, NULL};
	char password[64];

	demo_act(s->d, "password");
	if (!ssh_text_from(&s->cast, "laptop", cat, password, sizeof(password)) || !start_middle(s))
		return;
	ssh_login(&s->cast, SSH_NAME, OTHER, "accept-new", "--password-file", SSH_PASSWORD);
	const json_t *talk = ssh_end_middle(&s->cast);
	look_at_packets(s, "A password, passed on");
	demo_expect(s->d, "has-password", *password && strcmp(ssh_text(talk, "password"), password) == 0,
	    "has mallory the password?", "mallory has %s", ssh_text(talk, "password"));
	demo_expect(s->d, "is-alice", ssh_yes(talk, "password_works"),
	    "is mallory logged in to the true server as alice?",
	    ssh_yes(talk, "password_works") ? "the server let it in" : "no");
	demo_expect(s->d, "nobody-notices", s->cast.status == EXIT_YES && ssh_note_came(&s->cast),
	    "does all look well to Alice?", "exit status %d, and the server's text came: %s", s->cast.status,
	    ssh_note_came(&s->cast) ? "yes" : "no");
	demo_expect(s->d, "not-on-the-wire", s->found.packets > 0 && s->found.with_text == 0,
	    "was it encrypted on every link, and still read?", "the text is in %zu of %zu packets",
	    s->found.with_text, s->found.packets);
	sodium_memzero(password, sizeof(password));
}

static void act_certificate(struct scene_ssh *s)
{
	demo_act(s->d, "certificate");
	if (!start_middle(s))
		return;
	ssh_login(&s->cast, SSH_SHELL, SSH_TRUSTED, "yes", "--identity", SSH_KEY);
	const json_t *talk = ssh_end_middle(&s->cast);
	demo_expect(s->d, "uncertified-refused",
	    s->cast.status == EXIT_NO && strcmp(ssh_end(&s->cast), "host-unknown") == 0 && talk &&
	        !ssh_yes(talk, "trusted"),
	    "is mallory refused, which no authority vouches for?", "exit status %d (%s), verdict: %s", s->cast.status,
	    ssh_end(&s->cast), ssh_said(&s->cast, "host", "verdict"));
	ssh_login(&s->cast, SSH_SHELL, SSH_TRUSTED, "yes", "--identity", SSH_KEY);
	demo_expect(s->d, "certified",
	    strcmp(ssh_said(&s->cast, "host", "verdict"), "certified") == 0 && s->cast.status == EXIT_YES,
	    "is shell.example recognised at first contact?", "verdict: %s; exit status %d",
	    ssh_said(&s->cast, "host", "verdict"), s->cast.status);
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

static void play(struct demo *d)
{
	static void (*const acts[])(struct scene_ssh *) = {
	    act_home, act_changed, act_first, act_password, act_certificate, act_tls};
	struct scene_ssh s = {.d = d, .wifi = {.pid = -1, .out = -1}};

	bool ready = ssh_cast_open(&s.cast, d);
	demo_expect(d, "prepared", ready, "has Alice a key, and the server her public half?",
	    ready ? "made by sshview keygen; its line is in authorized_keys of both servers" : "no");
	for (size_t i = 0; ready && i < sizeof(acts) / sizeof(acts[0]) && goes_on(&s); i++)
		acts[i](&s);
	ssh_cast_close(&s.cast);
	demo_stop(d, &s.wifi);
	demo_process_release(&s.wifi);
}

static void clean(struct demo *d)
{
	static const char *const home[] = {"move", "laptop", "home", NULL};

	demo_glasslab(d, home);
	ssh_cast_clean(d);
}

const struct scene scene_ssh = {.name = "ssh",
    .summary = "a login without a password; mallory's host key refused and trusted; host certificates; TLS beside it",
    .play = play,
    .clean = clean};
