// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/packetdrill/flags.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum kind { KIND_BOOL, KIND_U8, KIND_U16, KIND_U32 };

#define TCP_FLAG(name, kind)                                   \
	{                                                      \
#		name, kind, offsetof(struct tcp_config, name) \
	}

static const struct {
	const char *name;
	enum kind kind;
	size_t at;
} numbers[] = {
	TCP_FLAG(timestamps, KIND_BOOL),
	TCP_FLAG(sack, KIND_BOOL),
	TCP_FLAG(window_scale, KIND_BOOL),
	TCP_FLAG(ecn, KIND_BOOL),
	TCP_FLAG(rcv_buf, KIND_U32),
	TCP_FLAG(snd_buf, KIND_U32),
	TCP_FLAG(mss_max, KIND_U16),
	TCP_FLAG(rto_min_ms, KIND_U32),
	TCP_FLAG(rto_initial_ms, KIND_U32),
	TCP_FLAG(delayed_ack_ms, KIND_U32),
	TCP_FLAG(handshake_ms, KIND_U32),
	TCP_FLAG(fin_wait_2_ms, KIND_U32),
	TCP_FLAG(time_wait_ms, KIND_U32),
	TCP_FLAG(keepalive_idle_ms, KIND_U32),
	TCP_FLAG(keepalive_interval_ms, KIND_U32),
	TCP_FLAG(keepalive_probes, KIND_U8),
	TCP_FLAG(syn_retries, KIND_U8),
	TCP_FLAG(data_retries, KIND_U8),
};

static const char *const layouts[] =
	{[LAYOUT_OWN] = "own", [LAYOUT_LINUX] = "linux", [LAYOUT_FREEBSD] = "freebsd"};

static void defaults(struct stack_config *config)
{
	*config = (struct stack_config){.mtu = 1500, .quick_acks = true};
	tcp_config_default(&config->tcp);
	config->tcp.conns_max = 1024;
	config->tcp.time_wait_max = 1024;
	config->tcp.rcv_buf = 15 * 1024 * 1024; // what makes the window scale 8
	config->tcp.snd_buf = 4 * 1024 * 1024;
	config->tcp.rcv_buf_max = config->tcp.snd_buf_max = 0; // scripts know them
	config->tcp.keepalive_idle_ms = 0;                     // scripts do not expect probes
	config->tcp.handshake_ms = 300 * 1000;
}

static bool layout_set(struct stack_config *config, const char *value)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(*layouts); i++) {
		if (strcmp(value, layouts[i]) == 0) {
			config->layout = (enum layout)i;
			return true;
		}
	}
	return false;
}

static bool number_set(struct stack_config *config, const char *name, const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);
	if (*text == 0 || *end != 0 || value > UINT32_MAX)
		return false;
	if (strcmp(name, "mtu") == 0) {
		config->mtu = (uint16_t)value;
		return true;
	}
	if (strcmp(name, "quick_acks") == 0) {
		config->quick_acks = value != 0;
		return true;
	}
	if (strcmp(name, "push") == 0) {
		config->push = value != 0;
		return true;
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		if (strcmp(name, numbers[i].name) != 0)
			continue;
		void *at = (uint8_t *)&config->tcp + numbers[i].at;
		switch (numbers[i].kind) {
		case KIND_BOOL:
			*(bool *)at = value != 0;
			break;
		case KIND_U8:
			*(uint8_t *)at = (uint8_t)value;
			break;
		case KIND_U16:
			*(uint16_t *)at = (uint16_t)value;
			break;
		case KIND_U32:
			*(uint32_t *)at = (uint32_t)value;
			break;
		}
		return true;
	}
	return false;
}

static bool flag_set(struct stack_config *config, const char *name, const char *value)
{
	if (strcmp(name, "layout") == 0)
		return layout_set(config, value);
	if (strcmp(name, "local") == 0)
		return addr_parse_prefix(value, &config->local, &config->prefix) == 0;
	if (strcmp(name, "gateway") == 0)
		return addr_parse(value, &config->gateway) == 0;
	return number_set(config, name, value);
}

int flags_parse(const char *text, struct stack_config *config)
{
	defaults(config);
	if (!flag_set(config, "local", "192.168.0.2/16") ||
	    !flag_set(config, "gateway", "192.168.0.1"))
		return -EINVAL;
	char *copy = strdup(text == NULL ? "" : text);
	if (copy == NULL)
		return -EINVAL;
	int result = 0;
	char *rest = NULL;
	for (char *flag = strtok_r(copy, ",", &rest); flag != NULL && result == 0;
	     flag = strtok_r(NULL, ",", &rest)) {
		char *value = strchr(flag, '=');
		if (value != NULL)
			*value++ = 0;
		if (value == NULL || !flag_set(config, flag, value)) {
			fprintf(stderr, "--so_flags: wrong: %s\n", flag);
			result = -EINVAL;
		}
	}
	free(copy);
	return result;
}
