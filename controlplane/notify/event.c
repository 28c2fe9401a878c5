// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/notify/notify.h"

const char *notify_event_name(enum notify_event event)
{
	switch (event) {
	case NOTIFY_APPROVAL_REQUESTED:
		return "approval_requested";
	case NOTIFY_APPROVAL_DECIDED:
		return "approval_decided";
	case NOTIFY_APPROVAL_EXPIRED:
		return "approval_expired";
	case NOTIFY_ACCESS_REQUESTED:
		return "access_requested";
	case NOTIFY_ACCESS_DECIDED:
		return "access_decided";
	case NOTIFY_ACCESS_REVOKED:
		return "access_revoked";
	case NOTIFY_REVOKED:
		return "revoked";
	case NOTIFY_EVENTS:
		break;
	}
	return NULL;
}
