// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/store/schema.h"

// Times are nanoseconds since 1970 (_ns) or seconds (_s); node, subject and token ids are 16 bytes.
const char *const schema_steps[] = {
	// Read and written by store_probe.
	"CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
	"INSERT INTO meta VALUES('probe', 0);",

	// controlplane/approval. `text` is the exact command and is erased when it is decided;
	// `valid_ns` is a duration, from the approval on; `policy` is the digest it was asked
	// under.
	"CREATE TABLE approvals("
	" n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,"
	" mode TEXT NOT NULL, state TEXT NOT NULL, outcome TEXT NOT NULL DEFAULT '',"
	" purpose TEXT NOT NULL, epoch INTEGER NOT NULL, worker INTEGER NOT NULL,"
	" session INTEGER NOT NULL, session_name TEXT NOT NULL, requested_ns INTEGER NOT NULL,"
	" deadline_ns INTEGER NOT NULL, timeout_ns INTEGER NOT NULL, valid_ns INTEGER NOT NULL,"
	" decided_ns INTEGER, expires_ns INTEGER, used_ns INTEGER,"
	" digest BLOB NOT NULL, chain BLOB NOT NULL, policy BLOB NOT NULL, subject BLOB NOT NULL,"
	" links TEXT NOT NULL, who TEXT NOT NULL, resource TEXT NOT NULL, database TEXT NOT NULL,"
	" rule TEXT NOT NULL, approvers TEXT NOT NULL, quorum INTEGER NOT NULL,"
	" effects INTEGER NOT NULL, text BLOB, masked BLOB NOT NULL, cut INTEGER NOT NULL);"
	"CREATE INDEX approvals_state ON approvals(state, n);"
	"CREATE INDEX approvals_same ON approvals(digest, chain, n);"
	"CREATE TABLE votes("
	" approval INTEGER NOT NULL REFERENCES approvals(n), issuer TEXT NOT NULL,"
	" key TEXT NOT NULL, name TEXT NOT NULL, yes INTEGER NOT NULL, comment TEXT NOT NULL,"
	" time_ns INTEGER NOT NULL, PRIMARY KEY(approval, issuer, key)) WITHOUT ROWID;"
	"CREATE TABLE grants("
	" approval INTEGER PRIMARY KEY REFERENCES approvals(n), chain BLOB NOT NULL,"
	" resource TEXT NOT NULL, granted_ns INTEGER NOT NULL, expires_ns INTEGER NOT NULL,"
	" revoked_ns INTEGER, revoked_by TEXT NOT NULL DEFAULT '',"
	" reason TEXT NOT NULL DEFAULT '');"
	"CREATE INDEX grants_chain ON grants(chain, resource);"
	// What the audit log is to be told: written with the change that it tells of.
	"CREATE TABLE told(n INTEGER PRIMARY KEY AUTOINCREMENT, type TEXT NOT NULL,"
	" fields TEXT NOT NULL);",

	// controlplane/notify. state: waiting or dead.
	"CREATE TABLE notifications("
	" n INTEGER PRIMARY KEY AUTOINCREMENT, target TEXT NOT NULL, event TEXT NOT NULL,"
	" approval TEXT, body TEXT NOT NULL, state TEXT NOT NULL, created_ns INTEGER NOT NULL,"
	" attempts INTEGER NOT NULL DEFAULT 0, next_ns INTEGER NOT NULL,"
	" error TEXT NOT NULL DEFAULT '');"
	"CREATE INDEX notifications_due ON notifications(target, state, n);",

	// controlplane/revocation. kind: a word of enum revoke_kind.
	"CREATE TABLE revocations("
	" n INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id BLOB NOT NULL,"
	" what TEXT NOT NULL, reason TEXT NOT NULL, revoked_by TEXT NOT NULL,"
	" revoked_s INTEGER NOT NULL, expires_s INTEGER, UNIQUE(kind, id));",

	// controlplane/budget. What was used of a node's budget since `start_s`.
	"CREATE TABLE budgets("
	" node BLOB NOT NULL, metric TEXT NOT NULL, window_s INTEGER NOT NULL,"
	" start_s INTEGER NOT NULL, used INTEGER NOT NULL,"
	" PRIMARY KEY(node, metric, window_s)) WITHOUT ROWID;",

	// controlplane/sts. `private` is the JWK of the key pair.
	"CREATE TABLE signing_keys("
	" kid TEXT PRIMARY KEY, private BLOB NOT NULL, created_s INTEGER NOT NULL,"
	" signs_until_s INTEGER NOT NULL, published_until_s INTEGER NOT NULL) WITHOUT ROWID;"
	// The chains that tokens were exchanged for: who started whom.
	"CREATE TABLE chain_nodes("
	" node BLOB PRIMARY KEY, parent BLOB NOT NULL, root BLOB NOT NULL, subject BLOB NOT NULL,"
	" name TEXT NOT NULL, issued_s INTEGER NOT NULL, expires_s INTEGER NOT NULL)"
	" WITHOUT ROWID;"
	"CREATE INDEX chain_nodes_root ON chain_nodes(root);"
	"CREATE INDEX chain_nodes_expires ON chain_nodes(expires_s);",

	// controlplane/revocation once more: those that were lifted are kept, and what became of
	// each. until_s 0: for ever. lifted_s 0: it was not.
	"DROP TABLE revocations;"
	"CREATE TABLE revocations("
	" n INTEGER PRIMARY KEY, kind TEXT NOT NULL, id BLOB NOT NULL, label TEXT NOT NULL,"
	" reason TEXT NOT NULL, revoked_by TEXT NOT NULL, revoked_s INTEGER NOT NULL,"
	" until_s INTEGER NOT NULL, lifted_s INTEGER NOT NULL, lifted_by TEXT NOT NULL,"
	" done INTEGER NOT NULL, sessions INTEGER NOT NULL, took_us INTEGER NOT NULL);"
	"CREATE INDEX revocations_in_force ON revocations(n) WHERE lifted_s=0;",

	// How many live children a node has.
	"CREATE INDEX chain_nodes_parent ON chain_nodes(parent, expires_s);",

	// controlplane/budget once more. What was used in the window that ends with `resets_s`, by
	// the budget of a rule (16 zeros: a token's own). per: enum budget_per.
	"DROP TABLE budgets;"
	"CREATE TABLE budgets("
	" rule BLOB NOT NULL, node BLOB NOT NULL, metric TEXT NOT NULL, per INTEGER NOT NULL,"
	" window_s INTEGER NOT NULL, limited INTEGER NOT NULL, used INTEGER NOT NULL,"
	" resets_s INTEGER NOT NULL, PRIMARY KEY(rule, node, metric, per, window_s)) WITHOUT ROWID;"
	"CREATE INDEX budgets_over ON budgets(resets_s);",

	// From the call until no session passed another byte.
	"ALTER TABLE revocations ADD COLUMN cut_us INTEGER NOT NULL DEFAULT 0;",
};

const uint32_t schema_version = sizeof(schema_steps) / sizeof(schema_steps[0]);
