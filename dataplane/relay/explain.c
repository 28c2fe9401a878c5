// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What a client is told of a refusal: what is refused, by which rule, and what to do.

#include "dataplane/relay/session.h"

#include <stdarg.h>
#include <stdio.h>

struct words {
	char *message;
	size_t size;
	const char *verb; // not NUL-terminated
	int n_verb;
	const char *rule;
	char effects[64];
	const char **hint;
};

// "bulkhead: DROP TABLE ...".
static void say(const struct words *w, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void say(const struct words *w, const char *format, ...)
{
	va_list args;
	int n = snprintf(w->message, w->size, "bulkhead: %.*s ", w->n_verb, w->verb);
	if (n < 0 || (size_t)n >= w->size)
		return;
	va_start(args, format);
	vsnprintf(w->message + n, w->size - (size_t)n, format, args);
	va_end(args);
}

static void explain_rule(const struct relay *relay, const struct verdict *v, const struct words *w)
{
	const struct snapshot *snapshot = relay->snapshot;

	switch (v->reason) {
	case REASON_EFFECT:
		say(w, "refused: rule \"%s\" does not allow the effect %s", w->rule, w->effects);
		break;
	case REASON_SCOPE:
		say(w, "refused: a token of this session does not carry the effect %s", w->effects);
		break;
	case REASON_BLOCKED:
		say(w, "refused: rule \"%s\" blocks the pattern %s", w->rule,
		    snapshot->pattern_names[v->pattern]);
		break;
	case REASON_MASKED_COLUMN:
		say(w, "refused: rule \"%s\" masks a column that it would carry past the masking",
		    w->rule);
		break;
	case REASON_UNRESOLVED:
		say(w, "refused: a column that rule \"%s\" masks is not known at the server",
		    w->rule);
		*w->hint = "The operator must correct the column's name in the policy.";
		break;
	case REASON_BUDGET:
		say(w, "refused: %s", relay->spent.text);
		break;
	case REASON_HOLD:
	case REASON_APPROVERS:
	case REASON_REFUSED:
	case REASON_TIMEOUT:
	case REASON_LATER:
	case REASON_LIMIT:
	case REASON_SIZE:
	case REASON_CANCELLED: // explain_hold
	case REASON_ALLOWED:
	case REASON_APPROVED:
	case REASON_NO_RULE:
	case REASON_EXPIRED:
	case REASON_REVOKED:
	case REASON_COUNT:
		say(w, "refused");
		break;
	}
}

// What approvals have to do with it. False: nothing.
static bool explain_hold(const struct session *s, const struct verdict *v, const struct words *w)
{
	const char *told = s->hold == NULL ? "" : s->hold->reason,
		   *colon = told[0] == '\0' ? "" : ": ";
	unsigned long long reference = v->approval;

	if (v->reason == REASON_HOLD) {
		say(w,
		    "refused: rule \"%s\" holds the effect %s for approval, and what it would run "
		    "is not all in this message",
		    w->rule, w->effects);
		*w->hint = "Send the statement itself, with its parameters.";
	} else if (v->reason == REASON_APPROVERS) {
		say(w,
		    "refused: rule \"%s\" holds the effect %s for approval, and so does the rule "
		    "of another link, by other people",
		    w->rule, w->effects);
		*w->hint = "The operator must let the one rule's approvers be among the other's.";
	} else if (v->reason == REASON_REFUSED) {
		say(w, "refused (reference %016llx)%s%s", reference, colon, told);
	} else if (v->reason == REASON_TIMEOUT) {
		say(w, "refused: nobody approved it in time (reference %016llx)%s%s", reference,
		    colon, told);
	} else if (v->reason == REASON_LATER) {
		say(w, "needs approval (reference %016llx)%s%s", reference, colon, told);
		*w->hint = "Run the very same statement again once it is approved.";
	} else if (v->reason == REASON_LIMIT) {
		say(w, "refused: it needs approval, and too many wait for theirs%s%s", colon, told);
		*w->hint = "Try again later.";
	} else if (v->reason == REASON_SIZE) {
		say(w, "refused: it needs approval, and is too large to be shown");
	} else if (v->reason == REASON_CANCELLED) {
		snprintf(
			w->message, w->size,
			"bulkhead: canceling %.*s due to user request: it waited for approval",
			w->n_verb, w->verb
		);
	} else {
		return false;
	}
	return true;
}

void explain(
	const struct relay *relay, const struct session *s, const struct verdict *v,
	const struct effects *effects, char *message, size_t size, const char **hint
)
{
	static const struct span unnamed = {(const uint8_t *)"this statement", 14};
	const struct snapshot *snapshot = relay->snapshot;
	struct span verb = effects->verb.n == 0 ? unnamed : effects->verb;
	struct words w = {
		.message = message,
		.size = size,
		.verb = (const char *)verb.p,
		.n_verb = verb.n > 60 ? 60 : (int)verb.n,
		.rule = v->rule < snapshot->n_rules ? snapshot->rules[v->rule].name : "none",
		.hint = hint,
	};
	effects_list(v->effects, w.effects, sizeof(w.effects));
	*hint = "Nothing of the statement reached the server.";
	if (!explain_hold(s, v, &w))
		explain_rule(relay, v, &w);
}
