// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The control thread: what workers tell it, and what it tells them. Everything here is used by that
// thread alone, but for what its own header calls thread-safe.

#pragma once

#include "app/contexts.h"
#include "app/drain.h"
#include "app/dryrun.h"
#include "app/live.h"
#include "app/names.h"
#include "controlplane/admin/admin.h"
#include "controlplane/admin/chains.h"
#include "controlplane/approval/approval.h"
#include "controlplane/audit/audit.h"
#include "controlplane/budget/budget.h"
#include "controlplane/catalog/watch.h"
#include "controlplane/config/config.h"
#include "controlplane/identity/logins.h"
#include "controlplane/notify/notify.h"
#include "controlplane/publish/publish.h"
#include "controlplane/recorder/recorder.h"
#include "controlplane/revocation/revocation.h"
#include "controlplane/store/store.h"
#include "controlplane/sts/sts.h"
#include "dataplane/worker/worker.h"

struct load;

// Reloads are numbered; one runs at a time.
struct reloads {
	uint64_t wanted, begun, ended;
	struct load *load; // the one that runs, or NULL
	int result;        // of the last that ended, with
	char why[ADMIN_WHY];
};

struct control {
	const char *file;            // the configuration's
	struct config *config;       // in force
	char state[CONFIG_PATH_MAX]; // gateway.state, for all threads
	uint64_t epoch;              // when the process started, ns since 1970
	uint8_t hash_key[32];

	struct nic *nic;
	struct workers *workers;
	struct contexts contexts;
	struct managed *managed;
	struct snapshot_slot slot;
	struct publisher *publisher;
	struct identity *identity;
	struct logins *logins;
	struct audit *audit;
	struct session_index *index;
	struct store *store;
	struct notify *notify;
	struct approvals *approvals;
	uint64_t approvals_seen; // sum of its counters, as was last told to those who follow
	uint32_t policy_since;   // the first version of the snapshot by this configuration
	struct sts *sts;
	struct recorder *recorder;
	struct record_queue *queues[SNAPSHOT_WORKERS_MAX]; // what the recorder drains
	struct watch *watch;
	struct reloads reloads;
	struct dryruns *dryruns;
	struct admin *admin;
	struct chains *chains;
	struct drain drain;

	struct names names;
	struct live live;
	struct budgets *budgets;
	struct revocations *revocations;
	struct revoking *revoking; // told to the workers, not answered by all; oldest first
	uint64_t last_revoking;
	uint32_t revoking_at[SNAPSHOT_WORKERS_MAX]; // that a worker works on
	// A login whose answer is not known yet, for the audit of a refusal.
	struct event *waiting;
	uint32_t n_waiting;
	const struct event *login; // the one that logins_add works on
	// By worker: an event that could not be dealt with and is tried again before the next.
	struct event held[SNAPSHOT_WORKERS_MAX];
	bool is_held[SNAPSHOT_WORKERS_MAX];
	uint64_t next_second;
	struct log_limit limit;
};

// ---- start.c

// From `file` and `config` to running workers. Logs what fails. Returns 0 or a negative result;
// either way control_stop follows in the end.
int control_start(struct control *control) must_check;
// Stop what runs, in reverse, and free all of it. Accepts a half-started one.
void control_stop(struct control *control);

// ---- events.c

// Deal with what the workers have told, a bounded amount. Returns how many events that was.
unsigned control_events(struct control *control);
// What is due by time. Call often.
void control_tick(struct control *control);
// For logins_new: give a command to a worker.
bool control_answer(void *ctx, uint16_t worker, const struct command *command);

// ---- catalogs.c

// Take over into `next` what the catalogs in force know, so that a reload forgets nothing. Returns
// `next`, or one made of it, upon which `next` is freed.
struct snapshot *catalogs_carry(const struct control *control, struct snapshot *next);
// What watch has found, put in force. Call often.
void catalogs_update(struct control *control);
// Is there a resource with masked columns that no look-up has reached yet?
bool catalogs_missing(const struct control *control);
// The masked columns that their server does not have: `found`, unless NULL, is called for each with
// "resource: schema.table.column". Returns how many.
uint32_t catalogs_unresolved(
	const struct control *control, void (*found)(void *, const char *), void *context
);
// EVENT_CATALOG: a session has seen what the catalog does not know.
void catalogs_poke(struct control *control, const struct event *event);

// ---- approvals.c

// Returns as notify_new, notify_configure and approvals_new, with `why` where there is more to say.
int control_approvals_start(struct control *control, char why[static STORE_WHY]) must_check;
// Accepts a half-started one.
void control_approvals_stop(struct control *control);
// A configuration has come into force with `snapshot`.
void control_approvals_policy(struct control *control, const struct snapshot *snapshot);
void control_approvals_tick(struct control *control);
// EVENT_HOLD, EVENT_HOLD_GONE, EVENT_ACCESS.
void control_hold(struct control *control, const struct event *event);
void control_hold_gone(struct control *control, const struct event *event);
void control_access(struct control *control, const struct event *event);

// ---- admin.c

// Open the admin API; admin_poll does its work. Returns as admin_new.
int control_admin_start(struct control *control, char why[static ADMIN_WHY]) must_check;

// ---- policy.c

// Build the snapshot of control->config, which was read at the start, and put it in force; log and
// audit the outcome. Returns 0, or a negative result with its first error in `why`.
int control_load(struct control *control, char why[static ADMIN_WHY]) must_check;
// Begin to read the file again, then as above, beside everything else; when that is done already,
// do it once more afterwards, for all who have asked meanwhile. What is refused changes nothing.
// Returns a number for control_reloaded.
uint64_t control_reload(struct control *control);
// Has that one ended? Out: *result, and `why` when it was refused; of a later one, if that has
// ended too.
bool control_reloaded(
	const struct control *control, uint64_t number, int *result, char why[static ADMIN_WHY]
);
// Put in force what has been read. Call often.
void control_reload_poll(struct control *control);
// Waits for the one that runs, and forgets it.
void control_reload_free(struct control *control);

// ---- revoke.c

// Pull the kill switch: `ask` (kind, node, label, reason, by, until_s) goes on the list, then to
// the workers. Out: *out, as it is on the list; control_revocation tells later what came of it.
// Returns as revocation_add.
int control_revoke(struct control *control, const struct revocation *ask, struct revocation *out)
	must_check;
// `reason`: for the audit log; "": that of the revocation stands there. Out: *out. Returns as
// revocation_lift.
int control_revocation_lift(
	struct control *control, int64_t number, const char *by, const char *reason,
	struct revocation *out
) must_check;
// What a revocation would end now, without doing it: {"kind", "node", "label", "sessions", "total",
// "resources"}, with at most CONTROL_PREVIEW_MAX of the sessions. NULL when memory is short.
enum { CONTROL_PREVIEW_MAX = 200 };
json_t *control_revoke_preview(
	const struct control *control, enum revoke_kind kind, const struct node_id *node,
	const char *label
) must_check;
// May `subject` not log in as `event` asks? Out: `why`.
bool control_is_revoked(
	const struct control *control, const struct event *event, const struct subject *subject,
	char why[static REVOCATION_WHY]
);
// The same at no resource: may `subject` not ask the control plane for anything?
bool control_is_out(
	const struct control *control, const struct subject *subject,
	char why[static REVOCATION_WHY]
);
// EVENT_REVOKED. False: again later.
bool control_revoked(struct control *control, const struct event *event);
// Give the workers what they have not taken yet. Call often.
void control_revoke_push(struct control *control);
// Forgets what is not answered: the workers have ended.
void control_revoke_free(struct control *control);
