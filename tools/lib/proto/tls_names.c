/* The names behind TLS's numbers, from IANA's registries "TLS parameters" and "TLS extensions". */
#include "glassnet/proto/tls.h"

struct name {
	uint16_t value;
	const char *name;
};

static const char *find(const struct name *names, size_t n, uint16_t value)
{
	for (size_t i = 0; i < n; i++)
		if (names[i].value == value)
			return names[i].name;
	return NULL;
}

#define FIND(table, value) find(table, sizeof(table) / sizeof((table)[0]), value)

bool tls_is_grease(uint16_t v)
{
	return (v & 0x0f0f) == 0x0a0a && v >> 8 == (v & 0xff);
}

const char *tls_version_name(uint16_t version)
{
	static const struct name names[] = {
	    {0x0300, "SSL 3.0"}, {0x0301, "TLS 1.0"}, {0x0302, "TLS 1.1"}, {0x0303, "TLS 1.2"}, {0x0304, "TLS 1.3"}};

	return FIND(names, version);
}

const char *tls_cipher_name(uint16_t cipher)
{
	static const struct name names[] = {
	    {0x1301, "TLS_AES_128_GCM_SHA256"},
	    {0x1302, "TLS_AES_256_GCM_SHA384"},
	    {0x1303, "TLS_CHACHA20_POLY1305_SHA256"},
	    {0x1304, "TLS_AES_128_CCM_SHA256"},
	    {0x1305, "TLS_AES_128_CCM_8_SHA256"},
	    {0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
	    {0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"},
	    {0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
	    {0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"},
	    {0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
	    {0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"},
	    {0xccaa, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
	    {0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256"},
	    {0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384"},
	    {0x009e, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"},
	    {0x009f, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"},
	    {0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"},
	    {0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"},
	    {0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"},
	    {0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"},
	    {0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"},
	    {0xc024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"},
	    {0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"},
	    {0xc028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"},
	    {0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA"},
	    {0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA"},
	    {0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256"},
	    {0x003d, "TLS_RSA_WITH_AES_256_CBC_SHA256"},
	    {0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"},
	    {0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA"},
	    {0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256"},
	    {0x006b, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256"},
	    {0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA"},
	    {0x0005, "TLS_RSA_WITH_RC4_128_SHA"},
	    {0x00ff, "TLS_EMPTY_RENEGOTIATION_INFO_SCSV"},
	    {0x5600, "TLS_FALLBACK_SCSV"},
	};

	return FIND(names, cipher);
}

const char *tls_group_name(uint16_t group)
{
	static const struct name names[] = {{23, "secp256r1"}, {24, "secp384r1"}, {25, "secp521r1"}, {29, "x25519"},
	    {30, "x448"}, {256, "ffdhe2048"}, {257, "ffdhe3072"}, {258, "ffdhe4096"}, {259, "ffdhe6144"},
	    {260, "ffdhe8192"}, {4587, "SecP256r1MLKEM768"}, {4588, "X25519MLKEM768"}};

	return FIND(names, group);
}

const char *tls_signature_name(uint16_t scheme)
{
	static const struct name names[] = {{0x0201, "rsa_pkcs1_sha1"}, {0x0203, "ecdsa_sha1"},
	    {0x0401, "rsa_pkcs1_sha256"}, {0x0501, "rsa_pkcs1_sha384"}, {0x0601, "rsa_pkcs1_sha512"},
	    {0x0403, "ecdsa_secp256r1_sha256"}, {0x0503, "ecdsa_secp384r1_sha384"},
	    {0x0603, "ecdsa_secp521r1_sha512"}, {0x0804, "rsa_pss_rsae_sha256"}, {0x0805, "rsa_pss_rsae_sha384"},
	    {0x0806, "rsa_pss_rsae_sha512"}, {0x0807, "ed25519"}, {0x0808, "ed448"}, {0x0809, "rsa_pss_pss_sha256"},
	    {0x080a, "rsa_pss_pss_sha384"}, {0x080b, "rsa_pss_pss_sha512"}};

	return FIND(names, scheme);
}

const char *tls_extension_name(uint16_t type)
{
	static const struct name names[] = {{TLS_EXT_SERVER_NAME, "server_name"}, {1, "max_fragment_length"},
	    {5, "status_request"}, {TLS_EXT_GROUPS, "supported_groups"}, {11, "ec_point_formats"},
	    {TLS_EXT_SIGNATURES, "signature_algorithms"}, {TLS_EXT_ALPN, "application_layer_protocol_negotiation"},
	    {18, "signed_certificate_timestamp"}, {21, "padding"}, {22, "encrypt_then_mac"},
	    {23, "extended_master_secret"}, {27, "compress_certificate"}, {28, "record_size_limit"},
	    {35, "session_ticket"}, {41, "pre_shared_key"}, {42, "early_data"},
	    {TLS_EXT_VERSIONS, "supported_versions"}, {44, "cookie"}, {45, "psk_key_exchange_modes"},
	    {47, "certificate_authorities"}, {49, "post_handshake_auth"}, {50, "signature_algorithms_cert"},
	    {TLS_EXT_KEY_SHARE, "key_share"}, {65037, "encrypted_client_hello"}, {65281, "renegotiation_info"}};

	return FIND(names, type);
}

const char *tls_handshake_name(uint8_t type)
{
	static const struct name names[] = {{TLS_HELLO_REQUEST, "HelloRequest"}, {TLS_CLIENT_HELLO, "ClientHello"},
	    {TLS_SERVER_HELLO, "ServerHello"}, {TLS_NEW_SESSION_TICKET, "NewSessionTicket"},
	    {TLS_END_OF_EARLY_DATA, "EndOfEarlyData"}, {TLS_ENCRYPTED_EXTENSIONS, "EncryptedExtensions"},
	    {TLS_KEY_UPDATE, "KeyUpdate"}, {TLS_CERTIFICATE, "Certificate"},
	    {TLS_SERVER_KEY_EXCHANGE, "ServerKeyExchange"}, {TLS_CERTIFICATE_REQUEST, "CertificateRequest"},
	    {TLS_SERVER_HELLO_DONE, "ServerHelloDone"}, {TLS_CERTIFICATE_VERIFY, "CertificateVerify"},
	    {TLS_CLIENT_KEY_EXCHANGE, "ClientKeyExchange"}, {TLS_FINISHED, "Finished"},
	    {TLS_CERTIFICATE_STATUS, "CertificateStatus"}};

	return FIND(names, type);
}

static const struct alert {
	uint8_t value;
	const char *name, *text;
} alerts[] = {
    {0, "close_notify", "the sender will send nothing more"},
    {10, "unexpected_message", "a message came that must not come here"},
    {20, "bad_record_mac", "a record was damaged or forged"},
    {22, "record_overflow", "a record was too long"},
    {40, "handshake_failure", "the two have no parameters in common"},
    {42, "bad_certificate", "the certificate is damaged or its signature is wrong"},
    {43, "unsupported_certificate", "the certificate is of a kind that is not accepted"},
    {44, "certificate_revoked", "the certificate was withdrawn by its issuer"},
    {45, "certificate_expired", "the certificate's time is over, or has not begun"},
    {46, "certificate_unknown", "the certificate is not accepted, for another reason"},
    {47, "illegal_parameter", "a field has a value that it must not have"},
    {48, "unknown_ca", "nobody whom the sender trusts vouches for the certificate"},
    {49, "access_denied", "the certificate is right, but its holder may not enter"},
    {50, "decode_error", "a message could not be read"},
    {51, "decrypt_error", "a signature or a Finished message is wrong"},
    {70, "protocol_version", "the two have no version in common"},
    {71, "insufficient_security", "what was offered is too weak"},
    {80, "internal_error", "the sender failed"},
    {86, "inappropriate_fallback", "the client came back with an older version than it needs"},
    {90, "user_canceled", "the user gave up"},
    {109, "missing_extension", "an extension that must be there is not"},
    {110, "unsupported_extension", "an extension was answered that was not offered"},
    {112, "unrecognized_name", "the server does not know the name that was asked for"},
    {113, "bad_certificate_status_response", "the proof that the certificate is not revoked is wrong"},
    {115, "unknown_psk_identity", "the shared key is not known"},
    {116, "certificate_required", "the client must show a certificate"},
    {120, "no_application_protocol", "the two have no application protocol in common"},
};

static const struct alert *find_alert(uint8_t description)
{
	for (size_t i = 0; i < sizeof(alerts) / sizeof(alerts[0]); i++)
		if (alerts[i].value == description)
			return &alerts[i];
	return NULL;
}

const char *tls_alert_name(uint8_t description)
{
	const struct alert *a = find_alert(description);

	return a ? a->name : NULL;
}

const char *tls_alert_text(uint8_t description)
{
	const struct alert *a = find_alert(description);

	return a ? a->text : NULL;
}
