/* certview: the verbs. */
#include <openssl/crypto.h>
#include <stddef.h>

#include "certview.h"

static const struct cli_verb verbs[] = {{.name = "show",
                                            .args = "FILE|HOST:PORT|-",
                                            .min_args = 1,
                                            .max_args = 1,
                                            .summary = "certificates as people need them, and which key signed which",
                                            .options = show_options,
                                            .run = verb_show},
    {.name = "verify",
        .args = "LEAF|HOST:PORT...",
        .min_args = 0,
        .max_args = -1,
        .summary = "search a path to something trusted, and check every rule on it",
        .options = verify_options,
        .run = verb_verify},
    {.name = "request",
        .args = "REQUEST",
        .min_args = 1,
        .max_args = 1,
        .summary = "make a key, and ask for a certificate for it",
        .options = request_options,
        .run = verb_request},
    {.name = "ca",
        .args = "init|issue|revoke|crl|ocsp DIR [REQUEST|CERT]",
        .min_args = 2,
        .max_args = 3,
        .summary = "be the certification authority, step by step",
        .options = ca_options,
        .run = verb_ca},
    {.name = "zoo",
        .args = "[DIR]",
        .max_args = 1,
        .summary = "certificates that are wrong in one way each, with the reason",
        .options = zoo_options,
        .run = verb_zoo},
    {0}};

static const struct cli_tool tool = {.name = "certview",
    .summary = "certificates: who is who, who vouches for whom, and whether that holds",
    .verbs = verbs,
    .examples = "  certview show bank.example:443\n"
                "  certview verify leaf.pem --roots root.pem --untrusted chain.pem --host bank.example\n"
                "  certview show --fields leaf.pem\n"
                "  certview ca init lab-ca\n"
                "  certview zoo zoo",
    .notes = "Exit status: 0 accepted, or done; 1 refused; 2 usage; 3 network or timeout; 4 malformed input;\n"
             "5 a file cannot be used, or an internal error."};

int main(int argc, char **argv)
{
	/* what openssl.cnf says is not for us: it could only change what is accepted, and reading it takes time */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	return cli_main(&tool, argc, argv);
}
