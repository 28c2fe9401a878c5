// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A session and the steps that move it. Private to relay/.

#pragma once

#include "dataplane/api/verdict.h"
#include "dataplane/base/list.h"
#include "dataplane/base/log.h"
#include "dataplane/base/pool.h"
#include "dataplane/base/wheel.h"
#include "dataplane/inspect/inspect.h"
#include "dataplane/policy/policy.h"
#include "dataplane/proto/proto.h"
#include "dataplane/relay/health.h"
#include "dataplane/relay/hold.h"
#include "dataplane/relay/leg.h"
#include "dataplane/relay/relay.h"
#include "dataplane/relay/shared.h"
#include "dataplane/relay/tokens.h"

#include <assert.h>

enum session_state {
	SESSION_FREE,
	SESSION_GREETING,   // the client's TLS and startup
	SESSION_VERIFYING,  // control looks at the token
	SESSION_GRANTING,   // control looks for a grant of the resource
	SESSION_CONNECTING, // TCP to the server
	SESSION_ENTERING,   // TLS and login at the server
	SESSION_OPEN,
	SESSION_CLOSING, // nothing is read any more; what is queued goes out
	SESSION_ENDED,   // connections are gone; the last words to control are not out yet
};

enum session_size {
	SESSION_DETAIL_MAX = 64, // bytes of why it ended, the NUL included
	SESSION_MESSAGES_PER_PASS = 128,
	SESSION_CLOSING_MS = 5000, // for the last bytes to arrive
	SESSION_LINGER_MS = 1000,  // for the peer's FIN, once they have
	RELAY_EVENTS_PER_PASS = 512,
	RELAY_SESSIONS_PER_PASS = 512,
	RELAY_TIMERS_PER_PASS = 64,
	// Microseconds for the arithmetic of TLS handshakes; the last one may take longer.
	RELAY_HANDSHAKES_US = 500,
	RELAY_PROGRESS_PER_PASS = 16, // sessions looked at
	// What a new policy may add to a pass: some 40 us. A session that takes it over costs this
	// many rules, and looks at all of them.
	RELAY_RULES_PER_PASS = 4096,
	SESSION_TAKES_RULES = 64,
	RELAY_WAKES_PER_PASS = 64, // of what waits for approval
	RELAY_CANCELS_MAX = 64,
	RELAY_CANCELS_AT_ONCE = 64, // on their way to servers
	RELAY_REVOKE_LOOKS = 4096,  // sessions looked at in a pass
	RELAY_REVOKE_ENDS = 1024,   // sessions cut off in a pass
	RELAY_REVOKE_CLOSES = 512,  // of them closed in a pass
	RELAY_REVOKE_NOTES = 1024,  // of them seen to be closed in a pass
};

// What became of a message, or of a step.
enum step {
	STEP_IDLE,  // nothing to do until something arrives
	STEP_MOVED, // go on
	STEP_RETRY, // wait for something that reports nothing (a block, a sync): come back next
		    // pass
	STEP_ENDED, // the session is closing
};

// What the client and the policy call things: of many sessions the same. Without padding, as
// `shared` compares bytes; texts are filled up with NULs.
struct session_names {
	char resource[SNAPSHOT_NAME_MAX];
	struct node_id resource_node;                 // the name's, whatever the policy
	char upstream_database[SNAPSHOT_NAME_MAX];    // the resource's own, or ""
	char database[64], user[64], application[64]; // as the client asked
};
static_assert(sizeof(struct session_names) == 2 * SNAPSHOT_NAME_MAX + 16 + 3 * 64);

// What a session needs only until it is open. One that carries a cancel is never open.
struct session_entry {
	struct session_names names;
	struct endpoint listener;
	bool direct_tls;
	char setting[64]; // the first of its start that needs the effect admin, or ""
	uint8_t *token;   // a block, while control looks at it
	size_t token_block;
	uint32_t token_len;
	struct token_key token_key;
	uint32_t asked_policy; // under which control was asked
	bool access_asked, access_answered;
	char refusal[96];
	struct proto_upstream upstream;
	char upstream_user[SNAPSHOT_NAME_MAX];
	uint8_t *password; // a block, until the server has let us in
	size_t password_block;
	uint32_t password_len;
	uint8_t cancel_secret[256]; // the server's, of the session to be cancelled
};

// By cache line: what each turn touches comes first, then what commands and answers do.
struct session {
	// line 0: is there anything to do?
	struct list ready; // in relay.ready while there may be work, or in relay.late or .shaking
	session_id id;
	enum session_state state;
	uint32_t policy_version;
	uint64_t rights_since;         // when they were computed, nanoseconds since 1970
	const struct rights *rights;   // in relay.rights, or without any right
	const struct subject *subject; // of `login`
	struct session_entry *entry;   // NULL once it is open

	// line 1: what may keep it from doing so
	const struct proto_ops *proto;
	struct session_hold *hold; // the command that waits for a human; NULL: none
	uint64_t grant_expires;    // seconds since 1970; 0: there is none
	uint64_t last_activity_us;
	uint64_t strict_sequence;                      // of the record that must be durable first
	bool strict_waiting;                           // the command at the head waits for that
	bool client_secured, server_secured, detached; // detached: carries one cancel
	bool asked, verified;                          // control has the token; it has answered
	bool opened;                                   // EVENT_OPENED is out
	bool catalog_due;               // the catalog has changed: control must be told
	uint16_t resource;              // in the snapshot of `policy_version`
	struct inspect_context reading; // what the server takes for granted when it reads text
	bool text_runs;                 // what runs at the server: a text until it is ready again,
	bool cancel_due;                // what it runs at the server must be cancelled yet
	bool close_recorded;
	uint8_t sweep;        // in relay.sweeps, and 1: it waits for this end; 0: none does
	uint32_t portals_run; // portals until each completes

	struct leg_io client, server;

	// what it does, and by which rights
	uint64_t commands, denied, masked, rows;
	struct list progress;    // in relay.progress, until nothing is new or was for a while
	uint64_t progress_us;    // when
	uint64_t progress_told;  // their sum, as control knows it
	uint32_t rights_version; // counts up when they are computed again: what a note on a
				 // statement was made under
	uint32_t rules_since;    // the first of the versions with the same rules of the same policy
	uint32_t policy_seen;    // relay.policy_since then
	uint32_t catalog_version;
	uint32_t catalog_told;    // version for which control was told of an unknown relation
	uint32_t strict_version;  // of the rights by which what waits was judged and recorded
	uint32_t charged_version; // of the rights by which the command at the head was charged
	enum verdict_reason strict_reason; // as what it was recorded
	bool session_charged, command_charged;
	bool ddl_pending;   // the catalog changes when this transaction ends
	bool rows_open;     // the record has this result's column names
	bool held_names;    // a statement that must be approved each time it runs was prepared
	bool exposed_names; // a cursor or prepared statement over masked columns may exist
	bool settings_incomplete;
	struct buf settings; // by which its texts mean something else (settings.c)

	// who it is, and how it ends
	struct wheel_node timer;
	uint32_t cancel_secret; // ours, shown to the client
	struct list key;        // in relay.keys, by cancel_secret
	struct token *login;
	const struct session_names *names; // in relay.names once it is open, in `entry` before
	const char *end_detail;            // in relay.details; NULL: it has not ended
	struct list leave;                 // in relay.cut or relay.leaving, when a sweep ended it
	uint64_t closing_until_us;
	enum session_end end;
	struct endpoint peer;

	_Alignas(64) uint8_t proto_state[]; // proto_state_max() bytes
};
static_assert(offsetof(struct session, proto) == 64);
static_assert(offsetof(struct session, client) == 128);
static_assert(sizeof(struct session) <= 768);

struct cancel_key {
	uint32_t pid, secret;
};

// A COMMAND_REVOKE at work. They are done in the order in which they came.
struct sweep {
	uint64_t number;
	enum revoke_kind kind;
	struct node_id node;
	uint32_t at;      // the next session to look at
	uint32_t closing; // sessions whose connections are not closed yet
	uint32_t ended;   // by it
	uint64_t cut_ns;  // when none of them passed another byte, since 1970; 0: not yet
	uint64_t last_ns; // when the last of them was closed, since 1970; 0: none was
};

// Whose rows have been looked at before they are masked, and by which rights.
struct ahead_of {
	session_id session;
	uint32_t rights_version, snapshot_version;
	const uint8_t *end; // of these rows in the session's buffer
};

struct relay {
	struct relay_config config;
	struct proto_config proto; // of all sessions
	struct relay_ops ops;
	struct tcp *tcp;
	struct blocks *blocks;
	struct record_queue *records;
	struct worker_stats *stats;
	struct pool *sessions;
	uint32_t n_slots;     // in it: cancels have theirs beside sessions_max
	struct pool *entries; // struct session_entry; a session has one at most, and so of the next
	struct pool *holds;   // struct session_hold
	struct shared *rights;  // struct rights, its `since` 0
	struct shared *names;   // struct session_names
	struct shared *details; // char[SESSION_DETAIL_MAX]
	struct {
		uint16_t rule, link;
		bool hold;
		char text[256];
	} spent;            // the budget that was found so last
	struct list *keys;  // buckets of sessions that can be cancelled
	uint32_t keys_mask; // their number - 1
	struct list ready;
	struct list late;     // sessions that end, and give way to those that a sweep closes
	struct list shaking;  // sessions whose handshake waits for the next pass
	struct list mark;     // where a pass over one of them ends
	uint64_t shaken_us;   // what handshakes have taken of this pass
	struct list cut;      // sessions that a sweep ended, their good-byes not yet said
	struct list leaving;  // their good-byes are said, but may not be out
	struct list held;     // sessions whose command waits for a human
	struct list stale;    // those of them that have yet to be judged by the policy in force
	uint32_t n_held;      // in both
	struct list progress; // sessions that have had a turn lately
	struct wheel wheel;
	struct health *health;
	struct inspect_cache *effects;
	struct scram_cache *scram;
	struct buf scratch; // masked values of one message
	struct inspect_ahead *ahead;
	struct ahead_of ahead_of; // whose rows it knows
	struct buf text;          // a record in the making
	struct relay_now now;
	const struct snapshot *snapshot; // during a pass only
	uint8_t policy_digest[32];       // of the policy in force
	uint32_t policy_since;           // the first version with this digest
	uint32_t rules_left;             // of RELAY_RULES_PER_PASS
	struct log_limit log_limit;
	enum relay_drain drain;
	struct tokens *tokens;
	uint32_t first_sweep, n_sweeps;
	struct sweep sweeps[REVOKES_AT_ONCE]; // a ring, from first_sweep on
	uint32_t n_detached;                  // sessions that carry a cancel
	uint32_t n_cancels;                   // that came from other workers, for the next pass
	struct cancel_key cancels[RELAY_CANCELS_MAX];
};

// session.c
// Give a session's connections, memory and place back.
void session_free(struct relay *relay, struct session *s);
// A connection from a listener: a session for it, or a reset.
void session_accept(struct relay *relay, struct tcp_conn *conn);
void session_wake(struct relay *relay, struct session *s);
// Subjects that neither a session nor the cache of tokens uses any more, as far as the ring takes
// them.
void session_give_back(struct relay *relay);
// NULL when there is no place.
struct session *session_new(struct relay *relay);
// The rule of the whole chain, for its name; what is allowed is in s->rights. Only with a subject.
const struct rule *session_rule(const struct relay *relay, const struct session *s);
const struct resource *session_resource(const struct relay *relay, const struct session *s);
struct proto_io session_io(struct session *s);
// What the protocol finds in the leg's plaintext. Out: *msg.
struct parse_result session_feed(struct session *s, enum leg from, struct proto_msg *msg);
// The listener that `local` belongs to, or -1.
int session_listener(const struct snapshot *snapshot, const struct endpoint *local);
// An event with all that is known of the session.
struct event session_event(
	const struct relay *relay, const struct session *s, enum event_type type
);
// What it has done so far. Out: the counters of `event`.
void session_count(const struct session *s, struct event *event);
// By the policy in force, whatever was chosen before. False when the subject has no right.
bool session_choose_rights(struct relay *relay, struct session *s);
// The policy in force is not the one it was judged by, and this pass has no time left to change
// that.
bool session_must_wait(const struct relay *relay, const struct session *s);
// Judge by the policy in force, as it is at this time of day. False when the subject may no longer
// reach the resource.
bool session_follow_policy(struct relay *relay, struct session *s);

// client.c, server.c: take one message of that leg.
enum step client_step(struct relay *relay, struct session *s);
enum step server_step(struct relay *relay, struct session *s);

// login.c
enum step login_begin(struct relay *relay, struct session *s, const struct proto_msg *msg);
// COMMAND_IDENTITY
void login_answered(struct relay *relay, struct session *s, const struct command *command);
// Control has answered, or the policy changed before it did.
enum step login_verified(struct relay *relay, struct session *s);
// Control has answered EVENT_ACCESS, or has not been asked yet.
enum step login_granted(struct relay *relay, struct session *s);
// COMMAND_ACCESS.
void login_access_answered(struct relay *relay, struct session *s, const struct command *command);
// Does the rule in force ask for a grant that the session does not have?
bool login_lacks_grant(const struct session *s);
void login_connect(struct relay *relay, struct session *s);
// The login is over: scrub and give back what only it needs. Nothing happens when it is gone.
void login_forget(struct relay *relay, struct session *s);
void login_connected(struct relay *relay, struct session *s);
enum step login_refused(struct relay *relay, struct session *s, const struct proto_msg *msg);
enum step login_done(struct relay *relay, struct session *s, struct proto_msg *msg);

// command.c
enum step command_judge(struct relay *relay, struct session *s, struct proto_msg *msg);
// What is at the head is no command, or no longer one: the server would skip it.
void command_skip(struct relay *relay, struct session *s);
// Does the statement with this note read a relation with masked columns?
bool command_is_exposed(uint64_t tag);
bool command_may_change_catalog(uint64_t tag);
// May the server read the statement otherwise than it looks: encoded in another way, or with
// backslashes that escape?
bool command_is_read_otherwise(const struct session *s, const struct proto_msg *msg);
// Did a human approve it?
bool command_is_approved(uint64_t tag);

// budget.c
// Is a session left? Asked before the server is; ends this one if not.
enum step budget_ask_session(struct relay *relay, struct session *s);
// The session opens: charge it, once; ends it when there is none left.
enum step budget_take_session(struct relay *relay, struct session *s);
// The command would be forwarded: charge it, once, if it runs now; else see that something is left
// for when it does. When a budget is spent, the verdict says so.
void budget_judge(
	struct relay *relay, struct session *s, const struct proto_msg *msg,
	const struct effects *effects, struct verdict *verdict
);
// A human approved it: it counts, and passes the budgets that hold. When one that denies is spent,
// the verdict says so.
void budget_take_approved(
	struct relay *relay, struct session *s, const struct proto_msg *msg,
	const struct effects *effects, struct verdict *verdict
);
// It was charged, and is refused for another reason.
void budget_return_command(
	struct relay *relay, struct session *s, const struct proto_msg *msg,
	const struct effects *effects
);
// Charge an answer, masked already in `masked` places, before the client may see it. Ends the
// session when a budget is spent: what is left of a result cannot be held back natively.
enum step budget_answer(
	struct relay *relay, struct session *s, const struct proto_msg *msg, uint64_t masked
);

// hold.c
// What holding makes of the verdict on the command that was just fed: what is only stored passes,
// what cannot wait is denied, what was decided is as it was decided; else it stays VERDICT_HOLD. A
// hold that was another command's ends. `approved`: what it runs was approved under this policy.
void hold_settle(
	struct relay *relay, struct session *s, const struct proto_msg *msg,
	const struct effects *effects, bool approved, struct verdict *verdict
);
// The command is on record: park the session.
enum step hold_park(
	struct relay *relay, struct session *s, const struct proto_msg *msg,
	const struct effects *effects, const struct verdict *verdict
);
// May the client's leg be looked at? STEP_MOVED: yes.
enum step hold_step(struct relay *relay, struct session *s);
// The command has run or was refused, or control has answered that it must be judged anew.
void hold_forget(struct relay *relay, struct session *s);
// Nobody waits for the decision any more. `reason`: static, for control.
void hold_leave(struct relay *relay, struct session *s, const char *reason);
// Tell control so, if it is due. False: the ring is full, try again in the next pass.
bool hold_tell_gone(struct relay *relay, struct session *s);
// Control's answer.
void hold_decide(struct relay *relay, struct session *s, const struct command *command);
// The client cancels. False when nothing is held.
bool hold_cancel(struct relay *relay, struct session *s);
// The timer of a parked session has fired.
void hold_tick(struct relay *relay, struct session *s);
// When it should fire next, microseconds.
uint64_t hold_due_us(const struct session *s);
// The policy has changed: every session that waits is to be woken, to be judged anew.
void hold_doubt_all(struct relay *relay);
// Wake some of those, each pass.
void hold_wake_stale(struct relay *relay);

// progress.c
// The session has had its turn. O(1).
void progress_note(struct relay *relay, struct session *s);
// Once in a pass. A full ring is tried again in the next one.
void progress_tell(struct relay *relay);

// held.c
// What a decision is about (dataplane/api/hold.h). Returns 0 or as buf_append.
int held_digest(
	struct relay *relay, const struct session *s, const struct proto_msg *msg,
	const struct verdict *verdict, uint8_t out[static 32]
) must_check;
// What approvers are shown, all of it: they approve nothing that they cannot read. Out: *out, to be
// freed with held_free until control has it. Returns 0; ERR_LIMIT: longer than HOLD_TEXT_MAX;
// ERR_POOL_EMPTY: memory is short.
int held_new(
	struct relay *relay, const struct session *s, const struct proto_msg *msg,
	const struct verdict *verdict, struct held **out
) must_check;
void held_free(struct held *held); // scrubs; accepts NULL

// settings.c: what was forwarded changes what later statements mean; msg is the text, or a Bind of
// it.
void settings_note(struct relay *relay, struct session *s, const struct proto_msg *msg);
// The same for a setting that comes with the start of the session.
void settings_note_start(
	struct relay *relay, struct session *s, struct span name, struct span value
);
// Append it all, a line each. Returns 0 or as buf_append.
int settings_show(const struct session *s, struct buf *out) must_check;

// explain.c: what a client is told of a refusal, and what to do. Out: `message` of `size` bytes and
// *hint, static text.
void explain(
	const struct relay *relay, const struct session *s, const struct verdict *v,
	const struct effects *effects, char *message, size_t size, const char **hint
);

// answer.c
enum step answer_result(struct relay *relay, struct session *s, struct proto_msg *msg);
enum step answer_other(struct relay *relay, struct session *s, struct proto_msg *msg);
// Tell control that the catalog has changed, if it has.
void answer_tell_catalog(struct relay *relay, struct session *s);
// The bytes that the server's leg has received are about to change, or to move.
void answer_forget_ahead(struct relay *relay, const struct session *s);

// cancel.c
// Give the session a key of its own, by which cancel_request finds it.
void cancel_key_make(struct relay *relay, struct session *s);
void cancel_request(struct relay *relay, const struct proto_msg *msg);
// Those that other workers handed over.
void cancel_pending(struct relay *relay);
// The session is ended by us: what it runs at the server must not go on without it. A good-bye
// alone is read there only after the statement. False: too many are on their way, ask again.
bool cancel_running(struct relay *relay, struct session *s);

// recording.c: false: no room, try again in the next pass.
bool recording_open(struct relay *relay, struct session *s);
bool recording_close(struct relay *relay, struct session *s);
enum recorded {
	RECORDED,
	RECORD_LATER, // no room now: try again in the next pass
	RECORD_NEVER, // larger than the record can ever take
};
enum recorded recording_command(
	struct relay *relay, struct session *s, const struct proto_msg *msg,
	const struct effects *effects, const struct verdict *verdict
);
// What has become of a command that is on record already.
enum recorded recording_verdict(
	struct relay *relay, struct session *s, const struct proto_msg *msg,
	const struct effects *effects, const struct verdict *verdict
);
// The command with its parameters, in the clear and as it is recorded. Returns 0 or as buf_append.
int recording_render(
	const struct relay *relay, const struct proto_msg *msg, struct buf *clear,
	struct buf *masked
) must_check;
// Append `text` without what would break a line, as COPY writes it. False: no room.
bool recording_escape(struct buf *out, struct span text);
// Whether there is room for an answer of `bytes` bytes, or as much as there can be.
bool recording_has_room(struct relay *relay, const struct session *s, size_t bytes);
// After recording_has_room. False: larger than the record can take.
bool recording_answer(struct relay *relay, struct session *s, const struct proto_msg *msg);

// relay.c
// Give the session a turn. It may be gone afterwards.
void session_work(struct relay *relay, struct session *s);

// end.c: begin to close. `denial`: told to the client if it can be; may be NULL. `detail` goes to
// the log and to control.
enum step session_end(
	struct relay *relay, struct session *s, enum session_end end, const struct denial *denial,
	const char *detail
);
// The timer of SESSION_CLOSING.
void session_linger(struct relay *relay, struct session *s);
// Drive SESSION_CLOSING and SESSION_ENDED. True when the session is gone.
bool session_finish(struct relay *relay, struct session *s);

// revoke.c
// COMMAND_REVOKE: nothing of it is served by the cache from here on, and its sessions end in the
// next passes.
void revoke_begin(struct relay *relay, const struct command *command);
// Go on with it, a bounded amount. True when there is more to do.
bool revoke_step(struct relay *relay);
// Are there sessions to be closed for it, before all other work on sessions that end?
bool revoke_is_closing(const struct relay *relay);
// The connections of a session that was waited for are closed.
void revoke_note(struct relay *relay, struct session *s);

// drain.c
// Nothing of it is lost when it ends now: no transaction, no answer owed, no command that waits.
bool session_is_between(const struct session *s);
// End it natively, by word of the operator.
enum step session_dismiss(
	struct relay *relay, struct session *s, enum session_end end, const char *reason
);
// The same, all of them.
void session_dismiss_all(struct relay *relay, enum session_end end, const char *reason);

// timeout.c
// The deadline of an open session: idleness or the token's end.
void session_arm(struct relay *relay, struct session *s);
// End it when its token or its grant has expired. The timer is monotonic and looks again every
// minute only: before a command the wall clock is asked, which may have jumped.
bool session_expire(struct relay *relay, struct session *s);
// Its timer has fired.
void session_timeout(struct relay *relay, struct session *s);
