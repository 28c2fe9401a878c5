// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What understanding a statement costs: from the cache, without it, and as a ratio to libpg_query's
// parse alone, taken in turns. Nanoseconds of CPU; medians of the runs.
//
//   bench_effects [RUNS]

#include "dataplane/inspect/inspect.h"

#include <pg_query.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RUNS_MAX = 101, TURNS = 50, HITS = 20000 };

static const struct {
	const char *name, *sql;
} statements[] = {
	{"SELECT 1", "SELECT 1"},
	{"by key", "SELECT id, name, email FROM customers WHERE id = $1"},
	{"ORM select",
	 "SELECT \"auth_user\".\"id\", \"auth_user\".\"password\", \"auth_user\".\"last_login\", "
	 "\"auth_user\".\"is_superuser\", \"auth_user\".\"username\", \"auth_user\".\"email\" FROM "
	 "\"auth_user\" WHERE (\"auth_user\".\"is_active\" = true AND \"auth_user\".\"email\" "
	 "LIKE '%@example.com') ORDER BY \"auth_user\".\"date_joined\" DESC LIMIT 21"},
	{"join and group",
	 "SELECT c.id, c.name, count(o.id) AS n, sum(o.total) FROM customers c LEFT JOIN orders o "
	 "ON o.customer_id = c.id WHERE c.country = 'NL' AND o.created > now() - interval '30 days' "
	 "GROUP BY c.id, c.name HAVING count(o.id) > 3 ORDER BY n DESC LIMIT 50"},
	{"insert",
	 "INSERT INTO orders (customer_id, total, note) VALUES ($1, $2, $3) RETURNING id"},
	{"update", "UPDATE accounts SET balance = balance - 10, changed = now() WHERE id = 7"},
	{"delete", "DELETE FROM sessions WHERE expires < now() - interval '1 day'"},
	{"subqueries",
	 "WITH recent AS (SELECT customer_id, max(created) AS last FROM orders GROUP BY 1) "
	 "SELECT c.name, r.last FROM customers c JOIN recent r ON r.customer_id = c.id WHERE "
	 "EXISTS (SELECT 1 FROM payments p WHERE p.customer_id = c.id AND p.amount > 100) AND "
	 "c.id NOT IN (SELECT customer_id FROM blocked) ORDER BY 2 DESC LIMIT 20"},
	{"psql's \\d",
	 "SELECT n.nspname AS \"Schema\", c.relname AS \"Name\", CASE c.relkind WHEN 'r' THEN 'table' "
	 "WHEN 'v' THEN 'view' WHEN 'i' THEN 'index' WHEN 'S' THEN 'sequence' END AS \"Type\", "
	 "pg_catalog.pg_get_userbyid(c.relowner) AS \"Owner\" FROM pg_catalog.pg_class c LEFT JOIN "
	 "pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r','p','v','') "
	 "AND n.nspname <> 'pg_catalog' AND n.nspname !~ '^pg_toast' AND "
	 "pg_catalog.pg_table_is_visible(c.oid) ORDER BY 1,2"},
	{"create table",
	 "CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer_id bigint "
	 "NOT NULL REFERENCES customers (id), total numeric(10,2) DEFAULT 0, created timestamptz "
	 "DEFAULT now())"},
};

enum { N = sizeof(statements) / sizeof(statements[0]) };

static const struct inspect_context plain = {.utf8 = true, .standard_strings = true};

static double now_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return 1e9 * (double)ts.tv_sec + (double)ts.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;
	return *x < *y ? -1 : *x > *y;
}

static double median(double *values, int n)
{
	qsort(values, (size_t)n, sizeof(*values), by_size);
	return values[n / 2];
}

static double time_parse(const char *sql)
{
	double begin = now_ns();
	for (int i = 0; i < TURNS; i++)
		pg_query_free_protobuf_parse_result(pg_query_parse_protobuf(sql));
	return (now_ns() - begin) / TURNS;
}

static double time_effects(struct inspect_cache *cache, const char *sql, int turns)
{
	struct span text = span_str(sql);
	double begin = now_ns();
	for (int i = 0; i < turns; i++)
		(void)inspect_statement(cache, &plain, text);
	return (now_ns() - begin) / turns;
}

int main(int argc, char **argv)
{
	static double hit[RUNS_MAX], alone[RUNS_MAX], whole[RUNS_MAX], ratio[RUNS_MAX];
	int runs = argc > 1 ? atoi(argv[1]) : 21;
	struct inspect_cache *warm = inspect_cache_new(1024, 1 << 20);
	struct inspect_cache *none = inspect_cache_new(0, 0);
	double worst = 0, sum_alone = 0, sum_whole = 0;
	if (runs < 1 || runs > RUNS_MAX) {
		fprintf(stderr, "usage: bench_effects [RUNS]   (1 to %d; 21)\n", RUNS_MAX);
		return 2;
	}
	if (warm == NULL || none == NULL)
		return 1;
	printf("%-16s %6s %9s %12s %12s %6s\n", "statement", "bytes", "hit", "libpg_query",
	       "uncached", "ratio");
	for (int i = 0; i < N; i++) {
		const char *sql = statements[i].sql;
		for (int r = 0; r < runs; r++) {
			hit[r] = time_effects(warm, sql, HITS);
			alone[r] = time_parse(sql);
			whole[r] = time_effects(none, sql, TURNS);
			ratio[r] = whole[r] / alone[r];
		}
		double a = median(alone, runs), w = median(whole, runs), q = median(ratio, runs);
		printf("%-16s %6zu %6.0f ns %9.0f ns %9.0f ns %6.2f\n", statements[i].name,
		       strlen(sql), median(hit, runs), a, w, q);
		worst = q > worst ? q : worst;
		sum_alone += a;
		sum_whole += w;
	}
	printf("all together %.2f, the worst %.2f; medians of %d runs\n", sum_whole / sum_alone,
	       worst, runs);
	inspect_cache_free(warm);
	inspect_cache_free(none);
	return 0;
}
