// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The counters of the control plane, for the metrics scraper; those of the workers are read by
// controlplane/admin/metrics.c itself.

#include "app/api.h"

struct scrape {
	struct admin_metric *out;
	size_t n, max;
};

static void put(
	struct scrape *scrape, const char *name, const char *help, bool counter, double value
)
{
	if (scrape->n < scrape->max)
		scrape->out[scrape->n++] = (struct admin_metric){name, help, counter, value};
}

static void gauge(struct scrape *scrape, const char *name, uint64_t value, const char *help)
{
	put(scrape, name, help, false, (double)value);
}

static void counter(struct scrape *scrape, const char *name, uint64_t value, const char *help)
{
	put(scrape, name, help, true, (double)value);
}

uint64_t api_refused_by_policy(const struct control *control)
{
	uint64_t n = 0;

	for (uint16_t i = 0; i < control->contexts.n_workers; i++)
		n += workers_stats(control->workers, i)->ended[END_NO_RULE];
	return n;
}

static void put_policy(const struct control *control, struct scrape *to)
{
	const struct snapshot *s = publisher_current(control->publisher);

	gauge(to, "policy_version", s == NULL ? 0 : s->version, "Version of the policy in force.");
	gauge(to, "snapshots", publisher_reclaim(control->publisher),
	      "Policies alive: in force, or held by a session.");
	gauge(to, "columns_unresolved", catalogs_unresolved(control, NULL, NULL),
	      "Masked columns that their server does not have.");
	counter(to, "sessions_refused_total", api_refused_by_policy(control),
		"Sessions that the policy refused or ended.");
	counter(to, "budgets_unplaced_total", budget_refusals(budgets_table(control->budgets)),
		"Uses of a budget refused because the table of budgets was full.");
}

static void put_tokens(const struct control *control, struct scrape *to)
{
	const struct logins_stats logins = logins_stats(control->logins);
	struct managed_stats managed;
	uint64_t failed;
	uint64_t fetches = identity_fetches(control->identity, &failed);

	managed_stats_get(control->managed, &managed);
	counter(to, "tokens_accepted_total", logins.accepted, "Tokens that proved a subject.");
	counter(to, "tokens_refused_total", logins.refused, "Tokens refused.");
	gauge(to, "tokens_waiting", logins.waiting, "Tokens that wait for an issuer's keys.");
	counter(to, "key_fetches_total", fetches, "Fetches of issuers' keys.");
	counter(to, "key_fetches_failed_total", failed, "Fetches of issuers' keys that failed.");
	gauge(to, "credentials", managed.n, "Managed identities that resources log in with.");
	gauge(to, "credentials_missing", managed.missing,
	      "Those of them without a token in force.");
	counter(to, "credentials_failed_total", managed.failed,
		"Requests for their tokens that failed.");
}

static void put_evidence(const struct control *control, struct scrape *to)
{
	struct recorder_stats r;
	struct audit_stats a;

	recorder_stats_get(control->recorder, &r);
	audit_stats_get(control->audit, &a);
	counter(to, "records_total", r.records, "Records taken from the workers.");
	counter(to, "record_bytes_total", r.bytes, "Bytes of records.");
	counter(to, "segments_total", r.segments, "Segments begun.");
	counter(to, "record_syncs_total", r.syncs, "Times that recordings were made durable.");
	counter(to, "record_failures_total", r.failures, "Writes of recordings that failed.");
	gauge(to, "record_waiting_bytes", r.waiting, "Bytes of recordings not on disk yet.");
	counter(to, "audit_lines_total", a.lines, "Lines of the audit log.");
	counter(to, "audit_failures_total", a.failures, "Writes of the audit log that failed.");
	gauge(to, "audit_waiting_bytes", a.waiting, "Bytes of the audit log not on disk yet.");
	counter(to, "store_failures_total", store_health(control->store).failures,
		"Reads and writes of the store that failed.");
}

static void put_approvals(const struct control *control, struct scrape *to)
{
	const struct approvals_stats a = approvals_stats(control->approvals);
	const struct notify_stats n = notify_stats(control->notify);

	gauge(to, "approvals_pending", a.pending, "Requests that wait for people.");
	gauge(to, "approvals_parked", a.parked, "Sessions that wait for them.");
	counter(to, "approvals_requested_total", a.requested, "Requests made.");
	counter(to, "approvals_approved_total", a.approved, "Requests approved.");
	counter(to, "approvals_refused_total", a.refused, "Requests refused.");
	counter(to, "approvals_expired_total", a.expired,
		"Requests that nobody decided or used in time.");
	counter(to, "approvals_failed_total", a.failed, "Requests that the store did not take.");
	counter(to, "votes_turned_away_total", a.votes_turned_away,
		"Votes of those who may not vote.");
	gauge(to, "notifications_pending", n.pending, "Notifications to be delivered.");
	gauge(to, "notifications_dead", n.dead, "Notifications given up.");
	counter(to, "notifications_failed_total", n.failed, "Deliveries that failed.");
}

// Of all workers' stacks together. A worker writes while we read: each number is right by itself.
static void put_network(const struct control *control, struct scrape *to)
{
	uint64_t broken = 0, vlan = 0, unbelieved = 0, contested = 0, displaced = 0, limited = 0;
	uint64_t fragments = 0, whole = 0, refused = 0, expired = 0, evicted = 0;

	for (uint16_t i = 0; i < control->contexts.n_workers; i++) {
		const struct ip_stats *s = workers_ip_stats(control->workers, i);
		broken += s->drop_short + s->drop_version + s->drop_length + s->drop_ip_checksum +
			  s->drop_l4_checksum + s->drop_source + s->drop_options +
			  s->drop_extension;
		vlan += s->drop_vlan;
		unbelieved += s->arp_refused + s->nd_refused;
		contested += s->neighbour_conflicts;
		displaced += s->neighbour_evicted;
		limited += s->icmp_limited;
		fragments += s->rx_fragments;
		whole += s->reassembled;
		refused += s->drop_fragment + s->fragment_overlap + s->fragment_tiny +
			   s->fragment_too_long + s->fragment_too_many;
		expired += s->fragment_expired;
		evicted += s->fragment_evicted;
	}
	counter(to, "packets_malformed_total", broken, "Packets that broke a rule of IP.");
	counter(to, "packets_vlan_refused_total", vlan, "Frames of another VLAN than the port's.");
	counter(to, "neighbours_refused_total", unbelieved, "Messages of ARP and ND not believed.");
	counter(to, "neighbours_contested_total", contested,
		"Claims of ARP and ND to the address of a neighbour in use.");
	counter(to, "neighbours_evicted_total", displaced,
		"Neighbours forgotten to make room for others.");
	counter(to, "icmp_limited_total", limited, "Answers of ICMP withheld for there were many.");
	counter(to, "fragments_total", fragments, "Fragments of packets that arrived.");
	counter(to, "fragments_reassembled_total", whole, "Packets put together from fragments.");
	counter(to, "fragments_refused_total", refused,
		"Fragments refused: overlaps, tiny ones, too many.");
	counter(to, "fragments_expired_total", expired,
		"Packets whose fragments did not all come.");
	counter(to, "fragments_evicted_total", evicted,
		"Packets given up half way, to make room for others.");
}

static size_t on_metrics(void *context, struct admin_metric *out, size_t max)
{
	const struct control *control = context;
	struct scrape scrape = {.out = out, .max = max};

	put_policy(control, &scrape);
	put_tokens(control, &scrape);
	put_evidence(control, &scrape);
	put_approvals(control, &scrape);
	put_network(control, &scrape);
	return scrape.n;
}

void api_metrics(struct admin_ops *ops)
{
	ops->metrics = on_metrics;
}
