// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/recorder/replay.h"

#include "app/bulkheadctl/client.h"
#include "app/bulkheadctl/table.h"
#include "app/bulkheadctl/text.h"
#include "controlplane/recorder/json.h"

#include <time.h>

enum {
	ROWS_MAX = 1000, // that are held back to find the widths of columns
	PAUSE_MAX_S = 5, // longer ones are cut
	FIELDS_MAX = 1700,
};

struct screen {
	const struct args *args;
	uint64_t last_ns; // of the message before
	struct table rows;
};

static void pause_for(const struct screen *screen, uint64_t time_ns)
{
	if (screen->args->no_delay || screen->last_ns == 0 || time_ns <= screen->last_ns)
		return;
	double s = (double)(time_ns - screen->last_ns) / 1e9 / screen->args->speed;
	if (s > PAUSE_MAX_S)
		s = PAUSE_MAX_S;
	struct timespec pause = {.tv_sec = (time_t)s, .tv_nsec = (long)((s - (time_t)s) * 1e9)};
	fflush(stdout);
	nanosleep(&pause, NULL);
}

static void rows_end(struct screen *screen)
{
	if (screen->rows.columns > 0)
		table_print(&screen->rows, true);
	table_fini(&screen->rows);
	table_init(&screen->rows);
}

// COPY's escapes as one wants to read them: a NULL is told from the text, a backslash is single;
// tabs and newlines stay \t and \n, so that a row is a line. Returns a span of `out`, which has as
// many bytes as the field.
static struct span field_plain(struct span field, struct buf *out)
{
	if (span_equal(field, SPAN_LIT("\\N")))
		return SPAN_LIT("(null)");
	buf_consume(out, buf_len(out));
	for (size_t i = 0; i < field.n; i++) {
		if (field.p[i] == '\\' && i + 1 < field.n && field.p[i + 1] == '\\')
			i++;
		if (buf_append_u8(out, field.p[i]) != 0)
			break;
	}
	return buf_span(out);
}

static void row_add(struct screen *screen, struct span row)
{
	struct buf plain;
	size_t n = 0;
	bool more = true;

	buf_init(&plain, NULL, row.n + 1);
	if (screen->rows.columns == 0) {
		screen->rows.columns = 1;
		for (size_t i = 0; i < row.n; i++)
			screen->rows.columns += row.p[i] == '\t';
	}
	while (more && n < screen->rows.columns) {
		const uint8_t *tab = row.n == 0 ? NULL : memchr(row.p, '\t', row.n);
		struct span field = tab == NULL ? row : span_first(row, (size_t)(tab - row.p));
		table_cell(&screen->rows, field_plain(field, &plain));
		more = tab != NULL;
		row = span_from(row, field.n + 1);
		n++;
	}
	for (; n < screen->rows.columns; n++)
		table_cell(&screen->rows, SPAN_LIT(""));
	buf_fini(&plain);
	if (table_rows(&screen->rows) >= ROWS_MAX)
		table_print(&screen->rows, true);
}

static void print_head(const struct replay_message *message, const char *what)
{
	char time[TEXT_TIME_MAX];

	printf("%s  %-9s ", text_time(message->time_ns, time), what);
}

static void print_line(const struct replay_message *message, const char *what)
{
	print_head(message, what);
	text_write(stdout, message->text, true);
	putchar('\n');
}

static void print_member(const json_t *json, const char *key, const char *before, const char *after)
{
	const json_t *value = json_object_get(json, key);

	if (json_is_integer(value))
		printf("%s%lld%s", before, (long long)json_integer_value(value), after);
	if (json_string_length(value) == 0)
		return;
	fputs(before, stdout);
	text_write_json(stdout, value);
	fputs(after, stdout);
}

static void print_open(const struct replay_message *message, const json_t *json)
{
	print_head(message, "open");
	print_member(json, "chain", "", "");
	print_member(json, "subject", " (", ")");
	print_member(json, "client", " from ", "");
	print_member(json, "resource", " to ", "");
	print_member(json, "database", ", database ", "");
	print_member(json, "application", ", application ", "");
	print_member(json, "rule", ", rule \"", "\"");
	print_member(json, "policy", ", policy ", "");
	putchar('\n');
}

static void print_verdict(const struct replay_message *message, const json_t *json)
{
	json_t *effects = json_object_get(json, "effects"), *effect;
	size_t i;

	print_head(message, "verdict");
	print_member(json, "action", "", "");
	print_member(json, "reason", " (", ")");
	print_member(json, "rule", " by rule \"", "\"");
	print_member(json, "pattern", ", pattern ", "");
	print_member(json, "approval", ", reference ", "");
	json_array_foreach(effects, i, effect)
	{
		fputs(i == 0 ? ": " : ", ", stdout);
		text_write_json(stdout, effect);
	}
	putchar('\n');
}

static void print_close(const struct replay_message *message, const json_t *json)
{
	print_head(message, "close");
	print_member(json, "end", "", "");
	print_member(json, "reason", " (", ")");
	print_member(json, "commands", "; commands ", "");
	print_member(json, "denied", ", denied ", "");
	print_member(json, "masked", ", masked ", "");
	print_member(json, "rows", ", rows ", "");
	putchar('\n');
}

// ErrorResponse and NoticeResponse: the values of the fields S, V, C, M, in the order in which
// servers send them, and more that nobody reads here.
static void print_error(const struct replay_message *message, const char *what)
{
	struct span fields[4], rest = message->text;
	size_t n = 0;

	for (; n < 4 && rest.n > 0; n++) {
		const uint8_t *tab = memchr(rest.p, '\t', rest.n);
		fields[n] = tab == NULL ? rest : span_first(rest, (size_t)(tab - rest.p));
		rest = span_from(rest, fields[n].n + 1);
	}
	if (n < 4) {
		print_line(message, what);
		return;
	}
	print_head(message, what);
	text_write(stdout, fields[0], false);
	fputs(" ", stdout);
	text_write(stdout, fields[2], false);
	fputs(": ", stdout);
	text_write(stdout, fields[3], false);
	putchar('\n');
}

// An answer, by the type byte of PostgreSQL's message.
static void print_answer(struct screen *screen, const struct replay_message *message)
{
	if (message->message == 'T') {
		rows_end(screen);
		screen->rows.has_head = true;
		row_add(screen, message->text);
		return;
	}
	if (message->message == 'D') {
		row_add(screen, message->text);
		return;
	}
	rows_end(screen);
	switch (message->message) {
	case 'C':
		print_line(message, "done");
		return;
	case 'E':
		print_error(message, "error");
		return;
	case 'N':
		print_error(message, "notice");
		return;
	case 'A':
		print_line(message, "notify");
		return;
	case 'd':
		print_line(message, "copy");
		return;
	case 'V':
		print_line(message, "result");
		return;
	default: // a protocol's own numbers, not an enum of ours
		if (message->text.n > 0)
			print_line(message, "answer");
	}
}

static bool print_message(void *context, const struct replay_message *message)
{
	struct screen *screen = context;
	json_t *json = NULL;

	pause_for(screen, message->time_ns);
	screen->last_ns = message->time_ns;
	if (message->type != RECORD_ANSWER) {
		rows_end(screen);
		if (message->type != RECORD_COMMAND)
			json = json_of_record(message->text);
	}
	switch (message->type) {
	case RECORD_OPEN:
		print_open(message, json);
		break;
	case RECORD_COMMAND:
		print_line(message, "command");
		break;
	case RECORD_VERDICT:
		print_verdict(message, json);
		break;
	case RECORD_ANSWER:
		print_answer(screen, message);
		break;
	case RECORD_CLOSE:
		print_close(message, json);
		break;
	}
	json_decref(json);
	return ferror(stdout) == 0;
}

static bool print_json_message(void *context, const struct replay_message *message)
{
	static const char *const names[] = {"", "open", "command", "verdict", "answer", "close"};
	struct screen *screen = context;
	char type[2] = {(char)message->message, '\0'};

	pause_for(screen, message->time_ns);
	screen->last_ns = message->time_ns;
	bool is_text = message->type == RECORD_COMMAND || message->type == RECORD_ANSWER;
	json_t *json = json_pack(
		"{s:I,s:s,s:o,s:b}", "time_ns", (json_int_t)message->time_ns, "type",
		message->type <= RECORD_CLOSE ? names[message->type] : "", "message",
		text_json(span_str(type)), "strict", message->strict
	);
	json_t *data = is_text ? text_json(message->text) : json_of_record(message->text);
	json_object_set_new(json, is_text ? "text" : "data", data == NULL ? json_null() : data);
	print_json(json);
	return ferror(stdout) == 0;
}

// Where the index says the session begins; 0 when there is no gateway to ask.
static uint64_t first_segment(const struct args *args)
{
	json_t *row = NULL;
	char path[64];
	uint64_t first = 0;

	snprintf(path, sizeof(path), "/v1/sessions/%s", args->word);
	if (args->state == NULL && client_ask(args, path, NULL, true, &row) == EXIT_OK)
		first = (uint64_t)json_integer_value(json_object_get(row, "first_segment"));
	json_decref(row);
	return first;
}

int ctl_sessions_replay(const struct args *args)
{
	struct screen screen = {.args = args};
	struct replay_end end;
	char state[STATE_MAX];

	if (!ctl_is_session(args->word))
		return fail(EXIT_USAGE, "sessions replay: a session is 16 hexadecimal digits");
	const char *folder = client_state(args, state);
	table_init(&screen.rows);
	int ret = replay_session(
		folder, args->word, first_segment(args), NULL,
		args->json ? print_json_message : print_message, &screen, &end
	);
	rows_end(&screen);
	table_fini(&screen.rows);
	fflush(stdout);
	if (ret != 0)
		return fail(
			EXIT_FAILED, "cannot read the recordings under %s: %s", folder,
			err_text(ret)
		);
	if (end.messages == 0 && end.damaged[0] == '\0')
		return fail(
			EXIT_FAILED,
			"nothing is on record of session %s under %s: sessions list names those that are",
			args->word, folder
		);
	if (!end.closed && end.damaged[0] != '\0') {
		if (end.how != SEGMENT_TORN)
			return fail(
				EXIT_EVIDENCE, "%s %s: run bulkheadctl audit verify", end.damaged,
				segment_step_text(end.how)
			);
		fprintf(stderr, "%s %s: the recording stops there\n", end.damaged,
			segment_step_text(end.how));
	}
	return EXIT_OK;
}
