// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "app/bulkheadctl/commands.h"

#define BIT(option) (1u << (option))
#define COMMON      (BIT(OPTION_HELP) | BIT(OPTION_JSON))
#define ASKS                                                                   \
	(COMMON | BIT(OPTION_SOCKET) | BIT(OPTION_URL) | BIT(OPTION_CA_FILE) | \
	 BIT(OPTION_TOKEN_FILE))

const struct option options[] = {
	{"help", no_argument, NULL, OPTION_HELP},
	{"json", no_argument, NULL, OPTION_JSON},
	{"socket", required_argument, NULL, OPTION_SOCKET},
	{"state", required_argument, NULL, OPTION_STATE},
	{"patterns", required_argument, NULL, OPTION_PATTERNS},
	{"speed", required_argument, NULL, OPTION_SPEED},
	{"no-delay", no_argument, NULL, OPTION_NO_DELAY},
	{"live", no_argument, NULL, OPTION_LIVE},
	{"subject", required_argument, NULL, OPTION_SUBJECT},
	{"resource", required_argument, NULL, OPTION_RESOURCE},
	{"reason", required_argument, NULL, OPTION_REASON},
	{"before", required_argument, NULL, OPTION_BEFORE},
	{"limit", required_argument, NULL, OPTION_LIMIT},
	{"ttl", required_argument, NULL, OPTION_TTL},
	{"group", required_argument, NULL, OPTION_GROUP},
	{"head", required_argument, NULL, OPTION_HEAD},
	{"since", required_argument, NULL, OPTION_SINCE},
	{"url", required_argument, NULL, OPTION_URL},
	{"ca-file", required_argument, NULL, OPTION_CA_FILE},
	{"token-file", required_argument, NULL, OPTION_TOKEN_FILE},
	{"comment", required_argument, NULL, OPTION_COMMENT},
	{"for", required_argument, NULL, OPTION_FOR},
	{"dry-run", no_argument, NULL, OPTION_DRY_RUN},
	{"all", no_argument, NULL, OPTION_ALL},
	{"issuer", required_argument, NULL, OPTION_ISSUER},
	{"statement", required_argument, NULL, OPTION_STATEMENT},
	{"dialect", required_argument, NULL, OPTION_DIALECT},
	{0},
};

const struct command commands[] = {
	{"status", NULL, ASKS, ctl_status,
	 "version, policy, recorder, audit head and every worker's counters", ""},
	{"sessions list", NULL,
	 ASKS | BIT(OPTION_STATE) | BIT(OPTION_LIMIT) | BIT(OPTION_BEFORE) | BIT(OPTION_LIVE) |
		 BIT(OPTION_SUBJECT) | BIT(OPTION_RESOURCE),
	 ctl_sessions_list, "sessions, the newest first",
	 "  --limit N      at most so many, 1 to 1000; 50\n"
	 "  --before N     those before, as the line \"more\" says\n"
	 "  --live         only those that are open\n"
	 "  --subject S    only of this subject\n"
	 "  --resource R   only to this resource\n"
	 "  --state DIR    read the recordings in DIR; no gateway is asked\n"},
	{"sessions show", "ID", ASKS | BIT(OPTION_STATE), ctl_sessions_show,
	 "everything that is known of a session",
	 "  --state DIR    read the recordings in DIR; no gateway is asked\n"},
	{"sessions replay", "ID",
	 ASKS | BIT(OPTION_STATE) | BIT(OPTION_SPEED) | BIT(OPTION_NO_DELAY), ctl_sessions_replay,
	 "commands, verdicts and masked answers of a session, as they came",
	 "  --speed N      N times as fast; 1. Pauses longer than 5 seconds are cut\n"
	 "  --no-delay     all at once\n"
	 "  --state DIR    read the recordings in DIR; no gateway is asked\n"},
	{"sessions kill", "ID", ASKS | BIT(OPTION_REASON), ctl_sessions_kill, "end an open session",
	 "  --reason TEXT  why, for the audit log\n"},
	{"audit verify", NULL, ASKS | BIT(OPTION_STATE) | BIT(OPTION_HEAD), ctl_audit_verify,
	 "check the audit log, every link, and the recordings it names",
	 "  --state DIR    the gateway's state folder\n"
	 "  --head SEQ:HASH  a head that was kept elsewhere and must be in the log\n"},
	{"audit tail", NULL, ASKS | BIT(OPTION_LIMIT) | BIT(OPTION_BEFORE), ctl_audit_tail,
	 "the last lines of the audit log, newest first",
	 "  --limit N      at most so many, 1 to 1000; 100\n"
	 "  --before N     those before, as the line \"more\" says\n"},
	{"policy check", "FILE", COMMON, ctl_policy_check,
	 "read a configuration and tell every error in it, without a gateway", ""},
	{"policy explain", "FILE",
	 COMMON | BIT(OPTION_STATEMENT) | BIT(OPTION_DIALECT) | BIT(OPTION_RESOURCE) |
		 BIT(OPTION_ISSUER) | BIT(OPTION_SUBJECT) | BIT(OPTION_GROUP),
	 ctl_policy_explain,
	 "what a statement would do, what the configuration says to it, and why",
	 "  --statement S  the statement, more than once if need be; else standard input\n"
	 "  --dialect D    postgres, mysql, tsql or shell; postgres\n"
	 "  --resource R   where; needed where there are several\n"
	 "  --issuer I     whose token the subject has; the first of the configuration\n"
	 "  --subject S    who asks\n"
	 "  --group G      in this group; as often as needed\n"},
	{"policy simulate", "FILE", ASKS | BIT(OPTION_SINCE) | BIT(OPTION_LIMIT),
	 ctl_policy_simulate, "what another configuration would have done to recorded sessions",
	 "  --since TIME   to those of the last 90s, 30m, 24h...; 24h\n"
	 "  --limit N      show at most so many differences, 1 to 10000; 20\n"},
	{"policy", NULL, ASKS, ctl_policy, "version, file and sizes of the policy in force", ""},
	{"reload", NULL, ASKS, ctl_reload,
	 "read the configuration again and put its policy in force", ""},
	{"drain status", NULL, ASKS, ctl_drain_status, "how far a drain has come", ""},
	{"drain", NULL, ASKS, ctl_drain,
	 "fail the load balancer's probe, then end sessions politely, then firmly",
	 "Returns at once; `drain status` tells how far it has come, `undrain` takes it back. How long each\n"
	 "part takes: `drain_accept` and `drain` under `timeouts` in the configuration.\n"},
	{"undrain", NULL, ASKS, ctl_undrain, "serve again", ""},
	{"token", NULL, ASKS | BIT(OPTION_SUBJECT) | BIT(OPTION_GROUP) | BIT(OPTION_TTL), ctl_token,
	 "mint a token with the local issuer, where the configuration has one",
	 "  --subject S    for whom; required\n"
	 "  --group G      in this group; as often as needed\n"
	 "  --ttl TIME     how long it is valid: 90s, 30m, 1h; at most a day; 1h\n"},
	{"approvals list", NULL, ASKS | BIT(OPTION_LIMIT) | BIT(OPTION_BEFORE) | BIT(OPTION_ALL),
	 ctl_approvals_list, "what waits for a human",
	 "  --limit N      at most so many, 1 to 1000; 100\n"
	 "  --before N     those before, as the line \"more\" says\n"
	 "  --all          what is decided, too\n"},
	{"approvals show", "ID", ASKS, ctl_approvals_show,
	 "one of them: the command, its chain, the votes", ""},
	{"approvals approve", "ID", ASKS | BIT(OPTION_COMMENT), ctl_approvals_approve,
	 "say yes; needs a human's token", "  --comment TEXT for those who read it later\n"},
	{"approvals refuse", "ID", ASKS | BIT(OPTION_COMMENT), ctl_approvals_refuse,
	 "say no; needs a human's token", "  --comment TEXT for those who read it later\n"},
	{"access list", NULL, ASKS | BIT(OPTION_LIMIT) | BIT(OPTION_BEFORE) | BIT(OPTION_ALL),
	 ctl_access_list, "accesses that were asked for and wait",
	 "  --limit N      at most so many, 1 to 1000; 100\n"
	 "  --before N     those before, as the line \"more\" says\n"
	 "  --all          what is decided, too\n"},
	{"access request", "RESOURCE", ASKS | BIT(OPTION_FOR) | BIT(OPTION_REASON),
	 ctl_access_request, "ask for a grant for oneself; needs a token",
	 "  --for TIME     how long: 90s, 30m, 1h; at most what the rule gives, and else that\n"
	 "  --reason TEXT  why\n"},
	{"access grants", NULL, ASKS | BIT(OPTION_LIMIT) | BIT(OPTION_BEFORE) | BIT(OPTION_ALL),
	 ctl_access_grants, "grants in force",
	 "  --limit N      at most so many, 1 to 1000; 100\n"
	 "  --before N     those before, as the line \"more\" says\n"
	 "  --all          those that are over, too\n"},
	{"access revoke", "ID", ASKS | BIT(OPTION_REASON), ctl_access_revoke,
	 "end a grant, and the sessions by it", "  --reason TEXT  why\n"},
	{"revoke token", "TOKEN", ASKS | BIT(OPTION_REASON) | BIT(OPTION_FOR) | BIT(OPTION_DRY_RUN),
	 ctl_revoke_token, "the kill switch for one token and all below it",
	 "  --reason TEXT  why, for the list and the audit log\n"
	 "  --for TIME     it ends by itself: 90s, 30m, 1h, 2d\n"
	 "  --dry-run      only tell what it would end\n"},
	{"revoke subject", "ISSUER/KEY",
	 ASKS | BIT(OPTION_REASON) | BIT(OPTION_FOR) | BIT(OPTION_DRY_RUN), ctl_revoke_subject,
	 "for a subject, whatever its token, and all below it",
	 "  --reason TEXT  why, for the list and the audit log\n"
	 "  --for TIME     it ends by itself: 90s, 30m, 1h, 2d\n"
	 "  --dry-run      only tell what it would end\n"},
	{"revoke node", "NODE", ASKS | BIT(OPTION_REASON) | BIT(OPTION_FOR) | BIT(OPTION_DRY_RUN),
	 ctl_revoke_node, "for a node of a chain, as chains shows it, and all below",
	 "  --reason TEXT  why, for the list and the audit log\n"
	 "  --for TIME     it ends by itself: 90s, 30m, 1h, 2d\n"
	 "  --dry-run      only tell what it would end\n"},
	{"revoke resource", "NAME",
	 ASKS | BIT(OPTION_REASON) | BIT(OPTION_FOR) | BIT(OPTION_DRY_RUN), ctl_revoke_resource,
	 "for whoever is connected to a resource",
	 "  --reason TEXT  why, for the list and the audit log\n"
	 "  --for TIME     it ends by itself: 90s, 30m, 1h, 2d\n"
	 "  --dry-run      only tell what it would end\n"},
	{"revocations list", NULL, ASKS | BIT(OPTION_LIMIT) | BIT(OPTION_BEFORE) | BIT(OPTION_ALL),
	 ctl_revocations_list, "revocations in force",
	 "  --limit N      at most so many, 1 to 1000; 100\n"
	 "  --before N     those before, as the line \"more\" says\n"
	 "  --all          those that are over, too\n"},
	{"revocations lift", "ID", ASKS | BIT(OPTION_REASON), ctl_revocations_lift,
	 "take a revocation back", "  --reason TEXT  why\n"},
	{"chains", NULL, ASKS | BIT(OPTION_LIMIT) | BIT(OPTION_BEFORE) | BIT(OPTION_LIVE),
	 ctl_chains, "the tree of who started whom",
	 "  --limit N      at most so many, 1 to 1000; 100\n"
	 "  --before N     those before, as the line \"more\" says\n"
	 "  --live         only what has open sessions\n"},
	{"budgets", NULL, ASKS | BIT(OPTION_LIMIT) | BIT(OPTION_BEFORE), ctl_budgets,
	 "budgets and what is used of them",
	 "  --limit N      at most so many, 1 to 1000; 100\n"
	 "  --before N     those before, as the line \"more\" says\n"},
	{"notifications list", NULL,
	 ASKS | BIT(OPTION_LIMIT) | BIT(OPTION_BEFORE) | BIT(OPTION_ALL), ctl_notifications_list,
	 "notifications that were given up",
	 "  --limit N      at most so many, 1 to 1000; 100\n"
	 "  --before N     those before, as the line \"more\" says\n"
	 "  --all          those that are tried still, too\n"},
	{"notifications requeue", "ID", ASKS, ctl_notifications_requeue, "try one again", ""},
	{"whoami", NULL, ASKS, ctl_whoami, "who the gateway takes you for", ""},
	{"completion", "bash|zsh", BIT(OPTION_HELP), ctl_completion,
	 "a script for the shell: source <(bulkheadctl completion bash)", ""},
	{"patterns list", NULL, COMMON | BIT(OPTION_PATTERNS), ctl_patterns_list,
	 "the patterns and packs of the library",
	 "  --patterns DIR a folder of the library, more than once if need be; " BULKHEAD_PATTERNS
	 "\n"},
	{"patterns show", "NAME", COMMON | BIT(OPTION_PATTERNS), ctl_patterns_show,
	 "one pattern or pack with its examples",
	 "  --patterns DIR a folder of the library, more than once if need be; " BULKHEAD_PATTERNS
	 "\n"},
	{"patterns test", "FILE", COMMON | BIT(OPTION_PATTERNS), ctl_patterns_test,
	 "what the library finds in a file, or in standard input (-)",
	 "A FILE of a library, own.yaml with a line `kind: ...`, is not scanned: its examples are\n"
	 "run.\n"
	 "  --patterns DIR a folder of the library, more than once if need be; " BULKHEAD_PATTERNS
	 "\n"},
	{"patterns bench", "[NAME|FILE...]", COMMON | BIT(OPTION_PATTERNS), ctl_patterns_bench,
	 "what scanning costs on this machine with all entities, or with these",
	 "A NAME is a pattern, a list or a group; a FILE (own.yaml) is read beside the library.\n"
	 "  --patterns DIR a folder of the library, more than once if need be; " BULKHEAD_PATTERNS
	 "\n"},
	{"version", NULL, COMMON, ctl_version, "the version of this program", ""},
};
const size_t n_commands = sizeof(commands) / sizeof(commands[0]);
