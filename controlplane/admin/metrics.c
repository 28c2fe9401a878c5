// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/admin/request.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { METRIC_LINE_MAX = 512 };

// The members of struct worker_stats that are one number.
static const struct stat {
	const char *name, *metric, *help;
	bool gauge;
	size_t at;
} stats[] = {
#define COUNTER(member, text)                                                                                 \
	{                                                                                                     \
#		member, #                member "_total", text, false, offsetof(struct worker_stats, member) \
	}
#define GAUGE(member, metric, text)                                                \
	{                                                                          \
#		member, metric, text, true, offsetof(struct worker_stats, member) \
	}
	COUNTER(loops, "Turns of the worker's loop"),
	COUNTER(busy_loops, "Turns of the loop that found work"),
	COUNTER(busy_ns, "How long these took, in nanoseconds"),
	COUNTER(taken_loops, "Turns longer than 100 us in which the kernel took the core"),
	COUNTER(slow_loops, "Turns longer than 100 us in which the kernel did not take the core"),
	GAUGE(tsc_hz, "tsc_hertz", "Cycles a second of the worker's time stamp counter"),
	GAUGE(longest_loop_ns, "longest_loop_ns", "Longest such turn of the last second or two"),
	GAUGE(last_policy_ns, "last_policy_ns",
	      "CPU time of the longest turn with the last policy, of the first few"),
	GAUGE(usual_turns_ns, "usual_turns_ns",
	      "CPU time of the longest of as many turns without a new policy, once a second"),
	GAUGE(longest_policy_ns, "longest_policy_ns", "The same with any policy since the start"),
	COUNTER(rx_packets, "Packets received"),
	COUNTER(rx_bytes, "Bytes received, Ethernet headers included"),
	COUNTER(tx_packets, "Packets sent"),
	COUNTER(tx_bytes, "Bytes sent, Ethernet headers included"),
	COUNTER(tx_full, "Packets that the port did not take at once"),
	COUNTER(tcp_retransmits, "TCP segments sent again"),
	COUNTER(tcp_timeouts, "TCP retransmission timeouts"),
	COUNTER(tcp_loss_probes, "TCP tail loss probes"),
	COUNTER(tcp_undone, "TCP windows restored because nothing had been lost"),
	COUNTER(tcp_black_holes, "TCP connections whose path swallows large packets"),
	COUNTER(tcp_mss_raised, "Times that larger TCP segments were tried again and arrived"),
	GAUGE(tcp_memory, "tcp_memory",
	      "Packets held by TCP queues: 0 normal, 1 pressure, 2 critical"),
	COUNTER(tcp_memory_pressure, "Times that TCP queues came under pressure"),
	COUNTER(tcp_memory_critical, "Times that TCP queues were about to be full"),
	GAUGE(net_held_bytes, "net_held_bytes", "Bytes held by connections, handshakes and queues"),
	GAUGE(net_budget_bytes, "net_budget_bytes", "Bytes that they may hold at most"),
	COUNTER(tcp_ooo_pruned, "TCP packets out of order dropped for want of memory"),
	COUNTER(tcp_buffers_grown, "Times that a TCP receive buffer grew for a long or fast path"),
	COUNTER(tcp_buffers_shrunk, "Times that one shrank again"),
	GAUGE(tcp_buffers_extra, "tcp_buffers_extra_bytes",
	      "Bytes that TCP receive buffers may take beyond the least"),
	COUNTER(tcp_stalled_reset, "TCP connections reset because their peers took nothing"),
	GAUGE(tcp_half_open, "tcp_half_open", "TCP handshakes that clients have begun"),
	COUNTER(tcp_syn_dropped, "TCP handshakes turned away or given up for others"),
	COUNTER(tcp_cookies_sent, "TCP handshakes answered with a SYN cookie"),
	COUNTER(tcp_cookies_accepted, "TCP connections made from a SYN cookie"),
	COUNTER(tcp_cookies_bad, "TCP ACKs that brought no SYN cookie of ours"),
	COUNTER(tcp_refused, "TCP segments refused"),
	COUNTER(tcp_challenges, "TCP segments answered by a challenge ACK"),
	COUNTER(tcp_icmp_refused, "ICMP errors about no segment of ours"),
	COUNTER(tcp_bad_sacks, "SACK blocks of what was never sent"),
	COUNTER(tcp_ecn_negotiated, "TCP connections with ECN"),
	COUNTER(tcp_ecn_marked, "TCP segments received with a congestion mark"),
	COUNTER(tcp_ecn_reduced, "TCP windows reduced because the peer saw a mark"),
	COUNTER(handed_over, "Packets given to the worker they belong to"),
	COUNTER(taken_over, "Packets got from other workers"),
	COUNTER(handover_full, "Packets dropped because another worker's ring was full"),
	COUNTER(tx_lost, "Packets that a port would not take, or that found no room before it"),
	COUNTER(tx_merged, "Segments left to the port to be cut off larger ones"),
	COUNTER(rss_checked, "Segments whose hash by the port was compared with ours"),
	COUNTER(rss_differs, "Segments whose hash by the port was not ours"),
	COUNTER(rss_misplaced, "Segments that a port gave to another worker than its hash says"),
	COUNTER(sessions_opened, "Sessions accepted"),
	GAUGE(sessions_live, "sessions_live", "Sessions that are open"),
	COUNTER(sessions_full, "Connections refused because no session was free"),
	COUNTER(logins, "Logins whose token control was asked about"),
	COUNTER(logins_cached, "Logins whose token was verified before"),
	COUNTER(client_tls_full, "Full TLS handshakes with clients"),
	COUNTER(client_tls_resumed, "TLS sessions that clients resumed"),
	COUNTER(server_tls_full, "Full TLS handshakes with servers"),
	COUNTER(server_tls_resumed, "TLS sessions resumed with servers"),
	COUNTER(handshakes_put_off, "Steps of TLS handshakes put off so that data does not wait"),
	GAUGE(subjects, "subjects", "Verified tokens in use or remembered"),
	COUNTER(logins_refused, "Logins that were refused"),
	COUNTER(commands, "Commands judged"),
	COUNTER(denied, "Commands refused"),
	COUNTER(held, "Commands held for approval"),
	GAUGE(held_live, "held_live", "Commands that wait for approval now"),
	COUNTER(hold_approved, "Held commands that were approved"),
	COUNTER(hold_refused, "Held commands that were refused"),
	COUNTER(hold_timeouts, "Held commands that nobody decided on in time"),
	COUNTER(hold_cancelled, "Held commands that their clients cancelled"),
	COUNTER(hold_limits, "Commands refused because too many were held already"),
	COUNTER(decisions_stale, "Decisions on commands that did not wait any more"),
	COUNTER(budget_spent, "Commands, logins and answers refused or held for a spent budget"),
	COUNTER(probes_healthy, "Probes of a load balancer that were answered healthy"),
	COUNTER(probes_unhealthy, "The same, answered unhealthy"),
	COUNTER(blocked, "Commands refused for a pattern of the blocklist"),
	COUNTER(rows, "Rows of answers inspected"),
	COUNTER(masked_values, "Values in which something was masked"),
	COUNTER(masked_columns, "Values masked because of their column"),
	COUNTER(unknown_relations, "Results from relations that the catalog does not know"),
	COUNTER(cancels, "CancelRequests carried out"),
	COUNTER(cancels_refused, "CancelRequests with a wrong key"),
	COUNTER(effects_hits, "Statements whose effects were in the cache"),
	COUNTER(effects_misses, "Statements that had to be parsed"),
	COUNTER(record_waits, "Times a session waited for room to record"),
	COUNTER(strict_waits, "Commands that waited for their record to be on disk"),
	COUNTER(strict_refused, "Logins refused because recordings cannot be written"),
	GAUGE(blocks_used, "session_memory_used_bytes", "Bytes of session memory in use"),
	GAUGE(blocks_total, "session_memory_bytes", "Bytes of session memory"),
	COUNTER(blocks_refused, "Times session memory was not to be had"),
	GAUGE(pkts_used, "packet_buffers_used", "Packet buffers in use"),
	GAUGE(pkts_total, "packet_buffers", "Packet buffers"),
	GAUGE(snapshot_version, "worker_policy_version",
	      "Version of the policy that the worker applies"),
#undef COUNTER
#undef GAUGE
};
enum { N_STATS = sizeof(stats) / sizeof(stats[0]) };

static uint64_t value_of(const struct worker_stats *worker, size_t at)
{
	return __atomic_load_n((const uint64_t *)((const char *)worker + at), __ATOMIC_RELAXED);
}

static int put(struct buf *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int put(struct buf *out, const char *format, ...)
{
	char line[METRIC_LINE_MAX];
	va_list args;

	va_start(args, format);
	int n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(line))
		return ERR_LIMIT;
	return buf_append(out, span_of(line, (size_t)n));
}

static int put_head(struct buf *out, const char *name, const char *help, bool gauge)
{
	return put(
		out, "# HELP bulkhead_%s %s\n# TYPE bulkhead_%s %s\n", name, help, name,
		gauge ? "gauge" : "counter"
	);
}

static int put_stat(const struct admin *admin, struct buf *out, const struct stat *stat)
{
	int ret = put_head(out, stat->metric, stat->help, stat->gauge);

	for (unsigned i = 0; ret == 0 && i < admin->config.n_workers; i++)
		ret =
			put(out, "bulkhead_%s{worker=\"%u\"} %llu\n", stat->metric, i,
			    (unsigned long long)value_of(admin->config.workers[i], stat->at));
	return ret;
}

static int put_ended(const struct admin *admin, struct buf *out)
{
	int ret = put_head(out, "sessions_ended_total", "Sessions ended, by reason", false);

	for (unsigned i = 0; i < admin->config.n_workers; i++) {
		for (unsigned end = 0; ret == 0 && end < END_COUNT; end++)
			ret = put(
				out,
				"bulkhead_sessions_ended_total{worker=\"%u\",reason=\"%s\"} %llu\n",
				i, session_end_name((enum session_end)end),
				(unsigned long long)value_of(
					admin->config.workers[i],
					offsetof(struct worker_stats, ended) +
						end * sizeof(uint64_t)
				)
			);
	}
	return ret;
}

static int put_turns_of(struct buf *out, const struct worker_stats *worker, unsigned i)
{
	uint64_t n = 0;
	char until[16];
	int ret = 0;

	for (unsigned place = 0; ret == 0 && place < STATS_TURNS; place++) {
		n += value_of(worker, offsetof(struct worker_stats, turns) + place * sizeof(n));
		if (place < STATS_TURNS - 1)
			snprintf(until, sizeof(until), "%.6f", (double)(1U << place) / 1e6);
		else
			memcpy(until, "+Inf", sizeof("+Inf"));
		ret =
			put(out, "bulkhead_turn_seconds_bucket{worker=\"%u\",le=\"%s\"} %llu\n", i,
			    until, (unsigned long long)n);
	}
	return ret != 0 ? ret
			: put(out, "bulkhead_turn_seconds_count{worker=\"%u\"} %llu\n", i,
			      (unsigned long long)n);
}

// Without a sum: nobody counts one.
static int put_turns(const struct admin *admin, struct buf *out)
{
	int ret =
		put(out, "# HELP bulkhead_turn_seconds Turns of the loop that found work\n"
			 "# TYPE bulkhead_turn_seconds histogram\n");

	for (unsigned i = 0; ret == 0 && i < admin->config.n_workers; i++)
		ret = put_turns_of(out, admin->config.workers[i], i);
	return ret;
}

static int put_stages(
	const struct admin *admin, struct buf *out, const char *name, const char *help, size_t at
)
{
	int ret = put_head(out, name, help, false);

	for (unsigned i = 0; i < admin->config.n_workers; i++) {
		for (unsigned stage = 0; ret == 0 && stage < STAGE_COUNT; stage++)
			ret =
				put(out, "bulkhead_%s{worker=\"%u\",stage=\"%s\"} %llu\n", name, i,
				    stage_name((enum stage)stage),
				    (unsigned long long)value_of(
					    admin->config.workers[i], at + stage * sizeof(uint64_t)
				    ));
	}
	return ret;
}

static const char *const legs[2] = {"client", "server"};

static uint64_t bad_of(const struct worker_stats *worker, unsigned leg, unsigned bad)
{
	size_t at = offsetof(struct worker_stats, bad) + (leg * 16 + bad) * sizeof(uint64_t);

	return value_of(worker, at);
}

static int put_bad(const struct admin *admin, struct buf *out)
{
	int ret = put_head(
		out, "protocol_errors_total", "Messages that broke the protocol, by kind", false
	);

	for (unsigned i = 0; i < admin->config.n_workers; i++) {
		for (unsigned leg = 0; leg < 2; leg++) {
			for (unsigned bad = 1; ret == 0 && bad < 16; bad++) {
				const char *name = admin->config.ops.bad_name(bad);
				if (name == NULL)
					break;
				ret = put(
					out,
					"bulkhead_protocol_errors_total{worker=\"%u\",leg=\"%s\","
					"kind=\"%s\"} %llu\n",
					i, legs[leg], name,
					(unsigned long long
					)bad_of(admin->config.workers[i], leg, bad)
				);
			}
		}
	}
	return ret;
}

static int put_others(const struct admin *admin, struct buf *out)
{
	struct admin_metric metrics[ADMIN_METRICS_MAX];
	size_t n = admin->config.ops.metrics(admin->config.ops.context, metrics, ADMIN_METRICS_MAX);
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < n; i++) {
		ret = put_head(out, metrics[i].name, metrics[i].help, !metrics[i].counter);
		if (ret == 0)
			ret = put(out, "bulkhead_%s %.17g\n", metrics[i].name, metrics[i].value);
	}
	return ret;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

// Nanoseconds since the worker's last loop; it may have looped after `now` was read.
static uint64_t age_ns(const struct worker_stats *worker, uint64_t now)
{
	uint64_t beat = value_of(worker, offsetof(struct worker_stats, heartbeat_ns));

	return now > beat ? now - beat : 0;
}

static int put_ages(const struct admin *admin, struct buf *out)
{
	uint64_t now = now_ns();
	int ret = put_head(out, "heartbeat_age_seconds", "Time since the worker's last loop", true);

	for (unsigned i = 0; ret == 0 && i < admin->config.n_workers; i++)
		ret =
			put(out, "bulkhead_heartbeat_age_seconds{worker=\"%u\"} %.9f\n", i,
			    (double)age_ns(admin->config.workers[i], now) / 1e9);
	return ret;
}

int metrics_text(const struct admin *admin, struct buf *out)
{
	int ret =
		put(out,
		    "# HELP bulkhead_build_info The version that runs\n"
		    "# TYPE bulkhead_build_info gauge\nbulkhead_build_info{version=\"%s\"} 1\n",
		    BULKHEAD_VERSION);

	for (unsigned i = 0; ret == 0 && i < N_STATS; i++)
		ret = put_stat(admin, out, &stats[i]);
	if (ret == 0)
		ret = put_ended(admin, out);
	if (ret == 0)
		ret = put_bad(admin, out);
	if (ret == 0)
		ret = put_ages(admin, out);
	if (ret == 0)
		ret = put_turns(admin, out);
	if (ret == 0)
		ret = put_stages(
			admin, out, "stage_cycles_total", "Cycles by stage, with gateway.profile",
			offsetof(struct worker_stats, stages.cycles)
		);
	if (ret == 0)
		ret = put_stages(
			admin, out, "stage_units_total",
			"Packets, records, messages and commands by stage, with gateway.profile",
			offsetof(struct worker_stats, stages.units)
		);
	return ret != 0 ? ret : put_others(admin, out);
}

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

json_t *metrics_worker_json(const struct admin *admin, unsigned worker)
{
	const struct worker_stats *from = admin->config.workers[worker];
	json_t *json = json_pack("{s:i}", "worker", (int)worker);
	json_t *ended = json_object(), *bad = json_object();

	for (unsigned i = 0; i < N_STATS; i++)
		json_object_set_new(json, stats[i].name, number(value_of(from, stats[i].at)));
	json_object_set_new(json, "heartbeat_age_ms", number(age_ns(from, now_ns()) / 1000000));
	for (unsigned end = 0; end < END_COUNT; end++)
		json_object_set_new(
			ended, session_end_name((enum session_end)end), number(from->ended[end])
		);
	for (unsigned leg = 0; leg < 2; leg++) {
		json_t *kinds = json_object();
		for (unsigned i = 1; i < 16 && admin->config.ops.bad_name(i) != NULL; i++)
			json_object_set_new(
				kinds, admin->config.ops.bad_name(i), number(bad_of(from, leg, i))
			);
		json_object_set_new(bad, legs[leg], kinds);
	}
	json_object_set_new(json, "ended", ended);
	json_object_set_new(json, "bad", bad);
	return json;
}

bool metrics_workers_are_live(const struct admin *admin, char why[static ADMIN_WHY])
{
	uint64_t now = now_ns();

	for (unsigned i = 0; i < admin->config.n_workers; i++) {
		uint64_t ms = age_ns(admin->config.workers[i], now) / 1000000;
		if (ms >= ADMIN_STALE_MS) {
			snprintf(
				why, ADMIN_WHY, "worker %u has not looped for %llu ms", i,
				(unsigned long long)ms
			);
			return false;
		}
	}
	return true;
}
