// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/notify/payload.h"

#include "controlplane/notify/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FACT_MAX = 400 }; // characters; Slack takes 2000 bytes in a field

static const char *title(enum notify_event event)
{
	switch (event) {
	case NOTIFY_APPROVAL_REQUESTED:
		return "A command waits for approval";
	case NOTIFY_APPROVAL_DECIDED:
		return "A command was decided";
	case NOTIFY_APPROVAL_EXPIRED:
		return "A request has expired";
	case NOTIFY_ACCESS_REQUESTED:
		return "Access is asked for";
	case NOTIFY_ACCESS_DECIDED:
		return "Access was decided";
	case NOTIFY_ACCESS_REVOKED:
		return "Access was revoked";
	case NOTIFY_REVOKED:
		return "Revoked";
	case NOTIFY_EVENTS:
		break;
	}
	return "";
}

static const struct {
	const char *key, *label;
} facts[] = {
	{"state", "State"},         {"who", "Who"},         {"resource", "Resource"},
	{"database", "Database"},   {"effects", "Effects"}, {"rule", "Rule"},
	{"approvers", "Approvers"}, {"by", "By"},           {"reason", "Reason"},
	{"purpose", "Purpose"},
};

enum { FACTS = sizeof(facts) / sizeof(facts[0]) };

static const char *field(const struct payload *p, const char *key)
{
	const char *text = json_string_value(json_object_get(p->fields, key));

	return text == NULL ? "" : text;
}

// The page asks for login: the link by itself approves nothing.
static void link_of(const struct payload *p, char *out, size_t size)
{
	out[0] = '\0';
	if (p->console_url[0] != '\0' && p->event == NOTIFY_REVOKED)
		snprintf(out, size, "%s/#/revocations", p->console_url);
	else if (p->console_url[0] != '\0')
		snprintf(out, size, "%s/#/approvals/%.16s", p->console_url, field(p, "id"));
}

static json_t *webhook(const struct payload *p, const char *link)
{
	json_t *json = json_pack(
		"{s:s, s:I, s:I, s:s}", "event", notify_event_name(p->event), "delivery",
		(json_int_t)p->delivery, "time_ns", (json_int_t)p->time_ns, "link", link
	);
	const char *key;
	const json_t *value;
	int bad = json == NULL;

	for (size_t i = 0; i < FACTS && !bad; i++) {
		value = json_object_get(p->fields, facts[i].key);
		if (json_is_string(value))
			bad = json_object_set_new(
				json, facts[i].key, json_string(json_string_value(value))
			);
	}
	static const char *const more[] = {"id", "kind", "outcome", "session", "excerpt"};
	for (size_t i = 0; i < sizeof(more) / sizeof(more[0]) && !bad; i++) {
		key = more[i];
		if (field(p, key)[0] != '\0')
			bad = json_object_set_new(json, key, json_string(field(p, key)));
	}
	if (!bad)
		return json;
	json_decref(json);
	return NULL;
}

static json_t *plain(const char *label, const char *text)
{
	json_t *shown = text_excerpt(span_str(text), FACT_MAX);
	json_t *json = json_pack(
		"{s:s, s:s++, s:b}", "type", "plain_text", "text", label,
		label[0] == '\0' ? "" : ": ", json_string_value(shown), "emoji", 0
	);

	json_decref(shown);
	return json;
}

static json_t *section(json_t *text)
{
	return json_pack("{s:s, s:o}", "type", "section", "text", text);
}

static json_t *slack(const struct payload *p, const char *link)
{
	char show[CONFIG_URL_MAX + 64];
	json_t *fields = json_array(), *blocks = json_array();
	int bad = fields == NULL || blocks == NULL;

	for (size_t i = 0; i < FACTS && !bad; i++) {
		if (field(p, facts[i].key)[0] != '\0')
			bad = json_array_append_new(
				fields, plain(facts[i].label, field(p, facts[i].key))
			);
	}
	if (!bad)
		bad = json_array_append_new(
			blocks,
			json_pack(
				"{s:s, s:o}", "type", "header", "text", plain("", title(p->event))
			)
		);
	if (!bad && json_array_size(fields) > 0)
		bad = json_array_append_new(
			blocks, json_pack("{s:s, s:O}", "type", "section", "fields", fields)
		);
	if (!bad && field(p, "excerpt")[0] != '\0')
		bad = json_array_append_new(blocks, section(plain("", field(p, "excerpt"))));
	if (!bad && link[0] != '\0') {
		snprintf(show, sizeof(show), "<%s|Show the request>", link);
		bad = json_array_append_new(
			blocks, section(json_pack("{s:s, s:s}", "type", "mrkdwn", "text", show))
		);
	}
	json_decref(fields);
	if (!bad)
		return json_pack("{s:s, s:o}", "text", title(p->event), "blocks", blocks);
	json_decref(blocks);
	return NULL;
}

// A text run knows no Markdown, as the values of a FactSet do.
static json_t *line(const char *label, const char *text, bool code)
{
	json_t *shown = text_excerpt(span_str(text), FACT_MAX);
	json_t *inlines = json_array();
	int bad = shown == NULL || inlines == NULL;

	if (!bad && label[0] != '\0')
		bad = json_array_append_new(
			inlines, json_pack(
					 "{s:s, s:s+, s:s}", "type", "TextRun", "text", label, ": ",
					 "weight", "Bolder"
				 )
		);
	if (!bad)
		bad = json_array_append_new(
			inlines, json_pack(
					 "{s:s, s:O, s:s}", "type", "TextRun", "text", shown,
					 "fontType", code ? "Monospace" : "Default"
				 )
		);
	json_decref(shown);
	if (!bad)
		return json_pack("{s:s, s:o}", "type", "RichTextBlock", "inlines", inlines);
	json_decref(inlines);
	return NULL;
}

static json_t *card_body(const struct payload *p)
{
	json_t *body = json_array();
	int bad = body == NULL;

	if (!bad)
		bad = json_array_append_new(
			body,
			json_pack(
				"{s:s, s:s, s:s, s:s, s:b}", "type", "TextBlock", "text",
				title(p->event), "size", "Medium", "weight", "Bolder", "wrap", 1
			)
		);
	for (size_t i = 0; i < FACTS && !bad; i++) {
		if (field(p, facts[i].key)[0] != '\0')
			bad = json_array_append_new(
				body, line(facts[i].label, field(p, facts[i].key), false)
			);
	}
	if (!bad && field(p, "excerpt")[0] != '\0')
		bad = json_array_append_new(body, line("", field(p, "excerpt"), true));
	if (!bad)
		return body;
	json_decref(body);
	return NULL;
}

static json_t *teams(const struct payload *p, const char *link)
{
	json_t *body = card_body(p), *actions = json_array();

	if (link[0] != '\0' && json_array_append_new(
				       actions, json_pack(
							"{s:s, s:s, s:s}", "type", "Action.OpenUrl",
							"title", "Show the request", "url", link
						)
			       ) != 0) {
		json_decref(body);
		body = NULL;
	}
	return json_pack(
		"{s:s, s:[{s:s, s:n, s:{s:s, s:s, s:s, s:o, s:o}}]}", "type", "message",
		"attachments", "contentType", "application/vnd.microsoft.card.adaptive",
		"contentUrl", "content", "$schema",
		"http://adaptivecards.io/schemas/adaptive-card.json", "type", "AdaptiveCard",
		"version", "1.4", "body", body, "actions", actions
	);
}

char *payload_text(const struct payload *payload)
{
	char link[CONFIG_URL_MAX + 48];
	json_t *json = NULL;

	link_of(payload, link, sizeof(link));
	switch (payload->channel) {
	case CONFIG_CHANNEL_WEBHOOK:
		json = webhook(payload, link);
		break;
	case CONFIG_CHANNEL_SLACK:
		json = slack(payload, link);
		break;
	case CONFIG_CHANNEL_TEAMS:
		json = teams(payload, link);
		break;
	}
	char *text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);
	json_decref(json);
	return text;
}
