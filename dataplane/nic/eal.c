// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/nic/eal.h"

#include <rte_eal.h>
#include <rte_errno.h>

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	ARGS_MAX = 24 + 2 * NIC_PORTS_MAX,
	LCORES_MAX = 16 * (NIC_WORKERS_MAX + 1),
	TEXT_MAX = LCORES_MAX + NIC_PORTS_MAX * (NIC_DEVICE_MAX + 16) + 512,
};

// EAL keeps pointers into its arguments and permutes them: they live as long as the process.
struct eal_args {
	int n;
	char *list[ARGS_MAX + 1];
	char text[TEXT_MAX];
	size_t used;
};

__attribute__((format(printf, 2, 3))) static void arg(
	struct eal_args *args, const char *format, ...
)
{
	char *at = args->text + args->used;
	size_t room = sizeof(args->text) - args->used;
	va_list ap;

	va_start(ap, format);
	size_t n = (size_t)vsnprintf(at, room, format, ap) + 1;
	va_end(ap);
	assert(n <= room && args->n < ARGS_MAX); // sized for the longest configuration
	args->list[args->n++] = at;
	args->used += n;
}

static bool is_vdev(const char *device)
{
	return strncmp(device, "net_", 4) == 0;
}

static bool any_device(const struct nic_config *config, bool (*is)(const char *device))
{
	for (unsigned i = 0; i < config->n_ports; i++) {
		if (is(config->ports[i].device))
			return true;
	}
	return false;
}

// memif exchanges its regions over EAL's own channel between processes.
static bool needs_channel(const char *device)
{
	return strncmp(device, "net_memif", 9) == 0;
}

static bool is_hardware(const char *device)
{
	return !is_vdev(device);
}

static void args_cores(struct eal_args *args, const struct nic_config *config)
{
	char lcores[LCORES_MAX];
	int n = snprintf(lcores, sizeof(lcores), "0@%u", config->control_core);

	for (unsigned i = 0; i < config->n_workers; i++)
		n += snprintf(
			lcores + n, sizeof(lcores) - (size_t)n, ",%u@%u", nic_worker_lcore(i),
			config->cores[i]
		);
	arg(args, "--lcores=%s", lcores);
	arg(args, "--main-lcore=0");
}

static void args_memory(struct eal_args *args, const struct nic_config *config, uint64_t memory_mb)
{
	bool channel = any_device(config, needs_channel);

	if (config->memory_mb > 0)
		memory_mb = config->memory_mb;
	else if (config->huge_pages)
		memory_mb = 0;
	if (memory_mb > 0)
		arg(args, "-m%llu", (unsigned long long)memory_mb);
	if (!config->huge_pages)
		arg(args, "--no-huge");
	// Files in the runtime folder only where a device needs them: two gateways on one machine
	// do not meet, and nothing is left behind.
	if (channel)
		arg(args, "--file-prefix=bulkhead%d", (int)getpid());
	else if (config->huge_pages)
		arg(args, "--in-memory");
	else
		arg(args, "--no-shconf");
}

static void args_devices(struct eal_args *args, const struct nic_config *config)
{
	if (!any_device(config, is_hardware)) {
		arg(args, "--no-pci");
		// Software devices take virtual addresses; physical ones need privileges to look
		// up.
		arg(args, "--iova-mode=va");
	}
	// With a list, EAL touches nothing else: the management NIC stays the kernel's.
	for (unsigned i = 0; i < config->n_ports; i++) {
		const char *device = config->ports[i].device;
		arg(args, is_vdev(device) ? "--vdev=%s" : "--allow=%s", device);
	}
}

// EAL answers an argument it does not like with pages of usage on standard output, about options
// that nobody here can give. Called before there are other threads.
static int init_quietly(struct eal_args *args)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	(void)fflush(stdout);
	int saved = null < 0 ? -1 : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	if (saved >= 0)
		(void)dup2(null, STDOUT_FILENO);
	int r = rte_eal_init(args->n, args->list);
	(void)fflush(stdout);
	if (saved >= 0) {
		(void)dup2(saved, STDOUT_FILENO);
		close(saved);
	}
	if (null >= 0)
		close(null);
	return r;
}

// What EAL was given, since its reason is one word and its own line may name no argument.
static const char *refusal(const char *given)
{
	static char text[TEXT_MAX + 64];

	snprintf(text, sizeof(text), "%s; DPDK was started with%s", rte_strerror(rte_errno), given);
	return text;
}

int eal_start(const struct nic_config *config, uint64_t memory_mb, const char **why)
{
	static struct eal_args args;
	static char given[TEXT_MAX];

	if (args.n > 0) {
		*why = "EAL can be started once";
		return -EINVAL;
	}
	arg(&args, "bulkhead");
	args_cores(&args, config);
	args_memory(&args, config, memory_mb);
	args_devices(&args, config);
	arg(&args, "--no-telemetry");
	arg(&args, "--log-level=warning");
	// EAL permutes the list, so it is joined before.
	for (int i = 1, n = 0; i < args.n; i++)
		n += snprintf(given + n, sizeof(given) - (size_t)n, " %s", args.list[i]);
	if (init_quietly(&args) < 0) {
		*why = refusal(given);
		return -EINVAL;
	}
	return 0;
}

// EAL leaves its files in the runtime folder for a secondary process that we never have.
static void remove_runtime_files(const char *path)
{
	DIR *dir = opendir(path);

	if (dir == NULL)
		return;
	for (const struct dirent *e = readdir(dir); e != NULL; e = readdir(dir))
		(void)unlinkat(dirfd(dir), e->d_name, 0);
	closedir(dir);
	(void)rmdir(path);
}

void eal_stop(void)
{
	char path[512];

	snprintf(path, sizeof(path), "%s", rte_eal_get_runtime_dir());
	bool files = strstr(path, "/bulkhead") != NULL;
	(void)rte_eal_cleanup();
	if (files)
		remove_runtime_files(path);
}
