// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The runs: their threads, and what the control thread asks of them.

#include "app/dryrun.h"

#include "app/dryrun_run.h"
#include "controlplane/catalog/resolve.h"
#include "controlplane/policy/build.h"

#include <openssl/rand.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum state { STATE_RUNNING, STATE_DONE, STATE_REFUSED, STATE_CANCELLED, STATE_FAILED };

enum { NICE = 10 }; // below the recorder and everything else that somebody waits for

struct dryrun {
	struct dryruns *runs;
	char id[DRYRUN_ID_SIZE];
	uint64_t number; // the higher, the younger; 0: free
	pthread_t thread;
	bool cancel; // control: rw, run: ro
	struct snapshot *like;
	char *text;
	struct config_folders patterns;
	struct dryrun_ask ask;

	pthread_mutex_t lock; // what follows; the run: rw, control: ro
	enum state state;
	uint64_t done, total, sessions, commands;
	json_t *result; // once it does not run any more
};

struct dryruns {
	const char *file;
	char folder[CONFIG_PATH_MAX]; // the state's
	struct session_index *index;
	uint64_t number;
	struct dryrun list[DRYRUN_KEPT_MAX];
};

static const char *state_name(enum state state)
{
	static const char *const names[] = {
		[STATE_RUNNING] = "running", [STATE_DONE] = "done",
		[STATE_REFUSED] = "refused", [STATE_CANCELLED] = "cancelled",
		[STATE_FAILED] = "failed",
	};
	return names[state];
}

// ---- the run

static int find_resource(const struct snapshot *snapshot, const char *name)
{
	for (uint16_t i = 0; i < snapshot->n_resources; i++)
		if (strcmp(snapshot->resources[i].name, name) == 0)
			return i;
	return -1;
}

// `next` with what is known of columns. Takes it. NULL when memory is short.
static struct snapshot *carry(const struct snapshot *like, struct snapshot *next)
{
	const struct catalog **catalogs = calloc(SNAPSHOT_RESOURCES_MAX, sizeof(const void *));
	struct snapshot *derived = NULL;

	for (uint16_t i = 0; catalogs != NULL && i < next->n_resources; i++) {
		int from = find_resource(like, next->resources[i].name);
		if (from >= 0 && next->resources[i].catalog != NULL)
			catalogs[i] = catalog_carry(like, (uint16_t)from, next, i);
	}
	if (catalogs != NULL)
		derived = snapshot_derive(next, next->version, catalogs);
	for (uint16_t i = 0; catalogs != NULL && i < next->n_resources; i++)
		catalog_unref(catalogs[i]);
	free(catalogs);
	snapshot_free(next);
	return derived;
}

int dryrun_candidate(
	const char *file, const struct config_folders *patterns, struct span text,
	const struct snapshot *like, struct snapshot **out, struct config_errors *errors
)
{
	struct snapshot *snapshot = NULL;
	struct config *config = NULL;

	int r = config_parse(file, text, &config, errors);
	if (r != 0)
		return r;
	// A file is read for nobody who could not read it himself.
	config->gateway.patterns = *patterns;
	r = snapshot_build_trial(config, like, &snapshot, errors);
	config_free(config);
	if (r != 0)
		return r;
	*out = carry(like, snapshot);
	return *out == NULL ? -ENOMEM : 0;
}

struct tracked {
	struct dryrun *run;
	struct dryrun_progress progress;
};

static bool on_report(void *context, const struct judge *judge)
{
	struct tracked *tracked = context;
	struct dryrun *run = tracked->run;

	pthread_mutex_lock(&run->lock);
	run->done = tracked->progress.done;
	run->total = tracked->progress.total;
	run->sessions = judge->sessions;
	run->commands = judge->commands;
	pthread_mutex_unlock(&run->lock);
	return !__atomic_load_n(&run->cancel, __ATOMIC_RELAXED);
}

static int judge_all(struct dryrun *run, const struct snapshot *candidate, json_t *result)
{
	struct tracked tracked = {run, {.report = on_report, .context = &tracked}};
	struct judge judge;

	int r = judge_init(&judge, candidate, &run->ask);
	if (r == 0)
		r = dryrun_read(&judge, run->runs->folder, run->runs->index, &tracked.progress);
	judge_tell(&judge, result);
	judge_fini(&judge);
	return r;
}

static void tell_errors(const struct config_errors *errors, json_t *to)
{
	json_t *faults = json_array(), *warnings = json_array();

	for (uint32_t i = 0; i < errors->n; i++)
		json_array_append_new(
			errors->is_warning[i] ? warnings : faults, json_string(errors->lines[i])
		);
	json_object_set_new(to, "errors", faults);
	json_object_set_new(to, "warnings", warnings);
}

static enum state run_all(struct dryrun *run, json_t *result)
{
	struct config_errors errors = {0};
	struct snapshot *candidate = NULL;
	enum state state = STATE_DONE;

	int r = dryrun_candidate(
		run->runs->file, &run->patterns, run->ask.text, run->like, &candidate, &errors
	);
	tell_errors(&errors, result);
	bool refused = r != 0 && config_errors_any(&errors);
	config_errors_fini(&errors);
	if (r == 0)
		r = judge_all(run, candidate, result);
	snapshot_free(candidate);
	if (refused)
		state = STATE_REFUSED;
	else if (r == -ECANCELED)
		state = STATE_CANCELLED;
	else if (r != 0)
		state = STATE_FAILED;
	if (state == STATE_FAILED)
		json_object_set_new(result, "why", json_string(err_text(r)));
	return state;
}

static void *run_thread(void *context)
{
	struct dryrun *run = context;
	json_t *result = json_object();

	(void)setpriority(PRIO_PROCESS, 0, NICE); // of this thread alone (sched(7))
	enum state state = run_all(run, result);
	snapshot_free(run->like);
	free(run->text);
	pthread_mutex_lock(&run->lock);
	run->like = NULL;
	run->text = NULL;
	run->state = state;
	run->result = result;
	pthread_mutex_unlock(&run->lock);
	return NULL;
}

// ---- the control thread

struct dryruns *dryruns_new(const char *file, const char *state, struct session_index *index)
{
	struct dryruns *runs = calloc(1, sizeof(*runs));

	if (runs == NULL)
		return NULL;
	runs->file = file;
	snprintf(runs->folder, sizeof(runs->folder), "%s", state);
	runs->index = index;
	for (int i = 0; i < DRYRUN_KEPT_MAX; i++) {
		runs->list[i].runs = runs;
		pthread_mutex_init(&runs->list[i].lock, NULL);
	}
	return runs;
}

static bool is_running(struct dryrun *run)
{
	pthread_mutex_lock(&run->lock);
	bool running = run->number != 0 && run->state == STATE_RUNNING;
	pthread_mutex_unlock(&run->lock);
	return running;
}

// One that is over gives its place.
static void collect(struct dryrun *run)
{
	if (run->number != 0)
		pthread_join(run->thread, NULL);
	json_decref(run->result);
	run->result = NULL;
	run->number = 0;
}

void dryruns_free(struct dryruns *runs)
{
	if (runs == NULL)
		return;
	for (int i = 0; i < DRYRUN_KEPT_MAX; i++)
		__atomic_store_n(&runs->list[i].cancel, true, __ATOMIC_RELAXED);
	for (int i = 0; i < DRYRUN_KEPT_MAX; i++) {
		collect(&runs->list[i]);
		pthread_mutex_destroy(&runs->list[i].lock);
	}
	free(runs);
}

// A place for another: free, or of the oldest that is over. NULL: too many run.
static struct dryrun *find_place(struct dryruns *runs)
{
	struct dryrun *oldest = NULL;
	int running = 0;

	for (int i = 0; i < DRYRUN_KEPT_MAX; i++) {
		struct dryrun *run = &runs->list[i];
		if (is_running(run))
			running++;
		else if (oldest == NULL || run->number < oldest->number)
			oldest = run;
	}
	return running >= DRYRUN_RUNNING_MAX ? NULL : oldest;
}

static int name_it(struct dryruns *runs, struct dryrun *run)
{
	uint64_t id;

	if (RAND_bytes((unsigned char *)&id, sizeof(id)) != 1)
		return -ENOMEM;
	snprintf(run->id, sizeof(run->id), "%016llx", (unsigned long long)id);
	run->number = ++runs->number;
	return 0;
}

int dryruns_start(
	struct dryruns *runs, const struct snapshot *current, const struct dryrun_ask *ask,
	char id[static DRYRUN_ID_SIZE]
)
{
	const struct catalog **none = NULL;
	struct dryrun *run = find_place(runs);

	if (ask->limit > DRYRUN_EXAMPLES_MAX || ask->from_ns > ask->to_ns)
		return -EINVAL;
	if (run == NULL)
		return -EBUSY;
	collect(run);
	none = calloc(SNAPSHOT_RESOURCES_MAX, sizeof(const void *));
	run->text = malloc(ask->text.n + 1);
	run->like = none == NULL ? NULL : snapshot_derive(current, current->version, none);
	free(none);
	int r = run->text == NULL || run->like == NULL ? -ENOMEM : name_it(runs, run);
	if (r == 0) {
		if (ask->text.n > 0)
			memcpy(run->text, ask->text.p, ask->text.n);
		run->ask = *ask;
		run->patterns = *ask->patterns;
		run->ask.patterns = &run->patterns;
		run->ask.text = span_of(run->text, ask->text.n);
		run->state = STATE_RUNNING;
		run->cancel = false;
		run->done = run->total = run->sessions = run->commands = 0;
		r = -pthread_create(&run->thread, NULL, run_thread, run);
	}
	if (r == 0) {
		memcpy(id, run->id, DRYRUN_ID_SIZE);
		return 0;
	}
	snapshot_free(run->like);
	free(run->text);
	run->number = 0;
	return r;
}

static struct dryrun *find(struct dryruns *runs, const char *id)
{
	for (int i = 0; i < DRYRUN_KEPT_MAX; i++)
		if (runs->list[i].number != 0 && strcmp(runs->list[i].id, id) == 0)
			return &runs->list[i];
	return NULL;
}

json_t *dryruns_json(struct dryruns *runs, const char *id, bool *running)
{
	struct dryrun *run = find(runs, id);

	if (run == NULL)
		return NULL;
	pthread_mutex_lock(&run->lock);
	*running = run->state == STATE_RUNNING;
	json_t *json = json_pack(
		"{s:s, s:s, s:I, s:I, s:I, s:I, s:[], s:[]}", "id", run->id, "state",
		state_name(run->state), "done", (json_int_t)run->done, "total",
		(json_int_t)run->total, "sessions", (json_int_t)run->sessions, "commands",
		(json_int_t)run->commands, "errors", "changes"
	);
	if (run->result != NULL)
		json_object_update(json, run->result);
	pthread_mutex_unlock(&run->lock);
	return json;
}

int dryruns_cancel(struct dryruns *runs, const char *id)
{
	struct dryrun *run = find(runs, id);

	if (run == NULL)
		return -ENOENT;
	__atomic_store_n(&run->cancel, true, __ATOMIC_RELAXED);
	return 0;
}
