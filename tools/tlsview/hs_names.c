/* The numbers of TLS and their names, as IANA keeps them (the "TLS Parameters" registries); those that one
 * meets. */
#include <stddef.h>

#include "hs.h"

struct name {
	uint16_t value;
	const char *name, *meaning;
};

static const struct name *find(const struct name *table, size_t n, uint16_t v)
{
	for (size_t i = 0; i < n; i++)
		if (table[i].value == v)
			return &table[i];
	return NULL;
}
#define FIND(table, v) find(table, sizeof(table) / sizeof(table[0]), v)

static const char *name_of(const struct name *n, const char **meaning)
{
	if (meaning)
		*meaning = n ? n->meaning : NULL;
	return n ? n->name : NULL;
}

bool tls_is_grease(uint16_t v)
{
	return (v & 0x0f0f) == 0x0a0a && v >> 8 == (v & 0xff);
}

const char *tls_version_name(uint16_t v)
{
	static const struct name table[] = {{0x0300, "SSL 3.0", NULL}, {0x0301, "TLS 1.0", NULL},
	    {0x0302, "TLS 1.1", NULL}, {TLS1_2, "TLS 1.2", NULL}, {TLS1_3, "TLS 1.3", NULL}};

	return name_of(FIND(table, v), NULL);
}

/* The suites that OpenSSL 3.0 offers, the anonymous ones, and two signals that look like suites. */
const char *tls_cipher_name(uint16_t v)
{
	static const struct name table[] = {
	    {0x00ff, "TLS_EMPTY_RENEGOTIATION_INFO_SCSV", NULL},
	    {0x5600, "TLS_FALLBACK_SCSV", NULL},
	    {0x1301, "TLS_AES_128_GCM_SHA256", NULL},
	    {0x1302, "TLS_AES_256_GCM_SHA384", NULL},
	    {0x1303, "TLS_CHACHA20_POLY1305_SHA256", NULL},
	    {0x009e, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", NULL},
	    {0x009f, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384", NULL},
	    {0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA", NULL},
	    {0x0034, "TLS_DH_anon_WITH_AES_128_CBC_SHA", NULL},
	    {0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA", NULL},
	    {0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256", NULL},
	    {0x003d, "TLS_RSA_WITH_AES_256_CBC_SHA256", NULL},
	    {0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256", NULL},
	    {0x006b, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256", NULL},
	    {0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", NULL},
	    {0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA", NULL},
	    {0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256", NULL},
	    {0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384", NULL},
	    {0x00a6, "TLS_DH_anon_WITH_AES_128_GCM_SHA256", NULL},
	    {0x00a7, "TLS_DH_anon_WITH_AES_256_GCM_SHA384", NULL},
	    {0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", NULL},
	    {0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", NULL},
	    {0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", NULL},
	    {0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", NULL},
	    {0xc018, "TLS_ECDH_anon_WITH_AES_128_CBC_SHA", NULL},
	    {0xc019, "TLS_ECDH_anon_WITH_AES_256_CBC_SHA", NULL},
	    {0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", NULL},
	    {0xc024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384", NULL},
	    {0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", NULL},
	    {0xc028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384", NULL},
	    {0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", NULL},
	    {0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", NULL},
	    {0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", NULL},
	    {0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", NULL},
	    {0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", NULL},
	    {0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", NULL},
	    {0xccaa, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256", NULL},
	};

	return name_of(FIND(table, v), NULL);
}

const char *tls_group_name(uint16_t v)
{
	static const struct name table[] = {{23, "secp256r1", NULL}, {24, "secp384r1", NULL},
	    {25, "secp521r1", NULL}, {29, "x25519", NULL}, {30, "x448", NULL}, {256, "ffdhe2048", NULL},
	    {257, "ffdhe3072", NULL}, {258, "ffdhe4096", NULL}, {259, "ffdhe6144", NULL},
	    {260, "ffdhe8192", NULL}, {0x11ec, "X25519MLKEM768", NULL}};

	return name_of(FIND(table, v), NULL);
}

const char *tls_scheme_name(uint16_t v)
{
	static const struct name table[] = {{0x0201, "rsa_pkcs1_sha1", NULL}, {0x0203, "ecdsa_sha1", NULL},
	    {0x0301, "rsa_pkcs1_sha224", NULL}, {0x0303, "ecdsa_sha224", NULL}, {0x0302, "dsa_sha224", NULL},
	    {0x0401, "rsa_pkcs1_sha256", NULL}, {0x0402, "dsa_sha256", NULL},
	    {0x0403, "ecdsa_secp256r1_sha256", NULL}, {0x0501, "rsa_pkcs1_sha384", NULL},
	    {0x0502, "dsa_sha384", NULL}, {0x0503, "ecdsa_secp384r1_sha384", NULL},
	    {0x0601, "rsa_pkcs1_sha512", NULL}, {0x0602, "dsa_sha512", NULL},
	    {0x0603, "ecdsa_secp521r1_sha512", NULL}, {0x0804, "rsa_pss_rsae_sha256", NULL},
	    {0x0805, "rsa_pss_rsae_sha384", NULL}, {0x0806, "rsa_pss_rsae_sha512", NULL},
	    {0x0807, "ed25519", NULL}, {0x0808, "ed448", NULL}, {0x0809, "rsa_pss_pss_sha256", NULL},
	    {0x080a, "rsa_pss_pss_sha384", NULL}, {0x080b, "rsa_pss_pss_sha512", NULL}};

	return name_of(FIND(table, v), NULL);
}

const char *tls_extension_name(uint16_t v, const char **meaning)
{
	static const struct name table[] = {
	    {0, "server_name",
	        "the name that is wanted, since many names may live at one address; in the clear"},
	    {1, "max_fragment_length", "smaller records, for small machines"},
	    {5, "status_request",
	        "asks for a fresh statement that the certificate has not been revoked (OCSP)"},
	    {10, "supported_groups", "the curves and fields in which a key can be agreed on"},
	    {11, "ec_point_formats", "how points on curves are written; a leftover of TLS 1.2"},
	    {13, "signature_algorithms", "the signatures that are accepted as proof"},
	    {16, "application_layer_protocol_negotiation", "which protocol will be spoken inside (ALPN)"},
	    {18, "signed_certificate_timestamp", "proof that the certificate stands in a public log"},
	    {21, "padding", "fills the message up"},
	    {22, "encrypt_then_mac", "TLS 1.2: a safer order for old ciphers"},
	    {23, "extended_master_secret", "TLS 1.2: ties the keys to this very handshake"},
	    {27, "compress_certificate", "certificates may come compressed"},
	    {35, "session_ticket", "TLS 1.2: a ticket to resume a session with"},
	    {41, "pre_shared_key", "resumes an earlier session"},
	    {42, "early_data", "data before the handshake is done"},
	    {43, "supported_versions",
	        "the versions that are really meant; the field at the front says 1.2 for old boxes"},
	    {44, "cookie", "shows that the address is not forged"},
	    {45, "psk_key_exchange_modes", "how a resumed session may be keyed"},
	    {47, "certificate_authorities", "the CAs that are accepted"},
	    {49, "post_handshake_auth", "the client may be asked for a certificate later"},
	    {50, "signature_algorithms_cert", "the signatures that are accepted in certificates"},
	    {51, "key_share",
	        "a public key for the key agreement: one half of the secret that only both ends can make"},
	    {57, "quic_transport_parameters", "QUIC's own settings"},
	    {0xff01, "renegotiation_info", "TLS 1.2: guards against an old attack on renegotiation"},
	};

	if (tls_is_grease(v)) {
		if (meaning)
			*meaning =
			    "means nothing, on purpose: servers shall learn to skip what they do not know";
		return "GREASE";
	}
	return name_of(FIND(table, v), meaning);
}

const char *tls_alert_name(uint8_t v, const char **meaning)
{
	static const struct name table[] = {
	    {0, "close_notify", "the sender is done: nothing more will come, and nobody cut the line"},
	    {10, "unexpected_message", "a message came that has no place there"},
	    {20, "bad_record_mac", "a record was altered on the way, or the keys differ"},
	    {22, "record_overflow", "a record was longer than allowed"},
	    {40, "handshake_failure", "there is nothing that both sides can do"},
	    {42, "bad_certificate", "the certificate is damaged, or not for this name"},
	    {43, "unsupported_certificate", "the certificate is of a kind that may not be used for this"},
	    {44, "certificate_revoked", "the certificate has been taken back"},
	    {45, "certificate_expired", "the certificate is not valid today"},
	    {46, "certificate_unknown", "the certificate is not acceptable, for another reason"},
	    {47, "illegal_parameter", "a field has a value that it must not have"},
	    {48, "unknown_ca", "nobody whom the receiver trusts vouches for the certificate"},
	    {49, "access_denied", "the certificate is fine, but its holder may not come in"},
	    {50, "decode_error", "a message cannot be taken apart"},
	    {51, "decrypt_error", "a signature or a Finished message does not fit: the proof failed"},
	    {70, "protocol_version", "the versions of TLS do not meet"},
	    {71, "insufficient_security", "what the peer can do is too weak"},
	    {80, "internal_error", "something broke that has nothing to do with the peer"},
	    {86, "inappropriate_fallback", "an older version was tried although a newer one would do"},
	    {90, "user_canceled", "someone stopped it"},
	    {100, "no_renegotiation", "no second handshake here"},
	    {109, "missing_extension", "an extension is missing that must be there"},
	    {110, "unsupported_extension", "an extension came that nobody asked for"},
	    {112, "unrecognized_name", "the server does not know that name"},
	    {113, "bad_certificate_status_response", "the statement about revocation is no good"},
	    {115, "unknown_psk_identity", "the session to resume is not known"},
	    {116, "certificate_required", "the server wants a certificate from the client"},
	    {120, "no_application_protocol", "the server speaks none of the protocols that were offered"},
	};

	return name_of(FIND(table, v), meaning);
}

const char *hs_type_name(uint8_t type)
{
	static const struct name table[] = {{HS_HELLO_REQUEST, "HelloRequest", NULL},
	    {HS_CLIENT_HELLO, "ClientHello", NULL}, {HS_SERVER_HELLO, "ServerHello", NULL},
	    {HS_NEW_SESSION_TICKET, "NewSessionTicket", NULL}, {HS_END_OF_EARLY_DATA, "EndOfEarlyData", NULL},
	    {HS_ENCRYPTED_EXTENSIONS, "EncryptedExtensions", NULL}, {HS_CERTIFICATE, "Certificate", NULL},
	    {HS_SERVER_KEY_EXCHANGE, "ServerKeyExchange", NULL},
	    {HS_CERTIFICATE_REQUEST, "CertificateRequest", NULL},
	    {HS_SERVER_HELLO_DONE, "ServerHelloDone", NULL},
	    {HS_CERTIFICATE_VERIFY, "CertificateVerify", NULL},
	    {HS_CLIENT_KEY_EXCHANGE, "ClientKeyExchange", NULL}, {HS_FINISHED, "Finished", NULL},
	    {HS_CERTIFICATE_STATUS, "CertificateStatus", NULL}, {HS_KEY_UPDATE, "KeyUpdate", NULL}};

	return name_of(FIND(table, type), NULL);
}
