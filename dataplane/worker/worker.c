// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/worker/worker.h"

#include "dataplane/base/log.h"
#include "dataplane/base/stage.h"
#include "dataplane/worker/listeners.h"
#include "dataplane/worker/stack.h"

#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_pause.h>
#include <urcu/urcu-qsbr.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
	COMMANDS_PER_LOOP = 16,
	HOUSEKEEPING_US = 100000, // between two looks at slow counters and at the wall clock
	IDLE_LOOPS = 64,          // loops without work before the first sleep
	IDLE_SLEEP_MIN_US = 5,
	WAIT_LOOPS = 256, // loops with sessions that want a turn, and no input
	WAIT_SLEEP_US = 20,
	SLOW_US = 100,        // a turn of the loop that is told as slow
	LONGEST_US = 1000000, // for which the longest is told
	USUAL_US = 1030000, // between two timings of usual turns; not always those that keep house
	TIMED_TURNS = 16,   // busy ones that are timed after a new policy, or to compare
	LAST_LOOPS = 16,    // after the last session: what it queued must leave
};

struct worker {
	struct workers *all;
	uint16_t index;
	struct stack stack;
	struct relay *relay;
	struct blocks *blocks;
	struct record_queue records;
	struct ring events, commands;
	struct random random;
	struct listeners listeners;
	enum relay_drain drain;
	bool probed;                          // the probe's port is open
	uint32_t port_changes[NIC_PORTS_MAX]; // that were told; worker 0
	uint64_t now_ns;                      // monotonic, of this loop
	uint64_t wall_offset_ns;              // wall clock less monotonic
	uint64_t housekeeping_us;             // when next
	uint64_t tick_us;                     // when next
	uint32_t idle_loops;
	uint32_t sleep_us;
	uint32_t wait_loops;
	struct turns {
		double ns_per_tick;       // of the TSC
		uint64_t slow;            // ticks of a slow turn
		uint64_t longest, before; // of this period and the last
		uint64_t period_us;       // when the next begins
		long taken;               // times the kernel had taken the core
		uint64_t cpu_ns;          // this thread's, when the turn began
		uint64_t most_ns;         // of those timed so far
		uint64_t usual_us;        // when turns without a new policy are timed next
		uint32_t timed;           // busy turns still to be timed
		bool fresh;               // they follow a new policy
	} turns;
	struct stages stages;
	struct worker_stats stats; // worker: rw, control: ro
} __attribute__((aligned(64)));

struct workers {
	struct workers_config config;
	struct mesh mesh;
	// control: rw, worker: ro
	enum relay_drain drain;
	bool stop;
	uint64_t healthy_ns; // monotonic; until when
	bool launched;
	struct worker *list;
};

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

// ---- from relay

static bool on_event(void *ctx, const struct event *event)
{
	struct worker *w = ctx;

	return ring_push(&w->events, event);
}

static void on_cancel(void *ctx, uint16_t worker, uint32_t pid, uint32_t secret)
{
	struct worker *w = ctx;

	stack_cancel(&w->stack, worker, pid, secret);
}

static uint64_t on_random(void *ctx)
{
	struct worker *w = ctx;

	return random_next(&w->random);
}

static uint64_t on_clock(void *)
{
	return clock_ns(CLOCK_MONOTONIC) / 1000;
}

// From another worker, by the mesh.
static void on_mesh_cancel(void *ctx, uint32_t pid, uint32_t secret)
{
	struct worker *w = ctx;

	relay_cancel(w->relay, pid, secret);
}

// ---- the loop

static void follow_drain(struct worker *w)
{
	enum relay_drain drain = __atomic_load_n(&w->all->drain, __ATOMIC_ACQUIRE);

	if (drain == w->drain)
		return;
	w->drain = drain;
	if (drain != RELAY_SERVES)
		listeners_follow(&w->listeners, w->stack.tcp, NULL);
	relay_drain(w->relay, drain);
}

static void follow_health(struct worker *w)
{
	const struct workers_config *config = &w->all->config;
	const struct endpoint probe = {.port = config->probe_port};

	if (probe.port == 0)
		return;
	bool healthy = w->now_ns < __atomic_load_n(&w->all->healthy_ns, __ATOMIC_RELAXED);
	relay_probe(w->relay, healthy);
	bool open = healthy || config->probe_http;
	if (open == w->probed)
		return;
	w->probed = open;
	if (!open)
		tcp_unlisten(w->stack.tcp, &probe);
	else if (tcp_listen(w->stack.tcp, &probe, relay_probe_cookie(w->relay)) != 0)
		log_line(LOG_ERROR, "worker", "the probe's port is taken worker=%u", w->index);
}

static uint32_t take_commands(struct worker *w)
{
	struct command command;
	uint32_t n = 0;

	while (n < COMMANDS_PER_LOOP && ring_pop(&w->commands, &command)) {
		relay_command(w->relay, &command);
		n++;
	}
	return n;
}

static void follow_policy(struct worker *w, const struct snapshot *snapshot)
{
	uint32_t before = w->listeners.version;

	if (w->drain != RELAY_SERVES)
		return;
	listeners_follow(&w->listeners, w->stack.tcp, snapshot);
	w->stats.snapshot_version = w->listeners.version;
	if (w->listeners.version != before && w->listeners.refused > 0)
		log_line(
			LOG_ERROR, "worker", "too many listeners worker=%u refused=%u", w->index,
			w->listeners.refused
		);
}

// One worker tells of the ports for all.
static void tell_ports(struct worker *w)
{
	for (uint8_t p = 0; p < w->all->config.ip.n_ports; p++) {
		struct nic_port_info info;
		nic_port_info(w->all->config.nic, p, &info);
		if (info.changes == w->port_changes[p])
			continue;
		w->port_changes[p] = info.changes;
		log_line(
			info.gone ? LOG_ERROR : LOG_WARN, "worker",
			"a device has changed port=%u state=%s offloads=%s", p,
			info.gone ? "gone" : "here", info.complete ? "port" : "software"
		);
	}
}

static void keep_house(struct worker *w)
{
	struct blocks_stats blocks = blocks_stats(w->blocks);
	bool rss_was_right = w->stats.rss_differs == 0;

	if (w->index == 0)
		tell_ports(w);

	w->wall_offset_ns = clock_ns(CLOCK_REALTIME) - w->now_ns;
	stack_count(&w->stack);
	if (rss_was_right && w->stats.rss_differs > 0)
		log_line(
			LOG_WARN, "worker",
			"a port hashes otherwise than it says; workers hand over what it misplaces "
			"worker=%u",
			w->index
		);
	w->stats.blocks_used = blocks.used;
	w->stats.blocks_total = blocks.total;
	w->stats.blocks_refused = blocks.empty;
	w->stats.record_waits = w->records.waits;
}

// Has the kernel given the core to another thread since this was asked? A system call: only asked
// of turns that were slow anyway, and by who keeps house.
static bool was_taken(struct turns *turns)
{
	struct rusage usage;

	if (getrusage(RUSAGE_THREAD, &usage) != 0 || usage.ru_nivcsw == turns->taken)
		return false;
	turns->taken = usage.ru_nivcsw;
	return true;
}

static uint64_t nanoseconds(const struct turns *turns, uint64_t ticks)
{
	return (uint64_t)((double)ticks * turns->ns_per_tick);
}

// Of a turn that took so long, in worker_stats.turns.
static unsigned place_of(uint64_t us)
{
	unsigned bits = us == 0 ? 0 : 64 - (unsigned)__builtin_clzll(us);

	return bits < STATS_TURNS ? bits : STATS_TURNS - 1;
}

static void time_turn(struct worker *w, uint64_t begin, bool busy)
{
	uint64_t took = rte_rdtsc() - begin;

	if (busy)
		w->stats.busy_ns += nanoseconds(&w->turns, took);
	if (took > w->turns.slow) {
		if (was_taken(&w->turns)) {
			w->stats.taken_loops++;
			return;
		}
		w->stats.slow_loops++;
	}
	if (busy)
		w->stats.turns[place_of(nanoseconds(&w->turns, took) / 1000)]++;
	if (took > w->turns.longest)
		w->turns.longest = took;
}

// The thread's own time, whoever else was given the core: a system call, for a few turns after each
// new policy, whose memory this core has not seen; and for as many each second that show what is
// usual.
static void begin_timed(struct worker *w, uint64_t now_us)
{
	const struct snapshot *next = snapshot_current(w->all->config.slot);
	struct turns *turns = &w->turns;
	bool fresh =
		w->drain == RELAY_SERVES && next != NULL && next->version != w->listeners.version;

	if (fresh || (turns->timed == 0 && now_us >= turns->usual_us)) {
		turns->fresh = fresh;
		turns->timed = TIMED_TURNS;
		turns->most_ns = 0;
		turns->usual_us = now_us + USUAL_US;
	}
	if (turns->timed > 0)
		turns->cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

static void end_timed(struct worker *w, bool busy)
{
	struct turns *turns = &w->turns;

	if (turns->timed == 0)
		return;
	uint64_t ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - turns->cpu_ns;
	if (ns > turns->most_ns)
		turns->most_ns = ns;
	turns->timed -= busy;
	if (!turns->fresh) {
		if (turns->timed == 0)
			w->stats.usual_turns_ns = turns->most_ns;
		return;
	}
	w->stats.last_policy_ns = turns->most_ns;
	if (turns->most_ns > w->stats.longest_policy_ns)
		w->stats.longest_policy_ns = turns->most_ns;
}

static void tell_turns(struct worker *w, uint64_t now_us)
{
	struct turns *turns = &w->turns;
	uint64_t most = turns->longest > turns->before ? turns->longest : turns->before;

	(void)was_taken(turns);
	w->stats.longest_loop_ns = nanoseconds(turns, most);
	if (now_us < turns->period_us)
		return;
	turns->period_us = now_us + LONGEST_US;
	turns->before = turns->longest;
	turns->longest = 0;
}

struct work {
	uint32_t input;    // packets, messages and commands
	uint32_t sessions; // that had a turn
};

static struct work run_once(struct worker *w)
{
	const uint64_t begin = rte_rdtsc();

	stages_begin_turn();
	w->now_ns = clock_ns(CLOCK_MONOTONIC);
	uint64_t now_us = w->now_ns / 1000;
	begin_timed(w, now_us);

	if (now_us >= w->housekeeping_us) {
		w->housekeeping_us = now_us + HOUSEKEEPING_US;
		keep_house(w);
		tell_turns(w, now_us);
	}
	struct work work = {.input = stack_input(&w->stack, now_us)};
	work.input += take_commands(w);
	follow_drain(w);
	follow_health(w);
	const struct snapshot *snapshot = snapshot_current(w->all->config.slot);
	follow_policy(w, snapshot);
	const struct snapshot *coming = snapshot_coming(w->all->config.slot);
	if (coming != NULL)
		relay_rehearse(coming, w->index);
	struct relay_now now = {.us = now_us, .wall_ns = w->now_ns + w->wall_offset_ns};
	enum stage before = stage_enter(STAGE_RELAY);
	work.sessions = relay_poll(w->relay, w->stack.tcp, snapshot, now);
	stage_leave(before);
	bool busy = work.input > 0 || work.sessions > 0;
	if (busy || now_us >= w->tick_us) {
		w->tick_us = now_us + w->all->config.tick_us;
		stack_output(&w->stack);
	}
	record_flush(&w->records);
	w->stats.loops++;
	w->stats.busy_loops += busy;
	__atomic_store_n(&w->stats.heartbeat_ns, w->now_ns, __ATOMIC_RELAXED);
	time_turn(w, begin, busy);
	end_timed(w, busy);
	stages_end_turn(busy);
	return work;
}

// Offline for RCU meanwhile: a publisher does not wait for who sleeps.
static void pause_us(uint32_t us)
{
	const struct timespec pause = {.tv_nsec = (long)us * 1000};

	urcu_qsbr_thread_offline();
	nanosleep(&pause, NULL);
	urcu_qsbr_thread_online();
}

// Give the core away when there is nothing to do, a little longer each time; and now and then when
// sessions ask for turn after turn while nothing comes in: they wait for a thread (the recorder,
// control) that may need this very core.
static void rest(struct worker *w, struct work work)
{
	const struct workers_config *config = &w->all->config;

	if (work.input > 0) {
		w->idle_loops = w->wait_loops = w->sleep_us = 0;
	} else if (work.sessions > 0) {
		w->idle_loops = w->sleep_us = 0;
		if (config->idle_sleep_us > 0 && ++w->wait_loops > WAIT_LOOPS)
			pause_us(WAIT_SLEEP_US);
	} else if (config->idle_sleep_us == 0 || ++w->idle_loops < IDLE_LOOPS) {
		rte_pause();
	} else {
		w->sleep_us = w->sleep_us == 0 ? IDLE_SLEEP_MIN_US : 2 * w->sleep_us;
		if (w->sleep_us > config->idle_sleep_us)
			w->sleep_us = config->idle_sleep_us;
		pause_us(w->sleep_us);
	}
}

static int worker_main(void *arg)
{
	struct worker *w = arg;

	// Sleeps are meant as written, not rounded up by the default of 50 us.
	(void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
	urcu_qsbr_register_thread();
	w->turns.ns_per_tick = 1e9 / (double)rte_get_tsc_hz();
	w->turns.slow = rte_get_tsc_hz() / (1000000 / SLOW_US);
	w->stats.tsc_hz = rte_get_tsc_hz();
	if (w->all->config.profile)
		stages_follow(&w->stages, &w->stats.stages);
	while (!__atomic_load_n(&w->all->stop, __ATOMIC_ACQUIRE)) {
		struct work work = run_once(w);
		urcu_qsbr_quiescent_state();
		rest(w, work);
	}
	relay_abort(w->relay);
	for (unsigned i = 0; i < LAST_LOOPS; i++)
		(void)run_once(w);
	urcu_qsbr_unregister_thread();
	if (w->all->config.thread_end != NULL)
		w->all->config.thread_end(w->all->config.ctx);
	return 0;
}

// ---- life

static int worker_init(struct worker *w, struct workers *all, uint16_t index)
{
	const struct workers_config *config = &all->config;
	struct relay_config relay = config->relay;
	const struct relay_ops ops = {on_event, on_cancel, on_random, on_clock, w};
	const struct stack_config stack = {
		.worker = index,
		.n_workers = config->n_workers,
		.nic = config->nic,
		.mesh = &all->mesh,
		.ip = config->ip,
		.tcp = config->tcp,
		.stats = &w->stats,
		.cancel = on_mesh_cancel,
		.ctx = w,
	};

	w->all = all;
	w->index = index;
	relay.worker = index;
	relay.n_workers = config->n_workers;
	int r = ring_init(&w->events, config->events, sizeof(struct event));
	if (r == 0)
		r = ring_init(&w->commands, config->events, sizeof(struct command));
	if (r == 0)
		r = record_queue_init(&w->records, config->record_blocks);
	if (r == 0)
		r = stack_init(&w->stack, &stack, clock_ns(CLOCK_MONOTONIC) / 1000);
	if (r != 0)
		return r;
	w->blocks = blocks_new(config->memory);
	if (w->blocks == NULL)
		return -ENOMEM;
	w->relay = relay_new(&relay, &ops, w->stack.tcp, w->blocks, &w->records, &w->stats);
	return w->relay == NULL ? -ENOMEM : 0;
}

static void worker_fini(struct worker *w)
{
	if (w->relay != NULL)
		relay_free(w->relay);
	stack_fini(&w->stack);
	if (w->blocks != NULL)
		blocks_free(w->blocks);
	record_queue_fini(&w->records);
	ring_fini(&w->commands);
	ring_fini(&w->events);
}

int workers_new(const struct workers_config *config, struct workers **out)
{
	struct workers *all = calloc(1, sizeof(*all));
	int r = -ENOMEM;

	if (all == NULL)
		return r;
	all->config = *config;
	all->list = aligned_alloc(64, config->n_workers * sizeof(*all->list));
	if (all->list == NULL)
		goto fail;
	memset(all->list, 0, config->n_workers * sizeof(*all->list));
	r = mesh_init(&all->mesh, config->n_workers);
	for (uint16_t i = 0; r == 0 && i < config->n_workers; i++)
		r = worker_init(&all->list[i], all, i);
	if (r != 0)
		goto fail;
	*out = all;
	return 0;
fail:
	workers_free(all);
	return r;
}

void workers_free(struct workers *workers)
{
	if (workers == NULL)
		return;
	for (uint16_t i = 0; workers->list != NULL && i < workers->config.n_workers; i++)
		worker_fini(&workers->list[i]);
	mesh_fini(&workers->mesh);
	free(workers->list);
	free(workers);
}

int workers_launch(struct workers *workers)
{
	workers->launched = true;
	for (uint16_t i = 0; i < workers->config.n_workers; i++) {
		int r = rte_eal_remote_launch(worker_main, &workers->list[i], nic_worker_lcore(i));
		if (r != 0)
			return -EBUSY;
	}
	return 0;
}

void workers_drain(struct workers *workers, enum relay_drain drain)
{
	__atomic_store_n(&workers->drain, drain, __ATOMIC_RELEASE);
}

void workers_probe(struct workers *workers, bool healthy)
{
	uint64_t until = clock_ns(CLOCK_MONOTONIC) + WORKERS_HEALTH_MS * UINT64_C(1000000);

	__atomic_store_n(&workers->healthy_ns, healthy ? until : 0, __ATOMIC_RELAXED);
}

void workers_stop(struct workers *workers)
{
	if (!workers->launched)
		return;
	__atomic_store_n(&workers->stop, true, __ATOMIC_RELEASE);
	for (uint16_t i = 0; i < workers->config.n_workers; i++) {
		// EAL's own waiting keeps a core busy.
		while (rte_eal_get_lcore_state(nic_worker_lcore(i)) == RUNNING)
			usleep(1000);
		(void)rte_eal_wait_lcore(nic_worker_lcore(i));
	}
	workers->launched = false;
}

uint64_t workers_sessions(const struct workers *workers)
{
	uint64_t n = 0;

	for (uint16_t i = 0; i < workers->config.n_workers; i++)
		n += __atomic_load_n(&workers->list[i].stats.sessions_live, __ATOMIC_RELAXED);
	return n;
}

uint64_t workers_subjects(const struct workers *workers)
{
	uint64_t n = 0;

	for (uint16_t i = 0; i < workers->config.n_workers; i++)
		n += __atomic_load_n(&workers->list[i].stats.subjects, __ATOMIC_RELAXED);
	return n;
}

struct ring *workers_events(struct workers *workers, uint16_t worker)
{
	return &workers->list[worker].events;
}

struct ring *workers_commands(struct workers *workers, uint16_t worker)
{
	return &workers->list[worker].commands;
}

struct record_queue *workers_records(struct workers *workers, uint16_t worker)
{
	return &workers->list[worker].records;
}

const struct worker_stats *workers_stats(const struct workers *workers, uint16_t worker)
{
	return &workers->list[worker].stats;
}

const struct tcp_stats *workers_tcp_stats(const struct workers *workers, uint16_t worker)
{
	return tcp_stats(workers->list[worker].stack.tcp);
}

const struct ip_stats *workers_ip_stats(const struct workers *workers, uint16_t worker)
{
	return ip_stats(workers->list[worker].stack.ip);
}
