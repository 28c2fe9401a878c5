// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The policy in force, and what another one would have done to recorded sessions.

import {get, pause, post} from './api.js';
import {add, announce, clip, count, empty, facts, h, swap, table, tag, time, verdict, visible} from './dom.js';

const RANGES = [['3600', 'the last hour'], ['86400', 'the last 24 hours'], ['604800', 'the last week'], ['2592000', 'the last 30 days']];
const CHANGES = {denied: ['newly denied', 'bad'], held: ['newly held', 'wait'], allowed: ['newly allowed', 'good'], masked: ['newly masked', 'mask'],
	unmasked: ['no longer masked', 'bad'], other: ['other reason', '']};

// A text area with numbers beside its lines.
class Editor {
	constructor(label, readonly) {
		this.numbers = h('pre', {'aria-hidden': 'true'});
		this.area = h('textarea', {'aria-label': label, spellcheck: 'false', autocomplete: 'off', wrap: 'off', readonly, id: readonly ? 'current' : 'candidate',
			oninput: () => this.count(), onscroll: () => (this.numbers.scrollTop = this.area.scrollTop)});
		this.node = h('div', {class: 'editor'}, this.numbers, this.area);
	}

	get text() {
		return this.area.value;
	}

	set text(value) {
		this.area.value = value;
		this.count();
	}

	count() {
		const n = this.area.value.split('\n').length;
		if (n !== this.n)
			this.numbers.textContent = Array.from({length: n}, (_, i) => i + 1).join('\n');
		this.n = n;
		this.numbers.scrollTop = this.area.scrollTop;
	}

	goTo(line, column) {
		const before = this.area.value.split('\n').slice(0, line - 1).reduce((n, text) => n + text.length + 1, 0);
		const at = before + Math.max(0, column - 1);
		const end = this.area.value.indexOf('\n', at);
		this.area.focus();
		this.area.setSelectionRange(at, end < 0 ? this.area.value.length : end);
		this.area.scrollTop = Math.max(0, (line - 8) * parseFloat(getComputedStyle(this.area).lineHeight));
	}
}

// "bulkhead.yaml:12:5: text"
function place(line) {
	const match = /^(.*?):(\d+):(\d+): ([^]*)$/.exec(line);
	return match ? {line: Number(match[2]), column: Number(match[3]), text: match[4].replace(/^warning: /, '')} : {text: line};
}

function faults(lines, editor, title, kind) {
	if (!lines?.length)
		return null;
	return h('section', {class: 'panel', 'aria-label': title}, h('header', {}, h('h2', {}, title), tag(count(lines.length), kind)),
		h('ul', {class: 'errors'}, lines.map(place).map((one) => h('li', {},
			one.line ? h('button', {class: 'small mono', title: 'Go there', onclick: () => editor.goTo(one.line, one.column)}, `${one.line}:${one.column}`) : null,
			h('span', {}, visible(one.text))))));
}

function numbers(run) {
	const one = (name, value, kind) => h('div', {}, h('dt', {}, name), h('dd', {class: value > 0 ? `number ${kind}` : ''}, count(value)));
	return h('dl', {class: 'stats', id: 'result'}, one('Sessions read', run.sessions, ''), one('Commands', run.commands, ''), one('The same', run.same, ''),
		Object.entries(CHANGES).map(([key, [text, kind]]) => one(text[0].toUpperCase() + text.slice(1), run.counts?.[key] ?? 0, kind)));
}

function examples(run, only, choose) {
	const list = run.changes.filter((one) => !only || one.change === only);
	const side = (action, reason, rule) => h('span', {class: 'row'}, verdict(action), h('span', {class: 'muted'}, visible([rule, reason].filter(Boolean).join(' · '))));
	return h('section', {class: 'panel', 'aria-label': 'Differences'},
		h('header', {}, h('h2', {}, 'Differences'), h('div', {class: 'row', role: 'group', 'aria-label': 'Show'},
			[['', ['all', '']], ...Object.entries(CHANGES)].filter(([key]) => !key || run.counts?.[key] > 0).map(([key, [text]]) =>
				h('button', {class: 'small', 'aria-pressed': String(key === only), 'data-key': `only-${key}`, onclick: () => choose(key)}, text)))),
		list.length === 0 ? empty('No difference', 'Every command that could be judged would have fared the same.')
			: table(['When', 'Session', 'Change', 'Command', 'Was', 'Would be'], list.map((one) => [
				time(one.t_ns), h('a', {class: 'mono', href: `#/sessions/${one.session}`}, one.session.slice(0, 8)),
				h('span', {class: 'change'}, tag(...(CHANGES[one.change] ?? [one.change, '']))),
				h('code', {}, clip(one.text, 400)), side(one.before, one.before_reason, one.before_rule),
				side(one.after, one.after_reason, one.after_rule)]), 'Commands that would have fared differently'),
		run.cut ? h('p', {class: 'body muted'}, 'Only the first ones are listed; the numbers above count all.') : null);
}

function unjudged(run) {
	if (!run.unjudged?.length)
		return null;
	return h('section', {class: 'panel', 'aria-label': 'Not judged'}, h('header', {}, h('h2', {}, 'What a recording cannot tell')),
		h('ul', {class: 'errors'}, run.unjudged.map((one) => h('li', {}, tag(count(one.count), 'wait'), h('span', {}, visible(one.text))))));
}

function progress(run) {
	const part = run.total > 0 ? run.done / run.total : 0;
	const bar = h('div', {});
	bar.style.width = `${part * 100}%`;
	return h('div', {class: 'stack'}, h('div', {class: 'meter', role: 'progressbar', 'aria-valuemin': 0, 'aria-valuemax': 100, 'aria-valuenow': Math.round(part * 100), 'aria-label': 'Recordings read'}, bar),
		h('p', {class: 'muted'}, `${Math.round(part * 100)} % read, ${count(run.sessions)} sessions, ${count(run.commands)} commands`));
}

function dryRun(holder, current, signal) {
	const editor = new Editor('Candidate configuration', false);
	const range = h('select', {id: 'range'}, RANGES.map(([value, text]) => h('option', {value, selected: value === '86400'}, text)));
	const limit = h('select', {id: 'limit'}, ['100', '500', '2000'].map((value) => h('option', {value}, value)));
	const file = h('input', {type: 'file', id: 'file', accept: '.yaml,.yml,text/yaml', class: 'unseen', tabindex: '-1', onchange: async () => {
		if (file.files[0])
			editor.text = await file.files[0].text();
		file.value = '';
	}});
	const out = h('div', {class: 'stack', 'aria-live': 'polite', id: 'outcome'});
	const go = h('button', {class: 'primary', id: 'run', onclick: () => run()}, 'Run');
	const stop = h('button', {id: 'stop', hidden: true}, 'Cancel');
	let only = '';

	const finished = (result) => {
		const draw = () => swap(out, faults(result.errors, editor, 'Errors', 'bad'), faults(result.warnings, editor, 'Warnings', 'wait'),
			result.state === 'cancelled' ? h('p', {class: 'note wait'}, 'Cancelled: this is what had been read.') : null,
			result.state === 'failed' ? h('p', {class: 'note bad'}, visible(result.why)) : null,
			result.errors.length === 0 ? [numbers(result), examples(result, only, (key) => {
				only = key;
				draw();
			}), unjudged(result)] : null);
		draw();
		announce(result.errors.length > 0 ? 'The configuration has errors.' : 'The dry run is done.');
	};

	async function run() {
		const now = Date.now() * 1e6;
		go.disabled = true;
		only = '';
		try {
			let state = await post('policy/dry-run', {config: editor.text, from_ns: now - Number(range.value) * 1e9, to_ns: now, limit: Number(limit.value)}, signal);
			stop.hidden = false;
			stop.onclick = () => post(`policy/dry-run/${state.id}/cancel`).catch(() => {});
			while (state.state === 'running' && !signal.aborted) {
				swap(out, progress(state));
				await pause(200, signal);
				state = await get(`policy/dry-run/${state.id}`, {}, signal);
			}
			finished(state);
		} catch (e) {
			if (!signal.aborted)
				swap(out, h('p', {class: 'note bad', role: 'alert'}, e.message));
		}
		stop.hidden = true;
		go.disabled = false;
	}

	editor.text = current.text ?? '';
	holder.append(h('section', {class: 'panel', 'aria-label': 'Candidate'}, h('div', {class: 'body stack'}, editor.node,
		h('div', {class: 'filters'},
			h('button', {onclick: () => (editor.text = current.text ?? '')}, 'Start from the current one'),
			h('button', {onclick: () => file.click()}, 'Open a file…'), file, h('span', {class: 'grow'}),
			h('div', {class: 'field'}, h('label', {for: 'range'}, 'Against the sessions of'), range),
			h('div', {class: 'field'}, h('label', {for: 'limit'}, 'Examples'), limit), stop, go))), out);
}

export async function policy({main, rest, signal, may}) {
	const dry = rest[0] === 'dry-run';
	const holder = h('div', {class: 'stack'});
	const tab = (href, text, on) => h('a', {class: 'button', href, 'aria-current': on ? 'page' : null}, text);
	main.append(h('div', {class: 'title'}, h('h1', {}, dry ? 'Dry run' : 'Policy'),
		h('p', {}, dry ? 'What would this policy have done to recorded sessions? Nothing is put in force.' : 'What is in force now.'),
		h('div', {class: 'actions'}, dry ? tab('#/policy', 'Policy in force') : tab('#/policy/dry-run', 'Dry run…'),
			!dry && may('admin') ? h('button', {onclick: async (e) => {
				e.target.disabled = true;
				const note = h('p', {class: 'note', role: 'status'});
				try {
					note.textContent = `Version ${(await post('reload')).version} is in force.`;
				} catch (error) {
					note.className = 'note bad';
					note.textContent = error.message;
				}
				e.target.disabled = false;
				holder.prepend(note);
			}}, 'Reload from the file') : null)), holder);
	try {
		const [one, current] = await Promise.all([get('policy', {}, signal), get('policy/text', {}, signal)]);
		if (dry) {
			dryRun(holder, current, signal);
			return;
		}
		const editor = new Editor('The configuration in force', true);
		editor.text = current.text;
		add(holder, h('section', {class: 'panel'}, h('div', {class: 'body columns'},
			facts([['Version', count(one.version)], ['File', visible(one.file)], one.digest ? ['SHA-256', h('code', {}, one.digest)] : null]),
			facts([['Rules', h('span', {class: 'row'}, (one.rule_names ?? [one.rules]).map((name) => tag(name)))],
				['Resources', h('span', {class: 'row'}, (one.resource_names ?? [one.resources]).map((name) => tag(name)))],
				['Listeners', count(one.listeners)]]))),
		current.in_force ? null : h('p', {class: 'note wait'}, 'The file has changed since it was read: this is not what is in force.'),
		editor.node);
	} catch (e) {
		if (!signal.aborted)
			swap(holder, h('p', {class: 'note bad', role: 'alert'}, e.message));
	}
}
