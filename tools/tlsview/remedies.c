/* The table behind tlsview diagnose. A row names the one who can really mend it; "click it away" is in none. */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "remedies.h"

#define OPERATOR  "the server's operator"
#define AUTHORITY "the certification authority"
#define YOU       "you"
#define NOBODY    "nobody from here: take it for an attack"

static const struct row {
	const char *id, *question; /* one of them */
	int depth;                 /* 0: the server's own certificate; 1: one above it; -1: any */
	struct remedy r;
} rows[] = {
    {"X509_V_ERR_CERT_HAS_EXPIRED", NULL, 0,
        {OPERATOR, "renew the certificate and reload the server; renew by machine (ACME) from now on. If many sites "
                   "look expired, "
                   "it is your own clock: set it"}},
    {"X509_V_ERR_CERT_HAS_EXPIRED", NULL, 1,
        {OPERATOR, "the certificate of an authority on the way is over: fetch the authority's present one and send "
                   "it in the chain. "
                   "Where it is your trusted root that is over, update this machine's roots"}},
    {"X509_V_ERR_CERT_NOT_YET_VALID", NULL, -1,
        {YOU, "look at your clock first: it is probably slow. If it is right, the server's operator installed the "
              "certificate too "
              "early, and it will do by itself on that day"}},
    {"X509_V_ERR_HOSTNAME_MISMATCH", NULL, -1,
        {OPERATOR,
            "get a certificate with this very name among its subject alternative names, or show the right one for "
            "the name "
            "that is asked for (SNI). You: is the name typed right? Then ask for a name that the certificate has"}},
    {"X509_V_ERR_IP_ADDRESS_MISMATCH", NULL, -1,
        {YOU, "ask for the server by its name: the certificate does not speak of this address"}},
    {"common-name-not-in-san", NULL, -1,
        {AUTHORITY, "issue it anew: the name in the subject must stand among the subject alternative names, too"}},
    {"san-missing", NULL, -1,
        {OPERATOR,
            "get a certificate with subject alternative names: the common name alone has not counted for years"}},
    {"X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT", NULL, -1,
        {OPERATOR, "get a certificate from an authority that clients trust. If it is your own server, give its "
                   "certificate to your "
                   "clients beforehand (--cafile, --pin). If it is neither, somebody may be in the middle"}},
    {"X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN", NULL, -1,
        {YOU, "its root is not trusted here. If you know the authority and got its root by a way you trust, add it "
              "(--cafile). If "
              "not, leave it: everybody can make a root"}},
    {"X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY", NULL, -1,
        {OPERATOR, "send the whole chain: the intermediate certificates belong behind the server's own (nginx: "
                   "ssl_certificate with "
                   "all of them, leaf first). If the chain is whole, its root is not trusted here: that is for you "
                   "to decide"}},
    {"X509_V_ERR_CERT_SIGNATURE_FAILURE", NULL, -1,
        {NOBODY, "a signature that does not fit is damage or forgery. The operator: install the certificate again, "
                 "with the chain "
                 "that was issued with it"}},
    {"X509_V_ERR_CERT_REVOKED", NULL, -1,
        {OPERATOR, "the authority took it back, perhaps because the key was stolen: make a new key and get a new "
                   "certificate"}},
    {"X509_V_ERR_INVALID_PURPOSE", NULL, -1,
        {AUTHORITY, "issue it anew for servers (extended key usage serverAuth); the operator: this is a certificate "
                    "for something "
                    "else, install the right one"}},
    {"X509_V_ERR_INVALID_CA", NULL, -1,
        {NOBODY, "somebody without the right to it signed a certificate. The operator: send the chain of the true "
                 "issuer"}},
    {"X509_V_ERR_PATH_LENGTH_EXCEEDED", NULL, -1,
        {AUTHORITY, "an authority issued authorities that it was not allowed to: the chain must be issued anew"}},
    {"X509_V_ERR_EE_KEY_TOO_SMALL", NULL, -1,
        {OPERATOR, "make a new key (EC P-256, or RSA of 2048 bits and more) and get a certificate for it"}},
    {"X509_V_ERR_CA_KEY_TOO_SMALL", NULL, -1,
        {AUTHORITY, "use a longer key; the operator: get a certificate from an authority that has one"}},
    {"X509_V_ERR_CA_MD_TOO_WEAK", NULL, -1,
        {AUTHORITY, "sign with SHA-256 or better: forgeries can be made for the hash in use; the operator: get the "
                    "certificate "
                    "issued anew"}},
    {"X509_V_ERR_PERMITTED_VIOLATION", NULL, -1,
        {AUTHORITY, "it issued for a name that it was not allowed to (name constraints); the operator: go to an "
                    "authority that may"}},
    {"X509_V_ERR_EXCLUDED_VIOLATION", NULL, -1,
        {AUTHORITY, "it issued for a name that it is barred from (name constraints); the operator: go to an "
                    "authority that may"}},
    {"no-certificate", NULL, -1,
        {OPERATOR, "turn anonymous cipher suites off and install a certificate; without one everybody can be in the "
                   "middle"}},
    {"pin-mismatch", NULL, -1,
        {YOU, "ask the operator, by another way, whether the key was changed on purpose: then take the new pin. If "
              "it was not, "
              "somebody is in the middle"}},
    {"downgraded", NULL, -1,
        {NOBODY, "somebody on the way makes both use an older version: try from another network"}},
    {"bad-record-mac", NULL, -1, {NOBODY, "something on the way altered the connection: try from another network"}},
    {"key-too-small", NULL, -1,
        {OPERATOR, "use a better group for the key agreement: X25519, P-256 or ffdhe2048 and up"}},
    {NULL, "order", -1,
        {OPERATOR, "put the chain in order: the server's own certificate first, behind each the one that signed it"}},
    {NULL, "certificate-verify", -1,
        {NOBODY, "it shows a certificate whose private key it does not have: a copy. The operator: do key and "
                 "certificate belong "
                 "together in the server's configuration?"}},
    {NULL, "finished", -1, {NOBODY, "somebody altered the handshake on the way: try from another network"}},
    {NULL, "version", -1,
        {OPERATOR,
            "turn TLS 1.2 or 1.3 on: older versions are broken (RFC 8996), and no client should go back to them"}},
    {NULL, "dates", -1, {AUTHORITY, "the dates in it cannot be read: have it issued anew"}},
    {NULL, "trusted-root", -1, {OPERATOR, "send a chain that leads to an authority which clients trust"}},
    {NULL, "name", -1, {OPERATOR, "get a certificate for this name"}},
    {NULL, "purpose", -1, {AUTHORITY, "issue it anew, for a server"}},
    {NULL, "ca", -1, {AUTHORITY, "a certificate in the chain is not fit to sign others: have the chain issued anew"}},
    {NULL, "key-ids", -1, {AUTHORITY, "its key identifiers are missing or do not fit together: have it issued anew"}},
    {NULL, "critical", -1,
        {AUTHORITY,
            "it holds a condition that is not understood, or one that is marked wrongly: have it issued anew"}},
    {NULL, "strength", -1, {OPERATOR, "make a new key and get a certificate for it, signed with SHA-256 or better"}},
    {NULL, "name-constraints", -1,
        {AUTHORITY, "the limits on names are not kept, or not well-formed: have the chain issued anew"}},
    {NULL, "policies", -1, {AUTHORITY, "the policies do not allow it: have it issued under the right policy"}},
    {NULL, "revocation", -1,
        {AUTHORITY, "publish a statement of revocation that can be verified; the operator: staple a fresh one"}},
    {NULL, "form", -1, {AUTHORITY, "it is not made as the standard says: have it issued anew"}},
    {NULL, "signature", -1, {NOBODY, "a signature in the chain cannot be verified"}},
};

struct remedy remedy_for_check(const char *id, const char *question, int depth)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		bool here = r->id ? strcmp(r->id, id) == 0 : strcmp(r->question, question) == 0;

		if (here && (r->depth < 0 || r->depth == (depth > 0)))
			return r->r;
	}
	return (struct remedy){OPERATOR, "look at the check that failed"};
}

struct remedy remedy_for_alert(uint8_t alert)
{
	switch (alert) {
	case 40: /* handshake_failure */
	case 71: /* insufficient_security */
		return (struct remedy){OPERATOR,
		    "there is no cipher suite or group that both have: turn on those of TLS 1.3, or ECDHE with "
		    "AES-GCM. You: did you limit them (--ciphers, --groups)?"};
	case 70: /* protocol_version */
		return (struct remedy){
		    OPERATOR, "turn on TLS 1.2 or 1.3. You: did you limit the versions (--min, --max)?"};
	case 112: /* unrecognized_name */
		return (struct remedy){YOU,
		    "this server is not for that name: is it typed right, and does it lead to the right address? "
		    "Else the operator: set the name up"};
	case 42: /* bad_certificate */
	case 43:
	case 46:
	case 48:  /* unknown_ca */
	case 116: /* certificate_required */
		return (struct remedy){
		    YOU, "the server wants to know who you are: give a certificate that it accepts (--client-cert)"};
	case 44:
	case 45:
		return (struct remedy){YOU, "your own certificate is over, or was taken back: get a new one"};
	case 120: /* no_application_protocol */
		return (struct remedy){
		    YOU, "the server speaks none of the protocols that were offered (--alpn): offer http/1.1"};
	case 80: /* internal_error */
		return (struct remedy){OPERATOR, "the server has a fault of its own: its log says which"};
	default:
		return (struct remedy){OPERATOR, "its log says why it ended the handshake"};
	}
}

struct remedy remedy_for_error(enum err e)
{
	switch (e) {
	case ERR_REFUSED:
		return (struct remedy){
		    OPERATOR, "nothing listens there: start the server, or open the port. You: is the port right?"};
	case ERR_UNREACHABLE:
		return (struct remedy){YOU,
		    "is the name typed right, and are you on the net? Else whoever keeps the name must set its "
		    "address up"};
	case ERR_TIMEOUT:
		return (struct remedy){OPERATOR,
		    "nobody answers: a firewall on the way swallows it, or the server hangs. You: try from another "
		    "network, or with a longer --timeout"};
	case ERR_FORMAT:
		return (struct remedy){YOU,
		    "this port does not speak TLS, or badly: is the port right (https has 443), or does it want "
		    "--starttls?"};
	case ERR_CLOSED:
		return (struct remedy){OPERATOR,
		    "the server hung up: its log says why. A box on the way may also have cut the connection"};
	default:
		return (struct remedy){YOU, "look at the message"};
	}
}
