// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Playing a recording again: what was asked, what was decided, what came back.

import {get} from './api.js';
import {clock, count, empty, h, icon, lasting, verdict, visible} from './dom.js';

const EVENTS_MAX = 20000, ROWS_SHOWN = 200, GAP_MAX_S = 2, SPEEDS = [0.5, 1, 2, 4, 8, 16];

// Rows are recorded as COPY writes them: tabs between values, backslash escapes.
function values(line) {
	return line.split('\t').map((value) => (value === '\\N' ? null : value.replace(/\\([\\tnr0])/g, (_, c) =>
		({'\\': '\\', t: '\t', n: '\n', r: '\r', 0: '\0'})[c])));
}

// A masked value is known by its mark.
function masked(text) {
	return text.split(/(\[REDACTED(?::[^\]]{1,64})?\]|\[HASH:[0-9a-f]{16}\]|\*{3,}[-\w*]*)/).map((part, i) => (i % 2 === 1 ? h('mark', {}, visible(part)) : visible(part)));
}

// Events become steps: a command with its verdict, a result with its rows.
function stepsOf(events) {
	const steps = [];
	let result = null;
	for (const event of events) {
		const last = steps.at(-1);
		if (event.type === 'verdict' && last?.kind === 'command' && !last.verdict) {
			last.verdict = event.data;
		} else if (event.type === 'answer' && event.message === 'T') {
			result = {kind: 'rows', t: event.t_ns, names: values(event.text), rows: []};
			steps.push(result);
		} else if (event.type === 'answer' && event.message === 'D' && result !== null) {
			result.rows.push(values(event.text));
		} else {
			result = null;
			steps.push({kind: event.type, t: event.t_ns, text: event.text, data: event.data,
				message: event.message, cut: event.cut});
		}
	}
	// Nobody wants to see silence at its full length.
	let at = 0;
	steps.forEach((step, i) => {
		at += i === 0 ? 0 : Math.min(GAP_MAX_S, Math.max(0.05, (step.t - steps[i - 1].t) / 1e9));
		step.at = at;
	});
	return steps;
}

function rowsOf(step) {
	return h('div', {}, h('table', {class: 'table'},
		h('thead', {}, h('tr', {}, step.names.map((name) => h('th', {scope: 'col'}, visible(name))))),
		h('tbody', {}, step.rows.slice(0, ROWS_SHOWN).map((row) => h('tr', {}, row.map((value) =>
			h('td', {}, value === null ? h('span', {class: 'muted'}, 'null') : masked(value))))))),
	step.rows.length > ROWS_SHOWN ? h('p', {class: 'muted'}, `and ${count(step.rows.length - ROWS_SHOWN)} more rows`) : null);
}

function judged(v) {
	return h('p', {class: 'row'}, verdict(v.action), h('span', {class: 'muted'}, visible(
		[v.rule ? `rule ${v.rule}` : '', v.reason, v.pattern ? `pattern ${v.pattern}` : '', (v.effects ?? []).join(', ')].filter(Boolean).join(' · '))));
}

// The fields of an error or a notice, each once.
function report(text) {
	return [...new Set(values(text).join('\t').split('\t'))].filter(Boolean).join(' · ');
}

function bodyOf(step) {
	switch (step.kind) {
	case 'command':
		return h('div', {class: 'command'}, h('pre', {}, masked(step.text ?? '')), step.cut ? h('p', {class: 'muted'}, 'longer than what is shown') : null,
			step.verdict ? judged(step.verdict) : null);
	case 'rows':
		return rowsOf(step);
	case 'verdict':
		return judged(step.data ?? {});
	case 'open':
		return h('p', {class: 'muted'}, 'opened: ', visible([step.data?.chain || step.data?.subject, step.data?.resource, step.data?.application].filter(Boolean).join(' · ')));
	case 'close':
		return h('p', {class: 'muted'}, 'closed: ', visible([step.data?.end, step.data?.reason].filter(Boolean).join(': ')));
	default:
		return step.message === 'E' || step.message === 'N'
			? h('pre', {class: step.message === 'E' ? 'number bad' : 'muted'}, masked(report(step.text ?? '')))
			: h('pre', {class: 'muted'}, masked(step.text ?? ''));
	}
}

async function load(id, signal) {
	const events = [];
	for (let cursor = null; ;) {
		const found = await get(`sessions/${encodeURIComponent(id)}/recording`, {limit: 1000, cursor}, signal);
		events.push(...found.events);
		cursor = found.next;
		if (cursor === null || events.length >= EVENTS_MAX)
			return {events, more: cursor !== null, damaged: found.damaged};
	}
}

class Player {
	constructor(steps, signal) {
		this.steps = steps;
		this.at = steps.length - 1; // all of it is there to read
		this.speed = 1;
		this.timer = null;
		this.nodes = steps.map((step) => h('div', {class: 'step'}, h('span', {class: 'at', title: new Date(step.t / 1e6).toISOString()}, clock(step.t)), bodyOf(step)));
		this.reel = h('div', {class: 'reel', tabindex: '0', role: 'log', 'aria-label': 'Recording', id: 'reel'}, this.nodes);
		this.seek = h('input', {type: 'range', min: 0, max: steps.length - 1, value: this.at, 'aria-label': 'Position', oninput: () => {
			this.pause();
			this.show(Number(this.seek.value));
		}});
		this.playButton = h('button', {onclick: () => this.toggle(), id: 'play'});
		this.speedButton = h('button', {class: 'small', onclick: () => this.faster(1), title: 'Speed (+ −)', id: 'speed'});
		this.place = h('span', {class: 'muted nowrap', id: 'place'});
		const keys = (e) => this.onKey(e);
		document.addEventListener('keydown', keys);
		signal.addEventListener('abort', () => {
			document.removeEventListener('keydown', keys);
			this.pause();
		});
		this.show(this.at);
		this.draw();
	}

	controls() {
		const small = (name, text, act) => h('button', {class: 'small', 'aria-label': text, title: text, onclick: act}, icon(name));
		return h('div', {class: 'controls', role: 'group', 'aria-label': 'Replay'}, this.playButton,
			small('previous', 'Step back (←)', () => this.step(-1)), small('next', 'Step (→)', () => this.step(1)), this.seek, this.place, this.speedButton);
	}

	draw() {
		const playing = this.timer !== null;
		this.playButton.replaceChildren(icon(playing ? 'pause' : 'play'), playing ? 'Pause' : 'Play');
		this.speedButton.textContent = `${this.speed}×`;
		this.speedButton.setAttribute('aria-label', `Speed ${this.speed} times`);
		const step = this.steps[this.at];
		this.place.textContent = `${this.at + 1} of ${this.steps.length} · ${lasting(step.at)}`;
	}

	show(at) {
		this.at = Math.max(0, Math.min(this.steps.length - 1, at));
		this.nodes.forEach((node, i) => {
			node.classList.toggle('future', i > this.at);
			node.classList.toggle('now', i === this.at);
		});
		this.seek.value = this.at;
		const node = this.nodes[this.at];
		this.reel.scrollTop = node.offsetTop - this.reel.offsetTop + node.offsetHeight - this.reel.clientHeight + 12;
		this.draw();
	}

	step(by) {
		this.pause();
		this.show(this.at + by);
	}

	faster(by) {
		this.speed = SPEEDS[(SPEEDS.indexOf(this.speed) + by + SPEEDS.length) % SPEEDS.length];
		this.draw();
	}

	toggle() {
		if (this.timer !== null) {
			this.pause();
			return;
		}
		if (this.at === this.steps.length - 1)
			this.show(0);
		this.wait();
		this.draw();
	}

	wait() {
		const next = this.steps[this.at + 1];
		if (!next) {
			this.pause();
			return;
		}
		this.timer = setTimeout(() => {
			this.show(this.at + 1);
			this.wait();
		}, (next.at - this.steps[this.at].at) * 1000 / this.speed);
	}

	pause() {
		clearTimeout(this.timer);
		this.timer = null;
		this.draw();
	}

	onKey(e) {
		if (e.ctrlKey || e.metaKey || e.altKey || document.querySelector('dialog[open]') || e.target.closest('input, textarea, select, button, a'))
			return;
		const act = {
			' ': () => this.toggle(), ArrowLeft: () => this.step(-1), ArrowRight: () => this.step(1), Home: () => this.step(-Infinity),
			End: () => this.step(Infinity), '+': () => this.faster(1), '-': () => this.faster(-1),
		}[e.key];
		if (act) {
			e.preventDefault();
			act();
		}
	}
}

export async function replay(holder, id, signal) {
	let found;
	holder.replaceChildren(h('p', {class: 'muted'}, 'Reading the recording…'));
	try {
		found = await load(id, signal);
	} catch (e) {
		if (!signal.aborted)
			holder.replaceChildren(h('p', {class: 'note bad', role: 'alert'}, e.message));
		return;
	}
	const steps = stepsOf(found.events);
	if (steps.length === 0) {
		holder.replaceChildren(h('section', {class: 'panel'}, empty('Not recorded', 'Its rule records nothing, or nothing is on disk yet.')));
		return;
	}
	const player = new Player(steps, signal);
	holder.replaceChildren(h('section', {class: 'panel', 'aria-label': 'Replay'},
		h('header', {}, h('h2', {}, 'Recording'), h('span', {class: 'muted'}, 'masked as the client saw it'), h('span', {class: 'grow'}),
			found.damaged ? h('span', {class: 'tag bad'}, `damaged: ${found.damaged}`) : null,
			found.more ? h('span', {class: 'tag wait'}, `the first ${count(found.events.length)} events`) : null),
		player.reel, player.controls()));
	player.show(player.at);
}
