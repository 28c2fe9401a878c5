// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The one file that runs the appliance: what the machine is (`gateway:`), who may ask (`issuers:`),
// what they may reach (`resources:`), where they connect (`listeners:`) and what is allowed
// (`rules:`). Read strictly, and reported completely: every error with its place and what to do.
//
// Usage order: config_load (or config_parse, then config_check_files), read the fields,
// config_free. Everything inside is immutable and lives as long as the struct config. Relative
// paths are taken from the folder of the file; the paths here are already joined.

#pragma once

#include "controlplane/recorder/digest.h"
#include "dataplane/api/snapshot.h"
#include "dataplane/api/subject.h"
#include "dataplane/base/addr.h"
#include "dataplane/base/err.h"
#include "dataplane/base/log.h"

#include <stdbool.h>
#include <stdint.h>

enum config_size {
	CONFIG_FILE_MAX = 1 << 20, // bytes
	CONFIG_PATH_MAX = 256,
	CONFIG_URL_MAX = 512,
	CONFIG_PORTS_MAX = 8,
	CONFIG_ADDRESSES_MAX = 8,
	CONFIG_FLOATING_MAX = 16,
	CONFIG_PATTERNS_MAX = 8,
	CONFIG_ISSUERS_MAX = 64,
	CONFIG_AUDIENCES_MAX = 8,
	CONFIG_TOKEN_TTL_MAX = 24 * 3600, // seconds
	CONFIG_NOTIFICATIONS_MAX = 16,
	CONFIG_APPROVERS_MAX = 64, // groups of one rule
	CONFIG_ERRORS_MAX = 100,   // more are counted only
};

struct config_position {
	uint32_t line, column; // from 1
};

// A word of the file and where it stands.
struct config_name {
	struct config_position at;
	const char *text;
};

struct config_names {
	uint16_t n;
	const struct config_name *list;
};

struct config_folders {
	uint16_t n;
	char list[CONFIG_PATTERNS_MAX][CONFIG_PATH_MAX];
	struct config_position at[CONFIG_PATTERNS_MAX];
};

// ---- gateway: what changes only by a restart

struct config_address {
	struct ip_addr addr;
	uint8_t prefix; // bits, of the family of addr
};

// Not the port's own: a load balancer delivers it, or it moves between hosts.
struct config_floating {
	struct ip_addr addr;
	bool announce; // tell the link where it is, and answer for it
};

struct config_port {
	char device[CONFIG_PATH_MAX]; // for the EAL: "net_af_packet0,iface=veth0" or a PCI address
	uint16_t n_addresses;         // at least 1
	struct config_address addresses[CONFIG_ADDRESSES_MAX];
	// The default router of each family, on one of the port's networks; all zero: none.
	struct ip_addr gateway, gateway6;
	uint16_t n_floating;
	struct config_floating floating[CONFIG_FLOATING_MAX];
	uint16_t vlan; // 802.1Q; 0: none
	uint16_t mtu;  // bytes of an IP packet; default 1500
	bool tso;      // let the device cut up large frames; default false: only proven ones do
};

// All of them are per worker.
struct config_limits {
	uint64_t message;         // bytes of the largest message that is held whole; default 16 MiB
	uint64_t session_memory;  // bytes of buffers of one session; default 3 MiB
	uint64_t worker_memory;   // bytes of all session buffers; default 256 MiB
	uint64_t statement_cache; // bytes of the statement cache; default 16 MiB
	uint32_t connections;     // TCP connections, both legs; default 4096
	uint32_t sessions;        // default 1024
	uint32_t packets;         // packet buffers; default 8192
	uint32_t record_blocks;   // of 64 KiB, a power of two; default 256
	uint32_t statements;      // entries of the statement cache; default 4096
	uint32_t tokens;          // verified ones remembered beyond their sessions; default 4096
	uint32_t events;          // slots of the event and command rings, a power of two; 1024
	uint32_t holds;           // commands that wait for approval at once; default 256
};

struct config_timeouts {
	uint32_t login_ms;   // from the first packet to the end of the login; default 30 s
	uint32_t idle_ms;    // of a session without a rule's own; default 30 min; 0: none
	uint32_t connect_ms; // to reach and log in at the resource; default 10 s
	// Of a drain: how long new clients are still taken, until the load balancer has noticed;
	// default 15 s with a probe, else 0. How long sessions may go on then; default 10 s.
	uint32_t drain_accept_ms, drain_ms;
};

// Where a load balancer asks whether to send clients here.
struct config_probe {
	struct config_position at;
	uint16_t port; // on every address; 0: nowhere
	bool http;     // it asks by HTTP; else it only connects. Default true
};

enum config_secret {
	CONFIG_SECRET_NONE,
	CONFIG_SECRET_FILE,
	CONFIG_SECRET_ENV,
	CONFIG_SECRET_MANAGED, // a token of the machine's identity
};

enum config_congestion { CONFIG_CUBIC, CONFIG_NEWRENO };

struct config_tcp {
	enum config_congestion congestion; // default CUBIC
	bool ecn;                          // default false
	uint64_t buffer; // bytes to which either of a connection's may grow; default 4 MiB
	// Of both legs, below the 4 minutes of a load balancer: silence until the first probe,
	// between two of them, and how many in vain end the connection; default 60 s, 15 s, 4.
	uint32_t keepalive_ms, keepalive_interval_ms;
	uint8_t keepalive_probes;
};

struct config_gateway {
	struct config_position at;
	uint16_t n_workers;                   // at least 1
	uint16_t cores[SNAPSHOT_WORKERS_MAX]; // the CPU of each worker
	struct config_position cores_at[SNAPSHOT_WORKERS_MAX];
	uint16_t control_core; // of the control plane's threads; default 0
	struct config_position control_core_at;
	uint16_t n_ports; // at least 1
	struct config_port ports[CONFIG_PORTS_MAX];
	bool huge_pages;        // default true; false: --no-huge
	uint32_t memory_mb;     // for the EAL; default 0: its own choice
	uint32_t idle_sleep_us; // a worker without work sleeps so long; default 0: it polls
	bool profile;           // default false; cycles are counted by stage
	uint64_t tick_ns;       // step of the workers' timers; default 1 ms
	struct config_limits limits;
	struct config_timeouts timeouts;
	struct config_probe probe;
	struct config_tcp tcp;
	char state[CONFIG_PATH_MAX];        // folder of recordings, audit, database, local keys
	struct config_folders patterns;     // together the pattern library
	char admin_socket[CONFIG_PATH_MAX]; // default <state>/admin.sock
	bool has_metrics;
	struct endpoint metrics; // Prometheus over the host's own network; default: none
	enum log_level log_level;
	bool log_json;
	// What the keys of TLS session tickets come from, the same on every gateway of a pool.
	struct config_position ticket_secret_at;
	enum config_secret ticket_secret; // NONE: one of its own, made at each start
	char ticket_secret_name[CONFIG_PATH_MAX];
};

// ---- issuers

enum config_profile { CONFIG_PROFILE_GENERIC, CONFIG_PROFILE_RFC9068, CONFIG_PROFILE_ENTRA };
enum config_keys { CONFIG_KEYS_DISCOVERY, CONFIG_KEYS_FILE, CONFIG_KEYS_URL, CONFIG_KEYS_LOCAL };

struct config_issuer {
	struct config_position at;
	char name[SNAPSHOT_NAME_MAX];
	char issuer[CONFIG_URL_MAX]; // compared byte for byte with `iss`
	char other[CONFIG_URL_MAX];  // entra: the tenant's other spelling; "": none
	uint16_t n_audiences;        // any of them; at least 1
	char audiences[CONFIG_AUDIENCES_MAX][CONFIG_PATH_MAX];
	enum config_profile profile;
	enum subject_kind subjects; // where a token does not prove it; default unknown
	enum config_keys keys;
	struct config_position keys_at;
	char keys_file[CONFIG_PATH_MAX]; // JWKS
	char keys_url[CONFIG_URL_MAX];
	char ca_file[CONFIG_PATH_MAX]; // for URL and DISCOVERY; "": the system's
	uint32_t skew_s;               // between its clock and ours; default 60, local: 0
};

// True when `iss` is one of its spellings.
bool config_issuer_is(const struct config_issuer *issuer, const char *iss);
// Of an issuer of Entra ID: the first part of its path. Empty when there is none. Borrows `iss`.
struct span config_issuer_tenant(const char *iss);

// ---- token service

// The token service as an issuer: of agents that are only what their parent calls them.
#define CONFIG_TOKEN_SERVICE_NAME "gateway"
// Before the names of such agents: no provider's subject may begin so.
#define CONFIG_AGENT_PREFIX       "agent:"

// Child tokens by RFC 8693 (controlplane/sts).
// TLS on the kernel's own network.
struct config_https {
	bool enabled;
	struct config_position at, certificate_at, key_at;
	struct endpoint address;
	char certificate[CONFIG_PATH_MAX], key[CONFIG_PATH_MAX];
};

struct config_token_service {
	bool enabled; // the section is there
	struct config_position at;
	char issuer[CONFIG_URL_MAX];    // `iss` of its tokens: https://host[:port]
	char audience[CONFIG_PATH_MAX]; // `aud` of its tokens; default the issuer
	uint32_t ttl_s, ttl_max_s;      // of a token; default 5 min, and 1 h when asked for
	uint16_t depth_max;             // delegations behind the root; default the most
	uint32_t children_max;          // live children of one node; default 1000
	uint32_t rotate_s;              // how long a key signs; default 24 h
	struct config_https https;      // of its own; else on admin.https
};

// ---- admin: who may operate the gateway, and where

enum config_role_name {
	CONFIG_ROLE_ADMIN,
	CONFIG_ROLE_AUDITOR,
	CONFIG_ROLE_APPROVER,
	CONFIG_ROLE_COUNT,
};

// Who comes from one of `issuers`, not through others, and is in one of `groups` or is one of
// `subjects`.
struct config_role {
	bool enabled;
	struct config_position at;
	struct config_names issuers, groups, subjects;
};

// With whom the console's users log in.
struct config_console {
	bool enabled;
	struct config_name issuer;
	char client_id[CONFIG_PATH_MAX], scope[CONFIG_PATH_MAX];
	char resource[CONFIG_PATH_MAX]; // RFC 8707: for whom the token is; ""
};

struct config_admin {
	struct config_position at;
	struct config_https https;
	struct config_role roles[CONFIG_ROLE_COUNT];
	struct config_console console;
	char url[CONFIG_URL_MAX]; // https://host[:port] by which people reach it; ""
	uint32_t rate;            // requests per second, of a subject; default 20
};

// ---- notifications: who is told that something waits for a human

enum config_channel { CONFIG_CHANNEL_WEBHOOK, CONFIG_CHANNEL_SLACK, CONFIG_CHANNEL_TEAMS };

struct config_notification {
	struct config_position at;
	char name[SNAPSHOT_NAME_MAX];
	enum config_channel channel;
	struct config_position url_at;
	char url[CONFIG_URL_MAX];       // https, or http on the loopback; "": from url_secret
	enum config_secret url_secret;  // who knows a Slack or Teams URL can write there
	char url_name[CONFIG_PATH_MAX]; // the file or the environment variable
	char ca_file[CONFIG_PATH_MAX];  // "": the system's
	struct config_position secret_at;
	enum config_secret secret; // NONE: not signed
	char secret_name[CONFIG_PATH_MAX];
	uint32_t events; // bits by enum notify_event (controlplane/notify/notify.h); default: all
};

// ---- resources and listeners

struct config_resource {
	struct config_position at;
	char name[SNAPSHOT_NAME_MAX];
	char protocol[16];
	struct config_position address_at;
	char host[256]; // a name or an address
	uint16_t port;
	enum resource_tls tls; // default verify-full; off only where it says so
	struct config_position ca_at;
	char ca_file[CONFIG_PATH_MAX];
	char user[SNAPSHOT_NAME_MAX];
	struct config_position secret_at;
	enum config_secret secret;
	// The file, the environment variable, or the audience of the token.
	char secret_name[CONFIG_PATH_MAX];
	char client_id[64]; // CONFIG_SECRET_MANAGED: which identity; "": the machine's own
	char database[SNAPSHOT_NAME_MAX]; // "": the client's choice; needed to mask columns
	bool allow_replication;
};

struct config_listener {
	struct config_position at;
	struct endpoint address;
	char protocol[16];
	struct config_name resource;
	uint16_t resource_index;
	uint16_t n_certificates; // 1 or 2
	struct config_position certificate_at[2], key_at[2];
	char certificates[2][CONFIG_PATH_MAX], keys[2][CONFIG_PATH_MAX];
};

// ---- rules

struct config_mask {
	struct config_position at;
	bool is_column;
	const char *pattern; // name or group; not is_column
	char schema[SNAPSHOT_NAME_MAX], table[SNAPSHOT_NAME_MAX], column[SNAPSHOT_NAME_MAX];
	bool has_style; // written, not the default
	struct mask_style style;
	bool refuse_unresolved; // default true
};

// Whom a rule speaks of: all that is given must hold, one name of each list.
struct config_whom {
	struct config_position at; // of the key that begins it
	bool given;
	struct config_names groups, roles, subjects, issuers; // roles as groups: "role:NAME"
	uint8_t kinds;                                        // bits of enum subject_kind; 0: any
};

enum config_mode {
	CONFIG_MODE_WAIT,  // the command waits with its session
	CONFIG_MODE_RETRY, // it is refused; once approved, it may come again
};

// Who approves what a rule holds.
struct config_approval {
	struct config_position at;
	struct config_names approvers; // groups: people in any of them
	uint32_t quorum;               // so many of them; default 1
	uint32_t timeout_ms;           // how long a request waits for them; default 5 min
	enum config_mode mode;
	uint32_t valid_ms; // CONFIG_MODE_RETRY: how long what is approved may wait for its command;
			   // default 10 min
	uint32_t pending;  // requests that may wait for one subject; default 4
};

// The resource is open only to whoever was granted it for a while.
struct config_access {
	struct config_position at;
	struct config_names approvers;
	uint32_t quorum;     // default 1
	uint32_t timeout_ms; // default 5 min
	uint32_t duration_s; // of the grant, from its approval; default 1 h
};

struct config_rule {
	struct config_position at;
	char name[SNAPSHOT_NAME_MAX];
	bool any_subject;
	struct config_whom root, actor, ancestor;
	uint16_t min_depth, max_depth; // max_depth UINT16_MAX: any
	uint16_t n_networks;
	const struct rule_network *networks; // any of these; none: from everywhere
	struct rule_when when;
	struct config_names resources;
	uint64_t resource_bits[RESOURCE_WORDS]; // indices into config.resources
	uint64_t allow, hold, deny;             // effects, and in the last two flags
	struct config_names blocks;
	struct config_names packs; // of the pattern library, or groups of them
	uint16_t n_masks;
	const struct config_mask *masks;
	enum record_mode record; // default async
	uint32_t idle_timeout_ms;
	bool has_approval, has_access;
	struct config_approval approval;
	struct config_access access;
	uint16_t n_budgets;
	const struct rule_budget *budgets;
	bool budget_holds; // one of them does, once it is spent
};

struct arena;

struct config {
	const char *file;
	struct digest digest; // of the file's bytes: the same policy after a restart, too
	struct config_gateway gateway;
	struct config_token_service token_service;
	struct config_admin admin;
	uint16_t n_issuers, n_notifications, n_resources, n_listeners, n_rules;
	struct config_issuer *issuers;
	struct config_notification *notifications;
	struct config_resource *resources;
	struct config_listener *listeners;
	struct config_rule *rules;
	struct arena *arena; // holds all of it, itself included
};

// What is wrong with a file: "file:line:column: what, and what to do" each. Init to {0}; free with
// config_errors_fini.
struct config_errors {
	uint32_t n;          // lines kept
	uint32_t n_left_out; // beyond CONFIG_ERRORS_MAX
	uint32_t
		n_warnings; // of the lines kept: those that start with "warning: " behind the place
	char *lines[CONFIG_ERRORS_MAX];
	bool is_warning[CONFIG_ERRORS_MAX]; // by line
};

void config_errors_fini(struct config_errors *errors);
bool config_errors_any(const struct config_errors *errors); // warnings do not count

// Where line `i` says "warning: ", in bytes; 0 when it is an error.
size_t config_warning_at(const struct config_errors *errors, uint32_t i);

// Add a line. `at` {0, 0}: the file as a whole. Control characters of the input are escaped.
void config_error_add(
	struct config_errors *errors, const char *file, struct config_position at,
	const char *format, ...
) __attribute__((format(printf, 4, 5)));
void config_warning_add(
	struct config_errors *errors, const char *file, struct config_position at,
	const char *format, ...
) __attribute__((format(printf, 4, 5)));

// Read `path`, check it and the files it names. Out: *out, owned by the caller, only on success;
// warnings and errors in *errors. Returns 0, ERR_CONFIG (see *errors) or -ENOMEM.
int config_load(const char *path, struct config **out, struct config_errors *errors) must_check;

// The same for text that stands for the file `name`; looks at no other file.
int config_parse(
	const char *name, struct span text, struct config **out, struct config_errors *errors
) must_check;

// Certificates, keys, trust and credentials: there, regular, readable, and secrets not for
// everybody; CPUs: there. Adds to *errors. Opens nothing but regular files and never waits.
void config_check_files(const struct config *config, struct config_errors *errors);

void config_free(struct config *config);

// What differs and takes effect at the next start only, in `gateway:` and the addresses of
// `https:`: one warning a key.
// Returns how many.
unsigned config_restart_needed(
	const struct config *running, const struct config *next, struct config_errors *errors
);
