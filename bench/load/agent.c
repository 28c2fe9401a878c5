// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "bench/load/agent.h"

#include "bench/load/loop.h"

#include <stdio.h>
#include <stdlib.h>

static void append_execution(struct buf *to)
{
	message_append(to, 'B', SPAN_LIT("\0s\0\0\0\0\0\0\0"));
	message_append(to, 'D', SPAN_LIT("P\0"));
	message_append(to, 'E', SPAN_LIT("\0\0\0\0\0"));
	message_append(to, 'S', (struct span){0});
}

static void append_text(struct buf *to, char type, const char *text)
{
	message_append(to, type, span_of(text, strlen(text) + 1));
}

static void append_preparation(struct buf *to, const char *statement)
{
	char body[128];
	int n = snprintf(body, sizeof(body), "s%c%s%c%c%c", 0, statement, 0, 0, 0);

	message_append(to, 'P', span_of(body, (size_t)n));
	message_append(to, 'S', (struct span){0});
}

void agents_init(struct load *load, const char *token)
{
	char name[ROWS_NAME], statement[ROWS_NAME + 32];

	buf_init(&load->password, NULL, MESSAGE_SHOWN);
	buf_init(&load->ask, NULL, MESSAGE_SHOWN);
	buf_init(&load->prepare, NULL, MESSAGE_SHOWN);
	append_text(&load->password, 'p', token);
	rows_name(&load->rows, name);
	if (load->work == LOAD_UPLOAD)
		snprintf(statement, sizeof(statement), "COPY %s FROM STDIN", name);
	else
		snprintf(statement, sizeof(statement), "SELECT body FROM %s", name);
	if (load->work == LOAD_PREPARED) {
		append_preparation(&load->prepare, statement);
		append_execution(&load->ask);
	} else {
		append_text(&load->ask, 'Q', statement);
	}
}

// ---- its life

static void rest(struct agent *agent)
{
	struct load *load = agent->load;

	agent->state = AGENT_RESTS;
	agent->next = NULL;
	*(load->resting == NULL ? &load->resting : load->rest_last) = agent;
	load->rest_last = &agent->next;
}

static bool over(struct agent *agent, bool failed)
{
	struct load *load = agent->load;

	load->counts.failed += failed;
	link_fini(&agent->link, failed);
	agent->state = AGENT_GONE;
	if (!failed)
		agent_start(agent);
	return false;
}

static bool ask(struct agent *agent, uint64_t begun_us)
{
	struct load *load = agent->load;

	agent->state = AGENT_ASKS;
	agent->begun_us = begun_us;
	agent->timed = load->times && begun_us >= load->times_us;
	load->timed += agent->timed;
	if (agent->timed)
		histogram_add(&load->late, load->now_us - begun_us);
	return link_send(&agent->link, buf_span(&load->ask)) || over(agent, true);
}

static void time_answer(struct agent *agent)
{
	struct load *load = agent->load;

	if (!agent->timed)
		return;
	histogram_add(&load->latency, loop_clock_us() - agent->begun_us);
	agent->timed = false;
	load->timed--;
}

// Logged in, and prepared.
static bool settle(struct agent *agent)
{
	struct load *load = agent->load;

	if (load->work == LOAD_CONNECT) {
		histogram_add(&load->latency, load->now_us - agent->begun_us);
		load->counts.done++;
		return over(agent, !link_send(&agent->link, SPAN_LIT("X\0\0\0\4")));
	}
	if (load->work != LOAD_IDLE && load->rate == 0)
		return ask(agent, load->now_us);
	rest(agent);
	return true;
}

static bool logged_in(struct agent *agent)
{
	struct load *load = agent->load;

	load->counts.logins++;
	load->counts.resumed += agent->link.tls != NULL && tls_is_resumed(agent->link.tls);
	if (load->work != LOAD_PREPARED)
		return settle(agent);
	agent->state = AGENT_PREPARES;
	return link_send(&agent->link, buf_span(&load->prepare)) || over(agent, true);
}

static bool answered(struct agent *agent)
{
	struct load *load = agent->load;

	time_answer(agent);
	load->counts.done++;
	if (load->rate == 0)
		return ask(agent, load->now_us);
	rest(agent);
	return true;
}

// ---- what comes

static bool refused(struct agent *agent, struct span text)
{
	static bool told;

	if (!told)
		fprintf(stderr, "load: refused:");
	for (size_t i = 0; !told && i < text.n; i++)
		fputc(text.p[i] < ' ' ? ' ' : text.p[i], stderr);
	if (!told)
		fputc('\n', stderr);
	told = true;
	return over(agent, true);
}

static bool ready(struct agent *agent)
{
	switch (agent->state) {
	case AGENT_LOGS_IN:
		return logged_in(agent);
	case AGENT_PREPARES:
		return settle(agent);
	case AGENT_ASKS:
		return answered(agent);
	case AGENT_GONE:
	case AGENT_CONNECTS:
	case AGENT_ASKS_TLS:
	case AGENT_RESTS:
		break;
	}
	return refused(agent, SPAN_LIT(" an answer that nobody asked for"));
}

static bool authenticate(struct agent *agent, struct span body)
{
	if (!span_equal(body, SPAN_LIT("\0\0\0\3")))
		return true; // AuthenticationOk
	return link_send(&agent->link, buf_span(&agent->load->password)) || over(agent, true);
}

static bool understand(struct agent *agent)
{
	struct span body;

	for (;;) {
		struct buf *plain = &agent->link.plain;
		int type = messages_next(&agent->messages, plain, "REGZ", &body);
		bool lives = true;
		switch (type) {
		case 0:
			return true;
		case 'R':
			lives = authenticate(agent, body);
			break;
		case 'G':
			player_start(&agent->player, script_copy(&agent->load->rows));
			lives = player_go(&agent->player, &agent->link) || over(agent, true);
			break;
		case 'Z':
			lives = ready(agent);
			break;
		default:
			return refused(agent, body);
		}
		if (!lives)
			return false;
	}
}

static bool log_in(struct agent *agent)
{
	static struct buf startup;

	if (startup.limit == 0) {
		buf_init(&startup, NULL, MESSAGE_SHOWN);
		message_startup(&startup);
	}
	agent->state = AGENT_LOGS_IN;
	return link_send(&agent->link, buf_span(&startup)) || over(agent, true);
}

static bool secure(struct agent *agent)
{
	size_t used;

	agent->link.tls = tls_connect(agent->load->client);
	if (agent->link.tls == NULL || tls_open(
					       agent->link.tls, (struct span){0}, &used,
					       &agent->link.plain, LINK_PULL, &agent->link.wire
				       ) != 0)
		return over(agent, true);
	return log_in(agent);
}

static bool take_turn(struct agent *agent)
{
	struct link *link = &agent->link;

	if (!link_pull(link))
		return over(agent, true);
	if (agent->state == AGENT_ASKS_TLS && buf_len(&link->plain) > 0) {
		if (!span_equal(buf_span(&link->plain), SPAN_LIT("S")))
			return refused(agent, SPAN_LIT(" no TLS"));
		buf_consume(&link->plain, 1);
		return secure(agent);
	}
	if (!link_push(link) || !player_go(&agent->player, link))
		return over(agent, true);
	if (!understand(agent))
		return false;
	return !link->eof || over(agent, true);
}

static bool turn(struct link *link)
{
	struct agent *agent = (struct agent *)link;
	struct load *load = agent->load;
	uint64_t before = link->received + link->sent, received;

	do {
		received = link->received;
		if (!take_turn(agent))
			return false;
	} while (link->received != received);
	load->counts.bytes += link->received + link->sent - before;
	if (load->trims)
		link_trim(link);
	return true;
}

// Its turn may come before it is connected: when the connection fails.
void agent_init(struct agent *agent, struct load *load)
{
	*agent = (struct agent){.load = load, .link = {.fd = -1, .turn = turn}};
}

void agent_connected(struct agent *agent)
{
	agent->messages = (struct messages){0};
	agent->player = (struct player){0};
	if (agent->load->tls == LOAD_CLEAR) {
		(void)log_in(agent);
	} else if (agent->load->tls == LOAD_DIRECT) {
		(void)secure(agent);
	} else {
		agent->state = AGENT_ASKS_TLS;
		if (!link_send(&agent->link, SPAN_LIT("\0\0\0\10\4\322\26\57")))
			(void)over(agent, true);
	}
}

void agent_start(struct agent *agent)
{
	agent->state = AGENT_CONNECTS;
	agent->begun_us = agent->load->now_us;
	if (agent->load->connect(agent->load, agent))
		return;
	agent->load->counts.failed++;
	agent->state = AGENT_GONE;
}

void agents_pace(struct load *load)
{
	double interval = 1e6 / load->rate;

	if (load->due_us == 0)
		load->due_us = (double)load->now_us;
	while (load->due_us <= (double)load->now_us && load->resting != NULL) {
		struct agent *agent = load->resting;
		load->resting = agent->next;
		(void)ask(agent, (uint64_t)load->due_us);
		load->due_us += interval;
	}
	load->counts.late_started += load->due_us + interval <= (double)load->now_us;
}
