// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/config/arena.h"
#include "controlplane/config/sections.h"
#include "controlplane/notify/notify.h"

#include <string.h>

static void read_url(struct reader *r, const struct node *node, struct config_notification *out)
{
	out->url_at = node->at;
	if (node->kind != NODE_SCALAR) {
		(void)section_secret(r, node, "url", &out->url_secret, out->url_name);
		return;
	}
	if (!read_text(r, node, "url", out->url, sizeof(out->url)))
		return;
	if (!read_is_safe_url(out->url))
		read_fail(r, node->at, "`url` must start with https://");
	else if (out->channel != CONFIG_CHANNEL_WEBHOOK)
		config_warning_add(
			r->errors, r->file, node->at,
			"who reads this file can write to the channel; write `url: {file: ...}`"
		);
}

static void read_events(struct reader *r, const struct node *node, struct config_notification *out)
{
	struct word words[NOTIFY_EVENTS + 1] = {0};
	int event;

	for (int i = 0; i < NOTIFY_EVENTS; i++)
		words[i] = (struct word){notify_event_name((enum notify_event)i), i};
	const struct node *item = read_one_or_more(r, node, "events", NOTIFY_EVENTS);
	out->events = 0;
	for (; item != NULL; item = item->next) {
		if (read_word(r, item, "events", words, &event))
			out->events |= UINT32_C(1) << event;
	}
}

static void read_trust(struct reader *r, const struct node *node, struct config_notification *out)
{
	const struct node *value = tree_get(node, "ca");

	if (value != NULL)
		(void)read_path(r, value, "ca", out->ca_file);
	value = tree_get(node, "secret");
	if (value == NULL)
		return;
	out->secret_at = value->at;
	(void)section_secret(r, value, "secret", &out->secret, out->secret_name);
}

static void read_target(struct reader *r, const struct node *node, struct config_notification *out)
{
	static const char *const keys[] = {"name", "kind", "url", "ca", "secret", "events", NULL};
	static const struct word channels[] = {
		{"webhook", CONFIG_CHANNEL_WEBHOOK},
		{"slack", CONFIG_CHANNEL_SLACK},
		{"teams", CONFIG_CHANNEL_TEAMS},
		{NULL, 0}};
	int channel;

	out->at = node->at;
	out->events = (UINT32_C(1) << NOTIFY_EVENTS) - 1;
	if (!read_map(r, node, "a notification", keys))
		return;
	const struct node *value = read_need(r, node, "the notification", "name");
	if (value != NULL)
		(void)read_name(r, value, "name", out->name, sizeof(out->name));
	value = tree_get(node, "kind");
	if (value != NULL && read_word(r, value, "kind", channels, &channel))
		out->channel = (enum config_channel)channel;
	value = read_need(r, node, "the notification", "url");
	if (value != NULL)
		read_url(r, value, out);
	read_trust(r, node, out);
	value = tree_get(node, "events");
	if (value != NULL)
		read_events(r, value, out);
}

// Deliveries that wait are found again by the target's name.
static void check_names(struct reader *r, const struct config *config)
{
	const struct config_notification *list = config->notifications;

	for (uint16_t i = 0; i < config->n_notifications; i++) {
		for (uint16_t j = 0; j < i && list[i].name[0] != '\0'; j++) {
			if (strcmp(list[i].name, list[j].name) == 0)
				read_fail(
					r, list[i].at, "notification `%s` is there twice",
					list[i].name
				);
		}
	}
}

void section_notifications(struct reader *r, const struct node *node, struct config *config)
{
	if (!read_list(r, node, "`notifications`", CONFIG_NOTIFICATIONS_MAX))
		return;
	config->notifications = arena_array(r->arena, node->n, sizeof(*config->notifications));
	if (config->notifications == NULL) {
		r->no_memory = true;
		return;
	}
	for (const struct node *item = node->first; item != NULL; item = item->next)
		read_target(r, item, &config->notifications[config->n_notifications++]);
	check_names(r, config);
}
