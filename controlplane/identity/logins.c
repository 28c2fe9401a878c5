// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/identity/logins.h"

#include "dataplane/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct waiting {
	struct waiting *next;
	uint16_t worker;
	bool answered; // the command is ready, the ring was full
	struct command command;
	uint64_t since;
	uint8_t certificate[32];
	size_t n;
	uint8_t token[];
};

struct logins {
	struct identity *identity;
	logins_answer *answer;
	void *ctx;
	struct waiting *first, **last;
	uint64_t fetches; // when the waiting were last tried
	struct logins_stats stats;
	struct log_limit limit;
};

struct logins *logins_new(struct identity *identity, logins_answer *answer, void *ctx)
{
	struct logins *logins = calloc(1, sizeof(*logins));

	if (logins != NULL)
		*logins = (struct logins){identity, answer, ctx, NULL, &logins->first};
	return logins;
}

static void waiting_free(struct waiting *w)
{
	subject_free(w->command.subject);
	explicit_bzero(w->token, w->n);
	free(w);
}

void logins_free(struct logins *logins)
{
	if (logins == NULL)
		return;
	while (logins->first != NULL) {
		struct waiting *w = logins->first;
		logins->first = w->next;
		waiting_free(w);
	}
	free(logins);
}

// Turn a result into the command. The subject is taken over by it.
static void conclude(
	struct logins *logins, int rc, struct subject *subject, const char *why,
	struct command *command
)
{
	command->subject = subject;
	if (rc == 0) {
		logins->stats.accepted++;
		return;
	}
	logins->stats.refused++;
	snprintf(
		command->reason, sizeof(command->reason), "%s", rc == ERR_AUTH ? why : err_text(rc)
	);
	log_limited(
		&logins->limit, LOG_WARN, "identity", "login refused session=%016llx: %s",
		(unsigned long long)command->session, command->reason
	);
}

// Queue what cannot be finished. NULL when there is no room: a token is then refused; an answer
// that finds no room either is dropped, and the worker's login timeout ends the session.
static struct waiting *park(struct logins *logins, uint16_t worker, struct span token, uint64_t now)
{
	struct waiting *w = NULL;

	if (logins->stats.waiting < LOGINS_WAITING_MAX)
		w = calloc(1, sizeof(*w) + token.n);
	if (w == NULL)
		return NULL;
	w->worker = worker;
	w->since = now;
	w->n = token.n;
	if (token.n > 0)
		memcpy(w->token, token.p, token.n);
	*logins->last = w;
	logins->last = &w->next;
	logins->stats.waiting++;
	return w;
}

void logins_add(struct logins *logins, const struct event *event, uint64_t now)
{
	struct span token = span_of(event->token, event->token_len);
	struct command command = {.type = COMMAND_IDENTITY, .session = event->session};
	struct subject *subject = NULL;
	struct waiting *w = NULL;
	char why[JWT_WHY] = "";

	int rc = identity_verify(logins->identity, token, event->certificate, now, &subject, why);
	if (rc == -EAGAIN) {
		w = park(logins, event->worker, token, now);
		if (w != NULL) {
			w->command = command;
			memcpy(w->certificate, event->certificate, sizeof(w->certificate));
			return;
		}
		rc = ERR_LIMIT;
	}
	conclude(logins, rc, subject, why, &command);
	if (logins->answer(logins->ctx, event->worker, &command))
		return;
	w = park(logins, event->worker, (struct span){NULL, 0}, now);
	if (w == NULL) {
		subject_free(command.subject);
		return;
	}
	w->command = command;
	w->answered = true;
}

// True when it is done with.
static bool go_on(struct logins *logins, struct waiting *w, bool fetched, uint64_t now)
{
	struct subject *subject = NULL;
	char why[JWT_WHY] = "";
	int rc = -EAGAIN;

	if (!w->answered) {
		if (fetched)
			rc = identity_verify(
				logins->identity, span_of(w->token, w->n), w->certificate, now,
				&subject, why
			);
		if (rc == -EAGAIN && now >= w->since && now - w->since < LOGINS_WAIT_SECONDS)
			return false;
		if (rc == -EAGAIN) {
			rc = ERR_AUTH;
			snprintf(
				why, sizeof(why), "the issuer's keys could not be fetched in time"
			);
		}
		conclude(logins, rc, subject, why, &w->command);
		w->answered = true;
	}
	if (!logins->answer(logins->ctx, w->worker, &w->command))
		return false;
	w->command.subject = NULL; // the session's now
	return true;
}

void logins_poll(struct logins *logins, uint64_t now)
{
	struct waiting **at = &logins->first;
	uint64_t failed;

	if (logins->first == NULL)
		return;
	uint64_t fetches = identity_fetches(logins->identity, &failed);
	bool fetched = fetches != logins->fetches;
	logins->fetches = fetches;
	while (*at != NULL) {
		struct waiting *w = *at;
		if (!go_on(logins, w, fetched, now)) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		waiting_free(w);
		logins->stats.waiting--;
	}
	logins->last = at;
}

struct logins_stats logins_stats(const struct logins *logins)
{
	return logins->stats;
}
