// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/audit/verify.h"

#include "controlplane/audit/walk.h"
#include "controlplane/recorder/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

// The state of the chain behind the lines read so far.
struct chain {
	uint64_t line;          // number in the file
	uint64_t seq;           // the last line's own; 0 when it has none
	bool seq_known;         // false behind a line that could not be read
	struct digest hash;     // of the last line
	struct audit_head head; // the head file's, read before the log: the log may grow meanwhile
	bool has_head, head_met, pin_met;
	bool last_is_bad; // a pin says that the last line was changed, or it is no line
	// Lines in a row whose prev does not fit: of one line that was changed somewhere, the next
	// one tells; of one whose prev was changed, it and the next one.
	uint64_t misfit_first, misfits;
};

void walk_find(
	struct walk *walk, enum audit_finding finding, uint64_t line, const char *format, ...
)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (finding == AUDIT_FAULT)
		walk->report->faults++;
	else
		walk->report->notes++;
	walk->found(walk->context, finding, line, text);
}

static int sealed_add(struct walk *walk, const struct chain *chain, const struct audit_line *line)
{
	const json_t *file = json_object_get(line->json, "file");
	const json_t *hash = json_object_get(line->json, "sha256");
	const json_t *frames = json_object_get(line->json, "frames");
	struct sealed sealed = {.line = chain->line};

	if (!json_is_string(file) || json_string_length(file) >= sizeof(sealed.name) ||
	    !json_is_integer(frames) ||
	    !digest_parse(
		    span_of(json_string_value(hash), json_string_length(hash)), &sealed.hash
	    )) {
		walk_find(
			walk, AUDIT_FAULT, chain->line, "names a segment in a way we do not write"
		);
		return 0;
	}
	strcpy(sealed.name, json_string_value(file));
	sealed.frames = (uint64_t)json_integer_value(frames);
	if (walk->n_sealed == walk->room) {
		size_t room = walk->room == 0 ? 64 : 2 * walk->room;
		void *more = reallocarray(walk->sealed, room, sizeof(sealed));
		if (more == NULL)
			return -ENOMEM;
		walk->sealed = more;
		walk->room = room;
	}
	walk->sealed[walk->n_sealed++] = sealed;
	return 0;
}

// The lines in a row that did not fit end before the line `chain->line`: name whom they accuse.
static void misfits_tell(struct walk *walk, struct chain *chain)
{
	uint64_t first = chain->misfit_first, n = chain->misfits;

	chain->misfits = 0;
	if (n == 0)
		return;
	if (n == 1 && first == 1)
		walk_find(walk, AUDIT_FAULT, 1, "has been changed, or lines before it are missing");
	else if (n <= 2)
		walk_find(
			walk, AUDIT_FAULT, first + n - 2,
			"has been changed, or lines behind it are missing: line %llu pins another hash",
			(unsigned long long)(first + n - 1)
		);
	else
		walk_find(
			walk, AUDIT_FAULT, first - 1,
			"and more up to line %llu have been changed: the lines behind them pin other "
			"hashes",
			(unsigned long long)(first + n - 2)
		);
}

static void links_check(struct walk *walk, struct chain *chain, const struct audit_line *line)
{
	bool fits = digest_equal(&line->prev, &chain->hash);

	if (!fits && !chain->last_is_bad) {
		if (chain->misfits++ == 0)
			chain->misfit_first = chain->line;
	} else {
		misfits_tell(walk, chain);
	}
	if (chain->seq_known && line->seq != chain->seq + 1)
		walk_find(
			walk, AUDIT_FAULT, chain->line, "has seq %llu where %llu must be",
			(unsigned long long)line->seq, (unsigned long long)chain->seq + 1
		);
}

// Does a pinned head fit the line just read? Out: *met.
static void pin_check(
	struct walk *walk, const struct chain *chain, const struct audit_head *pin,
	const char *whose, bool *met
)
{
	if (!chain->seq_known || chain->seq != pin->seq)
		return;
	*met = true;
	if (!digest_equal(&pin->hash, &chain->hash))
		walk_find(
			walk, AUDIT_FAULT, chain->line,
			"or a line before it has been changed: %s pins another hash", whose
		);
}

static int line_check(struct walk *walk, struct chain *chain, struct span text)
{
	struct audit_line line;
	struct digest hash;
	int ret;

	chain->line++;
	ret = digest_of(&text, 1, &hash);
	if (ret != 0)
		return ret;
	if (audit_line_parse(text, &line) != 0) {
		walk_find(walk, AUDIT_FAULT, chain->line, "is not a line of an audit log");
		chain->hash = hash;
		chain->seq_known = false;
		chain->last_is_bad = true;
		return 0;
	}
	links_check(walk, chain, &line);
	chain->last_is_bad = false;
	chain->hash = hash;
	chain->seq = line.seq;
	chain->seq_known = true;
	if (strcmp(line.type, "segment_sealed") == 0)
		ret = sealed_add(walk, chain, &line);
	if (strcmp(line.type, "broken") == 0)
		walk_find(
			walk, AUDIT_FAULT, chain->line, "the gateway found at its start: %s",
			json_string_value(json_object_get(line.json, "what"))
		);
	audit_line_fini(&line);
	if (chain->has_head)
		pin_check(walk, chain, &chain->head, "the head file", &chain->head_met);
	if (walk->pin != NULL)
		pin_check(walk, chain, walk->pin, "the given head", &chain->pin_met);
	return ret;
}

static uint64_t size_of(FILE *file)
{
	struct stat st;

	return fstat(fileno(file), &st) == 0 ? (uint64_t)st.st_size : 0;
}

static int lines_check(struct walk *walk, struct chain *chain, FILE *file)
{
	char *text = NULL;
	size_t room = 0;
	uint64_t done = 0, total = size_of(file);
	ssize_t n;
	int ret = 0;

	while (ret == 0 && (n = getline(&text, &room, file)) > 0) {
		if (walk_is_stopped(walk)) {
			ret = -ECANCELED;
			break;
		}
		done += (uint64_t)n;
		walk_progress(walk, AUDIT_PART_LOG, done, total < done ? done : total);
		if (text[n - 1] == '\n')
			ret = line_check(walk, chain, span_of(text, (size_t)n - 1));
		else
			walk_find(
				walk, AUDIT_NOTE, chain->line + 1,
				"incomplete last line, ignored (%lld bytes)", (long long)n
			);
	}
	if (ret == 0 && ferror(file))
		ret = -EIO;
	free(text);
	return ret;
}

static void end_check(struct walk *walk, struct chain *chain)
{
	if (!(chain->last_is_bad && chain->misfits == 1))
		misfits_tell(walk, chain);
	if (!chain->has_head && chain->line > 0)
		walk_find(walk, AUDIT_NOTE, 0, "there is no head file: nothing pins the last line");
	if (chain->has_head && chain->head.seq > 0 && !chain->head_met)
		walk_find(
			walk, AUDIT_FAULT, 0,
			"the log has been cut or changed: the head file pins line seq %llu, and the log "
			"ends at %llu",
			(unsigned long long)chain->head.seq, (unsigned long long)chain->seq
		);
	if (walk->pin != NULL && !chain->pin_met)
		walk_find(
			walk, AUDIT_FAULT, 0, "the log does not contain the given head, seq %llu",
			(unsigned long long)walk->pin->seq
		);
	if (chain->head_met && chain->seq > chain->head.seq)
		walk_find(
			walk, AUDIT_NOTE, 0, "the head file does not pin the last %llu lines yet",
			(unsigned long long)(chain->seq - chain->head.seq)
		);
}

static int log_open(const char *state, FILE **out)
{
	char path[SEGMENT_PATH_MAX];
	struct stat st;

	int ret = segment_path(state, "audit/audit.log", path);
	if (ret != 0)
		return ret;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return -EINVAL;
	}
	*out = fdopen(fd, "r");
	if (*out == NULL) {
		close(fd);
		return -ENOMEM;
	}
	return 0;
}

int audit_verify(
	const char *state, const struct audit_head *pin, const struct audit_watch *watch,
	audit_finding_fn found, void *context, struct audit_report *report
)
{
	struct chain chain = {.seq_known = true};
	struct walk walk = {
		.watch = watch,
		.state = state,
		.pin = pin,
		.found = found,
		.context = context,
		.report = report};
	FILE *file;

	*report = (struct audit_report){0};
	int ret = audit_head_read(state, &chain.head);
	chain.has_head = ret == 0;
	if (ret == ERR_MALFORMED)
		walk_find(&walk, AUDIT_FAULT, 0, "the head file is unreadable");
	else if (ret != 0 && ret != -ENOENT)
		return ret;
	ret = log_open(state, &file);
	if (ret != 0)
		return ret;
	ret = lines_check(&walk, &chain, file);
	fclose(file);
	if (ret == 0) {
		end_check(&walk, &chain);
		report->lines = chain.line;
		report->last = (struct audit_head){chain.seq, chain.hash};
		ret = walk_segments(&walk);
	}
	free(walk.sealed);
	return ret;
}
