// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct checker {
	const char *file;
	struct config_errors *errors;
};

// A secret must not be for everybody; a certificate may. Opening with O_NONBLOCK, since a name may
// lead to a pipe or a device.
static void check_file(
	struct checker *c, struct config_position at, const char *what, const char *path,
	bool secret
)
{
	struct stat info;

	if (path[0] == '\0')
		return;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		config_error_add(
			c->errors, c->file, at, "%s %s cannot be read: %s", what, path,
			strerror(errno)
		);
		return;
	}
	if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
		config_error_add(c->errors, c->file, at, "%s %s is not a regular file", what, path);
	else if (secret && (info.st_mode & (S_IROTH | S_IWOTH)) != 0)
		config_error_add(
			c->errors, c->file, at,
			"%s %s is open to every user; run chmod o-rwx on it", what, path
		);
	else if (info.st_size == 0)
		config_error_add(c->errors, c->file, at, "%s %s is empty", what, path);
	close(fd);
}

static void check_folder(
	struct checker *c, struct config_position at, const char *what, const char *path
)
{
	struct stat info;

	if (stat(path, &info) != 0)
		config_error_add(
			c->errors, c->file, at, "%s %s cannot be used: %s", what, path,
			strerror(errno)
		);
	else if (!S_ISDIR(info.st_mode))
		config_error_add(c->errors, c->file, at, "%s %s is not a folder", what, path);
}

static void check_secret(
	struct checker *c, struct config_position at, const char *what, enum config_secret kind,
	const char *name
)
{
	switch (kind) {
	case CONFIG_SECRET_NONE:
		break;
	case CONFIG_SECRET_FILE:
		check_file(c, at, what, name, true);
		break;
	case CONFIG_SECRET_ENV:
		if (getenv(name) == NULL)
			config_error_add(
				c->errors, c->file, at, "environment variable %s is not set", name
			);
		break;
	case CONFIG_SECRET_MANAGED: // asked for when it runs
		break;
	}
}

static void check_resource(struct checker *c, const struct config_resource *resource)
{
	check_file(c, resource->ca_at, "`ca`", resource->ca_file, false);
	check_secret(c, resource->secret_at, "credential", resource->secret, resource->secret_name);
}

static void check_notification(struct checker *c, const struct config_notification *target)
{
	check_file(c, target->at, "`ca`", target->ca_file, false);
	check_secret(c, target->url_at, "`url`", target->url_secret, target->url_name);
	check_secret(c, target->secret_at, "`secret`", target->secret, target->secret_name);
}

static void check_core(struct checker *c, struct config_position at, uint16_t core)
{
	long n = sysconf(_SC_NPROCESSORS_CONF);

	if (n > 0 && core >= n)
		config_error_add(
			c->errors, c->file, at, "there is no CPU %u: this machine has 0 to %ld",
			core, n - 1
		);
}

static void check_https(struct checker *c, const struct config_https *https)
{
	check_file(c, https->certificate_at, "`certificate`", https->certificate, false);
	check_file(c, https->key_at, "`key`", https->key, true);
}

void config_check_files(const struct config *config, struct config_errors *errors)
{
	struct checker c = {config->file, errors};

	for (uint16_t i = 0; i < config->gateway.n_workers; i++)
		check_core(&c, config->gateway.cores_at[i], config->gateway.cores[i]);
	check_core(&c, config->gateway.control_core_at, config->gateway.control_core);
	// The first start makes it.
	if (access(config->gateway.state, F_OK) == 0)
		check_folder(&c, config->gateway.at, "`state`", config->gateway.state);
	for (uint16_t i = 0; i < config->gateway.patterns.n; i++)
		check_folder(
			&c, config->gateway.patterns.at[i], "`patterns`",
			config->gateway.patterns.list[i]
		);
	check_secret(
		&c, config->gateway.ticket_secret_at, "`ticket_secret`",
		config->gateway.ticket_secret, config->gateway.ticket_secret_name
	);
	for (uint16_t i = 0; i < config->n_issuers; i++) {
		const struct config_issuer *issuer = &config->issuers[i];
		check_file(&c, issuer->keys_at, "`keys`", issuer->keys_file, false);
		check_file(&c, issuer->keys_at, "`ca`", issuer->ca_file, false);
	}
	check_https(&c, &config->admin.https);
	check_https(&c, &config->token_service.https);
	for (uint16_t i = 0; i < config->n_notifications; i++)
		check_notification(&c, &config->notifications[i]);
	for (uint16_t i = 0; i < config->n_resources; i++)
		check_resource(&c, &config->resources[i]);
	for (uint16_t i = 0; i < config->n_listeners; i++) {
		const struct config_listener *listener = &config->listeners[i];
		for (uint16_t j = 0; j < listener->n_certificates; j++) {
			check_file(
				&c, listener->certificate_at[j], "`certificate`",
				listener->certificates[j], false
			);
			check_file(&c, listener->key_at[j], "`key`", listener->keys[j], true);
		}
	}
}
