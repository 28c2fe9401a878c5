// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/notify/notify.h"

#include "controlplane/config/read.h"
#include "controlplane/notify/payload.h"
#include "controlplane/notify/state.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static const uint64_t ns_per_ms = 1000000;
static const uint64_t ns_per_s = 1000000000;
static const uint64_t due_ns = 50000000; // how often to look at what is due

// ---- targets

static int read_url(
	const struct config_notification *config, char out[static CONFIG_URL_MAX],
	char why[static STORE_WHY]
)
{
	char text[CONFIG_URL_MAX] = "";
	size_t n = 0;

	if (config->url_secret == CONFIG_SECRET_NONE) {
		memcpy(out, config->url, CONFIG_URL_MAX);
		return 0;
	}
	if (config->url_secret == CONFIG_SECRET_ENV) {
		const char *value = getenv(config->url_name);
		snprintf(text, sizeof(text), "%s", value == NULL ? "" : value);
	} else if (secret_file_read(config->url_name, text, sizeof(text) - 1, &n) != 0) {
		n = 0;
		text[0] = '\0';
	}
	text[strcspn(text, "\r\n")] = '\0';
	if (read_is_safe_url(text)) {
		memcpy(out, text, sizeof(text));
		explicit_bzero(text, sizeof(text));
		return 0;
	}
	snprintf(
		why, STORE_WHY, "notification %s: %.200s holds no URL that starts with https://",
		config->name, config->url_name
	);
	return ERR_CONFIG;
}

static int read_target(
	const struct config_notification *config, struct notify_target *out,
	char why[static STORE_WHY]
)
{
	char fault[SECRET_WHY] = "";

	*out = (struct notify_target){.channel = config->channel, .events = config->events};
	memcpy(out->name, config->name, sizeof(out->name));
	memcpy(out->ca_file, config->ca_file, sizeof(out->ca_file));
	int r = secret_get(config->secret, config->secret_name, out->secret, fault);
	if (r == 0)
		return read_url(config, out->url, why);
	snprintf(why, STORE_WHY, "notification %s: %s", config->name, fault);
	return r;
}

int notify_configure(
	struct notify *notify, const struct config_notification *targets, uint16_t n,
	char why[static STORE_WHY]
)
{
	struct notify_target *next = calloc(CONFIG_NOTIFICATIONS_MAX, sizeof(*next));
	size_t size = CONFIG_NOTIFICATIONS_MAX * sizeof(*next);
	int r = next == NULL ? -ENOMEM : 0;

	for (uint16_t i = 0; i < n && r == 0; i++)
		r = read_target(&targets[i], &next[i], why);
	if (r == 0) {
		memcpy(notify->targets, next, size);
		notify->n_targets = n;
		notify->strays = true;
	}
	if (next != NULL)
		explicit_bzero(next, size);
	free(next);
	return r;
}

static const struct notify_target *target_find(const struct notify *notify, const char *name)
{
	for (uint16_t i = 0; i < notify->n_targets; i++) {
		if (strcmp(notify->targets[i].name, name) == 0)
			return &notify->targets[i];
	}
	return NULL;
}

static bool is_busy(const struct notify *notify, const char *name)
{
	for (uint16_t i = 0; i < notify->n_busy; i++) {
		if (strcmp(notify->busy[i], name) == 0)
			return true;
	}
	return false;
}

static void set_free(struct notify *notify, const char *name)
{
	for (uint16_t i = 0; i < notify->n_busy; i++) {
		if (strcmp(notify->busy[i], name) != 0)
			continue;
		memmove(notify->busy[i], notify->busy[--notify->n_busy], SNAPSHOT_NAME_MAX);
		return;
	}
}

// ---- in

static bool read_integer(void *context, const struct store_row *row)
{
	*(int64_t *)context = store_row_integer(row, 0);
	return false;
}

// Room for one more: the oldest dead letter goes, else the oldest that waits.
static int make_room(struct notify *notify, const char *target)
{
	int64_t n = 0;
	int r = store_each(
		notify->store, "SELECT count(*) FROM notifications WHERE target=?",
		STORE_VALUES(store_text(target)), read_integer, &n
	);

	if (r != 0 || n < notify->limits.kept)
		return r;
	notify->stats.discarded++;
	return store_run(
		notify->store,
		"DELETE FROM notifications WHERE n=(SELECT n FROM notifications WHERE target=?"
		" ORDER BY state='pending', n LIMIT 1)",
		STORE_VALUES(store_text(target))
	);
}

static int put_one(
	struct notify *notify, const char *target, enum notify_event event, const char *id,
	const char *body, uint64_t now
)
{
	int r = make_room(notify, target);

	if (r != 0)
		return r;
	return store_run(
		notify->store,
		"INSERT INTO notifications(target, event, approval, body, state, created_ns,"
		" next_ns) VALUES(?1, ?2, ?3, ?4, 'pending', ?5, ?5)",
		STORE_VALUES(
			store_text(target), store_text(notify_event_name(event)), store_text(id),
			store_text(body), store_integer((int64_t)now)
		)
	);
}

int notify_put(
	struct notify *notify, enum notify_event event, const json_t *fields, uint64_t now_ns
)
{
	const char *id = json_string_value(json_object_get(fields, "id"));
	char *body = json_dumps(fields, JSON_COMPACT);
	int r = body == NULL ? -ENOMEM : 0;

	for (uint16_t i = 0; i < notify->n_targets && r == 0; i++) {
		const struct notify_target *target = &notify->targets[i];
		if ((target->events >> event & 1) != 0)
			r = put_one(notify, target->name, event, id, body, now_ns);
	}
	free(body);
	notify->due_ns = 0;
	return r;
}

// ---- out

struct due {
	int64_t n;
	uint64_t created_ns;
	enum notify_event event;
	json_t *fields;
};

static enum notify_event event_of(const char *name)
{
	int event = 0;

	while (event < NOTIFY_EVENTS &&
	       strcmp(notify_event_name((enum notify_event)event), name) != 0)
		event++;
	return (enum notify_event)event;
}

static bool read_due(void *context, const struct store_row *row)
{
	struct due *due = context;

	due->n = store_row_integer(row, 0);
	due->created_ns = (uint64_t)store_row_integer(row, 1);
	due->event = event_of(store_row_text(row, 2));
	due->fields = json_loads(store_row_text(row, 3), 0, NULL);
	return false;
}

static bool sign(const struct notify_target *target, uint64_t seconds, struct delivery *delivery)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t mac[EVP_MAX_MD_SIZE];
	unsigned n_mac = 0;
	char *text = NULL;

	snprintf(
		delivery->headers[1], sizeof(delivery->headers[1]), "Bulkhead-Timestamp: %llu",
		(unsigned long long)seconds
	);
	if (target->secret[0] == '\0')
		return true;
	int n = asprintf(&text, "%llu.%s", (unsigned long long)seconds, delivery->body);
	bool ok = n > 0 && HMAC(EVP_sha256(), target->secret, (int)strlen(target->secret),
				(const uint8_t *)text, (size_t)n, mac, &n_mac) != NULL;
	if (ok) {
		char *out = delivery->headers[2];
		int at = snprintf(out, sizeof(delivery->headers[2]), "Bulkhead-Signature: v1=");
		for (unsigned i = 0; i < n_mac; i++) {
			out[at++] = digits[mac[i] >> 4];
			out[at++] = digits[mac[i] & 15];
		}
		out[at] = '\0';
	}
	if (n >= 0)
		free(text);
	return ok;
}

static struct delivery *make(
	const struct notify *notify, const struct notify_target *target, const struct due *due,
	uint64_t now
)
{
	struct delivery *delivery = calloc(1, sizeof(*delivery));
	const struct payload payload = {
		.channel = target->channel,
		.event = due->event,
		.delivery = due->n,
		.time_ns = due->created_ns,
		.console_url = notify->console_url,
		.fields = due->fields,
	};

	if (delivery == NULL)
		return NULL;
	delivery->n = due->n;
	delivery->timeout_ms = notify->limits.timeout_ms;
	memcpy(delivery->target, target->name, sizeof(delivery->target));
	memcpy(delivery->url, target->url, sizeof(delivery->url));
	memcpy(delivery->ca_file, target->ca_file, sizeof(delivery->ca_file));
	delivery->body = payload_text(&payload);
	snprintf(
		delivery->headers[0], sizeof(delivery->headers[0]), "Bulkhead-Delivery: %lld",
		(long long)due->n
	);
	if (delivery->body != NULL && sign(target, now / ns_per_s, delivery))
		return delivery;
	delivery_free(delivery);
	return NULL;
}

// The oldest that is due, whatever waits longer: one that fails holds up none behind it. A pause
// beyond the longest there is comes from a clock that was set back.
static int hand_out(struct notify *notify, const struct notify_target *target, uint64_t now)
{
	uint64_t far = now + 2 * notify->limits.backoff_max_ms * ns_per_ms;
	struct due due = {0};
	int r = store_each(
		notify->store,
		"SELECT n, created_ns, event, body FROM notifications WHERE target=?1"
		" AND state='pending' AND (next_ns<=?2 OR next_ns>?3) ORDER BY n LIMIT 1",
		STORE_VALUES(
			store_text(target->name), store_integer((int64_t)now),
			store_integer((int64_t)far)
		),
		read_due, &due
	);

	if (r != 0 || due.n == 0)
		return r;
	struct delivery *delivery = make(notify, target, &due, now);
	json_decref(due.fields);
	if (delivery == NULL)
		return -ENOMEM;
	memcpy(notify->busy[notify->n_busy++], target->name, SNAPSHOT_NAME_MAX);
	deliverer_give(notify->deliverer, delivery);
	return 0;
}

// ---- back

// Doubled after each attempt, and of that a random half: receivers are not asked by all at once.
static uint64_t pause_ns(const struct notify *notify, int64_t attempts, uint32_t retry_after_s)
{
	uint64_t ms = notify->limits.backoff_ms;
	uint32_t dice = 0;

	for (int64_t i = 1; i < attempts && ms < notify->limits.backoff_max_ms; i++)
		ms *= 2;
	if (ms > notify->limits.backoff_max_ms)
		ms = notify->limits.backoff_max_ms;
	if (getrandom(&dice, sizeof(dice), 0) != (ssize_t)sizeof(dice))
		dice = 0;
	ms = ms / 2 + dice % (ms / 2 + 1);
	uint64_t asked_ms = (uint64_t)retry_after_s * 1000;
	if (asked_ms > notify->limits.backoff_max_ms)
		asked_ms = notify->limits.backoff_max_ms;
	return (ms > asked_ms ? ms : asked_ms) * ns_per_ms;
}

static int settle_failed(struct notify *notify, const struct delivery *delivery, uint64_t now)
{
	int64_t attempts = 0;
	int r = store_each(
		notify->store, "SELECT attempts+1 FROM notifications WHERE n=?",
		STORE_VALUES(store_integer(delivery->n)), read_integer, &attempts
	);

	if (r != 0)
		return r;
	bool dead = attempts >= notify->limits.attempts;
	if (dead)
		log_limited(
			&notify->limit, LOG_WARN, "notify",
			"given up: target=%s notification=%lld: %s", delivery->target,
			(long long)delivery->n, delivery->why
		);
	return store_run(
		notify->store,
		"UPDATE notifications SET attempts=?2, error=?3, state=?4, next_ns=?5"
		" WHERE n=?1 AND state='pending'",
		STORE_VALUES(
			store_integer(delivery->n), store_integer(attempts),
			store_text(delivery->why), store_text(dead ? "dead" : "pending"),
			store_integer((int64_t
			)(now + pause_ns(notify, attempts, delivery->retry_after_s)))
		)
	);
}

static int settle_one(struct notify *notify, const struct delivery *delivery, uint64_t now)
{
	if (!delivery->delivered)
		return settle_failed(notify, delivery, now);
	return store_run(
		notify->store, "DELETE FROM notifications WHERE n=?",
		STORE_VALUES(store_integer(delivery->n))
	);
}

static void collect(struct notify *notify)
{
	struct delivery *delivery;

	while ((delivery = deliverer_take(notify->deliverer)) != NULL) {
		delivery->next = notify->done;
		notify->done = delivery;
		if (delivery->delivered)
			notify->stats.delivered++;
		else
			notify->stats.failed++;
	}
}

// All that have come back, in one transaction. While the store does not take it their targets get
// nothing new.
static int settle(struct notify *notify, uint64_t now)
{
	if (notify->done == NULL)
		return 0;
	int r = store_begin(notify->store);
	for (struct delivery *d = notify->done; d != NULL && r == 0; d = d->next)
		r = settle_one(notify, d, now);
	r = store_end(notify->store, r);
	while (r == 0 && notify->done != NULL) {
		struct delivery *d = notify->done;
		notify->done = d->next;
		set_free(notify, d->target);
		delivery_free(d);
	}
	return r;
}

// ---- what nobody will deliver

struct stray {
	const struct notify *notify;
	char name[SNAPSHOT_NAME_MAX];
};

static bool find_stray(void *context, const struct store_row *row)
{
	struct stray *stray = context;

	if (target_find(stray->notify, store_row_text(row, 0)) != NULL)
		return true;
	snprintf(stray->name, sizeof(stray->name), "%s", store_row_text(row, 0));
	return false;
}

// One target at a time; true when there may be more, or the store did not take it.
static bool give_up_stray(struct notify *notify)
{
	struct stray stray = {.notify = notify};
	int r = store_each(
		notify->store, "SELECT DISTINCT target FROM notifications WHERE state='pending'",
		STORE_NO_VALUES, find_stray, &stray
	);

	if (r != 0 || stray.name[0] == '\0')
		return r != 0;
	r = store_begin(notify->store);
	if (r == 0)
		r = store_run(
			notify->store,
			"UPDATE notifications SET state='dead', error='no such target any more'"
			" WHERE target=? AND state='pending'",
			STORE_VALUES(store_text(stray.name))
		);
	return store_end(notify->store, r) == 0 || r != 0;
}

static bool read_counts(void *context, const struct store_row *row)
{
	struct notify *notify = context;

	notify->stats.pending = (uint64_t)store_row_integer(row, 0);
	notify->stats.dead = (uint64_t)store_row_integer(row, 1);
	return false;
}

static int each_second(struct notify *notify)
{
	if (notify->strays)
		notify->strays = give_up_stray(notify);
	return store_each(
		notify->store, "SELECT sum(state='pending'), sum(state='dead') FROM notifications",
		STORE_NO_VALUES, read_counts, notify
	);
}

void notify_tick(struct notify *notify, uint64_t now_ns)
{
	collect(notify);
	// A clock that was set back does not silence it.
	bool waits = now_ns < notify->due_ns && notify->due_ns - now_ns <= due_ns;
	if (waits && (notify->done == NULL || notify->failing))
		return;
	notify->due_ns = now_ns + due_ns;
	int r = settle(notify, now_ns);
	for (uint16_t i = 0; i < notify->n_targets && r == 0; i++) {
		if (notify->n_busy < 2 * CONFIG_NOTIFICATIONS_MAX &&
		    !is_busy(notify, notify->targets[i].name))
			r = hand_out(notify, &notify->targets[i], now_ns);
	}
	if (r == 0 && (now_ns >= notify->second_ns || notify->second_ns - now_ns > ns_per_s)) {
		notify->second_ns = now_ns + ns_per_s;
		r = each_second(notify);
	}
	notify->failing = r != 0;
	if (r != 0)
		log_limited(
			&notify->limit, LOG_ERROR, "notify", "notifications wait: %s", err_text(r)
		);
}

// ---- new, free

static struct notify_limits limits_of(const struct notify_limits *in)
{
	struct notify_limits out = in == NULL ? (struct notify_limits){0} : *in;

	if (out.attempts == 0)
		out.attempts = 12;
	if (out.backoff_ms == 0)
		out.backoff_ms = 2000;
	if (out.backoff_max_ms == 0)
		out.backoff_max_ms = 600000;
	if (out.timeout_ms == 0)
		out.timeout_ms = 10000;
	if (out.kept == 0)
		out.kept = 10000;
	return out;
}

int notify_new(
	struct store *store, const char *console_url, const struct notify_limits *limits,
	struct notify **out
)
{
	struct notify *notify = calloc(1, sizeof(*notify));

	if (notify == NULL)
		return -ENOMEM;
	notify->store = store;
	notify->limits = limits_of(limits);
	snprintf(notify->console_url, sizeof(notify->console_url), "%s", console_url);
	int r = deliverer_new(&notify->deliverer);
	if (r != 0) {
		notify_free(notify);
		return r;
	}
	*out = notify;
	return 0;
}

void notify_free(struct notify *notify)
{
	if (notify == NULL)
		return;
	deliverer_free(notify->deliverer);
	while (notify->done != NULL) {
		struct delivery *next = notify->done->next;
		delivery_free(notify->done);
		notify->done = next;
	}
	explicit_bzero(notify->targets, sizeof(notify->targets));
	free(notify);
}

struct notify_stats notify_stats(const struct notify *notify)
{
	return notify->stats;
}
