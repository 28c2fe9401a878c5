// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/audit/walk.h"
#include "controlplane/recorder/segment.h"

#include <errno.h>
#include <stdlib.h>

// How a segment file really ends.
struct ending {
	enum segment_step step;
	uint64_t frames;
	struct digest previous, hash;
};

static int ending_read(const char *state, const char *name, struct ending *ending)
{
	char path[SEGMENT_PATH_MAX];
	struct segment_reader *reader;
	struct span raw;

	int ret = segment_path(state, name, path);
	if (ret == 0)
		ret = segment_open(path, &reader);
	if (ret != 0)
		return ret;
	do {
		ending->step = segment_next(reader, &raw);
	} while (ending->step == SEGMENT_FRAME);
	ending->frames = segment_reader_frames(reader);
	ending->previous = segment_reader_header(reader)->previous;
	ending->hash = segment_reader_hash(reader);
	segment_reader_free(reader);
	return 0;
}

// The last line about `name`; a crash between the line and the seal writes it twice.
static const struct sealed *sealed_find(const struct walk *walk, const char *name)
{
	for (size_t i = walk->n_sealed; i > 0; i--) {
		if (strcmp(walk->sealed[i - 1].name, name) == 0)
			return &walk->sealed[i - 1];
	}
	return NULL;
}

static void sealed_check(
	struct walk *walk, const struct sealed *sealed, const struct segment_file *file, int opened,
	const struct ending *ending
)
{
	walk->report->segments++;
	if (opened != 0) {
		walk_find(
			walk, AUDIT_FAULT, sealed->line, "segment %s cannot be read: %s",
			file->name, err_text(opened)
		);
		return;
	}
	// Without its seal it is whole all the same, if the hash is the one in the log: a crash
	// between the line and the seal.
	bool whole = ending->step == SEGMENT_SEALED || ending->step == SEGMENT_END ||
		     ending->step == SEGMENT_TORN;
	if (!whole || ending->frames != sealed->frames ||
	    !digest_equal(&ending->hash, &sealed->hash))
		walk_find(
			walk, AUDIT_FAULT, sealed->line,
			"segment %s is not what was sealed: it %s, %llu of %llu frames are good",
			file->name, segment_step_text(ending->step),
			(unsigned long long)ending->frames, (unsigned long long)sealed->frames
		);
	else if (ending->step == SEGMENT_TORN)
		walk_find(
			walk, AUDIT_NOTE, sealed->line, "segment %s ends inside its seal",
			file->name
		);
}

// A segment that no line names: it is being written, or the gateway was killed; but then nothing
// that is sealed comes behind it.
static void open_check(
	struct walk *walk, const struct segment_file *file, int opened, const struct ending *ending,
	bool sealed_later
)
{
	if (sealed_later)
		walk_find(walk, AUDIT_FAULT, 0, "segment %s is not in the audit log", file->name);
	else if (opened != 0 && opened != ERR_TRUNCATED)
		walk_find(
			walk, AUDIT_FAULT, 0, "segment %s cannot be read: %s", file->name,
			err_text(opened)
		);
	else if (opened == 0 && ending->step == SEGMENT_END)
		walk_find(
			walk, AUDIT_NOTE, 0, "segment %s is not sealed yet; it is whole", file->name
		);
	else
		walk_find(
			walk, AUDIT_NOTE, 0, "segment %s is not sealed yet; it %s", file->name,
			segment_step_text(opened != 0 ? SEGMENT_TORN : ending->step)
		);
}

// Names in the log that no file answers to, and names that were sealed twice, differently: a file
// that was changed behind its seal and then sealed again by the next start.
static void names_check(struct walk *walk, const struct segment_file *files, size_t n)
{
	for (size_t i = 0; i < walk->n_sealed; i++) {
		const struct sealed *last = sealed_find(walk, walk->sealed[i].name);
		if (!digest_equal(&last->hash, &walk->sealed[i].hash))
			walk_find(
				walk, AUDIT_FAULT, last->line,
				"segment %s was sealed before, with another hash, by line %llu",
				last->name, (unsigned long long)walk->sealed[i].line
			);
		bool there = false;
		for (size_t j = 0; j < n && !there; j++)
			there = strcmp(walk->sealed[i].name, files[j].name) == 0;
		if (!there)
			walk_find(
				walk, AUDIT_FAULT, walk->sealed[i].line, "segment %s is missing",
				walk->sealed[i].name
			);
	}
}

static void files_check(struct walk *walk, const struct segment_file *files, size_t n)
{
	struct ending before = {0};
	uint64_t before_seq = 0, last_sealed = 0;

	for (size_t i = 0; i < n; i++) {
		if (sealed_find(walk, files[i].name) != NULL)
			last_sealed = files[i].seq;
	}
	for (size_t i = 0; i < n && !walk_is_stopped(walk); i++) {
		walk_progress(walk, AUDIT_PART_SEGMENTS, i + 1, n);
		const struct sealed *sealed = sealed_find(walk, files[i].name);
		struct ending ending = {0};
		int opened = ending_read(walk->state, files[i].name, &ending);
		if (sealed != NULL)
			sealed_check(walk, sealed, &files[i], opened, &ending);
		else
			open_check(walk, &files[i], opened, &ending, files[i].seq < last_sealed);
		if (opened == 0 && before_seq != 0 && files[i].seq == before_seq + 1 &&
		    !digest_equal(&ending.previous, &before.hash))
			walk_find(
				walk, AUDIT_FAULT, 0,
				"segment %s does not continue the one before it", files[i].name
			);
		before = ending;
		before_seq = opened == 0 ? files[i].seq : 0;
	}
}

int walk_segments(struct walk *walk)
{
	struct segment_file *files;
	size_t n;

	int ret = segment_list(walk->state, &files, &n);
	if (ret != 0)
		return ret;
	files_check(walk, files, n);
	if (!walk_is_stopped(walk))
		names_check(walk, files, n);
	free(files);
	return walk_is_stopped(walk) ? -ECANCELED : 0;
}
