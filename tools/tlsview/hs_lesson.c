/* TLS handshake messages: what each is for, and what a listener sees of it. */
#include "hs.h"

static const struct row {
	uint8_t type;
	const char *lesson, *lesson12; /* lesson12: where TLS 1.2 differs */
} rows[] = {
    {TLS_CLIENT_HELLO,
        "The client opens. It says what it can do, and sends its half of a key agreement (the key share). "
        "Nothing is encrypted yet: a listener reads all of it, also the name of the server (the SNI).",
        NULL},
    {TLS_SERVER_HELLO,
        "The server chooses, and sends its half of the key agreement. Both sides can now compute the same "
        "secret from the two halves; a listener who saw both halves cannot. What they say to each other "
        "after this is encrypted.",
        "The server chooses the version and the ciphers. Nothing is encrypted yet; in TLS 1.2 the "
        "certificate comes in the clear, too: a listener reads it."},
    {TLS_ENCRYPTED_EXTENSIONS,
        "What else the server has to say about the offer. This is the first encrypted message: a listener "
        "sees its length and no more. But encrypted to whom? That is not shown yet.",
        NULL},
    {TLS_CERTIFICATE_REQUEST,
        "The server asks the client to prove who it is, too. We have no certificate and say so.", NULL},
    {TLS_CERTIFICATE,
        "The server says who it is: its certificate, and those of the authorities that vouch for it. A "
        "certificate is public, anyone can copy one: it proves nothing before its checks and the proof of "
        "the key.",
        NULL},
    {TLS_CERTIFICATE_VERIFY,
        "The proof: a signature over all messages so far, made with the private key that belongs to the "
        "certificate. Whoever only copied the certificate cannot make it.",
        NULL},
    {TLS_SERVER_KEY_EXCHANGE,
        "The server's half of the key agreement, signed with the private key of its certificate: that is TLS "
        "1.2's proof that it holds the key.",
        NULL},
    {TLS_SERVER_HELLO_DONE, "The server has said all that it wants to say first.", NULL},
    {TLS_CLIENT_KEY_EXCHANGE, "The client's half of the key agreement. Now both can compute the same secret.", NULL},
    {TLS_FINISHED,
        "A checksum with a key over the whole handshake. Had anyone altered one octet of it on the way, also "
        "of the part in the clear, the two ends would disagree here.",
        NULL},
    {TLS_NEW_SESSION_TICKET, "A ticket to come back with: the next connection can skip the certificate.", NULL},
    {TLS_KEY_UPDATE, "The sender changes its key.", NULL},
    {TLS_CERTIFICATE_STATUS, "A fresh statement by the CA that the certificate has not been revoked (OCSP).", NULL},
    {TLS_HELLO_REQUEST, "The server asks for a new handshake.", NULL},
};

static const struct row *row_of(uint8_t type)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].type == type)
			return &rows[i];
	return NULL;
}

const char *hs_lesson(const struct hs_context *ctx, const uint8_t *msg, size_t len)
{
	const struct row *row = len >= 4 ? row_of(msg[0]) : NULL;
	struct tls_hello h;
	size_t at;

	if (!row)
		return NULL;
	if (row->type == TLS_SERVER_HELLO && hs_hello_parse(&h, msg, len, &at) == ERR_OK) {
		if (h.retry)
			return "The server cannot use the key share that came. It asks the client to begin "
			       "again with another one; this costs a round trip.";
		return h.best == TLS1_3 ? row->lesson : row->lesson12;
	}
	return row->lesson12 && ctx->version && ctx->version < TLS1_3 ? row->lesson12 : row->lesson;
}
