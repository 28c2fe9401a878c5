// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The API over a real Unix socket, asked by libcurl.

#include "controlplane/admin/admin.h"
#include "recorder_scratch.h"

#include <curl/curl.h>

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

static struct scratch scratch;
static struct worker_stats stats[2];
static struct admin *admin;
static pthread_t thread;
static _Atomic bool stop;

// What the operations were told, and what they answer.
static char called[256], killed[64], minted[256];
static bool reload_fails, is_ready, no_policy;
static struct admin_page asked;

static int op_status(void *, struct admin_call *, json_t **out, char *)
{
	*out = json_pack("{s:s}", "version", "1");
	return 0;
}

static int op_sessions(void *, struct admin_call *call, json_t **out, char *)
{
	json_t *list = json_array();

	asked = call->page;
	for (int n = asked.cursor == 0 ? 5 : (int)asked.cursor - 1;
	     n > 0 && json_array_size(list) < asked.limit; n--)
		json_array_append_new(list, json_pack("{s:i}", "n", n));
	*out = json_pack("{s:o}", "sessions", list);
	return 0;
}

static int op_session(void *, struct admin_call *call, json_t **out, char *)
{
	if (strcmp(call->id, "00ff") != 0)
		return -ENOENT;
	*out = json_pack("{s:s}", "id", call->id);
	return 0;
}

static int op_kill(void *, struct admin_call *call, json_t **out, char *)
{
	const char *reason = json_string_value(json_object_get(call->body, "reason"));

	snprintf(killed, sizeof(killed), "%.20s: %.40s", call->id, reason == NULL ? "" : reason);
	if (strcmp(call->id, "00ff") != 0)
		return -ENOENT;
	*out = json_pack("{s:s}", "killed", call->id);
	return 0;
}

static int op_policy(void *, struct admin_call *, json_t **out, char *)
{
	if (no_policy)
		return -ENOENT;
	*out = json_pack("{s:i}", "version", 3);
	return 0;
}

static int op_reload(void *context, struct admin_call *call, json_t **out, char *why)
{
	if (!reload_fails)
		return op_policy(context, call, out, why);
	strcpy(why, "bulkhead.yaml:3:1: no such key");
	return ERR_CONFIG;
}

static int op_token(void *, struct admin_call *call, json_t **out, char *why)
{
	const char *subject = json_string_value(json_object_get(call->body, "subject"));
	const json_t *groups = json_object_get(call->body, "groups");
	const char *first = json_string_value(json_array_get(groups, 0));

	snprintf(
		minted, sizeof(minted), "%s %zu %s %lld", subject, json_array_size(groups),
		first == NULL ? "" : first,
		(long long)json_integer_value(json_object_get(call->body, "ttl"))
	);
	if (strcmp(subject, "nobody") == 0) {
		strcpy(why, "there is no local issuer");
		return -EEXIST;
	}
	*out = json_pack("{s:s}", "token", "eyJ.secret");
	return 0;
}

// What a slow operation reads, it reads elsewhere.
static int op_audit(void *, struct admin_call *call, json_t **out, char *)
{
	*out = json_pack(
		"{s:b,s:s}", "elsewhere", !pthread_equal(pthread_self(), thread), "type",
		call->page.type
	);
	return 0;
}

static int op_revoke(void *, struct admin_call *call, json_t **out, char *)
{
	if (++call->number < 20)
		return -EINPROGRESS;
	*out = json_pack("{s:I}", "turns", (json_int_t)call->number);
	return 0;
}

static size_t op_metrics(void *, struct admin_metric *out, size_t)
{
	out[0] = (struct admin_metric){"recorder_frames_total", "Frames written", true, 12};
	out[1] = (struct admin_metric){"recorder_waiting_bytes", "Bytes not on disk", false, 0.5};
	return 2;
}

static bool op_ready(void *, char *why)
{
	if (!is_ready)
		strcpy(why, "the recorder cannot write");
	return is_ready;
}

static const char *op_bad_name(unsigned bad)
{
	return bad == 1 ? "length" : NULL;
}

static void
op_called(void *, const struct admin_caller *caller, const char *method, const char *path, unsigned status, const char *)
{
	snprintf(called, sizeof(called), "%u %s %s %u", caller->uid, method, path, status);
}

static uint32_t op_rate(void *)
{
	return 1000;
}

static int op_authenticate(void *, struct span, const uint8_t *, const struct subject **, char *why)
{
	strcpy(why, "nobody");
	return ERR_AUTH;
}

static void beat(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	for (int i = 0; i < 2; i++)
		__atomic_store_n(
			&stats[i].heartbeat_ns,
			(uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec, __ATOMIC_RELAXED
		);
}

static void *poll_it(void *)
{
	while (!atomic_load(&stop)) {
		admin_poll(admin);
		nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
	}
	return NULL;
}

static struct admin_config config(void)
{
	return (struct admin_config){
		.socket = scratch_file(&scratch, "admin.sock"),
		.workers = {&stats[0], &stats[1]},
		.n_workers = 2,
		.ops =
			{
				.status = op_status,
				.sessions = op_sessions,
				.session = op_session,
				.kill = op_kill,
				.policy = op_policy,
				.reload = op_reload,
				.token = op_token,
				.audit = op_audit,
				.revoke = op_revoke,
				.rate = op_rate,
				.authenticate = op_authenticate,
				.metrics = op_metrics,
				.ready = op_ready,
				.bad_name = op_bad_name,
				.called = op_called,
			},
	};
}

static uint16_t tcp_port;

static int set_up(void **)
{
	struct endpoint metrics = {.addr = addr_from_v4(htonl(INADDR_LOOPBACK))};

	scratch = scratch_make();
	stats[1].rx_packets = 77;
	stats[1].turns[0] = 2; // under 1 us
	stats[1].turns[2] = 3;
	stats[1].turns[STATS_TURNS - 1] = 1;
	stats[1].stages.cycles[STAGE_SEAL] = 9;
	stats[1].ended[END_AUTH] = 2;
	stats[0].bad[1][1] = 4;
	struct admin_config c = config();
	c.metrics = &metrics;
	for (metrics.port = 39000; metrics.port < 39100; metrics.port++) {
		char why[ADMIN_WHY] = "";
		int ret = admin_new(&c, &admin, why);
		if (ret != 0)
			continue;
		tcp_port = metrics.port;
		return pthread_create(&thread, NULL, poll_it, NULL);
	}
	return -1;
}

static int tear_down(void **)
{
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	admin_free(admin);
	admin_free(NULL);
	int left = access(scratch_file(&scratch, "admin.sock"), F_OK);
	scratch_remove(&scratch);
	return left == 0; // it must be gone
}

static char reply[1 << 20];
static size_t reply_n;

static size_t take(char *data, size_t one, size_t n, void *)
{
	assert_true(one * n < sizeof(reply) - reply_n);
	memcpy(reply + reply_n, data, one * n);
	reply_n += one * n;
	reply[reply_n] = '\0';
	return one * n;
}

// Ask, and return the status. `body` not NULL: POST.
static long ask(const char *path, const char *body, bool tcp)
{
	CURL *curl = curl_easy_init();
	char url[512];
	long status = 0;

	reply_n = 0;
	reply[0] = called[0] = '\0';
	snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", tcp ? tcp_port : 80, path);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	if (!tcp)
		curl_easy_setopt(
			curl, CURLOPT_UNIX_SOCKET_PATH, scratch_file(&scratch, "admin.sock")
		);
	if (body != NULL)
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, 10L);
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	assert_int_equal(curl_easy_perform(curl), CURLE_OK);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(curl);
	return status;
}

static void status_holds_the_workers_counters(void **)
{
	assert_int_equal(ask("/v1/status", NULL, false), 200);
	json_t *json = json_loads(reply, 0, NULL);
	json_t *second = json_array_get(json_object_get(json, "workers"), 1);
	assert_string_equal(json_string_value(json_object_get(json, "version")), "1");
	assert_int_equal(json_integer_value(json_object_get(second, "worker")), 1);
	assert_int_equal(json_integer_value(json_object_get(second, "rx_packets")), 77);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(second, "ended"), "auth")), 2
	);
	json_decref(json);
	assert_int_equal(ask("/v1/workers", NULL, false), 200);
	assert_string_equal(called, "0 GET /v1/workers 200"); // reading is told too
	assert_int_equal(ask("/healthz", NULL, false), 200);
	assert_string_equal(called, ""); // but not that somebody looked whether it lives
}

static void sessions_come_in_pages(void **)
{
	assert_int_equal(ask("/v1/sessions?limit=2&live=1&subject=a%20b", NULL, false), 200);
	assert_string_equal(reply, "{\"sessions\":[{\"n\":5},{\"n\":4}]}");
	assert_true(asked.live);
	assert_int_equal(ask("/v1/sessions?limit=2&before=4", NULL, false), 200);
	assert_string_equal(reply, "{\"sessions\":[{\"n\":3},{\"n\":2}]}");
	assert_int_equal(ask("/v1/sessions?limit=2&before=2", NULL, false), 200);
	assert_string_equal(reply, "{\"sessions\":[{\"n\":1}]}");
	assert_int_equal(ask("/v1/sessions", NULL, false), 200);
	assert_int_equal(asked.limit, 100);
	static const char *const wrong[] = {"limit=0",
					    "limit=1001",
					    "limit=x",
					    "limit=",
					    "before=-1",
					    "live=2",
					    "limit=99999999999999999999"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char path[64];
		snprintf(path, sizeof(path), "/v1/sessions?%s", wrong[i]);
		assert_int_equal(ask(path, NULL, false), 400);
	}
}

static void one_session_is_found_or_not(void **)
{
	assert_int_equal(ask("/v1/sessions/00ff", NULL, false), 200);
	assert_string_equal(reply, "{\"id\":\"00ff\"}");
	assert_int_equal(ask("/v1/sessions/1234", NULL, false), 404);
	assert_int_equal(ask("/v1/sessions/", NULL, false), 404);
	assert_int_equal(ask("/v1/sessions/a/b", NULL, false), 404);
}

static void a_session_is_killed_and_that_is_told(void **)
{
	assert_int_equal(ask("/v1/sessions/00ff/kill", "{\"reason\":\"leak\"}", false), 200);
	assert_string_equal(killed, "00ff: leak");
	assert_string_equal(called, "0 POST /v1/sessions/00ff/kill 200");
	assert_int_equal(ask("/v1/sessions/00ff/kill", "", false), 200);
	assert_string_equal(killed, "00ff: ");
	assert_int_equal(ask("/v1/sessions/0000/kill", "", false), 404);
	assert_int_equal(ask("/v1/sessions/00ff/kill", "[1]", false), 400);
	assert_int_equal(ask("/v1/sessions/00ff/kill", NULL, false), 405);
}

static void a_reload_says_how_it_went(void **)
{
	assert_int_equal(ask("/v1/reload", "", false), 200);
	assert_string_equal(reply, "{\"version\":3}");
	assert_string_equal(called, "0 POST /v1/reload 200");
	reload_fails = true;
	assert_int_equal(ask("/v1/reload", "", false), 409);
	assert_string_equal(reply, "{\"error\":\"bulkhead.yaml:3:1: no such key\"}");
	reload_fails = false;
	no_policy = true;
	assert_int_equal(ask("/v1/policy", NULL, false), 404);
	no_policy = false;
	assert_int_equal(ask("/v1/policy", NULL, false), 200);
}

static void a_token_is_minted_and_not_told(void **)
{
	assert_int_equal(
		ask("/v1/token", "{\"subject\":\"a\",\"groups\":[\"g\"],\"ttl\":60}", false), 200
	);
	assert_string_equal(reply, "{\"token\":\"eyJ.secret\"}");
	assert_string_equal(minted, "a 1 g 60");
	assert_string_equal(called, "0 POST /v1/token 200");
	assert_int_equal(ask("/v1/token", "{\"subject\":\"nobody\",\"ttl\":60}", false), 409);
	assert_string_equal(reply, "{\"error\":\"there is no local issuer\"}");
	static const char *const wrong[] = {
		"",
		"{",
		"{\"ttl\":1}",
		"{\"subject\":\"a\"}",
		"{\"subject\":\"a\",\"ttl\":0}",
		"{\"subject\":\"a\",\"ttl\":1,\"groups\":[1]}",
		"{\"subject\":1,\"ttl\":1}"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(ask("/v1/token", wrong[i], false), 400);
}

static void a_body_has_a_limit(void **)
{
	char *body = malloc(200000);

	memset(body, ' ', 199999);
	body[199999] = '\0';
	assert_int_equal(ask("/v1/token", body, false), 413);
	free(body);
}

static void what_is_not_there_is_said(void **)
{
	assert_int_equal(ask("/", NULL, false), 200); // the console
	assert_int_equal(ask("/nowhere", NULL, false), 404);
	assert_int_equal(ask("/v2/status", NULL, false), 404);
	assert_int_equal(ask("/v1/reload", NULL, false), 405);
	assert_int_equal(ask("/v1/status", "", false), 405);
}

static void slow_work_is_done_elsewhere(void **)
{
	assert_int_equal(ask("/v1/audit?type=login_refused", NULL, false), 200);
	assert_string_equal(reply, "{\"elsewhere\":true,\"type\":\"login_refused\"}");
	assert_string_equal(called, "0 GET /v1/audit 200");
	assert_int_equal(ask("/v1/audit?type=a%0ab", NULL, false), 400);
}

static void what_is_not_done_yet_is_tried_again(void **)
{
	assert_int_equal(
		ask("/v1/revocations", "{\"kind\":\"resource\",\"resource\":\"a\"}", false), 201
	);
	assert_string_equal(reply, "{\"turns\":20}");
}

static void what_the_gateway_has_not_is_said(void **)
{
	assert_int_equal(ask("/v1/approvals", NULL, false), 501);
	assert_int_equal(ask("/v1/approvals/1/approve", "", false), 401); // a human's token first
}

static void the_document_of_the_api_is_served(void **)
{
	assert_int_equal(ask("/v1/openapi.json", NULL, false), 200);
	json_t *json = json_loads(reply, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(json_object_get(json, "paths"));
	json_decref(json);
}

// Every line is a comment, or name{labels} value; each name has HELP and TYPE first, once.
static void metrics_have_prometheus_format(void **)
{
	char seen[256][64];
	size_t n = 0;
	bool histogram = false;

	assert_int_equal(ask("/metrics", NULL, false), 200);
	for (char *line = strtok(reply, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		char name[64], type[16];
		if (sscanf(line, "# HELP %63s", name) == 1) {
			for (size_t i = 0; i < n; i++)
				assert_string_not_equal(seen[i], name);
			assert_true(n < 256);
			strcpy(seen[n++], name);
			continue;
		}
		assert_true(n > 0);
		const char *current = seen[n - 1];
		if (sscanf(line, "# TYPE %63s %15s", name, type) == 2) {
			assert_string_equal(name, current);
			size_t len = strlen(name);
			bool total = len > 6 && strcmp(name + len - 6, "_total") == 0;
			histogram = strcmp(type, "histogram") == 0;
			if (!histogram)
				assert_string_equal(type, total ? "counter" : "gauge");
			continue;
		}
		size_t len = strcspn(line, "{ ");
		assert_memory_equal(line, current, strlen(current));
		if (histogram && line[strlen(current)] == '_')
			len = strlen(current); // _bucket and _count
		assert_int_equal(len, strlen(current));
		const char *value = strrchr(line, ' ');
		char *end;
		assert_non_null(value);
		strtod(value + 1, &end);
		assert_int_equal(*end, '\0');
	}
	assert_true(n > 35);
	assert_int_equal(ask("/metrics", NULL, true), 200);
	assert_non_null(strstr(reply, "\nbulkhead_rx_packets_total{worker=\"1\"} 77\n"));
	assert_non_null(
		strstr(reply, "\nbulkhead_sessions_ended_total{worker=\"1\",reason=\"auth\"} 2\n")
	);
	assert_non_null(strstr(
		reply,
		"\nbulkhead_protocol_errors_total{worker=\"0\",leg=\"server\",kind=\"length\"} 4\n"
	));
	assert_non_null(
		strstr(reply, "\nbulkhead_turn_seconds_bucket{worker=\"1\",le=\"0.000004\"} 5\n")
	);
	assert_non_null(
		strstr(reply, "\nbulkhead_turn_seconds_bucket{worker=\"1\",le=\"+Inf\"} 6\n")
	);
	assert_non_null(strstr(reply, "\nbulkhead_turn_seconds_count{worker=\"1\"} 6\n"));
	assert_non_null(
		strstr(reply, "\nbulkhead_stage_cycles_total{worker=\"1\",stage=\"seal\"} 9\n")
	);
	assert_non_null(strstr(reply, "\nbulkhead_recorder_frames_total 12\n"));
	assert_non_null(strstr(reply, "\nbulkhead_recorder_waiting_bytes 0.5\n"));
}

static void ready_needs_workers_and_the_rest(void **)
{
	is_ready = true;
	stats[0].heartbeat_ns = 0;
	assert_int_equal(ask("/healthz", NULL, true), 200);
	assert_int_equal(ask("/readyz", NULL, true), 503);
	assert_non_null(strstr(reply, "worker 0 has not looped"));
	beat();
	assert_int_equal(ask("/readyz", NULL, true), 200);
	is_ready = false;
	assert_int_equal(ask("/readyz", NULL, false), 503);
	assert_string_equal(reply, "{\"error\":\"not ready: the recorder cannot write\"}");
}

static void over_tcp_there_is_nothing_else(void **)
{
	assert_int_equal(ask("/v1/status", NULL, true), 404);
	assert_int_equal(ask("/v1/reload", "", true), 404);
	assert_int_equal(ask("/metrics", "", true), 405);
}

static void the_socket_is_for_its_owner(void **)
{
	struct stat st;

	assert_int_equal(stat(scratch_file(&scratch, "admin.sock"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	if (geteuid() != 0)
		skip();
	// Even with the mode opened, another user is refused.
	assert_int_equal(chmod(scratch_file(&scratch, "admin.sock"), 0666), 0);
	assert_int_equal(chmod(scratch.path, 0755), 0);
	called[0] = '\0';
	pid_t child = fork();
	if (child == 0) {
		if (setuid(65534) != 0)
			_exit(1);
		_exit(ask("/v1/status", NULL, false) == 403 ? 0 : 2);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_string_equal(called, "65534 GET /v1/status 403");
	assert_int_equal(chmod(scratch_file(&scratch, "admin.sock"), 0600), 0);
}

static void a_socket_in_use_is_left_alone_a_stale_one_replaced(void **)
{
	struct admin *other;
	struct admin_config c = config();
	char why[ADMIN_WHY] = "";

	assert_int_equal(admin_new(&c, &other, why), -EADDRINUSE);
	assert_non_null(strstr(why, "admin.sock"));
	char path[256];
	snprintf(path, sizeof(path), "%s", scratch_file(&scratch, "stale.sock"));
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof(address.sun_path), "%.100s", path);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd); // bound, and nobody listens
	c.socket = path;
	assert_int_equal(admin_new(&c, &other, why), 0);
	admin_free(other);
	scratch_write(&scratch, "file", "x", 1);
	c.socket = scratch_file(&scratch, "file");
	assert_int_equal(admin_new(&c, &other, why), -EEXIST);
	c.socket = "/tmp/a/path/that/is/much/too/long/for/the/address/of/a/unix/socket/because/it/"
		   "has/more/than/one/hundred/and/seven/bytes";
	assert_int_equal(admin_new(&c, &other, why), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_holds_the_workers_counters),
		cmocka_unit_test(sessions_come_in_pages),
		cmocka_unit_test(one_session_is_found_or_not),
		cmocka_unit_test(a_session_is_killed_and_that_is_told),
		cmocka_unit_test(a_reload_says_how_it_went),
		cmocka_unit_test(a_token_is_minted_and_not_told),
		cmocka_unit_test(a_body_has_a_limit),
		cmocka_unit_test(what_is_not_there_is_said),
		cmocka_unit_test(slow_work_is_done_elsewhere),
		cmocka_unit_test(what_is_not_done_yet_is_tried_again),
		cmocka_unit_test(what_the_gateway_has_not_is_said),
		cmocka_unit_test(the_document_of_the_api_is_served),
		cmocka_unit_test(metrics_have_prometheus_format),
		cmocka_unit_test(ready_needs_workers_and_the_rest),
		cmocka_unit_test(over_tcp_there_is_nothing_else),
		cmocka_unit_test(the_socket_is_for_its_owner),
		cmocka_unit_test(a_socket_in_use_is_left_alone_a_stale_one_replaced),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
