// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The policy in force: built and checked by controlplane/, published by RCU, read by every worker,
// changed by nobody. A worker reads the pointer once per loop; what outlives the loop holds a
// reference (struct snapshot_worker.refs).

#pragma once

#include "dataplane/api/credential.h"
#include "dataplane/api/effects.h"
#include "dataplane/api/subject.h"
#include "dataplane/base/addr.h"
#include "dataplane/base/span.h"

struct pattern_set;
struct scan_scratch;
struct tls_server;
struct tls_client;

enum snapshot_limit {
	SNAPSHOT_WORKERS_MAX = 64,
	SNAPSHOT_NAME_MAX = 64,
	SNAPSHOT_RESOURCES_MAX = 1024,
	SNAPSHOT_RULES_MAX = 4096,
	SNAPSHOT_PATTERNS_MAX = 16384,
	SNAPSHOT_CLASSES_MAX = 1024, // of patterns
	SNAPSHOT_COLUMNS_MAX = 1024,
	SNAPSHOT_PATTERN_WORDS = SNAPSHOT_CLASSES_MAX / 64,
	COLUMN_WORDS = SNAPSHOT_COLUMNS_MAX / 64,
	RESOURCE_WORDS = SNAPSHOT_RESOURCES_MAX / 64,
};

static inline bool bit_is_set(const uint64_t *words, uint32_t bit)
{
	return (words[bit / 64] >> (bit % 64) & 1) != 0;
}

static inline bool bit_is_any_set(const uint64_t *words, unsigned n_words)
{
	uint64_t all = 0;
	for (unsigned i = 0; i < n_words; i++)
		all |= words[i];
	return all != 0;
}

static inline void bit_set(uint64_t *words, uint32_t bit)
{
	words[bit / 64] |= UINT64_C(1) << (bit % 64);
}

enum mask_kind {
	MASK_NONE,
	MASK_REDACT,      // the pattern's name in brackets
	MASK_FIXED,       // a text
	MASK_KEEP,        // some characters at the ends, stars between them
	MASK_HASH,        // equal values look equal, all over the installation
	MASK_PLACEHOLDER, // another value of the same form
	MASK_TOKEN,       // equal values look equal, to all sessions below one root
	MASK_NULL,        // the value that holds it becomes NULL
};

struct mask_style {
	enum mask_kind kind;
	uint8_t keep_first, keep_last; // MASK_KEEP: characters left
	char fixed[64];                // MASK_FIXED: the text
};

// A column that some rule masks, as the policy names it.
struct column_mask {
	char schema[SNAPSHOT_NAME_MAX], table[SNAPSHOT_NAME_MAX], column[SNAPSHOT_NAME_MAX];
	struct mask_style style;
	bool refuse_unresolved; // else: mask everything that might be it
};

// What a resource's catalog said, sorted for binary search.
struct catalog_column {
	uint32_t table_oid;
	uint16_t attnum;
	uint16_t mask; // index in snapshot.columns
};

struct catalog_relation { // that holds, or shows (views), a masked column
	char schema[SNAPSHOT_NAME_MAX], name[SNAPSHOT_NAME_MAX];
	uint16_t mask;
};

struct catalog {
	uint32_t version;
	bool resolved; // false: never reached the server yet
	uint32_t n_columns;
	const struct catalog_column *columns; // by table_oid, attnum
	uint32_t n_known;
	const uint32_t *known; // every relation's OID at that time
	uint32_t n_relations;
	const struct catalog_relation *relations;
	uint64_t unresolved[COLUMN_WORDS]; // masks whose column was not found
};

enum resource_tls {
	RESOURCE_TLS_OFF,
	RESOURCE_TLS_REQUIRE,
	RESOURCE_TLS_VERIFY_CA,
	RESOURCE_TLS_VERIFY_FULL
};

struct resource {
	char name[SNAPSHOT_NAME_MAX];
	struct node_id node; // by which it is revoked
	char protocol[16];
	char host[256]; // as written; SNI and verify-full
	struct endpoint address;
	enum resource_tls tls;
	char ca_file[256]; // "": the system's
	char user[SNAPSHOT_NAME_MAX];
	char password[256];               // scrubbed when the snapshot is freed
	const struct credential *managed; // in place of it, when it changes by itself; else NULL
	char database[SNAPSHOT_NAME_MAX]; // "": the client's choice
	bool allow_replication;
	const struct catalog *catalog; // NULL when no rule masks a column of it
};

struct listener {
	struct endpoint address;
	char protocol[16];
	uint16_t resource;                          // index
	char cert_files[2][256], key_files[2][256]; // ECDSA and RSA; "" where absent
};

enum record_mode { RECORD_OFF, RECORD_ASYNC, RECORD_STRICT };

// A name to be found among a subject's, with what tells most others from it at once.
struct rule_name {
	uint64_t hash; // rule_name_hash
	const char *text;
};

// Cheap, not keyed: equal texts have equal hashes, and nothing more is promised.
static inline uint64_t rule_name_hash(const char *text)
{
	size_t n = strlen(text), k = n < 8 ? n : 8;
	uint64_t first = 0, last = 0;
	memcpy(&first, text, k);
	memcpy(&last, text + n - k, k);
	uint64_t hash = (first * 0x9e3779b97f4a7c15 ^ last) * 0xff51afd7ed558ccd + n;
	return hash ^ hash >> 32;
}

// Who a link of a chain must be: all that is given must hold. Nothing given: anybody.
struct rule_whom {
	uint8_t kinds; // bits of enum subject_kind; 0: any
	uint16_t n_groups, n_roles, n_subjects, n_issuers;
	const struct rule_name *groups;   // any of these
	const struct rule_name *roles;    // any of these groups too: "role:NAME"
	const struct rule_name *subjects; // any of these keys
	const struct rule_name *issuers;  // any of these names
};

struct rule_network {
	struct ip_addr addr;
	uint8_t bits; // of 128
};

// Half-open, and of the day it begins on when it reaches past midnight.
struct rule_when {
	uint8_t days;      // bit 0: Monday; 0: always, and the rest is not used
	uint16_t from, to; // minutes of the day, 0 to 1440; to <= from: of the next day
	int16_t zone;      // minutes east of UTC
};

// What a rule gives. The rights along a chain are combined to one of these (policy/policy.h).
struct right {
	// Effects; what is in none of them is denied. Flags in `hold` and `deny`; the rest passes.
	uint64_t allow, hold, deny;
	uint64_t blocks[SNAPSHOT_PATTERN_WORDS];   // classes of blocklist patterns
	uint64_t entities[SNAPSHOT_PATTERN_WORDS]; // classes of entities that are masked
	uint64_t columns[COLUMN_WORDS];            // column masks in force
	enum record_mode record;
	uint32_t idle_timeout_ms; // 0: the limit of the configuration
};

struct rule {
	char name[SNAPSHOT_NAME_MAX];
	struct node_id id; // stands for the name in the keys of budgets
	// subjects: all that is given must hold
	bool any_subject;
	struct rule_whom root, actor;
	struct rule_whom ancestor;     // some link above the actor
	uint16_t min_depth, max_depth; // of delegation; UINT16_MAX: any
	// where from and when
	uint16_t n_networks;
	const struct rule_network *networks; // any of these; none: from everywhere
	struct rule_when when;
	uint64_t resources[RESOURCE_WORDS];
	struct right right;
	uint16_t n_budgets;
	const struct rule_budget *budgets;
	bool can_approve;             // it says who approves what is held:
	uint16_t quorum, n_approvers; // so many people, of any of these groups
	const struct rule_name *approvers;
	uint32_t approval_timeout_ms; // how long a held command waits; 0: the gateway's own limit
	bool retry;       // what is held is refused at once, and runs when it comes again approved
	bool needs_grant; // nobody is let in without a grant of the resource (EVENT_ACCESS)
};

// One worker's share of a snapshot.
struct snapshot_worker {
	struct tls_server **servers; // by listener
	struct tls_client **clients; // by resource; NULL where TLS is off
	struct scan_scratch *entity_scratch, *block_scratch;
	uint64_t refs;       // worker: rw, control: ro. Sessions that hold on to this snapshot
	uint32_t rehearsals; // worker: rw, control: ro. Of SCAN_REHEARSALS, before it is in force
};

struct snapshot {
	uint32_t version;   // counts up from 1
	uint8_t digest[32]; // SHA-256 of the policy file: what was approved under it
	uint16_t n_listeners, n_resources, n_rules, n_columns, n_patterns;
	const struct listener *listeners;
	const struct resource *resources;
	const struct rule *rules;
	const struct column_mask *columns;
	const struct pattern_set *entities, *blocks; // NULL: none in use
	const struct mask_style *styles;             // by pattern id
	const char *const *pattern_names;            // by pattern id
	// By pattern id: patterns that every rule wants together, or not at all, are one class, so
	// that ten thousand of them cost a right one bit. NULL: a pattern is its own class.
	const uint16_t *pattern_classes;
	uint8_t hash_key[32]; // what the keys of styles are made from, stable for the installation
	uint16_t n_workers;
	struct snapshot_worker *workers;
};

// Is the pattern `id` among `classes`, the blocks or entities of a right?
static inline bool snapshot_wants(const struct snapshot *s, const uint64_t *classes, uint16_t id)
{
	return bit_is_set(classes, s->pattern_classes == NULL ? id : s->pattern_classes[id]);
}
