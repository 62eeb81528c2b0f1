/* What the transport does, in words. */
#include <stdio.h>
#include <string.h>

#include "tell.h"

static const struct {
	uint8_t type;
	const char *name;
} names[] = {{SSHMSG_DISCONNECT, "DISCONNECT"}, {SSHMSG_IGNORE, "IGNORE"}, {SSHMSG_UNIMPLEMENTED, "UNIMPLEMENTED"},
    {SSHMSG_DEBUG, "DEBUG"}, {SSHMSG_SERVICE_REQUEST, "SERVICE_REQUEST"}, {SSHMSG_SERVICE_ACCEPT, "SERVICE_ACCEPT"},
    {SSHMSG_EXT_INFO, "EXT_INFO"}, {SSHMSG_KEXINIT, "KEXINIT"}, {SSHMSG_NEWKEYS, "NEWKEYS"},
    {SSHMSG_ECDH_INIT, "KEX_ECDH_INIT"}, {SSHMSG_ECDH_REPLY, "KEX_ECDH_REPLY"},
    {SSHMSG_USERAUTH_REQUEST, "USERAUTH_REQUEST"}, {SSHMSG_USERAUTH_FAILURE, "USERAUTH_FAILURE"},
    {SSHMSG_USERAUTH_SUCCESS, "USERAUTH_SUCCESS"}, {SSHMSG_USERAUTH_BANNER, "USERAUTH_BANNER"},
    {SSHMSG_USERAUTH_PK_OK, "USERAUTH_PK_OK"}, {SSHMSG_USERAUTH_INFO_RESPONSE, "USERAUTH_INFO_RESPONSE"},
    {SSHMSG_GLOBAL_REQUEST, "GLOBAL_REQUEST"}, {SSHMSG_REQUEST_SUCCESS, "REQUEST_SUCCESS"},
    {SSHMSG_REQUEST_FAILURE, "REQUEST_FAILURE"}, {SSHMSG_CHANNEL_OPEN, "CHANNEL_OPEN"},
    {SSHMSG_CHANNEL_OPEN_CONFIRMATION, "CHANNEL_OPEN_CONFIRMATION"},
    {SSHMSG_CHANNEL_OPEN_FAILURE, "CHANNEL_OPEN_FAILURE"}, {SSHMSG_CHANNEL_WINDOW_ADJUST, "CHANNEL_WINDOW_ADJUST"},
    {SSHMSG_CHANNEL_DATA, "CHANNEL_DATA"}, {SSHMSG_CHANNEL_EXTENDED_DATA, "CHANNEL_EXTENDED_DATA"},
    {SSHMSG_CHANNEL_EOF, "CHANNEL_EOF"}, {SSHMSG_CHANNEL_CLOSE, "CHANNEL_CLOSE"},
    {SSHMSG_CHANNEL_REQUEST, "CHANNEL_REQUEST"}, {SSHMSG_CHANNEL_SUCCESS, "CHANNEL_SUCCESS"},
    {SSHMSG_CHANNEL_FAILURE, "CHANNEL_FAILURE"}};

const char *sshmsg_name(uint8_t type)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].type == type)
			return names[i].name;
	return "a message of a type that is not known here";
}

static const char *const lessons[] = {
    [LESSON_VERSION] =
        "Each side says in one line which version of SSH it speaks and which software it is. Both lines are in the "
        "clear, and both go into the exchange hash: nobody can change them unnoticed.",
    [LESSON_KEXINIT] =
        "Each side lists what it can do, best first (KEXINIT). The rule that chooses is the same for both: the first "
        "name in the client's list that is in the server's list, too. A listener reads the lists; whoever changes "
        "them changes the exchange hash.",
    [LESSON_ECDH] =
        "Each side makes a key pair for this connection alone and sends the public half (Curve25519, RFC 7748). Both "
        "compute the same secret from their own private and the other's public half; a listener has the two public "
        "halves and can't. When the connection is over the private halves are wiped: what was recorded stays closed "
        "even if the host key is stolen later (forward secrecy).",
    [LESSON_HASH] =
        "The exchange hash is a fingerprint of all that was said so far and of the shared secret. The first one is "
        "also the session's name (session id) for as long as the connection lasts.",
    [LESSON_SIGNATURE] =
        "The server signs the exchange hash with its host key. That proves two things: it holds that key, and it is "
        "the one with whom we share the secret. A man in the middle shares another secret with each side, so the "
        "hash is another one, and a signature that he passes on does not fit. It does not prove whose key this is. "
        "That is the next question.",
    [LESSON_STRICT] =
        "Strict key exchange is the answer to the Terrapin attack of 2023: somebody on the way slipped in a packet "
        "before the encryption began and took one away after it, and the count of packets still came out. Strict "
        "means: nothing but the exchange's own messages until NEWKEYS, and then the count starts at zero again.",
    [LESSON_NEWKEYS] =
        "From the shared secret and the exchange hash each direction gets a key of its own. NEWKEYS is the last "
        "message under the old ones; what follows is encrypted and carries a tag that nobody else can make.",
    [LESSON_REKEY] = "Keys are exchanged anew from time to time, so that no key protects too much. It is the same "
                     "exchange, now encrypted, with a new secret; the session id stays the first one.",
};

void sshtell_lesson(struct sshtr *tr, enum sshlesson which)
{
	if (tr->taught & 1u << which)
		return;
	tr->taught |= 1u << which;
	ev_explain(tr->o.trace, "%s", lessons[which]);
}

static void tell(struct sshtr *tr, bool out, const void *bytes, size_t len, bool clear, const char *label)
{
	struct event ev = {.kind = out ? EV_SEND : EV_RECV,
	    .u.msg = {.from = out ? tr->o.me : tr->o.peer,
	        .to = out ? tr->o.peer : tr->o.me,
	        .proto = "SSH",
	        .label = label,
	        .bytes = bytes,
	        .len = len,
	        .secrecy = clear ? SECRECY_CLEAR : SECRECY_ENCRYPTED,
	        .from_addr = out ? tr->o.here : tr->o.there,
	        .to_addr = out ? tr->o.there : tr->o.here}};

	emit(tr->o.trace, ev);
}

void sshtell_version(struct sshtr *tr, bool out, const char *line)
{
	char label[SSH_VERSION_MAX * 4 + 16], safe[SSH_VERSION_MAX * 4];

	if (!trace_on(tr->o.trace))
		return;
	snprintf(label, sizeof(label), "version %s", escape_text(safe, sizeof(safe), line, strlen(line)));
	tell(tr, out, line, strlen(line), true, label);
	sshtell_lesson(tr, LESSON_VERSION);
}

void sshtell_message(struct sshtr *tr, bool out, const uint8_t *payload, size_t len, bool secret, const char *label)
{
	const struct sshdir *d = out ? &tr->out : &tr->in;

	if (!trace_on(tr->o.trace) || !len)
		return;
	tell(tr, out, secret ? NULL : payload, len, d->cipher == SSHCIPHER_NONE,
	    label ? label : sshmsg_name(payload[0]));
	if (!secret)
		sshfields(tr->o.trace, payload, len);
}

/* --- the choice --- */

static const char *const choice_ids[SSHLISTS] = {"kex", "hostkey-alg", "cipher-out", "cipher-in"};

void sshtell_choice(struct sshtr *tr, const struct sshkexinit *ours, const struct sshkexinit *theirs)
{
	const char *chosen[4] = {tr->chosen.kex, tr->chosen.hostkey, tr->chosen.cipher_out, tr->chosen.cipher_in};
	const struct sshkexinit *client = tr->o.server ? theirs : ours;

	if (!trace_on(tr->o.trace))
		return;
	for (int i = 0; i < 4; i++) {
		size_t n = strlen(chosen[i]);
		bool first = client->list[i].len >= n && memcmp(client->list[i].p, chosen[i], n) == 0 &&
		             (client->list[i].len == n || client->list[i].p[n] == ',');
		ev_decision(tr->o.trace, choice_ids[i], "RFC 4253 7.1",
		    "%s: %s. It is %s, and the server has it, too.", sshlist_name((enum sshlist)i), chosen[i],
		    first ? "the client's first choice" : "the first of the client's list that the server has");
	}
	ev_explain(
	    tr->o.trace, "The MAC lists do not matter: these ciphers carry their own tag (AEAD). Compression: none.");
	if (tr->has_session)
		return;
	if (tr->strict) {
		ev_decision(tr->o.trace, "strict-kex", "OpenSSH PROTOCOL 1.10",
		    "strict key exchange: both sides offer it (kex-strict-c-v00@openssh.com, "
		    "kex-strict-s-v00@openssh.com)");
		sshtell_lesson(tr, LESSON_STRICT);
	} else {
		ev_decision(tr->o.trace, "no-strict-kex", "OpenSSH PROTOCOL 1.10",
		    "no strict key exchange: %s does not offer it",
		    tr->o.offer.strict ? tr->o.server ? "the client" : "the server" : "our side");
	}
}

void sshtell_no_choice(
    struct sshtr *tr, const struct sshkexinit *ours, const struct sshkexinit *theirs, enum sshlist w)
{
	char a[600], b[600];

	sshtr_fail(tr, ERR_NEGATIVE, "no-common-algorithm",
	    "the two sides have no %s in common: we offer %s; %s offers %s", sshlist_name(w),
	    escape_text(a, sizeof(a), ours->list[w].p, ours->list[w].len), tr->o.peer,
	    escape_text(b, sizeof(b), theirs->list[w].p, theirs->list[w].len));
}

/* --- the proof --- */

void sshtell_hash(struct sshtr *tr, const struct sshkex_input *in, size_t n)
{
	char hex[2 * SSH_HASH + 1], parts[400];
	size_t at = 0;

	if (!trace_on(tr->o.trace))
		return;
	for (size_t i = 0; i < n && at < sizeof(parts); i++)
		at += (size_t)snprintf(
		    parts + at, sizeof(parts) - at, "%s%s (%zu)", i ? ", " : "", in[i].name, in[i].len);
	ev_state(tr->o.trace, "session", "exchange hash H", NULL, hex_text(hex, sizeof(hex), tr->hash, SSH_HASH),
	    "SHA-256 over, with their octets: %s [RFC 8731 3]", parts);
	sshtell_lesson(tr, LESSON_HASH);
}

void sshtell_signature(struct sshtr *tr, bool good, const char *why)
{
	char print[SSHKEY_FINGERPRINT];

	sshkey_fingerprint(print, tr->host.plain, tr->host.plain_len);
	ev_check(tr->o.trace, "host-signature", good ? VERDICT_PASS : VERDICT_FAIL, "RFC 4253 8",
	    "did the holder of the host key sign this exchange?", "%s, %s by the %s key %s%s%s", tr->chosen.hostkey,
	    good ? "signed" : "not signed", sshkey_short_name(&tr->host), print, good ? "" : ": ", good ? "" : why);
	sshtell_lesson(tr, LESSON_SIGNATURE);
}

void sshtell_newkeys(struct sshtr *tr, bool out, enum sshcipher c)
{
	const char *from = out ? tr->o.me : tr->o.peer, *to = out ? tr->o.peer : tr->o.me;
	char key[160];

	if (!trace_on(tr->o.trace))
		return;
	snprintf(key, sizeof(key), "%s to %s", from, to);
	ev_state(tr->o.trace, "keys in use", key, tr->has_session && tr->rekeyed ? "the keys before" : NULL,
	    sshcipher_name(c), "%s%s",
	    tr->rekeyed ? "exchanged anew" : "from here on encrypted, with a tag on each packet",
	    tr->strict ? "; packets are counted from 0 again" : "");
	sshtell_lesson(tr, LESSON_NEWKEYS);
}
