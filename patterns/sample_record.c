// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/sample_record.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char id_digits[] = "abcdefghijklmnopqrstuvwxyz0123456789";

// Frequent ones first; the first PLAIN_WORDS are ASCII.
static const char *const words[] = {
	"the",         "to",
	"and",         "of",
	"a",           "in",
	"is",          "for",
	"was",         "on",
	"with",        "that",
	"it",          "not",
	"be",          "by",
	"from",        "at",
	"as",          "this",
	"order",       "has",
	"are",         "or",
	"after",       "we",
	"no",          "an",
	"request",     "will",
	"have",        "please",
	"all",         "new",
	"when",        "error",
	"user",        "but",
	"can",         "until",
	"page",        "been",
	"they",        "their",
	"one",         "first",
	"before",      "item",
	"price",       "delivery",
	"because",     "which",
	"failed",      "value",
	"time",        "service",
	"report",      "week",
	"team",        "our",
	"returned",    "payment",
	"table",       "size",
	"status",      "more",
	"without",     "second",
	"number",      "check",
	"release",     "today",
	"again",       "timeout",
	"retry",       "box",
	"warehouse",   "left",
	"door",        "same",
	"small",       "blue",
	"available",   "connection",
	"invoice",     "total",
	"batch",       "update",
	"file",        "two",
	"still",       "should",
	"would",       "there",
	"colour",      "green",
	"memory",      "disk",
	"while",       "only",
	"next",        "line",
	"support",     "replacement",
	"shipped",     "broken",
	"screen",      "battery",
	"cable",       "office",
	"chair",       "lamp",
	"wooden",      "steel",
	"monitor",     "keyboard",
	"shelf",       "quality",
	"material",    "length",
	"weight",      "design",
	"index",       "query",
	"planned",     "review",
	"node",        "cluster",
	"deploy",      "pipeline",
	"build",       "branch",
	"merge",       "config",
	"cache",       "session",
	"token",       "worker",
	"queue",       "message",
	"topic",       "partition",
	"leader",      "sync",
	"backup",      "restore",
	"schema",      "migration",
	"column",      "records",
	"export",      "import",
	"summary",     "quarter",
	"revenue",     "forecast",
	"budget",      "contract",
	"partner",     "region",
	"north",       "south",
	"autumn",      "winter",
	"holiday",     "discount",
	"voucher",     "basket",
	"return",      "refund",
	"carrier",     "tracking",
	"pallet",      "container",
	"supplier",    "inventory",
	"count",       "between",
	"however",     "although",
	"describe",    "customers",
	"expected",    "received",
	"measured",    "temperature",
	"pressure",    "sensor",
	"device",      "firmware",
	"reset",       "changed",
	"since",       "already",
	"cannot",      "application",
	"environment", "production",
	"staging",     "scheduled",
	"maintenance", "window",
	"incident",    "engineer",
	"escalated",   "resolved",
	"duplicate",   "investigating",
	"latency",     "throughput",
	"percentile",  "threshold",
	"exceeded",    "allocated",
	"garbage",     "collection",
	"heap",        "stack",
	"overflow",    "unexpected",
	"character",   "position",
	"invalid",     "argument",
	"permission",  "denied",
	"directory",   "exists",
	"socket",      "closed",
	"peer",        "handshake",
	"certificate", "expires",
	"hostname",    "resolver",
	"upstream",    "downstream",
	"proxy",       "balancer",
	"gateway",     "endpoint",
	"version",     "deprecated",
	"removed",     "documentation",
	"tutorial",    "chapter",
	"library",     "catalogue",
	"edition",     "author",
	"printed",     "cover",
	"kitchen",     "garden",
	"children",    "leather",
	"cotton",      "machine",
	"washable",    "degrees",
	"für",         "größe",
	"années",      "livré",
	"mañana",      "señor",
	"été",         "übergabe",
	"naïve",       "café",
	"заказ",       "доставка",
	"注文",        "配送",
	"배송",        "–",
	"“quoted”",    "…",
	"✓",           "don't",
	"it's",
};

static const char *const first_names[] = {
	"Ann",   "Wei",    "José", "Priya",  "Olga",  "Tom",   "Fatima",  "Jürgen",
	"Chloé", "Marek",  "Aiko", "Liam",   "Noah",  "Zoë",   "Ibrahim", "Grace",
	"Paul",  "Ingrid", "Rosa", "Dmitri", "Helen", "Kwame", "Sofia",   "Lucas",
	"Mei",   "Omar",   "Nina", "Viktor", "Elena", "Sam",
};
static const char *const last_names[] = {
	"Smith",  "Chen",   "García", "Patel",  "Ivanova",  "Brown",  "Khan",   "Müller",
	"Dupont", "Nowak",  "Tanaka", "Murphy", "Jones",    "Vries",  "Hassan", "O'Brien",
	"Rossi",  "Larsen", "Silva",  "Petrov", "Kowalski", "Mensah", "Costa",  "Martin",
	"Zhang",  "Ali",    "Berg",   "Novák",  "Popescu",  "Taylor", "Wilson", "Fernández",
};

enum { WORDS = sizeof(words) / sizeof(words[0]), PLAIN_WORDS = 200 };

uint32_t sample_dice(struct sample_record *r, uint32_t sides)
{
	// SplitMix64
	uint64_t x = r->seed += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)((x >> 32) * sides >> 32);
}

void sample_bytes(struct sample_record *r, const void *p, size_t n)
{
	if (n > SAMPLE_RECORD_MAX - r->n)
		n = SAMPLE_RECORD_MAX - r->n;
	memcpy(r->bytes + r->n, p, n);
	r->n += n;
}

void sample_text(struct sample_record *r, const char *text)
{
	sample_bytes(r, text, strlen(text));
}

void sample_format(struct sample_record *r, const char *format, ...)
{
	va_list args;
	char line[512];
	va_start(args, format);
	int n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (n > 0)
		sample_bytes(r, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

void sample_some(struct sample_record *r, unsigned n, const char *of, unsigned size)
{
	for (; n > 0 && r->n < SAMPLE_RECORD_MAX; n--)
		r->bytes[r->n++] = of[sample_dice(r, size)];
}

// ISO/IEC 7812-1 annex B: the check digit behind `n` digits.
unsigned sample_luhn(const char *digits, size_t n)
{
	unsigned sum = 0;
	for (size_t i = 0; i < n; i++) {
		unsigned v = (unsigned)(digits[n - 1 - i] - '0');
		sum += i % 2 == 1 ? v : v < 5 ? 2 * v : 2 * v - 9;
	}
	return (10 - sum % 10) % 10;
}

// One long number in ten is a card's by chance, and must not be.
void sample_digits(struct sample_record *r, unsigned n)
{
	size_t start = r->n;
	sample_some(r, 1, "123456789", 9);
	sample_some(r, n - 1, hex_digits, 10);
	if (n < 12 || r->n != start + n)
		return;
	char *last = &r->bytes[r->n - 1];
	if ((unsigned)(*last - '0') == sample_luhn(r->bytes + start, n - 1))
		*last = (char)('0' + (*last - '0' + 1) % 10);
}

void sample_number(struct sample_record *r, unsigned n)
{
	sample_digits(r, 1 + sample_dice(r, 1 + sample_dice(r, n)));
}

void sample_decimal(struct sample_record *r)
{
	if (sample_one_in(r, 12))
		sample_text(r, "-");
	sample_number(r, 5);
	sample_text(r, ".");
	sample_some(r, sample_one_in(r, 3) ? 1 + sample_dice(r, 9) : 2, hex_digits, 10);
}

void sample_hex(struct sample_record *r, unsigned n)
{
	sample_some(r, n, hex_digits, 16);
}

void sample_base64(struct sample_record *r, unsigned n)
{
	sample_some(r, n, base64_digits, 64);
}

void sample_id(struct sample_record *r, unsigned n)
{
	sample_some(r, n, id_digits, 36);
}

void sample_uuid(struct sample_record *r)
{
	sample_hex(r, 8);
	sample_text(r, "-");
	sample_hex(r, 4);
	sample_text(r, "-4");
	sample_hex(r, 3);
	sample_text(r, "-");
	sample_some(r, 1, "89ab", 4);
	sample_hex(r, 3);
	sample_text(r, "-");
	sample_hex(r, 12);
}

static void put_two(struct sample_record *r, unsigned v)
{
	sample_bytes(r, (const char[]){(char)('0' + v / 10), (char)('0' + v % 10)}, 2);
}

void sample_date(struct sample_record *r)
{
	sample_text(r, "20");
	put_two(r, 18 + sample_dice(r, 10));
	sample_text(r, "-");
	put_two(r, 1 + sample_dice(r, 12));
	sample_text(r, "-");
	put_two(r, 1 + sample_dice(r, 28));
}

void sample_clock(struct sample_record *r, unsigned decimals)
{
	put_two(r, sample_dice(r, 24));
	sample_text(r, ":");
	put_two(r, sample_dice(r, 60));
	sample_text(r, ":");
	put_two(r, sample_dice(r, 60));
	if (decimals == 0)
		return;
	sample_text(r, ".");
	sample_some(r, decimals, hex_digits, 10);
}

void sample_stamp(struct sample_record *r)
{
	uint32_t form = sample_dice(r, 4);
	sample_date(r);
	sample_text(r, form == 0 ? " " : "T");
	sample_clock(r, form * 3 % 9);
	sample_text(r, form == 0 ? "" : form == 1 ? "+02:00" : "Z");
}

void sample_version(struct sample_record *r)
{
	sample_format(r, "%u.%u.%u", sample_dice(r, 20), sample_dice(r, 40), sample_dice(r, 200));
	if (sample_one_in(r, 4))
		sample_format(r, "-rc.%u", sample_dice(r, 9));
}

void sample_word(struct sample_record *r)
{
	// The square makes frequent words frequent.
	uint64_t x = sample_dice(r, UINT32_MAX), y = x * x >> 32;
	sample_text(r, words[y * WORDS >> 32]);
}

void sample_person(struct sample_record *r)
{
	sample_text(r, first_names[sample_dice(r, sizeof(first_names) / sizeof(first_names[0]))]);
	sample_text(r, " ");
	if (sample_one_in(r, 4)) {
		sample_some(r, 1, "ABCDEFGHJKLMNPRST", 17);
		sample_text(r, ". ");
	}
	sample_text(r, last_names[sample_dice(r, sizeof(last_names) / sizeof(last_names[0]))]);
}

void sample_host(struct sample_record *r)
{
	SAMPLE_ONE(r, "web", "api", "db", "cache", "edge", "worker", "mq", "k8s-node", "build");
	sample_format(r, "-%02u", sample_dice(r, 99));
	SAMPLE_ONE(
		r, "", "", ".fra1.internal", ".us-east-1.compute.internal", ".svc.cluster.local",
		".prod.example.net"
	);
}

static void put_segment(struct sample_record *r)
{
	switch (sample_dice(r, 5)) {
	case 0:
		sample_number(r, 10);
		break;
	case 1:
		sample_uuid(r);
		break;
	default:
		SAMPLE_ONE(
			r, "orders", "carts", "users", "search", "invoices", "items", "products",
			"static", "assets", "reports", "sessions", "images", "exports", "webhooks"
		);
	}
}

void sample_path(struct sample_record *r)
{
	SAMPLE_ONE(r, "/api/v2", "/api/v1", "", "/internal", "/admin", "/v3/public", "/~team");
	for (unsigned n = 1 + sample_dice(r, 3); n > 0; n--) {
		sample_text(r, "/");
		put_segment(r);
	}
	if (sample_one_in(r, 5)) {
		sample_text(r, ".");
		sample_hex(r, 8);
		SAMPLE_ONE(r, ".js", ".css", ".png", ".min.js.map", ".woff2", ".tar.gz");
	}
	for (unsigned n = sample_dice(r, 4), i = 0; i < n; i++) {
		sample_text(r, i == 0 ? "?" : "&");
		SAMPLE_ONE(r, "page=", "limit=", "offset=", "v=", "since=", "cursor=");
		sample_number(r, 12);
		if (sample_one_in(r, 3))
			SAMPLE_ONE(
				r, "&sort=-created_at", "&q=blue%20lamp", "&q=caf%C3%A9+table",
				"&fields=id,name,price", "&filter[status]=open"
			);
	}
}

void sample_agent(struct sample_record *r)
{
	unsigned a = 100 + sample_dice(r, 40), b = 1000 + sample_dice(r, 6000),
		 c = 256 + sample_dice(r, 700);
	switch (sample_dice(r, 6)) {
	case 0:
		sample_format(
			r,
			"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%u.0.%u.%u Safari/537.36",
			a, b, c
		);
		break;
	case 1:
		sample_format(
			r, "Mozilla/5.0 (X11; Linux x86_64; rv:%u.0) Gecko/20100101 Firefox/%u.0",
			a, a
		);
		break;
	case 2:
		sample_format(
			r,
			"Mozilla/5.0 (iPhone; CPU iPhone OS %u_%u like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/%u.%u Mobile/15E148 Safari/604.1",
			a / 8, a % 8, a / 8, a % 8
		);
		break;
	case 3:
		sample_format(r, "python-requests/2.%u.%u", a % 40, b % 8);
		break;
	case 4:
		sample_format(r, "okhttp/4.%u.%u (Android %u; build %u)", a % 13, b % 5, a % 16, b);
		break;
	default:
		sample_format(r, "curl/8.%u.%u", a % 12, b % 3);
	}
}

void sample_prose(struct sample_record *r, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (i > 0)
			sample_text(r, sample_one_in(r, 9) ? ", " : " ");
		if (sample_findings(r))
			sample_text(r, " ");
		switch (sample_dice(r, 24)) {
		case 0:
			sample_number(r, 9);
			break;
		case 1:
			sample_person(r);
			break;
		case 2:
			sample_decimal(r);
			SAMPLE_ONE(r, "", " EUR", "%", " ms", " kg", " GB");
			break;
		case 3:
			SAMPLE_ONE(r, "#", "ORD-", "INV-2026-", "SKU ", "no. ", "v", "PR #", "T-");
			sample_digits(r, 3 + sample_dice(r, 5));
			break;
		default:
			sample_word(r);
		}
	}
}

// Words that give a number near them a meaning, and no number near them.
void sample_context(struct sample_record *r)
{
	size_t start = r->n;
	while (r->n - start < 40) {
		sample_text(r, words[sample_dice(r, PLAIN_WORDS)]);
		sample_text(r, " ");
	}
	SAMPLE_ONE(
		r, "account", "password", "member", "licence", "card", "phone", "address",
		"passport", "patient", "birthday", "zip code", "tax", "social security", "api key",
		"routing", "vehicle"
	);
	for (start = r->n; r->n - start < 80;) {
		sample_text(r, " ");
		sample_text(r, words[sample_dice(r, PLAIN_WORDS)]);
	}
}
