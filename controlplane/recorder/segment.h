// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The file a recording is kept in: <state>/recordings/<yyyymmdd>/<seq>.seg
//
//   header   "BULKHEAD", version, 4 bytes 0, epoch, seq, time of creation, the hash at which the
//            segment before ended
//   frame    magic, version, kind, length, raw length, hash; then `length` bytes: one zstd frame
//   ...      up to the end of the file, or to the frame of kind SEAL, which is empty
//
// All integers are big-endian. The hash of a frame is the SHA-256 of the hash before (of the
// header, for the first frame), the first 16 bytes of the frame's header and the compressed bytes;
// so a file that ends inside a frame, or that was edited, is told apart from one that just ends,
// and everything before that place still replays.

#pragma once

#include "controlplane/recorder/digest.h"
#include "dataplane/api/record.h"
#include "dataplane/base/buf.h"
#include "dataplane/base/cursor.h"

enum segment_size {
	SEGMENT_HEADER_SIZE = 72,
	SEGMENT_FRAME_HEADER_SIZE = 48,
	SEGMENT_RAW_MAX = 1 << 20,    // bytes of records in one frame
	SEGMENT_PACKED_MAX = 1100000, // compressed bytes of one frame
	SEGMENT_RECORD_HEADER_SIZE = 36,
	SEGMENT_PATH_MAX = 4096,
	SESSION_NAME_SIZE = 17,
};

struct segment_header {
	uint64_t epoch; // when the process that wrote it started, ns since 1970
	uint64_t seq;   // counts up from 1 for the life of the installation
	uint64_t created_ns;
	struct digest previous; // where the segment before ended; zeros for the first
};

// One record as it lies in a frame.
struct segment_record {
	uint8_t type; // enum record_type, unchecked
	uint8_t message;
	uint16_t flags; // enum record_flag
	uint16_t worker;
	session_id session;
	uint64_t time_ns, sequence;
	struct span data; // borrowed from the frame
};

// What the world calls a session: 16 hex digits, different in each life of the process. Returns
// `out`.
const char *segment_session_name(uint64_t epoch, session_id id, char out[static SESSION_NAME_SIZE]);

// Append one record to the raw bytes of a frame. Returns as buf_append, all or nothing.
int segment_record_put(struct buf *raw, const struct segment_record *record) must_check;
// The next record of a frame. Out: *record, on success. Returns 0 or ERR_TRUNCATED.
int segment_record_get(struct cursor *raw, struct segment_record *record) must_check;

// ---- writing; one thread

struct segment_writer;

// Begin a segment under `state`; makes the folder of its day. Out: *out, owned by the caller, and
// its path relative to `state` by segment_writer_name. The header is not on disk before the next
// segment_sync. Returns 0, -errno, -EEXIST when the file is there already.
int segment_create(
	const char *state, const struct segment_header *header, struct segment_writer **out
) must_check;
// Continue an existing file, whose frames `reader` has read up to the last good one: for sealing
// after a crash. The caller has cut the file at that place. Returns 0 or -errno.
struct segment_reader;
int segment_continue(
	const char *state, const char *name, const struct segment_reader *reader,
	struct segment_writer **out
) must_check;
// Compress `raw`, at most SEGMENT_RAW_MAX bytes, into one frame. Returns 0; ERR_LIMIT: too much
// waits for the disk, nothing was taken; -ENOMEM, ERR_POOL_EMPTY.
int segment_put(struct segment_writer *writer, struct span raw) must_check;
// As spool_write and spool_sync.
int segment_write(struct segment_writer *writer) must_check;
int segment_sync(struct segment_writer *writer) must_check;
// Append the seal, after which nothing may be put. Returns as segment_put.
int segment_seal(struct segment_writer *writer) must_check;
// Closes; what is not synced is lost. Accepts NULL.
void segment_writer_free(struct segment_writer *writer);

const char *segment_writer_name(const struct segment_writer *writer);
uint64_t segment_writer_size(const struct segment_writer *writer); // bytes
uint64_t segment_writer_frames(const struct segment_writer *writer);
struct digest segment_writer_hash(const struct segment_writer *writer); // of the last frame put
uint64_t segment_writer_waiting(const struct segment_writer *writer);   // bytes not on disk

// ---- reading; the file is as hostile as a peer

enum segment_step {
	SEGMENT_FRAME,   // *raw holds records
	SEGMENT_END,     // the file ends behind a whole frame
	SEGMENT_SEALED,  // the seal was reached, and nothing follows
	SEGMENT_TORN,    // the file ends inside a frame
	SEGMENT_DAMAGED, // the bytes are not what was written
	SEGMENT_FAILED,  // it cannot be read: I/O, memory
};

// "ends inside a frame"...
const char *segment_step_text(enum segment_step step);

// Open `path` and read its header. Out: *out, owned by the caller, on success. Returns 0,
// ERR_TRUNCATED, ERR_MALFORMED, ERR_UNSUPPORTED (of a later version), -errno.
int segment_open(const char *path, struct segment_reader **out) must_check;
// The same for a descriptor, which the reader takes and closes, on failure too.
int segment_open_fd(int fd, struct segment_reader **out) must_check;
// The next frame. Out: *raw, borrowed until the next call, when SEGMENT_FRAME is returned. Any
// other result is final.
enum segment_step segment_next(struct segment_reader *reader, struct span *raw);
// Accepts NULL.
void segment_reader_free(struct segment_reader *reader);

const struct segment_header *segment_reader_header(const struct segment_reader *reader);
uint64_t segment_reader_offset(const struct segment_reader *reader); // behind the last good frame
uint64_t segment_reader_frames(const struct segment_reader *reader); // without the seal
struct digest segment_reader_hash(const struct segment_reader *reader); // of the last data frame

// ---- the folder

struct segment_file {
	uint64_t seq;
	char name[64]; // relative to the state folder: "recordings/20261122/00000001.seg"
};

// Every segment under `state`, by seq. Out: *files, to be freed with free(), and *n. A missing
// folder is an empty one. Returns 0 or -errno.
int segment_list(const char *state, struct segment_file **files, size_t *n) must_check;
// "<state>/<name>" into `out`. Returns 0 or -ENAMETOOLONG.
int segment_path(const char *state, const char *name, char out[static SEGMENT_PATH_MAX]) must_check;
