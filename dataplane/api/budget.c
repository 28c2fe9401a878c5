// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/api/budget.h"

const char *budget_metric_name(enum budget_metric metric)
{
	switch (metric) {
	case BUDGET_SESSIONS:
		return "sessions";
	case BUDGET_COMMANDS:
		return "commands";
	case BUDGET_ROWS:
		return "rows";
	case BUDGET_BYTES:
		return "bytes";
	case BUDGET_MASKED:
		return "masked";
	case BUDGET_WRITES:
		return "writes";
	case BUDGET_METRICS:
		break;
	}
	return "unknown";
}
