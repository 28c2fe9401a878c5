// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Health and throughput: numbers that the gateway kept, and goes on sending.

import {get, keep, on} from './api.js';
import {bytes, clip, count, empty, h, lasting, s, swap, table, tag, visible} from './dom.js';

const SAMPLES_MAX = 720;

const GRAPHS = [
	{name: 'Sessions open', of: (x) => x.sessions, show: count, kind: 'good'},
	{name: 'Commands a second', of: (x, step) => x.commands / step, show: rate},
	{name: 'Bytes a second', of: (x, step) => x.bytes / step, show: bytes},
	{name: 'Values masked a second', of: (x, step) => x.masked / step, show: rate, kind: 'mask'},
	{name: 'Blocked a second', of: (x, step) => x.denied / step, show: rate, kind: 'bad'},
	{name: 'Held', of: (x) => x.held, show: count},
];

function rate(n) {
	return n >= 100 ? count(Math.round(n)) : n.toFixed(1);
}

// A top for the scale that reads well: 1, 2 or 5 times a power of ten.
function ceiling(max) {
	if (max <= 0)
		return 1;
	const power = 10 ** Math.floor(Math.log10(max));
	return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= max);
}

const clockOf = (t) => new Date(t * 1000).toLocaleTimeString('en-GB');

class Graph {
	constructor(plan) {
		this.plan = plan;
		this.value = h('b', {});
		this.max = h('span', {}), this.from = h('span', {}), this.to = h('span', {});
		this.area = s('path', {class: 'area'}), this.line = s('path', {class: 'line'});
		this.mark = s('line', {class: 'grid', y1: 0, y2: 100, visibility: 'hidden'});
		this.svg = s('svg', {viewBox: '0 0 1000 100', preserveAspectRatio: 'none', role: 'img', onpointermove: (e) => this.point(e), onpointerleave: () => this.draw()},
			[0, 50, 100].map((y) => s('line', {class: 'grid', x1: 0, x2: 1000, y1: y, y2: y})), this.area, this.line, this.mark);
		this.node = h('figure', {class: `panel graph ${plan.kind ?? ''}`}, h('header', {}, h('h2', {}, plan.name), this.max, this.value), this.svg,
			h('div', {class: 'axis'}, this.from, this.to));
		this.max.className = 'muted';
		this.samples = [];
	}

	put(samples, step) {
		this.samples = samples;
		this.step = step;
		this.draw();
	}

	draw() {
		const n = this.samples.length;
		if (n === 0)
			return;
		const numbers = this.samples.map((x) => this.plan.of(x, this.step));
		const top = ceiling(Math.max(...numbers));
		const points = numbers.map((v, i) => `${(n === 1 ? 1000 : i * 1000 / (n - 1)).toFixed(1)} ${(100 - v / top * 100).toFixed(2)}`);
		this.line.setAttribute('d', `M${points.join('L')}`);
		this.area.setAttribute('d', `M0 100L${points.join('L')}L1000 100Z`);
		this.mark.setAttribute('visibility', 'hidden');
		this.max.textContent = `scale ${this.plan.show(top)}`;
		this.value.textContent = this.plan.show(numbers.at(-1));
		this.from.textContent = clockOf(this.samples[0].t);
		this.to.textContent = clockOf(this.samples.at(-1).t);
		this.svg.setAttribute('aria-label', `${this.plan.name}: now ${this.plan.show(numbers.at(-1))}, at most ${this.plan.show(Math.max(...numbers))} since ${clockOf(this.samples[0].t)}`);
	}

	point(e) {
		const box = this.svg.getBoundingClientRect();
		const i = Math.round((e.clientX - box.left) / box.width * (this.samples.length - 1));
		const sample = this.samples[i];
		if (!sample)
			return;
		const x = this.samples.length === 1 ? 1000 : i * 1000 / (this.samples.length - 1);
		this.mark.setAttribute('x1', x);
		this.mark.setAttribute('x2', x);
		this.mark.setAttribute('visibility', 'visible');
		this.value.textContent = this.plan.show(this.plan.of(sample, this.step));
		this.to.textContent = clockOf(sample.t);
	}
}

// What of an object is a plain value, as one line.
function flat(object) {
	return Object.entries(object ?? {}).filter(([, value]) => typeof value !== 'object')
		.map(([name, value]) => [name.replaceAll('_', ' '), typeof value === 'number' ? count(value)
			: typeof value === 'boolean' ? tag(value ? 'yes' : 'no', value ? 'good' : 'bad') : clip(value)]);
}

function section(title, object) {
	return h('section', {class: 'panel'}, h('header', {}, h('h2', {}, title)),
		h('div', {class: 'body'}, h('dl', {class: 'facts'}, flat(object).map(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]))));
}

function workers(list) {
	if (list.length === 0)
		return empty('No workers', '');
	const names = [...new Set(list.flatMap((worker) => Object.keys(worker)))].filter((name) => list.some((worker) => typeof worker[name] !== 'object'));
	const heads = ['Counter', ...list.map((_, i) => ({text: `Worker ${i}`, right: true}))];
	return table(heads, names.map((name) => [name.replaceAll('_', ' '), ...list.map((worker) => {
		const value = worker[name];
		return typeof value === 'number' ? value : visible(value ?? '–');
	})]), 'Counters of every worker');
}

export function health({main, signal}) {
	const graphs = GRAPHS.map((plan) => new Graph(plan));
	const facts = h('div', {class: 'stack'}), detail = h('div', {class: 'columns'}), table_ = h('div', {});
	let samples = [], step = 5;
	main.append(h('div', {class: 'title'}, h('h1', {}, 'Health'), h('p', {}, 'The last hour, and what runs.')),
		h('div', {class: 'stack'}, facts, h('div', {class: 'columns'}, graphs.map((graph) => graph.node)), detail,
			h('section', {class: 'panel'}, h('header', {}, h('h2', {}, 'Workers')), table_)));
	const draw = () => graphs.forEach((graph) => graph.put(samples, step));

	async function load() {
		try {
			const [status, history] = await Promise.all([get('status', {}, signal), get('stats/history', {}, signal)]);
			samples = history.samples;
			step = history.step_s;
			draw();
			const bad = [status.recorder?.healthy === false && 'The recorder cannot write: strict sessions wait.',
				status.audit?.healthy === false && 'The audit log cannot be written.'].filter(Boolean);
			const one = (name, value) => h('div', {}, h('dt', {}, name), h('dd', {}, value));
			swap(facts, bad.map((text) => h('p', {class: 'note bad', role: 'alert'}, text)),
				h('dl', {class: 'stats'}, one('Version', visible(status.version)), one('Up for', lasting(status.uptime)), one('Sessions', count(status.sessions)),
					one('Policy', `version ${status.policy?.version ?? '–'}`), one('Workers', count(status.workers.length)),
					one('State', bad.length === 0 ? h('span', {class: 'number good'}, 'healthy') : h('span', {class: 'number bad'}, 'trouble'))));
			swap(detail, section('Logins', status.logins), section('Recorder', status.recorder), section('Audit log', status.audit));
			swap(table_, workers(status.workers));
		} catch (e) {
			if (!signal.aborted)
				swap(facts, h('p', {class: 'note bad', role: 'alert'}, e.message));
		}
	}
	keep(load, {ms: 10000, signal});
	on('stats', (sample) => {
		if (sample.t > (samples.at(-1)?.t ?? 0)) {
			samples = [...samples, sample].slice(-SAMPLES_MAX);
			draw();
		}
	}, signal);
}
