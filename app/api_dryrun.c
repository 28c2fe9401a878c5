// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The text of the policy, and what another would have done.

#include "app/api.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { LIMIT_DEFAULT = 100 };

static const uint64_t DAY_NS = UINT64_C(86400) * 1000000000;

// The configuration file, at most CONFIG_FILE_MAX bytes. Out: `text`, to be ended by buf_fini.
static int read_file(const char *path, struct buf *text, char *why)
{
	buf_init(text, NULL, CONFIG_FILE_MAX);
	FILE *file = fopen(path, "re");
	if (file == NULL) {
		snprintf(why, ADMIN_WHY, "%s: %m", path);
		return -EIO;
	}
	int r = buf_reserve(text, CONFIG_FILE_MAX);
	if (r == 0)
		buf_commit(text, fread(buf_tail(text), 1, CONFIG_FILE_MAX, file));
	if (r == 0 && (ferror(file) || fgetc(file) != EOF)) {
		snprintf(why, ADMIN_WHY, "%s cannot be read, or has more than 1 MiB", path);
		r = -EIO;
	}
	fclose(file);
	return r;
}

static int on_policy_text(void *context, struct admin_call *, json_t **out, char *why)
{
	const struct control *control = context;
	const struct snapshot *current = publisher_current(control->publisher);
	struct digest digest = {0};
	struct buf text;

	int r = read_file(control->file, &text, why);
	struct span all = buf_span(&text);
	if (r == 0)
		r = digest_of(&all, 1, &digest);
	if (r == 0) {
		*out = json_pack(
			"{s:s%, s:b}", "text", all.p, all.n, "in_force",
			current != NULL && memcmp(current->digest, digest.b, sizeof(digest.b)) == 0
		);
		if (*out == NULL)
			snprintf(why, ADMIN_WHY, "%s is no UTF-8", control->file);
		r = *out == NULL ? -EIO : 0;
	}
	buf_fini(&text);
	return r;
}

static uint64_t number(const json_t *body, const char *name, uint64_t absent)
{
	const json_t *value = json_object_get(body, name);

	return value == NULL ? absent : (uint64_t)json_integer_value(value);
}

static int tell(struct control *control, const char *id, json_t **out, char *why)
{
	bool running;

	*out = dryruns_json(control->dryruns, id, &running);
	if (*out == NULL)
		snprintf(why, ADMIN_WHY, "there is no dry run %.32s", id);
	return *out == NULL ? -ENOENT : 0;
}

static int start(
	struct control *control, const json_t *body, struct span text,
	char id[static DRYRUN_ID_SIZE], char *why
)
{
	const struct snapshot *current = publisher_current(control->publisher);
	uint64_t to = number(body, "to_ns", (uint64_t)time(NULL) * 1000000000);
	const struct dryrun_ask ask = {
		.text = text,
		.patterns = &control->config->gateway.patterns,
		.from_ns = number(body, "from_ns", to > DAY_NS ? to - DAY_NS : 0),
		.to_ns = to,
		.limit = (uint32_t)number(body, "limit", LIMIT_DEFAULT),
	};

	int r = current == NULL ? -EBUSY : dryruns_start(control->dryruns, current, &ask, id);
	if (r == -EINVAL)
		snprintf(why, ADMIN_WHY, "from_ns is behind to_ns");
	else if (r == -EBUSY)
		snprintf(why, ADMIN_WHY, "%d run already", DRYRUN_RUNNING_MAX);
	return r;
}

static int on_dry_run(void *context, struct admin_call *call, json_t **out, char *why)
{
	struct control *control = context;
	const json_t *given = json_object_get(call->body, "config");
	char id[DRYRUN_ID_SIZE];
	struct buf file;
	int r = 0;

	buf_init(&file, NULL, 0);
	struct span text = span_of(json_string_value(given), json_string_length(given));
	if (given == NULL) {
		r = read_file(control->file, &file, why);
		text = buf_span(&file);
	}
	if (r == 0)
		r = start(control, call->body, text, id, why);
	buf_fini(&file);
	return r == 0 ? tell(control, id, out, why) : r;
}

static int on_dry_run_state(void *context, struct admin_call *call, json_t **out, char *why)
{
	return tell(context, call->id, out, why);
}

static int on_dry_run_cancel(void *context, struct admin_call *call, json_t **out, char *why)
{
	struct control *control = context;

	if (dryruns_cancel(control->dryruns, call->id) != 0) {
		snprintf(why, ADMIN_WHY, "there is no dry run %.32s", call->id);
		return -ENOENT;
	}
	return tell(control, call->id, out, why);
}

void api_dryrun(struct admin_ops *ops)
{
	ops->policy_text = on_policy_text;
	ops->dry_run = on_dry_run;
	ops->dry_run_state = on_dry_run_state;
	ops->dry_run_cancel = on_dry_run_cancel;
}
