// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// kubectl, by its subcommands and the kinds it names.

#include "dataplane/inspect/shell.h"

enum {
	R = EFFECT_READ,
	W = EFFECT_WRITE,
	A = EFFECT_ADMIN,
	X = EFFECT_EXEC,
	U = EFFECT_UNKNOWN,
	S = EFFECT_SESSION,
};

static const char *const kubectl_values[] = {
	"-n",
	"--namespace",
	"--context",
	"--cluster",
	"--user",
	"--kubeconfig",
	"--server",
	"-s",
	"--token",
	"--as",
	"--as-group",
	"--as-uid",
	"--request-timeout",
	"--certificate-authority",
	"--client-key",
	"--client-certificate",
	"--tls-server-name",
	"--cache-dir",
	"-v",
	"--v",
	"-l",
	"--selector",
	"-f",
	"--filename",
	"-o",
	"--output",
	"-c",
	"--container",
	"!--insecure-skip-tls-verify",
	"!--all-namespaces",
	"!-A",
	"--field-selector",
	"--sort-by",
	"--tail",
	"--since",
	"!--follow",
	NULL,
};

static const struct shell_rule kubectl_rules[] = {
	{"get", NULL, R, 0},
	{"describe", NULL, R, 0},
	{"logs", NULL, R, 0},
	{"log", NULL, R, 0},
	{"top", NULL, R, 0},
	{"explain", NULL, R, 0},
	{"api-resources", NULL, R, 0},
	{"api-versions", NULL, R, 0},
	{"version", NULL, R, 0},
	{"cluster-info", NULL, R, 0},
	{"wait", NULL, R, 0},
	{"events", NULL, R, 0},
	{"diff", NULL, R, 0},
	{"auth can-i", NULL, R, 0},
	{"auth whoami", NULL, R, 0},
	{"rollout status", NULL, R, 0},
	{"rollout history", NULL, R, 0},
	{"config get-contexts", NULL, R, 0},
	{"config current-context", NULL, R, 0},
	{"config get-clusters", NULL, R, 0},
	{"config get-users", NULL, R, 0},
	{"options", NULL, R, 0},
	{"completion", NULL, R, 0},
	{"plugin list", NULL, R, 0},
	{"kustomize", NULL, R, 0},
	{"config view", NULL, R, 0},
	{"config view", "--raw", R, EFFECT_CREDENTIALS},
	{"get", "secret", R, EFFECT_CREDENTIALS},
	{"get", "secrets", R, EFFECT_CREDENTIALS},
	{"describe", "secret", R, EFFECT_CREDENTIALS},
	{"describe", "secrets", R, EFFECT_CREDENTIALS},
	{"get", "--raw", U, 0},
	{"create", "--raw", U, 0},
	{"replace", "--raw", U, 0},
	{"delete", "--raw", U, 0},
	{"config", NULL, W, EFFECT_CONFIG},
	{"create token", NULL, A, EFFECT_CREDENTIALS | EFFECT_IDENTITY},
	{"delete", NULL, W, EFFECT_DESTROYS},
	{"apply", NULL, W, 0},
	{"create", NULL, W, 0},
	{"replace", NULL, W, 0},
	{"patch", NULL, W, 0},
	{"edit", NULL, W, 0},
	{"label", NULL, W, 0},
	{"annotate", NULL, W, 0},
	{"scale", NULL, W, 0},
	{"autoscale", NULL, W, 0},
	{"expose", NULL, W, 0},
	{"set", NULL, W, 0},
	{"rollout", NULL, W, 0},
	{"rollout restart", NULL, W, 0},
	{"rollout undo", NULL, W, 0},
	{"rollout pause", NULL, W, 0},
	{"rollout resume", NULL, W, 0},
	{"taint", NULL, W, 0},
	{"cordon", NULL, W, 0},
	{"uncordon", NULL, W, 0},
	{"drain", NULL, W, 0},
	{"apply", "--prune", W, EFFECT_DESTROYS},
	{"replace", "--force", W, EFFECT_DESTROYS},
	{"apply", "--force", W, EFFECT_DESTROYS},
	{"create clusterrolebinding", NULL, A, EFFECT_GRANTS},
	{"create rolebinding", NULL, A, EFFECT_GRANTS},
	{"create clusterrole", NULL, A, EFFECT_GRANTS},
	{"create role", NULL, A, EFFECT_GRANTS},
	{"create serviceaccount", NULL, A, EFFECT_GRANTS},
	{"certificate", NULL, A, EFFECT_GRANTS},
	{"auth reconcile", NULL, A, EFFECT_GRANTS},
	{"set subject", NULL, A, EFFECT_GRANTS},
	{"edit", "configmap", W, EFFECT_CONFIG},
	{"edit", "cm", W, EFFECT_CONFIG},
	{"patch", "configmap", W, EFFECT_CONFIG},
	{"patch", "cm", W, EFFECT_CONFIG},
	{"create", "secret", W, EFFECT_CREDENTIALS},
	{"edit", "secret", W, EFFECT_CREDENTIALS},
	{"patch", "secret", W, EFFECT_CREDENTIALS},
	{"edit", "secrets", W, EFFECT_CREDENTIALS},
	{"patch", "secrets", W, EFFECT_CREDENTIALS},
	{"exec", NULL, X, EFFECT_PROGRAM},
	{"run", NULL, X, EFFECT_PROGRAM},
	{"attach", NULL, X, EFFECT_PROGRAM},
	{"debug", NULL, X, EFFECT_PROGRAM},
	{"cp", NULL, R | W, EFFECT_FILE},
	{"port-forward", NULL, X, EFFECT_NETWORK},
	{"proxy", NULL, X, EFFECT_NETWORK},
};

static const struct {
	const char *name, *kind;
	bool is_everything; // its loss is that of all it holds
} kinds[] = {
	{"ns", "namespace", true},
	{"namespace", "namespace", true},
	{"namespaces", "namespace", true},
	{"crd", "crd", true},
	{"crds", "crd", true},
	{"customresourcedefinition", "crd", true},
	{"customresourcedefinitions", "crd", true},
	{"node", "node", true},
	{"nodes", "node", true},
	{"no", "node", true},
	{"all", "all", true},
	{"pv", "persistentvolume", false},
	{"persistentvolume", "persistentvolume", false},
	{"secret", "secret", false},
	{"secrets", "secret", false},
	{"configmap", "configmap", false},
	{"cm", "configmap", false},
	{"clusterrolebinding", "clusterrolebinding", false},
	{"clusterrolebindings", "clusterrolebinding", false},
	{"rolebinding", "rolebinding", false},
	{"deployment", "deployment", false},
	{"deploy", "deployment", false},
	{"pod", "pod", false},
	{"po", "pod", false},
	{"pods", "pod", false},
	{"service", "service", false},
	{"svc", "service", false},
};

// ns, ns/x, ns.v1, ns,pods: each kind named by the word.
static void read_kinds(const struct shell_call *c, unsigned i, bool deletes)
{
	struct span rest = c->word[i].text;
	while (rest.n > 0) {
		size_t n = 0, m = 0;
		while (n < rest.n && rest.p[n] != ',')
			n++;
		while (m < n && rest.p[m] != '/' && rest.p[m] != '.')
			m++;
		struct span name = {0};
		if (m < n && rest.p[m] == '/')
			name = span_of(rest.p + m + 1, n - m - 1);
		else if (i + 1 < c->n && !shell_word_starts(&c->word[i + 1], "-"))
			name = c->word[i + 1].text;
		for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
			if (!span_equal(span_of(rest.p, m), span_str(kinds[k].name)))
				continue;
			shell_name(c, kinds[k].kind, name, deletes ? EFFECT_WRITE : EFFECT_READ);
			if (deletes && kinds[k].is_everything)
				shell_effects(c, EFFECT_ADMIN, EFFECT_NO_WHERE);
			if (span_equal(span_str(kinds[k].kind), SPAN_LIT("secret")))
				shell_effects(c, 0, EFFECT_CREDENTIALS);
			if (deletes && strstr(kinds[k].kind, "rolebinding") != NULL)
				shell_effects(c, EFFECT_ADMIN, EFFECT_GRANTS);
		}
		rest = span_from(rest, n + 1);
	}
}

void shell_kubectl(const struct shell_call *c)
{
	// A kubeconfig names programs that log in; another server is sent what this one may know.
	if (shell_has_option(c, "--kubeconfig"))
		shell_effects(c, EFFECT_EXEC | EFFECT_UNKNOWN, EFFECT_PROGRAM);
	if (shell_has_option(c, "--server") || shell_has_word(c, "-s"))
		shell_effects(c, EFFECT_UNKNOWN, EFFECT_NETWORK);
	bool deletes = shell_has_word(c, "delete");
	bool runs =
		shell_has_word(c, "exec") || shell_has_word(c, "run") || shell_has_word(c, "debug");
	if (deletes && (shell_has_option(c, "--all") || shell_has_option(c, "--all-namespaces")))
		shell_effects(c, 0, EFFECT_NO_WHERE);
	for (unsigned i = 1; i < c->n; i++) {
		if (shell_word_starts(&c->word[i], "--as"))
			shell_effects(c, EFFECT_ADMIN, EFFECT_IDENTITY);
		if (shell_word_is(&c->word[i], "--")) {
			if (runs)
				shell_run_from(c, i + 1);
			break;
		}
		// Each may be what -n took, or a name: one kind too many is on the safe side.
		if (!shell_word_starts(&c->word[i], "-"))
			read_kinds(c, i, deletes);
		if (shell_word_is(&c->word[i], "aws-auth") ||
		    shell_word_is(&c->word[i], "configmap/aws-auth") ||
		    shell_word_is(&c->word[i], "cm/aws-auth"))
			shell_effects(c, EFFECT_ADMIN, EFFECT_GRANTS);
	}
	if (runs && !shell_has_word(c, "--"))
		shell_unknown(c, "what it runs is not read");
	shell_tool(
		c, kubectl_values, kubectl_rules, sizeof(kubectl_rules) / sizeof(kubectl_rules[0])
	);
}
