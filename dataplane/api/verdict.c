// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/api/verdict.h"

const char *verdict_action_name(enum verdict_action action)
{
	switch (action) {
	case VERDICT_FORWARD:
		return "forward";
	case VERDICT_HOLD:
		return "hold";
	case VERDICT_REWRITE:
		return "rewrite";
	case VERDICT_DENY:
		return "deny";
	case VERDICT_KILL:
		return "kill";
	}
	return "unknown";
}

const char *verdict_reason_name(enum verdict_reason reason)
{
	switch (reason) {
	case REASON_ALLOWED:
		return "allowed";
	case REASON_NO_RULE:
		return "no-rule";
	case REASON_EFFECT:
		return "effect";
	case REASON_SCOPE:
		return "scope";
	case REASON_HOLD:
		return "hold";
	case REASON_APPROVERS:
		return "approvers";
	case REASON_BUDGET:
		return "budget";
	case REASON_BLOCKED:
		return "blocked";
	case REASON_MASKED_COLUMN:
		return "masked-column";
	case REASON_UNRESOLVED:
		return "unresolved";
	case REASON_APPROVED:
		return "approved";
	case REASON_REFUSED:
		return "refused";
	case REASON_TIMEOUT:
		return "timeout";
	case REASON_LIMIT:
		return "limit";
	case REASON_SIZE:
		return "size";
	case REASON_LATER:
		return "later";
	case REASON_CANCELLED:
		return "cancelled";
	case REASON_EXPIRED:
		return "expired";
	case REASON_REVOKED:
		return "revoked";
	case REASON_COUNT:
		break;
	}
	return "unknown";
}
