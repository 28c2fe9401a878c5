// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What is looked for in data and in statements. A library is read from YAML files; some of its
// patterns are compiled into a set, which never changes and is shared by all workers; each worker
// owns one scratch per set and scans with it.
//
// Usage order: pattern_lib_load, pattern_lib_select, pattern_set_compile (the library may be freed
// now), per worker scan_scratch_new, any number of scans, scan_scratch_free, pattern_set_free.

#pragma once

#include "dataplane/base/err.h"
#include "dataplane/base/span.h"

struct pattern_lib;
struct pattern_set;
struct scan_scratch;

enum pattern_limit {
	PATTERN_MAX = 16384, // patterns in a library; ids are below it
	PATTERN_ID_WORDS = PATTERN_MAX / 64,
	PATTERN_WIDTH_MAX = 20480,   // bytes a definition may look at, from its context to its end
	PATTERN_WHY = 512,           // bytes of an error text, NUL included
	PATTERN_SURE = 50,           // the score from which a match is a finding
	PATTERN_CONTEXT = 50,        // what a context word adds to a match's score
	PATTERN_CONTEXT_BEFORE = 64, // bytes before a match in which such a word counts
	PATTERN_CONTEXT_AFTER = 32,  // bytes behind it
	PATTERN_NAME_CONTEXT_MAX = 256, // bytes of a name that are read for such words
	SCAN_FINDINGS_MAX = 4096,       // matches one scan can hold before it says `more`
	SCAN_REHEARSALS = 64,           // pieces of the text of scan_rehearse
};

enum pattern_kind {
	PATTERN_ENTITY, // data to be masked
	PATTERN_BLOCK,  // normalised statement text that is refused
};

enum pattern_mask {
	PATTERN_MASK_REDACT,      // replaced by the pattern's name in brackets
	PATTERN_MASK_FIXED,       // replaced by fixed text
	PATTERN_MASK_KEEP,        // all but some characters at the ends replaced
	PATTERN_MASK_HASH,        // replaced by a keyed hash: equal values stay equal
	PATTERN_MASK_PLACEHOLDER, // replaced by another value of the same form
	PATTERN_MASK_TOKEN,       // as a hash, but equal only below one root of a chain
	PATTERN_MASK_NULL,        // the value that holds it becomes NULL
};

// A definition's example. For a positive one, [start, end) of text is the finding.
struct pattern_example {
	struct span text;
	uint32_t start, end;
};

// One definition, owned by its library. Strings are NUL-terminated.
struct pattern_info {
	const char *name; // lower case, digits and dashes; the file's name
	const char *title;
	const char *description;
	const char *source;        // the public specification of the format
	const char *const *groups; // NULL-terminated; "pii", "secrets", "payment", ...
	const char *const
		*regions; // NULL-terminated; ISO 3166-1 alpha-2 in lower case, or "global"
	enum pattern_kind kind;
	enum pattern_mask mask;                   // the style used when a policy names none
	uint32_t mask_keep_first, mask_keep_last; // for PATTERN_MASK_KEEP, characters
	const char *mask_fixed;                   // for PATTERN_MASK_FIXED
	uint32_t width;                           // bytes, `before` included
	uint32_t score; // 1..100: how sure the format alone is; below PATTERN_SURE it is no finding
	const char *const *context; // words that add PATTERN_CONTEXT; NULL-terminated, or NULL
	const struct pattern_example *positive;
	size_t positive_count;
	const struct pattern_example *negative;
	size_t negative_count;
};

// How a value may be written.
enum scan_form {
	SCAN_PLAIN,
	SCAN_URL,      // %40 (RFC 3986 2.1)
	SCAN_URL_PLUS, // and '+' for a space (WHATWG URL 5.1); part of SCAN_URL, no form of its own
	SCAN_JSON,     // \u0040, \", \n (RFC 8259 7)
	SCAN_BASE64, // either alphabet, padded or not, in lines or not (RFC 4648 4 and 5, RFC 2045)
	SCAN_HEX,    // of either case (RFC 4648 8), PostgreSQL's \x41 included
	SCAN_UTF16LE,
	SCAN_UTF16BE,
	SCAN_FORM_COUNT,
};

enum scan_forms {
	SCAN_FORMS_NONE = 0,
	// What is looked for unless the caller says otherwise.
	SCAN_FORMS_TEXT = 1 << SCAN_URL | 1 << SCAN_JSON | 1 << SCAN_BASE64 | 1 << SCAN_HEX,
	// Both byte orders; who knows which asks for that one, and gets whole units.
	SCAN_FORMS_UTF16 = 1 << SCAN_UTF16LE | 1 << SCAN_UTF16BE,
};

// What a pack must refuse, or let pass: a text in a dialect of dataplane/inspect, or "text".
struct pack_example {
	const char *dialect, *text;
};

struct pattern_place {
	uint32_t line, column; // from 1
};

// Part of a rule under a name. Lists end with NULL; one that is left out is NULL.
struct pattern_pack {
	const char *file; // as it was opened
	const char *name, *title, *description;
	const char *const *groups;
	const char *const *deny, *const *hold;  // effects and flags, in the words of a policy
	const char *const *block, *const *mask; // patterns or groups of them
	// Where each of their words stands in the file.
	const struct pattern_place *deny_at, *hold_at, *block_at, *mask_at;
	const struct pack_example *refused, *passed;
	size_t refused_count, passed_count;
};

// Bytes [start, end) of the scanned span, found by pattern id `pattern`.
struct finding {
	uint32_t start, end;
	uint16_t pattern;
	uint8_t form; // enum scan_form: what the bytes, or some of them, stand in; the outermost
	bool joined;  // not one match of the pattern: some bytes are others' only, or it is cut
};

// Which patterns a scan looks for: those whose class is among `classes`. A caller who always wants
// certain patterns together makes them one class, and its choice stays small however many they are.
struct pattern_choice {
	const uint16_t *class_of; // by library id; NULL: each id is a class of its own
	const uint64_t *classes;  // bits by class
};

// Read the `n` `places`: every *.yaml file of a directory, or one such file. Ids follow the order
// of places, file names and, in a list, items. Any other visible file is an error, and so is a name
// that two patterns bear; only the words of one list share its name. Out: *out, freed by
// pattern_lib_free. On error `why` says what is wrong as file:line:column: text, or path: text when
// it is no place in a file. Returns 0, -errno (directory or file), ERR_LIMIT (more than PATTERN_MAX
// patterns), ERR_CONFIG.
int pattern_lib_load(
	const char *const *places, size_t n, struct pattern_lib **out, char why[static PATTERN_WHY]
) must_check;
// Accepts NULL.
void pattern_lib_free(struct pattern_lib *lib);

// Sets of this library keep what Hyperscan has compiled in `folder`, which is made when it is not
// there, and used only when it is nobody else's: the next one is compiled as fast as it is read.
// NULL: they keep nothing. Returns 0 or -ENOMEM.
int pattern_lib_use_cache(struct pattern_lib *lib, const char *folder) must_check;

size_t pattern_lib_count(const struct pattern_lib *lib);
// `id` is below pattern_lib_count. Lives as long as the library.
const struct pattern_info *pattern_lib_info(const struct pattern_lib *lib, uint16_t id);
// The ids called `name`: a pattern's own name, or the name of a list or group. Out: ids, in rising
// order. Returns how many; 0 when nothing has that name.
size_t pattern_lib_select(
	const struct pattern_lib *lib, const char *name, uint16_t ids[static PATTERN_MAX]
);
// Packs, in the order of their files; `i` is below pattern_lib_pack_count. They live as long as the
// library. pattern_pack_is: is it called `name`, or in a group of that name?
size_t pattern_lib_pack_count(const struct pattern_lib *lib);
const struct pattern_pack *pattern_lib_pack(const struct pattern_lib *lib, size_t i);
bool pattern_pack_is(const struct pattern_pack *pack, const char *name);
const char *pattern_kind_name(enum pattern_kind kind);
// The word for a style in a definition; "keep" for both `keep_first` and `keep_last`.
const char *pattern_mask_name(enum pattern_mask mask);

// Compile the patterns `ids` of the library (repeats count once; none at all is a set that finds
// nothing). Takes milliseconds to seconds and allocates: never on a worker. Out: *out, which does
// not refer to the library. Returns 0; -EINVAL, an id outside the library; -ENOMEM; ERR_CONFIG,
// Hyperscan refuses an expression; ERR_UNSUPPORTED, the CPU lacks SSSE3. `why` says more.
int pattern_set_compile(
	const struct pattern_lib *lib, const uint16_t *ids, size_t n, struct pattern_set **out,
	char why[static PATTERN_WHY]
) must_check;
// Every scratch of the set must have been freed. Accepts NULL.
void pattern_set_free(struct pattern_set *set);
size_t pattern_set_count(const struct pattern_set *set);
// Bytes of tables and compiled databases.
size_t pattern_set_size(const struct pattern_set *set);

// What looking for a pattern costs where it does not occur.
enum pattern_cost {
	PATTERN_COST_LOW,  // nothing: the kernel looks at the same bytes for all of these
	PATTERN_COST_FAIR, // the kernel compares two bytes more
	PATTERN_COST_HIGH, // Hyperscan reads all of the text, once for all of these
};

enum { PATTERN_COSTS = PATTERN_COST_HIGH + 1, PATTERN_TIERS_TEXT = 48 };

struct pattern_report {
	char tiers[PATTERN_TIERS_TEXT]; // what its matches are found by: "words", "pair,context"...
	enum pattern_cost cost;
	uint32_t width; // bytes
};

struct pattern_summary {
	size_t patterns, by_cost[PATTERN_COSTS];
	size_t tables;              // that confirm without Hyperscan
	size_t databases, compiled; // Hyperscan's; those that no cache had
	size_t bytes;               // of both
	size_t tail;                // bytes of a stream that are held back
};

// How the scanner finds pattern `id`, alone. Takes up to milliseconds. Returns 0 or -ENOMEM.
int pattern_lib_report(const struct pattern_lib *lib, uint16_t id, struct pattern_report *out)
	must_check;
void pattern_set_report(const struct pattern_set *set, struct pattern_summary *out);
const char *pattern_cost_name(enum pattern_cost cost);
// What the CPU, or BULKHEAD_SIMD, makes of the scanner's kernel: "generic", "avx2", "avx512".
const char *pattern_kernel_name(void);

// Working memory for scans of one set, by one thread at a time. NULL when memory is short.
struct scan_scratch *scan_scratch_new(const struct pattern_set *set) must_check;
// Accepts NULL.
void scan_scratch_free(struct scan_scratch *scratch);
// Look in these encodings from now on, bits of enum scan_form: SCAN_FORMS_TEXT at first.
void scan_scratch_forms(struct scan_scratch *scratch, uint32_t forms);
const char *scan_form_name(enum scan_form form);

// Find the patterns of `set` in `in`. `wanted`: which; NULL wants all. The ends of the span are
// boundaries. Never allocates.
//
// A match is a stretch of bytes the pattern's expression, boundary and validators accept; for each
// start the longest. (The validators are asked about the 32 longest stretches that expression and
// boundary accept, and about the longest only when the right boundary is none.) Matches that
// overlap become one finding over all their bytes, so that no matched byte escapes; it bears the
// name of the longest, then leftmost; of matches of the
// same bytes it is that of the one that scores most, then of the longest context word, then of the
// lowest id. Findings are sorted and do not overlap; none
// begins or ends inside a UTF-8 sequence.
//
// A match is a finding when it scores PATTERN_SURE: the definition's score, or 100 for a match that
// its strong expression matches whole, and PATTERN_CONTEXT more when a context word stands near it:
// within PATTERN_CONTEXT_BEFORE bytes before or PATTERN_CONTEXT_AFTER behind, on the same line. A
// match that is called something that is nobody's (`order 4711`, `"bytes": 4711`) has none.
//
// An entity is also found where it is encoded, in one encoding or in two, one in the other. In URL
// and JSON text the finding is exactly the characters that stand for the value. In base64 and hex
// it is the digits that hold a bit of it, whole groups of them; the value has at least 8 bytes, and
// stands in text of 12 or alone. An encoded value of more than 32 KB, unless a pattern of the set
// is wider itself, is not found.
//
// Out: out[0..result), at most `max`; *more when there were more than fit, or when the span is made
// to cost (more than 16 times its size decoded): the caller masks the
// whole span. Returns the number of findings, or ERR_LIMIT (4 GB or more) or -EIO (Hyperscan
// failed): the caller treats the whole span as found.
int scan(
	const struct pattern_set *set, struct scan_scratch *scratch, struct span in,
	const struct pattern_choice *wanted, struct finding *out, size_t max, bool *more
) must_check;

// As scan; `name` is what the span is called where it comes from, the name of its column for
// instance. A context word in it counts as near every match. Empty: no name.
int scan_named(
	const struct pattern_set *set, struct scan_scratch *scratch, struct span name,
	struct span in, const struct pattern_choice *wanted, struct finding *out, size_t max,
	bool *more
) must_check;

// One of many texts that are scanned together.
struct scan_value {
	struct span name, text; // as in scan_named
	uint32_t first;         // Out: the first of its findings
	int found;              // Out: how many, or less than 0: all of it is taken as found
};

// Scan many short texts, the fields of rows for instance, each as if alone: as scan_named with
// `each` findings at most would, at the cost of one scan over them all. What all values find
// lies in out[0..max), value by value, at places of the value's own text; `max` is no less than
// `each`. Returns how many of the `n` values have been scanned: fewer where there may be no room
// for another one's findings.
size_t scan_values(
	const struct pattern_set *set, struct scan_scratch *scratch, struct scan_value *values,
	size_t n, const struct pattern_choice *wanted, struct finding *out, size_t max, size_t each
) must_check;

// Scan a piece of a text like any other, of no use but that what scans need of the set and the
// scratch is then in the caches of the core that did: a new set's first scans would wait for it.
// `step` counts up to SCAN_REHEARSALS; none takes longer than some 40 us. Never allocates.
void scan_rehearse(const struct pattern_set *set, struct scan_scratch *scratch, unsigned step);

// As scan, but say only which pattern occurs, of several the one with the lowest id, overlapping or
// not: what a blocklist asks. Returns the id, -ENOENT when none occurs, or as scan.
int scan_match(
	const struct pattern_set *set, struct scan_scratch *scratch, struct span in,
	const struct pattern_choice *wanted
) must_check;

// Would the validators of pattern `id` accept `text`? True when it has none, or is not in the set.
// Linear in the length; for whoever makes up values of a pattern's form.
bool pattern_set_accepts(const struct pattern_set *set, uint16_t id, struct span text);
// Is so much of a value of pattern `id` a checksum that it is no use to try what they accept?
bool pattern_set_has_digest(const struct pattern_set *set, uint16_t id);

// Data that comes in pieces, a body or a COPY, of any length. However it is cut, the findings are
// the same, and so is how far they are known after so many bytes: the stream is scanned in steps
// that begin at the same positions of it, each with what the matches that begin there may depend
// on. Together the findings are those of one scan over the whole, except that:
// - a finding longer than the tail allows is told in pieces, one directly behind the other;
// - a step with more matches than a scan holds becomes one finding, from the step's first byte to
//   where a match that begins in it may end.
//
// Usage order: scan_stream_init, then scan_stream_push and scan_stream_read in turns until all
// bytes are taken and nothing is ready; at the end, scan_stream_read with `end` until nothing is
// ready.
enum scan_stream_limit {
	SCAN_STREAM_STEP = 16 * 1024,
	SCAN_STREAM_FINDINGS = SCAN_FINDINGS_MAX + 2, // of one read
};

// A finding that further matches may still join.
struct scan_join {
	struct finding joined;
	uint32_t longest; // match in it
	bool open;        // there is one
};

// The caller's; its fields are the scanner's own. It borrows all that scan_stream_init is given.
struct scan_stream {
	const struct pattern_set *set;
	const struct pattern_choice *wanted;
	struct span name;
	uint8_t *buffer;
	size_t size, left, reach; // of the set
	size_t n;                 // bytes in the buffer
	size_t released;          // the bytes before have been read, and stay as context
	size_t scanned;           // all matches that begin before are known
	struct scan_join last;    // that matches to come may join
};

// Most bytes of a stream that are held back, so that what is released is known whole.
size_t pattern_set_tail(const struct pattern_set *set);
// Bytes of the buffer that scan_stream_init takes.
size_t scan_stream_size(const struct pattern_set *set);
// Begin. `name` and `wanted` are as in scan_named, `buffer` is of scan_stream_size bytes; all of
// it, and `set`, outlives the stream. There is nothing to free.
void scan_stream_init(
	struct scan_stream *stream, const struct pattern_set *set, struct span name,
	const struct pattern_choice *wanted, uint8_t *buffer
);
// Take bytes of `in` as far as there is room. Returns how many; when it is 0 and `in` is not empty,
// something is ready.
size_t scan_stream_push(struct scan_stream *stream, struct span in) must_check;
// The next bytes that are scanned, and their findings, as positions in them. `end`: no more bytes
// will come. `scratch` is any of the set. Out: *ready, valid until the next push or read; empty
// when there is nothing, until more is pushed. Returns the number of findings, or -EIO (Hyperscan
// failed): nothing more may be released.
int scan_stream_read(
	struct scan_stream *stream, struct scan_scratch *scratch, bool end,
	struct finding out[static SCAN_STREAM_FINDINGS], struct span *ready
) must_check;
