// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/identity/identity.h"

#include "controlplane/identity/binding.h"
#include "controlplane/identity/source.h"
#include "controlplane/sts/chain.h"
#include "dataplane/base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct issuer {
	struct config_issuer config;
	struct source source;
	cjose_jwk_t *local; // the key pair of a local issuer
};

struct identity_set {
	uint32_t refs; // identity.set, and a thread while it fetches
	uint16_t n;
	struct issuer issuers[];
};

struct identity {
	pthread_mutex_t lock;
	pthread_cond_t work;
	pthread_t threads[IDENTITY_THREADS];
	unsigned n_threads;
	bool stop;                // atomic: read by the transfer
	struct identity_set *set; // lock
	uint64_t fetches, failed; // lock
	// The gateway's own tokens. lock
	struct config_token_service service;
	struct keyset *service_keys; // NULL: there are none
};

static void set_unref(struct identity_set *set)
{
	if (set == NULL || --set->refs != 0)
		return;
	for (uint16_t i = 0; i < set->n; i++) {
		source_fini(&set->issuers[i].source);
		cjose_jwk_release(set->issuers[i].local);
	}
	free(set);
}

// ---- the threads that fetch

static struct issuer *next_wanted(struct identity_set *set)
{
	for (uint16_t i = 0; set != NULL && i < set->n; i++)
		if (set->issuers[i].source.wanted)
			return &set->issuers[i];
	return NULL;
}

static void log_fetch(
	const struct issuer *issuer, int rc, const struct keyset *keys, const char *why
)
{
	if (rc == 0)
		log_line(
			LOG_INFO, "identity", "keys fetched issuer=%s keys=%zu",
			issuer->config.name, keyset_count(keys)
		);
	else
		log_line(
			LOG_WARN, "identity",
			"keys not fetched issuer=%s, the last good ones stay: %s",
			issuer->config.name, why
		);
}

static bool is_remote(const struct config_issuer *config)
{
	return config->keys == CONFIG_KEYS_URL || config->keys == CONFIG_KEYS_DISCOVERY;
}

static bool has_same_keys(const struct config_issuer *a, const struct config_issuer *b)
{
	return is_remote(a) && a->keys == b->keys && a->profile == b->profile &&
	       strcmp(a->issuer, b->issuer) == 0 && strcmp(a->other, b->other) == 0 &&
	       strcmp(a->keys_url, b->keys_url) == 0 && strcmp(a->ca_file, b->ca_file) == 0;
}

// What was fetched for `config`, or NULL when it failed, goes to the set in force: another one may
// have been committed meanwhile.
static void deliver(
	struct identity_set *set, const struct config_issuer *config, struct keyset *keys,
	const char *why
)
{
	for (uint16_t i = 0; i < set->n; i++)
		if (has_same_keys(&set->issuers[i].config, config))
			source_deliver(&set->issuers[i].source, keys, why);
}

// Called with the lock, which is given up for the time of the transfer.
static void fetch_one(struct identity *id, struct issuer *issuer)
{
	struct identity_set *set = id->set;
	struct keyset *keys = NULL;
	char why[FETCH_WHY];

	set->refs++;
	issuer->source.wanted = false;
	issuer->source.fetching = true;
	pthread_mutex_unlock(&id->lock);
	int rc = fetch_keys(&issuer->config, &id->stop, &keys, why);
	log_fetch(issuer, rc, keys, why);
	pthread_mutex_lock(&id->lock);
	deliver(id->set, &issuer->config, keys, why);
	keyset_unref(keys);
	id->fetches++;
	id->failed += rc != 0;
	set_unref(set);
}

static void *run(void *arg)
{
	struct identity *id = arg;

	pthread_mutex_lock(&id->lock);
	while (!__atomic_load_n(&id->stop, __ATOMIC_RELAXED)) {
		struct issuer *issuer = next_wanted(id->set);
		if (issuer == NULL)
			pthread_cond_wait(&id->work, &id->lock);
		else
			fetch_one(id, issuer);
	}
	pthread_mutex_unlock(&id->lock);
	return NULL;
}

static void stop_threads(struct identity *id)
{
	pthread_mutex_lock(&id->lock);
	__atomic_store_n(&id->stop, true, __ATOMIC_RELAXED);
	pthread_cond_broadcast(&id->work);
	pthread_mutex_unlock(&id->lock);
	while (id->n_threads > 0)
		pthread_join(id->threads[--id->n_threads], NULL);
}

struct identity *identity_new(void)
{
	struct identity *id = calloc(1, sizeof(*id));

	if (id == NULL)
		return NULL;
	pthread_mutex_init(&id->lock, NULL);
	pthread_cond_init(&id->work, NULL);
	while (id->n_threads < IDENTITY_THREADS &&
	       pthread_create(&id->threads[id->n_threads], NULL, run, id) == 0)
		id->n_threads++;
	if (id->n_threads == IDENTITY_THREADS)
		return id;
	identity_free(id);
	return NULL;
}

void identity_free(struct identity *id)
{
	if (id == NULL)
		return;
	stop_threads(id);
	set_unref(id->set);
	keyset_unref(id->service_keys);
	pthread_cond_destroy(&id->work);
	pthread_mutex_destroy(&id->lock);
	free(id);
}

// ---- configuration

static int prepare_issuer(
	const struct config *config, struct issuer *issuer, struct config_errors *errors
)
{
	char why[LOCAL_WHY] = "";
	int rc = 0;

	switch (issuer->config.keys) {
	case CONFIG_KEYS_URL:
	case CONFIG_KEYS_DISCOVERY:
		issuer->source.remote = true;
		return 0;
	case CONFIG_KEYS_FILE:
		rc = keyset_read(issuer->config.keys_file, &issuer->config, &issuer->source.keys);
		if (rc != 0)
			snprintf(
				why, sizeof(why), "%.128s is no JWK Set with a key for us: %s",
				issuer->config.keys_file, err_text(rc)
			);
		break;
	case CONFIG_KEYS_LOCAL:
		rc = local_key_load(
			config->gateway.state, issuer->config.name, &issuer->local, why
		);
		if (rc == 0)
			rc = keyset_of_key(issuer->local, &issuer->source.keys);
		break;
	}
	if (rc == 0 || rc == -ENOMEM)
		return rc;
	config_error_add(errors, config->file, issuer->config.keys_at, "%s", why);
	return ERR_CONFIG;
}

int identity_prepare(
	const struct config *config, struct identity_set **out, struct config_errors *errors
)
{
	size_t size = config->n_issuers * sizeof(struct issuer);
	struct identity_set *set = calloc(1, sizeof(*set) + size);
	int result = 0;

	if (set == NULL)
		return -ENOMEM;
	set->refs = 1;
	set->n = config->n_issuers;
	for (uint16_t i = 0; i < set->n; i++) {
		set->issuers[i].config = config->issuers[i];
		int rc = prepare_issuer(config, &set->issuers[i], errors);
		if (rc != 0)
			result = rc;
	}
	if (result == 0)
		*out = set;
	else
		set_unref(set);
	return result;
}

void identity_set_free(struct identity_set *set)
{
	set_unref(set);
}

static void carry_over(const struct identity_set *from, struct issuer *to)
{
	for (uint16_t i = 0; from != NULL && i < from->n; i++)
		if (has_same_keys(&from->issuers[i].config, &to->config)) {
			source_carry(&to->source, &from->issuers[i].source);
			return;
		}
}

void identity_commit(struct identity *id, struct identity_set *set)
{
	pthread_mutex_lock(&id->lock);
	for (uint16_t i = 0; i < set->n; i++)
		carry_over(id->set, &set->issuers[i]);
	set_unref(id->set);
	id->set = set;
	pthread_cond_broadcast(&id->work);
	pthread_mutex_unlock(&id->lock);
}

// ---- verifying

static struct issuer *find_issuer(struct identity_set *set, const char *iss)
{
	for (uint16_t i = 0; set != NULL && i < set->n; i++)
		if (config_issuer_is(&set->issuers[i].config, iss))
			return &set->issuers[i];
	return NULL;
}

// Called with the lock.
static void expire(struct issuer *issuer, uint64_t now)
{
	if (source_expire(&issuer->source, now))
		log_line(
			LOG_ERROR, "identity",
			"keys dropped issuer=%s, none could be fetched for %d hours: %s",
			issuer->config.name, SOURCE_LAST_GOOD / 3600, issuer->source.error
		);
}

// The key is not there, as `why` says. Called with the lock.
static int fetch_or_refuse(
	struct identity *id, struct issuer *issuer, uint64_t now, char why[static JWT_WHY]
)
{
	if (source_miss(&issuer->source, now)) {
		pthread_cond_signal(&id->work);
		return -EAGAIN;
	}
	if (issuer->source.keys == NULL)
		snprintf(why, JWT_WHY, "the issuer's keys could not be fetched");
	return ERR_AUTH;
}

// For the links of a chain: what the issuer of that name is called by its tokens.
static const char *issuer_named(void *ctx, const char *name)
{
	const struct identity_set *set = ctx;

	for (uint16_t i = 0; set != NULL && i < set->n; i++)
		if (strcmp(set->issuers[i].config.name, name) == 0)
			return set->issuers[i].config.issuer;
	return NULL;
}

static bool is_own(const struct identity *id, const struct jwt *jwt)
{
	return id->service_keys != NULL && strcmp(jwt_issuer(jwt), id->service.issuer) == 0;
}

static int verify_own(
	struct identity *id, struct jwt *jwt, struct span token, const uint8_t *certificate,
	uint64_t now, struct subject **out, char why[static JWT_WHY]
)
{
	const struct chain_service service = {&id->service, issuer_named, id->set};

	int rc = jwt_verify(jwt, id->service_keys, why);
	if (rc == 0)
		rc = binding_check(jwt_claims(jwt), certificate, why);
	if (rc == 0)
		rc = chain_subject(&service, jwt_claims(jwt), token, now, out, why);
	return rc == -ENOKEY ? ERR_AUTH : rc;
}

// Rules may speak of keys without saying whose: a provider's subject must not be taken for an agent
// that the token service has named. Takes *subject when it refuses.
static int keep_names_apart(
	const struct identity *id, struct subject **subject, char why[static JWT_WHY]
)
{
	static const char prefix[] = CONFIG_AGENT_PREFIX;
	bool taken = false;

	for (uint16_t i = 0; i < (*subject)->n_links && id->service_keys != NULL; i++)
		taken = taken || strncmp((*subject)->links[i].key, prefix, strlen(prefix)) == 0;
	if (!taken)
		return 0;
	subject_free(*subject);
	*subject = NULL;
	snprintf(why, JWT_WHY, "token's subject is called as an agent of the gateway is");
	return ERR_AUTH;
}

static int verify(
	struct identity *id, struct jwt *jwt, struct span token, const uint8_t *certificate,
	uint64_t now, struct subject **out, char why[static JWT_WHY]
)
{
	const char *iss = jwt_issuer(jwt);

	if (is_own(id, jwt))
		return verify_own(id, jwt, token, certificate, now, out, why);
	struct issuer *issuer = find_issuer(id->set, iss);
	if (issuer == NULL) {
		snprintf(why, JWT_WHY, "token is from an issuer that is not configured");
		return ERR_AUTH;
	}
	expire(issuer, now);
	int rc = jwt_verify(jwt, issuer->source.keys, why);
	if (rc == -ENOKEY)
		return fetch_or_refuse(id, issuer, now, why);
	if (rc != 0)
		return rc;
	rc = jwt_subject(jwt, &issuer->config, token, certificate, now, out, why);
	return rc == 0 ? keep_names_apart(id, out, why) : rc;
}

void identity_set_service(
	struct identity *id, const struct config_token_service *service, struct keyset *keys
)
{
	pthread_mutex_lock(&id->lock);
	keyset_unref(id->service_keys);
	id->service_keys = keyset_ref(keys);
	if (service != NULL)
		id->service = *service;
	pthread_mutex_unlock(&id->lock);
}

int identity_verify(
	struct identity *id, struct span token, const uint8_t *certificate, uint64_t now,
	struct subject **out, char why[static JWT_WHY]
)
{
	struct jwt *jwt = NULL;

	int rc = jwt_parse(token, &jwt, why);
	if (rc != 0)
		return rc;
	pthread_mutex_lock(&id->lock);
	rc = verify(id, jwt, token, certificate, now, out, why);
	pthread_mutex_unlock(&id->lock);
	jwt_free(jwt);
	return rc;
}

void identity_tick(struct identity *id, uint64_t now)
{
	pthread_mutex_lock(&id->lock);
	for (uint16_t i = 0; id->set != NULL && i < id->set->n; i++) {
		struct issuer *issuer = &id->set->issuers[i];
		expire(issuer, now);
		if (source_tick(&issuer->source, now))
			pthread_cond_signal(&id->work);
	}
	pthread_mutex_unlock(&id->lock);
}

static void state_of(const struct issuer *issuer, struct identity_state *out)
{
	const struct source *source = &issuer->source;

	*out = (struct identity_state){
		.remote = source->remote,
		.keys = keyset_count(source->keys),
		.good_at = source->good_at,
		.fetches = source->fetches,
		.failed = source->failed,
		.unknown = source->unknown,
	};
	memcpy(out->name, issuer->config.name, sizeof(out->name));
	memcpy(out->error, source->error, sizeof(out->error));
}

bool identity_state(struct identity *id, uint16_t i, struct identity_state *out)
{
	pthread_mutex_lock(&id->lock);
	bool there = id->set != NULL && i < id->set->n;
	if (there)
		state_of(&id->set->issuers[i], out);
	pthread_mutex_unlock(&id->lock);
	return there;
}

uint64_t identity_fetches(struct identity *id, uint64_t *failed)
{
	pthread_mutex_lock(&id->lock);
	uint64_t n = id->fetches;
	*failed = id->failed;
	pthread_mutex_unlock(&id->lock);
	return n;
}

int identity_mint(
	struct identity *id, const struct local_claims *claims, char **token,
	char why[static LOCAL_WHY]
)
{
	int rc = -ENOENT;

	snprintf(why, LOCAL_WHY, "no issuer is local; add one with `local: true`");
	pthread_mutex_lock(&id->lock);
	for (uint16_t i = 0; id->set != NULL && i < id->set->n && rc == -ENOENT; i++)
		if (id->set->issuers[i].local != NULL)
			rc = local_mint(
				&id->set->issuers[i].config, id->set->issuers[i].local, claims,
				token, why
			);
	pthread_mutex_unlock(&id->lock);
	return rc;
}
