// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/notify/deliver.h"

#include <curl/curl.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct transfer {
	struct transfer *next;
	struct delivery *delivery;
	CURL *curl;
	struct curl_slist *headers;
	size_t received;
};

struct deliverer {
	pthread_t thread;
	CURLM *multi;
	pthread_mutex_t lock; // of what follows
	struct delivery *given, *done;
	bool stop;
	// the thread's
	struct transfer *running;
};

void delivery_free(struct delivery *delivery)
{
	if (delivery == NULL)
		return;
	free(delivery->body);
	explicit_bzero(delivery, sizeof(*delivery));
	free(delivery);
}

static void free_all(struct delivery *list)
{
	while (list != NULL) {
		struct delivery *next = list->next;
		delivery_free(list);
		list = next;
	}
}

// ---- one transfer

static size_t on_data(char *, size_t size, size_t n, void *context)
{
	struct transfer *t = context;
	size_t bytes = size * n;

	if (bytes > DELIVER_RESPONSE_MAX - t->received)
		return 0; // ends the transfer; the status is known
	t->received += bytes;
	return bytes;
}

static bool add_headers(struct transfer *t)
{
	static const char *const fixed[] = {
		"Content-Type: application/json", ("User-Agent: bulkhead/" BULKHEAD_VERSION),
		"Expect:"};
	struct curl_slist *more;

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		more = curl_slist_append(t->headers, fixed[i]);
		if (more == NULL)
			return false;
		t->headers = more;
	}
	for (size_t i = 0; i < DELIVER_HEADERS; i++) {
		if (t->delivery->headers[i][0] == '\0')
			continue;
		more = curl_slist_append(t->headers, t->delivery->headers[i]);
		if (more == NULL)
			return false;
		t->headers = more;
	}
	return true;
}

static CURLcode set_up(struct transfer *t)
{
	const struct delivery *d = t->delivery;
	bool loopback = strncmp(d->url, "http://", 7) == 0;
	CURLcode rc = curl_easy_setopt(t->curl, CURLOPT_URL, d->url);

	if (rc == CURLE_OK)
		rc = curl_easy_setopt(t->curl, CURLOPT_PROTOCOLS_STR, loopback ? "http" : "https");
	if (rc == CURLE_OK && loopback)
		rc = curl_easy_setopt(t->curl, CURLOPT_NOPROXY, "*");
	if (rc == CURLE_OK && d->ca_file[0] != '\0')
		rc = curl_easy_setopt(t->curl, CURLOPT_CAINFO, d->ca_file);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(t->curl, CURLOPT_FOLLOWLOCATION, 0L);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(t->curl, CURLOPT_POSTFIELDS, d->body);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, t->headers);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(t->curl, CURLOPT_WRITEFUNCTION, on_data);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(t->curl, CURLOPT_WRITEDATA, t);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(t->curl, CURLOPT_TIMEOUT_MS, (long)d->timeout_ms);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(t->curl, CURLOPT_NOSIGNAL, 1L);
	if (rc == CURLE_OK)
		rc = curl_easy_setopt(t->curl, CURLOPT_PRIVATE, t);
	return rc;
}

static void transfer_free(struct transfer *t)
{
	curl_easy_cleanup(t->curl);
	curl_slist_free_all(t->headers);
	delivery_free(t->delivery);
	free(t);
}

static void finish(struct deliverer *d, struct delivery *delivery)
{
	pthread_mutex_lock(&d->lock);
	delivery->next = d->done;
	d->done = delivery;
	pthread_mutex_unlock(&d->lock);
}

static void start(struct deliverer *d, struct delivery *delivery)
{
	struct transfer *t = calloc(1, sizeof(*t));

	if (t != NULL) {
		t->delivery = delivery;
		t->curl = curl_easy_init();
		if (t->curl != NULL && add_headers(t) && set_up(t) == CURLE_OK &&
		    curl_multi_add_handle(d->multi, t->curl) == CURLM_OK) {
			t->next = d->running;
			d->running = t;
			return;
		}
		t->delivery = NULL;
		transfer_free(t);
	}
	snprintf(delivery->why, sizeof(delivery->why), "the request cannot be made");
	finish(d, delivery);
}

static void take_out(struct deliverer *d, const struct transfer *t)
{
	struct transfer **at = &d->running;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
}

static void ended(struct deliverer *d, CURL *curl, CURLcode code)
{
	struct transfer *t = NULL;
	curl_off_t after = 0;
	long status = 0;

	curl_easy_getinfo(curl, CURLINFO_PRIVATE, (char **)&t);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &after);
	struct delivery *delivery = t->delivery;
	// A receiver that talks too much has been told all the same.
	delivery->delivered = (code == CURLE_OK || code == CURLE_WRITE_ERROR) && status / 100 == 2;
	delivery->retry_after_s = after < 0 || after > UINT32_MAX ? 0 : (uint32_t)after;
	if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && status != 0))
		snprintf(delivery->why, sizeof(delivery->why), "HTTP status %ld", status);
	else
		snprintf(delivery->why, sizeof(delivery->why), "%s", curl_easy_strerror(code));
	curl_multi_remove_handle(d->multi, curl);
	take_out(d, t);
	t->delivery = NULL;
	transfer_free(t);
	finish(d, delivery);
}

// ---- the thread

// Out: *given. False: it is over.
static bool look(struct deliverer *d, struct delivery **given)
{
	pthread_mutex_lock(&d->lock);
	bool stop = d->stop;
	*given = d->given;
	d->given = NULL;
	pthread_mutex_unlock(&d->lock);
	return !stop;
}

static void *run(void *context)
{
	struct deliverer *d = context;
	struct delivery *given;
	CURLMsg *message;
	int n;

	while (look(d, &given)) {
		while (given != NULL) {
			struct delivery *next = given->next;
			start(d, given);
			given = next;
		}
		(void)curl_multi_perform(d->multi, &n);
		while ((message = curl_multi_info_read(d->multi, &n)) != NULL) {
			if (message->msg == CURLMSG_DONE)
				ended(d, message->easy_handle, message->data.result);
		}
		(void)curl_multi_poll(d->multi, NULL, 0, 1000, NULL);
	}
	free_all(given);
	while (d->running != NULL) {
		struct transfer *t = d->running;
		d->running = t->next;
		curl_multi_remove_handle(d->multi, t->curl);
		transfer_free(t);
	}
	return NULL;
}

int deliverer_new(struct deliverer **out)
{
	struct deliverer *d = calloc(1, sizeof(*d));
	int r = -ENOMEM;

	if (d == NULL)
		return r;
	pthread_mutex_init(&d->lock, NULL);
	d->multi = curl_multi_init();
	if (d->multi != NULL)
		r = pthread_create(&d->thread, NULL, run, d) == 0 ? 0 : -EAGAIN;
	if (r == 0) {
		*out = d;
		return 0;
	}
	curl_multi_cleanup(d->multi);
	pthread_mutex_destroy(&d->lock);
	free(d);
	return r;
}

void deliverer_free(struct deliverer *deliverer)
{
	if (deliverer == NULL)
		return;
	pthread_mutex_lock(&deliverer->lock);
	deliverer->stop = true;
	pthread_mutex_unlock(&deliverer->lock);
	curl_multi_wakeup(deliverer->multi);
	pthread_join(deliverer->thread, NULL);
	curl_multi_cleanup(deliverer->multi);
	free_all(deliverer->done);
	pthread_mutex_destroy(&deliverer->lock);
	free(deliverer);
}

void deliverer_give(struct deliverer *deliverer, struct delivery *delivery)
{
	pthread_mutex_lock(&deliverer->lock);
	delivery->next = deliverer->given;
	deliverer->given = delivery;
	pthread_mutex_unlock(&deliverer->lock);
	curl_multi_wakeup(deliverer->multi);
}

struct delivery *deliverer_take(struct deliverer *deliverer)
{
	pthread_mutex_lock(&deliverer->lock);
	struct delivery *done = deliverer->done;
	if (done != NULL)
		deliverer->done = done->next;
	pthread_mutex_unlock(&deliverer->lock);
	if (done != NULL)
		done->next = NULL;
	return done;
}
