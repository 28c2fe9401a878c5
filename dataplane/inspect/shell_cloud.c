// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The command lines of clouds, by the names of their operations.

#include "dataplane/inspect/shell.h"

enum {
	R = EFFECT_READ,
	W = EFFECT_WRITE,
	D = EFFECT_DDL,
	A = EFFECT_ADMIN,
	X = EFFECT_EXEC,
	S = EFFECT_SESSION,
};

struct verb {
	const char *start; // of the operation's name
	uint32_t kinds, flags;
};

// What operations of clouds do by how their names begin. The first that matches counts.
static const struct verb verbs[] = {
	{"describe", R, 0},
	{"list", R, 0},
	{"show", R, 0},
	{"head-", R, 0},
	{"get-secret-value", R, EFFECT_CREDENTIALS},
	{"get-session-token", A, EFFECT_CREDENTIALS | EFFECT_IDENTITY},
	{"get-federation-token", A, EFFECT_CREDENTIALS | EFFECT_IDENTITY},
	{"get-login", R, EFFECT_CREDENTIALS},
	{"get-authorization-token", R, EFFECT_CREDENTIALS},
	{"get-password-data", R, EFFECT_CREDENTIALS},
	{"get-credentials", A, EFFECT_CREDENTIALS | EFFECT_IDENTITY},
	{"get-access-token", R, EFFECT_CREDENTIALS},
	{"get-instance-access", R, EFFECT_CREDENTIALS},
	{"get-iam-policy", R, 0},
	{"get", R, 0},
	{"batch-get", R, 0},
	{"ls", R, 0},
	{"search", R, 0},
	{"lookup", R, 0},
	{"query", R, 0},
	{"scan", R, 0},
	{"select", R, 0},
	{"check", R, 0},
	{"exists", R, 0},
	{"validate", R, 0},
	{"estimate", R, 0},
	{"preview", R, 0},
	{"wait", R, 0},
	{"print-access-token", R, EFFECT_CREDENTIALS},
	{"print-identity-token", R, EFFECT_CREDENTIALS},
	{"print", R, 0},
	{"decode", R, 0},
	{"assume-role", A, EFFECT_IDENTITY | EFFECT_CREDENTIALS},
	{"login", A, EFFECT_IDENTITY | EFFECT_CREDENTIALS},
	{"logout", S, 0},
	{"ssh", X, EFFECT_NETWORK | EFFECT_PROGRAM},
	{"scp", R | W, EFFECT_NETWORK},
	{"start-session", X, EFFECT_PROGRAM},
	{"execute", X, EFFECT_PROGRAM},
	{"send-command", X, EFFECT_PROGRAM},
	{"run-command", X, EFFECT_PROGRAM},
	{"invoke", X, EFFECT_PROGRAM},
	{"delete", W, EFFECT_DESTROYS},
	{"batch-delete", W, EFFECT_DESTROYS},
	{"terminate", W, EFFECT_DESTROYS},
	{"remove-iam", A, EFFECT_GRANTS},
	{"remove", W, EFFECT_DESTROYS},
	{"rm", R | W, EFFECT_DESTROYS},
	{"rb", W, EFFECT_DESTROYS},
	{"purge", W, EFFECT_DESTROYS},
	{"destroy", W, EFFECT_DESTROYS},
	{"deregister", W, EFFECT_DESTROYS},
	{"empty", W, EFFECT_DESTROYS},
	{"schedule-key-deletion", W, EFFECT_DESTROYS},
	{"revoke", A, EFFECT_GRANTS},
	{"authorize", A, EFFECT_GRANTS},
	{"add-iam", A, EFFECT_GRANTS},
	{"set-iam", A, EFFECT_GRANTS},
	{"add-permission", A, EFFECT_GRANTS},
	{"put-bucket-policy", A, EFFECT_GRANTS},
	{"put-role", A, EFFECT_GRANTS},
	{"put-user", A, EFFECT_GRANTS},
	{"attach-role", A, EFFECT_GRANTS},
	{"attach-user", A, EFFECT_GRANTS},
	{"attach-group", A, EFFECT_GRANTS},
	{"create-access-key", A, EFFECT_GRANTS | EFFECT_CREDENTIALS},
	{"create-login", A, EFFECT_GRANTS},
	{"create", W, 0},
	{"put", W, 0},
	{"update", W, 0},
	{"modify", W, 0},
	{"set", W, 0},
	{"add", W, 0},
	{"start", W, 0},
	{"stop", W, 0},
	{"reboot", W, 0},
	{"restart", W, 0},
	{"reset", W, 0},
	{"restore", W, 0},
	{"copy", W, 0},
	{"cp", R | W, EFFECT_NETWORK},
	{"mv", R | W, EFFECT_NETWORK},
	{"sync", R | W, EFFECT_NETWORK},
	{"mb", W, 0},
	{"upload", W, EFFECT_NETWORK},
	{"download", R | W, EFFECT_NETWORK},
	{"import", W, 0},
	{"export", R, EFFECT_COPY_OUT},
	{"register", W, 0},
	{"enable", W, EFFECT_CONFIG},
	{"disable", W, EFFECT_CONFIG},
	{"tag", W, 0},
	{"untag", W, 0},
	{"attach", W, 0},
	{"detach", W, 0},
	{"associate", W, 0},
	{"disassociate", W, 0},
	{"run", W | X, EFFECT_PROGRAM},
	{"publish", W, 0},
	{"send", W, 0},
	{"subscribe", W, 0},
	{"deploy", W | X, 0},
	{"apply", W, 0},
	{"cancel", W, 0},
	{"resize", W, 0},
	{"scale", W, 0},
	{"move", W, 0},
	{"rotate", W, EFFECT_CREDENTIALS},
	{"regenerate", W, EFFECT_CREDENTIALS},
	{"generate", R, EFFECT_CREDENTIALS},
	{"configure", A, EFFECT_CONFIG},
};

static const struct verb *find(struct span word)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		size_t n = strlen(verbs[i].start);
		bool whole = n < 4 && verbs[i].start[n - 1] != '-';
		if (word.n >= n && memcmp(word.p, verbs[i].start, n) == 0 &&
		    (!whole || word.n == n || word.p[n] == '-'))
			return &verbs[i];
	}
	return NULL;
}

// Services and groups whose changes are rights.
static bool is_rights(struct span word)
{
	static const char *const names[] = {
		"iam",           "organizations",
		"sso-admin",     "identitystore",
		"role",          "ad",
		"policy",        "lock",
		"identity",      "entra",
		"org-policies",  "access-context-manager",
		"rolesanywhere", NULL,
	};
	for (const char *const *n = names; *n != NULL; n++)
		if (span_equal(word, span_str(*n)))
			return true;
	return false;
}

static bool is_secret(struct span word)
{
	static const char *const names[] = {"secretsmanager", "keyvault", "secrets", "kms", NULL};
	for (const char *const *n = names; *n != NULL; n++)
		if (span_equal(word, span_str(*n)))
			return true;
	return false;
}

static void found(const struct shell_call *c, const struct verb *verb, bool rights, bool secret)
{
	uint32_t changes = verb->kinds & ~(uint32_t)(EFFECT_READ | EFFECT_SESSION);
	shell_effects(c, verb->kinds, verb->flags);
	if (changes != 0 && rights)
		shell_effects(c, EFFECT_ADMIN, EFFECT_GRANTS);
	if (secret && (changes != 0 || !shell_has_word(c, "list")))
		shell_effects(c, 0, EFFECT_CREDENTIALS);
}

// The words that are no options and no values of those named; false: some word is not known.
static unsigned positional(
	const struct shell_call *c, const char *const *values, unsigned *at, unsigned max,
	bool *sure
)
{
	unsigned n = 0;
	*sure = !shell_is_open(c, 1);
	for (unsigned i = 1; i < c->n && n < max; i++) {
		const struct shell_word *w = &c->word[i];
		if (!shell_word_starts(w, "-")) {
			at[n++] = i;
			continue;
		}
		bool takes = false, known = memchr(w->text.p, '=', w->text.n) != NULL;
		for (const char *const *v = values; *v != NULL && !known; v++) {
			bool alone = **v == '!';
			known = shell_word_is(w, *v + alone);
			takes = known && !alone;
		}
		if (!known && n < 2)
			*sure = false;
		i += takes;
		if (!known && n >= 2)
			break; // what follows may be its value
	}
	return n;
}

static const char *const aws_values[] = {
	"--region",       "--profile",          "--output",           "--endpoint-url",
	"--query",        "--ca-bundle",        "--cli-read-timeout", "--cli-connect-timeout",
	"--color",        "!--debug",           "!--no-cli-pager",    "!--no-verify-ssl",
	"!--no-paginate", "!--no-sign-request", "!--recursive",       NULL,
};

void shell_aws(const struct shell_call *c)
{
	unsigned at[3];
	bool sure = false;
	unsigned n = positional(c, aws_values, at, 3, &sure);
	const struct verb *verb = n < 2 ? NULL : find(c->word[at[1]].text);
	if (n == 1 && shell_word_is(&c->word[at[0]], "help"))
		shell_effects(c, EFFECT_READ, 0);
	else if (verb == NULL && n > 0 && shell_word_is(&c->word[at[0]], "configure"))
		shell_effects(c, EFFECT_ADMIN, EFFECT_CONFIG | EFFECT_CREDENTIALS);
	else if (verb == NULL || !sure || !shell_is_literal(&c->word[at[1]]))
		shell_unknown(c, "an operation that is not known");
	if (verb == NULL)
		return;
	struct span service = c->word[at[0]].text;
	shell_name(c, "service", service, EFFECT_READ);
	found(c, verb, is_rights(service), is_secret(service));
	if (span_equal(service, SPAN_LIT("eks")) && (verb->kinds & EFFECT_WRITE) != 0)
		shell_effects(c, EFFECT_ADMIN, 0);
	if (shell_has_option(c, "--with-decryption"))
		shell_effects(c, 0, EFFECT_CREDENTIALS);
	if (shell_has_option(c, "--delete") || shell_has_option(c, "--force"))
		shell_effects(c, 0, EFFECT_DESTROYS);
	if (span_equal(service, SPAN_LIT("configure")))
		shell_effects(c, 0, EFFECT_CREDENTIALS);
}

// az and gcloud: groups, then the verb, which is the last word known as one before the options.
static void read_groups(const struct shell_call *c)
{
	const struct verb *verb = NULL;
	bool rights = false, secret = false, literal = true;
	for (unsigned i = 1; i < c->n && !shell_word_starts(&c->word[i], "-"); i++) {
		const struct shell_word *w = &c->word[i];
		literal &= shell_is_literal(w);
		rights |= is_rights(w->text);
		secret |= is_secret(w->text);
		const struct verb *v = find(w->text);
		// A group may sound like a verb, and what a verb is given may, too: the worst
		// counts.
		if (v != NULL && (verb == NULL || v->kinds >= verb->kinds))
			verb = v;
	}
	if (verb == NULL || !literal || shell_is_open(c, 1)) {
		shell_unknown(c, "an operation that is not known");
		return;
	}
	found(c, verb, rights, secret);
}

void shell_az(const struct shell_call *c)
{
	if (c->n > 1 && (shell_word_is(&c->word[1], "rest") || shell_word_starts(&c->word[1], "-")))
		shell_unknown(c, "an operation that is not known");
	read_groups(c);
}

void shell_gcloud(const struct shell_call *c)
{
	if (c->n > 1 && shell_word_starts(&c->word[1], "-"))
		shell_unknown(c, "an option before the operation");
	read_groups(c);
}
