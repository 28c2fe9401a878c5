// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/api/subject.h"

const char *subject_kind_name(enum subject_kind kind)
{
	switch (kind) {
	case SUBJECT_UNKNOWN:
		return "unknown";
	case SUBJECT_HUMAN:
		return "human";
	case SUBJECT_AGENT:
		return "agent";
	}
	return "unknown";
}
