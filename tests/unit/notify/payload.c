// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/notify/payload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static json_t *made(enum config_channel channel, const char *console, char **text)
{
	json_t *fields = json_pack(
		"{s:s, s:s, s:s, s:s}", "id", "00000000000000ab", "who",
		"ann > <!channel> [x](https://evil)", "resource", "orders", "excerpt",
		"DELETE FROM t"
	);
	const struct payload payload = {
		.channel = channel,
		.event = NOTIFY_APPROVAL_REQUESTED,
		.delivery = 7,
		.time_ns = 5,
		.console_url = console,
		.fields = fields,
	};

	*text = payload_text(&payload);
	assert_non_null(*text);
	json_decref(fields);
	json_t *json = json_loads(*text, 0, NULL);
	assert_non_null(json);
	return json;
}

static const char *string(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));

	assert_non_null(text);
	return text;
}

// Every text of `type` that holds what others wrote, or a link of theirs.
static unsigned count_of(const json_t *json, const char *type, const char *what)
{
	const char *key;
	size_t i;
	json_t *value;
	unsigned n = 0;

	if (json_is_array(json)) {
		json_array_foreach(json, i, value) n += count_of(value, type, what);
	} else if (json_is_object(json)) {
		const char *is = json_string_value(json_object_get(json, "type"));
		const char *text = json_string_value(json_object_get(json, "text"));
		n += is != NULL && text != NULL && strcmp(is, type) == 0 &&
		     strstr(text, what) != NULL;
		union {
			const json_t *in;
			json_t *out;
		} object = {.in = json};
		json_object_foreach(object.out, key, value) n += count_of(value, type, what);
	}
	return n;
}

static void slack_shows_strangers_text_as_it_is(void **)
{
	char *text;
	json_t *json = made(CONFIG_CHANNEL_SLACK, "https://gw", &text);

	assert_string_equal(string(json, "text"), "A command waits for approval");
	assert_int_equal(count_of(json, "plain_text", "<!channel>"), 1);
	assert_int_equal(count_of(json, "mrkdwn", "<!channel>"), 0);
	assert_int_equal(
		count_of(
			json, "mrkdwn", "<https://gw/#/approvals/00000000000000ab|Show the request>"
		),
		1
	);
	assert_int_equal(count_of(json, "plain_text", "DELETE FROM t"), 1);
	free(text);
	json_decref(json);
}

static void teams_shows_strangers_text_as_it_is(void **)
{
	char *text;
	json_t *json = made(CONFIG_CHANNEL_TEAMS, "https://gw", &text);
	const json_t *attachment = json_array_get(json_object_get(json, "attachments"), 0);
	const json_t *card = json_object_get(attachment, "content");

	assert_string_equal(string(json, "type"), "message");
	assert_string_equal(
		string(attachment, "contentType"), "application/vnd.microsoft.card.adaptive"
	);
	assert_string_equal(string(card, "type"), "AdaptiveCard");
	assert_int_equal(count_of(card, "TextRun", "[x](https://evil)"), 1);
	assert_int_equal(count_of(card, "TextBlock", "evil"), 0);
	const json_t *action = json_array_get(json_object_get(card, "actions"), 0);
	assert_string_equal(string(action, "url"), "https://gw/#/approvals/00000000000000ab");
	free(text);
	json_decref(json);
}

static void without_a_console_there_is_no_link(void **)
{
	char *text;

	for (int channel = 0; channel <= CONFIG_CHANNEL_TEAMS; channel++) {
		json_t *json = made((enum config_channel)channel, "", &text);
		assert_null(strstr(text, "approvals/"));
		free(text);
		json_decref(json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slack_shows_strangers_text_as_it_is),
		cmocka_unit_test(teams_shows_strangers_text_as_it_is),
		cmocka_unit_test(without_a_console_there_is_no_link),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
