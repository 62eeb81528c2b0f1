/* glasslab: the lab runner. Options only; each verb is in a file of its own. */
#include "verbs.h"

#define LAB_OPTION                                                                                                   \
	{                                                                                                            \
		.name = "lab", .arg = "NAME", .help = "the lab called NAME ($GLASSNET_LAB, else \"glassnet\")"       \
	}
#define DATA_OPTION                                                                                                  \
	{                                                                                                            \
		.name = "data", .arg = "DIR", .help = "read topology.conf and hosts/ from DIR"                       \
	}
#define QUIET_OPTION                                                                                                 \
	{                                                                                                            \
		.name = "quiet", .letter = 'q', .help = "say nothing but what is wrong"                              \
	}

static const struct cli_option global_options[] = {LAB_OPTION, DATA_OPTION, CLI_END};
static const struct cli_option up_options[] = {LAB_OPTION, DATA_OPTION,
    {.name = "seed", .arg = "TEXT", .help = "draw passwords, account numbers and TTLs from TEXT, not by chance"},
    {.name = "timeout", .arg = "SECONDS", .help = "give up when not every server answers after SECONDS"},
    QUIET_OPTION, CLI_END};
static const struct cli_option lab_options[] = {LAB_OPTION, CLI_END};
static const struct cli_option status_options[] = {LAB_OPTION, QUIET_OPTION, CLI_END};
static const struct cli_option move_options[] = {LAB_OPTION,
    {.name = "wait", .arg = "SECONDS", .help = "wait at most SECONDS for an address in the new network (3)"},
    QUIET_OPTION, CLI_END};
static const struct cli_option map_options[] = {LAB_OPTION, DATA_OPTION,
    {.name = "verbose", .letter = 'v', .help = "IPv6 addresses, too, however narrow the terminal is"}, CLI_END};
static const struct cli_option doctor_options[] = {DATA_OPTION, CLI_END};
static const struct cli_option exec_options[] = {LAB_OPTION, CLI_END};
static const struct cli_option serve_options[] = {LAB_OPTION, DATA_OPTION,
    {.name = "listen", .arg = "ADDR:PORT", .help = "serve the page there (127.0.0.1:8080); port 0: any that is free"},
    CLI_END};
static const struct cli_option demo_options[] = {LAB_OPTION, DATA_OPTION,
    {.name = "pcap", .arg = "FILE", .help = "write every packet of the lab to FILE (pcapng, a comment on each)"},
    {.name = "cell", .arg = "ID", .help = "freewifi: play one cell of the matrix alone, in full detail"},
    {.name = "story", .help = "freewifi: only the story, without the matrix"},
    {.name = "matrix", .help = "freewifi: only the matrix of attacks and protections"},
    {.name = "list", .help = "freewifi: name the cells of the matrix, and end"}, CLI_TRACE_OPTIONS, CLI_END};

static const struct cli_option check_options[] = {LAB_OPTION, DATA_OPTION, CLI_TRACE_OPTIONS, CLI_END};
static const struct cli_option sheet_options[] = {
    LAB_OPTION, DATA_OPTION, {.name = "json", .help = "print a JSON object a line"}, CLI_END};
#define CLASS_KEY_OPTION                                                                                             \
	{                                                                                                            \
		.name = "class-key", .arg = "FILE", .help = "a secret of the instructor's that goes into the digest" \
	}
#define OUTPUT_OPTION                                                                                                \
	{                                                                                                            \
		.name = "output", .letter = 'o', .arg = "FILE", .help = "write to FILE instead of standard output"   \
	}
static const struct cli_option bundle_options[] = {LAB_OPTION, DATA_OPTION, CLASS_KEY_OPTION, OUTPUT_OPTION, CLI_END};
static const struct cli_option grade_options[] = {DATA_OPTION, CLASS_KEY_OPTION,
    {.name = "roster",
        .arg = "FILE",
        .help = "the students' names, one a line: who is missing, who is not of the class"},
    {.name = "html", .arg = "FILE", .help = "write the table as a page, too"},
    {.name = "json", .help = "print a JSON object a bundle, not CSV"}, OUTPUT_OPTION, CLI_END};

static const struct cli_verb verbs[] = {
    {"up", "", 0, 0, "start the mini-Internet", up_options, verb_up, false, false},
    {"down", "", 0, 0, "stop it; nothing is left behind", lab_options, verb_down, false, false},
    {"status", "", 0, 0, "every host, its servers, and whether they answer", status_options, verb_status, false,
        false},
    {"exec", "HOST -- COMMAND [ARG...]", 2, -1, "run a program in a host", exec_options, verb_exec, true, false},
    {"shell", "HOST", 1, 1, "open a shell in a host", exec_options, verb_shell, false, false},
    {"move", "HOST NETWORK", 2, 2, "unplug a host and plug it in elsewhere: move laptop airport", move_options,
        verb_move, false, false},
    {"nat", "HOST [KIND]", 1, 2, "which kinds of NAT a router can be; or make it one: nat home-router full-cone",
        status_options, verb_nat, false, false},
    {"demo", "SCENE", 1, 1, "play a scene: lookup, nat, dh, freewifi, download, ssh", demo_options, verb_demo, false,
        false},
    {"serve", "", 0, 0, "the classroom: a page with the live map, the worksheets and the scenes", serve_options,
        verb_serve, false, false},
    {"start", "N", 1, 1, "open worksheet N: a copy to write in, and the lab's packets are kept", sheet_options,
        verb_start, false, false},
    {"check", "N", 1, 1, "how far worksheet N is: your answers, and what the wire shows", check_options, verb_check,
        false, false},
    {"hint", "N.M", 1, 1, "help with a step: a nudge, where to look, almost the answer", sheet_options, verb_hint,
        false, false},
    {"progress", "", 0, 0, "every worksheet, and the next open step", sheet_options, verb_progress, false, false},
    {"reset", "N", 1, 1, "begin worksheet N again", sheet_options, verb_reset, false, false},
    {"bundle", "", 0, 0, "answers and evidence in one file, for the instructor", bundle_options, verb_bundle, false,
        false},
    {"grade", "FILE...", 1, -1, "the table of many bundles; which were edited, or are another's", grade_options,
        verb_grade, false, false},
    {"map", "", 0, 0, "draw the network with its addresses", map_options, verb_map, false, false},
    {"facts", "", 0, 0, "everything there is to know about the running lab, as JSON", lab_options, verb_facts, false,
        false},
    {"doctor", "", 0, 0, "can this machine have a lab? What is missing, and what to do", doctor_options, verb_doctor,
        false, false},
    {0},
};

static const struct cli_tool tool = {
    .name = "glasslab",
    .summary = "a mini-Internet on this machine, without root",
    .verbs = verbs,
    .examples = "  glasslab up\n"
                "  glasslab shell laptop\n"
                "  glasslab exec laptop -- dig www.mse.isr.cmu.edu\n"
                "  glasslab nat home-router full-cone\n"
                "  glasslab demo lookup\n"
                "  glasslab demo freewifi\n"
                "  glasslab down\n",
    .notes = "The lab lives in namespaces of its own: nothing in it reaches this machine's\n"
             "network or the Internet, and when its first process ends, everything in it ends.\n",
    .global = global_options,
};

int main(int argc, char **argv)
{
	return cli_main(&tool, argc, argv);
}
