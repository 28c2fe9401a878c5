// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// One worker's counters. The worker writes, anyone reads (rule: the reader sums); a torn read of a
// counter cannot happen on the 64-bit machines we run on.

#pragma once

#include "dataplane/base/stage.h"

#include <stdint.h>

enum session_end { // why a session ended; one counter each
	END_CLIENT_CLOSED,
	END_SERVER_CLOSED,
	END_CLIENT_RESET,
	END_SERVER_RESET,
	END_TERMINATED, // the client said good-bye
	END_PROTOCOL,   // the client broke the protocol
	END_SERVER_PROTOCOL,
	END_TLS_CLIENT,
	END_TLS_SERVER,
	END_AUTH, // token refused
	END_NO_RULE,
	END_UPSTREAM_CONNECT,
	END_UPSTREAM_AUTH,
	END_EXPIRED,
	END_KILLED,
	END_REVOKED,
	END_LIMIT, // a configured limit or pool
	END_TIMEOUT_LOGIN,
	END_TIMEOUT_IDLE,
	END_SHUTDOWN,
	END_CANCEL, // it was a CancelRequest
	END_BUDGET, // a budget was spent, at its login or in the middle of an answer
	END_COUNT,
};

const char *session_end_name(enum session_end end);

// Turns by their length: at place i those under 2^i microseconds that are in no place before it;
// the last holds all that are longer.
enum { STATS_TURNS = 18 };

struct worker_stats {
	uint64_t loops, busy_loops;
	uint64_t busy_ns;     // of the turns that found work, as time passes
	uint64_t slow_loops;  // above 100 us, but for those in which the kernel took the core
	uint64_t taken_loops; // those
	uint64_t turns[STATS_TURNS]; // that found work, but for those
	uint64_t longest_loop_ns;    // the rest of them, within the last second or two
	// CPU time of the longest turn that took a policy over, or of the busy ones next to it: of
	// the last policy, and since the start.
	uint64_t last_policy_ns, longest_policy_ns;
	uint64_t usual_turns_ns; // of as many busy turns without a new policy, once a second
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes, tx_full;
	// Of TCP: segments sent again, timeouts, probes of lost tails, reductions taken back,
	// paths that swallow large packets, and that took larger ones later; ECN agreed on, marks
	// received, windows reduced for one.
	uint64_t tcp_retransmits, tcp_timeouts, tcp_loss_probes, tcp_undone, tcp_black_holes,
		tcp_mss_raised;
	// What queues hold of what they may (0: normal, 1: pressure, 2: critical; tcp/ledger.h),
	// and times that it came to that; bytes held, and the most; what was done about it.
	uint64_t tcp_memory, tcp_memory_pressure, tcp_memory_critical;
	uint64_t net_held_bytes, net_budget_bytes;
	uint64_t tcp_ooo_pruned, tcp_stalled_reset;
	// Receive buffers that grew, and shrank; bytes that all have beyond the least.
	uint64_t tcp_buffers_grown, tcp_buffers_shrunk, tcp_buffers_extra;
	// Handshakes under way; given up or turned away; RFC 4987 cookies.
	uint64_t tcp_half_open, tcp_syn_dropped, tcp_cookies_sent, tcp_cookies_accepted,
		tcp_cookies_bad;
	// Segments refused for where they lie or what they lack; asked who they are (RFC 5961);
	// ICMP errors and SACK blocks about nothing we sent.
	uint64_t tcp_refused, tcp_challenges, tcp_icmp_refused, tcp_bad_sacks;
	uint64_t tcp_ecn_negotiated, tcp_ecn_marked, tcp_ecn_reduced;
	uint64_t handed_over, taken_over, handover_full; // packets for another worker
	// Of all ports: see struct nic_stats. tx_lost: frames that were not sent, for any reason.
	uint64_t rss_checked, rss_differs, rss_misplaced, tx_lost, tx_merged;
	uint64_t sessions_opened, sessions_live, sessions_full;
	uint64_t ended[END_COUNT];
	uint64_t bad[2][16]; // by leg and enum proto_bad
	uint64_t logins, logins_cached, logins_refused;
	// TLS handshakes, with clients and with servers; and those that waited for the next turn.
	uint64_t client_tls_full, client_tls_resumed, server_tls_full, server_tls_resumed;
	uint64_t handshakes_put_off;
	uint64_t subjects; // now; in sessions and in the cache of tokens
	uint64_t commands, denied, blocked;
	uint64_t held, held_live; // commands that waited for approval; that wait now
	uint64_t hold_approved, hold_refused, hold_timeouts, hold_cancelled, hold_limits;
	uint64_t decisions_stale; // on what did not wait any more
	uint64_t budget_spent;    // commands, logins and answers refused or held for it
	uint64_t rows, masked_values, masked_columns, unknown_relations;
	uint64_t cancels, cancels_refused;
	uint64_t effects_hits, effects_misses;
	uint64_t record_waits, strict_waits, strict_refused;
	uint64_t blocks_used, blocks_total, blocks_refused;
	uint64_t pkts_used, pkts_total;
	uint64_t snapshot_version;
	uint64_t probes_healthy, probes_unhealthy; // of a load balancer, by what they were told
	uint64_t heartbeat_ns;                     // last loop, since boot
	struct stage_counts stages;                // all 0 unless they are counted
	uint64_t tsc_hz;                           // of their cycles
} __attribute__((aligned(64)));
