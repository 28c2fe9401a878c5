// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "app/bulkheadctl/client.h"
#include "app/bulkheadctl/progress.h"
#include "app/bulkheadctl/text.h"
#include "controlplane/audit/verify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct findings {
	bool json;
	json_t *list; // with --json
};

static void print_finding(const char *what, uint64_t line, const char *text)
{
	printf("%s: ", what);
	if (line > 0)
		printf("line %llu ", (unsigned long long)line);
	text_write(stdout, span_str(text), false);
	putchar('\n');
}

static void take(void *context, enum audit_finding finding, uint64_t line, const char *text)
{
	struct findings *findings = context;
	const char *what = finding == AUDIT_FAULT ? "FAULT" : "note";

	progress_end();
	if (findings->json)
		json_array_append_new(
			findings->list, json_pack(
						"{s:s,s:I,s:o}", "finding",
						finding == AUDIT_FAULT ? "fault" : "note", "line",
						(json_int_t)line, "text", text_json(span_str(text))
					)
		);
	else
		print_finding(what, line, text);
}

// "SEQ:HASH" as `audit verify` and the status print it.
static bool pin_parse(const char *text, struct audit_head *pin)
{
	char *end;

	errno = 0;
	unsigned long long seq = strtoull(text, &end, 10);
	if (errno != 0 || end == text || *end != ':' || seq == 0)
		return false;
	pin->seq = seq;
	return digest_parse(span_str(end + 1), &pin->hash);
}

static void print_count(uint64_t n, const char *what, const char *then)
{
	printf("%llu %s%s%s", (unsigned long long)n, what, n == 1 ? "" : "s", then);
}

static void print_report(const struct audit_report *report)
{
	char hash[DIGEST_TEXT_SIZE];

	fputs("audit log: ", stdout);
	print_count(report->lines, "line", ", ");
	print_count(report->segments, "segment", " checked, ");
	print_count(report->faults, "fault", ", ");
	print_count(report->notes, "note", "\n");
	printf("head: %llu:%s\n", (unsigned long long)report->last.seq,
	       digest_text(&report->last.hash, hash));
	puts(report->faults == 0 ? "verified: nothing is missing or changed"
				 : "NOT VERIFIED: evidence is missing or has been changed");
}

static json_t *report_json(const struct audit_report *report, json_t *findings)
{
	char hash[DIGEST_TEXT_SIZE];

	return json_pack(
		"{s:b,s:I,s:I,s:I,s:I,s:{s:I,s:s},s:o}", "verified", report->faults == 0, "lines",
		(json_int_t)report->lines, "segments", (json_int_t)report->segments, "faults",
		(json_int_t)report->faults, "notes", (json_int_t)report->notes, "head", "seq",
		(json_int_t)report->last.seq, "hash", digest_text(&report->last.hash, hash),
		"findings", findings
	);
}

static void show(void *, enum audit_part part, uint64_t done, uint64_t total)
{
	switch (part) {
	case AUDIT_PART_LOG:
		progress_show(
			"audit log: %llu %%",
			(unsigned long long)(total == 0 ? 100 : done * 100 / total)
		);
		break;
	case AUDIT_PART_SEGMENTS:
		progress_show(
			"recordings: %llu of %llu", (unsigned long long)done,
			(unsigned long long)total
		);
		break;
	}
}

int ctl_audit_verify(const struct args *args)
{
	static const struct audit_watch watch = {.progress = show};
	struct findings findings = {.json = args->json, .list = json_array()};
	struct audit_report report;
	struct audit_head pin;
	char state[STATE_MAX];
	const char *folder = client_state(args, state);

	if (args->head != NULL && !pin_parse(args->head, &pin)) {
		json_decref(findings.list);
		return fail(EXIT_USAGE, "audit verify: --head is SEQ:HASH, 64 hexadecimal digits");
	}
	int ret = audit_verify(
		folder, args->head == NULL ? NULL : &pin, &watch, take, &findings, &report
	);
	progress_end();
	if (ret != 0) {
		json_decref(findings.list);
		return fail(
			ret == -ENOENT ? EXIT_EVIDENCE : EXIT_FAILED,
			"cannot read %s/audit/audit.log: %s; --state names the gateway's folder",
			folder, err_text(ret)
		);
	}
	if (args->json) {
		print_json(report_json(&report, findings.list));
	} else {
		print_report(&report);
		json_decref(findings.list);
	}
	return report.faults == 0 ? EXIT_OK : EXIT_EVIDENCE;
}
