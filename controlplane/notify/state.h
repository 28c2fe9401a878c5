// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What notify.c and show.c share.

#pragma once

#include "controlplane/notify/deliver.h"
#include "controlplane/notify/notify.h"
#include "controlplane/secrets/secret.h"
#include "dataplane/base/log.h"

struct notify_target {
	char name[SNAPSHOT_NAME_MAX];
	enum config_channel channel;
	char url[CONFIG_URL_MAX];
	char ca_file[CONFIG_PATH_MAX];
	char secret[SECRET_MAX]; // "": not signed
	uint32_t events;
};

struct notify {
	struct store *store;
	struct deliverer *deliverer;
	char console_url[CONFIG_URL_MAX];
	struct notify_limits limits;
	struct notify_target targets[CONFIG_NOTIFICATIONS_MAX];
	uint16_t n_targets;
	// Names of the targets that a delivery is under way to. Behind a new configuration some
	// may be of targets that are gone.
	char busy[2 * CONFIG_NOTIFICATIONS_MAX][SNAPSHOT_NAME_MAX];
	uint16_t n_busy;
	struct delivery *done; // whose end the store has not taken yet
	bool failing;          // the last try of the store failed
	bool strays;           // some may wait for targets that are gone
	uint64_t due_ns, second_ns;
	struct notify_stats stats;
	struct log_limit limit;
};
