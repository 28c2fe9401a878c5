// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Log lines as programs write them, several programs in one stream.

#include "patterns/sample_record.h"

static void put_level(struct sample_record *r)
{
	SAMPLE_ONE(r, "INFO", "INFO", "INFO", "DEBUG", "WARN", "ERROR", "TRACE");
}

static void put_module(struct sample_record *r)
{
	SAMPLE_ONE(
		r, "server/handler.go", "orders/worker.py", "net/pool.c", "com.shop.cart.Service",
		"internal/store/tx.go", "app/models/invoice.rb", "src/queue/consumer.rs"
	);
}

static void access_line(struct sample_record *r)
{
	static const unsigned codes[] = {200, 200, 200, 201, 204, 301,
					 304, 400, 401, 404, 429, 500};
	sample_host(r);
	sample_text(r, " - - [");
	sample_format(r, "%02u/", 1 + sample_dice(r, 28));
	SAMPLE_ONE(r, "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct");
	sample_text(r, "/2026:");
	sample_clock(r, 0);
	sample_text(r, " +0000] \"");
	SAMPLE_ONE(r, "GET ", "GET ", "POST ", "PUT ", "DELETE ", "HEAD ");
	sample_path(r);
	sample_format(
		r, " HTTP/1.1\" %u %u \"-\" \"", codes[sample_dice(r, 12)], sample_dice(r, 900000)
	);
	sample_agent(r);
	sample_format(r, "\" rt=0.%03u", sample_dice(r, 1000));
	sample_text(r, " rid=");
	sample_id(r, 20);
}

static void pair_line(struct sample_record *r)
{
	sample_stamp(r);
	sample_text(r, " ");
	put_level(r);
	sample_format(r, " [worker-%u] ", sample_dice(r, 64));
	sample_prose(r, 2 + sample_dice(r, 5));
	sample_text(r, " path=");
	sample_path(r);
	sample_format(
		r, " status=%u bytes=%u took=%uus", 200 + sample_dice(r, 300),
		sample_dice(r, 90000), sample_dice(r, 90000)
	);
	sample_text(r, " trace=");
	sample_hex(r, 32);
	sample_text(r, " host=");
	sample_host(r);
	sample_text(r, " user=");
	sample_number(r, 9);
}

static void syslog_line(struct sample_record *r)
{
	sample_format(r, "<%u>1 ", sample_dice(r, 192));
	sample_date(r);
	sample_text(r, "T");
	sample_clock(r, 6);
	sample_text(r, "Z ");
	sample_host(r);
	sample_format(r, " sshd %u - - Accepted publickey for deploy from ", sample_dice(r, 60000));
	sample_host(r);
	sample_format(r, " port %u ssh2: ED25519 SHA256:", 1024 + sample_dice(r, 60000));
	sample_base64(r, 43);
}

static void object_line(struct sample_record *r)
{
	sample_text(r, "{\"level\":\"");
	put_level(r);
	sample_text(r, "\",\"ts\":17");
	sample_digits(r, 8);
	sample_text(r, ".");
	sample_digits(r, 1 + sample_dice(r, 7));
	sample_text(r, ",\"caller\":\"");
	put_module(r);
	sample_format(r, ":%u\",\"msg\":\"", sample_dice(r, 900));
	sample_prose(r, 3 + sample_dice(r, 8));
	sample_text(r, "\",\"trace_id\":\"");
	sample_hex(r, 32);
	sample_text(r, "\",\"span_id\":\"");
	sample_hex(r, 16);
	sample_text(r, "\",\"duration_ms\":");
	sample_decimal(r);
	sample_format(r, ",\"attempt\":%u,\"tenant\":\"t-", sample_dice(r, 5));
	sample_id(r, 8);
	sample_text(r, "\"}");
}

static void kubernetes_line(struct sample_record *r)
{
	// Of Kubernetes' random names: letters that make no words.
	static const char safe[] = "bcdfghjklmnpqrstvwxz2456789";
	sample_format(r, "I%02u%02u ", 1 + sample_dice(r, 12), 1 + sample_dice(r, 28));
	sample_clock(r, 6);
	sample_format(
		r, "       1 reconciler.go:%u] \"Reconciled\" controller=\"deployment\" name=\"",
		sample_dice(r, 900)
	);
	sample_word(r);
	sample_text(r, "-");
	sample_some(r, 9, safe, sizeof(safe) - 1);
	sample_text(r, "-");
	sample_some(r, 5, safe, sizeof(safe) - 1);
	sample_text(r, "\" namespace=\"");
	sample_word(r);
	sample_text(r, "\" reconcileID=\"");
	sample_uuid(r);
	sample_text(r, "\" image=\"registry.internal/");
	sample_word(r);
	sample_text(r, ":v");
	sample_version(r);
	sample_text(r, "@sha256:");
	sample_hex(r, 64);
	sample_text(r, "\"");
}

static void statement_line(struct sample_record *r)
{
	sample_date(r);
	sample_text(r, " ");
	sample_clock(r, 3);
	sample_format(
		r, " UTC [%u] app@orders LOG:  duration: %u.%03u ms  execute <unnamed>: ",
		sample_dice(r, 60000), sample_dice(r, 900), sample_dice(r, 1000)
	);
	sample_format(
		r,
		"SELECT o.id, o.total FROM orders o JOIN items i ON i.order_id = o.id WHERE o.created_at >= '"
	);
	sample_date(r);
	sample_text(r, "' AND o.total > ");
	sample_decimal(r);
	sample_text(r, " AND o.ref = 'ORD-");
	sample_digits(r, 9);
	sample_format(r, "' ORDER BY 1 LIMIT %u", sample_dice(r, 500));
}

static void trace_lines(struct sample_record *r)
{
	sample_stamp(r);
	sample_text(r, " ERROR ");
	put_module(r);
	sample_text(r, " - ");
	sample_prose(r, 4 + sample_dice(r, 9));
	sample_text(r, "\njava.util.concurrent.TimeoutException: ");
	sample_prose(r, 3 + sample_dice(r, 6));
	for (unsigned n = 3 + sample_dice(r, 9); n > 0; n--) {
		sample_text(r, "\n\tat com.shop.");
		sample_word(r);
		sample_text(r, ".");
		sample_word(r);
		SAMPLE_ONE(r, "Service", "Client", "Handler", "Impl$1", "Factory");
		sample_format(r, ".run(Service.java:%u) ~[app-", sample_dice(r, 2000));
		sample_version(r);
		sample_text(r, ".jar:?]");
	}
}

static void prose_line(struct sample_record *r)
{
	sample_stamp(r);
	sample_text(r, " ");
	put_level(r);
	sample_format(r, " [pool-%u-thread-%u] ", sample_dice(r, 9), sample_dice(r, 40));
	put_module(r);
	sample_text(r, " - ");
	if (sample_one_in(r, 6))
		sample_context(r);
	else
		sample_prose(r, 6 + sample_dice(r, 20));
}

static void kernel_line(struct sample_record *r)
{
	sample_format(r, "[%6u.%06u] ", sample_dice(r, 900000), sample_dice(r, 1000000));
	SAMPLE_ONE(
		r, "eth0: renamed from veth", "EXT4-fs (dm-0): mounted filesystem ",
		"audit: type=1400 audit(17", "Out of memory: Killed process "
	);
	sample_digits(r, 8);
	sample_format(
		r, ".%03u:%u): pid=%u comm=\"", sample_dice(r, 1000), sample_dice(r, 9000),
		sample_dice(r, 70000)
	);
	sample_word(r);
	sample_format(
		r, "\" total-vm:%ukB, anon-rss:%ukB", sample_dice(r, 9000000),
		sample_dice(r, 900000)
	);
}

void sample_log(struct sample_record *r)
{
	static void (*const lines[])(struct sample_record *) = {
		access_line, access_line,    pair_line,       pair_line,  syslog_line,
		object_line, object_line,    prose_line,      prose_line, trace_lines,
		kernel_line, statement_line, kubernetes_line,
	};
	lines[sample_dice(r, sizeof(lines) / sizeof(lines[0]))](r);
	if (r->every > 0 && r->before + r->n >= r->due) {
		sample_text(r, " detail=\"");
		(void)sample_findings(r);
		sample_text(r, "\"");
	}
	sample_text(r, "\n");
}
