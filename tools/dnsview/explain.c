/* The sentences that teach, each told once. */
#include "narrative.h"

static const char *const lessons[LESSON_COUNT] = {
    [LESSON_ROOT] =
        "All names hang below one root. Its servers know nothing but who is in charge of the top-level "
        "domains (edu, com, ...); their own addresses have to be known in advance: these are the root hints.",
    [LESSON_RD] =
        "The question goes out with \"recursion desired\" off: the server shall say what it knows itself, "
        "and "
        "not look further for us. Following the trail is our work here; your computer usually leaves it to a "
        "resolver.",
    [LESSON_GUESS] =
        "The query's number, the port that it leaves from and the case of its letters are drawn at random; "
        "an answer must bring all of them back. Whoever forges answers without seeing the question has to "
        "guess.",
    [LESSON_REFERRAL] =
        "A referral is no answer. The server says: this is not my zone, but I know who is closer to it. "
        "The list is in the authority section, and each step leads further down the tree.",
    [LESSON_GLUE] =
        "Glue: the address of a name server, sent along with the referral to it. Where the server's name "
        "lies in the very zone that it serves, nobody could find it otherwise. Glue is only used to reach "
        "servers, never given as an answer.",
    [LESSON_TTL] = "TTL (time to live): the seconds for which anybody may keep this and repeat it. A change "
                   "by the owner "
                   "is seen everywhere only when they are over.",
    [LESSON_AUTHORITY] =
        "The answer is authoritative (flag AA): it comes from a server of the zone that holds the name, "
        "not from somebody's memory.",
    [LESSON_ALIAS] = "A CNAME record says: this name is an alias, look for the other one instead. The search starts "
                     "again with the new name, from the closest zone that is known by now.",
    [LESSON_NXDOMAIN] =
        "\"No such name\" (NXDOMAIN) is an answer, too, and is kept like one: for as long as the zone's "
        "SOA record says. There is nothing below such a name, either.",
    [LESSON_NODATA] =
        "\"No data\": the name exists, but has no record of this type. The code is NOERROR with an empty "
        "answer, which is not the same as NXDOMAIN: other types may be there.",
    [LESSON_TRUNCATED] =
        "An answer that is too long for one UDP packet is cut, and the flag TC says so. What did come is "
        "not used; the same question is asked over TCP, which has room for 65,535 octets.",
    [LESSON_LAME] =
        "A lame delegation: the parent zone names a server that knows nothing of the zone. It happens when "
        "one side is changed and the other forgotten.",
    [LESSON_SILENT] =
        "UDP promises nothing: a question or its answer may be lost on the way, and nobody tells. All that "
        "one can do is to wait, to ask another server, and then to ask again.",
    [LESSON_UNREACHABLE] =
        "This time somebody did tell: a router, or the machine itself, sent an ICMP message back. That "
        "is why zones have several name servers, and the next one is asked at once.",
    [LESSON_GLUELESS] =
        "This zone is served by a machine whose name lies elsewhere, and the referral may not vouch for "
        "names elsewhere. So that name must be resolved first, from the root if need be.",
    [LESSON_CACHE] =
        "No packet was sent: what was learnt before is still within its TTL. This is why most lookups in "
        "the world never reach the root.",
    [LESSON_CACHE_PARTLY] = "The search starts as far down the tree as the cache reaches, not at the root.",
    [LESSON_GHOST] =
        "What a zone says about its own name servers is kept as an answer, but does not prolong what its "
        "parent said: otherwise a zone that was taken away could live on in caches for ever (\"ghost "
        "domain\").",
    [LESSON_MINIMISE] =
        "Name minimisation: each server is shown one label more than it takes to find the next zone. Without it, the "
        "root and every server on the way would learn the whole name, and who listens there, too.",
};

void teach(struct narrator *n, enum lesson lesson)
{
	if (n->told & 1u << lesson)
		return;
	n->told |= 1u << lesson;
	ev_explain(n->trace, "%s", lessons[lesson]);
}
