// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/admin/jobs.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct job {
	admin_op *op;
	void *context;
	struct admin_call call;
	atomic_bool stop; // the control thread: w, the jobs' thread: r
	bool done, left;  // under the lock
	int result;
	json_t *out;
	char why[ADMIN_WHY];
	struct job *next; // of those that have not begun
};

struct jobs {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct job *first, **last;
	struct job *current; // at work, or NULL
	unsigned n;          // not taken and not left
	bool ending;
};

static void job_free(struct job *job)
{
	json_decref(job->out);
	json_decref(job->call.body);
	free(job);
}

static struct job *next_job(struct jobs *jobs)
{
	while (jobs->first == NULL && !jobs->ending)
		pthread_cond_wait(&jobs->work, &jobs->lock);
	if (jobs->ending)
		return NULL;
	struct job *job = jobs->first;
	jobs->first = job->next;
	if (jobs->first == NULL)
		jobs->last = &jobs->first;
	jobs->current = job;
	return job;
}

static void *run(void *context)
{
	struct jobs *jobs = context;
	struct job *job;

	pthread_mutex_lock(&jobs->lock);
	while ((job = next_job(jobs)) != NULL) {
		pthread_mutex_unlock(&jobs->lock);
		job->result = job->op(job->context, &job->call, &job->out, job->why);
		pthread_mutex_lock(&jobs->lock);
		jobs->current = NULL;
		job->done = true;
		if (job->left)
			job_free(job);
	}
	pthread_mutex_unlock(&jobs->lock);
	return NULL;
}

struct jobs *jobs_new(void)
{
	struct jobs *jobs = calloc(1, sizeof(*jobs));

	if (jobs == NULL)
		return NULL;
	jobs->last = &jobs->first;
	pthread_mutex_init(&jobs->lock, NULL);
	pthread_cond_init(&jobs->work, NULL);
	if (pthread_create(&jobs->thread, NULL, run, jobs) != 0) {
		free(jobs);
		return NULL;
	}
	return jobs;
}

void jobs_free(struct jobs *jobs)
{
	if (jobs == NULL)
		return;
	pthread_mutex_lock(&jobs->lock);
	jobs->ending = true;
	if (jobs->current != NULL)
		atomic_store(&jobs->current->stop, true);
	pthread_cond_signal(&jobs->work);
	pthread_mutex_unlock(&jobs->lock);
	pthread_join(jobs->thread, NULL);
	while (jobs->first != NULL) {
		struct job *job = jobs->first;
		jobs->first = job->next;
		job_free(job);
	}
	pthread_mutex_destroy(&jobs->lock);
	pthread_cond_destroy(&jobs->work);
	free(jobs);
}

struct job *job_start(struct jobs *jobs, admin_op *op, void *context, const struct admin_call *call)
{
	struct job *job = calloc(1, sizeof(*job));

	if (job == NULL)
		return NULL;
	job->op = op;
	job->context = context;
	job->call = *call;
	job->call.caller.subject = NULL;
	// A deep copy: references are counted without a lock.
	job->call.body = call->body == NULL ? NULL : json_deep_copy(call->body);
	job->call.stop = &job->stop;
	pthread_mutex_lock(&jobs->lock);
	bool fits = jobs->n < JOBS_MAX;
	if (fits) {
		jobs->n++;
		*jobs->last = job;
		jobs->last = &job->next;
		pthread_cond_signal(&jobs->work);
	}
	pthread_mutex_unlock(&jobs->lock);
	if (!fits) {
		job_free(job);
		return NULL;
	}
	return job;
}

bool job_take(
	struct jobs *jobs, struct job *job, json_t **out, char why[static ADMIN_WHY], int *result
)
{
	pthread_mutex_lock(&jobs->lock);
	bool done = job->done;
	jobs->n -= done;
	pthread_mutex_unlock(&jobs->lock);
	if (!done)
		return false;
	*out = job->out;
	job->out = NULL;
	*result = job->result;
	memcpy(why, job->why, ADMIN_WHY);
	job_free(job);
	return true;
}

void job_leave(struct jobs *jobs, struct job *job)
{
	pthread_mutex_lock(&jobs->lock);
	bool done = job->done;
	jobs->n--;
	job->left = true;
	atomic_store(&job->stop, true);
	pthread_mutex_unlock(&jobs->lock);
	if (done)
		job_free(job);
}
