/* certview: the verbs. */
#include <openssl/crypto.h>
#include <stddef.h>

#include "certview.h"

static const struct cli_verb verbs[] = {
    {.name = "verify",
        .args = "LEAF|HOST:PORT...",
        .min_args = 0,
        .max_args = -1,
        .summary = "search a path to something trusted, and check every rule on it",
        .options = verify_options,
        .run = verb_verify},
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
