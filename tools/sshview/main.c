/* sshview: the options. */
#include "verbs.h"

#define OFFER_OPTIONS                                                                                                \
	{.name = "kex", .arg = "LIST", .help = "the key exchanges to offer, best first"},                            \
	    {.name = "ciphers", .arg = "LIST", .help = "the ciphers to offer, best first"},                          \
	    {.name = "host-key-algorithms", .arg = "LIST", .help = "the host key algorithms to offer"},              \
	    {.name = "no-strict-kex", .help = "do not offer strict key exchange, to see what is then missing"},      \
	    {.name = "ipv4", .letter = '4', .help = "use IPv4 only"},                                                \
	    {.name = "ipv6", .letter = '6', .help = "use IPv6 only"},                                                \
	{                                                                                                            \
		.name = "port", .letter = 'p', .arg = "PORT", .help = "the port where none is given (default 22)"    \
	}

static const struct cli_option connect_options[] = {
    {.name = "identity",
        .letter = 'i',
        .arg = "KEY",
        .many = true,
        .help = "log in with this key (default: what the agent holds, then ~/.ssh/id_ed25519, id_ecdsa, id_rsa)"},
    {.name = "login", .letter = 'l', .arg = "USER", .help = "log in as USER (default: who you are here)"},
    {.name = "known-hosts",
        .arg = "FILE",
        .many = true,
        .help = "who is who; the first is written to (default: ~/.ssh/known_hosts, /etc/ssh/ssh_known_hosts)"},
    {.name = "strict",
        .arg = "HOW",
        .choices = "yes|accept-new|ask|no",
        .help = "an unknown host: refuse, trust, ask (the default); no: go on even with a changed key"},
    {.name = "hash", .help = "write new names hashed into known_hosts"},
    {.name = "password-file",
        .arg = "FILE",
        .help = "where a password is wanted, send the first line of FILE (default: asked for on the terminal)"},
    {.name = "no-input", .letter = 'n', .help = "the command gets no input"}, OFFER_OPTIONS,
    {.name = "rekey", .arg = "SIZE", .help = "exchange keys anew after SIZE octets, as 64K (default 1G)"},
    {.name = "keylog",
        .arg = "FILE",
        .help = "append what Wireshark needs to decrypt a capture to FILE (with aes128/256-gcm)"},
    {.name = "connect", .arg = "ADDR[:PORT]", .help = "go to this address, whatever DNS says"},
    {.name = "timeout", .arg = "SECONDS", .help = "give up on a silent server after SECONDS (default 10)"},
    CLI_TRACE_OPTIONS, CLI_END};

static const struct cli_option known_options[] = {
    {.name = "file", .letter = 'f', .arg = "FILE", .help = "the known_hosts file (default: ~/.ssh/known_hosts)"},
    {.name = "hash", .help = "add: write the name hashed"},
    {.name = "revoked", .help = "add: this key must never be trusted for HOST (a pattern)"},
    {.name = "cert-authority", .help = "add: this key vouches for HOST (a pattern)"}, CLI_TRACE_OPTIONS, CLI_END};

static const struct cli_option scan_options[] = {OFFER_OPTIONS,
    {.name = "timeout", .arg = "SECONDS", .help = "give up on a silent server after SECONDS (default 10)"},
    CLI_TRACE_OPTIONS, CLI_END};

static const struct cli_option fingerprint_options[] = {CLI_TRACE_OPTIONS, CLI_END};

static const struct cli_option keygen_options[] = {
    {.name = "file", .letter = 'f', .arg = "FILE", .help = "where the key goes (default: ~/.ssh/id_ed25519)"},
    {.name = "comment", .letter = 'C', .arg = "TEXT", .help = "what the key is called (default: USER@HOST)"},
    CLI_TRACE_OPTIONS, CLI_END};

static const struct cli_option authorize_options[] = {
    {.name = "file",
        .letter = 'f',
        .arg = "FILE",
        .help = "add the line to this authorized_keys, if it is not in it (default: only print it)"},
    CLI_TRACE_OPTIONS, CLI_END};

static const struct cli_verb verbs[] = {
    {.name = "connect",
        .args = "[USER@]HOST[:PORT] [COMMAND]",
        .min_args = 1,
        .max_args = -1,
        .summary = "log in and run a command, each message told; with -q its output alone",
        .options = connect_options,
        .run = verb_connect,
        .rest = 2},
    {.name = "known-hosts",
        .args = "list | find HOST | add HOST FILE | add HOST TYPE KEY | remove HOST | hash",
        .min_args = 1,
        .max_args = 4,
        .summary = "who is on file; hashed names and markers, too",
        .options = known_options,
        .run = verb_known_hosts},
    {.name = "scan",
        .args = "HOST...",
        .min_args = 1,
        .max_args = -1,
        .summary = "a server's host keys and algorithms, one connection a key type",
        .options = scan_options,
        .run = verb_scan},
    {.name = "fingerprint",
        .args = "FILE...",
        .min_args = 1,
        .max_args = -1,
        .summary = "keys in files: SHA-256, and as a picture",
        .options = fingerprint_options,
        .run = verb_fingerprint},
    {.name = "keygen",
        .args = "[FILE]",
        .max_args = 1,
        .summary = "make an Ed25519 key: FILE (0600) and FILE.pub",
        .options = keygen_options,
        .run = verb_keygen},
    {.name = "authorize",
        .args = "[KEY]",
        .max_args = 1,
        .summary = "the line for authorized_keys, and which file answers which question",
        .options = authorize_options,
        .run = verb_authorize},
    {0}};

static const struct cli_tool tool = {.name = "sshview",
    .summary = "an SSH login with every step in the open",
    .verbs = verbs,
    .examples = "  sshview connect alice@server.example uptime\n"
                "  sshview connect server.example:2222 -i ~/.ssh/id_ed25519 --strict accept-new 'ls -l'\n"
                "  sshview connect -q server.example 'cat notes' | wc -l\n"
                "  sshview known-hosts find server.example --json\n"
                "  sshview scan server.example server.example:2222\n"
                "  sshview fingerprint ~/.ssh/id_ed25519.pub\n"
                "  sshview keygen alice.key && sshview authorize alice.key",
    .notes =
        "Exit status of connect: the command's own where it ran; else 0 logged in, 1 refused (host key, login),\n"
        "2 usage, 3 network or timeout, 4 what came is not SSH, or a file is malformed, 5 a file cannot be used."};

int main(int argc, char **argv)
{
	return cli_main(&tool, argc, argv);
}
